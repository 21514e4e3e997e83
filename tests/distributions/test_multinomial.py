"""Multinomial and DirichletMultinomial: beside Binomial and BetaBinomial, many draws, and bad input."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from exactly import require
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
from pdist import Variable, check_gradients, kl_divergence

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@given(st.integers(0, 60), st.data(), st.sampled_from([np.float32, np.float64]))
def test_two_classes_are_binomial(n: int, data: st.DataObject, dtype: type) -> None:
    k = data.draw(st.integers(0, n))
    logit = dtype(data.draw(st.integers(-30, 30)) / 4)
    x = np.array([k, n - k], dtype)
    rtol = 1e-5 if dtype == np.float32 else 1e-13
    got = D.Multinomial(n, logit=np.array([logit, 0], dtype)).log_prob(x)
    assert got.dtype == dtype
    np.testing.assert_allclose(got.array, D.Binomial(n, logit=logit).log_prob(x[0]).array, rtol=rtol)
    a, b = dtype(0.75), dtype(2.5)
    got = D.DirichletMultinomial(n, np.array([a, b])).log_prob(x).array
    np.testing.assert_allclose(got, D.BetaBinomial(n, a, b).log_prob(x[0]).array, rtol=rtol, atol=rtol)


@DTYPES
def test_many_draws(dtype: type) -> None:
    p, alpha = np.array([0.5, 0.25, 0.125, 0.125]), np.array([0.5, 200.0, 3.0, 1e4])
    x = np.array([[8388652, 4194281, 2097152, 2097131], [8000000, 4777216, 2000000, 2000000]], float)
    n = 2.0**24
    with mp.workdps(60):
        shapes, total = [mp.mpf(v) for v in alpha], mp.fsum(alpha)
        known, drawn = [], []
        for row in x:
            choices = mp.loggamma(n + 1) - mp.fsum(mp.loggamma(v + 1) for v in row)
            known.append(choices + mp.fsum(v * mp.log(q) for v, q in zip(row, p, strict=True)))
            pairs = zip(map(mp.mpf, row), shapes, strict=True)
            shares = mp.fsum(mp.loggamma(v + a) - mp.loggamma(a) for v, a in pairs)
            drawn.append(choices + shares + mp.loggamma(total) - mp.loggamma(total + n))
    require(D.Multinomial(n, p=p.astype(dtype)).log_prob(x.astype(dtype)), known, 8)
    require(D.Multinomial(n, logit=np.log(p)).log_prob(x), known, 64)
    require(D.DirichletMultinomial(n, alpha.astype(dtype)).log_prob(x.astype(dtype)), drawn, 16)


def test_what_is_outside() -> None:
    x = np.array([[1, 1, 1], [2, 1, 1], [-1, 2, 2], [0.5, 1.5, 1], [np.nan, 1, 1], [3, 0, 0]])
    for d in (D.Multinomial(3, p=np.full(3, 1 / 3)), D.DirichletMultinomial(3, np.ones(3))):
        y = d.log_prob(x).array
        assert np.isfinite(y[[0, 5]]).all() and (y[1:4] == -np.inf).all() and np.isnan(y[4])
        assert d.log_prob(x[0].astype(int)).array == y[0]
    p = Variable(np.array([0.5, 0.5, 0.0]))
    y = D.Multinomial(3, p=p).log_prob(np.array([[1, 2, 0], [1, 1, 1]]))
    np.testing.assert_allclose(y.array, [np.log(3 / 8), -np.inf])
    np.testing.assert_allclose(pdist.grad([y[0]], [p])[0].array, [2, 4, 0])
    for d in (D.Multinomial(0, p=np.full(3, 1 / 3)), D.DirichletMultinomial(0, np.ones(3))):
        assert d.log_prob([0, 0, 0]).item() == 0 and (d.sample(3, rng=0).array == 0).all()
    assert D.Multinomial(5, p=np.ones(1)).log_prob([5]).item() == 0


def test_draws_have_the_right_sums_and_means() -> None:
    n, p = np.array([0, 7, 1000]), np.array([0.2, 0.0, 0.5, 0.3])
    for d in (D.Multinomial(n, p=p), D.DirichletMultinomial(n, 50 * p + 0.01)):
        x = d.sample(4000, rng=1).array
        assert (x.sum(axis=-1) == n).all() and (x >= 0).all()
        error = np.sqrt(d.variance.array / 4000)
        assert (abs(x.mean(axis=0) - d.mean.array) <= 5 * error).all()


def test_derivatives() -> None:
    rng = np.random.default_rng(0)
    logit, alpha, x = rng.standard_normal((2, 3)), rng.gamma(2, 1, (2, 3)), np.array([[2.0, 0, 3], [5, 0, 0]])
    check_gradients(lambda a: D.Multinomial(5, logit=a).log_prob(x), [logit])
    check_gradients(lambda a: D.DirichletMultinomial(5, a).log_prob(x), [alpha])
    check_gradients(lambda a: D.DirichletMultinomial(5, a).covariance, [alpha])
    f = pdist.trace(lambda a, x: D.DirichletMultinomial(5, a).log_prob(x))
    np.testing.assert_array_equal(f(alpha, x).array, D.DirichletMultinomial(5, alpha).log_prob(x).array)


def test_divergence_of_as_many_draws() -> None:
    p, q = np.array([0.2, 0.3, 0.5]), np.array([0.25, 0.25, 0.5])
    one = kl_divergence(D.OneHotCategorical(p), D.OneHotCategorical(q)).array
    np.testing.assert_allclose(kl_divergence(D.Multinomial(7, p), D.Multinomial(7, q)).array, 7 * one)
    with pytest.raises(ValueError, match="different n"):
        kl_divergence(D.Multinomial(7, p), D.Multinomial(6, q))


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: D.Multinomial(2.5, p=[0.5, 0.5]), ValueError, ["Multinomial: n is 2.5", "whole number"]),
        (lambda: D.Multinomial(-1, p=[0.5, 0.5]), ValueError, ["Multinomial: n is -1", "whole number"]),
        (lambda: D.Multinomial(2, p=[0.5, 0.4]), ValueError, ["Multinomial: p", "sum 1"]),
        (lambda: D.DirichletMultinomial(2, [0.5, 0]), ValueError, ["alpha[1] is 0.0", "positive"]),
        (lambda: D.DirichletMultinomial(0.5, [1.0]), ValueError, ["n is 0.5", "whole number"]),
        (lambda: D.Multinomial(2, p=[0.5, 0.5]).log_prob([1, 1, 0]), ValueError, ["event shape (2,)"]),
        (lambda: D.Multinomial(2, p=[0.5, 0.5]).entropy, NotImplementedError, ["Multinomial has no entropy"]),
    ],
)
def test_bad_input_is_named(call: object, kind: type[Exception], words: list[str]) -> None:
    with pytest.raises(kind) as error:
        call()  # type: ignore[operator]
    assert all(word in str(error.value) for word in words), error.value
