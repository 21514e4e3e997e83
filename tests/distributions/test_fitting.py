"""Maximum likelihood: at the fit nothing near is likelier, nor is what the data were drawn from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import pdist
import pdist.distributions as D
from pdist.testing import standin
from pdist.testing.catalogue import CATALOGUE

DRAWN_FROM = [
    D.Normal(1.0, np.array(2.0)),
    D.LogNormal(mu=0.3, sigma=np.array(0.8)),
    D.Laplace(1.0, np.array(2.0)),
    D.Logistic(1.0, np.array(2.0)),
    D.Cauchy(5.0, np.array(1e-3)),
    D.Gumbel(1e3, np.array(2.0)),
    D.Moyal(1.0, np.array(2.0)),
    D.AsymmetricLaplace(1.0, 2.0, asymmetry=np.array(1.5)),
    D.GeneralizedPareto(1.0, 2.0, shape=np.array(0.2)),
    D.GeneralizedExtremeValue(1.0, 2.0, shape=np.array(0.2)),
    D.Pareto(2.0, alpha=np.array(3.0)),
    D.Lomax(2.0, alpha=np.array(4.25)),
    D.LogLogistic(2.0, shape=np.array(3.0)),
    D.Levy(1.0, np.array(2.0)),
    D.JohnsonSU(loc=1.0, scale=2.0, skewness=0.5, tailweight=np.array(1.3)),
    D.HalfNormal(np.array(2.0)),
    D.HalfCauchy(np.array(2.0)),
    D.Gamma(2.0, theta=np.array(3.0)),
    D.Chisquare(np.array(3.0)),
    D.InverseGamma(3.0, theta=np.array(2.0)),
    D.Chi(np.array(3.0)),
    D.StudentT(loc=1.0, scale=2.0, df=np.array(3.0)),
    D.Weibull(2.0, shape=np.array(1.5)),
    D.HalfStudentT(df=3.0, scale=np.array(2.0)),
    D.GeneralizedNormal(1.0, 2.0, power=np.array(3.0)),
    D.Gompertz(shape=0.5, rate=np.array(2.0)),
    D.InverseGaussian(loc=1.0, shape=np.array(2.0)),
    D.Exponential(np.array(2.0)),
    D.NoncentralChisquare(4.0, np.array(3.0)),
    D.ExponentiallyModifiedGaussian(loc=1.0, scale=0.5, rate=np.array(0.7)),
    D.VonMises(3.0, concentration=np.array(2.0)),
    D.WrappedCauchy(1.0, rho=np.array(0.5)),
    D.WrappedNormal(1.0, scale=np.array(0.7)),
    D.Uniform(1.0, np.array(2.0)),
    D.Triangular(low=1.0, high=4.0, peak=np.array(1.5)),
    D.Kumaraswamy(a=2.0, b=np.array(3.0)),
    D.ContinuousBernoulli(p=np.array(0.3)),
    D.LogitNormal(loc=0.3, scale=np.array(0.8)),
    D.RelaxedBernoulli(temperature=0.7, p=np.array(0.3)),
    D.LogUniform(1.0, np.array(4.0)),
    D.TruncatedNormal(loc=1.0, scale=2.0, low=-1.0, high=np.array(4.0)),
    D.Beta(2.0, np.array(3.0)),
    D.FisherSnedecor(4.0, np.array(9.0)),
    D.Bernoulli(p=np.array(0.3)),
    D.Binomial(7, p=np.array(0.3)),
    D.BetaBinomial(7, 2.0, np.array(3.0)),
    D.NegativeBinomial(4.0, p=np.array(0.4)),
    D.Geometric(p=np.array(0.3)),
    D.Categorical(p=np.array([0.2, 0.5, 0.3])),
    D.Deterministic(np.array(2.0)),
    D.FiniteDiscrete(values=np.array([-2.0, 1.0]), p=np.array([0.8, 0.2])),
    D.DiscreteUniform(-2, np.array(5.0)),
    D.Skellam(3.0, np.array(5.0)),
    D.Zipf(np.array(2.5)),
    D.Poisson(np.array(3.0)),
    D.ZeroInflatedPoisson(gate=0.3, lam=np.array(2.0)),
]
REFUSED = {D.Arcsine, D.OneHotCategorical, D.PERT, D.Empirical, D.SinhArcsinh, D.Dirichlet}
REFUSED |= {D.Multinomial, D.DirichletMultinomial, D.RelaxedOneHotCategorical}
REFUSED |= {D.OneHotCategoricalStraightThrough, D.PowerSpherical, D.VonMisesFisher}
REFUSED |= {D.MultivariateNormal, D.MultivariateNormalDiag, D.LowRankMultivariateNormal}
REFUSED |= {D.MultivariateStudentT, D.Wishart, D.InverseWishart, D.LKJ, D.LKJCholesky}
REFUSED |= {D.MatrixNormal, D.PlackettLuce, D.LogisticNormal}
# Where the likelihood has a kink or a jump, or is a sum over the values of a vector.
NOT_SMOOTH = {D.Laplace, D.AsymmetricLaplace, D.Pareto, D.GeneralizedPareto, D.Uniform, D.Triangular}
NOT_SMOOTH |= {D.LogUniform, D.TruncatedNormal, D.Categorical, D.FiniteDiscrete, D.Deterministic}
NOT_SMOOTH |= {D.DiscreteUniform}
GIVEN = {D.Binomial: {"n": 7.0}, D.BetaBinomial: {"n": 7.0}}
N = 200
all_classes = pytest.mark.parametrize("drawn_from", DRAWN_FROM, ids=lambda d: type(d).__name__)


def data_of(d: Any, *more: int) -> np.ndarray:
    return np.asarray(d.sample((N, *more), rng=5).array, float)


def fitted(d: Any, x: np.ndarray, **more: Any) -> Any:
    return type(d).fit(x, **{**GIVEN.get(type(d), {}), **more})


def likelihood(d: Any, x: np.ndarray) -> float:
    y = d.log_prob(x).array.mean()
    return float(y) if y == y else -np.inf


def test_every_class_of_numbers_is_here() -> None:
    known = {type(d) for d in DRAWN_FROM} | REFUSED
    assert {e.cls for e in CATALOGUE.values() if not e.cls.parts} <= known


@all_classes
def test_nothing_near_is_likelier(drawn_from: Any) -> None:
    x = data_of(drawn_from)
    d = fitted(drawn_from, x)
    assert d.batch_shape == () and d.dtype == np.float64
    best = likelihood(d, x)
    assert best >= likelihood(drawn_from, x) - 1e-12
    free = [n for n in d.params if n not in GIVEN.get(type(d), {}) and not d.params[n].shape]
    for name in free:
        for by in (-1e-2, 1e-2, -1e-4, 1e-4):
            value = d.params[name].array
            with pdist.using_config("validate", False):
                near = d.copy(**{name: value + by * (1 if type(d) is D.Levy else max(abs(value), 1e-3))})
                assert likelihood(near, x) <= best + 1e-12, (name, by)
    if type(d) not in NOT_SMOOTH:
        leaves = [pdist.Variable(d.params[n].array) for n in free]
        y = pdist.functions.mean(d.copy(**dict(zip(free, leaves, strict=True))).log_prob(x))
        for name, leaf, g in zip(free, leaves, pdist.grad([y], leaves), strict=True):
            assert abs(g.array * max(abs(leaf.array), x.std() if name == "loc" else 0)) < 1e-7, name


@all_classes
def test_whole_weights_are_repeated_values(drawn_from: Any) -> None:
    x = data_of(drawn_from)
    times = np.arange(N) % 3
    d, e = fitted(drawn_from, x, weights=times), fitted(drawn_from, np.repeat(x, times))
    for name, value in d.params.items():
        np.testing.assert_allclose(value.array, e.params[name].array, rtol=1e-5, atol=1e-12, err_msg=name)


@all_classes
def test_what_is_fixed_stays(drawn_from: Any) -> None:
    x = data_of(drawn_from)
    best = likelihood(fitted(drawn_from, x), x)
    names = [
        n for n, v in drawn_from.params.items() if not v.shape and n not in GIVEN.get(type(drawn_from), {})
    ]
    for name in names:
        value = drawn_from.params[name].array
        d = fitted(drawn_from, x, **{name: value})
        assert d.params[name].array == value
        assert likelihood(drawn_from, x) - 1e-12 <= likelihood(d, x) <= best + 1e-12, name


@all_classes
def test_batches_are_fitted_one_by_one(drawn_from: Any) -> None:
    if type(drawn_from) in (D.FiniteDiscrete, D.Deterministic):
        return
    x = data_of(drawn_from, 2)
    d = fitted(drawn_from, x)
    assert d.batch_shape == (2,)
    for i in range(2):
        e = fitted(drawn_from, x[:, i])
        for name, value in d[i].params.items():
            np.testing.assert_allclose(value.array, e.params[name].array, rtol=1e-6, err_msg=name)


def test_dtypes_and_devices() -> None:
    x = data_of(D.Gamma(2.0, theta=np.array(3.0)))
    assert D.Gamma.fit(x.astype("f4")).dtype == np.float32
    assert D.Poisson.fit([1, 2, 4]).lam.dtype == np.float64
    assert D.Normal.fit(pdist.Variable(x)).loc.array == D.Normal.fit(list(x)).loc.array


def test_data_on_a_device() -> None:
    x = data_of(D.Gamma(2.0, theta=np.array(3.0)))
    for cls in (D.Gamma, D.Normal):
        there, here = cls.fit(standin.asarray(x)), cls.fit(x)
        for name, value in here.params.items():
            assert isinstance(there.params[name].array, standin.StandIn)
            assert pdist.to_cpu(there.params[name].array) == value.array


@pytest.mark.parametrize(
    ("cls", "of"),
    [(D.Gamma, stats.gamma), (D.Weibull, stats.weibull_min), (D.InverseGamma, stats.invgamma)],
)
def test_scipy_finds_the_same(cls: Any, of: Any) -> None:
    x = data_of(D.Gamma(5.0, theta=np.array(3.0)))
    shape, _, scale = of.fit(x, floc=0)
    names = ("shape", "scale") if cls is D.Weibull else ("k", "theta")
    found = [cls.fit(x).params[n].item() for n in names]
    np.testing.assert_allclose(found, [shape, scale], rtol=1e-3)


@pytest.mark.parametrize("by", [1e-12, 1e12])
@pytest.mark.parametrize("cls", [D.StudentT, D.Gumbel, D.Cauchy, D.Logistic])
def test_units_do_not_matter(cls: Any, by: float) -> None:
    x = data_of(D.StudentT(loc=1.0, scale=2.0, df=np.array(3.0)))
    d, e = cls.fit(x), cls.fit(by * x)
    for name, value in d.params.items():
        factor = by if name in ("loc", "scale") else 1
        np.testing.assert_allclose(e.params[name].array, factor * value.array, rtol=1e-7)


def test_ends_of_supports() -> None:
    counts = np.array([1, 2, 2, 3, 3, 3, 4, 4, 5])  # less variable than a Poisson
    assert D.Skellam.fit(counts).rate2.item() == 0
    assert D.ZeroInflatedPoisson.fit(counts).gate.item() == 0
    assert D.Geometric.fit([1, 1]).p.item() == 1
    assert D.VonMises.fit(np.linspace(-np.pi, np.pi, 12)[1:]).concentration.item() == 0


def test_fixed_alternatives() -> None:
    x = data_of(D.Gamma(2.0, theta=np.array(3.0)))
    d, e = D.Gamma.fit(x, rate=0.25), D.Gamma.fit(x, theta=4.0)
    np.testing.assert_allclose(d.k.array, e.k.array, rtol=1e-10)
    for cls in (D.Normal, D.Laplace, D.AsymmetricLaplace, D.Gumbel):
        d, e = cls.fit(x, log_scale=0.5), cls.fit(x, scale=np.exp(0.5))
        assert d.params["log_scale"].array == 0.5
        np.testing.assert_allclose(d.loc.array, e.loc.array, rtol=1e-12)
    middle = D.Uniform.fit(np.array([1.0, 3.0]), scale=4.0)
    assert (middle.low.array, middle.high.array) == (0, 4)


NONE = "the likelihood of these data has no maximum"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: D.Normal.fit([1.0, 1.0]), ["Normal.fit", NONE, "scale"]),
        (lambda: D.Uniform.fit([1.0, 1.0]), ["Uniform.fit", NONE, "high is 1.0"]),
        (lambda: D.Gamma.fit([2.0, 2.0]), ["Gamma.fit", NONE, "all are equal", "k runs away"]),
        (lambda: D.Gamma.fit([1.0, 0.0]), ["Gamma.fit", "data[1] is 0.0", "not at its end"]),
        (lambda: D.Arcsine.fit([1.0, 2.0]), ["Arcsine.fit", NONE, "infinite"]),
        (lambda: D.Zipf.fit([1, 1]), ["Zipf.fit", NONE, "alpha"]),
        (lambda: D.NegativeBinomial.fit([2, 3, 3, 4]), ["NegativeBinomial.fit", NONE, "n runs away"]),
        (lambda: D.StudentT.fit(np.linspace(-1, 1, 20)), ["StudentT.fit", NONE, "df runs away"]),
        (lambda: D.VonMises.fit([0.5, 0.5]), ["VonMises.fit", NONE, "concentration"]),
        (lambda: D.Normal.fit([]), ["Normal.fit", "data", "(0,)"]),
        (lambda: D.Normal.fit(3.0), ["Normal.fit", "data", "()"]),
        (lambda: D.Normal.fit([1.0, np.nan]), ["Normal.fit", "data[1] is nan"]),
        (lambda: D.Normal.fit([[1.0, 2.0], [3.0, np.inf]]), ["Normal.fit", "data[1, 1] is inf"]),
        (lambda: D.Exponential.fit([1.0, -2.0]), ["Exponential.fit", "data[1] is -2.0"]),
        (lambda: D.Poisson.fit([1.0, 2.5]), ["Poisson.fit", "data[1] is 2.5"]),
        (lambda: D.Bernoulli.fit([1, 2]), ["Bernoulli.fit", "data[1] is 2.0"]),
        (lambda: D.Categorical.fit([1, -2]), ["Categorical.fit", "data[1] is -2.0"]),
        (lambda: D.Binomial.fit([1, 5], n=4), ["Binomial.fit", "data[1] is 5.0", "4.0"]),
        (lambda: D.Pareto.fit([1.0, 2.0], scale=1.5), ["Pareto.fit", "data[0] is 1.0"]),
        (lambda: D.GeneralizedPareto.fit([1.0, 2.0], loc=1.5), ["GeneralizedPareto.fit", "data[0] is 1.0"]),
        (lambda: D.TruncatedNormal.fit([1.0, 2.0], low=1.5), ["TruncatedNormal.fit", "data[0] is 1.0"]),
        (lambda: D.Uniform.fit([1.0, 2.0], low=1.5), ["Uniform.fit", "data[0] is 1.0"]),
        (lambda: D.Deterministic.fit([1.0, 2.0]), ["Deterministic.fit", "data[1] is 2.0"]),
        (
            lambda: D.FiniteDiscrete.fit([1.0, 2.0], values=[1.0, 3.0]),
            ["FiniteDiscrete.fit", "data[1] is 2.0"],
        ),
        (lambda: D.FiniteDiscrete.fit([[1.0]]), ["FiniteDiscrete.fit", "values"]),
        (lambda: D.Normal.fit([1.0, 2.0], [0, 0]), ["Normal.fit", "all weights are 0"]),
        (lambda: D.Normal.fit([1.0, 2.0], [1, -1]), ["Normal.fit", "weights[1] is -1.0"]),
        (lambda: D.Normal.fit([1.0, 2.0], [1, np.nan]), ["Normal.fit", "weights[1] is nan"]),
        (lambda: D.Normal.fit([1.0, 2.0], [1]), ["Normal.fit", "weights has shape (1,)", "(2,)"]),
        (lambda: D.Gamma.fit([1.0, 2.0], k=-1.0), ["Gamma.fit", "k is -1.0"]),
        (lambda: D.Gamma.fit([1.0, 2.0], k=[1.0, 2.0]), ["Gamma.fit", "k has shape (2,)"]),
    ],
)
def test_bad_data(call: Any, words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"fit: ") as error:
        call()
    assert all(word in str(error.value) for word in words), error.value


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: D.Binomial.fit([1, 2]), NotImplementedError, ["Binomial.fit", "n "]),
        (
            lambda: D.OneHotCategorical.fit([[1, 0]]),
            NotImplementedError,
            ["OneHotCategorical.fit:"],
        ),
        (lambda: D.Independent.fit([1.0]), NotImplementedError, ["Independent.fit", "inner"]),
        (lambda: D.Normal.fit([1.0], mean=3), TypeError, ["Normal.fit", "'mean'", "loc"]),
        (lambda: D.Gamma.fit([1.0], theta=3, rate=3), TypeError, ["Gamma.fit", "theta and rate"]),
        (lambda: D.Gamma.fit(["a"]), TypeError, ["Gamma.fit", "data", "real numbers"]),
    ],
)
def test_bad_calls(call: Any, kind: Any, words: list[str]) -> None:
    with pytest.raises(kind) as error:
        call()
    assert all(word in str(error.value) for word in words), error.value


def test_a_changed_density_has_its_own_fit() -> None:
    class Tempered(D.Normal):
        def _log_prob(self, x: Any) -> Any:
            return super()._log_prob(x) - pdist.functions.log(self.scale)

    x = data_of(D.Normal(1.0, np.array(2.0)))
    np.testing.assert_allclose(
        Tempered.fit(x).scale.array, D.Normal.fit(x).scale.array / np.sqrt(2), rtol=1e-9
    )
