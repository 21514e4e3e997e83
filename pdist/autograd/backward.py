"""Backward passes: the gradient flows from output to inputs, newest node first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from heapq import heappop, heappush
from typing import Any

import numpy as np

from ..backend import Array, default_library, hooks, library_of
from .config import force_backprop_mode
from .op import Node, module_of, ndarray, public, raw, zero
from .variable import Variable, from_node


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
    """NumPy's 0-d results are scalars; gradients are arrays."""
    return np.asarray(value) if isinstance(value, np.generic) else value


_numpy_kernels = raw(np)


def propagate(
    pairs: Iterable[tuple[Any, Any]],
    create_graph: bool,
    retain_graph: bool,
    through: set[Any] | None = None,
    on_visit: Callable[[Node, Any], None] | None = None,
) -> dict[Variable, Any]:
    """Send gradients back through the graph, newest node first.

    Args:
        pairs: the nodes and leaves where they begin, each with its gradient.
        create_graph: whether gradients are Variables with a graph of their own; else they are raw arrays.
        retain_graph: whether nodes keep what they saved.
        through: the nodes and leaves that gradients are wanted for; None stands for all.
        on_visit: told each node and its complete gradient.

    Returns:
        The gradient of each leaf that was reached.
    """
    gradients: dict[Any, Any] = {}  # of the nodes in the heap and of the leaves
    heap: list[tuple[int, Node]] = []  # minus the serial, so that the newest comes first
    sums: set[Any] = set()  # whose gradient is a sum made here: more is added in place
    plain = raw(default_library().xp) if hooks.running else _numpy_kernels
    op = None
    while True:
        for edge, g in pairs:
            if edge is None or g is zero:
                continue
            if g.__class__ is not ndarray:
                g = _gradient(op, pairs, edge, g, create_graph)
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
        node = heappop(heap)[1]
        g = gradients.pop(node)
        if on_visit is not None:
            on_visit(node, g)
        op, edges, y, args = node.op, node.edges, node.output, node.args
        if through is not None:
            edges = tuple([edge if edge in through else None for edge in edges])
        if args is None:
            raise ValueError(
                f"backward: the graph at {op.name!r} was used by a former pass, which freed it; "
                "give that pass retain_graph=True"
            )
        if create_graph:
            F: Any = public
            y, args = _variables(node, args)
        elif g.__class__ is ndarray:
            F = plain
        else:
            F = raw(module_of(g))
        pullback = op.pullback
        pairs = pullback(F, edges, g, node if y is None else y, args, node.settings)
        if op.saves and not retain_graph:
            node.args = node.output = None


def _gradient(op: Any, pairs: Any, edge: Any, g: Any, create_graph: bool) -> Any:
    """What a rule answered, where it is no NumPy array: as the pass wants it, or an error naming the rule."""
    if create_graph and isinstance(g, Variable):
        return g
    if library_of(g) is not None:
        g = hooks.whole(g)
        return from_node(g, None) if create_graph else g
    if isinstance(g, np.generic):
        return from_node(np.asarray(g), None) if create_graph else np.asarray(g)
    i = next(i for i, (e, answer) in enumerate(pairs) if e is edge and answer is g)
    if g is None:
        raise op.no_derivative(i)
    raise TypeError(
        f"{op.name}: the rule of {op.argument_name(i)} returned {type(g).__name__}; expected an array, "
        "computed with operators and functions of F"
    )


