"""The backward pass: gradients flow from an output to the leaves, newest node first.

A pass either computes with raw arrays or records a graph: then gradients are Variables, and ``wrap`` makes a
Variable from an array and a node. (This module cannot import that of Variable, whose ``backward`` calls it.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from typing import Any

import numpy as np

from ..backend import default_library, hooks, library_of
from . import changes
from .graph import Node
from .namespaces import public, raw
from .promotion import module_of, ndarray

Wrap = Callable[[Any, Any], Any] | None


class Zero:
    """A declared zero derivative: ``derivative(x=zero)``."""

    def __repr__(self) -> str:
        return "zero"


zero = Zero()


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum ``g`` over the axes along which an array of ``shape`` was broadcast to its shape."""
    if not shape:
        return _as_array(g.sum())
    lead = g.ndim - len(shape)
    inner = tuple(lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1)
    if not inner:
        return g.sum(axis=tuple(range(lead)))
    g = g.sum(axis=(*range(lead), *inner), keepdims=True)
    return g.reshape(shape) if lead else g


def _as_array(value: Any) -> Any:
    """NumPy's 0-d results are scalars; gradients must be arrays."""
    return np.asarray(value) if isinstance(value, np.generic) else value


_numpy_kernels = raw(np)


def propagate(
    pairs: Iterable[tuple[Any, Any]],
    wrap: Wrap,
    retain_graph: bool,
    through: set[Any] | None = None,
    on_visit: Callable[[Node, Any], None] | None = None,
) -> dict[Any, Any]:
    """Send gradients back through the graph, newest node first.

    Args:
        pairs: the nodes and leaves where gradients start, each with its gradient.
        wrap: makes gradients Variables with a graph of their own; None: they are raw arrays.
        retain_graph: whether nodes keep what they saved.
        through: the nodes and leaves whose gradients are wanted; None for all.
        on_visit: called with each node and its complete gradient.

    Returns:
        The gradient of each leaf that was reached.

    Raises:
        RuntimeError: if a leaf was changed after it was saved.
        ValueError: if a previous pass has freed the graph.
    """
    gradients: dict[Any, Any] = {}  # of the nodes in the heap and of the leaves
    heap: list[tuple[int, Node]] = []  # keyed by minus the serial, so that the newest comes first
    sums: set[Any] = set()  # edges whose gradient is a sum made here: further terms are added in place
    plain = raw(default_library().xp) if hooks.running else _numpy_kernels
    op = None
    create_graph, last_change = wrap is not None, -changes.changed
    while True:
        for edge, g in pairs:
            if edge is None or g is zero:
                continue
            if g.__class__ is not ndarray:
                g = _gradient(op, pairs, edge, g, wrap)
            like = edge if edge.__class__ is Node else edge._array
            if g.shape != like.shape:
                g = sum_to(g, like.shape)
            if g.dtype is not like.dtype and g.dtype != like.dtype:
                g = public.cast(g, like.dtype) if create_graph else g.astype(like.dtype)
            known = gradients.get(edge)
            if known is None:
                gradients[edge] = g
                if like is edge:
                    heappush(heap, (-edge.serial, edge))
            elif edge in sums:
                known += g
                gradients[edge] = known  # in a recording a 0-d sum is another object now
            elif create_graph:
                gradients[edge] = known + g
            else:
                gradients[edge] = _as_array(known + g)
                sums.add(edge)
        if not heap:
            return gradients
        key, node = heappop(heap)
        g = gradients.pop(node)
        if on_visit is not None:
            on_visit(node, g)
        op, edges, y, args = node.op, node.edges, node.output, node.args
        if through is not None:
            edges = tuple([edge if edge in through else None for edge in edges])
        if args is None:
            raise ValueError(
                f"backward: the graph at {op.name!r} was freed by a previous pass; "
                "give that pass retain_graph=True"
            )
        if key > last_change:  # the node is older
            changes.check_unchanged(node, create_graph)
        if wrap is not None:
            F: Any = public
            y, args = _variables(node, args, wrap)
        elif g.__class__ is ndarray:
            F = plain
        else:
            F = raw(module_of(g))
        pullback = op.pullback
        pairs = pullback(F, edges, g, node if y is None else y, args, node.settings)
        if op.saves and not retain_graph:
            node.args = node.output = None


