"""Normals and Student's t of vectors: three kinds of covariance, parts and images, divergences, bad input."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from scipy import stats

import pdist
import pdist.distributions as D
import pdist.functions as F
from pdist import Variable

RNG = np.random.default_rng(3)


def covariance(n, seed=0):
    a = np.random.default_rng(seed).normal(size=(n, n))
    return a @ a.T + 0.5 * np.eye(n)


LOC = RNG.normal(size=3)
V = covariance(3)
L = np.linalg.cholesky(V)
FULL = {
    "scale_tril": D.MultivariateNormal(LOC, L),
    "covariance": D.MultivariateNormal(LOC, covariance_matrix=V),
    "precision": D.MultivariateNormal(LOC, precision_matrix=np.linalg.inv(V)),
}
DIAGONAL = D.MultivariateNormalDiag(LOC + 0.5, np.array([0.5, 1.0, 2.0]))
LOW = D.LowRankMultivariateNormal(LOC, RNG.normal(size=(3, 2)), np.array([0.5, 1.0, 2.0]))
ALL = {**FULL, "diagonal": DIAGONAL, "low rank": LOW}


@pytest.mark.parametrize("name", ALL)
def test_densities_of_batches_and_samples(name):
    d = ALL[name]
    of = stats.multivariate_normal(d.loc.array, d.covariance.array)
    for shape in ((3,), (5, 3), (2, 4, 3)):
        x = RNG.normal(size=shape)
        np.testing.assert_allclose(d.log_prob(x).array, of.logpdf(x), rtol=1e-12)
    wide = d.expand((2, 4))
    x = RNG.normal(size=(5, 2, 4, 3))
    np.testing.assert_allclose(wide.log_prob(x).array, of.logpdf(x), rtol=1e-12)
    some = np.broadcast_to(of.logpdf(x[:, 0])[:, None], (5, 2, 4))
    np.testing.assert_allclose(wide.log_prob(x[:, :1]).array, some, rtol=1e-12)
    np.testing.assert_allclose(d.entropy.array, of.entropy(), rtol=1e-12)
    z = d.sample(100_000, rng=0).array
    np.testing.assert_allclose(z.mean(0), d.mean.array, atol=0.05)
    np.testing.assert_allclose(np.cov(z.T), d.covariance.array, atol=0.1)
    np.testing.assert_allclose(d.variance.array, np.diag(d.covariance.array), rtol=1e-12)


def test_what_was_not_given_is_derived():
    for d in FULL.values():
        np.testing.assert_allclose(d.scale_tril.array, L, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(d.covariance_matrix.array, V, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(d.precision_matrix.array, np.linalg.inv(V), rtol=1e-11, atol=1e-13)


def test_what_is_above_the_diagonal_is_not_read():
    d = D.MultivariateNormal(LOC, L + np.triu(np.full((3, 3), 9.0), 1))
    np.testing.assert_array_equal(
        d.log_prob(np.zeros(3)).array, FULL["scale_tril"].log_prob(np.zeros(3)).array
    )
    np.testing.assert_array_equal(d.sample(3, rng=0).array, FULL["scale_tril"].sample(3, rng=0).array)


@pytest.mark.parametrize("name", ALL)
def test_marginal_and_condition(name):
    """p(x) = p(some) p(others | some), and their moments."""
    d, x = ALL[name], RNG.normal(size=(6, 3))
    cov, loc = d.covariance.array, d.loc.array
    for known in ([0], [2], [2, 0], [0, 1], [-1]):
        others = [i for i in range(3) if i not in [k % 3 for k in known]]
        some, rest = d.marginal(known), d.condition(known, x[:, known])
        total = some.log_prob(x[:, known]).array + rest.log_prob(x[:, others]).array
        np.testing.assert_allclose(total, d.log_prob(x).array, rtol=1e-12)
        np.testing.assert_allclose(some.covariance.array, cov[np.ix_(known, known)], rtol=1e-12)
        gain = np.linalg.solve(cov[np.ix_(known, known)], cov[np.ix_(known, others)]).T
        expected = loc[others] + (x[:, known] - loc[known]) @ gain.T
        np.testing.assert_allclose(rest.mean.array, expected, rtol=1e-10, atol=1e-12)
    assert type(LOW.marginal([0, 2])) is D.LowRankMultivariateNormal


def test_condition_of_a_batch_carries_gradients():
    scale = Variable(np.stack([L, 2 * L]), requires_grad=True)
    d = D.MultivariateNormal(np.zeros(3), scale)
    rest = d.condition([1], np.array([[0.5], [1.0]]))
    assert rest.batch_shape == (2,)
    (g,) = pdist.grad([rest.log_prob(np.ones(2)).sum()], [scale])
    assert np.isfinite(g.array).all()
    assert not np.triu(g.array, 1).any()


def test_affine():
    a, b = RNG.normal(size=(2, 3)), np.array([1.0, -2.0])
    for d in ALL.values():
        e = d.affine(a, b)
        np.testing.assert_allclose(e.mean.array, a @ d.loc.array + b, rtol=1e-12)
        np.testing.assert_allclose(e.covariance.array, a @ d.covariance.array @ a.T, rtol=1e-12)


PAIRS = [(p, q) for p in ("scale_tril", "precision", "diagonal", "low rank") for q in ALL]


@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_divergences(p, q):
    one, other = ALL[p], ALL[q]
    v, w = one.covariance.array, other.covariance.array
    d = one.loc.array - other.loc.array
    ratio = np.linalg.solve(w, v)
    expected = 0.5 * (np.trace(ratio) - 3 - np.linalg.slogdet(ratio)[1] + d @ np.linalg.solve(w, d))
    np.testing.assert_allclose(pdist.kl_divergence(one, other).array, expected, rtol=1e-10, atol=1e-12)


def test_divergences_of_batches_broadcast():
    p = D.MultivariateNormal(np.zeros((4, 1, 3)), L)
    q = D.MultivariateNormal(np.ones((2, 3)), np.stack([L, 2 * L]))
    y = pdist.kl_divergence(p, q)
    assert y.shape == (4, 2)
    one = pdist.kl_divergence(D.MultivariateNormal(np.zeros(3), L), D.MultivariateNormal(np.ones(3), 2 * L))
    np.testing.assert_allclose(y.array[0, 1], one.array, rtol=1e-14)


def test_divergence_of_nearly_equal_ones_keeps_its_digits():
    p = D.MultivariateNormal(np.zeros(2), np.array([[1.0, 0.0], [0.5, 2.0]]))
    q = D.MultivariateNormal(np.array([1e-9, 0.0]), np.array([[1.0, 0.0], [0.5 + 2**-30, 2.0]]))
    with mp.workdps(60):
        lower = lambda d: mp.matrix(d.scale_tril.array.tolist())
        ratio = lower(q) ** -1 * lower(p)
        z = lower(q) ** -1 * mp.matrix((p.loc.array - q.loc.array).tolist())
        trace = mp.fsum(ratio[i, j] ** 2 for i in range(2) for j in range(2))
        truth = (trace - 2 - 2 * mp.log(ratio[0, 0] * ratio[1, 1]) + z[0] ** 2 + z[1] ** 2) / 2
    np.testing.assert_allclose(pdist.kl_divergence(p, q).item(), float(truth), rtol=1e-14)
    assert pdist.kl_divergence(p, p).item() == 0


def test_independent_normals_are_vectors():
    scale = np.array([0.5, 1.0, 2.0])
    parts, vector = D.Independent(D.Normal(LOC, scale), 1), D.MultivariateNormalDiag(LOC, scale)
    for d in ALL.values():
        for a, b in (((parts, d), (vector, d)), ((d, parts), (d, vector))):
            np.testing.assert_array_equal(pdist.kl_divergence(*a).array, pdist.kl_divergence(*b).array)
    with pytest.raises(NotImplementedError, match="Normals over one axis"):
        pdist.kl_divergence(D.Independent(D.Laplace(LOC, scale), 1), DIAGONAL)


def test_low_rank_does_not_cancel():
    """Where the factors account for nearly all of a large deviation."""
    w, noise = np.array([[1e3], [2e3], [-1e3]]), np.array([1e-3, 1e-3, 1e-3])
    d = D.LowRankMultivariateNormal(np.zeros(3), w, noise)
    x = w[:, 0] * 3.0 + np.array([0.0, 0.01, -0.02])
    with mp.workdps(60):
        v = mp.matrix(w.tolist()) * mp.matrix(w.tolist()).T + mp.diag([mp.mpf(float(v)) for v in noise])
        column = mp.matrix([mp.mpf(float(v)) for v in x])
        square = (column.T * mp.lu_solve(v, column))[0]
        truth = -(square + mp.log(mp.det(v)) + 3 * mp.log(2 * mp.pi)) / 2
    np.testing.assert_allclose(d.log_prob(x).item(), float(truth), rtol=1e-12)


@pytest.mark.parametrize("df", [0.7, 1.5, 4.0, 1e3, 1e8])
@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_student_t(df, n):
    v = covariance(n, 7)
    d = D.MultivariateStudentT(np.array(df), np.zeros(n), np.linalg.cholesky(v))
    x = RNG.normal(size=(4, n)) * 3
    with mp.workdps(50):
        nu, at = mp.mpf(df), [mp.mpf(float(s)) for s in d._square(pdist.as_variable(x)).array]
        norm = mp.loggamma((nu + n) / 2) - mp.loggamma(nu / 2) - n * mp.log(nu * mp.pi) / 2
        truth = [norm - (nu + n) / 2 * mp.log1p(s / nu) - mp.mpf(d._log_scale().item()) for s in at]
        entropy = (nu + n) / 2 * (mp.digamma((nu + n) / 2) - mp.digamma(nu / 2)) - norm
    np.testing.assert_allclose(d.log_prob(x).array, [float(t) for t in truth], rtol=4e-15)
    np.testing.assert_allclose(d.entropy.item(), float(entropy) + d._log_scale().item(), rtol=4e-15)
    assert np.isnan(d.mean.array).all() == (df <= 1)
    assert np.isinf(d.variance.array).all() == (1 < df <= 2)
    assert np.isfinite(d.variance.array).all() == (df > 2)


def test_student_t_of_many_degrees_is_normal():
    d = D.MultivariateStudentT(np.float32(1e8), np.zeros(3, np.float32), L.astype(np.float32))
    e = D.MultivariateNormal(np.zeros(3, np.float32), L.astype(np.float32))
    x = np.ones(3, np.float32)
    np.testing.assert_allclose(d.log_prob(x).array, e.log_prob(x).array, rtol=1e-6)
    df = Variable(np.array(4.0), requires_grad=True)
    z = D.MultivariateStudentT(df, np.zeros(3), L).rsample(50_000, rng=0)
    (slope,) = pdist.grad([F.mean(F.tanh(z) ** 2)], [df])
    ends = [
        np.mean(
            np.tanh(D.MultivariateStudentT(np.array(v), np.zeros(3), L).sample(400_000, rng=1).array) ** 2
        )
        for v in (3.9, 4.1)
    ]
    np.testing.assert_allclose(slope.item(), (ends[1] - ends[0]) / 0.2, atol=3e-3)


def refused(make, kind=ValueError):
    with pytest.raises(kind) as error:
        make()
    return str(error.value)


def test_bad_matrices_are_named():
    zero, bad = np.zeros(2), np.array([[1.0, 2.0], [2.0, 1.0]])
    make = lambda **matrix: D.MultivariateNormal(zero, **matrix)
    message = refused(lambda: make(covariance_matrix=np.stack([np.eye(2), bad])))
    assert "covariance_matrix[1] is a matrix whose smallest pivot is -3, in row 1" in message
    message = refused(lambda: make(precision_matrix=np.array([[1.0, 0.1], [0.2, 1.0]])))
    assert "precision_matrix is a matrix with 0.1 at [0, 1] and 0.2 at [1, 0]" in message
    assert "shape (2, 3)" in refused(lambda: make(covariance_matrix=np.ones((2, 3))))
    assert "nan at [1, 0]" in refused(lambda: make(covariance_matrix=np.array([[1, 0], [np.nan, 1]])))
    assert "0.0 at [1, 1]" in refused(lambda: make(scale_tril=np.diag([1.0, 0.0])))
    assert "(3, 3), as loc has shape (3,)" in refused(lambda: D.MultivariateNormal(np.zeros(3), np.eye(2)))
    assert "exactly one of" in refused(lambda: make(), TypeError)
    singular = np.full((2, 2), 1.0)
    assert "smallest pivot is 0" in refused(lambda: make(covariance_matrix=singular))
    assert "covariance_matrix" in refused(lambda: FULL["scale_tril"].affine(np.ones((2, 3))))
    assert "cov_factor has shape (2, 1)" in refused(
        lambda: D.LowRankMultivariateNormal(np.zeros(3), np.ones((2, 1)), np.ones(3))
    )


def test_bad_indices_are_named():
    d = FULL["scale_tril"]
    assert "indices has 3" in refused(lambda: d.marginal([3]), IndexError)
    assert "different ones" in refused(lambda: d.marginal([1, -2]))
    assert "different ones" in refused(lambda: d.condition([], []))
    assert "all elements are known" in refused(lambda: d.condition([0, 1, 2], np.zeros(3)))
    assert "values has shape (2,)" in refused(lambda: d.condition([1], np.zeros(2)))
    assert "matrix has shape (2, 2)" in refused(lambda: d.affine(np.eye(2)))
