"""The masses of counts of K classes, whose probabilities are known or a Dirichlet vector.

n!/prod x_k! is a share that changes slowly with the counts over prod (x_k/n)^x_k; what is left are Loader's
deviances, none of which is negative. All sums are double words.

Source:
    C. Loader, "Fast and accurate computation of binomial probabilities" (2000), for the deviances.
"""

from __future__ import annotations

import math

from ..autograd import differentiable, zero
from ..backend import hooks
from .beta import add_double, log_gamma_share, log_word, times_double
from .beta_divergence import score_change
from .bregman import trigamma
from .differences import deviance, expm1mx, log_far_ratio
from .dirichlet import log_dirichlet_share, total_shape
from .double import finite_or_zero, minus, two_sum
from .logits import class_probabilities, pull
from .softmax import exp_of_word, log_softmax_word
from .sums import sum_last


def log_of_classes(xp, p):
    """log p as double words, -inf where p is 0."""
    some = xp.where(p > 0, p, 1)
    y, lo = log_word(xp, some, 0 * some)
    return xp.where(p > 0, y, -math.inf), lo


def log_of_logits(xp, logit):
    """log softmax(logit) as double words."""
    return log_softmax_word(xp, logit, 0 * xp.where(logit > -math.inf, logit, 0))


# Counts with known probabilities ---------------------------------------------------------------------------


def _log_choices(xp, x, n):
    """The logarithm of the share: of n!/prod x_k! times prod (x_k/n)^x_k; as a double word."""
    some = xp.maximum(x, 1)
    parts = add_double(xp, log_gamma_share(xp, some), minus(log_word(xp, some, 0 * some)))
    parts = sum_last(xp, *(xp.where(x > 0, v, 0) for v in parts))
    many = xp.maximum(n, 1)
    whole = add_double(xp, log_gamma_share(xp, many), minus(log_word(xp, many, 0 * many)))
    return add_double(xp, parts, tuple(xp.where(n > 0, -v, 0) for v in whole))


def _log_ratios(xp, x, n, log_p):
    """log(n p_k/x_k), rounded, and 0 where x_k is 0."""
    some, many = xp.maximum(x, 1), xp.maximum(n, 1)[..., None]
    expected = add_double(xp, log_p, log_word(xp, many, 0 * many))
    ratio = add_double(xp, expected, minus(log_word(xp, some, 0 * some)))
    impossible = log_p[0] == -math.inf
    return xp.where(x > 0, xp.where(impossible, -math.inf, ratio[0] + finite_or_zero(xp, ratio[1])), 0)


def _log_mass(xp, x, n, log_p, p, excess):
    """The mass, given log p, p, and what the sum of p exceeds 1 by."""
    r = _log_ratios(xp, x, n, log_p)
    each = xp.where(x > 0, x * expm1mx(xp, r), n[..., None] * p)
    h, lo = _log_choices(xp, x, n)
    return h + (lo - (each.sum(axis=-1) - n * excess))


@differentiable
@hooks.opaque
def multinomial_log_prob(xp, x, n, logit):
    """log(n! prod p_k^x_k/x_k!) with p = softmax(logit), for counts x_k >= 0 of sum n."""
    x, logit = xp.broadcast_arrays(x, logit)
    log_p = log_of_logits(xp, logit)
    return _log_mass(xp, x, n, log_p, exp_of_word(xp, log_p), 0)


@differentiable
@hooks.opaque
def multinomial_log_prob_p(xp, x, n, p):
    """log(n! prod p_k^x_k/x_k!), for counts x_k >= 0 of sum n."""
    x, p = xp.broadcast_arrays(x, p)
    h, lo = sum_last(xp, p, 0 * p)
    return _log_mass(xp, x, n, log_of_classes(xp, p), p, (h - 1) + lo)


