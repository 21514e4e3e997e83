"""Gauss and Legendre's rule on [0, 1], for integrals that start at a peak or in a tail, and exact sums.

Source:
    W. Kahan, "Further remarks on reducing truncation errors", Communications of the ACM 8 (1965).
"""

from __future__ import annotations

import numpy as np


def legendre_rule(n: int) -> list[tuple[float, float]]:
    """Pairs of a node in (0, 1) and its weight; small nodes are right to all their digits too.

    >>> sum(w * u**3 for u, w in legendre_rule(2))
    0.25
    """
    u = 0.5 * (1 + np.polynomial.legendre.leggauss(n)[0])
    for _ in range(2):  # Newton's steps, with the differences of neighbouring polynomials of 1 - 2 u
        p, d = 1 - 2 * u, -2 * u
        for k in range(1, n):
            d = (k * d - 2 * (2 * k + 1) * u * p) / (k + 1)
            p = p + d
        before = p - d
        slope = (-n * before + n * (1 - 2 * u) * p) / (2 * u * (1 - u))
        u, w = u - p / slope, 4 * u * (1 - u) / (n * before) ** 2
    low = [(float(a), float(b)) for a, b in zip(u, w, strict=True) if a < 0.5]
    middle = [(0.5, float(w[n // 2]))] if n % 2 else []
    return [*low, *middle, *((1 - a, b) for a, b in reversed(low))]


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
