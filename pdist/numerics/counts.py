"""Poisson draws of any rate."""

from __future__ import annotations

import numpy as np

# The largest rate passed to a generator. Not a round number, so that draws scaled by the square root of a
# ratio of rates reach all kinds of integers.
_LARGEST_RATE = 68719476736.7


def draw_counts(xp, lam, shape, rng):
    """Draws from a Poisson distribution: integers, or float64 if some may be too large for these.

    For larger rates as lam + sqrt(lam/m) (X - m), where X is a draw with rate m = 7e10, whose skewness is
    4e-6: the generators' own methods lose the spread from rates of about 1e14 on, and fail if a count exceeds
    64 bits.

    Args:
        xp: the namespace.
        lam: the rates, not negative, of shape ``[*batch]``.
        shape: the shape of the result, which ends with ``batch``.
        rng: the generator.
    """
    lam = lam.astype(np.float64)
    few = lam < _LARGEST_RATE
    counts = rng.poisson(xp.minimum(lam, _LARGEST_RATE), shape)
    if type(few) is np.ndarray and few.all():
        return counts
    large = xp.floor(lam + ((counts - _LARGEST_RATE) * xp.sqrt(lam / _LARGEST_RATE) + 0.5))
    return xp.where(few, counts, large)
