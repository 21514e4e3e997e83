"""Detection of arrays that change between a forward and a backward pass.

Nodes and changes are numbered by one counter. An array that was changed after a node was made has the higher
number, so that a backward pass needs a single comparison in the usual case that nothing was changed.

Code that writes into the array of a Variable reports it (optimizers, the setter of ``Variable.array``).
Writes into an array that ``Variable.array`` handed out are detected by a checksum, taken when it is handed
out if a graph may have saved the array.
"""

from __future__ import annotations

import weakref
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from .graph import Node, next_serial

if TYPE_CHECKING:
    from .variable import Variable

changed = 0  # the number of the last change of any array
_SAMPLE = 2**15  # elements that a checksum covers, evenly spaced


class History:
    """The history of the array of a leaf, or of a node's output, by number.

    Attributes:
        written: when it was last changed in place: saved values are no longer valid.
        replaced: when the leaf got another array: saved values are still valid.
        reshaped: when it got one of another shape or dtype, so that older gradients do not fit.
        given: a weak reference to the array that was handed out.
        witnesses: when it was handed out, and its checksum then; the newest last.
    """

    __slots__ = ("given", "looked", "replaced", "reshaped", "witnesses", "written")

    def __init__(self) -> None:
        self.written = self.replaced = self.reshaped = self.looked = 0
        self.given: Any = None
        self.witnesses: list[tuple[int, int]] = []

    def settle(self) -> None:
        """Update ``written`` from the witnesses, because the array is about to be forgotten."""
        array = None if self.given is None else self.given()
        if array is not None:
            content = checksum(array)
            self.written = max([self.written, *(number for number, was in self.witnesses if was != content)])
        self.given = None
        self.witnesses.clear()

    def differs(self, saved: Any, serial: int) -> bool:
        """Whether a saved array was handed out and has changed since ``serial``."""
        array = None if self.given is None else self.given()
        if array is None or not (saved is array or np.may_share_memory(saved, array)):
            return False
        first = next((was for number, was in self.witnesses if number > serial), None)
        return first is not None and checksum(array) != first


def _history_of(owner: Any) -> History:
    found = getattr(owner, "_history", None)
    if found is None:
        found = owner._history = History()
    return found


def note_written(*leaves: Variable) -> None:
    """Record that the arrays of these leaves were changed in place.

    A backward pass through an older graph that saved such an array then fails, rather than mixing old and new
    values. Code that writes into parameters' arrays directly (an optimizer) calls this afterwards.
    """
    global changed
    changed = number = next_serial()
    for leaf in leaves:
        try:
            leaf._history.written = number
        except AttributeError:
            _history_of(leaf).written = number


def note_replaced(leaf: Variable, fits: bool) -> None:
    """Record that a leaf is about to get another array.

    Args:
        leaf: the leaf.
        fits: whether the new array has the same shape and dtype.
    """
    global changed
    changed = next_serial()
    history = _history_of(leaf)
    history.settle()
    history.replaced = changed
    if not fits:
        history.reshaped = changed


def note_handed_out(variable: Variable) -> None:
    """Remember the contents of a Variable's array, because the recipient may write into it."""
    global changed
    array = variable._array
    if not isinstance(array, np.ndarray):
        return  # on a device, reading the values would be a device sync
    history, number = _history_of(variable if variable._node is None else variable._node), next_serial()
    before, history.looked = history.looked, number
    if number == before + 1:
        return  # nothing was computed since it was handed out
    if history.given is None or history.given() is not array:
        history.settle()
        history.given = weakref.ref(array)
    content, witnesses = checksum(array), history.witnesses
    if witnesses and witnesses[-1][1] == content:
        witnesses[-1] = number, content
    else:
        witnesses.append((number, content))
        del witnesses[:-4]
    changed = number


def checksum(array: np.ndarray) -> int:
    """A checksum of an array; of a large one by a sample of its elements."""
    if array.size > _SAMPLE:
        array = array.reshape(-1) if array.flags.forc else array.ravel()
        array = array[:: array.size // _SAMPLE + 1]
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def check_unchanged(node: Node, create_graph: bool) -> None:
    """Raise an error if an array that a node saved was changed after the node was made.

    Args:
        node: a node with a lower number than :data:`changed`.
        create_graph: whether gradients get a graph: then the leaves themselves are used, not the saved
            arrays.

    Raises:
        RuntimeError: naming the op and the argument.
    """
    op: Any = node.op
    history = getattr(node, "_history", None)
    if history is not None and node.output is not None and history.differs(node.output, node.serial - 1):
        raise _stale(op, "the output", None, "was changed in place")
    for i, (edge, saved) in enumerate(zip(node.edges, node.args or (), strict=True)):
        history = getattr(edge, "_history", None)
        if edge is None or history is None:
            continue
        name = op.argument_name(i)
        if history.reshaped > node.serial:
            raise _stale(op, name, edge, "was given an array of another shape or dtype")
        if saved is edge:
            continue  # only its shape was used
        if history.differs(saved, node.serial):
            raise _stale(op, name, edge, "was changed in place")
        if not isinstance(edge, Node):
            copied = saved.dtype != edge._array.dtype  # in the dtype of the other arguments
            if history.written > node.serial and (create_graph or not copied):
                raise _stale(op, name, edge, "was changed in place")
            if create_graph and history.replaced > node.serial:
                raise _stale(op, name, edge, "was given another array")


def _stale(op: Any, argument: str, edge: Any, what: str) -> RuntimeError:
    called = getattr(edge, "name", None)
    return RuntimeError(
        f"backward: {argument} of {op.name!r}{f' ({called})' if called else ''} {what} after {op.name!r} was "
        "computed: its gradient would mix old and new values. Run backward before the update, or compute the "
        "output again; to keep the old values, compute with functions.copy of the argument"
    )


__all__ = ["check_unchanged", "note_handed_out", "note_replaced", "note_written"]
