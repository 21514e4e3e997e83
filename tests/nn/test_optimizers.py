"""Optimizers: the published formulas, flat buffers, hooks, schedules."""

from __future__ import annotations

import copy
import inspect
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from training_runs import Bag

import pdist_nn as nn
import pdist_nn.links as L
from pdist_nn import optimizers
from pdist_nn.optimizers import flat_buffer

# The formulas, one number at a time ----------------------------------------------------------------------


def sgd(p, g, t, state, lr=0.01):
    return p - lr * g


def momentum_sgd(p, g, t, state, lr=0.01, momentum=0.9):
    state["v"] = momentum * state.get("v", 0) - lr * g
    return p + state["v"]


def rmsprop(p, g, t, state, lr=0.01, alpha=0.99, eps=1e-8):
    state["ms"] = alpha * state.get("ms", 0) + (1 - alpha) * g * g
    return p - lr * g / (np.sqrt(state["ms"]) + eps)


def adam(p, g, t, state, alpha=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g * g
    m, v = state["m"] / (1 - beta1**t), state["v"] / (1 - beta2**t)
    return p - alpha * m / (np.sqrt(v) + eps)


def adamw(p, g, t, state, eta=1.0, weight_decay_rate=0.01, **others):
    step = adam(p, g, t, state, **others) - p
    return p + eta * (step - weight_decay_rate * p)


FORMULAS = {"SGD": sgd, "MomentumSGD": momentum_sgd, "RMSprop": rmsprop, "Adam": adam, "AdamW": adamw}
SETTINGS = {
    "SGD": {"lr": 0.3},
    "MomentumSGD": {"lr": 0.3, "momentum": 0.5},
    "RMSprop": {"lr": 0.3, "alpha": 0.9, "eps": 0.1},
    "Adam": {"alpha": 0.3, "beta1": 0.5, "beta2": 0.9, "eps": 0.1},
    "AdamW": {"alpha": 0.3, "beta1": 0.5, "beta2": 0.9, "eps": 0.1, "eta": 0.5, "weight_decay_rate": 0.2},
}
every = pytest.mark.parametrize("name", list(FORMULAS))


@every
@given(
    st.lists(st.lists(st.integers(0, 3), max_size=2).map(tuple), min_size=1, max_size=4),
    st.booleans(),
    st.data(),
)
def test_formula(name, shapes, given_settings, data):
    """Every optimizer is its formula, whichever parameters have a gradient in which step."""
    settings = SETTINGS[name] if given_settings else {}
    link = Bag(shapes)
    optimizer = getattr(optimizers, name)(**settings).setup(link)
    expected = [p.array.copy() for p in link.params()]
    states = [{} for _ in shapes]
    counts = [0] * len(shapes)
    rng = np.random.default_rng(1)
    for _ in range(5):
        present = data.draw(st.lists(st.booleans(), min_size=len(shapes), max_size=len(shapes)))
        for i, p in enumerate(link.params()):
            p.cleargrad()
            if present[i]:
                p.grad = np.asarray(rng.standard_normal(p.shape))
                counts[i] += 1
                expected[i] = FORMULAS[name](expected[i], p.grad, counts[i], states[i], **settings)
        optimizer.update()
        assert optimizer.t == max(counts)
        for p, array in zip(link.params(), expected, strict=True):
            np.testing.assert_allclose(p.array, array, rtol=1e-12, atol=1e-13)


@every
def test_large_parameters_go_block_by_block(name):
    link = Bag([(flat_buffer.BLOCK // 2 + 3,), (flat_buffer.BLOCK, 2), ()])
    optimizer = getattr(optimizers, name)().setup(link)
    assert len(optimizer.buffers[0].groups[0].blocks) == 3
    expected = [p.array.copy() for p in link.params()]
    states = [{} for _ in expected]
    for t in range(1, 4):
        for i, p in enumerate(link.params()):
            p.grad = np.sin(np.arange(p.size, dtype=float) * t).reshape(p.shape)
            expected[i] = FORMULAS[name](expected[i], p.grad, t, states[i])
        optimizer.update()
    for p, array in zip(link.params(), expected, strict=True):
        np.testing.assert_allclose(p.array, array, rtol=1e-12, atol=1e-13)


@every
def test_float32_stays_float32(name):
    link = Bag([(3,), (2, 2)], np.float32)
    optimizer = getattr(optimizers, name)().setup(link)
    double = Bag([(3,), (2, 2)])
    for p, q in zip(link.params(), double.params(), strict=True):
        q.array = p.array.astype(np.float64)
    other = getattr(optimizers, name)().setup(double)
    for t in range(20):
        for p, q in zip(link.params(), double.params(), strict=True):
            p.grad = np.cos(np.arange(p.size) + t).reshape(p.shape).astype(np.float32)
            q.grad = p.grad.astype(np.float64)
        optimizer.update()
        other.update()
    for p, q in zip(link.params(), double.params(), strict=True):
        assert p.dtype == np.float32
        np.testing.assert_allclose(p.array, q.array, rtol=1e-5)


def test_adam_s_first_step_is_the_rate():
    link = Bag([(4,)])
    before = link.p0.array.copy()
    link.p0.grad = np.array([1e-3, -5.0, 2.0, 1e3])
    optimizers.Adam(0.01).setup(link).update()
    np.testing.assert_allclose(before - link.p0.array, [0.01, -0.01, 0.01, 0.01], rtol=1e-4)


# Flat buffers --------------------------------------------------------------------------------------------


def test_arrays_become_views_of_one_array():
    link = Bag([(2, 3), (), (4,)])
    before = [p.array.copy() for p in link.params()]
    buffer = optimizers.SGD().setup(link).buffers[0]
    for p, array in zip(link.params(), before, strict=True):
        np.testing.assert_array_equal(p.array, array)
        assert np.shares_memory(p.array, buffer.array)
    np.testing.assert_array_equal(buffer.array, np.concatenate([a.ravel() for a in before]))


def test_every_dtype_has_its_buffer():
    link = nn.Chain(a=Bag([(2,)], np.float32), b=Bag([(3,)], np.float64))
    optimizer = optimizers.Adam().setup(link)
    assert [buffer.array.dtype for buffer in optimizer.buffers] == [np.float32, np.float64]


def test_assigning_an_array_copies_into_the_storage():
    link = Bag([(2,), (3,)], np.float32)
    optimizer = optimizers.SGD(lr=1.0).setup(link)
    view = link.p0.array
    given = np.float32([5, 6])
    link.p0.array = given
    assert link.p0.array is view
    link.p0.grad = np.float32([1, 1])
    optimizer.update()
    np.testing.assert_array_equal(link.p0.array, [4, 5])
    np.testing.assert_array_equal(given, [5, 6])
    link.p0.array = np.array([1.0, 2.0])  # cast, as any assignment into an array
    np.testing.assert_array_equal(link.p0.array, [1, 2])
    with pytest.raises(
        ValueError, match=r"Parameter p0: an optimizer holds it with shape \(2,\); got .* \(3,\)"
    ):
        link.p0.array = np.zeros(3, np.float32)


def test_a_parameter_without_a_gradient_is_untouched():
    link = Bag([(2,), (2,), (2,)])
    optimizer = optimizers.Adam().setup(link)
    for p in link.params():
        p.grad = np.ones(2)
    optimizer.update()
    buffer = optimizer.buffers[0]
    before = {name: array.copy() for name, array in (("p", buffer.array), *buffer.moments.items())}
    link.p1.cleargrad()
    optimizer.update()
    for name, array in (("p", buffer.array), *buffer.moments.items()):
        assert (array[2:4] == before[name][2:4]).all()
        assert (array[:2] != before[name][:2]).all()
        assert (array[4:] != before[name][4:]).all()
    assert buffer.counts() == [2, 1, 2]


def test_frozen_links_stay():
    link = nn.Chain(a=L.Linear(1, 1), b=L.Linear(1, 1))
    optimizer = optimizers.SGD().setup(link)
    link.a.disable_update()
    assert not link.a.update_enabled
    before = [p.array.copy() for p in link.params()]
    for p in link.params():
        p.grad = np.ones_like(p.array)
    optimizer.update()
    changed = [bool((p.array != a).any()) for p, a in zip(link.params(), before, strict=True)]
    assert changed == [False, False, True, True]
    link.a.enable_update()
    optimizer.update()
    assert (link.a.W.array != before[0]).all()


def test_parameters_that_come_later_join():
    model = nn.Sequential(L.Linear(None, 2), L.Linear(2, 1))
    optimizer = optimizers.Adam().setup(model)
    x = np.ones((1, 3), np.float32)
    for _ in range(3):
        optimizer.update(lambda: model(x).sum())
    assert len(optimizer.buffers) == 1
    assert optimizer.buffers[0].array.size == model.count_params()
    with model[1].init_scope():
        model[1].scale = nn.Parameter(1.0, (1,))
    optimizer.update(lambda: (model(x) * model[1].scale).sum())
    assert optimizer.buffers[0].array.size == model.count_params()
    assert optimizer.buffers[0].counts() == [4, 4, 4, 4, 1]


def test_parameters_that_never_get_a_shape_do_not_keep_others_waiting():
    model = nn.Chain(used=L.Linear(1, 1), unused=L.Linear(None, 1, nobias=True))
    optimizer = optimizers.Adam().setup(model)
    x = np.ones((1, 1), np.float32)
    optimizer.update(lambda: model.used(x).sum())
    buffer = optimizer.buffers[0]
    for _ in range(3):
        optimizer.update(lambda: model.used(x).sum())
    assert optimizer.buffers[0] is buffer
    optimizer.update(lambda: model.unused(x).sum())
    assert optimizer.buffers[0].counts() == [4, 4, 1]


def test_a_parameter_that_is_initialized_anew_gets_another_buffer():
    link = Bag([(2,), (2,)])
    optimizer = optimizers.Adam().setup(link)
    for p in link.params():
        p.grad = np.ones(2)
    optimizer.update()
    link.p0.initializer = 7.0
    link.p0.initialize((3,))
    link.p0.grad, link.p1.grad = np.ones(3, np.float32), None
    optimizer.update()
    assert sorted(buffer.array.size for buffer in optimizer.buffers) == [2, 3]
    np.testing.assert_allclose(link.p0.array, 7 - 0.001, rtol=1e-3)


def test_a_second_optimizer_takes_over_and_both_go_on_right():
    link, twin = Bag([(3,)]), Bag([(3,)])
    one, two = optimizers.Adam().setup(link), optimizers.MomentumSGD().setup(link)
    expected, states = twin.p0.array.copy(), ({}, {})
    for t in range(1, 4):
        for optimizer, formula, state in zip((one, two), (adam, momentum_sgd), states, strict=True):
            link.p0.grad = np.array([1.0, -2.0, 3.0])
            expected = formula(expected, link.p0.grad, t, state)
            optimizer.update()
            np.testing.assert_allclose(link.p0.array, expected, rtol=1e-12)


def test_a_copied_model_is_free_of_the_optimizer():
    link = Bag([(3,)])
    optimizer = optimizers.SGD().setup(link)
    other = copy.deepcopy(link)
    other.p0.array = np.zeros(5)
    link.p0.grad = np.ones(3)
    optimizer.update()
    np.testing.assert_array_equal(other.p0.array, 0)


def test_a_moved_model_goes_on(device, xp):
    link, twin = Bag([(3,)], np.float32), Bag([(3,)], np.float32)
    optimizer, other = optimizers.Adam().setup(link), optimizers.Adam().setup(twin)
    for to in ("cpu", device, "cpu", device):
        link.to_device(to)
        link.p0.grad = link.xp.asarray(np.float32([1, 2, -3]))
        twin.p0.grad = twin.xp.asarray(np.float32([1, 2, -3]))
        optimizer.update()
        other.update()
    link.to_cpu()
    twin.to_cpu()
    np.testing.assert_allclose(link.p0.array, twin.p0.array, rtol=1e-6)


# Use and misuse ------------------------------------------------------------------------------------------


def test_before_setup():
    with pytest.raises(RuntimeError, match=r"Adam.update: call setup\(model\) first"):
        optimizers.Adam().update()
    with pytest.raises(ValueError, match=r"Adam.setup: Chain has no parameters; .*init_scope"):
        optimizers.Adam().setup(nn.Chain())
    with pytest.raises(TypeError, match=r"Adam.setup: expected a Link, got a int"):
        optimizers.Adam().setup(3)


@pytest.mark.parametrize(
    ("loss", "error", "message"),
    [
        (lambda link: link.p0 * 2, ValueError, r"SGD.update: the loss has shape \(3,\); expected a scalar"),
        (lambda link: 3.0, TypeError, "SGD.update: the loss is a float; expected a Variable"),
        (
            lambda link: nn.as_variable(3.0),
            ValueError,
            "SGD.update: the loss does not depend on any parameter",
        ),
    ],
)
def test_a_loss_that_is_none(loss, error, message):
    link = Bag([(3,)])
    optimizer = optimizers.SGD().setup(link)
    before = link.p0.array.copy()
    with pytest.raises(error, match=message):
        optimizer.update(loss, link)
    np.testing.assert_array_equal(link.p0.array, before)
    assert optimizer.t == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizers.Adam(alpha=-1), "Adam: alpha is -1; expected a number of at least 0"),
        (lambda: optimizers.Adam(beta1=1), "Adam: beta1 is 1; expected a number of at least 0 and below 1"),
        (lambda: optimizers.SGD(lr=math.nan), "SGD: lr is nan; expected"),
        (lambda: optimizers.RMSprop(eps=-1e-9), "RMSprop: eps is -1e-09; expected"),
    ],
)
def test_impossible_hyperparameters(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_unknown_hyperparameters():
    with pytest.raises(TypeError, match=r"Adam: no argument 'lr'; it takes alpha, beta1, beta2, eps"):
        optimizers.Adam(lr=0.1)


def test_hyperparameters_change_at_any_time():
    link = Bag([(1,)])
    optimizer = optimizers.SGD(lr=0.5).setup(link)
    link.p0.array = np.array([0.0])
    link.p0.grad = np.array([1.0])
    optimizer.update()
    optimizer.lr = 0.25
    optimizer.update()
    assert optimizer.lr == 0.25
    np.testing.assert_allclose(link.p0.array, [-0.75])


# Declarations ---------------------------------------------------------------------------------------------


@every
def test_signature_and_docstring_follow_from_the_declarations(name):
    kind = getattr(optimizers, name)
    parameters = inspect.signature(kind).parameters
    assert {n: p.default for n, p in parameters.items()} == {n: d.default for n, d in kind.declared.items()}
    assert kind().hyperparameters == {n: p.default for n, p in parameters.items()}
    for n, d in kind.declared.items():
        assert d.doc and f"    {n}: {d.doc}; {d.default:g} by default." in kind.__doc__
    values = dict.fromkeys(parameters, 0.5)
    assert kind(*values.values()).hyperparameters == kind(**values).hyperparameters == values
    assert kind(*[None] * len(values)).hyperparameters == kind().hyperparameters


def test_an_optimizer_of_one_s_own_declares_and_steps():
    class SignSGD(optimizers.Optimizer):
        """p <- p - lr sign(g).

        Source:
            nobody.
        """

        lr = optimizers.Hyperparameter(0.5, "the learning rate")

        def rates(self, t, h, dtype):
            return (h["lr"].astype(dtype),)

        def step(self, xp, rates, p, g, *arrays):
            p -= rates[0] * xp.sign(g)

    assert SignSGD.__doc__.index("Args:") < SignSGD.__doc__.index("Source:")
    link = Bag([(2,)])
    before = link.p0.array.copy()
    link.p0.grad = np.array([3.0, -4.0])
    SignSGD(0.25).setup(link).update()
    np.testing.assert_allclose(link.p0.array, before - [0.25, -0.25])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizers.SGD(0.1, 0.2), r"SGD: at most 1 positional arguments, got 2"),
        (lambda: optimizers.SGD(0.1, lr=0.2), r"SGD: lr was given twice"),
    ],
)
def test_arguments_that_do_not_fit(make, message):
    with pytest.raises(TypeError, match=message):
        make()
