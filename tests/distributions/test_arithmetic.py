"""a + b X is of the same family, and has the cdf that it should."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pdist
import pdist.distributions as D

SYMMETRIC = [
    D.Normal(np.array([0.5, -1.0]), 2.0),
    D.Laplace(0.5, log_scale=np.array(0.3)),
    D.Logistic(np.array(-1.0), raw_scale=0.2),
    D.StudentT(df=np.array(3.0), loc=1.0, scale=0.7),
]
ON_THE_LINE = [
    *SYMMETRIC,
    D.Gumbel(np.array(0.5), 2.0),
    D.GeneralizedExtremeValue(loc=np.array(0.5), scale=2.0, shape=0.2),
]
POSITIVE = [
    D.Gamma(k=np.array(2.0), theta=3.0),
    D.Gamma(k=2.0, rate=np.array(0.5)),
    D.Exponential(np.array(2.0)),
]


def name(dist: Any) -> str:
    return type(dist).__name__


@pytest.mark.parametrize("dist", ON_THE_LINE, ids=name)
@pytest.mark.parametrize("b", [3.0, 0.25])
def test_a_moved_and_stretched_variable(dist: Any, b: float) -> None:
    x = np.array([[-2.0], [0.1], [4.0]])
    moved = b * dist + 1.5
    assert type(moved) is type(dist)
    np.testing.assert_allclose(moved.cdf(b * x + 1.5).array, dist.cdf(x).array, rtol=1e-13)
    np.testing.assert_allclose((dist / b - 1.5).cdf(x / b - 1.5).array, dist.cdf(x).array, rtol=1e-13)


@pytest.mark.parametrize("dist", SYMMETRIC, ids=name)
def test_a_mirrored_variable(dist: Any) -> None:
    x = np.array([[-2.0], [0.1], [4.0]])
    np.testing.assert_allclose((1.0 - dist).cdf(1 - x).array, dist.survival_function(x).array, rtol=1e-13)
    np.testing.assert_allclose((-2 * dist).cdf(-2 * x).array, dist.survival_function(x).array, rtol=1e-13)


@pytest.mark.parametrize("dist", POSITIVE, ids=name)
def test_a_stretched_positive_variable(dist: Any) -> None:
    x = np.array([0.1, 1.0, 7.0])
    for stretched, factor in ((3 * dist, 3.0), (dist / 2, 0.5), (np.array(0.3) * dist, 0.3)):
        assert type(stretched) is type(dist)
        np.testing.assert_allclose(stretched.cdf(factor * x).array, dist.cdf(x).array, rtol=1e-13)


def test_factors_may_be_arrays_and_carry_gradients() -> None:
    c = pdist.Variable(np.array([2.0, -3.0]))
    dist = D.Normal(1.0, 1.0) * c + np.array([0.0, 1.0])
    np.testing.assert_array_equal(dist.mean.array, [2.0, -2.0])
    np.testing.assert_array_equal(dist.stddev.array, [2.0, 3.0])
    pdist.functions.sum(dist.stddev).backward()
    np.testing.assert_array_equal(c.grad, [1.0, -1.0])


@pytest.mark.parametrize(
    ("what", "error", "message"),
    [
        (
            lambda: -D.Gumbel(0.0, 1.0),
            ValueError,
            "Gumbel.__neg__: factor is -1.0; expected a positive number",
        ),
        (
            lambda: 0 * D.Normal(0.0, 1.0),
            ValueError,
            "Normal.__mul__: factor is 0.0; expected a number other than",
        ),
        (lambda: -1 * D.Gamma(k=1.0, theta=1.0), ValueError, "Gamma.__mul__: factor is -1"),
        (lambda: 2 * D.Chisquare(k=3.0), TypeError, "the distribution of c X is not a Chisquare"),
        (lambda: D.Normal(0.0, 1.0) + D.Normal(0.0, 1.0), TypeError, "unsupported operand"),
        (lambda: D.Gamma(k=1.0, theta=1.0) + 1, TypeError, "unsupported operand"),
        (lambda: D.Normal(0.0, 1.0) * "a", TypeError, "multiply"),
    ],
)
def test_what_is_not_of_the_family(what: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        what()
