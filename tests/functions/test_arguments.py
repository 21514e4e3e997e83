"""What arguments may be: NumPy's integers, lists and 0-d arrays, any floating dtype, batches of nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from function_table import TABLE, Case
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pdist
import pdist.functions as F
from pdist import Variable

X = np.random.default_rng(0).uniform(0.5, 2, (2, 3))
IMAGES = np.random.default_rng(1).uniform(size=(1, 2, 4, 4))

INTEGERS: list[Any] = [np.int8, np.uint8, np.int32, np.int64, np.uint64, np.intp, np.array]


def several(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]


def twice(f: Any, x: np.ndarray) -> list[np.ndarray]:
    """Values, gradients, and gradients of these."""
    v = Variable(x)
    ys = several(f(v))
    (g,) = pdist.grad([F.sum(y * y * y) for y in ys], [v], enable_double_backprop=True)
    (h,) = pdist.grad([F.sum(g * g)], [v])
    return [*[y.array for y in ys], g.array, h.array]


# Each calls a function with the integers that i makes: lambda x, i: ...
WITH_INTEGERS: dict[str, Any] = {
    "sum": lambda x, i: F.sum(x, axis=i(1)),
    "sum of axes": lambda x, i: F.sum(x, axis=(i(0), i(1))),
    "mean": lambda x, i: F.mean(x, axis=i(1)),
    "prod": lambda x, i: F.prod(x, axis=(i(1), i(0))),
    "max": lambda x, i: F.max(x, axis=i(1)),
    "min": lambda x, i: F.min(x, axis=(i(0), i(1))),
    "logsumexp": lambda x, i: F.logsumexp(x, axis=(i(0), i(1))),
    "softmax": lambda x, i: F.softmax(x, axis=i(1)),
    "softmax of axes": lambda x, i: F.softmax(x, axis=(i(0), i(1))),
    "log_softmax": lambda x, i: F.log_softmax(x, axis=i(0)),
    "cumsum": lambda x, i: F.cumsum(x, axis=i(1)),
    "cumprod": lambda x, i: F.cumprod(x, axis=i(1)),
    "average": lambda x, i: F.average(x, axis=i(1), weights=np.arange(1.0, 4)),
    "average of axes": lambda x, i: F.average(x, axis=(i(1), i(0)), weights=X.T),
    "reshape": lambda x, i: F.reshape(x, (i(3), i(2))),
    "method reshape": lambda x, i: x.reshape(i(3), i(2)),
    "method reshape to one": lambda x, i: x.reshape(i(6)),
    "method transpose": lambda x, i: x.transpose(i(1), i(0)),
    "broadcast_to": lambda x, i: F.broadcast_to(x, (i(2), i(2), i(3))),
    "broadcast_to of 0-d": lambda x, i: F.broadcast_to(F.sum(x), (i(2), i(3))),
    "broadcast_to one axis": lambda x, i: F.broadcast_to(F.sum(x), i(2)),
    "transpose": lambda x, i: F.transpose(x, (i(1), i(0))),
    "swapaxes": lambda x, i: F.swapaxes(x, i(0), i(1)),
    "moveaxis": lambda x, i: F.moveaxis(x, i(0), i(1)),
    "rollaxis": lambda x, i: F.rollaxis(x, i(1), i(0)),
    "squeeze": lambda x, i: F.squeeze(x[None], axis=i(0)),
    "expand_dims": lambda x, i: F.expand_dims(x, i(1)),
    "flip": lambda x, i: F.flip(x, axis=(i(0), i(1))),
    "repeat": lambda x, i: F.repeat(x, i(2), axis=i(1)),
    "repeat by counts": lambda x, i: F.repeat(x, (i(2), i(1)), axis=i(0)),
    "tile": lambda x, i: F.tile(x, i(2)),
    "tile axes": lambda x, i: F.tile(x, (i(2), i(1), i(3))),
    "concat": lambda x, i: F.concat([x, x], axis=i(1)),
    "stack": lambda x, i: F.stack([x, x], axis=i(1)),
    "split_axis": lambda x, i: F.split_axis(x, i(3), axis=i(1)),
    "split_axis at": lambda x, i: F.split_axis(x, [i(1), i(2)], axis=i(1)),
    "separate": lambda x, i: F.separate(x, axis=i(1)),
    "get_item": lambda x, i: F.get_item(x, (slice(i(0), i(2)), i(1))),
    "select_item": lambda x, i: F.select_item(x, np.array([i(1), i(2)])),
    "take_along_axis": lambda x, i: F.take_along_axis(x, np.array([[1], [0]]), i(1)),
    "diagonal": lambda x, i: F.diagonal(x, i(1), i(0), i(1)),
    "tril": lambda x, i: F.tril(x, k=i(0)),
    "triu": lambda x, i: F.triu(x, k=i(1)),
    "polygamma": lambda x, i: F.polygamma(i(1), x),
    "linear": lambda x, i: F.linear(x[None], X, n_batch_axes=i(2)),
    "max_pooling_2d": lambda x, i: F.max_pooling_2d(
        x[0, 0] * IMAGES, i(2), stride=(i(1), i(2)), pad=(i(1), i(0))
    ),
    "average_pooling_2d": lambda x, i: F.average_pooling_2d(x[0, 0] * IMAGES, i(2), stride=i(1), pad=i(1)),
    "convolution_2d": lambda x, i: F.convolution_2d(
        x[0, 0] * IMAGES, np.ones((2, 1, 2, 2)), stride=i(1), pad=i(1), dilate=i(1), groups=i(2)
    ),
    "softmax_cross_entropy": lambda x, i: F.softmax_cross_entropy(x, np.array([1, 2]), ignore_label=i(1)),
}


@pytest.mark.parametrize("integer", INTEGERS, ids=lambda t: t.__name__)
@pytest.mark.parametrize("name", WITH_INTEGERS)
def test_numpys_integers_are_integers(name: str, integer: Any):
    """Forward, backward, and backward again, to the last bit as with Python's."""
    f = WITH_INTEGERS[name]
    got, expected = twice(lambda x: f(x, integer), X), twice(lambda x: f(x, int), X)
    for g, e in zip(got, expected, strict=True):
        np.testing.assert_array_equal(g, e)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (lambda x: F.reshape(x, [3, 2]), lambda x: F.reshape(x, (3, 2))),
        (lambda x: x.reshape(np.array([3, 2])), lambda x: F.reshape(x, (3, 2))),
        (lambda x: F.broadcast_to(x, [2, 2, 3]), lambda x: F.broadcast_to(x, (2, 2, 3))),
        (lambda x: F.transpose(x, [1, 0]), F.transpose),
        (lambda x: F.transpose(x, np.array([1, 0])), F.transpose),
        (lambda x: F.moveaxis(x, [0, 1], [1, 0]), F.transpose),
        (lambda x: F.flip(x, axis=[0, 1]), F.flip),
        (lambda x: F.expand_dims(x, [0, 1]), lambda x: x[None, None]),
        (lambda x: F.repeat(x, np.array([1, 2, 0], np.int64), axis=1), lambda x: x[:, [0, 1, 1]]),
        (lambda x: F.tile(x, [2, 1]), lambda x: F.concat([x, x], axis=0)),
        (lambda x: F.split_axis(x, np.array([1]), axis=1), lambda x: [x[:, :1], x[:, 1:]]),
        (lambda x: F.select_item(x, [1, 2]), lambda x: x[[0, 1], [1, 2]]),
        (lambda x: F.take_along_axis(x, [[1], [0]], 1), lambda x: x[[[0], [1]], [[1], [0]]]),
        (lambda x: F.average(x, axis=1, weights=[1, 2, 3]), lambda x: x @ np.array([1 / 6, 1 / 3, 1 / 2])),
        (
            lambda x: F.softmax_cross_entropy(x, [1, 2], class_weight=[1.0, 2.0, 3.0], reduce="no"),
            lambda x: F.softmax_cross_entropy(x, np.array([1, 2]), reduce="no") * np.array([2.0, 3.0]),
        ),
        (lambda x: F.average_pooling_2d(x[None, None], [2, 1]), lambda x: x.mean(axis=0)[None, None, None]),
    ],
)
def test_lists_serve_where_numpy_takes_them(got: Any, expected: Any):
    for g, e in zip(twice(got, X), twice(expected, X), strict=True):
        np.testing.assert_allclose(g, e, rtol=1e-14)


