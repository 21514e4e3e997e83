"""NumPy forms that cost less for small arrays and round identically."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..record import Call, Program, Value, values_in, written_roots
from .constants import constant
from .dead import drop_dead
from .placement import is_contiguous

# NumPy's maximum clears the processor's floating-point flags first, which takes four times as long as the
# rest. The ufunc behind np.clip does not. It has no public name; if it is missing, maximum stays.
_umath = getattr(getattr(np, "_core", None), "umath", None)
CLIP = getattr(_umath, "clip", None)
FEW_BYTES = 4096  # with larger arrays on both sides, clip is slower, since it compares one by one


def use_numpy_forms(program: Program) -> None:
    """Write ``maximum(x, 0)`` as ``clip(x, 0, inf)``, matrix products as ``dot``, sums of two rows as +."""
    if program.base.name != "numpy":
        return
    _scalars_into_arrays(program)
    calls: list[Call] = []
    for call in program.calls:
        calls += _of_two_rows(call)
    program.calls = calls
    changed = written_roots(program.calls)
    made: dict[Value, Call] = {}
    for call in program.calls:
        if call.form == "ufunc" and not call.kwargs:
            if call.name in ("maximum", "minimum") and CLIP is not None:
                _clip(call)
                _clip_once(call, made, changed)
                made.update(dict.fromkeys(call.outputs, call))
            elif call.name == "matmul" and _plain_product(call, program):
                call.form, call.name, call.function = "function", "dot", np.dot
    drop_dead(program)


def _scalars_into_arrays(program: Program) -> None:
    """Cast a scalar by writing it into a 0-d array: casting it takes six times as long.

    Ufuncs are also faster on such an array, with the same result.
    """
    casts = {
        call.output: call
        for call in program.calls
        if call.outputs and call.output.scalar and call.name == "astype" and len(call.args) == 2
        if call.form == "method"
    }
    for call in program.calls:
        others = values_in((call.args, call.kwargs))
        for value in (
            list(others) if not (call.elementwise and not all(v.scalar for v in call.inputs)) else ()
        ):
            casts.pop(value, None)
    kept = program.escaping()
    for value, call in casts.items():
        if value not in kept:
            value.scalar, value.strides, call.takes_out = False, (), True


def _of_two_rows(call: Call) -> list[Call]:
    """A reduction of two rows as the ufunc itself."""
    x = call.args[0] if call.form == "reduce" else None
    if (
        x is None
        or call.kwargs not in ({"axis": 0}, {"axis": (0,)})
        or len(x.shape) < 2
        or x.shape[0] != 2
        or x.dtype.char not in "fd"
        or not call.takes_out
    ):
        return [call]
    rows = [x.part("part", x.shape[1:], (x.strides or ())[1:]) for _ in range(2)]
    views = [
        Call("getitem", "getitem", None, (x, i), {}, (row,), call.origin, view=True)
        for i, row in enumerate(rows)
    ]
    call.form, call.function, call.args, call.kwargs = "ufunc", getattr(np, call.name), tuple(rows), {}
    return [*views, call]


def _clip(call: Call) -> None:
    for x, bound in (call.args, call.args[::-1]):
        if x.__class__ is not Value or x.dtype.char not in "fd" or x.kind == "constant":
            continue
        limit = _limit(bound, x.dtype)
        if limit is not None:
            infinite = np.asarray(np.inf, x.dtype)
            ends = (limit, infinite) if call.name == "maximum" else (-infinite, limit)
            call.name, call.function = "clip", CLIP
            call.args = (x, *[constant(end) for end in ends])
            return
    x, y = call.args
    both = call.name == "maximum" and x.__class__ is y.__class__ is Value
    if both and x.dtype == y.dtype and x.dtype.char in "fd" and max(x.nbytes, y.nbytes) <= FEW_BYTES:
        call.name, call.function = "clip", CLIP
        call.args = (x, y, constant(np.asarray(np.inf, x.dtype)))


def _clip_once(call: Call, made: dict[Value, Call], changed: set[Value]) -> None:
    """Combine two clips, to a lower and an upper bound, into one."""
    before = made.get(call.args[0])
    if before is None or before.name != "clip" or call.name != "clip":
        return
    inner, *first = before.args
    if any(end.kind != "constant" for end in (*first, *call.args[1:])):
        return
    if inner.external or {inner.root, call.args[0].root} & changed:
        return
    lows, highs = zip(first, call.args[1:], strict=True)
    low = max(lows, key=lambda end: end.array)
    high = min(highs, key=lambda end: end.array)
    one_of_each = sum(bool(np.isinf(end.array)) for end in (*lows, *highs)) == 2
    if one_of_each and low.array <= high.array:
        call.args = (inner, low, high)


def _limit(bound: Any, dtype: np.dtype) -> Any:
    """A bound in the dtype of the array that it limits."""
    if bound.__class__ is Value:
        if bound.kind != "constant" or bound.shape != () or bound.dtype != dtype:
            return None
        found = bound.array
    elif bound.__class__ in (int, float):
        with np.errstate(all="ignore"):
            found = np.asarray(bound).astype(dtype)
    else:
        return None
    return None if np.isnan(found) else found


def _plain_product(call: Call, program: Program) -> bool:
    """Whether matmul and dot pass the same arrays to the same routine.

    They differ for a product of a matrix with its own transpose.
    """
    a, b = call.args
    if a.__class__ is not Value or b.__class__ is not Value or a.root is b.root:
        return False
    if a.root.kind == b.root.kind == "state" and np.may_share_memory(a.root.array, b.root.array):
        return False
    if a.root.kind == b.root.kind == "argument":
        return False  # they may be the same array
    out = (call.outputs or call.writes)[0]
    return (
        a.dtype == b.dtype == out.dtype
        and a.dtype.char in "fd"
        and len(a.shape) in (1, 2)
        and len(b.shape) == 2
        and all(min(v.shape) > 0 for v in (a, b))
        and all(is_contiguous(v) or is_contiguous(v, reverse=True) for v in (a, b))
        and is_contiguous(out)
    )
