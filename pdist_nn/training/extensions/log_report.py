"""The log of a run, and its display as a table."""

from __future__ import annotations

import copy
import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from ...reporter import DictSummary
from ...serializers import atomic_write, remove_leftovers
from ..extension import Extension
from ..triggers import get_trigger


class LogReport(Extension):
    """Averages reported values and logs them, one JSON object per line.

    Args:
        keys: the names to log; by default all scalars.
        trigger: when to write a line, with the means since the last one.
        postprocess: a function that may change an entry (a dict) before it is written.
        filename: the file in the trainer's folder; None writes no file.

    Attributes:
        log: the entries so far. A resumed run continues with those up to its snapshot, and so does the file.
    """

    def __init__(
        self,
        keys: Sequence[str] | None = None,
        trigger: Any = (1, "epoch"),
        postprocess: Callable[[dict[str, Any]], None] | None = None,
        filename: str | None = "log.jsonl",
    ) -> None:
        self._keys = keys
        self._interval = get_trigger(trigger)
        self._postprocess = postprocess
        self._filename = filename
        self._summary = DictSummary()
        self._path: str | None = None
        self.log: list[dict[str, Any]] = []

    def initialize(self, trainer: Any) -> None:
        """Start the file: empty, or with the entries of the resumed run."""
        if self._filename is not None and trainer.out is not None:
            self._path = os.path.join(trainer.out, self._filename)
            folder, name = os.path.split(self._path)
            os.makedirs(folder, exist_ok=True)
            remove_leftovers(folder, name.__eq__)
            with atomic_write(self._path) as stream:
                stream.write("".join(map(_line, self.log)).encode())

    def __call__(self, trainer: Any) -> None:
        observation = trainer.observation
        if self._keys is not None:
            observation = {key: observation[key] for key in self._keys if key in observation}
        self._summary.add(observation)
        if not self._interval(trainer):
            return
        entry: dict[str, Any] = self._summary.compute_mean()
        updater = trainer.updater
        entry.update(epoch=updater.epoch, iteration=updater.iteration, elapsed_time=trainer.elapsed_time)
        if self._postprocess is not None:
            self._postprocess(entry)
        self._summary = DictSummary()
        self.log.append(entry)
        if self._path is not None:
            with open(self._path, "a", encoding="utf-8") as stream:
                stream.write(_line(entry))

    def __getstate__(self) -> dict[str, Any]:
        """A copy continues with its own log."""
        return {
            **self.__dict__,
            "log": list(self.log),
            "_summary": copy.copy(self._summary),
            "_interval": copy.copy(self._interval),
        }

    def serialize(self, serializer: Any) -> None:
        """Save or load the log and the running means."""
        self._summary.serialize(serializer["summary"])
        self.log = serializer("log", self.log)
        if hasattr(self._interval, "serialize"):
            self._interval.serialize(serializer["interval"])


def _line(entry: dict[str, Any]) -> str:
    """An entry as strict JSON, in which nan becomes null."""
    clean = {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in entry.items()
    }
    return json.dumps(clean) + "\n"


class PrintReport(Extension):
    """Prints the log as a table.

    Args:
        entries: the columns; by default those of the first entry.
        log_report: the LogReport, or its name.
        out: the stream to print to; by default standard output.
    """

    def __init__(
        self, entries: Sequence[str] | None = None, log_report: Any = "LogReport", out: Any = None
    ) -> None:
        self._entries = None if entries is None else list(entries)
        self._log_report = log_report
        self._out = out
        self._shown = 0

    def initialize(self, trainer: Any) -> None:
        """After a resume, print only new entries."""
        self._shown = len(self._log(trainer))

    def _log(self, trainer: Any) -> list[dict[str, Any]]:
        report = self._log_report
        return (trainer.get_extension(report) if isinstance(report, str) else report).log

    def __call__(self, trainer: Any) -> None:
        log = self._log(trainer)
        if len(log) == self._shown:
            return
        out = self._out or sys.stdout
        if self._entries is None:
            self._entries = sorted(
                log[-1], key=lambda key: (key not in ("epoch", "iteration"), key == "elapsed_time")
            )
        widths = [max(10, len(entry)) for entry in self._entries]
        if self._shown == 0 or not hasattr(self, "_began"):
            self._began = True
            print(
                "  ".join(e.ljust(w) for e, w in zip(self._entries, widths, strict=True)).rstrip(), file=out
            )
        for entry in log[self._shown :]:
            cells = [_cell(entry.get(e)).ljust(w) for e, w in zip(self._entries, widths, strict=True)]
            print("  ".join(cells).rstrip(), file=out)
        self._shown = len(log)
        if hasattr(out, "flush"):
            out.flush()


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
