"""Broadcast rows: NumPy combines two arrays of the same layout much faster than an array with a row."""

from __future__ import annotations

from ..record import Call, Program, Value
from .placement import is_contiguous


def write_rows_out(program: Program) -> None:
    """Copy a row that is combined with every row of an array into an array of that shape first.

    Both calls together take half to four fifths of the time: with the row itself, NumPy starts a new loop for
    each row of the array.
    """
    if program.base.name != "numpy":
        return
    calls: list[Call] = []
    for call in program.calls:
        i = _row(call)
        if i is not None:
            calls += _written_out(call, i)
        calls.append(call)
    program.calls = calls


def _row(call: Call) -> int | None:
    """The index of an argument that is a row, next to one of the result's shape; None for other calls."""
    if (
        not call.elementwise
        or call.kwargs
        or len(call.args) != 2
        or len(call.outputs) + len(call.writes) != 1
    ):
        return None
    out = (call.outputs or call.writes)[0]
    if out.scalar or not is_contiguous(out) or any(a.__class__ is not Value for a in call.args):
        return None
    for i, (row, array) in enumerate((call.args, call.args[::-1])):
        n = len(row.shape)
        if (
            0 < n < len(out.shape)
            and row.shape == out.shape[-n:]
            and array.shape == out.shape
            and row.dtype == array.dtype == out.dtype
            and row.shape[-1] > 1
            and row.nbytes < out.nbytes
            and is_contiguous(row)
            and is_contiguous(array)
        ):
            return i
    return None


def _written_out(call: Call, i: int) -> list[Call]:
    """The calls that write out argument ``i`` as a full array, which ``call`` then uses."""
    row = call.args[i]
    rows = Value("computed", (call.outputs or call.writes)[0])
    call.args = (*call.args[:i], rows, *call.args[i + 1 :])
    return [
        Call("alloc", "empty", None, (), {}, (rows,), call.origin, takes_out=True),
        Call("setitem", "setitem", None, (..., row), {}, (), call.origin, (rows,)),
    ]
