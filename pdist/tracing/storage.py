"""Which values keep their place from call to call, and the arrays that they are."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .record import Call, Program, Value, substitute


def empty(xp: Any, value: Value) -> Any:
    """An array like a value, with its layout in memory: reductions and products round by that."""
    axes = sorted(range(len(value.shape)), key=lambda i: -(value.strides or ())[i])
    array = xp.empty([value.shape[i] for i in axes], value.dtype)
    return array.transpose([axes.index(i) for i in range(len(axes))])


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
    for call in program.calls:
        for value in call.inputs:
            if value.kind == "constant":
                storage[value] = value.array
        if call.view and all(value in storage for value in call.inputs):
            found = perform(call, storage)
            storage[call.output] = np.asarray(found) if isinstance(found, np.generic) else found
    return storage


def unpooled(program: Program) -> dict[Value, Any]:
    """A buffer of its own for every value that a call can be told to write."""
    escaping = program.escaping()
    buffers = {}
    for call in program.calls:
        if call.takes_out and call.outputs and call.output.root not in escaping:
            buffers[call.output] = empty(program.base.xp, call.output)
    return buffers
