"""Poisson: large rates in float32, tails beyond where incomplete gamma functions give up, a rate of zero."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from exactly import numbers, require, truths
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
from pdist import Variable, check_gradients, kl_divergence
from pdist.numerics import poisson as module
from pdist.numerics.probability import i_divergence

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
TAILS = ("cdf", "survival_function", "log_cdf", "log_survival_function")
rates = st.one_of(numbers(1e-6, 10), numbers(1, 200), numbers(100, 1e6))


def variable(values: object, dtype: type = np.float64) -> Variable:
    return Variable(np.asarray(values, dtype))


def gradients(y: Variable, *inputs: Variable) -> list[np.ndarray]:
    return [g.array for g in pdist.grad([y], list(inputs))]


def log_prob(x: object, lam: object) -> object:
    return x * mp.log(lam) - lam - mp.loggamma(x + 1)


# The density -----------------------------------------------------------------------------------------------


@DTYPES
@given(lam=rates, z=numbers(-5, 5))
def test_log_prob(dtype: type, lam: float, z: float) -> None:
    x = max(0.0, float(np.floor(np.float32(lam + z * math.sqrt(lam)))))
    given_ = variable([lam], dtype)
    y = D.Poisson(given_).log_prob(np.array([x], dtype))
    require(y, truths(log_prob, x, lam), 8, beside=1.0)
    require(gradients(y, given_)[0], truths(lambda x, lam: x / lam - 1, x, lam), 4)


def test_a_large_rate_in_single_precision() -> None:
    lam = np.array([1e8, 1e8, 1e8], np.float32)
    x = np.array([1e8, 1e8 + 8, 1e8 - 20000], np.float32)
    d = D.Poisson(lam)
    require(d.log_prob(x), truths(log_prob, x, lam), 4)
    require(d.entropy, truths(lambda lam: mp.log(2 * mp.pi * mp.e * lam) / 2 - 1 / (12 * lam), lam), 2)
    # x log lam - lam - log x!, as it stands, is off by as much as 64 here.


@DTYPES
def test_a_rate_of_zero(dtype: type) -> None:
    lam = variable(0.0, dtype)
    d = D.Poisson(lam)
    x = np.array([0, 1, 7, -1, 0.5, np.inf, np.nan])
    y = d.log_prob(x.astype(dtype))
    np.testing.assert_array_equal(y.array, [0, *[-np.inf] * 5, np.nan])
    assert gradients(y, lam)[0] == -1
    np.testing.assert_array_equal(d.cdf(x).array, [1, 1, 1, 0, 1, 1, np.nan])
    np.testing.assert_array_equal(d.survival_function(x).array, [0, 0, 0, 1, 0, 0, np.nan])
    np.testing.assert_array_equal(d.log_cdf(x).array, [0, 0, 0, -np.inf, 0, 0, np.nan])
    for y in (d.entropy, d.mean, d.variance, d.stddev, d.icdf(0.5), d.icdf(1.0), d.mode, d.sample(rng=0)):
        assert y.array == 0
    for y in (d.entropy, d.mean, d.stddev, d.perplexity, *(getattr(d, name)(0.0) for name in TAILS)):
        assert np.isfinite(gradients(y, lam)[0])


def test_what_is_no_count() -> None:
    lam = variable(2.5)
    y = D.Poisson(lam).log_prob(np.array([-1, 0.5, 2.5, np.inf, -np.inf, np.nan]))
    np.testing.assert_array_equal(y.array, [*[-np.inf] * 5, np.nan])
    assert gradients(y, lam)[0] == 0
    for dtype in (np.int32, np.int64, np.uint8, np.float32):
        x = np.array([0, 3], dtype)
        np.testing.assert_array_equal(
            D.Poisson(lam).log_prob(x).array, D.Poisson(lam).log_prob([0.0, 3.0]).array
        )


def test_nan_rates_stay_nan() -> None:
    nan, one = variable([np.nan]), variable([1.0])
    with pdist.using_config("validate", False):
        d, q = D.Poisson(nan), D.Poisson(one)
        answers = [
            d.log_prob(0),
            d.log_prob(3),
            d.entropy,
            d.icdf(0.5),
            *(getattr(d, name)(2) for name in TAILS),
        ]
        for y in [*answers, kl_divergence(d, q), kl_divergence(q, d)]:
            assert np.isnan(y.array)


# The tails -------------------------------------------------------------------------------------------------


def upper_tail(x: object, lam: object) -> object:
    """P(X > x) as a sum, which ends when its terms do."""
    term = mp.exp(log_prob(x + 1, lam))
    total, k = term, x + 1
    while term > total * mp.mpf(10) ** -40 or k < lam:
        k += 1
        term *= lam / k
        total += term
    return total


def lower_tail(x: object, lam: object) -> object:
    """P(X <= x) as a sum, which ends when its terms do."""
    term = mp.exp(log_prob(x, lam))
    total, k = term, x
    while k > 0 and (term > total * mp.mpf(10) ** -40 or k > lam):
        term *= k / lam
        k -= 1
        total += term
    return total


@DTYPES
@given(lam=st.one_of(numbers(0.01, 10), numbers(1, 200)), z=numbers(-12, 15))
def test_tails(dtype: type, lam: float, z: float) -> None:
    x = max(0.0, float(np.floor(np.float32(lam + z * math.sqrt(lam)))))
    d = D.Poisson(np.array(lam, dtype))
    with mp.workdps(50):
        lower, upper = lower_tail(mp.mpf(x), mp.mpf(lam)), upper_tail(mp.mpf(x), mp.mpf(lam))
    limit = 16 if dtype == np.float32 or abs(z) > 5 else 2000  # up to 4.4 standard deviations it is SciPy's
    tiny = float(np.finfo(dtype).tiny)
    require(d.cdf(x), [lower], limit, beside=tiny)
    require(d.survival_function(x), [upper], limit, beside=tiny)
    if lower < 0.5:
        require(d.log_cdf(x), [mp.log(lower)], limit / 4, beside=0.1)
    if upper < 0.5:
        require(d.log_survival_function(x), [mp.log(upper)], limit / 4, beside=0.1)


@pytest.mark.parametrize(
    ("x", "lam", "upper"),
    [
        # SciPy's gammainc(c) are wrong here by up to 19%
        (100080000.0, 1e8, 6.271668599439849e-16),
        (106325.0, 1e5, 1.5487930183350204e-87),
        (10025298.0, 1e7, 6.386213036100187e-16),
    ],
)
def test_tails_of_large_rates(x: float, lam: float, upper: float) -> None:
    d = D.Poisson(variable(lam))
    np.testing.assert_allclose(d.survival_function(x).array, upper, rtol=1e-12)
    np.testing.assert_allclose(d.log_survival_function(x).array, math.log(upper), rtol=1e-14)
    single = D.Poisson(variable(lam, np.float32)).survival_function(np.float32(x))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single.array, upper, rtol=1e-5, atol=1e-44)


def test_the_logarithm_goes_on_where_the_tail_underflows() -> None:
    d = D.Poisson(variable([1000.0, 1e-10]))
    assert (d.cdf([0, -1]).array == [np.exp(-1000), 0]).all()
    np.testing.assert_allclose(d.log_cdf(0).array, [-1000, -1e-10], rtol=1e-14)
    truth = upper_tail(mp.mpf(60), mp.mpf(1e-10))
    assert d.survival_function(60).array[1] == 0
    np.testing.assert_allclose(d.log_survival_function(60).array[1], float(mp.log(truth)), rtol=1e-14)


@given(lam=rates, z=numbers(-6, 6))
def test_tails_are_complements_and_steps(lam: float, z: float) -> None:
    x = max(0.0, math.floor(lam + z * math.sqrt(lam)))
    d = D.Poisson(variable(lam))
    np.testing.assert_allclose(d.cdf(x).array + d.survival_function(x).array, 1, rtol=1e-12)
    for name in TAILS:
        assert getattr(d, name)(x + 0.5).array == getattr(d, name)(x).array
    np.testing.assert_allclose(d.cdf(x).array - d.cdf(x - 1).array, d.prob(x).array, rtol=1e-9, atol=1e-14)


# Quantiles -------------------------------------------------------------------------------------------------


@DTYPES
def test_quantiles_are_the_smallest_counts_that_reach_a_probability(dtype: type) -> None:
    rng = np.random.default_rng(0)
    lam = np.array([0, 1e-6, 1e-3, 0.1, 1, 5, 30, 100, 1e4, 1e6], dtype)
    tiny = 10.0 ** -rng.uniform(0, 30, 60)
    u = np.concatenate([rng.random(60), tiny, 1 - 10 ** -rng.uniform(0, 7, 60)]).astype(dtype)[:, None]
    d = D.Poisson(lam)
    x = d.icdf(u).array
    assert x.dtype == dtype
    assert (d.cdf(x).array >= u).all()
    assert ((d.cdf(x - 1).array < u) | (x == 0)).all()


@given(lam=rates, z=numbers(-6, 6))
def test_quantiles_of_the_cdf(lam: float, z: float) -> None:
    x = max(0.0, math.floor(lam + z * math.sqrt(lam)))
    d = D.Poisson(variable(lam))
    u = d.cdf(x).array
    if 0 < u < 1:
        assert d.cdf(d.icdf(u)).array == u
        assert d.icdf(u).array <= x


def test_quantiles_at_the_ends() -> None:
    d = D.Poisson(variable(3.5))
    got = d.icdf(np.array([-0.1, 0, 1e-300, 0.5, 1, 1.1, np.nan])).array
    np.testing.assert_array_equal(got, [np.nan, 0, 0, 3, np.inf, np.nan, np.nan])
    assert d.median.array == 3
    assert d.mode.array == 3
    assert D.Poisson(variable(np.zeros((2, 0)))).icdf(0.5).shape == (2, 0)


# Entropy and divergence ------------------------------------------------------------------------------------


def entropy(lam: object) -> object:
    total, k, small = mp.mpf(0), 0, mp.mpf(10) ** -40
    while True:
        log_p = log_prob(mp.mpf(k), lam)
        term = -mp.exp(log_p) * log_p
        total += term
        k += 1
        if k > lam and abs(term) < small:
            return total


@DTYPES
@pytest.mark.parametrize("lam", [1e-10, 0.003, 0.5, 4.0, 33.3, 63.99, 64.0, 64.01, 250.0])
def test_entropy(dtype: type, lam: float) -> None:
    given_ = variable([lam], dtype)
    with mp.workdps(50):
        exact = mp.mpf(float(given_.array[0]))
        require(D.Poisson(given_).entropy, [entropy(exact)], 8)
        step = exact * mp.mpf(10) ** -12
        slope = (entropy(exact + step) - entropy(exact - step)) / (2 * step)
    np.testing.assert_allclose(gradients(D.Poisson(given_).entropy, given_)[0], float(slope), rtol=4e-7)
    if dtype == np.float64:
        np.testing.assert_allclose(gradients(D.Poisson(given_).entropy, given_)[0], float(slope), rtol=1e-13)


def test_entropy_of_many_rates() -> None:
    lam = np.random.default_rng(0).uniform(0, 100, (5, 2001))  # more than are summed at a time
    d = D.Poisson(variable(lam))
    np.testing.assert_array_equal(d.entropy.array[3, 7:9], D.Poisson(variable(lam[3, 7:9])).entropy.array)
    assert D.Poisson(variable(np.zeros((3, 0)))).entropy.shape == (3, 0)


@DTYPES
@given(p=rates, change=numbers(-1, 1), size=st.sampled_from([0.9, 1e-2, 1e-5]))
def test_divergence(dtype: type, p: float, change: float, size: float) -> None:
    q = float(np.float32(p * (1 + size * change)))
    a, b = variable([p], dtype), variable([q], dtype)
    y = kl_divergence(D.Poisson(a), D.Poisson(b))
    require(y, truths(lambda p, q: p * mp.log(p / q) - p + q, p, q), 16, beside=1e-30)
    by_p, by_q = gradients(y, a, b)
    require(by_p, truths(lambda p, q: mp.log(p / q), p, q), 4, beside=1e-30)
    require(by_q, truths(lambda p, q: (q - p) / q, p, q), 4)


def test_divergence_of_rates_of_zero() -> None:
    a, b = variable([0, 0, 2]), variable([0, 3, 0])
    y = kl_divergence(D.Poisson(a), D.Poisson(b))
    np.testing.assert_array_equal(y.array, [0, 3, np.inf])
    np.testing.assert_array_equal(gradients(y, a, b), [[0, 0, 0], [1, 1, 0]])


# Samples and higher derivatives ----------------------------------------------------------------------------


def test_samples() -> None:
    lam = variable([0.0, 0.5, 30.0, 1e8], np.float32)
    x = D.Poisson(lam).sample((20000,), rng=0)
    assert x.dtype == np.float32
    assert not x.requires_grad
    np.testing.assert_allclose(x.array.mean(axis=0, dtype=float), lam.array, rtol=0.03)
    np.testing.assert_allclose(x.array.var(axis=0, dtype=float)[1:], lam.array[1:], rtol=0.05)
    with pytest.raises(ValueError, match=r"Poisson\.rsample: samples carry no gradient to lam"):
        D.Poisson(lam).rsample()


def test_derivatives_to_second_order() -> None:
    lam, x = np.array([0.3, 2.0, 30.0, 63.9, 70.0, 500.0]), np.array([0, 3, 25.0, 70, 100, 480])
    check_gradients(lambda lam: D.Poisson(lam).log_prob(x), [lam])
    for name in TAILS:
        check_gradients(lambda lam, name=name: getattr(D.Poisson(lam), name)(x), [lam])
    check_gradients(module.poisson_entropy, [lam])
    check_gradients(i_divergence, [lam, lam[::-1].copy()])


def test_many_values_are_as_few() -> None:
    lam = np.random.default_rng(0).gamma(1, 20, 140000)
    x = np.random.default_rng(1).poisson(lam)
    part = slice(100000, 101000)
    for name in ("log_prob", *TAILS):
        y = getattr(D.Poisson(variable(lam)), name)(x)
        np.testing.assert_array_equal(
            y.array[part], getattr(D.Poisson(variable(lam[part])), name)(x[part]).array
        )


def test_bad_parameters() -> None:
    with pytest.raises(ValueError, match=r"Poisson: lam\[1\] is -1.0; expected a nonnegative finite number"):
        D.Poisson(variable([1.0, -1.0]))
    with pytest.raises(ValueError, match="Poisson: lam is nan"):
        D.Poisson(variable(np.nan))
    with pytest.raises(TypeError, match="Poisson: expected lam"):
        D.Poisson()


@pytest.mark.parametrize("lam", [5e-324, 2.2e-309])
def test_tails_at_rates_whose_inverse_overflows(lam):
    d = D.Poisson(np.float64(lam))
    np.testing.assert_array_equal(d.cdf(np.array([0.0, 1.0, 3.0])).array, 1)
    np.testing.assert_array_equal(d.survival_function(np.array([1.0, 3.0])).array, 0)
    np.testing.assert_allclose(d.log_survival_function(1.0).array, 2 * np.log(lam) - np.log(2), rtol=1e-15)
