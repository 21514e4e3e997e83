"""Faults that were mended in pdist_nn, each with its kin."""

from __future__ import annotations

import copy
import math
import os
import pickle
import sys
import zipfile
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from pdist_nn import optimizers, plain, serializers, training
from pdist_nn.training import extensions, triggers

X = np.linspace(-1, 1, 20, dtype=np.float32)[:, None]


class Regression(nn.Chain):
    """A model with its loss, at the top of a module: it can be pickled."""

    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.layer = L.Linear(1, 1)

    def forward(self, x, y):
        loss = F.mean_squared_error(self.layer(x), y)
        nn.report({"loss": loss}, self)
        return loss


def make_trainer(out, n, *added, unit="iteration"):
    pdist.random.seed(0)
    optimizer = optimizers.Adam(0.05).setup(Regression())
    iterator = nn.iterators.SerialIterator(nn.datasets.TupleDataset(X, 2 * X), 6, seed=3)
    trainer = training.Trainer(training.StandardUpdater(iterator, optimizer), (n, unit), out=out)
    for extension in added:
        trainer.extend(extension, trigger=(1, "iteration"))
    return trainer


# Snapshots -------------------------------------------------------------------------------------------------

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


# Files -----------------------------------------------------------------------------------------------------


class Holder(nn.Chain):
    def __init__(self, value):
        super().__init__()
        self.add_persistent("p", value)


def nested(depth):
    value = 0
    for _ in range(depth):
        value = [value]
    return value


REFUSED = [
    (2, 3),
    [1, (2, 3)],
    {"a": {"b": (1,)}},
    {1: "a"},
    [{None: 1}],
    {1, 2},
    b"bytes",
    1 + 2j,
    np.complex64(1),
    np.datetime64("2020-01-01"),
    np.array([1 + 2j]),
    np.array(["a", "bc"]),
    np.array([b"a"]),
    np.array(["2020-01-01"], "M8[D]"),
    np.array([1], "m8[s]"),
    np.zeros(2, [("a", "f4")]),
    np.array([None]),
    np.ma.masked_array([1.0, 2.0], [True, False]),
    [np.float32(1)],
    [np.zeros(2)],
    10**5000,
    nested(plain.MAX_DEPTH + 1),
    "x" * plain.MAX_TEXT,
]


@pytest.mark.parametrize("value", REFUSED, ids=range(len(REFUSED)))
def test_what_would_be_loaded_as_something_else_is_refused_when_saved(tmp_path, value):
    with pytest.raises((TypeError, ValueError), match=r"save_npz: p"):
        serializers.save_npz(tmp_path / "m.npz", Holder(value))
    assert not list(tmp_path.iterdir())


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(plain_values)
def test_plain_values_come_back_as_they_were(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("plain") / "m.npz"
    serializers.save_npz(path, Holder(value))
    again = Holder(copy.deepcopy(value))
    again.p = None
    serializers.load_npz(path, again)
    assert again.p == value and repr(again.p) == repr(value)


@pytest.mark.parametrize(
    "value", [nested(plain.MAX_DEPTH), np.float32(0.1), np.int8(3), np.bool_(True), 0.1, "[[{{"]
)
def test_numbers_of_numpy_keep_their_types_and_depth_its_bound(tmp_path, value):
    serializers.save_npz(tmp_path / "m.npz", Holder(value))
    again = Holder(value)
    serializers.load_npz(tmp_path / "m.npz", again)
    assert again.p == value and type(again.p) is type(value)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 1000 + "1" + "}" * 1000, "[" * 70 + "]" * 70])
def test_deep_json_in_a_file_is_refused_before_it_is_parsed(tmp_path, text):
    np.savez(tmp_path / "m.npz", p=np.array(text))
    holder = Holder(1)
    with pytest.raises(ValueError, match=r"nested more than 64 deep"):
        serializers.load_npz(tmp_path / "m.npz", holder)
    assert holder.p == 1


