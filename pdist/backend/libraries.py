"""Which array library an array belongs to, and moving arrays between them.

A *library* is a small record: the array type, the module with NumPy's interface, its special functions, its
random streams and the way to and from the host.  NumPy's is here, CuPy's joins when it is first needed, and
any other (the stand-in of the tests, the arrays of a trace) joins by :func:`register_library`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import scipy.special

from . import hooks

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

_by_type: dict[type, Library] = {np.ndarray: numpy_library}
_by_xp: dict[Any, Library] = {np: numpy_library}
_local = threading.local()


def register_library(library: Library) -> Library:
    """Make arrays of another library known: from then on every operation accepts them.

    Args:
        library: the record that describes it.

    Returns:
        The same record.

    Raises:
        ValueError: where another library has its name, array type or namespace.
    """
    for other in _by_type.values():
        if other is not library and (
            other.name == library.name or other.array_type is library.array_type or other.xp is library.xp
        ):
            raise ValueError(
                f"register_library: {library.name!r} clashes with {other.name!r}, which is registered: name, "
                "array type and namespace must be its own"
            )
    _by_type[library.array_type] = library
    _by_xp[library.xp] = library
    return library


def unregister_library(library: Library) -> None:
    """Forget a library that :func:`register_library` made known."""
    if library is numpy_library:
        raise ValueError("unregister_library: NumPy cannot be done without")
    _by_type.pop(library.array_type, None)
    _by_xp.pop(library.xp, None)


def named_library(name: str) -> Library:
    """The registered library of that name; CuPy's also before its first use.

    Raises:
        ValueError: where there is none.
        ImportError: where CuPy is asked for and not installed.
    """
    found = {library.name: library for library in _by_type.values()}
    if name == "cupy" and name not in found:
        return cupy_library()
    if name not in found:
        raise ValueError(
            f"there is no array library {name!r}; expected one of {', '.join(sorted({*found, 'cupy'}))}"
        )
    return found[name]


def library_of(array: Any) -> Library | None:
    """The library that ``array`` belongs to; None where it is no array at all."""
    kind = type(array)
    found = _by_type.get(kind)
    if found is not None:
        if hooks.running and (recording := hooks.current()) is not None and found is recording.base:
            return recording.library  # inside a trace arrays are what stands for them
        return found
    if kind.__module__.partition(".")[0] == "cupy" and hasattr(array, "get"):
        return cupy_library()
    for base, library in _by_type.items():
        if isinstance(array, base):
            return library
    return None


def library(xp: Any) -> Library:
    """The library whose namespace is ``xp`` (the first argument of every kernel)."""
    found = _by_xp.get(xp)
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
        ImportError: where CuPy is not installed, with the extra that installs it.
    """
    from . import cupy_backend

    return cupy_backend.library_record()


def _raw(value: Any) -> Any:
    return getattr(value, "array", value)


def get_array_module(*values: Any) -> ModuleType:
    """The namespace (``numpy`` or ``cupy``) that the given arrays or Variables live in.

    Args:
        *values: arrays, Variables or numbers. Numbers belong nowhere.

    Returns:
        ``cupy`` where one value lives there, else the first registered library found, else ``numpy``.

    >>> import numpy as np
    >>> get_array_module(np.zeros(3), 1.0).__name__
    'numpy'
    """
    for value in values:
        found = library_of(_raw(value))
        if found is not None and found is not numpy_library:
            return found.xp
    return np


def to_cpu(array: Any) -> np.ndarray:
    """A NumPy array with the values of ``array``, itself where it is one already.

    Args:
        array: an array of any registered library, or a number.
    """
    found = library_of(array)
    return np.asarray(array) if found is None else found.to_host(array)


def to_gpu(array: Any, device: int | None = None) -> Array:
    """A CuPy array with the values of ``array`` on ``device``, itself where it is there already.

    Args:
        array: an array of any registered library, or a number.
        device: the number of a CUDA device; None leaves CuPy's arrays where they are and moves others to the
            current device.

    Raises:
        ImportError: where CuPy is not installed.
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
        device: ``None`` (leave as it is), ``"cpu"``, ``"cuda"`` (the current CUDA device), ``"cuda:1"`` or 1
            (a certain one), or the name of a registered library.

    Raises:
        ValueError: for anything else.
        ImportError: where CuPy is asked for and not installed.

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
    """The library that a name of a device stands for, and the number of the device."""
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
            f"{', '.join(sorted(library.name for library in _by_type.values()))}"
        ) from None


def default_library() -> Library:
    """The library of new arrays: NumPy's outside :func:`using_device`."""
    found = getattr(_local, "library", numpy_library)
    if hooks.running and (recording := hooks.current()) is not None and found is recording.base:
        return recording.library
    return found
