"""Divergences between distributions of different families."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...autograd import Variable, as_variable, differentiable
from ...backend import special
from ...numerics.constants import EULER, HALF_LOG_2PI, HALF_LOG_2PIE, LOG_2, SQRT_HALF
from ...numerics.differences import expm1mx_op, is_near, log1pmx_near, log_far_ratio, log_ratio
from ..base.distribution import Distribution
from ..continuous.gumbel import Gumbel
from ..continuous.laplace import Laplace
from ..continuous.log_normal import LogNormal
from ..continuous.normal import Normal
from ..continuous.uniform import Uniform
from .location_scale import normal_kl
from .registry import register_kl


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
    Near r = 1 in terms that vanish with u and t, plus c + log 2 - log(2 pi e)/2.
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


@register_kl(Laplace, Normal)
def _kl_laplace_normal(p: Laplace, q: Normal) -> Variable:
    return laplace_normal_kl(q._standardize(p.loc), p.scale, q.scale)


@register_kl(Normal, Laplace)
def _kl_normal_laplace(p: Normal, q: Laplace) -> Variable:
    return normal_laplace_kl(p.loc - q.loc, p.scale, q.scale)


@differentiable
def uniform_normal_kl(xp, z, width, scale):
    """z^2/2 + r^2/24 - log r + log(2 pi)/2 with r = width/scale and z = (middle - loc)/scale."""
    r = width / scale
    return 0.5 * z * z + (r * r / 24 - (log_far_ratio(xp, width, scale) - HALF_LOG_2PI))


def _uniform_normal_kl_rule(F, g, z, width, scale):
    r = width / scale
    change = g * (r * r / 12 - 1)
    return g * z, change / width, -change / scale


uniform_normal_kl.joint_derivative(_uniform_normal_kl_rule)


@differentiable
def mean_distance(xp, d, width):
    """E|X - d| for a Uniform X on [-width/2, width/2]: d^2/width + width/4 inside, |d| outside."""
    t = d / width
    return xp.where(abs(t) < 0.5, d * t + 0.25 * width, abs(d))


def _mean_distance_rule(F, g, d, width):
    t = F.clip(d / width, -0.5, 0.5)
    return g * (2 * t), g * ((0.5 - t) * (0.5 + t))


mean_distance.joint_derivative(_mean_distance_rule)


@register_kl(Uniform, Normal)
def _kl_uniform_normal(p: Uniform, q: Normal) -> Variable:
    return uniform_normal_kl(q._standardize(p._mean()), p.scale, q.scale)


@register_kl(Uniform, Laplace)
def _kl_uniform_laplace(p: Uniform, q: Laplace) -> Variable:
    distance = mean_distance(p._mean() - q.loc, p.scale)
    return distance / q.scale - log_ratio(p.scale, q.scale, p.scale - q.scale) + LOG_2


@register_kl(Normal, Uniform)
@register_kl(Laplace, Uniform)
@register_kl(LogNormal, Uniform)
def _kl_to_uniform(p: Distribution, q: Uniform) -> Variable:
    """Infinite: there is always some probability outside an interval."""
    shape = np.broadcast_shapes(p.batch_shape, q.batch_shape)
    return as_variable(p.xp.full(shape, math.inf, np.result_type(p.dtype, q.dtype)))


def normal_gumbel_kl(d: Any, p_scale: Variable, q_scale: Any) -> Variable:
    """(e^y - 1 - y) + (r^2 - 1)/2 - log r + 1 - log(2 pi)/2 with r = p_scale/q_scale, and y = r^2/2 - d.

    d is (p_loc - q_loc)/q_scale, and e^y the mean of e^-z for the z of q.
    """
    r = p_scale / q_scale
    return expm1mx_op(0.5 * r * r - d) + (normal_kl(0 * r, p_scale, q_scale) + (1 - HALF_LOG_2PI))


def gumbel_normal_kl(d: Any, p_scale: Any, q_scale: Variable) -> Variable:
    """That of a Normal with the moments of p, and how far p is from that one; d = (p_loc - q_loc)/q_scale."""
    z = d + EULER * (p_scale / q_scale)
    return normal_kl(z, (math.pi / math.sqrt(6)) * p_scale, q_scale) + 0.09057301953851256


@register_kl(Normal, Gumbel)
def _kl_normal_gumbel(p: Normal, q: Gumbel) -> Variable:
    return normal_gumbel_kl(q._standardize(p.loc), p.scale, q.scale)


@register_kl(Gumbel, Normal)
def _kl_gumbel_normal(p: Gumbel, q: Normal) -> Variable:
    return gumbel_normal_kl((p.loc - q.loc) / q.scale, p.scale, q.scale)
