"""Implicit gradients: how a value moves with parameters if it keeps its place in the cdf."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ... import functions as F
from ...autograd import Variable
from ...backend import get_array_module

#: of x: log P(X <= x), log P(X > x) and log p(x)
Place = Callable[[Variable], tuple[Variable, Variable, Variable]]


def keep_place(x: Variable, place: Place, held: Place, steps: int = 2) -> Variable:
    r"""``x`` itself, with the gradients of a value that keeps its place while parameters move.

    .. math:: \frac{dx}{d\theta} = -\frac{\partial F(x; \theta)}{\partial\theta} \Big/ p(x; \theta)

    They are those of Newton's steps on the logarithm of the smaller tail, so that values far out in a tail
    have them too.

    Args:
        x: values, of any shape that both functions take.
        place: the tails and the density as functions of the parameters that gradients are wanted for.
        held: the same numbers with those parameters held fixed. Gradients that ``x`` has already, or that
            flow through both functions, cancel.
        steps: as many as derivatives are wanted: 1 for the first alone, 2 for the second too.

    Returns:
        A Variable equal to ``x``, with derivatives.

    Source:
        Figurnov, Mohamed and Mnih, "Implicit Reparameterization Gradients" (2018).
    """
    lower, upper, _ = held(x)
    above = lower.array > upper.array
    target = F.where(above, upper, lower)
    return solve(x, lambda at: _smaller(place, at, above), target, above, steps)


def solve(
    x: Variable,
    tail: Callable[[Variable], tuple[Variable, Variable]],
    target: Variable,
    above: Any,
    steps: int = 2,
) -> Variable:
    """Newton's steps from a root: they change nothing, but each brings one more order of derivatives.

    Args:
        x: roots of ``tail(x)[0] = target``, or nearly.
        tail: a log tail, and the logarithm of its relative slope.
        target: what the log tail is to be.
        above: where the tail is the upper one, which falls as x grows.
        steps: how many.
    """
    for _ in range(steps):
        y, log_slope = tail(x)
        usable = (abs(log_slope.array) < math.inf) & (get_array_module(x).exp(-log_slope.array) < math.inf)
        step = F.where(usable, y - target, 0.0) * F.exp(-F.where(usable, log_slope, 0.0))
        x = x + F.where(above, step, -step)
    return x


def _smaller(place: Place, x: Variable, above: Any) -> tuple[Variable, Variable]:
    lower, upper, log_density = place(x)
    y = F.where(above, upper, lower)
    return y, log_density - y
