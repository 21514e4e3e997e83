"""What the panels of a quadrature leave out: the parts next to the ends of a support, and far out.

There a density follows a power of the distance s from a finite end, or of x, and log p - log q is linear in
log s. So its mean over the part follows from the part's probability M, a tail: log s has an exponential
distribution, whose rate is s p/M.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ... import functions as F
from ...autograd import Variable, as_variable, no_backprop_mode
from ...backend import library
from ...numerics.panels import gauss_legendre
from .integrands import Integrand, has_quantiles, weighted

_LEAST = 1e-290  # the distance from 0 at which panels start
_CLOSE = 2.0**-30  # that from another end, in units of it: floats are 2^-52 apart
_SOME = 1e-300  # a probability that may matter
_FACTOR = 4.0  # between the two distances that a slope is taken from


class Edge(NamedTuple):
    """A finite end of a support.

    Attributes:
        side: -1 for the lower end, 1 for the upper one.
        at: where it is, of shape ``[*batch]``; it may move with parameters.
        start: where panels start, next to it.
    """

    side: int
    at: Variable
    start: Variable

    def apart(self, a: Variable, b: Variable) -> tuple[Any, Variable, Variable]:
        """Whether panels [a, b] are wide for their distance from here, that, and the far end's over it."""
        near, far = (b, a) if self.side > 0 else (a, b)
        near, far = (self.side * (self.at - v) for v in (near, far))
        use = (near.array > 0) & (far.array > _FACTOR * near.array)
        near, far = F.where(use, near, 1.0), F.where(use, far, 1.0)
        return use, near, far / near


def edges_of(p: Any) -> list[Edge]:
    """The ends of the support of p that are finite, at least for some of a batch."""
    found, xp = [], p.xp
    for side, end, u in ((-1, p.support.low, 0.0), (1, p.support.high, 1.0)):
        fixed = isinstance(end, (int, float))
        if fixed and not math.isfinite(end):
            continue
        if fixed or not has_quantiles(p) or len(p._components()) > 1:
            at = as_variable(xp.broadcast_to(xp.asarray(end, dtype=p.dtype), p.batch_shape))
        else:
            at = F.broadcast_to(p.icdf(u), p.batch_shape)
        found.append(Edge(side, at, at - side * _distance(p, at.array, fixed)))
    return found


def _distance(p: Any, at: Any, fixed: bool) -> Any:
    """How far from an end panels start: as near as floats tell distances, and slopes by a moving end are."""
    xp = p.xp
    finite = abs(at) < math.inf
    if not fixed:
        at = xp.where(finite, at, 0)
    if not has_quantiles(p):
        return xp.maximum(_CLOSE * abs(at), _LEAST)
    half = abs(p.icdf(0.5).array - at)
    close = xp.maximum(xp.minimum(_CLOSE * abs(at), 2.0**-20 * half), _CLOSE / 2.0**10 * abs(at))
    return xp.where(finite, xp.maximum(close, _LEAST if fixed else _CLOSE * half), 0)


def remainders(
    p: Any, q: Any, f: Integrand, edges: list[Edge], low: Any, high: Any
) -> tuple[Variable, Any, Any, dict[int, Any]]:
    """E_p[f; X in none of the panels], the probability of that, its error, and where it is known, by sides.

    Args:
        p: the distribution that the expectation is over; without tails the answer is 0.
        q: the other one.
        f: a function of two log densities.
        edges: the finite ends of the support of p.
        low: the lower ends of panels, ``[panels, *batch]``.
        high: their upper ends.
    """
    xp = p.xp
    total, mass, doubt = as_variable(xp.zeros(p.batch_shape, p.dtype)), 0.0, 0.0
    known: dict[int, Any] = {-1: False, 1: False}
    if "cdf" not in p._formulas or not has_quantiles(p):
        return total, mass, doubt, known
    found = {edge.side: edge for edge in edges}
    for side, ends in ((-1, low), (1, high)):
        points = [_point(found.get(side), side, ends, n) for n in range(3)]
        part, inner = (_beyond(p, q, f, side, *points[i : i + 2]) for i in range(2))
        held = part.mass > 0
        if getattr(q, "_is_function", False):  # of x, which need not follow a logarithm far out
            held = held & points[0].finite
        total = total + F.where(held, part.value, 0.0)
        mass = mass + xp.where(held, part.mass, 0)
        change = part.value.array + _between(p, q, f, side, *points[:2]) - inner.value.array
        change = part.gain * abs(change)  # the rate may go on to change
        most = 4 * abs(part.value.array)  # no power is followed by what falls faster, and is next to nothing
        heights = [_height(p, q, f, point.x, held).array for point in points]
        diverges = held & _outgrows(heights, part)
        doubt = doubt + xp.where(held, xp.minimum(change, most) + part.noise, 0)
        doubt = xp.where(diverges, math.inf, doubt)
        known[side] = held & _is_straight(*heights)
    return total, mass, doubt, known


