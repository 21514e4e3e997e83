"""Quantiles from either tail, and the intervals that they bound."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable, no_backprop_mode
from ...backend import hooks
from ...numerics.constants import LOG_2, SMALLEST
from ...numerics.roots import ended, search_count, search_root
from .implicit import solve


class Quantiles:
    """Quantiles of probabilities and of their logarithms, and intervals of a given probability."""

    support: Any
    event_shape: Any
    log_prob: Any
    log_cdf: Any
    log_survival_function: Any
    _formulas: ClassVar[dict[str, tuple[str, Any]]]
    _icdf: Any
    _no: Any
    _value: Any
    _atoms: Any
    xp: Any
    dtype: Any

    def icdf(self, p: Any) -> Variable:
        """The smallest x with P(X <= x) >= p; nan for p outside [0, 1]."""
        if self.event_shape or "icdf" not in self._formulas:
            raise self._no("icdf")
        p = self._value(p, "icdf", "p")
        inside = (p.array >= 0) & (p.array <= 1)
        with np.errstate(all="ignore"):
            if type(inside) is not np.ndarray or np.count_nonzero(inside) != inside.size:
                p = F.where(inside, p, math.nan)
            return self._icdf(p)

    def isf(self, q: Any) -> Variable:
        """The x with P(X > x) = q, to the last digits also for q near 0; nan for q outside [0, 1].

        >>> import numpy as np, pdist.distributions as D
        >>> D.Normal(np.array(0.0), 1.0).isf(1e-300).array
        array(37.0471)
        """
        q = self._probability(q, "isf", "q")
        with np.errstate(all="ignore"):
            return self._isf(q)

    def log_icdf(self, log_p: Any) -> Variable:
        """The x with log P(X <= x) = log_p, also where P(X <= x) would underflow; nan for log_p above 0.

        >>> import numpy as np, pdist.distributions as D
        >>> D.Normal(np.array(0.0), 1.0).log_icdf(-5000.0).array
        array(-99.94474817)
        """
        if self.event_shape or "icdf" not in self._formulas:
            raise self._no("log_icdf")
        log_p = self._value(log_p, "log_icdf", "log_p")
        with np.errstate(all="ignore"):
            log_p = F.where(log_p.array <= 0, log_p, math.nan)
            return search(self, log_p, F.log1mexp(F.minimum(log_p, 0.0)))

    def eti(self, mass: Any) -> tuple[Variable, Variable]:
        """The equal-tailed interval that holds the probability ``mass``: its lower and its upper end.

        >>> import numpy as np, pdist.distributions as D
        >>> [x.array.round(3).tolist() for x in D.Exponential(np.array(1.0)).eti(0.9)]
        [0.051, 2.996]
        """
        tail = 0.5 * (1 - self._probability(mass, "eti", "mass"))
        return self.icdf(tail), self.isf(tail)

    def hdi(self, mass: Any) -> tuple[Variable, Variable]:
        """The shortest interval that holds the probability ``mass``, of a density with one peak.

        Of counts it is the fewest consecutive ones that hold at least ``mass``, both ends included; of
        several such, those that hold most, and of these the least. The ends carry no gradients.

        >>> import numpy as np, pdist.distributions as D
        >>> [x.array.round(3).tolist() for x in D.Gamma(k=np.array(2.0), theta=1.0).hdi(0.9)]
        [0.084, 3.932]
        >>> [x.array.tolist() for x in D.Poisson(np.array(3.0)).hdi(0.9)]
        [1.0, 6.0]
        """
        mass = self._probability(mass, "hdi", "mass")
        if self.support.discrete and self._atoms is not None:
            raise self._no("hdi")
        with np.errstate(all="ignore"), no_backprop_mode():
            shortest = fewest_counts if self.support.discrete else shortest_interval
            return shortest(self, as_variable(mass.array))

    def _probability(self, p: Any, method: str, name: str) -> Variable:
        """Probabilities as a Variable, nan outside [0, 1]."""
        if self.event_shape or "icdf" not in self._formulas:
            raise self._no(method)
        p = self._value(p, method, name)
        inside = (p.array >= 0) & (p.array <= 1)
        if type(inside) is not np.ndarray or np.count_nonzero(inside) != inside.size:
            p = F.where(inside, p, math.nan)
        return p

    def _isf(self, q: Variable) -> Variable:
        return search(self, F.log1p(-q), F.log(q))


def search(dist: Any, log_lower: Variable, log_upper: Variable) -> Variable:
    """The x whose log tails are these, by a search on the smaller one, with implicit gradients."""
    leaves = [value for _, value in dist._leaves()]
    x = as_variable(
        search_tail(dist.xp, log_lower.array, log_upper.array, *[v.array for v in leaves], dist=dist)
    )
    if dist.support.discrete:
        return x
    above = log_upper.array < log_lower.array
    target = F.where(above, log_upper, log_lower)
    inside = abs(x.array) < math.inf
    at = F.where(inside, x, dist.median)

    def tail(x: Variable) -> tuple[Variable, Variable]:
        y = F.where(above, dist.log_survival_function(x), dist.log_cdf(x))
        return y, dist.log_prob(x) - y

    held = target - target.array + tail(as_variable(at.array))[0].array
    return F.where(inside, solve(at, tail, held, above), x)


@hooks.opaque
def search_tail(xp, log_lower, log_upper, *arrays, dist):
    """The x with log P(X <= x) = log_lower, or log P(X > x) = log_upper where that is the smaller one."""
    dist = dist._with_arrays(iter(arrays))
    with no_backprop_mode(), np.errstate(all="ignore"):
        above = log_upper < log_lower
        target = xp.where(above, log_upper, log_lower)
        sign = xp.where(above, -1.0, 1.0).astype(target.dtype)
        known = (target > -math.inf) & (target <= -LOG_2 * 0.999)
        goal = xp.where(known, target, -1)

        def excess(x):
            return sign * (xp.where(above, dist.log_survival_function(x).array, dist.log_cdf(x).array) - goal)

        start, step = _start(xp, dist, goal, above)
        if dist.support.discrete:
            x = search_count(xp, lambda n: excess(n) >= 0, *_bracket(xp, excess, xp.floor(start), step, dist))
        else:
            noise = 2 * float(np.finfo(target.dtype).eps) * (1 + abs(goal))

            def f(x):
                error = excess(x)
                return error, error * xp.exp(goal + sign * error - dist.log_prob(x).array), noise

            x = search_root(xp, f, *_bracket(xp, excess, start, step, dist))
        low, high = (dist.icdf(xp.full_like(x, p)).array for p in (0, 1))
        x = xp.where(target == -math.inf, xp.where(above, high, low), xp.where(known, x, dist.median.array))
        return xp.where(target == target, x, target).astype(target.dtype)


def _start(xp, dist, goal, above):
    """A value not far from the one that is looked for, and a step."""
    eps = float(np.finfo(goal.dtype).eps)
    p = xp.clip(xp.exp(goal), SMALLEST[goal.dtype.itemsize > 4], 1 - eps)
    start = dist.icdf(xp.clip(xp.where(above, 1 - p, p), 0, 1 - eps)).array
    quartiles = [dist.icdf(xp.full_like(goal, p)).array for p in (0.25, 0.75)]
    return start, quartiles[1] - quartiles[0] + (1.0 if dist.support.discrete else 0.0)


def _bracket(xp, excess, start, step, dist):
    """Ends between which the tail takes the value: steps from ``start`` that double."""
    low = high = start
    step = xp.maximum(xp.floor(step), 1) if dist.support.discrete else step
    for i in range(1100):
        below, beyond = ~(excess(low) < 0), ~(excess(high) >= 0)
        if dist.support.discrete:
            below = below & (low >= dist.support.low)
        if ended(xp, ~(below | beyond), i):
            break
        low = xp.where(below, xp.maximum(low - step, _floor(dist)), low)
        high = xp.where(beyond, xp.minimum(high + step, dist.support.high), high)
        step = 2 * step
    return low, high


def _floor(dist):
    return dist.support.low - 1 if dist.support.discrete else dist.support.low


def shortest_interval(dist: Any, mass: Variable) -> tuple[Variable, Variable]:
    """The ends at which the density is the same, by bisection over the probability below the lower one."""
    xp = dist.xp
    shape = np.broadcast_shapes(mass.array.shape, dist.batch_shape)
    rest = xp.broadcast_to(1 - mass.array, shape)

    def ends(below):
        return dist.icdf(below), dist.isf(xp.maximum(rest - below, 0))

    def f(below):
        low, high = ends(below)
        error = dist.log_prob(low).array - dist.log_prob(high).array
        return error, xp.full_like(error, math.nan), 0.0

    below = search_root(xp, f, xp.zeros_like(rest), rest + 0, most=70)
    return ends(below)


def fewest_counts(dist: Any, mass: Variable) -> tuple[Variable, Variable]:
    """The ends of the fewest consecutive counts that hold a probability, by a search for the lower one.

    A step up gains the mass beyond the upper end for that at the lower one. The first that gains nothing
    starts from the shortest interval, or from next to it.
    """
    xp = dist.xp
    mass = xp.broadcast_to(mass.array, np.broadcast_shapes(mass.array.shape, dist.batch_shape))
    noise = 4 * float(np.finfo(mass.dtype).eps)
    some = xp.where(mass < 1, xp.maximum(mass, noise), 0.5)

    def upper(low: Any) -> Any:
        """The least upper end for a lower one."""
        tail = dist.survival_function(low - 1).array - some  # what may lie beyond
        high = xp.where(tail > 0.5, dist.icdf(1 - tail).array, dist.isf(xp.maximum(tail, 0)).array)
        return xp.maximum(xp.where(tail < 0, math.inf, high), low)

    def reached(low: Any) -> Any:
        high = upper(low)
        gains = dist.log_prob(low).array < dist.log_prob(high + 1).array
        fewer = (high >= dist.support.high) & (upper(low + 1) < math.inf)
        return ~(high < math.inf) | ~(gains | fewer)

    first = dist.icdf(xp.full_like(mass, SMALLEST[mass.dtype.itemsize > 4])).array
    last = dist.isf(some).array + 1  # beyond it too little is left
    low = search_count(xp, reached, xp.maximum(first, dist.support.low) - 1, last)
    best = [low, upper(low), xp.full_like(mass, math.inf), xp.zeros_like(mass)]
    for step in (-2, -1, 0, 1, 2):
        a = xp.maximum(low + step, dist.support.low)
        b = upper(a)
        held = dist.cdf(xp.where(b < math.inf, b, a)).array - dist.cdf(a - 1).array
        width = xp.where(held >= some - noise, b - a, math.inf)
        better = (width < best[2]) | ((width == best[2]) & (held > best[3] + noise))
        best = [xp.where(better, new, old) for new, old in zip((a, b, width, held), best, strict=True)]
    ends = [dist.icdf(xp.full_like(mass, p)).array for p in (0, 1)]
    found = [xp.where(mass < 1, end, full) for end, full in zip(best, ends, strict=False)]
    low, high = (as_variable(xp.where(mass == mass, end, math.nan).astype(dist.dtype)) for end in found)
    return low, high
