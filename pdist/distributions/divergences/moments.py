"""Moments by quadrature, or by a sum over counts."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.constants import LARGEST
from ...numerics.double import is_double
from ..base.moments import estimates
from .estimates import expectation


class Power:
    """(X - c)^n in place of the second distribution of an expectation, whose log density it answers for."""

    _is_function = True

    def __init__(self, d: Any, n: int, central: bool) -> None:
        self.d, self.n, self.central = d, n, central

    def __getattr__(self, name: str) -> Any:
        return getattr(self.d, name)

    def _with_arrays(self, arrays: Any) -> Power:
        return Power(self.d._with_arrays(arrays), self.n, self.central)

    def _map(self, function: Any) -> Power:
        return Power(self.d._map(function), self.n, self.central)

    def _unwrapped(self) -> Power:
        return Power(self.d._unwrapped(), self.n, self.central)

    def log_prob(self, x: Any) -> Variable:
        x = as_variable(x)
        away = x - self.d.mean if self.central else x
        most = LARGEST[is_double(away)] ** (0.5 / max(self.n, 1))  # beyond it a slope might overflow
        return F.where(abs(away.array) < most, away, 0.0) ** self.n


def moment_by_quadrature(p: Any, n: int, central: bool) -> Variable:
    """E[X^n] or E[(X - E[X])^n]; inf or nan if the estimate of its error is infinite."""
    y, error = expectation(p, Power(p, n, central), "quadrature", lambda _, power: power, 0, None)
    sided = (n % 2 == 0) | (p.xp.asarray(p.support.low) > -math.inf)
    return F.where(error < math.inf, y, p.xp.where(sided, math.inf, math.nan).astype(y.dtype))


estimates["quadrature"] = moment_by_quadrature
