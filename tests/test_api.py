"""Every public name with its signature, held to tests/data/api.txt.

A change of the API shows in the diff of that file. ``make api`` rewrites it.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

API = Path(__file__).parent / "data" / "api.txt"

# What users import. An object is listed in full where it is first met in this order, else as an alias.
MODULES = [
    *("pdist", "pdist.autograd"),
    *("pdist.backend", "pdist.backend.hooks", "pdist.backend.memory", "pdist.backend.random"),
    *(
        "pdist.functions",
        "pdist.distributions",
        "pdist.distributions.families",
        "pdist.distributions.supports",
    ),
    *("pdist.plotting", "pdist.testing", "pdist.testing.strategies", "pdist.tracing"),
    *("pdist_nn", "pdist_nn.datasets", "pdist_nn.heads", "pdist_nn.initializers", "pdist_nn.iterators"),
    *("pdist_nn.links", "pdist_nn.losses", "pdist_nn.optimizers", "pdist_nn.optimizer_hooks"),
    *("pdist_nn.reporter", "pdist_nn.serializers", "pdist_nn.training", "pdist_nn.training.extensions"),
    *("pdist_nn.training.triggers", "pdist_nn.training.updaters"),
]

# Special methods that syntax calls. Others depend on Python's version, such as those that dataclasses write.
UNARY = ("neg", "pos", "abs", "invert", "bool", "float", "int", "call", "len", "iter", "next", "getitem")
UNARY += ("setitem", "contains", "enter", "exit", "array", "eq", "ne", "lt", "le", "gt", "ge")
BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
SYNTAX = {f"__{name}__" for name in UNARY} | {f"__{side}{n}__" for n in BINARY for side in ("", "r", "i")}


def is_ours(module: str | None) -> bool:
    return (module or "").partition(".")[0] in ("pdist", "pdist_nn")


def module_named(path: str) -> types.ModuleType:
    """A module by import or, such as ``pdist_nn.optimizer_hooks``, by attribute."""
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        parent, _, name = path.rpartition(".")
        return getattr(module_named(parent), name)


def exported(module: types.ModuleType) -> list[str]:
    """A module's public names: its ``__all__``, or what has no underscore and is made by this project.

    A package exports what its modules make; a module that lists nothing, only what it makes itself.
    """
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    is_package = hasattr(module, "__path__")
    return sorted(
        name
        for name, value in vars(module).items()
        if name[0] != "_" and _is_made_in(value, module, is_package)
    )


def _is_made_in(value: Any, module: types.ModuleType, is_package: bool) -> bool:
    if isinstance(value, types.ModuleType):  # a package has every module that was ever imported from it
        own = value.__name__.rpartition(".")[0] == module.__name__
        return is_package and is_ours(value.__name__) and (value.__name__ in MODULES or not own)
    if inspect.isclass(value) or isinstance(value, types.FunctionType):
        return value.__module__ == module.__name__ or (is_package and is_ours(value.__module__))
    return is_ours(type(value).__module__) or isinstance(
        value, (bool, int, float, str, tuple, dict, frozenset)
    )


def signature(callable: Any) -> str:
    """Names, kinds and defaults of parameters; no annotations, which Python's versions print differently."""
    try:
        found = inspect.signature(callable)
    except (TypeError, ValueError):
        return "(...)"
    bare = [
        p.replace(annotation=p.empty, default=p.empty if p.default is p.empty else _Shown(p.default))
        for p in found.parameters.values()
    ]
    return str(found.replace(parameters=bare, return_annotation=found.empty))


