"""The Skellam distribution."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.constants import HALF_LOG_2PIE, LARGEST
from ...numerics.counts import draw_counts
from ...numerics.double import is_double
from ...numerics.skellam import skellam_log_prob, skellam_tail
from ...transforms.supports import integer, nonnegative
from ..base.parameters import Param
from ..base.tails import FourTails
from ..families.lattice import Lattice

_REACH = 96  # nodes on either side of the mean in sums for the entropy
_WIDE = (1e4, 1e8)  # variances from which on the entropy is a series


class Skellam(FourTails, Lattice):
    r"""The difference of two independent Poisson counts.

    .. math:: P(x) = e^{-(\lambda_1 + \lambda_2)} (\lambda_1/\lambda_2)^{x/2}
        I_{|x|}(2 \sqrt{\lambda_1 \lambda_2})

    Args:
        rate1: the rate lambda_1 >= 0 of the first count, of shape ``[*batch]``.
        rate2: the rate lambda_2 >= 0 of the count that is taken off, of shape ``[*batch]``.

    Samples have the dtype of the parameters, and carry no gradients. Where a rate is 0 a slope may be
    infinite; the gradient is then 0.

    Source:
        J. G. Skellam, "The frequency distribution of the difference between two Poisson variates belonging to
        different populations", Journal of the Royal Statistical Society 109 (1946).

    >>> import numpy as np
    >>> d = Skellam(rate1=np.array([1.0, 4.0]), rate2=2.0)
    >>> d.prob(0).array
    array([0.21171208, 0.12197581])
    >>> d.icdf(0.9).array
    array([1., 5.])
    """

    rate1 = Param(nonnegative)
    rate2 = Param(nonnegative)
    support = integer

    @property
    def _ends(self) -> tuple[Any, Any]:
        return -LARGEST[is_double(self._leading.array)], math.inf

    def _log_prob(self, x: Variable) -> Variable:
        return skellam_log_prob(x, self.rate1, self.rate2)

    def _any_tail(self, x: Variable, upper: bool, log: bool) -> Variable:
        return skellam_tail(x, self.rate1, self.rate2, upper=upper, log=log)

    def _icdf(self, p: Variable) -> Variable:
        x = super()._icdf(p).array
        return as_variable(self.xp.where(x <= self._ends[0], -math.inf, x).astype(x.dtype))

    def _entropy(self) -> Variable:
        """By the trapezoidal rule over counts, as dense as the spread asks for; else a series."""
        xp, variance, mean = self.xp, self._variance(), self._mean()
        wide = _WIDE[is_double(variance.array)]
        some = xp.minimum(variance.array, wide)
        step = xp.maximum(xp.floor(0.25 * xp.sqrt(some)), 1)
        j = xp.arange(-_REACH, _REACH + 1, dtype=self.dtype).reshape((-1,) + (1,) * len(self.batch_shape))
        rates = [F.where(variance.array < wide, rate, 1.0) for rate in (self.rate1, self.rate2)]
        log_p = skellam_log_prob(xp.floor(xp.where(variance.array < wide, mean.array, 0)) + j * step, *rates)
        log_p = F.where(log_p.array == -math.inf, 0.0, log_p)
        near = -step * F.sum(F.exp(log_p) * log_p, axis=0)
        large = F.maximum(variance, 1.0)
        far = 0.5 * F.log(large) + HALF_LOG_2PIE - mean * mean / large / large / (12 * large)
        return F.where(variance.array < wide, near, far)

    def _mean(self) -> Variable:
        return self.rate1 - self.rate2

    def _variance(self) -> Variable:
        return self.rate1 + self.rate2

    def _mode(self) -> Variable:
        """The likeliest of the counts near the mean, the least if there are two."""
        x = self.xp.floor(self._mean().array) - 1
        best = skellam_log_prob.kernel(self.xp, x, self.rate1.array, self.rate2.array)
        mode = x
        for k in (1.0, 2.0, 3.0):
            y = skellam_log_prob.kernel(self.xp, x + k, self.rate1.array, self.rate2.array)
            mode, best = self.xp.where(y > best, x + k, mode), self.xp.maximum(y, best)
        return as_variable(mode)

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        first, second = (
            draw_counts(self.xp, rate.array, shape, rng) * 1.0 for rate in (self.rate1, self.rate2)
        )
        return as_variable((first - second).astype(self.dtype))
