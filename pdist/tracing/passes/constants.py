"""Constant folding: what depends only on Python numbers is computed once."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..record import Call, Program, Value, written_roots
from ..storage import perform

MOST_BYTES = 1 << 24  # a larger constant is computed anew at each call


def fold_constants(program: Program) -> None:
    """Compute every pure call whose arguments are constants, and replace it by the result.

    State is never folded: it may change from call to call. Nor are results, which the caller may change.
    """
    changed, kept = written_roots(program.calls), program.escaping()
    calls = []
    with np.errstate(all="ignore"):
        for call in program.calls:
            if call.form == "check" and all(value.kind == "constant" for value in call.inputs):
                continue  # it was made while recording
            foldable = (
                call.pure
                and call.form != "opaque"
                and len(call.outputs) == 1
                and call.output.root not in changed
                and call.output.root not in kept
                and call.output.nbytes <= MOST_BYTES
                and all(value.kind == "constant" for value in call.inputs)
            )
            if not (foldable and _settle(call)):
                calls.append(call)
    program.calls = calls
    if program.base.name == "numpy":
        _use_numbers(program)


def _settle(call: Call) -> bool:
    """Compute a call; False if its ``out`` is of another kind than its own result."""
    value = call.output
    array = perform(call, {v: v.array for v in call.inputs})
    if (array.shape, array.dtype) != (value.shape, value.dtype):
        return False
    value.array, value.kind, value.root = array, "constant", value
    return True


def _use_numbers(program: Program) -> None:
    """Replace arrays filled with one number by that number, if another argument has the shape."""
    for call in program.calls:
        if not call.elementwise or call.kwargs or not (call.outputs or call.writes):
            continue
        target = (call.outputs or call.writes)[0]
        for i, value in enumerate(call.args):
            if value.__class__ is not Value or value.kind != "constant" or not value.shape:
                continue
            others = [a.shape for j, a in enumerate(call.args) if j != i and a.__class__ is Value]
            if not others or np.broadcast_shapes(*others) != target.shape:
                continue
            number = _number(value)
            if number is not None:
                call.args = (*call.args[:i], number, *call.args[i + 1 :])


def _number(value: Value) -> Value | None:
    """A 0-d constant that replaces a uniform one."""
    array = value.array
    if not array.size:
        return None
    first = array[(0,) * array.ndim]
    uniform = not any(array.strides) or (array.size <= 1 << 16 and bool(np.all(array == first)))
    if not uniform or first == 0:  # a zero has a sign
        return None
    return constant(first)


def constant(item: Any) -> Value:
    """A new 0-d constant."""
    array = np.asarray(item)
    return Value("constant", array, array=array)


__all__ = ["constant", "fold_constants"]
