"""Student's t distribution, and that of its absolute value."""

from __future__ import annotations

import math

from ...numerics import student as t
from ...numerics import student_shape as by_shape
from ...numerics.constants import LOG_2
from ...numerics.entropies import student_entropy, student_entropy_residual
from ...transforms.supports import nonnegative, positive
from ..base.parameters import Param
from ..families.location_scale import LocationScale, PositiveScale
from ..families.standard import Standard


class StandardT(Standard):
    """The density proportional to (1 + z^2/df)^(-(df + 1)/2)."""

    shapes, mode, median = ("df",), 0.0, 0.0
    cdf, log_cdf, hazard = t.cdf, t.log_cdf, by_shape.hazard
    scale_slope, variance = t.scale_slope, t.variance

    log_norm = lambda F, df: F(t.student_log_norm)(df)
    log_kernel = lambda F, z, df: F(t.student_log_kernel)(z, df)
    slope = lambda F, z, df: (df + 1) * F(t.share_over_z)(z, df)

    shape_slopes = lambda F, z, df: (t.shape_slope(F, z, df),)

    def tail_slopes(F, z, df, upper, log):
        return (F(by_shape.student_tail_slope)(z, df, upper=upper, log=log),)

    quantile = lambda F, p, df: F(by_shape.student_quantile)(p, df)
    entropy = lambda F, df: F(student_entropy)(df)
    entropy_residual = lambda F, df: F(student_entropy_residual)(df)
    mean = lambda F, df: F.where(df.array > 1, 0 * df, math.nan)
    skewness = lambda F, df: F.where(df.array > 3, 0 * df, math.nan)

    def kurtosis(F, df):
        near = F.where(df.array > 4, 6 / (F.where(df.array > 4, df, 5.0) - 4), math.inf)
        return F.where(df.array > 2, near, math.nan)

    deviation = lambda F, z, df: t.deviation(F, z, df, StandardT.density(F, z, df))
    half_difference = t.half_difference

    def draw(F, rng, shape, dtype, df):
        chi = 2 * rng.standard_gamma(0.5 * df.array, shape)
        z = rng.standard_normal(shape) * (df.array / chi) ** 0.5
        return F(by_shape.moved_student)(z.astype(dtype), df)


class StandardHalfT(StandardT):
    """That of abs(Z)."""

    median, support = None, nonnegative
    mean, variance = t.half_mean, t.half_variance
    log_norm = lambda F, df: F(t.student_log_norm)(df) - LOG_2
    entropy = lambda F, df: F(student_entropy)(df) - LOG_2
    skewness, kurtosis, deviation = None, None, None
    cdf = lambda xp, z, df: t.half_tail(xp, z, df, upper=False, log=False)
    sf = lambda xp, z, df: t.half_tail(xp, z, df, upper=True, log=False)
    log_cdf = lambda xp, z, df: t.half_tail(xp, z, df, upper=False, log=True)
    log_sf = lambda xp, z, df: t.half_tail(xp, z, df, upper=True, log=True)
    hazard = lambda F, z, df: by_shape.half_hazard(F, z, df, upper=False)
    hazard_sf = lambda F, z, df: by_shape.half_hazard(F, z, df, upper=True)

    def tail_slopes(F, z, df, upper, log):
        return (F(by_shape.half_tail_slope)(z, df, upper=upper, log=log),)

    quantile = lambda F, p, df: F(by_shape.half_quantile)(p, df)
    draw = lambda F, rng, shape, dtype, df: abs(StandardT.draw(F, rng, shape, dtype, df))


class StudentT(LocationScale):
    r"""Student's t distribution.

    .. math:: p(x) = \frac{\Gamma((\nu + 1)/2)}{\Gamma(\nu/2) \sqrt{\pi \nu} s}
        \left(1 + \frac{z^2}{\nu}\right)^{-(\nu + 1)/2}, \quad z = \frac{x - \mu}{s}

    Args:
        df: the degrees of freedom nu > 0, of shape ``[*batch]``.
        loc: the median mu, of shape ``[*batch]``.
        scale: s > 0, of shape ``[*batch]``.
        log_scale: log s, instead of ``scale``.

    ``mean`` is nan for df <= 1; ``variance`` is inf for 1 < df <= 2, and nan for df <= 1. Samples carry
    gradients in all parameters; those in df are implicit.

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
    undefined = frozenset({"mean", "variance", "stddev", "skewness", "kurtosis"})


class HalfStudentT(PositiveScale):
    r"""The distribution of abs(T) for a T of Student's t distribution about 0, often a prior of scales.

    .. math:: p(x) = \frac{2 \Gamma((\nu + 1)/2)}{\Gamma(\nu/2) \sqrt{\pi \nu} s}
        \left(1 + \frac{z^2}{\nu}\right)^{-(\nu + 1)/2}, \quad z = \frac{x}{s}, \quad x \ge 0

    Args:
        df: the degrees of freedom nu > 0, of shape ``[*batch]``.
        scale: s > 0, of shape ``[*batch]``.

    ``mean`` is inf for df <= 1; ``variance`` is inf for df up to 2, and nan up to 1. Samples carry gradients
    to both parameters; those by df are implicit.

    Source:
        A. Gelman, "Prior distributions for variance parameters in hierarchical models" (2006).

    >>> import numpy as np
    >>> d = HalfStudentT(df=np.array([1.0, 4.0]), scale=1.0)
    >>> d.cdf(1.0).array
    array([0.5       , 0.62609903])
    """

    df = Param(positive)
    scale = Param(positive)
    standard, scales = StandardHalfT, {"scale": "scale"}
    undefined = frozenset({"mean", "variance", "stddev", "skewness", "kurtosis"})
