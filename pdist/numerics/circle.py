"""Tails and quantiles of angles whose density has one peak, at loc, and is symmetric about it.

A *piece* is an integral of the density from a distance z of the peak to z + length <= pi, as a function
``piece(xp, z, lo, length, c)`` (lo is the rest of z, c the parameter that says how concentrated the angle
is) that gives the probability and its logarithm. A *flow* is minus the speed dz/dc of a value that keeps its
place in the distribution: an odd function ``flow(F, z, c)`` of the difference z to the peak.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..autograd import differentiable
from ..backend import hooks, truth
from .angles import PI, pieces_with_peak, pieces_without_peak, wrapped, wrapped_between
from .blocks import in_blocks
from .roots import search_root


class AngleOps(NamedTuple):
    """The ops of one family of angles.

    Attributes:
        log_prob: ``(x, loc, c)``.
        tail: ``(x, loc, c, upper, log)``: the probability from -pi to x or, if ``upper``, from x to pi.
        quantile: ``(p, loc, c)``.
    """

    log_prob: Any
    tail: Any
    quantile: Any


def angle_ops(
    name: str, log_prob: Any, tail: Callable[..., Any], flow: Any, quantile: Any = None
) -> AngleOps:
    """All ops of a family.

    Args:
        name: what the ops' names start with.
        log_prob: the op.
        tail: the kernel of ``tail`` for loc and x in [-pi, pi].
        flow: the flow.
        quantile: the kernel of ``quantile`` for loc in [-pi, pi]; by default a search.
    """

    @_named(f"{name}_tail")
    def angle_tail(xp, x, loc, c, /, upper, log):
        x = xp.where(x == x, xp.clip(x, -PI, PI), x)
        return tail(xp, x, wrapped.kernel(xp, loc), c, upper=upper, log=log)

    def tail_rule(F, needs, g, y, x, loc, c, upper, log):
        inside = (x > -PI) & (x < PI)
        x = F.where(inside, x, 0.0)
        g, y = F.where(inside, -g if upper else g, 0.0), F.where(inside, y, 0.0)
        here, end = _densities(F, log_prob, x, loc, c, y if log else 0.0)
        by_c = None
        if needs.c:
            by_c = g * (
                flow(F, F(wrapped_between)(x, loc), c) * here
                - flow(F, F(wrapped_between)(PI + 0.0 * loc, loc), c) * end
            )
        return g * here, -g * (here - end), by_c

    angle_tail.joint_derivative(tail_rule)

    @_named(f"{name}_quantile")
    def angle_quantile(xp, p, loc, c):
        loc = wrapped.kernel(xp, loc)
        return search(xp, p, loc, c, log_prob, tail) if quantile is None else quantile(xp, p, loc, c)

    def quantile_rule(F, needs, g, y, p, loc, c):
        log_density = F(log_prob)(y, loc, c)
        end = F.exp(F(log_prob)(PI + 0.0 * loc, loc, c) - log_density)
        by_c = None
        if needs.c:
            by_c = -g * (
                flow(F, F(wrapped_between)(y, loc), c)
                - flow(F, F(wrapped_between)(PI + 0.0 * loc, loc), c) * end
            )
        return g * F.exp(-log_density) + 0.0 * p, g * (1 - end), by_c

    angle_quantile.joint_derivative(quantile_rule)
    return AngleOps(log_prob, angle_tail, angle_quantile)


def _named(name: str) -> Callable[..., Any]:
    """The op decorator, for an op of that name."""

    def decorate(kernel: Callable[..., Any]) -> Any:
        kernel.__name__ = kernel.__qualname__ = name
        return differentiable(kernel)

    return decorate


def _densities(F, log_prob, x, loc, c, log_unit):
    """The densities at x and at pi, over e^log_unit."""
    here = F(log_prob)(x, loc, c) - log_unit
    end = F(log_prob)(PI + 0.0 * loc, loc, c) - log_unit
    return F.exp(here), F.exp(end)


def tail_by_pieces(piece: Callable[..., Any]) -> Callable[..., Any]:
    """The kernel of a tail from that of a piece.

    The arc on one side of x that has not the peak in it is taken as it is; the other one as 1 minus it, or as
    it is too if it is the less likely one.
    """

    @hooks.opaque
    @in_blocks
    def tail(xp, x, loc, c, upper, log):
        x, loc = xp.broadcast_arrays(-x if upper else x, -loc if upper else loc)  # from -pi to x
        over = x > loc
        x, loc = xp.where(over, -x, x), xp.where(over, -loc, loc)
        m, log_m = _sum_of_pieces(xp, piece, pieces_without_peak(xp, x, loc), c)
        rest, likely = 1 - m, m > 0.5
        if truth(likely.any()):
            rest = xp.where(likely, _sum_of_pieces(xp, piece, pieces_with_peak(xp, x, loc), c)[0], rest)
            log_m = xp.where(likely, xp.log1p(-rest), log_m)
            m = xp.where(likely, 1 - rest, m)
        if not log:
            return xp.where(over, rest, m)
        return xp.where(over, xp.where(likely, xp.log(rest), xp.log1p(-m)), log_m)

    return tail


def _sum_of_pieces(xp, piece, pieces, c):
    first, second = pieces
    m, log_m = piece(xp, *first, c)
    if not truth((second[2] > 0).any()):
        return m, log_m
    more, log_more = piece(xp, *second, c)
    return m + more, xp.logaddexp(log_m, log_more)


@hooks.opaque
def search(xp, p, loc, c, log_prob, tail):
    """The x with P(X <= x) = p, on the smaller tail: mirrored, if that is the upper one."""
    p, loc, c = xp.broadcast_arrays(p, loc, c)
    upper = p > 0.5
    small = xp.where(upper, 1 - p, p)
    loc = xp.where(upper, -loc, loc)
    inside = small > 0
    log_p = xp.log(xp.where(inside, small, 0.25))
    eps = float(np.finfo(p.dtype).eps)

    def error(x, log_p, loc, c):
        y = tail(xp, x, loc, c, upper=False, log=True)
        e, hazard = y - log_p, xp.exp(log_prob.op.kernel(xp, x, loc, c) - y)
        return e, e / hazard, eps * (6 - 6 * log_p + 0.5 * abs(x) * hazard)

    def find(arrays, **most):
        end = xp.full_like(arrays[0], PI)
        return search_root(xp, lambda x: error(x, *arrays), -end, end, **most)

    arrays = log_p, loc, c
    x = xp.array(find(arrays, most=10))  # most are found soon, and the others by themselves
    e, _, noise = error(x, *arrays)
    left = ~(abs(e) <= noise)
    x[left] = find(tuple([a[left] for a in arrays]))
    x = xp.where(inside, x, xp.where(small == 0, 0 * x - PI, math.nan))
    return xp.where(upper, -x, x)
