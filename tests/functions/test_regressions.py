"""Behaviour that the generic test does not reach: noise, labels, memory, gradient checking."""

from __future__ import annotations

import doctest
from typing import Any

import numpy as np
import pytest

import pdist
import pdist.functions as F
from pdist.autograd import differentiable
from pdist.autograd.gradient_check import check_gradients

# Documentation ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", F.__all__)
def test_docstring(name: str):
    """Every function says what it does, and the examples of ops hold; doctest by itself passes ops over."""
    function = getattr(F, name)
    assert function.__doc__
    for example in doctest.DocTestFinder(recurse=False).find(
        function, name, module=False, globs={name: function}
    ):
        report: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
        assert runner.run(example, out=report.append).failed == 0, "".join(report)


# Noise -------------------------------------------------------------------------------------------------


def test_dropout_keeps_the_mean_and_the_dtype():
    x = pdist.Variable(np.ones((200, 100), np.float32))
    y, mask = F.dropout(x, 0.25, return_mask=True, rng=0)
    assert y.dtype == mask.dtype == np.float32
    assert set(np.unique(y.array)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs((y.array == 0).mean() - 0.25) < 0.02
    F.sum(y).backward()
    np.testing.assert_array_equal(x.grad, mask)
    np.testing.assert_array_equal(F.dropout(x, 0.25, rng=0).array, y.array)
    assert not np.array_equal(F.dropout(x, 0.25).array, F.dropout(x, 0.25).array)


def test_dropout_outside_training():
    x = pdist.Variable(np.ones(5))
    with pdist.using_config("train", False):
        assert F.dropout(x) is x
    assert F.dropout(x, 0.0) is x


def test_gaussian_draws():
    mean, ln_var = pdist.Variable(np.full(10000, 2.0)), pdist.Variable(np.full(10000, 2 * np.log(3)))
    y, eps = F.gaussian(mean, ln_var, return_eps=True, rng=1)
    assert abs(y.array.mean() - 2) < 0.1
    assert abs(y.array.std() - 3) < 0.1
    np.testing.assert_array_equal(F.gaussian(mean, ln_var, eps=eps).array, y.array)
    F.sum(y).backward()
    np.testing.assert_array_equal(mean.grad, 1)
    np.testing.assert_allclose(ln_var.grad, 1.5 * eps)


# Losses ------------------------------------------------------------------------------------------------


def test_soft_labels():
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(4, 3, 2)), rng.dirichlet(np.ones(3), (4, 2)).transpose(0, 2, 1)
    log_p = F.log_softmax(x).array
    np.testing.assert_allclose(F.softmax_cross_entropy(x, t).array, -(t * log_p).sum(1).mean())
    np.testing.assert_allclose(F.softmax_cross_entropy(x, t, reduce="no").array, -(t * log_p).sum(1))
    check_gradients(lambda x, t: F.softmax_cross_entropy(x, t), [x, t])
    hard = np.eye(3)[[0, 2, 1, 1]]
    np.testing.assert_allclose(
        F.softmax_cross_entropy(x[:, :, 0], hard).array,
        F.softmax_cross_entropy(x[:, :, 0], hard.argmax(1)).array,
    )


def test_ignored_labels_count_nothing():
    x = np.array([[1.0, 2.0], [np.nan, np.inf], [0.0, 0.0]])
    t = np.array([0, 7, 1])
    got = F.softmax_cross_entropy(x, t, ignore_label=7)
    kept = F.softmax_cross_entropy(x[[0, 2]], t[[0, 2]])
    assert got.array == kept.array
    assert F.softmax_cross_entropy(x, t, ignore_label=7, normalize=False).array == kept.array * 2 / 3
    assert F.accuracy(x, t, ignore_label=7).array == 0
    assert F.accuracy(np.eye(2), np.array([0, 7]), ignore_label=7).array == 1
    assert F.accuracy(np.eye(2), np.array([7, 7]), ignore_label=7).array == 0


def test_losses_keep_their_dtype_whatever_the_labels():
    x = np.ones((2, 3), np.float32)
    for t in (np.array([0, 1]), np.array([0, -1], np.int8)):
        for reduce in ("mean", "no"):
            assert F.softmax_cross_entropy(x, t, reduce=reduce).dtype == np.float32
    assert F.sigmoid_cross_entropy(x, np.ones((2, 3), int)).dtype == np.float32
    assert F.accuracy(x, np.array([0, 1])).dtype == np.float32
    weights = np.ones(3)  # float64 weights do not widen the loss
    assert F.softmax_cross_entropy(x, np.array([0, 1]), class_weight=weights).dtype == np.float32


