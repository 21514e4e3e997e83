"""Derivatives of tails in a shape parameter, from means over the tail.

If s(t) is the derivative of log f(t) in a shape, then that of the logarithm of a tail of f is the mean of s
over the tail, and the second one is the variance of s plus the mean of its own derivative. The means are
computed by Gauss-Legendre quadrature on panels that narrow towards the beginning of the tail.

Source:
    Figurnov, Mohamed and Mnih, "Implicit Reparameterization Gradients" (2018).
"""

from __future__ import annotations

from itertools import pairwise

from .panels import gauss_legendre

_NODES, _WEIGHTS = gauss_legendre(12)
_EDGES = (0.0, 1e-5, 1e-4, 1e-3, 0.004, 0.015, 0.05, 0.12, 0.25, 0.45, 0.7, 1.0)
_NEGLIGIBLE = 45.0  # e to minus this is below the last digit


def tail_means(xp, log_weight, slope, bend, longest):
    """The mean of s, the variance of s plus the mean of its derivative, and the integral of the weight.

    All over w >= 0, up to where the weight becomes negligible, or to ``longest`` if that comes first.

    Args:
        xp: the namespace.
        log_weight: the logarithm of the weight as a function of w; 0 at w = 0 and decreasing.
        slope: s as a function of w.
        bend: the derivative of s in the shape as a function of w.
        longest: the end, or an upper bound of the w at which the weight becomes negligible.
    """
    low, high = 0 * longest, longest
    for _ in range(40):
        middle = 0.5 * (low + high)
        inside = log_weight(middle) > -_NEGLIGIBLE
        low, high = xp.where(inside, middle, low), xp.where(inside, high, middle)
    total = first = second = bends = 0
    start = slope(low * 0)  # the variance is computed from differences to this
    for a, b in pairwise(_EDGES):
        for t, weight in zip(_NODES, _WEIGHTS, strict=True):
            w = high * (a + 0.5 * (b - a) * (1 + float(t)))
            mass = float(weight) * (b - a) * xp.exp(log_weight(w))
            s = slope(w) - start
            total, first, second = total + mass, first + mass * s, second + mass * s * s
            bends = bends + mass * bend(w)
    mean = first / total
    return start + mean, (second / total - mean * mean) + bends / total, 0.5 * high * total


def of_tail(xp, tail, other, mean, bend, opposite, log):
    """Two derivatives of a tail, or of its logarithm, from those of the logarithm of one tail.

    Args:
        xp: the namespace.
        tail: the tail whose derivatives are known.
        other: 1 minus that tail, accurate.
        mean: the first derivative of the tail's logarithm.
        bend: the second one.
        opposite: where the requested tail is the other one.
        log: whether its logarithm is requested.
    """
    second = mean * mean + bend
    if not log:
        signed = xp.where(opposite, -tail, tail)
        return xp.where(tail == 0, 0, signed * mean), xp.where(tail == 0, 0, signed * second)
    ratio = tail / other
    slope = xp.where(ratio == 0, 0, -ratio * mean)
    fall = xp.where(ratio == 0, 0, -ratio * second) - slope * slope
    return xp.where(opposite, slope, mean), xp.where(opposite, fall, bend)
