"""The graph: what an op records for a backward pass."""

from __future__ import annotations

import math
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
        edges: for each array argument, the Node that computed it, the leaf Variable that it is, or None if it
            needs no gradient.
        args: for each argument, the raw array if a rule names it, else its edge, which has the shape and
            dtype; None once a backward pass has freed them.
        output: the raw output if a rule names it.
        grad: the gradient, if a backward pass was told to retain it.
        serial: a counter, so that a node has a higher one than all its ancestors.
    """

    __slots__ = ("_history", "args", "dtype", "edges", "grad", "op", "output", "serial", "settings", "shape")

    op: Op
    edges: tuple[Node | Variable | None, ...]
    args: tuple[Any, ...] | None
    settings: dict[str, Any] | None
    output: Array | None
    grad: Any
    shape: tuple[int, ...]
    dtype: np.dtype
    serial: int
    _history: Any  # see changes.py; there is none unless the output was handed out

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
        """Detach it from its ancestors; a backward pass ends here, at ``leaf``."""
        self.op = _CUT  # type: ignore[assignment]
        self.edges = self.args = (leaf,)
        self.output = self.settings = None

    def cut_all(self) -> None:
        """Cut this node and all its ancestors."""
        stack = [self]
        while stack:
            node = stack.pop()
            stack.extend(edge for edge in node.edges if edge.__class__ is Node)
            node.cut()


class _Cut:
    """The op of a node that was cut: it passes the gradient on."""

    name = "identity"
    variadic = saves = False
    keep = (False,)

    @staticmethod
    def pullback(F: Any, edges: Any, g: Any, y: Any, args: Any, settings: Any) -> Any:
        return ((edges[0], g),)


_CUT = _Cut()


class Like:
    """The ``like_x`` of a rule if x has no edge: its shape and dtype."""

    __slots__ = ("dtype", "ndim", "shape", "size")

    def __init__(self, array: Any) -> None:
        self.shape: tuple[int, ...] = getattr(array, "shape", ())
        self.dtype = getattr(array, "dtype", None)
        self.ndim, self.size = len(self.shape), math.prod(self.shape)


__all__ = ["Like", "Node", "next_serial"]
