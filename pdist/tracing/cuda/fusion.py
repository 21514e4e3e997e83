"""Replacement of elementwise calls by kernels: values used by only one kernel never leave the registers."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import Any

from ...backend import to_cpu
from ..record import Call, Origin, Program, Value, values_in
from .clusters import Cluster, Clusters
from .elements import is_whole
from .kernels import Kernel, Step


class Fused:
    """A kernel that replaces the calls that it computes.

    Args:
        kernel: its source.
        makes: functions that make its outputs.
        base: the array library.
    """

    def __init__(self, kernel: Kernel, makes: list[Value], base: Any) -> None:
        self.kernel, self.__name__ = kernel, kernel.name
        self._run = base.elementwise(kernel)
        self._new = [_maker(value, base.xp) for value in makes]

    def __call__(self, *inputs: Any, out: Any = None) -> Any:
        """Run it.

        Args:
            *inputs: arrays.
            out: receives the results, an array or a tuple; None instead of an array asks for a new one.

        Returns:
            The new arrays: one or a tuple; None if there are none.
        """
        places = out if out.__class__ is tuple else (out,)
        outputs = [make() if p is None else p for p, make in zip(places, self._new, strict=True)]
        self._run(*inputs, *outputs)
        new = [found for found, place in zip(outputs, places, strict=True) if place is None]
        return new[0] if len(new) == 1 else tuple(new) if new else None

    def __repr__(self) -> str:
        return str(self.kernel)


def _maker(value: Value, xp: Any) -> Callable[[], Any]:
    """A function that makes an array with the value's layout."""
    strides = value.strides or ()
    axes = sorted(range(len(value.shape)), key=lambda i: -strides[i])
    shape, dtype = value.shape, value.dtype
    if axes == list(range(len(axes))):
        return lambda: xp.empty(shape, dtype)
    outer, back = [shape[i] for i in axes], [axes.index(i) for i in range(len(axes))]
    return lambda: xp.empty(outer, dtype).transpose(back)


def fuse(program: Program) -> list[Kernel]:
    """Replace the elementwise calls of a program by kernels.

    Args:
        program: the program, which is changed.

    Returns:
        The kernels.
    """
    _drop_same_views(program)
    clusters = Clusters(program).ordered()
    outside = _used_outside(program, clusters)
    kernels: list[Kernel] = []
    calls: list[Call] = []
    for cluster in clusters:
        if not cluster.elements:
            calls += cluster.calls
        else:
            calls.append(_fused(cluster, outside, program.base, kernels))
    program.calls = calls
    return kernels


def _drop_same_views(program: Program) -> None:
    """Replace views of whole arrays by the arrays: a number read as ``x[()]``."""
    known: dict[Value, Any] = {}
    for call in program.calls:
        if call.view and call.form == "getitem" and is_whole(call.args[1]):
            array, view = call.args[0], call.output
            if (array.shape, array.strides, array.dtype) == (view.shape, view.strides, view.dtype):
                known[view] = array
    if known:
        program.calls = [c for c in program.calls if not (c.outputs and c.outputs[0] in known)]
        program.replace(known)


def _used_outside(program: Program, clusters: Iterable[Cluster]) -> dict[Value, set[int]]:
    """For each value, the clusters that use it, and -1 if it is visible to the caller."""
    users: dict[Value, set[int]] = {}
    for cluster in clusters:
        for call in cluster.calls:
            for value in (*call.inputs, *call.writes):
                users.setdefault(value, set()).add(cluster.number)
                if value.root is not value:
                    users.setdefault(value.root, set()).add(cluster.number)
    seen = (program.results, [value for _, _, value in program.effects])
    for value in values_in(seen):
        users.setdefault(value, set()).add(-1)
        users.setdefault(value.root, set()).add(-1)
    return users


def _fused(cluster: Cluster, users: dict[Value, set[int]], base: Any, kernels: list[Kernel]) -> Call:
    """The call of a cluster's kernel."""
    kernel = Kernel(_name(cluster.calls, len(kernels) + 1))
    kernels.append(kernel)
    names: dict[Value, str] = {}  # the current name of each value, which a write changes
    inputs: list[Value] = []
    made: list[Value] = []
    written: list[Value] = []
    for i, (call, part) in enumerate(zip(cluster.calls, cluster.elements, strict=True)):
        args = []
        for arg in part.args:
            if arg.__class__ is Value and arg not in names:
                number = _constant(arg)
                if number is not None:
                    args.append(number)
                    continue
                names[arg] = f"x{len(inputs)}"
                inputs.append(arg)
                kernel.inputs.append((names[arg], arg.dtype))
            args.append(names[arg] if arg.__class__ is Value else arg)
        into = f"t{i}"
        target = part.target
        kernel.steps.append(
            Step(part.name, tuple(args), part.types, into, target.dtype, _comment(call.origin))
        )
        names[target] = into
        places = written if call.writes else made
        if target not in places:
            places.append(target)
    wanted = [v for v in made if users.get(v, set()) - {cluster.number}]
    there = [v for v in written if v not in made]
    for i, value in enumerate((*wanted, *there)):
        kernel.outputs.append((f"y{i}", value.dtype))
        kernel.stores.append((f"y{i}", names[value]))
    return Call(
        "fused",
        kernel.name,
        Fused(kernel, [*wanted, *there], base),
        tuple(inputs),
        {},
        tuple(wanted),
        cluster.calls[0].origin,
        writes=tuple(there),
        takes_out=True,
    )


def _constant(value: Value) -> Any:
    """The number of a 0-d constant, typed; None for any other value."""
    if value.kind != "constant" or value.shape != ():
        return None
    return to_cpu(value.array)[()]


def _name(calls: list[Call], number: int) -> str:
    """``fused_relu_3``: the ops, three at most, and the kernel's number."""
    ops: list[str] = []
    for call in calls:
        op = re.sub(r"[^0-9A-Za-z]+", "_", call.origin.op.replace("gradient of ", "grad_")).strip("_")
        if op and op not in ops:
            ops.append(op)
    return "_".join(["fused", *ops[:3], str(number)])


def _comment(origin: Origin) -> str:
    where = f"{os.path.basename(origin.file)}:{origin.line}: {origin.text}" if origin.file else ""
    text = ", ".join(part for part in (origin.op, where) if part)
    return text.encode("ascii", "replace").decode().replace("\\", "/")
