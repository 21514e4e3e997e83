"""The training loop: updaters, triggers, extensions, reports, resuming, fit."""

from __future__ import annotations

import os

import numpy as np
import pytest
from regression import Regressor, assert_same_run, line, make_trainer, values

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from pdist_nn import optimizers, training
from pdist_nn.training import extensions

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
    with pytest.raises(TypeError, match=r"Trainer.extend: a int is not an extension"):
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
