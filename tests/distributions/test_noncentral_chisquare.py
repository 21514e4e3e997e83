"""NoncentralChisquare: the central case, both ways of computation, quantiles of extreme parameters, sums."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import pdist.distributions as D
from pdist import Variable, grad

mpmath.mp.dps = 40
METHODS = ("log_prob", "cdf", "survival_function", "log_cdf", "log_survival_function")


def log_density(x, k, nc):
    x, k, nc = (mpmath.mpf(float(v)) for v in (x, k, nc))
    bessel = mpmath.besseli(k / 2 - 1, mpmath.sqrt(nc * x))
    return mpmath.log(bessel) + (k / 4 - 0.5) * mpmath.log(x / nc) - (x + nc) / 2 - mpmath.log(2)


@pytest.mark.parametrize("k", [1e-3, 0.5, 1.0, 2.0, 3.0, 45.0, 1e6])
def test_without_noncentrality_it_is_a_chisquare(k):
    x = k * np.array([1e-4, 0.1, 0.5, 1.0, 2.0, 5.0])
    free = Variable(np.array(k), requires_grad=True)
    d, e = D.NoncentralChisquare(free, 0.0), D.Chisquare(free)
    for method in METHODS:
        a, b = (getattr(dist, method)(x) for dist in (d, e))
        np.testing.assert_allclose(a.array, b.array, rtol=3e-14, err_msg=method)
        slopes = [grad([y], [free])[0].array for y in (a, b)]
        np.testing.assert_allclose(*slopes, rtol=1e-9, atol=1e-300, err_msg=method)
    p = np.array([1e-10, 0.3, 0.5, 0.9])
    for method in ("icdf", "isf"):
        x = (getattr(dist, method)(p).array for dist in (d, e))
        np.testing.assert_allclose(*x, rtol=1e-13, atol=1e-307)  # 0 for what has fewer digits


@pytest.mark.parametrize("k", [0.01, 1.0, 2.0, 7.5, 41.0, 42.5, 60.0])
@pytest.mark.parametrize("nc", [1e-3, 1.0, 9.0, 90.0, 3e3])
def test_density_on_both_sides_of_the_change_of_method(k, nc):
    """The sums end where hypot(k/2 - 1, sqrt(nc x)) is 20."""
    edge = max(400 - (k / 2 - 1) ** 2, 1.0) / nc
    x = np.array([0.01 * edge, 0.9999 * edge, 1.0001 * edge, k + nc, 3 * (k + nc)])
    y = D.NoncentralChisquare(np.array(k), nc).log_prob(x).array
    expected = [float(log_density(v, k, nc)) for v in x]
    np.testing.assert_allclose(y, expected, rtol=3e-15, atol=1e-14)


def test_slope_in_k_is_continuous_there():
    k, nc = 3.25, 10.0
    x = np.array([np.nextafter(x, to) for x, to in ((399.609375 / nc, 0.0), (399.609375 / nc, 1e3))])
    free = Variable(np.full(2, k), requires_grad=True)
    d = D.NoncentralChisquare(free, nc)
    for method in METHODS:
        y = getattr(d, method)(x)
        (slope,) = grad([y], [free])
        np.testing.assert_allclose(y.array[0], y.array[1], rtol=2e-14)
        np.testing.assert_allclose(slope.array[0], slope.array[1], rtol=2e-13)


@pytest.mark.parametrize(
    ("k", "nc"), [(3.0, 1e8), (1e6, 1e-3), (1e6, 1e6), (1.0, 1e15), (1e15, 1e15), (2.0, 1e-300), (60.0, 5.0)]
)
def test_quantiles_come_back(k, nc):
    d = D.NoncentralChisquare(np.array(k), nc)
    p = np.array([1e-300, 1e-30, 1e-3, 0.4, 0.9, 1 - 1e-6])
    x = d.icdf(p).array
    spread = np.sqrt(2 * (k + 2 * nc))
    # what half a step of x between two floating point numbers makes of a log tail
    noise = 1e-12 + 8 * np.spacing(k + nc) / spread * (1 + np.sqrt(-2 * np.log(p)))
    np.testing.assert_allclose(d.log_cdf(x).array / np.log(p), 1, atol=noise.max() / 1e-6)
    assert np.all(abs(d.cdf(x).array[3:5] - p[3:5]) < noise[3:5] + 1e-14)
    y = d.isf(p).array
    np.testing.assert_allclose(d.log_survival_function(y).array[:3] / np.log(p)[:3], 1, atol=noise.max())
    assert np.all(np.diff(x) >= 0)
    assert np.all(np.diff(y) <= 0)


def test_where_a_chisquare_overflows_in_float32():
    d = D.NoncentralChisquare(np.float32(0.59944403), np.float32(182.53952))
    np.testing.assert_allclose(d.icdf(np.float32(2.6541842e-14)).array, 35.579717, rtol=1e-6)


def test_sums_of_squares():
    rng = np.random.default_rng(5)
    means = np.array([0.5, -2.0, 1.0])
    x = ((rng.standard_normal((20000, 3)) + means) ** 2).sum(-1)
    d = D.NoncentralChisquare(3.0, np.array((means**2).sum()))
    u = np.sort(d.cdf(x).array)
    assert abs(u - (np.arange(len(u)) + 0.5) / len(u)).max() < 2.0 / np.sqrt(len(u))
    np.testing.assert_allclose([x.mean(), x.var()], [d.mean.item(), d.variance.item()], rtol=0.05)


def test_mode():
    k, nc = np.array([0.5, 2.0, 2.0, 2.0, 3.0, 50.0]), np.array([30.0, 0.0, 2.0, 2.5, 0.0, 1e4])
    mode = D.NoncentralChisquare(k, nc).mode.array
    np.testing.assert_array_equal(mode[:3], 0)
    np.testing.assert_allclose(mode[4], 1.0, rtol=1e-14)
    for i in (3, 5):
        at = mode[i] * np.array([1 - 1e-4, 1, 1 + 1e-4])
        y = D.NoncentralChisquare(k[i], nc[i]).log_prob(at).array
        assert y[1] > y[0]
        assert y[1] > y[2]


def test_noncentral_of_two_is_the_square_of_a_rice_distance():
    """P(X <= x) for k = 2 is 1 less Marcum's Q function, whose derivative by nc is -p of k = 4."""
    nc = Variable(np.array([0.0, 0.5, 30.0]), requires_grad=True)
    y = D.NoncentralChisquare(2.0, nc).cdf(6.0)
    (slope,) = grad([y], [nc])
    np.testing.assert_allclose(slope.array, -D.NoncentralChisquare(4.0, nc.array).prob(6.0).array, rtol=1e-14)
