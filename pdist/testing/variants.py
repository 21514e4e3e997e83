"""Variants of a distribution: in another precision, with new leaves, member by member."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..autograd import Variable
from ..backend import library
from ..distributions import Distribution
from .report import host


def remake(dist: Any, function: Callable[[Variable], Variable]) -> Any:
    """The distribution with ``function`` applied to every parameter, including inner distributions'."""
    return dist._map(
        lambda value, n: remake(value, function) if isinstance(value, Distribution) else function(value)
    )


def cast(dist: Any, dtype: Any) -> Any:
    """The same distribution in another precision, without a graph."""
    return remake(dist, lambda v: Variable(v.array.astype(dtype), requires_grad=False))


def double(dist: Any) -> Any:
    """The same distribution in float64, on its own device, without a graph."""
    return cast(dist, np.float64)


def reference(dist: Any) -> Any:
    """The same distribution in float64 on the host, without a graph."""
    return remake(dist, lambda v: Variable(host(v).astype(np.float64), requires_grad=False))


def like(dist: Any, array: Any) -> Any:
    """A host array on the device of a distribution's parameters."""
    return library(dist.xp).from_host(np.asarray(array))


def leaves(dist: Any, shift: tuple[int, np.ndarray] | None = None) -> tuple[Any, list[Variable]]:
    """The same distribution with new leaves that require gradients, and these leaves in a fixed order.

    A wrapper's leaves are the parameters of the inner distributions.

    Args:
        dist: the distribution.
        shift: the index of a leaf to add an array to, and the array.
    """
    names = iter(dist.params)
    found: list[Variable] = []

    def leaf(value: Variable) -> Variable:
        array = value.array.copy()
        if shift is not None and shift[0] == len(found):
            array = array + like(dist, np.broadcast_to(shift[1], array.shape).astype(array.dtype))
        found.append(Variable(array, name=next(names), requires_grad=True))
        return found[-1]

    return remake(dist, leaf), found


def whole(dist: Any) -> list[bool]:
    """Which of the :func:`leaves` are whole numbers, by which nothing has a slope."""
    found: list[bool] = []
    for name, value, _ in dist._members():
        inner = isinstance(value, Distribution)
        found += whole(value) if inner else [type(dist).parameters[name].support.discrete]
    return found


def members(dist: Any, limit: int = 3, seed: int = 0) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Some distributions of a batch, each with its index, in float64 on the host."""
    indices = list(itertools.product(*map(range, dist.batch_shape)))
    if len(indices) > limit:
        chosen = np.random.default_rng(seed).choice(len(indices), limit, replace=False)
        indices = [indices[i] for i in sorted(chosen)]
    for index in indices:
        yield index, reference(dist[index] if index else dist)