@pytest.mark.parametrize(("dtype", "shape"), [("<U99999999", ()), ("<U3", (2,))])
def test_long_json_in_a_file_is_refused_by_its_header(tmp_path, dtype, shape):
    with zipfile.ZipFile(tmp_path / "m.npz", "w") as archive, archive.open("p.npy", "w") as member:
        header = {"descr": dtype, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(member, header)
    with pytest.raises(ValueError, match=r"expected one of at most"):
        serializers.load_npz(tmp_path / "m.npz", Holder(1))


# State of optimizers ---------------------------------------------------------------------------------------


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


# Links -----------------------------------------------------------------------------------------------------


def paths(link):
    return [path for path, _ in link.namedparams()]


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


class Tied(nn.Chain):
    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.a = L.Linear(2, 2, nobias=True, initialW=1.0)
            self.b = L.Linear(2, 2, nobias=True)
        with self.b.init_scope():
            self.b.W = self.a.W

    def forward(self, x):
        return self.b(self.a(x))


def test_tied_parameters_count_once():
    model, other = Tied(), Tied()
    for m in (model, other):
        m.cleargrads()
        F.sum(m(np.ones((1, 2), np.float32))).backward()
    expected = model.a.W.grad + other.a.W.grad
    model.addgrads(other)
    np.testing.assert_array_equal(model.a.W.grad, expected)
    assert model.count_params() == 4 and len(list(model.params())) == 1
    optimizer = optimizers.SGD(1.0).setup(model)
    before = model.a.W.array.copy()
    optimizer.update()
    np.testing.assert_array_equal(model.a.W.array, before - expected)
    model.cleargrads()
    assert model.b.W.grad is None


def test_addgrads_of_a_layer_used_twice_and_of_untied_ones():
    layer, again = L.Linear(2, 2), L.Linear(2, 2)
    model, other = nn.Sequential(layer, F.tanh, layer), nn.Sequential(again, F.tanh, again)
    F.sum(other(np.ones((1, 2), np.float32))).backward()
    model.addgrads(other)
    np.testing.assert_array_equal(layer.W.grad, again.W.grad)
    apart = nn.Sequential(L.Linear(2, 2), F.tanh, L.Linear(2, 2))
    F.sum(apart(np.ones((1, 2), np.float32))).backward()
    model.cleargrads()
    model.addgrads(apart)
    np.testing.assert_array_equal(layer.W.grad, apart[0].W.grad + apart[2].W.grad)


@pytest.mark.parametrize("prior", [None, D.Normal(1.0, 2.0)])
def test_a_stochastic_layer_used_twice_counts_once(prior):
    layer = L.DenseReparameterization(3, 3, prior=prior)
    alone = layer.kl_divergence().item()
    inner = nn.Sequential(layer, F.tanh)
    for model in (
        nn.Sequential(layer, F.tanh, layer),
        nn.Sequential(inner, inner),
        nn.Sequential(inner, layer),
    ):
        assert model.kl_divergence().item() == pytest.approx(alone, rel=1e-6)
    apart = nn.Sequential(layer, layer.copy("copy"))
    assert apart.kl_divergence().item() == pytest.approx(2 * alone, rel=1e-6)


@pytest.mark.parametrize(
    "wrap", [lambda a: [a], lambda a: (1, a), lambda a: {"x": a}, lambda a: {"x": [[a]]}]
)
@pytest.mark.parametrize("make", [lambda: L.Linear(1, 2), lambda: nn.Parameter(1.0, (2,))])
def test_links_in_plain_containers_are_refused(wrap, make):
    class Scoped(nn.Chain):
        def __init__(self):
            super().__init__()
            with self.init_scope():
                self.parts = wrap(make())
                self.head = L.Linear(1, 1)

    class Unscoped(nn.Link):
        def __init__(self):
            self.head = L.Linear(1, 1)
            self.parts = wrap(make())

    message = r"coped\.parts is a \w+ that holds a \w+, which would neither be trained nor saved; write "
    with pytest.raises(TypeError, match=message):
        Scoped()
    for use in (nn.Link.count_params, optimizers.SGD().setup):
        with pytest.raises(TypeError, match=message):
            use(Unscoped())


def test_a_list_filled_later_is_refused_too(tmp_path):
    class Late(nn.Chain):
        def __init__(self):
            super().__init__()
            with self.init_scope():
                self.parts = []
                self.head = L.Linear(1, 1)

    late = Late()
    assert late.count_params() == 2
    late.parts.append(L.Linear(1, 1))
    with pytest.raises(TypeError, match=r"write ChainList\(\*links\)"):
        optimizers.SGD().setup(late)
    with pytest.raises(TypeError, match=r"write ChainList\(\*links\)"):
        serializers.save_npz(tmp_path / "m.npz", late)


def test_helpers_assigned_outside_of_the_scope_may_be_in_lists():
    class Student(nn.Chain):
        def __init__(self):
            super().__init__()
            self.teachers = [L.Linear(1, 1)]
            with self.init_scope():
                self.sizes = [1, {"a": 2}]
                self.head = L.Linear(1, 1)

    assert optimizers.SGD().setup(Student()).target.count_params() == 2


def calls(function):
    """How many calls of Python functions it makes."""
    n = 0

    def count(frame, event, argument):
        nonlocal n
        n += event == "call"

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return n


@pytest.mark.parametrize(
    "build",
    [
        lambda links: nn.ChainList(*links),
        lambda links: nn.Sequential(*links),
        lambda links: nn.ChainList().extend(links),
        lambda links: [whole.append(link) for whole in [nn.ChainList()] for link in links],
        lambda links: [whole.insert(i, link) for whole in [nn.ChainList()] for i, link in enumerate(links)],
        lambda links: [
            whole.__setitem__(i, a) for whole in [nn.ChainList(*links)] for i, a in enumerate(links)
        ],
        lambda links: nn.Chain(**{f"l{i}": link for i, link in enumerate(links)}),
        lambda links: [chain[f"l{i}"] for chain in [wide(links)] for i in range(len(links))],
        lambda links: nn.ChainList(*links).count_params(),
    ],
)
def test_building_takes_time_in_proportion_to_the_number_of_links(build):
    few, many = [L.Linear(1, 1) for _ in range(100)], [L.Linear(1, 1) for _ in range(400)]
    assert calls(lambda: build(many)) <= 4.5 * calls(lambda: build(few))


def wide(links):
    return nn.Chain(**{f"l{i}": link for i, link in enumerate(links)})


def test_children_are_named_after_their_positions():
    a, b, c, d = (L.Linear(1, 1) for _ in range(4))
    model = nn.ChainList(a, b)
    model.insert(-1, c)
    assert [link.name for link in model] == ["0", "1", "2"] and list(model) == [a, c, b]
    model.insert(-9, d)
    assert [link.name for link in model] == ["0", "1", "2", "3"] and model[0] is d
    model[-1] = nn.Chain()
    del model[0]
    assert [link.name for link in model] == ["0", "1", "2"]


def test_a_trace_sees_a_layer_appended_or_replaced():
    model = nn.Sequential(L.Linear(2, 2))
    function = pdist.trace(lambda x: model(x).sum())
    x = np.ones((1, 2), np.float32)
    for change in (lambda: model.append(L.Linear(2, 2)), lambda: model.__setitem__(0, L.Linear(2, 2))):
        function(x), function(x)
        change()
        assert function(x).item() == pytest.approx(model(x).sum().item(), rel=1e-6)


# Hooks, initializers, losses -------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("threshold", [1e-3, 1.0, 1e30])
@given(exponent=st.integers(-300, 307), ratio=st.floats(0, 1))
def test_clipping_without_overflow(dtype, threshold, exponent, ratio):
    if dtype is np.float32:
        exponent = exponent // 9
    values = [10.0**exponent, ratio * 10.0**exponent]
    model = L.Linear(2, 1, nobias=True, initialW=np.zeros((1, 2), dtype))
    model.W.grad = np.array([values], dtype)
    given_ = [Fraction(float(v)) for v in model.W.grad.ravel()]
    norm = math.hypot(*[float(v / given_[0]) for v in given_]) if given_[0] else 0.0
    share = min(Fraction(1), Fraction(threshold) / (given_[0] * Fraction(norm))) if norm else Fraction(1)
    optimizers.SGD(1.0).setup(model).add_hook(optimizers.GradientClipping(threshold)).update()
    expected = [-float(v * share) for v in given_]
    info = np.finfo(dtype)
    np.testing.assert_allclose(model.W.array.ravel(), expected, rtol=8 * info.eps, atol=8 * info.tiny)


def test_clipping_keeps_nan_in_sight_and_takes_parameters_of_both_dtypes():
    model = nn.ChainList(*(L.Linear(2, 1, nobias=True, initialW=np.zeros((1, 2), t)) for t in ("f4", "f8")))
    optimizer = optimizers.SGD(1.0).setup(model).add_hook(optimizers.GradientClipping(5.0))
    model[0].W.grad, model[1].W.grad = np.full((1, 2), 3, "f4"), np.full((1, 2), 4e200)
    optimizer.update()
    np.testing.assert_allclose(model[1].W.array, [[-(12.5**0.5)] * 2], rtol=1e-14)
    np.testing.assert_array_equal(model[0].W.array, np.zeros((1, 2)))
    model[0].W.grad = np.float32([[math.nan, 1]])
    optimizer.update()
    assert np.isnan(model[0].W.array).any()


INITIALIZERS = [
    nn.initializers.Constant,
    nn.initializers.Zero,
    nn.initializers.One,
    nn.initializers.NaN,
    nn.initializers.Identity,
    nn.initializers.Normal,
    nn.initializers.Uniform,
    nn.initializers.LeCunNormal,
    nn.initializers.LeCunUniform,
    nn.initializers.GlorotNormal,
    nn.initializers.GlorotUniform,
    nn.initializers.HeNormal,
    nn.initializers.HeUniform,
    nn.initializers.Orthogonal,
]


@pytest.mark.parametrize("kind", INITIALIZERS)
@pytest.mark.parametrize("dtype", [np.float16, "f2", np.int32, np.complex64])
def test_initializers_refuse_dtypes_by_name(kind, dtype):
    given_ = (1.0,) if kind is nn.initializers.Constant else ()
    message = rf"{kind.__name__}: dtype is {np.dtype(dtype)}; expected float32 or float64"
    with pytest.raises(TypeError, match=message):
        kind(*given_, dtype=dtype)


def test_float16_is_refused_wherever_it_comes_in():
    half = np.zeros((2, 2), np.float16)
    with pytest.raises(TypeError, match=r"Normal: dtype is float16; expected float32 or float64"):
        nn.initializers.Normal()(half)
    with pytest.raises(TypeError, match=r"initializer: dtype is float16; expected float32 or float64"):
        nn.Parameter(half)
    with pytest.raises(TypeError, match=r"Parameter w: dtype is float16; expected float32 or float64"):
        nn.Parameter(1.0, (2, 2), name="w").array = half


@pytest.mark.parametrize("loss", [F.mean_squared_error, F.mean_absolute_error])
def test_a_column_against_a_row_is_refused(loss):
    x, t = np.zeros((4, 1), np.float32), np.zeros(4, np.float32)
    model = L.Classifier(L.Linear(1, 1), loss, accfun=None)
    with pytest.raises(ValueError, match=r"t has shape \(4,\) and y \(4, 1\).*; write t\[\.\.\., None\]"):
        model(x, t)
    assert model(x, t[..., None]).shape == ()
    model = L.Classifier(nn.Sequential(L.Linear(1, 1), lambda y: y[:, 0]), loss, accfun=None)
    with pytest.raises(ValueError, match=r"t has shape \(4, 1\) and y \(4,\).*; write t\[\.\.\., 0\]"):
        model(x, t[..., None])


def test_negative_log_likelihood_says_what_to_write():
    row, column = D.Normal(np.zeros(3), np.ones(3)), D.Normal(np.zeros((3, 1)), np.ones((3, 1)))
    with pytest.raises(ValueError, match=r"\(3, 1\); expected \(3,\); write target\[\.\.\., 0\]"):
        nn.losses.negative_log_likelihood(row, np.zeros((3, 1)))
    with pytest.raises(ValueError, match=r"\(3,\); expected \(3, 1\); write target\[\.\.\., None\]"):
        nn.losses.negative_log_likelihood(column, np.zeros(3))


# Triggers and schedules ------------------------------------------------------------------------------------


def ask(trigger, iteration, **observation):
    updater = SimpleNamespace(
        iteration=iteration, epoch_detail=iteration, previous_epoch_detail=iteration - 1
    )
    return trigger(SimpleNamespace(updater=updater, observation=observation))


def test_a_trigger_asked_in_some_steps_only_answers_for_those_between():
    trigger = triggers.IntervalTrigger(2, "iteration")
    assert [ask(trigger, i) for i in (1, 3, 5, 8)] == [False, True, True, True]
    trigger = triggers.ManualScheduleTrigger([2, 4, 6, 7], "iteration")
    assert [ask(trigger, i) for i in (1, 3, 5, 8, 9)] == [False, True, True, True, False]
    trigger = triggers.IntervalTrigger(2, "epoch")
    assert [ask(trigger, i) for i in (1, 3, 5, 8)] == [False, True, True, True]


def test_a_trigger_asked_twice_in_a_step_answers_the_same_and_begins_anew_with_another_run():
    trigger = triggers.IntervalTrigger(2, "iteration")
    assert [ask(trigger, i) for i in (1, 2, 2, 3, 4, 4, 1, 2)] == [
        False,
        True,
        True,
        False,
        True,
        True,
        False,
        True,
    ]


def test_a_trigger_remembers_in_a_file_when_it_was_asked(tmp_path):
    trigger, again = triggers.IntervalTrigger(2, "iteration"), triggers.IntervalTrigger(2, "iteration")
    ask(trigger, 3)
    serializers.save_npz(tmp_path / "t.npz", trigger)
    serializers.load_npz(tmp_path / "t.npz", again)
    assert ask(again, 5) and ask(again, 5)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 500))
