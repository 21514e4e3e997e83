"""A Cauchy variable wrapped around the circle: its density, its tails and their inverse, in closed form.

With s = sin(z/2) the density at a distance z of the peak is (1 - r^2)/(2 pi ((1 - r)^2 + 4 r s^2)).

Source:
    P. McCullagh, "Moebius transformation and Cauchy parameter estimation", Annals of Statistics 24 (1996).
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from .angles import PI, cos_between, sin_between
from .circle import angle_ops

_TWO_PI = 2 * math.pi


def _spread(s, rho):
    """(1 - r)^2 + 4 r s^2 = 1 + r^2 - 2 r cos z."""
    return (1 - rho) * (1 - rho) + 4 * rho * s * s


@differentiable
def wrapped_cauchy_log_prob(xp, x, loc, rho):
    """log((1 - r^2)/(2 pi (1 + r^2 - 2 r cos(x - loc))))."""
    s = sin_between.kernel(xp, x, loc, part=0.5)
    return xp.log((1 - rho) * (1 + rho) / (_TWO_PI * _spread(s, rho)))


def _log_prob_rule(F, g, x, loc, rho):
    s = F(sin_between)(x, loc, part=0.5)
    spread = _spread(s, rho)
    by_x = -g * (2 * rho * F(sin_between)(x, loc, part=1.0) / spread)
    near = (1 - rho) * (1 - rho) - 2 * s * s * (1 + rho * rho)
    by_rho = F.where(rho < 0.5, (1 + rho * rho) * F(cos_between)(x, loc, part=1.0) - 2 * rho, near)
    return by_x, -by_x, g * (2 * by_rho / (spread * ((1 - rho) * (1 + rho))))


wrapped_cauchy_log_prob.joint_derivative(_log_prob_rule)


def _tail(xp, x, loc, rho, upper, log):
    """The angle, over pi, between the ends of the arc as they are seen from the point r inside the circle."""
    if upper:
        x, loc = -x, -loc
    s, c = sin_between.kernel(xp, x, loc, part=0.5), cos_between.kernel(xp, x, loc, part=0.5)
    across = xp.where(abs(x) < PI, xp.maximum((1 - rho) * (1 + rho) * xp.cos(0.5 * x), 0), 0)
    low, high = (1 - rho) * (1 - rho) * xp.sin(0.5 * loc) * c, (1 + rho) * (1 + rho) * xp.cos(0.5 * loc) * s
    along = -(low + high)
    at_end = (x > 0).astype(x.dtype)  # where the arc is nothing or all
    y = xp.where(across > 0, xp.arctan2(across, along) / math.pi, at_end)
    if log:
        rest = xp.where(across > 0, xp.arctan2(across, -along) / math.pi, 1 - at_end)
        y = xp.where(y < 0.5, xp.log(y), xp.log1p(-rest))
    return xp.where(x == x, y, x)


def _quantile(xp, p, loc, rho):
    """The x that :func:`_tail` maps to p."""
    sine = xp.sin(math.pi * xp.minimum(p, 1 - p))
    cosine = xp.sin(math.pi * (0.5 - p))
    c = xp.cos(0.5 * loc)
    up = (1 - rho) * (1 + rho) * cosine - 2 * rho * xp.sin(loc) * sine
    return -2 * xp.arctan2(up, sine * ((1 - rho) * (1 - rho) + 4 * rho * c * c))


WRAPPED_CAUCHY = angle_ops(
    "wrapped_cauchy",
    wrapped_cauchy_log_prob,
    _tail,
    lambda F, z, rho: 2 * F.sin(z) / ((1 - rho) * (1 + rho)),
    _quantile,
)


@differentiable
def wrapped_cauchy_kl(xp, s, p, q):
    """log(1 + ((p - q)^2 + 4 p q s^2)/((1 - p^2)(1 - q^2))) with s = sin((p_loc - q_loc)/2)."""
    gap = (p - q) * (p - q) + 4 * p * q * s * s
    return xp.log1p(gap / ((1 - p) * (1 + p)) / ((1 - q) * (1 + q)))


def _kl_rule(F, g, s, p, q):
    r = p * q
    both = (1 - r) * (1 - r) + 4 * r * s * s
    scaled = 2 * g / both
    by_p = scaled * ((1 - r) * (p - q) + 2 * q * s * s * (1 + p * p)) / ((1 - p) * (1 + p))
    by_q = scaled * ((1 - r) * (q - p) + 2 * p * s * s * (1 + q * q)) / ((1 - q) * (1 + q))
    return scaled * (4 * r * s), by_p, by_q


wrapped_cauchy_kl.joint_derivative(_kl_rule)
