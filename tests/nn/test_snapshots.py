"""Snapshots: which is the newest, and where they go."""

from __future__ import annotations

import os

import numpy as np
import pytest
from training_runs import make_trainer

import pdist_nn.links as L
from pdist_nn import serializers
from pdist_nn.training import extensions

NAMES = [
    "s_{.updater.epoch_detail:.2f}.npz",
    "it{0.updater.iteration}_loss_{0.observation[main/loss]:.4f}.npz",
    "loss_{0.observation[main/loss]:.4f}.npz",
    "v2_{.updater.iteration}_of_3.npz",
    "{.updater.iteration:,}.npz",
    "{.updater.iteration:e}.npz",
    "deep/er/{0.updater.epoch}/s_{0.updater.iteration}.npz",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_newest_snapshot_is_that_of_the_last_step(tmp_path, name):
    make_trainer(tmp_path, 12, extensions.snapshot(filename=name, n_retains=2)).run()
    kept = list(tmp_path.rglob("*.npz"))
    assert sorted(int(np.load(path)["updater/iteration"].item()) for path in kept) == [11, 12]
    newest = extensions.latest_snapshot(tmp_path, name)
    for path in kept:
        os.utime(path, ns=(0, 0))  # clocks are coarse
    assert extensions.latest_snapshot(tmp_path, name) == newest
    assert np.load(newest)["updater/iteration"].item() == "12"
    again = make_trainer(tmp_path, 12, extensions.snapshot(filename=name, autoload=True))
    again.run()
    assert again.updater.iteration == 12


@pytest.mark.parametrize("name", ["m_{.updater.iteration}.npz", "m_{.updater.epoch_detail:.3f}.npz"])
def test_objects_without_an_iteration_are_ordered_by_the_numbers_in_their_names(tmp_path, name):
    trainer = make_trainer(tmp_path, 12)
    saved = extensions.snapshot_object(trainer.updater.get_optimizer("main").target, name, n_retains=3)
    trainer.extend(saved, trigger=(1, "iteration"))
    trainer.run()
    for path in tmp_path.iterdir():
        os.utime(path, ns=(0, 0))
    expected = name.format(trainer)
    assert extensions.latest_snapshot(tmp_path, name) == str(tmp_path / expected)
    assert len(list(tmp_path.iterdir())) == 3


def test_names_without_numbers_of_progress_are_ordered_by_time(tmp_path):
    for i, name in enumerate(("s_9.npz", "s_10.npz", "s_1e3.npz")):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, ns=(0, 10 - i))
    found = extensions.latest_snapshot(tmp_path, "s_{0.observation[main/loss]}.npz")
    assert found == str(tmp_path / "s_9.npz")
    assert extensions.latest_snapshot(tmp_path, "s_{.updater.iteration}.npz") == str(tmp_path / "s_1e3.npz")


@pytest.mark.parametrize(
    "make",
    [
        lambda: extensions.snapshot(filename="sub/s_{.updater.iteration}.npz"),
        lambda: extensions.LogReport(trigger=(1, "iteration"), filename="sub/log.jsonl"),
        lambda: extensions.PlotReport("main/loss", trigger=(1, "iteration"), filename="sub/plot.png"),
    ],
)
def test_folders_of_files_are_made(tmp_path, make):
    make_trainer(tmp_path, 2, make()).run()
    assert len(list((tmp_path / "sub").iterdir())) >= 1


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"m\.npz: there is no folder .*nowhere; make it first"):
        serializers.save_npz(tmp_path / "nowhere" / "m.npz", L.Linear(1, 1))


def test_leftovers_in_a_sub_folder_are_cleared_away(tmp_path):
    (tmp_path / "sub").mkdir()
    left = tmp_path / "sub" / ".s_1.npz.0123abcd.tmp"
    other = tmp_path / "sub" / ".t_1.npz.0123abcd.tmp"
    left.touch(), other.touch()
    make_trainer(tmp_path, 1, extensions.snapshot(filename="sub/s_{.updater.iteration}.npz")).run()
    assert not left.exists() and other.exists()
