"""The likeliest location and power of the density exp(-|z|^p)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import gammaln

_POWERS = 0.25 * 2.0 ** np.arange(0, 9, 0.5)
_MOST = 1000  # values of the data that are tried as a location
_GOLDEN = 0.5 * (np.sqrt(5) - 1)


def power_scale(data: Any, loc: Any, power: Any) -> Any:
    """The likeliest scale."""
    return (power * data.average(abs(data.values - loc) ** power)) ** (1 / power)


def log_likelihood(data: Any, loc: Any, power: Any) -> Any:
    """The mean log likelihood at the likeliest scale."""
    return np.log(power / 2) - np.log(power_scale(data, loc, power)) - gammaln(1 / power) - 1 / power


def power_center(data: Any, power: Any) -> Any:
    """The location with the least mean of |x - loc|^power, of shape ``[*batch]``."""
    low, high = data.low, data.high
    for _ in range(70):
        middle = 0.5 * low + 0.5 * high
        away = data.values - middle
        below = data.average(np.sign(away) * abs(away) ** np.maximum(power - 1, 0)) > 0
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(power > 1, 0.5 * low + 0.5 * high, _best_value(data, power) if np.any(power <= 1) else 0)


def _best_value(data: Any, power: Any) -> Any:
    """The value of the data with the least mean: for powers up to 1 the mean has its minima at values."""
    values = np.sort(data.values, axis=0)
    first = max(0, (len(values) - _MOST) // 2)
    values = values[first : first + _MOST]
    means = np.stack([data.average(abs(data.values - value) ** power) for value in values])
    return np.take_along_axis(values, means.argmin(axis=0)[None], axis=0)[0]


def best_power(data: Any, place: Callable[[Any], Any]) -> Any:
    """The power with the greatest likelihood: the best of a grid, improved by golden section."""

    def value(power: Any) -> Any:
        return log_likelihood(data, place(power), power)

    grid = [np.full(data.low.shape, p) for p in _POWERS]
    best = np.stack([value(p) for p in grid]).argmax(axis=0)
    if np.any((best == 0) | (best == len(grid) - 1)):
        raise data.failure(f"the power is below {_POWERS[0]} or above {_POWERS[-1]}")
    low, high = _POWERS[best - 1], _POWERS[best + 1]
    a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_a, at_b = value(a), value(b)
    for _ in range(38):
        left = at_a > at_b
        low, high = np.where(left, low, a), np.where(left, b, high)
        a, b = (
            np.where(left, high - _GOLDEN * (high - low), b),
            np.where(left, a, low + _GOLDEN * (high - low)),
        )
        new = value(np.where(left, a, b))
        at_a, at_b = np.where(left, new, at_b), np.where(left, at_a, new)
    return 0.5 * (low + high)
