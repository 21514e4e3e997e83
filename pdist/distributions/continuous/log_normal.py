"""The LogNormal distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable
from ...numerics.differences import exp_affine
from ...transforms.supports import positive, real
from ..base.parameters import Param
from ..base.weighted_data import Data
from ..families.location_scale import ExpLocationScale
from .normal import Normal, StandardNormal


class LogNormal(ExpLocationScale):
    r"""The distribution of e^Y for a Normal Y.

    .. math:: p(x) = \frac{1}{\sqrt{2 \pi} \sigma x} \exp\left(-\frac{(\log x - \mu)^2}{2 \sigma^2}\right)

    Args:
        mu: the mean of log X, of shape ``[*batch]``.
        sigma: the standard deviation of log X, > 0, of shape ``[*batch]``.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapter 14.

    >>> import numpy as np
    >>> d = LogNormal(mu=np.array([0.0, 1.0]), sigma=0.5)
    >>> d.log_prob(2.0).array
    array([-1.87984456, -1.10725584])
    >>> d.mean.array
    array([1.13314845, 3.08021685])
    """

    mu = Param(real)
    sigma = Param(positive)
    standard, scales = StandardNormal, {"sigma": "scale"}

    def _icdf(self, p: Variable) -> Variable:
        return exp_affine(self.mu, self.sigma, F.ndtri(p))

    def _mean(self) -> Variable:
        return exp_affine(self.mu, self.sigma, 0.5 * self.sigma)

    def _mode(self) -> Variable:
        return exp_affine(self.mu, self.sigma, -self.sigma)

    def _median(self) -> Variable:
        return F.exp(self.mu)

    def _variance(self) -> Variable:
        """(e^(sigma^2) - 1) e^(2 mu + sigma^2), in an order that overflows only if the result does."""
        root = exp_affine(self.mu, self.sigma, self.sigma)
        return -F.expm1(-self.sigma * self.sigma) * root * root

    def _stddev(self) -> Variable:
        return exp_affine(self.mu, self.sigma, self.sigma) * F.sqrt(-F.expm1(-self.sigma * self.sigma))

    def _moment(self, n: int) -> Variable:
        return F.exp(n * (self.mu + 0.5 * n * self.sigma * self.sigma))

    def _skewness(self) -> Variable:
        """(w + 2) sqrt(w - 1) with w = e^(sigma^2)."""
        square = self.sigma * self.sigma
        return (F.exp(square) + 2) * F.sqrt(F.expm1(square))

    def _kurtosis(self) -> Variable:
        """w^4 + 2 w^3 + 3 w^2 - 6, as (w - 1)(w^3 + 3 w^2 + 6 w + 6)."""
        square = self.sigma * self.sigma
        w = F.exp(square)
        return F.expm1(square) * (6 + w * (6 + w * (3 + w)))

    def _deviation(self, x: Variable) -> Variable:
        """m (Phi(z) - Phi(z - sigma)) at z = (log x - mu)/sigma."""
        inside = x.array > 0
        z = self._standardize(F.log(F.where(inside, x, 1.0)))
        share = Normal(0 * z.array, 1.0).interval_probability(z - self.sigma, z)
        return F.where(inside, self._mean() * share, 0.0)

    def _half_difference(self) -> Variable:
        return self._mean() * F.erf(0.5 * self.sigma)

    @classmethod
    def _fitted(cls, data: Data, mu: Any = None, sigma: Any = None) -> dict[str, Any]:
        y = np.log(data.values)
        mu = data.average(y) if mu is None else mu
        return {"mu": mu, "sigma": np.sqrt(data.average((y - mu) ** 2)) if sigma is None else sigma}
