"""Lattice distributions: their common properties, and sums in place of missing formulas."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable, differentiable, no_backprop_mode, promote, zero
from ...backend import hooks, special, to_cpu, truth
from ...numerics.probability import sqrt_or_zero
from ...numerics.roots import bracket_count, search_count
from ...numerics.tables import capped_sums, quantile_class, tail_by_table
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


on_lattice.derivative(x=zero, tail=lambda F, g, x, first, last: F.where((x >= first) & (x < last), g, 0.0))


class Lattice(Distribution):
    """Base of distributions of integers, from ``support.low`` to ``support.high``.

    A member defines its parameters, its support, ``_log_prob(x)`` at integers x of the support, and whatever
    has a closed form: any of ``_cdf(x)``, ``_survival_function(x)``, ``_log_cdf(x)``,
    ``_log_survival_function(x)`` at integers x from the first count to the last but one, moments,
    ``_entropy()``, ``_sample(shape, rng)``. One tail is enough; the others are derived from it.

    The base adds the steps between integers and the tails outside the support; quantiles, by a search for the
    smallest count whose cdf reaches the probability; the median; draws, as quantiles of uniform numbers.
    Whatever is not defined is summed over a table of the counts of non-negligible probability: from the
    lowest one to where the remainder is less than a rounding error of the sum. If the support is unbounded,
    such a table inspects values, is limited to two million counts, and cannot be traced.

    >>> import numpy as np
    >>> from pdist.distributions import Param, supports
    >>> class Geometric(Lattice):  # the number of failures before the first success
    ...     p, support = Param(supports.unit_interval), supports.non_negative_integer
    ...     def _log_prob(self, x):
    ...         return F.xlog1py(x, -self.p) + F.log(self.p)
    >>> d = Geometric(np.array(0.25))
    >>> [round(y.item(), 12) for y in (d.cdf(1), d.mean, d.variance, d.icdf(0.99))]
    [0.4375, 3.0, 12.0, 16.0]
    """

    _tabled = True  # whether no tail is defined

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
            return on_lattice(x, self._tail(method, self._whole(x)), first, last, *_OUTSIDE[method])

    def _whole(self, x: Variable) -> Any:
        """The counts at or below x; the first one if there is none, or if x is not below the last."""
        first, last = self._ends
        at = x.array if x.dtype.kind == "f" else x.array.astype(self.dtype)
        return self.xp.where((at >= first) & (at < last), self.xp.floor(at), first).astype(at.dtype)

    def _tail(self, method: str, at: Any) -> Variable:
        """A tail at counts: by the best of the formulas that the class defines, or by a table."""
        if self._tabled:
            index = self.xp.asarray(at - self._ends[0])
            top = None if method == "cdf" else index  # beyond the table a cdf is 1
            return tail_by_table(method, self._p_table(top), self._log_p_table(top), index)
        name, then = self._formulas[method]
        y = getattr(self, name)(as_variable(at))
        return y if then is None else then(y)

    def _deviation(self, x: Variable) -> Variable:
        """By the formula that a class states at counts, ``_deviation_at(x)``; 0 outside the support."""
        if not hasattr(self, "_deviation_at"):
            raise self._no_crps()
        first, last = self._ends
        return on_lattice(x, self._deviation_at(as_variable(self._whole(x))), first, last, 0.0, 0.0)

    # Quantiles and draws ------------------------------------------------------------------------------

    def _near(self, u: Any) -> Any:
        """Counts near the quantiles of u: a Normal's, if the moments are stated; else the first one."""
        first, kind = self._ends[0], type(self)
        if kind._mean is Lattice._mean or kind._variance is Lattice._variance:
            return first + 0 * u  # they would be sums over a table
        return self.xp.floor(self.mean.array + self.stddev.array * special(self.xp).ndtri(u))

    def _icdf(self, p: Variable) -> Variable:
        leaves = dict(self._leaves())
        u, *given = promote(type(self).__name__, ("p", *leaves), (p, *leaves.values()))
        if not self._tabled:
            return as_variable(smallest_count(self.xp, u.array, *[v.array for v in given], dist=self))
        first, last = self._ends
        x = first + quantile_class(self.xp, capped_sums(self._p_table()).array.astype(u.dtype), u.array)
        return as_variable(x if last is not math.inf else self.xp.where(u.array == 1, last, x))

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        u = self.xp.maximum(rng.random(shape), 2.0**-54)
        return as_variable(self._icdf(as_variable(u)).array.astype(self.dtype))

    # Sums over a table --------------------------------------------------------------------------------

    def _log_p_table(self, top: Any = None) -> Variable:
        """Logarithms of the probabilities of the counts from the lowest on, of shape ``[*batch, K]``."""
        log_p = F.moveaxis(self.log_prob(self._counts(self._size(top))), 0, -1)
        return F.copy(log_p)  # NumPy sums pairwise only along contiguous axes

    def _p_table(self, top: Any = None) -> Variable:
        return F.exp(self._log_p_table(top))

    def _counts(self, n: int) -> Any:
        """The first n counts on a new first axis."""
        x = self.xp.arange(n, dtype=self.dtype).reshape(n, *[1] * len(self.batch_shape))
        return x + self._ends[0]

    def _size(self, top: Any) -> int:
        """The number of counts in a table with accurate sums beyond ``top`` (the lowest count).

        Enough that the second half is negligible compared with the part of the first half beyond ``top``.
        """
        first, last = self._ends
        span = last if isinstance(last, float) else hooks.once(_greatest, last)
        least = first if isinstance(first, float) else -hooks.once(_greatest, -first)
        if hooks.current() is not None and span - least < 64:
            hooks.assume((last <= span) & (least <= first))
            return int(span - least) + 1
        top = 0 if top is None else int(to_cpu(top).max(initial=0))
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

    def _expectation(self, f: Any) -> Variable:
        """The sum of p(x) f(x) over the table."""
        p = self._p_table()
        return (p * f(self.xp.moveaxis(self._counts(p.shape[-1]), 0, -1))).sum(axis=-1)

    def _entropy(self) -> Variable:
        log_p = self._log_p_table()
        return -(F.exp(log_p) * F.where(log_p.array == -math.inf, 0.0, log_p)).sum(axis=-1)

    def _mean(self) -> Variable:
        return self._expectation(lambda x: x)

    def _variance(self) -> Variable:
        mean = F.expand_dims(self.mean, -1)
        return self._expectation(lambda x: (x - mean) * (x - mean))

    def _stddev(self) -> Variable:
        return sqrt_or_zero(self._variance())

    def _mode(self) -> Variable:
        index = self._log_p_table().array.argmax(axis=-1)
        return as_variable((index + self._ends[0]).astype(self.dtype))


