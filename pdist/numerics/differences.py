"""Small differences and ratios in numerically accurate forms.

Every function is ``name(xp, *arrays)`` like a kernel: see :mod:`pdist.numerics.double`.
:func:`log_ratio` and :func:`log_minus` are ops: a kernel calls ``log_ratio.kernel(xp, ...)``.

Source:
    C. Loader, "Fast and accurate computation of binomial probabilities" (2000).
"""

from __future__ import annotations

import math

from ..autograd import differentiable, zero
from ..backend import hooks
from .constants import LARGEST
from .double import ATANH, divide_double, is_double, log_double, polynomial, rounding, two_product, two_sum

# A minimax polynomial, the highest power first, for (float32, float64):
# (e^x - 1 - x)/x^2 on [-1/2, 1/2]
_EXPM1MX = (
    (0.00019944874441589592, 0.001398218604627775, 0.008333236133521863)
    + (0.04166579123000645, 0.16666666801683436, 0.5000000121607167),
    (2.0955762289494408e-09, 2.5162744626460177e-08, 2.755712159501279e-07, 2.755704244819296e-06)
    + (2.480158751780227e-05, 0.00019841270144086635, 0.0013888888888792352, 0.008333333333198127)
    + (0.04166666666666679, 0.16666666666666835, 0.5),
)


def log1pmx(xp, u):
    """log(1 + u) - u, accurate also for small u. Never positive."""
    return xp.where(is_near(u), log1pmx_near(xp, u), xp.log1p(u) - u)


def is_near(u):
    """Where :func:`log1pmx_near` applies: u between -0.33 and 0.5."""
    return (u > -0.33) & (u < 0.5)


def log1pmx_near(xp, u):
    """:func:`log1pmx` where :func:`is_near`."""
    v = u / (2 + u)  # log(1 + u) = 2 atanh(v)
    w = v * v
    return v * (2 * w * polynomial(ATANH, w) - u)


def expm1mx(xp, x):
    """e^x - 1 - x, accurate also for small x. Never negative."""
    far = xp.expm1(x) - x
    if hooks.running and hooks.assume(abs(x) >= 0.5):
        return far  # if an element comes near, another trace is made
    return xp.where(abs(x) < 0.5, x * x * polynomial(_EXPM1MX, x), far)


log1pmx_op = differentiable(log1pmx)
log1pmx_op.derivative(u=lambda F, g, u: -g * u / (1 + u))
expm1mx_op = differentiable(expm1mx)
expm1mx_op.derivative(x=lambda F, g, x: g * F.expm1(x))


@differentiable
def log_ratio(xp, a, b, difference):
    """log(a/b) for positive a and b, given a - b: accurate for small ones, without over- or underflow."""
    u = difference / b
    return xp.where(abs(u) < 0.5, xp.log1p(u), log_far_ratio(xp, a, b))


log_ratio.derivative(
    a=lambda F, g, a: g / a,
    b=lambda F, g, b: -g / b,
    difference=zero,
)


def log_far_ratio(xp, a, b):
    """log(a/b) for positive a and b that are not close to each other; without over- or underflow."""
    r = a / b
    tiny = 2.3e-308 if is_double(r) else 1.2e-38
    return xp.where((r >= tiny) & (r < 1 / tiny), xp.log(r), xp.log(a) - xp.log(b))


def deviance(xp, a, b, difference):
    """a log(a/b) - a + b >= 0 (Loader's bd0), given difference = a - b; it is b at a = 0 and inf at b = 0.

    As -a (log(1 + u) - u) with u = (b - a)/a where a and b are close, which is accurate for small
    differences.
    """
    u = -difference / a
    far = xp.where(a == 0, 0, a * log_far_ratio(xp, a, b)) - difference
    return xp.where(is_near(u), -a * log1pmx_near(xp, u), far)


@differentiable
def log_minus(xp, x, x2):
    """log x - x2, with log x kept to extra digits until x2 is subtracted."""
    return log_minus_double(xp, x, x2)[0]