def test_fractions_of_an_epoch_are_exact(n, k, start):
    """Every 1/k of an epoch of n examples, in step 1, 2, ... : where a multiple was reached."""
    iterator = nn.iterators.SerialIterator(np.arange(n), 1, shuffle=False)
    iterator.epoch = start
    trainer = SimpleNamespace(updater=iterator)
    every, at = (
        triggers.IntervalTrigger(1 / k, "epoch"),
        triggers.ManualScheduleTrigger([start + 1 / k], "epoch"),
    )
    end = triggers.ReachedTrigger(start + 1 / k, "epoch")
    fired, fired_at, ended = [], [], []
    for i in range(1, 2 * n + 1):
        next(iterator)
        fired += [i] if every(trainer) else []
        fired_at += [i] if at(trainer) else []
        ended += [i] if end(trainer) else []
    assert fired == [i for i in range(1, 2 * n + 1) if i * k // n != (i - 1) * k // n]
    first = -(-n // k)
    assert fired_at == [first] and ended == list(range(first, 2 * n + 1))


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (triggers.MinValueTrigger, [False, True, True, False, True]),
        (triggers.MaxValueTrigger, [False, True, False, False, False]),
    ],
)
def test_nan_is_never_the_best(make, expected):
    trigger = make("v", trigger=(1, "iteration"))
    values = [math.nan, 3.0, 2.0, math.nan, 1.0]
    assert [ask(trigger, i, v=v) for i, v in enumerate(values, 1)] == expected
    trigger = make("v", trigger=(1, "iteration"))
    trigger.best_value = math.nan  # from a file of before
    assert ask(trigger, 1, v=5.0)


