"""Elementwise calls of a program, as computed by kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..record import Call, Value
from .kernels import ALIASES, resolve


@dataclass(slots=True)
class Element:
    """An elementwise call, as computed by a kernel.

    Attributes:
        name: the name of its formula.
        args: values and numbers.
        types: the dtypes that it computes with.
        target: the value that it makes or writes.
    """

    name: str
    args: tuple[Any, ...]
    types: tuple[np.dtype, ...]
    target: Value


def element(call: Call) -> Element | None:
    """A call as computed by a kernel; None if kernels cannot compute it."""
    target = _target(call)
    form = _form(call)
    if target is None or form is None or call.view or target.scalar:
        return None
    name, args = form
    values = [a for a in args if a.__class__ is Value]
    if not values or not all(a.__class__ in (Value, bool, int, float) for a in args):
        return None
    kinds = [a.dtype if a.__class__ is Value else a.__class__ for a in args]
    types = resolve(name, kinds)
    if types is None or not all(_fits(a, t) for a, t in zip(args, types, strict=False)):
        return None
    shape = np.broadcast_shapes(*[value.shape for value in values])
    if shape != target.shape and (
        not call.writes or np.broadcast_shapes(shape, target.shape) != target.shape
    ):
        return None
    return Element(ALIASES.get(name, name), args, types, target)


def _target(call: Call) -> Value | None:
    places = call.outputs + call.writes
    return places[0] if len(places) == 1 else None


def _form(call: Call) -> tuple[str, tuple[Any, ...]] | None:
    """The name of its formula and its arguments."""
    if call.form == "ufunc" and not call.kwargs:
        return call.name, call.args
    if call.form == "function" and call.name == "where" and not call.kwargs and len(call.args) == 3:
        return "where", call.args
    if call.form == "method" and call.name in ("astype", "copy") and not call.kwargs:
        return "copy", call.args[:1]
    if call.form == "setitem" and is_whole(call.args[0]):
        value = call.args[1]
        return ("copy", (value,)) if value.__class__ is Value else None
    if call.form == "getitem" and call.args[1] == () and not call.view:
        return "copy", call.args[:1]
    return None


def is_whole(index: Any) -> bool:
    """Whether an index selects a whole array, as ``x[...]`` and ``x[:]`` do."""
    if index.__class__ is tuple:
        return all(is_whole(i) for i in index) and index.count(Ellipsis) < 2
    return index is Ellipsis or (index.__class__ is slice and index == slice(None))


def _fits(item: Any, dtype: np.dtype) -> bool:
    """Whether a number is representable in its dtype."""
    if item.__class__ is not int or dtype.kind not in "iu":
        return True
    bounds = np.iinfo(dtype)
    return bounds.min <= item <= bounds.max
