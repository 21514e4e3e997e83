"""Divergences between generalized normal distributions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, differentiable
from ...backend import hooks
from ...numerics.bregman import bregman_lgamma, digamma_difference
from ...numerics.differences import expm1mx, log1pmx, log_ratio
from ...numerics.double import divide_double, rounding, two_sum
from ...numerics.gamma import bregman_gamma, trigamma_minus
from ...numerics.generalized_normal import log_norm
from ...numerics.panels import gauss_legendre
from ...numerics.powers import digamma1p, gamma1p, power_double
from ..continuous.generalized_normal import GeneralizedNormal
from .registry import register_kl


@differentiable
@hooks.opaque
def log_power_mean(xp, p, q, s, t):
    """log(q M) of M = E |X|^q / t^q for an X of power p and scale s about 0: 0 if p = q and s = t."""
    v, r, u = 1 / p, q / p, (q - p) / p
    log_gamma = bregman_lgamma.kernel(xp, v + r, 1 + v, u) + u * digamma1p.kernel(xp, v)
    return q * log_ratio.kernel(xp, s, t, s - t) + (log_ratio.kernel(xp, q, p, q - p) + log_gamma)


def _log_power_mean_rule(F, g, p, q, s, t):
    v, r, u = 1 / p, q / p, (q - p) / p
    top = F(digamma1p)(v) + F(digamma_difference)(v + r, 1 + v, u)  # digamma((1 + q)/p)
    by_p = F(digamma1p)(v) - (1 + q) * top
    by_q = F(log_ratio)(s, t, s - t) + 1 / q + v * top
    return g * (by_p * v - 1) * v, g * by_q, g * q / s, -g * q / t


log_power_mean.joint_derivative(_log_power_mean_rule)


@differentiable
@hooks.opaque
def power_mean_excess(xp, p, q, s, t):
    """q M - 1, which counts in full if it is small."""
    y = log_power_mean.kernel(xp, p, q, s, t)
    one, none = xp.ones_like(p), xp.zeros_like(p)
    top, top_lo = two_sum(xp, one, q)
    z, z_lo = divide_double(xp, s, none, t)
    u, u_lo = power_double(xp, z, q)
    far = u * (
        gamma1p(xp, *divide_double(xp, top, top_lo, p)) / gamma1p(xp, *divide_double(xp, one, none, p))
    )
    far = far * (q / top) * (1 + rounding(xp, q * (z_lo / z) + u_lo / u, 1 + q))
    return xp.where((abs(y) < 1) | ~(far < math.inf), xp.expm1(y), far - 1)


power_mean_excess.joint_derivative(
    lambda F, g, y, p, q, s, t: _log_power_mean_rule(F, g * (1 + y), p, q, s, t)
)

_NODES, _MASSES = gauss_legendre(12)


def _curvature(xp, r, v):
    """r^2 times the second derivative by r of what powers of the ratio r leave at best; v is 1/q."""
    x = r * v
    few = x < 1
    small = xp.minimum(x, 1)
    low = (1 + v) * small * (1 - small * (trigamma_minus.kernel(xp, 1 + small) + 1 / (1 + small))) - v
    low = xp.where(few, low, 1 - (1 + v) * x * x * trigamma_minus.kernel(xp, x))
    top = r * (1 + v)
    return low + v * (top * top * trigamma_minus.kernel(xp, top))


@differentiable
@hooks.opaque
def same_place_kl(xp, p, q, s, t):
    """That of powers p and q and scales s and t about one location.

    With y = log(q M) it is (e^y - 1 - y)/q and a rest that is 0 if p = q: near that by its curvature, else
    from Bregman pieces of log Gamma.
    """
    v, r, u = 1 / q, q / p, (q - p) / p
    y = log_power_mean.kernel(xp, p, q, s, t)
    wide = (u > -0.6) & (u < 2)
    near = 0
    for node, mass in zip(_NODES, _MASSES, strict=True):
        at = 0.5 * (1 + float(node))
        step = 1 + at * xp.where(wide, u, 0)
        near = near + 0.5 * float(mass) * (1 - at) * _curvature(xp, step, v) / (step * step)
    top, low = bregman_gamma.kernel(xp, r * (1 + v), 1 + v), bregman_gamma.kernel(xp, r * v, v)
    rest = xp.where(wide, u * u * near, v * top - (1 + v) * low - log1pmx(xp, u))
    means = xp.where(abs(y) < 1, expm1mx(xp, y), power_mean_excess.kernel(xp, p, q, s, t) - y)
    return means * v + rest


def _same_place_rule(F, g, p, q, s, t):
    v, v_q, r, u = 1 / p, 1 / q, q / p, (q - p) / p
    w = F(power_mean_excess)(p, q, s, t)
    change = F(digamma_difference)(v + r, 1 + v, u)
    top = F(digamma1p)(v) + change
    by_p = u / r - (1 + v_q) * change - w * (top + v_q * change + 1 / r)
    log_s = F(log_ratio)(s, t, s - t)
    fall = u * top + F(digamma_difference)(v + r, 1 + v_q, u * (1 + v_q))
    by_q = w * (log_s + v * top) + log_s + v_q * fall
    return g * by_p * v * v, g * by_q * v_q, g * w / s, -g * w / t


same_place_kl.joint_derivative(_same_place_rule)


# Different locations: an integral by the double exponential rule, whose parts end at the kinks

_STEPS = np.arange(-80, 81) * 0.05
_SHARES = 1 / (1 + np.exp(-np.pi * np.sinh(_STEPS)))
_WEIGHTS = 0.05 * np.pi * np.cosh(_STEPS) * _SHARES * _SHARES[::-1]


def _power_mean(d: Any, a: Any, b: Any, s: Any, t: Any) -> Variable:
    """E |X + d|^b / t^b for an X of power a and scale s about 0, and d > 0."""
    xp = d.xp
    ones = (1,) * (d * a * b * s * t).ndim
    share, weight = (xp.reshape(xp.asarray(v.tolist(), d.dtype), (-1, *ones)) for v in (_SHARES, _WEIGHTS))
    end = xp.exp(xp.minimum(math.log(100.0) / a.array, 60.0))  # what is beyond has no probability
    z = end * share
    power = lambda y: F.exp(b * F.log(y / t))
    density = lambda y: F.exp(-F.exp(a * F.log(y)))
    outer = end * (power(d + s * z) * density(z) + power(s * z) * density(d / s + z))
    inner = d / s * (power(d * share) * density(d / s * share[::-1]))
    return F.sum(weight * (outer + inner), axis=0) * F.exp(-log_norm(a))


@register_kl(GeneralizedNormal, GeneralizedNormal)
def _kl_generalized_normal(p: GeneralizedNormal, q: GeneralizedNormal) -> Variable:
    """In closed form about one location, else with an integral by quadrature."""
    d = abs(p.loc - q.loc)
    here = d.array == 0
    given = p.power, q.power, p.scale, q.scale
    same = same_place_kl(*[F.where(here, v, 1.0) for v in given])
    d, a, b, s, t = (F.where(here, 1.0, v) for v in (d, *given))
    far = (log_norm(b) - log_norm(a)) + (F.log(t / s) - 1 / a) + _power_mean(d, a, b, s, t)
    return F.where(here, same, far)
