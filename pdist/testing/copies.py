"""Copies, pickles, slices and reprs of a distribution."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np

from ..autograd import grad
from . import points
from .report import PropertyError, host, require, require_close
from .variants import leaves, like


def check_copies(dist: Any, *, seed: int = 0) -> None:
    """Pickling, copying, expanding and slicing commute with log_prob.

    Args:
        dist: the distribution.
        seed: seed of the values.

    Raises:
        PropertyError: if a copy differs from the distribution itself.
    """
    x = points.inside(dist, 2, seed)
    y = host(dist.log_prob(like(dist, x)))

    def same(what: str, other: Any, x: np.ndarray = x, y: np.ndarray = y) -> None:
        require(
            type(other) is type(dist), "copies", dist, f"{what} has another class", got=type(other).__name__
        )
        shape = y.shape[1:]
        require(
            other.batch_shape == shape,
            "copies",
            dist,
            f"batch_shape of {what}",
            got=other.batch_shape,
            expected=shape,
        )
        got = host(other.log_prob(like(dist, x)))
        require_close(got, y, "copies", dist, f"log_prob of {what}", 1e-6, 1e-30, x=x)

    same("a pickled copy", pickle.loads(pickle.dumps(dist)))
    same("copy.copy", copy.copy(dist))
    same("copy.deepcopy", copy.deepcopy(dist))
    same("copy()", dist.copy())
    require(dist.copy().params.keys() == dist.params.keys(), "copies", dist, "copy() lost given parameters")
    if dist.xp is np:
        same("to_cpu()", dist.to_cpu())
    wide = np.broadcast_to(x[:, None], (2, 3, *x.shape[1:]))
    same(
        "expand", dist.expand((3, *dist.batch_shape)), wide, np.broadcast_to(y[:, None], (2, 3, *y.shape[1:]))
    )
    _check_indexing(dist, same, x, y)
    _check_gradients_of_copies(dist, x)


def _check_indexing(dist: Any, same: Any, x: np.ndarray, y: np.ndarray) -> None:
    indices: list[Any] = [Ellipsis, None]
    if dist.batch_shape:
        indices += [slice(None), slice(None, None, 2), (Ellipsis, slice(1)), (None, Ellipsis)]
        if dist.batch_shape[0]:
            indices += [0, -1]
        require(
            len(dist) == dist.batch_shape[0],
            "copies",
            dist,
            "len",
            got=len(dist),
            expected=dist.batch_shape[0],
        )
    for index in indices:
        of_values = (slice(None), *(index if isinstance(index, tuple) else (index,)))
        of_events = of_values + (slice(None),) * len(dist.event_shape)
        same(
            f"d[{index!r}]",
            dist[index],
            x[of_events if Ellipsis in _plain(of_values) else of_values],
            y[of_values],
        )


def _plain(index: tuple[Any, ...]) -> list[Any]:
    return [i for i in index if not isinstance(i, slice)]


def _check_gradients_of_copies(dist: Any, x: np.ndarray) -> None:
    """Expanding and slicing propagate gradients to the parameters."""
    fresh, parameters = leaves(dist)
    asked = like(dist, x)
    direct = grad([fresh.log_prob(asked)], parameters)
    for what, other in {"expand": fresh.expand((1, *fresh.batch_shape)), "d[None]": fresh[None]}.items():
        through = grad([other.log_prob(asked[:, None])], parameters)
        for value, a, b in zip(parameters, direct, through, strict=True):
            if a is None:
                continue
            require(b is not None, "copies", dist, f"{what} loses the gradient with respect to {value.name}")
            require_close(
                b, a, "copies", dist, f"the gradient with respect to {value.name} through {what}", 1e-5, 1e-6
            )


def check_repr(dist: Any) -> None:
    """The repr names the class and every parameter that was given, and stays short for large batches.

    Args:
        dist: the distribution.

    Raises:
        PropertyError: if it does not.
    """
    text = repr(dist)
    for word in (type(dist).__name__, *dist.params):
        if word.partition(".")[0] not in text:
            raise PropertyError("repr", dist, f"the repr does not say {word!r}", got=text)
    large = repr(dist.expand((50, *dist.batch_shape)))
    require(
        len(large) < 1000,
        "repr",
        dist,
        "the repr of a large batch is long",
        got=len(large),
        expected="< 1000",
    )
