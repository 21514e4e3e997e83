"""The HalfCauchy distribution."""

from __future__ import annotations

import math

from ...numerics.quantiles import half_cauchy_quantile
from ...transforms.supports import positive
from ..base.parameters import Param
from ..families.half import Half
from ..families.location_scale import PositiveScale
from .cauchy import StandardCauchy


class StandardHalfCauchy(Half):
    """Of the absolute value of a standard Cauchy."""

    whole, entropy, entropy_residual = StandardCauchy, math.log(2 * math.pi), 1.444787218e-16
    mean, median, variance = math.inf, 1.0, math.inf

    within = lambda F, z: F.arctan2(z, 1.0) * (2 / math.pi)
    quantile = lambda F, p: F(half_cauchy_quantile)(p)


class HalfCauchy(PositiveScale):
    r"""The HalfCauchy distribution: that of the absolute value of a Cauchy about 0.

    .. math:: p(x) = \frac{2}{\pi s (1 + (x/s)^2)}, \quad x \ge 0

    Args:
        scale: the median s > 0, of shape ``[*batch]``.

    ``mean`` and ``variance`` are inf.

    Source:
        A. Gelman, "Prior distributions for variance parameters in hierarchical models", Bayesian Analysis 1
        (2006).

    >>> import numpy as np
    >>> HalfCauchy(scale=np.array([1.0, 2.0])).cdf(2.0).array
    array([0.70483276, 0.5       ])
    """

    scale = Param(positive)
    standard, scales = StandardHalfCauchy, {"scale": "scale"}
    undefined = frozenset({"mean", "variance", "stddev", "skewness", "kurtosis"})