def test_early_stopping_in_time():
    def stops(values, **settings):
        trigger = triggers.EarlyStoppingTrigger((1, "iteration"), "v", max_trigger=(99, "epoch"), **settings)
        return [ask(trigger, i, v=v) for i, v in enumerate(values, 1)]

    assert stops([100, 80, 30, 10, 20, 24, 30, 35], patience=3) == [False] * 6 + [True] * 2
    values = [0.5, 0.5, 0.6, 0.7, 0.6, 0.4, 0.3, 0.2]
    assert stops(values, patience=3, mode="max") == [False] * 6 + [True] * 2
    assert stops([math.nan, math.nan, 3, 2], patience=3) == [False] * 4
    assert stops([3, math.nan, math.nan, math.nan], patience=3) == [False] * 3 + [True]
    assert stops([math.nan, 2, 3, 4, 5], patience=3, mode="max") == [False] * 5


@pytest.mark.parametrize(
    ("init", "rate", "target", "expected"),
    [
        (-2.0, 0.5, -1.2, [-2.0, -1.2, -1.2]),
        (2.0, 0.5, 1.2, [2.0, 1.2, 1.2]),
        (-2.0, 2.0, -5.0, [-2.0, -4.0, -5.0]),
        (2.0, 2.0, 5.0, [2.0, 4.0, 5.0]),
        (1.0, 1e200, 3.0, [1.0, 3.0, 3.0]),
        (1.0, 0.5, 0.0, [1.0, 0.5, 0.25]),
    ],
)
def test_exponential_shift_does_not_pass_its_target(init, rate, target, expected):
    optimizer = SimpleNamespace(x=0.0)
    shift = extensions.ExponentialShift("x", rate, init=init, target=target, optimizer=optimizer)
    shift.initialize(None)
    found = [optimizer.x]
    for _ in expected[1:]:
        shift(None)
        found.append(optimizer.x)
    assert found == expected


def test_exponential_shift_refuses_what_it_cannot_do():
    with pytest.raises(ValueError, match=r"ExponentialShift: rate is -0.5; expected"):
        extensions.ExponentialShift("x", -0.5)
    with pytest.raises(ValueError, match=r"ExponentialShift: target is -1.0, which 2.0 never reaches"):
        extensions.ExponentialShift("x", 0.5, init=2.0, target=-1.0)