@differentiable
@hooks.opaque
def multinomial_score(xp, x, n, logit):
    """x_k - n p_k: the derivative of the log mass by a logit; of a likely class from the others."""
    x, logit = xp.broadcast_arrays(x, logit)
    log_p = log_of_logits(xp, logit)
    r, p = _log_ratios(xp, x, n, log_p), exp_of_word(xp, log_p)
    y = xp.where(x > 0, -x * xp.expm1(r), -n[..., None] * p)
    likely = p > 0.5
    return xp.where(likely, -xp.where(likely, 0, y).sum(axis=-1, keepdims=True), y)


multinomial_log_prob.derivative(
    x=zero, n=zero, logit=lambda F, g, x, n, logit: g[..., None] * F(multinomial_score)(x, n, logit)
)


def _over_p(F, g, x, p):
    """x/p, and 0 where p is: an infinite derivative is taken to be 0."""
    return g[..., None] * F.where(p == 0, 0.0, x / F.where(p == 0, 1.0, p))


multinomial_log_prob_p.derivative(x=zero, n=zero, p=_over_p)
multinomial_score.derivative(
    x=zero,
    n=zero,
    logit=lambda F, g, n, logit: -pull(F(class_probabilities)(logit), g * n[..., None]),
)


# Counts with probabilities that are a Dirichlet vector ------------------------------------------------------


@differentiable
@hooks.opaque
def dirichlet_multinomial_log_prob(xp, x, n, alpha):
    """log(n! Gamma(A)/Gamma(n + A) prod Gamma(x_k + alpha_k)/(x_k! Gamma(alpha_k))).

    The deviances are those of x_k and alpha_k from their parts of x_k + alpha_k, which they miss by d_k.
    """
    x, alpha = xp.broadcast_arrays(x, alpha)
    total, _ = total_shape(xp, alpha)
    both = two_sum(xp, x, alpha)
    many = n[..., None]
    everything = add_double(xp, total, (many, 0 * many))
    d = add_double(xp, times_double(xp, x, total), minus(times_double(xp, alpha, (many, 0 * many))))
    d = (d[0] + d[1]) / everything[0]
    misses = deviance(xp, x, x - d, d) + deviance(xp, alpha, alpha + d, -d)
    after = sum_last(xp, *log_gamma_share(xp, *both))
    after = add_double(xp, after, minus(log_gamma_share(xp, everything[0][..., 0], everything[1][..., 0])))
    y = add_double(xp, log_dirichlet_share(xp, alpha, total), minus(after))
    y = add_double(xp, y, _log_choices(xp, x, n))
    return xp.where(n > 0, y[0] + (y[1] - misses.sum(axis=-1)), 0 * y[0])


@differentiable
@hooks.opaque
def dirichlet_multinomial_score(xp, x, n, alpha):
    """What digamma rises from alpha_k to alpha_k + x_k, less what it rises from A to A + n."""
    x, alpha = xp.broadcast_arrays(x, alpha)
    total, rest = total_shape(xp, alpha)
    others = n[..., None] - x
    cross = add_double(xp, times_double(xp, x, rest), minus(times_double(xp, others, (alpha, 0 * alpha))))[0]
    u = cross / alpha / (total[0] + n[..., None])
    far = log_far_ratio(xp, alpha + x, alpha) + log_far_ratio(xp, total[0], total[0] + n[..., None])
    return score_change(xp, (alpha, rest[0], alpha + x, rest[0] + others), (x, others), u, far)


def _score_rule(F, g, x, n, alpha):
    total = alpha.sum(axis=-1, keepdims=True)
    common = F(trigamma)(total) - F(trigamma)(total + n[..., None])
    return g * (F(trigamma)(alpha + x) - F(trigamma)(alpha)) + g.sum(axis=-1, keepdims=True) * common


dirichlet_multinomial_log_prob.derivative(
    x=zero, n=zero, alpha=lambda F, g, x, n, alpha: g[..., None] * F(dirichlet_multinomial_score)(x, n, alpha)
)
dirichlet_multinomial_score.derivative(x=zero, n=zero, alpha=_score_rule)
