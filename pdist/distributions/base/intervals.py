"""Probabilities of intervals, from the tails on the side where they are small."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable
from .batching import Batched


class Intervals(Batched):
    """What a distribution of numbers with tails knows of intervals.

    A subclass that knows better states ``_log_interval_probability(low, high)`` for low <= high.
    """

    def interval_probability(self: Any, low: Any, high: Any) -> Variable:
        """P(low < X <= high).

        If both ends lie in one tail it is a difference in that tail; if little lies outside, 1 less that.
        Neither is 1 - 1. What remains is the cancellation of two tails that agree in their first digits.

        Args:
            low: a Variable, array or number that broadcasts with the batch; may be -inf.
            high: another, may be inf; 0 is the answer where it is not greater than ``low``.

        Returns:
            A Variable of the broadcast shape of both ends and the batch.

        >>> from pdist.distributions import Logistic
        >>> d = Logistic(0.0, 1.0)
        >>> print(f"{d.interval_probability(50.0, 51.0).item():.3e}")
        1.219e-22
        """
        low, high = self._ends_of_interval(low, high, "interval_probability")
        with np.errstate(all="ignore"):
            if hasattr(self, "_log_interval_probability"):
                return _within(low, high, lambda *ends: F.exp(self._log_interval_probability(*ends)), 0.0)
            return _within(low, high, self._by_tails, 0.0)

    def log_interval_probability(self: Any, low: Any, high: Any) -> Variable:
        """log P(low < X <= high), also where that underflows: see :meth:`interval_probability`."""
        low, high = self._ends_of_interval(low, high, "log_interval_probability")
        with np.errstate(all="ignore"):
            return _within(
                low, high, getattr(self, "_log_interval_probability", self._by_log_tails), -math.inf
            )

    def _by_tails(self: Any, low: Variable, high: Variable) -> Variable:
        below, above = self._tail_within("cdf", low), self._tail_within("survival_function", high)
        outside = below + above
        central, upper = outside.array < 0.5, below.array > above.array
        large = F.where(upper, self._tail_within("survival_function", low), self._tail_within("cdf", high))
        return F.where(central, 1 - outside, large - F.where(upper, above, below))

    def _by_log_tails(self: Any, low: Variable, high: Variable) -> Variable:
        below, above = self._tail_within("log_cdf", low), self._tail_within("log_survival_function", high)
        upper = below.array > above.array
        small = F.where(upper, above, below)
        large = F.where(
            upper, self._tail_within("log_survival_function", low), self._tail_within("log_cdf", high)
        )
        outside = F.exp(below) + F.exp(above)
        central = outside.array < 0.5
        none = ~(small.array < large.array)  # or nan
        use = central | none
        by_difference = F.where(use, 0.0, large) + F.log1mexp(F.where(use, -1.0, small - large))
        y = F.where(central, F.log1p(-F.where(central, outside, 0.0)), by_difference)
        return F.where(none & ~central, F.where(small.array == large.array, -math.inf, small + large), y)

    def _tail_within(self: Any, tail: str, x: Variable) -> Variable:
        """A tail at x, a constant beyond the support, where derivatives may be 0 times infinity."""
        support, at = self.support, x.array
        above = (at > support.high) | (at == math.inf)
        inside = ~(above | (at < support.low) | (at == -math.inf))
        y = getattr(self, tail)(self._inside(x, inside))
        none, all_ = (-math.inf, 0.0) if tail.startswith("log") else (0.0, 1.0)
        beyond = self.xp.where(above == tail.endswith("cdf"), all_, none).astype(y.dtype)
        return F.where(inside, y, beyond)

    def _ends_of_interval(self: Any, low: Any, high: Any, method: str) -> tuple[Variable, Variable]:
        if self.event_shape or "cdf" not in self._formulas:
            raise self._no(method)
        return self._value(low, method, "low"), self._value(high, method, "high")


def nearest(x: Variable, low: Variable, high: Variable) -> Variable:
    """The number from ``low`` to ``high`` that is nearest to x, with the gradient of what it is."""
    return F.where(x.array < low.array, low, F.where(x.array > high.array, high, x))


def _within(low: Variable, high: Variable, probability: Any, none: float) -> Variable:
    """``probability(low, high)``, but ``none`` without gradients where high is not greater."""
    empty = high.array <= low.array
    y = probability(F.where(empty, -math.inf, low), F.where(empty, math.inf, high))
    return F.where(empty, none, y)
