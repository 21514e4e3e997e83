"""Distributions of matrices and of orders: against SciPy, by draws, and what becomes of one row."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

import pdist
import pdist.distributions as D
import pdist.functions as F
from pdist import Variable

RNG = np.random.default_rng(8)


def factor(n, seed=0):
    a = np.random.default_rng(seed).normal(size=(n, n))
    return np.linalg.cholesky(a @ a.T + 0.5 * np.eye(n))


def made(cls, seed=0, df=6.5):
    return cls(np.array(df), factor(3, seed))


@pytest.mark.parametrize(("cls", "twin"), [(D.Wishart, stats.wishart), (D.InverseWishart, stats.invwishart)])
def test_wishart(cls, twin):
    d = made(cls)
    of = twin(6.5, d.scale_tril.array @ d.scale_tril.array.T)
    x = of.rvs(5, random_state=1)
    np.testing.assert_allclose(d.log_prob(x).array, [of.logpdf(v) for v in x], rtol=1e-12)
    np.testing.assert_allclose(d.mean.array, of.mean(), rtol=1e-12)
    np.testing.assert_allclose(d.mode.array, of.mode(), rtol=1e-12)
    z = d.sample(200_000, rng=0)
    np.testing.assert_allclose(z.array.mean(0), d.mean.array, rtol=0.03, atol=0.03)
    score = -d.log_prob(z.array).array
    np.testing.assert_allclose(score.mean(), d.entropy.item(), atol=6 * score.std() / np.sqrt(len(score)))
    if cls is D.Wishart:
        np.testing.assert_allclose(d.variance.array, of.var(), rtol=1e-12)
        np.testing.assert_allclose(z.array.var(0), of.var(), rtol=0.05)


def test_one_row_is_a_gamma():
    df, scale = np.array([0.5, 3.0, 1e5]), np.array([0.5, 2.0, 3.0])
    x = df * scale**2 * np.array([0.7, 1.1, 1.001])
    wishart = D.Wishart(df, scale[:, None, None])
    gamma = D.Gamma(df / 2, theta=2 * scale**2)
    np.testing.assert_allclose(wishart.log_prob(x[:, None, None]).array, gamma.log_prob(x).array, rtol=4e-15)
    np.testing.assert_allclose(wishart.entropy.array, gamma.entropy.array, rtol=4e-15)
    inverse = D.InverseWishart(df, scale[:, None, None])
    other = D.InverseGamma(df / 2, theta=scale**2 / 2)
    y = 1 / x * scale**4
    np.testing.assert_allclose(inverse.log_prob(y[:, None, None]).array, other.log_prob(y).array, rtol=4e-15)
    np.testing.assert_allclose(inverse.entropy.array, other.entropy.array, rtol=2e-14, atol=1e-14)


@pytest.mark.parametrize("cls", [D.Wishart, D.InverseWishart, D.MatrixNormal])
def test_divergences_against_draws(cls):
    if cls is D.MatrixNormal:
        p, q = (cls(RNG.normal(size=(2, 3)), factor(2, 2 * k), factor(3, 2 * k + 1)) for k in range(2))
    else:
        p, q = made(cls), made(cls, 1, 8.0)
    x = p.sample(200_000, rng=0).array
    difference = p.log_prob(x).array - q.log_prob(x).array
    error = difference.std() / np.sqrt(len(x))
    assert abs(difference.mean() - pdist.kl_divergence(p, q).item()) < 5 * error
    assert abs(pdist.kl_divergence(p, p).item()) < 1e-13


def test_divergence_of_inverses_is_that_of_the_wisharts():
    p, q = made(D.InverseWishart), made(D.InverseWishart, 1, 8.0)
    turned = []
    for d in (p, q):
        v = d.scale_tril.array @ d.scale_tril.array.T
        turned.append(D.Wishart(d.df, np.linalg.cholesky(np.linalg.inv(v))))
    np.testing.assert_allclose(
        pdist.kl_divergence(p, q).item(), pdist.kl_divergence(*turned).item(), rtol=1e-11
    )


@pytest.mark.parametrize("cls", [D.Wishart, D.InverseWishart])
def test_gradients_of_draws(cls):
    """d/d df of E log det X is the sum of trigammas over 2, of either sign."""
    df = Variable(np.array(6.5), requires_grad=True)
    x = cls(df, factor(3)).rsample(40_000, rng=0)
    (slope,) = pdist.grad([F.mean(F.logdet(x))], [df])
    expected = 0.5 * sum(pdist.functions.polygamma(1, np.array((6.5 - i) / 2)).item() for i in range(3))
    sign = 1 if cls is D.Wishart else -1
    np.testing.assert_allclose(slope.item(), sign * expected, rtol=0.02)


@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize("c", [0.6, 1.0, 4.0])
def test_correlations(n, c):
    d, whole = D.LKJCholesky(n, np.array(c)), D.LKJ(n, np.array(c))
    tril = d.sample(50_000, rng=0).array
    r = tril @ np.swapaxes(tril, -1, -2)
    a = c + n / 2 - 1
    for i, j in itertools.combinations(range(n), 2):
        p = stats.kstest(0.5 + 0.5 * r[:, i, j], stats.beta(a, a).cdf).pvalue
        assert p > 1e-6, (i, j)
    np.testing.assert_allclose(r.var(0), whole.variance.array, atol=0.02)
    jacobian = np.log(np.diagonal(tril, axis1=-2, axis2=-1)) @ np.arange(n - 1, -1, -1.0)
    np.testing.assert_allclose(
        d.log_prob(tril[:50]).array, whole.log_prob(r[:50]).array + jacobian[:50], rtol=1e-10, atol=1e-10
    )


def test_two_correlated_variables():
    r = np.linspace(-0.9, 0.9, 7)
    matrices = np.stack([np.ones(7), r, r, np.ones(7)], axis=-1).reshape(7, 2, 2)
    beta = D.Beta(3.0, np.array(3.0))
    expected = beta.log_prob(0.5 + 0.5 * r).array - np.log(2)
    np.testing.assert_allclose(D.LKJ(2, np.array(3.0)).log_prob(matrices).array, expected, rtol=1e-14)


def test_order():
    weights = np.array([0.5, 0.3, 0.2])
    d = D.PlackettLuce(np.log(weights))
    orders = np.array(list(itertools.permutations(range(3))))
    p = d.prob(orders).array
    expected = [weights[a] * weights[b] / (weights[b] + weights[c]) for a, b, c in orders]
    np.testing.assert_allclose(p, expected, rtol=1e-14)
    np.testing.assert_allclose(p.sum(), 1, rtol=1e-14)
    assert d.prob([0, 0, 1]).item() == 0
    assert d.mode.array.tolist() == [0, 1, 2]
    draws = d.sample(60_000, rng=0).array
    counts = [(draws == order).all(axis=1).sum() for order in orders]
    assert stats.chisquare(counts, 60_000 * p).pvalue > 1e-6
    far = D.PlackettLuce(np.array([1000.0, 0.0, -1000.0]))
    np.testing.assert_allclose(far.log_prob([2, 1, 0]).array, -3000.0)


def refused(make, kind=ValueError):
    with pytest.raises(kind) as error:
        make()
    return str(error.value)


def test_bad_input_is_named():
    assert "df is 2.0; expected more than 2" in refused(lambda: D.Wishart(2.0, np.eye(3)))
    assert "a matrix of shape (2, 3)" in refused(lambda: D.Wishart(5.0, np.ones((2, 3))))
    assert "dim is 1" in refused(lambda: D.LKJ(1, 1.0))
    assert "dim is 2.5" in refused(lambda: D.LKJCholesky(2.5))
    assert "concentration is 0.0" in refused(lambda: D.LKJ(3, np.array(0.0)))
    assert "row_scale_tril has shape (3, 3)" in refused(
        lambda: D.MatrixNormal(np.zeros((2, 3)), np.eye(3), np.eye(3))
    )
    assert made(D.Wishart).log_prob(np.diag([1.0, -1.0, 1.0])).item() == -np.inf
    assert D.LKJ(2, np.array(1.0)).log_prob(np.array([[1.0, 1.5], [1.5, 1.0]])).item() == -np.inf
    assert D.LKJCholesky(2, np.array(1.0)).log_prob(np.eye(2) * 2).item() == -np.inf
