"""The Poisson distribution."""

from __future__ import annotations

from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.bessel import bessel_ratio, log_i0e
from ...numerics.counts import draw_counts
from ...numerics.poisson import (
    poisson_cdf,
    poisson_entropy,
    poisson_log_cdf,
    poisson_log_prob,
    poisson_log_survival,
    poisson_survival,
)
from ...transforms.supports import non_negative_integer, nonnegative
from ..base.parameters import Param
from ..base.weighted_data import Data
from ..families.lattice import Lattice


class Poisson(Lattice):
    r"""The Poisson distribution: the number of independent events at rate lam.

    .. math:: P(x) = \frac{\lambda^x e^{-\lambda}}{x!}

    Args:
        lam: the rate lambda >= 0, of shape ``[*batch]``.

    Samples are counts: they have the dtype of the parameters, and carry no gradients. If lam = 0, a
    derivative may be infinite; the gradient is then 0.

    Source:
        C. Loader, "Fast and accurate computation of binomial probabilities" (2000), for the density;
        R. J. Evans and J. Boersma, "The entropy of a Poisson distribution" (1988), for that of large rates.

    >>> import numpy as np
    >>> d = Poisson(np.array([0.0, 2.0]))
    >>> d.prob(0).array
    array([1.        , 0.13533528])
    >>> d.icdf(0.9).array
    array([0., 4.])
    """

    lam = Param(nonnegative)
    support = non_negative_integer

    def _log_prob(self, x: Variable) -> Variable:
        return poisson_log_prob(x, self.lam)

    def _cdf(self, x: Variable) -> Variable:
        return poisson_cdf(x, self.lam)

    def _survival_function(self, x: Variable) -> Variable:
        return poisson_survival(x, self.lam)

    def _log_cdf(self, x: Variable) -> Variable:
        return poisson_log_cdf(x, self.lam)

    def _log_survival_function(self, x: Variable) -> Variable:
        return poisson_log_survival(x, self.lam)

    def _entropy(self) -> Variable:
        return poisson_entropy(self.lam)

    def _mean(self) -> Variable:
        return self.lam

    _variance = _mean

    def _skewness(self) -> Variable:
        return 1 / F.sqrt(self.lam)

    def _kurtosis(self) -> Variable:
        return 1 / self.lam

    def _mode(self) -> Variable:
        return F.floor(self.lam)

    def _deviation_at(self, x: Variable) -> Variable:
        return self.lam * F.exp(self._log_prob(x))

    def _half_difference(self) -> Variable:
        """lambda e^(-2 lambda) (I0(2 lambda) + I1(2 lambda))."""
        return self.lam * F.exp(log_i0e(2 * self.lam)) * (1 + bessel_ratio(2 * self.lam))

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return as_variable(draw_counts(self.xp, self.lam.array, shape, rng).astype(self.dtype))

    @classmethod
    def _fitted(cls, data: Data) -> dict[str, Any]:
        return {"lam": data.mean}
