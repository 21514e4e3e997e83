"""Learning-rate schedules: functions of the update count whose value multiplies the learning rate.

>>> import pdist_nn
>>> model = pdist_nn.links.Linear(2, 1)
>>> optimizer = pdist_nn.optimizers.Adam(1e-3).setup(model)
>>> _ = optimizer.add_hook(LearningRateSchedule(CosineDecay(1000)))
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any


def _positive(who: str, steps: float) -> float:
    if not 0 < steps < math.inf:
        raise ValueError(f"{who}: steps is {steps!r}; expected a positive number")
    return steps


class CosineDecay:
    """Decrease from 1 to ``end`` along half a cosine, over ``steps`` updates.

    Args:
        steps: its number of updates.
        end: the factor from then on.

    Raises:
        ValueError: if ``steps`` is not a positive number.

    >>> decay = CosineDecay(100)
    >>> decay(0), decay(50), decay(100), decay(1000)
    (1.0, 0.5, 0.0, 0.0)
    """

    def __init__(self, steps: int, end: float = 0.0) -> None:
        self.steps, self.end = _positive("CosineDecay", steps), end

    def __call__(self, t: int) -> float:
        done = min(t / self.steps, 1.0)
        return self.end + (1 - self.end) * 0.5 * (1 + math.cos(math.pi * done))


class ExponentialDecay:
    """Smooth decay by a factor of ``rate`` every ``steps`` updates.

    Args:
        rate: the factor, at least 0.
        steps: the number of updates per factor.

    Raises:
        ValueError: if one of them is out of range.

    >>> decay = ExponentialDecay(0.25, 100)
    >>> decay(0), decay(50), decay(100)
    (1.0, 0.5, 0.25)
    """

    def __init__(self, rate: float, steps: int = 1) -> None:
        if not 0 <= rate < math.inf:
            raise ValueError(f"ExponentialDecay: rate is {rate!r}; expected a number of at least 0")
        self.rate, self.steps = rate, _positive("ExponentialDecay", steps)

    def __call__(self, t: int) -> float:
        try:
            return float(self.rate) ** (t / self.steps)
        except OverflowError:
            return math.inf


class PiecewiseConstant:
    """``values[i]`` from the i-th boundary on, with one more value than boundaries.

    Args:
        boundaries: update counts, in ascending order.
        values: the factors before, between and after them.

    Raises:
        ValueError: if the boundaries are not in order, or the values are too few or too many.

    >>> [PiecewiseConstant([10, 20], [1, 0.1, 0.01])(t) for t in (0, 9, 10, 20)]
    [1, 1, 0.1, 0.01]
    """

    def __init__(self, boundaries: Sequence[int], values: Sequence[float]) -> None:
        if len(values) != len(boundaries) + 1:
            raise ValueError(
                f"PiecewiseConstant: {len(boundaries)} boundaries need {len(boundaries) + 1} values, got "
                f"{len(values)}"
            )
        if list(boundaries) != sorted(boundaries):
            raise ValueError(f"PiecewiseConstant: boundaries are {list(boundaries)}; expected them in order")
        self.boundaries, self.values = list(boundaries), list(values)

    def __call__(self, t: int) -> float:
        return self.values[bisect_right(self.boundaries, t)]


class Warmup:
    """Linear increase from near 0 to 1 over ``steps`` updates, then ``after(t - steps)``.

    Args:
        steps: its number of updates; 0 for none.
        after: another schedule; 1 if None.

    >>> [Warmup(4)(t) for t in range(5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """

    def __init__(self, steps: int, after: Callable[[int], float] | None = None) -> None:
        self.steps, self.after = steps, after

    def __call__(self, t: int) -> float:
        if t < self.steps:
            return (t + 1) / self.steps
        return 1.0 if self.after is None else self.after(t - self.steps)


class LearningRateSchedule:
    """A hook that sets the learning rate before every update to ``schedule(t)`` times its initial value.

    Args:
        schedule: a function of the number of updates done.
        attr: the hyperparameter; by default the optimizer's learning rate.
    """

    name = "LearningRateSchedule"
    on_host = True  # it computes with Python numbers: a trace calls it as a whole

    def __init__(self, schedule: Callable[[int], float], attr: str | None = None) -> None:
        self.schedule, self.attr = schedule, attr
        self.base: float | None = None

    def __call__(self, optimizer: Any) -> None:
        attr = self.attr or optimizer.rate
        if self.base is None:
            self.base = getattr(optimizer, attr)
        setattr(optimizer, attr, self.base * self.schedule(optimizer.t))

    def serialize(self, serializer: Any) -> None:
        """Save or load the initial rate."""
        self.base = serializer("base", self.base)
