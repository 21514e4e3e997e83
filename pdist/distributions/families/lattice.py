"""Distributions of counts."""

from __future__ import annotations

import math

import numpy as np

from ...autograd import Variable


def steps_outside(xp, x, low, high):
    """What a tail is outside the range of its steps: ``low`` below 0, ``high`` above, nan at nan."""
    y = xp.where(x < 0, low, xp.where(x >= 0, high, math.nan))
    return y.astype(x.dtype)


def all_between(x: Variable, low: float, high: float) -> bool:
    """Whether the host can see at one look that all of x lies between ``low`` and ``high``, ends included."""
    a = x.array
    return type(a) is np.ndarray and a.size > 0 and bool(a.min() >= low and a.max() <= high)
