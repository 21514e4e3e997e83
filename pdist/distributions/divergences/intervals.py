"""Divergences between distributions on intervals."""

from __future__ import annotations

import math

from ... import functions as F
from ...autograd import Variable, differentiable
from ...numerics.continuous_bernoulli import cb_kl
from ...numerics.differences import deviance, log_ratio
from ..continuous.continuous_bernoulli import ContinuousBernoulli
from ..continuous.log_uniform import LogUniform
from ..continuous.logit_normal import LogitNormal
from ..continuous.uniform import Uniform
from ..families.scales import standardized
from .location_scale import normal_kl
from .registry import register_kl


@register_kl(LogUniform, LogUniform)
def _kl_log_uniform_log_uniform(p: LogUniform, q: LogUniform) -> Variable:
    """The logarithm of the ratio of the widths of log x, if q's interval contains p's, else inf."""
    widths = [log_ratio(d.high, d.low, d.high - d.low) for d in (q, p)]
    more = log_ratio(q.high, p.high, q.high - p.high) + log_ratio(p.low, q.low, p.low - q.low)
    inside = (q.low.array <= p.low.array) & (p.high.array <= q.high.array)
    return F.where(inside, log_ratio(*widths, more), math.inf)


@differentiable
def uniform_log_uniform_kl(xp, low, high, w):
    """log(w high/(high - low)) - 1 + low log(high/low)/(high - low), w the width on the scale of log x."""
    width = high - low
    return xp.log(w * (high / width)) - deviance(xp, low, high, -width) / width


def _uniform_log_uniform_rule(F, g, low, high, w):
    width = high - low
    slope = g * F(log_ratio)(high, low, width) / width
    return slope * (high / width), -slope * (low / width), g / w


uniform_log_uniform_kl.joint_derivative(_uniform_log_uniform_rule)


@register_kl(Uniform, LogUniform)
def _kl_uniform_log_uniform(p: Uniform, q: LogUniform) -> Variable:
    inside = (q.low.array <= p.low.array) & (p.high.array <= q.high.array)
    low, high = F.where(inside, p.low, q.low), F.where(inside, p.high, q.high)
    y = uniform_log_uniform_kl(low, high, log_ratio(q.high, q.low, q.high - q.low))
    return F.where(inside, y, math.inf)


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _kl_continuous_bernoulli(p: ContinuousBernoulli, q: ContinuousBernoulli) -> Variable:
    """By logits, whose difference has more digits if it comes from probabilities that were given."""
    if p.given("p") and q.given("p"):
        d = q.p - p.p
        difference = log_ratio(q.p, p.p, d) + log_ratio(1 - p.p, 1 - q.p, d)
    else:
        difference = q.logit - p.logit
    return cb_kl(p.logit, q.logit, difference)


@register_kl(LogitNormal, LogitNormal)
def _kl_logit_normal(p: LogitNormal, q: LogitNormal) -> Variable:
    """That of the Normal logits."""
    return normal_kl(standardized(p.loc, q.loc, q.scale, given="scale"), p.scale, q.scale)
