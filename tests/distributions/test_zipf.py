"""Zipf: heavy tails, exponents near 1 and large ones, moments that do not exist, gradients, divergences."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import pdist.distributions as D
from pdist import Variable, grad, kl_divergence

mpmath.mp.dps = 40


def test_quantiles_of_heavy_tails_reach_their_probability_first():
    alpha = np.array([1.01, 1.1, 1.5, 2.5, 40.0])
    d = D.Zipf(alpha)
    for p in (1e-3, 0.1, 0.5, 0.9, 0.99):
        x = d.icdf(p).array
        assert (d.cdf(x).array >= p).all()
        below = np.where((x > 1) & (x < 2**53), x - 1, 0)
        assert (d.cdf(below).array < p).all()
    assert D.Zipf(np.float32(1.001)).icdf(0.9).array == np.inf


def test_samples_of_heavy_tails():
    d = D.Zipf(np.array([1.05, 3.0]))
    x = d.sample(4000, rng=0).array
    for k in (1, 2, 10):
        error = np.sqrt(0.25 / 4000)
        assert (abs((x <= k).mean(axis=0) - d.cdf(k).array) < 5 * error).all()


def test_moments_that_do_not_exist():
    d = D.Zipf(np.array([1.5, 2.0, 2.5, 3.0, 3.5]))
    np.testing.assert_array_equal(np.isinf(d.mean.array), [True, True, False, False, False])
    np.testing.assert_array_equal(np.isnan(d.variance.array), [True, True, False, False, False])
    np.testing.assert_array_equal(np.isinf(d.variance.array), [False, False, True, True, False])


@pytest.mark.parametrize("alpha", [1.001, 1.3, 2.2, 7.0, 60.0])
def test_gradients_of_tails(alpha):
    a = Variable(np.array(alpha), requires_grad=True)
    for x in (1, 3, 11, 12, 500):
        (g,) = grad([D.Zipf(a).log_survival_function(float(x))], [a], enable_double_backprop=True)
        (h,) = grad([g], [a])
        f = lambda t, x=x: mpmath.log(mpmath.zeta(t, x + 1) / mpmath.zeta(t))
        with mpmath.workdps(60):
            first, second = (
                float(mpmath.diff(f, mpmath.mpf(alpha), k, h=mpmath.mpf(10) ** -15)) for k in (1, 2)
            )
        np.testing.assert_allclose(float(g), first, rtol=1e-13)
        np.testing.assert_allclose(float(h), second, rtol=1e-10)  # terms of 1/(alpha - 1)^2 cancel


@pytest.mark.parametrize(("a", "b"), [(1.5, 1.5 + 1e-9), (1.01, 4.0), (4.0, 1.01), (30.0, 29.0), (9.0, 30.0)])
def test_divergence(a, b):
    p, q = Variable(np.array(a), requires_grad=True), Variable(np.array(b), requires_grad=True)
    y = kl_divergence(D.Zipf(p), D.Zipf(q))
    a, b = mpmath.mpf(a), mpmath.mpf(b)
    zeta, slope = mpmath.zeta, lambda t: mpmath.zeta(t, derivative=1) / mpmath.zeta(t)
    with mpmath.workdps(60):
        expected = -(b - a) * slope(a) + mpmath.log(zeta(b)) - mpmath.log(zeta(a))
        by_q = slope(b) - slope(a)
    np.testing.assert_allclose(float(y), float(expected), rtol=1e-14)
    np.testing.assert_allclose(float(grad([y], [q])[0]), float(by_q), rtol=1e-14)
