"""A progress bar."""

from __future__ import annotations

import sys
from typing import Any

from pdist.backend import to_cpu

from ..extension import Extension
from ..triggers import ReachedTrigger


class ProgressBar(Extension):
    """Shows the progress of the run and the last loss, with tqdm (``pip install 'pdist[train]'``).

    Args:
        training_length: the total length, such as ``(20, "epoch")``; by default the trainer's stop trigger.
        update_interval: number of iterations between updates.
        out: the stream to draw on; by default standard error.
        show: names of reported values to show at the end of the bar.
    """

    def __init__(
        self,
        training_length: tuple[float, str] | None = None,
        update_interval: int = 20,
        out: Any = None,
        show: tuple[str, ...] = ("main/loss",),
    ) -> None:
        self._length = training_length
        self._interval = update_interval
        self._out = out
        self._show = show
        self._bar: Any = None

    def initialize(self, trainer: Any) -> None:
        """Draw the bar."""
        from tqdm import tqdm

        length = self._length
        if length is None and isinstance(trainer.stop_trigger, ReachedTrigger):
            length = (trainer.stop_trigger.period, trainer.stop_trigger.unit)
        self._unit = "iteration" if length is None else length[1]
        self._bar = tqdm(
            total=None if length is None else length[0],
            initial=self._position(trainer) if length is None else min(self._position(trainer), length[0]),
            file=self._out or sys.stderr,
            unit=self._unit,
            bar_format=None
            if length is None
            else "{l_bar}{bar}| {n:.1f}/{total} {unit}s [{elapsed}<{remaining}{postfix}]",
        )

    def _position(self, trainer: Any) -> float:
        return trainer.updater.iteration if self._unit == "iteration" else trainer.updater.epoch_detail

    def __call__(self, trainer: Any) -> None:
        if trainer.updater.iteration % self._interval and not trainer.updater.is_new_epoch:
            return
        bar = self._bar
        shown = {name: trainer.observation[name] for name in self._show if name in trainer.observation}
        if shown:
            parts = [f"{n.removeprefix('main/')} {float(to_cpu(v)):.4g}" for n, v in shown.items()]
            bar.set_postfix_str(", ".join(parts), False)
        position = self._position(trainer)
        bar.update((position if bar.total is None else min(position, bar.total)) - bar.n)

    def finalize(self) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