def log_minus_double(xp, x, y):
    """log x - y as a double word; -inf at x = 0, nan below."""
    hi, lo = log_double(xp, x)
    hi, rest = two_sum(xp, hi, -y)
    hi, lo = two_sum(xp, hi, rest + lo)
    hi = xp.where((x > 0) & (x < math.inf), hi, xp.log(x) - y)
    return hi, rounding(xp, lo, hi)


log_minus.derivative(
    x=lambda F, g, x: g / x,
    x2=lambda F, g: -g,
)


def unit(a, b):
    """The factor to multiply a and b with so that a - b cannot overflow: 1 or 1/4."""
    far = 0.25 * LARGEST[is_double(a)]
    return 1 - 0.75 * ((abs(a) > far) | (abs(b) > far)).astype(a.dtype)


@differentiable
def plus_constant(xp, x, /, constant, residual, log):
    """x, or log x if ``log``, plus a constant with its rounding ``residual``: accurate if they cancel."""
    high = x.dtype.type(constant)
    h, lo = log_minus_double(xp, x, -high) if log else two_sum(xp, x, high)
    return h + (lo + ((constant - float(high)) + residual))


plus_constant.derivative(x=lambda F, g, x, log: g / x if log else g)


@differentiable
def plus_double(xp, x, hi, lo, /, log):
    """x, or log x if ``log``, plus the double word hi + lo: right if they cancel."""
    h, rest = log_minus_double(xp, x, -hi) if log else two_sum(xp, x, hi)
    h = xp.where(abs(hi) < math.inf, h, hi)
    return h + rounding(xp, rest + lo, abs(hi) + abs(h))


plus_double.derivative(
    x=lambda F, g, x, log: g / x if log else g,
    hi=lambda F, g: g,
    lo=zero,
)


@differentiable
def log_difference(xp, low, high):
    """log(high - low), corrected for the rounding of the difference, which matters near 1."""
    u = unit(low, high)
    width, residual = two_sum(xp, u * high, -u * low)
    return (xp.log(width) - xp.log(u)) + rounding(xp, residual, width) / width


@differentiable
def share_between(xp, x, low, high):
    """(x - low)/(high - low) between low and high, 0 below and 1 above."""
    u = unit(low, high)
    start = u * low
    return xp.clip((u * xp.clip(x, low, high) - start) / (u * high - start), 0, 1)


@differentiable
def share_above(xp, x, low, width):
    """1 - (x - low)/width in between, 1 below and 0 above, unaffected by the rounding of low + width."""
    d, residual = two_sum(xp, x, -low)
    z, lo = divide_double(xp, d, residual, width)
    return xp.clip((1 - z) - xp.where(abs(z) < 2, lo, 0), 0, 1)


def _log_difference_rule(F, g, low, high):
    u = unit(low, high)
    d_high = u * g / (u * high - u * low)
    return -d_high, d_high


def _share_between_rule(F, g, x, low, high):
    u = unit(low, high)
    g = F.where((x > low) & (x < high), u * g, 0.0) / (u * high - u * low)
    return g, -g * F(share_between)(-x, -high, -low), -g * F(share_between)(x, low, high)


def _share_above_rule(F, g, x, low, width, y):
    g = F.where((y > 0) & (y < 1), g, 0.0) / width
    return -g, g, g * F.where((y > 0) & (y < 1), (x - low) / width, 0.0)


log_difference.joint_derivative(_log_difference_rule)
share_between.joint_derivative(_share_between_rule)
share_above.joint_derivative(_share_above_rule)


@differentiable
def exp_affine(xp, a, b, c):
    """e^(a + b c), with the rounding error of the exponent restored as a factor."""
    h, residual = two_product(xp, b, c)
    h, lo = two_sum(xp, a, h)
    return xp.exp(h) * (1 + rounding(xp, lo + residual, 2 * (abs(h) + abs(a))))


def _exp_affine_rule(F, g, y, b, c):
    g = g * y
    return g, g * F.where(y > 0, c, 0), g * b


exp_affine.joint_derivative(_exp_affine_rule)
