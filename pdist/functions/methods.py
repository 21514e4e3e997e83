"""Gives Variable its operators and methods, and defines NumPy's functions on Variables."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..autograd import Variable
from ..autograd.operators import complete
from . import (
    activation,
    arithmetic,
    axes,
    cumulative,
    exponential,
    indexing,
    joining,
    linear_algebra,
    reductions,
    rounding,
    shape,
    trigonometric,
)
from .arguments import raw

# Operators and methods -------------------------------------------------------------------------------------


def _reflected(function: Any) -> Any:
    return lambda self, other: function(other, self)


def _comparison(compare: Any) -> Any:
    """Comparisons return raw bool arrays without gradient."""
    return lambda self, other: compare(raw(self), raw(other))


def _itself(self: Variable) -> Variable:
    return self


def _unpacked(args: tuple[Any, ...]) -> Any:
    """``v.reshape(2, 3)`` and ``v.reshape((2, 3))`` mean the same."""
    return args[0] if len(args) == 1 and (args[0] is None or np.ndim(args[0])) else args


def _reshape(self: Variable, *shape_: Any) -> Variable:
    """The same elements in another shape: ``v.reshape(2, 3)`` or ``v.reshape((2, 3))``."""
    return shape.reshape(self, _unpacked(shape_))


def _transpose(self: Variable, *order: Any) -> Variable:
    """The axes in another order, reversed by default: ``v.transpose(1, 0)`` or ``v.transpose((1, 0))``."""
    return axes.transpose(self, _unpacked(order) if order else None)


# NumPy's functions -----------------------------------------------------------------------------------------

_SAME_NAME: dict[Any, list[str]] = {
    arithmetic: [
        "add",
        "subtract",
        "multiply",
        "divide",
        "negative",
        "power",
        "square",
        "sqrt",
    ],
    rounding: ["maximum", "minimum", "floor", "ceil", "fmod", "absolute", "sign"],
    exponential: ["exp", "expm1", "log", "log1p", "log2", "log10"],
    trigonometric: [
        "sin",
        "cos",
        "tan",
        "arcsin",
        "arccos",
        "arctan",
        "arctan2",
        "sinh",
        "cosh",
        "arcsinh",
        "arctanh",
    ],
    activation: ["tanh"],
    linear_algebra: ["matmul"],
}

ufuncs: dict[str, Any] = {
    name: getattr(module, name) for module, names in _SAME_NAME.items() for name in names
}
ufuncs["trunc"] = rounding.fix
ufuncs["positive"] = _itself


def _on_raw_arrays(function: Any) -> Any:
    """A NumPy function whose result has no gradient, applied to the arrays of Variables."""
    return lambda *args: function(*[raw(arg) for arg in args])


ufuncs |= {
    "equal": _on_raw_arrays(operator.eq),
    "not_equal": _on_raw_arrays(operator.ne),
    "less": _on_raw_arrays(operator.lt),
    "less_equal": _on_raw_arrays(operator.le),
    "greater": _on_raw_arrays(operator.gt),
    "greater_equal": _on_raw_arrays(operator.ge),
    "isfinite": lambda x: x.xp.isfinite(raw(x)),
    "isnan": lambda x: x.xp.isnan(raw(x)),
    "isinf": lambda x: x.xp.isinf(raw(x)),
}

array_functions: dict[str, Any] = {
    "sum": reductions.sum,
    "mean": reductions.mean,
    "amax": reductions.max,
    "amin": reductions.min,
    "max": reductions.max,
    "min": reductions.min,
    "prod": cumulative.prod,
    "cumsum": cumulative.cumsum,
    "cumprod": cumulative.cumprod,
    "argmax": reductions.argmax,
    "argmin": reductions.argmin,
    "clip": rounding.clip,
    "where": indexing.where,
    "take_along_axis": indexing.take_along_axis,
    "diagonal": indexing.diagonal,
    "tril": indexing.tril,
    "triu": indexing.triu,
    "reshape": shape.reshape,
    "ravel": shape.flatten,
    "transpose": axes.transpose,
    "swapaxes": axes.swapaxes,
    "moveaxis": axes.moveaxis,
    "rollaxis": axes.rollaxis,
    "squeeze": axes.squeeze,
    "expand_dims": axes.expand_dims,
    "broadcast_to": shape.broadcast_to,
    "broadcast_arrays": shape.broadcast,
    "flip": axes.flip,
    "repeat": shape.repeat,
    "tile": shape.tile,
    "concatenate": lambda arrays, axis=0: joining.concat(arrays, axis=axis),
    "stack": joining.stack,
    "hstack": joining.hstack,
    "vstack": joining.vstack,
    "copy": shape.copy,
    "einsum": linear_algebra.einsum,
    "dot": lambda a, b: linear_algebra.matmul(a, b),
    "shape": lambda a: a.shape,
    "ndim": lambda a: a.ndim,
    "size": lambda a: a.size,
}


def _numpy_ufunc(self: Variable, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """``np.exp(variable)``: calls pdist's own function, or raises a clear error."""
    function = ufuncs.get(ufunc.__name__)
    if function is None or method != "__call__" or kwargs:
        raise TypeError(
            f"numpy.{ufunc.__name__}{'' if method == '__call__' else '.' + method} does not take pdist "
            f"Variables{' with ' + ', '.join(kwargs) if kwargs else ''}: use pdist.functions, or the raw "
            "arrays (v.array)"
        )
    return function(*inputs)


def _numpy_function(self: Variable, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """``np.sum(variable)``: calls pdist's own function, or raises a clear error."""
    found = array_functions.get(function.__name__)
    if found is None:
        raise TypeError(
            f"numpy.{function.__name__} does not take pdist Variables: use pdist.functions, or the raw "
            "arrays (v.array)"
        )
    return found(*args, **kwargs)


# The attributes added to Variable --------------------------------------------------------------------------

complete(
    Variable,
    __add__=arithmetic.add,
    __sub__=arithmetic.subtract,
    __mul__=arithmetic.multiply,
    __truediv__=arithmetic.divide,
    __pow__=arithmetic.power,
    __matmul__=linear_algebra.matmul,
    __radd__=_reflected(arithmetic.add),
    __rsub__=_reflected(arithmetic.subtract),
    __rmul__=_reflected(arithmetic.multiply),
    __rtruediv__=_reflected(arithmetic.divide),
    __rpow__=_reflected(arithmetic.power),
    __rmatmul__=_reflected(linear_algebra.matmul),
    __eq__=_comparison(operator.eq),
    __ne__=_comparison(operator.ne),
    __lt__=_comparison(operator.lt),
    __le__=_comparison(operator.le),
    __gt__=_comparison(operator.gt),
    __ge__=_comparison(operator.ge),
    __neg__=arithmetic.negative,
    __pos__=_itself,
    __abs__=rounding.absolute,
    __getitem__=indexing.get_item,
    __array_ufunc__=_numpy_ufunc,
    __array_function__=_numpy_function,
    T=property(axes.transpose, doc="The array with its axes reversed."),
    sum=reductions.sum,
    mean=reductions.mean,
    max=reductions.max,
    min=reductions.min,
    prod=cumulative.prod,
    cumsum=cumulative.cumsum,
    cumprod=cumulative.cumprod,
    argmax=reductions.argmax,
    argmin=reductions.argmin,
    reshape=_reshape,
    transpose=_transpose,
    squeeze=axes.squeeze,
    swapaxes=axes.swapaxes,
    flatten=shape.flatten,
    ravel=shape.flatten,
    diagonal=indexing.diagonal,
    astype=shape.cast,
)
