"""Snapshots of a run, and going on from one."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

from ...serializers import load_npz, remove_leftovers, save_npz
from ..extension import Extension


class _Snapshot(Extension):
    trigger = (1, "epoch")
    priority = -100  # after all others: what they remember is of the same step

    def __init__(
        self, target: Any, savefun: Callable[[str, Any], None], filename: str, n_retains: int, autoload: bool
    ) -> None:
        if "{" not in filename and n_retains > 0:
            n_retains = -1  # one file, written over and over
        self._target, self._savefun, self._filename = target, savefun, filename
        self._n_retains, self._autoload = n_retains, autoload

    @property
    def default_name(self) -> str:
        """Its name: ``snapshot``."""
        return "snapshot"

    def initialize(self, trainer: Any) -> None:
        """Clear away what a killed run left half-written; load the newest snapshot where asked to."""
        if trainer.out is None:
            raise ValueError("snapshot: the trainer has no folder to write to (its `out` is None)")
        remove_leftovers(trainer.out, self._matches)
        if self._autoload and (files := self._files(trainer.out)):
            load_npz(files[-1], self._target or trainer, may_lack=_of_extensions)

    def __call__(self, trainer: Any) -> None:
        target = self._target if self._target is not None else trainer
        self._savefun(os.path.join(trainer.out, self._filename.format(trainer)), target)
        if self._n_retains > 0:
            for path in self._files(trainer.out)[: -self._n_retains]:
                os.unlink(path)

    def _matches(self, name: str) -> bool:
        pattern = "".join(
            ".+" if part.startswith("{") else re.escape(part)
            for part in re.split(r"(\{[^}]*\})", self._filename)
        )
        return re.fullmatch(pattern, name) is not None

    def _files(self, folder: str) -> list[str]:
        """The snapshots there are, oldest first."""
        found = [os.path.join(folder, name) for name in os.listdir(folder) if self._matches(name)]
        return sorted(found, key=_age)


def _age(path: str) -> tuple[int, int]:
    """When a snapshot was taken: by the numbers in its name first, since clocks are coarse."""
    numbers = re.findall(r"\d+", os.path.basename(path))
    return (int(numbers[-1]) if numbers else 0, os.stat(path).st_mtime_ns)


def _of_extensions(name: str) -> bool:
    return name.startswith("extensions/")


def snapshot(
    savefun: Callable[[str, Any], None] = save_npz,
    filename: str = "snapshot_iter_{.updater.iteration}.npz",
    *,
    target: Any = None,
    n_retains: int = -1,
    autoload: bool = False,
) -> Any:
    """An extension that saves the whole run: model, optimizer, iterator, random streams, extensions.

    A run that goes on from a snapshot ends with exactly the numbers of one that never stopped.

    Args:
        savefun: how to save: a function of path and trainer.
        filename: formatted with the trainer; without ``{}`` it is one file, replaced each time.
        target: what to save instead of the trainer.
        n_retains: how many to keep; -1 keeps all.
        autoload: whether to go on from the newest one there is when the run begins.
    """
    return _Snapshot(target, savefun, filename, n_retains, autoload)


def snapshot_object(
    target: Any,
    filename: str,
    savefun: Callable[[str, Any], None] = save_npz,
    *,
    n_retains: int = -1,
    autoload: bool = False,
) -> Any:
    """An extension that saves one object, such as the model: with a MinValueTrigger the best one.

    Args:
        target: what to save.
        filename: formatted with the trainer.
        savefun: how to save.
        n_retains: how many to keep; -1 keeps all.
        autoload: whether to load the newest one there is when the run begins.
    """
    return _Snapshot(target, savefun, filename, n_retains, autoload)


def latest_snapshot(out: Any, filename: str = "snapshot_iter_{.updater.iteration}.npz") -> str | None:
    """The newest snapshot in a folder; None where there is none.

    Args:
        out: the folder.
        filename: as given to :func:`snapshot`.
    """
    if not os.path.isdir(out):
        return None
    files = _Snapshot(None, save_npz, filename, -1, False)._files(os.fspath(out))
    return files[-1] if files else None


def resume(trainer: Any, path: Any) -> None:
    """Go on from a snapshot.

    Args:
        trainer: made as the one that was saved; extensions may differ.
        path: the file.

    Raises:
        ValueError: where it is damaged or of another model; nothing has changed then.
    """
    load_npz(path, trainer, may_lack=_of_extensions)
