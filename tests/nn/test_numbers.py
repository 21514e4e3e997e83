"""Gradients, dtypes and shapes that go wrong in silence elsewhere."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from pdist_nn import optimizers


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


@pytest.mark.parametrize(("dtype", "large"), [(np.float32, 1e20), (np.float32, 3e38), (np.float64, 1e200)])
@pytest.mark.parametrize("kind", [optimizers.Adam, optimizers.AdamW])
def test_gradients_whose_squares_overflow_make_steps_of_the_rate(kind, dtype, large):
    model = L.Linear(2, 1, nobias=True, initialW=np.zeros((1, 2), dtype))
    optimizer = kind(0.001).setup(model)
    for _ in range(3):
        model.W.grad = np.array([[large, -large]], dtype)
        optimizer.update()
    np.testing.assert_allclose(model.W.array, [[-0.003, 0.003]], rtol=2e-2)
    for _ in range(3):
        model.W.grad = np.array([[1, 1]], dtype)
        optimizer.update()
    assert np.isfinite(model.W.array).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rmsprop_with_gradients_whose_squares_overflow(dtype):
    model = L.Linear(1, 1, nobias=True, initialW=np.zeros((1, 1), dtype))
    optimizer = optimizers.RMSprop(0.01, alpha=0.75).setup(model)
    model.W.grad = np.array([[np.finfo(dtype).max]])
    optimizer.update()
    np.testing.assert_allclose(model.W.array, [[-0.02]], rtol=1e-5)


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("kind", [optimizers.Adam, optimizers.AdamW, optimizers.RMSprop])
def test_gradients_that_are_no_numbers_stay_in_sight(kind, bad):
    model = L.Linear(2, 1, nobias=True, initialW=np.zeros((1, 2), np.float32))
    optimizer = kind().setup(model)
    model.W.grad = np.float32([[bad, 1e30]])
    optimizer.update()
    assert np.isnan(model.W.array[0, 0]) and -0.2 < model.W.array[0, 1] < 0


def test_a_trace_bounds_squares_too():
    results = []
    for traced in (False, True):
        model = L.Linear(2, 1, nobias=True, initialW=np.zeros((1, 2), np.float32))
        optimizer = optimizers.Adam(0.001).setup(model)

        def step(x, model=model, optimizer=optimizer):
            model.cleargrads()
            F.sum(model(x)).backward()
            optimizer.update()

        step = pdist.trace(step) if traced else step
        for size in (1.0, 1e25, 1.0, 1e25):
            step(np.float32([[size, 2 * size]]))
        results.append(model.W.array.copy())
    np.testing.assert_array_equal(*results)
    assert np.isfinite(results[0]).all() and results[0].all()


def test_a_list_is_a_target_too():
    loss = nn.losses.negative_log_likelihood(D.Normal(np.zeros(2), np.ones(2)), [0.0, 0.0])
    assert loss.item() == pytest.approx(0.5 * math.log(2 * math.pi))


def test_there_is_no_mean_of_an_empty_batch():
    with pytest.raises(ValueError, match=r"the target has shape \(0,\); expected at least one element"):
        nn.losses.negative_log_likelihood(D.Normal(np.zeros(0), np.ones(0)), np.zeros(0))
