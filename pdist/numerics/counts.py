"""Poisson draws of any rate."""

from __future__ import annotations

import numpy as np

# The largest rate that a generator is asked for. No round number, so that steps of the square root of a rate
# over it fall on whole numbers of every kind.
_LARGEST_RATE = 68719476736.7


def draw_counts(xp, lam, shape, rng):
    """Draws of a Poisson distribution: integers, or float64 if some may be too large for these.

    Of larger rates as lam + sqrt(lam/m) (X - m), X being a draw of the rate m = 7e10, whose skewness is 4e-6:
    the generators' own methods lose the spread from rates of some 1e14 on, and fail if a count exceeds 64
    bits.

    Args:
        xp: the namespace.
        lam: the rates, not negative, of shape ``[*batch]``.
        shape: of the result, which ends with ``batch``.
        rng: the generator.
    """
    lam = lam.astype(np.float64)
    few = lam < _LARGEST_RATE
    counts = rng.poisson(xp.minimum(lam, _LARGEST_RATE), shape)
    if type(few) is np.ndarray and few.all():
        return counts
    large = xp.floor(lam + ((counts - _LARGEST_RATE) * xp.sqrt(lam / _LARGEST_RATE) + 0.5))
    return xp.where(few, counts, large)
