"""The sum of a Normal and an exponential variable."""

from __future__ import annotations

from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.exponentially_modified import emg_log_prob, emg_mode, emg_quantile, emg_tail
from ...transforms.supports import positive, real
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..base.tails import FourTails


class ExponentiallyModifiedGaussian(FourTails, Distribution):
    r"""The distribution of the sum of a Normal variable and an independent exponential one.

    .. math:: p(x) = \lambda e^{\lambda (\mu - x) + \lambda^2 \sigma^2/2}
        \, \Phi\left(\frac{x - \mu}{\sigma} - \lambda \sigma\right)

    Args:
        loc: mu, the mean of the Normal, of shape ``[*batch]``.
        scale: its standard deviation sigma > 0, of shape ``[*batch]``.
        rate: the rate lambda > 0 of the exponential variable, of shape ``[*batch]``; the mean is
            mu + 1/lambda.

    Samples carry gradients to all parameters.

    Source:
        E. Grushka, "Characterization of exponentially modified Gaussian peaks in chromatography", Analytical
        Chemistry 44 (1972).

    >>> import numpy as np
    >>> d = ExponentiallyModifiedGaussian(loc=0.0, scale=1.0, rate=np.array([0.5, 2.0]))
    >>> d.mean.array
    array([2. , 0.5])
    >>> d.cdf(1.0).array
    array([0.36611001, 0.68268949])
    """

    loc = Param(real)
    scale = Param(positive)
    rate = Param(positive)
    support = real
    reparameterized = True

    @property
    def _where(self) -> tuple[Variable, ...]:
        return self.loc, self.scale, self.rate

    def _log_prob(self, x: Variable) -> Variable:
        return emg_log_prob(x, *self._where)

    def _any_tail(self, x: Variable, upper: bool, log: bool) -> Variable:
        return emg_tail(x, *self._where, upper=upper, log=log)

    def _icdf(self, p: Variable) -> Variable:
        return emg_quantile(p, *self._where, upper=False)

    def _isf(self, q: Variable) -> Variable:
        return emg_quantile(q, *self._where, upper=True)

    def _mean(self) -> Variable:
        return self.loc + 1 / self.rate

    def _mode(self) -> Variable:
        return self.loc + self.scale * emg_mode(self.scale * self.rate)

    def _variance(self) -> Variable:
        return self.scale * self.scale + 1 / self.rate / self.rate

    def _skewness(self) -> Variable:
        """2/(1 + k^2)^(3/2) with k = rate scale."""
        k = self.rate * self.scale
        root = F.sqrt(1 + k * k)
        return 2 / (root * root * root)

    def _kurtosis(self) -> Variable:
        """6/(1 + k^2)^2."""
        k = self.rate * self.scale
        return 6 / ((1 + k * k) * (1 + k * k))

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        normal = as_variable(rng.standard_normal(shape, dtype=self.dtype))
        waiting = as_variable(rng.standard_exponential(shape, dtype=self.dtype))
        return self.loc + self.scale * normal + waiting / self.rate
