"""Gradients against central finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..backend import to_cpu
from .config import no_backprop_mode
from .gradients import grad
from .variable import Variable, as_array

Values = list[Any]


def check_gradients(
    f: Callable[..., Any],
    inputs: Any,
    order: int = 2,
    eps: float = 1e-5,
    atol: float = 1e-6,
    rtol: float = 1e-5,
    directions: int = 2,
    rng: Any = 0,
) -> None:
    """Compare the gradients of ``f`` with central finite differences along random directions, in float64.

    The outputs are summed with random weights. Along a direction d, one input at a time, the gradient's
    product with d is compared with ``(f(x + eps d) - f(x - eps d)) / (2 eps)``. The second order does the
    same for the gradient, which must not depend on whether it has a graph of its own.

    Args:
        f: a function of Variables that returns a Variable or several.
        inputs: its arguments, arrays or Variables: one or a sequence. Floating ones are taken in float64 and
            differentiated, integer and bool ones are passed unchanged.
        order: the highest derivative to check.
        eps: the step of the finite differences, times ``max(1, |x|)`` for each element x.
        atol: the allowed absolute error, times the sum of the weights.
        rtol: the allowed relative error.
        directions: the number of random directions to check each input along.
        rng: a generator or seed.

    Raises:
        AssertionError: if they differ; names the input, the element that differs most, and both values.

    >>> import numpy as np
    >>> check_gradients(lambda a, b: a * a / b, [np.ones(3), np.arange(1.0, 4.0)])
    """
    values = _prepared(inputs)
    rng = np.random.default_rng(rng)
    for k in range(1, order + 1):
        _check(f, values, k, eps, atol, rtol, directions, rng)
        f = _Gradient(f, _weights(f, values, rng))


def _prepared(inputs: Any) -> Values:
    """The inputs as raw arrays, floating ones in float64."""
    if isinstance(inputs, Variable) or not isinstance(inputs, Sequence):
        inputs = [inputs]
    arrays = [as_array(x.array if isinstance(x, Variable) else x) for x in inputs]
    return [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]


def _tuple(outputs: Any) -> tuple[Variable, ...]:
    return (outputs,) if isinstance(outputs, Variable) else tuple(outputs)


def _weights(f: Callable[..., Any], values: Values, rng: Any) -> Values:
    """Random weights of the shapes of the floating outputs of ``f``; None for the others."""
    with no_backprop_mode():
        outputs = _tuple(f(*_variables(values)))
    return [
        y.xp.asarray(rng.uniform(0.5, 1.5, y.shape) * rng.choice([-1, 1], y.shape))
        if y.dtype.kind == "f"
        else None
        for y in outputs
    ]


def _variables(values: Values) -> list[Variable]:
    return [Variable(a) for a in values]


def _weighted(outputs: tuple[Variable, ...], weights: Values) -> Variable | None:
    """The sum of all outputs times their weights; None if none has a gradient."""
    total: Any = None
    for y, w in zip(outputs, weights, strict=True):
        if w is not None and y.requires_grad:
            term = (y * w).sum()
            total = term if total is None else total + term
    return total


def _nothing(v: Variable) -> Variable:
    """The gradient in ``v`` of an output that does not depend on it."""
    return Variable(v.xp.zeros_like(v.array), requires_grad=False)


class _Gradient:
    """The gradients of ``f``, its outputs weighted, as a function of the floating inputs."""

    def __init__(self, f: Callable[..., Any], weights: Values) -> None:
        self.f, self.weights = f, weights

    def __call__(self, *variables: Variable, graph: bool = True) -> tuple[Variable, ...]:
        wanted = [v for v in variables if v.dtype.kind == "f"]
        inner = self.f(*variables)
        total = _weighted(_tuple(inner), self.weights)
        if total is None:
            return tuple([_nothing(v) for v in wanted])
        found = grad([total], wanted, enable_double_backprop=graph)
        return tuple([_nothing(v) if g is None else g for v, g in zip(wanted, found, strict=True)])


def _check(
    f: Any, values: Values, order: int, eps: float, atol: float, rtol: float, directions: int, rng: Any
) -> None:
    weights = _weights(f, values, rng)
    with_graph = [to_cpu(g.array) for g in _Gradient(f, weights)(*_variables(values))]
    plain = [to_cpu(g.array) for g in _Gradient(f, weights)(*_variables(values), graph=False)]
    wanted = [i for i, a in enumerate(values) if a.dtype.kind == "f"]

    def total(i: int, moved: Any) -> float:
        moved = [moved if j == i else a for j, a in enumerate(values)]
        outputs = _tuple(f(*_variables(moved)))
        return sum(
            float((to_cpu(y.array) * to_cpu(w)).sum())
            for y, w in zip(outputs, weights, strict=True)
            if w is not None
        )

    def slope(i: int, direction: np.ndarray) -> float:
        """The derivative along ``direction``, by finite differences."""
        x = values[i]
        step = eps * np.maximum(1, abs(to_cpu(x))) * direction
        moves = [x + type_like(x, sign * step) for sign in (1, -1)]
        return (total(i, moves[0]) - total(i, moves[1])) / (2 * eps)

    for i, got, other in zip(wanted, plain, with_graph, strict=True):
        who = f"check_gradients: order {order}, input {i}"
        scale = np.maximum(1, abs(to_cpu(values[i])))
        if got.shape != values[i].shape:
            raise AssertionError(f"{who}: got a gradient of shape {got.shape}, expected {values[i].shape}")
        _require_equal(who, got, other, atol, rtol)
        for _ in range(directions if got.size else 0):
            direction = rng.choice([-1.0, 1.0], got.shape) * rng.uniform(0.5, 1, got.shape)
            along = got * scale * direction
            expected = slope(i, direction)
            if not abs(along.sum() - expected) <= atol + rtol * abs(along).sum():
                _blame(who, got, scale, lambda d, i=i: slope(i, d), expected, along.sum(), atol, rtol)


def type_like(x: Any, step: np.ndarray) -> Any:
    """``step`` as an array of the library of ``x``."""
    return Variable(x).xp.asarray(step)


def _require_equal(who: str, plain: np.ndarray, with_graph: np.ndarray, atol: float, rtol: float) -> None:
    wrong = ~np.isclose(plain, with_graph, rtol=rtol, atol=atol, equal_nan=True)
    if wrong.any():
        index = tuple(np.argwhere(wrong)[0].tolist())
        raise AssertionError(
            f"{who}, index {index}: a backward pass gives {plain[index]}, one with enable_double_backprop "
            f"{with_graph[index]}"
        )


def _blame(
    who: str, got: np.ndarray, scale: Any, slope: Any, expected: float, along: float, atol: float, rtol: float
) -> None:
    """Report the element of the gradient that is furthest from its own finite difference."""
    worst, blamed = -1.0, None
    for index in np.ndindex(got.shape):
        direction = np.zeros(got.shape)
        direction[index] = 1
        difference = slope(direction) / np.broadcast_to(scale, got.shape)[index]
        error = abs(got[index] - difference) / (atol + rtol * abs(difference))
        if not np.isfinite(got[index]):
            error = np.inf
        if error > worst:
            worst, blamed = error, (index, difference)
    index, difference = blamed or ((0,) * got.ndim, expected)
    raise AssertionError(
        f"{who}, index {index}: got {got[index]}, expected {difference} by finite differences of the "
        f"weighted sum of outputs; along a random direction got {along}, expected {expected}"
    )