def test_small_integers_do_not_overflow():
    x = np.zeros((1, 1, 300, 1))
    for i in (np.uint8, np.int8):
        y = F.max_pooling_2d(x, (i(100), i(1)), stride=i(100), pad=(i(99), i(0)))
        assert y.shape == F.max_pooling_2d(x, (100, 1), stride=100, pad=(99, 0)).shape
        assert np.isfinite(y.array).all()
    assert F.repeat(np.zeros(3), np.array([100, 100, 100], np.int8)).shape == (300,)


# Dtypes ----------------------------------------------------------------------------------------------------

few = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("case", [c for c in TABLE if c.label != "wide"], ids=str)
@few
@given(st.data())
def test_half_precision_goes_through(case: Case, data: Any):
    inputs = [np.asarray(x, np.float16) for x in data.draw(case.inputs)]
    variables = [Variable(x) for x in inputs]
    ys = several(case.f(*variables))
    for y, e in zip(ys, several(case.reference(*[x.astype(np.float64) for x in inputs])), strict=True):
        assert y.dtype == (np.float16 if np.asarray(e).dtype.kind == "f" else np.asarray(e).dtype)
        np.testing.assert_allclose(y.array.astype(np.float64), e, rtol=0.03, atol=0.03)
    if case.order and any(y.requires_grad for y in ys):
        for g in pdist.grad([y for y in ys if y.requires_grad], variables):
            assert g is None or g.dtype == np.float16


