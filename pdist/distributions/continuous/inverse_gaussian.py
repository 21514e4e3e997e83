"""The InverseGaussian distribution."""

from __future__ import annotations

from typing import Any

from ... import functions as F
from ...autograd import Variable, public
from ...numerics import inverse_gaussian as numerics
from ...transforms.supports import positive
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..base.tails import FourTails
from ..base.weighted_data import Data


class InverseGaussian(FourTails, Distribution):
    r"""The inverse Gaussian (Wald) distribution: when Brownian motion with drift first gets to a place.

    .. math:: p(x) = \sqrt{\frac{\lambda}{2 \pi x^3}} \exp\left(-\frac{\lambda (x - \mu)^2}{2 \mu^2 x}\right),
        \quad x > 0

    Args:
        loc: the mean mu > 0, of shape ``[*batch]``.
        shape: lambda > 0, of shape ``[*batch]``; the variance is mu^3/lambda.

    Samples carry gradients to both parameters; they are implicit.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapter 15.

    >>> import numpy as np
    >>> d = InverseGaussian(loc=np.array([1.0, 2.0]), shape=1.0)
    >>> d.cdf(1.0).array
    array([0.668102  , 0.49013834])
    """

    loc = Param(positive)
    shape = Param(positive)
    support, reparameterized = positive, True

    def _log_prob(self, x: Variable) -> Variable:
        return numerics.wald_log_density(x, self.loc, self.shape)

    def _any_tail(self, x: Variable, upper: bool, log: bool) -> Variable:
        return numerics.inverse_gaussian_tail(x, self.loc, self.shape, upper=upper, log=log)

    def _icdf(self, p: Variable) -> Variable:
        return numerics.inverse_gaussian_quantile(p, self.loc, self.shape)

    def _entropy(self) -> Variable:
        return numerics.entropy(public, self.loc, self.shape)

    def _mean(self) -> Variable:
        return self.loc

    def _mode(self) -> Variable:
        k = 1.5 * self.loc / self.shape
        return self.loc / (k + F.sqrt(1 + k * k))

    def _variance(self) -> Variable:
        return self.loc / self.shape * self.loc * self.loc

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        x = numerics.draw(rng, shape, self.dtype, self.loc.array, self.shape.array)
        return numerics.moved_inverse_gaussian(x, self.loc, self.shape)

    @classmethod
    def _fitted(cls, data: Data, loc: Any = None, shape: Any = None) -> dict[str, Any]:
        """Tweedie's estimates; the sum has terms of one sign."""
        x, loc = data.values, data.mean if loc is None else loc
        return {"loc": loc, "shape": loc**2 / data.average((x - loc) ** 2 / x) if shape is None else shape}
