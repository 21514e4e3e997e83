"""How far the mean of a function over an interval is from the function in the interval's middle.

For functions on the half line the interval is m (1 + t u), for those on the line z + h u, where u goes from
-1 to 1.
Short intervals are integrated by Gauss and Legendre's rule, for long ones there is a formula.
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
# 1 - t has digits of its own, and is passed as ``s``.


def _x_log_x(N, x):
    some = N.where(x > 0, x, 1)
    return some * N.log(some)


@differentiable
def log_gap(xp, t, s):
    """log m less the mean of log x, never negative."""
    short = xp.minimum(t, _SHORT)
    near = -0.5 * _mean(lambda u: xp.log1p(-((short * u) ** 2)))
    far = xp.maximum(t, _SHORT)
    return xp.where(t < _SHORT, near, 1 - ((1 + far) * xp.log1p(far) - _x_log_x(xp, s)) / (2 * far))


@differentiable
def reciprocal_gap(xp, t, s):
    """m times the mean of 1/x, less 1: atanh(t)/t - 1."""
    short, far = xp.minimum(t, _SHORT), xp.maximum(t, _SHORT)
    near = _mean(lambda u: (short * u) ** 2 / (1 - (short * u) ** 2))
    return xp.where(t < _SHORT, near, 0.5 * xp.log((1 + far) / s) / far - 1)


log_gap.derivative(t=lambda F, g, t, s: g * F(reciprocal_gap)(t, s) / t, s=lambda F, g: 0 * g)
reciprocal_gap.derivative(
    t=lambda F, g, y, t, s: g * (1 / (1 + t) / s - 1 - y) / t,
    s=lambda F, g: 0 * g,
)


@differentiable
def log_square(xp, t, s):
    """The mean of log(x/m)^2."""
    short, far = xp.minimum(t, _SHORT), xp.maximum(t, _SHORT)
    near = _mean(lambda u: xp.log1p(short * u) ** 2)

    def area(x):
        log_x = xp.log(xp.where(x > 0, x, 1))
        return x * (log_x * (log_x - 2) + 2)

    return xp.where(t < _SHORT, near, (area(1 + far) - area(s)) / (2 * far))


def _log_square_rule(F, g, y, t, s):
    short = F.where(t < _SHORT, t, _SHORT)
    near = _mean(lambda u: 2 * u * F.log1p(short * u) / (1 + short * u))
    far = 0.5 * (F.log1p(t) ** 2 + F.log(s) ** 2) - y
    return g * F.where(t < _SHORT, near, far / t)


log_square.derivative(t=_log_square_rule, s=lambda F, g: 0 * g)


@differentiable
def power_gap(xp, t, s, c):
    """The mean of (x/m)^c, less 1, for c > 0."""
    steep = t * (1 + c)
    short = xp.where(steep < 1, t, 0)
    near = _mean(lambda u: xp.expm1(c * xp.log1p(short * u)))
    far = (xp.exp((c + 1) * xp.log1p(t)) - s ** (c + 1)) / (2 * t * (c + 1)) - 1
    return xp.where(steep < 1, near, far)


def _power_gap_rule(F, g, y, t, s, c):
    steep = t * (1 + c)
    short = F.where(steep < 1, t, 0)
    up, n = (c + 1) * F.log1p(t), c + 1
    log_s = F.log(F.where(s > 0, s, 1.0))
    low = F.where(s > 0, F.exp(n * log_s), 0.0)
    near = _mean(lambda u: u * c * F.exp((c - 1) * F.log1p(short * u)))
    far = 0.5 * (F.exp(c * F.log1p(t)) + F.where(s > 0, F.exp(c * log_s), 0.0)) - (y + 1)
    by_t = F.where(steep < 1, near, far / t)
    near = _mean(lambda u: (lg := F.log1p(short * u)) * F.exp(c * lg))
    far = F.exp(up) * (F.log1p(t) - 1 / n) - low * (log_s - 1 / n)
    return g * by_t, 0 * g, g * F.where(steep < 1, near, far / (2 * t * n))


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
