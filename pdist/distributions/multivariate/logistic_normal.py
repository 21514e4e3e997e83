"""The LogisticNormal distribution of probabilities."""

from __future__ import annotations

from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.constants import HALF_LOG_2PI
from ...transforms import SoftmaxCentered
from ...transforms.supports import open_simplex, positive, real
from ..base.distribution import Distribution
from ..base.parameters import Param


class LogisticNormal(Distribution):
    r"""The distribution of K probabilities whose log ratios to the last one are independent Normals.

    .. math:: \log \frac{x_i}{x_K} \sim \mathcal{N}(\mu_i, \sigma_i), \quad i = 1, ..., K - 1

    with respect to the first K - 1 of the probabilities.

    Args:
        loc: the means mu of the log ratios, of shape ``[*batch, K - 1]``.
        scale: their standard deviations sigma > 0, of shape ``[*batch, K - 1]``.

    Samples carry gradients to both. For correlated log ratios there is ``TransformedDistribution`` of a
    MultivariateNormal by ``SoftmaxCentered``. PyTorch's distribution of this name breaks a stick instead.

    Source:
        J. Aitchison and S. M. Shen, "Logistic-normal distributions: some properties and uses", Biometrika 67
        (1980).

    >>> import numpy as np
    >>> d = LogisticNormal(loc=np.zeros(2), scale=np.ones(2))
    >>> round(d.prob([0.25, 0.25, 0.5]).item(), 6)
    3.150011
    """

    loc = Param(real, event_ndim=1)
    scale = Param(positive, event_ndim=1)
    support = open_simplex
    reparameterized = True

    @property
    def event_shape(self) -> tuple[int, ...]:
        """K, the number of probabilities."""
        return (max(self.loc.shape[-1], self.scale.shape[-1]) + 1,)

    def _log_prob(self, x: Variable) -> Variable:
        z, log_det = SoftmaxCentered().inverse_and_log_det(x)
        z = (z - self.loc) / self.scale
        return F.sum(-0.5 * z * z - F.log(self.scale) - HALF_LOG_2PI, axis=-1) + log_det

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        noise = rng.standard_normal((*shape, self.event_shape[0] - 1), dtype=self.dtype)
        return SoftmaxCentered().forward(self.loc + self.scale * as_variable(noise))
