"""KL divergences of Beta distributions, and between these and Uniforms."""

from __future__ import annotations

import math

from ... import functions as F
from ...autograd import Variable
from ...numerics.beta_divergence import beta_kl, log_beta, mean_log
from ..continuous.beta import Beta
from ..continuous.uniform import Uniform
from .registry import register_kl


@register_kl(Beta, Beta)
def _kl_beta_beta(p: Beta, q: Beta) -> Variable:
    return beta_kl(p.a, p.b, q.a, q.b)


@register_kl(Beta, Uniform)
def _kl_beta_uniform(p: Beta, q: Uniform) -> Variable:
    """That from the Uniform on [0, 1], and log(high - low); inf where the interval has not all of [0, 1]."""
    inside = (q.low.array <= 0) & (q.high.array >= 1)
    return F.where(inside, beta_kl(p.a, p.b, 1.0, 1.0) + q.entropy, math.inf)


@register_kl(Uniform, Beta)
def _kl_uniform_beta(p: Uniform, q: Beta) -> Variable:
    """log B(a, b) less (a - 1) E log X, (b - 1) E log(1 - X) and p's entropy; inf outside [0, 1]."""
    low, high = p.low, p.high
    inside = (low.array >= 0) & (high.array <= 1)
    low, high = F.where(inside, low, 0.0), F.where(inside, high, 1.0)
    y = log_beta(q.a, q.b) - (q.a - 1) * mean_log(low, high) - (q.b - 1) * mean_log(1 - high, 1 - low)
    return F.where(inside, y - p.entropy, math.inf)
