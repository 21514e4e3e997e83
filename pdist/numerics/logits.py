"""Probabilities of K classes from their logits, for Categorical, OneHotCategorical and mixtures.

In the kernels' helpers the classes are on the *first* axis, contiguous in all the others: NumPy reduces over
a short last axis ten times more slowly, and results of reductions broadcast directly.
"""

from __future__ import annotations

import math
from typing import Any

from ..autograd import differentiable
from ..backend import hooks, library, special
from .blocks import BLOCK, slices
from .constants import SMALLEST
from .differences import expm1mx
from .double import is_double, two_sum
from .probability import or_infinite
from .tables import put_class, take_class


def classes_first(xp, *arrays):
    """Arrays with their last axis first, and the batch axes aligned so that they broadcast."""
    ndim = max(a.ndim for a in arrays)
    firsts = [xp.ascontiguousarray(a.transpose(a.ndim - 1, *range(a.ndim - 1))) for a in arrays]
    return [a.reshape(a.shape[0], *[1] * (ndim - a.ndim), *a.shape[1:]) for a in firsts]


def classes_last(xp, a):
    """``a`` with its first axis last again."""
    return a.transpose(*range(1, a.ndim), 0)


def over_rows(xp, f, *tables):
    """f of tables with their classes first; the result has the classes (or f's axis in their place) last.

    On the host it processes as many rows at a time as fit into the cache: three times as fast for a million.
    """
    step = _rows_at_a_time(xp, *tables)
    if step:
        return _rows_by_rows(xp, f, *tables, step=step)
    return classes_last(xp, f(xp, *classes_first(xp, *tables)))


