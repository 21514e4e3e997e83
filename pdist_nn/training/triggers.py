"""Triggers: functions of the trainer that say when something is due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import Any

from pdist_nn.reporter import DictSummary


def get_trigger(trigger: Any) -> Any:
    """What a ``trigger=`` argument stands for.

    Args:
        trigger: None (never), a pair of period and unit, or a function of the trainer.

    >>> get_trigger((2, "epoch"))
    IntervalTrigger(2, 'epoch')
    """
    if trigger is None:
        return _never
    if isinstance(trigger, (tuple, list)) and len(trigger) == 2:
        return IntervalTrigger(*trigger)
    if not callable(trigger):
        raise TypeError(f"trigger: got {trigger!r}; expected (period, 'epoch' or 'iteration') or a function")
    return trigger


def _never(trainer: Any) -> bool:
    return False


def _check_unit(who: str, unit: str) -> str:
    if unit not in ("epoch", "iteration"):
        raise ValueError(f"{who}: unit is {unit!r}; expected 'epoch' or 'iteration'")
    return unit


class IntervalTrigger:
    """Fires every ``period`` epochs or iterations.

    Args:
        period: how many; a fraction of an epoch is allowed.
        unit: ``"epoch"`` or ``"iteration"``.
    """

    def __init__(self, period: float, unit: str) -> None:
        self.period, self.unit = period, _check_unit("IntervalTrigger", unit)
        if not period > 0:
            raise ValueError(f"IntervalTrigger: period is {period!r}; expected a positive number")

    def __call__(self, trainer: Any) -> bool:
        updater = trainer.updater
        if self.unit == "iteration":
            return updater.iteration > 0 and updater.iteration % self.period == 0
        before = updater.previous_epoch_detail
        return before is not None and before // self.period != updater.epoch_detail // self.period

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.period!r}, {self.unit!r})"


class ReachedTrigger(IntervalTrigger):
    """Fires from ``period`` epochs or iterations on, always: what ends a run that was resumed late, too."""

    def __call__(self, trainer: Any) -> bool:
        updater = trainer.updater
        return (updater.iteration if self.unit == "iteration" else updater.epoch_detail) >= self.period


class ManualScheduleTrigger:
    """Fires at the given epochs or iterations.

    Args:
        points: a number or several.
        unit: ``"epoch"`` or ``"iteration"``.
    """

    def __init__(self, points: float | Sequence[float], unit: str) -> None:
        self.points = list(points) if isinstance(points, Sequence) else [points]
        self.unit = _check_unit("ManualScheduleTrigger", unit)

    def __call__(self, trainer: Any) -> bool:
        updater = trainer.updater
        if self.unit == "iteration":
            return updater.iteration in self.points
        before = updater.previous_epoch_detail
        return before is not None and any(before < point <= updater.epoch_detail for point in self.points)


class OnceTrigger:
    """Fires at the first step of a run."""

    def __init__(self) -> None:
        self._done = False

    def __call__(self, trainer: Any) -> bool:
        fire, self._done = not self._done, True
        return fire

    def serialize(self, serializer: Any) -> None:
        """Save or load whether it has fired."""
        self._done = serializer("done", self._done)


class _Watching:
    """Averages a reported value between the times its inner trigger fires."""

    def __init__(self, key: str, trigger: Any) -> None:
        self.key = key
        self._interval = get_trigger(trigger)
        self._summary = DictSummary()
        self._iteration = 0

    def _mean(self, trainer: Any) -> float | None:
        """The mean since the last time; None between times and where nothing was reported."""
        if trainer.updater.iteration == self._iteration:
            return None  # asked twice in one iteration
        self._iteration = trainer.updater.iteration
        if self.key in trainer.observation:
            self._summary.add({self.key: trainer.observation[self.key]})
        if not self._interval(trainer):
            return None
        found = self._summary.compute_mean().get(self.key)
        self._summary = DictSummary()
        return found

    def serialize(self, serializer: Any) -> None:
        """Save or load the running mean."""
        self._iteration = serializer("iteration", self._iteration)
        self._summary.serialize(serializer["summary"])
        if hasattr(self._interval, "serialize"):
            self._interval.serialize(serializer["interval"])


class BestValueTrigger(_Watching):
    """Fires when a reported value is the best so far.

    Args:
        key: its name: ``"validation/main/loss"``.
        compare: ``compare(best, new)`` says whether the new one is better.
        trigger: how often it is looked at.
    """

    def __init__(
        self, key: str, compare: Callable[[float, float], bool], trigger: Any = (1, "epoch")
    ) -> None:
        super().__init__(key, trigger)
        self._better = compare
        self.best_value: float | None = None

    def __call__(self, trainer: Any) -> bool:
        value = self._mean(trainer)
        if value is None or not (self.best_value is None or self._better(self.best_value, value)):
            return False
        self.best_value = value
        return True

    def serialize(self, serializer: Any) -> None:
        """Save or load the best value."""
        super().serialize(serializer)
        self.best_value = serializer("best_value", self.best_value)


class MinValueTrigger(BestValueTrigger):
    """Fires when a reported value is the least so far: ``snapshot``'s trigger for the best model."""

    def __init__(self, key: str, trigger: Any = (1, "epoch")) -> None:
        super().__init__(key, lambda best, new: new < best, trigger)


class MaxValueTrigger(BestValueTrigger):
    """Fires when a reported value is the greatest so far."""

    def __init__(self, key: str, trigger: Any = (1, "epoch")) -> None:
        super().__init__(key, lambda best, new: new > best, trigger)


class EarlyStoppingTrigger(_Watching):
    """A stop trigger: fires when a reported value has not got better for some time.

    Args:
        check_trigger: how often it is looked at.
        monitor: its name.
        patience: how many looks without an improvement are allowed.
        mode: ``"min"`` or ``"max"``: what is better; ``"auto"`` takes max for accuracies.
        max_trigger: the end at the latest.
    """

    def __init__(
        self,
        check_trigger: Any = (1, "epoch"),
        monitor: str = "main/loss",
        patience: int = 3,
        mode: str = "auto",
        max_trigger: Any = (100, "epoch"),
    ) -> None:
        super().__init__(monitor, check_trigger)
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"EarlyStoppingTrigger: mode is {mode!r}; expected 'auto', 'min' or 'max'")
        self.patience = patience
        self._sign = -1.0 if mode == "max" or (mode == "auto" and "accuracy" in monitor) else 1.0
        self._end = stop_trigger(max_trigger)
        self.best_value: float | None = None
        self.count = 0

    def __call__(self, trainer: Any) -> bool:
        value = self._mean(trainer)
        if value is not None:
            if self._sign * value < (inf if self.best_value is None else self._sign * self.best_value):
                self.best_value, self.count = value, 0
            else:
                self.count += 1
        return self.count > self.patience or self._end(trainer)

    def serialize(self, serializer: Any) -> None:
        """Save or load the best value and how long ago it was."""
        super().serialize(serializer)
        self.best_value = serializer("best_value", self.best_value)
        self.count = serializer("count", self.count)


def stop_trigger(trigger: Any) -> Any:
    """What a ``stop_trigger=`` argument stands for: a pair is when to stop at the latest; None is never."""
    if isinstance(trigger, (tuple, list)) and len(trigger) == 2:
        return ReachedTrigger(*trigger)
    return get_trigger(trigger)


__all__ = [
    "BestValueTrigger",
    "EarlyStoppingTrigger",
    "IntervalTrigger",
    "ManualScheduleTrigger",
    "MaxValueTrigger",
    "MinValueTrigger",
    "OnceTrigger",
    "ReachedTrigger",
    "get_trigger",
]
