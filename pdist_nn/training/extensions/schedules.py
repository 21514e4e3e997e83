"""Extensions that change or report an optimizer's hyperparameters."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...reporter import report
from ..extension import PRIORITY_WRITER, Extension, make_extension


class _Shift(Extension):
    """Sets a hyperparameter of the main optimizer."""

    def __init__(self, attr: str, optimizer: Any) -> None:
        self._attr, self._optimizer = attr, optimizer
        self._t = 0

    def _chosen(self, trainer: Any) -> Any:
        return self._optimizer or trainer.updater.get_optimizer("main")

    def serialize(self, serializer: Any) -> None:
        """Save or load the number of calls."""
        self._t = serializer("t", self._t)


class ExponentialShift(_Shift):
    """Multiplies a hyperparameter by ``rate`` at each call.

    Args:
        attr: its name: ``"alpha"`` of Adam, ``"lr"`` of SGD.
        rate: the factor.
        init: its initial value; by default the current one.
        target: a bound of the same sign as ``init``, which is never passed.
        optimizer: the optimizer; by default the updater's main one.

    Raises:
        ValueError: if the rate is negative, or the value moves away from the target's sign.
    """

    trigger = (1, "epoch")

    def __init__(
        self,
        attr: str,
        rate: float,
        init: float | None = None,
        target: float | None = None,
        optimizer: Any = None,
    ) -> None:
        super().__init__(attr, optimizer)
        if not rate >= 0:
            raise ValueError(f"ExponentialShift: rate is {rate!r}; expected a number of at least 0")
        self._rate, self._init, self._target = rate, init, target
        self._check_target()

    def _check_target(self) -> None:
        if self._init is not None and self._target is not None and self._init * self._target < 0:
            raise ValueError(
                f"ExponentialShift: target is {self._target!r}, which {self._init!r} never reaches by "
                "multiplication; expected one of the same sign"
            )

    def initialize(self, trainer: Any) -> None:
        """Read or set the initial value."""
        if self._init is None:
            self._init = getattr(self._chosen(trainer), self._attr)
            self._check_target()
        elif self._t == 0:
            setattr(self._chosen(trainer), self._attr, self._init)

    def __call__(self, trainer: Any) -> None:
        self._t += 1
        assert self._init is not None
        try:
            value = self._init * self._rate**self._t
        except OverflowError:
            value = math.copysign(math.inf, self._init)
        if self._target is not None:
            # By absolute value: a negative value that shrinks increases.
            closest = min if self._rate > 1 else max
            value = closest(value, self._target, key=abs)
        setattr(self._chosen(trainer), self._attr, value)

    def serialize(self, serializer: Any) -> None:
        """Save or load the initial value and the number of calls."""
        super().serialize(serializer)
        self._init = serializer("init", self._init)


class LinearShift(_Shift):
    """Changes a hyperparameter linearly between two calls.

    Args:
        attr: its name.
        value_range: its first and last value.
        time_range: the first and last call of the change.
        optimizer: the optimizer; by default the updater's main one.
    """

    def __init__(
        self, attr: str, value_range: tuple[float, float], time_range: tuple[int, int], optimizer: Any = None
    ) -> None:
        super().__init__(attr, optimizer)
        self._values, self._times = value_range, time_range

    def initialize(self, trainer: Any) -> None:
        """Set the initial value."""
        setattr(self._chosen(trainer), self._attr, self._value())

    def _value(self) -> float:
        (first, last), (begin, end) = self._values, self._times
        if self._t <= begin:
            return first
        if self._t >= end:
            return last
        return first + (last - first) * (self._t - begin) / (end - begin)

    def __call__(self, trainer: Any) -> None:
        self._t += 1
        setattr(self._chosen(trainer), self._attr, self._value())


def observe_value(observation_key: str, target_func: Callable[[Any], Any]) -> Any:
    """An extension that reports ``target_func(trainer)`` under a name, every epoch."""

    @make_extension(trigger=(1, "epoch"), priority=PRIORITY_WRITER, default_name=f"observe {observation_key}")
    def observe(trainer: Any) -> None:
        report({observation_key: target_func(trainer)})

    return observe


def observe_lr(optimizer_name: str = "main", observation_key: str = "lr") -> Any:
    """An extension that reports an optimizer's learning rate, every epoch."""

    def rate(trainer: Any) -> float:
        optimizer = trainer.updater.get_optimizer(optimizer_name)
        return getattr(optimizer, optimizer.rate)

    return observe_value(observation_key, rate)
