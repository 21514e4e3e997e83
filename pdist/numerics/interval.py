"""Places within an interval by their distances from both ends, of which neither loses digits.

Where the width may overflow all distances are taken of a quarter of everything: see ``unit``.
"""

from __future__ import annotations

from ..autograd import differentiable, zero
from .differences import unit
from .double import two_sum
from .logs import constant, log_of, total


@differentiable
def log_width_plus(xp, low, high, /, value, residual):
    """log(high - low) plus a number whose rounding took ``residual``: right if they cancel."""
    u = unit(low, high)
    hi, lo = total(xp, log_of(xp, *two_sum(xp, u * high, -u * low)), constant(low, value, residual))
    return (hi + lo) - xp.log(u)


@differentiable
def placed(xp, share, rest, low, high):
    """low + share (high - low), from the nearer end, given rest = 1 - share too."""
    u = unit(low, high)
    width = u * high - u * low
    return xp.where(share < 0.5, u * low + width * share, u * high - width * rest) / u


@differentiable
def off_middle(xp, x, low, high):
    """(x - low) - (high - x)."""
    ends, rest = two_sum(xp, low, high)
    return (2 * x - ends) - rest


def _log_width_rule(F, g, low, high):
    u = unit(low, high)
    d_high = u * g / (u * high - u * low)
    return -d_high, d_high


log_width_plus.joint_derivative(_log_width_rule)
placed.derivative(
    share=lambda F, g, low, high: g * (high - low),
    rest=zero,
    low=lambda F, g, rest: g * rest,
    high=lambda F, g, share: g * share,
)
off_middle.derivative(x=lambda F, g: 2 * g, low=lambda F, g: -g, high=lambda F, g: -g)
