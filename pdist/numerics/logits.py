"""Probabilities of classes by their logits: groundwork of Categorical, OneHotCategorical and mixtures.

In the kernels' helpers the classes are on the *first* axis, contiguous in all the others: NumPy reduces over
a short last axis ten times more slowly, and what was reduced broadcasts as it is.
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import hooks, library, special
from .blocks import BLOCK, slices
from .differences import expm1mx
from .double import two_sum


def classes_first(xp, *arrays):
    """Arrays with their last axis first, the batch axes of all aligned so that they broadcast."""
    ndim = max(a.ndim for a in arrays)
    firsts = [xp.ascontiguousarray(xp.moveaxis(a, -1, 0)) for a in arrays]
    return [a.reshape(a.shape[0], *[1] * (ndim - a.ndim), *a.shape[1:]) for a in firsts]


def classes_last(xp, a):
    """``a`` with its first axis last, as it came."""
    return xp.moveaxis(a, 0, -1)


def over_rows(xp, f, *tables):
    """f of tables with their classes first; the answer has them last.

    On the host it takes as many rows at a time as a CPU's cache can hold: three times as fast for a million.
    """
    shape = tables[0].shape
    rows, k = math.prod(shape[:-1]), shape[-1]
    step = max(1, BLOCK // k)
    if rows <= step or not library(xp).host or any(a.shape != shape for a in tables):
        return classes_last(xp, f(xp, *classes_first(xp, *tables)))
    return _rows_by_rows(xp, f, *tables, step=step)


@hooks.opaque  # one call of a trace, not one for each block
def _rows_by_rows(xp, f, *tables, step):
    shape = tables[0].shape
    flat = [a.reshape(-1, shape[-1]) for a in tables]
    out = xp.empty(flat[0].shape, flat[0].dtype)
    for s in slices(len(out), step):
        out[s] = f(xp, *[xp.ascontiguousarray(a[s].T) for a in flat]).T
    return out.reshape(shape)


def exp_parts(xp, a):
    """Of logits a: d = a - max a, its rounding error, e = e^d, and the sum of e without the largest.

    The error counts: e has it as a relative one.
    """
    m = a.max(axis=0)
    m = xp.where(m == -math.inf, 0, m)
    d = a - m
    t = d - a
    error = xp.where(d == -math.inf, 0, (a - (d - t)) - (m + t))
    e = xp.exp(d)
    e = e + e * error
    return d, error, e, rest_of(d, e)


def rest_of(d, e):
    """The sum of e = e^d without the largest, where d is 0 and e 1; of several that tie it leaves out one."""
    top = d == 0
    return (e - top).sum(axis=0) + (top.sum(axis=0, dtype=d.dtype) - 1)


def softmax_and_complement(xp, a):
    """The probabilities p and 1 - p of logits a, both to the last digits."""
    _, _, e, rest = exp_parts(xp, a)
    return e / (1 + rest), ((1 - e) + rest) / (1 + rest)


# Probabilities and their logarithms ------------------------------------------------------------------------


def _log_probabilities(xp, a):
    m = a.max(axis=0)
    d = a - xp.where(m == -math.inf, 0, m)
    return d - xp.log1p(rest_of(d, xp.exp(d)))


def _score(xp, x, a):
    p, complement = softmax_and_complement(xp, a)
    return x * complement - p * (x.sum(axis=0) - x)


@differentiable
def class_log_probabilities(xp, logit):
    """l - log(sum e^l) over the last axis, by log1p of all but the largest: exact also where p is near 1."""
    return over_rows(xp, _log_probabilities, logit)


@differentiable
def class_probabilities(xp, logit):
    """e^l / sum(e^l) over the last axis, with the rounding error of the exponents put right."""
    return over_rows(xp, lambda xp, a: softmax_and_complement(xp, a)[0], logit)


@differentiable
def class_complements(xp, logit):
    """1 - p of every class: the sum of the others."""
    return over_rows(xp, lambda xp, a: softmax_and_complement(xp, a)[1], logit)


@differentiable
def class_score(xp, x, logit):
    """x_k - p_k sum(x) as x_k (1 - p_k) - p_k (sum of the other x): log_prob's gradient for one-hot x."""
    return over_rows(xp, _score, x, logit)


