"""Placement: parts of a concatenation are computed directly in the whole, instead of being copied there."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from ..record import Call, Program, Value, written_roots
from .changes import Changes, any_between
from .copies import last_uses


def place_where_wanted(program: Program) -> None:
    """Compute the parts of a concatenation directly in their places.

    Thus the gradients of all parameters are written directly into the optimizer's flat buffer. A part moves
    only if its layout stays the same (the rounding of products and sums depends on layout), if nothing
    changes it after it was made, and if nothing reads the whole before it is there.
    """
    if program.base.name != "numpy":
        return
    plan = _Plan(program)
    for call in [c for c in program.calls if c.form == "function" and c.name == "concatenate"]:
        plan.place(call)
    plan.apply()


class _Plan:
    """The planned moves, by the original positions of the calls.

    Attributes:
        where: the position of each call.
        makers: the position of the call that makes a value.
        fixed: the values that must not move.
        before: the calls to insert before a position.
        instead: the calls to replace one at a position.
        same: the new places of values.
        claimed: the external arrays that are written earlier than before.
    """

    def __init__(self, program: Program) -> None:
        self.program, self.calls = program, program.calls
        self.where = {call: i for i, call in enumerate(self.calls)}
        self.makers = {c.output: i for i, c in enumerate(self.calls) if len(c.outputs) == 1}
        self.kept = program.escaping()
        self.fixed = written_roots(self.calls) | {value.root for value in program.returned()}
        self.last, self.changes = last_uses(program), Changes(self.calls)
        self.before: dict[int, list[Call]] = {}
        self.instead: dict[int, list[Call]] = {}
        self.same: dict[Value, Value] = {}
        self.claimed: dict[Value, Any] = {}

    def place(self, call: Call) -> None:
        """Plan to compute the parts of a concatenation in their places, where possible."""
        parts = [p for p in call.args[0] if p.__class__ is Value]
        axis = call.kwargs.get("axis", call.args[1] if len(call.args) > 1 else 0)
        whole = (call.writes or call.outputs)[0]
        if len(parts) != len(call.args[0]) or whole.root is not whole or whole.scalar:
            return
        if (whole in self.kept and not call.writes) or axis not in (0, None):
            return
        if not is_contiguous(whole) or any(p.dtype != whole.dtype for p in parts):
            return
        where, times = self.where[call], Counter(parts)
        movable = {part for part in parts if times[part] == 1 and self._can_move(part, whole, where)}
        if not movable or 2 * sum(part.nbytes for part in movable) < whole.nbytes:
            return
        first = min(self.makers[part] for part in movable)
        if call.writes:
            if self._touched(first, where, whole):
                return
            before: list[Call] = []
            self.claimed[whole] = whole.array
        else:
            before = [Call("alloc", "empty", None, (), {}, (whole,), call.origin, takes_out=True)]
        after: list[Call] = []
        offset = 0
        for part in parts:
            n = part.shape[0] if axis == 0 else math.prod(part.shape)
            views, place = _part_of(whole, part, slice(offset, offset + n), call)
            offset += n
            before += views
            if part in movable:
                maker = self.calls[self.makers[part]]
                maker.writes, maker.outputs = (place,), ()
                self.changes.add(whole, self.makers[part])
                self.same[part] = place
            else:
                after.append(Call("setitem", "setitem", None, (..., part), {}, (), call.origin, (place,)))
        self.before.setdefault(first, []).extend(before)
        self.instead[where] = after
        self.fixed.add(whole)

    def _can_move(self, part: Value, whole: Value, where: int) -> bool:
        """Whether a part can be computed in its place in the whole, which is made at a position."""
        maker = self.makers.get(part, where)
        if maker >= where or part in self.fixed or part in self.same:
            return False
        if (part in self.kept and not whole.external) or not _can_write(part, self.calls[maker]):
            return False
        start, stop = where + 1, self.last[part] + 1
        if any_between(self.changes.anything, start, stop) or self.changes.of(whole, start, stop):
            return False
        overwritten = whole.external and any(
            v.external and _overlap(v, whole) for call in self.calls[start:stop] for v in call.writes
        )
        return not overwritten

    def _touched(self, start: int, stop: int, whole: Value) -> bool:
        """Whether a call from ``start`` to ``stop`` reads or changes memory that the whole overwrites."""
        for call in self.calls[start:stop]:
            if call.changes_any:
                return True
            for value in (*call.inputs, *call.writes):
                there = self.same.get(value.root, value)
                if there.root is whole or (there.external and _overlap(there, whole)):
                    return True
        return False

    def apply(self) -> None:
        """Carry out the plan."""
        calls: list[Call] = []
        for i, call in enumerate(self.calls):
            calls += self.before.get(i, ())
            calls += self.instead.get(i, (call,))
        self.program.calls = calls
        self.program.claimed += self.claimed.values()
        self.program.replace(self.same)


def _part_of(whole: Value, part: Value, of: slice, call: Call) -> tuple[list[Call], Value]:
    """The views that lead to the place of a part, and the last of them."""
    flat = whole.part("part", (of.stop - of.start, *whole.shape[1:]), whole.strides)
    views = [Call("getitem", "getitem", None, (whole, of), {}, (flat,), call.origin, view=True)]
    if flat.shape == part.shape:
        return views, flat
    shaped = whole.part("part", part.shape, part.strides)
    views.append(Call("method", "reshape", None, (flat, part.shape), {}, (shaped,), call.origin, view=True))
    return views, shaped


def _can_write(part: Value, maker: Call) -> bool:
    """Whether a part's call can write it to a given place with the same layout."""
    return (
        part.root is part
        and not part.scalar
        and part.shape != ()
        and is_contiguous(part)
        and maker.takes_out
        and maker.form not in ("draw", "alloc")
    )


def _overlap(a: Value, b: Value) -> bool:
    """Whether two outside arrays may share memory; arguments are assumed not to overlap the library's own."""
    if a.root.kind != "state" or b.root.kind != "state":
        return a.root.kind == "slot" or b.root.kind == "slot"
    return bool(np.may_share_memory(a.root.array, b.root.array))


def is_contiguous(value: Value, reverse: bool = False) -> bool:
    """Whether it is contiguous in C order or, if ``reverse``, in Fortran order."""
    step = value.dtype.itemsize
    axes = list(zip(value.shape, value.strides or (), strict=True))
    for n, stride in axes if reverse else axes[::-1]:
        if n != 1 and stride != step:
            return False
        step *= n
    return True