# Shapes and indices --------------------------------------------------------------------------------------


def test_joined_dtypes_promote():
    wide, narrow, whole = np.ones(2), np.ones(2, np.float32), np.ones(2, int)
    assert F.concat([wide, narrow], axis=0).dtype == np.float64
    assert F.concat([narrow, whole], axis=0).dtype == np.float32
    assert F.stack([whole, whole]).dtype == whole.dtype
    a, b = pdist.Variable(wide), pdist.Variable(narrow)
    F.sum(F.concat([a, b], axis=0)).backward()
    assert (a.grad.dtype, b.grad.dtype) == (np.float64, np.float32)


def test_integers_stay_integers_where_nothing_is_computed():
    x = np.arange(6).reshape(2, 3)
    for f in (F.transpose, F.flatten, F.flip, F.copy, F.sum, F.max, F.cumsum, lambda x: F.get_item(x, 0)):
        assert f(x).dtype == x.dtype
    assert F.mean(x).dtype == F.exp(x).dtype == np.float32


def test_gradient_of_a_repeated_index_adds_up():
    x = pdist.Variable(np.zeros(3))
    (x[[0, 0, 2]] * np.array([1.0, 2.0, 4.0])).sum().backward()
    np.testing.assert_array_equal(x.grad, [3, 0, 4])


def test_a_broadcast_gradient_is_no_view():
    x = pdist.Variable(np.zeros((2, 3)))
    x.sum().backward()
    x.grad[0, 0] = 5
    np.testing.assert_array_equal(x.grad, [[5, 1, 1], [1, 1, 1]])


def test_linear_does_not_write_into_its_arguments():
    x, W, b = np.ones((1, 2)), np.eye(2), np.full(2, 3.0)
    F.linear(x, W, b)
    np.testing.assert_array_equal(b, 3)
    np.testing.assert_array_equal(W, np.eye(2))


# Gradient checking ---------------------------------------------------------------------------------------


@differentiable
def cube_with_wrong_slope(xp, x):
    """x^3, and 3.1 x^2 for its derivative."""
    return x**3


cube_with_wrong_slope.derivative(x=lambda F, g, x: g * 3.1 * x * x)


@differentiable
def cube_with_wrong_curvature(xp, x):
    """x^3, whose derivative loses its graph."""
    return x**3


cube_with_wrong_curvature.derivative(x=lambda F, g, x: g * (3 * getattr(x, "array", x) ** 2))


@differentiable
def product_with_wrong_order(xp, x1, x2):
    """x1 x2, with the gradients exchanged."""
    return x1 * x2


product_with_wrong_order.derivative(x1=lambda F, g, x1: g * x1, x2=lambda F, g, x2: g * x2)


def test_gradient_checker_finds_a_wrong_slope():
    x = np.array([[0.0, 1e-3], [2.0, 0.0]])
    with pytest.raises(AssertionError, match=r"order 1, input 0, index \(1, 0\): got .*, expected .*"):
        check_gradients(cube_with_wrong_slope, x)


def test_gradient_checker_finds_a_wrong_curvature():
    check_gradients(cube_with_wrong_curvature, np.ones(3), order=1)
    with pytest.raises(AssertionError, match=r"order 2, input 0"):
        check_gradients(cube_with_wrong_curvature, np.ones(3))


def test_gradient_checker_names_the_input():
    with pytest.raises(AssertionError, match="input 0, index"):
        check_gradients(product_with_wrong_order, [np.ones(2), np.full(2, 3.0)])
    with pytest.raises(AssertionError, match="input 1, index"):
        check_gradients(lambda a, b: product_with_wrong_order(F.copy(a) * 0, b) + a, [np.ones(2), np.ones(2)])


def test_gradient_checker_refuses_nan():
    with pytest.raises(AssertionError, match=r"index \(1,\): got nan"):
        check_gradients(lambda x: x * pdist.Variable(np.array([1.0, np.nan])), np.ones(2))


def test_gradient_checker_takes_integers_tuples_and_float32():
    def f(x: Any, n: Any) -> Any:
        assert x.dtype == np.float64
        return x[n], x * 2, n

    check_gradients(f, [np.ones(3, np.float32), np.array([0, 0, 2])], order=3)
    check_gradients(F.exp, pdist.Variable(np.array(0.5)), order=4)
    check_gradients(F.exp, np.zeros((0, 2)))