@differentiable
def class_running_sums(xp, x):
    """Sums of the first classes, in blocks: errors grow with the root of their number, and no sum falls."""
    batch, k = x.shape[:-1], x.shape[-1]
    width = math.isqrt(k) + 1
    if k < 32:
        return xp.cumsum(x, axis=-1)
    count = -(-k // width)
    padded = xp.concatenate([x, xp.zeros((*batch, count * width - k), x.dtype)], axis=-1)
    sums = xp.cumsum(padded.reshape(*batch, count, width), axis=-1)
    before = xp.cumsum(sums[..., :-1, -1:], axis=-2)
    sums = xp.concatenate([sums[..., :1, :], sums[..., 1:, :] + before], axis=-2)
    return sums.reshape(*batch, count * width)[..., :k]


def pull(p, g):
    """p_k (g_k - sum(p g)): what the gradient g by probabilities is by logits."""
    g = g * p
    return g - p * g.sum(axis=-1, keepdims=True)


class_running_sums.derivative(x=lambda F, g: F.flip(F(class_running_sums)(F.flip(g, -1)), -1))
class_log_probabilities.derivative(logit=lambda F, g, logit: F(class_score)(g, logit))
class_probabilities.derivative(logit=lambda F, g, y: pull(y, g))
class_complements.derivative(logit=lambda F, g, logit: -pull(F(class_probabilities)(logit), g))
class_score.derivative(
    x=lambda F, g, logit: g - (F(class_probabilities)(logit) * g).sum(axis=-1, keepdims=True),
    logit=lambda F, g, x, logit: -pull(F(class_probabilities)(logit), g * x.sum(axis=-1, keepdims=True)),
)


# Entropy and divergence ------------------------------------------------------------------------------------


@differentiable
def class_entropy_p(xp, p):
    """-sum p log p over the last axis."""
    return 0 - special(xp).xlogy(p, p).sum(axis=-1)


class_entropy_p.derivative(
    p=lambda F, g, p: -g[..., None] * F.where(p == 0, 0.0, F.log(F.where(p == 0, 1.0, p)) + 1)
)


@differentiable
def class_entropy(xp, logit):
    """log S + sum p_k (max l - l_k), S the sum of e^(l_k - max l): terms of one sign."""
    d, _, e, rest = exp_parts(xp, *classes_first(xp, logit))
    return xp.log1p(rest) - (xp.where(e == 0, 0, d) * e).sum(axis=0) / (1 + rest)


def _entropy_rule(F, g, y, logit):
    """-p_k (log p_k + H)."""
    log_p = F.clip(F(class_log_probabilities)(logit), -1e4, None)  # finite also where p is 0
    return -g[..., None] * F(class_probabilities)(logit) * (log_p + y[..., None])


class_entropy.derivative(logit=_entropy_rule)


def _changes(xp, a, b):
    """How log p_k changes from p = softmax(a) to softmax(b), but for a constant that all classes share.

    Seen from the class that p makes likeliest, so that what both have in common is taken off first.

    Returns:
        p, the logarithm of its sum, b less that of the likeliest class, the mean of the changes over p, and
        the changes less that mean.
    """
    da, ea, e, rest = exp_parts(xp, a)
    p = e / (1 + rest)
    likeliest = xp.arange(len(a)).reshape(-1, *[1] * (a.ndim - 1)) == a.argmax(axis=0)
    db, eb = two_sum(xp, b, -xp.where(likeliest, b, 0).sum(axis=0))
    impossible = a == -math.inf
    change, error = two_sum(xp, db, -xp.where(impossible, 0, da))
    change = change + xp.where(abs(change) == math.inf, 0, (error + eb) - ea)
    change = xp.where(impossible, 0, change)
    mean = xp.where(p == 0, 0, p * change).sum(axis=0)
    return p, xp.log1p(rest), db, mean, change - mean


def _kl(xp, p, log_sum, b, mean, eps):
    """log(1 + sum_k p_k (e^eps_k - 1 - eps_k)), in which no term is negative.

    p_k e^eps_k is taken from b where eps_k is large. Where that overflows, KL = log S_b - log S_a - mean.
    """
    exponent = b - log_sum - mean
    new = xp.exp(xp.minimum(exponent, 60))
    term = xp.where(eps < 1, p * expm1mx(xp, eps), new - p * (1 + eps))
    near = xp.log1p(xp.where(p == 0, new, term).sum(axis=0))
    m = b.max(axis=0)
    far = (m - mean) + (xp.log(xp.exp(b - m).sum(axis=0)) - log_sum)
    return xp.where(exponent.max(axis=0) > 50, far, near)


def _infinite(a, b):
    """Where p has a class that q has not."""
    return ((a > -math.inf) & (b == -math.inf)).any(axis=0)


@differentiable
def class_kl(xp, p_logit, q_logit):
    """sum p log(p/q), p and q the softmax of logits, by the changes of log p: small ones count in full."""
    a, b = classes_first(xp, p_logit, q_logit)
    return xp.where(_infinite(a, b), math.inf, _kl(xp, *_changes(xp, a, b)))


@differentiable
def class_kl_by_p(xp, p_logit, q_logit):
    """-p eps: the gradient of :func:`class_kl` by the logits of p; 0 where that is inf."""
    a, b = classes_first(xp, p_logit, q_logit)
    p, _, _, _, eps = _changes(xp, a, b)
    return classes_last(xp, xp.where((p == 0) | _infinite(a, b), 0, -p * eps))


@differentiable
def class_kl_by_q(xp, p_logit, q_logit):
    """q - p = p (e^(eps - KL) - 1): the gradient of :func:`class_kl` by the logits of q."""
    a, b = classes_first(xp, p_logit, q_logit)
    p, log_sum, db, mean, eps = _changes(xp, a, b)
    t = eps - _kl(xp, p, log_sum, db, mean, eps)
    p, p_complement = softmax_and_complement(xp, a)
    q, q_complement = softmax_and_complement(xp, b)
    far = xp.where(p > 0.5, p_complement - q_complement, q - p)
    return classes_last(xp, xp.where((abs(t) < 1) & (abs(eps) < 4), p * xp.expm1(t), far))


def _kl_by_p_rule(F, g, p_logit, q_logit):
    p, d = F(class_probabilities)(p_logit), p_logit - q_logit
    d = F.where((p == 0) | (abs(d) == math.inf), 0.0, d)
    d, g_mean = d - (p * d).sum(axis=-1, keepdims=True), (p * g).sum(axis=-1, keepdims=True)
    return pull(p, g + (g - g_mean) * d)


class_kl.derivative(
    p_logit=lambda F, g, p_logit, q_logit: g[..., None] * F(class_kl_by_p)(p_logit, q_logit),
    q_logit=lambda F, g, p_logit, q_logit: g[..., None] * F(class_kl_by_q)(p_logit, q_logit),
)
class_kl_by_p.derivative(
    p_logit=_kl_by_p_rule, q_logit=lambda F, g, p_logit: -pull(F(class_probabilities)(p_logit), g)
)
class_kl_by_q.derivative(
    p_logit=lambda F, g, p_logit: -pull(F(class_probabilities)(p_logit), g),
    q_logit=lambda F, g, q_logit: pull(F(class_probabilities)(q_logit), g),
)
