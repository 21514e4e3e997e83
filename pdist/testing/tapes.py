"""A stand-in for CUDA graphs: NumPy calls that are recorded, undone, and repeated at each launch.

As on a GPU, captured calls are not executed at first; at each launch every call reads and writes the memory
that it had at the capture, whatever lies there by then. Calls that CuPy does not allow in a capture raise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

#: Functions that use cuBLAS in CuPy, which does not allow them in a capture.
PRODUCTS = frozenset(("matmul", "dot", "einsum", "tensordot", "inner", "vdot"))
#: The number of arrays from which CuPy's ``concatenate`` copies their addresses from the host.
MANY = 9

current: Tape | None = None


class Tape:
    """The calls of one capture.

    Attributes:
        calls: functions with their arguments, and the arrays that got their results.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[Callable[..., Any], Any, Any, list[np.ndarray]]] = []
        self._before: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._states: dict[int, tuple[Any, Any]] = {}
        self._made: dict[int, np.ndarray] = {}

    def note(self, function: Callable[..., Any], args: Any, kwargs: Any, wrap: Callable[[Any], Any]) -> Any:
        """Execute a call for the shape of its result, and record it."""
        for array in arrays_in((args, kwargs)):
            owner = owner_of(array)
            if id(owner) not in self._before and id(owner) not in self._made:
                self._before[id(owner)] = owner, owner.copy()
        result = wrap(function(*args, **kwargs))
        places = list(arrays_in(result))
        for place in places:
            owner = owner_of(place)
            if id(owner) not in self._before:
                self._made[id(owner)] = owner
        self.calls.append((function, args, kwargs, places))
        return result

    def keep_state(self, generator: Any) -> None:
        """Remember the state of a random generator."""
        self._states.setdefault(id(generator), (generator, generator.bit_generator.state))

    def undo(self) -> None:
        """Restore everything; new arrays have no contents yet."""
        for owner, values in self._before.values():
            owner[...] = values
        for generator, state in self._states.values():
            generator.bit_generator.state = state
        for owner in self._made.values():
            owner[...] = np.array(113).astype(owner.dtype)

    def launch(self) -> None:
        """Execute all calls."""
        with np.errstate(all="ignore"):
            for function, args, kwargs, places in self.calls:
                found = arrays_in(function(*args, **kwargs))
                for place, array in zip(places, found, strict=True):
                    if not np.may_share_memory(place, array):
                        place[...] = array


def arrays_in(tree: Any) -> Iterator[np.ndarray]:
    """The arrays in nested tuples, lists, dicts and slices; a NumPy scalar counts as one."""
    if isinstance(tree, (np.ndarray, np.generic)):
        yield np.asarray(tree)
    elif hasattr(tree, "_host"):
        yield tree._host
    elif isinstance(tree, (tuple, list)):
        for item in tree:
            yield from arrays_in(item)
    elif isinstance(tree, dict):
        yield from arrays_in(tuple(tree.values()))
    elif isinstance(tree, slice):
        yield from arrays_in((tree.start, tree.stop, tree.step))


def owner_of(array: np.ndarray) -> np.ndarray:
    """The array whose memory an array is a view of."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def refused(what: str) -> None:
    """Raise an error for a device sync during a capture."""
    if current is not None:
        raise RuntimeError(f"{what}: operation not permitted when stream is capturing")


class Graphs:
    """Captures on the stand-in.

    Args:
        functions: the replacements of functions in a capture, by name.
        like: makes an array like another.
    """

    def __init__(self, functions: dict[str, Callable[..., Any]], like: Callable[[Any], Any]) -> None:
        self.functions, self.like = functions, like
        self.captures = 0

    def capture(self, function: Callable[[], Any]) -> tuple[Any, Callable[[], None]]:
        """Call a function, and undo what it did.

        Returns:
            What it returned, and a function that repeats what it did.
        """
        global current
        tape = current = Tape()
        try:
            result = function()
        finally:
            current = None
            tape.undo()
        self.captures += 1
        return result, tape.launch
