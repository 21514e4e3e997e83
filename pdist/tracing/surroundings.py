"""What a function can reach: the variables that it uses, and random generators that it holds."""

from __future__ import annotations

import contextlib
import dis
import functools
import random as python_random
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

_MOST = 20_000  # objects that are looked at
_LIBRARIES = ("pdist", "pdist_nn", "numpy", "scipy", "builtins", "importlib")
_GENERATORS = (np.random.Generator, np.random.RandomState, np.random.BitGenerator, python_random.Random)
_ATOMS = (bool, int, float, complex, str, bytes, np.ndarray, np.generic, np.dtype, type, types.ModuleType)


def reachable(*roots: Any) -> list[Any]:
    """The generators in closures, defaults, used globals, attributes and containers, from some objects on.

    Args:
        *roots: functions and their arguments.
    """
    found: list[Any] = []
    seen: set[int] = set()
    waiting = list(roots)
    while waiting and len(seen) < _MOST:
        item = waiting.pop()
        if item is None or isinstance(item, _ATOMS) or id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, _GENERATORS):
            found.append(item)
        else:
            waiting.extend(_inside(item))
    return found


def state(generator: Any) -> Any:
    """Where a generator stands, to be compared."""
    if isinstance(generator, python_random.Random):
        return generator.getstate()
    bits = getattr(generator, "_bit_generator", generator)  # a RandomState's too
    return _plain(bits.state)


def _plain(tree: Any) -> Any:
    if isinstance(tree, dict):
        return [(name, _plain(part)) for name, part in tree.items()]
    return tree.tobytes() if hasattr(tree, "tobytes") else tree


def _inside(item: Any) -> Iterator[Any]:
    """What an object leads to."""
    if isinstance(item, types.FunctionType):
        if not _within_libraries(item):
            yield from _of_function(item)
    elif isinstance(item, types.MethodType):
        yield from (item.__self__, item.__func__)
    elif isinstance(item, functools.partial):
        yield from (item.func, *item.args, *item.keywords.values())
    elif isinstance(item, (tuple, list, set, frozenset)):
        yield from item
    elif isinstance(item, dict):
        yield from item.values()
    else:
        yield from getattr(item, "__dict__", {}).values()
        if not _within_libraries(type(item)):  # what its own methods use
            for base in type(item).__mro__:
                if not _within_libraries(base):
                    yield from [getattr(member, "fget", member) for member in vars(base).values()]


def _of_function(function: types.FunctionType) -> Iterator[Any]:
    yield from [value for _, _, value in names_of(function)]
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    yield from vars(function).values()
    for _, _, value in names_of(function):
        if isinstance(value, types.ModuleType) and not _within_libraries(value):
            yield from [vars(value).get(name) for code in _codes(function.__code__) for name in code.co_names]


def names_of(function: types.FunctionType) -> list[tuple[Any, str, Any]]:
    """The variables from outside that a function uses, each with where it is and what it holds.

    A variable of an enclosing function is in a cell, a global one in a dict.
    """
    found: list[tuple[Any, str, Any]] = []
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # not bound yet
            found.append((cell, name, cell.cell_contents))
    namespace = function.__globals__
    loads = {
        instruction.argval
        for code in _codes(function.__code__)
        for instruction in dis.get_instructions(code)
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }
    found += [(namespace, name, namespace[name]) for name in sorted(loads) if name in namespace]
    return found


def variables(*roots: Any) -> list[tuple[Any, str, Any]]:
    """The variables from outside that functions use, and the functions that they call by such a name.

    Args:
        *roots: functions, or objects that have one as a method.
    """
    found: list[tuple[Any, str, Any]] = []
    seen: set[int] = set()
    waiting = list(roots)
    while waiting:
        item = waiting.pop()
        item = getattr(item, "__func__", item)
        if not isinstance(item, types.FunctionType) or _within_libraries(item) or id(item) in seen:
            continue
        seen.add(id(item))
        for place, name, value in names_of(item):
            if not isinstance(value, (types.ModuleType, types.BuiltinFunctionType, type)):
                found.append((place, name, value))
                waiting.append(value)
    return found


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A code object and those of the functions defined in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _within_libraries(item: Any) -> bool:
    name = str(getattr(item, "__module__", None) or getattr(item, "__name__", ""))
    return name.partition(".")[0] in _LIBRARIES


__all__ = ["reachable", "state", "variables"]
