"""Seedable random streams, one per device.

>>> import pdist
>>> pdist.random.seed(0)
>>> first = pdist.random.generator().standard_normal()
>>> pdist.random.seed(0)
>>> first == pdist.random.generator().standard_normal()
True

The host's stream is ``numpy.random.default_rng(seed)``; the streams of other devices come from the same seed
but are independent of it and of each other. All threads draw from the same streams: each draw is atomic, but
which thread gets which numbers is not deterministic. For reproducible numbers, give each thread its own
``rng``.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from . import hooks
from .libraries import Library, default_library, library, named_library, numpy_library

_seed: int | None = None
_streams: dict[tuple[Library, int | None], Any] = {}  # by library and the number of the device
_lock = threading.RLock()


def seed(value: int | None) -> None:
    """Restart every device's stream from ``value`` (from the system's entropy if it is None).

    Args:
        value: a nonnegative integer, or None.

    Raises:
        ValueError: for a negative seed.
        TypeError: for a seed that is not an integer.
    """
    global _seed
    recording = hooks.current()
    if recording is not None:
        recording.refuse("random.seed in a traced function: seed outside, or give the sampler an rng=")
    if value is not None:
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise TypeError(f"random.seed: expected an integer or None, got {value!r}")
        if value < 0:
            raise ValueError(f"random.seed: expected an integer from 0 upwards, got {value}")
    with _lock:
        _seed = None if value is None else int(value)
        _streams.clear()
        hooks.array_replaced()


def generator(xp: Any = None) -> Any:
    """The stream of the current device of ``xp``, an object with the methods of ``cupy.random.Generator``.

    Those are among the methods of ``numpy.random.Generator``, which the host's stream is.

    Args:
        xp: an array namespace; by default that of :func:`pdist.using_device`.
    """
    found = default_library() if xp is None else library(xp)
    recording = hooks.current()
    if recording is not None and found in (recording.base, recording.library):
        return recording.stream()
    return _stream(found, found.current_device())


def _stream(owner: Library, device: int | None) -> Any:
    with _lock:
        stream = _streams.get((owner, device))
        if stream is None:
            entropy: Any = _seed
            if _seed is not None and owner is not numpy_library:
                entropy = np.random.SeedSequence(_seed, spawn_key=tuple(_name(owner, device).encode()))
            stream = _streams[owner, device] = owner.new_stream(entropy)
        return stream


def _name(owner: Library, device: int | None) -> str:
    return owner.name if device is None else f"{owner.name}:{device}"


def as_generator(rng: Any, xp: Any) -> Any:
    """The generator that a sampler's ``rng=`` refers to.

    Args:
        rng: None for the device's own stream; an integer or a ``SeedSequence`` for a new one; or a generator
            of the library of ``xp``, which is returned unchanged.
        xp: the namespace of the arrays that the draws are combined with.

    Raises:
        TypeError: for anything else, including a NumPy generator with arrays of another library.
    """
    if rng is None:
        return generator(xp)
    recording = hooks.current()
    if recording is not None:
        if rng.__class__.__name__ == "TracedGenerator":
            return rng
        real = as_generator_of(rng, recording.base)
        return recording.new_stream(rng) if real is not rng else recording.generator(rng)
    return as_generator_of(rng, library(xp))


def as_generator_of(rng: Any, owner: Library) -> Any:
    """A seed or generator as a generator of a library."""
    if isinstance(rng, (int, np.integer, np.random.SeedSequence)) and not isinstance(rng, bool):
        return owner.new_stream(rng)
    if isinstance(rng, np.random.RandomState) or not hasattr(rng, "standard_normal"):
        raise TypeError(
            f"rng: expected None, a seed or a generator such as numpy.random.default_rng(), got {rng!r}"
        )
    if isinstance(rng, np.random.Generator) != (owner is numpy_library):
        raise TypeError(
            f"rng: {type(rng).__module__}.{type(rng).__name__} does not make {owner.name} arrays; expected a "
            f"seed, or a generator of {owner.name}"
        )
    return rng


def get_state() -> dict[str, Any]:
    """The seed and the states of all streams in use, including the host's: numbers and strings, for JSON."""
    with _lock:
        generator(np)
        states = {_name(*key): key[0].stream_state(stream) for key, stream in _streams.items()}
        return {"seed": _seed, "streams": states}


def set_state(state: dict[str, Any]) -> None:
    """Restore all streams to a state returned by :func:`get_state`.

    Args:
        state: what it returned. Streams that were not in use then restart from the seed of that time.

    Raises:
        ValueError: if it is not a state of :func:`get_state`; nothing is changed then.
    """
    global _seed
    with _lock:
        before = _seed, dict(_streams)
        try:
            seed(state["seed"])
            for name, found in state["streams"].items():
                owner_name, _, device = name.partition(":")
                owner, number = named_library(owner_name), int(device) if device else None
                with owner.on_device(number):
                    owner.restore_stream(_stream(owner, number), found)
        except BaseException as error:
            _seed, streams = before
            hooks.array_replaced()
            _streams.clear()
            _streams.update(streams)
            if isinstance(error, (TypeError, KeyError, AttributeError, ValueError)):
                raise ValueError(f"random.set_state: not a state of get_state: {error!r}") from error
            raise
