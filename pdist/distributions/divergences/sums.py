"""Expectations over counts: sums over a lattice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable
from ...backend import hooks, to_cpu, truth
from ...transforms.supports import Support, interval
from .integrals import integral, narrowed, widened
from .integrands import MOST, Integrand, has_quantiles, numbers_at_once, weighted

_MOST_COUNTS = 1_000_000
_FIRST = 2**14  # counts that are added up if there are more of them
_NEVER = 1e-37  # a negligible probability, representable also in float32
_MARGIN = 64  # counts beyond the outermost quantiles


def lattice_sum(p: Any, q: Any, f: Integrand) -> tuple[Variable, Any]:
    """E_p[f(log p(X), log q(X))] over all values of non-negligible probability, in blocks, and its error."""
    if p._atoms is None and hooks.current() is None and _are_too_many(p):
        return narrowed(*_sum_and_integral(widened(p), widened(q), f), np.result_type(p.dtype, q.dtype))
    total: Any = 0.0
    mass: Any = 0.0
    size: Any = 0.0
    for x in _values(p, max(1, MOST // numbers_at_once(p, q))):
        y, probability = weighted(p, q, f, x)
        total = total + F.sum(y, axis=0)
        mass = mass + probability.array.sum(axis=0)
        size = size + abs(y.array).sum(axis=0)
    eps = float(np.finfo(total.dtype).eps)
    error = 4 * eps * size + abs(1 - mass) * p.xp.maximum(size, 1)
    return total, p.xp.where(abs(total.array) < np.inf, error, 0)


def _are_too_many(p: Any) -> bool:
    """Whether there are more counts than can be added up, and floats between them."""
    if not has_quantiles(p):
        return False
    low, high = _ends(p)
    return _width(low, high) > _MOST_COUNTS and truth((abs(low) < 2.0**50).all())


def _sum_and_integral(p: Any, q: Any, f: Integrand) -> tuple[Variable, Any]:
    """The first counts one by one, and the others by an integral.

    A sum of g(k) from K on is the integral of g from K - 1/2 on, and g'(K - 1/2)/24, as far as g is smooth
    (Euler and Maclaurin).
    """
    low = _ends(p)[0]
    steps = p.xp.arange(_FIRST, dtype=p.dtype).reshape((-1,) + (1,) * len(p.batch_shape))
    y, _ = weighted(p, q, f, low + steps)
    start = low + _FIRST - 0.5
    last = y[-1] - y[-2]
    head, rest = F.sum(y, axis=0) + last / 24, integral(Smooth(p, start), Smooth(q, start), f)
    error = rest[1] + abs(last.array) / 24 + 4 * float(np.finfo(y.dtype).eps) * abs(y.array).sum(axis=0)
    return head + rest[0], error


class Smooth:
    """A distribution of counts as one of numbers, from a number on: its formulas hold between counts too."""

    def __init__(self, d: Any, start: Any) -> None:
        self.d, self.start = d, start

    def __getattr__(self, name: str) -> Any:
        return getattr(self.d, name)

    def _map(self, function: Any) -> Smooth:
        return Smooth(self.d._map(function), self.start)

    def _with_arrays(self, arrays: Any) -> Smooth:
        return Smooth(self.d._with_arrays(arrays), self.start)

    def _components(self) -> list[Any]:
        return [self]

    def _breakpoints(self) -> list[Any]:
        return []

    @property
    def support(self) -> Support:
        """The numbers from the start on."""
        start, high = self.start, self.d.support.high + 0.5
        return interval(start, high, "[start, high]")

    @property
    def _whole_mass(self) -> Any:
        return self.d.survival_function(self.start).array

    def log_prob(self, x: Any) -> Variable:
        with np.errstate(all="ignore"):
            return self.d._log_prob(as_variable(x))

    def icdf(self, u: Any) -> Variable:
        x = self.d.icdf(u).array
        return as_variable(self.d.xp.maximum(x, self.start).astype(x.dtype))

    def cdf(self, x: Variable) -> Variable:
        return 0 * x  # next to the start

    _log_prob, _icdf = log_prob, icdf


def _values(p: Any, at_once: int) -> Iterator[Any]:
    """The values, so many at a time, on a new first axis."""
    if p._atoms is not None:
        table = p.xp.moveaxis(p._atoms, -1, 0)
        yield from (table[i : i + at_once] for i in range(0, len(table), at_once))
        return
    first, n = _counts(p)
    for start in range(0, n, at_once):
        steps = p.xp.arange(start, min(start + at_once, n), dtype=p.dtype)
        yield first + steps.reshape((-1,) + (1,) * len(p.batch_shape))


def _counts(p: Any) -> tuple[Any, int]:
    """The first count of non-negligible probability of each distribution, and how many follow at most."""
    low, high = _ends(p)
    n = hooks.once(_width, low, high)
    if n < 0:
        raise ValueError(
            f"quadrature: {type(p).__name__} has no quantiles that determine the counts to sum over: "
            "use method='monte_carlo'"
        )
    if n > _MOST_COUNTS:
        raise ValueError(f"quadrature over {n} values of {type(p).__name__}: use method='monte_carlo'")
    if hooks.current() is not None:
        n = 1 << (n - 1).bit_length()  # a replay may need some more
        hooks.assume(high - low < n)
    return low, n


def _width(low: Any, high: Any) -> int:
    """The number of counts of the widest range, parameters that are nan aside; -1 if that is infinite."""
    width = float(np.nanmax(to_cpu(high - low), initial=0))
    return int(width) + 1 if width < np.inf else -1


def _ends(p: Any) -> tuple[Any, Any]:
    """The first and the last count of non-negligible probability of each distribution."""
    xp, support = p.xp, p.support
    ends = [
        xp.asarray(end, dtype=p.dtype) + xp.zeros(p.batch_shape, p.dtype)
        for end in (support.low, support.high)
    ]
    if not has_quantiles(p):
        return ends[0], ends[1]
    low = p.icdf(_NEVER).array - _MARGIN
    high = p.icdf(1 - float(np.finfo(p.dtype).eps)).array + _MARGIN
    return xp.maximum(low, ends[0]), xp.minimum(high, ends[1])