def test_half_precision_far_out():
    x = np.array([-6e4, -100.0, -12.0, 12.0, 100.0, 6e4])
    for f in (F.softplus, F.sigmoid, F.tanh, F.arctan, F.arcsinh, F.log_sigmoid, F.elu, F.erf, F.ndtr):
        half, double = Variable(x.astype(np.float16)), Variable(x)
        y, e = f(half), f(double)
        np.testing.assert_allclose(y.array, e.array, rtol=0.01, atol=1e-4)
        (g,), (d,) = pdist.grad([y], [half]), pdist.grad([e], [double])
        np.testing.assert_allclose(g.array, d.array, rtol=0.01, atol=1e-4)
    assert F.mean(np.full(1000, 100, np.float16)).array == 100


def test_noise_of_half_precision():
    x = np.ones(1000, np.float16)
    assert F.dropout(x, 0.5, rng=0).dtype == F.gaussian(x, x, rng=0).dtype == np.float16
    assert 400 < np.count_nonzero(F.dropout(x, 0.5, rng=0).array) < 600
    assert F.dropout(x[:2], mask=[0.0, 2.0]).array.tolist() == [0, 2]


@pytest.mark.parametrize("typ", [complex, object, str, np.longdouble, "M8[s]", "S3"])
def test_no_cast_to_what_functions_do_not_take(typ: Any):
    if np.dtype(typ) == np.float64:
        pytest.skip("long double is float64 on this platform")
    with pytest.raises(
        TypeError, match=r"cast: typ: expected float16, float32, float64, integer or bool, got"
    ):
        F.cast(np.ones(2), typ)


@pytest.mark.parametrize("number", [np.float64, np.int64, np.longdouble, np.array])
def test_settings_leave_the_dtype(number: Any):
    x = Variable(np.array([-1.0, 0.5, 2.0], np.float32))
    for f, expected in (
        (lambda x: F.clip(x, number(0), number(1)), [0, 0.5, 1]),
        (lambda x: F.softplus(x, beta=number(2)), np.logaddexp(2 * x.array, 0) / 2),
        (lambda x: F.elu(x, alpha=number(2)), [2 * np.expm1(-1), 0.5, 2]),
        (lambda x: F.leaky_relu(x, slope=number(3)), [-3, 0.5, 2]),
    ):
        y = f(x)
        assert y.dtype == np.float32
        np.testing.assert_allclose(y.array, expected, rtol=1e-6)
        assert pdist.grad([y], [x])[0].dtype == np.float32


# Losses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [F.mean_squared_error, F.mean_absolute_error])
def test_a_loss_of_a_number_or_of_equal_shapes(loss: Any):
    y = Variable(np.arange(6.0).reshape(2, 3))
    assert loss(y, 0.0).shape == loss(y, y.array + 1).shape == ()
    with pytest.raises(ValueError, match="of shape"):
        loss(y[:, :1], np.zeros(2))


def test_losses_of_labels_ask_for_their_shape():
    logits = np.zeros(5)
    with pytest.raises(ValueError, match=r"sigmoid_cross_entropy: t: expected the shape \(5,\) of x"):
        F.sigmoid_cross_entropy(logits, np.zeros((5, 1), int))
    with pytest.raises(ValueError, match=r"sigmoid_cross_entropy: t: expected the shape \(5, 1\) of x"):
        F.sigmoid_cross_entropy(logits[:, None], np.zeros(5, int))
    with pytest.raises(ValueError, match="gaussian: ln_var"):
        F.gaussian(logits, logits[:, None])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: F.softmax_cross_entropy(x, np.zeros(0, int)),
        lambda x: F.softmax_cross_entropy(x, np.zeros(0, int), normalize=False, class_weight=np.ones(3)),
        lambda x: F.softmax_cross_entropy(x, np.zeros((0, 3))),
        lambda x: F.sigmoid_cross_entropy(x, np.zeros((0, 3), int)),
        lambda x: F.sigmoid_cross_entropy(x, np.zeros((0, 3), int), normalize=False),
        lambda x: F.mean_squared_error(x, np.zeros((0, 3))),
        lambda x: F.mean_absolute_error(x, np.zeros((0, 3))),
        lambda x: F.sum(F.linear(x, np.ones((2, 3)))),
        lambda x: F.sum(F.softmax(x)),
        lambda x: F.sum(F.max(x, axis=1)),
        lambda x: F.sum(F.logsumexp(x, axis=1)),
        lambda x: F.sum(F.prod(x, axis=1)),
        lambda x: F.sum(F.max_pooling_2d(x.reshape((0, 1, 3, 1)), (2, 1))),
        lambda x: F.sum(F.cholesky(x[:, None] * x[..., None])),
        lambda x: F.sum(F.solve(x[:, None] * x[..., None], np.ones(3))),
    ],
)
def test_a_batch_of_nothing(f: Any):
    x = Variable(np.zeros((0, 3)))
    y = f(x)
    assert y.array == 0
    y.backward()
    assert x.grad.shape == (0, 3)
