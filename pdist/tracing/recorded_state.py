"""The inputs and outputs of a recording: arguments, arrays that are state, attributes."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from ..autograd import Variable
from ..autograd.variable import from_node
from ..backend import Library, numpy_library
from .array import Traced
from .generators import Watch
from .names import Names
from .record import Call, Origin, Program, Returned, TraceError, Value, origin
from .traced_library import traced_library

WATCHED_BYTES = 1 << 20  # larger arrays without an owner are assumed not to change


class RecordedState:
    """The part of a :class:`~pdist.tracing.recording.Recording` that handles the state of the function.

    Args:
        base: the library of its arrays.
        strict: whether what cannot be traced is an error; otherwise it is stored in ``failure``, and the call
            continues with the real arrays.
        assuming: whether to make assumptions that the code can check first: see ``hooks.assume``.
    """

    def __init__(self, base: Library, strict: bool = True, assuming: bool = True) -> None:
        self.base, self.strict = base, strict
        self.xp = base.xp
        self.on_numpy = base is numpy_library
        self.library = traced_library(base)
        self.program = Program(base)
        self.failure: TraceError | None = None
        self.section = ""
        self.open = True
        self.assuming = assuming
        self.head: list[Call] = []  # the assumptions and what they need: these go first
        self._early: set[Call] = set()  # the same, as a set
        self._assumed: set[Value] = set()  # the values that they check
        self._late: set[Value] = set()  # values that depend on more than what exists when a call begins
        self._made: dict[Value, tuple[int, Call]] = {}  # the call that made it, and how many calls precede it
        self._written: set[Value] = set()  # roots that calls change
        self._outside_written = False  # whether a call may have changed an external array
        self._states: dict[int, Value] = {}
        self._wrapped: dict[int, Any] = {}
        # The arrays without an owner: a checksum, and where each was used first.
        self._watched: dict[Value, tuple[int, Origin]] = {}
        self._streams: dict[Any, Any] = {}
        self.watch = Watch()
        self.named: Names | None = None
        self._assigned: dict[tuple[int, str], tuple[Any, str, Any]] = {}
        self._guarded: set[tuple[int, str, int]] = set()  # the subjects of the program's guards

    # Inputs -------------------------------------------------------------------------------------------

    def seen(self, array: Any, owner: Any = None, attribute: str = "_array", name: str = "") -> Any:
        """The proxy of an array that is state."""
        if array.__class__ is self.library.array_type or not isinstance(array, self.base.array_type):
            return array
        value = self._states.get(id(array))
        if value is None:
            value = self._states[id(array)] = Value("state", array, array=array)
            value.name = name or getattr(owner, "name", None) or ""
            self.program.states.append(value)
            if owner is None and self.on_numpy and value.nbytes <= WATCHED_BYTES:
                self._watched[value] = checksum(array), origin(self.section)
        elif value in self._watched:
            self._look_after(value)
        if owner is not None:
            self.guard(owner, attribute, array)
        return self.library.array_type(array, value, self)

    def guard(self, owner: Any, attribute: str, item: Any) -> None:
        """Make the trace hold only as long as an attribute is this very object."""
        key = id(owner), attribute, id(item)
        if key not in self._guarded:
            self._guarded.add(key)
            self.program.guards.append((owner, attribute, item))

    def _look_after(self, value: Value, where: Origin | None = None) -> None:
        """Raise an error if an array was changed without being recorded."""
        found = checksum(value.array)
        known, first = self._watched[value]
        if found == known:
            return
        self._watched[value] = found, first
        for call in reversed(self.program.calls):  # a recorded one is among the last
            if call.changes_any or any(self._may_be(value, v) for v in call.writes if v.external):
                return
        self.refuse(
            "an array that the function has used was changed directly by NumPy, which is not recorded: make "
            "it with functions of pdist.get_array_module(x), or use a new one each time",
            where,
        )

    def _may_be(self, value: Value, other: Value) -> bool:
        """Whether a write to another value can have changed this one."""
        array = other.root.array
        return array is None or np.may_share_memory(value.array, array)

    def wraps(self, array: Any) -> None:
        """Record an array from which a Variable is made: whether each call makes a new one is unknown."""
        if isinstance(array, self.base.array_type):
            self._wrapped[id(array)] = array

    def argument(self, array: Any, path: Any) -> Any:
        """The proxy of an array that the caller passed."""
        value = Value("argument", array)
        value.path = path
        self.program.arguments.append(value)
        return self.library.array_type(array, value, self)

    def read(self, owner: Any, attribute: str) -> Any:
        """An attribute that each call reads anew: its proxy, or None."""
        found = getattr(owner, attribute)
        if (id(owner), attribute) in self._assigned:
            return found
        raw = getattr(found, "_array", found)
        if raw is None or raw.__class__ is self.library.array_type:
            if raw is None:
                self.program.absent.append((owner, attribute))
            return found
        value = Value("slot", raw)
        value.path = (owner, attribute)
        self.program.slots.append(value)
        return self.library.array_type(raw, value, self)

    def assigned(self, owner: Any, attribute: str) -> None:
        """Record that the traced function gives an attribute another array (or None)."""
        self._assigned.setdefault((id(owner), attribute), (owner, attribute, getattr(owner, attribute)))

    def concrete(self, array: Any) -> Any:
        """The real array of a proxy."""
        return array.array if isinstance(array, Traced) else array

    def refuse(self, what: str, where: Origin | None = None) -> None:
        """Raise an error that names the line, or store it."""
        if not self.open and where is None:
            raise TraceError(
                f"{what} -- and this array is left over from a trace that has ended: return it from the "
                "traced function instead of keeping it elsewhere"
            )
        where = where or origin(self.section)
        error = TraceError(f"{where.file}:{where.line}: {where.text!r}: {what}")
        if self.strict:
            raise error
        if self.failure is None:
            self.failure = error

    def reads(self, item: Any) -> None:
        """Record that the function calls an object that the user passed to the library."""
        if self.named is not None:
            self.named.include(item)
            self.named.numbers_of(item)

    def assign(self) -> None:
        """Make each call assign its own arrays to attributes that were given traced arrays."""
        if self.named is not None:
            for owner, attribute, former in self.named.outputs():
                self._assigned.setdefault((id(owner), attribute), (owner, attribute, former))
            self.named.settle(self._states)
            self.named = None

    def finish(self, results: Any) -> None:
        """Record what was assigned, and replace the proxies by the real arrays.

        Args:
            results: what the function returned, with Values for its arrays.
        """
        owners = {id(owner): owner for owner, _, _ in self.program.guards if isinstance(owner, Variable)}
        self.program.flags = [(owner, owner.requires_grad) for owner in owners.values()]
        for value, (_, where) in self._watched.items():
            self._look_after(value, where)
        self.program.calls = [*self.head, *[call for call in self.program.calls if call not in self._early]]
        self.program.results = results
        unread = set()
        for owner, attribute, former in self._assigned.values():
            found = getattr(owner, attribute)
            raw = getattr(found, "_array", found)
            given = raw.node if isinstance(raw, Traced) else raw
            if isinstance(found, Variable) and not isinstance(owner, Variable):
                given = Returned(given, True)
            self.program.effects.append((owner, attribute, given))
            if former is not None and id(getattr(former, "_array", former)) not in self._states:
                unread.add((id(owner), attribute))
        self.program.guards = [g for g in self.program.guards if (id(g[0]), g[1]) not in unread]
        self.restore()

    def restore(self) -> None:
        """End the recording: leave no proxy behind, whatever happened."""
        self.assign()
        for owner, attribute, _ in self._assigned.values():
            found = getattr(owner, attribute)
            raw = getattr(found, "_array", found)
            if isinstance(raw, Traced):
                array = np.asarray(raw.array) if isinstance(raw.array, np.generic) else raw.array
                if raw is found:
                    object.__setattr__(owner, attribute, array)
                elif isinstance(owner, Variable):  # a gradient with a graph
                    found._array = array
                else:
                    object.__setattr__(owner, attribute, from_node(array, None))
        self._assigned.clear()
        self.watch = Watch()
        self.open = False


def checksum(array: Any) -> int:
    return zlib.crc32(array if array.flags.c_contiguous else array.tobytes())
