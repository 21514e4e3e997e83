"""Beta and the counts that stand on it: ends, far tails, small and large shapes, very many trials."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from exactly import require, slopes, truths
from numpy.testing import assert_allclose, assert_array_equal

import pdist
import pdist.distributions as D
from pdist import Variable, kl_divergence

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def variable(values: object, dtype: Any = np.float64) -> Variable:
    return Variable(np.asarray(values, dtype))


def lower(x: Any, a: Any, b: Any) -> Any:
    """P(X <= x) by the power series that has no negative terms, from the nearer end."""
    return series(x, a, b) if x * (a + b) <= a else 1 - series(1 - x, b, a)


def series(x: Any, a: Any, b: Any) -> Any:
    term = total = mp.mpf(1)
    k = 0
    while term > total * mp.mpf(10) ** -60:
        term *= x * (a + b + k) / (a + 1 + k)
        total += term
        k += 1
    log_factor = a * mp.log(x) + b * mp.log(1 - x) - mp.log(a)
    return total * mp.exp(log_factor + mp.loggamma(a + b) - mp.loggamma(a) - mp.loggamma(b))


def upper(x: Any, a: Any, b: Any) -> Any:
    return lower(1 - x, b, a)


def log_density(x: Any, a: Any, b: Any) -> Any:
    norm = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)
    return (a - 1) * mp.log(x) + (b - 1) * mp.log(1 - x) - norm


# Each way to a tail, on both of its sides: the series near either end, the panels on either side of the mean
PLACES = [
    (0.01, 0.02, 0.3),
    (0.01, 0.02, 0.9),
    (0.9, 1.25, 0.4375),
    (0.9, 1.25, 0.625),
    (0.5, 40.0, 2.0**-7),
    (0.5, 40.0, 2.0**-5),
    (40.0, 0.5, 1 - 2.0**-7),
    (40.0, 0.5, 1 - 2.0**-5),
    (2.5, 3.5, 2.0**-20),
    (2.5, 3.5, 0.375),
    (2.5, 3.5, 0.5),
    (300.0, 700.0, 0.25),
    (300.0, 700.0, 0.34375),
    (1.0, 1.0, 0.75),
    (1e4, 2e4, 0.3359375),
]


@DTYPES
def test_tails_and_density(dtype: Any) -> None:
    a, b, x = (np.array(column, dtype) for column in zip(*PLACES, strict=True))
    d = D.Beta(a, b)
    require(d.log_prob(x), truths(log_density, x, a, b), 8, beside=0.1)
    require(d.cdf(x), truths(lower, x, a, b), 6)
    require(d.survival_function(x), truths(upper, x, a, b), 6)
    require(d.log_cdf(x), truths(lambda *row: mp.log(lower(*row)), x, a, b), 6)
    require(d.log_survival_function(x), truths(lambda *row: mp.log(upper(*row)), x, a, b), 6)


@pytest.mark.parametrize("by", [1, 2], ids=["a", "b"])
def test_tails_by_their_shapes(by: int) -> None:
    places = PLACES[:14]
    a, b, x = (np.array(column) for column in zip(*places, strict=True))
    shapes = variable(a), variable(b)
    for method, truth in (("log_cdf", lower), ("log_survival_function", upper)):
        y = getattr(D.Beta(*shapes), method)(x)
        found = pdist.grad([y], [shapes[by - 1]])[0]
        expected = slopes(lambda *row, f=truth: mp.log(f(*row)), by, x, a, b)
        np.testing.assert_allclose(found.array, [float(v) for v in expected], rtol=2e-12)


def test_far_tails() -> None:
    d = D.Beta(np.array([100.0, 1e3, 0.5]), np.array([3.0, 1e3, 200.0]))
    x = np.array([1e-3, 0.375, 0.28125])
    require(d.log_cdf(x)[:2], truths(lambda *r: mp.log(lower(*r)), x[:2], d.a.array[:2], d.b.array[:2]), 4)
    require(d.log_survival_function(x)[2], truths(lambda *r: mp.log(upper(*r)), 0.28125, 0.5, 200.0), 4)
    require(d.cdf(x)[0], truths(lower, 1e-3, 100.0, 3.0), 6)


@DTYPES
def test_quantiles_return_to_their_probabilities(dtype: Any) -> None:
    p = np.array([1e-30, 1e-10, 0.01, 0.5, 0.99], dtype)[:, None]
    a, b = np.array([0.02, 0.5, 3.0, 2000.0], dtype), np.array([4.0, 0.75, 1000.0, 5.0], dtype)
    d = D.Beta(a, b)
    x = d.icdf(p).array
    assert ((x >= 0) & (x <= 1)).all()
    normal = x > np.finfo(dtype).tiny
    back = d.cdf(x).array
    # An ulp of x moves the cdf by that much of its slope
    slope = np.exp(d.log_prob(np.where(normal, x, 0.5)).array) * np.spacing(x)
    assert (abs(back - p)[normal] <= (8 * np.spacing(p) + 2 * slope)[normal]).all()
    np.testing.assert_array_equal(d.icdf(np.array([[0], [1]], dtype)).array, [[0] * 4, [1] * 4])
    assert np.isnan(d.icdf(np.array(1.5, dtype)).array).all()


@DTYPES
def test_the_ends(dtype: Any) -> None:
    a, b = np.array([0.5, 1.0, 2.0], dtype), np.array(3.0, dtype)
    d = D.Beta(variable(a, dtype), variable(b, dtype))
    x = variable([0, 0, 0], dtype)
    y = d.log_prob(x)
    np.testing.assert_array_equal(y.array, np.array([np.inf, np.log(dtype(3)), -np.inf]))
    np.testing.assert_array_equal(pdist.grad([y], [x])[0].array, [-np.inf, -2, np.inf])
    np.testing.assert_array_equal(D.Beta(b, a).log_prob(1.0).array, y.array)
    for at, cdf in ((-1.0, 0), (0.0, 0), (1.0, 1), (7.0, 1)):
        assert (d.cdf(at).array == cdf).all()
        assert (d.survival_function(at).array == 1 - cdf).all()
    assert np.isnan(d.cdf(np.nan).array).all()
    np.testing.assert_array_equal(d.mode.array, np.array([0, 0, 1 / 3], dtype))
    np.testing.assert_array_equal(D.Beta([0.5, 0.25, 1.0], [0.25, 0.5, 1.0]).mode.array, [1, 0, 0.5])


def test_draws_of_small_shapes_stay_inside() -> None:
    d = D.Beta(np.array([1e-3, 3.0], np.float32), np.array([1e-3, 1e-2], np.float32))
    x = d.sample(2000, rng=3).array
    assert x.dtype == np.float32
    assert ((x > 0) & (x < 1)).all()
    assert abs((x[:, 0] > 0.5).mean() - 0.5) < 0.06


def test_divergence_of_near_shapes() -> None:
    def kl(a: Any, b: Any, c: Any, d: Any) -> Any:
        log_beta = lambda s, t: mp.loggamma(s) + mp.loggamma(t) - mp.loggamma(s + t)
        rest = (a - c) * mp.digamma(a) + (b - d) * mp.digamma(b) + (c + d - a - b) * mp.digamma(a + b)
        return log_beta(c, d) - log_beta(a, b) + rest

    given = [(2.0, 3.0, 2.0000001, 3.0), (1e5, 2e5, 100001.0, 200002.0), (1e4, 0.5, 1e4, 0.5000001)]
    columns = [np.array(column) for column in zip(*given, strict=True)]
    p, q = D.Beta(*columns[:2]), D.Beta(*columns[2:])
    require(kl_divergence(p, q), truths(kl, *columns), 64)
    assert (kl_divergence(p, p).array == 0).all()


# Counts ----------------------------------------------------------------------------------------------------


def choose(n: Any, x: Any) -> Any:
    return mp.loggamma(n + 1) - mp.loggamma(x + 1) - mp.loggamma(n - x + 1)


def test_binomials_of_many_trials() -> None:
    n, p = np.array([1e3, 1e9, 1e12, 1e15]), np.array([0.25, 0.5, 2.0**-20, 0.375])
    x = np.floor(n * p + np.array([-3.0, 0.5, 2.0, 4.0]) * np.sqrt(n * p * (1 - p)))
    y = D.Binomial(n, p).log_prob(x)
    with mp.workdps(60):
        require(y, truths(lambda x, n, p: choose(n, x) + x * mp.log(p) + (n - x) * mp.log(1 - p), x, n, p), 4)


@DTYPES
@pytest.mark.parametrize("logit", [-700.0, -80.0, -20.0, 1.5, 20.0, 80.0, 700.0])
def test_binomials_of_far_logits(logit: float, dtype: Any) -> None:
    n, x = 6.0, np.arange(7.0, dtype=dtype)
    given = variable(logit, dtype)
    d = D.Binomial(n, logit=given)

    def log_mass(x: Any, logit: Any) -> Any:
        return choose(mp.mpf(6), x) + x * logit - 6 * mp.log(1 + mp.exp(logit))

    def tail(x: Any, logit: Any) -> Any:
        return mp.log(mp.fsum(mp.exp(log_mass(mp.mpf(k), logit)) for k in range(int(x) + 1, 7)))

    with mp.workdps(700):
        require(d.log_prob(x), [log_mass(mp.mpf(float(v)), mp.mpf(logit)) for v in x], 4, beside=1e-30)
        require(
            d.log_survival_function(x[:6]),
            [tail(mp.mpf(float(v)), mp.mpf(logit)) for v in x[:6]],
            6,
            beside=1e-30,
        )
    assert d.survival_function(6.0).array == 0
    y = d.log_prob(x)
    np.testing.assert_allclose(
        pdist.grad([y], [given])[0].array, (x - 6 / (1 + math.exp(-logit))).sum(), rtol=1e-5, atol=1e-5
    )


@DTYPES
def test_coins_that_are_certain(dtype: Any) -> None:
    p = variable([0.0, 1.0], dtype)
    d = D.Binomial(3.0, p)
    x = np.arange(4, dtype=dtype)[:, None]
    expected = np.full((4, 2), -np.inf)
    expected[0, 0] = expected[3, 1] = 0
    np.testing.assert_array_equal(d.log_prob(x).array, expected)
    np.testing.assert_array_equal(d.cdf(x).array, [[1, 0], [1, 0], [1, 0], [1, 1]])
    np.testing.assert_array_equal(d.mean.array, [0, 3])
    np.testing.assert_array_equal(pdist.grad([d.log_prob(d.mode)], [p])[0].array, [-3, 3])
    assert (D.Binomial(0.0, 0.5).log_prob(0.0).array == 0).all()
    infinite = D.Binomial(3.0, logit=np.array([-np.inf, np.inf], dtype))
    np.testing.assert_array_equal(infinite.log_prob(x).array, expected)
    first = D.Geometric(np.array(1.0, dtype))
    np.testing.assert_array_equal(first.log_prob([0.0, 1.0, 2.0]).array, [-np.inf, 0, -np.inf])
    none = D.NegativeBinomial(2.0, np.array(0.0, dtype))
    np.testing.assert_array_equal(none.log_prob([0.0, 1.0]).array, [0, -np.inf])
    np.testing.assert_array_equal(none.cdf([0.0, 1.0]).array, [1, 1])


def test_a_geometric_is_a_negative_binomial_moved_by_one() -> None:
    x = np.arange(1.0, 60.0)
    one, other = D.Geometric(np.array(0.125)), D.NegativeBinomial(1.0, np.array(0.875))
    for method in ("log_prob", "cdf", "log_cdf", "survival_function", "log_survival_function"):
        np.testing.assert_allclose(
            getattr(one, method)(x).array, getattr(other, method)(x - 1).array, rtol=2e-15
        )


def test_binomials_of_different_n_have_no_formula() -> None:
    with pytest.raises(ValueError, match="different n"):
        kl_divergence(D.Binomial(3.0, 0.5), D.Binomial(4.0, 0.5))
    estimate = kl_divergence(D.Binomial(3.0, 0.5), D.Binomial(4.0, 0.5), method="quadrature")
    assert estimate.array > 0


@pytest.mark.parametrize("n, p", [(1.0, 0.25), (40.0, 0.02), (400.0, 0.5), (401.0, 0.5), (5000.0, 0.75)])
def test_entropy_of_binomials(n: float, p: float) -> None:
    with mp.workdps(40):
        mass = [
            mp.binomial(int(n), k) * mp.mpf(p) ** k * (1 - mp.mpf(p)) ** (int(n) - k)
            for k in range(int(n) + 1)
        ]
        truth = -mp.fsum(v * mp.log(v) for v in mass)
    require(D.Binomial(n, np.array(p)).entropy, [truth], 16)


@pytest.mark.parametrize(
    "n, p", [(0.05, 0.75), (0.5, 0.9375), (2.0, 0.9921875), (150.0, 0.75), (30.0, 0.875)]
)
def test_entropy_of_negative_binomials(n: float, p: float) -> None:
    """Each way to it, and a derivative through each."""

    def entropy(n: Any, p: Any) -> Any:
        total, log_q = mp.mpf(0), mp.log(1 - p)
        term, k = mp.exp(n * log_q), 0
        while k < 200 or term > mp.mpf(10) ** -40:
            total -= term * mp.log(term)
            term *= (n + k) / (k + 1) * p
            k += 1
        return total

    given = variable(n), variable(p)
    y = D.NegativeBinomial(*given).entropy
    with mp.workdps(60):
        step = mp.mpf(10) ** -12
        truth = entropy(mp.mpf(n), mp.mpf(p))
        by_n = (entropy(n + step, mp.mpf(p)) - entropy(n - step, mp.mpf(p))) / (2 * step)
        by_p = (entropy(mp.mpf(n), p + step) - entropy(mp.mpf(n), p - step)) / (2 * step)
    np.testing.assert_allclose(y.array, float(truth), rtol=1e-13)
    found = [g.array for g in pdist.grad([y], [*given])]
    np.testing.assert_allclose(found, [float(by_n), float(by_p)], rtol=1e-10)


@DTYPES
def test_by_mean_and_concentration(dtype: Any) -> None:
    """The same distribution, with gradients to what was given."""
    mean = Variable(np.array([0.125, 0.5], dtype))
    concentration = Variable(np.array(8.0, dtype))
    d = D.Beta(mean=mean, concentration=concentration)
    assert d.mean.shape == d.batch_shape == (2,)
    assert_array_equal(d.a.array, [1.0, 4.0])
    assert_array_equal(d.b.array, [7.0, 4.0])
    d.log_prob(0.25).sum().backward()
    a, b = Variable(np.array([1.0, 4.0], dtype)), Variable(np.array([7.0, 4.0], dtype))
    D.Beta(a, b).log_prob(0.25).sum().backward()
    assert_allclose(mean.grad, 8 * (a.grad - b.grad), rtol=1e-6)
    assert_allclose(
        concentration.grad, (d.mean.array * a.grad + (1 - d.mean.array) * b.grad).sum(), rtol=1e-5
    )


def test_mean_goes_with_concentration() -> None:
    assert D.Beta(1.0, 3.0).mean.item() == 0.25
    assert D.Beta(1.0, 3.0).copy(mean=0.5, concentration=2.0).a.item() == 1.0
    for wrong in ({"mean": 0.5, "b": 1.0}, {"a": 1.0, "concentration": 3.0}):
        with pytest.raises(TypeError, match="Beta: mean and concentration go together, got"):
            D.Beta(**wrong)
    with pytest.raises(TypeError, match="mean and concentration go together"):
        D.Beta.fit([0.1, 0.2], mean=0.3)


@DTYPES
def test_counts_by_mean_and_dispersion(dtype: Any) -> None:
    """NegativeBinomial of n = 1/dispersion, also where 1 - p would be lost or p would be 0."""
    mean, dispersion = np.array([1e-30, 0.5, 3e5, 1e15], dtype), np.array([2.0, 0.25, 8.0, 0.5], dtype)
    d = D.NegativeBinomial(mean=mean, dispersion=dispersion)
    assert_array_equal(d.mean.array, mean)
    assert_array_equal(d.n.array, 1 / dispersion)
    assert_allclose(d.variance.array, mean + dispersion.astype(float) * mean.astype(float) ** 2, rtol=3e-7)
    x = np.array([0.0, 2.0, 1e5, 4e15], dtype)

    def exact(x: float, m: float, a: float) -> Any:
        n, odds = 1 / mp.mpf(a), mp.mpf(m) * mp.mpf(a)
        counted = mp.loggamma(x + n) - mp.loggamma(n) - mp.loggamma(mp.mpf(x) + 1)
        return counted - n * mp.log1p(odds) - (x * mp.log1p(1 / odds) if x else 0)

    with mp.workdps(60):
        truth = [float(exact(*map(float, case))) for case in zip(x, mean, dispersion, strict=True)]
    with_rounded_logit = 8 + abs(d.logit.array)
    assert (abs(d.log_prob(x).array / truth - 1) <= with_rounded_logit * np.finfo(dtype).eps).all()
    leaves = {"mean": pdist.Variable(mean.copy()), "dispersion": pdist.Variable(dispersion.copy())}
    D.NegativeBinomial(**leaves).log_prob(x).sum().backward()
    score = (x - mean.astype(float)) / mean / (1 + dispersion.astype(float) * mean)
    assert_allclose(leaves["mean"].grad, score, rtol=1e-5 if dtype is np.float32 else 1e-13, atol=1e-30)


@pytest.mark.parametrize(
    ("dtype", "logits"),
    [(np.float32, [-200, -69, -61, 61, 250]), (np.float64, [-3000, -650, -601, 601, 5000])],
)
def test_waiting_with_far_out_logits(dtype: Any, logits: list[float]) -> None:
    """Of logits whose probabilities underflow, the logarithms still are numbers."""
    with mp.workdps(60):
        for v in logits:
            log_p, log_q = -mp.log1p(mp.exp(-v)), -mp.log1p(mp.exp(v))
            for n, x in [(0.25, 0.0), (3.0, 1.0), (3.0, 7.0), (1e4, 1e5)]:
                d = D.NegativeBinomial(n=variable(n, dtype), logit=variable(v, dtype))
                choices = -mp.log(x * mp.beta(n, x)) if x else 0
                y = d.log_prob(dtype(x))
                y.backward()
                require(y, [choices + n * log_q + x * log_p], 4)
                require(d.logit.grad, [x * mp.exp(log_q) - n * mp.exp(log_p)], 4)
                require(d.n.grad, [log_q + (mp.digamma(x + n) - mp.digamma(n) if x else 0)], 4)
                power = (x + 1) * log_p if v < 0 else n * log_q
                tail = -mp.log(mp.beta(n, x + 1)) + power - mp.log(x + 1 if v < 0 else n)
                name = "log_survival_function" if v < 0 else "log_cdf"
                require(getattr(d, name)(dtype(x)), [tail], 8)
            d = D.Geometric(logit=variable(v, dtype))
            require(d.log_prob(dtype(9)), [8 * log_q + log_p], 4)
            require(d.log_survival_function(dtype(9)), [9 * log_q], 4)
