"""The continuous ranked probability score, and highest-density intervals of counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from exactly import require
from hypothesis import given, settings
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
import pdist_nn as nn
from pdist import Variable
from pdist.testing.catalogue import CATALOGUE
from pdist.testing.checking import search
from pdist.testing.points import anywhere
from pdist.testing.variants import double

NAMES = [
    *("Bernoulli", "Beta", "Binomial", "Chisquare", "Deterministic", "DiscreteUniform", "Empirical"),
    *(
        "Exponential",
        "FiniteDiscrete",
        "Gamma",
        "Geometric",
        "HalfNormal",
        "Laplace",
        "LogNormal",
        "Logistic",
    ),
    *("NegativeBinomial", "Normal", "Poisson", "TruncatedNormal", "Uniform", "Mixture of Normals"),
]
SLOW = {"Beta": 1}  # its tails take long, and a quadrature asks for thousands
INF = math.inf


def column(dist: Any, seed: int) -> np.ndarray:
    """Values inside and outside the support, a few for each distribution."""
    x = anywhere(dist, seed=seed)[0].astype(float)
    return np.where(np.isfinite(x), x, 0.0)[:: len(x) // 5]


@pytest.mark.parametrize("name", NAMES)
def test_a_score_is_what_it_is_defined_as(name: str) -> None:
    """By quadrature; not negative; and its slope by x is 2 F(x) - 1."""

    def check(dist: Any, seed: int) -> None:
        dist = double(dist)
        x = Variable(column(dist, seed))
        score = dist.crps(x)
        estimate = dist.crps(x.array, method="quadrature").array
        size = 1e-7 * (dist.stddev.array + abs(x.array))
        assert (abs(score.array - estimate) <= 1e-7 * estimate + 1e-3 * size).all(), (
            dist,
            x,
            score,
            estimate,
        )
        assert (score.array >= -1e-6 * size).all()
        (slope,) = pdist.grad([score.sum()], [x])
        jumps = dist.prob(x.array).array > 0 if dist.support.discrete else np.zeros(x.shape, bool)
        expected = np.broadcast_to(2 * dist.cdf(x.array).array - 1, score.shape)
        if slope.shape == expected.shape:
            np.testing.assert_allclose(
                np.where(jumps, 0, slope.array), np.where(jumps, 0, expected), atol=1e-9
            )

    entry = CATALOGUE[name]
    n = SLOW.get(name, 3)
    search(check, entry.distributions(gently=True, batch_shape=(n,), size=3), n)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_by_the_parameters(name: str) -> None:
    """The derivatives of the formula are those of the integral."""

    def check(dist: Any, seed: int) -> None:
        dist = double(dist)
        x = column(dist, seed)
        for name, leaf in dist.params.items():
            grads = [
                pdist.grad([dist.crps(x, method=method).sum()], [leaf])[0] for method in (None, "quadrature")
            ]
            if None in grads:
                assert grads[0] is None or not grads[0].array.any()
                continue
            size = 1e-6 * abs(grads[1].array).max() + 1e-7
            np.testing.assert_allclose(grads[0].array, grads[1].array, rtol=1e-5, atol=size, err_msg=name)

    if name not in (
        "Empirical",
        "DiscreteUniform",
        "Deterministic",
        "FiniteDiscrete",
    ):  # sums hold values fixed
        entry = CATALOGUE[name]
        n = SLOW.get(name, 2)
        search(check, entry.distributions(gently=True, batch_shape=(n,), size=2, dtype=np.float64), n)


def exact(cdf: Callable[[Any], Any], x: float, cuts: list[float]) -> Any:
    """The integral, between cuts outside which nothing is left."""
    cuts = sorted({mp.mpf(c) for c in (*cuts, x)})
    return mp.quad(lambda y: (cdf(y) - (1 if y >= x else 0)) ** 2, cuts)


def _gamma(k: float) -> Callable[[Any], Any]:
    return lambda y: mp.gammainc(k, 0, max(y, 0), regularized=True)


CONTINUOUS = [
    (D.Normal(np.array(0.25), 1.5), lambda y: mp.ncdf(y, 0.25, 1.5), (-30, -3, 0, 3, 30)),
    (D.Logistic(np.array(0.25), 0.5), lambda y: 1 / (1 + mp.exp((0.25 - y) * 2)), (-40, -3, 0, 3, 40)),
    (D.Gamma(k=np.array(0.01), theta=1.0), _gamma(0.01), (0, 1e-9, 1e-3, 0.1, 1, 5, 60)),
    (D.Gamma(k=np.array(4000.0), theta=1.0), _gamma(4000), (3200, 3900, 4000, 4100, 4900)),
    (
        D.Beta(np.array(200.0), 300.0),
        lambda y: mp.betainc(200, 300, 0, y, regularized=True),
        (0, 0.3, 0.4, 0.5, 1),
    ),
    (
        D.LogNormal(np.array(0.5), 1e-3),
        lambda y: mp.ncdf((mp.log(y) - 0.5) * 1000) if y > 0 else mp.mpf(0),
        (1.61, 1.64, 1.6487, 1.66, 1.69),
    ),
    (
        D.TruncatedNormal(np.array(0.0), 1.0, 2.0, 2.0 + 2.0**-6),
        lambda y: (mp.ncdf(y) - mp.ncdf(2)) / (mp.ncdf(2 + mp.mpf(2) ** -6) - mp.ncdf(2)),
        (2, 2 + 2.0**-6),
    ),
]


@pytest.mark.parametrize(("dist", "cdf", "cuts"), CONTINUOUS, ids=lambda v: type(v).__name__)
def test_digits(dist: Any, cdf: Any, cuts: tuple[float, ...]) -> None:
    """Right in units of the last place, also where the terms of the formula are large."""
    inside = [dist.icdf(p).item() for p in (1e-6, 0.1, 0.5, 0.9)]
    low, high = cuts[0], cuts[-1]

    def clamped(y: Any) -> Any:
        return mp.mpf(y > low) if not low < y < high else cdf(y)

    with mp.workdps(30):
        truth = [exact(clamped, x, list(cuts)) for x in inside]
    largest = [abs(x - dist.mean.item()) + dist.variance.item() ** 0.5 for x in inside]
    if isinstance(dist, D.LogNormal | D.TruncatedNormal):  # which are narrow: x and the mean are rounded
        largest = [4 * x for x in inside]
    beside = np.array([0.25 * term for term in largest])
    require(dist.crps(np.array(inside)), truth, 32, beside)


@pytest.mark.parametrize(
    "dist",
    [
        D.Poisson(np.array(0.01)),
        D.Poisson(np.array(250.0)),
        D.Binomial(400, np.array(0.999)),
        D.Binomial(400, logit=np.array(-1.0)),
        D.NegativeBinomial(np.array(0.05), 0.9),
        D.NegativeBinomial(np.array(40.0), logit=np.array(0.5)),
        D.Geometric(p=np.array(0.01)),
    ],
    ids=repr,
)
def test_digits_of_counts(dist: Any) -> None:
    """Against the sum of squares over unit steps, in exact arithmetic of the masses."""
    counts = np.arange(0, 4000.0 if not isinstance(dist, D.Binomial) else 401.0)
    cdf, rest = dist.cdf(counts).array, dist.survival_function(counts).array
    for p in (0.01, 0.5, 0.99):
        x = dist.icdf(p).item()
        expected = math.fsum(np.where(counts < x, cdf, rest) ** 2)
        rounding = 1e-14 * (expected + dist.stddev.item()) + 2.0**-52 * dist.mean.item()
        assert abs(dist.crps(x).item() - expected) <= rounding, (x, expected)


@pytest.mark.parametrize(("low", "high"), [(-1.0, 2.0), (0.25, 0.3), (-INF, 0.5), (1.0, INF), (-INF, INF)])
def test_censored_normals(low: float, high: float) -> None:
    def cdf(y: Any) -> Any:
        return mp.mpf(0) if y < low else mp.mpf(1) if y >= high else mp.ncdf(y, 0.25, 1.5)

    d = D.Censored(D.Normal(np.array(0.25), 1.5), low, high)
    for x in (-3.0, 0.27, 1.0, 9.0):
        with mp.workdps(25):
            ends = [max(low, -30.0), min(high, 30.0)]
            truth = exact(cdf, x, [min(x, *ends), *ends, max(x, *ends), 0.25])
        assert abs(d.crps(x).item() / truth - 1) < 1e-13, x


def test_equal_components_score_as_one() -> None:
    x = np.linspace(-3, 3, 7)
    mixed = D.MixtureSameFamily(D.Categorical(p=np.full(3, 1 / 3)), D.Normal(np.zeros(3), 2.0))
    np.testing.assert_allclose(mixed.crps(x).array, D.Normal(np.array(0.0), 2.0).crps(x).array, rtol=1e-14)


def test_student_needs_a_mean() -> None:
    d = D.StudentT(np.array([1.0, 1.5, 3.0]), 0.0, 1.0)
    assert np.isnan(d.crps(0.5).array[0])
    np.testing.assert_allclose(d.crps(0.5).array[1:], d.crps(0.5, method="quadrature").array[1:], rtol=1e-6)
    cauchy = D.Cauchy(np.array(0.0), 1.0)
    assert abs(cauchy.crps(0.5, method="quadrature").item() - 0.517826019534) < 1e-9


def test_what_has_no_formula_says_so() -> None:
    with pytest.raises(NotImplementedError, match=r"Cauchy.crps: no formula; use method='quadrature'"):
        D.Cauchy(0.0, 1.0).crps(0.0)
    with pytest.raises(NotImplementedError, match=r"Zipf.crps: no formula"):
        D.Zipf(3.0).crps(0.0)
    with pytest.raises(ValueError, match=r"Normal.crps: method is 'exact'"):
        D.Normal(0.0, 1.0).crps(0.0, method="exact")
    with pytest.raises(NotImplementedError, match="VonMises has no crps"):
        D.VonMises(0.0, 1.0).crps(0.0)


def test_a_model_can_be_trained_on_it() -> None:
    """The score of the truth is the least, on average: its minimum is where the data are."""
    x = np.random.default_rng(0).normal(3.0, 0.5, 2000)
    loc, log_scale = Variable(np.array(0.0)), Variable(np.array(0.0))
    for _ in range(200):
        loss = nn.losses.crps(D.Normal(loc, log_scale=log_scale).expand((2000,)), x)
        slopes = pdist.grad([loss], [loc, log_scale])
        loc, log_scale = (
            Variable(v.array - 0.5 * g.array) for v, g in zip((loc, log_scale), slopes, strict=True)
        )
    assert abs(loc.item() - x.mean()) < 0.02 and abs(math.exp(log_scale.item()) - x.std()) < 0.02


def test_traced_scores() -> None:
    def function(x: Any, k: Any) -> Any:
        return pdist.grad(
            [D.Gamma(k, 1.0).crps(x).sum() + D.TruncatedNormal(k, 1.0, 0.0, 9.0).crps(x).sum()], [k]
        )

    traced = pdist.trace(function)
    for scale in (1.0, 2.0, 0.5):
        x, k = Variable(np.linspace(0.1, 4, 5) * scale), Variable(np.array(2.0) * scale)
        np.testing.assert_array_equal(traced(x, k)[0].array, function(x, k)[0].array)


# --- Intervals of counts ----------------------------------------------------------------------------

COUNTS = st.one_of(
    st.floats(0.1, 30).map(lambda v: D.Poisson(np.array(v))),
    st.tuples(st.integers(1, 40), st.floats(0.02, 0.98)).map(lambda v: D.Binomial(v[0], np.array(v[1]))),
    st.tuples(st.floats(0.3, 9), st.floats(0.05, 0.9)).map(lambda v: D.NegativeBinomial(*map(np.array, v))),
    st.floats(0.05, 0.9).map(lambda v: D.Geometric(np.array(v))),
    st.integers(0, 9).map(lambda v: D.DiscreteUniform(np.array(0.0), float(v))),
    st.tuples(st.floats(0.5, 9), st.floats(0.5, 9)).map(lambda v: D.Skellam(*map(np.array, v))),
    st.tuples(st.floats(1.1, 5), st.floats(1.1, 5)).map(lambda v: D.BetaBinomial(12, *map(np.array, v))),
)


@settings(max_examples=8)
@given(COUNTS, st.floats(0.02, 0.98))
def test_no_fewer_counts_hold_as_much(dist: Any, mass: float) -> None:
    low, high = (end.item() for end in dist.hdi(mass))
    first, last = (max(dist.icdf(1e-13).item(), -200), min(dist.isf(1e-13).item(), 400))
    counts = np.arange(first, last + 1)
    cdf = np.concatenate([[0.0], np.cumsum(dist.prob(counts).array)])
    held = cdf[int(high - first) + 1] - cdf[int(low - first)]
    assert held >= mass - 1e-12
    for width, near in ((int(high - low), mass + 1e-12), (int(high - low) + 1, held + 1e-12)):
        assert (cdf[width:] - cdf[: len(cdf) - width] <= near).all(), (low, high)


def test_intervals_of_counts_at_the_ends() -> None:
    d = D.Poisson(np.array([0.0, 3.0]))
    assert [end.array.tolist() for end in d.hdi(0.0)] == [[0.0, 2.0], [0.0, 2.0]]
    assert [end.array.tolist() for end in d.hdi(1.0)] == [[0.0, 0.0], [0.0, INF]]
    assert np.isnan([end.array for end in d.hdi(np.array([2.0, math.nan]))]).all()
    low, high = D.Poisson(np.array(1e6)).hdi(0.9)
    assert high.item() - low.item() == 3289.0
