"""The Normal distribution."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable, differentiable, zero
from ...numerics.constants import HALF_LOG_2PI, HALF_LOG_2PIE, LARGEST, SQRT_HALF
from ...numerics.differences import expm1mx, is_near, log1pmx_near, log_far_ratio, log_minus
from ...numerics.double import divide_double, is_double, log_double, rounding, two_product, two_sum
from ...numerics.normal import normal_tail, normal_tail_parts
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..base.supports import positive, real
from ..divergences.registry import register_kl

# The density -----------------------------------------------------------------------------------------------


@differentiable
def normal_log_prob(xp, x, loc, scale):
    """-z^2/2 - log scale - log(2 pi)/2 with z = (x - loc)/scale."""
    # As z has no name, NumPy computes the square in z's own memory: twice as fast where arrays are large.
    return -0.5 * ((x - loc) / scale) ** 2 - (xp.log(scale) + HALF_LOG_2PI)


def finite_or_zero(F, g, d):
    """A gradient and the distance that it is computed with, both 0 where x, and so the distance, is infinite.

    There the density is 0 whatever the parameters are.
    """
    infinite = abs(d) == math.inf
    return F.where(infinite, 0.0, g), F.where(infinite, 0.0, d)


def _score(F, g, needs, x, loc, scale):
    """(-z, z, z^2 - 1)/scale by x, loc and scale; z^2 - 1 in factors, exact where they are small."""
    g, d = finite_or_zero(F, g, x - loc)
    d_loc = g * (d / scale) / scale
    d_scale = g * ((d - scale) / scale) * ((d + scale) / scale) / scale if needs.scale else None
    return -d_loc if needs.x else None, d_loc, d_scale


normal_log_prob.joint_derivative(_score)


def inverse_scale(xp, log_scale):
    """e^-log_scale, held finite so that x = loc has z = 0 at any scale; ``xp`` may be the F of a rule."""
    return xp.minimum(xp.exp(-log_scale), LARGEST[is_double(log_scale)])


@differentiable
def normal_log_prob_log_scale(xp, x, loc, log_scale):
    """-z^2/2 - log_scale - log(2 pi)/2 with z = (x - loc) e^-log_scale."""
    return -0.5 * ((x - loc) * inverse_scale(xp, log_scale)) ** 2 - (log_scale + HALF_LOG_2PI)


def _score_log_scale(F, g, needs, x, loc, log_scale):
    """(-z/scale, z/scale, z^2 - 1) by x, loc and log_scale."""
    g, d = finite_or_zero(F, g, x - loc)
    r = inverse_scale(F, log_scale)
    z = d * r
    d_loc = g * z * r
    return -d_loc if needs.x else None, d_loc, g * (z - 1) * (z + 1) if needs.log_scale else None


normal_log_prob_log_scale.joint_derivative(_score_log_scale)


# The tails -------------------------------------------------------------------------------------------------


@differentiable
def standardize(xp, x, loc, scale):
    """z = (x - loc)/scale."""
    return (x - loc) / scale


def _standardize_rule(F, g, needs, y, scale):
    g, y = finite_or_zero(F, g, y)
    d_x = g / scale
    return d_x, -d_x, -d_x * y if needs.scale else None


standardize.joint_derivative(_standardize_rule)


@differentiable
def standardize_log_scale(xp, x, loc, log_scale):
    """z = (x - loc) e^-log_scale."""
    return (x - loc) * inverse_scale(xp, log_scale)


def _standardize_log_scale_rule(F, g, needs, y, log_scale):
    g, y = finite_or_zero(F, g, y)
    d_x = g * inverse_scale(F, log_scale)
    return d_x, -d_x, -g * y if needs.log_scale else None


standardize_log_scale.joint_derivative(_standardize_log_scale_rule)


@differentiable
def standardize_rest(xp, x, loc, scale):
    """What rounding took from z = (x - loc)/scale. A tail at z multiplies an error of z by z^2."""
    d, rest = two_sum(xp, x, -loc)
    z, rest = divide_double(xp, d, rest, scale)
    return rounding(xp, rest, z)


standardize_rest.derivative(x=zero, loc=zero, scale=zero)


@differentiable
def standardize_log_scale_rest(xp, x, loc, log_scale):
    """What rounding took from z = (x - loc) e^-log_scale."""
    d, rest = two_sum(xp, x, -loc)
    r = inverse_scale(xp, log_scale)
    log_r, lo = log_double(xp, r)
    error = (log_scale + log_r) + lo  # of r, relative
    z, z_lo = two_product(xp, d, r)
    return rounding(xp, z_lo + (rest * r - z * error), 8 * z)


standardize_log_scale_rest.derivative(x=zero, loc=zero, log_scale=zero)


@differentiable
def log_ndtr_double(xp, z, rest):
    """log Phi(z + rest), the rest a rounding error of z; on the right as log(1 - tail)."""
    h, h_lo, c = normal_tail_parts(xp, z, rest)
    log_tail, lo = two_sum(xp, -h, xp.log(c))
    left = log_tail + rounding(xp, lo - h_lo, 8 * log_tail)
    return xp.where(z < 0, left, xp.log1p(-c * (xp.exp(-h) * (1 - h_lo))))


log_ndtr_double.derivative(
    z=lambda F, g, z: g * (math.sqrt(2 / math.pi) / F.erfcx(-SQRT_HALF * z)),  # phi(z)/Phi(z)
    rest=zero,
)


@differentiable
def ndtr_double(xp, z, rest):
    """Phi(z + rest), the rest a rounding error of z: slower than ndtr, but exact in the tails."""
    tail = normal_tail(xp, z, rest)
    return xp.where(z < 0, tail, 1 - tail)


ndtr_double.derivative(z=lambda F, g, z: g * F.exp(-0.5 * z * z - HALF_LOG_2PI), rest=zero)


# The divergence --------------------------------------------------------------------------------------------


@differentiable
def normal_kl(xp, z, p_scale, q_scale):
    """z^2/2 + (r^2 - 1)/2 - log r with r = p_scale/q_scale = 1 + u and z = (p_loc - q_loc)/q_scale.

    Near r = 1 as u^2/2 - (log(1 + u) - u): two terms of one sign, so that small differences count in full.
    """
    u = (p_scale - q_scale) / q_scale
    near = 0.5 * u * u - log1pmx_near(xp, u)
    far = 0.5 * (u * (p_scale / q_scale + 1)) - log_far_ratio(xp, p_scale, q_scale)
    return 0.5 * z * z + xp.where(is_near(u), near, far)


def _normal_kl_rule(F, g, z, p_scale, q_scale):
    r2m1 = (p_scale - q_scale) / q_scale * ((p_scale + q_scale) / q_scale)  # r^2 - 1
    return g * z, g * r2m1 / p_scale, -g * r2m1 / q_scale


normal_kl.joint_derivative(_normal_kl_rule)


@differentiable
def normal_kl_log_ratio(xp, z, log_ratio):
    """z^2/2 + (e^2d - 1 - 2d)/2 with d = log(p_scale/q_scale) and z = (p_loc - q_loc)/q_scale."""
    return 0.5 * (z * z + expm1mx(xp, 2 * log_ratio))


normal_kl_log_ratio.derivative(
    z=lambda F, g, z: g * z,
    log_ratio=lambda F, g, log_ratio: g * F.expm1(2 * log_ratio),
)


class Normal(Distribution):
    r"""The Normal (Gaussian) distribution.

    .. math:: p(x) = \frac{1}{\sqrt{2 \pi} \sigma} \exp\left(-\frac{(x - \mu)^2}{2 \sigma^2}\right)

    Args:
        loc: the mean mu, of shape ``[*batch]``.
        scale: the standard deviation sigma > 0, of shape ``[*batch]``.
        log_scale: log sigma, instead of ``scale``: a number that a model may put out as it is.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapter 13.

    >>> import numpy as np
    >>> d = Normal(loc=np.array([0.0, 1.0]), scale=2.0)
    >>> d.log_prob(1.0).array
    array([-1.73708571, -1.61208571])
    >>> d.cdf(0.0).array
    array([0.5       , 0.30853754])
    """

    loc = Param(real)
    scale = Param(positive, derive=lambda self: F.exp(self.log_scale))
    log_scale = Param(real, instead_of="scale", derive=lambda self: F.log(self.scale))
    support = real
    reparameterized = True

    def _log_prob(self, x: Variable) -> Variable:
        if self.given("scale"):
            return normal_log_prob(x, self.loc, self.scale)
        return normal_log_prob_log_scale(x, self.loc, self.log_scale)

    def _standardize(self, x: Variable) -> Variable:
        if self.given("scale"):
            return standardize(x, self.loc, self.scale)
        return standardize_log_scale(x, self.loc, self.log_scale)

    def _standardize_rest(self, x: Variable) -> Variable:
        if self.given("scale"):
            return standardize_rest(x, self.loc, self.scale)
        return standardize_log_scale_rest(x, self.loc, self.log_scale)

    def _cdf(self, x: Variable) -> Variable:
        return F.ndtr(self._standardize(x))

    def _survival_function(self, x: Variable) -> Variable:
        return F.ndtr(-self._standardize(x))

    def _log_cdf(self, x: Variable) -> Variable:
        return log_ndtr_double(self._standardize(x), self._standardize_rest(x))

    def _log_survival_function(self, x: Variable) -> Variable:
        return log_ndtr_double(-self._standardize(x), -self._standardize_rest(x))

    def _icdf(self, p: Variable) -> Variable:
        return self.loc + self.scale * F.ndtri(p)

    def _entropy(self) -> Variable:
        return self.log_scale + HALF_LOG_2PIE

    def _mean(self) -> Variable:
        return self.loc

    _mode = _median = _mean

    def _variance(self) -> Variable:
        return self.scale * self.scale if self.given("scale") else F.exp(2 * self.log_scale)

    def _stddev(self) -> Variable:
        return self.scale

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return self.loc + self.scale * rng.standard_normal(shape, dtype=self.dtype)


@register_kl(Normal, Normal)
def _kl_normal_normal(p: Normal, q: Normal) -> Variable:
    """The logarithm of the scales' ratio comes from what was given: no digit is lost on the way."""
    z = q._standardize(p.loc)
    if p.given("scale") and q.given("scale"):
        return normal_kl(z, p.scale, q.scale)
    if p.given("scale"):
        return normal_kl_log_ratio(z, log_minus(p.scale, q.log_scale))
    if q.given("scale"):
        return normal_kl_log_ratio(z, -log_minus(q.scale, p.log_scale))
    return normal_kl_log_ratio(z, p.log_scale - q.log_scale)
