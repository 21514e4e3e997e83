"""RelaxedOneHotCategorical and OneHotCategoricalStraightThrough: one-hot draws with gradients."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
from pdist import Variable, check_gradients

Relaxed, StraightThrough = D.RelaxedOneHotCategorical, D.OneHotCategoricalStraightThrough
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@given(st.integers(1, 60), st.integers(-20, 20), st.sampled_from([np.float32, np.float64]))
def test_two_classes_are_a_relaxed_bernoulli(t: int, logit: int, dtype: type) -> None:
    t, logit = dtype(t / 8), dtype(logit / 4)
    x = np.array([2.0**-20, 0.25, 0.5, 0.75], dtype)
    d = Relaxed(t, logit=np.array([logit, 0], dtype))
    got = d.log_prob(np.stack([x, 1 - x], axis=-1))
    assert got.dtype == dtype
    expected = D.RelaxedBernoulli(t, logit=logit).log_prob(x).array
    rtol = 1e-5 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(got.array, expected, rtol=rtol, atol=rtol)


def test_derivatives_of_the_relaxed_density() -> None:
    rng = np.random.default_rng(0)
    logit, t = rng.standard_normal((2, 3)), np.array([0.5, 2.0])
    x = rng.dirichlet([2, 2, 2], 2)
    check_gradients(lambda t, a: Relaxed(t, logit=a).log_prob(x), [t, logit])
    f = pdist.trace(lambda a, x: Relaxed(0.5, logit=a).log_prob(x))
    expected = Relaxed(0.5, logit=logit).log_prob(x).array
    np.testing.assert_array_equal(f(logit, x).array, expected)


@DTYPES
def test_cold_draws_are_one_hot_and_hold_off_zero(dtype: type) -> None:
    p = np.array([0.2, 0.3, 0.5], dtype)
    d = Relaxed(dtype(1e-3), p=p)
    x = d.sample(2000, rng=0)
    assert x.dtype == dtype and (x.array > 0).all() and d.support.contains(x).all()
    np.testing.assert_allclose(x.array.mean(axis=0), p, atol=0.05)
    assert np.isfinite(d.log_prob(x).array).all()


@DTYPES
@pytest.mark.parametrize("name", ["p", "logit"])
def test_draws_straight_through(dtype: type, name: str) -> None:
    p = np.array([[0.2, 0.3, 0.5], [0.5, 0.5, 0.0]], dtype)
    given_ = Variable(p if name == "p" else np.array([[0.0, 1.0, 2.0], [0.0, -np.inf, 1.0]], dtype))
    d = D.OneHotCategoricalStraightThrough(**{name: given_})
    x, plain = d.rsample(5, rng=3), D.OneHotCategorical(**{name: given_}).sample(5, rng=3)
    np.testing.assert_array_equal(x.array, plain.array)
    assert x.dtype == dtype
    weights = np.arange(3, dtype=dtype)
    through, direct = (
        pdist.grad([y], [given_])[0].array for y in ((x * weights).sum(), 5 * (d.p * weights).sum())
    )
    np.testing.assert_allclose(through, direct, rtol=1e-5)
    assert d.entropy.shape == (2,) and pdist.kl_divergence(d, d).array.max() == 0


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (
            lambda: Relaxed(0.0, p=[0.5, 0.5]),
            ValueError,
            ["temperature is 0.0", "positive"],
        ),
        (
            lambda: Relaxed(1.0, p=[1.0, 0.0]),
            ValueError,
            ["p is [1. 0.]", "positive", "sum 1"],
        ),
        (lambda: Relaxed(1.0, p=[0.5, 0.4]), ValueError, ["p is [0.5 0.4]", "sum 1"]),
        (
            lambda: Relaxed(1.0, logit=[0, -np.inf]),
            ValueError,
            ["logit[1] is -inf", "finite"],
        ),
        (lambda: Relaxed(1.0).log_prob(1), TypeError, ["exactly one of p and logit"]),
        (
            lambda: StraightThrough([0.5, 0.4]),
            ValueError,
            ["StraightThrough: p is"],
        ),
    ],
)
def test_bad_input_is_named(call: object, kind: type[Exception], words: list[str]) -> None:
    with pytest.raises(kind) as error:
        call()  # type: ignore[operator]
    assert all(word in str(error.value) for word in words), error.value


def test_edges_of_the_simplex_are_outside() -> None:
    y = Relaxed(1.0, p=[0.5, 0.25, 0.25]).log_prob([[1, 0, 0], [0.5, 0.5, 0.5]])
    assert (y.array == -np.inf).all()
    assert Relaxed(0.5, p=[1.0]).log_prob([1.0]).item() == 0
