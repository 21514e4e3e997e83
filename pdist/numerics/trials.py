"""Counts of successes and failures in independent trials: masses and tails, given p or its logit.

Both p and 1 - p are double words, since a mass in the middle of n = 1e15 trials has n times their rounding in
its exponent. Beyond logits of which a probability is short of digits, or is none, formulas take the logit.

Source:
    C. Loader, "Fast and accurate computation of binomial probabilities" (2000).
"""

from __future__ import annotations

import math

from ..autograd import differentiable, zero
from ..backend import hooks
from .beta import (
    add_double,
    away_from_mean,
    log_mass,
    log_share,
    log_word,
    logs_of,
    score_at,
    times_double,
)
from .beta_shape import tail_slopes
from .blocks import by_counts, in_blocks, piecewise
from .bregman import trigamma
from .double import divide_double, is_double, log_double, minus, rounding, two_sum
from .incomplete_beta import beta_tail_at
from .odds import bernoulli_variance_logit
from .probability import or_infinite

_FAR = (60.0, 600.0)  # logits whose probabilities have all their digits in (float32, float64)


def _exp_word(xp, x):
    """e^x as a double word for x <= 0 within those logits."""
    y = xp.exp(x)
    log_y, lo = log_double(xp, y, finer=True)
    log_y, lo = two_sum(xp, log_y, lo)
    return y, rounding(xp, y * ((x - log_y) - lo), 4 * y)


def chances(xp, v, logit):
    """p and 1 - p as double words; of logits that are further out, those of the last that is not."""
    if not logit:
        return (v, 0 * v), two_sum(xp, xp.ones_like(v), -v)
    e, e_lo = _exp_word(xp, -xp.minimum(abs(v), _FAR[is_double(v)]))
    s, s_lo = two_sum(xp, xp.ones_like(e), e)
    s_lo = s_lo + e_lo
    parts = []
    for c, c_lo in ((e, e_lo), (xp.ones_like(e), 0 * e)):
        h, lo = divide_double(xp, c, c_lo, s)
        parts.append((h, lo - h * (s_lo / s)))
    small, large = parts
    up = v > 0
    p = tuple(xp.where(up, a, b) for a, b in zip(large, small, strict=True))
    return p, tuple(xp.where(up, a, b) for a, b in zip(small, large, strict=True))


def log_chances(xp, v, logit):
    """log p and log(1 - p) as double words, of any logit."""
    chance = chances(xp, v, logit)
    logs = [log_word(xp, xp.where(h == 0, 1, h), lo) for h, lo in chance]
    logs = [(xp.where(c[0] == 0, -math.inf, h), lo) for c, (h, lo) in zip(chance, logs, strict=True)]
    if not logit:
        return logs
    far, small, large = _is_far(v), -abs(v), -xp.exp(-abs(v))
    ends = xp.where(v > 0, large, small), xp.where(v > 0, small, large)
    return [(xp.where(far, end, h), xp.where(far, 0, lo)) for end, (h, lo) in zip(ends, logs, strict=True)]


def _is_far(v):
    """Whether a logit is so far out that its probabilities lack digits."""
    return abs(v) > _FAR[is_double(v)]


def _beyond(xp, v):
    """By how much it is."""
    return xp.maximum(abs(v) - _FAR[is_double(v)], 0)


def _product(xp, n, log):
    """n times a logarithm; 0 where n is 0."""
    h, lo = times_double(xp, n, log)
    none = log[0] == -math.inf
    h = xp.where(none, -math.inf, h)
    return xp.where(n == 0, 0, h), xp.where((n == 0) | none, 0, lo)


def _log_choose(xp, n, x):
    """log(n!/(x! (n - x)!)) as a double word, for 0 < x < n."""
    y = n - x
    found = log_share(xp, x, y)
    for c, sign in ((n, 1), (x, -1), (y, -1)):
        h, lo = log_word(xp, c, 0)
        found = add_double(xp, found, (sign * h, sign * lo))
    for c in (x, y):
        h, lo = log_word(xp, *divide_double(xp, c, 0 * c, n))
        found = add_double(xp, found, times_double(xp, -c, (h, lo)))
    return found


