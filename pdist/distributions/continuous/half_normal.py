"""The HalfNormal distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...numerics.constants import SQRT_2, SQRT_HALF
from ...transforms.supports import positive
from ..base.parameters import Param
from ..base.weighted_data import Data
from ..families.half import Half
from ..families.location_scale import PositiveScale
from .normal import StandardNormal


class StandardHalfNormal(Half):
    """Of the absolute value of a standard Normal."""

    whole, entropy, entropy_residual = StandardNormal, 0.5 * math.log(0.5 * math.pi * math.e), 4.904889274e-17
    mean, variance = math.sqrt(2 / math.pi), 1 - 2 / math.pi

    skewness, kurtosis = 0.9952717464311561, 0.8691773036059741

    deviation = lambda F, z: StandardHalfNormal.density(F, z) - math.sqrt(2 / math.pi) * F.erfc(SQRT_HALF * z)
    half_difference = (2 - SQRT_2) / math.sqrt(math.pi)
    within = lambda F, z: F.erf(SQRT_HALF * z)
    quantile = lambda F, p: SQRT_2 * F.erfinv(p)


class HalfNormal(PositiveScale):
    r"""The HalfNormal distribution: that of the absolute value of a Normal of mean 0.

    .. math:: p(x) = \sqrt{\frac{2}{\pi}} \frac{1}{s} \exp\left(-\frac{x^2}{2 s^2}\right), \quad x \ge 0

    Args:
        scale: the standard deviation s > 0 of the Normal, of shape ``[*batch]``; the mean is sqrt(2/pi) s.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapter 13.

    >>> import numpy as np
    >>> HalfNormal(scale=np.array([1.0, 2.0])).survival_function(2.0).array
    array([0.04550026, 0.31731051])
    """

    scale = Param(positive)
    standard, scales = StandardHalfNormal, {"scale": "scale"}

    @classmethod
    def _fitted(cls, data: Data) -> dict[str, Any]:
        return {"scale": np.sqrt(data.average(data.values**2))}
