"""The density, entropy and divergence of Dirichlet vectors: those of a Beta, with K classes in place of two.

With A the sum of the shapes, prod x_k^alpha_k / B(alpha) is a share that changes slowly with the shapes times
e^-E, where E is the sum of Loader's deviances D(alpha_k, A x_k). No deviance is negative, so that nothing
cancels; all sums are double words.

Source:
    C. Loader, "Fast and accurate computation of binomial probabilities" (2000), for the deviances.
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import hooks
from .beta import (
    add_double,
    deviance_double,
    digamma_drop,
    log_gamma_share,
    log_word,
    times_double,
)
from .beta_divergence import fall_of_trigamma_minus, rest_of_shapes, score_change
from .bregman import trigamma
from .differences import log_far_ratio, log_ratio
from .double import divide_double, minus, two_product, two_sum
from .gamma import log_minus_digamma, trigamma_minus
from .sums import sum_last


def total_shape(xp, alpha):
    """The sum A of the shapes, and what it exceeds each of them by: two double words, with a last axis."""
    total = tuple(v[..., None] for v in sum_last(xp, alpha, 0 * alpha))
    return total, add_double(xp, total, (-alpha, 0 * alpha))


def log_dirichlet_share(xp, alpha, total):
    """log(prod x_k^alpha_k / B(alpha)) + E as a double word."""
    shares = sum_last(xp, *log_gamma_share(xp, alpha))
    return add_double(xp, shares, minus(log_gamma_share(xp, total[0][..., 0], total[1][..., 0])))


def _misses(xp, alpha, x, total):
    """alpha_k - A x_k as double words."""
    expected = add_double(xp, two_product(xp, total[0], x), (total[1] * x, 0 * x))
    return add_double(xp, (alpha, 0 * alpha), minus(expected))


# The density -----------------------------------------------------------------------------------------------


@differentiable
@hooks.opaque
def log_dirichlet_density(xp, x, alpha):
    """sum_k (alpha_k - 1) log x_k - log B(alpha), for x_k >= 0 of sum 1; at x_k = 0 the limit.

    If that does not exist, since a factor is 0 and another one infinite, the density is 0.
    """
    x, alpha = xp.broadcast_arrays(x, alpha)
    zero = x == 0
    inner = xp.where(zero, 0.5, x)
    total, _ = total_shape(xp, alpha)
    logs = log_word(xp, inner, 0 * inner)
    ratio = add_double(xp, add_double(xp, logs, log_word(xp, *total)), minus(log_word(xp, alpha, 0 * alpha)))
    d = _misses(xp, alpha, inner, total)
    each = add_double(xp, deviance_double(xp, alpha, d, ratio), add_double(xp, d, logs))
    found = add_double(xp, log_dirichlet_share(xp, alpha, total), minus(sum_last(xp, *each)))[0]
    never, always = (zero & (alpha > 1)).any(axis=-1), (zero & (alpha < 1)).any(axis=-1)
    return xp.where(never, -math.inf, xp.where(always, math.inf, found)).astype(x.dtype, copy=False)


@differentiable
def dirichlet_slope(xp, x, alpha):
    """(alpha - 1)/x, and 0 where alpha is 1."""
    one = alpha == 1
    return xp.where(one, 0 * x, (alpha - 1) / xp.where(one, 1, x))


@differentiable
@hooks.opaque
def dirichlet_score(xp, x, alpha):
    """log x_k - digamma(alpha_k) + digamma(A): the derivative of the log density by alpha_k."""
    x, alpha = xp.broadcast_arrays(x, alpha)
    total, rest = total_shape(xp, alpha)
    u = -_misses(xp, alpha, x, total)[0] / alpha
    near = abs(u) < 0.5
    far = xp.log(x) + log_ratio.kernel(xp, total[0], alpha, rest[0])
    logs = xp.where(near, xp.log1p(xp.where(near, u, 0)), far)
    return logs + digamma_drop.kernel(xp, alpha, rest[0])


def _own_and_common(F, g, own, common):
    """g_k own_k, and the sum of g times what all have in common."""
    return g * own + g.sum(axis=-1, keepdims=True) * common


log_dirichlet_density.derivative(
    x=lambda F, g, x, alpha: g[..., None] * F(dirichlet_slope)(x, alpha),
    alpha=lambda F, g, x, alpha: g[..., None] * F(dirichlet_score)(x, alpha),
)
dirichlet_slope.derivative(
    x=lambda F, g, x, alpha: -g * F.where(alpha == 1, 0.0, (alpha - 1) / F.where(alpha == 1, 1.0, x) / x),
    alpha=lambda F, g, x: g / x,
)
dirichlet_score.derivative(
    x=lambda F, g, x: g / x,
    alpha=lambda F, g, alpha: _own_and_common(
        F, g, -F(trigamma)(alpha), F(trigamma)(alpha.sum(axis=-1, keepdims=True))
    ),
)


# Entropy ---------------------------------------------------------------------------------------------------


@differentiable
@hooks.opaque
def dirichlet_entropy(xp, alpha):
    """-E log f: the logarithms of the means less that of the share, and the rests of digammas."""
    total, _ = total_shape(xp, alpha)
    log_means = add_double(xp, log_word(xp, alpha, 0 * alpha), minus(log_word(xp, *total)))
    y = add_double(xp, sum_last(xp, *log_means), minus(log_dirichlet_share(xp, alpha, total)))
    rests = ((alpha - 1) * log_minus_digamma.kernel(xp, alpha)).sum(axis=-1)
    n = total[0][..., 0]
    return y[0] + (y[1] + (rests - (n - alpha.shape[-1]) * log_minus_digamma.kernel(xp, n)))


def _entropy_slope(F, alpha):
    n, k = alpha.sum(axis=-1, keepdims=True), alpha.shape[-1]
    rests = (n - k) * F(trigamma_minus)(n) - (alpha - 1) * F(trigamma_minus)(alpha)
    return (n - k * alpha) / alpha / n + rests


dirichlet_entropy.derivative(alpha=lambda F, g, alpha: g[..., None] * _entropy_slope(F, alpha))


# Divergence ------------------------------------------------------------------------------------------------


def _pair(xp, p, q):
    """Both sums and what they exceed the parts by; q - p of the sums, and of the rests; q_k P - p_k Q."""
    p_total, p_rest = total_shape(xp, p)
    q_total, q_rest = total_shape(xp, q)
    change = tuple(v[..., None] for v in sum_last(xp, *two_sum(xp, q, -p)))
    others = add_double(xp, change, minus(two_sum(xp, q, -p)))[0]
    cross = add_double(xp, times_double(xp, q, p_total), minus(times_double(xp, p, q_total)))
    return p_total, p_rest[0], q_total, q_rest[0], change[0], others, cross


@differentiable
@hooks.opaque
def dirichlet_kl(xp, p, q):
    """That of Dirichlet(q) from Dirichlet(p): Q times that of the means, and what the shapes add."""
    p, q = xp.broadcast_arrays(p, q)
    p_total, _, q_total, _, change, _, cross = _pair(xp, p, q)
    d = divide_double(xp, cross[0], cross[1], p_total[0])
    d = (d[0], d[1] - d[0] * (p_total[1] / p_total[0]))
    log_p = add_double(xp, log_word(xp, p, 0 * p), minus(log_word(xp, *p_total)))
    log_q = add_double(xp, log_word(xp, q, 0 * q), minus(log_word(xp, *q_total)))
    means = sum_last(xp, *deviance_double(xp, q, d, add_double(xp, log_p, minus(log_q))))[0]
    shapes = rest_of_shapes(xp, q, p, q - p).sum(axis=-1)
    return means + (shapes - rest_of_shapes(xp, q_total[0], p_total[0], change)[..., 0])


@differentiable
@hooks.opaque
def dirichlet_kl_by_q(xp, p, q):
    """Its derivative by q_k, the change of digamma(alpha_k) - digamma(A) from p to q."""
    p, q = xp.broadcast_arrays(p, q)
    p_total, p_rest, q_total, q_rest, _, others, cross = _pair(xp, p, q)
    u = cross[0] / p / q_total[0]
    far = log_far_ratio(xp, q, p) + log_far_ratio(xp, p_total[0], q_total[0])
    return score_change(xp, (p, p_rest, q, q_rest), (q - p, others), u, far)


@differentiable
@hooks.opaque
def dirichlet_kl_by_p(xp, p, q):
    """Its derivative by p_k, (p_k - q_k) trigamma(p_k) less the same of the sums."""
    p, q = xp.broadcast_arrays(p, q)
    p_total, p_rest, _, _, _, others, cross = _pair(xp, p, q)
    fall = (q - p) * fall_of_trigamma_minus(xp, p, p_rest)
    return others * trigamma_minus.kernel(xp, p_total[0]) - (fall + cross[0] / p / p_total[0])


def _kl_by_q_rule(F, g, p, q):
    p_sum, q_sum = (F(trigamma)(v.sum(axis=-1, keepdims=True)) for v in (p, q))
    return _own_and_common(F, g, -F(trigamma)(p), p_sum), _own_and_common(F, g, F(trigamma)(q), -q_sum)


def _kl_by_p_rule(F, g, p, q):
    p_sum, q_sum = (v.sum(axis=-1, keepdims=True) for v in (p, q))
    common = (q_sum - p_sum) * F.polygamma(2, p_sum) - F(trigamma)(p_sum)
    own = F(trigamma)(p) - (q - p) * F.polygamma(2, p)
    by_q = _own_and_common(F, g, -F(trigamma)(p), F(trigamma)(p_sum))
    return _own_and_common(F, g, own, common), by_q


dirichlet_kl_by_q.joint_derivative(_kl_by_q_rule)
dirichlet_kl_by_p.joint_derivative(_kl_by_p_rule)
dirichlet_kl.derivative(
    p=lambda F, g, p, q: g[..., None] * F(dirichlet_kl_by_p)(p, q),
    q=lambda F, g, p, q: g[..., None] * F(dirichlet_kl_by_q)(p, q),
)
