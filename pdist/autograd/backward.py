"""Backward passes: the gradient flows from output to inputs, newest node first."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from heapq import heappop, heappush
from typing import Any

import numpy as np

from ..backend import Array
from .config import force_backprop_mode
from .op import Node, module_of, public, raw, zero
from .variable import Variable, from_node


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum ``g`` over the axes along which an array of ``shape`` was broadcast to its shape."""
    lead = g.ndim - len(shape)
    inner = tuple(lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1)
    if not inner:
        return g.sum(axis=tuple(range(lead)))
    g = g.sum(axis=(*range(lead), *inner), keepdims=True)
    return g.reshape(shape) if lead else g


class _Pass:
    """One backward pass.

    Args:
        create_graph: whether gradients are Variables with a graph of their own.
        retain: whether nodes keep what they saved.
        limit: the serials of the nodes to visit; None visits all.
    """

    def __init__(self, create_graph: bool, retain: bool, limit: set[int] | None = None) -> None:
        self.create_graph = create_graph
        self.retain = retain
        self.limit = limit
        self.heap: list[tuple[int, Node]] = []  # minus the serial, so that the newest comes first
        self.gradients: dict[int, Any] = {}  # by heap key, until the node is visited
        self.leaves: dict[int, Any] = {}  # by id: the leaf and its gradient
        self.owned: set[Any] = set()  # keys whose gradient is a sum of ours: these are added to in place
        self.visited: list[Node] = []

    def send(self, edge: Any, g: Any) -> None:
        """Add ``g`` to the gradient of ``edge``, a node or a leaf."""
        if g.shape != edge.shape:
            g = sum_to(g, edge.shape)
        if g.dtype is not edge.dtype and g.dtype != edge.dtype:
            g = public.cast(g, edge.dtype) if self.create_graph else g.astype(edge.dtype)
        if edge.__class__ is Node:
            key = -edge.serial
            known = self.gradients.get(key)
            if known is not None:
                self.gradients[key] = self.add(key, known, g)
            elif self.limit is None or edge.serial in self.limit:
                self.gradients[key] = g
                heappush(self.heap, (key, edge))
        else:
            found = self.leaves.get(id(edge))
            self.leaves[id(edge)] = (edge, g if found is None else self.add(edge, found[1], g))

    def add(self, key: Any, known: Any, g: Any) -> Any:
        """The sum of two gradients, in place where the first is a sum of ours already."""
        if self.create_graph:
            return known + g
        if key in self.owned:
            known += g
            return known
        total = known + g
        if total.ndim:
            self.owned.add(key)
        return total

    def run(self, retain_grad: bool = False) -> None:
        """Visit the nodes, newest first."""
        heap, gradients, leaves, visited = self.heap, self.gradients, self.leaves, self.visited
        limit, add = self.limit, self.add
        while heap:
            key, node = heappop(heap)
            g = gradients.pop(key)
            if retain_grad and (variable := node.variable()) is not None:
                variable._grad = g
            visited.append(node)
            F, y, args = self.context(node, g)
            if node.op.joint is not None:
                self.joint(node, F, g, y, args)
                continue
            for edge, (rule, names) in zip(node.edges, node.op.plan):  # noqa: B905
                if edge is None:
                    continue
                if names:
                    settings = node.settings
                    gi = rule(F, g, y, *args, **{name: settings[name] for name in names})
                else:
                    gi = rule(F, g, y, *args)
                self.send(edge, gi)

    def joint(self, node: Node, F: Any, g: Any, y: Any, args: Any) -> None:
        """Apply a rule that returns the gradients of all arguments."""
        op, edges = node.op, node.edges
        rule, names = op.plan[0]
        needs = tuple([edge is not None for edge in edges])
        settings = {name: node.settings[name] for name in names}
        answers = rule(F, needs, g, y, *((args,) if op.variadic else args), **settings)
        for i, (edge, gi) in enumerate(zip(edges, answers, strict=True)):
            if edge is not None and gi is not zero:
                if gi is None:
                    op.missing(i)()
                self.send(edge, gi)

    def context(self, node: Node, g: Any) -> tuple[Any, Any, Any]:
        """What the rules of a node are given: the namespace they compute in, the output and the arguments."""
        args, y, edges = node.args, node.output, node.edges
        if args is None:
            raise ValueError(
                f"backward: the graph at {node.op.name!r} was used by a former pass, which freed it; "
                "give that pass retain_graph=True"
            )
        if self.create_graph:
            F: Any = public
            args = [a if a is None or e is None else _variable(a, e) for a, e in zip(args, edges, strict=True)]
            y = None if y is None else from_node(y, node)
        else:
            F = raw(np if g.__class__ is np.ndarray else module_of(g))
        if not node.op.keep_all:
            args = [e if a is None else a for a, e in zip(args, edges, strict=True)]
        return F, node if y is None else y, args

    def free(self) -> None:
        """Let go of what the visited nodes saved."""
        if not self.retain:
            for node in self.visited:
                if node.op.saves:
                    node.args = node.output = None


