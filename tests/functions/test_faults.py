"""What was once wrong: losses that broadcast, infinite and nan elements, NumPy's integers, empty patches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.functions as F
from pdist import Variable

# Losses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [F.mean_squared_error, F.mean_absolute_error])
@pytest.mark.parametrize(("a", "b"), [((5, 1), (5,)), ((5,), (5, 1)), ((2, 3), (3,)), ((1, 5), (5, 1))])
def test_losses_do_not_broadcast(loss: Any, a: Any, b: Any) -> None:
    with pytest.raises(ValueError, match="expected two arrays of one shape"):
        loss(np.zeros(a), np.zeros(b))


def test_what_to_write_is_said() -> None:
    with pytest.raises(ValueError, match=r"write x0.reshape\(\(5,\)\)"):
        F.mean_squared_error(np.zeros((5, 1)), np.zeros(5))


@pytest.mark.parametrize("ignore", [0, 1, 2])
def test_a_class_can_be_ignored(ignore: int) -> None:
    x, t = np.random.default_rng(0).standard_normal((4, 3)), np.array([0, 1, 2, 1])
    losses = F.softmax_cross_entropy(x, t, ignore_label=ignore, reduce="no").array
    plain = F.softmax_cross_entropy(x, t, reduce="no").array
    np.testing.assert_array_equal(losses, np.where(t == ignore, 0, plain))
    kept = t != ignore
    mean = F.softmax_cross_entropy(x, t, ignore_label=ignore).array
    np.testing.assert_allclose(mean, plain[kept].mean(), rtol=1e-12)
    assert F.accuracy(x, t, ignore_label=ignore).array == (x.argmax(axis=1) == t)[kept].mean()


def test_a_class_that_neither_side_has() -> None:
    x = Variable(np.array([[-math.inf, 1.0, 2.0]]))
    loss = F.softmax_cross_entropy(x, np.array([[0.0, 0.25, 0.75]]))
    np.testing.assert_allclose(loss.array, math.log1p(math.exp(-1)) + 0.25, rtol=1e-12)
    loss.backward()
    assert np.isfinite(x.grad).all()


def test_a_class_without_weight_may_be_impossible() -> None:
    x, t = np.array([[-math.inf, 1.0], [0.0, 0.0]]), np.array([0, 1])
    losses = F.softmax_cross_entropy(x, t, class_weight=np.array([0.0, 1.0]), reduce="no").array
    np.testing.assert_allclose(losses, [0.0, math.log(2)])


# Batches of matrices beside one vector ---------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "solve", [F.solve, lambda a, b: F.solve_triangular(a, b, lower=True)], ids=["solve", "triangular"]
)
def test_a_vector_beside_a_batch_of_matrices(n: int, solve: Any) -> None:
    rng = np.random.default_rng(n)
    a = rng.standard_normal((n, 3, 3)) + 4 * np.eye(3)
    pdist.check_gradients(solve, [a, rng.standard_normal(3)])
    pdist.check_gradients(solve, [a[0], rng.standard_normal(3)])


# NumPy's integers ------------------------------------------------------------------------------------------

X = np.arange(1.0, 7.0).reshape(2, 3)
ONE, TWO = np.int64(1), np.int32(2)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: F.sum(x, axis=ONE),
        lambda x: F.sum(x, axis=(ONE, np.intp(0))),
        lambda x: F.mean(x, axis=ONE),
        lambda x: F.max(x, axis=ONE),
        lambda x: F.min(x, axis=ONE),
        lambda x: F.prod(x, axis=ONE),
        lambda x: F.cumsum(x, axis=ONE),
        lambda x: F.cumprod(x, axis=ONE),
        lambda x: F.logsumexp(x, axis=ONE),
        lambda x: F.softmax(x, axis=ONE),
        lambda x: F.log_softmax(x, axis=ONE),
        lambda x: F.average(x, axis=ONE, weights=np.ones(3)),
        lambda x: F.tile(x, TWO),
        lambda x: F.tile(x, (TWO, ONE)),
        lambda x: F.repeat(x, TWO, axis=ONE),
        lambda x: F.flip(x, axis=ONE),
        lambda x: F.expand_dims(x, ONE),
        lambda x: F.moveaxis(x, ONE, np.int64(0)),
        lambda x: F.swapaxes(x, ONE, np.int64(0)),
        lambda x: F.rollaxis(x, ONE),
        lambda x: F.transpose(x, (ONE, np.int64(0))),
        lambda x: F.concat([x, x], axis=ONE),
        lambda x: F.stack([x, x], axis=ONE),
        lambda x: F.split_axis(x, np.int64(3), axis=ONE)[0],
        lambda x: F.reshape(x, (np.int64(3), TWO)),
        lambda x: F.broadcast_to(x, (TWO, TWO, np.int64(3))),
        lambda x: F.polygamma(ONE, x),
        lambda x: F.max_pooling_2d(x[None, None], TWO, stride=ONE),
        lambda x: F.average_pooling_2d(x[None, None], TWO, stride=ONE),
    ],
)  # fmt: skip
def test_numpys_integers_serve_as_axes_and_sizes(function: Any) -> None:
    pdist.check_gradients(function, [X + np.random.default_rng(0).standard_normal(X.shape) * 0.01])


# Huge, infinite and nan elements ---------------------------------------------------------------------------


def slope(function: Any, x: float, dtype: Any = np.float64) -> float:
    v = Variable(np.array(x, dtype))
    with np.errstate(all="ignore"):
        function(v).backward()
    return float(v.grad)


@given(st.floats(1e-300, 1e300), st.sampled_from([-1, 1]))
def test_derivatives_whose_squares_overflow(x: float, sign: int) -> None:
    np.testing.assert_allclose(slope(F.arcsinh, sign * x), 1 / np.hypot(1, x), rtol=4e-16)
    expected = 1 / (1 + x * x) if x < 1e100 else (1 / x) / x
    np.testing.assert_allclose(slope(F.arctan, sign * x), expected, rtol=1e-15, atol=5e-324)
    np.testing.assert_allclose(slope(lambda v: F.arctan2(v, x), sign * x), 0.5 / x, rtol=1e-15)
    np.testing.assert_allclose(slope(lambda v: F.arctan2(x, v), sign * x), -0.5 / x, rtol=1e-15)


def test_the_same_in_float32() -> None:
    np.testing.assert_allclose(slope(F.arcsinh, 1e22, np.float32), 1e-22, rtol=1e-6)
    np.testing.assert_allclose(slope(F.arctan, 1e20, np.float32), 1e-40, rtol=1e-4)
    np.testing.assert_allclose(slope(lambda v: F.arctan2(v, 1e-30), 1e-30, np.float32), 5e29, rtol=1e-6)


def test_products_beside_infinite_elements() -> None:
    for function, expected in ((F.prod, [2.0, math.inf]), (F.cumprod, [3.0, math.inf])):
        x = Variable(np.array([math.inf, 2.0]))
        F.sum(function(x)).backward()
        assert x.grad.tolist() == expected
    x = Variable(np.array([2.0, math.inf]))
    F.cumprod(x)[0].backward()  # what comes later has no part in it
    assert x.grad.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("extremum", [F.max, F.min])
def test_the_gradient_of_a_nan_goes_to_the_nan(extremum: Any) -> None:
    x = Variable(np.array([[1.0, math.nan, 2.0], [4.0, 3.0, 3.5]]))
    extremum(x, axis=1).sum().backward()
    assert x.grad[0].tolist() == [0, 1, 0]
    assert x.grad[1].sum() == 1


def test_nan_goes_through_what_holds_numbers() -> None:
    for function in (F.relu, F.leaky_relu, lambda v: F.clip(v, 0.0, 1.0), lambda v: F.maximum(v, 0.0)):
        assert slope(function, math.nan) == 1
    a, b = Variable(np.array([math.nan, 1.0])), Variable(np.array([1.0, math.nan]))
    F.maximum(a, b).sum().backward()
    assert a.grad.tolist() == [1, 0]
    assert b.grad.tolist() == [0, 1]


def test_a_power_of_infinity() -> None:
    x, p = Variable(np.array([math.inf])), Variable(np.array([-1.0]))
    F.power(x, p).sum().backward()
    assert p.grad.tolist() == [0]


# Patches ---------------------------------------------------------------------------------------------------


def test_no_patch_lies_in_the_border_alone() -> None:
    y = F.max_pooling_2d(np.ones((1, 1, 5, 7)), 2, stride=3, pad=1)
    assert y.shape == (1, 1, 2, 3)
    assert (y.array == 1).all()
    with pytest.raises(ValueError, match=r"pad is \(2, 2\); expected less than ksize, \(2, 2\)"):
        F.max_pooling_2d(np.ones((1, 1, 5, 7)), 2, pad=2)


@given(st.integers(1, 7), st.integers(1, 4), st.integers(1, 5), st.integers(0, 3), st.booleans())
def test_every_patch_holds_a_pixel(n: int, k: int, s: int, p: int, cover_all: bool) -> None:
    if p >= k or n + 2 * p < k:
        return
    y = F.max_pooling_2d(np.ones((1, 1, n, n)), k, stride=s, pad=p, cover_all=cover_all)
    assert np.isfinite(y.array).all()
