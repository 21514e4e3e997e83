"""The training loop: updaters, triggers, extensions, reports, resuming, fit."""

from __future__ import annotations

import errno
import io
import json
import math
import os

import numpy as np
import pytest

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from pdist_nn import optimizers, reporter, serializers, training
from pdist_nn.training import extensions, triggers


def line(n=20, seed=0):
    """Points about a line."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (n, 1))
    return x, 3 * x + 1 + 0.1 * rng.standard_normal((n, 1))


class Regressor(nn.Chain):
    """A network that drops inputs at random while it trains, and reports."""

    def __init__(self, n=None):
        super().__init__()
        with self.init_scope():
            self.hidden = L.Linear(n, 8)
            self.out = L.Linear(8, 1)

    def forward(self, x):
        return self.out(F.dropout(F.tanh(self.hidden(x)), 0.25))

    def loss(self, x, y):
        loss = F.mean((self(x) - y) ** 2)
        reporter.report({"loss": loss, "half": loss.array / 2}, self)
        return loss


def make_trainer(
    out=None, stop=(4, "epoch"), batch_size=6, seed=0, optimizer=None, data=None, model=None, **fit
):
    """A trainer whose run the seed determines."""
    pdist.random.seed(seed)
    model = model or Regressor()
    optimizer = (optimizer or optimizers.Adam(0.01)).setup(model)
    iterator = nn.iterators.SerialIterator(nn.datasets.TupleDataset(*(data or line())), batch_size)
    updater = training.StandardUpdater(iterator, optimizer, loss_func=getattr(model, "loss", None), **fit)
    return training.Trainer(updater, stop, out=out)


def values(trainer):
    saver = serializers.DictionarySerializer()
    trainer.updater.serialize(saver)
    return {name: np.array(value) for name, value in saver.target.items() if not isinstance(value, dict)}


def assert_same_run(one, two):
    a, b = values(one), values(two)
    assert a.keys() == b.keys()
    for name, value in a.items():
        np.testing.assert_array_equal(value, b[name], err_msg=name)
    assert pdist.random.get_state() is not None


# The loop ------------------------------------------------------------------------------------------------


def test_a_run_stops_where_it_should():
    for stop, iterations in (
        ((4, "epoch"), 14),
        ((5, "iteration"), 5),
        (lambda t: t.updater.iteration >= 3, 3),
    ):
        trainer = make_trainer(stop=stop)
        trainer.run()
        assert trainer.updater.iteration == iterations
    assert trainer.elapsed_time > 0


def test_the_seed_decides_the_run():
    runs = [make_trainer(seed=seed) for seed in (0,)]
    runs[0].run()
    other = make_trainer(seed=0)
    other.run()
    assert_same_run(runs[0], other)
    third = make_trainer(seed=1)
    third.run()
    assert (
        third.updater.get_optimizer("main").target.out.W.array
        != other.updater.get_optimizer("main").target.out.W.array
    ).any()


def test_data_is_cast_to_the_model_s_dtype():
    trainer = make_trainer(model=Regressor(1), stop=(1, "iteration"))
    seen = []
    trainer.updater.loss_func = lambda x, y: (
        seen.append((x.dtype, y.dtype)) or F.mean(trainer.updater.get_optimizer("main").target(x))
    )
    trainer.run()
    assert seen == [(np.float32, np.float32)]


def test_extensions_are_called_by_priority_and_trigger():
    trainer = make_trainer(stop=(8, "iteration"), batch_size=5)
    calls = []
    trainer.extend(
        lambda t: calls.append(("late", t.updater.iteration)), name="a", trigger=(4, "iteration"), priority=1
    )
    trainer.extend(
        lambda t: calls.append(("early", t.updater.iteration)), name="b", trigger=(1, "epoch"), priority=2
    )
    trainer.extend(lambda t: calls.append(("never", 0)), name="c", trigger=lambda t: False)
    trainer.run()
    assert calls == [("early", 4), ("late", 4), ("early", 8), ("late", 8)]


def test_extensions_have_names():
    trainer = make_trainer()
    report = extensions.LogReport(filename=None)
    trainer.extend(report)
    trainer.extend(extensions.LogReport(filename=None))
    assert trainer.get_extension("LogReport") is report
    assert trainer.get_extension("LogReport_1") is not report
    with pytest.raises(ValueError, match=r"there is no extension 'x'; there are LogReport, LogReport_1"):
        trainer.get_extension("x")
    with pytest.raises(TypeError, match=r"Trainer.extend: a int is no extension"):
        trainer.extend(3)


def test_extensions_hear_of_errors_and_the_end():
    heard = []

    class Listener(training.Extension):
        def __call__(self, trainer):
            raise RuntimeError("broken")

        def initialize(self, trainer):
            heard.append("initialize")

        def on_error(self, trainer, error):
            heard.append(str(error))

        def finalize(self):
            heard.append("finalize")

    trainer = make_trainer()
    trainer.extend(Listener())
    with pytest.raises(RuntimeError, match=r"broken"):
        trainer.run()
    assert heard == ["initialize", "broken", "finalize"]


def test_an_updater_needs_an_optimizer_that_was_set_up():
    iterator = nn.iterators.SerialIterator(np.zeros((3, 1)), 1)
    with pytest.raises(
        RuntimeError, match=r"StandardUpdater: the Adam 'main' was not set up: call setup\(model\)"
    ):
        training.StandardUpdater(iterator, optimizers.Adam())


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_data_with_nan_names_where(bad):
    x, y = line()
    y[7, 0] = bad
    trainer = make_trainer(data=(x, y))
    with pytest.raises(
        ValueError, match=r"StandardUpdater: in iteration \d, input 1\[\d, 0\] is (nan|inf); expected finite"
    ):
        trainer.run()
    model = Regressor()
    with pytest.raises(ValueError, match=r"fit: data\[1\]\[7, 0\] is (nan|inf); expected finite numbers"):
        nn.fit(model, F.mean_squared_error, (x, y))
    with pytest.raises(ValueError, match=r"fit: validation_data\[1\]\[7, 0\] is (nan|inf)"):
        nn.fit(model, F.mean_squared_error, line(), validation_data=(x, y))
    assert not model.hidden.W.is_initialized


def test_data_of_the_wrong_width_names_the_layer_and_changes_nothing():
    trainer = make_trainer(model=Regressor(2))
    before = values(trainer)
    with pytest.raises(ValueError, match=r"Linear 'hidden': x has shape \(6, 1\).*expected 2"):
        trainer.run()
    for name, value in values(trainer).items():
        if name.startswith("model"):
            np.testing.assert_array_equal(value, before[name])


def test_a_loss_that_is_not_a_scalar():
    trainer = make_trainer()
    trainer.updater.loss_func = lambda x, y: trainer.updater.get_optimizer("main").target(x) - y
    with pytest.raises(
        ValueError, match=r"StandardUpdater: the loss has shape \(6, 1\); expected a scalar: take its mean"
    ):
        trainer.run()
    with pytest.raises(ValueError, match=r"the loss has shape \(32,\); expected a scalar"):
        nn.fit(L.Linear(1, 1), lambda d, y: F.sum(d - y, axis=1), line(40))
    with pytest.raises(TypeError, match=r"the loss is a float; expected a Variable"):
        nn.fit(L.Linear(1, 1), lambda d, y: 0.5, line(40))


def test_a_diverging_run_names_the_parameter():
    class Exploding(optimizers.SGD):
        def step(self, xp, rates, p, g, *arrays):
            super().step(xp, rates, p, g, *arrays)
            if self.t == 3:
                p[0] = np.nan

    trainer = make_trainer(optimizer=Exploding(0.01))
    trainer.extend(extensions.FailOnNonNumber())
    saved = []
    trainer.extend(lambda t: saved.append(t.updater.iteration), name="later", priority=-100)
    with pytest.raises(
        FloatingPointError,
        match=r"FailOnNonNumber: in iteration 3 parameters of main became nan or infinite: "
        r"/hidden/W \(1 of 8\); the loss was",
    ):
        trainer.run()
    assert saved == [1, 2]


def test_fit_stops_a_diverging_run():
    x, y = line(64)
    with pytest.raises(
        FloatingPointError, match=r"in iteration \d+ parameters of main became nan or infinite: /W"
    ):
        nn.fit(L.Linear(1, 1), F.mean_squared_error, (x, y), epochs=100, optimizer=optimizers.SGD(1e6))


# Triggers ------------------------------------------------------------------------------------------------


class FakeUpdater:
    iteration = 0
    epoch_detail = 0.0
    previous_epoch_detail = None


class FakeTrainer:
    """Steps of a third of an epoch, with a value observed in each."""

    def __init__(self):
        self.updater = FakeUpdater()
        self.observation = {}

    def step(self, value=None):
        u = self.updater
        u.iteration += 1
        u.previous_epoch_detail, u.epoch_detail = u.epoch_detail, u.iteration / 3
        self.observation = {} if value is None else {"v": value}


def fired(trigger, series):
    trainer = FakeTrainer()
    found = []
    for value in series:
        trainer.step(value)
        if trigger(trainer):
            found.append(trainer.updater.iteration)
    return found


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ((4, "iteration"), [4, 8, 12]),
        ((2, "epoch"), [6, 12]),
        ((0.5, "epoch"), [2, 3, 5, 6, 8, 9, 11, 12]),
        (None, []),
        (lambda t: t.updater.iteration == 2, [2]),
        (triggers.ManualScheduleTrigger([2, 5], "iteration"), [2, 5]),
        (triggers.ManualScheduleTrigger([1, 2.5], "epoch"), [3, 8]),
        (triggers.ManualScheduleTrigger(3, "epoch"), [9]),
        (triggers.ReachedTrigger(3, "epoch"), [9, 10, 11, 12]),
        (triggers.OnceTrigger(), [1]),
    ],
)
def test_when_triggers_fire(trigger, expected):
    assert fired(triggers.get_trigger(trigger), [None] * 12) == expected


def test_best_value_triggers_compare_means():
    series = [3, 3, 3, 2, 2, 2, 9, 0, 0, 1, 1, 1]  # means of epochs: 3, 2, 3, 1
    assert fired(triggers.MinValueTrigger("v"), series) == [3, 6, 12]
    assert fired(triggers.MaxValueTrigger("v"), series) == [3]
    assert fired(triggers.MinValueTrigger("w"), series) == []
    assert fired(triggers.MinValueTrigger("v", (1, "iteration")), series) == [1, 4, 8]
    assert fired(triggers.MinValueTrigger("v"), [math.nan] * 3 + [1] * 3) == [6]


def test_early_stopping():
    def stop(series, **settings):
        found = fired(triggers.EarlyStoppingTrigger((1, "iteration"), "v", **settings), series)
        return found[0] if found else None

    assert stop([5, 4, 3, 3, 3, 3, 3], patience=2) == 5
    assert stop([5, 4, 5, 3, 5, 5, 5], patience=2) == 6
    assert stop([1, 2, 3, 3, 3, 3], patience=1, mode="max") == 4
    assert stop([5, 4, 3, 2, 1], patience=1, max_trigger=(3, "iteration")) == 3
    assert stop([5, math.nan, math.nan, math.nan], patience=2) == 3
    with pytest.raises(ValueError, match=r"mode is 'least'; expected 'auto', 'min' or 'max'"):
        triggers.EarlyStoppingTrigger(mode="least")


@pytest.mark.parametrize(
    ("trigger", "error", "message"),
    [
        ((1, "week"), ValueError, r"IntervalTrigger: unit is 'week'; expected 'epoch' or 'iteration'"),
        ((0, "epoch"), ValueError, r"IntervalTrigger: period is 0; expected a positive number"),
        (3, TypeError, r"trigger: got 3; expected \(period, 'epoch' or 'iteration'\) or a function"),
    ],
)
def test_impossible_triggers(trigger, error, message):
    with pytest.raises(error, match=message):
        triggers.get_trigger(trigger)


# Reports -------------------------------------------------------------------------------------------------


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


# Snapshots -----------------------------------------------------------------------------------------------


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


# fit -----------------------------------------------------------------------------------------------------


def test_fit_learns_a_mixture(tmp_path):
    pdist.random.seed(0)
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (600, 1))
    y = np.where(rng.random(600) < 0.5, -1, 1) * 2 + 0.3 * rng.standard_normal(600)
    model = nn.Sequential(L.Linear(None, 16), F.relu, L.Linear(16, 6), nn.heads.MixtureNormal(2))
    log = nn.fit(
        model,
        data=(x, y),
        epochs=25,
        batch_size=50,
        seed=0,
        optimizer=optimizers.Adam(0.02),
        validation_data=(x, y),
    )
    truth = -np.mean(
        np.log(0.5 * sum(np.exp(-(((y - m) / 0.3) ** 2) / 2) for m in (-2, 2)) / (0.3 * (2 * np.pi) ** 0.5))
    )
    assert log["validation/main/loss"][-1] == pytest.approx(truth, abs=0.1)
    assert log["epoch"] == list(range(1, 26))
    assert len(log["main/loss"]) == 25


def test_fit_takes_a_model_that_is_its_own_loss_and_extensions(tmp_path):
    class Own(Regressor):
        def forward(self, x, y):
            return self.loss_of(x, y)

        def loss_of(self, x, y):
            return F.mean((self.out(F.tanh(self.hidden(x))) - y) ** 2)

    log = nn.fit(
        Own(),
        None,
        nn.datasets.TupleDataset(*line()),
        epochs=2,
        out=tmp_path,
        extensions=[extensions.PlotReport("main/loss")],
    )
    assert sorted(os.listdir(tmp_path)) == ["log.jsonl", "plot.png"]
    assert len(log["main/loss"]) == 2


def test_fit_says_what_is_missing():
    with pytest.raises(TypeError, match=r"fit: data is missing; expected a pair of arrays or a dataset"):
        nn.fit(L.Linear(1, 1))


def test_fit_goes_on_with_an_optimizer():
    model = L.Linear(1, 1)
    optimizer = optimizers.Adam(0.1)
    for epochs in (1, 2):
        nn.fit(model, F.mean_squared_error, line(), epochs=epochs, batch_size=10, optimizer=optimizer)
    assert optimizer.t == 6


def test_a_stochastic_model_trains_on_its_divergence_too():
    pdist.random.seed(0)
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (200, 2)).astype(np.float32)
    t = (x[:, 1] > x[:, 0] ** 2).astype(np.int32)
    model = nn.Sequential(
        L.DenseReparameterization(2, 10),
        F.tanh,
        L.DenseReparameterization(10, 1),
        lambda h: D.Bernoulli(logit=h[:, 0]),
    )

    def loss(d, t):
        return -F.mean(d.log_prob(t)) + model.kl_divergence() / len(x)

    nn.fit(model, loss, (x, t), epochs=500, batch_size=200, optimizer=optimizers.Adam(0.05))
    with L.mean_weights(), nn.no_backprop_mode():
        accuracy = np.mean((model(x).p.array > 0.5) == t)
    assert accuracy > 0.9