def _variable(array: Any, edge: Any) -> Variable:
    """The Variable that an argument of a node was."""
    return edge if isinstance(edge, Variable) else from_node(array, edge)


def recording(on: bool) -> Any:
    """Whether what rules compute records a graph."""
    return force_backprop_mode() if on else nullcontext()


def own(g: Any, start: Any) -> Any:
    """A leaf's own gradient: never a view, nor an array that another leaf got too."""
    if g is start or getattr(g, "base", None) is not None:
        return g.copy()
    return g


def backward(
    output: Variable,
    retain_grad: bool = False,
    enable_double_backprop: bool = False,
    loss_scale: float | None = None,
    retain_graph: bool = False,
) -> None:
    """Add to every leaf's ``grad`` the gradient of this Variable, weighted by its own ``grad``.

    Args:
        output: where the pass begins.
        retain_grad: also set the gradients of what was computed on the way.
        enable_double_backprop: make the gradients Variables with a graph (``grad_var``), so that they can
            be differentiated again. Such gradients refer to the leaves that refer to them; ``cleargrad``
            breaks that cycle.
        loss_scale: a factor on the gradient that it begins with.
        retain_graph: keep what the graph saved, so that another backward pass can use it.

    Raises:
        ValueError: where it has more than one element and no ``grad`` was set, or where a former pass has
            used up the graph.
    """
    seed = _seed(output, loss_scale, enable_double_backprop)
    if output._node is None:
        if output._grad is None:
            output._grad = seed
        return
    engine = _Pass(enable_double_backprop, retain_graph or enable_double_backprop)
    engine.send(output._node, seed)
    with np.errstate(all="ignore"), recording(enable_double_backprop):
        engine.run(retain_grad)
        commit(engine, seed)
    engine.free()


def _seed(output: Variable, loss_scale: float | None, create_graph: bool) -> Any:
    """The gradient of the output that a pass begins with."""
    if output._node is None and not output.requires_grad:
        raise ValueError("backward: this Variable depends on nothing that requires a gradient")
    seed = output._grad
    if seed is None:
        if output._array.size != 1:
            raise ValueError(
                f"backward: the Variable has shape {output.shape}; only one element has a gradient of 1 to begin "
                "with: sum it, or set .grad first"
            )
        seed = _one(output._array)
    if loss_scale is not None:
        seed = seed * loss_scale
    if create_graph:
        return seed if isinstance(seed, Variable) else from_node(seed, None)
    return seed._array if isinstance(seed, Variable) else seed


_ONES = {np.dtype(t): np.ones((), t) for t in (np.float32, np.float64)}


def _one(array: Array) -> Array:
    """The gradient 1 of a one-element array."""
    if array.__class__ is np.ndarray and array.ndim == 0 and array.dtype in _ONES:
        return _ONES[array.dtype]
    return module_of(array).ones_like(array)


def commit(engine: _Pass, seed: Any) -> None:
    """Add what the pass found to the leaves' gradients, once nothing can fail any more."""
    taken: set[int] = set()
    for leaf, g in engine.leaves.values():
        if not engine.create_graph:
            if id(g) in taken:
                g = g.copy()
            else:
                g = own(g, seed)
            taken.add(id(g))
        known = leaf._grad
        if known is None:
            leaf._grad = g
        elif engine.create_graph:
            leaf._grad = known + g if isinstance(known, Variable) else from_node(known, None) + g
        else:
            leaf._grad = (known._array if isinstance(known, Variable) else known) + g


