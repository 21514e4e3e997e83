"""Selections by bits: NumPy's ``where`` branches at each element, a multiplication of bits does not."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..record import Call, Program, Value

BITS = {2: np.dtype(np.int16), 4: np.dtype(np.int32), 8: np.dtype(np.int64)}
FEWEST = 32  # elements


def select_by_bits(program: Program) -> None:
    """Turn ``where(c, x, 0)`` into the product of the bits of x with c: by values 0 * inf would make nan."""
    if program.base.name != "numpy":
        return
    kept = program.escaping()
    calls = []
    for call in program.calls:
        chosen = _chosen(call)
        if chosen is None or call.output.root in kept:
            calls.append(call)
        else:
            calls += _by_bits(call, *chosen)
    program.calls = calls


def _chosen(call: Call) -> tuple[Value, Value, bool] | None:
    """The condition, what it chooses, and whether where it is false; None for any other call."""
    if call.form != "function" or call.name != "where" or len(call.args) != 3 or call.kwargs:
        return None
    condition, x, y = call.args
    if condition.__class__ is not Value or condition.dtype.kind != "b":
        return None
    for value, other, inverted in ((x, y, False), (y, x, True)):
        if value.__class__ is Value and _zero(other) and _fits(value, condition, call.output):
            return condition, value, inverted
    return None


def _zero(item: Any) -> bool:
    if item.__class__ is Value:
        return item.kind == "constant" and item.shape == () and item.array == 0
    return item.__class__ in (int, float) and item == 0


def _fits(value: Value, condition: Value, out: Value) -> bool:
    return (
        value.dtype == out.dtype
        and value.dtype.kind == "f"
        and value.dtype.itemsize in BITS
        and value.shape == out.shape == condition.shape
        and value.strides == out.strides
        and not value.scalar
        and value.kind != "constant"
        and not out.scalar
        and value.nbytes >= FEWEST * value.dtype.itemsize
    )


def _by_bits(call: Call, condition: Value, x: Value, inverted: bool) -> list[Call]:
    bits = BITS[x.dtype.itemsize]
    where = call.origin

    def view(value: Value) -> Call:
        found = value.part("bits", value.shape, value.strides, bits)
        return Call("method", "view", None, (value, bits), {}, (found,), where, view=True)

    calls = []
    if inverted:
        flipped = Value("computed", condition)
        calls.append(Call("ufunc", "invert", np.invert, (condition,), {}, (flipped,), where, takes_out=True))
        condition = flipped
    out = call.output
    made = Call("alloc", "empty", None, (), {}, (out,), where, takes_out=True)
    x_bits, out_bits = view(x), view(out)
    product = Call("ufunc", "multiply", np.multiply, (x_bits.output, condition), {}, (), where)
    product.writes, product.takes_out = (out_bits.output,), True
    return [*calls, x_bits, made, out_bits, product]
