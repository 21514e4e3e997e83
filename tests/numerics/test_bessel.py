"""Ratios and logarithms of Bessel functions against mpmath, for small and large arguments."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from pdist.numerics import bessel
from tests.distributions.exactly import truths, ulps

DTYPES = (np.float64, np.float32)


def ratio(k):
    return mp.besseli(1, k) / mp.besseli(0, k)


def slope(k):
    a = ratio(k)
    return 1 - a / k - a * a


TRUTHS = {
    "log_i0e": lambda k: mp.log(mp.besseli(0, k)) - k,
    "log_i1e": lambda k: mp.log(mp.besseli(1, k)) - k,
    "bessel_ratio": ratio,
    "bessel_gap": lambda k: 1 - ratio(k),
    "bessel_ratio_slope": slope,
    "bessel_ratio_bend": lambda k: ratio(k) / k**2 - slope(k) / k - 2 * ratio(k) * slope(k),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", TRUTHS)
def test_from_1e_minus_10_to_1e10(name, dtype):
    k = np.concatenate([np.logspace(-10, 10, 61), np.linspace(0.5, 60, 60)]).astype(dtype)
    got = getattr(bessel, name)(k).array
    assert got.dtype == dtype
    errors = ulps(got, truths(TRUTHS[name], k))
    assert errors.max() <= 8, k[errors.argmax()]
    assert (errors <= 4).mean() >= 0.97


@pytest.mark.parametrize("dtype", DTYPES)
def test_divergence_and_difference_of_near_and_far_pairs(dtype):
    rng = np.random.default_rng(0)
    p = 10 ** rng.uniform(-8, 8, 120)
    q = np.concatenate([p[:60] * (1 + 10 ** rng.uniform(-6, 1, 60)), 10 ** rng.uniform(-8, 8, 60)])
    p, q = p.astype(dtype), q.astype(dtype)
    log_i0 = lambda k: mp.log(mp.besseli(0, k))
    expected = truths(lambda q, p: log_i0(q) - log_i0(p) - (q - p) * ratio(p), q, p)
    for got, truth in (
        (bessel.log_i0_divergence(q, p), expected),
        (bessel.bessel_ratio_difference(q, p), truths(lambda q, p: ratio(q) - ratio(p), q, p)),
    ):
        errors = ulps(got, truth)
        assert errors.max() <= 16, (p[errors.argmax()], q[errors.argmax()])
        assert (errors <= 4).mean() >= 0.95


def test_of_nothing():
    zero = np.zeros(1)
    assert bessel.bessel_ratio(zero).array == 0
    assert bessel.bessel_gap(zero).array == 1
    assert bessel.log_i0e(zero).array == 0
    assert bessel.bessel_ratio_slope(zero).array == pytest.approx(0.5)
