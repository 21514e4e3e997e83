"""Divergences within location-scale families."""

from __future__ import annotations

import math

from ... import functions as F
from ...autograd import Variable, differentiable
from ...numerics.bregman import bregman_lgamma, digamma_difference, trigamma
from ...numerics.constants import EULER, LOG_2
from ...numerics.differences import (
    expm1mx,
    expm1mx_op,
    is_near,
    log1pmx_near,
    log_far_ratio,
    log_minus,
    log_ratio,
)
from ...numerics.gamma import lgamma1p
from ..continuous.cauchy import Cauchy
from ..continuous.exponential import Exponential
from ..continuous.gumbel import Gumbel
from ..continuous.half_cauchy import HalfCauchy
from ..continuous.half_normal import HalfNormal
from ..continuous.laplace import Laplace
from ..continuous.log_normal import LogNormal
from ..continuous.moyal import Moyal
from ..continuous.normal import Normal
from ..continuous.uniform import Uniform
from .registry import register_kl


@differentiable
def normal_kl(xp, z, p_scale, q_scale):
    """z^2/2 + (r^2 - 1)/2 - log r with r = p_scale/q_scale = 1 + u and z = (p_loc - q_loc)/q_scale.

    Near r = 1 as u^2/2 - (log(1 + u) - u): two terms of one sign, so that small differences are accurate.
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


@register_kl(Normal, Normal)
def _kl_normal_normal(p: Normal, q: Normal) -> Variable:
    """The logarithm of the scales' ratio comes from the parameters as given, without loss of accuracy."""
    z = q._standardize(p.loc)
    if p.given("scale") and q.given("scale"):
        return normal_kl(z, p.scale, q.scale)
    if p.given("scale"):
        return normal_kl_log_ratio(z, log_minus(p.scale, q.log_scale))
    if q.given("scale"):
        return normal_kl_log_ratio(z, -log_minus(q.scale, p.log_scale))
    return normal_kl_log_ratio(z, p.log_scale - q.log_scale)


@register_kl(LogNormal, LogNormal)
def _kl_lognormal_lognormal(p: LogNormal, q: LogNormal) -> Variable:
    """That of the Normals: KL is invariant under a change of variables."""
    return normal_kl(q._standardize(p.mu), p.sigma, q.sigma)


@differentiable
def laplace_kl(xp, d, p_scale, q_scale):
    """(r - 1 - log r) + r (e^-t - 1 + t), r = p_scale/q_scale, t = |d|/p_scale, d = p_loc - q_loc.

    No term is negative, and all are accurate for small differences.
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
    """sign(d) (1 - e^-t), t = |d|/scale: the derivative in d of E|X - d| for a Laplace X about 0."""
    return -xp.sign(d) * xp.expm1(-abs(d) / scale)


def _laplace_pull_rule(F, g, d, scale):
    t = F.minimum(abs(d) / scale, 1e4)
    by_d = g * F.exp(-t) / scale
    return by_d, -by_d * F.sign(d) * t


laplace_pull.joint_derivative(_laplace_pull_rule)


@register_kl(Laplace, Laplace)
def _kl_laplace_laplace(p: Laplace, q: Laplace) -> Variable:
    return laplace_kl(p.loc - q.loc, p.scale, q.scale)


@register_kl(HalfNormal, HalfNormal)
def _kl_half_normal_half_normal(p: HalfNormal, q: HalfNormal) -> Variable:
    """That of the Normals: both densities are doubled."""
    return normal_kl(0 * p.scale, p.scale, q.scale)


@register_kl(Uniform, Uniform)
def _kl_uniform_uniform(p: Uniform, q: Uniform) -> Variable:
    """The logarithm of the widths' ratio if q's interval contains p's, else inf."""
    if p.given("scale") or q.given("scale"):
        difference = q.scale - p.scale
    else:
        difference = (q.high - p.high) + (p.low - q.low)  # without the rounding errors of the widths
    ratio = log_ratio(q.scale, p.scale, difference)
    inside = (q.low.array <= p.low.array) & (p.high.array <= q.high.array)
    return F.where(inside, ratio, math.inf)


@differentiable
def cauchy_kl(xp, d, p_scale, q_scale):
    """log(1 + ((p_scale - q_scale)^2 + d^2)/(4 p_scale q_scale)) with d = p_loc - q_loc."""
    u = (p_scale - q_scale) / p_scale
    return xp.log1p(0.25 * (u * ((p_scale - q_scale) / q_scale) + (d / p_scale) * (d / q_scale)))


