"""The Empirical distribution."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.probability import sqrt_or_zero
from ...numerics.tables import take_class
from ...transforms.supports import Support, real
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..base.scores import crps_of_atoms


class Empirical(Distribution):
    r"""The distribution of data: each of the n values has probability 1/n, and equal ones together more.

    .. math:: P(x) = \frac{1}{n} \sum_i [x = x_i]

    Args:
        samples: the data, of shape ``[*batch, n]``, in any order.

    Samples and quantiles are some of the data, and carry gradients to them.

    Source:
        B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979).

    >>> import numpy as np
    >>> d = Empirical(np.array([3.0, 1.0, 1.0, 7.0]))
    >>> d.prob(1.0).array, d.cdf(3.5).array
    (array(0.5), array(0.75))
    >>> d.icdf(0.9).array
    array(7.)
    """

    samples = Param(real, event_ndim=1)
    reparameterized = frozenset({"samples"})

    @property
    def support(self) -> Support:
        """The data."""
        v = self.samples.array
        test = lambda xp, x: (x[..., None] == v).any(axis=-1)
        low, high = v.min(axis=-1), v.max(axis=-1)
        return Support("{samples}", test, discrete=True, inner=low, low=low, high=high)

    @property
    def _n(self) -> int:
        return int(self.samples.shape[-1])

    @property
    def _atoms(self) -> Any:
        """The data, the first of equal ones alone: the others are replaced by what has no probability."""
        v = self.xp.sort(self.xp.broadcast_to(self.samples.array, (*self.batch_shape, self._n)), axis=-1)
        again = self.xp.concatenate([v[..., :1] != v[..., :1], v[..., 1:] == v[..., :-1]], axis=-1)
        return self.xp.where(again, math.inf, v)

    def _share(self, which: Any, x: Variable) -> Variable:
        """The share of the data for which a comparison with x holds."""
        at = x.array[..., None]
        count = which(self.samples.array, at).sum(axis=-1)
        dtype = self.xp.result_type(x.dtype, self.dtype) if x.dtype.kind == "f" else self.dtype
        return as_variable(self.xp.where(x.array == x.array, count / self._n, math.nan).astype(dtype))

    def _log_prob(self, x: Variable) -> Variable:
        """It jumps, so that all slopes are 0."""
        return F.log(self._share(lambda v, at: v == at, x)) + 0 * F.sum(self.samples, axis=-1) + 0 * x.array

    def _cdf(self, x: Variable) -> Variable:
        return self._share(lambda v, at: v <= at, x)

    def _survival_function(self, x: Variable) -> Variable:
        return self._share(lambda v, at: v > at, x)

    def _pick(self, index: Any) -> Variable:
        """The data of those indices, with gradients."""
        return take_class(F.broadcast_to(self.samples, (*self.batch_shape, self._n)), label=index)

    def _icdf(self, p: Variable) -> Variable:
        """The smallest value that no less than the share p of the data does not exceed."""
        rank = self._rank(p)
        return self._at(p, rank + (self._rounded(rank, p) < p.array) - 1)

    def _isf(self, q: Variable) -> Variable:
        """The smallest value that no more than the share q of the data exceeds."""
        rank = self._rank(q)
        return self._at(q, self._n - 1 - rank - (self._rounded(rank + 1, q) <= q.array))

    def log_icdf(self, log_p: Any) -> Variable:
        """The quantile of e^log_p."""
        log_p = self._value(log_p, "log_icdf", "log_p")
        return self.icdf(F.exp(F.where(log_p.array <= 0, log_p, math.nan)))

    def _rank(self, p: Variable) -> Any:
        xp = self.xp
        return xp.floor(xp.where(p.array == p.array, p.array, 0).astype(float) * self._n)

    def _rounded(self, rank: Any, p: Variable) -> Any:
        """A share as tails round it."""
        return (rank / self._n).astype(p.dtype)

    def _at(self, p: Variable, rank: Any) -> Variable:
        """The values of those ranks from 0 on; nan where p is."""
        xp, n = self.xp, self._n
        order = xp.argsort(xp.broadcast_to(self.samples.array, (*self.batch_shape, n)), axis=-1)
        label = take_class.kernel(xp, order, label=xp.clip(rank, 0, n - 1).astype(xp.int64))
        return F.where(p.array == p.array, self._pick(label) + 0 * p, math.nan)

    def _mean(self) -> Variable:
        return F.mean(self.samples, axis=-1)

    def _variance(self) -> Variable:
        away = self.samples - F.expand_dims(self._mean(), -1)
        return F.mean(away * away, axis=-1)

    def _stddev(self) -> Variable:
        return sqrt_or_zero(self._variance())

    def _entropy(self) -> Variable:
        """That of the shares: the mean of -log P over the data."""
        v = self.samples.array
        equal = (v[..., :, None] == v[..., None, :]).sum(axis=-1)
        return as_variable(-self.xp.log(equal / self._n).mean(axis=-1).astype(self.dtype))

    def _mode(self) -> Variable:
        """The most frequent value; the least of several."""
        xp = self.xp
        v = xp.broadcast_to(self.samples.array, (*self.batch_shape, self._n))
        equal = (v[..., :, None] == v[..., None, :]).sum(axis=-1)
        best = xp.where(equal == equal.max(axis=-1, keepdims=True), v, math.inf)
        return self._pick(best.argmin(axis=-1))

    def _crps(self, x: Variable) -> Variable:
        xp, n = self.xp, self._n
        values = F.broadcast_to(self.samples, (*self.batch_shape, n))
        values = F.take_along_axis(values, xp.argsort(values.array, axis=-1), -1)
        return crps_of_atoms(x, values, 1 / n, xp.arange(1, n, dtype=self.dtype) / n)

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        index = self.xp.floor(rng.random(shape) * self._n).astype(self.xp.int64)
        return self._pick(self.xp.minimum(index, self._n - 1))
