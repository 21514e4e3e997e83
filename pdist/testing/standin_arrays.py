"""The arrays of the stand-in library: NumPy arrays inside, with the methods and the strictness of CuPy's."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import library_of
from . import tapes

# fmt: off
# The methods of a CuPy array, with the signatures of NumPy's.
METHODS = {
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "astype", "choose", "clip", "compress",
    "conj", "copy", "cumprod", "cumsum", "diagonal", "dot", "flatten", "max", "mean", "min", "nonzero",
    "partition", "prod", "ptp", "ravel", "repeat", "reshape", "round", "sort", "squeeze", "std", "sum",
    "swapaxes", "take", "trace", "transpose", "var", "view",
}
ATTRIBUTES = {
    "T", "mT", "dtype", "flags", "imag", "itemsize", "nbytes", "ndim", "real", "shape", "size", "strides",
}

_ARITHMETIC = (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul",
    "and", "or", "xor", "lshift", "rshift",
)
_COMPARISONS_AND_SIGNS = ("lt", "le", "eq", "ne", "gt", "ge", "neg", "pos", "abs", "invert")
# fmt: on


class StandIn:
    """An array of the stand-in library.

    Args:
        array: the NumPy array that it wraps.
    """

    __slots__ = ("_host",)
    __array_ufunc__ = None  # NumPy's operators defer to ours, its ufuncs raise TypeError
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, array: Any) -> None:
        self._host = np.asarray(array)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise TypeError("implicit conversion to a NumPy array is not allowed; use get()")

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        raise TypeError(f"numpy.{function.__name__} does not take arrays of the stand-in library")

    def get(self) -> np.ndarray:
        """A NumPy array with the same values."""
        tapes.refused("get()")
        return self._host.copy()

    def item(self, *index: int) -> Any:
        """One element as a Python number, by an explicit call."""
        tapes.refused("item()")
        return self._host.item(*index)

    def tolist(self) -> Any:
        """The elements as Python numbers, by an explicit call."""
        tapes.refused("tolist()")
        return self._host.tolist()

    def __len__(self) -> int:
        return len(self._host)

    def __repr__(self) -> str:
        return repr(self._host).replace("array(", "standin(", 1)

    def __bool__(self) -> bool:
        raise TypeError("a kernel inspects a value, which is a device sync on a GPU")

    __float__ = __int__ = __index__ = __complex__ = __bool__

    def __getattr__(self, name: str) -> Any:
        if name in ATTRIBUTES:
            return wrap(getattr(self._host, name))
        if name in METHODS:
            method = getattr(np.ndarray, name)
            return lambda *args, **kwargs: perform(method, (self, *args), kwargs)
        raise AttributeError(f"an array of CuPy's has no attribute {name!r} that the stand-in knows")

    def __getitem__(self, index: Any) -> StandIn:
        return perform(_getitem, (self, index), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        perform(operator.setitem, (self, index, value), {})

    def __iter__(self) -> Any:
        return (wrap(row) for row in self._host)

    def __reduce__(self) -> Any:
        return StandIn, (self._host,)

    def __deepcopy__(self, memo: Any) -> StandIn:
        return StandIn(self._host.copy())


def _getitem(array: np.ndarray, index: Any) -> Any:
    """``array[index]``; a single element is a 0-d view, as in CuPy, not a scalar."""
    parts = index if isinstance(index, tuple) else (index,)
    return array[parts if any(part is Ellipsis for part in parts) else (*parts, Ellipsis)]


def _operator(function: Callable[..., Any], reflected: bool = False) -> Callable[..., Any]:
    def method(self: StandIn, *others: Any) -> Any:
        if others and not isinstance(others[0], (StandIn, np.ndarray, np.generic, bool, int, float, complex)):
            return NotImplemented  # a Variable, which handles it
        return perform(function, (*others, self) if reflected else (self, *others), {})

    return method


def _in_place(function: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: StandIn, other: Any) -> StandIn:
        perform(function, (self, other), {})
        return self

    return method


for _name in _ARITHMETIC:
    _function = getattr(operator, _name + "_" if _name in ("and", "or") else _name)
    setattr(StandIn, f"__{_name}__", _operator(_function))
    setattr(StandIn, f"__r{_name}__", _operator(_function, reflected=True))
    setattr(StandIn, f"__i{_name}__", _in_place(getattr(operator, f"i{_name}")))
for _name in _COMPARISONS_AND_SIGNS:
    setattr(StandIn, f"__{_name}__", _operator(getattr(operator, _name)))


def perform(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """A NumPy call on stand-in arrays; during a capture it is recorded, not executed."""
    args, kwargs = unwrap(args), unwrap(kwargs)
    if tapes.current is None:
        return wrap(function(*args, **kwargs))
    name = getattr(function, "__name__", "")
    if name in tapes.PRODUCTS:
        raise NotImplementedError("calling cuBLAS API during stream capture is currently unsupported")
    if name == "concatenate" and len(args[0]) >= tapes.MANY:
        raise RuntimeError("concatenate copies addresses from the host, which a graph cannot repeat")
    return tapes.current.note(function, args, kwargs, wrap)


def wrap(value: Any) -> Any:
    """Arrays and NumPy scalars as stand-in arrays; anything else unchanged."""
    if isinstance(value, (np.ndarray, np.generic)):
        return StandIn(value)
    if isinstance(value, (tuple, list)) and any(isinstance(v, (np.ndarray, np.generic)) for v in value):
        wrapped = [wrap(v) for v in value]
        return type(value)(*wrapped) if hasattr(value, "_fields") else type(value)(wrapped)
    return value


def unwrap(value: Any) -> Any:
    """Stand-in arrays as NumPy arrays; arrays of other libraries raise, as in CuPy, scalars do not."""
    if isinstance(value, StandIn):
        return value._host
    if library_of(value) is not None:
        kind = f"{type(value).__module__}.{type(value).__name__}"
        raise TypeError(f"unsupported type {kind}: the stand-in library's arrays do not mix with others")
    if isinstance(value, (tuple, list)):
        return type(value)([unwrap(v) for v in value])
    if isinstance(value, dict):
        return {key: unwrap(v) for key, v in value.items()}
    if isinstance(value, slice):
        return slice(unwrap(value.start), unwrap(value.stop), unwrap(value.step))
    return value