def _is_straight(one: Any, two: Any, three: Any) -> Any:
    """Whether f is linear in the logarithm of the distance, by its values at three equally distant ones."""
    rise, before = one - two, two - three
    return abs(rise - before) <= 1e-3 * (abs(rise) + abs(before)) + 1e-9 * abs(one)


def _outgrows(heights: list[Any], part: Any) -> Any:
    """Whether f grows towards the end by a power that no longer has an expectation there."""
    one, two, three = heights
    rise, before = abs(one - two), abs(two - three)
    counts = part.mass * rise > 1e-14 * (1 + abs(part.value.array))
    return counts & (rise >= before * _FACTOR ** (0.999 * part.rate)) & (rise > 1.01 * before)


class _Point(NamedTuple):
    """Where a part begins: x, how far from the end or from 0, and whether it is the former."""

    x: Variable
    away: Variable
    finite: Any


def _point(edge: Edge | None, side: int, ends: Any, n: int) -> _Point:
    """The start of panels on one side, or n factors farther inside."""
    last = as_variable(side * (side * ends).max(axis=0) / _FACTOR**n)
    if edge is None:
        return _Point(last, abs(last), last.array != last.array)
    finite = abs(edge.at.array) < math.inf
    away = F.where(finite, side * (edge.at - edge.start), 1.0) * _FACTOR**n
    x = F.where(finite, edge.at, 0.0) - side * away
    return _Point(F.where(finite, x, last), F.where(finite, away, abs(last)), finite)


class _Part(NamedTuple):
    """What lies beyond a point: expectation, probability, how it amplifies errors of f, and their effect.

    The rate is that of the logarithm of the distance.
    """

    value: Variable
    mass: Any
    rate: Any
    gain: Any
    noise: Any


def _beyond(p: Any, q: Any, f: Integrand, side: int, one: _Point, other: _Point) -> _Part:
    """What lies beyond the first point, with a slope from the other one."""
    mass = p.survival_function(one.x) if side > 0 else p.cdf(one.x)
    log_p = p.log_prob(one.x)
    some = (mass.array > _SOME) & (abs(log_p.array) < math.inf)
    rate = one.away * F.exp(F.where(some, log_p - F.log(F.where(some, mass, 1.0)), 0.0))
    first, second = (_height(p, q, f, point.x, some) for point in (one, other))
    known = some & (abs(first.array - second.array) < math.inf)
    bend = F.where(known, first - second, 0.0) / (math.log(_FACTOR) * F.where(some, rate, 1.0))
    gain = 1 + 2 / (math.log(_FACTOR) * p.xp.where(some, rate.array, 1))
    sizes = sum(abs(F.where(some, d.log_prob(one.x), 0.0).array) for d in (p, q))
    held = F.where(some, mass, 0.0)
    noise = 2.0**-51 * gain * p.xp.where(sizes < math.inf, sizes, 0) * held.array
    return _Part(F.where(some, held * (first + bend), 0.0), held.array, rate.array, gain, noise)


def _height(p: Any, q: Any, f: Integrand, x: Variable, some: Any) -> Variable:
    """f at x, 0 where it does not count."""
    log_p, log_q = (F.where(some, d.log_prob(x), 0.0) for d in (p, q))
    return F.where(some, f(log_p, log_q), 0.0)


def _between(p: Any, q: Any, f: Integrand, side: int, one: _Point, other: _Point) -> Any:
    """The integral between two points, over the logarithm of the distance."""
    nodes, weights = gauss_legendre(12)
    lead = (-1,) + (1,) * one.x.ndim
    nodes, weights = (library(p.xp).from_host(v.astype(p.dtype)).reshape(lead) for v in (nodes, weights))
    log_ratio = math.log(_FACTOR)
    with no_backprop_mode():
        share = p.xp.exp(log_ratio * (0.5 + 0.5 * nodes))
        inside = one.away.array * share
        x = p.xp.where(
            one.finite, one.x.array + side * (one.away.array - inside), side * other.away.array * share
        )
        away = p.xp.where(one.finite, inside, abs(x))
        y = weighted(p, q, f, x)[0].array * away
    return (y * weights).sum(axis=0) * (0.5 * log_ratio)
