"""How far the mean of a function over an interval is from the function in the interval's middle.

For functions on the half line the interval is m (1 + t u), for those on the line z + h u, where u goes from
-1 to 1. Short intervals are integrated by Gauss and Legendre's rule, for long ones there is a formula.
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from .panels import gauss_legendre, legendre_rule

_NODES, _WEIGHTS = gauss_legendre(20)
_RULE = [(float(u), 0.5 * float(w)) for u, w in zip(_NODES[:10], _WEIGHTS[:10], strict=True)]
_UNIT = legendre_rule(14)
_SHORT = 0.4


def _mean(f):
    """The mean of f(u) over [-1, 1]: f is called with pairs of opposite nodes."""
    return sum(weight * (f(u) + f(-u)) for u, weight in _RULE)


# On the half line -------------------------------------------------------------------------------------------
#
# The interval is [a, b] with 0 <= a < b, t = (b - a)/(b + a) and m = (a + b)/2. At a = 0 a slope in a may be
# infinite: it is then 0.


def _shares(a, b):
    """t and 1 - t."""
    return (b - a) / (b + a), 2 * (a / (b + a))


def _x_log_x(N, x):
    some = N.where(x > 0, x, 1)
    return some * N.log(some)


def _split(F, by_t, a, b):
    """The derivatives by a and b of a function of t."""
    step = by_t / (a + b)
    return F.where(a > 0, -step * (2 * (b / (a + b))), 0.0), F.where(a > 0, step * (2 * (a / (a + b))), 0.0)


@differentiable
def log_gap(xp, a, b):
    """log m less the mean of log x, never negative."""
    t, s = _shares(a, b)
    short, far = xp.minimum(t, _SHORT), xp.maximum(t, _SHORT)
    near = -0.5 * _mean(lambda u: xp.log1p(-((short * u) ** 2)))
    return xp.where(t < _SHORT, near, 1 - ((1 + far) * xp.log1p(far) - _x_log_x(xp, s)) / (2 * far))


@differentiable
def reciprocal_gap(xp, a, b):
    """m times the mean of 1/x, less 1: atanh(t)/t - 1."""
    t, s = _shares(a, b)
    short, far = xp.minimum(t, _SHORT), xp.maximum(t, _SHORT)
    near = _mean(lambda u: (short * u) ** 2 / (1 - (short * u) ** 2))
    return xp.where(t < _SHORT, near, 0.5 * xp.log((1 + far) / s) / far - 1)


def _reciprocal_rule(F, g, y, a, b):
    t, s = _shares(a, b)
    return _split(F, g * (1 / (1 + t) / F.where(s > 0, s, 1.0) - 1 - y) / t, a, b)


def _log_rule(F, g, a, b):
    inside = a > 0
    t, _ = _shares(a, b)
    return _split(F, g * F(reciprocal_gap)(F.where(inside, a, b), F.where(inside, b, 2 * b)) / t, a, b)


log_gap.joint_derivative(_log_rule)
reciprocal_gap.joint_derivative(_reciprocal_rule)


@differentiable
def log_square(xp, a, b):
    """The mean of log(x/m)^2."""
    t, s = _shares(a, b)
    short, far = xp.minimum(t, _SHORT), xp.maximum(t, _SHORT)
    near = _mean(lambda u: xp.log1p(short * u) ** 2)

    def area(x):
        log_x = xp.log(xp.where(x > 0, x, 1))
        return x * (log_x * (log_x - 2) + 2)

    return xp.where(t < _SHORT, near, (area(1 + far) - area(s)) / (2 * far))


def _log_square_rule(F, g, y, a, b):
    t, s = _shares(a, b)
    short = F.where(t < _SHORT, t, _SHORT)
    near = _mean(lambda u: 2 * u * F.log1p(short * u) / (1 + short * u))
    far = 0.5 * (F.log1p(t) ** 2 + F.log(F.where(s > 0, s, 1.0)) ** 2) - y
    return _split(F, g * F.where(t < _SHORT, near, far / t), a, b)


log_square.joint_derivative(_log_square_rule)


@differentiable
def power_gap(xp, a, b, c):
    """The mean of (x/m)^c, less 1, for c > 0."""
    t, s = _shares(a, b)
    steep = t * (1 + c)
    short = xp.where(steep < 1, t, 0)
    near = _mean(lambda u: xp.expm1(c * xp.log1p(short * u)))
    far = (xp.exp((c + 1) * xp.log1p(t)) - s ** (c + 1)) / (2 * t * (c + 1)) - 1
    return xp.where(steep < 1, near, far)


def _power_gap_rule(F, g, y, a, b, c):
    t, s = _shares(a, b)
    n, steep = c + 1, t * (1 + c)
    short = F.where(steep < 1, t, 0)
    log_s = F.log(F.where(s > 0, s, 1.0))
    low = lambda power: F.where(s > 0, F.exp(power * log_s), 0.0)
    near = _mean(lambda u: u * c * F.exp((c - 1) * F.log1p(short * u)))
    far = 0.5 * (F.exp(c * F.log1p(t)) + low(c)) - (y + 1)
    by_t = g * F.where(steep < 1, near, far / t)
    near = _mean(lambda u: (log_x := F.log1p(short * u)) * F.exp(c * log_x))
    far = F.exp(n * F.log1p(t)) * (F.log1p(t) - 1 / n) - low(n) * (log_s - 1 / n)
    by_c = g * F.where(steep < 1, near, far / (2 * t * n))
    # here the slope in a at 0 is a number
    return -by_t * (2 * (b / (a + b))) / (a + b), by_t * (2 * (a / (a + b))) / (a + b), by_c


power_gap.joint_derivative(_power_gap_rule)

# On the line ------------------------------------------------------------------------------------------------


def _line_gap(name, doc, f, slope, area):
    """An op of the middle z and half the length h, of f(N, z), its slope, and its integral."""

    def kernel(xp, z, h):
        short = xp.minimum(h, _SHORT)
        near = _mean(lambda u: f(xp, z + short * u))
        long = xp.maximum(h, _SHORT)
        far = (area(xp, z + long) - area(xp, z - long)) / (2 * long)
        return xp.where(h < _SHORT, near, far) - f(xp, z)

    def rule(F, g, y, z, h):
        short = F.where(h < _SHORT, h, 0.0)
        long = F.where(h < _SHORT, 1.0, h)
        mean_slope = _mean(lambda u: slope(F, z + short * u))
        moment = _mean(lambda u: u * slope(F, z + short * u))
        rise = (f(F, z + long) - f(F, z - long)) / (2 * long)
        spread = (0.5 * (f(F, z + long) + f(F, z - long)) - (y + f(F, z))) / long
        by_z = F.where(h < _SHORT, mean_slope, rise) - slope(F, z)
        return g * by_z, g * F.where(h < _SHORT, moment, spread)

    kernel.__name__, kernel.__doc__ = name, doc
    op = differentiable(kernel)
    op.joint_derivative(rule)
    return op


log_square_plus_gap = _line_gap(
    "log_square_plus_gap",
    "Of log(1 + z^2).",
    lambda N, z: N.log1p(z * z),
    lambda N, z: 2 * z / (1 + z * z),
    lambda xp, z: z * (xp.log1p(z * z) - 2) + 2 * xp.arctan(z),
)


def _dilogarithm(xp, z):
    """The integral of log(1 + e^z) from -inf."""
    e = xp.exp(-abs(z))
    low = sum(weight / u * xp.log1p(e * u) for u, weight in _UNIT)  # -Li2(-e), the integral of log(1 + e u)/u
    return xp.where(z < 0, low, 0.5 * z * z + math.pi**2 / 6 - low)


softplus_gap = _line_gap(
    "softplus_gap",
    "Of log(1 + e^z).",
    lambda N, z: N.log1p(N.exp(-abs(z))) + 0.5 * (z + abs(z)),
    lambda N, z: 0.5 * (1 + N.tanh(0.5 * z)),
    _dilogarithm,
)
