"""Softmax in double words."""

from __future__ import annotations

import math

from .beta import add_double, log_word
from .double import exp_double, finite_or_zero
from .sums import sum_last


def log_softmax_word(xp, a, lo):
    """log(e^a / sum e^a) over the last axis as double words, from double words; -inf where a is."""
    m = a.max(axis=-1, keepdims=True)
    m_lo = xp.where(a == m, lo, -math.inf).max(axis=-1, keepdims=True)
    d, d_lo = add_double(xp, (a, lo), (-m, -m_lo))
    d_lo = finite_or_zero(xp, d_lo)
    e = exp_double(xp, d, d_lo, finer=True)
    log_sum = log_word(xp, *sum_last(xp, e[0], finite_or_zero(xp, e[1])))
    return add_double(xp, (d, d_lo), tuple(-v[..., None] for v in log_sum))


def exp_of_word(xp, x):
    """e^x of a double word, rounded."""
    return xp.exp(x[0]) * (1 + finite_or_zero(xp, x[1]))
