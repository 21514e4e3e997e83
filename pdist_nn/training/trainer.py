"""The training loop."""

from __future__ import annotations

import copy
import os
import time
from typing import Any

from pdist.backend import random

from ..reporter import Reporter
from .extension import PRIORITY_READER
from .triggers import get_trigger, stop_trigger


class _Entry:
    """An extension with when and in which order it is called."""

    def __init__(self, extension: Any, trigger: Any, priority: int) -> None:
        self.extension, self.trigger, self.priority = extension, trigger, priority


class Trainer:
    """Repeats an updater's steps and calls extensions, until a stop trigger fires.

    Args:
        updater: makes the steps.
        stop_trigger: when to stop: a pair such as ``(20, "epoch")``, or a function of the trainer.
        out: the folder that extensions write to, created when the run begins; None for runs that write
            nothing.
        extensions: the initial extensions.

    Attributes:
        observation: the values reported in the current step, by name.

    >>> import numpy as np, pdist_nn
    >>> from pdist_nn import training
    >>> x = np.linspace(0, 1, 20, dtype=np.float32)[:, None]
    >>> model = pdist_nn.links.Linear(1, 1)
    >>> updater = training.StandardUpdater(
    ...     pdist_nn.iterators.SerialIterator(pdist_nn.datasets.TupleDataset(x, 3 * x), 5),
    ...     pdist_nn.optimizers.SGD(0.1).setup(model),
    ...     loss_func=lambda x, y: ((model(x) - y) ** 2).mean(),
    ... )
    >>> trainer = training.Trainer(updater, (10, "epoch"), out=None)
    >>> trainer.run()
    >>> updater.iteration
    40
    """

    def __init__(
        self, updater: Any, stop_trigger: Any = None, out: Any = "result", extensions: Any = None
    ) -> None:
        self.updater = updater
        self.stop_trigger = _stop(stop_trigger)
        self.out = None if out is None else os.fspath(out)
        self.observation: dict[str, Any] = {}
        self.reporter = Reporter()
        self._extensions: dict[str, _Entry] = {}
        self._start: float | None = None
        self._elapsed_before = 0.0
        for name, optimizer in updater.get_all_optimizers().items():
            self.reporter.add_observer(name, optimizer.target)
            self.reporter.add_observers(name, optimizer.target.namedlinks(skipself=True))
        for extension in extensions or ():
            self.extend(extension)

    @property
    def elapsed_time(self) -> float:
        """Seconds of training, including those before a resumed snapshot."""
        return self._elapsed_before + (0.0 if self._start is None else time.perf_counter() - self._start)

    @property
    def is_before_training(self) -> bool:
        """Whether no step was done yet."""
        return self.updater.iteration == 0

    def extend(
        self, extension: Any, name: str | None = None, trigger: Any = None, priority: int | None = None
    ) -> Trainer:
        """Add an extension.

        Args:
            extension: an Extension, or a function of the trainer.
            name: its name; by default its own, with a number if that is taken.
            trigger: when it is called; its own trigger by default.
            priority: extensions of higher priority are called first; its own by default.

        Returns:
            The trainer.
        """
        if not callable(extension):
            raise TypeError(
                f"Trainer.extend: a {type(extension).__name__} is not an extension: it cannot be called"
            )
        name = str(
            name
            or getattr(extension, "name", None)
            or getattr(extension, "default_name", None)
            or getattr(extension, "__name__", type(extension).__name__)
        )
        unique, number = name, 1
        while unique in self._extensions:
            unique, number = f"{name}_{number}", number + 1
        if trigger is None:
            trigger = getattr(extension, "trigger", (1, "iteration"))
        if priority is None:
            priority = getattr(extension, "priority", PRIORITY_READER)
        self._extensions[unique] = _Entry(extension, get_trigger(trigger), priority)
        return self

    def get_extension(self, name: str) -> Any:
        """The extension of that name."""
        if name not in self._extensions:
            raise ValueError(
                f"Trainer: there is no extension {name!r}; there are {', '.join(self._extensions)}"
            )
        return self._extensions[name].extension

    def run(self) -> None:
        """Train."""
        if self.out is not None:
            os.makedirs(self.out, exist_ok=True)
        # sorted keeps the order among those of equal priority
        entries = sorted(self._extensions.values(), key=lambda entry: -entry.priority)
        self._start = time.perf_counter()
        update, scope, stop = self.updater.update, self.reporter.scope, self.stop_trigger
        try:
            for entry in reversed(entries):  # the snapshot first: it restores the state of the others
                if hasattr(entry.extension, "initialize"):
                    entry.extension.initialize(self)
            while not stop(self):
                self.observation = {}
                with scope(self.observation):
                    update()
                    for entry in entries:
                        if entry.trigger(self):
                            entry.extension(self)
        except BaseException as error:
            for entry in entries:
                if hasattr(entry.extension, "on_error"):
                    entry.extension.on_error(self, error)
            raise
        finally:
            self._elapsed_before, self._start = self.elapsed_time, None
            for entry in entries:
                if hasattr(entry.extension, "finalize"):
                    entry.extension.finalize()
            self.updater.finalize()

    def __getstate__(self) -> dict[str, Any]:
        """A copy has its own extensions and reporter."""
        return {
            **self.__dict__,
            "observation": dict(self.observation),
            "reporter": copy.copy(self.reporter),
            "_extensions": {
                name: _Entry(entry.extension, copy.copy(entry.trigger), entry.priority)
                for name, entry in self._extensions.items()
            },
            "stop_trigger": copy.copy(self.stop_trigger),
            "_elapsed_before": self.elapsed_time,
            "_start": None,
        }

    def serialize(self, serializer: Any) -> None:
        """Save or load everything that the rest of the run depends on, including the host's random stream."""
        self.updater.serialize(serializer["updater"])
        state = random.get_state()
        found = serializer("random", state)
        if found is not state:
            random.set_state(found)
        elapsed = self.elapsed_time
        found = serializer("elapsed_time", elapsed)
        if found is not elapsed:
            self._elapsed_before = found
            self._start = None if self._start is None else time.perf_counter()
        if hasattr(self.stop_trigger, "serialize"):
            self.stop_trigger.serialize(serializer["stop_trigger"])
        for name, entry in self._extensions.items():
            inner = serializer["extensions"][name]
            if hasattr(entry.extension, "serialize"):
                entry.extension.serialize(inner)
            if hasattr(entry.trigger, "serialize"):
                entry.trigger.serialize(inner["trigger"])


_stop = stop_trigger  # shadowed by the constructor's argument of that name


__all__ = ["Trainer"]
