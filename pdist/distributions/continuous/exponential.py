"""The Exponential distribution."""

from __future__ import annotations

import math
from typing import Any

from ...numerics.constants import LOG_2
from ...transforms.supports import positive
from ..base.parameters import Param
from ..base.weighted_data import Data
from ..families.location_scale import PositiveScale
from ..families.standard import Standard


class StandardExponential(Standard):
    """The density e^-z: the waiting time at rate 1."""

    steep = True  # 1/lam - x depends on the rounding of lam x
    entropy, mean, mode, median, variance = 1.0, 1.0, 0.0, LOG_2, 1.0
    skewness, kurtosis = 2.0, 6.0
    moment = lambda F, n: float(math.factorial(n))

    log_kernel = lambda F, z: -z
    slope = lambda F, z: 1.0
    bend = lambda F, z: 0.0
    scale_slope = lambda F, d, s: (d - s) / s
    cdf = lambda xp, z: -xp.expm1(-z)
    log_cdf = lambda xp, z: xp.where(z < LOG_2, xp.log(-xp.expm1(-z)), xp.log1p(-xp.exp(-z)))
    sf = lambda xp, z: xp.exp(-z)
    log_sf = lambda xp, z: -z
    hazard = lambda F, z: F.exp(-z) / -F.expm1(-z)
    hazard_sf = lambda F, z: 1.0
    deviation, half_difference = lambda F, z: z * F.exp(-z), 0.5
    quantile = lambda F, p: -F.log1p(-p)
    quantile_sf = lambda F, q: -F.log(q)
    draw = lambda F, rng, shape, dtype: rng.standard_exponential(shape, dtype=dtype)


class Exponential(PositiveScale):
    r"""The Exponential distribution: the waiting time for events at a constant rate.

    .. math:: p(x) = \lambda e^{-\lambda x}, \quad x \ge 0

    Args:
        lam: the rate lambda > 0, of shape ``[*batch]``; the mean is 1/lambda.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapter 19.

    >>> import numpy as np
    >>> d = Exponential(lam=np.array([1.0, 2.0]))
    >>> d.survival_function(1.0).array
    array([0.36787944, 0.13533528])
    """

    lam = Param(positive)
    standard, scales = StandardExponential, {"lam": "rate"}

    @classmethod
    def _fitted(cls, data: Data) -> dict[str, Any]:
        return {"lam": 1 / data.mean}
