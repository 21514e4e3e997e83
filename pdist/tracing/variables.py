"""The variables outside a function that it uses: what they stand for decides of a trace."""

from __future__ import annotations

import contextlib
import dis
import functools
import sys
import types
from collections.abc import Iterator
from typing import Any


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
        for code in codes(function.__code__)
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
        if not isinstance(item, types.FunctionType) or within_libraries(item) or id(item) in seen:
            continue
        seen.add(id(item))
        for place, name, value in names_of(item):
            if not isinstance(value, (types.ModuleType, types.BuiltinFunctionType, type)):
                found.append((place, name, value))
                waiting.append(value)
    return found


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A code object and those of the functions defined in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)


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


__all__ = ["codes", "names_of", "variables", "within_libraries"]
