"""Which array library an array belongs to, and moving arrays between them.

A *library* is a small record (:mod:`.records`): the array type, the module with NumPy's interface, its
special functions, its random streams and transfers to and from the host. CuPy's is added on first use.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np

from . import hooks
from .records import Array, Library, by_type, by_xp, numpy_library

_local = threading.local()


def named_library(name: str) -> Library:
    """The registered library of that name; CuPy's is registered if needed.

    Raises:
        ValueError: if there is none.
        ImportError: if CuPy is asked for and not installed.
    """
    found = {library.name: library for library in by_type.values()}
    if name == "cupy" and name not in found:
        return cupy_library()
    if name not in found:
        raise ValueError(
            f"there is no array library {name!r}; expected one of {', '.join(sorted({*found, 'cupy'}))}"
        )
    return found[name]


def library_of(array: Any) -> Library | None:
    """The library that ``array`` belongs to; None if it is not an array."""
    kind = type(array)
    found = by_type.get(kind)
    if found is not None:
        if hooks.running and (recording := hooks.current()) is not None and found is recording.base:
            return recording.library  # while tracing, arrays are proxies
        return found
    if kind.__module__.partition(".")[0] == "cupy" and hasattr(array, "get"):
        return cupy_library()
    for base, library in by_type.items():
        if isinstance(array, base):
            return library
    return None


def library(xp: Any) -> Library:
    """The library whose namespace is ``xp`` (the first argument of every kernel)."""
    found = by_xp.get(xp)
    if found is None:
        if getattr(xp, "__name__", None) == "cupy":
            return cupy_library()
        raise TypeError(f"{xp!r} is not the namespace of a known array library")
    return found


def special(xp: Any) -> Any:
    """SciPy's special functions for the arrays of ``xp``: ``special(xp).log_ndtr(x)``."""
    return library(xp).special


def cupy_library() -> Library:
    """CuPy's record, registered at the first call.

    Raises:
        ImportError: if CuPy is not installed; names the extra that installs it.
    """
    from .cupy_backend import library_record  # CuPy may be missing, and takes seconds

    return library_record()


def _raw(value: Any) -> Any:
    return getattr(value, "array", value)


def get_array_module(*values: Any) -> ModuleType:
    """The namespace (``numpy`` or ``cupy``) of the given arrays or Variables.

    Args:
        *values: arrays, Variables or numbers. Numbers are ignored.

    Returns:
        ``cupy`` if any value belongs to it, else the first registered library found, else ``numpy``.

    >>> import numpy as np
    >>> get_array_module(np.zeros(3), 1.0).__name__
    'numpy'
    """
    for value in values:
        found = library_of(_raw(value))
        if found is not None and found is not numpy_library:
            return found.xp
    return np


def truth(condition: Any) -> bool:
    """The value of a bool array of shape ``()``; that of a device has to be waited for.

    >>> truth(np.array([1.0, 2.0]).min() > 0)
    True
    """
    return bool(condition if isinstance(condition, (np.bool_, np.ndarray)) else to_cpu(condition))


def to_cpu(array: Any) -> np.ndarray:
    """A NumPy array with the values of ``array``; the array itself if it is one.

    Args:
        array: an array of any registered library, or a number.
    """
    found = library_of(array)
    return np.asarray(array) if found is None else found.to_host(array)


def to_gpu(array: Any, device: int | None = None) -> Array:
    """A CuPy array with the values of ``array`` on ``device``; the array itself if it is already there.

    Args:
        array: an array of any registered library, or a number.
        device: the number of a CUDA device; None leaves CuPy arrays in place and moves others to the
            current device.

    Raises:
        ImportError: if CuPy is not installed.
    """
    target = cupy_library()
    if library_of(array) is target:
        if device is None or array.device.id == device:
            return array
        with target.on_device(device):
            return array.copy()
    with target.on_device(device):
        return target.from_host(to_cpu(array))


@contextmanager
def using_device(device: Any) -> Iterator[None]:
    """Make new arrays and random draws on ``device`` inside the ``with`` block, in this thread.

    Args:
        device: ``None`` (no change), ``"cpu"``, ``"cuda"`` (the current CUDA device), ``"cuda:1"`` or 1
            (a specific one), or the name of a registered library.

    Raises:
        ValueError: for anything else.
        ImportError: if CuPy is asked for and not installed.

    >>> with using_device("cpu"):
    ...     default_library().name
    'numpy'
    """
    if device is None:
        yield
        return
    target, number = _target(device)
    previous = getattr(_local, "library", numpy_library)
    with target.on_device(number):
        _local.library = target
        try:
            yield
        finally:
            _local.library = previous


def _target(device: Any) -> tuple[Library, int | None]:
    """The library that a device name refers to, and the number of the device."""
    if isinstance(device, (int, np.integer)) and not isinstance(device, bool):
        return cupy_library(), int(device)
    name, _, number = str(device).partition(":")
    if name == "cuda" and (number.isdigit() or str(device) == "cuda"):
        return cupy_library(), int(number) if number else None
    if device == "cpu":
        return numpy_library, None
    try:
        return named_library(device), None
    except ValueError:
        raise ValueError(
            f"using_device: unknown device {device!r}; expected 'cpu', 'cuda', 'cuda:0', a number, or one of "
            f"{', '.join(sorted(library.name for library in by_type.values()))}"
        ) from None


def default_library() -> Library:
    """The library of new arrays: NumPy's outside :func:`using_device`."""
    found = getattr(_local, "library", numpy_library)
    if hooks.running and (recording := hooks.current()) is not None and found is recording.base:
        return recording.library
    return found
