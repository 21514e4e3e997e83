"""Truncated: a distribution of numbers, given that they lie in an interval."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable, config, differentiable, no_backprop_mode, promote
from ...backend import hooks, truth
from ...numerics.roots import bracket_count, ended, search_count, search_root
from ..base.implicit import searched_quantile
from .bounds import Bounded


class Truncated(Bounded):
    r"""A distribution, given that what it draws lies in an interval, ends included.

    .. math:: p(x) = \frac{p_0(x)}{P_0(l \le X \le h)}, \quad l \le x \le h

    The probability of the interval is taken from the tails on the side where they are small, in logarithms,
    so that it may lie far out. Mean, variance and entropy have formulas for a Normal inside,
    those of :class:`TruncatedNormal`; of others there is ``moment(n, method="quadrature")``.

    Args:
        distribution: any distribution of numbers that has tails, of batch shape ``[*batch]``.
        low: the lower end l, of shape ``[*batch]``; by default -inf.
        high: the upper end h > l, of shape ``[*batch]``; by default inf. There must be some probability in
            between, else the density is nan.

    Samples are quantiles of uniform numbers, with gradients to all parameters unless they are counts.
    ``mode`` is that of the inner distribution moved into the interval, as is right for one peak.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapter 12.

    >>> import numpy as np
    >>> from pdist.distributions import Laplace, Poisson
    >>> d = Truncated(Laplace(0.0, np.array([1.0, 2.0])), low=50.0)
    >>> d.survival_function(51.0).array
    array([0.36787944, 0.60653066])
    >>> Truncated(Poisson(3.0), low=1.0).prob(np.array([0.0, 1.0])).array.round(6)
    array([0.      , 0.157187])
    """

    def _log_norm(self) -> Variable:
        return self.distribution.log_interval_probability(self._before, self.high)

    def _log_prob(self, x: Variable) -> Variable:
        return self.distribution.log_prob(x) - self._log_norm()

    def _log_shares(self, x: Variable, norm: Variable | None = None) -> tuple[Variable, Variable]:
        """The logarithms of both tails at x, each right unless it is near 0."""
        x, norm = self._clipped(x, self._before), self._log_norm() if norm is None else norm
        below = self.distribution.log_interval_probability(self._before, x)
        return below - norm, self.distribution.log_interval_probability(x, self.high) - norm

    def _log_cdf(self, x: Variable) -> Variable:
        return _better(*self._log_shares(x))

    def _log_survival_function(self, x: Variable) -> Variable:
        return _better(*self._log_shares(x)[::-1])

    def _icdf(self, p: Variable) -> Variable:
        """By a search; then Newton's steps from there carry the gradients."""
        params = self.params
        arguments = promote("Truncated.icdf", ("p", *params), (p, *params.values()))
        found = search_bounded_quantile(*[v.array for v in arguments], dist=self).array
        if self.support.discrete or not (config.enable_backprop and any(v.requires_grad for v in arguments)):
            return as_variable(found)
        ends = (found == self.low.array, found == self.high.array)
        inside = (abs(found) < math.inf) & ~ends[0] & ~ends[1]

        def place(x: Variable) -> tuple[Variable, Variable, Variable]:
            lower, upper = self._log_shares(x)
            return _better(lower, upper), _better(upper, lower), self.log_prob(x)

        start = self.xp.where(inside, found, self.support.inner(self.xp, found))
        moved = searched_quantile(found, inside, start, p, place)
        return F.where(ends[0], self.low, F.where(ends[1], self.high, moved))

    def _mode(self) -> Variable:
        if self.distribution.parts:
            raise self._no("mode")
        x = self.distribution.mode
        if not self.support.discrete:
            return self._clipped(x, self.low)
        low, high = F.ceil(self.low), F.floor(self.high)
        return F.minimum(F.maximum(F.cast(x, self.dtype), low), high)

    def _mean(self) -> Variable:
        return self._normal_between("mean").mean

    def _variance(self) -> Variable:
        return self._normal_between("variance").variance

    def _entropy(self) -> Variable:
        return self._normal_between("entropy").entropy

    def _crps(self, x: Variable) -> Variable:
        return self._normal_between("crps").crps(x)

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        u = rng.random(shape, dtype=self.dtype)
        return self._icdf(as_variable(self.xp.maximum(u, 2.0**-26)))  # 0 may be the quantile -inf

    def _has_pathwise(self, name: str) -> bool:
        return not self.support.discrete


