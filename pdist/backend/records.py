"""What pdist has to know of an array library, and the table of those that are known.

NumPy's record is here; any other (CuPy's, the stand-in's of the tests, that of the arrays of a trace) joins
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
        name: what error messages call it, such as ``"numpy"``.
        array_type: the type of its arrays.
        xp: a module or namespace with NumPy's functions for them.
        special: a namespace with SciPy's special functions for them.
        new_stream: makes a random generator with the methods of ``cupy.random.Generator`` (which are among
            those of NumPy's) from a seed, a ``numpy.random.SeedSequence`` or None.
        from_host: turns a NumPy array into one of this library's.
        to_host: turns one of this library's arrays into NumPy's.
        device_of: a hashable name of the device that an array lives on.
        host: whether values can be looked at without waiting for a device; only then are they validated.
        stream_state: the state of a random generator, as numbers and strings that JSON can hold.
        restore_stream: gives a generator such a state back.
        current_device: the number of the device that new arrays go to; None where there is but one.
        on_device: a context in which that device is another one.
        owner_of: the array whose memory an array is a view of, itself where it is none.
        elementwise: makes one function of several elementwise calls, a
            :class:`~pdist.tracing.cuda.kernels.Kernel`: it takes the arrays that it reads and those that it
            writes. None where each call of a traced function runs by itself.
        graphs: how a function's kernels are captured and launched together: an object with ``capture``,
            which calls a function without doing what it does and returns what it returned and a function that
            does it all; ``functions`` by name, which take the place of others in what is captured; and
            ``like``, an array of another's shape, dtype and layout. None where nothing can be captured.
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
    """The last array of a chain of views: that of a memory map or a buffer keeps its own views apart."""
    base: Any = array.base
    while base is not None:
        if isinstance(base, np.ndarray):
            array = base
        base = getattr(base, "base", None)  # NumPy's as_strided puts another object between
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
    """Make arrays of another library known: from then on every operation accepts them.

    Args:
        library: the record that describes it.

    Returns:
        The same record.

    Raises:
        ValueError: where another library has its name, array type or namespace.
    """
    for other in by_type.values():
        if other is not library and (
            other.name == library.name or other.array_type is library.array_type or other.xp is library.xp
        ):
            raise ValueError(
                f"register_library: {library.name!r} clashes with {other.name!r}, which is registered: name, "
                "array type and namespace must be its own"
            )
    by_type[library.array_type] = library
    by_xp[library.xp] = library
    return library


def unregister_library(library: Library) -> None:
    """Forget a library that :func:`register_library` made known."""
    if library is numpy_library:
        raise ValueError("unregister_library: NumPy cannot be done without")
    by_type.pop(library.array_type, None)
    by_xp.pop(library.xp, None)