def _variables(node: Node, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """The output and the arguments of a node as the Variables that they were."""
    keep = node.op.keep * len(args) if node.op.variadic else node.op.keep
    y = None if node.output is None else from_node(node.output, node)
    triples = zip(args, keep, node.edges, strict=True)
    return y, tuple([_variable(a, edge) if kept and edge is not None else a for a, kept, edge in triples])


def _variable(array: Any, edge: Any) -> Variable:
    """The Variable that an argument of a node was, in the dtype in which the kernel got it."""
    if edge.__class__ is Node:
        return from_node(array, edge)
    return edge if edge.dtype == array.dtype else public.cast(edge, array.dtype)


@np.errstate(all="ignore")  # as a decorator: entered with ``with`` it takes twice the time
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
    seed = _seed(output, loss_scale)
    if output._node is None:
        if output._grad is None:
            if hooks.running:
                hooks.assigned(output, "_grad")
            output._grad = seed.copy()
        return
    on_visit = _retain if retain_grad else None
    if enable_double_backprop:
        with force_backprop_mode():
            leaves = propagate(((output._node, from_node(seed, None)),), True, True, None, on_visit)
            _accumulate(leaves, seed, True, retain_grad)
    else:
        leaves = propagate(((output._node, seed),), False, retain_graph, None, on_visit)
        _accumulate(leaves, seed, False, retain_grad)


def _retain(node: Node, g: Any) -> None:
    node.grad = g


def _seed(output: Variable, loss_scale: float | None) -> Array:
    """The gradient of the output that a pass begins with."""
    if output._node is None and not output.requires_grad:
        raise ValueError("backward: this Variable depends on nothing that requires a gradient")
    seed = output._grad
    if seed is None:
        array = output._array
        if array.size != 1:
            raise ValueError(
                f"backward: the Variable has shape {output.shape}; only one element has a gradient of 1 to "
                "begin with: sum it, or set .grad first"
            )
        seed = (
            _ONES[array.dtype]
            if array.__class__ is ndarray and array.shape == ()
            else module_of(array).ones_like(array)
        )
    elif isinstance(seed, Variable):
        seed = seed._array
    return seed if loss_scale is None else seed * loss_scale


class _Ones(dict):
    """The number 1 of each dtype."""

    def __missing__(self, dtype: np.dtype) -> np.ndarray:
        one = self[dtype] = np.ones((), dtype)
        return one


_ONES = _Ones()


def _accumulate(leaves: dict[Variable, Any], seed: Array, create_graph: bool, copy: bool) -> None:
    """Add what a pass found to the leaves' gradients, now that nothing can fail any more.

    Each gets an array of its own: not a view, nor the seed, nor what another leaf got.
    """
    taken = {id(seed)}
    for leaf, g in leaves.items():
        g = _own(g, taken, copy)
        known = leaf._grad
        if hooks.running:
            known = hooks.read(leaf, "_grad")
            hooks.assigned(leaf, "_grad")
        if known is None:
            leaf._grad = g
        elif create_graph:
            leaf._grad = known + g if isinstance(known, Variable) else from_node(known, None) + g
        else:
            leaf._grad = _as_array((known._array if isinstance(known, Variable) else known) + g)


def _own(g: Any, taken: set[int], copy: bool = False) -> Any:
    """A gradient whose array is no view and not in ``taken``, which it joins."""
    array = g._array if isinstance(g, Variable) else g
    if copy or id(array) in taken or getattr(array, "base", None) is not None:
        array = array.copy()
        g = from_node(array, g._node) if isinstance(g, Variable) else array
    taken.add(id(array))
    return g


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
    weights = _listed("grad_outputs", grad_outputs, outputs)
    extras = _listed("grad_inputs", grad_inputs, inputs)
    targets = [_edge(variable) for variable in inputs]
    through = _between([_edge(output) for output in outputs], targets)
    starts = [
        edge if (edge := _edge(output)) in through and output.requires_grad else None for output in outputs
    ]
    wanted: dict[Any, Any] = {}

    def note(node: Node, g: Any) -> None:
        if retain_grad:
            node.grad = g
        if node in goals:
            wanted[node] = g

    goals = set(targets)
    with np.errstate(all="ignore"), force_backprop_mode() if enable_double_backprop else nullcontext():
        seeds = [
            _output_gradient(output, weight, loss_scale, enable_double_backprop)
            for output, weight in zip(outputs, weights, strict=True)
        ]
        wanted |= propagate(
            tuple(zip(starts, seeds, strict=True)), enable_double_backprop, True, through, note
        )
        taken = {id(seed) for seed in seeds}
        results = [
            _answer(wanted.get(target), extra, taken) for target, extra in zip(targets, extras, strict=True)
        ]
    if set_grad:
        for variable, result in zip(inputs, results, strict=True):
            if hooks.running:
                hooks.assigned(variable, "_grad")
            variable._grad = result if enable_double_backprop or result is None else result._array
    return results


def _listed(name: str, given: Sequence[Any] | None, beside: Sequence[Variable]) -> Sequence[Any]:
    """One gradient (or None) for each Variable of ``beside``, its shape checked."""
    given = [None] * len(beside) if given is None else [given] if isinstance(given, Variable) else list(given)
    if len(given) != len(beside):
        raise ValueError(
            f"grad: expected one of {name} for each of {len(beside)} Variables, got {len(given)}"
        )
    for i, (g, variable) in enumerate(zip(given, beside, strict=True)):
        if g is not None and getattr(g, "shape", None) != variable.shape:
            raise ValueError(
                f"grad: {name}[{i}] has shape {getattr(g, 'shape', None)}; expected its Variable's, "
                f"{variable.shape}"
            )
    return given


def _edge(variable: Variable) -> Any:
    """What stands for a Variable in a graph: the node that computed it, or the leaf itself."""
    return variable if variable._node is None else variable._node


def _output_gradient(output: Variable, weight: Any, loss_scale: float | None, create_graph: bool) -> Any:
    """The gradient that an output begins with."""
    if weight is None:
        weight = module_of(output._array).ones_like(output._array)
    if loss_scale is not None:
        weight = weight * loss_scale
    if create_graph:
        return weight if isinstance(weight, Variable) else from_node(weight, None)
    return weight._array if isinstance(weight, Variable) else weight


def _answer(g: Any, extra: Any, taken: set[int]) -> Variable | None:
    """The gradient of one input, with what is to be added to it, as a Variable with an array of its own."""
    if extra is not None:
        if g is not None and not isinstance(g, Variable):
            extra = extra._array if isinstance(extra, Variable) else extra
        g = extra if g is None else g + extra
    if g is None:
        return None
    return _own(g if isinstance(g, Variable) else from_node(_as_array(g), None), taken)


def _between(starts: Sequence[Any], targets: Sequence[Any]) -> set[Any]:
    """The nodes and leaves on a way from a start back to a target, both included."""
    seen: set[Any] = set()
    stack = list(starts)
    while stack:
        edge = stack.pop()
        if edge is not None and edge not in seen:
            seen.add(edge)
            if edge.__class__ is Node:
                stack.extend(edge.edges)
    through = {target for target in targets if target in seen}
    for node in sorted((edge for edge in seen if edge.__class__ is Node), key=lambda node: node.serial):
        if not through.isdisjoint(node.edges):
            through.add(node)
    return through


Variable.backward = backward  # type: ignore[method-assign, assignment]

__all__ = ["backward", "grad", "propagate", "sum_to"]
