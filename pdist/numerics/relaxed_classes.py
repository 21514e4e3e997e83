"""The density of the Concrete distribution of K classes, from the softmax w of l_k - t log x_k.

It is (K - 1)! t^(K - 1) prod w_k/x_k. What w_k is off 1/K by is all that the derivatives depend on.

Source:
    Maddison, Mnih and Teh, "The Concrete Distribution: A Continuous Relaxation of Discrete Random Variables"
    (2017).
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import hooks
from .beta import add_double, log_word, times_double
from .double import exp_double, finite_or_zero, minus
from .logs import log_of
from .softmax import log_softmax_word
from .sums import sum_last


def _log_weights(xp, log_x, t, logit):
    """log w as double words."""
    y = add_double(xp, (logit, 0 * logit), minus(times_double(xp, t[..., None], log_x)))
    return log_softmax_word(xp, y[0], finite_or_zero(xp, y[1]))


def _constant(x, value):
    """A number as a double word."""
    high = x.dtype.type(value)
    return high + 0 * x, float(value - float(high)) + 0 * x


@differentiable
@hooks.opaque
def relaxed_log_prob(xp, x, t, logit):
    """log((K - 1)! t^(K - 1) prod w_k/x_k), for x_k > 0 of sum 1."""
    x, logit = xp.broadcast_arrays(x, logit)
    log_x = log_word(xp, x, 0 * x)
    h = sum_last(xp, *add_double(xp, _log_weights(xp, log_x, t, logit), minus(log_x)))
    steps = times_double(xp, xp.asarray(x.shape[-1] - 1, x.dtype), log_of(xp, t))
    h = add_double(xp, add_double(xp, h, steps), _constant(h[0], math.lgamma(x.shape[-1])))
    return h[0] + h[1]


def _log_relative(xp, x, t, logit):
    """log(K w_k) as double words."""
    x, logit = xp.broadcast_arrays(x, logit)
    log_w = _log_weights(xp, log_word(xp, x, 0 * x), t, logit)
    k = x.shape[-1] + 0 * x
    return add_double(xp, log_w, log_word(xp, k, 0 * k))


@differentiable
@hooks.opaque
def relaxed_excess(xp, x, t, logit):
    """1 - K w_k: the derivative of the log density by l_k."""
    h = _log_relative(xp, x, t, logit)
    return -xp.expm1(h[0]) - xp.exp(h[0]) * h[1]


@differentiable
@hooks.opaque
def relaxed_fall(xp, x, t, logit):
    """1 + t (1 - K w_k): minus x_k times the derivative of the log density by x_k."""
    h, lo = _log_relative(xp, x, t, logit)
    e = exp_double(xp, h, lo, finer=True)
    c = add_double(xp, (xp.ones_like(e[0]), 0 * e[0]), minus((e[0], finite_or_zero(xp, e[1]))))
    return add_double(xp, times_double(xp, t[..., None], c), (xp.ones_like(e[0]), 0 * e[0]))[0]


def _by_arguments(F, g, x, t):
    """The gradients by x, t and l, from those by l - t log x."""
    return -g * t[..., None] / x, -(g * F.log(x)).sum(axis=-1), g


def _log_prob_rule(F, g, x, t, logit):
    c, fall, g = F(relaxed_excess)(x, t, logit), F(relaxed_fall)(x, t, logit), g[..., None]
    _, by_t, by_logit = _by_arguments(F, g * c, x, t)
    return -g * fall / x, by_t + (x.shape[-1] - 1) * g[..., 0] / t, by_logit


def _excess_rule(F, g, y, x, t):
    w = 1 - y
    return _by_arguments(F, -w * (g - (w * g).sum(axis=-1, keepdims=True) / x.shape[-1]), x, t)


relaxed_log_prob.joint_derivative(_log_prob_rule)
relaxed_excess.joint_derivative(lambda F, g, y, x, t, like_logit: _excess_rule(F, g, y, x, t))


def _fall_rule(F, g, x, t, logit):
    c = F(relaxed_excess)(x, t, logit)
    by_x, by_t, by_logit = _excess_rule(F, g * t[..., None], c, x, t)
    return by_x, by_t + (g * c).sum(axis=-1), by_logit


relaxed_fall.joint_derivative(_fall_rule)