def _better(y: Variable, other: Variable) -> Variable:
    """The logarithm of a share from that of the other one if that is less than a half."""
    near = other.array < -0.7
    return F.where(near, F.log1mexp(F.where(near, other, -1.0)), y)


@differentiable
@hooks.opaque
def search_bounded_quantile(xp, *arrays, dist):
    """The smallest x with P(X <= x) >= p; p comes first, then the parameters of a Truncated."""
    p, *parameters = arrays
    dist = dist._with_arrays(iter(parameters))
    with no_backprop_mode(), np.errstate(all="ignore"):
        support = dist.support
        p = xp.broadcast_to(p, np.broadcast_shapes(p.shape, dist.batch_shape))
        low, high = (xp.broadcast_to(v, p.shape).astype(p.dtype) for v in (support.low, support.high))
        some = xp.where((p > 0) & (p < 1), p, 0.5)
        if support.discrete:
            x = _search_count(xp, dist, some, xp.ceil(low), xp.floor(high))
            low, high = xp.ceil(low), xp.floor(high)
        else:
            x = _search_root(xp, dist, some, low, high)
        x = xp.where(p == 0, low, xp.where(p == 1, high, x))
        return xp.where((p >= 0) & (p <= 1), x, math.nan).astype(p.dtype)


def _search_count(xp, dist, p, low, high):
    start = xp.where(abs(low) < math.inf, low, xp.where(abs(high) < math.inf, high, xp.floor(_middle(dist))))

    def reached(x):
        return (x >= high) | ((x >= low) & ~(dist.cdf(xp.maximum(x, low)).array < p))  # nan ends the search

    inner = dist.distribution
    if "icdf" in inner._formulas:  # the inner quantile, or a neighbour of it
        share = xp.exp(dist._log_norm().array)
        x = xp.clip(inner.icdf(xp.minimum(inner.cdf(dist._before).array + p * share, 1)).array, low, high)
        enough, less = reached(x), reached(x - 1)
        found = xp.where(enough, xp.where(less, x - 1, x), x + 1)
        if truth((enough & ~less).all()):
            return found
    return search_count(xp, reached, *bracket_count(xp, reached, start, 1.0, low - 1))


def _search_root(xp, dist, p, low, high):
    """Newton's steps from the inner distribution's quantile; if some do not end, a search in a bracket."""
    upper = p > 0.5
    target = xp.where(upper, xp.log1p(-p), xp.log(p))
    norm = dist._log_norm()
    eps = float(np.finfo(p.dtype).eps)
    noise = 8 * eps * (1 + abs(target) + abs(norm.array))

    def f(x):
        lower, higher = dist._log_shares(as_variable(x), norm)
        tail = F.where(upper, _better(higher, lower), _better(lower, higher)).array
        error = xp.where(upper, target - tail, tail - target)
        log_p = dist.distribution.log_prob(x).array - norm.array
        return error, error * xp.exp(tail - log_p), noise

    if "icdf" in dist.distribution._formulas:
        inner = dist.distribution
        x = xp.clip(
            inner.icdf(xp.minimum(inner.cdf(dist.low).array + p * xp.exp(norm.array), 1)).array, low, high
        )
        done = x != x
        for i in range(8):
            error, step, _ = f(x)
            done = done | (abs(error) <= noise) | (abs(step) <= 2 * eps * abs(x))
            if ended(xp, done, i):
                return x
            x = xp.where(done | ~(abs(step) < math.inf), x, xp.clip(x - step, low, high))
        if truth((abs(f(x)[0]) <= 100 * noise).all()):  # the tails themselves are no better
            return x
    return search_root(xp, f, *_bracket(xp, f, dist, low, high))


def _bracket(xp, f, dist, low, high):
    """Finite ends between which the root lies, found by steps that double."""
    both = abs(low) < math.inf, abs(high) < math.inf
    start = xp.where(both[0], low, xp.where(both[1], high, _middle(dist)))
    a, b, step = xp.where(both[0], low, start), xp.where(both[1], high, start), 1.0
    for i in range(1000):
        up, down = ~both[1] & (f(b)[0] < 0), ~both[0] & (f(a)[0] > 0)
        if ended(xp, ~(up | down), i):
            break
        a, b, step = xp.where(down, a - step, a), xp.where(up, b + step, b), 2 * step
    return a, b


def _middle(dist: Any) -> Any:
    inner = dist.distribution
    return inner.icdf(0.5).array if "icdf" in inner._formulas else 0.0
