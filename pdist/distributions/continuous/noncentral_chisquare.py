"""The NoncentralChisquare distribution."""

from __future__ import annotations

from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.counts import draw_counts
from ...numerics.noncentral import noncentral_log_prob, noncentral_mode
from ...numerics.noncentral_tails import moved_noncentral, noncentral_quantile, noncentral_tail
from ...transforms.supports import nonnegative, positive, positive_or_zero
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..base.tails import FourTails


class NoncentralChisquare(FourTails, Distribution):
    r"""The distribution of the sum of the squares of k Normals of variance 1, whose means are not 0.

    .. math:: p(x) = \frac{1}{2} e^{-(x + \lambda)/2} \left(\frac{x}{\lambda}\right)^{k/4 - 1/2}
        I_{k/2 - 1}\left(\sqrt{\lambda x}\right), \quad x \ge 0

    Args:
        k: the degrees of freedom k > 0, of shape ``[*batch]``; they need not be a whole number.
        nc: the noncentrality lambda >= 0, the sum of the squares of the means, of shape ``[*batch]``; 0 is a
            :class:`Chisquare`. The mean is k + lambda.

    Samples carry implicit gradients in both.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 2, chapter 29.

    >>> import numpy as np
    >>> d = NoncentralChisquare(k=2.0, nc=np.array([0.0, 5.0]))
    >>> d.survival_function(4.0).array
    array([0.13533528, 0.68537082])
    >>> d.icdf(0.5).array
    array([1.38629436, 6.03441302])
    """

    k = Param(positive)
    nc = Param(nonnegative)
    support = positive_or_zero
    reparameterized = True

    @property
    def _halves(self) -> tuple[Variable, Variable]:
        return 0.5 * self.k, 0.5 * self.nc

    def _log_prob(self, x: Variable) -> Variable:
        return noncentral_log_prob(0.5 * x, *self._halves)

    def _any_tail(self, x: Variable, upper: bool, log: bool) -> Variable:
        return noncentral_tail(0.5 * F.maximum(x, 0.0), *self._halves, upper=upper, log=log)

    def _icdf(self, p: Variable) -> Variable:
        return 2 * noncentral_quantile(p, *self._halves, upper=False)

    def _isf(self, q: Variable) -> Variable:
        return 2 * noncentral_quantile(q, *self._halves, upper=True)

    def _mean(self) -> Variable:
        return self.k + self.nc

    def _mode(self) -> Variable:
        return 2 * noncentral_mode(*self._halves)

    def _variance(self) -> Variable:
        return 2 * (self.k + 2 * self.nc)

    def _skewness(self) -> Variable:
        """2^(3/2) (k + 3 lambda)/(k + 2 lambda)^(3/2)."""
        spread = self.k + 2 * self.nc
        return F.sqrt(8 / spread) * ((self.k + 3 * self.nc) / spread)

    def _kurtosis(self) -> Variable:
        spread = self.k + 2 * self.nc
        return 12 / spread * ((self.k + 4 * self.nc) / spread)

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        """Twice a Gamma of the shape k/2 + N with a Poisson count N."""
        a, r = self._halves
        counts = draw_counts(self.xp, r.array, shape, rng)
        y = rng.standard_gamma(a.array + counts, shape)
        return 2 * moved_noncentral(as_variable(y.astype(self.dtype)), a, r)
