"""What pdist has to know about an array library, and the table of known ones.

NumPy's record is here; others (CuPy's, the stand-in library's, that of the proxies of a trace) are added
by :func:`register_library`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special

Array = Any  #: an array of any registered library


def _restore(stream: Any, state: Any) -> None:
    stream.bit_generator.state = state


@dataclass(frozen=True, eq=False)
class Library:
    """One array library.

    Args:
        name: its name in error messages, such as ``"numpy"``.
        array_type: the type of its arrays.
        xp: a module or namespace with NumPy's functions for them.
        special: a namespace with SciPy's special functions for them.
        new_stream: makes a random generator with the methods of ``cupy.random.Generator`` (which are among
            those of NumPy's) from a seed, a ``numpy.random.SeedSequence`` or None.
        from_host: converts a NumPy array to one of this library.
        to_host: converts an array of this library to a NumPy array.
        device_of: a hashable name of an array's device.
        host: whether values can be inspected without a device sync; only then are they validated.
        stream_state: the state of a random generator, as numbers and strings that JSON can hold.
        restore_stream: restores such a state in a generator.
        current_device: the number of the device that new arrays go to; None if there is only one.
        on_device: a context that changes that device.
        owner_of: the array whose memory an array is a view of, or the array itself if it is not a view.
        elementwise: makes one function from several elementwise calls, a
            :class:`~pdist.tracing.cuda.kernels.Kernel`: it takes the arrays that it reads and those that it
            writes. None if each call of a traced function runs by itself.
        graphs: how a function's kernels are captured and launched together: an object with ``capture``,
            which calls a function without executing its kernels, and returns its result and a function that
            launches them; ``functions`` by name, which replace others in a capture; and
            ``like``, an array of another's shape, dtype and layout. None if nothing can be captured.
    """

    name: str
    array_type: type
    xp: Any
    special: Any
    new_stream: Callable[[Any], Any]
    from_host: Callable[[np.ndarray], Array]
    to_host: Callable[[Array], np.ndarray]
    device_of: Callable[[Array], Any]
    host: bool = False
    stream_state: Callable[[Any], Any] = lambda stream: stream.bit_generator.state
    restore_stream: Callable[[Any, Any], None] = _restore
    current_device: Callable[[], int | None] = lambda: None
    on_device: Callable[[int | None], AbstractContextManager[Any]] = lambda number: nullcontext()
    owner_of: Callable[[Array], Any] = lambda array: array if array.base is None else array.base
    elementwise: Callable[[Any], Callable[..., None]] | None = None
    graphs: Any = None


def _numpys_owner(array: np.ndarray) -> np.ndarray:
    """The last array in a chain of views; two arrays over one memory map or buffer have different owners."""
    base: Any = array.base
    while base is not None:
        if isinstance(base, np.ndarray):
            array = base
        base = getattr(base, "base", None)  # NumPy's as_strided inserts another object
    return array


numpy_library = Library(
    name="numpy",
    array_type=np.ndarray,
    xp=np,
    special=scipy.special,
    new_stream=np.random.default_rng,
    from_host=lambda array: array,
    to_host=lambda array: array,
    device_of=lambda array: "cpu",
    owner_of=_numpys_owner,
    host=True,
)

by_type: dict[type, Library] = {np.ndarray: numpy_library}
by_xp: dict[Any, Library] = {np: numpy_library}


def register_library(library: Library) -> Library:
    """Register another array library: from then on every operation accepts its arrays.

    Args:
        library: the record that describes it.

    Returns:
        The same record.

    Raises:
        ValueError: if another library has its name, array type or namespace.
    """
    for other in by_type.values():
        if other is not library and (
            other.name == library.name or other.array_type is library.array_type or other.xp is library.xp
        ):
            raise ValueError(
                f"register_library: {library.name!r} clashes with {other.name!r}, which is registered: name, "
                "array type and namespace must be unique"
            )
    by_type[library.array_type] = library
    by_xp[library.xp] = library
    return library


def unregister_library(library: Library) -> None:
    """Remove a library added by :func:`register_library`."""
    if library is numpy_library:
        raise ValueError("unregister_library: NumPy cannot be removed")
    by_type.pop(library.array_type, None)
    by_xp.pop(library.xp, None)
