"""Gamma and its kin at the ends of their support: 0, subnormal numbers, and beyond."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest

import pdist
import pdist.distributions as D
from pdist import Variable

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@DTYPES
@pytest.mark.parametrize(
    "k, density, slope", [(0.5, math.inf, -math.inf), (1.0, None, None), (2.0, -math.inf, math.inf)]
)
def test_at_zero_the_density_is_its_limit(k: float, density: float, slope: float, dtype: type) -> None:
    theta = Variable(np.array(3.0, dtype))
    x = Variable(np.zeros((), dtype))
    y = D.Gamma(np.array(k, dtype), theta).log_prob(x)
    y.backward()
    assert y.dtype == dtype
    assert y.array == (dtype(-math.log(3.0)) if density is None else density)
    assert x.grad == (-1 / dtype(3) if slope is None else slope)
    np.testing.assert_allclose(theta.grad, -k / 3, rtol=4 * np.finfo(dtype).eps)
    assert D.Gamma(np.array(k, dtype), 3.0).cdf(0.0).array == 0
    assert D.Gamma(np.array(k, dtype), 3.0).log_cdf(0.0).array == -math.inf


def test_one_event_waits_as_an_exponential_does() -> None:
    x = np.array([0.0, 1e-300, 0.5, 3.0, 800.0])
    np.testing.assert_allclose(
        D.Gamma(np.array(1.0), rate=2.0).log_prob(x).array,
        D.Exponential(np.array(2.0)).log_prob(x).array,
        rtol=1e-15,
    )
    assert D.Chisquare(np.array(2.0)).log_prob(0.0).array == -math.log(2.0)
    assert D.Gamma(1.0, 1.0).log_prob(-1e-30).array == -math.inf
    assert D.Gamma(1.0, 1.0).support == "positive"


@pytest.mark.parametrize("k", [0.01, 0.3, 0.5, 1.0, 1.5, 3.0])
def test_subnormal_values_count(k: float) -> None:
    x = np.array([5e-324, 1e-320, 3e-310, 1e-308])
    d = D.Gamma(np.array(k), 1.0)
    with mp.workdps(40):
        z = [mp.mpf(float(v)) for v in x]
        density = [float((mp.mpf(k) - 1) * mp.log(v) - v - mp.loggamma(mp.mpf(k))) for v in z]
        tail = [float(mp.mpf(k) * mp.log(v) - mp.loggamma(mp.mpf(k) + 1)) for v in z]
    np.testing.assert_allclose(d.log_prob(x).array, density, rtol=4e-16, atol=1e-300)
    np.testing.assert_allclose(d.log_cdf(x).array, tail, rtol=4e-16)


@DTYPES
def test_the_slope_by_a_rate_counts_the_rounding_of_the_product(dtype: type) -> None:
    """1/lam - x: at 1/lam it is what rounding took, which lam x - 1 does not know."""
    lam = Variable(np.array([0.0883883461356163, 0.1, 3.0], dtype))
    x = (1 / lam.array).astype(dtype)
    D.Exponential(lam).log_prob(x).sum().backward()
    with mp.workdps(40):
        truth = [float(1 / mp.mpf(float(r)) - mp.mpf(float(v))) for r, v in zip(lam.array, x, strict=True)]
    np.testing.assert_allclose(lam.grad, truth, rtol=8 * float(np.finfo(dtype).eps))


@pytest.mark.parametrize("k", [0.5, 1.0, 3.0])
def test_second_derivatives_of_a_tail_near_zero(k: float) -> None:
    """log P(X <= x) is k log(x/theta) and a constant there: -k/x^2 overflows, k/theta^2 does not."""
    x, theta = Variable(np.array([1e-300, 1e-140])), Variable(np.array([1.0, 4.0]))
    y = D.Gamma(np.array(k), theta).log_cdf(x)
    by_x, by_theta = pdist.grad([y], [x, theta], enable_double_backprop=True)
    (second,) = pdist.grad([by_x], [x])
    np.testing.assert_allclose(second.array, [-math.inf, -k * 1e280], rtol=1e-11)
    (second,) = pdist.grad([by_theta], [theta])
    np.testing.assert_allclose(second.array, [k, k / 16], rtol=1e-11)
