"""Elementary functions in forms that keep their last digits: groundwork of densities, tails and divergences.

Every function is ``name(xp, *arrays)`` as a kernel is: the arrays are of one floating dtype and broadcast;
nothing looks at values, and a branch that ``where`` does not choose may be nan. A *double word* is a pair
``hi, lo`` that stands for hi + lo, where lo is about a rounding error of hi: twice the digits, from ordinary
arithmetic (Dekker 1971).

:func:`log1pmx` and :func:`expm1mx` are also known as ops, for rules: ``F.log1pmx(u)``. :func:`log_ratio` and
:func:`log_minus` are ops; a kernel calls ``log_ratio.kernel(xp, ...)``.

Source:
    T. J. Dekker, "A floating-point technique for extending the available precision", Numerische Mathematik 18
    (1971). C. Loader, "Fast and accurate computation of binomial probabilities" (2000).
"""

from __future__ import annotations

import math

from ..autograd import differentiable, zero
from ..backend import special, tracing

LOG_2 = math.log(2)
SQRT_2 = math.sqrt(2)
SQRT_HALF = math.sqrt(0.5)
HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
HALF_LOG_2PIE = 0.5 * math.log(2 * math.pi * math.e)
LARGEST = (3.4028234663852886e38, 1.7976931348623157e308)  # the largest number of (float32, float64)

# Minimax polynomials, the highest power first, for (float32, float64).
# (atanh(sqrt w)/sqrt w - 1)/w on [0, 0.04]
_ATANH = (
    (0.14977802158010886, 0.19989508857322277, 0.3333335668952203),
    (0.06802007853562039, 0.0660518024256631, 0.07694417338900958, 0.09090869227361513)
    + (0.11111111518903621, 0.14285714283669596, 0.200000000000039, 0.3333333333333333),
)
# (e^x - 1 - x)/x^2 on [-1/2, 1/2]
_EXPM1MX = (
    (0.00019944874441589592, 0.001398218604627775, 0.008333236133521863)
    + (0.04166579123000645, 0.16666666801683436, 0.5000000121607167),
    (2.0955762289494408e-09, 2.5162744626460177e-08, 2.755712159501279e-07, 2.755704244819296e-06)
    + (2.480158751780227e-05, 0.00019841270144086635, 0.0013888888888792352, 0.008333333333198127)
    + (0.04166666666666679, 0.16666666666666835, 0.5),
)


def is_double(x):
    """Whether ``x`` has float64's digits; float32's otherwise."""
    return x.dtype.itemsize > 4


def polynomial(coefficients, x):
    """The polynomial with these (float32, float64) coefficients at x, by Horner's rule."""
    coefficients = coefficients[is_double(x)]
    y = coefficients[0] * x + coefficients[1]
    for c in coefficients[2:]:
        y = y * x + c
    return y


# Double words ----------------------------------------------------------------------------------------------


