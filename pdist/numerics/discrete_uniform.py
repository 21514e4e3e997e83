"""How many whole numbers lie between two, and which share of them up to one: for numbers of any size.

Every function is ``name(xp, *arrays)`` as a kernel is; none has derivatives, since whole numbers have none.
"""

from __future__ import annotations

import math

from .differences import log_ratio, unit


def _count(u, low, high):
    """u n with n = high - low + 1, the difference first: it is exact for near numbers of any size."""
    return (u * high - u * low) + u


def log_count(xp, low, high):
    """log n with n = high - low + 1."""
    u = unit(low, high)
    return xp.log(_count(u, low, high)) - xp.log(u)


def share_up_to(xp, x, low, high):
    """(x - low + 1)/n for whole x from low - 1 to high."""
    u = unit(low, high)
    return _count(u, low, x) / _count(u, low, high)


def share_beyond(xp, x, low, high):
    """(high - x)/n for whole x from low - 1 to high."""
    u = unit(low, high)
    return (u * high - u * x) / _count(u, low, high)


def share_quantile(xp, p, low, high):
    """The smallest whole x with P(X <= x) >= p; nan for p outside [0, 1]."""
    u = unit(low, high)
    k = xp.ceil(p * (_count(u, low, high) / u))
    x = xp.clip(low + (k - 1), low, high)  # p n may have been rounded to the other side of a whole number
    x = xp.where(share_up_to(xp, x, low, high) < p, xp.minimum(x + 1, high), x)
    x = xp.where(share_up_to(xp, x - 1, low, high) >= p, xp.maximum(x - 1, low), x)
    return xp.where((p >= 0) & (p <= 1), x, math.nan)


def count_log_ratio(xp, p_low, p_high, q_low, q_high):
    """log(n_q/n_p), to the last digits if they are alike; inf unless q's numbers cover p's."""
    u = xp.minimum(unit(p_low, p_high), unit(q_low, q_high))
    more = (u * q_high - u * p_high) + (u * p_low - u * q_low)
    y = log_ratio.kernel(xp, _count(u, q_low, q_high), _count(u, p_low, p_high), more)
    return xp.where((q_low <= p_low) & (p_high <= q_high), y, math.inf)
