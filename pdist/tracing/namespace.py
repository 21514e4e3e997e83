"""The traced counterparts of NumPy's functions, special functions and random generators."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import hooks


class TracedNamespace:
    """NumPy's functions on proxies; arrays made from numbers alone are recorded too.

    Args:
        base: the real namespace.
        owner: its library.
    """

    def __init__(self, base: Any, owner: Any, prefix: str = "") -> None:
        self.base, self._owner, self._prefix = base, owner, prefix
        self.__name__ = f"traced {base.__name__}"

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.base, name)
        if name == "linalg":
            known: Any = TracedNamespace(found, self._owner, "linalg.")
        elif isinstance(found, type) or not callable(found):
            known = found  # a dtype, a constant
        else:
            known = _Function(self._prefix + name, found)
        setattr(self, name, known)
        return known

    def __repr__(self) -> str:
        return f"<{self.__name__}>"


class _Function:
    """One function of a traced namespace."""

    def __init__(self, name: str, function: Any) -> None:
        self.__name__, self._function = name, function
        self._ufunc = isinstance(getattr(function, "_function", function), np.ufunc)
        self._ufunc = self._ufunc or type(function).__name__ == "ufunc"  # CuPy's

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        recording = hooks.current()
        if recording is None:
            return self._function(*args, **kwargs)
        name = self.__name__
        if self._ufunc:
            n_in = getattr(getattr(self._function, "_function", self._function), "nin", len(args))
            if len(args) > n_in:
                args, kwargs = args[:n_in], {**kwargs, "out": args[n_in]}
            return recording.ufunc(name, args, kwargs)
        if name in ("asarray", "array", "ascontiguousarray") and args:
            return _asarray(recording, name, *args, **kwargs)
        if name == "broadcast_arrays":
            return _broadcast(recording, args)
        return recording.numpy_function(name, args, kwargs)

    def reduce(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The reduction by a ufunc."""
        return hooks.current().reduce(self.__name__, x, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return _Function(f"{self.__name__}.{name}", getattr(self._function, name))


def _asarray(recording: Any, name: str, value: Any, dtype: Any = None, **kwargs: Any) -> Any:
    value = recording.seen(value) if hasattr(value, "dtype") else value
    if type(value) is not recording.library.array_type:
        return recording.function(name, (value,), {} if dtype is None else {"dtype": np.dtype(dtype)})
    if dtype is not None and value.dtype != np.dtype(dtype):
        return value.astype(dtype)
    if isinstance(value.array, np.generic):
        return recording.function("asarray", (value,), {})
    if name == "array":
        return value.copy()
    if name == "ascontiguousarray" and not value.flags.c_contiguous:
        return recording.function(name, (value,), {})
    return value


def _broadcast(recording: Any, arrays: Any) -> Any:
    """Each by itself, as a view that a graph can hold."""
    shape = np.broadcast_shapes(*[getattr(a, "shape", ()) for a in arrays])
    return [
        a if getattr(a, "shape", None) == shape else recording.numpy_function("broadcast_to", (a, shape), {})
        for a in arrays
    ]


class SpecialNamespace:
    """SciPy's special functions on proxies."""

    def __init__(self, base: Any) -> None:
        self.base = base

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.base, name)

        def function(*args: Any, **kwargs: Any) -> Any:
            recording = hooks.current()
            if recording is None:
                return found(*args, **kwargs)
            form = recording.ufunc if isinstance(found, np.ufunc) or not recording.on_numpy else None
            if form is None:
                return recording.opaque(found, args, kwargs)
            return form(name, args, kwargs, found)

        setattr(self, name, function)
        return function


class TracedGenerator:
    """A random generator whose draws are recorded.

    Args:
        recording: the recording.
        stream: the stream that it represents.
    """

    def __init__(self, recording: Any, stream: Any) -> None:
        self.recording, self.stream = recording, stream

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args, **kwargs: self.recording.draw(self.stream, name, args, kwargs)
