"""OneHotCategorical: the Categorical in vectors, and the moments that only vectors have."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from exactly import numbers, require
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
from pdist import Variable, check_gradients, kl_divergence

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
rows = st.integers(1, 6).flatmap(lambda k: st.lists(numbers(-30, 30), min_size=k, max_size=k))


def variable(values: object, dtype: type = np.float64) -> Variable:
    return Variable(np.asarray(values, dtype))


def gradients(y: Variable, *inputs: Variable) -> list[np.ndarray]:
    return [g.array for g in pdist.grad([y], list(inputs))]


@DTYPES
@pytest.mark.parametrize("name", ["p", "logit"])
def test_it_agrees_with_the_categorical(dtype: type, name: str) -> None:
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(4), (2, 3)).astype(dtype)
    a, b = (variable(p if name == "p" else np.log(p), dtype) for _ in range(2))
    vectors, labels = D.OneHotCategorical(**{name: a}), D.Categorical(**{name: b})
    x = rng.integers(4, size=(5, 2, 3))
    one, other = vectors.log_prob(np.eye(4, dtype=dtype)[x]), labels.log_prob(x)
    assert one.dtype == dtype
    np.testing.assert_array_equal(one.array, other.array)
    np.testing.assert_allclose(gradients(one, a)[0], gradients(other, b)[0], rtol=1e-5)
    np.testing.assert_array_equal(vectors.entropy.array, labels.entropy.array)
    np.testing.assert_array_equal(vectors.mode.array.argmax(axis=-1), labels.mode.array)
    np.testing.assert_array_equal(
        vectors.sample(7, rng=3).array.argmax(axis=-1), labels.sample(7, rng=3).array
    )
    q = variable(rng.standard_normal((3, 4)), dtype)
    np.testing.assert_array_equal(
        kl_divergence(vectors, D.OneHotCategorical(logit=q)).array,
        kl_divergence(labels, D.Categorical(logit=q)).array,
    )


def test_what_is_not_one_hot() -> None:
    x = [[1, 1, 0], [0, 0, 0], [0.5, 0.5, 0], [2, -1, 0], [np.inf, 0, 0], [np.nan, 0, 1]]
    for name, values in (("p", [0.2, 0.3, 0.5]), ("logit", [0.0, 1.0, 2.0])):
        parameter = variable(values)
        y = D.OneHotCategorical(**{name: parameter}).log_prob(np.array(x))
        assert (y.array[:-1] == -np.inf).all()
        assert np.isnan(y.array[-1])
        np.testing.assert_array_equal(gradients(y, parameter)[0], 0)


@DTYPES
def test_a_class_without_probability(dtype: type) -> None:
    p, logit = variable([0.25, 0.75, 0], dtype), variable([0, math.log(3), -np.inf], dtype)
    for given_, d in ((p, D.OneHotCategorical(p)), (logit, D.OneHotCategorical(logit=logit))):
        y = d.log_prob(np.eye(3))
        np.testing.assert_allclose(y.array, [math.log(0.25), math.log(0.75), -np.inf], rtol=1e-6)
        for answer in (y, d.entropy, d.mean, d.variance, d.stddev, d.covariance):
            assert np.isfinite(gradients(answer, given_)[0]).all()
        np.testing.assert_allclose(d.variance.array, [0.1875, 0.1875, 0], rtol=1e-6)
        assert (d.sample(100, rng=0).array[:, 2] == 0).all()


@DTYPES
@given(logit=rows)
def test_moments(dtype: type, logit: list[float]) -> None:
    d = D.OneHotCategorical(logit=np.array(logit, dtype))
    k = len(logit)
    with mp.workdps(60):
        e = [mp.exp(mp.mpf(v)) for v in logit]
        total = mp.fsum(e)
        p = [v / total for v in e]
        rest = [mp.fsum(w for j, w in enumerate(e) if j != i) / total for i in range(k)]
        require(d.mean, p, 4)
        require(d.variance, [a * b for a, b in zip(p, rest, strict=True)], 8)
        covariance = [p[i] * rest[i] if i == j else -p[i] * p[j] for i in range(k) for j in range(k)]
        require(d.covariance, covariance, 8)
        entropy = mp.fsum(-v * mp.log(v) for v in p)
        require(d.entropy, [entropy], 16, beside=1e-30)


def test_the_covariance_of_a_batch() -> None:
    p = np.random.default_rng(0).dirichlet(np.ones(4), (2, 3))
    for d in (D.OneHotCategorical(variable(p)), D.OneHotCategorical(logit=variable(np.log(p)))):
        assert d.covariance.shape == (2, 3, 4, 4)
        np.testing.assert_allclose(d.covariance.array.sum(axis=-1), 0, atol=1e-15)
        expected = np.eye(4) * p[..., None] - p[..., None] * p[..., None, :]
        np.testing.assert_allclose(d.covariance.array, expected, rtol=1e-13, atol=1e-16)


def test_samples() -> None:
    p = variable([[0.7, 0.1, 0.2], [0, 0.5, 0.5]], np.float32)
    x = D.OneHotCategorical(p).sample((10000,), rng=0)
    assert x.dtype == np.float32
    assert x.shape == (10000, 2, 3)
    assert not x.requires_grad
    assert ((x.array == 0) | (x.array == 1)).all()
    assert (x.array.sum(axis=-1) == 1).all()
    np.testing.assert_allclose(x.array.mean(axis=0), p.array, atol=0.02)
    with pytest.raises(ValueError, match=r"OneHotCategorical\.rsample: samples carry no gradient to p"):
        D.OneHotCategorical(p).rsample()


def test_a_vector_with_a_gradient() -> None:
    x, p = variable([0.0, 1.0, 0.0]), variable([0.2, 0.8, 0.0])
    np.testing.assert_allclose(
        gradients(D.OneHotCategorical(p).log_prob(x), x)[0], [math.log(0.2), math.log(0.8), 0], rtol=1e-15
    )


def test_derivatives_to_second_order() -> None:
    rng = np.random.default_rng(0)
    logit, p, x = rng.standard_normal((2, 3, 4)), rng.dirichlet(np.ones(4), 3), np.eye(4)[[0, 2, 3]]
    check_gradients(lambda logit: D.OneHotCategorical(logit=logit).log_prob(x), [logit])
    with pdist.using_config("validate", False):  # a step of a finite difference leaves the simplex
        check_gradients(lambda p: D.OneHotCategorical(p).log_prob(x), [p])
        for name in ("mean", "variance", "stddev", "covariance", "entropy"):
            check_gradients(lambda logit, name=name: getattr(D.OneHotCategorical(logit=logit), name), [logit])
            check_gradients(lambda p, name=name: getattr(D.OneHotCategorical(p), name), [p])


def test_bad_input() -> None:
    with pytest.raises(
        ValueError, match=r"OneHotCategorical: p is .*; expected nonnegative numbers of sum 1"
    ):
        D.OneHotCategorical(variable([0.5, 0.4]))
    with pytest.raises(ValueError, match="expected its last axes to be the event shape"):
        D.OneHotCategorical(variable([0.5, 0.5])).log_prob(np.eye(3))
    with pytest.raises(NotImplementedError, match="OneHotCategorical has no cdf"):
        D.OneHotCategorical(variable([0.5, 0.5])).cdf(np.eye(2))
    with pytest.raises(ValueError, match="kl_divergence: "):
        kl_divergence(
            D.OneHotCategorical(logit=variable([0, 0])), D.OneHotCategorical(logit=variable([0, 0, 0]))
        )
