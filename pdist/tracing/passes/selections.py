"""Bitwise selections: NumPy's ``where`` branches at each element, a multiplication of bits does not."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..record import Call, Program, Value
from .copies import last_uses

BITS = {2: np.dtype(np.int16), 4: np.dtype(np.int32), 8: np.dtype(np.int64)}
FEWEST = 32  # elements
CAST_BYTES = 1 << 15  # up to this size, a separate cast costs less than NumPy's internal one in chunks


def select_by_bits(program: Program) -> None:
    """Turn ``where(c, x, 0)`` into the product of the bits of x with c: with values, 0 * inf would give nan.

    If x is not used afterwards, the product overwrites it.
    """
    if program.base.name != "numpy":
        return
    kept, last = program.escaping(), last_uses(program)
    calls: list[Call] = []
    same: dict[Value, Value] = {}
    for i, call in enumerate(program.calls):
        chosen = _chosen(call)
        if chosen is None or call.output.root in kept:
            calls.append(call)
            continue
        condition, x, inverted = chosen
        if x.kind == "computed" and last[x] == i and x not in kept:
            same[call.output] = x
        calls += _by_bits(call, condition, x, inverted, call.output not in same)
    program.calls = calls
    program.replace(same)


def _chosen(call: Call) -> tuple[Value, Value, bool] | None:
    """The condition, the value selected, and whether it is selected where false; None for other calls."""
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


def _by_bits(call: Call, condition: Value, x: Value, inverted: bool, elsewhere: bool) -> list[Call]:
    """The calls that make the product, ``elsewhere`` or in place of x."""
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
    if x.nbytes <= CAST_BYTES:
        wide = Value("computed", x)
        wide.dtype = bits
        calls.append(Call("method", "astype", None, (condition, bits), {}, (wide,), where, takes_out=True))
        condition = wide
    x_bits = view(x)
    calls.append(x_bits)
    out_bits = x_bits
    if elsewhere:
        out_bits = view(call.output)
        calls.append(Call("alloc", "empty", None, (), {}, (call.output,), where, takes_out=True))
        calls.append(out_bits)
    product = Call("ufunc", "multiply", np.multiply, (x_bits.output, condition), {}, (), where)
    product.writes, product.takes_out = (out_bits.output,), True
    return [*calls, product]