def _cauchy_kl_rule(F, g, d, p_scale, q_scale):
    both = p_scale + q_scale
    t, u = d / both, (p_scale - q_scale) / both
    w, far = g / (1 + t * t), g * (t / (t + 1 / t))  # g/(1 + t^2), g t^2/(1 + t^2)
    return g * (2 / (t + 1 / t)) / both, (u * w - far) / p_scale, -(u * w + far) / q_scale


cauchy_kl.joint_derivative(_cauchy_kl_rule)


@register_kl(Cauchy, Cauchy)
def _kl_cauchy_cauchy(p: Cauchy, q: Cauchy) -> Variable:
    return cauchy_kl(p.loc - q.loc, p.scale, q.scale)


@register_kl(HalfCauchy, HalfCauchy)
def _kl_half_cauchy_half_cauchy(p: HalfCauchy, q: HalfCauchy) -> Variable:
    """That of the Cauchys: both densities are doubled."""
    return cauchy_kl(0 * p.scale, p.scale, q.scale)


@register_kl(Exponential, Exponential)
def _kl_exponential_exponential(p: Exponential, q: Exponential) -> Variable:
    """r - 1 - log r with r = q.lam/p.lam, as (e^d - 1 - d) of d = log r."""
    return rate_kl(p.lam, q.lam)


@differentiable
def rate_kl(xp, p_rate, q_rate):
    """u - log(1 + u) with u = (q_rate - p_rate)/p_rate."""
    u = (q_rate - p_rate) / p_rate
    return xp.where(is_near(u), -log1pmx_near(xp, u), u - log_far_ratio(xp, q_rate, p_rate))


rate_kl.derivative(
    p_rate=lambda F, g, p_rate, q_rate: g * ((p_rate - q_rate) / p_rate) / p_rate,
    q_rate=lambda F, g, p_rate, q_rate: g * ((q_rate - p_rate) / p_rate) / q_rate,
)


@differentiable
def log_gamma_step(xp, u):
    """log Gamma(2 + u) for u > -1: beyond 0 that of 1 + u, for u > 1 as seen from 1, and log(1 + u)."""
    far = bregman_lgamma.kernel(xp, 1 + u, xp.ones_like(u), u) - EULER * u
    k = xp.minimum(u, 1)
    above = xp.where(u > 1, far, lgamma1p(xp, xp.maximum(k, 0))) + xp.log1p(u)
    return xp.where(u > 0, above, lgamma1p(xp, xp.minimum(1 + k, 1), xp.minimum(k, 0)))


@differentiable
def digamma_step(xp, u):
    """digamma(1 + u) - digamma(1) for u > -1."""
    return digamma_difference.kernel(xp, 1 + u, xp.ones_like(u), u)


log_gamma_step.derivative(u=lambda F, g, u: g * (F(digamma_step)(u) - EULER + 1 / (1 + u)))
digamma_step.derivative(u=lambda F, g, u: g * F(trigamma)(1 + u))


@register_kl(Gumbel, Gumbel)
def _kl_gumbel_gumbel(p: Gumbel, q: Gumbel) -> Variable:
    """(e^y - 1 - y) + B(r, 1) with r = p.scale/q.scale, y = log Gamma(1 + r) - (p.loc - q.loc)/q.scale.

    B is the Bregman divergence of log Gamma; neither term is negative.
    """
    u = (p.scale - q.scale) / q.scale
    y = log_gamma_step(u) - q._standardize(p.loc)
    return expm1mx_op(y) + bregman_lgamma(1 + u, 1.0, u)


@register_kl(Moyal, Moyal)
def _kl_moyal_moyal(p: Moyal, q: Moyal) -> Variable:
    """(e^y - 1 - y + B(r + 1/2, 3/2))/2 + r - 1 - log r, r = p.scale/q.scale, e^y = E[e^-z] for z of q.

    B is the Bregman divergence of log Gamma; no term is negative.
    """
    u = (p.scale - q.scale) / q.scale
    b = bregman_lgamma(1.5 + u, 1.5, u)
    y = b + (2 - EULER - LOG_2) * u - q._standardize(p.loc)
    return 0.5 * (expm1mx_op(y) + b) + rate_kl(q.scale, p.scale)
