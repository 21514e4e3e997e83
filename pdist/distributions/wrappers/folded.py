"""Folded: the distribution of the absolute value of a number."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable, config, differentiable, no_backprop_mode, promote
from ...backend import hooks
from ...numerics.roots import search_count, search_root
from ...transforms.supports import Support
from ..base.distribution import Distribution
from ..base.implicit import searched_quantile
from ..base.parameters import Part


class Folded(Distribution):
    r"""The distribution of the absolute value of what is drawn from another one.

    .. math:: p(x) = p_0(x) + p_0(-x), \quad P(X \le x) = P_0(-x \le X_0 \le x), \quad x \ge 0

    Args:
        distribution: any distribution of numbers that has tails, of batch shape ``[*batch]``.

    The lower tail near 0 is as exact as the inner ``interval_probability`` of narrow intervals: that of a
    Normal and of counts to the last digits, others to those that two tails differ in.

    Samples carry the gradients of the inner ones. Mean and variance have formulas where the inner one has
    that of a mean deviation (as for ``crps``); of others there is ``moment(n, method="quadrature")``.

    Source:
        F. C. Leone, L. S. Nelson and R. B. Nottingham, "The folded normal distribution", Technometrics 3
        (1961).

    >>> import numpy as np
    >>> from pdist.distributions import Normal
    >>> d = Folded(Normal(np.array([0.0, 1.0]), 1.0))
    >>> d.cdf(1.0).array
    array([0.68268949, 0.47724987])
    >>> d.mean.array
    array([0.79788456, 1.16663094])
    """

    distribution = Part()

    def _take(self, names: tuple[str, ...], values: list[Any]) -> None:
        inner = dict(zip(names, values, strict=True)).get("distribution")
        if isinstance(inner, Distribution):
            whole = inner._atoms is None
            if inner.event_shape or "cdf" not in inner._formulas or inner.support.period or not whole:
                wanted = "one of numbers on the line, or of counts, with a cdf"
                raise ValueError(f"Folded: distribution is {inner!r}; expected {wanted}")
        super()._take(names, values)

    @property
    def support(self) -> Support:
        """The absolute values of the inner support."""
        inner, xp = self.distribution.support, self.xp
        low, high = (xp.asarray(end, dtype=self.dtype) for end in (inner.low, inner.high))
        least, most = xp.maximum(xp.maximum(low, -high), 0), xp.maximum(abs(low), abs(high))

        def contains(xp: Any, x: Any) -> Any:
            return (x >= 0) & (inner.test(xp, x) | inner.test(xp, -1.0 * x))

        def inside(xp: Any, x: Any) -> Any:
            value = inner.inner(xp, x) if callable(inner.inner) else inner.inner
            return abs(xp.asarray(value, dtype=self.dtype))

        return replace(
            inner, name=f"|{inner.name}|", test=contains, inner=inside, low=least, high=most, wanted=""
        )

    def _below(self, x: Variable) -> Variable:
        """The largest number below -x that has probability, for counts; else -x itself."""
        return -x - 1 if self.distribution.support.discrete else -x

    def _log_prob(self, x: Variable) -> Variable:
        x = self._number(x)
        right, left = self.distribution.log_prob(x), self.distribution.log_prob(-x)
        y = _log_sum(right, left)
        return F.where(x.array == 0, right, y) if self.distribution.support.discrete else y

    def _whole(self, x: Variable) -> Variable:
        """x, for counts rounded down, and at least 0."""
        x = F.where(x.array < 0, 0.0, self._number(x))
        return F.floor(x) if self.distribution.support.discrete else x

    def _number(self, x: Variable) -> Variable:
        """x as a floating number, which has a negative."""
        return x if x.dtype.kind == "f" else F.cast(x, self.dtype)

    def _cdf(self, x: Variable) -> Variable:
        y = self.distribution.interval_probability(self._below(self._whole(x)), self._whole(x))
        return F.where(x.array < 0, 0.0, y)

    def _log_cdf(self, x: Variable) -> Variable:
        y = self.distribution.log_interval_probability(self._below(self._whole(x)), self._whole(x))
        return F.where(x.array < 0, -math.inf, F.minimum(y, 0.0))

    def _survival_function(self, x: Variable) -> Variable:
        at = self._whole(x)
        y = self.distribution.survival_function(at) + self.distribution.cdf(self._below(at))
        below = self._cdf(x)
        return F.where(below.array < 0.5, 1 - below, y)

    def _log_survival_function(self, x: Variable) -> Variable:
        at = self._whole(x)
        y = _log_sum(self.distribution.log_survival_function(at), self.distribution.log_cdf(self._below(at)))
        below = self._cdf(x)
        near = below.array < 0.5
        return F.where(near, F.log1p(-F.where(near, below, 0.0)), y)

    def _icdf(self, p: Variable) -> Variable:
        """By a search; then Newton's steps from there carry the gradients."""
        arguments = promote("Folded.icdf", ("p", *self.params), (p, *self.params.values()))
        found = search_folded_quantile(*[v.array for v in arguments], dist=self).array
        if self.support.discrete or not (config.enable_backprop and any(v.requires_grad for v in arguments)):
            return as_variable(found)
        inside = (found > self.support.low) & (found < self.support.high)
        start = self.xp.where(inside, found, self.support.inner(self.xp, found))
        place = lambda x: (self._log_cdf(x), self._log_survival_function(x), self._log_prob(x))
        return searched_quantile(found, inside, start, p, place)

    def _mean(self) -> Variable:
        """E|X|: the distance from 0."""
        return abs(self.distribution.mean) + self._excess()

    def _variance(self) -> Variable:
        """That of X, less what its mean lacks of E|X|, times the sum of both."""
        size = abs(self.distribution.mean)
        excess = self._excess()
        return self.distribution.variance - excess * (2 * size + excess)

    def _excess(self) -> Variable:
        """E|X| - |E X|, twice the mean of |X| on the side of 0 where E X does not lie."""
        inner = self.distribution
        zero = as_variable(self.xp.zeros(inner.batch_shape, inner.dtype))
        try:
            mean, deviation = inner.mean, inner._deviation(zero)
        except (AttributeError, NotImplementedError):
            raise self._no(f"formula for moments of a {type(inner).__name__}") from None
        right = mean.array > 0
        other = F.where(right, inner.cdf(zero), inner.survival_function(zero))
        return 2 * (deviation - abs(mean) * other)

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        lead = shape[: len(shape) - len(self.batch_shape)]
        return abs(self.distribution.sample(lead, rng))

    def _breakpoints(self) -> list[Variable]:
        inner, xp = self.distribution, self.xp
        ends = [xp.asarray(end, dtype=self.dtype) for end in (inner.support.low, inner.support.high)]
        finite = [as_variable(xp.where(abs(end) < math.inf, abs(end), 0)) for end in ends]
        return [abs(place) for place in inner._breakpoints()] + [
            F.broadcast_to(end, self.batch_shape) for end in finite
        ]


