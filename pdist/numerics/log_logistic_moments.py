"""Mean and variance of the log-logistic distribution, by sines of pi over the shape."""

from __future__ import annotations

import math

from .. import functions as F
from ..autograd import Variable


def log_logistic_mean(a: Variable) -> Variable:
    """b/sin(b) with b = pi/a, and inf for a <= 1."""
    some = F.where(a.array > 1, a, 2.0)
    return F.where(a.array > 1, math.pi / some / _sine(some), math.inf)


def log_logistic_variance(a: Variable) -> Variable:
    """2 b/sin(2 b) - (b/sin b)^2 with b = pi/a, and inf for a <= 2.

    As b/sin(b) (sin b - b cos b)/(sin b cos b): the two terms are alike for large a.
    """
    finite = a.array > 2
    some = F.where(finite, a, 4.0)
    b, sine = math.pi / some, _sine(some)
    cosine = F.where(some.array > 4, F.cos(b), F.sin(math.pi * (some - 2) / (2 * some)))
    return F.where(finite, b / sine * _sine_excess(b) / (sine * cosine), math.inf)


def _sine(a: Variable) -> Variable:
    """sin(pi/a), which is sin(pi (a - 1)/a), for a > 1."""
    return F.where(a.array > 2, F.sin(math.pi / a), F.sin(math.pi * (a - 1) / a))


def _sine_excess(b: Variable) -> Variable:
    """sin b - b cos b, which is about b^3/3, for 0 < b < pi/2."""
    w, total = b * b, 0.0
    for k in range(12, 0, -1):
        total = (-1) ** (k + 1) * 2 * k / math.factorial(2 * k + 1) + w * total
    return b * w * total
