"""The random generators that a function can reach, from which direct draws are not recorded."""

from __future__ import annotations

import functools
import gc
import random as python_random
import sys
import types
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np

from .array import Traced

_MOST = 20_000  # limit of objects to visit
_GENERATORS = (np.random.Generator, np.random.RandomState, np.random.BitGenerator, python_random.Random)
_NUMBERS = (bool, int, float, complex, str, bytes, np.ndarray, np.generic, np.dtype, Traced)
_ATOMS = (*_NUMBERS, type, types.ModuleType, types.CodeType)


#: The generators behind the functions of the modules ``numpy.random`` and ``random``.
OF_MODULES: tuple[Any, ...] = (np.random.rand.__self__, python_random.random.__self__)  # type: ignore[attr-defined]


class Watch:
    """Detects draws from generators other than by calls that a trace repeats."""

    def __init__(self) -> None:
        self._roots: tuple[Any, ...] = ()
        self._held: dict[int, Any] = {}
        self._states: dict[int, Any] = {}  # the last known state of each
        self._moved: dict[int, Any] = {}

    def begin(self, *roots: Any) -> None:
        """Watch the generators of the modules and those reachable from some objects."""
        self._roots = roots
        self._held = {id(found): found for found in (*OF_MODULES, *reachable(*roots))}
        self.skip()

    def look(self, *only: Any) -> None:
        """Record which generators were drawn from since the last check."""
        for key, generator in self._of(only).items():
            if key not in self._moved and state(generator) != self._states.get(key):
                self._moved[key] = generator

    def skip(self, *only: Any) -> None:
        """Accept the current states: the draws so far will be repeated, or need not be."""
        self._states.update({key: state(generator) for key, generator in self._of(only).items()})

    def add(self, generator: Any) -> None:
        """Watch a generator that was passed to a sampler."""
        if isinstance(generator, _GENERATORS) and id(generator) not in self._held:
            self._held[id(generator)] = generator
            self.skip(generator)

    def _of(self, only: tuple[Any, ...]) -> dict[int, Any]:
        """All or some of the watched generators."""
        return {id(one): one for one in only if id(one) in self._held} if only else self._held

    def moved(self) -> list[Any]:
        """The generators that were drawn from directly; those made during the call are assumed to be."""
        self.look()
        new = [found for found in reachable(*self._roots) if id(found) not in self._held]
        return [*self._moved.values(), *new]


def reachable(*roots: Any) -> list[Any]:
    """The generators reachable from objects by closures, defaults, globals, attributes and containers.

    Args:
        *roots: functions and their arguments.
    """
    found: list[Any] = []
    seen: set[int] = set()
    kept: list[Any] = []  # so that no other object gets the id of one that was made on the way
    waiting = deque(roots)
    while waiting and len(seen) < _MOST:  # breadth first
        item = waiting.popleft()
        if item is None or isinstance(item, _ATOMS) or id(item) in seen:
            continue
        seen.add(id(item))
        kept.append(item)
        if isinstance(item, _GENERATORS):
            found.append(item)
        else:
            waiting.extend(_inside(item))
    return found


def state(generator: Any) -> Any:
    """The state of a generator, for comparison."""
    if isinstance(generator, python_random.Random):
        return generator.getstate()
    bits = getattr(generator, "_bit_generator", generator)  # also of a RandomState
    return _plain(bits.state)


def _plain(tree: Any) -> Any:
    if isinstance(tree, dict):
        return [(name, _plain(part)) for name, part in tree.items()]
    return tree.tobytes() if hasattr(tree, "tobytes") else tree


def _inside(item: Any) -> Iterator[Any]:
    """The objects that an object refers to."""
    if isinstance(item, types.FunctionType):
        if not within_libraries(item):
            yield from _of_function(item)
        return
    of_builtin = getattr(item, "__self__", None)  # as of ``rng.normal``
    if isinstance(of_builtin, _GENERATORS):
        yield of_builtin
    if isinstance(item, dict):
        if "__builtins__" not in item:  # a module's
            yield from item.values()
        return
    yield from gc.get_referents(item)  # items, attributes, slots, an iterator's container
    if not within_libraries(type(item)):  # what its methods use
        for base in type(item).__mro__:
            if not within_libraries(base):
                yield from [getattr(member, "fget", member) for member in vars(base).values()]


def _of_function(function: types.FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not bound yet
            continue
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    yield from vars(function).values()
    waiting = [function.__code__]
    while waiting:
        code = waiting.pop()
        waiting += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
        for name in code.co_names:
            if name in function.__globals__:
                value = function.__globals__[name]
                yield value
                if isinstance(value, types.ModuleType) and not within_libraries(value):
                    yield from [vars(value).get(other) for other in code.co_names]


def within_libraries(item: Any) -> bool:
    """Whether a function, class or module is of an installed package: those hold no generators of users."""
    name = str(getattr(item, "__module__", None) or getattr(item, "__name__", ""))
    return _is_library(name.partition(".")[0])


@functools.cache
def _is_library(name: str) -> bool:
    if name in ("pdist", "pdist_nn") or name in sys.stdlib_module_names:
        return True
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    return "site-packages" in file or "dist-packages" in file


__all__ = ["OF_MODULES", "Watch", "reachable", "state", "within_libraries"]
