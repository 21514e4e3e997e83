"""Elimination of copies that are indistinguishable from the original."""

from __future__ import annotations

from ..numpy_facts import COPIES
from ..record import Call, Program, Value, written_roots
from .changes import Changes


def drop_copies(program: Program) -> None:
    """Use the original instead of a copy if neither is changed while the copy is in use."""
    changed, kept = written_roots(program.calls), program.escaping()
    last, changes = last_uses(program), Changes(program.calls)
    same: dict[Value, Value] = {}
    calls = []
    for i, call in enumerate(program.calls):
        source = _source(call)
        while source in same:  # a copy of a copy is a copy of the original
            source = same[source]
        if source is None or call.output.root in changed or call.output.root in kept:
            calls.append(call)
            continue
        end = last.get(call.output.root, i)
        if changes.may_change(source, i + 1, end + 1):
            calls.append(call)
        else:
            same[call.output] = source
    program.calls = calls
    program.replace(same)


def _source(call: Call) -> Value | None:
    """The value that a call merely copies, into the same layout."""
    if call.form != "method" or call.name not in COPIES or call.writes:
        return None
    source = call.args[0]
    alike = (source.shape, source.dtype, source.strides) == (
        call.output.shape,
        call.output.dtype,
        call.output.strides,
    )
    return source if alike and not source.scalar and not call.output.scalar else None


def last_uses(program: Program) -> dict[Value, int]:
    """The index of the last call that uses each root, or its views; one past the end if it escapes."""
    last: dict[Value, int] = {}
    for i, call in enumerate(program.calls):
        for value in (*call.inputs, *call.writes, *call.outputs):
            last[value.root] = i
    for root in program.escaping():
        last[root] = len(program.calls)
    return last
