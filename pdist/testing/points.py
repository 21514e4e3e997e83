"""Values to evaluate a distribution at: inside its support, at its ends, and outside."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from .quadrature import Measure, support_end
from .report import Inapplicable, host
from .variants import like, members


def inside(dist: Any, n: int = 8, seed: int = 0) -> np.ndarray:
    """Values inside the support, typical ones and some from further out.

    Args:
        dist: the distribution, of any batch shape.
        n: number of values per member of the batch.
        seed: seed of the draws.

    Returns:
        A host array of the distribution's dtype and of shape ``[n, *batch, *event]``.
    """
    shape = dist.batch_shape + dist.event_shape
    if 0 in shape:
        return np.empty((n, *shape), dist.dtype)
    rng = np.random.default_rng(seed)
    draws = _draws(dist, 2 * n, rng)
    apart = draws[:n] - draws[n:]
    further = draws[:n] + (np.round(3 * apart) if dist.support.discrete else 2 * apart).astype(dist.dtype)
    event = tuple(range(-len(dist.event_shape), 0))
    valid = host(dist.support.contains(like(dist, further)))
    valid = np.expand_dims(valid, event) if event else valid
    odd = (np.arange(n) % 2 == 1).reshape((-1,) + (1,) * len(shape))
    return np.where(valid & odd, further, draws[:n])


def _draws(dist: Any, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draws if the distribution has a sampler, else values found by a scan of each density."""
    with contextlib.suppress(NotImplementedError):
        return host(dist.sample(n, rng=int(rng.integers(2**31)))).astype(dist.dtype)
    draws = np.empty((n, *dist.batch_shape, *dist.event_shape), dist.dtype)
    for index, member in members(dist, limit=1000):
        points = Measure(member).points
        at: Any = (slice(None), *index)
        draws[at] = points[rng.integers(len(points), size=n)]
    return draws


def ends(dist: Any) -> np.ndarray:
    """The finite ends of the support of every member of a univariate batch: ``[m, *batch]``, m up to 2."""
    if dist.event_shape:
        raise Inapplicable(f"events of shape {dist.event_shape} have no least and greatest value")
    found = np.empty((2, *dist.batch_shape))
    for index, member in members(dist, limit=1000):
        for i, sign in enumerate((-1, 1)):
            found[(i, *index)] = support_end(member, sign)
    found = found.astype(dist.dtype)
    return found[np.isfinite(found).reshape(2, -1).all(axis=1)]


def anywhere(dist: Any, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Values inside, at the ends of, and outside the support; also infinities, but no nan.

    Returns:
        The values ``[m, *batch, *event]`` in the distribution's dtype, and which of them the support
        contains, ``[m, *batch]``.
    """
    shape = dist.batch_shape + dist.event_shape
    values = list(inside(dist, 6, seed))
    numbers = [0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 1e6, -1e6, 0.3, np.inf, -np.inf]
    values += [np.full(shape, number) for number in numbers]
    values += [values[0] + shift for shift in (0.5, 1.0, -1.0, 1e-3)]
    if dist.event_shape:
        values += [_with_first(values[0], number) for number in (-1.0, 0.5, np.inf)]
    else:
        for end in ends(dist):
            values += [
                end,
                np.nextafter(end, dist.dtype.type(np.inf)),
                np.nextafter(end, dist.dtype.type(-np.inf)),
            ]
            values += [end + 1, end - 1]
    x = np.stack([np.asarray(v, dist.dtype) for v in values])
    return x, host(dist.support.contains(like(dist, x)))


def _with_first(x: np.ndarray, number: float) -> np.ndarray:
    """``x`` with the first element of every event replaced."""
    x = x.copy()
    if x.shape[-1]:
        x[..., 0] = number
    return x