# The search ------------------------------------------------------------------------------------------------


@hooks.opaque
def smallest_count(xp, u, *given, dist):
    """The smallest count x with P(X <= x) >= u, by a search; nan for u outside [0, 1].

    Args:
        xp: the namespace.
        u: probabilities, of a shape that broadcasts with the batch.
        *given: the parameters, those of inner distributions included, in the dtype of u.
        dist: a distribution to use with these parameters.
    """
    dist = dist._with_arrays(iter(given))
    with no_backprop_mode(), np.errstate(all="ignore"):
        first, last = dist._ends
        u = xp.broadcast_to(u, np.broadcast_shapes(u.shape, dist.batch_shape))
        inside = (u > 0) & (u < 1)
        some = xp.where(inside, u, 0.5)
        unknown = u != u

        def reached(x):
            nonlocal unknown
            y = dist._tail("cdf", xp.maximum(xp.minimum(x, last - 1), first)).array
            unknown = unknown | (y != y)
            return (x >= last) | ((x >= first) & ~(y < some))  # nan ends the search

        guess, step = _guess(xp, some, dist)
        x = search_count(xp, reached, *bracket_count(xp, reached, guess, xp.floor(step), first - 1))
        top = last
        if truth((u == 1).any()):  # 1 is reached at the first count if it is the only one
            top = xp.where(dist._tail("survival_function", first + 0 * u).array == 0, first, last)
        x = xp.where(inside, x, xp.where(u == 0, first, xp.where(u == 1, top, math.nan)))
        return xp.where(unknown, math.nan, x).astype(u.dtype)


def _greatest(a: Any) -> float:
    return float(to_cpu(a).max()) if a.size else 0.0


def _guess(xp, u, dist):
    """Counts near the quantiles, and a step from there that is no less than the rounding of the count."""
    first, last = dist._ends
    x = dist._near(u)
    x = xp.maximum(xp.minimum(xp.where(abs(x) < math.inf, x, first), last), first) + 0 * u
    return x, xp.maximum(float(xp.finfo(x.dtype).eps) * abs(x), 1)


def all_between(x: Variable, low: float, high: float) -> bool:
    """Whether all of x lies in [low, high]; False if checking would require a device sync."""
    a = x.array
    return type(a) is np.ndarray and a.size > 0 and bool(a.min() >= low and a.max() <= high)
