"""What enters a recording and what leaves it: arguments, arrays that are state, attributes."""

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

WATCHED_BYTES = 1 << 20  # larger arrays that nobody owns are taken to stay as they are


class RecordedState:
    """The part of a :class:`~pdist.tracing.recording.Recording` that knows what the function holds.

    Args:
        base: the library of its arrays.
        strict: whether what cannot be traced is an error; otherwise it is noted in ``failure``, and the call
            goes on with the real arrays.
        assuming: whether to take for granted what the code can look at first: see ``hooks.assume``.
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
        self._early: set[Call] = set()  # the same
        self._assumed: set[Value] = set()  # what they look at
        self._late: set[Value] = set()  # what depends on more than is there when a call begins
        self._made: dict[Value, tuple[int, Call]] = {}  # by which call, and how many were before it
        self._written: set[Value] = set()  # roots that calls change
        self._outside_written = False  # whether a call may have changed what others hold
        self._states: dict[int, Value] = {}
        self._wrapped: dict[int, Any] = {}
        # The arrays that nobody owns: a checksum, and where each was used first.
        self._watched: dict[Value, tuple[int, Origin]] = {}
        self._streams: dict[Any, Any] = {}
        self.watch = Watch()
        self.named: Names | None = None
        self._assigned: dict[tuple[int, str], tuple[Any, str, Any]] = {}
        self._guarded: set[tuple[int, str, int]] = set()  # what the guards of the program are about

    # What enters --------------------------------------------------------------------------------------

    def seen(self, array: Any, owner: Any = None, attribute: str = "_array", name: str = "") -> Any:
        """The stand-in of an array that is state."""
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
        """Let the trace hold only as long as an attribute is this very object."""
        key = id(owner), attribute, id(item)
        if key not in self._guarded:
            self._guarded.add(key)
            self.program.guards.append((owner, attribute, item))

    def _look_after(self, value: Value, where: Origin | None = None) -> None:
        """Refuse to go on with an array that somebody has changed behind the recording's back."""
        found = checksum(value.array)
        known, first = self._watched[value]
        if found == known:
            return
        self._watched[value] = found, first
        for call in reversed(self.program.calls):  # one that was recorded is among the last
            if call.changes_any or any(self._may_be(value, v) for v in call.writes if v.external):
                return
        self.refuse(
            "an array that the function has used was changed by NumPy itself, which is not recorded: make it "
            "by functions of pdist.get_array_module(x), or another one for each use",
            where,
        )

    def _may_be(self, value: Value, other: Value) -> bool:
        """Whether a write to another value can have changed this one."""
        array = other.root.array
        return array is None or np.may_share_memory(value.array, array)

    def wraps(self, array: Any) -> None:
        """Note an array of which a Variable is made: whether each call makes a new one nobody can tell."""
        if isinstance(array, self.base.array_type):
            self._wrapped[id(array)] = array

    def argument(self, array: Any, path: Any) -> Any:
        """The stand-in of an array that the caller passed."""
        value = Value("argument", array)
        value.path = path
        self.program.arguments.append(value)
        return self.library.array_type(array, value, self)

    def read(self, owner: Any, attribute: str) -> Any:
        """An attribute that each call reads anew: its stand-in, or None."""
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
        """Note that an attribute is given another array (or None) by the traced function."""
        self._assigned.setdefault((id(owner), attribute), (owner, attribute, getattr(owner, attribute)))

    def concrete(self, array: Any) -> Any:
        """The real array of a stand-in."""
        return array.array if isinstance(array, Traced) else array

    def refuse(self, what: str, where: Origin | None = None) -> None:
        """An error that names the line, or a note of it."""
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
        """Note that the function calls an object that users gave to the library."""
        if self.named is not None:
            self.named.include(item)
            self.named.numbers_of(item)

    def assign(self) -> None:
        """Let attributes that were given traced arrays be given those of each call."""
        if self.named is not None:
            for owner, attribute, former in self.named.outputs():
                self._assigned.setdefault((id(owner), attribute), (owner, attribute, former))
            self.named.settle(self._states)
            self.named = None

    def finish(self, results: Any) -> None:
        """Note what was assigned, and put the real arrays in the place of the stand-ins.

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
        """End the recording: leave no stand-in behind, whatever happened."""
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