def grad(
    outputs: Variable | Sequence[Variable],
    inputs: Variable | Sequence[Variable],
    grad_outputs: Sequence[Any] | None = None,
    grad_inputs: Sequence[Any] | None = None,
    set_grad: bool = False,
    retain_grad: bool = False,
    enable_double_backprop: bool = False,
    loss_scale: float | None = None,
) -> list[Variable | None]:
    """The gradients of ``outputs`` with respect to ``inputs``, without touching anybody's ``.grad``.

    Args:
        outputs: what is differentiated, summed over the sequence.
        inputs: by what: leaves or Variables on the way.
        grad_outputs: a weight for each output, of its shape; ones where None.
        grad_inputs: gradients to add to the answers, one an input or None.
        set_grad: also store the answers in the inputs' ``grad``.
        retain_grad: also store the gradients met on the way.
        enable_double_backprop: give the answers a graph, so that they can be differentiated again.
        loss_scale: a factor on ``grad_outputs``.

    Returns:
        One Variable an input; None for an input that the outputs do not depend on.

    >>> import numpy as np, pdist
    >>> x = pdist.Variable(np.array(3.0))
    >>> (first,) = pdist.grad([x ** 3], [x], enable_double_backprop=True)
    >>> (second,) = pdist.grad([first], [x])
    >>> first.array, second.array
    (array(27.), array(18.))
    """
    outputs = [outputs] if isinstance(outputs, Variable) else list(outputs)
    inputs = [inputs] if isinstance(inputs, Variable) else list(inputs)
    targets = [v._node if v._node is not None else v for v in inputs]
    limit = _between(outputs, targets)
    engine = _Pass(enable_double_backprop, retain=True, limit=limit)
    answers: dict[int, Any] = {}
    wanted = {-t.serial for t in targets if isinstance(t, Node)}
    engine.gradients = _Watched(wanted, answers) if wanted else {}
    for i, output in enumerate(outputs):
        g = None if grad_outputs is None else grad_outputs[i]
        if g is None:
            g = module_of(output._array).ones_like(output._array)
        if loss_scale is not None:
            g = g * loss_scale
        if enable_double_backprop and not isinstance(g, Variable):
            g = from_node(g, None)
        elif not enable_double_backprop and isinstance(g, Variable):
            g = g._array
        edge = output._node if output._node is not None else output
        if edge.__class__ is Node or output.requires_grad:
            engine.send(edge, g)
    with np.errstate(all="ignore"), recording(enable_double_backprop):
        engine.run(retain_grad)
        results = [
            _answer(target, variable, engine, answers, None if grad_inputs is None else grad_inputs[i])
            for i, (target, variable) in enumerate(zip(targets, inputs, strict=True))
        ]
    if set_grad:
        for variable, result in zip(inputs, results, strict=True):
            variable._grad = result if enable_double_backprop or result is None else result._array
    return results


class _Watched(dict):
    """Gradients by serial that remember the finished ones of the nodes somebody asked for."""

    def __init__(self, wanted: set[int], answers: dict[int, Any]) -> None:
        super().__init__()
        self.wanted, self.answers = wanted, answers

    def pop(self, key: int, *default: Any) -> Any:
        value = super().pop(key, *default)
        if key in self.wanted:
            self.answers[key] = value
        return value


def _answer(target: Any, variable: Variable, engine: _Pass, answers: dict[int, Any], extra: Any) -> Variable | None:
    if isinstance(target, Node):
        g = answers.get(-target.serial)
    else:
        found = engine.leaves.get(id(target))
        g = None if found is None else found[1]
    if extra is not None:
        g = extra if g is None else g + extra
    if g is None:
        return None
    return g if isinstance(g, Variable) else from_node(g, None)


def _between(outputs: Sequence[Variable], targets: Sequence[Any]) -> set[int]:
    """The serials of the nodes on a way from an output back to a target."""
    goal = {id(t) for t in targets}
    order: list[Node] = []
    seen: set[int] = set()
    stack = [v._node for v in outputs if v._node is not None]
    while stack:
        node = stack.pop()
        if node.serial not in seen:
            seen.add(node.serial)
            order.append(node)
            stack.extend(edge for edge in node.edges if edge.__class__ is Node)
    order.sort(key=lambda node: node.serial)
    useful: set[int] = set()
    for node in order:
        if id(node) in goal or any(
            edge is not None and (id(edge) in goal or (edge.__class__ is Node and edge.serial in useful))
            for edge in node.edges
        ):
            useful.add(node.serial)
    return useful


Variable.backward = backward  # type: ignore[method-assign]

__all__ = ["backward", "grad", "sum_to"]
