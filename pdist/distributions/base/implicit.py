"""Implicit gradients: how a value moves with the parameters at a constant cdf."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...backend import get_array_module

#: of x: log P(X <= x), log P(X > x) and log p(x)
Place = Callable[[Variable], tuple[Variable, Variable, Variable]]


def keep_place(x: Variable, place: Place, held: Place, steps: int = 2) -> Variable:
    r"""``x`` itself, with the gradients of a value whose cdf stays constant while the parameters change.

    .. math:: \frac{dx}{d\theta} = -\frac{\partial F(x; \theta)}{\partial\theta} \Big/ p(x; \theta)

    They are those of Newton steps on the logarithm of the smaller tail, which also work far out in a tail.

    Args:
        x: values, of any shape that both functions accept.
        place: the tails and the density as functions of the parameters whose gradients are wanted.
        held: the same with those parameters held constant. Gradients that ``x`` already has, or that
            flow through both functions, cancel.
        steps: the order of derivatives: 1 for the first only, 2 for the second too.

    Returns:
        A Variable equal to ``x``, with derivatives.

    Source:
        Figurnov, Mohamed and Mnih, "Implicit Reparameterization Gradients" (2018).
    """
    lower, upper, _ = held(x)
    above = lower.array > upper.array
    target = F.where(above, upper, lower)
    return solve(x, lambda at: _smaller(place, at, above), target, above, steps)


def searched_quantile(found: Any, inside: Any, start: Any, p: Variable, place: Place) -> Variable:
    """Quantiles that a search found, with the gradients of p and of the parameters where they are ``inside``.

    Args:
        found: the quantiles of p, an array.
        inside: where they carry gradients: not at the ends.
        start: the same, with numbers inside the support in place of the others.
        p: probabilities.
        place: the tails and the density.
    """
    p = F.where(inside, p, 0.5)
    above = p.array > 0.5
    target = F.where(above, F.log1p(-F.where(above, p, 0.0)), F.log(F.where(above, 1.0, p)))
    x = solve(as_variable(start), lambda at: _smaller(place, at, above), target, above)
    return F.where(inside, found + (x - F.where(inside, x.array, 0.0).array), found)


def solve(
    x: Variable,
    tail: Callable[[Variable], tuple[Variable, Variable]],
    target: Variable,
    above: Any,
    steps: int = 2,
) -> Variable:
    """Newton steps from a root: they do not change its value, but each adds one order of derivatives.

    Args:
        x: roots (or nearly) of ``tail(x)[0] = target``.
        tail: a log tail, and the logarithm of its relative slope.
        target: the target of the log tail.
        above: where the tail is the upper one, which decreases in x.
        steps: the number of steps.
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
