"""Snapshots of a run, and resuming from them."""

from __future__ import annotations

import json
import math
import os
import re
import string
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...serializers import load_npz, remove_leftovers, save_npz
from ..extension import Extension


class _Snapshot(Extension):
    trigger = (1, "epoch")
    priority = -100  # after all others, so that their state is of the same step

    def __init__(
        self, target: Any, savefun: Callable[[str, Any], None], filename: str, n_retains: int, autoload: bool
    ) -> None:
        self._names = _Names(filename)
        if not self._names.fields and n_retains > 0:
            n_retains = -1  # one file, overwritten each time
        self._target, self._savefun, self._filename = target, savefun, filename
        self._n_retains, self._autoload = n_retains, autoload

    @property
    def default_name(self) -> str:
        """Its name: ``snapshot``."""
        return "snapshot"

    def initialize(self, trainer: Any) -> None:
        """Create its folder and remove partial files of a killed run; load the newest snapshot if asked."""
        if trainer.out is None:
            raise ValueError("snapshot: the trainer has no folder to write to (its `out` is None)")
        os.makedirs(self._names.root(trainer.out), exist_ok=True)
        for folder in self._names.folders(trainer.out):
            inside = os.path.relpath(folder, self._names.root(trainer.out))
            remove_leftovers(folder, partial(self._names.matches, folder=inside))
        if self._autoload and (files := self._files(trainer.out)):
            load_npz(files[-1], trainer if self._target is None else self._target, may_lack=_of_extensions)

    def __call__(self, trainer: Any) -> None:
        target = self._target if self._target is not None else trainer
        path = os.path.join(trainer.out, self._filename.format(trainer))
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        self._savefun(path, target)
        if self._n_retains > 0:
            others = [file for file in self._files(trainer.out) if not os.path.samefile(file, path)]
            for file in others[: len(others) + 1 - self._n_retains]:
                os.unlink(file)

    def _files(self, out: str) -> list[str]:
        """The existing snapshots, oldest first."""
        root = self._names.root(out)
        found = [
            os.path.join(folder, name)
            for folder in self._names.folders(out)
            for name in sorted(os.listdir(folder))
            if self._names.matches(os.path.relpath(os.path.join(folder, name), root))
        ]
        return _by_age(found, [self._names.progress(os.path.relpath(path, root)) for path in found])


class _Names:
    """The file names that a format string generates."""

    def __init__(self, filename: str) -> None:
        parts = list(string.Formatter().parse(filename))
        self.fields = [field for _, field, _, _ in parts if field is not None]
        literal = parts[0][0] if parts else ""
        self._root = os.path.dirname(literal)  # the folders with constant names
        depth = len(self._root) + 1 if self._root else 0
        pattern = ""
        self._depth = 0  # the number of folders with varying names below
        for i, (text, field, _, _) in enumerate(parts):
            rest = text[depth:] if i == 0 else text
            self._depth += rest.count("/")
            pattern += re.escape(rest) + ("" if field is None else "([^/]+)")
        self._pattern = re.compile(pattern)

    def root(self, out: str) -> str:
        """The folder that contains all files."""
        return os.path.join(out, self._root) if self._root else out

    def folders(self, out: str) -> list[str]:
        """The existing folders that may contain such files."""
        found = [self.root(out)] if os.path.isdir(self.root(out)) else []
        for _ in range(self._depth):
            found = [entry.path for folder in found for entry in os.scandir(folder) if entry.is_dir()]
        return found

    def matches(self, name: str, folder: str = "") -> bool:
        """Whether the name in a folder, relative to the root, may be one of these."""
        return self._pattern.fullmatch(os.path.normpath(os.path.join(folder, name))) is not None

    def progress(self, name: str) -> float | None:
        """The number in a name that grows during a run: iterations, epochs or seconds; None if none does."""
        found = self._pattern.fullmatch(os.path.normpath(name))
        for word in ("iteration", "epoch_detail", "epoch", "elapsed_time", "optimizer.t"):
            for field, text in zip(self.fields, found.groups() if found else (), strict=False):
                if re.search(rf"\b{re.escape(word)}\b", field):
                    try:
                        number = float(text.replace(",", ""))
                    except ValueError:
                        continue
                    return None if math.isnan(number) else number
        return None


def _by_age(paths: list[str], numbers: list[float | None]) -> list[str]:
    """Files from the oldest to the newest.

    By the iterations stored in them, else the numbers in their names, else their modification times. Each
    criterion is used only if it applies to all files.
    """
    stored = [_iteration(path) for path in paths]
    times = [os.stat(path).st_mtime_ns for path in paths]
    ranks = [values for values in (stored, numbers) if None not in values]
    return [path for *_, path in sorted(zip(*ranks, times, paths, strict=True))]


def _iteration(path: str) -> int | None:
    """The iteration of a whole run's snapshot; None for other files."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return int(json.loads(str(file["updater/iteration"][()])))
    except Exception:  # of another format, or damaged: NumPy raises errors of a dozen kinds
        return None


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

    A run resumed from a snapshot ends with exactly the numbers of an uninterrupted one.

    Args:
        savefun: how to save: a function of path and trainer.
        filename: formatted with the trainer; without ``{}`` it is one file, replaced each time. Folders in
            it are created.
        target: what to save instead of the trainer.
        n_retains: the number to keep; -1 keeps all. The newest are determined by the iterations stored in the
            files, else by the iteration or epoch in their names, else by their modification times.
        autoload: whether to resume from the newest one when the run begins.
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
        n_retains: the number to keep; -1 keeps all.
        autoload: whether to load the newest one when the run begins.
    """
    return _Snapshot(target, savefun, filename, n_retains, autoload)


def latest_snapshot(out: Any, filename: str = "snapshot_iter_{.updater.iteration}.npz") -> str | None:
    """The newest snapshot in a folder; None if there is none.

    Args:
        out: the folder.
        filename: as given to :func:`snapshot`.
    """
    if not os.path.isdir(out):
        return None
    files = _Snapshot(None, save_npz, filename, -1, False)._files(os.fspath(out))
    return files[-1] if files else None


def resume(trainer: Any, path: Any) -> None:
    """Resume from a snapshot.

    Args:
        trainer: a trainer like the one that was saved; extensions may differ.
        path: the file.

    Raises:
        ValueError: if it is damaged or of another model; nothing has changed then.
    """
    load_npz(path, trainer, may_lack=_of_extensions)
