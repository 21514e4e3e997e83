"""Which elementwise calls of a program run together.

Calls of one shape are joined if nothing has to run between them: neither a call that needs
a result of the first and is needed by the second, nor a write to memory that both use.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..record import Call, Program, Value, values_in
from .elements import Element, element

#: Limit of arrays per kernel: CUDA passes 4 kB of arguments, and an array takes some 60 bytes.
MOST_ARRAYS = 32
#: Limit of calls per kernel: its values have to fit into the registers.
MOST_CALLS = 256


@dataclass(eq=False, slots=True)
class Cluster:
    """Calls that run together, or a single one.

    Attributes:
        number: its index, in the order of creation.
        calls: its calls.
        elements: what a kernel computes for each; empty if there is no kernel.
        shape: the shape of the elementwise calls.
        before: the numbers of all clusters that have to run first, as bits.
        arrays: the values that a kernel reads or makes.
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
    """Groups the calls of a program into clusters.

    Args:
        program: the program.
    """

    def __init__(self, program: Program) -> None:
        self.owner_of = program.base.owner_of
        self.all: list[Cluster] = []
        self.maker: dict[Value, Cluster] = {}
        self.writers: dict[Any, Cluster] = {}  # by resource: the last to write it,
        self.readers: dict[Any, list[Cluster]] = {}  # and those that have read it since
        self.barrier: Cluster | None = None
        for call in program.calls:
            self.add(call)

    # Resources ----------------------------------------------------------------------------------------

    def resource(self, value: Value) -> Any:
        """The key of the memory that a value lies in; None for a constant."""
        root = value.root
        if root.kind == "constant":
            return None
        if root.kind == "state":
            return id(self.owner_of(root.array))
        return "what the caller holds" if root.external else root

    def uses(self, call: Call) -> tuple[list[tuple[Any, Value]], list[tuple[Any, Value]]]:
        """What it reads and what it writes: resources, with the values through which it accesses them."""
        writes: list[Any] = [
            (self.resource(v), v) for v in (*call.writes, *([] if call.view else call.outputs))
        ]
        if call.form == "draw":
            writes.append((call.args[0], None))
        reads = [] if call.view else [(self.resource(v), v) for v in call.inputs]
        return [(r, v) for r, v in reads if r is not None], writes

    # Placement ----------------------------------------------------------------------------------------

    def add(self, call: Call) -> None:
        """Add a call to the cluster where it belongs, or to a new one."""
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
        """The cluster that an elementwise call can join: one that it must run with, else the latest."""
        candidates = [c for c in self.all if c.shape == found.target.shape]
        candidates.sort(key=lambda c: (c in needed, c.number), reverse=True)
        for cluster in candidates:
            if self.may_join(cluster, found, needed, reads, writes):
                return cluster
        return None

    def may_join(self, cluster: Cluster, found: Element, needed: Any, reads: Any, writes: Any) -> bool:
        """Whether a call can run in a cluster."""
        if len(cluster.calls) >= MOST_CALLS:
            return False
        bit = 1 << cluster.number
        if any(c is not cluster and c.before & bit for c in needed):
            return False  # another one has to run in between
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
        """Add a call to a cluster, and record what it uses."""
        bit = 1 << cluster.number
        before = cluster.before
        for other in needed:
            if other is not cluster:
                before |= other.before | 1 << other.number
        if before != cluster.before:
            cluster.before = before
            for other in self.all:  # clusters that depend on this one depend on those too
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
        """The clusters in dependency order, otherwise in the order of creation."""
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
    """The values that a cluster, with one more call, would read from or write to memory."""
    elements = [*cluster.elements, found]
    made = {e.target for e in elements}
    return {v for e in elements for v in values_in(e.args)} - made | {
        e.target for e in elements if e.target.root is not e.target or e.target.external
    }
