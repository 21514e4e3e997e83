"""A Normal variable wrapped around the circle: its density and tails by images or by Fourier's series.

The density is the sum of a Normal's at z + 2 pi n, for which five terms do while the scale is at most 3/2,
and (1 + 2 sum e^(-n^2 scale^2/2) cos n z)/(2 pi), for which six do beyond. It solves the equation of heat:
its derivative by the scale is scale times its second derivative by z.

Source:
    K. V. Mardia and P. E. Jupp, "Directional Statistics" (2000), section 3.5.
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import hooks
from .angles import PI, below_pi, wrapped_between
from .circle import angle_ops, tail_by_pieces
from .constants import HALF_LOG_2PI, HALF_LOG_2PIE
from .double import divide_double, is_double, rounding, two_product
from .panels import integral, legendre_rule

_WIDE = 1.5  # the scale from which on the series is taken
_TERMS = range(6, 0, -1)
_LOG_2PI = math.log(2 * math.pi)
_RULES = (legendre_rule(16), legendre_rule(30))
_REACH = (18.0, 39.0)  # e to minus this is negligible
_ENTROPY_RULE = legendre_rule(48)


def _images(xp, a, s):
    """The weights of a - 2 pi, a + 2 pi, a - 4 pi and a + 4 pi beside that of a, for 0 <= a <= pi."""
    turn = 2 * math.pi / s
    q, r = xp.exp(-turn * (below_pi(xp, a) / s)), xp.exp(-turn * ((PI + a) / s))
    far = xp.exp(-turn * turn)
    return q, r, q * q * far, r * r * far


def _more(xp, a, s):
    """What all images add to the density of the Normal itself, over it."""
    return sum(_images(xp, a, s)[::-1])


def _series(xp, s, f):
    """2 sum e^(-n^2 s^2/2) f(n)."""
    return 2 * sum(xp.exp((-0.5 * n * n) * s * s) * f(n) for n in _TERMS)


def _log_density(xp, a, s):
    """The logarithm of the density at a = abs(z)."""
    narrow = xp.minimum(s, _WIDE)
    near = xp.log1p(_more(xp, a, narrow)) - 0.5 * (a / narrow) ** 2 - (xp.log(narrow) + HALF_LOG_2PI)
    far = xp.log1p(_series(xp, xp.maximum(s, _WIDE), lambda n: xp.cos(n * a))) - _LOG_2PI
    return xp.where(s < _WIDE, near, far)


def _hermite(u, order):
    """The polynomial of Hermite, for the weight e^(-u^2/2)."""
    before, now = 0 * u, 0 * u + 1
    for n in range(order):
        before, now = now, u * now - n * before
    return now


def _derivative(xp, a, s, order):
    """The derivative of that order by a of the density, over the density."""
    narrow, wide = xp.minimum(s, _WIDE), xp.maximum(s, _WIDE)
    weights = (1 + 0 * a, *_images(xp, a, narrow))
    places = (a, -(PI + below_pi(xp, a)), a + 2 * PI, a - 4 * PI, a + 4 * PI)
    terms = [
        xp.where(w > 0, w * _hermite(-place / narrow, order), 0)
        for w, place in zip(weights, places, strict=True)
    ]
    near = sum(terms[::-1]) / sum(weights[::-1])
    for _ in range(order):
        near = near / narrow
    turned = (xp.cos, lambda t: -xp.sin(t), lambda t: -xp.cos(t), xp.sin)[order % 4]
    far = _series(xp, wide, lambda n: float(n) ** order * turned(n * a))
    far = far / (1 + _series(xp, wide, lambda n: xp.cos(n * a)))
    return xp.where(s < _WIDE, near, far)


@differentiable
def density_derivative(xp, z, s, /, order):
    """The derivative of that order by z of the density, over the density, for z in [-pi, pi]."""
    y = _derivative(xp, abs(z), s, order)
    return xp.where(z < 0, -y, y) if order % 2 else y


def _density_derivative_rule(F, g, needs, y, z, s, order):
    D = lambda n: F(density_derivative)(z, s, order=n)
    by_z = g * (D(order + 1) - y * D(1)) if needs.z else None
    return by_z, g * (s * (D(order + 2) - y * D(2))) if needs.s else None


density_derivative.joint_derivative(_density_derivative_rule)


@differentiable
def wrapped_normal_log_prob(xp, x, loc, s):
    """The logarithm of the density."""
    return _log_density(xp, abs(wrapped_between.kernel(xp, x, loc)), s)


def _log_prob_rule(F, g, needs, x, loc, s):
    z = F(wrapped_between)(x, loc)
    by_x = g * F(density_derivative)(z, s, order=1)
    return by_x, -by_x, g * (s * F(density_derivative)(z, s, order=2)) if needs.s else None


wrapped_normal_log_prob.joint_derivative(_log_prob_rule)


def piece(xp, z, lo, length, s):
    """The probability of [z, z + length] within [0, pi], and its logarithm."""
    narrow, wide = xp.minimum(s, _WIDE), xp.maximum(s, _WIDE)
    u, u_lo = divide_double(xp, z, lo, narrow)
    h, h_lo = two_product(xp, 0.5 * u, u)
    h_lo = rounding(xp, h_lo + u * u_lo, h)
    reach = 2 * _REACH[is_double(z)]
    reach = narrow * (reach / (u + xp.sqrt(u * u + reach)))
    fall = lambda d: xp.exp((-0.5 * d / narrow) * ((2 * z + d) / narrow)) * (1 + _more(xp, z + d, narrow))
    near = integral(xp, fall, xp.minimum(length, reach), _RULES[is_double(z)]) / narrow
    near = near / math.sqrt(2 * math.pi)
    half = 0.5 * length
    far = (half + _series(xp, wide, lambda n: xp.cos(n * (z + half)) * xp.sin(n * half) / n)) / math.pi
    mass = xp.where(s < _WIDE, xp.exp(-h) * (near - near * h_lo), far)
    return mass, xp.where(s < _WIDE, xp.log(near) - h, xp.log(far))


WRAPPED_NORMAL = angle_ops(
    "wrapped_normal",
    wrapped_normal_log_prob,
    tail_by_pieces(piece),
    lambda F, z, s: s * F(density_derivative)(z, s, order=1),
)

# The entropy -----------------------------------------------------------------------------------------------


def _mean(xp, s, f):
    """E f(abs(Z))."""
    g = lambda a: xp.exp(_log_density(xp, a, s)) * f(a)
    return 2 * integral(xp, g, xp.minimum(9.5 * s, PI), _ENTROPY_RULE)


@differentiable
@hooks.opaque  # one call of a trace, as the two below: not a page of terms
def wrapped_normal_entropy(xp, s):
    """That of the Normal, less what is lost where images overlap; beyond the scale 3/2 from the circle's."""
    narrow, wide = xp.clip(s, 0.3, _WIDE), xp.maximum(s, _WIDE)
    overlap = _mean(xp, narrow, lambda a: 0.5 * (a / narrow) ** 2 - xp.log1p(_more(xp, a, narrow))) - 0.5
    near = xp.log(s) + HALF_LOG_2PIE + xp.where(s < 0.3, 0, overlap)
    far = _LOG_2PI - _mean(xp, wide, lambda a: _log_density(xp, a, wide) + _LOG_2PI)
    return xp.where(s < _WIDE, near, far)


@differentiable
@hooks.opaque
def wrapped_normal_information(xp, s):
    """E[(d log f/dz)^2]: the derivative of the entropy by s is s times it."""
    return _mean(xp, s, lambda a: _derivative(xp, a, s, 1) ** 2)


@differentiable
@hooks.opaque
def wrapped_normal_curvature(xp, s):
    """E[(d^2 log f/dz^2)^2], half of what the information loses by s^2."""
    return _mean(xp, s, lambda a: (_derivative(xp, a, s, 2) - _derivative(xp, a, s, 1) ** 2) ** 2)


wrapped_normal_entropy.derivative(s=lambda F, g, s: g * (s * F(wrapped_normal_information)(s)))
wrapped_normal_information.derivative(s=lambda F, g, s: -2 * g * (s * F(wrapped_normal_curvature)(s)))
