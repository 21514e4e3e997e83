"""Snapshots of whole runs, and going on from them."""

from __future__ import annotations

import errno
import json
import os

import numpy as np
import pytest
from regression import Regressor, assert_same_run, line, make_trainer, values

import pdist
import pdist_nn as nn
from pdist_nn import optimizers
from pdist_nn.training import extensions, triggers


def full(trainer, out=None):
    """All extensions that remember something."""
    model = trainer.updater.get_optimizer("main").target
    held_out = nn.iterators.SerialIterator(nn.datasets.TupleDataset(*line(8, seed=1)), 3, repeat=False)
    trainer.extend(extensions.Evaluator(held_out, model, eval_func=model.loss), trigger=(2, "iteration"))
    trainer.extend(extensions.LogReport(trigger=(3, "iteration")))
    trainer.extend(extensions.ExponentialShift("alpha", 0.9), trigger=(1, "epoch"))
    trainer.updater.get_optimizer("main").add_hook(optimizers.WeightDecay(1e-3))
    trainer.extend(
        extensions.snapshot_object(model, "best.npz"),
        trigger=triggers.MinValueTrigger("validation/main/loss", (2, "iteration")),
        name="best",
    )
    return trainer


def without_times(log):
    return [{name: value for name, value in entry.items() if name != "elapsed_time"} for entry in log]


@pytest.mark.parametrize("at", [1, 2, 5, 7, 10, 13])
def test_a_resumed_run_ends_with_exactly_the_same_numbers(tmp_path, at):
    whole = full(make_trainer(tmp_path / "whole"))
    whole.run()

    first = full(make_trainer(tmp_path / "part", stop=(at, "iteration")))
    first.extend(extensions.snapshot(filename="snapshot.npz"), trigger=(at, "iteration"))
    first.run()
    # lines that a run wrote after its last snapshot are forgotten
    with open(tmp_path / "part" / "log.jsonl", "a") as file:
        file.write('{"half a line')
    second = full(make_trainer(tmp_path / "part", seed=99))
    extensions.resume(second, tmp_path / "part" / "snapshot.npz")
    assert second.updater.iteration == at
    second.run()
    assert_same_run(whole, second)
    log = second.get_extension("LogReport").log
    assert without_times(log) == without_times(whole.get_extension("LogReport").log)
    written = [json.loads(text) for text in (tmp_path / "part" / "log.jsonl").read_text().splitlines()]
    assert written == log
    with np.load(tmp_path / "whole" / "best.npz") as a, np.load(tmp_path / "part" / "best.npz") as b:
        for name in a.files:
            np.testing.assert_array_equal(a[name], b[name])


def test_snapshots_are_named_kept_and_found(tmp_path):
    trainer = make_trainer(tmp_path)
    trainer.extend(extensions.snapshot(n_retains=2), trigger=(3, "iteration"))
    trainer.run()
    assert sorted(os.listdir(tmp_path)) == ["snapshot_iter_12.npz", "snapshot_iter_9.npz"]
    assert extensions.latest_snapshot(tmp_path) == str(tmp_path / "snapshot_iter_12.npz")
    assert extensions.latest_snapshot(tmp_path / "nowhere") is None
    (tmp_path / ".snapshot_iter_12.npz.0a1b2c3d.tmp").write_bytes(b"half")
    again = make_trainer(tmp_path, seed=5)
    again.extend(extensions.snapshot(n_retains=2, autoload=True), trigger=(3, "iteration"))
    again.run()
    assert_same_run(trainer, again)
    assert sorted(os.listdir(tmp_path)) == ["snapshot_iter_12.npz", "snapshot_iter_9.npz"]


def test_a_snapshot_of_another_model_changes_nothing(tmp_path):
    trainer = make_trainer(tmp_path)
    trainer.extend(extensions.snapshot(filename="s.npz"))
    trainer.run()
    other = make_trainer(model=Regressor(5))
    before = values(other)
    state = pdist.random.get_state()
    with pytest.raises(
        ValueError,
        match=r"s.npz does not fit Trainer: updater/model:main/hidden/W has shape \(8, 1\), "
        r"expected \(8, 5\)",
    ):
        extensions.resume(other, tmp_path / "s.npz")
    assert pdist.random.get_state() == state
    for name, value in values(other).items():
        np.testing.assert_array_equal(value, before[name])


def test_extensions_may_differ_after_a_resume(tmp_path):
    trainer = full(make_trainer(tmp_path))
    trainer.extend(extensions.snapshot(filename="s.npz"))
    trainer.run()
    other = make_trainer(stop=(9, "epoch"))
    other.extend(extensions.PlotReport("main/loss"))
    extensions.resume(other, tmp_path / "s.npz")
    other.run()
    assert other.updater.epoch == 9


def test_a_full_disk_leaves_the_last_snapshot(tmp_path, monkeypatch):
    trainer = make_trainer(tmp_path)
    trainer.extend(extensions.snapshot(filename="s.npz"), trigger=(4, "iteration"))
    calls = []
    real = os.fsync

    def fsync(handle):
        calls.append(handle)
        if len(calls) > 2:  # file and folder of the first snapshot
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match=r"No space left on device"):
        trainer.run()
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["s.npz"]
    whole = make_trainer()
    whole.run()
    again = make_trainer(seed=3)
    extensions.resume(again, tmp_path / "s.npz")
    assert again.updater.iteration == 4
    again.run()
    assert_same_run(whole, again)


def test_a_snapshot_needs_a_folder():
    trainer = make_trainer()
    trainer.extend(extensions.snapshot())
    with pytest.raises(ValueError, match=r"snapshot: the trainer has no folder to write to"):
        trainer.run()