def _far_out(xp, x, n, v):
    """log mass of a logit so far out that n trials come out alike: choices, and the logit of each odd one."""
    up = v > 0
    odd = xp.where(up, n - x, x)
    inside = (odd > 0) & (odd < n)
    h, lo = _log_choose(xp, xp.where(inside, n, 2), xp.where(inside, odd, 1))
    logits = xp.where(odd == 0, -binomial_mean.kernel(xp, n, -abs(v)), -abs(v) * odd)
    return xp.where(inside, h, 0) + xp.where(inside, lo, 0) + logits


@differentiable
def binomial_mean(xp, n, logit):
    """n p, which may be a number where p is none."""
    up = logit > 0
    h, e = _two_exponentials(xp, logit)
    return n * (xp.where(up, 1, h) / (1 + h * e)) * xp.where(up, 1, e)


@differentiable
def binomial_variance(xp, n, logit):
    """n p (1 - p)."""
    h, e = _two_exponentials(xp, logit)
    s = 1 + h * e
    return n * (h / s / s) * e


def _two_exponentials(xp, logit):
    """Two numbers of the product e^-|logit|."""
    far = xp.maximum(abs(logit) - 40, 0)
    return xp.exp(-xp.minimum(abs(logit), 40)), xp.exp(-far)


binomial_mean.derivative(n=zero, logit=lambda F, g, n, logit: g * F(binomial_variance)(n, logit))
binomial_variance.derivative(n=zero, logit=lambda F, g, y, logit: -g * y * F.tanh(0.5 * logit))


# Binomial --------------------------------------------------------------------------------------------------


@differentiable
@by_counts
@in_blocks
@hooks.opaque
def binomial_log_prob(xp, x, n, v, *, logit):
    """log(n!/(x! (n - x)!) p^x (1 - p)^(n - x)) for counts 0 <= x <= n."""
    p, q = chances(xp, v, logit)
    y = n - x
    inside = (x > 0) & (y > 0)
    s, t = xp.where(inside, x, 1), xp.where(inside, y, 1)
    log_p, log_q = log_chances(xp, v, logit)
    logs = [log_p, log_q, *(log_word(xp, c, 0) for c in (s, t, xp.maximum(n, 1)))]
    mass = log_mass(xp, p, q, s, t, logs)
    for log in (minus(logs[2]), minus(logs[3]), logs[4]):
        mass = add_double(xp, mass, log)
    none, all_of_them = _product(xp, y, log_q)[0], _product(xp, x, log_p)[0]
    certain = xp.where((p[0] == 0) | (q[0] == 0), -math.inf, mass[0])
    found = xp.where(inside, certain, xp.where(x > 0, all_of_them, none))
    if logit:
        found = xp.where(_is_far(v), _far_out(xp, x, n, v), found)
    return xp.where(v == v, found, v)


@differentiable
def binomial_score(xp, x, n, v, /, logit):
    """x - n p, the derivative of the log mass by the logit, or that over p (1 - p), its derivative by p."""
    p, q = chances(xp, v, logit)
    d = away_from_mean(xp, p, q, x, n - x)[0]
    if logit:
        rare = binomial_mean.kernel(xp, n, -abs(v))
        return xp.where(_is_far(v), xp.where(v > 0, x - n + rare, x - rare), d)
    certain = (p[0] == 0) | (q[0] == 0)
    up, down = or_infinite(xp, p[0]), or_infinite(xp, q[0])
    return xp.where(certain, x / up - (n - x) / down, d / up / down)


def _binomial_bend(F, g, x, n, v, logit):
    if logit:
        return -g * F(binomial_variance)(n, v)
    up, down = or_infinite(F, v), or_infinite(F, 1 - v)
    return -g * (x / up / up + (n - x) / down / down)


binomial_log_prob.derivative(
    x=zero, n=zero, v=lambda F, g, x, n, v, logit: g * F(binomial_score)(x, n, v, logit=logit)
)
binomial_score.derivative(x=zero, n=zero, v=_binomial_bend)


@differentiable
@by_counts
def binomial_tail(xp, x, n, v, *, upper, log, logit):
    """P(X <= x) or, if ``upper``, P(X > x), or its logarithm, for counts 0 <= x < n."""
    p, q = chances(xp, v, logit)
    x, n = xp.broadcast_arrays(x, n)
    x = xp.minimum(x, xp.maximum(n - 1, 0))
    found = beta_tail_at(xp, *p, *q, x + 1, xp.maximum(n - x, 1), upper=not upper, log=log)
    if not logit:
        return found
    # Far out the tail that has no mass to speak of is its largest term
    up = v > 0
    small = _far_out(xp, xp.where(up, x, x + 1), n, v)
    return xp.where(_is_far(v), _tail_beside(xp, small, up != upper, log), found)


