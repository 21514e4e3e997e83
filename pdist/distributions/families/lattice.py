"""Distributions of counts: what holds of all numbers with steps, and sums where no formula is stated."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable, differentiable, no_backprop_mode, promote, zero
from ...backend import hooks, library, to_cpu
from ...numerics.probability import sqrt_or_zero
from ...numerics.tables import log_running_sums, quantile_class, running_sums, take_class
from ..base.distribution import Distribution

_OUTSIDE = {  # each tail below the first count, and from the last one on
    "cdf": (0.0, 1.0),
    "survival_function": (1.0, 0.0),
    "log_cdf": (-math.inf, 0.0),
    "log_survival_function": (0.0, -math.inf),
}
_MOST = 2**21  # counts in a table


@differentiable
def on_lattice(xp, x, tail, /, first, last, low, high):
    """``tail`` for first <= x < last, ``low`` below and ``high`` above; nan at nan."""
    inside = xp.where(x < last, tail, high)
    return xp.where(x == x, xp.where(x < first, low, inside), x).astype(tail.dtype, copy=False)


on_lattice.derivatives(
    zero, lambda F, g, _y, x, _tail, first, last: F.where((x >= first) & (x < last), g, 0.0)
)


class Lattice(Distribution):
    """Base of distributions of whole numbers, from ``support.low`` to ``support.high``.

    A member states its parameters, its support, ``_log_prob(x)`` at whole x of the support, and what it knows
    exactly: any of ``_cdf(x)``, ``_survival_function(x)``, ``_log_cdf(x)``, ``_log_survival_function(x)`` at
    whole x from the first count to the last but one, moments, ``_entropy()``, ``_sample(shape, rng)``. One
    tail is enough; the others follow from it.

    From here come the steps between whole numbers and the tails outside the support; quantiles, by a search
    that ends at the smallest count whose cdf reaches the probability; the median; draws, by the quantiles of
    uniform numbers. What is not stated is summed over a table of the counts that have probability: from the
    lowest one to where what is left is less than a rounding error of what was summed. If the support has no
    end, such a table looks at values, is refused above two million counts, and cannot be traced.

    >>> import numpy as np
    >>> from pdist.distributions import Param, supports
    >>> class Geometric(Lattice):  # how many failures before the first success
    ...     p, support = Param(supports.unit_interval), supports.non_negative_integer
    ...     def _log_prob(self, x):
    ...         return F.xlog1py(x, -self.p) + F.log(self.p)
    >>> d = Geometric(np.array(0.25))
    >>> [round(y.item(), 12) for y in (d.cdf(1), d.mean, d.variance, d.icdf(0.99))]
    [0.4375, 3.0, 12.0, 16.0]
    """

    _tabled = True  # whether no tail is stated

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._tabled = "cdf" not in cls._formulas

    @property
    def _ends(self) -> tuple[Any, Any]:
        return self.support.low, self.support.high

    # Tails --------------------------------------------------------------------------------------------

    def _either(self, method: str, x: Any) -> Variable:
        if method not in _OUTSIDE:
            return super()._either(method, x)
        x = self._value(x, method)
        first, last = self._ends
        with np.errstate(all="ignore"):
            at = x.array if x.dtype.kind == "f" else x.array.astype(self.dtype)
            at = self.xp.where((at >= first) & (at < last), self.xp.floor(at), first).astype(at.dtype)
            return on_lattice(x, self._tail(method, at), first, last, *_OUTSIDE[method])

    def _tail(self, method: str, at: Any) -> Variable:
        """A tail at counts: by the best of the formulas that the class states, or by a table."""
        if self._tabled:
            return self._tail_by_table(method, at - self._ends[0], at)
        name, then = self._formulas[method]
        y = getattr(self, name)(as_variable(at))
        return y if then is None else then(y)

    # Quantiles and draws ------------------------------------------------------------------------------

    def _icdf(self, p: Variable) -> Variable:
        names = self._plan.given
        u, *given = promote(type(self).__name__, ("p", *names), (p, *[getattr(self, n) for n in names]))
        if not self._tabled:
            return as_variable(smallest_count(self.xp, u.array, *[v.array for v in given], dist=self))
        first, last = self._ends
        x = first + quantile_class(self.xp, self._sums(self._p_table()).array.astype(u.dtype), u.array)
        return as_variable(x if last is not math.inf else self.xp.where(u.array == 1, last, x))

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        u = self.xp.maximum(rng.random(shape), 2.0**-54)
        return as_variable(self._icdf(as_variable(u)).array.astype(self.dtype))

    # Sums over a table --------------------------------------------------------------------------------

    def _log_p_table(self, top: Any = 0.0) -> Variable:
        """Logarithms of the probabilities of the counts from the lowest on, of shape ``[*batch, K]``."""
        return F.moveaxis(self.log_prob(self._counts(self._size(top))), 0, -1)

    def _p_table(self, top: Any = 0.0) -> Variable:
        return F.exp(self._log_p_table(top))

    def _counts(self, n: int) -> Any:
        """So many counts on a new first axis."""
        x = self.xp.arange(n, dtype=self.dtype).reshape(n, *[1] * len(self.batch_shape))
        return x + self._ends[0]

    def _size(self, top: Any) -> int:
        """How many counts a table needs in which sums beyond ``top`` are exact.

        So many that the second half is nothing beside what of the first half lies beyond ``top``.
        """
        first, last = self._ends
        span = last if isinstance(last, float) else float(to_cpu(last).max(initial=0.0))
        least = first if isinstance(first, float) else float(to_cpu(first).min(initial=span))
        top = int(to_cpu(top).max(initial=0)) if not isinstance(top, float) else 0
        n, nothing = max(64, 4 * top + 4), 2 * math.log(float(np.finfo(self.dtype).eps))
        while n <= min(span - least, _MOST):
            with no_backprop_mode():
                log_p = self.log_prob(self._counts(n))
                near = F.logsumexp(log_p[top + 1 : n // 2], axis=0).array
                far = F.logsumexp(log_p[n // 2 :], axis=0).array
            if not (far > near + nothing).any():
                return n
            n *= 2
        if span - least >= _MOST:
            raise ValueError(
                f"{type(self).__name__}: more than {_MOST} counts have probability, too many to be summed"
            )
        return int(span - least) + 1

    def _sums(self, p: Variable, above: bool = False) -> Variable:
        """P(X <= k) of every count k, or P(X >= k): at most 1 also where they are rounded up."""
        y = F.flip(running_sums(F.flip(p, -1)), -1) if above else running_sums(p)
        return y + self.xp.minimum(1 - y.array, 0)

    def _tail_by_table(self, method: str, index: Any, at: Any) -> Variable:
        """A tail; the logarithm of one near 1 by the other, of others by a sum in log space."""
        log_p, p = self._log_p_table(index), self._p_table(index)
        last = p.shape[-1] - 1
        index = self.xp.minimum(index.astype(np.intp), last)
        places = {False: index, True: self.xp.minimum(index + 1, last)}  # P(X > k) is P(X >= k + 1)
        above = "survival" in method
        tail = take_class(self._sums(p, above), label=places[above])
        if "log" not in method:
            return tail
        other = take_class(self._sums(p, not above), label=places[not above])
        sums = F.flip(log_running_sums(F.flip(log_p, -1)), -1) if above else log_running_sums(log_p)
        near_one = (tail.array > 0.5) & (other.array < 1)  # not where no count is left
        log_tail = take_class(sums, label=places[above])
        return F.where(near_one, F.log1p(-F.where(near_one, other, 0.0)), log_tail)

    def _expectation(self, f: Any) -> Variable:
        """The sum of p(x) f(x) over the table, f being given x and log p(x)."""
        log_p = self._log_p_table()
        x = self.xp.moveaxis(self._counts(log_p.shape[-1]), 0, -1)
        return (self._p_table() * f(x, log_p)).sum(axis=-1)

    def _entropy(self) -> Variable:
        return -self._expectation(lambda _x, log_p: F.where(log_p.array == -math.inf, 0.0, log_p))

    def _mean(self) -> Variable:
        return self._expectation(lambda x, _log_p: x)

    def _variance(self) -> Variable:
        mean = F.expand_dims(self.mean, -1)
        return self._expectation(lambda x, _log_p: (x - mean) * (x - mean))

    def _stddev(self) -> Variable:
        return sqrt_or_zero(self._variance())

    def _mode(self) -> Variable:
        index = self._log_p_table().array.argmax(axis=-1)
        return as_variable((index + self._ends[0]).astype(self.dtype))


# The search ------------------------------------------------------------------------------------------------


@hooks.opaque
def smallest_count(xp, u, *given, dist):
    """The smallest count x with P(X <= x) >= u; nan for u outside [0, 1].

    By bisection between two counts, one of which a theorem gives: a median is within a standard deviation of
    the mean. The other one, on the far side of the quantile, is guessed as for a sum of bounded variables
    (Bernstein), and moved until it is right.

    Args:
        xp: the namespace.
        u: probabilities, of a shape that broadcasts with the batch.
        *given: the parameters, as u in dtype.
        dist: a distribution whose parameters these are to be.
    """
    values = iter(given)
    dist = dist._map(lambda _value, _ndim: Variable(next(values), requires_grad=False))
    with no_backprop_mode(), np.errstate(all="ignore"):
        first, last = dist._ends
        u = xp.broadcast_to(u, np.broadcast_shapes(u.shape, dist.batch_shape))
        inside = (u > 0) & (u < 1)
        look = library(xp).host
        x, unknown = _search(xp, xp.where(inside, u, 0.5), dist, look)
        top = last
        if not look or (u == 1).any():  # 1 is reached at the first count if it is the only one
            top = xp.where(dist._tail("survival_function", first + 0 * u).array == 0, first, last)
        ends = xp.where(u == 0, first, xp.where(u == 1, top, math.nan))
        return xp.where(unknown, math.nan, xp.where(inside, x, ends)).astype(u.dtype)


def _search(xp, u, dist, look):
    """That count for 0 < u < 1, and where the cdf is nan."""
    first, last = dist._ends
    unknown = u != u

    def reached(x):
        nonlocal unknown
        y = dist._tail("cdf", xp.maximum(xp.minimum(x, last - 1), first)).array
        unknown = unknown | (y != y)
        return (x >= last) | ((x >= first) & ~(y < u))  # nan ends the search

    low, high, left = _bracket(xp, u, dist)
    step = high - low
    for _ in range(1200 if look else 64):
        wrong = reached(xp.where(left, low, high)) == left
        if look and not wrong.any():
            break
        new_low = xp.where(left, xp.maximum(low - step, first - 1), high)
        low, high = xp.where(wrong, new_low, low), xp.where(wrong, xp.where(left, low, high + step), high)
        step = 2 * step
    for _ in range(1200 if look else 64):
        middle = xp.floor(0.5 * low + 0.5 * high)
        between = (middle > low) & (middle < high)
        if look and not between.any():
            break
        enough = reached(middle)
        low, high = xp.where(between & ~enough, middle, low), xp.where(between & enough, middle, high)
    return high, unknown


def _bracket(xp, u, dist):
    """Counts below and not below the quantile, and whether it is the lower one that is a guess."""
    first, last = dist._ends
    kind = type(dist)
    if kind._mean is Lattice._mean or kind._variance is Lattice._variance:  # they would be sums over a table
        mean = spread = math.nan + u
    else:
        mean, spread = dist.mean.array, dist.stddev.array
    left = u < 0.5
    size = -xp.log(xp.minimum(u, 1 - u))
    far = size + spread * xp.sqrt(2 * size)
    low, high = xp.where(left, mean - far, mean - spread), xp.where(left, mean + spread, mean + far)
    known = (low > -math.inf) & (high < math.inf)
    low = xp.maximum(xp.where(known, xp.floor(low) - 1, first - 1), first - 1)
    high = xp.maximum(xp.minimum(xp.where(known, xp.ceil(high) + 1, first), last), low + 1)
    return low, high, left & known


def all_between(x: Variable, low: float, high: float) -> bool:
    """Whether all of x lies in [low, high]; False if that would need a device sync."""
    a = x.array
    return type(a) is np.ndarray and a.size > 0 and bool(a.min() >= low and a.max() <= high)
