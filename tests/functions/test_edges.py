"""Single points at the edges of domains: values, and gradients finite wherever the derivative is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import pdist
import pdist.functions as F
from pdist.autograd.gradient_check import check_gradients
from pdist.functions.indexing import select

inf, nan = math.inf, math.nan

# function, arguments, value, gradients
EDGES: list[tuple[Any, Any, Any, Any]] = [
    (F.logsumexp, [[-inf, -inf]], -inf, [[0, 0]]),
    (F.logsumexp, [[-inf, 0.0]], 0, [[0, 1]]),
    (F.logsumexp, [[3.0]], 3, [[1]]),
    (F.logsumexp, [[1e5, 1e5]], 1e5 + math.log(2), [[0.5, 0.5]]),
    (F.logsumexp, [[0.0, -30.0]], math.log1p(math.exp(-30)), [[1, math.exp(-30)]]),
    (F.log_softmax, [[[0.0, -30.0]]], [[-math.log1p(math.exp(-30)), -30]], None),
    (F.softmax, [[[1000.0, 0.0]]], [[1, 0]], [[[0, 0]]]),
    (F.softplus, [[-1000.0, 0.0, 1000.0]], [0, math.log(2), 1000], [[0, 0.5, 1]]),
    (F.softplus, [[-50.0]], [math.exp(-50)], [[math.exp(-50)]]),
    (F.sigmoid, [[-1000.0, -50.0, 0.0, 1000.0]], [0, math.exp(-50), 0.5, 1], [[0, math.exp(-50), 0.25, 0]]),
    (F.sigmoid, [[50.0]], [1], [[math.exp(-50)]]),
    (F.log_sigmoid, [[-1000.0, 0.0, 50.0]], [-1000, -math.log(2), -math.exp(-50)], [[1, 0.5, math.exp(-50)]]),
    (F.tanh, [[-1000.0, 0.0, 20.0]], [-1, 0, 1], [[0, 1, 4 * math.exp(-40)]]),
    (F.log1mexp, [[-inf, -50.0, -1e-10]], [0, -math.exp(-50), math.log(1e-10) - 5e-11],
     [[0, -math.exp(-50), 0.5 - 1e10]]),
    (F.xlogy, [[0.0, 0.0, 2.0], [0.0, 3.0, 1.0]], [0, 0, 0], [[0, math.log(3), 0], [0, 0, 2]]),
    (F.xlogy, [[0.0], [nan]], [nan], None),
    (F.xlog1py, [[0.0, 0.0], [-1.0, 2.0]], [0, 0], [[0, math.log(3)], [0, 0]]),
    (F.power, [[0.0, 0.0, 0.0], [0.0, 1.0, 2.0]], [1, 0, 0], [[0, 1, 0], [0, 0, 0]]),
    (lambda x: x**0, [[0.0]], [1], [[0]]),
    (lambda x: x**1, [[0.0]], [0], [[1]]),
    (lambda x: x**2, [[0.0]], [0], [[0]]),
    (lambda x: 0**x, [[2.0]], [0], [[0]]),
    (F.absolute, [[0.0, -2.0]], [0, 2], [[0, -1]]),
    (F.relu, [[0.0, -0.0, -1.0]], [0, 0, 0], [[0, 0, 0]]),
    (F.elu, [[-1000.0, 0.0]], [-1, 0], [[0, 1]]),
    (F.maximum, [[1.0], [1.0]], [1], [[1], [0]]),
    (F.minimum, [[1.0], [1.0]], [1], [[1], [0]]),
    (lambda x: F.clip(x, 0.0, 1.0), [[0.0, 1.0, 2.0]], [0, 1, 1], [[1, 1, 0]]),
    (F.max, [[2.0, 2.0, 1.0]], 2, [[0.5, 0.5, 0]]),
    (F.prod, [[0.0, 2.0, 3.0]], 0, [[6, 0, 0]]),
    (F.prod, [[0.0, 0.0, 3.0]], 0, [[0, 0, 0]]),
    (F.cumprod, [[0.0, 2.0, 0.0, 3.0]], [0, 0, 0, 0], [[3, 0, 0, 0]]),
    (F.erfcx, [[1e5]], [(1 - 0.5e-10) / (math.sqrt(math.pi) * 1e5)],
     [[-(1 - 1.5e-10) / (math.sqrt(math.pi) * 1e10)]]),
    (F.log_ndtr, [[-1e4]], [-5e7 - math.log(1e4) - 0.5 * math.log(2 * math.pi)], [[1e4 + 1e-4]]),
    (F.ndtr, [[-40.0, 40.0]], [3.6558935e-350, 1], [[0, 0]]),
    (lambda x: F.where(x > 0, x, F.log(x * 0 + 1)), [[-1.0, 1.0]], [0, 1], [[0, 1]]),
    (lambda x: F.softmax_cross_entropy(x, np.array([-1])), [[[1.0, inf]]], 0, [[[0, 0]]]),
    (lambda x: F.softmax_cross_entropy(x, np.array([0])), [[[1.0, -inf]]], 0, [[[0, 0]]]),
    (lambda x: F.softmax_cross_entropy(x, np.array([0])), [[[50.0, 0.0]]], math.exp(-50),
     [[[-math.exp(-50), math.exp(-50)]]]),
    (lambda x: F.softmax_cross_entropy(x, np.array([1])), [[[1000.0, 0.0]]], 1000, [[[1, -1]]]),
    (lambda x: F.sigmoid_cross_entropy(x, np.array([1, 0])), [[800.0, -800.0]], 0, [[0, 0]]),
    (lambda x: F.sigmoid_cross_entropy(x, np.array([1, -1])), [[50.0, inf]], math.exp(-50),
     [[-math.exp(-50), 0]]),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: f"{getattr(edge[0], '__name__', '')}{edge[1]}")
def test_value_and_gradient(edge: Any, dtype: Any):
    f, inputs, value, gradients = edge
    variables = [pdist.Variable(np.array(x, dtype)) for x in inputs]
    with np.errstate(invalid="ignore"):
        y = f(*variables)
    rtol = 1e-15 if dtype == np.float64 else 1e-6
    np.testing.assert_allclose(y.array, np.array(value, dtype), rtol=4 * rtol)
    if gradients is None:
        return
    first = pdist.grad([y], variables, enable_double_backprop=True)
    for g, expected in zip(first, gradients, strict=True):
        np.testing.assert_allclose(g.array, np.array(expected, dtype), rtol=1e4 * rtol, atol=1e-300)
    known = [g for g in first if g.requires_grad]
    for g in pdist.grad(known, variables) if known else []:
        assert g is None or np.isfinite(g.array).all(), f"second derivative {g.array}"


@pytest.mark.parametrize(
    "matrix", [[[1.0, 2.0], [2.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]]]
)
def test_gradient_of_the_determinant_of_a_singular_matrix(matrix: Any):
    x = pdist.Variable(np.array(matrix))
    F.det(x).backward()
    (a, b), (c, d) = matrix
    np.testing.assert_allclose(x.grad, [[d, -c], [-b, a]], atol=1e-14)


def test_empty_logsumexp():
    assert F.logsumexp(np.zeros((0,))).array == -inf
    np.testing.assert_array_equal(F.logsumexp(np.zeros((2, 0)), axis=1).array, [-inf, -inf])
    x = pdist.Variable(np.zeros((2, 0)))
    F.logsumexp(x).backward()
    assert x.grad.shape == (2, 0)


@pytest.mark.parametrize("zeros", [[0], [1, 3], [0, 1, 2, 3]])
def test_products_with_zeros(zeros: list[int]):
    x = np.random.default_rng(0).uniform(0.5, 1.5, (4, 3))
    x[zeros, 1] = 0
    for f in (lambda x: F.prod(x, axis=0), lambda x: F.cumprod(x, axis=0), F.prod, F.cumprod):
        check_gradients(f, x)


def test_gradient_stops_at_what_where_leaves_out():
    x = pdist.Variable(np.array([-1.0, 0.0, 4.0]))
    safe = F.where(x > 0, x, 1.0)
    y = F.where(x > 0, F.sqrt(safe) + F.log(safe), 0.0)
    F.sum(y).backward()
    np.testing.assert_array_equal(x.grad, [0, 0, 0.5])


any_float = st.floats(width=32, allow_subnormal=True)


@given(st.data(), st.sampled_from([np.float32, np.float64]))
def test_selection_by_bits_is_where(data: Any, dtype: Any):
    """Large arrays take another way: the same elements, infinities, nan and signs of zero included."""
    x = data.draw(hnp.arrays(dtype, st.sampled_from([(), (3,), (2, 1)]), elements=any_float))
    y = data.draw(hnp.arrays(dtype, st.sampled_from([(), (3,), (2, 3)]), elements=any_float))
    x, y = data.draw(st.sampled_from([(x, y), (x, 0.0), (0.0, y), (x, 1.5), (-0.0, y), (x, nan)]))
    condition = np.random.default_rng(data.draw(st.integers(0, 9))).random((200, 2, 3)) < 0.5
    got, expected = select(np, condition, x, y), np.where(condition, x, y)
    assert got.dtype == dtype
    assert got.shape == expected.shape
    np.testing.assert_array_equal(got, expected)
    zero = expected == 0
    np.testing.assert_array_equal(np.signbit(got[zero]), np.signbit(expected[zero]))


def test_selection_takes_what_where_takes():
    condition = np.arange(600) % 3  # no bools
    x = np.linspace(-1, 1, 600)
    np.testing.assert_array_equal(F.where(condition, x, 0.0).array, np.where(condition, x, 0.0))
    np.testing.assert_array_equal(F.where(list(condition > 0), x, 2.0).array, np.where(condition > 0, x, 2.0))
