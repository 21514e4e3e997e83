"""The arguments of a traced function: the key that distinguishes calls, and the proxies for a recording."""

from __future__ import annotations

import copy
import inspect
import keyword
import re
from typing import Any

import numpy as np

from ..autograd import Variable
from ..backend import default_library, library_of
from .array import Traced
from .recording import Recording


class Same:
    """An object compared by identity."""

    __slots__ = ("item",)

    def __init__(self, item: Any) -> None:
        self.item = item

    def __eq__(self, other: Any) -> bool:
        return other.__class__ is Same and other.item is self.item

    def __hash__(self) -> int:
        return id(self.item)


def flatten(tree: Any, leaves: list[Any]) -> Any:
    """Collect the array arguments in order; returns a key that tells calls of different traces apart."""
    kind = tree.__class__
    if kind is np.ndarray:
        leaves.append(tree)
        return (tree.shape, tree.strides, tree.dtype)
    if kind is tuple or kind is list:
        return (kind, *[flatten(item, leaves) for item in tree])
    if isinstance(tree, dict):
        return (kind, *[(name, flatten(item, leaves)) for name, item in tree.items()])
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return (kind, *[flatten(item, leaves) for item in tree])
    if isinstance(tree, Variable):
        return (Same(tree), tree.requires_grad, flatten(tree._array, leaves))
    if isinstance(tree, np.generic) or library_of(tree) is not None:
        leaves.append(tree)
        return (kind, tree.shape, getattr(tree, "strides", None), tree.dtype)
    if kind is float:
        return (kind, repr(tree))
    if tree is None or kind in (bool, int, str):
        return (kind, tree)
    return Same(tree)


class StandIns:
    """The arguments that the function gets while it is recorded.

    Attributes:
        names: the names of the array arguments in the generated code, in order.
        leaves: the arrays.
        variables: the Variables among the arguments, with their arrays.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.names: list[str] = []
        self.leaves: list[Any] = []
        self.variables: list[tuple[Variable, Any]] = []

    def of(self, tree: Any, name: str) -> Any:
        """The same argument with proxies for its arrays."""
        kind = tree.__class__
        if kind is tuple or kind is list:
            return kind([self.of(item, f"{name}_{i}") for i, item in enumerate(tree)])
        if isinstance(tree, dict):
            found = copy.copy(tree)
            found.update({key: self.of(item, f"{name}_{key}") for key, item in tree.items()})
            return found
        if isinstance(tree, tuple) and hasattr(tree, "_fields"):
            return kind(
                *[self.of(item, f"{name}_{field}") for item, field in zip(tree, tree._fields, strict=True)]
            )
        if isinstance(tree, Variable):
            again = next((array for variable, array in self.variables if variable is tree), None)
            array = tree._array if again is None else again
            stand_in = self.of(array, name)
            if again is None:
                tree._array = stand_in
                self.variables.append((tree, array))
            return tree
        if isinstance(tree, np.generic) or (library_of(tree) is not None and not isinstance(tree, Traced)):
            if isinstance(tree, np.ndarray) and type(tree) not in (np.ndarray, np.memmap):
                self.recording.refuse(
                    f"{name} is a {type(tree).__name__}, which has its own arithmetic: pass np.asarray of it"
                )
            name = self._unused(name)
            self.names.append(name)
            self.leaves.append(tree)
            return self.recording.argument(tree, name)
        return tree

    def _unused(self, name: str) -> str:
        """A name for the code, since keys of dicts may be anything."""
        name = re.sub(r"\W", "_", name)
        if not name.isidentifier() or keyword.iskeyword(name):
            name = f"argument_{name}"
        while name in self.names:
            name += "_"
        return name

    def restore(self) -> None:
        """Restore the arrays of Variables."""
        for variable, array in reversed(self.variables):
            if isinstance(variable._array, Traced):
                variable._array = array


def base_of(args: Any, kwargs: Any) -> Any:
    """The library of the first array argument."""
    leaves: list[Any] = []
    flatten((args, kwargs), leaves)
    for leaf in leaves:
        found = library_of(leaf)
        if found is not None:
            return found
    return default_library()


def argument_names(function: Any, args: Any) -> list[str]:
    """The function's names of its positional arguments."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [names[i] if i < len(names) else f"argument_{i}" for i in range(len(args))]
