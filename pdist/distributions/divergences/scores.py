"""The continuous ranked probability score by quadrature, or by a sum over counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable
from ..base.scores import estimates
from ..discrete.deterministic import Deterministic
from .estimates import expectation


class Away:
    """The distance from x, weighted, in place of the second distribution of an expectation.

    The integral of F^2 below x is E[2 (x - X) F(X); X < x], by parts, and that of (1 - F)^2 above it is
    likewise one of X beyond x. At a jump, F is the mean of both sides.
    """

    _is_function = True

    def __init__(self, d: Any, x: Variable) -> None:
        self.d, self.x = d, x

    def __getattr__(self, name: str) -> Any:
        return getattr(self.d, name)

    def _leaves(self) -> Any:
        yield from self.d._leaves()
        yield "x", self.x

    def _with_arrays(self, arrays: Any) -> Away:
        d = self.d._with_arrays(arrays)
        return Away(d, Variable(next(arrays), requires_grad=False))

    def _map(self, function: Any) -> Away:
        return Away(self.d._map(function), function(self.x, 0))

    def _unwrapped(self) -> Away:
        return Away(self.d._unwrapped(), self.x)

    def _components(self) -> list[Any]:
        return [*self.d._components(), Deterministic(self.x)]  # a panel has to end at x

    def log_prob(self, at: Any) -> Variable:
        at = as_variable(at)
        jump = 0.5 * self.d.prob(at) if self.d.support.discrete else 0.0
        above = at.array > self.x.array
        share = F.where(above, self.d.survival_function(at) + jump, self.d.cdf(at) - jump)
        return 2 * abs(at - self.x) * share


def crps_by_quadrature(d: Any, x: Variable) -> Variable:
    """2 E[|X - x| F(X) or, beyond x, |X - x| (1 - F(X))]."""
    shape = np.broadcast_shapes(x.shape, d.batch_shape)
    d, x = d.expand(shape), F.broadcast_to(x, shape)
    x = x if x.dtype == d.dtype else F.cast(x, d.dtype)
    y, _ = expectation(d, Away(d, x), "quadrature", lambda _, away: away, 0, None)
    return y


estimates["quadrature"] = crps_by_quadrature
