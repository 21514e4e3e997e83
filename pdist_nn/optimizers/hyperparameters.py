"""Numbers of an optimizer that may be changed at any time."""

from __future__ import annotations

import math
from typing import Any

from pdist.backend import hooks


class Hyperparameter:
    """A number of an optimizer that may be changed at any time: ``optimizer.alpha = 1e-4``.

    Args:
        default: its value where the constructor is not told another.
        low: the least value allowed.
        below: the value that it must stay under.
    """

    name: str

    def __init__(self, default: float, low: float = 0.0, below: float = math.inf) -> None:
        self.default, self.low, self.below = default, low, below

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, optimizer: Any, owner: type) -> Any:
        if optimizer is None:
            return self
        value = optimizer.hyperparameters[self.name]
        recording = hooks.current()
        if recording is not None:  # a hook that reads it: another number makes another trace
            recording.program.guards.append((optimizer, self.name, value))
            optimizer.watched = True
        return value

    def __set__(self, optimizer: Any, value: Any) -> None:
        number = float(value)
        if not self.low <= number < self.below:
            raise ValueError(
                f"{type(optimizer).__name__}: {self.name} is {value!r}; expected a number of at least "
                f"{self.low:g}" + (f" and below {self.below:g}" if self.below < math.inf else "")
            )
        recording = hooks.current()
        if recording is not None:
            recording.refuse(
                f"{self.name} is set in a traced function: set it outside, or in a hook with on_host"
            )
        if optimizer.watched:
            hooks.array_replaced()
        optimizer.hyperparameters[self.name] = number
        for pack in optimizer.packs:
            pack.hyperparameters[self.name][...] = number
