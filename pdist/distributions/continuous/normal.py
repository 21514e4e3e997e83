"""The Normal distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...autograd import Variable
from ...functions.normal import log_ndtr_slope
from ...numerics import normal as tails
from ...numerics.constants import HALF_LOG_2PI, HALF_LOG_2PIE
from ...numerics.truncated_normal_kl import log_within
from ..base.weighted_data import Data
from ..families.location_scale import LocationScale
from ..families.standard import Standard


class StandardNormal(Standard):
    """Mean 0 and standard deviation 1."""

    log_norm, entropy, entropy_residual = HALF_LOG_2PI, HALF_LOG_2PIE, 7.223936088e-17
    mean, mode, median, variance, skewness, kurtosis = 0.0, 0.0, 0.0, 1.0, 0.0, 0.0
    hazard = lambda F, z: F(log_ndtr_slope)(z)

    log_kernel = lambda F, z: -0.5 * z * z
    slope = lambda F, z: z
    # z^2 - 1 in factors, accurate near its zeros
    scale_slope = lambda F, d, s: (d - s) / s * ((d + s) / s)

    def tail_and_slope(F, z, upper, log):
        tail, slope = (tails.log_cdf_and_slope if log else tails.cdf_and_slope)(F.xp, -z if upper else z)
        return tail, -slope if upper else slope

    log_scale_slope = lambda F, z: (z - 1) * (z + 1)

    def log_kernel_double(F, z):
        h, h_lo = tails.half_square(F.xp, z)
        return -h, -h_lo

    deviation, half_difference = lambda F, z: StandardNormal.density(F, z), 1 / math.sqrt(math.pi)
    quantile = lambda F, p: F.ndtri(p)
    draw = lambda F, rng, shape, dtype: rng.standard_normal(shape, dtype=dtype)


class Normal(LocationScale):
    r"""The Normal (Gaussian) distribution.

    .. math:: p(x) = \frac{1}{\sqrt{2 \pi} \sigma} \exp\left(-\frac{(x - \mu)^2}{2 \sigma^2}\right)

    Args:
        loc: the mean mu, of shape ``[*batch]``.
        scale: the standard deviation sigma > 0, of shape ``[*batch]``.
        log_scale: log sigma, instead of ``scale``: unconstrained, so a model can output it directly.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapter 13.

    >>> import numpy as np
    >>> d = Normal(loc=np.array([0.0, 1.0]), scale=2.0)
    >>> d.log_prob(1.0).array
    array([-1.73708571, -1.61208571])
    >>> d.cdf(0.0).array
    array([0.5       , 0.30853754])
    """

    standard = StandardNormal

    def _log_interval_probability(self, low: Variable, high: Variable) -> Variable:
        return log_within(self.loc, self.scale, -math.inf, math.inf, low, high)

    @classmethod
    def _fitted(cls, data: Data, loc: Any = None, scale: Any = None) -> dict[str, Any]:
        loc = data.mean if loc is None else loc
        return {
            "loc": loc,
            "scale": np.sqrt(data.average((data.values - loc) ** 2)) if scale is None else scale,
        }
