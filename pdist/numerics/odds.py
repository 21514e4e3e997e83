"""One probability p, or its logit l = log(p/(1 - p)): densities, entropies and divergences from either.

A logit is never converted to a probability on the way to a result, so that no accuracy is lost to
rounding: the names of these functions end in ``_logit``.
"""

from __future__ import annotations

import math

from ..autograd import differentiable, zero
from ..backend import special
from .blocks import in_blocks, own
from .differences import deviance, expm1mx, log_ratio
from .probability import log_odds, or_infinite

_FAR = 40.0  # a logit beyond which 1 - p is 1 to within half an ulp

# Given the probability -------------------------------------------------------------------------------------


@differentiable
@in_blocks
def bernoulli_log_prob(xp, x, p):
    """x log p + (1 - x) log(1 - p) for x in [0, 1]."""
    y = x * xp.log(p)
    y = y + (1 - x) * xp.log1p(-p)
    return xp.fmin(y, 0) + 0 * p  # nan: 0 log 0, which is 0; but a nan p is kept


def _by_p(F, g, x, p):
    """x/p - (1 - x)/(1 - p), as (x - p)/(p (1 - p)), accurate near x = p; 0 for impossible values."""
    up, down = or_infinite(F, p), or_infinite(F, 1 - p)
    certain = (p == 0) | (p == 1)
    return g * F.where(certain, x / up - (1 - x) / down, (x - p) / up / down)


bernoulli_log_prob.derivative(x=lambda F, g, p: g * F(log_odds)(p), p=_by_p)


@differentiable
def bernoulli_entropy(xp, p):
    """-p log p - (1 - p) log(1 - p)."""
    return 0 - (special(xp).xlogy(p, p) + special(xp).xlog1py(1 - p, -p))


bernoulli_entropy.derivative(p=lambda F, g, p: -g * F.where((p == 0) | (p == 1), 0.0, F(log_odds)(p)))


@differentiable
def bernoulli_kl(xp, p, q):
    """p log(p/q) + (1 - p) log((1 - p)/(1 - q)) as a sum of two nonnegative deviances."""
    d = p - q
    return deviance(xp, p, q, d) + deviance(xp, 1 - p, 1 - q, -d)


def _kl_slope(F, g, p, q):
    """log(p/q) + log((1 - q)/(1 - p)), of one sign; 0 where p or q is 0 or 1."""
    edge = (p == 0) | (p == 1) | (q == 0) | (q == 1)
    p, q = F.where(edge, 0.5, p), F.where(edge, 0.5, q)
    d = p - q
    return g * (F(log_ratio)(p, q, d) + F(log_ratio)(1 - q, 1 - p, d))


bernoulli_kl.derivative(p=_kl_slope, q=lambda F, g, p, q: _by_p(F, -g, p, q))


@differentiable
def bernoulli_variance(xp, p):
    """p (1 - p)."""
    return p * (1 - p)


@differentiable
def bernoulli_stddev(xp, p):
    """sqrt(p (1 - p)), with gradient 0 at 0 and 1."""
    return xp.sqrt(p * (1 - p))


bernoulli_variance.derivative(p=lambda F, g, p: g * (1 - 2 * p))
bernoulli_stddev.derivative(p=lambda F, g, y, p: g * (0.5 - p) / or_infinite(F, y))

# Given the logit -------------------------------------------------------------------------------------------


@differentiable
@in_blocks
def bernoulli_log_prob_logit(xp, x, logit):
    """(x - [l > 0]) l - log(1 + e^-|l|) for x in [0, 1]: no cancellation, no overflow."""
    low = -abs(logit)
    y = (x - (logit > 0)) * logit
    y = xp.fmin(y, 0, out=own(y))  # nan: 0 * inf
    low = xp.exp(low, out=own(low))
    y -= xp.log1p(low, out=own(low))
    return y


@differentiable
@in_blocks
def bernoulli_score_logit(xp, x, logit):
    """x - sigmoid(l), the derivative of log_prob in the logit, computed from the nearer end of [0, 1]."""
    e = xp.exp(-abs(logit))
    e /= 1 + e
    end = (logit > 0).astype(x.dtype)
    return (x - end) + (2 * end - 1) * e


