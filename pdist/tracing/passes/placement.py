"""Placement: parts are written where the whole will be, not elsewhere and then brought together."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..record import Call, Program, Value, written_roots
from .copies import last_uses


def place_where_wanted(program: Program) -> None:
    """Let what a concatenation brings together be computed in its place there.

    So the gradients of all parameters are written straight into the optimizer's one array. A part moves only
    where its layout stays what it was (products and sums round by layout), where nothing changes it after it
    was made, and where nobody looks at the whole before it is there.
    """
    if program.base.name != "numpy":
        return
    for call in [c for c in program.calls if c.form == "function" and c.name == "concatenate"]:
        if program.calls.count(call) == 1:
            _place(program, call)


def _place(program: Program, call: Call) -> None:
    parts = [p for p in call.args[0] if p.__class__ is Value]
    axis = call.kwargs.get("axis", call.args[1] if len(call.args) > 1 else 0)
    whole = (call.writes or call.outputs)[0]
    kept = program.escaping()
    if len(parts) != len(call.args[0]) or whole.root is not whole or whole.scalar:
        return
    if (whole in kept and not call.writes) or axis not in (0, None):
        return
    if not is_contiguous(whole) or any(p.dtype != whole.dtype for p in parts):
        return
    where = program.calls.index(call)
    makers = {c.output: i for i, c in enumerate(program.calls[:where]) if len(c.outputs) == 1}
    fixed = written_roots(program.calls) | {value.root for value in program.returned()}
    fixed |= kept if not whole.external else set()
    last = last_uses(program)
    movable = {
        part
        for part in parts
        if part in makers
        and parts.count(part) == 1
        and part not in fixed
        and _can_move(part, program.calls[makers[part]])
        and not _overwritten(program.calls[where + 1 : last[part] + 1], whole)
    }
    if 2 * sum(part.nbytes for part in movable) < whole.nbytes:
        return
    first = min(makers[part] for part in movable)
    if call.writes:
        if _touched(program.calls[first:where], whole):
            return
        before: list[Call] = []
        program.claimed.append(whole.array)
    else:
        before = [Call("alloc", "empty", None, (), {}, (whole,), call.origin, takes_out=True)]
    after: list[Call] = []
    same: dict[Value, Any] = {}
    offset = 0
    for part in parts:
        n = part.shape[0] if axis == 0 else math.prod(part.shape)
        views, place = _part_of(whole, part, slice(offset, offset + n), call)
        offset += n
        before += views
        if part in movable:
            maker = program.calls[makers[part]]
            maker.writes, maker.outputs = (place,), ()
            same[part] = place
        else:
            after.append(Call("setitem", "setitem", None, (..., part), {}, (), call.origin, (place,)))
    calls = program.calls
    program.calls = [*calls[:first], *before, *calls[first:where], *after, *calls[where + 1 :]]
    program.replace(same)


def _part_of(whole: Value, part: Value, of: slice, call: Call) -> tuple[list[Call], Value]:
    """The views that lead to where a part will be, and the last of them."""
    flat = whole.part("part", (of.stop - of.start, *whole.shape[1:]), whole.strides)
    views = [Call("getitem", "getitem", None, (whole, of), {}, (flat,), call.origin, view=True)]
    if flat.shape == part.shape:
        return views, flat
    shaped = whole.part("part", part.shape, part.strides)
    views.append(Call("method", "reshape", None, (flat, part.shape), {}, (shaped,), call.origin, view=True))
    return views, shaped


def _can_move(part: Value, maker: Call) -> bool:
    """Whether a part's call can be told where to write it, and finds the same layout there."""
    return (
        part.root is part
        and not part.scalar
        and part.shape != ()
        and is_contiguous(part)
        and maker.takes_out
        and maker.form not in ("draw", "alloc")
    )


def _overwritten(calls: list[Call], whole: Value) -> bool:
    """Whether a call changes the whole; these are the calls that still want a part of it."""
    return any(
        call.changes_any
        or any(v.root is whole or (v.external and whole.external and _overlap(v, whole)) for v in call.writes)
        for call in calls
    )


def _touched(calls: list[Call], whole: Value) -> bool:
    """Whether a call looks at or changes what the whole will overwrite."""
    for call in calls:
        if call.changes_any:
            return True
        for value in (*call.inputs, *call.writes):
            if value.root is whole or (value.external and _overlap(value, whole)):
                return True
    return False


def _overlap(a: Value, b: Value) -> bool:
    """Whether two outside arrays may share memory; arguments are taken not to overlap the library's own."""
    if a.root.kind != "state" or b.root.kind != "state":
        return a.root.kind == "slot" or b.root.kind == "slot"
    return bool(np.may_share_memory(a.root.array, b.root.array))


def is_contiguous(value: Value, reverse: bool = False) -> bool:
    """Whether it lies in memory row after row, or, where ``reverse``, column after column."""
    step = value.dtype.itemsize
    axes = list(zip(value.shape, value.strides or (), strict=True))
    for n, stride in axes if reverse else axes[::-1]:
        if n != 1 and stride != step:
            return False
        step *= n
    return True
