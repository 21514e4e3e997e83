"""The elements of a trace: values, the calls that make and change them, and their origins."""

from __future__ import annotations

import contextlib
import functools
import linecache
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np


class TraceError(RuntimeError):
    """A function did something that no straight-line program can repeat; the message names what and where."""


class Value:
    """One array (or NumPy scalar) of a traced function.

    Attributes:
        kind: ``"argument"``; ``"state"``, an array held by reference; ``"slot"``, one that is read
            anew from an attribute at each call; ``"constant"``; ``"computed"``; or ``"view"`` of ``root``.
        root: the value that owns the memory; the value itself if it is not a view.
        scalar: whether it is a NumPy scalar, which cannot be an ``out=``.
        array: the array of a state or constant; None otherwise.
        viewed: whether there are views of it.
    """

    __slots__ = ("array", "dtype", "kind", "name", "path", "root", "scalar", "shape", "strides", "viewed")

    def __init__(self, kind: str, like: Any, root: Value | None = None, array: Any = None) -> None:
        self.kind = kind
        self.shape, self.dtype = like.shape, like.dtype
        self.strides = getattr(like, "strides", None)
        self.scalar = isinstance(like, np.generic)
        self.root = self if root is None else root
        self.array = array
        self.viewed = False
        self.path: Any = None  # how a call finds an argument or slot; the stem of a view's name
        self.name = ""

    @property
    def external(self) -> bool:
        """Whether its memory is visible outside the trace."""
        return self.root.kind in ("argument", "state", "slot")

    @property
    def nbytes(self) -> int:
        """The bytes of its elements."""
        return math.prod(self.shape) * self.dtype.itemsize

    def part(self, hint: str, shape: Any, strides: Any, dtype: Any = None) -> Value:
        """A new view of it."""
        found = object.__new__(Value)
        found.kind, found.root, found.array = "view", self.root, None
        found.shape, found.strides, found.dtype = tuple(shape), strides, dtype or self.dtype
        found.scalar = found.viewed = False
        found.path, found.name = hint, ""
        self.root.viewed = True
        return found

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name or hex(id(self))} {self.dtype}{list(self.shape)}>"


