"""Triggers: functions of the trainer that tell when something is due."""

from __future__ import annotations

import copy
import math
import operator
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from ..checks import check_size
from ..reporter import DictSummary


def get_trigger(trigger: Any) -> Any:
    """The trigger for a ``trigger=`` argument.

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


class _Scheduled:
    """A trigger at points of the run: it compares the current position with that of its last call.

    It need not be called in every step, and may be called several times in one: it accounts for all steps
    since it was last called in another one.
    """

    def __init__(self, unit: str) -> None:
        self.unit = _check_unit(type(self).__name__, unit)
        self._asked: float | None = None
        self._before: float | None = None  # the position of the call before that one

    def _interval(self, trainer: Any) -> tuple[float | None, float]:
        """The position at the last call in another step (None before the first step), and the current one."""
        updater = trainer.updater
        now = updater.iteration if self.unit == "iteration" else updater.epoch_detail
        if now != self._asked:
            if self._asked is not None and self._asked < now:
                self._before = self._asked
            elif self.unit == "iteration":
                self._before = now - 1 if now > 0 else None
            else:
                self._before = updater.previous_epoch_detail
            self._asked = now
        return self._before, now

    def serialize(self, serializer: Any) -> None:
        """Save or load the positions of its calls."""
        self._asked = serializer("asked", self._asked)
        self._before = serializer("before", self._before)


def _exact(number: float) -> Fraction:
    """The simple fraction that a float approximates: 1/10 for 0.1; its exact value if there is none."""
    simple = Fraction(number).limit_denominator(10**6)
    return simple if float(simple) == float(number) else Fraction(number)


def _periods(position: float, period: Fraction) -> int:
    """The number of completed periods at a position that may be some ulps too small."""
    return math.floor((Fraction(position) + 4 * Fraction(math.ulp(position))) / period)


class IntervalTrigger(_Scheduled):
    """Fires every ``period`` epochs or iterations: in the first step at or after each multiple.

    Args:
        period: number of units; fractions are allowed: with 0.1 epochs it fires ten times per epoch.
        unit: ``"epoch"`` or ``"iteration"``.

    Raises:
        ValueError: if the period is not a positive finite number, or the unit is another.
    """

    def __init__(self, period: float, unit: str) -> None:
        super().__init__(unit)
        self.period = period
        if not 0 < period < math.inf:
            raise ValueError(f"{type(self).__name__}: period is {period!r}; expected a positive number")

    def __call__(self, trainer: Any) -> bool:
        before, now = self._interval(trainer)
        period = _exact(self.period)
        return before is not None and _periods(before, period) != _periods(now, period)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.period!r}, {self.unit!r})"


class ReachedTrigger(IntervalTrigger):
    """Fires always from ``period`` epochs or iterations on, which also ends a run that was resumed late."""

    def __call__(self, trainer: Any) -> bool:
        updater = trainer.updater
        now = updater.iteration if self.unit == "iteration" else updater.epoch_detail
        return _periods(now, _exact(self.period)) > 0

    def serialize(self, serializer: Any) -> None:
        """Nothing to save: it depends only on the position."""


class ManualScheduleTrigger(_Scheduled):
    """Fires at the given epochs or iterations: in the first step at or after each.

    Args:
        points: a number or several.
        unit: ``"epoch"`` or ``"iteration"``.
    """

    def __init__(self, points: float | Iterable[float], unit: str) -> None:
        super().__init__(unit)
        self.points = [points] if isinstance(points, (int, float)) else [float(point) for point in points]

    def __call__(self, trainer: Any) -> bool:
        before, now = self._interval(trainer)
        if before is None:
            return False
        return any(not _passed(before, point) and _passed(now, point) for point in self.points)


def _passed(position: float, point: float) -> bool:
    return point <= 0 or _periods(position, _exact(point)) > 0


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
    """Averages a reported value between the firings of its inner trigger."""

    def __init__(self, key: str, trigger: Any) -> None:
        self.key = key
        self._interval = get_trigger(trigger)
        self._summary = DictSummary()
        self._iteration = 0

    def _mean(self, trainer: Any) -> float | None:
        """The mean since the last firing; None if it does not fire now or nothing was reported."""
        if trainer.updater.iteration == self._iteration:
            return None  # called twice in one iteration
        self._iteration = trainer.updater.iteration
        if self.key in trainer.observation:
            self._summary.add({self.key: trainer.observation[self.key]})
        if not self._interval(trainer):
            return None
        found = self._summary.compute_mean().get(self.key)
        self._summary = DictSummary()
        return found

    def __getstate__(self) -> dict[str, Any]:
        """A copy accumulates on its own."""
        return {
            **self.__dict__,
            "_summary": copy.copy(self._summary),
            "_interval": copy.copy(self._interval),
        }

    def serialize(self, serializer: Any) -> None:
        """Save or load the running mean."""
        self._iteration = serializer("iteration", self._iteration)
        self._summary.serialize(serializer["summary"])
        if hasattr(self._interval, "serialize"):
            self._interval.serialize(serializer["interval"])


class BestValueTrigger(_Watching):
    """Fires when a reported value is the best so far; nan never is.

    Args:
        key: its name: ``"validation/main/loss"``.
        compare: ``compare(best, new)`` tells whether the new one is better.
        trigger: when to check it.
    """

    def __init__(
        self, key: str, compare: Callable[[float, float], bool], trigger: Any = (1, "epoch")
    ) -> None:
        super().__init__(key, trigger)
        self._better = compare
        self.best_value: float | None = None

    def __call__(self, trainer: Any) -> bool:
        value = self._mean(trainer)
        if value is None or math.isnan(value):  # nothing could ever be better than nan
            return False
        best = self.best_value
        if best is not None and not math.isnan(best) and not self._better(best, value):
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
        super().__init__(key, operator.gt, trigger)


class MaxValueTrigger(BestValueTrigger):
    """Fires when a reported value is the greatest so far."""

    def __init__(self, key: str, trigger: Any = (1, "epoch")) -> None:
        super().__init__(key, operator.lt, trigger)


class EarlyStoppingTrigger(_Watching):
    """A stop trigger: fires when a reported value has not improved for some time.

    Args:
        check_trigger: when to check it.
        monitor: its name.
        patience: it fires at the ``patience``-th check in a row without an improvement; nan is never
            one.
        mode: ``"min"`` or ``"max"``: which is better; ``"auto"`` uses max for accuracies.
        max_trigger: the latest end.
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
        self.patience = check_size("EarlyStoppingTrigger", "patience", patience)
        self._sign = -1.0 if mode == "max" or (mode == "auto" and "accuracy" in monitor) else 1.0
        self._end = stop_trigger(max_trigger)
        self.best_value: float | None = None
        self.count = 0

    def __call__(self, trainer: Any) -> bool:
        value = self._mean(trainer)
        if value is not None:
            best = self.best_value
            first = (best is None or math.isnan(best)) and not math.isnan(value)
            if first or (best is not None and self._sign * value < self._sign * best):
                self.best_value, self.count = value, 0
            else:
                self.count += 1
        return self.count >= self.patience or self._end(trainer)

    def serialize(self, serializer: Any) -> None:
        """Save or load the best value and the number of checks since."""
        super().serialize(serializer)
        self.best_value = serializer("best_value", self.best_value)
        self.count = serializer("count", self.count)


def stop_trigger(trigger: Any) -> Any:
    """The trigger for a ``stop_trigger=`` argument: a pair is the latest end; None is never."""
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
