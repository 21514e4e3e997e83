"""Inspection of the code of a training step: what it reads and does that affects tracing.

A recording repeats array computations and nothing else. :func:`inspect_step` goes through the functions that
a step calls, except those of this library, and collects

- *variables*: globals and variables of enclosing functions; a recording holds while they are the same
  objects,
- *hazards*: effects that a recording certainly would not repeat: draws from NumPy's own streams, assignments
  to outside variables, appending to a list,
- *unknowns*: objects whose code is not known.
"""

from __future__ import annotations

import dis
import functools
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from pdist.autograd import Variable
from pdist.autograd.op import Op
from pdist.distributions import Distribution

from ..link import BOOKKEEPING, Link
from ..optimizers.optimizer import Optimizer

_LIBRARIES = ("pdist", "pdist_nn")
_MODULES = (*_LIBRARIES, "math", "numpy", "functools", "itertools", "operator", "typing", "scipy.special")
# fmt: off
_BUILTINS = frozenset((
    "abs", "all", "any", "bool", "dict", "divmod", "enumerate", "filter", "float", "getattr", "hasattr",
    "int", "isinstance", "len", "list", "map", "max", "min", "pow", "range", "repr", "reversed", "round",
    "slice", "sorted", "str", "sum", "super", "tuple", "type", "zip",
))
_FILES_OF_NUMPY = frozenset((
    "fromfile", "genfromtxt", "load", "loadtxt", "memmap", "random", "save", "savetxt", "savez",
))
_CHANGES = frozenset((
    "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "remove",
    "setdefault", "update",
))
_DRAWS = frozenset(name for name in dir(np.random.Generator) if not name.startswith("_"))
_STORES = frozenset(("STORE_GLOBAL", "DELETE_GLOBAL", "STORE_ATTR", "DELETE_ATTR", "IMPORT_NAME"))
# fmt: on


