"""Whole numbers: the search for the smallest one that does something, and Poisson draws of any rate."""

from __future__ import annotations

import numpy as np

from ..backend import library

# The largest rate that a generator is asked for. No round number, so that steps of the square root of a rate
# over it fall on whole numbers of every kind.
_LARGEST_RATE = 68719476736.7


def search_count(xp, reached, guess, step, floor):
    """The smallest whole numbers that reach something: by steps from a guess, then by bisection.

    Looks at values on the host, to see whether it is done.

    Args:
        xp: the namespace.
        reached: tells of an array of whole numbers which of them do; what one reaches, all above it reach.
        guess: whole numbers, of the shape of the answer.
        step: the first step; each one after it is twice as long.
        floor: a whole number below all of them, which does not reach it.
    """
    look = library(xp).host
    tries = 1200 if look else 64  # more than float64 has exponents; as many as it has digits
    low = high = guess
    up, searching = ~reached(guess), guess == guess
    for _ in range(tries):
        probe = xp.where(up, high + step, xp.maximum(low - step, floor))
        found = reached(probe)
        low = xp.where(searching & ~(up & found), probe, low)
        high = xp.where(searching & (up | found), probe, high)
        searching = searching & (up != found)
        if look and not searching.any():
            break
        step = 2 * step
    for _ in range(tries):
        middle = xp.floor(0.5 * low + 0.5 * high)
        between = (middle > low) & (middle < high)
        if look and not between.any():
            break
        found = reached(middle)
        low, high = xp.where(between & ~found, middle, low), xp.where(between & found, middle, high)
    return high


def draw_counts(xp, lam, shape, rng):
    """Draws of a Poisson distribution: integers, or float64 if some may be too large for these.

    Of larger rates as lam + sqrt(lam/m) (X - m), X being a draw of the rate m = 7e10, whose skewness is 4e-6:
    the generators' own methods lose the spread from rates of some 1e14 on, and fail if a count is no integer
    of 64 bits.

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