def _tail_beside(xp, log_rare, rare, log):
    """A tail or its logarithm: that of a rare event, or of the opposite one."""
    if log:
        return xp.where(rare, log_rare, xp.log1p(-xp.exp(log_rare)))
    return xp.where(rare, xp.exp(log_rare), -xp.expm1(log_rare))


def _tail_slope(F, g, y, log_mass, weight, v, upper, log, logit):
    """How P(X > x) grows: weight times the mass at x over 1 - p, or by the logit times p."""
    log_mass = log_mass - F.where(y == -math.inf, math.inf, y) if log else log_mass
    slope = weight * F.exp(log_mass) * (F.sigmoid(v) if logit else 1 / or_infinite(F, 1 - v))
    return g * (slope if upper else -slope)


binomial_tail.derivative(
    x=zero,
    n=zero,
    v=lambda F, g, y, x, n, v, upper, log, logit: _tail_slope(
        F, g, y, F(binomial_log_prob)(x, n, v, logit=logit), n - x, v, upper, log, logit
    ),
)

# Negative binomial -----------------------------------------------------------------------------------------


@differentiable
@by_counts
@in_blocks
@hooks.opaque
def negative_binomial_log_prob(xp, x, n, v, *, logit):
    """log(Gamma(x + n)/(Gamma(n) x!) (1 - p)^n p^x) for counts x >= 0 and n > 0."""
    p, q = chances(xp, v, logit)
    some = xp.maximum(x, 1)
    logs = logs_of(xp, q, p, n, some)
    mass = add_double(xp, log_mass(xp, q, p, n, some, logs), minus(logs[3]))[0]
    mass = xp.where((p[0] == 0) | (q[0] == 0), -math.inf, mass)
    if logit:  # choices, and the power of the rare outcome, of which x or n are known to come
        mass = mass - _times(xp, xp.where(v > 0, n, x), _beyond(xp, v))
    found = xp.where(x > 0, mass, _product(xp, n, log_chances(xp, v, logit)[1])[0])
    return xp.where(v == v, found, v)


def _times(xp, n, beyond):
    """Their product; 0 where n is 0, also of an infinite logit."""
    return n * xp.where(n == 0, 0, beyond)


@differentiable
def negative_binomial_score(xp, x, n, v, /, logit):
    """x (1 - p) - n p, the derivative of the log mass by the logit, or that over p (1 - p)."""
    p, q = chances(xp, v, logit)
    d = away_from_mean(xp, p, q, x, n)[0]
    if logit:
        e = xp.exp(-abs(v))
        return xp.where(_is_far(v), xp.where(v > 0, x * e - n, x - n * e), d)
    certain = (p[0] == 0) | (q[0] == 0)
    up, down = or_infinite(xp, p[0]), or_infinite(xp, q[0])
    return xp.where(certain, x / up - n / down, d / up / down)


@differentiable
@by_counts
def negative_binomial_shape_score(xp, x, n, v, *, logit):
    """log(1 - p) - digamma(n) + digamma(n + x): the derivative by n."""
    p, q = chances(xp, v, logit)
    score = score_at(xp, q, p, n, x)
    if not logit:
        return score
    score = xp.where(v > 0, score - _beyond(xp, v), score)
    return xp.where((x == 0) & _is_far(v), log_chances(xp, v, logit)[1][0], score)


def _chance(F, v, logit):
    return F.sigmoid(v) if logit else v


def _score_bend(F, g, x, n, v, logit):
    if logit:
        return -g * (n + x) * F(bernoulli_variance_logit)(v)
    up, down = or_infinite(F, v), or_infinite(F, 1 - v)
    return -g * (x / up / up + n / down / down)


def _log_q_slope(F, g, v, logit):
    """That of log(1 - p)."""
    return -g * (F.sigmoid(v) if logit else 1 / or_infinite(F, 1 - v))


negative_binomial_log_prob.derivative(
    x=zero,
    n=lambda F, g, x, n, v, logit: g * F(negative_binomial_shape_score)(x, n, v, logit=logit),
    v=lambda F, g, x, n, v, logit: g * F(negative_binomial_score)(x, n, v, logit=logit),
)
negative_binomial_score.derivative(
    x=zero,
    n=lambda F, g, v, logit: _log_q_slope(F, g, v, logit),
    v=_score_bend,
)
negative_binomial_shape_score.derivative(
    x=zero,
    n=lambda F, g, x, n: g * (F(trigamma)(n + x) - F(trigamma)(n)),
    v=lambda F, g, v, logit: _log_q_slope(F, g, v, logit),
)


