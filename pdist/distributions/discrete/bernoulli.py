"""The Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable, differentiable, zero
from ...backend import special
from ...numerics.blocks import in_blocks, own
from ...numerics.differences import deviance, expm1mx, log_ratio
from ...numerics.probability import log_complement, log_odds, log_probability, or_infinite, sqrt_or_zero
from ..base.distribution import Distribution
from ..base.parameters import Option, Param
from ..base.supports import boolean, extended_real, unit_interval
from ..divergences.registry import register_kl
from ..families.lattice import all_between

# Given the probability -------------------------------------------------------------------------------------


@differentiable
@in_blocks
def bernoulli_log_prob(xp, x, p):
    """x log p + (1 - x) log(1 - p) for x in [0, 1]."""
    y = x * xp.log(p)
    y = y + (1 - x) * xp.log1p(-p)
    return xp.fmin(y, 0) + 0 * p  # nan: 0 log 0, which is 0, beside log 1; but a nan p stays


def _by_p(F, g, x, p):
    """x/p - (1 - x)/(1 - p), as (x - p)/(p (1 - p)) which is exact near x = p; 0 for what cannot happen."""
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
    """p log(p/q) + (1 - p) log((1 - p)/(1 - q)) as a sum of two deviances, neither of them negative."""
    d = p - q
    return deviance(xp, p, q, d) + deviance(xp, 1 - p, 1 - q, -d)


def _kl_slope(F, g, p, q):
    """log(p/q) + log((1 - q)/(1 - p)), of one sign; 0 where p or q is 0 or 1."""
    edge = (p == 0) | (p == 1) | (q == 0) | (q == 1)
    p, q = F.where(edge, 0.5, p), F.where(edge, 0.5, q)
    d = p - q
    return g * (F(log_ratio)(p, q, d) + F(log_ratio)(1 - q, 1 - p, d))


bernoulli_kl.derivative(p=_kl_slope, q=lambda F, g, p, q: _by_p(F, -g, p, q))

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
    """x - sigmoid(l), the derivative of log_prob by the logit, from that end of [0, 1] that is near."""
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
    """sqrt(p (1 - p)) with p = sigmoid(l): it underflows at twice the logit of its square."""
    r = xp.exp(-0.5 * abs(logit))
    return r / (1 + r * r)


bernoulli_variance_logit.derivative(logit=lambda F, g, y, logit: -g * y * F.tanh(0.5 * logit))
bernoulli_stddev_logit.derivative(logit=lambda F, g, y, logit: -0.5 * g * y * F.tanh(0.5 * logit))


@differentiable
def bernoulli_entropy_logit(xp, logit):
    """log(1 + e) + |l| e/(1 + e) with e = e^-|l|."""
    a = abs(logit)
    e = xp.exp(-a)
    return xp.log1p(e) + xp.minimum(a, 1e4) * e / (1 + e)


bernoulli_entropy_logit.derivative(
    logit=lambda F, g, logit: -g * F.clip(logit, -1e4, 1e4) * F(bernoulli_variance_logit)(logit)
)


@differentiable
def bernoulli_kl_logit(xp, p_logit, q_logit):
    """log(1 + sum_i p_i (e^eps_i - 1 - eps_i)), eps_i the change of log p_i less its mean: no negative terms.

    Where p and q are far apart as the difference of a cross entropy and an entropy.
    """
    a = -abs(p_logit)  # 0 and 1 exchanged where that makes p <= 1/2
    b = xp.where(p_logit > 0, -q_logit, q_logit)
    e = xp.exp(a)
    p = e / (1 + e)
    d = b - a
    near = xp.log1p(p * expm1mx(xp, d / (1 + e)) + expm1mx(xp, -p * d) / (1 + e))
    mean = xp.where(p == 0, 0, p * xp.minimum(d, float(xp.finfo(d.dtype).max)))
    far = xp.maximum(b, 0) + (xp.log1p(xp.exp(-abs(b))) - xp.log1p(e)) - mean
    return xp.where(abs(d) < 1, near, far)


@differentiable
def sigmoid_difference(xp, a, b):
    """sigmoid(b) - sigmoid(a), also where they are near each other or both near 1."""
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

# Steps -----------------------------------------------------------------------------------------------------


@differentiable
def between_zero_and_one(xp, x, middle, /, low, high):
    """``low`` for x < 0, ``middle`` from 0 and ``high`` from 1 on; nan at nan."""
    y = xp.where(x < 0, low, xp.where(x < 1, middle, high))
    return xp.where(x == x, y, x)


between_zero_and_one.derivative(x=zero, middle=lambda F, g, x: F.where((x >= 0) & (x < 1), g, 0.0))


@differentiable
def bernoulli_icdf(xp, u, q):
    """0 up to q = P(X = 0), then 1; nan outside [0, 1]."""
    return xp.where((u >= 0) & (u <= 1), (u > q).astype(u.dtype), math.nan)


bernoulli_icdf.derivative(u=zero, q=zero)


class Bernoulli(Distribution):
    r"""A coin: 1 with probability p, else 0.

    .. math:: P(x) = p^x (1 - p)^{1 - x}

    Args:
        p: the probability of 1, in [0, 1], of shape ``[*batch]``.
        logit: log(p/(1 - p)), real or infinite, instead of ``p``: it is never turned into a probability on
            the way to a result, so that none is lost to rounding.
        binary_check: whether values other than 0 and 1 have log_prob -inf. By default those between are
            taken as grey values, with log_prob x log p + (1 - x) log(1 - p).

    Samples carry no gradients. Where p is 0 or 1 a slope may be infinite; the gradient by p is then 0.

    Source:
        Johnson, Kemp and Kotz, "Univariate Discrete Distributions", section 3.

    >>> import numpy as np
    >>> d = Bernoulli(p=np.array([0.25, 1.0]))
    >>> d.prob(1).array
    array([0.25, 1.  ])
    >>> Bernoulli(logit=-100.0).log_prob(1).array
    array(-100., dtype=float32)
    """

    p = Param(unit_interval, derive=lambda self: F.sigmoid(self.logit))
    logit = Param(extended_real, instead_of="p", derive=lambda self: log_odds(self.p))
    binary_check = Option(False)
    support = boolean

    @property
    def _by_logit(self) -> bool:
        return self.given("logit")

    def _accepts(self, x: Variable) -> Any:
        if self.binary_check:
            return boolean.contains(x)
        return np.array(True) if all_between(x, 0, 1) else unit_interval.contains(x)

    def _log_prob(self, x: Variable) -> Variable:
        return bernoulli_log_prob_logit(x, self.logit) if self._by_logit else bernoulli_log_prob(x, self.p)

    def _complement(self) -> Variable:
        """P(X = 0)."""
        return F.sigmoid(-self.logit) if self._by_logit else 1 - self.p

    def _cdf(self, x: Variable) -> Variable:
        return between_zero_and_one(x, self._complement(), 0.0, 1.0)

    def _log_cdf(self, x: Variable) -> Variable:
        log_q = F.log_sigmoid(-self.logit) if self._by_logit else log_complement(self.p)
        return between_zero_and_one(x, log_q, -math.inf, 0.0)

    def _survival_function(self, x: Variable) -> Variable:
        return between_zero_and_one(x, self.p, 1.0, 0.0)

    def _log_survival_function(self, x: Variable) -> Variable:
        log_p = F.log_sigmoid(self.logit) if self._by_logit else log_probability(self.p)
        return between_zero_and_one(x, log_p, 0.0, -math.inf)

    def _icdf(self, p: Variable) -> Variable:
        return bernoulli_icdf(p, self._complement())

    def _entropy(self) -> Variable:
        return bernoulli_entropy_logit(self.logit) if self._by_logit else bernoulli_entropy(self.p)

    def _mean(self) -> Variable:
        return self.p

    def _mode(self) -> Variable:
        likely = self.logit.array > 0 if self._by_logit else self.p.array > 0.5
        return as_variable(self.xp.asarray(likely, dtype=self.dtype))

    _median = _mode

    def _variance(self) -> Variable:
        return bernoulli_variance_logit(self.logit) if self._by_logit else self.p * (1 - self.p)

    def _stddev(self) -> Variable:
        if self._by_logit:
            return bernoulli_stddev_logit(self.logit)
        return sqrt_or_zero(self._variance())

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        # Uniforms of 53 bits also for float32: of 24 bits, a probability of 1e-9 would come out as 6e-8.
        p = 1 / (1 + self.xp.exp(-self.logit.array)) if self._by_logit else self.p.array
        return as_variable((rng.random(shape) < p).astype(self.dtype))


@register_kl(Bernoulli, Bernoulli)
def _kl_bernoulli_bernoulli(p: Bernoulli, q: Bernoulli) -> Variable:
    """By probabilities where both gave one, else by logits: a logit may be too far out for a probability."""
    if p._by_logit or q._by_logit:
        return bernoulli_kl_logit(p.logit, q.logit)
    return bernoulli_kl(p.p, q.p)
