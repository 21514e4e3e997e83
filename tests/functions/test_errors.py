"""Wrong arguments: an error that names the function, the argument, what was given and where."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pdist
import pdist.functions as F

X = np.ones((2, 3))
T = np.array([0, 2])
IMAGE = np.ones((1, 2, 4, 4))


def case(f: Any, error: type[Exception], *words: str) -> Any:
    return pytest.param(f, error, words, id=" ".join(words[:2]))


@pytest.mark.parametrize(
    ("f", "error", "words"),
    [
        case(lambda: F.add(X, np.ones(4)), ValueError, "add", "x1 of shape (2, 3)", "x2 of shape (4,)"),
        case(lambda: pdist.Variable(X) * np.ones(4), ValueError, "multiply", "x2 of shape (4,)"),
        case(lambda: F.sum(X, axis=2), IndexError, "sum", "axis 2", "(2, 3)"),
        case(lambda: F.reshape(X, (4,)), ValueError, "reshape", "size 6", "(4,)"),
        case(lambda: F.broadcast_to(X, (2, 2)), ValueError, "broadcast_to", "(2, 3)", "(2, 2)"),
        case(lambda: F.transpose(X, (0, 0)), ValueError, "transpose", "(0, 0)"),
        case(lambda: F.squeeze(X, axis=0), ValueError, "squeeze", "axis=0"),
        case(lambda: F.where(np.ones(2, bool), X, 0.0), ValueError, "where", "(2, 3)", "condition"),
        case(lambda: F.get_item(X, 2), IndexError, "get_item", "index 2", "(2, 3)"),
        case(lambda: F.get_item(X, (0, [0, -4])), IndexError, "get_item", "-4"),
        case(lambda: F.get_item(X, np.ones(3, bool)), IndexError, "get_item", "(2, 3)"),
        case(lambda: F.take_along_axis(X, np.array([[3], [0]]), 1), IndexError, "take_along_axis", "index 3"),
        case(
            lambda: F.take_along_axis(X, np.array([0]), 1), ValueError, "take_along_axis", "indices", "(1,)"
        ),
        case(lambda: F.take_along_axis(X, T, 2), ValueError, "take_along_axis", "axis", "2"),
        case(lambda: F.select_item(X, np.array([0, 3])), ValueError, "select_item: t", "got 3", "(1,)"),
        case(lambda: F.select_item(X, np.array([-1, 0])), ValueError, "select_item: t", "got -1", "(0,)"),
        case(lambda: F.select_item(X, np.array([0])), ValueError, "select_item: t", "(2,)", "(1,)"),
        case(lambda: F.select_item(X, np.array([0.0, 1.0])), TypeError, "select_item: t", "float64"),
        case(lambda: F.concat([X, np.ones((3, 3))]), ValueError, "concat: xs[1]", "(3, 3)", "(2, 3)"),
        case(lambda: F.concat([X, X], axis=2), ValueError, "concat: axis", "2"),
        case(lambda: F.concat([]), ValueError, "concat: xs", "none"),
        case(lambda: F.concat([X, "a"]), TypeError, "concat"),
        case(lambda: F.concat(np.float64(3)), TypeError, "concat: xs", "sequence"),
        case(lambda: F.stack([X, T]), ValueError, "stack: xs[1]", "(2,)", "(2, 3)"),
        case(lambda: F.split_axis(X, 2, axis=1), ValueError, "split_axis", "length 3", "2 equal parts"),
        case(lambda: F.split_axis(X, 2, axis=2), ValueError, "split_axis: axis", "(2, 3)", "got 2"),
        case(lambda: F.separate(X, axis=2), ValueError, "separate: axis", "(2, 3)", "got 2"),
        case(lambda: F.average(X, axis=0, weights=np.ones(3)), ValueError, "average: weights", "(3,)"),
        case(lambda: F.average(X, axis=2, weights=np.ones(3)), ValueError, "average: axis", "got 2"),
        case(lambda: F.argmax(X, axis=2), IndexError, "argmax", "axis 2", "(2, 3)"),
        case(lambda: F.argmin(X, axis=-3), IndexError, "argmin", "axis -3", "(2, 3)"),
        case(lambda: F.argmax(X[:0]), ValueError, "argmax", "(0, 3)"),
        case(lambda: F.argmin(X[:0], axis=0), ValueError, "argmin", "(0, 3)", "axis=0"),
        case(lambda: F.broadcast(X, T), ValueError, "broadcast", "(2, 3), (2,)"),
        case(lambda: F.slogdet(X), ValueError, "slogdet: a", "(2, 3)"),
        case(lambda: F.tril(2.0), ValueError, "tril", "matrices", "()"),
        case(lambda: F.triu(2.0, k=1), ValueError, "triu", "matrices", "k=1"),
        case(lambda: F.matmul(X, X), ValueError, "matmul", "(2, 3)"),
        case(lambda: F.matmul(X, 2.0), ValueError, "matmul", "()"),
        case(lambda: F.linear(X, np.ones((4, 2))), ValueError, "linear: W", "(M, 3)", "(4, 2)"),
        case(lambda: F.linear(X, np.ones((4, 3)), np.ones(3)), ValueError, "linear: b", "(4,)", "(3,)"),
        case(lambda: F.linear(X, np.ones((4, 3)), n_batch_axes=2), ValueError, "linear: n_batch_axes", "2"),
        case(lambda: F.convolution_2d(X, X), ValueError, "convolution_2d: x", "(2, 3)"),
        case(lambda: F.convolution_2d(IMAGE, X), ValueError, "convolution_2d: W", "(O, 2, kh, kw)", "(2, 3)"),
        case(lambda: F.convolution_2d(IMAGE, np.ones((3, 2, 5, 1))), ValueError, "no patch", "(5, 1)"),
        case(lambda: F.convolution_2d(IMAGE, IMAGE, np.ones(2)), ValueError, "convolution_2d: b", "(2,)"),
        case(lambda: F.max_pooling_2d(IMAGE, 2.0), TypeError, "max_pooling_2d: ksize", "an integer, got 2.0"),
        case(lambda: F.average_pooling_2d(IMAGE, (1, 2, 3)), ValueError, "average_pooling_2d: ksize", "pair"),
        case(lambda: F.convolution_2d(IMAGE, IMAGE, groups=1.5), TypeError, "convolution_2d: groups", "1.5"),
        case(lambda: F.split_axis(X, 1.5, axis=0), TypeError, "split_axis: indices_or_sections", "1.5"),
        case(lambda: F.split_axis(X, 1, axis=0.5), TypeError, "split_axis: axis", "0.5"),
        case(lambda: F.gaussian(X, X, eps=np.ones((2, 1))), ValueError, "gaussian: eps", "(2, 3)", "(2, 1)"),
        case(lambda: F.max_pooling_2d(IMAGE, 2, stride=0), ValueError, "max_pooling_2d", "(0, 0)"),
        case(lambda: F.average_pooling_2d(IMAGE, 9), ValueError, "average_pooling_2d", "(9, 9)"),
        case(lambda: F.einsum("ij,jk", X), ValueError, "einsum", "2 operands", "got 1"),
        case(lambda: F.einsum("ij,jk", X, X), ValueError, "einsum: operands[1]", "(2, 3)"),
        case(lambda: F.einsum("ijk", X), ValueError, "einsum", "'ijk'", "operands[0]", "2 axes"),
        case(lambda: F.einsum("ij->k", X), ValueError, "einsum", "'k'"),
        case(lambda: F.einsum(X, "ij"), TypeError, "einsum", "subscripts"),
        case(lambda: F.cholesky(-np.eye(2)), ValueError, "cholesky", "not positive definite", "(2, 2)"),
        case(lambda: F.inv(np.zeros((2, 2))), ValueError, "batch_inv", "Singular"),
        case(lambda: F.inv(np.ones((1, 2, 2))), ValueError, "inv", "(1, 2, 2)"),
        case(lambda: F.det(X), ValueError, "det", "(2, 3)"),
        case(lambda: F.polygamma(-1, X), ValueError, "polygamma: n", "-1"),
        case(lambda: F.polygamma(0.5, X), ValueError, "polygamma: n", "0.5"),
        case(
            lambda: F.softmax_cross_entropy(X, np.array([0, 3])),
            ValueError,
            "softmax_cross_entropy: t",
            "got 3",
            "(1,)",
        ),
        case(
            lambda: F.softmax_cross_entropy(X, np.array([-2, 0])),
            ValueError,
            "softmax_cross_entropy: t",
            "-2",
            "(0,)",
        ),
        case(
            lambda: F.softmax_cross_entropy(X, np.array([0, 9]), ignore_label=8),
            ValueError,
            "got 9",
            "8 (ignored)",
        ),
        case(
            lambda: F.softmax_cross_entropy(X, np.zeros((2, 1), int)),
            ValueError,
            "softmax_cross_entropy: t",
            "(2, 1)",
        ),
        case(lambda: F.softmax_cross_entropy(X[0], T), ValueError, "softmax_cross_entropy: t", "(3,)"),
        case(
            lambda: F.softmax_cross_entropy(X, np.zeros(2)), TypeError, "softmax_cross_entropy: t", "float64"
        ),
        case(
            lambda: F.softmax_cross_entropy(X, T, class_weight=np.ones(2)),
            ValueError,
            "class_weight",
            "(3,)",
            "(2,)",
        ),
        case(lambda: F.softmax_cross_entropy(X, T, reduce="sum"), ValueError, "reduce", "'sum'"),
        case(lambda: F.sigmoid_cross_entropy(X, T), ValueError, "sigmoid_cross_entropy: t", "(2, 3)", "(2,)"),
        case(lambda: F.sigmoid_cross_entropy(X[0], np.array([0, 1, 2])), ValueError, "got 2", "(2,)"),
        case(lambda: F.sigmoid_cross_entropy(X, X > 2, reduce="x"), ValueError, "reduce", "'x'"),
        case(lambda: F.accuracy(X, np.array([0, 3])), ValueError, "accuracy: t", "got 3"),
        case(lambda: F.accuracy(X, np.zeros((2, 2), int)), ValueError, "accuracy: t", "(2, 3)", "(2, 2)"),
        case(lambda: F.dropout(X, 1.0), ValueError, "dropout: ratio", "1.0"),
        case(lambda: F.dropout(X, mask=np.ones(3)), ValueError, "dropout: mask", "(2, 3)", "(3,)"),
        case(lambda: F.gaussian(X, T), ValueError, "gaussian: ln_var", "(2, 3)", "(2,)"),
        case(lambda: F.exp("1"), TypeError, "exp: x"),
        case(lambda: F.exp(np.array([1j])), TypeError, "exp: x", "complex128"),
        case(lambda: F.exp(np.array([None])), TypeError, "exp: x", "object"),
        case(lambda: F.maximum(X, None), TypeError, "maximum: x2"),
    ],
)
def test_error(f: Any, error: type[Exception], words: tuple[str, ...]):
    with pytest.raises(error) as caught:
        f()
    for word in words:
        assert word in str(caught.value)


def test_labels_of_every_integer_type():
    for dtype in (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint64):
        assert F.softmax_cross_entropy(X, T.astype(dtype)).array == pytest.approx(np.log(3))
    assert F.softmax_cross_entropy(X, T > 0).array == pytest.approx(np.log(3))
    np.testing.assert_array_equal(F.select_item(np.array([[1.0, 2.0]]), np.array([True])).array, [2])
    with pytest.raises(ValueError, match="got 200"):
        F.softmax_cross_entropy(X, np.array([0, 200], np.uint8))


def test_labels_on_another_device():
    from pdist.testing import standin

    x = pdist.Variable(standin.asarray(X))
    for f in (F.softmax_cross_entropy, F.select_item, F.accuracy):
        with pytest.raises(TypeError, match=f"{f.__name__}: x is on standin and t on cpu"):
            f(x, T)
        f(x, standin.asarray(T))
    assert F.softmax_cross_entropy(x, [0, 1]).array.get() == pytest.approx(np.log(3))
