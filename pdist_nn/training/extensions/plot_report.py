"""Plots of training curves."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from typing import Any

from ...reporter import DictSummary
from ...serializers import atomic_write, remove_leftovers
from ..extension import Extension
from ..triggers import get_trigger


class PlotReport(Extension):
    """Draws reported values over the run, with matplotlib (``pip install 'pdist[plot]'``).

    Args:
        y_keys: the names of the values.
        x_key: ``"iteration"`` or ``"epoch"``.
        trigger: when to add a point and redraw the plot.
        filename: the file in the trainer's folder; its extension determines the format.
        title: the title of the plot.
    """

    def __init__(
        self,
        y_keys: str | Sequence[str],
        x_key: str = "iteration",
        trigger: Any = (1, "epoch"),
        filename: str = "plot.png",
        title: str = "",
    ) -> None:
        if x_key not in ("iteration", "epoch"):
            raise ValueError(f"PlotReport: x_key is {x_key!r}; expected 'iteration' or 'epoch'")
        self._keys = [y_keys] if isinstance(y_keys, str) else list(y_keys)
        self._x_key, self._filename, self._title = x_key, filename, title
        self._interval = get_trigger(trigger)
        self._summary = DictSummary()
        self._points: list[dict[str, float]] = []

    def initialize(self, trainer: Any) -> None:
        """Remove partial files of a killed run."""
        if trainer.out is not None:
            folder, name = os.path.split(os.path.join(trainer.out, self._filename))
            os.makedirs(folder, exist_ok=True)
            remove_leftovers(folder, name.__eq__)

    def __call__(self, trainer: Any) -> None:
        self._summary.add({key: trainer.observation[key] for key in self._keys if key in trainer.observation})
        if not self._interval(trainer):
            return
        point = self._summary.compute_mean()
        point["x"] = trainer.updater.iteration if self._x_key == "iteration" else trainer.updater.epoch_detail
        self._points.append(point)
        self._summary = DictSummary()
        if trainer.out is not None:
            self._draw(os.path.join(trainer.out, self._filename))

    def _draw(self, path: str) -> None:
        from matplotlib.figure import Figure  # not pyplot: no windows, no global state

        figure = Figure(figsize=(6, 4), layout="constrained")
        axes = figure.subplots()
        for key in self._keys:
            points = [(point["x"], point[key]) for point in self._points if key in point]
            if points:
                axes.plot(*zip(*points, strict=True), marker="." if len(points) < 30 else None, label=key)
        axes.set(xlabel=self._x_key, title=self._title)
        if axes.lines:
            axes.legend()
        axes.grid(alpha=0.3)
        with atomic_write(path) as stream:
            figure.savefig(stream, format=os.path.splitext(path)[1].lstrip(".") or "png", dpi=120)

    def __getstate__(self) -> dict[str, Any]:
        """A copy continues with its own points."""
        return {
            **self.__dict__,
            "_points": list(self._points),
            "_summary": copy.copy(self._summary),
            "_interval": copy.copy(self._interval),
        }

    def serialize(self, serializer: Any) -> None:
        """Save or load the points so far."""
        self._summary.serialize(serializer["summary"])
        self._points = serializer("points", self._points)
        if hasattr(self._interval, "serialize"):
            self._interval.serialize(serializer["interval"])