class Returned:
    """An array among the results, and whether the caller gets it as a Variable or an array."""

    __slots__ = ("value", "variable")

    def __init__(self, value: Value, variable: bool) -> None:
        self.value, self.variable = value, variable


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a call: the op around it, and the line of user code.

    Attributes:
        op: the op's name, preceded by ``"gradient of "`` in a backward pass; empty outside ops.
        file: the user's file.
        line: the line number.
    """

    op: str
    file: str
    line: int

    @property
    def text(self) -> str:
        """The line itself."""
        return linecache.getline(self.file, self.line).strip()


@dataclass(eq=False, slots=True)
class Call:
    """One call.

    Attributes:
        form: ``"ufunc"``; ``"reduce"``; ``"function"``; ``"method"`` of the first argument; ``"getitem"``;
            ``"setitem"``; ``"scalar"``, an operator on NumPy scalars; ``"draw"`` from a random stream;
            ``"opaque"``; ``"effect"``, something done to objects on the host; ``"check"``, which may raise an
            error; ``"assume"``, a test of whether the trace holds; or ``"alloc"``, memory that other calls
            write to. A check has three arguments: the bool value that is true if nothing is wrong, or None;
            the number of its elements; and the arguments of the function.
        name: the name of the function or method.
        function: the function that is called, on raw arrays.
        args: the arguments: Values, containers of them, and constants.
        kwargs: the keyword arguments.
        outputs: the values that it makes.
        writes: the values whose memory it changes.
        view: whether the output is a view of an argument.
        takes_out: whether the function accepts ``out``.
        into: whether it wrote into an existing array, whose dtype and layout may differ from those of the
            array that it would make.
        changes_any: whether it may change any external array.
        origin: its origin.
    """

    form: str
    name: str
    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: tuple[Value, ...]
    origin: Origin
    writes: tuple[Value, ...] = ()
    view: bool = False
    takes_out: bool = False
    into: bool = False
    changes_any: bool = False

    @property
    def inputs(self) -> list[Value]:
        """All values among the arguments, except those that are only written."""
        found = []
        for item in (*self.args, *self.kwargs.values()) if self.kwargs else self.args:
            kind = item.__class__
            if kind is Value:
                found.append(item)
            elif kind in _TREES:
                found.extend(values_in(item))
        return found

    @property
    def output(self) -> Value:
        """The only output."""
        return self.outputs[0]

    @property
    def elementwise(self) -> bool:
        """Whether each element of the result comes from the same element of the arguments."""
        return self.form == "ufunc" and self.name not in ("matmul", "vecdot", "matvec", "vecmat")

    @property
    def pure(self) -> bool:
        """Whether it has no effect except making its outputs."""
        return not self.writes and self.form not in ("draw", "effect", "check", "alloc", "assume")


_TREES = frozenset((tuple, list, dict, slice))


def values_in(tree: Any) -> Iterator[Value]:
    """The values in nested tuples, lists, dicts and slices."""
    kind = tree.__class__
    if kind is Value:
        yield tree
    elif kind is Returned:
        yield tree.value
    elif kind is tuple or kind is list:
        for item in tree:
            yield from values_in(item)
    elif kind is dict:
        for item in tree.values():
            yield from values_in(item)
    elif kind is slice:
        yield from values_in((tree.start, tree.stop, tree.step))
    elif isinstance(tree, tuple):  # a namedtuple
        yield from values_in(tuple(tree))


def substitute(tree: Any, function: Callable[[Value], Any]) -> Any:
    """The same tree with each value replaced by ``function`` of it."""
    kind = tree.__class__
    if kind is Value:
        return function(tree)
    if kind is Returned:
        return Returned(function(tree.value), tree.variable)
    if kind is tuple or kind is list:
        return kind([substitute(item, function) for item in tree])
    if kind is dict:
        return {key: substitute(item, function) for key, item in tree.items()}
    if kind is slice:
        return slice(*(substitute(part, function) for part in (tree.start, tree.stop, tree.step)))
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return kind(*[substitute(item, function) for item in tree])
    return tree


@dataclass(slots=True)
class Program:
    """A recorded function.

    Attributes:
        calls: the calls, in order.
        arguments: the array arguments.
        states: arrays held by reference.
        slots: values read anew at each call.
        results: what it returns: a tree with Values for arrays.
        effects: the assignments at its end: ``(owner, attribute, value)``.
        guards: ``(owner, attribute, object)``: conditions for the trace to hold; code that changes one
            calls ``tracing.array_replaced()``.
        flags: Variables that were used, and whether they require a gradient when a call begins.
        absent: ``(owner, attribute)`` that must be None when a call begins.
        claimed: outside arrays that calls write into earlier than the function did.
        base: the library of its arrays.
    """

    base: Any
    calls: list[Call] = field(default_factory=list)
    arguments: list[Value] = field(default_factory=list)
    states: list[Value] = field(default_factory=list)
    slots: list[Value] = field(default_factory=list)
    results: Any = None
    effects: list[tuple[Any, str, Any]] = field(default_factory=list)
    guards: list[tuple[Any, str, Any]] = field(default_factory=list)
    flags: list[tuple[Any, bool]] = field(default_factory=list)
    absent: list[tuple[Any, str]] = field(default_factory=list)
    claimed: list[Any] = field(default_factory=list)

    def escaping(self) -> set[Value]:
        """The roots of values visible to the caller."""
        kept = [value for _, _, value in self.effects]
        kept += [call.args for call in self.calls if call.form == "effect"]
        return {value.root for value in values_in((self.results, kept))}

    def values(self) -> Iterator[Value]:
        """All values that are used somewhere."""
        for call in self.calls:
            yield from call.inputs
            yield from call.writes
        yield from values_in((self.results, [value for _, _, value in self.effects]))

    def returned(self) -> list[Value]:
        """The values that a caller keeps: those returned or passed to effects, except assigned attributes."""
        told = [call.args for call in self.calls if call.form == "effect"]
        return list(values_in((self.results, told)))

    def replace(self, known: dict[Value, Any]) -> None:
        """Replace values everywhere; chains of replacements are followed."""
        if not known:
            return

        def final(value: Value) -> Any:
            while value in known:
                value = known[value]
                if value.__class__ is not Value:
                    break
            return value

        for call in self.calls:
            if not known.keys().isdisjoint(call.inputs):
                call.args = substitute(call.args, final)
                call.kwargs = substitute(call.kwargs, final)
            if call.writes:
                call.writes = tuple([final(value) for value in call.writes])
        self.results = substitute(self.results, final)
        self.effects = [(owner, name, substitute(value, final)) for owner, name, value in self.effects]
        for call in self.calls:
            for value in call.outputs:
                if value.root in known:
                    value.root = final(value.root).root


def written_roots(calls: Iterable[Call]) -> set[Value]:
    """The roots whose memory some call changes after it was made."""
    return {value.root for call in calls for value in call.writes}


# Where user code is ----------------------------------------------------------------------------------------

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_OURS = tuple(os.path.join(folder, "") for folder in (_HERE, _HERE + "_nn", os.path.dirname(np.__file__)))
_PASSED_OVER = (contextlib.__file__, functools.__file__)
_inside: dict[Any, bool] = {}  # by code object: whether it is the library's


def _is_ours(code: Any) -> bool:
    found = _inside.get(code)
    if found is None:
        file = code.co_filename
        ours = file.startswith(("<pdist", "<__array_function__", "<frozen")) or file.startswith(_OURS)
        found = _inside[code] = ours or file in _PASSED_OVER
    return found


def origin(section: str) -> Origin:
    """The origin of the current call of an array function.

    Args:
        section: what is going on outside ops.
    """
    frame, op = sys._getframe(2), ""
    while frame is not None and _is_ours(frame.f_code):
        if not op:
            op = _op_of(frame)
        frame = frame.f_back  # type: ignore[assignment]
    if frame is None:
        return Origin(op or section, "", 0)
    return Origin(op or section, frame.f_code.co_filename, frame.f_lineno)


def _op_of(frame: Any) -> str:
    """The op whose generated code a frame runs: see ``autograd.codegen``."""
    file = frame.f_code.co_filename
    if file.startswith("<pdist: "):
        name = file[8:-1]
        return f"gradient of {name[:-9]}" if name.endswith(".pullback") else name
    return ""
