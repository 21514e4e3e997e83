"""Placement: parts are written where the whole will be, not elsewhere and then brought together."""

from __future__ import annotations

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
    if len(parts) != len(call.args[0]) or (
        (whole.scalar or whole.root in program.escaping()) and not call.writes
    ):
        return
    if not is_contiguous(whole) or (axis not in (0, None)) or any(p.dtype != whole.dtype for p in parts):
        return
    where = program.calls.index(call)
    makers = {c.output: (i, c) for i, c in enumerate(program.calls[:where]) if len(c.outputs) == 1}
    movable = [_movable(program, p, makers, where, whole, parts) for p in parts]
    if 2 * sum(p.nbytes for p, moves in zip(parts, movable, strict=True) if moves) < whole.nbytes:
        return
    first = min(makers[p][0] for p, moves in zip(parts, movable, strict=True) if moves)
    if call.writes:
        if _touched(
            program.calls[first:where],
            whole,
            {makers[p][1] for p, m in zip(parts, movable, strict=True) if m},
        ):
            return
        before: list[Call] = []
        program.claimed.append(whole.array)
    else:
        before = [Call("alloc", "empty", None, (), {}, (whole,), call.origin, takes_out=True)]
    after: list[Call] = []
    same: dict[Value, Any] = {}
    offset = 0
    for part, moves in zip(parts, movable, strict=True):
        n = part.shape[0] if axis == 0 else int(np.prod(part.shape))
        views, place = _part_of(whole, part, slice(offset, offset + n), axis, call)
        offset += n
        before += views
        if moves:
            maker = makers[part][1]
            maker.writes, maker.outputs = (place,), ()
            same[part] = place
        else:
            after.append(Call("setitem", "setitem", None, (..., part), {}, (), call.origin, (place,)))
    calls = program.calls
    program.calls = [*calls[:first], *before, *calls[first:where], *after, *calls[where + 1 :]]
    whole.root.viewed = True
    program.replace(same)


def _part_of(whole: Value, part: Value, of: slice, axis: Any, call: Call) -> tuple[list[Call], Value]:
    """The views that lead to where a part will be, and the last of them."""
    flat = whole.part("part", (of.stop - of.start, *whole.shape[1:]), whole.strides)
    views = [Call("getitem", "getitem", None, (whole, of), {}, (flat,), call.origin, view=True)]
    if flat.shape == part.shape:
        return views, flat
    shaped = whole.part("part", part.shape, part.strides)
    views.append(Call("method", "reshape", None, (flat, part.shape), {}, (shaped,), call.origin, view=True))
    return views, shaped


def _movable(
    program: Program,
    part: Value,
    makers: dict[Value, tuple[int, Call]],
    where: int,
    whole: Value,
    parts: list[Value],
) -> bool:
    """Whether a part can be made in its place."""
    if (
        part not in makers
        or part.root is not part
        or part.scalar
        or not is_contiguous(part)
        or not part.shape
    ):
        return False
    maker = makers[part][1]
    if not maker.takes_out or maker.form in ("draw", "alloc") or part in written_roots(program.calls):
        return False
    if parts.count(part) > 1:
        return False
    returned = {v.root for v in program.returned()}
    if part in returned:
        return False
    if part in program.escaping() and not whole.external:
        return False
    # The whole may be written over later, while the part is still wanted.
    last = last_uses(program)[part]
    end = len(program.calls) if part in program.escaping() else last + 1
    return not any(
        v.root is whole.root or (v.external and whole.external and _overlap(v, whole))
        for c in program.calls[where + 1 : end]
        for v in c.writes
    ) and not any(c.changes_any for c in program.calls[where + 1 : end])


def _touched(calls: list[Call], whole: Value, makers: set[Call]) -> bool:
    """Whether a call looks at or changes what the whole will overwrite."""
    for call in calls:
        if call.changes_any:
            return True
        for value in (*call.inputs, *call.writes):
            if value.root is whole.root or (value.external and _overlap(value, whole)):
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
