"""Hooks of optimizers, and schedules of the learning rate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from training_runs import Bag

import pdist_nn.links as L
from pdist_nn import optimizers


def updated(hooks, gradients, values, lr=1.0):
    link = Bag([np.shape(v) for v in values])
    optimizer = optimizers.SGD(lr).setup(link)
    for hook in hooks:
        optimizer.add_hook(hook)
    for p, v, g in zip(link.params(), values, gradients, strict=True):
        p.array = np.asarray(v, float)
        p.grad = None if g is None else np.asarray(g, float)
    optimizer.update()
    return [p.array for p in link.params()]


def test_weight_decay():
    (p,) = updated([optimizers.WeightDecay(0.1)], [[1.0, 1.0]], [[2.0, -4.0]])
    np.testing.assert_allclose(p, [2 - 1.2, -4 - 0.6])


def test_lasso():
    (p,) = updated([optimizers.Lasso(0.1)], [[1.0, 1.0]], [[2.0, -4.0]])
    np.testing.assert_allclose(p, [2 - 1.1, -4 - 0.9])


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_gradient_clipping(size):
    g = [np.array([3.0, 0.0]) * size, np.array([[4.0]]) * size]
    p, q = updated([optimizers.GradientClipping(2.0)], g, [[0.0, 0.0], [[0.0]]])
    scale = min(1.0, 2.0 / (5 * size))
    np.testing.assert_allclose(p, -g[0] * scale)
    np.testing.assert_allclose(q, -g[1] * scale)


def test_gradient_clipping_of_zero_and_huge_gradients():
    (p,) = updated([optimizers.GradientClipping(1.0)], [[0.0, 0.0]], [[1.0, 1.0]])
    np.testing.assert_array_equal(p, [1, 1])
    link = Bag([(2,)], np.float32)
    link.p0.array = np.zeros(2, np.float32)
    link.p0.grad = np.float32([3e30, 4e30])  # their squares are infinite in float32
    optimizers.SGD(1.0).setup(link).add_hook(optimizers.GradientClipping(1.0)).update()
    np.testing.assert_allclose(link.p0.array, [-0.6, -0.8], rtol=1e-6)


def test_hooks_see_only_what_is_updated():
    p, q = updated(
        [optimizers.WeightDecay(1.0), optimizers.GradientClipping(1.0)], [[1.0], None], [[0.0], [100.0]]
    )
    np.testing.assert_array_equal(p, [-1])
    np.testing.assert_array_equal(q, [100])


def test_hard_clipping():
    (p,) = updated([optimizers.GradientHardClipping(-1, 2)], [[-5.0, 0.5, 5.0]], [[0.0, 0.0, 0.0]])
    np.testing.assert_array_equal(p, [1, -0.5, -2])


def test_own_hooks_may_change_or_replace_gradients():
    def halve(optimizer):
        for parameter in optimizer.target.params():
            parameter.grad = parameter.grad / 2

    def double(optimizer):
        for parameter in optimizer.target.params():
            parameter.grad *= 2

    def negate(optimizer):
        for buffer in optimizer.buffers:
            buffer.grad *= -1

    (p,) = updated([halve, double, lambda o: halve(o), negate], [[4.0]], [[0.0]])
    np.testing.assert_array_equal(p, [2])


def test_a_hook_may_ask_for_each_parameter():
    class Halve:
        name = "Halve"
        call_for_each_param = True

        def __call__(self, optimizer, parameter):
            parameter.grad = parameter.grad / 2

    p, q = updated([Halve()], [[4.0], [8.0]], [[0.0], [0.0]])
    np.testing.assert_array_equal([p[0], q[0]], [-2, -4])


def test_hooks_have_names():
    optimizer = optimizers.SGD().setup(Bag([(1,)]))
    optimizer.add_hook(optimizers.WeightDecay(0.1))
    with pytest.raises(KeyError, match=r"already a hook called 'WeightDecay'"):
        optimizer.add_hook(optimizers.WeightDecay(0.1))
    optimizer.add_hook(optimizers.WeightDecay(0.1), "second")
    optimizer.remove_hook("WeightDecay")
    with pytest.raises(TypeError, match=r"a int cannot be called"):
        optimizer.add_hook(3)


def test_schedules():
    cosine = optimizers.CosineDecay(10, end=0.1)
    assert [round(cosine(t), 6) for t in (0, 5, 10, 99)] == [1, 0.55, 0.1, 0.1]
    assert optimizers.ExponentialDecay(0.5, 10)(20) == 0.25
    warm = optimizers.Warmup(4, after=optimizers.ExponentialDecay(0.5))
    assert [warm(t) for t in (0, 3, 4, 5)] == [0.25, 1, 1, 0.5]
    with pytest.raises(ValueError, match=r"2 boundaries need 3 values, got 2"):
        optimizers.PiecewiseConstant([1, 2], [1, 2])


def test_a_schedule_sets_the_rate_before_each_update():
    link = Bag([(1,)])
    link.p0.array = np.zeros(1)
    optimizer = optimizers.SGD(0.5).setup(link)
    optimizer.add_hook(optimizers.LearningRateSchedule(optimizers.PiecewiseConstant([2], [1.0, 0.1])))
    steps = []
    for _ in range(4):
        link.p0.grad = np.ones(1)
        before = link.p0.array.item()
        optimizer.update()
        steps.append(before - link.p0.array.item())
    np.testing.assert_allclose(steps, [0.5, 0.5, 0.05, 0.05])


def test_training_fits_a_line():
    x = np.linspace(-1, 1, 20, dtype=np.float32)[:, None]
    y = 3 * x + 1
    for name, rate in (("SGD", 0.3), ("MomentumSGD", 0.1), ("RMSprop", 0.02), ("Adam", 0.1), ("AdamW", 0.1)):
        model = L.Linear(1, 1)
        settings = {"weight_decay_rate": 0.0} if name == "AdamW" else {}
        optimizer = getattr(optimizers, name)(rate, **settings).setup(model)
        for _ in range(300):
            optimizer.update(lambda model=model: ((model(x) - y) ** 2).mean())
        assert model.W.array.item() == pytest.approx(3, abs=0.02), name
        assert model.b.array.item() == pytest.approx(1, abs=0.02), name


@pytest.mark.parametrize("kind", [optimizers.WeightDecay, optimizers.Lasso])
@pytest.mark.parametrize("rate", [math.nan, math.inf])
def test_rates_that_cannot_be(kind, rate):
    with pytest.raises(ValueError, match=rf"{kind.__name__}: rate is {rate}; expected a finite number"):
        kind(rate)
