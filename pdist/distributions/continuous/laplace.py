"""The Laplace distribution, and its divergences from and to the Normal."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable, differentiable, zero
from ...backend import special
from ...numerics.constants import HALF_LOG_2PIE, LOG_2, SQRT_2, SQRT_HALF
from ...numerics.differences import expm1mx, expm1mx_op, is_near, log1pmx_near, log_far_ratio
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..base.supports import positive, real
from ..divergences.registry import register_kl
from .normal import Normal, finite_or_zero, standardize, standardize_rest


@differentiable
def laplace_log_prob(xp, x, loc, scale):
    """-|z| - log(2 scale) with z = (x - loc)/scale."""
    return -abs((x - loc) / scale) - xp.log(2 * scale)


def _score(F, g, needs, x, loc, scale):
    """(-sign z, sign z, |z| - 1)/scale by x, loc and scale; the derivative at x = loc counts as 0."""
    g, d = finite_or_zero(F, g, x - loc)
    d_loc = g * F.sign(d) / scale
    return -d_loc, d_loc, g * ((abs(d) - scale) / scale) / scale if needs.scale else None


laplace_log_prob.joint_derivative(_score)


# The tails, for z = (x - loc)/scale and what its rounding took ----------------------------------------------


def _tail(xp, z, rest):
    """P(Z > |z + rest|) = e^-|z| / 2; a rest of z counts in full in the tails."""
    return 0.5 * (xp.exp(-abs(z)) * (1 - xp.where(z < 0, -rest, rest)))


@differentiable
def laplace_cdf(xp, z, rest):
    """P(Z <= z + rest) of a standard Laplace Z."""
    tail = _tail(xp, z, rest)
    return xp.where(z < 0, tail, 1 - tail)


laplace_cdf.derivative(z=lambda F, g, z: g * (0.5 * F.exp(-abs(z))), rest=zero)


@differentiable
def laplace_log_cdf(xp, z, rest):
    """log P(Z <= z + rest) of a standard Laplace Z."""
    return xp.where(z < 0, z - LOG_2, xp.log1p(-_tail(xp, z, rest)))


def _log_cdf_rule(F, g, z):
    """1 on the left, t/(1 - t) on the right of 0 with t = e^-z / 2."""
    e = F.exp(-abs(z))
    return g * F.where(z < 0, 1.0, e / (2 - e))


laplace_log_cdf.derivative(z=_log_cdf_rule, rest=zero)


@differentiable
def laplace_icdf(xp, p):
    """The quantile of a standard Laplace variable: -+ log(2 min(p, 1 - p)); 2p - 1 is exact for p >= 1/4."""
    t = 2 * p - 1
    log_tail = xp.where(p < 0.25, xp.log(2 * p), xp.log1p(-abs(t)))
    return xp.where(t < 0, log_tail, -log_tail)


laplace_icdf.derivative(p=lambda F, g, y: g * (2 * F.exp(abs(y))))


# Divergences -----------------------------------------------------------------------------------------------


@differentiable
def laplace_kl(xp, d, p_scale, q_scale):
    """(r - 1 - log r) + r (e^-t - 1 + t), r = p_scale/q_scale, t = |d|/p_scale, d = p_loc - q_loc.

    No term is negative, and none loses a small difference.
    """
    u = (p_scale - q_scale) / q_scale
    r = p_scale / q_scale
    t = abs(d) / p_scale
    scales = xp.where(is_near(u), -log1pmx_near(xp, u), u - log_far_ratio(xp, p_scale, q_scale))
    return scales + xp.where(t < 1, r * expm1mx(xp, -t), abs(d) / q_scale + r * xp.expm1(-t))


def _laplace_kl_rule(F, g, needs, d, p_scale, q_scale):
    pull = g * F(laplace_pull)(d, p_scale) / q_scale
    u = (p_scale - q_scale) / q_scale
    r = p_scale / q_scale
    t = F.minimum(abs(d) / p_scale, 1e4)
    s = F.minimum(t, 1.0)
    kept = (1 + t) * F.exp(-t)
    lost = F.where(t < 1, F.exp(-s) * F(expm1mx_op)(s), 1 - kept)  # 1 - kept
    by_p = g * F.where(r < 1.5, u - r * lost, r * kept - 1) / p_scale
    if not needs.q_scale:
        return pull, by_p, None
    shift = F.where(t < 1, r * F(expm1mx_op)(-s), abs(d) / q_scale + r * F.expm1(-t))
    return pull, by_p, -g * (u + shift) / q_scale


laplace_kl.joint_derivative(_laplace_kl_rule)


@differentiable
def laplace_pull(xp, d, scale):
    """sign(d) (1 - e^-t), t = |d|/scale: the derivative by d of E|X - d| for a Laplace X about 0."""
    return -xp.sign(d) * xp.expm1(-abs(d) / scale)


def _laplace_pull_rule(F, g, d, scale):
    t = F.minimum(abs(d) / scale, 1e4)
    by_d = g * F.exp(-t) / scale
    return by_d, -by_d * F.sign(d) * t


laplace_pull.joint_derivative(_laplace_pull_rule)


@differentiable
def laplace_normal_kl(xp, z, p_scale, q_scale):
    """z^2/2 + r^2 - log r - 1 + log(pi/2)/2, r = p_scale/q_scale = 1 + u and z = (p_loc - q_loc)/q_scale.

    Near r = 1 as u + u^2 + (u - log(1 + u)) + log(pi/2)/2.
    """
    u = (p_scale - q_scale) / q_scale
    r = p_scale / q_scale
    c = 0.5 * math.log(math.pi / 2)
    near = (u + c) + (u * u - log1pmx_near(xp, u))
    far = r * r - (log_far_ratio(xp, p_scale, q_scale) + (1 - c))
    return 0.5 * z * z + xp.where(is_near(u), near, far)


def _laplace_normal_kl_rule(F, g, z, p_scale, q_scale):
    r = p_scale / q_scale
    change = g * (2 * r * r - 1)
    return g * z, change / p_scale, -change / q_scale


laplace_normal_kl.joint_derivative(_laplace_normal_kl_rule)


@differentiable
def normal_laplace_kl(xp, d, p_scale, q_scale):
    """m - log r + log 2 - log(2 pi e)/2 with r = p_scale/q_scale = 1 + u and d = p_loc - q_loc.

    m = E|x - q_loc|/q_scale = |d|/q_scale erf(t) + r c e^-t^2 with c = sqrt(2/pi), t = |d|/(sqrt(2) p_scale).
    Near r = 1 in terms that are small with u and t, beside c + log 2 - log(2 pi e)/2.
    """
    t = SQRT_HALF * (abs(d) / p_scale)
    u = (p_scale - q_scale) / q_scale
    r = p_scale / q_scale
    c = math.sqrt(2 / math.pi)
    shift = abs(d) / q_scale * special(xp).erf(t)
    rest = 0.07209320815813793  # c + log 2 - log(2 pi e)/2, which as a sum of floats would lose digits
    near = (rest - log1pmx_near(xp, u)) + (shift + (r * (c * xp.expm1(-t * t)) - (1 - c) * u))
    far = shift + r * (c * xp.exp(-t * t)) - (log_far_ratio(xp, p_scale, q_scale) + (HALF_LOG_2PIE - LOG_2))
    return xp.where(is_near(u), near, far)


def _normal_laplace_kl_rule(F, g, needs, d, p_scale, q_scale):
    t = SQRT_HALF * (d / p_scale)
    erf = F.erf(t)
    w = math.sqrt(2 / math.pi) * F.exp(-t * t)
    by_q = g * (1 - (d / q_scale * erf + p_scale / q_scale * w)) / q_scale if needs.q_scale else None
    return g * erf / q_scale, g * (w / q_scale - 1 / p_scale), by_q


normal_laplace_kl.joint_derivative(_normal_laplace_kl_rule)


class Laplace(Distribution):
    r"""The Laplace (double exponential) distribution.

    .. math:: p(x) = \frac{1}{2 b} \exp\left(-\frac{|x - \mu|}{b}\right)

    Args:
        loc: the mean mu, of shape ``[*batch]``.
        scale: b > 0, of shape ``[*batch]``; the standard deviation is sqrt(2) b.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 2, chapter 24.

    >>> import numpy as np
    >>> d = Laplace(loc=np.array([0.0, 1.0]), scale=2.0)
    >>> d.log_prob(1.0).array
    array([-1.88629436, -1.38629436])
    >>> d.survival_function(100.0).array
    array([9.64374924e-23, 1.58998545e-22])
    """

    loc = Param(real)
    scale = Param(positive)
    support = real
    reparameterized = True

    def _log_prob(self, x: Variable) -> Variable:
        return laplace_log_prob(x, self.loc, self.scale)

    def _standardize(self, x: Variable) -> tuple[Variable, Variable]:
        return standardize(x, self.loc, self.scale), standardize_rest(x, self.loc, self.scale)

    def _cdf(self, x: Variable) -> Variable:
        return laplace_cdf(*self._standardize(x))

    def _survival_function(self, x: Variable) -> Variable:
        z, rest = self._standardize(x)
        return laplace_cdf(-z, -rest)

    def _log_cdf(self, x: Variable) -> Variable:
        return laplace_log_cdf(*self._standardize(x))

    def _log_survival_function(self, x: Variable) -> Variable:
        z, rest = self._standardize(x)
        return laplace_log_cdf(-z, -rest)

    def _icdf(self, p: Variable) -> Variable:
        return self.loc + self.scale * laplace_icdf(p)

    def _entropy(self) -> Variable:
        return 1 + F.log(2 * self.scale)

    def _mean(self) -> Variable:
        return self.loc

    _mode = _median = _mean

    def _variance(self) -> Variable:
        return 2 * self.scale * self.scale

    def _stddev(self) -> Variable:
        return SQRT_2 * self.scale

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        """The difference of two exponential variables is a Laplace one."""
        noise = rng.standard_exponential(shape, dtype=self.dtype)
        return self.loc + self.scale * (noise - rng.standard_exponential(shape, dtype=self.dtype))


@register_kl(Laplace, Laplace)
def _kl_laplace_laplace(p: Laplace, q: Laplace) -> Variable:
    return laplace_kl(p.loc - q.loc, p.scale, q.scale)


@register_kl(Laplace, Normal)
def _kl_laplace_normal(p: Laplace, q: Normal) -> Variable:
    return laplace_normal_kl(q._standardize(p.loc), p.scale, q.scale)


@register_kl(Normal, Laplace)
def _kl_normal_laplace(p: Normal, q: Laplace) -> Variable:
    return normal_laplace_kl(p.loc - q.loc, p.scale, q.scale)
