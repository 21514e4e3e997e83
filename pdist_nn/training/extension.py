"""Extensions, which a trainer calls besides the updater."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

PRIORITY_WRITER = 300  # for extensions that report values
PRIORITY_EDITOR = 200  # for those that change reported values
PRIORITY_READER = 100  # for those that read reported values


class Extension:
    """Base of extensions; any function of the trainer can be one too.

    Attributes:
        trigger: when it is called: a pair such as ``(1, "epoch")``, or a function of the trainer.
        priority: extensions of higher priority are called first.
        name: its name in the trainer.
    """

    trigger: Any = (1, "iteration")
    priority: int = PRIORITY_READER
    name: str | None = None

    @property
    def default_name(self) -> str:
        """Its default name."""
        return type(self).__name__

    def __call__(self, trainer: Any) -> Any:
        """Called when its trigger fires."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__ method")

    def initialize(self, trainer: Any) -> None:
        """Called before the first step, after loading a snapshot."""

    def on_error(self, trainer: Any, error: BaseException) -> None:
        """Called if the run fails."""

    def finalize(self) -> None:
        """Called at the end, also after a failure."""

    def serialize(self, serializer: Any) -> None:
        """Save or load its state."""


def make_extension(
    trigger: Any = (1, "iteration"), default_name: str | None = None, priority: int = PRIORITY_READER
) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """A decorator that turns a function of the trainer into an extension.

    Args:
        trigger: when it is called.
        default_name: its name; by default the function's own.
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
