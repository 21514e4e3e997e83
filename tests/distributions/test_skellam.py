"""Skellam: large and small rates, rates of 0, far counts, scores, the mode and the entropy."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import pdist.distributions as D
from pdist import Variable, grad

mpmath.mp.dps = 40


def log_pmf(x, r1, r2):
    r1, r2 = mpmath.mpf(float(r1)), mpmath.mpf(float(r2))
    half = mpmath.mpf(x) / 2
    y = mpmath.besseli(abs(x), 2 * mpmath.sqrt(r1 * r2))
    return half * mpmath.log(r1 / r2) + mpmath.log(y) - r1 - r2


@pytest.mark.parametrize(
    ("r1", "r2"),
    [(1e-8, 1e-9), (0.5, 0.25), (3.0, 40.0), (1e-3, 1e3), (20.0, 20.0), (2e3, 3e3), (5.0, 4e4)],
)
def test_density_and_scores(r1, r2):
    mean, spread = r1 - r2, np.sqrt(r1 + r2)
    x = np.unique(np.round([mean - 6 * spread, mean - spread, mean, mean + 1, mean + 9 * spread, 0, 3]))
    a, b = (Variable(np.full(x.shape, r), requires_grad=True) for r in (r1, r2))
    y = D.Skellam(a, b).log_prob(x)
    by_a, by_b = (g.array for g in grad([y], [a, b]))
    for i, k in enumerate(int(v) for v in x):
        here = log_pmf(k, r1, r2)
        np.testing.assert_allclose(y.array[i], float(here), rtol=2e-15, atol=1e-15)
        ratios = [float(mpmath.exp(log_pmf(j, r1, r2) - here) - 1) for j in (k - 1, k + 1)]
        np.testing.assert_allclose([by_a[i], by_b[i]], ratios, rtol=1e-12, atol=2e-15)


def test_large_rates():
    """At the mean log p is -log(2 pi v)/2 + 1/(8 v) - 5 k^2/(24 v^3), k = r1 - r2, and less."""
    r1, r2 = np.array([1e10, 3e12, 1e15]), np.array([1e10, 1e12, 2.0])
    v, k3 = r1 + r2, r1 - r2
    a, b = Variable(r1, requires_grad=True), Variable(r2, requires_grad=True)
    d = D.Skellam(a, b)
    expected = -0.5 * np.log(2 * np.pi * v) + 1 / (8 * v) - 5 * k3**2 / (24 * v**3)
    np.testing.assert_allclose(d.log_prob(k3).array, expected, rtol=4e-16)
    x = k3 + np.floor(2 * np.sqrt(v))
    by_a, by_b = (g.array for g in grad([d.log_prob(x)], [a, b]))
    np.testing.assert_allclose(r1 * by_a - r2 * by_b, x - k3, rtol=1e-9)  # the recurrence of p
    np.testing.assert_allclose(d.cdf(k3).array, 0.5, rtol=1e-4)
    np.testing.assert_allclose(d.survival_function(x).array, 0.02275, rtol=1e-3)


def test_tails_add_up():
    for r1, r2 in ((0.1, 0.2), (5.0, 3.0), (1e-4, 12.0), (18.0, 1.5), (300.0, 200.0)):
        d = D.Skellam(np.array(r1), r2)
        x = np.arange(-700.0, 701.0)
        p = d.prob(x).array
        np.testing.assert_allclose(d.cdf(x).array, np.cumsum(p), rtol=3e-13, atol=1e-100)
        np.testing.assert_allclose(
            d.survival_function(x - 1).array, np.cumsum(p[::-1])[::-1], rtol=3e-13, atol=1e-100
        )


def test_rates_of_zero():
    x = np.arange(-8.0, 9.0)
    poisson = D.Poisson(np.array(2.5))
    d = D.Skellam(np.array(2.5), 0.0)
    np.testing.assert_allclose(d.log_prob(x).array, poisson.log_prob(x).array, rtol=1e-14)
    np.testing.assert_allclose(d.cdf(x).array, poisson.cdf(x).array, rtol=1e-14)
    mirrored = D.Skellam(np.array(0.0), 2.5)
    np.testing.assert_allclose(mirrored.survival_function(-x - 1).array, poisson.cdf(x).array, rtol=1e-14)
    never = D.Skellam(np.array(0.0), 0.0)
    np.testing.assert_array_equal(never.log_prob([-1.0, 0.0, 1.0]).array, [-np.inf, 0, -np.inf])
    np.testing.assert_array_equal(never.cdf([-1.0, 0.0, 1.0]).array, [0, 1, 1])
    assert float(never.entropy) == 0 and float(never.mode) == 0


def test_gradients_at_a_rate_of_zero():
    a, b = (Variable(np.array(r), requires_grad=True) for r in (0.0, 2.0))
    d = D.Skellam(a, b)
    for x, expected in ((0.0, 1.0), (-2.0, -1 / 3)):  # 2/(|x| + 1) - 1
        np.testing.assert_allclose(float(grad([d.log_prob(x)], [a])[0]), expected, rtol=1e-14)
    assert float(grad([d.log_prob(1.0)], [a])[0]) == 0


def test_infinite_counts_and_the_ends_of_quantiles():
    d = D.Skellam(np.array([1.0, 30.0]), 2.0)
    np.testing.assert_array_equal(d.cdf([[-np.inf], [-1e300], [1e300], [np.inf]]).array[:, 0], [0, 0, 1, 1])
    np.testing.assert_array_equal(d.icdf([[0.0], [1.0]]).array, [[-np.inf] * 2, [np.inf] * 2])


@pytest.mark.parametrize(("r1", "r2"), [(0.3, 0.1), (40.0, 2.0), (900.0, 0.0), (3e5, 7e5)])
def test_entropy_and_mode(r1, r2):
    d = D.Skellam(np.array(r1), r2)
    reach = int(14 * np.sqrt(r1 + r2)) + 20
    x = np.round(r1 - r2) + np.arange(-reach, reach + 1.0)
    log_p = d.log_prob(x).array
    finite = np.where(log_p > -1e300, log_p, 0)
    np.testing.assert_allclose(float(d.entropy), -(np.exp(finite) * finite)[log_p > -1e300].sum(), rtol=1e-12)
    assert log_p.max() == float(d.log_prob(d.mode))
    wide = D.Skellam(np.array([0.99e8, 1.01e8]) * 0.7, np.array([0.99e8, 1.01e8]) * 0.3)
    np.testing.assert_allclose(np.diff(wide.entropy.array), 0.5 * np.log(1.01 / 0.99), rtol=1e-9)