def two_sum(xp, a, b):
    """a + b as a double word, exactly (Knuth)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def split(xp, x):
    """x as the sum of two numbers of half the digits (Veltkamp)."""
    t = (134217729.0 if is_double(x) else 4097.0) * x  # 2^27 + 1, 2^12 + 1
    high = t - (t - x)
    return high, x - high


def two_product(xp, a, b):
    """a b as a double word, exactly (Dekker), where nothing over- or underflows; see :func:`rounding`."""
    p = a * b
    a1, a0 = split(xp, a)
    b1, b0 = split(xp, b)
    return p, ((a1 * b1 - p) + a1 * b0 + a0 * b1) + a0 * b0


def divide_double(xp, hi, lo, b):
    """(hi + lo)/b as a double word."""
    q = hi / b
    p, e = two_product(xp, q, b)
    return q, (((hi - p) - e) + lo) / b


def rounding(xp, lo, hi):
    """lo where it is a rounding error of hi, else 0: it is inf or nan where a product overflowed."""
    eps = 2.0**-52 if is_double(hi) else 2.0**-23
    return xp.where(abs(lo) <= eps * abs(hi), lo, 0)


def log_double(xp, x):
    """log x as a double word with some five digits (binary) more than the dtype has, for x > 0."""
    m, k = xp.frexp(x)
    low = m < SQRT_HALF
    m = xp.where(low, 2 * m, m)  # sqrt(1/2) <= m < sqrt(2)
    k = (k - low).astype(x.dtype)
    f = m - 1  # exact
    d, e = two_sum(xp, m, xp.ones_like(m))
    v, v_lo = divide_double(xp, f, xp.zeros_like(f), d)  # log m = 2 atanh((m - 1)/(m + 1))
    v_lo = v_lo - v * (e / d)
    w = v * v
    # log 2 in two parts, the first with so few digits that k times it is exact
    log2_hi, log2_lo = (
        (0.6931471803691238, 1.9082149292705877e-10) if is_double(x) else (0.693359375, -2.1219444e-4)
    )
    hi, lo = two_sum(xp, k * log2_hi, 2 * v)
    return hi, lo + (k * log2_lo + 2 * (v_lo + v * w * polynomial(_ATANH, w)))


# Small differences -----------------------------------------------------------------------------------------


def log1pmx(xp, u):
    """log(1 + u) - u, to the last digits also for small u. Never positive."""
    return xp.where(is_near(u), log1pmx_near(xp, u), xp.log1p(u) - u)


def is_near(u):
    """Where :func:`log1pmx_near` holds: u between -0.33 and 0.5."""
    return (u > -0.33) & (u < 0.5)


def log1pmx_near(xp, u):
    """:func:`log1pmx` where :func:`is_near`."""
    v = u / (2 + u)  # log(1 + u) = 2 atanh(v)
    w = v * v
    return v * (2 * w * polynomial(_ATANH, w) - u)


def expm1mx(xp, x):
    """e^x - 1 - x, to the last digits also for small x. Never negative."""
    far = xp.expm1(x) - x
    if tracing.running and tracing.assume(abs(x) >= 0.5):
        return far  # a trace is made anew when one comes near
    return xp.where(abs(x) < 0.5, x * x * polynomial(_EXPM1MX, x), far)


differentiable(log1pmx).derivatives(lambda F, g, _y, u: -g * u / (1 + u))
differentiable(expm1mx).derivatives(lambda F, g, _y, x: g * F.expm1(x))


@differentiable
def log_ratio(xp, a, b, difference):
    """log(a/b) for positive a and b, given a - b: keeps small differences, does not over- or underflow."""
    u = difference / b
    return xp.where(abs(u) < 0.5, xp.log1p(u), log_far_ratio(xp, a, b))


log_ratio.derivatives(
    lambda F, g, _y, a, b, _difference: g / a,
    lambda F, g, _y, a, b, _difference: -g / b,
    zero,
)


def log_far_ratio(xp, a, b):
    """log(a/b) for positive a and b that are not near each other; does not over- or underflow."""
    r = a / b
    tiny = 2.3e-308 if is_double(r) else 1.2e-38
    return xp.where((r >= tiny) & (r < 1 / tiny), xp.log(r), xp.log(a) - xp.log(b))


def deviance(xp, a, b, difference):
    """a log(a/b) - a + b >= 0 (Loader's bd0), given difference = a - b; it is b at a = 0 and inf at b = 0.

    As -a (log(1 + u) - u) with u = (b - a)/a where a and b are near, so that small differences count in full.
    """
    u = -difference / a
    far = xp.where(a == 0, 0, a * log_far_ratio(xp, a, b)) - difference
    return xp.where(is_near(u), -a * log1pmx_near(xp, u), far)


@differentiable
def log_minus(xp, x, y):
    """log x - y: log x keeps its lower digits until y is taken off."""
    return log_minus_double(xp, x, y)[0]


def log_minus_double(xp, x, y):
    """log x - y as a double word; -inf at x = 0, nan below."""
    hi, lo = log_double(xp, x)
    hi, rest = two_sum(xp, hi, -y)
    hi, lo = two_sum(xp, hi, rest + lo)
    hi = xp.where((x > 0) & (x < math.inf), hi, xp.log(x) - y)
    return hi, rounding(xp, lo, hi)


log_minus.derivatives(
    lambda F, g, _y, x, y: g / x,
    lambda F, g, _y, x, y: -g,
)


# The tails of the Normal distribution ----------------------------------------------------------------------


def normal_tail_parts(xp, z, z_lo):
    """h, h_lo and c such that P(Z > |z + z_lo|) = c e^-(h + h_lo) for a standard Normal Z.

    h + h_lo is z^2/2 as a double word: the tail multiplies its error by e^h. c is erfcx(|z|/sqrt 2)/2.
    """
    h = 0.5 * z * z
    z1, z0 = split(xp, z)
    h_lo = (((0.5 * z1 * z1 - h) + z1 * z0) + 0.5 * z0 * z0) + z * z_lo
    return h, rounding(xp, h_lo, 16 * h), 0.5 * special(xp).erfcx(SQRT_HALF * abs(z))


def normal_tail(xp, z, z_lo):
    """P(Z > |z + z_lo|) of a standard Normal Z, to the last digits."""
    h, h_lo, c = normal_tail_parts(xp, z, z_lo)
    return c * (xp.exp(-h) * (1 - h_lo))
