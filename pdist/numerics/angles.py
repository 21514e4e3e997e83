"""Angles: differences that keep their last digits, on a circle that is cut open at -pi = pi.

Source:
    D. E. Knuth, "The Art of Computer Programming" 2, section 4.2.2, for the rests of sums.
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from .double import is_double, rounding, two_sum

PI = math.pi
_PI_REST = (-8.742277657347586e-08, 1.2246467991473532e-16)  # pi less the nearest (float32, float64)


def _difference(xp, x, loc):
    """x - loc and what rounding took from it."""
    d, lo = two_sum(xp, x, -loc)
    return d, rounding(xp, lo, d)


@differentiable
def sin_between(xp, x, loc, /, part):
    """sin(part (x - loc)): the digits that the difference loses by rounding come back."""
    d, lo = _difference(xp, x, loc)
    return xp.sin(part * d) + part * lo * xp.cos(part * d)


@differentiable
def cos_between(xp, x, loc, /, part):
    """cos(part (x - loc)), likewise."""
    d, lo = _difference(xp, x, loc)
    return xp.cos(part * d) - part * lo * xp.sin(part * d)


def _sin_rule(F, g, x, loc, part):
    by_x = g * (part * F(cos_between)(x, loc, part=part))
    return by_x, -by_x


def _cos_rule(F, g, x, loc, part):
    by_x = -g * (part * F(sin_between)(x, loc, part=part))
    return by_x, -by_x


sin_between.joint_derivative(_sin_rule)
cos_between.joint_derivative(_cos_rule)


@differentiable
def wrapped(xp, x):
    """The angle in [-pi, pi] that differs from x by whole turns."""
    return xp.where(abs(x) <= PI, x, xp.arctan2(xp.sin(x), xp.cos(x)))


@differentiable
def wrapped_between(xp, x, loc):
    """x - loc as an angle in [-pi, pi]."""
    s, c = sin_between.kernel(xp, x, loc, part=0.5), cos_between.kernel(xp, x, loc, part=0.5)
    return xp.where(abs(x - loc) <= PI, x - loc, 2 * xp.arctan2(xp.where(c < 0, -s, s), abs(c)))


wrapped.derivative(x=lambda F, g: g)
wrapped_between.derivative(x=lambda F, g: g, loc=lambda F, g: -g)


def below_pi(xp, z, lo=0.0):
    """pi - z - lo to the last digits, also for z near pi."""
    return (PI - z) + (_PI_REST[is_double(z)] - lo)


def pieces_without_peak(xp, x, loc):
    """The arc from -pi to x <= loc by the distance from loc, in two pieces on either side of the antipode.

    Args:
        xp: the namespace.
        x: angles in [-pi, pi].
        loc: angles in [-pi, pi].

    Returns:
        Two triples: a distance from which the piece starts, its rest, and the length of the piece, within
        [0, pi] all of it.
    """
    d, lo = two_sum(xp, x, -loc)
    z, lo = -d, -lo
    length = xp.where(x > -PI, xp.maximum(below_pi(xp, -x), 0), 0)
    to_antipode = xp.maximum(below_pi(xp, z, lo), 0)
    beyond = loc > 0  # then -pi lies on the other side of the antipode
    first = xp.where(beyond, xp.minimum(to_antipode, length), length)
    second = xp.where(beyond, xp.where(to_antipode > 0, xp.minimum(loc, length), length), 0)
    z, lo = xp.minimum(z, PI), xp.where(z > PI, 0, lo)  # beyond it nothing is asked
    return (z, lo, first), (xp.clip(below_pi(xp, loc), 0, PI), 0 * lo, second)


def pieces_with_peak(xp, x, loc):
    """The arc from x <= loc to pi likewise, in two pieces on either side of the peak, if both are short."""
    zero = 0 * x + 0 * loc
    short = xp.minimum(loc - x, PI), xp.clip(below_pi(xp, loc + zero), 0, PI)
    return (zero, zero, short[0]), (zero, zero, short[1])
