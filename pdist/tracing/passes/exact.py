"""Cheaper forms with identical results."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ...backend import to_cpu
from ..record import Call, Program, Value, written_roots


def use_cheaper_forms(program: Program) -> None:
    """Replace calls by cheaper ones with the same result, to the last bit (except for the sign of zero).

    - 1 x, x / 1 and x ** 1 are x; -1 x is -x.
    - x + (-y) is x - y, x - (-y) is x + y, (-x)(-y) is x y.
    """
    made = {call.output: call for call in program.calls if len(call.outputs) == 1 and not call.view}
    uses = Counter(value for call in program.calls for value in call.inputs)
    fixed = written_roots(program.calls)
    kept = program.escaping()
    same: dict[Value, Value] = {}
    calls = []
    for call in program.calls:
        if call.form == "ufunc" and not call.kwargs and len(call.args) == 2:
            found = _unit(call)
            if found is not None and _replaceable(call, found, fixed | kept):
                same[call.output] = found
                continue
            _signs(call, program.base.xp, made, uses, fixed)
        calls.append(call)
    program.calls = calls
    program.replace(same)


def _is(item: Any, number: float) -> bool:
    """Whether an argument is a given number."""
    if item.__class__ is Value:
        return item.kind == "constant" and item.shape == () and bool(to_cpu(item.array) == number)
    return item.__class__ in (int, float) and item == number


def _unit(call: Call) -> Value | None:
    """x, if the call is 1 x, x 1, x / 1 or x ** 1."""
    x, y = call.args
    if call.name in ("multiply", "divide", "power") and x.__class__ is Value and _is(y, 1):
        return x
    if call.name == "multiply" and y.__class__ is Value and _is(x, 1):
        return y
    return None


def _replaceable(call: Call, value: Value, private: set[Value]) -> bool:
    """Whether the result of a call is indistinguishable from the value that it equals."""
    if not call.outputs or value.kind == "constant" or value.external:
        return False
    if {call.output.root, value.root} & private:
        return False
    out = call.output
    return (value.shape, value.dtype, value.strides, value.scalar) == (
        out.shape,
        out.dtype,
        out.strides,
        out.scalar,
    )


def _signs(call: Call, xp: Any, made: dict[Value, Call], uses: Counter[Value], fixed: set[Value]) -> None:
    """Signs: products with -1, and operations on negated values."""
    x, y = call.args
    if call.name == "multiply" and call.outputs and (_is(x, -1) or _is(y, -1)):
        rest = y if _is(x, -1) else x
        if rest.__class__ is Value and rest.dtype == call.output.dtype and rest.shape == call.output.shape:
            call.name, call.function, call.args = "negative", xp.negative, (rest,)
        return
    minus_x, minus_y = _negated(x, made, fixed), _negated(y, made, fixed)
    if call.name == "multiply" and minus_x is not None and minus_y is not None:
        call.args = (minus_x, minus_y)
    elif call.name == "add" and minus_y is not None and uses[y] == 1:
        call.name, call.function, call.args = "subtract", xp.subtract, (x, minus_y)
    elif call.name == "add" and minus_x is not None and uses[x] == 1:
        call.name, call.function, call.args = "subtract", xp.subtract, (y, minus_x)
    elif call.name == "subtract" and minus_y is not None and uses[y] == 1:
        call.name, call.function, call.args = "add", xp.add, (x, minus_y)


def _negated(item: Any, made: dict[Value, Call], fixed: set[Value]) -> Value | None:
    """y, if the argument is a computed -y and y has not changed since."""
    call = made.get(item) if item.__class__ is Value else None
    if call is None or call.form != "ufunc" or call.name != "negative" or call.kwargs:
        return None
    (y,) = call.args
    if y.__class__ is not Value or y.external or y.root in fixed:
        return None
    return y if (y.shape, y.dtype) == (item.shape, item.dtype) else None