def _log_sum(a: Variable, b: Variable) -> Variable:
    """log(e^a + e^b)."""
    return F.logsumexp(F.stack([a, b]), axis=0)


@differentiable
@hooks.opaque
def search_folded_quantile(xp, *arrays, dist):
    """The x with P(|X| <= x) = p, or the smallest count; p comes first, then the parameters of a Folded."""
    p, *parameters = arrays
    dist = dist._with_arrays(iter(parameters))
    inner = dist.distribution
    with no_backprop_mode(), np.errstate(all="ignore"):
        p = xp.broadcast_to(p, np.broadcast_shapes(p.shape, dist.batch_shape))
        some = xp.where((p > 0) & (p < 1), p, 0.5)
        upper = some > 0.5
        target = xp.where(upper, xp.log1p(-some), xp.log(some))
        rest = 0.5 * (1 - some)
        high = xp.maximum(abs(inner.isf(rest).array), abs(inner.icdf(rest).array))

        def excess(x):
            x = as_variable(x)
            below, beyond = dist._log_cdf(x).array, dist._log_survival_function(x).array
            return xp.where(upper, target - beyond, below - target), xp.where(upper, beyond, below)

        if dist.support.discrete:
            x = search_count(xp, lambda n: excess(n)[0] >= 0, xp.full_like(high, -1), xp.ceil(high) + 1)
        else:
            noise = 4 * float(np.finfo(p.dtype).eps) * (1 + abs(target))

            def newton(x):
                error, tail = excess(x)
                return error, error * xp.exp(tail - dist._log_prob(as_variable(x)).array), noise

            x = search_root(xp, newton, xp.zeros_like(high), high * (1 + 1e-6) + 1e-300)
        low, most = (xp.broadcast_to(v, p.shape) for v in (dist.support.low, dist.support.high))
        x = xp.where(p == 0, low, xp.where(p == 1, most, x))
        return xp.where((p >= 0) & (p <= 1), x, math.nan).astype(p.dtype)
