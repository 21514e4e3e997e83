"""The graph: what ops record, and what has become of the leaves since.

Nodes and changes of leaves are counted by one counter. A leaf whose array was changed after a node has a higher
number than the node, so that a backward pass sees with one comparison whether anything it saved is of before.
"""

from __future__ import annotations

import math
import zlib
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backend import Array

if TYPE_CHECKING:
    from .op import Op
    from .variable import Variable

next_serial = count(1).__next__


class Node:
    """One application of an op in a graph.

    Attributes:
        edges: for each array argument the Node that made it, the leaf Variable it is, or None if no gradient
            goes there.
        args: for each argument the raw array if a rule names it, else its edge, which has the shape and dtype;
            None once a backward pass has used them up.
        output: the raw output if a rule names it.
        grad: the gradient, if a backward pass was told to retain it.
        serial: counts upwards, so that a node has a higher one than all that led to it.
    """

    __slots__ = ("args", "dtype", "edges", "grad", "op", "output", "serial", "settings", "shape")

    op: Op
    edges: tuple[Node | Variable | None, ...]
    args: tuple[Any, ...] | None
    settings: dict[str, Any] | None
    output: Array | None
    grad: Any
    shape: tuple[int, ...]
    dtype: np.dtype
    serial: int

    @property
    def ndim(self) -> int:
        """The number of axes of the output."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements of the output."""
        return math.prod(self.shape)

    @property
    def label(self) -> str:
        """The op's name."""
        return self.op.name

    def cut(self, leaf: Variable | None = None) -> None:
        """Forget what led here; what comes back in a backward pass ends at ``leaf``."""
        self.op = _CUT  # type: ignore[assignment]
        self.edges = self.args = (leaf,)
        self.output = self.settings = None

    def cut_all(self) -> None:
        """Cut this node and all before it off from what led to them."""
        stack = [self]
        while stack:
            node = stack.pop()
            stack.extend(edge for edge in node.edges if edge.__class__ is Node)
            node.cut()


class _Cut:
    """The op of a node that was cut: the gradient goes through."""

    name = "identity"
    variadic = saves = False
    keep = (False,)

    @staticmethod
    def pullback(F: Any, edges: Any, g: Any, y: Any, args: Any, settings: Any) -> Any:
        return ((edges[0], g),)


_CUT = _Cut()


class Like:
    """What a rule gets for ``like_x`` if x has no edge: its shape and dtype."""

    __slots__ = ("dtype", "ndim", "shape", "size")

    def __init__(self, array: Any) -> None:
        self.shape: tuple[int, ...] = getattr(array, "shape", ())
        self.dtype = getattr(array, "dtype", None)
        self.ndim, self.size = len(self.shape), math.prod(self.shape)


# Leaves that change ----------------------------------------------------------------------------------------

changed = 0  # the number of the last change of any leaf
_SAMPLE = 65536  # elements of an array that are looked at


class History:
    """When the array of a leaf was last changed, by number.

    Attributes:
        written: in place: what was saved of it is no longer what it was.
        replaced: by another array: what was saved of it still is.
        reshaped: by one of another shape or dtype, which its old gradients do not fit.
        witnesses: pairs of a number and what the array held then, newest last. They are taken if somebody is
            given the raw array, who may write into it unseen.
    """

    __slots__ = ("looked", "replaced", "reshaped", "witnesses", "written")

    def __init__(self) -> None:
        self.written = self.replaced = self.reshaped = self.looked = 0
        self.witnesses: list[tuple[int, int]] = []


def history_of(leaf: Variable) -> History:
    """The history of a leaf, begun if it has none."""
    found = getattr(leaf, "_history", None)
    if found is None:
        found = leaf._history = History()
    return found


def note_written(*leaves: Variable) -> None:
    """Tell the graphs made so far that the arrays of these leaves were changed in place.

    A backward pass through one that saved such an array fails then, rather than mix old values with new ones.
    Whoever writes into parameters without their knowing (an optimizer) calls this once it is done.
    """
    global changed
    changed = next_serial()
    for leaf in leaves:
        history_of(leaf).written = changed


def note_replaced(leaf: Variable, fits: bool) -> None:
    """Tell the graphs made so far that a leaf has another array, of the same shape and dtype if it ``fits``."""
    global changed
    changed = next_serial()
    history = history_of(leaf)
    history.replaced = changed
    history.witnesses.clear()
    if not fits:
        history.reshaped = changed


def note_handed_out(leaf: Variable) -> None:
    """Remember what the array of a leaf holds, which somebody gets who may write into it."""
    global changed
    history, number = history_of(leaf), next_serial()
    before, history.looked = history.looked, number
    if number == before + 1:
        return  # nothing was recorded since it was last asked
    content = fingerprint(leaf._array)
    if content is None:
        return
    witnesses = history.witnesses
    if witnesses and witnesses[-1][1] == content:
        witnesses[-1] = number, content
    else:
        witnesses.append((number, content))
        del witnesses[:-4]
    changed = number


def fingerprint(array: Any) -> int | None:
    """A checksum of a NumPy array, of some of its elements if it is large; None for an array on a device."""
    if not isinstance(array, np.ndarray):
        return None
    if array.size > _SAMPLE:
        array = array.reshape(-1) if array.flags.forc else array.ravel()
        array = array[:: array.size // _SAMPLE + 1]
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8))


def check_unchanged(node: Node, create_graph: bool) -> None:
    """Refuse to differentiate a node if a leaf that it needs was changed after it was made.

    Args:
        node: a node with a lower number than :data:`changed`.
        create_graph: whether gradients get a graph: then the leaves themselves are used.

    Raises:
        RuntimeError: naming the op and the argument.
    """
    op: Any = node.op
    for i, leaf in enumerate(node.edges):
        history = None if leaf is None or leaf.__class__ is Node else getattr(leaf, "_history", None)
        if history is None:
            continue
        if history.reshaped > node.serial:
            raise _stale(op, i, leaf, "was given an array of another shape or dtype")
        if not op.keep[0 if op.variadic else i]:
            continue
        if history.written > node.serial or _differs(leaf, history, node.serial):
            raise _stale(op, i, leaf, "was changed in place")
        if create_graph and history.replaced > node.serial:
            raise _stale(op, i, leaf, "was given another array")


def _differs(leaf: Any, history: History, serial: int) -> bool:
    """Whether the array holds something else than when it was first handed out after ``serial``."""
    for number, content in history.witnesses:
        if number > serial:
            return fingerprint(leaf._array) != content
    return False


def _stale(op: Any, i: int, leaf: Any, what: str) -> RuntimeError:
    called = f" ({leaf.name})" if leaf.name else ""
    return RuntimeError(
        f"backward: {op.argument_name(i)} of {op.name!r}{called} {what} after {op.name!r} was computed, so that "
        "its gradient would mix old and new values. Run backward before the update, or compute the output "
        "again; to keep the old values, compute with a copy (functions.copy)"
    )


__all__ = ["Node", "check_unchanged", "next_serial", "note_handed_out", "note_replaced", "note_written"]
