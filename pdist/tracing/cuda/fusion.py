"""Which elementwise calls of a program run together, as one kernel.

Calls of one shape join where nothing that lies between them has to come in between: neither a call that needs
a result of the first and is needed by the second, nor a write to memory that both see. What only members use
never leaves the registers.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...backend import to_cpu
from ..record import Call, Origin, Program, Value, values_in
from .kernels import ALIASES, Kernel, Step, resolve

#: How many arrays one kernel takes: CUDA passes 4 kB of arguments, an array costs some 60 bytes.
MOST_ARRAYS = 32


# Elementwise calls -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Element:
    """An elementwise call, as a kernel does it.

    Attributes:
        name: of the formula.
        args: values and numbers.
        types: the dtypes that it computes with.
        target: the value that it makes or writes.
    """

    name: str
    args: tuple[Any, ...]
    types: tuple[np.dtype, ...]
    target: Value


def element(call: Call) -> Element | None:
    """A call as a kernel does it; None where none can."""
    target = _target(call)
    form = _form(call)
    if target is None or form is None or call.view or target.scalar:
        return None
    name, args = form
    values = [a for a in args if a.__class__ is Value]
    if not values or not all(a.__class__ in (Value, bool, int, float) for a in args):
        return None
    kinds = [a.dtype if a.__class__ is Value else a.__class__ for a in args]
    types = resolve(name, kinds)
    if types is None or not all(_fits(a, t) for a, t in zip(args, types, strict=False)):
        return None
    shape = np.broadcast_shapes(*[value.shape for value in values])
    if shape != target.shape and (
        not call.writes or np.broadcast_shapes(shape, target.shape) != target.shape
    ):
        return None
    return Element(ALIASES.get(name, name), args, types, target)


def _target(call: Call) -> Value | None:
    places = call.outputs + call.writes
    return places[0] if len(places) == 1 else None


def _form(call: Call) -> tuple[str, tuple[Any, ...]] | None:
    """The name of its formula and its arguments."""
    if call.form == "ufunc" and not call.kwargs:
        return call.name, call.args
    if call.form == "function" and call.name == "where" and not call.kwargs and len(call.args) == 3:
        return "where", call.args
    if call.form == "method" and call.name in ("astype", "copy") and not call.kwargs:
        return "copy", call.args[:1]
    if call.form == "setitem" and _whole(call.args[0]):
        value = call.args[1]
        return ("copy", (value,)) if value.__class__ is Value else None
    if call.form == "getitem" and call.args[1] == () and not call.view:
        return "copy", call.args[:1]
    return None


def _whole(index: Any) -> bool:
    if index.__class__ is tuple:
        return all(_whole(i) for i in index) and index.count(Ellipsis) < 2
    return index is Ellipsis or (index.__class__ is slice and index == slice(None))


def _fits(item: Any, dtype: np.dtype) -> bool:
    """Whether a number can be held by the dtype that it takes."""
    if item.__class__ is not int or dtype.kind not in "iu":
        return True
    bounds = np.iinfo(dtype)
    return bounds.min <= item <= bounds.max


# Clusters --------------------------------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class Cluster:
    """Calls that run together, or one that runs alone.

    Attributes:
        number: its place among all, as they were begun.
        calls: its calls.
        elements: what a kernel does for each; empty where none does.
        shape: of the elementwise calls.
        before: the numbers of all clusters that have to run first, as bits.
        arrays: the values that a kernel takes or makes.
        touched: by resource, the values through which its calls use it.
        changed: the resources that it writes.
    """

    number: int
    shape: tuple[int, ...] | None
    calls: list[Call] = field(default_factory=list)
    elements: list[Element] = field(default_factory=list)
    before: int = 0
    arrays: set[Value] = field(default_factory=set)
    touched: dict[Any, set[Value]] = field(default_factory=dict)
    changed: set[Any] = field(default_factory=set)


class Clusters:
    """Puts the calls of a program into clusters.

    Args:
        program: the program.
    """

    def __init__(self, program: Program) -> None:
        self.owner_of = program.base.owner_of
        self.all: list[Cluster] = []
        self.maker: dict[Value, Cluster] = {}
        self.writers: dict[Any, Cluster] = {}  # of each resource: who wrote it last,
        self.readers: dict[Any, list[Cluster]] = {}  # and who has read it since
        self.barrier: Cluster | None = None
        for call in program.calls:
            self.add(call)

    # What a call uses ---------------------------------------------------------------------------------

    def resource(self, value: Value) -> Any:
        """What stands for the memory that a value lies in; None for a constant."""
        root = value.root
        if root.kind == "constant":
            return None
        if root.kind == "state":
            return id(self.owner_of(root.array))
        return "what the caller holds" if root.external else root

    def uses(self, call: Call) -> tuple[list[tuple[Any, Value]], list[tuple[Any, Value]]]:
        """What it reads and what it writes: resources, and the values through which it does."""
        writes: list[Any] = [
            (self.resource(v), v) for v in (*call.writes, *([] if call.view else call.outputs))
        ]
        if call.form == "draw":
            writes.append((call.args[0], None))
        reads = [] if call.view else [(self.resource(v), v) for v in call.inputs]
        return [(r, v) for r, v in reads if r is not None], writes

    # Where it goes ------------------------------------------------------------------------------------

    def add(self, call: Call) -> None:
        """Put a call into the cluster where it belongs, or into one of its own."""
        reads, writes = self.uses(call)
        needed = self.needed(call, reads, writes)
        found = element(call)
        home = None
        if found is not None:
            home = self.home(found, needed, reads, writes)
        if home is None:
            shape = None if found is None else found.target.shape
            home = Cluster(len(self.all), shape)
            self.all.append(home)
        self.join(home, call, found, needed, reads, writes)

    def needed(self, call: Call, reads: Any, writes: Any) -> set[Cluster]:
        """The clusters that have to run before a call, or with it."""
        if call.form == "effect":
            return set(self.all)
        found = {self.maker[v] for v in (*call.inputs, *call.writes) if v in self.maker}
        if self.barrier is not None:
            found.add(self.barrier)
        for resource, _ in reads:
            if resource in self.writers:
                found.add(self.writers[resource])
        for resource, _ in writes:
            if resource in self.writers:
                found.add(self.writers[resource])
            found.update(self.readers.get(resource, ()))
        return found

    def home(self, found: Element, needed: set[Cluster], reads: Any, writes: Any) -> Cluster | None:
        """The cluster that an elementwise call can join: one that it is bound to, else the latest."""
        candidates = [c for c in self.all if c.shape == found.target.shape]
        candidates.sort(key=lambda c: (c in needed, c.number), reverse=True)
        for cluster in candidates:
            if self.may_join(cluster, found, needed, reads, writes):
                return cluster
        return None

    def may_join(self, cluster: Cluster, found: Element, needed: Any, reads: Any, writes: Any) -> bool:
        """Whether a call can run in a cluster."""
        bit = 1 << cluster.number
        if any(c is not cluster and c.before & bit for c in needed):
            return False  # one has to come in between
        changed = cluster.changed | {r for r, _ in writes}
        for resource, value in (*reads, *writes):
            if resource in changed and resource in cluster.touched:
                through = cluster.touched[resource] | {value}
                if len(through) > 1 or value.shape != cluster.shape:
                    return False  # an element of one may be another element of the other
        arrays = cluster.arrays | set(values_in(found.args)) | {found.target}
        return len(arrays) <= MOST_ARRAYS or len(_crossing(cluster, found)) <= MOST_ARRAYS

    def join(
        self,
        cluster: Cluster,
        call: Call,
        found: Element | None,
        needed: set[Cluster],
        reads: Any,
        writes: Any,
    ) -> None:
        """Put a call into a cluster, and note what it does there."""
        bit = 1 << cluster.number
        before = cluster.before
        for other in needed:
            if other is not cluster:
                before |= other.before | 1 << other.number
        if before != cluster.before:
            cluster.before = before
            for other in self.all:  # whoever waits for this cluster waits for those too
                if other.before & bit:
                    other.before |= before
        cluster.calls.append(call)
        if found is not None:
            cluster.elements.append(found)
            cluster.arrays |= {*values_in(found.args), found.target}
        for value in call.outputs:
            self.maker[value] = cluster
        for resource, value in (*reads, *writes):
            cluster.touched.setdefault(resource, set()).add(value)
        for resource, _ in reads:
            self.readers.setdefault(resource, []).append(cluster)
        for resource, _ in writes:
            cluster.changed.add(resource)
            self.writers[resource] = cluster
            self.readers[resource] = []
        if call.form == "effect":
            self.barrier = cluster

    def ordered(self) -> list[Cluster]:
        """The clusters, each after all that it waits for, else as they were begun."""
        done, order = 0, []
        waiting = list(self.all)
        while waiting:
            for i, cluster in enumerate(waiting):
                if not cluster.before & ~done:
                    done |= 1 << cluster.number
                    order.append(cluster)
                    del waiting[i]
                    break
            else:
                raise AssertionError("clusters wait for each other")
        return order


def _crossing(cluster: Cluster, found: Element) -> set[Value]:
    """The values that a cluster would take from outside, one more call being in it, or write there."""
    elements = [*cluster.elements, found]
    made = {e.target for e in elements}
    return {v for e in elements for v in values_in(e.args)} - made | {
        e.target for e in elements if e.target.root is not e.target or e.target.external
    }


# Kernels ---------------------------------------------------------------------------------------------------


class Fused:
    """A kernel in the place of the calls that it does.

    Args:
        kernel: its text.
        makes: its outputs.
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
            out: where its results go, an array or a tuple; None in an array's place stands for a new one.

        Returns:
            The new arrays: one or a tuple; None where there are none.
        """
        places = out if out.__class__ is tuple else (out,)
        outputs = [make() if p is None else p for p, make in zip(places, self._new, strict=True)]
        self._run(*inputs, *outputs)
        new = [found for found, place in zip(outputs, places, strict=True) if place is None]
        return new[0] if len(new) == 1 else tuple(new) if new else None

    def __repr__(self) -> str:
        return str(self.kernel)


def _maker(value: Value, xp: Any) -> Callable[[], Any]:
    """What makes an array laid out as the value is."""
    strides = value.strides or ()
    axes = sorted(range(len(value.shape)), key=lambda i: -strides[i])
    shape, dtype = value.shape, value.dtype
    if axes == list(range(len(axes))):
        return lambda: xp.empty(shape, dtype)
    outer, back = [shape[i] for i in axes], [axes.index(i) for i in range(len(axes))]
    return lambda: xp.empty(outer, dtype).transpose(back)


def fuse(program: Program) -> list[Kernel]:
    """Put kernels in the place of the elementwise calls of a program.

    Args:
        program: it is changed.

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
    """Put arrays in the place of views of all of them: a number read as ``x[()]``."""
    known: dict[Value, Any] = {}
    for call in program.calls:
        if call.view and call.form == "getitem" and _whole(call.args[1]):
            array, view = call.args[0], call.output
            if (array.shape, array.strides, array.dtype) == (view.shape, view.strides, view.dtype):
                known[view] = array
    if known:
        program.calls = [c for c in program.calls if not (c.outputs and c.outputs[0] in known)]
        program.replace(known)


def _used_outside(program: Program, clusters: Iterable[Cluster]) -> dict[Value, set[int]]:
    """For each value which clusters use it, and -1 where a caller sees it."""
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
    names: dict[Value, str] = {}  # what each value is called now, which a write changes
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
    """The number of a constant without axes, typed; None for any other value."""
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
