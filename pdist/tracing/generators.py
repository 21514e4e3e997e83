"""The random generators that a function can reach: draws from them directly are not recorded."""

from __future__ import annotations

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
                if isinstance(value, types.ModuleType) and not _within_libraries(value):
                    yield from [vars(value).get(other) for other in code.co_names]


def _within_libraries(item: Any) -> bool:
    name = str(getattr(item, "__module__", None) or getattr(item, "__name__", ""))
    return name.partition(".")[0] in _LIBRARIES


__all__ = ["reachable", "state"]
