"""Student's t distribution."""

from __future__ import annotations

import math

from ...numerics import student as t
from ...numerics import student_shape as by_shape
from ...numerics.gamma import half_step_slope
from ..base.parameters import Param
from ..base.supports import positive
from ..families.location_scale import LocationScale
from ..families.standard import Standard


class StandardT(Standard):
    """Of density proportional to (1 + z^2/df)^(-(df + 1)/2)."""

    shapes, mode, median = ("df",), 0.0, 0.0
    cdf, log_cdf, hazard = t.cdf, t.log_cdf, by_shape.hazard

    def log_norm(F, df):
        return F(t.student_log_norm)(df)

    def log_kernel(F, z, df):
        return F(t.student_log_kernel)(z, df)

    def slope(F, z, df):
        return (1 + 1 / df) / (1 / z + z / df)

    def scale_slope(F, d, s, df):  # (z^2 - 1)/(1 + z^2/df), exact near |z| = 1, df far out
        z = d / s
        far = abs(z) > 1e8 * F.sqrt(df)
        z = F.where(far, 0.0, z)
        return F.where(far, df, (d - s) / s * ((d + s) / s) / (1 + z * (z / df)))

    def shape_slopes(F, z, df):
        return (t.shape_slope(F, z, df),)

    def tail_slopes(F, z, df, upper, log):
        return (F(by_shape.student_tail_slope)(z, df, upper=upper, log=log),)

    def quantile(F, p, df):
        return F(by_shape.student_quantile)(p, df)

    def mean(F, df):
        return F.where(df.array > 1, 0 * df, math.nan)

    def variance(F, df):
        finite = F.where(df.array > 2, df, 3.0)
        return F.where(df.array > 2, finite / (finite - 2), F.where(df.array > 1, math.inf, math.nan * df))

    def entropy(F, df):
        return F(t.student_log_norm)(df) + 0.5 * (df + 1) * (F(half_step_slope)(0.5 * df) + 1 / df)

    def draw(F, rng, shape, dtype, df):
        chi = 2 * rng.standard_gamma(0.5 * df.array, shape)
        z = rng.standard_normal(shape) * (df.array / chi) ** 0.5
        return F(by_shape.moved_student)(z.astype(dtype), df)


class StudentT(LocationScale):
    r"""Student's t distribution.

    .. math:: p(x) = \frac{\Gamma((\nu + 1)/2)}{\Gamma(\nu/2) \sqrt{\pi \nu} s}
        \left(1 + \frac{z^2}{\nu}\right)^{-(\nu + 1)/2}, \quad z = \frac{x - \mu}{s}

    Args:
        df: the degrees of freedom nu > 0, of shape ``[*batch]``.
        loc: the median mu, of shape ``[*batch]``.
        scale: s > 0, of shape ``[*batch]``.
        log_scale: log s, instead of ``scale``.

    ``mean`` is nan for df <= 1; ``variance`` is inf for df up to 2, and nan up to 1. Samples carry gradients
    to all parameters; those by df are implicit.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 2, chapter 28.

    >>> import numpy as np
    >>> d = StudentT(df=np.array([1.0, 4.0]), loc=0.0, scale=1.0)
    >>> d.cdf(1.0).array
    array([0.75      , 0.81304952])
    """

    df = Param(positive)
    order = ("df", "loc", "scale")
    standard = StandardT
    undefined = frozenset({"mean", "variance", "stddev"})
