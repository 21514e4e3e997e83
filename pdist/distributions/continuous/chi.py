"""The Chi distribution."""

from __future__ import annotations

from ...autograd import Variable, as_variable
from ...numerics import gamma_powers as powers
from ...numerics.constants import HALF_LOG_2PI, LOG_2, SQRT_2
from ...numerics.gamma import half_step, log_minus_digamma, stirling_error
from ...transforms.supports import positive
from ..base.parameters import Param
from ..families.location_scale import PositiveScale
from ..families.through import Through
from .gamma import StandardGamma


class StandardChi(Through):
    """Of density proportional to z^(k - 1) e^(-z^2/2): Z^2/2 is a standard Gamma variable of shape k/2."""

    shapes, steep, inner, share = ("k",), True, StandardGamma, 0.5

    log_kernel = lambda F, z, k: F(powers.chi_log_density)(z, k)
    log_kernel_double = lambda F, z, k: powers.chi_log_density_double(F.xp, z, k)
    slope = lambda F, z, k: F(powers.chi_slope)(z, k)
    bend = powers.chi_bend
    shape_slopes = lambda F, z, k: (F(powers.chi_shape_slope)(z, k),)
    shape_bends = lambda F, z, k: (1 / z,)
    double, inner_shapes = powers.half_square_double, lambda F, k: (0.5 * k,)
    rise = lambda F, z, k: (0.5 * (z := powers.moderate(F, z)) * z, z)
    back = lambda F, u, k: SQRT_2 * F.sqrt(u)
    quantile = lambda F, p, k: F(powers.chi_quantile)(p, k)

    @classmethod
    def tail_and_slope(cls, F, z, k, upper, log):
        y, slope = super().tail_and_slope(F, z, k, upper=upper, log=log)
        return powers.chi_tail(F.xp, z, k, y, upper, log), slope

    def entropy(F, k):
        h = 0.5 * k
        return (h - 0.5) * F(log_minus_digamma)(h) + (F(stirling_error)(h) + (HALF_LOG_2PI - 0.5 * LOG_2))

    mean = lambda F, k: F.sqrt(k) * F.exp(F(half_step)(0.5 * k))
    mode = lambda F, k: F.sqrt(F.maximum(k - 1, 0.0))
    variance = lambda F, k: -k * F.expm1(2 * F(half_step)(0.5 * k))


class Chi(PositiveScale):
    r"""The Chi distribution: the length of a vector of k standard Normals, for any k > 0.

    .. math:: p(x) = \frac{x^{k - 1} e^{-x^2/2}}{2^{k/2 - 1} \Gamma(k/2)}, \quad x > 0

    Args:
        k: the degrees of freedom k > 0, of shape ``[*batch]``.

    Samples carry gradients to k; they are implicit.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapter 18.

    >>> import numpy as np
    >>> Chi(k=np.array([1.0, 2.0])).survival_function(2.0).array
    array([0.04550026, 0.13533528])
    """

    k = Param(positive)
    standard, support = StandardChi, positive

    def _place(self) -> tuple[None, Variable, str]:
        return None, as_variable(self.xp.asarray(1.0, self.dtype)), "scale"