def _gradient(op: Any, pairs: Any, edge: Any, g: Any, wrap: Wrap) -> Any:
    """A rule's result that is not a NumPy array: converted for the pass, or an error naming the rule."""
    if wrap is not None and is_variable(g):
        return g
    if isinstance(g, np.generic):
        g = np.asarray(g)
    if library_of(g) is not None:
        g = hooks.whole(g)
        return g if wrap is None else wrap(g, None)
    i = next(i for i, (e, answer) in enumerate(pairs) if e is edge and answer is g)
    if g is None:
        raise op.no_derivative(i)
    raise TypeError(
        f"{op.name}: the rule of {op.argument_name(i)} returned {type(g).__name__}; expected an array, "
        "computed with operators and functions of F"
    )


def is_variable(value: Any) -> bool:
    """Whether it is a Variable, judged by its attributes: see the module's docstring."""
    return hasattr(value, "_node") and hasattr(value, "_array")


def _variables(node: Node, args: tuple[Any, ...], wrap: Any) -> tuple[Any, tuple[Any, ...]]:
    """The output and the arguments of a node as the original Variables."""
    keep = node.op.keep * len(args) if node.op.variadic else node.op.keep
    y = None if node.output is None else wrap(node.output, node)
    triples = zip(args, keep, node.edges, strict=True)
    return y, tuple(
        [_variable(a, edge, wrap) if kept and edge is not None else a for a, kept, edge in triples]
    )


def _variable(array: Any, edge: Any, wrap: Any) -> Any:
    """The original Variable of a node's argument, in the dtype in which the kernel got it."""
    if edge.__class__ is Node:
        return wrap(array, edge)
    return edge if edge.dtype == array.dtype else public.cast(edge, array.dtype)


# Start and end of a pass -----------------------------------------------------------------------------------


def seed_of(output: Any, loss_scale: float | None) -> Any:
    """The initial gradient of a pass from ``output``: its own ``grad``, which may be a Variable, or 1."""
    if output._node is None and not output.requires_grad:
        raise ValueError("backward: this Variable does not depend on anything that requires a gradient")
    seed = output._grad
    if seed is None:
        array = output._array
        if array.size != 1:
            raise ValueError(
                f"backward: the Variable has shape {output.shape}; only a single element has an implicit "
                "gradient of 1: sum it, or set .grad first"
            )
        seed = (
            _ONES[array.dtype]
            if array.__class__ is ndarray and array.shape == ()
            else module_of(array).ones_like(array)
        )
    return seed if loss_scale is None else seed * loss_scale


class _Ones(dict):
    """The number 1 of each dtype."""

    def __missing__(self, dtype: np.dtype) -> ndarray:
        one = self[dtype] = np.ones((), dtype)
        return one


_ONES = _Ones()


def accumulate(leaves: dict[Any, Any], seed: Any, wrap: Wrap, copy: bool) -> None:
    """Add the result of a pass to the leaves' gradients, once nothing can fail any more.

    Each leaf gets its own array: not a view, nor the seed, nor the array of another leaf.

    Args:
        leaves: the leaves with their gradients.
        seed: the initial gradient of the pass.
        wrap: as in :func:`propagate`.
        copy: copy every gradient, since nodes keep them too.
    """
    taken = {id(seed if wrap is None else seed._array)}
    for leaf, g in leaves.items():
        g = own(g, taken, wrap, copy)
        known = leaf._grad
        if hooks.running:
            known = hooks.read(leaf, "_grad")
            hooks.assigned(leaf, "_grad")
        if known is None:
            leaf._grad = g
        elif wrap is not None:
            leaf._grad = known + g if is_variable(known) else wrap(known, None) + g
        else:
            leaf._grad = _as_array(getattr(known, "_array", known) + g)


def own(g: Any, taken: set[int], wrap: Wrap, copy: bool = False) -> Any:
    """A gradient whose array is neither a view nor in ``taken``, to which it is added."""
    array = g if wrap is None else g._array
    if copy or id(array) in taken or getattr(array, "base", None) is not None:
        array = array.copy()
        if wrap is None:
            g = array
        elif g._node is None and g.requires_grad:  # someone's leaf: the copy is computed from it
            g = public.copy(g)
            array = g._array
        else:
            g = wrap(array, g._node)
    taken.add(id(array))
    return g


__all__ = ["accumulate", "is_variable", "own", "propagate", "seed_of", "sum_to", "zero"]
