"""The Gamma distribution, and its special case Chisquare."""

from __future__ import annotations

import math

from ...autograd import Variable, as_variable
from ...numerics import incomplete_gamma as tails
from ...numerics.entropies import gamma_entropy, gamma_entropy_residual
from ...numerics.gamma import gamma_step, log_gamma_density, log_minus_digamma_of
from ...transforms.supports import positive, positive_or_zero
from ..base.parameters import Param
from ..families.location_scale import PositiveScale
from ..families.standard import Standard


def unless_at_edge(F, z, k):
    """z, or 1 if z = 0 and k = 1, where the slope is 1 too."""
    return F.where((z == 0) & (k == 1), 1.0, z)


class StandardGamma(Standard):
    """The density z^(k - 1) e^-z / Gamma(k)."""

    shapes, steep = ("k",), True

    log_kernel = lambda F, z, k: F(log_gamma_density)(z, k)
    slope = lambda F, z, k: ((z := unless_at_edge(F, z, k)) - (k - 1)) / z
    bend = lambda F, z, k: (k - 1) / (z := unless_at_edge(F, z, k)) / z
    scale_slope = lambda F, d, s, k: d / s - k
    shape_slopes = lambda F, z, k: (F(log_minus_digamma_of)(z, k),)
    shape_bends = lambda F, z, k: (1 / z,)
    tail_slopes = lambda F, z, k, upper, log: (F(tails.gamma_tail_slope)(z, k, upper=upper, log=log),)
    cdf = lambda xp, z, k: tails.lower(xp, k, z)
    sf = lambda xp, z, k: tails.upper(xp, k, z)
    log_cdf = lambda xp, z, k: tails.log_lower(xp, k, z)
    log_sf = lambda xp, z, k: tails.log_upper(xp, k, z)
    hazard = lambda F, z, k: F(tails.gamma_hazard)(z, k, upper=False)
    hazard_sf = lambda F, z, k: F(tails.gamma_hazard)(z, k, upper=True)
    quantile = lambda F, p, k: F(tails.gamma_quantile)(p, k, upper=False)
    quantile_sf = lambda F, p, k: F(tails.gamma_quantile)(p, k, upper=True)
    mean = lambda F, k: k

    variance = mean
    skewness = lambda F, k: 2 / F.sqrt(k)
    kurtosis = lambda F, k: 6 / k
    moment = lambda F, n, k: math.prod((k + i for i in range(1, n)), start=k)

    deviation = lambda F, z, k: F.where(z.array > 0, z * StandardGamma.density(F, z, k), 0.0)
    half_difference = lambda F, k: F(gamma_step)(k) / math.sqrt(math.pi)

    mode = lambda F, k: F.maximum(k - 1, 0.0)

    entropy = lambda F, k: F(gamma_entropy)(k)
    entropy_residual = lambda F, k: F(gamma_entropy_residual)(k)

    def draw(F, rng, shape, dtype, k):
        z = rng.standard_gamma(k.array, shape).astype(dtype)
        return F(tails.moved_gamma)(z, k)


class Gamma(PositiveScale):
    r"""The Gamma distribution: the time until the k-th event, for any k > 0.

    .. math:: p(x) = \frac{x^{k - 1} e^{-x / \theta}}{\Gamma(k) \theta^k}, \quad x \ge 0

    Args:
        k: the shape k > 0, of shape ``[*batch]``.
        theta: the scale theta > 0, of shape ``[*batch]``; the mean is k theta.
        rate: 1/theta, instead of ``theta``.

    Samples carry gradients in all parameters; those in k are implicit.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapter 17.

    >>> import numpy as np
    >>> d = Gamma(k=np.array([1.0, 2.0]), theta=3.0)
    >>> d.mean.array
    array([3., 6.])
    >>> d.cdf(3.0).array
    array([0.63212056, 0.26424112])
    """

    k = Param(positive)
    theta = Param(positive, derive=lambda self: 1 / self.rate)
    rate = Param(positive, instead_of="theta", derive=lambda self: 1 / self.theta)
    standard, scales, support = StandardGamma, {"theta": "scale", "rate": "rate"}, positive_or_zero


class Chisquare(PositiveScale):
    r"""The Chisquare distribution: the sum of the squares of k standard Normals, a Gamma(k/2, 2).

    .. math:: p(x) = \frac{x^{k/2 - 1} e^{-x/2}}{2^{k/2} \Gamma(k/2)}, \quad x \ge 0

    Args:
        k: the degrees of freedom k > 0, of shape ``[*batch]``; the mean is k.

    Samples carry implicit gradients in k.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapter 18.

    >>> import numpy as np
    >>> Chisquare(k=np.array([1.0, 2.0])).survival_function(4.0).array
    array([0.04550026, 0.13533528])
    """

    k = Param(positive)
    standard, support = StandardGamma, positive_or_zero

    def _place(self) -> tuple[None, Variable, str]:
        return None, as_variable(self.xp.asarray(2.0, self.dtype)), "scale"

    @property
    def _shapes(self) -> list[Variable]:
        return [0.5 * self.k]
