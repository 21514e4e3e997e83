"""Reporting values from anywhere in a training step: ``reporter.report({"loss": loss}, self)``.

Reported values go to the *observation*, a dict, of the thread's current reporter. A trainer
makes one; outside of training ``report`` does nothing.

>>> reporter = Reporter()
>>> with reporter.scope({}) as observation:
...     report({"loss": 0.5})
>>> observation
{'loss': 0.5}
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from pdist.autograd import to_read
from pdist.backend import hooks, to_cpu

_local = threading.local()


def _stack() -> list[Any]:
    try:
        return _local.stack
    except AttributeError:
        _local.stack = []
        return _local.stack


class Reporter:
    """Collects what observers report, each under its own name.

    Attributes:
        observation: the reported values: raw arrays or numbers by name (``main/loss``).
    """

    def __init__(self) -> None:
        self.observation: dict[str, Any] = {}
        self._names: dict[int, str] = {}
        self._observers: list[Any] = []  # kept alive, so that their ids are not reused

    # Copies and pickles: the observers' ids differ there.
    def __getstate__(self) -> dict[str, Any]:
        names = [(observer, self._names[id(observer)]) for observer in self._observers]
        return {"observation": dict(self.observation), "names": names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]
        self.observation = state["observation"]
        for observer, name in state["names"]:
            self.add_observer(name, observer)

    def __enter__(self) -> Reporter:
        _stack().append(self)
        return self

    def __exit__(self, *_exception: Any) -> None:
        _stack().pop()

    @contextmanager
    def scope(self, observation: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Inside the block, this reporter is current and reports go to ``observation``."""
        previous, self.observation = self.observation, observation
        _stack().append(self)
        try:
            yield observation
        finally:
            _stack().pop()
            self.observation = previous

    def add_observer(self, name: str, observer: Any) -> None:
        """Report the values of ``observer`` as ``name/...``."""
        self._names[id(observer)] = name
        self._observers.append(observer)

    def add_observers(self, prefix: str, observers: Iterable[tuple[str, Any]]) -> None:
        """Add several observers: pairs of name and observer."""
        for name, observer in observers:
            self.add_observer(prefix + name, observer)

    def report(self, values: dict[str, Any], observer: Any = None) -> None:
        """Put values into the observation.

        Args:
            values: numbers, arrays or Variables by name; of Variables only the arrays are kept.
            observer: the reporting object.

        Raises:
            KeyError: if the observer was not added.
        """
        prefix = ""
        if observer is not None:
            name = self._names.get(id(observer))
            if name is None:
                raise KeyError(
                    f"report: a {type(observer).__name__} that no reporter knows; see Reporter.add_observer"
                )
            prefix = name.rstrip("/") + "/"
        named = {prefix + key: to_read(value) for key, value in values.items()}
        hooks.effect(self._observe, named, changes=[])

    def _observe(self, values: dict[str, Any]) -> None:
        self.observation.update(values)


def report(values: dict[str, Any], observer: Any = None) -> None:
    """Report values to the current reporter; nothing happens if there is none.

    Args:
        values: numbers, arrays or Variables by name.
        observer: the reporting object, usually ``self``: its name is prefixed to the keys.
    """
    if hooks.running or _stack():
        values = {key: to_read(value) for key, value in values.items()}
        hooks.effect(_deliver, values, observer, changes=[])


def _deliver(values: dict[str, Any], observer: Any) -> None:
    """The current reporter is looked up at each call: a traced step may be recorded under another one."""
    stack = _stack()
    if stack:
        stack[-1].report(values, observer)


def get_current_reporter() -> Reporter:
    """The reporter that is current in this thread."""
    stack = _stack()
    if not stack:
        raise RuntimeError("there is no current reporter: use `with reporter.scope(observation):`")
    return stack[-1]


@contextmanager
def report_scope(observation: dict[str, Any]) -> Iterator[None]:
    """Inside the block, the current reporter puts values into ``observation``."""
    current = get_current_reporter()
    previous, current.observation = current.observation, observation
    try:
        yield
    finally:
        current.observation = previous


class DictSummary:
    """Running means of named scalars; other values are skipped.

    >>> summary = DictSummary()
    >>> summary.add({"loss": 1.0}); summary.add({"loss": 2.0, "accuracy": 0.5})
    >>> summary.compute_mean()
    {'loss': 1.5, 'accuracy': 0.5}
    """

    def __init__(self) -> None:
        self._sums: dict[str, Any] = {}
        self._counts: dict[str, float] = {}

    def __getstate__(self) -> dict[str, Any]:
        """A copy accumulates on its own."""
        return {"_sums": dict(self._sums), "_counts": dict(self._counts)}

    def add(self, values: dict[str, Any], weight: float = 1) -> None:
        """Add one observation, which counts ``weight`` times."""
        for name, value in values.items():
            value = to_read(value)
            if isinstance(value, (bool, int, float, np.generic)) or (
                isinstance(value, np.ndarray) and value.ndim == 0
            ):
                value = float(value)
            elif getattr(value, "ndim", None) == 0:
                value = value.astype(np.float64)  # on its device, without a device sync
            else:
                continue
            self._sums[name] = self._sums.get(name, 0.0) + weight * value
            self._counts[name] = self._counts.get(name, 0) + weight

    def compute_mean(self) -> dict[str, float]:
        """The means."""
        return {name: float(to_cpu(total)) / self._counts[name] for name, total in self._sums.items()}

    def serialize(self, serializer: Any) -> None:
        """Save or load sums and counts."""
        self._sums = serializer("sums", {name: float(to_cpu(total)) for name, total in self._sums.items()})
        self._counts = serializer("counts", dict(self._counts))


__all__ = ["DictSummary", "Reporter", "get_current_reporter", "report", "report_scope"]
