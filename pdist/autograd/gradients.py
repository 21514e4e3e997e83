"""``pdist.grad``: gradients of some Variables with respect to others, without changing any ``grad``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from ..backend import hooks
from .backward import own, propagate
from .config import force_backprop_mode
from .graph import Node
from .promotion import module_of
from .variable import Variable, as_variable, from_node


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
    """The gradients of ``outputs`` with respect to ``inputs``, without changing any ``.grad``.

    Args:
        outputs: the Variables to differentiate, summed over the sequence.
        inputs: the Variables to differentiate with respect to: leaves or intermediate results.
        grad_outputs: a weight for each output, of its shape; None for ones.
        grad_inputs: gradients to add to the results, one per input or None.
        set_grad: also store the results in the inputs' ``grad``.
        retain_grad: also store the gradients of intermediate results.
        enable_double_backprop: give the results a graph, so that they can be differentiated again.
        loss_scale: a factor on ``grad_outputs``.

    Returns:
        One Variable per input; None for an input that the outputs do not depend on.

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
        wrap = from_node if enable_double_backprop else None
        wanted |= propagate(tuple(zip(starts, seeds, strict=True)), wrap, True, through, note)
        taken = {id(getattr(seed, "_array", seed)) for seed in seeds}
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
    """The edge that represents a Variable in a graph: the node that computed it, or the leaf itself."""
    return variable if variable._node is None else variable._node


def _output_gradient(output: Variable, weight: Any, loss_scale: float | None, create_graph: bool) -> Any:
    """The initial gradient of an output."""
    if weight is None:
        weight = module_of(output._array).ones_like(output._array)
    if loss_scale is not None:
        weight = weight * loss_scale
    if create_graph:
        return weight if isinstance(weight, Variable) else from_node(weight, None)
    return weight._array if isinstance(weight, Variable) else weight


def _answer(g: Any, extra: Any, taken: set[int]) -> Variable | None:
    """The gradient of one input plus ``extra``, as a Variable with its own array."""
    if extra is not None:
        if g is not None and not isinstance(g, Variable):
            extra = extra._array if isinstance(extra, Variable) else extra
        g = extra if g is None else g + extra
    if g is None:
        return None
    return own(g if isinstance(g, Variable) else as_variable(g), taken, from_node)


def _between(starts: Sequence[Any], targets: Sequence[Any]) -> set[Any]:
    """The nodes and leaves on a path from a start back to a target, both included."""
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


__all__ = ["grad"]
