"""To scipy.stats and back: the same densities, and the same parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from test_fitting import DRAWN_FROM

import pdist.distributions as D
from pdist.distributions.bridges.scipy_stats import TABLE
from pdist.testing.catalogue import CATALOGUE

NONE = {D.Kumaraswamy, D.ContinuousBernoulli, D.LogitNormal, D.RelaxedBernoulli, D.HalfStudentT}
NONE |= {D.SinhArcsinh, D.PERT, D.Empirical, D.Dirichlet}
NONE |= {D.Multinomial, D.DirichletMultinomial, D.RelaxedOneHotCategorical}
NONE |= {D.OneHotCategoricalStraightThrough, D.PowerSpherical, D.VonMisesFisher}
NONE |= {D.WrappedCauchy, D.WrappedNormal, D.Deterministic, D.ZeroInflatedPoisson, D.OneHotCategorical}
# Vectors and matrices, which SciPy has under other names and shapes, or not at all
NONE |= {D.MultivariateNormal, D.MultivariateNormalDiag, D.LowRankMultivariateNormal, D.MultivariateStudentT}
NONE |= {D.Wishart, D.InverseWishart, D.LKJ, D.LKJCholesky, D.MatrixNormal, D.PlackettLuce}
NONE |= {D.LogisticNormal}
EXAMPLES = [d for d in DRAWN_FROM if type(d) not in NONE] + [D.Arcsine(1.0, np.array(3.0))]


def test_every_class_is_here() -> None:
    known = {row.cls for row in TABLE} | NONE | {D.Categorical, D.FiniteDiscrete}
    assert {e.cls for e in CATALOGUE.values() if not e.cls.parts} == known


@pytest.mark.parametrize("d", EXAMPLES, ids=lambda d: type(d).__name__)
def test_it_is_the_same_distribution(d: Any) -> None:
    twin = d.to_scipy()
    x = np.asarray(d.sample((9,), rng=3).array, float)
    log_density = twin.logpmf if d.support.discrete else twin.logpdf
    np.testing.assert_allclose(log_density(x), d.log_prob(x).array, rtol=1e-9, atol=1e-12)
    start = twin.cdf(-np.pi) if isinstance(d, D.VonMises) else 0.0
    np.testing.assert_allclose(twin.cdf(x) - start, d.cdf(x).array, rtol=1e-7)
    back = D.from_scipy(twin)
    if isinstance(d, D.Categorical):
        assert type(back) is D.FiniteDiscrete
        return
    assert type(back) is type(d)
    for name, value in d.params.items():
        np.testing.assert_allclose(getattr(back, name).array, value.array, rtol=1e-14, err_msg=name)


def test_batches_and_other_parameters() -> None:
    d = D.Normal(np.array([0.0, 1.0], "f4"), log_scale=np.array([[0.0], [1.0]], "f4"))
    twin = d.to_scipy()
    np.testing.assert_allclose(twin.mean(), np.broadcast_to([0.0, 1.0], (2, 2)))
    np.testing.assert_allclose(twin.std()[:, 0], [1, np.e], rtol=1e-7)
    assert D.from_scipy(twin).batch_shape == (2, 2)
    with pytest.raises(NotImplementedError, match=r"Categorical\.to_scipy"):
        D.Categorical(p=np.full((2, 2), 0.5)).to_scipy()


@pytest.mark.parametrize(
    ("frozen", "expected"),
    [
        (stats.norm(), D.Normal(0.0, 1.0)),
        (stats.norm(1.0), D.Normal(1.0, 1.0)),
        (stats.norm(1.0, scale=2.0), D.Normal(1.0, 2.0)),
        (stats.t(3.0, 1.0, 2.0), D.StudentT(loc=1.0, scale=2.0, df=3.0)),
        (stats.gamma(2.0, 0.0, 3.0), D.Gamma(k=2.0, theta=3.0)),
        (stats.erlang(a=2, scale=3.0), D.Gamma(k=2.0, theta=3.0)),
        (stats.reciprocal(1.0, 2.0, scale=3.0), D.LogUniform(3.0, 6.0)),
        (stats.uniform(1.0, 3.0), D.Uniform(loc=1.0, scale=3.0)),
        (stats.randint(1, 7, loc=2), D.DiscreteUniform(3.0, 8.0)),
        (stats.binom(n=4, p=0.25), D.Binomial(4, p=0.25)),
    ],
)
def test_its_ways_of_giving_parameters(frozen: Any, expected: Any) -> None:
    found = D.from_scipy(frozen)
    assert type(found) is type(expected) and found.dtype == np.float64
    for name, value in expected.params.items():
        np.testing.assert_allclose(getattr(found, name).array, value.array, rtol=1e-7)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: D.from_scipy(stats.gamma(2.0, loc=1.0)), NotImplementedError, ["Gamma", "loc", "1.0"]),
        (lambda: D.from_scipy(stats.beta(2, 3, scale=2.0)), NotImplementedError, ["Beta", "scale", "2.0"]),
        (lambda: D.from_scipy(stats.geom(0.5, loc=-1)), NotImplementedError, ["Geometric", "loc", "-1"]),
        (lambda: D.from_scipy(stats.anglit()), NotImplementedError, ["anglit"]),
        (lambda: D.from_scipy(stats.norm), TypeError, ["frozen"]),
        (lambda: D.from_scipy(3.0), TypeError, ["frozen", "3.0"]),
        (lambda: D.LogitNormal(0.0, 1.0).to_scipy(), NotImplementedError, ["LogitNormal"]),
        (lambda: D.Truncated(D.Normal(0.0, 1.0), -1, 1).to_scipy(), NotImplementedError, ["Truncated"]),
    ],
)
def test_without_a_counterpart(call: Any, kind: Any, words: list[str]) -> None:
    with pytest.raises(kind) as error:
        call()
    assert all(word in str(error.value) for word in words), error.value
