"""Traced training steps: the numbers of eager ones, whatever happens between and inside the steps."""

from __future__ import annotations

import functools
import inspect
import random
import types

import numpy as np
import pytest

import pdist
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from examples import bayes_by_backprop, mdn, vae
from pdist_nn import optimizers, training
from pdist_nn.training import extensions, inspection

STEPS = 12


def line(n=20):
    """Points about a line."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (n, 1))
    return x, 3 * x + 1 + 0.1 * rng.standard_normal((n, 1))


class Batches:
    """An iterator whose every third batch is smaller, as the last of an epoch may be."""

    def __init__(self, *arrays, every=3):
        self.arrays, self.every, self.n = arrays, every, 0
        self.epoch = self.epoch_detail = 0
        self.is_new_epoch = False
        self.previous_epoch_detail = None

    def __next__(self):
        self.n += 1
        rows = np.arange(3 if self.n % self.every == 0 else 6) + 3 * (self.n % 4)
        return nn.datasets.TupleDataset(*self.arrays)[rows]


def run(trace, loss, model, data=None, optimizer=None, between=None, steps=STEPS, make=None):
    """Train; returns what was reported in each step, and the parameters."""
    optimizer = (optimizer or optimizers.Adam(0.01)).setup(model)
    if make is not None:
        make(optimizer)
    updater = training.StandardUpdater(Batches(*(data or line())), optimizer, loss_func=loss, trace=trace)
    trainer = training.Trainer(updater, (steps, "iteration"), out=None)
    seen = []
    trainer.extend(lambda t: seen.append(t.observation), name="see")
    if between is not None:
        trainer.extend(lambda t: between(t.updater), name="between", priority=-1)
    trainer.run()
    return seen, {name: p.array.copy() for name, p in model.namedparams()}, updater


def assert_traced_equals_eager(once, recordings=2):
    """``once(trace)`` trains from the same beginning; returns the updater of the traced run."""
    results = []
    for trace in (False, True):
        pdist.random.seed(0)
        results.append(once(trace))
    (seen, values, _), (others, other_values, updater) = results
    assert seen and len(seen) == len(others)
    for one, other in zip(seen, others, strict=True):
        assert {k: float(v) for k, v in one.items()} == {k: float(v) for k, v in other.items()}
    for name, value in values.items():
        np.testing.assert_array_equal(value, other_values[name], err_msg=name)
    if recordings is not None:
        assert isinstance(updater.step, pdist.tracing.TracedFunction)
        assert updater.step.failure is None
        assert updater._step._recordings == recordings
    return updater


def tracing(updater):
    return isinstance(updater.step, pdist.tracing.TracedFunction) and updater.step.failure is None


class Net(nn.Chain):
    """Dropout, a stochastic layer, and a number that weighs its divergence."""

    def __init__(self, beta=1.0):
        super().__init__()
        self.beta = beta
        with self.init_scope():
            self.hidden = L.DenseReparameterization(None, 8)
            self.out = L.Linear(8, 1)

    def forward(self, x):
        return self.out(F.dropout(F.tanh(self.hidden(x)), 0.25))

    def loss(self, x, y):
        loss = F.mean((self(x) - y) ** 2) + self.beta * self.kl_divergence() / 100
        nn.report({"loss": loss, "half": loss.array / 2}, self)
        return loss


# The numbers ---------------------------------------------------------------------------------------------


def mdn_fit(trace, **more):
    model = mdn.mixture_of_two()
    data = mdn.draw(mdn.problem_b, 300, np.random.default_rng(0))
    loss = mdn.negative_log_likelihood
    return model, nn.fit(model, loss, data, epochs=5, validation_data=data, seed=0, trace=trace, **more)


def bbb_fit(trace, **more):
    model = bayes_by_backprop.probabilistic()
    data = bayes_by_backprop.data(np.random.default_rng(0))

    def loss(logit, y):
        return bayes_by_backprop.cross_entropy(logit, y) + model.kl_divergence() / 200

    return model, nn.fit(model, loss, data, epochs=20, batch_size=64, seed=0, trace=trace, **more)


def vae_fit(trace, **more):
    x = np.random.default_rng(0).random((60, 20), np.float32)
    model = vae.AvgELBOLoss(vae.Encoder(20, 2, 16), vae.Decoder(20, 2, 16), vae.Prior(2))
    return model, nn.fit(
        model, None, x, epochs=5, batch_size=20, validation_data=x, seed=0, trace=trace, **more
    )


@pytest.mark.parametrize("fit", [mdn_fit, bbb_fit, vae_fit])
def test_fit_gives_the_same_numbers_traced(fit):
    found = []
    for trace in (False, True):
        pdist.random.seed(0)
        updaters = []
        model, log = fit(trace, extensions=[lambda t, seen=updaters: seen.append(t.updater)])
        assert tracing(updaters[0]) == trace
        del log["elapsed_time"]
        found.append((log, {name: p.array.tolist() for name, p in model.namedparams()}))
    assert found[0] == found[1]


ALL_OPTIMIZERS = [
    lambda: optimizers.SGD(0.01),
    lambda: optimizers.MomentumSGD(0.01),
    lambda: optimizers.RMSprop(0.01),
    lambda: optimizers.Adam(0.01),
    lambda: optimizers.AdamW(0.01, weight_decay_rate=0.1),
]


@pytest.mark.parametrize("make_optimizer", ALL_OPTIMIZERS)
def test_a_trainer_gives_the_same_numbers_traced(make_optimizer):
    def once(trace):
        model = Net()
        return run(trace, model.loss, model, optimizer=make_optimizer())

    updater = assert_traced_equals_eager(once)  # one recording for each length of batch
    assert "affine_map_of_draw" in updater.step.source


HOOKS = {
    "decay": lambda: optimizers.WeightDecay(0.01),
    "lasso": lambda: optimizers.Lasso(0.01),
    "clipping": lambda: optimizers.GradientClipping(0.5),
    "hard clipping": lambda: optimizers.GradientHardClipping(-0.1, 0.1),
    "schedule": lambda: optimizers.LearningRateSchedule(optimizers.CosineDecay(STEPS)),
}


@pytest.mark.parametrize("names", [*[[name] for name in HOOKS], list(HOOKS)], ids=str)
def test_hooks_work_in_traced_steps(names):
    def once(trace):
        model = Net()
        add = lambda optimizer: [optimizer.add_hook(HOOKS[name]()) for name in names]
        return run(trace, model.loss, model, make=add)

    assert_traced_equals_eager(once)


def test_a_classifier_reports_loss_and_accuracy():
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((20, 4)), rng.integers(0, 3, 20)
    t[4] = -1  # ignored

    def once(trace):
        predictor = nn.Sequential(L.Linear(None, 8), F.relu, L.Linear(8, 3))
        model = L.Classifier(predictor, accfun=functools.partial(F.accuracy, ignore_label=-1))
        return run(trace, None, model, (x, t))

    updater = assert_traced_equals_eager(once)
    assert "accuracy" in updater.step.source


def test_nothing_is_traced_unless_it_is_asked_for():
    model = Net()
    updater = training.StandardUpdater(Batches(*line()), optimizers.Adam().setup(model), loss_func=model.loss)
    trainer = training.Trainer(updater, (3, "iteration"), out=None)
    trainer.run()
    assert not tracing(updater)
    assert inspect.signature(nn.fit).parameters["trace"].default is False


@pytest.mark.parametrize("where", ["attribute", "default argument"])
def test_what_a_recording_would_not_see_is_seen_by_default(where):
    """A number that changes in mid-run, once as an attribute of the model, once in a list."""

    def losses(trace):
        pdist.random.seed(0)
        model, weights = Net(), [1.0]

        def loss(x, y, weights=weights):
            weight = weights[0] if where == "default argument" else model.weight
            return weight * F.mean((model(x) - y) ** 2)

        model.weight = 1.0

        def between(updater):
            weights[0] = model.weight = 2.0 if updater.iteration >= 4 else 1.0

        return run(trace, loss, model, between=between)[1]

    before, after = losses(False), losses(None)
    for name in before:
        np.testing.assert_array_equal(before[name], after[name])


# What changes between steps ------------------------------------------------------------------------------


def changes(change, recordings):
    """A test of steps between which ``change(model, optimizer, iteration)`` is called."""

    def test():
        def once(trace):
            model = Net()

            def between(updater):
                change(model, updater.get_optimizer("main"), updater.iteration)

            return run(trace, model.loss, model, between=between)

        assert_traced_equals_eager(once, recordings)

    return test


def beta(model, optimizer, iteration):
    if iteration == 6:
        model.beta = 0.125


def rate(model, optimizer, iteration):
    optimizer.alpha = 0.01 / iteration


def freeze(model, optimizer, iteration):
    if iteration == 4:
        model.hidden.disable_update()
    if iteration == 8:
        model.hidden.enable_update()


def freeze_one(model, optimizer, iteration):
    model.out.b.update_enabled = iteration < 6


def write(model, optimizer, iteration):
    model.out.W.array *= 0.5
    model.out.b.array = np.ones(1)


def replace(model, optimizer, iteration):
    if iteration == 6:
        with model.init_scope():
            model.out = L.Linear(8, 1)


def hook(model, optimizer, iteration):
    if iteration == 3:
        optimizer.add_hook(optimizers.WeightDecay(0.1))
    if iteration == 6:
        optimizer.remove_hook("WeightDecay")


def prior(model, optimizer, iteration):
    if iteration == 6:
        model.hidden.prior = pdist.distributions.Normal(np.float32(1), np.float32(2))


def leave_gradients(model, optimizer, iteration):
    model.out.W.grad = np.full((1, 8), 100, np.float32)


def evaluate(model, optimizer, iteration):
    with pdist.no_backprop_mode(), pdist.using_config("train", False), L.mean_weights():
        model(line()[0].astype(np.float32))


def load(model, optimizer, iteration):
    if iteration == 6:
        other = Net()
        other(np.zeros((1, 1), np.float32))
        model.copyparams(other)


def shuffle(model, optimizer, iteration):
    pdist.random.seed(iteration)


def switch_gradients(model, optimizer, iteration):
    model.out.b.requires_grad = iteration < 6


# One recording for each length of batch; the recording that cuts or packs the parameters does not last.
test_a_number_of_the_model_changes = changes(beta, 4)
test_the_learning_rate_changes = changes(rate, 2)
test_a_layer_is_frozen = changes(freeze, 7)
test_a_parameter_is_frozen = changes(freeze_one, 5)
test_parameters_are_written = changes(write, 2)
test_a_layer_is_replaced = changes(replace, 5)
test_a_hook_comes_and_goes = changes(hook, 6)
test_a_prior_is_replaced = changes(prior, 4)
test_gradients_are_left_behind = changes(leave_gradients, 2)
test_the_model_is_used_elsewhere = changes(evaluate, 2)
test_parameters_are_loaded = changes(load, 2)
test_the_stream_is_seeded = changes(shuffle, 2)
test_a_parameter_gets_no_gradient_any_more = changes(switch_gradients, None)


def test_a_hook_reads_a_rate_that_changes():
    def decay(optimizer):
        for _, p, g in optimizer.active_blocks():
            g += optimizer.alpha * p

    def between(updater):
        if updater.iteration == 6:
            updater.get_optimizer("main").alpha = 0.001

    def once(trace):
        model = Net()
        return run(trace, model.loss, model, make=lambda o: o.add_hook(decay), between=between)

    assert_traced_equals_eager(once, 4)


def test_a_number_in_an_array_changes_at_every_step():
    def once(trace):
        model, weight = Net(), np.zeros((), np.float32)
        loss = lambda x, y: F.mean((model(x) - y) ** 2) + weight * model.kl_divergence()
        return run(trace, loss, model, between=lambda u: weight.fill(1 / u.iteration))

    assert_traced_equals_eager(once)


def test_a_variable_of_the_loss_function_changes():
    def once(trace):
        model, weight = Net(), 0.5
        loss = lambda x, y: F.mean((model(x) - y) ** 2) + weight * model.kl_divergence()

        def between(updater):
            nonlocal weight
            weight = 0.25 if updater.iteration < 6 else 0.125

        return run(trace, loss, model, between=between)

    assert_traced_equals_eager(once, None)


def test_a_number_that_changes_at_every_step_ends_tracing():
    def once(trace):
        model = Net()

        def between(updater):
            model.beta = 1 / updater.iteration

        return run(trace, model.loss, model, between=between, steps=20)

    with pytest.warns(
        UserWarning, match=r"StandardUpdater: the step runs untraced: its recordings do not last"
    ):
        updater = assert_traced_equals_eager(once, None)
    assert not tracing(updater)


# What cannot be traced -----------------------------------------------------------------------------------


def test_a_branch_on_a_value_falls_back_and_says_so_once():
    def once(trace):
        model = Net()

        def loss(x, y):
            error = F.mean((model(x) - y) ** 2)
            return error if float(error.array) > 0.5 else 2 * error

        return run(trace, loss, model)

    with pytest.warns(UserWarning, match=r"test_traced_training.py:\d+: .*float\(\)") as warned:
        updater = assert_traced_equals_eager(once, None)
    assert len(warned) == 1 and not tracing(updater)


def draws_from_numpy(model):
    return lambda x, y: F.mean((model(x) - y + np.random.normal()) ** 2)


def draws_from_python(model):
    return lambda x, y: F.mean((model(x) - y + random.random()) ** 2)


def draws_from_a_generator(model):
    rng = np.random.default_rng(0)
    return lambda x, y: F.mean((model(x) - y + rng.normal()) ** 2)


def keeps_a_dict(model):
    last = {"loss": 0.0}

    def loss(x, y):
        error = F.mean((model(x) - y) ** 2)
        value, last["loss"] = error + last["loss"], error.array
        return value

    return loss


def keeps_a_list(model):
    losses = []

    def loss(x, y):
        losses.append(1)
        return F.mean((model(x) - y) ** 2) + len(losses)

    return loss


def counts(model):
    n = 0

    def loss(x, y):
        nonlocal n
        n += 1
        return F.mean((model(x) - y) ** 2) * n

    return loss


def counts_globally(model):
    def loss(x, y):
        global _count
        _count += 1
        return F.mean((model(x) - y) ** 2) * _count

    return loss


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (draws_from_numpy, r"<lambda> uses np.random, which a recording calls only once"),
        (draws_from_python, r"<lambda> uses the module random: a recording draws only once"),
        (draws_from_a_generator, r"<lambda> draws from rng, which a recording does only once"),
        (keeps_a_dict, r"loss changes the dict last"),
        (keeps_a_list, r"loss changes the list losses"),
        (counts, r"loss assigns to n, a variable outside of it"),
        (counts_globally, r"loss assigns to _count, a variable outside of it"),
    ],
)
def test_what_a_recording_would_not_repeat_falls_back_and_says_so_once(make, message):
    def once(trace):
        global _count
        _count = 0
        np.random.seed(0)
        random.seed(0)
        model = Net()
        return run(trace, make(model), model)

    with pytest.warns(UserWarning, match=message) as warned:
        updater = assert_traced_equals_eager(once, None)
    assert len(warned) == 1 and not tracing(updater)


def test_a_loss_that_seeds_falls_back():
    def once(trace):
        model = Net()

        def loss(x, y):
            pdist.random.seed(1)
            return model.loss(x, y)

        return run(trace, loss, model)

    with pytest.warns(UserWarning, match=r"random.seed in a traced function"):
        assert_traced_equals_eager(once, None)


def test_functions_of_a_user_s_module_are_looked_through():
    helpers = types.ModuleType("helpers")
    source = """
