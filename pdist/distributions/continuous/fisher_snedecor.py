"""The FisherSnedecor distribution."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics import fisher
from ...numerics.constants import LARGEST, SMALLEST
from ...transforms.supports import positive
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..base.tails import FourTails
from ..families.draws import log_gamma_draws


class FisherSnedecor(FourTails, Distribution):
    r"""The F distribution, of the ratio of two variances that are estimated from independent Normal samples.

    .. math:: p(x) = \frac{1}{B(m/2, n/2)\, x} \cdot \frac{(m x)^{m/2} n^{n/2}}{(m x + n)^{(m + n)/2}},
        \quad x > 0

    Args:
        df1: the degrees of freedom m > 0 of the numerator, of shape ``[*batch]``.
        df2: the degrees of freedom n > 0 of the denominator, of shape ``[*batch]``.

    Samples carry implicit gradients in both. ``mean`` is inf for df2 up to 2. ``variance`` is inf for df2 in
    (2, 4], and nan where the mean is infinite; ``skewness`` is nan for df2 up to 6, ``kurtosis`` up to 8.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 2, chapter 27.

    >>> import numpy as np
    >>> d = FisherSnedecor(df1=2.0, df2=np.array([2.0, 4.0]))
    >>> d.survival_function(1.0).array
    array([0.5       , 0.44444444])
    """

    df1 = Param(positive)
    df2 = Param(positive)
    support = positive
    reparameterized = True
    undefined = frozenset({"mean", "variance", "stddev", "skewness", "kurtosis"})

    def _log_prob(self, x: Variable) -> Variable:
        return fisher.fisher_log_prob(x, self.df1, self.df2)

    def _any_tail(self, x: Variable, upper: bool, log: bool) -> Variable:
        return fisher.fisher_tail(F.maximum(x, 0.0), self.df1, self.df2, upper=upper, log=log)

    def _icdf(self, p: Variable) -> Variable:
        return fisher.fisher_quantile(p, self.df1, self.df2, upper=False)

    def _isf(self, q: Variable) -> Variable:
        return fisher.fisher_quantile(q, self.df1, self.df2, upper=True)

    def _entropy(self) -> Variable:
        return fisher.fisher_entropy(self.df1, self.df2)

    def _from(self, least: float, f: Any, otherwise: float) -> Variable:
        """f(m, n) where n exceeds ``least``."""
        there = self.df2.array > least
        return F.where(there, f(self.df1, F.where(there, self.df2, least + 1)), otherwise)

    def _mean(self) -> Variable:
        return self._from(2.0, lambda m, n: n / (n - 2) + 0 * m, math.inf)

    def _variance(self) -> Variable:
        def finite(m: Variable, n: Variable) -> Variable:
            mean = n / (n - 2)
            return 2 * mean * mean * ((m + n - 2) / m) / (n - 4)

        return F.where(self.df2.array > 2, self._from(4.0, finite, math.inf), math.nan)

    def _skewness(self) -> Variable:
        def finite(m: Variable, n: Variable) -> Variable:
            return (2 * m + n - 2) / (n - 6) * F.sqrt(8 * (n - 4) / m / (m + n - 2))

        return self._from(6.0, finite, math.nan)

    def _kurtosis(self) -> Variable:
        def finite(m: Variable, n: Variable) -> Variable:
            ratio = (n - 4) * (n - 2) / (m + n - 2) * (n - 2) / m
            return 12 * ((5 * n - 22) + ratio) / (n - 6) / (n - 8)

        return self._from(8.0, finite, math.nan)

    def _mode(self) -> Variable:
        m, n = self.df1, self.df2
        return F.maximum(m - 2, 0.0) / m * (n / (n + 2))

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        xp, m, n = self.xp, self.df1.array, self.df2.array
        h = log_gamma_draws(xp, rng, shape, 0.5 * m) - log_gamma_draws(xp, rng, shape, 0.5 * n)
        double = self.dtype.itemsize > 4
        low, high = math.log(SMALLEST[double]), math.log(LARGEST[double])
        x = xp.exp(xp.clip(h + xp.log(n.astype(float)) - xp.log(m.astype(float)), low, high))
        return fisher.moved_fisher(as_variable(x.astype(self.dtype)), self.df1, self.df2)
