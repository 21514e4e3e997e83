"""What gives Variable its operators and methods, and NumPy's functions their meaning on Variables."""

from __future__ import annotations

import operator
from typing import Any

from ..autograd import Variable
from ..autograd.op import array_functions, ufuncs
from . import activation, arithmetic, exponential, indexing, linear_algebra, reductions, shape, trigonometric
from .arguments import raw

Class: Any = Variable  # for mypy: the methods are declared in Variable itself

# Operators -------------------------------------------------------------------------------------------------


def _reflected(function: Any) -> Any:
    return lambda self, other: function(other, self)


def _comparison(compare: Any) -> Any:
    """Comparisons answer at once: raw bool arrays without gradient."""
    return lambda self, other: compare(self.array, other.array if isinstance(other, Variable) else other)


_OPERATORS: dict[str, Any] = {
    "add": arithmetic.add,
    "sub": arithmetic.subtract,
    "mul": arithmetic.multiply,
    "truediv": arithmetic.divide,
    "pow": arithmetic.power,
    "matmul": linear_algebra.matmul,
}

for _name, _function in _OPERATORS.items():
    setattr(Class, f"__{_name}__", _function)
    setattr(Class, f"__r{_name}__", _reflected(_function))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Class, f"__{_name}__", _comparison(getattr(operator, _name)))

Class.__neg__ = arithmetic.negative
Class.__pos__ = lambda self: self
Class.__abs__ = arithmetic.absolute
Class.__getitem__ = indexing.get_item


# Methods ---------------------------------------------------------------------------------------------------


def _unpacked(args: tuple[Any, ...]) -> Any:
    """``v.reshape(2, 3)`` and ``v.reshape((2, 3))`` mean the same."""
    return args[0] if len(args) == 1 and (args[0] is None or not hasattr(args[0], "__index__")) else args


def _reshape(self: Variable, *shape_: Any) -> Variable:
    """The same elements in another shape: ``v.reshape(2, 3)`` or ``v.reshape((2, 3))``."""
    return shape.reshape(self, _unpacked(shape_))


def _transpose(self: Variable, *axes: Any) -> Variable:
    """The axes in another order, reversed by default: ``v.transpose(1, 0)`` or ``v.transpose((1, 0))``."""
    return shape.transpose(self, _unpacked(axes) if axes else None)


Class.reshape = _reshape
Class.transpose = _transpose
Class.T = property(shape.transpose, doc="The array with its axes reversed.")
Class.squeeze = shape.squeeze
Class.swapaxes = shape.swapaxes
Class.flatten = Class.ravel = shape.flatten
Class.astype = shape.cast
Class.diagonal = indexing.diagonal
for _name in ("sum", "mean", "max", "min", "prod", "cumsum", "cumprod", "argmax", "argmin"):
    setattr(Class, _name, getattr(reductions, _name))


# NumPy's functions -----------------------------------------------------------------------------------------

_SAME_NAME: dict[Any, list[str]] = {
    arithmetic: [
        "add",
        "subtract",
        "multiply",
        "divide",
        "negative",
        "absolute",
        "sign",
        "power",
        "square",
        "sqrt",
        "maximum",
        "minimum",
        "floor",
        "ceil",
        "fmod",
    ],
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

for _module, _names in _SAME_NAME.items():
    for _name in _names:
        ufuncs[_name] = getattr(_module, _name)
ufuncs["trunc"] = arithmetic.fix
ufuncs["positive"] = Class.__pos__


def _on_raw_arrays(function: Any) -> Any:
    """A function of NumPy whose answer has no gradient, on the arrays of Variables."""
    return lambda *args: function(*[raw(arg) for arg in args])


for _name, _function in {
    "equal": operator.eq,
    "not_equal": operator.ne,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
}.items():
    ufuncs[_name] = _on_raw_arrays(_function)
for _name in ("isfinite", "isnan", "isinf"):
    ufuncs[_name] = lambda x, _name=_name: getattr(x.xp, _name)(x.array)

array_functions.update(
    sum=reductions.sum,
    mean=reductions.mean,
    amax=reductions.max,
    amin=reductions.min,
    max=reductions.max,
    min=reductions.min,
    prod=reductions.prod,
    cumsum=reductions.cumsum,
    cumprod=reductions.cumprod,
    argmax=reductions.argmax,
    argmin=reductions.argmin,
    clip=arithmetic.clip,
    where=indexing.where,
    take_along_axis=indexing.take_along_axis,
    diagonal=indexing.diagonal,
    tril=indexing.tril,
    triu=indexing.triu,
    reshape=shape.reshape,
    ravel=shape.flatten,
    transpose=shape.transpose,
    swapaxes=shape.swapaxes,
    moveaxis=shape.moveaxis,
    rollaxis=shape.rollaxis,
    squeeze=shape.squeeze,
    expand_dims=shape.expand_dims,
    broadcast_to=shape.broadcast_to,
    broadcast_arrays=shape.broadcast,
    flip=shape.flip,
    repeat=shape.repeat,
    tile=shape.tile,
    concatenate=lambda arrays, axis=0: shape.concat(arrays, axis=axis),
    stack=shape.stack,
    hstack=shape.hstack,
    vstack=shape.vstack,
    copy=shape.copy,
    einsum=linear_algebra.einsum,
    dot=lambda a, b: linear_algebra.matmul(a, b),
    shape=lambda a: a.shape,
    ndim=lambda a: a.ndim,
    size=lambda a: a.size,
)