class _Shown:
    """Prints a default without an address."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        value = self.value
        if inspect.isclass(value) or inspect.isroutine(value):
            return value.__name__
        if value is None or isinstance(value, (bool, int, float, str)):
            return repr(value)
        if isinstance(value, (tuple, list)):
            shown = [repr(_Shown(v)) for v in value]
            return "(" + ", ".join(shown) + ")" if isinstance(value, tuple) else "[" + ", ".join(shown) + "]"
        return f"<{type(value).__name__}>"


def line_of(path: str, value: Any) -> str:
    """The line of what is neither a class nor a module."""
    if isinstance(value, staticmethod | classmethod):
        return f"{path}{signature(value.__func__)}  {type(value).__name__}"
    if isinstance(value, (property, functools.cached_property)):
        settable = isinstance(value, property) and value.fset is not None
        return f"{path}  property{', settable' if settable else ''}"
    if isinstance(value, types.FunctionType):
        return f"{path}{signature(value)}"
    if inspect.ismemberdescriptor(value):  # of __slots__
        return f"{path}  attribute"
    if path.rpartition(".")[2].isupper() and isinstance(value, (bool, int, float, str)):
        return f"{path} = {value!r}"
    return f"{path}: {type(value).__name__}"


def lines_of_class(path: str, cls: type, listed: dict[int, str]) -> Iterator[str]:
    """A class's constructor, and the public members in which it differs from its bases listed elsewhere."""
    bases = [base for base in cls.__mro__[1:] if id(base) in listed]
    nearest = [listed[id(b)] for b in bases if not any(b in other.__mro__[1:] for other in bases)]
    # What Python says of a constructor that the class does not state depends on its version.
    plain = issubclass(cls, Exception) or getattr(cls, "_is_protocol", False)
    yield f"{path}{'' if plain else signature(cls)}  class{' of ' * bool(nearest)}{', '.join(nearest)}"
    names = {n for c in cls.__mro__ if is_ours(c.__module__) for n in vars(c) if n[0] != "_" or n in SYNTAX}
    for name in names:
        value = inspect.getattr_static(cls, name)
        line = line_of(f".{name}", value)
        inherited = [inspect.getattr_static(base, name) for base in bases if hasattr(base, name)]
        if value is not None and line not in [line_of(f".{name}", v) for v in inherited]:
            yield path + line


def listing(modules: Iterable[str] = MODULES) -> list[str]:
    """One line for each public name, sorted."""
    listed: dict[int, str] = {}
    aliases, found = [], []
    for module_path in modules:
        module = module_named(module_path)
        for name in exported(module):
            path, value = f"{module_path}.{name}", getattr(module, name)
            named = not isinstance(value, (bool, int, float, str, tuple, dict, frozenset))
            if named and id(value) in listed:
                aliases.append(f"{path}  is {listed[id(value)]}")
            elif inspect.isclass(value) and not is_ours(value.__module__):
                aliases.append(f"{path}  is {value.__module__}.{value.__qualname__}")
            elif isinstance(value, types.ModuleType):
                aliases.append(f"{path}  module" if path in modules else f"{path}  is {value.__name__}")
            else:
                if named:
                    listed[id(value)] = path
                found.append((path, value))
    lines = list(aliases)
    for path, value in found:
        lines += lines_of_class(path, value, listed) if inspect.isclass(value) else [line_of(path, value)]
    return sorted(lines)


def test_the_api_is_the_recorded_one() -> None:
    recorded, now = API.read_text(encoding="utf-8").splitlines(), listing()
    changes = [
        line
        for line in difflib.unified_diff(recorded, now, lineterm="", n=0)
        if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    assert not changes, (
        "the API is not the one in tests/data/api.txt; if that is meant, `make api` rewrites it, and a line "
        "in CHANGELOG.md tells of it:\n" + "\n".join(changes)
    )


def test_a_line_says_what_callers_depend_on() -> None:
    thing = object()

    def f(a: int, /, b: float = 1.5, *c: int, d: Any = thing, e: type = int, **f: str) -> None: ...

    assert signature(f) == "(a, /, b=1.5, *c, d=<object>, e=int, **f)"
    lines = listing()
    assert any(
        line.startswith("pdist.distributions.Normal(loc, scale=None, *, log_scale=None") for line in lines
    )
    assert "pdist.distributions.Distribution.log_prob(self, x)" in lines
    assert "pdist.distributions.Distribution.mean  property" in lines
    assert "pdist_nn.Variable  is pdist.Variable" in lines
    assert not any(" at 0x" in line for line in lines)
    assert len(set(lines)) == len(lines)


def main() -> None:
    API.write_text("\n".join(listing()) + "\n", encoding="utf-8")
    print(f"{API.relative_to(API.parent.parent.parent)} is written")


if __name__ == "__main__":
    main()
