"""Which values keep their place from call to call, and the arrays that they are.

Every value that a call can write where it is told to gets a buffer. Buffers whose values are done with are
used again, the last one first, for it is still in the cache; an elementwise call writes over an argument
that it is the last to use.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..backend import memory
from .record import Call, Program, Value, substitute


def empty(xp: Any, value: Value) -> Any:
    """An array like a value, with its layout in memory: reductions and products round by that."""
    axes = _order(value)
    array = memory.empty(xp, [value.shape[i] for i in axes], value.dtype)
    return array.transpose([axes.index(i) for i in range(len(axes))])


def _order(value: Value) -> list[int]:
    """The axes from the one with the largest steps on."""
    strides = value.strides or ()
    return sorted(range(len(value.shape)), key=lambda i: -strides[i])


def perform(call: Call, arrays: dict[Value, Any]) -> Any:
    """What a call gives on arrays."""
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


class Pool:
    """Blocks of memory, each used for one value after another.

    Attributes:
        nbytes: how many bytes there are in all.
    """

    def __init__(self, xp: Any) -> None:
        self.xp = xp
        self.free: list[Any] = []
        self.nbytes = 0

    def take(self, nbytes: int) -> Any:
        """A block of at least ``nbytes``: the one freed last of those that are not much larger."""
        for i in range(len(self.free) - 1, -1, -1):
            if nbytes <= self.free[i].size <= 2 * nbytes:
                return self.free.pop(i)
        self.nbytes += nbytes
        return memory.empty(self.xp, -(-nbytes // memory.LINE) * memory.LINE, np.uint8)

    def array(self, block: Any, value: Value) -> Any:
        """A value's array in a block, in the value's own layout."""
        axes = _order(value)
        flat = block[: value.nbytes].view(value.dtype)
        return flat.reshape([value.shape[i] for i in axes]).transpose(
            [axes.index(i) for i in range(len(axes))]
        )


def pooled(program: Program) -> tuple[dict[Value, Any], int]:
    """A buffer for every value that can have one; returns the arrays, and the bytes that they take."""
    last = buffered(program)
    ends: dict[int, list[Value]] = {}
    for value, i in last.items():
        ends.setdefault(i, []).append(value)
    pool = Pool(program.base.xp)
    blocks: dict[Value, Any] = {}
    arrays: dict[Value, Any] = {}
    for i, call in enumerate(program.calls):
        dying = [v for v in ends.get(i, ()) if v in blocks]
        for value in call.outputs:
            if value not in last:
                continue
            heir = _overwritten(call, value, dying)
            if heir is not None:
                dying.remove(heir)
                blocks[value], arrays[value] = blocks.pop(heir), arrays[heir]
            else:
                blocks[value] = pool.take(max(value.nbytes, 1))
                arrays[value] = pool.array(blocks[value], value)
        for value in dying:
            pool.free.append(blocks.pop(value))
        for value in ends.get(i, ()):
            if value in blocks and value not in dying and value in call.outputs:
                pool.free.append(blocks.pop(value))  # nobody uses it
    return arrays, pool.nbytes


def _overwritten(call: Call, out: Value, dying: list[Value]) -> Value | None:
    """An argument whose memory the result may take: it is used here for the last time, and laid out alike."""
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