import numpy as np
import pdist.functions as F
scale = 2.0
def fine(d, y):
    return scale * F.mean((d - y) ** 2)
def random(d, y):
    return F.mean((d - y) ** 2 * np.random.normal())
"""
    exec(source, vars(helpers))
    model = Net()
    updater = run(True, lambda x, y: helpers.fine(model(x), y), model, steps=3)[2]
    assert tracing(updater)
    found = inspection.inspect_step(lambda x, y: helpers.random(model(x), y), updater.get_optimizer("main"))
    assert found.hazards == ["helpers.random uses np.random, which a recording calls only once"]

    def once(trace):
        model, helpers.scale = Net(), 2.0

        def between(updater):
            helpers.scale = 3.0 if updater.iteration >= 6 else 2.0

        return run(trace, lambda x, y: helpers.fine(model(x), y), model, between=between)

    assert_traced_equals_eager(once, None)


def test_an_array_that_is_kept_is_that_of_each_call():
    class Keeping(Net):
        def forward(self, x):
            self.h = self.hidden(x)
            return self.out(F.tanh(self.h))

    def once(trace):
        model = Keeping()
        seen, values, updater = run(trace, model.loss, model)
        assert isinstance(model.h, pdist.Variable)
        return seen, {**values, "h": model.h.array}, updater

    assert_traced_equals_eager(once, None)


def test_an_updater_of_one_s_own_works():
    class Twice(training.StandardUpdater):
        def update_core(self):
            super().update_core()
            self.get_optimizer("main").update()

    model = Net()
    pdist.random.seed(0)
    updater = Twice(Batches(*line()), optimizers.Adam().setup(model), loss_func=model.loss, trace=True)
    for _ in range(4):
        updater.update()
    assert updater.get_optimizer("main").t == 8


# Errors --------------------------------------------------------------------------------------------------


def test_bad_labels_raise_in_any_step_and_change_nothing():
    x, t = np.zeros((20, 2), np.float32), np.zeros(20, int)
    t[12] = 3
    model = L.Classifier(L.Linear(2, 3))
    iterator = nn.iterators.SerialIterator(nn.datasets.TupleDataset(x, t), 5, shuffle=False)
    updater = training.StandardUpdater(iterator, optimizers.Adam().setup(model), trace=True)
    updater.update()
    updater.update()
    before = model.predictor.W.array.copy()
    with pytest.raises(
        ValueError, match=r"t: expected labels from 0 to 2 or -1 \(ignored\), got 3 at index \(2,\)"
    ):
        updater.update()
    np.testing.assert_array_equal(model.predictor.W.array, before)
    updater.update()
    assert (model.predictor.W.array != before).sum() == 0 < (model.predictor.b.array != 0).sum()


def test_a_diverging_run_names_the_parameter():
    sgd = optimizers.SGD(1e6)
    with pytest.raises(FloatingPointError, match=r"parameters of main became nan or infinite: /W"):
        nn.fit(L.Linear(1, 1), F.mean_squared_error, line(64), epochs=100, optimizer=sgd, trace=True)


# Resuming ------------------------------------------------------------------------------------------------


def trainer(trace, out, stop, seed=0):
    pdist.random.seed(seed)
    model = Net()
    optimizer = optimizers.Adam(0.01).setup(model)
    optimizer.add_hook(optimizers.LearningRateSchedule(optimizers.CosineDecay(20)))
    iterator = nn.iterators.SerialIterator(nn.datasets.TupleDataset(*line()), 6)
    updater = training.StandardUpdater(iterator, optimizer, loss_func=model.loss, trace=trace)
    found = training.Trainer(updater, (stop, "iteration"), out=out)
    found.extend(extensions.LogReport(trigger=(3, "iteration")))
    return found


def state(trainer):
    saver = nn.serializers.DictionarySerializer()
    trainer.updater.serialize(saver)
    log = [{**entry, "elapsed_time": 0} for entry in trainer.get_extension("LogReport").log]
    return {name: np.asarray(value).tolist() for name, value in saver.target.items()}, log


@pytest.mark.parametrize("at", [1, 5, 10])
def test_a_traced_run_resumes_to_the_numbers_of_an_eager_one(tmp_path, at):
    whole = trainer(False, tmp_path / "whole", 20)
    whole.run()
    first = trainer(True, tmp_path / "part", at)
    first.extend(extensions.snapshot(filename="s.npz"), trigger=(at, "iteration"))
    first.run()
    second = trainer(True, tmp_path / "part", 20, seed=9)
    extensions.resume(second, tmp_path / "part" / "s.npz")
    second.run()
    assert state(second) == state(whole)


def test_loading_in_the_middle_of_a_traced_run_brings_back_its_numbers(tmp_path):
    one = trainer(True, tmp_path, 10)
    one.extend(extensions.snapshot(filename="s.npz"), trigger=(10, "iteration"))
    one.run()
    one.stop_trigger = lambda t: t.updater.iteration >= 20
    one.run()
    expected = state(one)
    extensions.resume(one, tmp_path / "s.npz")
    one.run()
    assert state(one) == expected
