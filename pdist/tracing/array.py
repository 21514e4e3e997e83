"""The proxy of an array: it carries the real one, and records the operations on it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .record import Value


class Traced:
    """An array of a function that is being traced.

    Args:
        array: the real array of this first call, or the NumPy scalar.
        node: its value in the program.
        recording: the recording of the operations on it.
    """

    __slots__ = ("__weakref__", "array", "node", "recording")
    __hash__ = object.__hash__
    __array_priority__ = 1000

    def __init__(self, array: Any, node: Value, recording: Any) -> None:
        self.array, self.node, self.recording = array, node, recording

    # Shape, dtype, memory -----------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The real array's."""
        return self.array.shape

    @property
    def dtype(self) -> Any:
        """The real array's."""
        return self.array.dtype

    @property
    def ndim(self) -> int:
        """The real array's."""
        return self.array.ndim

    @property
    def size(self) -> int:
        """The real array's."""
        return self.array.size

    @property
    def itemsize(self) -> int:
        """The real array's."""
        return self.array.itemsize

    @property
    def nbytes(self) -> int:
        """The real array's."""
        return self.array.nbytes

    @property
    def strides(self) -> tuple[int, ...]:
        """The real array's."""
        return self.array.strides

    @property
    def flags(self) -> Any:
        """The real array's."""
        return self.array.flags

    @property
    def base(self) -> Any:
        """The array that it is a view of; None if it is not a view."""
        return None if self.node.root is self.node and not self.node.external else self.node.root

    @property
    def device(self) -> Any:
        """The real array's."""
        return self.array.device

    def __len__(self) -> int:
        return len(self.array)

    def __repr__(self) -> str:
        return f"traced({self.array!r})"

    def __iter__(self) -> Iterator[Any]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self.array)))

    # Not available while tracing ----------------------------------------------------------------------

    def _look(self, what: str, read: Callable[[Any], Any]) -> Any:
        self.recording.refuse(
            f"{what} of a traced array is not available while tracing: use functions.where, or return the "
            "array and read it outside"
        )
        return read(self.array)

    def __bool__(self) -> bool:
        return self._look("the truth", bool)

    def __float__(self) -> float:
        return self._look("float()", float)

    def __int__(self) -> int:
        return self._look("int()", int)

    def __index__(self) -> int:
        return self._look("the use as an index or count", operator.index)

    def __complex__(self) -> complex:
        return self._look("complex()", complex)

    def item(self, *index: int) -> Any:
        """Raises TraceError: the number would be that of the first call only."""
        return self._look(".item()", lambda array: array.item(*index))

    def tolist(self) -> Any:
        """Refused, as :meth:`item`."""
        return self._look(".tolist()", lambda array: array.tolist())

    def get(self) -> Any:
        """Refused, as :meth:`item`."""
        return self._look(".get()", lambda array: array.get())

    def tobytes(self, order: Any = "C") -> Any:
        """Refused, as :meth:`item`."""
        return self._look(".tobytes()", lambda array: array.tobytes(order))

    def nonzero(self) -> Any:
        """Raises TraceError: the shape of the result depends on values."""
        return self.recording.numpy_function("nonzero", (self,), {})

    def compress(self, condition: Any, axis: Any = None, out: Any = None) -> Any:
        """Refused, as :meth:`nonzero`."""
        return self.recording.numpy_function("compress", (condition, self, axis, out), {})

    def __divmod__(self, other: Any) -> Any:
        return self.recording.ufunc("divmod", (self, other), {})

    def __rdivmod__(self, other: Any) -> Any:
        return self.recording.ufunc("divmod", (other, self), {})

    def __format__(self, spec: str) -> str:
        return self._look("formatting", lambda array: format(array, spec)) if spec else repr(self)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        self.recording.refuse(
            "NumPy converts a traced array to a NumPy array here (np.array, np.asarray, an assignment "
            "into an array made by np.zeros, a function that NumPy does not dispatch): use the functions of "
            "pdist.get_array_module(x), or ufuncs and methods of the array"
        )
        return np.asarray(self.recording.base.to_host(self.array), dtype=dtype)

    def __reduce__(self) -> Any:
        raise TypeError("a traced array cannot be copied or pickled: return it from the traced function")

    # NumPy's protocols --------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(_is_variable(x) for x in inputs):
            return NotImplemented
        out = kwargs.pop("out", None)
        if out is not None:
            kwargs["out"] = out[0] if len(out) == 1 else out
        if method == "__call__":
            result = self.recording.ufunc(ufunc.__name__, inputs, kwargs, ufunc)
            given = kwargs.get("out") if out is None else out[0]
            return result if given is None or len(out) > 1 else given  # the caller's own array
        if method == "reduce":
            return self.recording.reduce(ufunc.__name__, *inputs, **kwargs)
        return self.recording.function(f"{ufunc.__name__}.{method}", inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if any(_is_variable(x) for x in args):
            return NotImplemented
        module, name = function.__module__ or "", function.__name__
        for part in ("linalg", "fft"):
            if module.startswith(f"numpy.{part}"):
                name = f"{part}.{name}"
        return self.recording.numpy_function(name, args, kwargs, function)

    def __cupy_override_elementwise_kernel__(self, kernel: Any, *args: Any, **kwargs: Any) -> Any:
        """Record CuPy's ufuncs and elementwise kernels on traced arrays."""
        recording, n_in = self.recording, kernel.nin
        if len(args) > n_in:
            args, kwargs = args[:n_in], {**kwargs, "out": args[n_in]}
        for module, prefix in ((recording.xp, "cupy_"), (recording.base.special, "cupyx_scipy_special_")):
            if kernel.name.startswith(prefix) and hasattr(module, name := kernel.name.removeprefix(prefix)):
                if getattr(module, name) is kernel:
                    return recording.ufunc(name, args, kwargs, kernel)
                return recording.numpy_function(name, args, kwargs)  # cupy.where, which calls its ufunc
        return recording.opaque(kernel, args, kwargs)

    # Elements -----------------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Any:
        return self.recording.getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        self.recording.setitem(self, index, value)

    # Methods ------------------------------------------------------------------------------------------

    @property
    def T(self) -> Any:
        """The transpose."""
        return self if self.ndim < 2 else self.transpose()

    @property
    def mT(self) -> Any:
        """Each matrix transposed."""
        return self.swapaxes(-1, -2)

    @property
    def real(self) -> Any:
        """The real part, which is the array itself."""
        return self if self.dtype.kind != "c" else self.recording.function("real", (self,), {})

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return self.recording.function("imag", (self,), {})

    def sum(
        self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, **others: Any
    ) -> Any:
        """The sum over ``axis``."""
        return self.recording.reduce("add", self, axis, dtype, out, keepdims, **others)

    def prod(
        self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, **others: Any
    ) -> Any:
        """The product over ``axis``."""
        return self.recording.reduce("multiply", self, axis, dtype, out, keepdims, **others)

    def max(self, axis: Any = None, out: Any = None, keepdims: bool = False, **others: Any) -> Any:
        """The maximum over ``axis``."""
        return self.recording.reduce("maximum", self, axis, None, out, keepdims, **others)

    def min(self, axis: Any = None, out: Any = None, keepdims: bool = False, **others: Any) -> Any:
        """The minimum over ``axis``."""
        return self.recording.reduce("minimum", self, axis, None, out, keepdims, **others)

    def any(self, axis: Any = None, out: Any = None, keepdims: bool = False, **others: Any) -> Any:
        """Whether any element over ``axis`` is true."""
        return self.recording.reduce("logical_or", self, axis, None, out, keepdims, **others)

    def all(self, axis: Any = None, out: Any = None, keepdims: bool = False, **others: Any) -> Any:
        """Whether all elements over ``axis`` are true."""
        return self.recording.reduce("logical_and", self, axis, None, out, keepdims, **others)

    def astype(self, dtype: Any, copy: bool = True, **others: Any) -> Any:
        """A copy of another dtype."""
        if not copy and np.dtype(dtype) == self.dtype and not others:
            return self
        return self.recording.method("astype", self, np.dtype(dtype), **others)

    def reshape(self, *shape: Any, **order: Any) -> Any:
        """The elements in another shape."""
        return self.recording.method("reshape", self, shape[0] if len(shape) == 1 else shape, **order)

    def transpose(self, *axes: Any) -> Any:
        """The axes in another order."""
        return self.recording.method("transpose", self, *axes)

    def __getattr__(self, name: str) -> Any:
        if name in METHODS:
            return lambda *args, **kwargs: self.recording.method(name, self, *args, **kwargs)
        raise AttributeError(f"a traced array has no attribute {name!r}")


# fmt: off
METHODS = frozenset((
    "argmax", "argmin", "argsort", "choose", "clip", "conj", "copy", "cumprod", "cumsum",
    "diagonal", "dot", "flatten", "mean", "partition", "ptp", "ravel", "repeat", "round",
    "searchsorted", "sort", "squeeze", "std", "swapaxes", "take", "trace", "var", "view", "fill",
))
# fmt: on


def _is_variable(value: Any) -> bool:
    return hasattr(value, "requires_grad")


def _binary(name: str) -> Callable[..., Any]:
    def method(self: Traced, other: Any) -> Any:
        return NotImplemented if _is_variable(other) else self.recording.operator(name, self, other)

    return method


def _reflected(name: str) -> Callable[..., Any]:
    def method(self: Traced, other: Any) -> Any:
        return NotImplemented if _is_variable(other) else self.recording.operator(name, other, self)

    return method


def _in_place(name: str) -> Callable[..., Any]:
    def method(self: Traced, other: Any) -> Any:
        if _is_variable(other):
            return NotImplemented
        if isinstance(self.array, np.generic):
            return self.recording.operator(name, self, other)
        self.recording.ufunc(name, (self, other), {"out": self})
        return self

    return method


def _unary(name: str) -> Callable[..., Any]:
    return lambda self: self.recording.operator(name, self)


OPERATORS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "power",
    "matmul": "matmul",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "lshift": "left_shift",
    "rshift": "right_shift",
}
COMPARISONS = {
    "lt": "less",
    "le": "less_equal",
    "eq": "equal",
    "ne": "not_equal",
    "gt": "greater",
    "ge": "greater_equal",
}
UNARY = {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"}

for _name, _ufunc in OPERATORS.items():
    setattr(Traced, f"__{_name}__", _binary(_ufunc))
    setattr(Traced, f"__r{_name}__", _reflected(_ufunc))
    setattr(Traced, f"__i{_name}__", _in_place(_ufunc))
for _name, _ufunc in COMPARISONS.items():
    setattr(Traced, f"__{_name}__", _binary(_ufunc))
for _name, _ufunc in UNARY.items():
    setattr(Traced, f"__{_name}__", _unary(_ufunc))

#: The Python operator of each ufunc, for NumPy scalars
PYTHON_OPERATORS: dict[str, Callable[..., Any]] = {
    ufunc: getattr(operator, name + "_" if name in ("and", "or") else name)
    for table in (OPERATORS, COMPARISONS, UNARY)
    for name, ufunc in table.items()
}
