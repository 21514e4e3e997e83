"""ZeroInflated and ZeroTruncated: gates of 0 and 1, rates near 0, other bases, what is refused."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import pdist.distributions as D
from pdist import Variable, grad

mpmath.mp.dps = 50


def test_a_closed_and_an_open_gate():
    gate = Variable(np.array([0.0, 1.0]), requires_grad=True)
    d = D.ZeroInflated(D.Poisson(np.array(3.0)), gate)
    np.testing.assert_allclose(d.log_prob(0.0).array, [-3, 0], rtol=1e-15)
    np.testing.assert_array_equal(
        d.log_prob(2.0).array, [D.Poisson(np.array(3.0)).log_prob(2.0).array, -np.inf]
    )
    np.testing.assert_allclose(d.entropy.array, [float(D.Poisson(np.array(3.0)).entropy), 0], rtol=1e-14)
    np.testing.assert_allclose(grad([d.log_prob(0.0)], [gate])[0].array, [np.expm1(3.0), -np.expm1(-3.0)])
    assert np.isfinite(grad([d.log_prob(2.0)], [gate])[0].array).all()


@pytest.mark.parametrize("base", [D.Zipf(np.array([8.0, 9.0])), D.Skellam(2.0, np.array([3.0, 1.0]))])
def test_bases_without_zero_and_with_negative_counts(base):
    d = D.ZeroInflated(base, 0.25)
    x = np.arange(-60.0, 61.0)[:, None]
    p = d.prob(x).array
    np.testing.assert_allclose(p.sum(axis=0), 1, rtol=1e-9)
    np.testing.assert_allclose(d.cdf(x).array, np.cumsum(p, axis=0), atol=1e-9)
    np.testing.assert_allclose(np.exp(d.log_cdf(x).array), d.cdf(x).array, rtol=1e-12)
    np.testing.assert_allclose(
        np.exp(d.log_survival_function(x).array), d.survival_function(x).array, rtol=1e-12
    )
    np.testing.assert_allclose(
        d.entropy.array, -np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0).sum(axis=0)
    )
    np.testing.assert_allclose(d.mean.array, (p * x).sum(axis=0), rtol=1e-6)
    for u in (1e-6, 0.2, 0.5, 0.9):
        at = d.icdf(u).array
        assert (d.cdf(at).array >= u).all()
        assert (d.cdf(at - 1).array < u).all()


def test_truncation_of_rates_near_zero():
    lam = np.array([1e-12, 1e-5, 0.3])
    d = D.ZeroTruncated(D.Poisson(lam))
    exact = [mpmath.mpf(float(rate)) for rate in lam]
    means = [rate / -mpmath.expm1(-rate) for rate in exact]
    variances = [float(m * (1 + rate - m)) for m, rate in zip(means, exact, strict=True)]
    beyond = [float(1 - rate / mpmath.expm1(rate)) for rate in exact]
    np.testing.assert_allclose(d.variance.array, variances, rtol=1e-14)
    np.testing.assert_allclose(d.survival_function(1.0).array, beyond, rtol=1e-14)
    np.testing.assert_allclose(d.entropy.array[0], 5e-13 * (1 - np.log(5e-13)), rtol=1e-11)


def test_truncation_agrees_with_sums():
    d = D.ZeroTruncated(D.Poisson(np.array([0.7, 4.0, 30.0])))
    x = np.arange(1.0, 120.0)[:, None]
    p = d.prob(x).array
    np.testing.assert_allclose(p.sum(axis=0), 1, rtol=1e-13)
    mean = (p * x).sum(axis=0)
    np.testing.assert_allclose(d.mean.array, mean, rtol=1e-13)
    np.testing.assert_allclose(d.variance.array, (p * (x - mean) ** 2).sum(axis=0), rtol=1e-11)
    np.testing.assert_allclose(d.entropy.array, -(p * np.log(np.maximum(p, 1e-300))).sum(axis=0), rtol=1e-12)


def test_what_is_refused():
    with pytest.raises(ValueError, match="ZeroInflated: base is a Normal, continuous"):
        D.ZeroInflated(D.Normal(0.0, 1.0), 0.5)
    with pytest.raises(ValueError, match="ZeroTruncated: base is a Skellam, whose counts may be negative"):
        D.ZeroTruncated(D.Skellam(1.0, 1.0))
    with pytest.raises(ValueError, match=r"ZeroTruncated: base\[1\], a Poisson, is always 0"):
        D.ZeroTruncated(D.Poisson(np.array([1.0, 0.0])))
    with pytest.raises(ValueError, match=r"ZeroInflated: gate is 1\.5"):
        D.ZeroInflated(D.Poisson(1.0), 1.5)
