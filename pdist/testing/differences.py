"""Derivatives by finite differences, as accurate as the function's rounding allows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_STEPS = 2.0 ** -np.arange(2, 34, 2)
_EPS = float(np.finfo(np.float64).eps)


def slope(f: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The derivative of ``f`` at 0, elementwise.

    Central differences at many step sizes, each pair extrapolated to the fourth order; every element uses
    the one that agrees best with its neighbours, within the limits of rounding.

    Args:
        f: a function of an array of m steps that returns an array ``[m, ...]``; nan where a step leads out of
            its domain.

    Returns:
        The derivatives, and estimates of their errors: inf if no step sizes agree.

    >>> value, error = slope(lambda h: np.exp(np.array([0.0, 1.0]) + h[:, None]))
    >>> bool(abs(value - np.exp([0.0, 1.0])).max() < 1e-9)
    True
    """
    with np.errstate(all="ignore"):
        up, down = np.split(np.asarray(f(np.concatenate([_STEPS, -_STEPS]))), 2)
        h = _STEPS.reshape([-1] + [1] * (up.ndim - 1))
        central = (up - down) / (2 * h)
        rounding = _EPS * np.maximum(1, np.maximum(abs(up), abs(down))) / h
        better = (16 * central[1:] - central[:-1]) / 15
        change = np.abs(np.diff(better, axis=0))
        error = np.maximum(change[1:], change[:-1]) + rounding[2:-1]
        error = np.where(np.isnan(error), np.inf, error)
        best = error.argmin(axis=0)[None]
        return np.take_along_axis(better[1:-1], best, 0)[0], np.take_along_axis(error, best, 0)[0]