@differentiable
@by_counts
def negative_binomial_tail(xp, x, n, v, *, upper, log, logit):
    """P(X <= x) or, if ``upper``, P(X > x), or its logarithm, for counts x >= 0."""
    p, q = chances(xp, v, logit)
    found = beta_tail_at(xp, *q, *p, n, x + 1, upper=upper, log=log)
    if not logit:
        return found
    return xp.where(_is_far(v), _tail_beside(xp, _log_rare_tail(xp, x, n, v), (v > 0) != upper, log), found)


@hooks.opaque
def _log_rare_tail(xp, x, n, v):
    """Of logits far out the logarithm of the tail that has no mass to speak of; 0 of others.

    It goes on as a power of the rare outcome's probability.
    """

    def far_out(xp, x, n, v):
        rare, other = chances(xp, -abs(v), True)
        power, others = xp.where(v > 0, n, x + 1), xp.where(v > 0, x + 1, n)
        tail = beta_tail_at(xp, *rare, *other, power, others, upper=False, log=True)
        return (tail - power * _beyond(xp, v),)

    arrays = xp.broadcast_arrays(x, n, v)
    return piecewise(xp, ((_is_far(arrays[2]), far_out), (None, lambda xp, x, n, v: (0 * v,))), *arrays)[0]


@differentiable
@by_counts
def negative_binomial_tail_slope(xp, x, n, v, *, upper, log, logit):
    """The derivative of :func:`negative_binomial_tail` by n."""
    p, q = chances(xp, v, logit)
    return tail_slopes(xp, *q, *p, n, x + 1, upper=upper, log=log)[0]


negative_binomial_tail.derivative(
    x=zero,
    n=lambda F, g, x, n, v, upper, log, logit: (
        g * F(negative_binomial_tail_slope)(x, n, v, upper=upper, log=log, logit=logit)
    ),
    v=lambda F, g, y, x, n, v, upper, log, logit: _tail_slope(
        F, g, y, F(negative_binomial_log_prob)(x, n, v, logit=logit), n + x, v, upper, log, logit
    ),
)

# Geometric -------------------------------------------------------------------------------------------------


@differentiable
def geometric_log_prob(xp, x, v, /, logit):
    """(x - 1) log(1 - p) + log p for x = 1, 2, ..."""
    x, v = xp.broadcast_arrays(x, v)
    log_p, log_q = log_chances(xp, v, logit)
    h = add_double(xp, _product(xp, x - 1, log_q), _product(xp, xp.ones_like(v), log_p))[0]
    return xp.where(v == v, h, v)


@differentiable
def geometric_tail(xp, x, v, /, upper, log, logit):
    """P(X <= x) or, if ``upper``, P(X > x) = (1 - p)^x, or its logarithm."""
    x, v = xp.broadcast_arrays(x, v)
    h, lo = _product(xp, x, log_chances(xp, v, logit)[1])
    if upper:
        return h + lo if log else xp.exp(h) * (1 + lo)
    tail = -(xp.expm1(h) + lo * xp.exp(h))
    return xp.where(h < -0.7, xp.log1p(-xp.exp(h) * (1 + lo)), xp.log(tail)) if log else tail


geometric_log_prob.derivative(
    x=zero, v=lambda F, g, x, v, logit: g * F(binomial_score)(0 * x + 1, x, v, logit=logit)
)
geometric_tail.derivative(
    x=zero,
    v=lambda F, g, y, x, v, upper, log, logit: _geometric_tail_slope(F, g, y, x, v, upper, log, logit),
)


def _geometric_tail_slope(F, g, y, x, v, upper, log, logit):
    """x (1 - p)^(x - 1) of P(X <= x): x times the mass at x over p, or by the logit times 1 - p."""
    mass = F(geometric_log_prob)(x, v, logit=logit)
    mass = mass - F.where(y == -math.inf, math.inf, y) if log else mass
    slope = x * F.exp(mass) * (F.sigmoid(-v) if logit else 1 / or_infinite(F, v))
    return g * (-slope if upper else slope)
