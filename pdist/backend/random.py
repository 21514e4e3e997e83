"""Seedable random streams, one a device.

>>> import pdist
>>> pdist.random.seed(0)
>>> first = pdist.random.generator().standard_normal()
>>> pdist.random.seed(0)
>>> first == pdist.random.generator().standard_normal()
True
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .libraries import default_library, library

_seed: int | None = None
_streams: dict[Any, Any] = {}


def seed(value: int | None) -> None:
    """Start every device's stream anew from ``value`` (from the system's entropy where it is None)."""
    global _seed
    _seed = value
    _streams.clear()


def generator(xp: Any = None) -> Any:
    """The stream of the current device of ``xp``, an object with the methods of ``numpy.random.Generator``.

    Args:
        xp: an array namespace; by default that of :func:`pdist.using_device`.
    """
    found = default_library() if xp is None else library(xp)
    key = (found.name, found.xp.cuda.Device().id if found.name == "cupy" else 0)
    stream = _streams.get(key)
    if stream is None:
        stream = _streams[key] = found.new_stream(_seed)
    return stream


def as_generator(rng: Any, xp: Any) -> Any:
    """What a sampler's ``rng=`` stands for: None is the device's own stream, an integer a seed."""
    if rng is None:
        return generator(xp)
    if isinstance(rng, (int, np.integer, np.random.SeedSequence)):
        return library(xp).new_stream(rng)
    return rng


def get_state() -> dict[str, Any]:
    """The state of the host's stream, as plain numbers that JSON can hold."""
    return generator(np).bit_generator.state


def set_state(state: dict[str, Any]) -> None:
    """Continue the host's stream from a state that :func:`get_state` gave."""
    generator(np).bit_generator.state = state
