"""How calls are recorded, with Values in place of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import hooks
from .array import Traced
from .namespace import TracedNamespace
from .numpy_facts import COPIES, DRAWS_WITH_OUT, VIEWS, WITH_OUT
from .record import Call, TraceError, Value, origin
from .recorded_state import RecordedState


class RecordedCalls(RecordedState):
    """The part of a :class:`~pdist.tracing.recording.Recording` that records calls."""

    def _real(self, tree: Any) -> Any:
        """The real arrays in place of proxies, in nested containers."""
        return self._mapped(tree, self._real_of)

    def _node(self, tree: Any) -> Any:
        """The Values in place of proxies and of arrays that are state, in nested containers."""
        return self._mapped(tree, self._node_of)

    def _real_of(self, item: Any) -> Any:
        kind = item.__class__
        if kind is not self.library.array_type:
            return item
        if item.recording is not self:
            (item.recording if self.open else self).refuse("a traced array is used")
        return item.array

    def _node_of(self, item: Any) -> Any:
        kind = item.__class__
        if kind is self.library.array_type:
            return item.node
        return self.seen(item).node if isinstance(item, self.base.array_type) else item

    def _mapped(self, tree: Any, leaf: Callable[[Any], Any]) -> Any:
        kind = tree.__class__
        if kind is tuple or kind is list:
            return kind([self._mapped(item, leaf) for item in tree])
        if kind is slice:
            return slice(*[self._mapped(part, leaf) for part in (tree.start, tree.stop, tree.step)])
        if kind is dict:
            return {key: self._mapped(item, leaf) for key, item in tree.items()}
        return tree.base if kind is TracedNamespace else leaf(tree)

    def _add(self, form: str, name: str, function: Any, args: Any, kwargs: Any, **fields: Any) -> Call:
        if not self.open:
            self.refuse("a traced array is used")
        for value in fields.get("writes", ()):
            if id(value.root.array) in self._wrapped:
                self.refuse(
                    "a NumPy array that was made a Variable within the traced function is changed in place: "
                    "the next call would continue with its current contents. Make it with the functions of "
                    "pdist.get_array_module(x), or make the Variable outside"
                )
        call = Call(form, name, function, args, kwargs, origin=origin(self.section), **fields)
        late = not call.pure or form == "opaque" or any(map(self._is_late, call.inputs))
        for value in call.outputs:
            self._made[value] = len(self.program.calls), call
            if late:
                self._late.add(value)
        self._note_writes(call)
        self.program.calls.append(call)
        return call

    def _is_late(self, value: Value) -> bool:
        """Whether it depends on a draw, on an opaque call, or on memory that a call has changed."""
        return value in self._late or value.root in self._written

    def _note_writes(self, call: Call) -> None:
        """Record what a call changes."""
        self._written.update(value.root for value in call.writes)
        self._outside_written |= call.changes_any or any(value.external for value in call.writes)

    def _take(self, form: str, name: str, function: Any, args: Any, kwargs: Any, result: Any) -> Any:
        """Record a call that returned ``result``; returns the proxy of that."""
        nodes, named = self._node(args), self._node(kwargs)
        if isinstance(result, (tuple, list)):
            values = [self._view_of((args, kwargs), item) or Value("computed", item) for item in result]
            self._add(form, name, function, nodes, named, outputs=tuple(values))
            items = [self._traced(item, value) for item, value in zip(result, values, strict=True)]
            return type(result)(*items) if hasattr(result, "_fields") else type(result)(items)
        if not isinstance(result, (self.base.array_type, np.generic)):
            self.refuse(f"{name} returns {type(result).__name__} {result!r}, which depends on values")
            return result
        for given in () if isinstance(result, np.generic) else arrays_in(args):  # np.True_ is a singleton
            if given.array is result:
                return given
        value = self._view_of((args, kwargs), result, VIEWS.get(name, ""))
        if value is not None:
            self._add(form, name, function, nodes, named, outputs=(value,), view=True)
            return self._traced(result, value)
        value = Value("computed", result)
        takes_out = form in ("ufunc", "reduce") or (form == "function" and name in WITH_OUT)
        takes_out = takes_out or (form in ("method", "function") and name in COPIES)
        takes_out = takes_out or (form == "draw" and name in DRAWS_WITH_OUT)
        self._add(
            form, name, function, nodes, named, outputs=(value,), takes_out=takes_out and not value.scalar
        )
        return self._traced(result, value)

    def _view_of(self, given: Any, result: Any, hint: str = "") -> Value | None:
        """The Value of a result that is a view of an argument; None for one with its own memory."""
        if isinstance(result, np.generic):
            return None
        owner = self.base.owner_of(result)
        if owner is not result:
            for traced in arrays_in(given):
                if not traced.node.scalar and self.base.owner_of(traced.array) is owner:
                    return traced.node.part(hint, result.shape, result.strides, result.dtype)
        return None

    def _traced(self, array: Any, value: Value) -> Any:
        return self.library.array_type(array, value, self)

    def whole(self, x: Any) -> Any:
        """The proxy of the 0-d array that eager code makes from a NumPy scalar.

        In the program it stays a scalar, which costs less, until it is written to. But a power of it, for
        example, is that of an array: NumPy's scalars round differently.
        """
        if isinstance(x, Traced) and isinstance(x.array, np.generic):
            return self._traced(np.asarray(x.array), x.node)
        return x

    def _as_array(self, x: Traced) -> None:
        """Convert a scalar of the program to an array."""
        if x.node.scalar and not isinstance(x.array, np.generic):
            value = Value("computed", x.array)
            self._add("function", "asarray", self.xp.asarray, (x.node,), {}, outputs=(value,))
            x.node = value

    def _into(self, out: Any, form: str, name: str, function: Any, args: Any, kwargs: Any) -> Any:
        """A call that writes into ``out``: a new value if that is indistinguishable, else a write."""
        out = self._target(out, name)
        real = out.array
        self._as_array(out)
        nodes, named = self._node(args), self._node(kwargs)
        function(*self._real(args), **self._real(kwargs), out=real)
        old = out.node
        if old.external or old.viewed or old.root is not old or "where" in kwargs:
            self._add(form, name, function, nodes, named, outputs=(), writes=(old,), takes_out=True)
        else:
            out.node = Value("computed", real)
            self._add(form, name, function, nodes, named, outputs=(out.node,), takes_out=True, into=True)
        return out

    def _target(self, out: Any, name: str) -> Traced:
        """The proxy of an array that a call changes."""
        if not isinstance(out, Traced):
            if not isinstance(out, self.base.array_type):
                raise TypeError(
                    f"{name}: out: expected an array of {self.base.name}, got {type(out).__name__}"
                )
            self.refuse(
                f"{name} changes an array that is not traced, and NumPy's own operations on it are not "
                "recorded: keep it in a Variable (v.array += x), or make it with "
                "pdist.get_array_module(x).zeros(...)"
            )
        return self.seen(out)

    def opaque(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """A function that inspects values, as one call."""
        with hooks.paused():
            result = function(*self._real(args), **self._real(kwargs))
        return self._take("opaque", getattr(function, "__name__", "kernel"), function, args, kwargs, result)

    def assume(self, condition: Any) -> bool:
        """Whether a condition holds everywhere and can be checked first: see ``hooks.assume``."""
        if not (self.assuming and isinstance(condition, Traced)):
            return False
        return self._holds_again(condition, condition.size)

    def _holds_again(self, condition: Any, count: int) -> bool:
        """Make each call check first whether a bool array has ``count`` true elements, as it has now.

        Only on the host, and only if it depends solely on what exists when a call begins.
        """
        if not self.on_numpy or np.count_nonzero(condition.array) != count:
            return False
        if self._outside_written or self._is_late(condition.node):
            return False
        if condition.node in self._assumed:
            return True
        self._assumed.add(condition.node)
        calls = self._needed(condition.node)
        calls.append(self._add("assume", "assume", None, (condition.node, count), {}, outputs=()))
        self.head += calls
        self._early.update(calls)
        return True

    def _needed(self, value: Value) -> list[Call]:
        """The calls that make a value, in order, except those that already go first."""
        found: dict[Call, int] = {}
        waiting = [value]
        while waiting:
            position, call = self._made.get(waiting.pop(), (0, None))
            if call is not None and call not in self._early and call not in found:
                found[call] = position
                waiting += call.inputs
        return sorted(found, key=found.__getitem__)

    def effect(self, function: Callable[..., Any], args: Any, changes: Any) -> None:
        """Something done to objects on the host at each call."""
        with hooks.paused():
            function(*self._real(args))
        name = getattr(function, "__name__", "effect")
        call = self._add("effect", name, function, self._node(args), {}, outputs=())
        if changes is None:
            call.changes_any = True
        else:
            call.writes = tuple([self._node(array) for array in changes])
        self._note_writes(call)

    def check(self, function: Callable[..., Any], args: Any, holds: Callable[..., Any] | None) -> None:
        """A check of values that may raise an error, at each call."""
        with hooks.paused(draws=False):
            function(*self._real(args))
        arrays = [self.seen(item) for item in args if isinstance(item, (Traced, self.base.array_type))]
        if not self.base.host or not arrays:
            return
        condition = self._condition(holds, arrays) if holds is not None and self.on_numpy else None
        look = (None, 0) if condition is None else (condition.node, condition.size)
        name = getattr(function, "__name__", "check")
        self._add("check", name, function, (*look, self._node(args)), {}, outputs=())

    def _condition(self, holds: Callable[..., Any], arrays: list[Any]) -> Any:
        """The condition that tells at each call that nothing is to be raised; None if there is none."""
        n, failure = len(self.program.calls), self.failure
        try:
            found = holds(self.library.xp, *arrays)
        except TraceError:
            found = None
        tells = isinstance(found, Traced) and found.dtype == bool and self.failure is failure
        if tells and np.count_nonzero(found.array) == found.size:
            return found
        del self.program.calls[n:]
        self.failure = failure
        return None


def arrays_in(tree: Any) -> Any:
    if isinstance(tree, Traced):
        yield tree
    elif isinstance(tree, (tuple, list)):
        for item in tree:
            yield from arrays_in(item)
    elif isinstance(tree, dict):
        yield from arrays_in(tuple(tree.values()))
