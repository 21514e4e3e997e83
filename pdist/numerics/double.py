"""Double words: pairs of numbers with twice the precision, from ordinary arithmetic.

Every function is ``name(xp, *arrays)`` like a kernel: the arrays are of one floating dtype and broadcast;
nothing inspects values, and a branch that ``where`` does not select may be nan. A *double word* is a pair
``hi, lo`` that represents hi + lo, where lo is of the size of a rounding error of hi.

Source:
    T. J. Dekker, "A floating-point technique for extending the available precision", Numerische Mathematik 18
    (1971). D. E. Knuth, "The Art of Computer Programming" 2, section 4.2.2.
"""

from __future__ import annotations

import math

from .constants import LARGEST, SQRT_HALF

# Minimax polynomial, the highest power first, for (float32, float64):
# (atanh(sqrt w)/sqrt w - 1)/w on [0, 0.04]
ATANH = (
    (0.14977802158010886, 0.19989508857322277, 0.3333335668952203),
    (0.06802007853562039, 0.0660518024256631, 0.07694417338900958, 0.09090869227361513)
    + (0.11111111518903621, 0.14285714283669596, 0.200000000000039, 0.3333333333333333),
)

_ATANH_FROM_FIFTH = (  # ((atanh(sqrt w)/sqrt w - 1)/w - 1/3)/w on [0, 0.0296]
    (0.09562867134809494, 0.11102283746004105, 0.14285767078399658, 0.20000000298023224),
    (0.05865053930946515, 0.05852785947838605, 0.06667414786953267, 0.07692297251904945)
    + (0.09090909169848817, 0.11111111110818422, 0.14285714285714698, 0.2),
)


def is_double(x):
    """Whether ``x`` is float64 rather than float32."""
    return x.dtype.itemsize > 4


def polynomial(coefficients, x):
    """The polynomial with these (float32, float64) coefficients at x, by Horner's rule."""
    coefficients = coefficients[is_double(x)]
    y = coefficients[0] * x + coefficients[1]
    for c in coefficients[2:]:
        y = y * x + c
    return y


def two_sum(xp, a, b):
    """a + b as a double word, exact (Knuth)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def split(xp, x):
    """x as the sum of two numbers of half the digits (Veltkamp)."""
    t = (134217729.0 if is_double(x) else 4097.0) * x  # 2^27 + 1, 2^12 + 1
    high = t - (t - x)
    return high, x - high


def two_product(xp, a, b):
    """a b as a double word, exact (Dekker) unless something over- or underflows; see :func:`rounding`."""
    p = a * b
    a1, a0 = split(xp, a)
    b1, b0 = split(xp, b)
    return p, ((a1 * b1 - p) + a1 * b0 + a0 * b1) + a0 * b0


def divide_double(xp, hi, lo, b):
    """(hi + lo)/b as a double word."""
    q = hi / b
    p, e = two_product(xp, q, b)
    return q, (((hi - p) - e) + lo) / b


def inverse_root_double(xp, x):
    """1/sqrt(x) as a double word, for x >= 0."""
    r = 1 / xp.sqrt(x)
    square, lo = two_product(xp, r, r)
    p, p_lo = two_product(xp, x, square)
    return r, rounding(xp, 0.5 * r * (((1 - p) - p_lo) - x * lo), r)


def rounding(xp, lo, hi):
    """lo if it is a rounding error of hi, else 0: it is inf or nan if a product overflowed."""
    eps = 2.0**-52 if is_double(hi) else 2.0**-23
    return xp.where(abs(lo) <= eps * abs(hi), lo, 0)


def finite_or_zero(xp, x):
    """x, or 0 where it is infinite or nan: a correction where there is nothing to correct."""
    return xp.where(abs(x) < math.inf, x, 0)


def minus(x):
    """-x of a double word."""
    return -x[0], -x[1]


def log_double(xp, x, finer=False):
    """log x as a double word with some five more bits than the dtype, for x > 0.

    With ``finer`` some twelve more bits: the cubic term of the series is a double word too.
    """
    m, k = xp.frexp(x)
    low = m < SQRT_HALF
    m = xp.where(low, 2 * m, m)  # sqrt(1/2) <= m < sqrt(2)
    k = (k - low).astype(x.dtype)
    f = m - 1  # exact
    d, e = two_sum(xp, m, xp.ones_like(m))
    v, v_lo = divide_double(xp, f, xp.zeros_like(f), d)  # log m = 2 atanh((m - 1)/(m + 1))
    v_lo = v_lo - v * (e / d)
    w = v * v
    # log 2 in two parts, the first with few enough digits that k times it is exact
    log2_hi, log2_lo = (
        (0.6931471803691238, 1.9082149292705877e-10) if is_double(x) else (0.693359375, -2.1219444e-4)
    )
    hi, lo = two_sum(xp, k * log2_hi, 2 * v)
    if not finer:
        return hi, lo + (k * log2_lo + 2 * (v_lo + v * w * polynomial(ATANH, w)))
    w, w_lo = two_product(xp, v, v)
    cube, cube_lo = two_product(xp, w, v)
    cube, cube_lo = divide_double(xp, cube, cube_lo + w_lo * v, 1.5 + xp.zeros_like(v))
    hi, cube = two_sum(xp, hi, cube)
    rest = polynomial(_ATANH_FROM_FIFTH, w)
    return hi, lo + (cube + (k * log2_lo + (2 * v_lo * (1 + w) + (cube_lo + 2 * v * w * w * rest))))


def log_finer(xp, x):
    """log x as a double word with some twelve digits (binary) more, whose second part is a rounding error."""
    return two_sum(xp, *log_double(xp, x, finer=True))


def series_from_fifth(w):
    """((atanh(sqrt w)/sqrt w - 1)/w - 1/3)/w for 0 <= w <= 0.0296."""
    return polynomial(_ATANH_FROM_FIFTH, w)


def exp_double(xp, x, x_lo=0, finer=False):
    """e^(x + x_lo) as a double word with some five digits (binary) more than the dtype has.

    With ``finer`` some twelve digits more.
    """
    y = xp.exp(x)
    log_y, lo = log_double(xp, y, finer)
    return y, rounding(xp, y * ((x - log_y) - (lo - x_lo)), (4 + abs(x)) * y)


def finite(xp, x):
    """x, but the largest number of its sign in place of an infinite one, so that 0 times it is 0."""
    largest = LARGEST[is_double(x)]
    return xp.clip(x, -largest, largest)


def exp_minus_exp(xp, x):
    """e^(-e^x), with the rounding error of e^x restored as a factor."""
    t, lo = exp_double(xp, x)
    return xp.exp(-t) * (1 - lo)
