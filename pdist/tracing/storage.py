"""The values that keep their memory from call to call, and their arrays.

Every value that a call can write through ``out`` gets a buffer. All buffers lie in one block of memory;
those of values that are not in use at the same time may overlap, and an elementwise call overwrites an
argument that it is the last to use.
"""

from __future__ import annotations

import bisect
import heapq
import math
import operator
from typing import Any

import numpy as np

from ..backend import memory
from .record import Call, Program, Value, substitute


def empty(xp: Any, value: Value) -> Any:
    """An array like a value, with its layout in memory, which affects the rounding of sums and products."""
    axes = _order(value)
    array = memory.empty(xp, [value.shape[i] for i in axes], value.dtype)
    return array.transpose([axes.index(i) for i in range(len(axes))])


def _order(value: Value) -> list[int]:
    """The axes by decreasing stride."""
    strides = value.strides or ()
    return sorted(range(len(value.shape)), key=lambda i: -strides[i])


def perform(call: Call, arrays: dict[Value, Any]) -> Any:
    """The result of a call on arrays."""
    args = substitute(call.args, arrays.__getitem__)
    kwargs = substitute(call.kwargs, arrays.__getitem__)
    if call.form == "method":
        return getattr(args[0], call.name)(*args[1:], **kwargs)
    if call.form == "getitem":
        return operator.getitem(*args)
    return call.function(*args, **kwargs)


def fixed(program: Program, buffers: dict[Value, Any]) -> dict[Value, Any]:
    """The arrays of states, constants and buffers, and the views of those."""
    storage = dict(buffers)
    for value in program.states:
        storage[value] = value.array
    for value in program.values():
        if value.kind == "constant":
            storage[value] = value.array
    for call in program.calls:
        if call.view and all(value in storage for value in call.inputs):
            storage[call.output] = perform(call, storage)
    return storage


def buffered(program: Program) -> dict[Value, int]:
    """The values that get a buffer, with the index of the last call that uses them or a view of them."""
    escaping = program.escaping()
    last: dict[Value, int] = {}
    for i, call in enumerate(program.calls):
        for value in call.outputs:
            if call.takes_out and value not in escaping and not value.scalar and value.root is value:
                last[value] = i
        for value in (*call.inputs, *call.writes):
            if value.root in last:
                last[value.root] = i
    return last


class Block:
    """Memory for a value, and for those that successively overwrite it.

    Attributes:
        nbytes: its size, in whole cache lines.
        first: the index of the call that writes it first.
        last: the index of the call that uses it last.
        values: the values that it holds, all of the same layout.
        start: its offset in the shared memory.
    """

    __slots__ = ("first", "last", "nbytes", "start", "values")

    def __init__(self, nbytes: int, first: int) -> None:
        self.nbytes = -(-max(nbytes, 1) // memory.LINE) * memory.LINE
        self.first = self.last = first
        self.values: list[Value] = []
        self.start = 0


def pooled(program: Program) -> tuple[dict[Value, Any], int]:
    """A buffer for every value that can have one; returns the arrays, and their total size in bytes."""
    blocks = _blocks(program)
    nbytes = place(blocks)
    room = memory.empty(program.base.xp, nbytes, np.uint8)
    arrays: dict[Value, Any] = {}
    for block in blocks:
        array = array_in(room[block.start :], block.values[0])
        arrays.update(dict.fromkeys(block.values, array))
    return arrays, nbytes


def _blocks(program: Program) -> list[Block]:
    """The blocks that the values need, in the order of the calls."""
    last = buffered(program)
    ends: dict[int, list[Value]] = {}
    for value, i in last.items():
        ends.setdefault(i, []).append(value)
    found: list[Block] = []
    using: dict[Value, Block] = {}
    for i, call in enumerate(program.calls):
        dying = [value for value in ends.get(i, ()) if value in using]
        for value in call.outputs:
            if value not in last:
                continue
            heir = _overwritten(call, value, dying)
            if heir is not None:
                dying.remove(heir)
                block = using.pop(heir)
            else:
                block = Block(value.nbytes, i)
                found.append(block)
            block.values.append(value)
            block.last = last[value]
            using[value] = block
    return found


def place(blocks: list[Block]) -> int:
    """Find a place for each block that no other block occupies at the same time.

    The largest come first. What they leave free, some bytes for some time, is a gap, and so is what a block
    leaves of a gap that it is put into; one that finds no gap goes after all others. Of the gaps that are
    long enough, the one that ends first is used. The running time is about proportional to the number
    of blocks: those of one size come in order of time, so that free gaps are looked up without a search.

    Returns:
        The total size in bytes.
    """
    rooms = _rooms(blocks)
    total = 0
    gaps: list[Gap] = []
    for nbytes in sorted(rooms, reverse=True):
        pending = [gap for gap in gaps if gap[2] >= nbytes]
        gaps = [gap for gap in gaps if gap[2] < nbytes]
        heapq.heapify(pending)
        free: list[tuple[float, int, int, int]] = []  # gaps that have begun: end, bytes, start, begin
        for block in rooms[nbytes]:  # by time of first use
            while pending and pending[0][0] <= block.first:
                begin, end, height, start = heapq.heappop(pending)
                bisect.insort(free, (end, height, start, begin))
            found = bisect.bisect_left(free, (block.last,))
            if found < len(free):
                end, height, start, begin = free.pop(found)
            else:
                end, height, start, begin = math.inf, nbytes, total, 0
                total += nbytes
            block.start = start
            if height >= 2 * nbytes:
                bisect.insort(free, (end, height - nbytes, start + nbytes, begin))
            elif height > nbytes:
                gaps.append((begin, end, height - nbytes, start + nbytes))
            if begin < block.first:
                gaps.append((begin, block.first - 1, nbytes, start))
            if block.last < end:
                heapq.heappush(pending, (block.last + 1, end, nbytes, start))
        gaps += pending
        gaps += [(begin, end, height, start) for end, height, start, begin in free]
    return total


#: The first and the last call, the size in bytes, and the offset in memory.
Gap = tuple[int, float, int, int]
MOST_SIZES = 64  # if there are more sizes, similar ones are merged


def _rooms(blocks: list[Block]) -> dict[int, list[Block]]:
    """The blocks by allocated size, in order of first use.

    If there are many sizes, each is rounded up to one of eight steps between powers of two.
    """
    many = len({block.nbytes for block in blocks}) > MOST_SIZES
    rooms: dict[int, list[Block]] = {}
    for block in sorted(blocks, key=lambda b: b.first):
        step = max(1 << block.nbytes.bit_length() - 4, memory.LINE) if many else 1
        rooms.setdefault(-(-block.nbytes // step) * step, []).append(block)
    return rooms


def array_in(room: Any, value: Value) -> Any:
    """A value's array at the beginning of some memory, in the value's layout."""
    axes = _order(value)
    flat = room[: value.nbytes].view(value.dtype)
    return flat.reshape([value.shape[i] for i in axes]).transpose([axes.index(i) for i in range(len(axes))])


def _overwritten(call: Call, out: Value, dying: list[Value]) -> Value | None:
    """An argument whose memory the result may reuse: one of the same layout, used here for the last time."""
    if not call.elementwise and call.form != "fused":
        return None
    for value in call.args:
        if value.__class__ is not Value or value not in dying or value in [v.root for v in call.writes]:
            continue
        alike = (value.shape, value.dtype, value.strides) == (out.shape, out.dtype, out.strides)
        others = [v for v in call.inputs if v is not value and v.root is value]
        if alike and not others:
            return value
    return None
