"""What a trainer calls besides the updater."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

PRIORITY_WRITER = 300  # reports values that others read
PRIORITY_EDITOR = 200  # changes reported values
PRIORITY_READER = 100  # reads reported values


class Extension:
    """Base of extensions; any function of the trainer serves too.

    Attributes:
        trigger: when it is called: a pair such as ``(1, "epoch")``, or a function of the trainer.
        priority: extensions of higher priority are called first.
        name: what the trainer calls it.
    """

    trigger: Any = (1, "iteration")
    priority: int = PRIORITY_READER
    name: str | None = None

    @property
    def default_name(self) -> str:
        """The name it has if it is given none."""
        return type(self).__name__

    def __call__(self, trainer: Any) -> Any:
        """What it does when its trigger fires."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__ method")

    def initialize(self, trainer: Any) -> None:
        """What it does before the first step, after a snapshot was loaded."""

    def on_error(self, trainer: Any, error: BaseException) -> None:
        """What it does if the run fails."""

    def finalize(self) -> None:
        """What it does at the end, also after a failure."""

    def serialize(self, serializer: Any) -> None:
        """Save or load what it has to remember."""


def make_extension(
    trigger: Any = (1, "iteration"), default_name: str | None = None, priority: int = PRIORITY_READER
) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """A decorator that gives a function of the trainer an extension's attributes.

    Args:
        trigger: when it is called.
        default_name: its name; the function's own if None.
        priority: extensions of higher priority are called first.

    >>> @make_extension(trigger=(1, "epoch"))
    ... def say_epoch(trainer):
    ...     print(trainer.updater.epoch)
    >>> say_epoch.trigger
    (1, 'epoch')
    """

    def decorate(function: Callable[[Any], None]) -> Callable[[Any], None]:
        function.trigger = trigger  # type: ignore[attr-defined]
        function.default_name = default_name or function.__name__  # type: ignore[attr-defined]
        function.priority = priority  # type: ignore[attr-defined]
        return function

    return decorate