bernoulli_log_prob_logit.derivative(
    x=lambda F, g, logit: g * logit,
    logit=lambda F, g, x, logit: g * F(bernoulli_score_logit)(x, logit),
)
bernoulli_score_logit.derivative(
    x=lambda F, g: g,
    logit=lambda F, g, logit: -g * F(bernoulli_variance_logit)(logit),
)


@differentiable
def bernoulli_variance_logit(xp, logit):
    """p (1 - p) with p = sigmoid(l)."""
    e = xp.exp(-abs(logit))
    return e / ((1 + e) * (1 + e))


@differentiable
def bernoulli_stddev_logit(xp, logit):
    """sqrt(p (1 - p)) with p = sigmoid(l), which underflows only at twice the logit of its square."""
    r = xp.exp(-0.5 * abs(logit))
    return r / (1 + r * r)


bernoulli_variance_logit.derivative(logit=lambda F, g, y, logit: -g * y * F.tanh(0.5 * logit))
bernoulli_stddev_logit.derivative(logit=lambda F, g, y, logit: -0.5 * g * y * F.tanh(0.5 * logit))


@differentiable
def bernoulli_entropy_logit(xp, logit):
    """log(1 + e) + |l| e/(1 + e) with e = e^-|l|; far out (|l| + 1) e, whose e may be subnormal."""
    a = abs(logit)
    far = a > _FAR
    e = xp.exp(xp.where(far, _FAR, 0).astype(a.dtype) - a)  # exact differences
    near = xp.log1p(e) + a * e / (1 + e)
    return xp.where(far, xp.where(e == 0, 0, (a + 1) * e * math.exp(-_FAR)), near)


def _entropy_rule(F, g, logit):
    """-l p (1 - p)."""
    return -g * F.where(abs(logit) < math.inf, logit, 0.0) * F(bernoulli_variance_logit)(logit)


bernoulli_entropy_logit.derivative(logit=_entropy_rule)


@differentiable
def bernoulli_kl_logit(xp, p_logit, q_logit):
    """log(1 + sum_i p_i (e^eps_i - 1 - eps_i)), eps_i the centred change of log p_i: no negative terms.

    If p and q are far apart, as the difference of a cross entropy and an entropy.
    """
    a = -abs(p_logit)  # 0 and 1 exchanged where that makes p <= 1/2
    b = xp.where(p_logit > 0, -q_logit, q_logit)
    e = xp.exp(a)
    p = e / (1 + e)
    d = b - a
    near = xp.log1p(p * expm1mx(xp, d / (1 + e)) + expm1mx(xp, -p * d) / (1 + e))
    mean = xp.where((p == 0) | (d == math.inf), 0, p * d)  # an infinite d is an infinite b already
    far = xp.maximum(b, 0) + (xp.log1p(xp.exp(-abs(b))) - xp.log1p(e)) - mean
    return xp.where(abs(d) < 1, near, far)


@differentiable
def sigmoid_difference(xp, a, b):
    """sigmoid(b) - sigmoid(a), accurate also if they are close to each other or both near 1."""
    high, low = xp.maximum(a, b), xp.minimum(a, b)
    e, f = xp.exp(-abs(high)), xp.exp(-abs(low))
    share = xp.where(high > 0, 1, e) / (1 + e) * (xp.where(low > 0, f, 1) / (1 + f))
    change = share * -xp.expm1(xp.where(high == low, 0, low - high))
    return xp.where(a > b, -change, change)


def _kl_slope_logit(F, g, p_logit, q_logit):
    """p (1 - p) (l_p - l_q); 0 where the KL is inf."""
    variance = F(bernoulli_variance_logit)(p_logit)
    d = p_logit - q_logit
    return g * variance * F.where((variance == 0) | (abs(d) == math.inf), 0.0, d)


bernoulli_kl_logit.derivative(
    p_logit=_kl_slope_logit,
    q_logit=lambda F, g, p_logit, q_logit: g * F(sigmoid_difference)(p_logit, q_logit),
)
sigmoid_difference.derivative(
    a=lambda F, g, a: -g * F(bernoulli_variance_logit)(a),
    b=lambda F, g, b: g * F(bernoulli_variance_logit)(b),
)

# Quantiles -----------------------------------------------------------------------------------------------


@differentiable
def bernoulli_icdf(xp, u, q):
    """0 up to q = P(X = 0), then 1; nan outside [0, 1]."""
    return xp.where((u >= 0) & (u <= 1), (u > q).astype(u.dtype), math.nan)


bernoulli_icdf.derivative(u=zero, q=zero)
