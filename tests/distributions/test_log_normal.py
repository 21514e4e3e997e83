"""LogNormal: what it shares with the Normal, its ends, and moments that overflow late."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from exactly import numbers, require, scales, truths
from hypothesis import given

import pdist
import pdist.distributions as D
from pdist import Variable, kl_divergence

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
CDFS = ("cdf", "survival_function", "log_cdf", "log_survival_function")


def variable(values: object, dtype: type = np.float64) -> Variable:
    return Variable(np.asarray(values, dtype))


@given(x=scales(40), mu=numbers(-20, 20), sigma=scales(4))
def test_it_is_the_normal_distribution_of_the_logarithm(x: float, mu: float, sigma: float) -> None:
    d, n = D.LogNormal(np.array(mu), sigma), D.Normal(np.array(mu), sigma)
    z = (math.log(x) - mu) / sigma
    slack = 1e-14 * (1 + z * z + abs(z) * (abs(mu) + abs(math.log(x))) / sigma)
    np.testing.assert_allclose(
        d.log_prob(x).array, n.log_prob(math.log(x)).array - math.log(x), rtol=slack, atol=slack
    )
    for name in CDFS:  # where scipy's ndtr is subnormal it may also be 0
        a, b = getattr(d, name)(x).array, getattr(n, name)(math.log(x)).array
        np.testing.assert_allclose(a, b, rtol=slack, atol=1e-307)
    np.testing.assert_allclose(np.log(d.median.array), n.median.array, atol=1e-15 * (1 + abs(mu)))


@given(mu=numbers(-20, 20), sigma=scales(4), mu2=numbers(-20, 20), sigma2=scales(4))
def test_divergences_are_those_of_the_normals(mu: float, sigma: float, mu2: float, sigma2: float) -> None:
    of_logs = kl_divergence(D.Normal(mu, np.array(sigma)), D.Normal(mu2, np.array(sigma2)))
    own = kl_divergence(D.LogNormal(mu, np.array(sigma)), D.LogNormal(mu2, np.array(sigma2)))
    assert own.array == of_logs.array


@DTYPES
def test_near_mu_the_logarithm_keeps_its_digits(dtype: type) -> None:
    """log x and mu agree to all digits that they have; their difference is still right."""
    x, mu, sigma = variable(5345238.0, dtype), variable(15.491616249084473, dtype), variable(2.0**-8, dtype)
    y = D.LogNormal(mu, sigma).log_prob(x)
    (g,) = pdist.grad([y], [mu])
    require(g, truths(lambda x, m, s: (mp.log(x) - m) / s**2, x.array, mu.array, sigma.array), 200)
    plain = (np.log(x.array) - mu.array) / sigma.array**2
    assert dtype is np.float64 or abs(plain / g.array - 1) > 0.001


# The ends --------------------------------------------------------------------------------------------------


@DTYPES
def test_outside_the_support(dtype: type) -> None:
    x = variable([0.0, -0.0, -1.0, -math.inf, math.inf], dtype)
    for method, expected in (
        ("log_prob", [-math.inf] * 5),
        ("prob", [0.0] * 5),
        ("cdf", [0, 0, 0, 0, 1]),
        ("survival_function", [1, 1, 1, 1, 0]),
        ("log_cdf", [-math.inf] * 4 + [0]),
        ("log_survival_function", [0, 0, 0, 0, -math.inf]),
    ):
        mu, sigma = variable(1.0, dtype), variable(2.0, dtype)
        y = getattr(D.LogNormal(mu, sigma), method)(x)
        np.testing.assert_array_equal(y.array, expected, err_msg=method)
        for g in pdist.grad([y], [x, mu, sigma]):
            np.testing.assert_array_equal(g.array, np.zeros(g.shape), err_msg=method)


@DTYPES
def test_nan_stays_nan(dtype: type) -> None:
    d = D.LogNormal(variable(1.0, dtype), variable(2.0, dtype))
    for method in ("log_prob", "prob", "icdf", *CDFS):
        assert np.isnan(getattr(d, method)(np.nan).array), method


@DTYPES
def test_subnormal_values_have_logarithms(dtype: type) -> None:
    x = np.finfo(dtype).smallest_subnormal
    d = D.LogNormal(np.zeros((), dtype), np.ones((), dtype))
    truth = truths(lambda x: -(mp.log(x) ** 2) / 2 - mp.log(x) - mp.log(2 * mp.pi) / 2, x)
    require(d.log_prob(x), truth, 2)


# Quantiles and moments -------------------------------------------------------------------------------------


@DTYPES
@given(mu=numbers(-20, 20), sigma=scales(2))
def test_moments(dtype: type, mu: float, sigma: float) -> None:
    d = D.LogNormal(np.array(mu, dtype), np.array(sigma, dtype))
    for name, truth in (
        ("mean", lambda m, s: mp.exp(m + s * s / 2)),
        ("mode", lambda m, s: mp.exp(m - s * s)),
        ("variance", lambda m, s: mp.expm1(s * s) * mp.exp(2 * m + s * s)),
        ("stddev", lambda m, s: mp.sqrt(mp.expm1(s * s) * mp.exp(2 * m + s * s))),
    ):
        require(getattr(d, name), truths(truth, mu, sigma), 8, what=name)


@DTYPES
def test_the_variance_overflows_no_earlier_than_it_must(dtype: type) -> None:
    """e^(sigma^2) is beyond the dtype, the variance is not."""
    mu, sigma = ((-100.0, 10.0) if dtype is np.float32 else (-760.0, 27.5),)[0]
    d = D.LogNormal(np.array(mu, dtype), np.array(sigma, dtype))
    truth = truths(lambda m, s: mp.expm1(s * s) * mp.exp(2 * m + s * s), mu, sigma)
    require(d.variance, truth, 8)


@DTYPES
@given(p=numbers(1e-30, 1 - 2**-24), mu=numbers(-20, 20), sigma=scales(2))
def test_quantiles_are_exponentials_of_the_normals(dtype: type, p: float, mu: float, sigma: float) -> None:
    d, n = (cls(np.array(mu, dtype), np.array(sigma, dtype)) for cls in (D.LogNormal, D.Normal))
    eps = float(np.finfo(dtype).eps)
    z = float(D.Normal(0.0, np.array(1.0)).icdf(p).array)
    expected = np.exp(n.icdf(np.array(p, dtype)).array)
    slack = 8 * eps * (1 + abs(mu) + sigma * abs(z))
    np.testing.assert_allclose(d.icdf(np.array(p, dtype)).array, expected, rtol=slack)


def test_the_ends_of_the_quantiles() -> None:
    d = D.LogNormal(0.0, np.array([1.0, 1.0, 1.0, 1.0]))
    np.testing.assert_array_equal(d.icdf(np.array([0, 1, -0.5, 1.5])).array, [0, np.inf, np.nan, np.nan])
