"""The likeliest asymmetry of a density that falls exponentially at two rates from a peak.

Source:
    Kotz, Kozubowski and Podgorski, "The Laplace Distribution and Generalizations", section 3.5.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def distances(data: Any) -> tuple[Any, Any, Any]:
    """The values in order, and from each the mean distances of those above and below: ``[n, *batch]``."""
    order = data.values.argsort(axis=0)
    x, w = (np.take_along_axis(rows, order, axis=0) for rows in (data.values, data.weights))
    gaps, none = np.diff(x, axis=0), np.zeros_like(x[:1])
    below = np.cumsum(gaps * np.cumsum(w, axis=0)[:-1], axis=0)
    above = np.cumsum((gaps * np.cumsum(w[::-1], axis=0)[::-1][1:])[::-1], axis=0)[::-1]
    return x, np.concatenate([above, none]), np.concatenate([none, below])


def distances_from(data: Any, loc: Any) -> tuple[Any, Any, Any]:
    """A location, and from it the mean distances of the values above and below: ``[1, *batch]``."""
    away = data.values - loc
    means = [data.average(np.maximum(side, 0)) for side in (away, -away)]
    return (np.broadcast_to(loc, means[0].shape)[None], *(mean[None] for mean in means))


def best_asymmetry(above: Any, below: Any, scale: Any) -> Any:
    """The asymmetry: a fourth root if the scale follows from it, by bisection of its logarithm if not."""
    if scale is None:
        return np.sqrt(np.sqrt(below / above))
    low, high = np.full(above.shape, -300.0), np.full(above.shape, 300.0)
    for _ in range(70):
        t = 0.5 * (low + high)
        rising = below * np.exp(-t) - above * np.exp(t) > scale * np.tanh(t)
        low, high = np.where(rising, t, low), np.where(rising, high, t)
    return np.exp(0.5 * (low + high))
