"""Draws from a mixture, and their gradients in its weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable, differentiable, force_backprop_mode, grad
from ..base.implicit import keep_place

_AT_ONCE = 2**17  # draws times components to process together


@differentiable
def draws_with_weights(xp, *arrays, mixture):
    """Draws (the first array) unchanged, with their gradients in the mixture's weights.

    This requires a table of draws and components, which is made in blocks, and only if a gradient is needed.
    """
    return arrays[0].copy()


def _rule(F, needs, g, arrays, mixture):
    if isinstance(g, Variable):  # the gradient is differentiated again
        x, *values = arrays
        with_respect_to = [v for v, need in zip(arrays, needs, strict=True) if need]
        y = _moved(_with(mixture, values), x, steps=2)
        found = iter(grad([y], with_respect_to, [g], enable_double_backprop=True))
        return [next(found) if need else None for need in needs]
    x, *values = arrays
    weights = needs[1 : 1 + len(list(mixture.mixture_distribution._leaves()))]
    d_weights = _by_weights(mixture, x, values, g) if any(weights) else None
    return [g, d_weights, *(F.xp.zeros_like(value) for value in values[1:])]


draws_with_weights.joint_derivative(_rule)


def _by_weights(mixture: Any, x: Any, values: list[Any], g: Any) -> Any:
    """The weights' gradient, in blocks. The other gradients cancel, since the draws carry them already."""
    tail = len(mixture.batch_shape) + len(mixture.event_shape)
    x, g = (a.reshape((-1, *a.shape[a.ndim - tail :])) for a in (x, g))
    step = max(1, _AT_ONCE // (math.prod(x.shape[1:]) * mixture.n_components))
    weights = Variable(values[0])
    total: Any = 0 * values[0]
    with force_backprop_mode():
        others = [Variable(value, requires_grad=False) for value in values[1:]]
        made = _with(mixture, [weights, *others])
        for i in range(0, len(x), step):
            y = _moved(made, Variable(x[i : i + step], requires_grad=False), steps=1)
            (found,) = grad([y], [weights], [Variable(g[i : i + step])])
            total = total if found is None else total + found.array
    return total


def _with(mixture: Any, values: Any) -> Any:
    """The mixture with other Variables in place of its parameters."""
    values = iter(values)

    def replace(value: Any, _n: int) -> Any:
        return next(values) if isinstance(value, Variable) else value._map(replace)

    return mixture._map(replace)


def _moved(mixture: Any, x: Variable, steps: int) -> Variable:
    """``x`` itself, with gradients in the weights.

    Each number keeps its conditional cdf given the previous numbers. The
    weights enter twice, once as they are and once held constant: the other gradients cancel, since the draws
    carry them already.
    """
    inner, n = mixture._numbers
    log_w = mixture.mixture_distribution.log_p
    held = as_variable(log_w.array)
    moved = []
    for element in np.ndindex(mixture.event_shape):
        component = inner[(..., *element)] if n else inner
        at = x[(..., *element)] if n else x
        to = keep_place(at, _place(component, log_w), _place(component, held), steps)
        moved.append(to)
        log_w, held = (
            log_w + component.log_prob(to[..., None]),
            held + component.log_prob(at[..., None]),
        )
    return F.stack(moved, axis=-1).reshape(x.shape) if n else moved[0]


def _place(components: Any, log_w: Variable) -> Any:
    """Log tails and log density of a mixture of numbers whose log-weights need not be normalized."""
    total = F.logsumexp(log_w, axis=-1)

    def place(x: Variable) -> tuple[Variable, ...]:
        x = x[..., None]
        parts = components.log_cdf(x), components.log_survival_function(x), components.log_prob(x)
        return tuple(F.logsumexp(log_w + part, axis=-1) - total for part in parts)

    return place