class Inspection:
    """The findings: see the module's docstring.

    Attributes:
        hazards, unknowns: lists of sentences.
    """

    def __init__(self) -> None:
        self.hazards: list[str] = []
        self.unknowns: list[str] = []
        self._variables: list[tuple[Any, Any, Any]] = []  # a namespace and a name, or a cell and None
        self._seen: dict[int, Any] = {}

    def holds(self) -> bool:
        """Whether all variables still refer to the same objects."""
        for namespace, name, value in self._variables:
            if (_contents(namespace) if name is None else namespace.get(name)) is not value:
                return False
        return True

    # Objects ------------------------------------------------------------------------------------------

    def visit(self, item: Any, what: str) -> None:
        """Visit an object that the step may use or call; ``what`` is its name in messages."""
        if id(item) in self._seen:
            return
        self._seen[id(item)] = item
        kind = type(item)
        if item is None or isinstance(item, (bool, int, float, str, bytes, np.ndarray, np.generic, np.dtype)):
            return
        if isinstance(item, Link):
            self._link(item)
        elif isinstance(item, types.FunctionType):
            self._function(item, what)
        elif isinstance(item, types.MethodType):
            self.visit(item.__self__, what)
            self.visit(item.__func__, what)
        elif isinstance(item, functools.partial):
            for part in (item.func, *item.args, *item.keywords.values()):
                self.visit(part, what)
        elif kind in (tuple, frozenset):
            for part in item:
                self.visit(part, what)
        elif isinstance(item, types.ModuleType):
            pass  # the parts of it that are used were visited
        elif isinstance(item, types.BuiltinFunctionType):
            if not _within(item.__module__, (*_MODULES, "builtins")):
                self.unknowns.append(f"{what} is {getattr(item, '__qualname__', item)}")
        elif isinstance(item, type):
            if not _within(item.__module__, (*_LIBRARIES, "numpy", "builtins")):
                self.unknowns.append(f"{what} is the class {item.__name__}")
        elif not (
            isinstance(item, (Variable, Op, np.ufunc))
            or (isinstance(item, Distribution) and _within(kind.__module__, _LIBRARIES))
            or hasattr(item, "__cuda_array_interface__")
        ):
            self.unknowns.append(f"{what} is a {kind.__name__}")

    def _link(self, link: Link) -> None:
        for part in link.links():
            self._seen[id(part)] = part
            if not _within(type(part).__module__, _LIBRARIES):
                self._methods(part)
            for name, value in vars(part).items():
                if name in BOOKKEEPING:
                    continue
                of_links = type(value) is list and all(map(callable, value))
                for item in value if of_links else (value,):
                    self.visit(item, f"{type(part).__name__}.{name}")

    def _methods(self, link: Link) -> None:
        """For a user's link, the methods that its ``forward`` calls."""
        waiting, seen = ["__call__", "forward", "kl_divergence"], set()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            for base in type(link).__mro__:
                found = vars(base).get(name)
                found = getattr(found, "fget", getattr(found, "__func__", found))
                if isinstance(found, types.FunctionType) and not _within(found.__module__, _LIBRARIES):
                    self.visit(found, f"{base.__name__}.{name}")
                    waiting += [n for code in _codes(found.__code__) for n in code.co_names]

    # Functions ----------------------------------------------------------------------------------------

    def _function(self, function: types.FunctionType, what: str) -> None:
        if _within(function.__module__, _LIBRARIES):
            return
        code = function.__code__
        cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
        attributes = {name for inner in _codes(code) for name in _attributes(inner)}
        used: dict[str, Any] = {}
        for name, cell in cells.items():
            used[name] = _contents(cell)
            self._variables.append((cell, None, used[name]))
        for inner in _codes(code):
            for instruction in dis.get_instructions(inner):
                self._instruction(instruction, cells, what)
                if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                    self._global(instruction.argval, function, used, what)
        changes = bool(attributes & _CHANGES) or any(
            i.opname in ("STORE_SUBSCR", "DELETE_SUBSCR")
            for c in _codes(code)
            for i in dis.get_instructions(c)
        )
        for name, value in used.items():
            where = f"{name} in {what}"
            if isinstance(value, types.ModuleType):
                self._module(value, name, attributes, what)
            elif type(value) in (list, dict, set) and changes:
                self.hazards.append(f"{what} changes the {type(value).__name__} {name}")
            elif isinstance(value, (np.random.Generator, np.random.RandomState)):
                # as an argument of a sampler it is tracked
                kind = self.hazards if attributes & _DRAWS else self.unknowns
                kind.append(f"{what} draws from {name}, which a recording does only once")
            self.visit(value, where)

    def _module(self, module: types.ModuleType, name: str, attributes: set[str], what: str) -> None:
        """The attributes of a module that a function uses."""
        if module.__name__ == "random":
            self.hazards.append(f"{what} uses the module random: a recording draws only once")
        elif _within(module.__name__, ("numpy",)):
            for attribute in sorted(attributes & _FILES_OF_NUMPY):
                self.hazards.append(f"{what} uses {name}.{attribute}, which a recording calls only once")
        elif not _within(module.__name__, _MODULES):
            for attribute in sorted(attributes & vars(module).keys()):
                value = vars(module)[attribute]
                self._variables.append((vars(module), attribute, value))
                if isinstance(value, types.ModuleType):
                    self._module(value, f"{name}.{attribute}", attributes, what)
                else:
                    self.visit(value, f"{name}.{attribute}")

    def _global(self, name: str, function: Any, used: dict[str, Any], what: str) -> None:
        namespace = function.__globals__
        if name in namespace:
            if name not in used:
                used[name] = namespace[name]
                self._variables.append((namespace, name, used[name]))
        elif name not in _BUILTINS:
            self.unknowns.append(f"{what} calls {name}")

    def _instruction(self, instruction: Any, cells: dict[str, Any], what: str) -> None:
        name = instruction.opname
        if name in ("STORE_GLOBAL", "DELETE_GLOBAL") or (
            name == "STORE_DEREF" and instruction.argval in cells
        ):
            self.hazards.append(f"{what} assigns to {instruction.argval}, a variable outside of it")
        elif name in _STORES:
            self.unknowns.append(f"{what} assigns to or imports {instruction.argval}")


def inspect_step(loss_func: Any, optimizer: Optimizer) -> Inspection:
    """Inspect a loss function, a model and an optimizer with its hooks."""
    found = Inspection()
    found.visit(loss_func, _named(loss_func))
    found.visit(optimizer.target, type(optimizer.target).__name__)
    if not _within(type(optimizer).__module__, _LIBRARIES):
        found.unknowns.append(f"{type(optimizer).__name__} is an optimizer of its own")
    for name, hook in optimizer._hooks.items():
        if _within(type(hook).__module__, _LIBRARIES) or getattr(hook, "on_host", False):
            continue
        found.visit(hook, f"the hook {name}")
    return found


def _named(function: Any) -> str:
    return getattr(function, "__qualname__", type(function).__name__)


def _within(module: str | None, packages: tuple[str, ...]) -> bool:
    return any(module == package or str(module).startswith(package + ".") for package in packages)


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None  # not assigned yet


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A function's code and that of the functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _attributes(code: types.CodeType) -> set[str]:
    return {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_ATTR", "LOAD_METHOD")}


__all__ = ["Inspection", "inspect_step"]
