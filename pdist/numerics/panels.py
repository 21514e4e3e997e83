"""Gauss and Legendre's rule, for integrals that start at a peak or in a tail, and exact sums.

NumPy's weights are off by hundreds of units in the last place; these are the nearest numbers.

Source:
    W. Kahan, "Further remarks on reducing truncation errors", Communications of the ACM 8 (1965).
"""

from __future__ import annotations

import functools
import math
from decimal import Decimal, localcontext

import numpy as np


@functools.cache
def _lower_half(n: int) -> list[tuple[Decimal, Decimal]]:
    """The nodes of [-1, 1] up to 0 and their weights, to some thirty digits."""
    found = []
    with localcontext(prec=40):
        for i in range((n + 1) // 2):
            x = Decimal(-math.cos(math.pi * (i + 0.75) / (n + 0.5)))
            for _ in range(6):  # Newton's steps, each of which doubles the digits
                before, p = Decimal(1), x
                for k in range(1, n):
                    before, p = p, ((2 * k + 1) * x * p - k * before) / (k + 1)
                slope = n * (x * p - before) / (x * x - 1)
                x -= p / slope
            found.append((x, 2 / ((1 - x * x) * slope * slope)))
    return found


def gauss_legendre(n: int) -> tuple[np.ndarray, np.ndarray]:
    """The n nodes of [-1, 1] and their weights, each to the last digit.

    >>> gauss_legendre(2)[1]
    array([1., 1.])
    """
    low = [(float(x), float(w)) for x, w in _lower_half(n)]
    high = [(-x, w) for x, w in reversed(low)][n % 2 :]
    if n % 2:
        low[-1] = (0.0, low[-1][1])
    nodes, weights = zip(*low, *high, strict=True)
    return np.array(nodes), np.array(weights)


def legendre_rule(n: int) -> list[tuple[float, float]]:
    """Pairs of a node in (0, 1) and its weight; small nodes are right to all their digits too.

    >>> sum(w * u**3 for u, w in legendre_rule(2))
    0.25
    """
    low = [(float((1 + x) / 2), float(w / 2)) for x, w in _lower_half(n)]
    return [*low, *[(1 - u, w) for u, w in reversed(low)][n % 2 :]]


def integral(xp, f, length, rule):
    """The integral of f from 0 to length, by a rule on [0, 1]."""
    return length * summed(w * f(length * u) for u, w in rule)


def summed(terms):
    """The sum of some arrays; what rounding takes from it on the way comes back at the end (Kahan)."""
    total = lost = 0.0
    for term in terms:
        more = total + term
        lost = lost + (term - (more - total))  # exact if the term is the smaller one
        total = more
    return total + lost
