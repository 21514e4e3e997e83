"""Reports: logs, tables, pictures, progress."""

from __future__ import annotations

import io
import json
import math
import os

import numpy as np
import pytest
from regression import line, make_trainer

import pdist_nn as nn
import pdist_nn.links as L
from pdist_nn import reporter
from pdist_nn.training import extensions


def test_reports_go_to_the_current_reporter_under_the_observer_s_name():
    model = nn.Chain(a=nn.Chain(b=L.Linear(1, 1)))
    r = nn.Reporter()
    r.add_observer("main", model)
    r.add_observers("main", model.namedlinks(skipself=True))
    nn.report({"lost": 1.0})
    with r.scope({}) as observation:
        nn.report({"x": 1.0})
        nn.report({"loss": nn.as_variable(2.0)}, model)
        nn.report({"y": 3}, model.a.b)
        with nn.report_scope({}):
            nn.report({"x": 9.0})
    assert observation == {"x": 1.0, "main/loss": 2.0, "main/a/b/y": 3}
    assert isinstance(observation["main/loss"], np.ndarray)
    with pytest.raises(KeyError, match=r"report: a Linear that no reporter knows"), r:
        nn.report({"z": 1}, L.Linear(1, 1))
    with pytest.raises(RuntimeError, match=r"there is no current reporter"):
        nn.get_current_reporter()


def test_evaluator_weighs_batches_by_their_length():
    class Model(nn.Link):
        def forward(self, x):
            assert not nn.config.train
            assert not nn.config.enable_backprop
            reporter.report({"mean": np.mean(x)}, self)

    model = Model()
    x = np.arange(10.0)
    evaluator = extensions.Evaluator(nn.iterators.SerialIterator(x, 4, repeat=False, shuffle=False), model)
    for _ in range(2):
        assert evaluator() == {"validation/main/mean": pytest.approx(4.5)}
    evaluator.name = "test"
    assert list(evaluator()) == ["test/validation/main/mean"]


def test_the_log_is_written_and_printed(tmp_path):
    trainer = make_trainer(tmp_path, stop=(3, "epoch"), batch_size=5)
    held_out = nn.iterators.SerialIterator(nn.datasets.TupleDataset(*line(8, seed=1)), 3, repeat=False)
    model = trainer.updater.get_optimizer("main").target
    out = io.StringIO()
    trainer.extend(extensions.Evaluator(held_out, model, eval_func=model.loss))
    trainer.extend(extensions.observe_lr())
    trainer.extend(extensions.LogReport())
    trainer.extend(extensions.PrintReport(["epoch", "main/loss", "validation/main/loss", "nothing"], out=out))
    trainer.run()
    entries = [json.loads(text) for text in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert entries == trainer.get_extension("LogReport").log
    assert [entry["epoch"] for entry in entries] == [1, 2, 3]
    assert [entry["iteration"] for entry in entries] == [4, 8, 12]
    assert all(entry["main/half"] == pytest.approx(entry["main/loss"] / 2) for entry in entries)
    assert all(entry["lr"] == 0.01 for entry in entries)
    assert entries[0]["validation/main/loss"] != entries[1]["validation/main/loss"]
    table = out.getvalue().splitlines()
    assert table[0].split() == ["epoch", "main/loss", "validation/main/loss", "nothing"]
    assert len(table) == 4
    assert table[1].split()[1] == f"{entries[0]['main/loss']:.6g}"


def test_the_log_is_strict_json(tmp_path):
    trainer = make_trainer(tmp_path, stop=(1, "epoch"))
    trainer.extend(lambda t: reporter.report({"bad": math.nan}), name="bad", priority=1000)
    trainer.extend(extensions.LogReport())
    trainer.run()
    (entry,) = [
        json.loads(text, parse_constant=pytest.fail)
        for text in (tmp_path / "log.jsonl").read_text().splitlines()
    ]
    assert entry["bad"] is None


def test_the_progress_bar_shows_how_far_it_is():
    out = io.StringIO()
    trainer = make_trainer()
    trainer.extend(extensions.ProgressBar(update_interval=1, out=out))
    trainer.run()
    assert "4.2/4 epochs" in out.getvalue() or "4.0/4 epochs" in out.getvalue()
    assert "loss" in out.getvalue()


def test_plot_report_draws(tmp_path):
    trainer = make_trainer(tmp_path)
    trainer.extend(extensions.PlotReport(["main/loss", "nothing"], "epoch"))
    trainer.run()
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match=r"PlotReport: x_key is 'hour'"):
        extensions.PlotReport("main/loss", "hour")


def test_importing_brings_in_no_drawing_library():
    import subprocess
    import sys

    code = "import pdist_nn, sys; sys.exit(bool({'matplotlib', 'tqdm', 'cupy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=os.getcwd(), check=False).returncode == 0


def test_shifts_change_the_rate():
    rates = []
    trainer = make_trainer(stop=(3, "epoch"), batch_size=10)
    trainer.extend(extensions.ExponentialShift("alpha", 0.5, target=0.004), trigger=(1, "epoch"))
    trainer.extend(lambda t: rates.append(t.updater.get_optimizer("main").alpha), name="see", priority=0)
    trainer.run()
    assert rates == [0.01, 0.005, 0.005, 0.004, 0.004, 0.004]
    rates.clear()
    trainer = make_trainer(stop=(6, "iteration"))
    trainer.extend(extensions.LinearShift("alpha", (1.0, 0.0), (1, 5)))
    trainer.extend(lambda t: rates.append(t.updater.get_optimizer("main").alpha), name="see", priority=0)
    trainer.run()
    assert rates == [1, 0.75, 0.5, 0.25, 0, 0]
