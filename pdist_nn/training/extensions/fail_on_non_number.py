"""Stopping a run that has diverged."""

from __future__ import annotations

from typing import Any

from pdist.backend import to_cpu

from ..extension import Extension


class FailOnNonNumber(Extension):
    """Raises FloatingPointError when a parameter becomes nan or infinite; names the parameter.

    It runs before extensions that write files (its priority is high), so that no snapshot of a broken model
    is made.
    """

    trigger = (1, "iteration")
    priority = 1000

    def __call__(self, trainer: Any) -> None:
        for name, optimizer in trainer.updater.get_all_optimizers().items():
            for buffer in optimizer.buffers:
                if not to_cpu(buffer.xp.isfinite(buffer.array).all()):
                    raise FloatingPointError(self._complaint(trainer, name, optimizer))

    @staticmethod
    def _complaint(trainer: Any, name: str, optimizer: Any) -> str:
        found = []
        for path, p in optimizer.target.namedparams(include_uninit=False):
            bad = p.size - int(to_cpu(p.xp.isfinite(p.array).sum()))
            if bad:
                found.append(f"{path} ({bad} of {p.size})")
        loss = trainer.observation.get(f"{name}/loss")
        said = "" if loss is None else f"; the loss was {float(to_cpu(loss)):g}"
        return (
            f"FailOnNonNumber: in iteration {trainer.updater.iteration} parameters of {name} became nan "
            "or infinite: "
            f"{', '.join(found)}{said}. A smaller learning rate or GradientClipping may help"
        )