def _rows_at_a_time(xp, *tables):
    """The number of rows that :func:`over_rows` processes at a time; 0 for all."""
    shape = tables[0].shape
    step = max(1, BLOCK // shape[-1])
    few = math.prod(shape[:-1]) <= step or not library(xp).host or any(a.shape != shape for a in tables)
    return 0 if few else step


@hooks.opaque  # one call of a trace, not one per block
def _rows_by_rows(xp, f, *tables, step):
    shape = tables[0].shape
    flat = [a.reshape(-1, shape[-1]) for a in tables]
    out: Any = None
    for s in slices(len(flat[0]), step):
        y = f(xp, *[xp.ascontiguousarray(a[s].T) for a in flat]).T
        out = xp.empty((len(flat[0]), y.shape[-1]), y.dtype) if out is None else out
        out[s] = y
    return out.reshape(*shape[:-1], out.shape[-1])


def sum_first(xp, a):
    """The sum over the first axis; if it is long, pairwise, since NumPy adds the rows sequentially there."""
    while len(a) > 128:
        half = len(a) // 2
        halves = a[:half] + a[half : 2 * half]
        a = halves if len(a) % 2 == 0 else xp.concatenate([halves, a[-1:]])
    return a.sum(axis=0)


def exp_parts(xp, a):
    """For logits a: d = a - max a, its rounding error, e = e^d, and the sum of e without the largest.

    The error matters: it becomes a relative error of e.
    """
    m = a.max(axis=0)
    m = xp.where(m == -math.inf, 0, m)
    d = a - m
    t = d - a
    error = xp.where(d == -math.inf, 0, (a - (d - t)) - (m + t))
    e = xp.exp(d)
    e = e + e * error
    return d, error, e, rest_of(xp, d, e)


def rest_of(xp, d, e):
    """The sum of e = e^d without the largest, where d is 0 and e 1; if several tie, without one of them."""
    top = d == 0
    return sum_first(xp, e - top) + (top.sum(axis=0, dtype=d.dtype) - 1)


def softmax_and_complement(xp, a):
    """The probabilities p and 1 - p of logits a, both accurate."""
    _, _, e, rest = exp_parts(xp, a)
    return e / (1 + rest), ((1 - e) + rest) / (1 + rest)


# Probabilities and their logarithms ------------------------------------------------------------------------


def _log_probabilities(xp, a):
    m = a.max(axis=0)
    d = a - xp.where(m == -math.inf, 0, m)
    return d - xp.log1p(rest_of(xp, d, xp.exp(d)))


def _normalizer(xp, a):
    """max a, and the logarithm of the sum of e^(a - max a)."""
    m = a.max(axis=0)
    m = xp.where(m == -math.inf, 0, m)
    d = a - m
    return m, xp.log1p(rest_of(xp, d, xp.exp(d)))


def _stddevs(xp, a):
    d, error, e, rest = exp_parts(xp, a)
    half = xp.exp(0.5 * d)
    return (half + 0.5 * half * error) * xp.sqrt((1 - e) + rest) / (1 + rest)


def _score(xp, x, a):
    p, complement = softmax_and_complement(xp, a)
    return x * complement - p * (sum_first(xp, x) - x)


@differentiable
def class_log_probabilities(xp, logit):
    """l - log(sum e^l) over the last axis, by log1p of all but the largest: accurate also for p near 1."""
    return over_rows(xp, _log_probabilities, logit)


@differentiable
def label_log_probability(xp, logit, /, label):
    """:func:`class_log_probabilities` at one label per row, without a table except that of the gradient."""
    step = _rows_at_a_time(xp, logit)
    if step:
        parts = _rows_by_rows(xp, lambda xp, a: xp.stack(_normalizer(xp, a)), logit, step=step)
        m, log_sum = parts[..., 0], parts[..., 1]
    else:
        m, log_sum = _normalizer(xp, *classes_first(xp, logit))
    return (take_class.kernel(xp, logit, label) - m) - log_sum


@differentiable
def one_hot_log_prob(xp, x, log_p):
    """sum x log p over the last axis; 0 where x = 0, also at p = 0."""
    return xp.where(x == 0, 0, x * log_p).sum(axis=-1)


one_hot_log_prob.derivative(
    x=lambda F, g, log_p: g[..., None] * F.where(log_p == -math.inf, 0.0, log_p),
    log_p=lambda F, g, x: g[..., None] * x,
)


@differentiable
def class_probabilities(xp, logit):
    """e^l / sum(e^l) over the last axis, corrected for the rounding error of the exponents."""
    return over_rows(xp, lambda xp, a: softmax_and_complement(xp, a)[0], logit)


@differentiable
def class_complements(xp, logit):
    """1 - p of every class: the sum of the others."""
    return over_rows(xp, lambda xp, a: softmax_and_complement(xp, a)[1], logit)


@differentiable
def class_stddevs(xp, logit):
    """sqrt(p (1 - p)) of every class, which underflows only at twice the logit at which its square does."""
    return over_rows(xp, _stddevs, logit)


@differentiable
def class_score(xp, x, logit):
    """x_k - p_k sum(x) as x_k (1 - p_k) - p_k (sum of the other x): log_prob's gradient for one-hot x."""
    return over_rows(xp, _score, x, logit)


def pull(p, g):
    """p_k (g_k - sum(p g)): converts a gradient g in probabilities to one in logits."""
    g = g * p
    return g - p * g.sum(axis=-1, keepdims=True)


class_log_probabilities.derivative(logit=lambda F, g, logit: F(class_score)(g, logit))


def _stddevs_rule(F, g, y, logit):
    """The derivative of log sqrt(p (1 - p)) in log p is (1 - 2 p)/(2 (1 - p)); 0 where p is 1."""
    p, complement = F(class_probabilities)(logit), F(class_complements)(logit)
    return F(class_score)(g * y * (0.5 * (complement - p)) / or_infinite(F, complement), logit)


label_log_probability.derivative(
    logit=lambda F, g, logit, label: F(class_score)(F(put_class)(g, label=label, shape=logit.shape), logit)
)
class_probabilities.derivative(logit=lambda F, g, y: pull(y, g))
class_complements.derivative(logit=lambda F, g, logit: -pull(F(class_probabilities)(logit), g))
class_stddevs.derivative(logit=_stddevs_rule)
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
    return xp.log1p(rest) - sum_first(xp, xp.where(e == 0, 0, d) * e) / (1 + rest)


def _entropy_rule(F, g, y, logit):
    """-p_k (log p_k + H)."""
    log_p = F(class_log_probabilities)(logit)
    log_p = F.where(log_p == -math.inf, 0.0, log_p)
    return -g[..., None] * F(class_probabilities)(logit) * (log_p + y[..., None])


class_entropy.derivative(logit=_entropy_rule)


def _changes(xp, a, b):
    """The change of log p_k from p = softmax(a) to softmax(b), up to a constant shared by all classes.

    Relative to the likeliest class of p, so that the common part is subtracted first.

    Returns:
        p, the logarithm of its sum, b minus that of the likeliest class, the mean of the changes over p, and
        the changes minus that mean.
    """
    da, ea, e, rest = exp_parts(xp, a)
    p = e / (1 + rest)
    likeliest = xp.arange(len(a)).reshape(-1, *[1] * (a.ndim - 1)) == a.argmax(axis=0)
    db, eb = two_sum(xp, b, -xp.where(likeliest, b, 0).sum(axis=0))
    impossible = a == -math.inf
    change, error = two_sum(xp, db, -xp.where(impossible, 0, da))
    change = change + xp.where(abs(change) == math.inf, 0, (error + eb) - ea)
    change = xp.where(impossible, 0, change)
    mean = sum_first(xp, xp.where(p == 0, 0, p * change))
    return p, xp.log1p(rest), db, mean, change - mean


def _kl(xp, p, log_sum, b, mean, eps):
    """log(1 + sum_k p_k (e^eps_k - 1 - eps_k)), in which no term is negative.

    p_k e^eps_k is taken from b where eps_k is the larger exponent. Where that overflows, KL = log S_b -
    log S_a - mean.
    """
    exponent = b - log_sum - mean
    new = xp.exp(xp.minimum(exponent, 60))
    normal = p > SMALLEST[is_double(p)]
    by_p = (eps < 1) | ((eps < -exponent) & normal)  # the smaller exponent has the smaller rounding error
    term = xp.where(by_p, p * expm1mx(xp, xp.where(by_p, eps, 0)), new - p * (1 + eps))
    near = xp.log1p(sum_first(xp, xp.where(p == 0, new, term)))
    m = b.max(axis=0)
    far = (m - mean) + (xp.log(sum_first(xp, xp.exp(b - m))) - log_sum)
    return xp.where(exponent.max(axis=0) > 50, far, near)


def _infinite(a, b):
    """Where p has a class that q does not have."""
    return ((a > -math.inf) & (b == -math.inf)).any(axis=0)


@differentiable
def class_kl(xp, p_logit, q_logit):
    """sum p log(p/q) for the softmax p and q of logits, by the changes of log p: accurate for small ones."""
    a, b = classes_first(xp, p_logit, q_logit)
    return xp.where(_infinite(a, b), math.inf, _kl(xp, *_changes(xp, a, b)))


@differentiable
def class_kl_by_p(xp, p_logit, q_logit):
    """-p eps: the gradient of :func:`class_kl` in the logits of p; 0 where that is inf."""
    a, b = classes_first(xp, p_logit, q_logit)
    p, _, _, _, eps = _changes(xp, a, b)
    return classes_last(xp, xp.where((p == 0) | _infinite(a, b), 0, -p * eps))


@differentiable
def class_kl_by_q(xp, p_logit, q_logit):
    """q - p = p (e^(eps - KL) - 1): the gradient of :func:`class_kl` in the logits of q."""
    a, b = classes_first(xp, p_logit, q_logit)
    p, log_sum, db, mean, eps = _changes(xp, a, b)
    kl = _kl(xp, p, log_sum, db, mean, eps)
    t = eps - kl
    p, p_complement = softmax_and_complement(xp, a)
    q, q_complement = softmax_and_complement(xp, b)
    likely = p > 0.5
    far = xp.where(likely, p_complement - q_complement, q - p)
    size = xp.where(likely, p_complement + q_complement, q + p)  # the scale of rounding errors
    return classes_last(xp, xp.where((abs(t) < 1) & (p * (abs(eps) + kl) < 2 * size), p * xp.expm1(t), far))


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
