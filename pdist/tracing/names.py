"""The names that a function reads: globals, closures, defaults, and attributes of objects found there.

They are checked before each call of a trace, which costs little: if one no longer refers to the same thing
as in the recorded call, the function is recorded again.
"""

from __future__ import annotations

import types
from collections.abc import Container, Iterator
from typing import Any

import numpy as np

from ..autograd import Variable
from .array import Traced
from .generators import within_libraries

OURS = ("pdist", "pdist_nn")
_MISSING = object()
_MOST = 200  # names per function
_FEW = 100  # items of a list that are checked one by one
_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_NOT_READ = (types.ModuleType, types.BuiltinFunctionType, type, np.ufunc, staticmethod, classmethod, property)


class Names:
    """The names that a function reads, and what they referred to.

    Args:
        function: any callable.
    """

    def __init__(self, function: Any) -> None:
        self._read: list[tuple[Any, Any, Any]] = []  # a mapping, the key and its value
        self._cells: list[tuple[Any, str, Any]] = []
        self._contents: list[tuple[str, Any, Any]] = []  # containers that may change, and their contents
        self._names = {"__call__", "forward"}
        self._seen: set[int] = set()
        self._objects: list[Any] = []
        self.include(function)

    def include(self, item: Any) -> None:
        """Add what a function or object reads by name; for the library's own objects, all their numbers."""
        waiting: list[Any] = [item]
        while waiting and len(self._seen) < _MOST:
            item = waiting.pop()
            if id(item) not in self._seen and not isinstance(item, _NOT_READ):
                self._seen.add(id(item))
                waiting += self._take(item)
            if not waiting:  # more names may have become known since an object was visited
                waiting = [found for held in self._objects for found in self._attributes(held)]
                waiting = [found for found in waiting if id(found) not in self._seen]
        once = {(id(where), key): (where, key, value) for where, key, value in reversed(self._read)}
        self._read = list(once.values())

    def numbers_of(self, item: Any) -> None:
        """Add all numbers of an object."""
        own = getattr(item, "__dict__", {})
        known = {(id(where), key) for where, key, _ in self._read}
        self._read += [
            (own, key, value)
            for key, value in own.items()
            if isinstance(value, _PLAIN) and (id(own), key) not in known
        ]

    def _take(self, item: Any) -> Iterator[Any]:
        """Record what an object reads; yields the objects to visit next."""
        if isinstance(item, types.MethodType):
            yield from (item.__self__, item.__func__)
        elif isinstance(item, types.FunctionType):
            if within_libraries(item):  # one of ours may hold a user's code
                yield from map(_content_of, item.__closure__ or ())
            else:
                yield from self._of_function(item)
        elif isinstance(item, (list, dict, set, tuple)):
            pass
        elif hasattr(item, "__dict__") and not isinstance(item, (Variable, np.ndarray)):
            self._objects.append(item)
            yield from self._attributes(item)

    def _of_function(self, function: types.FunctionType) -> Iterator[Any]:
        space = function.__globals__
        for name in _names_of(function.__code__):
            self._names.add(name)
            if name in space and not isinstance(space[name], _NOT_READ):
                yield self._note(space, name, space[name])
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                value = cell.cell_contents
            except ValueError:  # not bound yet
                continue
            self._cells.append((cell, name, value))
            self._content(name, value)
            yield value
        for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self._content(f"a default of {function.__name__}", value)
            yield value

    def _attributes(self, item: Any) -> Iterator[Any]:
        """The attributes of an object, or of its class, whose names are used in some code."""
        own = vars(item)
        tells = _tells(item)
        for base in type(item).__mro__:
            if within_libraries(base):
                continue
            for name in self._names & vars(base).keys():
                value = vars(base)[name]
                if isinstance(value, types.FunctionType):
                    yield value
                elif not hasattr(value, "__get__"):
                    yield self._note(vars(base), name, value)
                    if name not in own:
                        self._note(own, name, _MISSING)
        for name in self._names & own.keys():
            yield own[name] if tells else self._note(own, name, own[name])

    def _note(self, where: Any, key: str, value: Any) -> Any:
        self._read.append((where, key, value))
        self._content(key, value)
        return value

    def _content(self, key: str, value: Any) -> None:
        if isinstance(value, (list, dict, set)) and len(value) <= _FEW:
            items = [*value, *value.values()] if isinstance(value, dict) else value
            if all(isinstance(part, _PLAIN) for part in items):
                self._contents.append((key, value, value.copy()))

    def outputs(self) -> list[tuple[Any, str, Any]]:
        """The objects that were given a traced array, with the attribute and its previous value."""
        former = {(id(where), key): value for where, key, value in self._read if value is not _MISSING}
        return [
            (item, key, former.get((id(vars(item)), key)))
            for item in self._objects
            if not _tells(item)
            for key, value in vars(item).items()
            if isinstance(getattr(value, "_array", value), Traced)
        ]

    def settle(self, seen: Container[int]) -> None:
        """Forget the names that the function itself has changed: a counter counts only once.

        It may have read an attribute before assigning an array to it: this is so if the previous value was
        not an array, or an array that was ``seen``, by its id.
        """
        given = {(id(vars(item)), key) for item, key, _ in self.outputs()}

        def stays(where: Any, key: str, value: Any) -> bool:
            if where.get(key, _MISSING) is value:
                return True
            array = getattr(value, "_array", value)
            return (id(where), key) in given and (not hasattr(array, "dtype") or id(array) in seen)

        self._read = [item for item in self._read if stays(*item)]
        self._cells = [(cell, k, v) for cell, k, v in self._cells if _content_of(cell) is v]
        self._contents = [(k, value, was) for k, value, was in self._contents if value == was]
        self._objects.clear()

    def changed(self) -> str:
        """The first name that now refers to something else; empty if there is none."""
        for i, (where, key, value) in enumerate(self._read):
            found = where.get(key, _MISSING)
            if found is not value:
                if not _alike(found, value):
                    return key
                self._read[i] = where, key, found
        for i, (cell, key, value) in enumerate(self._cells):
            found = _content_of(cell)
            if found is not value:
                if not _alike(found, value):
                    return key
                self._cells[i] = cell, key, found
        for key, value, was in self._contents:
            if value != was:
                return key
        return ""


def _tells(item: Any) -> bool:
    """Whether it reports its attributes, as links do, or is the library's own, which handles traces."""
    return hasattr(item, "tells_of_attributes") or type(item).__module__.partition(".")[0] in OURS


def _names_of(code: types.CodeType) -> Iterator[str]:
    """The names used by a code object, and by functions within it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_of(constant)


def _content_of(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _MISSING


def _alike(a: Any, b: Any) -> bool:
    """Whether two numbers or strings are the same."""
    return type(a) is type(b) and isinstance(a, _PLAIN) and repr(a) == repr(b)


__all__ = ["Names"]
