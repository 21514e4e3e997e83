"""The results of a traced function: in the program, and for the caller of the recorded call."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from ..autograd import Variable
from ..autograd.variable import from_node
from .array import Traced
from .record import Returned, TraceError
from .recording import Recording


def copied(tree: Any, recording: Recording) -> Any:
    """The results with copies of arrays that no traced call made: each call returns new ones."""
    if isinstance(tree, recording.base.array_type):
        return recording.seen(tree).copy()
    return _mapped(tree, lambda item: copied(item, recording))


def noted(tree: Any) -> Any:
    """The results with Values in place of arrays."""
    if isinstance(tree, Traced):
        return Returned(tree.node, False)
    if isinstance(tree, Variable) and isinstance(tree._array, Traced):
        return Returned(tree._array.node, True)
    found = _mapped(tree, noted)
    if found is tree and _hides(tree):
        raise TraceError(
            f"a traced function returned a {type(tree).__name__}, which a trace cannot recreate: return "
            "arrays, Variables, and tuples, lists and dicts of them"
        )
    return found


def _hides(item: Any, depth: int = 4) -> bool:
    """Whether an object that is returned unchanged contains proxies, or runs only once."""
    if inspect.isgenerator(item) or inspect.isawaitable(item):
        return True
    if isinstance(item, Variable):
        item = item._array
    if isinstance(item, (Traced, type, np.ndarray)) or not depth:
        return isinstance(item, Traced)
    if isinstance(item, dict):
        inside: Any = item.values()
    elif isinstance(item, (tuple, list, set, frozenset)):
        inside = item
    else:
        inside = vars(item).values() if hasattr(item, "__dict__") else ()
    return any(_hides(part, depth - 1) for part in inside)


def real(tree: Any) -> Any:
    """The results with real arrays."""
    if isinstance(tree, Traced):
        return tree.array
    if isinstance(tree, Variable) and isinstance(tree._array, Traced):
        array = tree._array.array
        return from_node(np.asarray(array) if isinstance(array, np.generic) else array, None)
    return _mapped(tree, real)


def _mapped(tree: Any, function: Any) -> Any:
    if tree.__class__ in (tuple, list):
        return tree.__class__([function(item) for item in tree])
    if tree.__class__ is dict:
        return {key: function(item) for key, item in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*[function(item) for item in tree])
    return tree
