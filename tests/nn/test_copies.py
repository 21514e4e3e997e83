"""Copies of optimizers, trainers and links, and state that waits for shapes."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from training_runs import ask, make_trainer, paths

import pdist
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from pdist_nn import optimizers, serializers
from pdist_nn.training import extensions, triggers


def deferred():
    model = nn.Sequential(L.Linear(None, 3), L.DenseReparameterization(None, 2))
    return model, optimizers.Adam(0.1).setup(model)


def train(model, optimizer, steps=1):
    x = np.ones((2, 4), np.float32)
    for _ in range(steps):
        pdist.random.seed(1)
        optimizer.update(lambda: F.sum(F.square(model(x))))
    return [p.array.copy() for p in model.params()]


def test_state_loaded_before_shapes_are_known_is_kept(tmp_path):
    model, optimizer = deferred()
    train(model, optimizer, 3)
    serializers.save_npz(tmp_path / "m.npz", model)
    serializers.save_npz(tmp_path / "o.npz", optimizer)
    other, its = deferred()
    serializers.load_npz(tmp_path / "o.npz", its)
    serializers.save_npz(tmp_path / "again.npz", its)  # it is saved, too, while it waits
    other, its = deferred()
    serializers.load_npz(tmp_path / "again.npz", its)
    serializers.load_npz(tmp_path / "m.npz", other)
    for a, b in zip(train(model, optimizer), train(other, its), strict=True):
        np.testing.assert_array_equal(a, b)
    assert its.t == optimizer.t == 4


def test_state_of_another_shape_is_refused_when_shapes_are_known(tmp_path):
    model, optimizer = deferred()
    train(model, optimizer)
    serializers.save_npz(tmp_path / "o.npz", optimizer)
    other, its = deferred()
    serializers.load_npz(tmp_path / "o.npz", its)
    with pytest.raises(ValueError, match=r"Adam: m of /0/W was loaded with shape \(3, 4\); .* \(3, 7\)"):
        its.update(lambda: F.sum(other(np.ones((2, 7), np.float32))))


COPIES = [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))]


@pytest.mark.parametrize("duplicate", COPIES)
@pytest.mark.parametrize(
    "make", [optimizers.SGD, optimizers.MomentumSGD, optimizers.RMSprop, optimizers.Adam, optimizers.AdamW]
)
def test_optimizers_are_copied_with_what_they_know(duplicate, make):
    model = L.Linear(4, 2)
    optimizer = make().setup(model).add_hook(optimizers.GradientClipping(1.0))
    train(model, optimizer, 2)
    other, its = duplicate((model, optimizer))
    assert its.t == 2 and its.target is other
    its.hyperparameters[its.rate] *= 2
    before = [p.array.copy() for p in other.params()]
    its.hyperparameters[its.rate] /= 2
    for a, b in zip(train(model, optimizer, 2), train(other, its, 2), strict=True):
        np.testing.assert_array_equal(a, b)
    assert all((a != b).any() for a, b in zip(before, [p.array for p in other.params()], strict=True))


def test_a_shallow_copy_of_an_optimizer_has_settings_of_its_own():
    model = L.Linear(4, 2)
    optimizer = optimizers.Adam(0.1).setup(model)
    train(model, optimizer)
    other = copy.copy(optimizer)
    other.alpha = 0.5
    other.add_hook(optimizers.WeightDecay(0.1))
    assert optimizer.alpha == 0.1 and other.target is model and not optimizer._hooks
    train(model, other)
    assert (optimizer.t, other.t) == (1, 2)
    train(model, optimizer)
    assert (optimizer.t, other.t) == (2, 2)


@pytest.mark.parametrize("duplicate", COPIES)
def test_whole_trainers_are_copied(tmp_path, duplicate):
    trainer = make_trainer(tmp_path, 3, extensions.LogReport(trigger=(1, "iteration")))
    trainer.extend(extensions.snapshot(), trigger=triggers.MinValueTrigger("main/loss", (1, "iteration")))
    other = duplicate(trainer)
    trainer.run()
    pdist.random.seed(0)
    other.run()
    a, b = (t.updater.get_optimizer("main").target.layer.W.array for t in (trainer, other))
    np.testing.assert_array_equal(a, b)
    logs = [t.get_extension("LogReport").log for t in (trainer, other)]
    assert [e["main/loss"] for e in logs[0]] == [e["main/loss"] for e in logs[1]] and len(logs[0]) == 3


def test_shallow_copies_share_no_registries():
    trainer = make_trainer(None, 3)
    other = copy.copy(trainer)
    other.extend(lambda t: None, name="added")
    other.reporter.add_observer("added", L.Linear(1, 1))
    assert not trainer._extensions and "added" not in trainer.reporter._names.values()
    summary = nn.reporter.DictSummary()
    copy.copy(summary).add({"a": 1.0})
    assert summary.compute_mean() == {}
    iterator = nn.iterators.SerialIterator(np.arange(5), 5, seed=1)
    expected = [copy.deepcopy(iterator).next().arrays().tolist() for _ in range(1)]
    twin = copy.copy(iterator)
    for _ in range(3):
        next(twin)
    second = copy.deepcopy(iterator)
    assert next(iterator).arrays().tolist() == expected[0]
    next(second)
    assert next(iterator).arrays().tolist() == next(second).arrays().tolist()
    trigger = triggers.MinValueTrigger("v", (9, "iteration"))
    ask(copy.copy(trigger), 1, v=1.0)
    assert trigger._summary.compute_mean() == {}


def test_a_shallow_copy_of_a_link_has_a_registry_of_its_own():
    a = L.Linear(2, 3)
    a.add_persistent("count", 1)
    b = copy.copy(a)
    del b.W, b.count
    assert paths(a) == ["/W", "/b"] and [path for path, _, _ in a.persistents()] == ["/count"]
    c = nn.Chain(x=L.Linear(1, 1))
    e = copy.copy(c)
    with e.init_scope():
        e.y = L.Linear(1, 1)
    assert paths(c) == ["/x/W", "/x/b"] and len(paths(e)) == 4
    s = nn.Sequential(L.Linear(1, 1))
    t = copy.copy(s)
    t.append(L.Linear(1, 1))
    del t[0]
    assert len(s) == len(t) == 1 and paths(s) == ["/0/W", "/0/b"]
