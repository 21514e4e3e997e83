"""Gamma and its kin at the ends of their support: 0, subnormal numbers, and beyond."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from exactly import require_second_derivatives

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


def of_gamma(x: mp.mpf, k: mp.mpf, scale: mp.mpf) -> dict[str, list[mp.mpf]]:
    """log_prob and log_cdf at an x far below the scale, each with its slopes by x, k and scale."""
    z = x / scale
    density = (k - 1) * mp.log(z) - z - mp.loggamma(k) - mp.log(scale)
    by_scale = [(k - 1) / x - 1 / scale, mp.log(z) - mp.digamma(k), (z - k) / scale]
    tail = k * mp.log(z) - mp.loggamma(k + 1)
    return {
        "log_prob": [density, *by_scale],
        "log_cdf": [tail, k / x, mp.log(z) - mp.digamma(k + 1), -k / scale],
    }


@DTYPES
@pytest.mark.parametrize("given", ["theta", "rate"])
@pytest.mark.parametrize("k", [0.125, 1.0, 3.0])
def test_a_quotient_that_underflows(k: float, given: str, dtype: type) -> None:
    info = np.finfo(dtype)
    x = np.array([info.smallest_subnormal, info.tiny / 16, info.tiny, info.tiny * 50], dtype)
    scale = np.array([3.0, 0.7, 1e5, 1e20], dtype)
    s = scale if given == "theta" else (1 / scale).astype(dtype)
    with mp.workdps(40):
        wide = [mp.mpf(float(v)) if given == "theta" else 1 / mp.mpf(float(v)) for v in s]
        truth = [of_gamma(mp.mpf(float(v)), mp.mpf(k), w) for v, w in zip(x, wide, strict=True)]
        factor = [1 if given == "theta" else -w * w for w in wide]  # of a slope by scale: that by rate
    arguments = Variable(x), Variable(np.full(4, k, dtype)), Variable(s)
    for name in ("log_prob", "log_cdf"):
        y = getattr(D.Gamma(arguments[1], **{given: arguments[2]}), name)(arguments[0])
        slopes = pdist.grad([y], list(arguments), [np.full(4, 2.0**-40, dtype)])
        for n, got in enumerate((y, *slopes)):
            right = [t[name][n] * (f if n == 3 else 1) for t, f in zip(truth, factor, strict=True)]
            with np.errstate(over="ignore"):
                right = np.array([float(v) for v in right]).astype(dtype)
                got = got.array * (2.0**40 if n else 1)
            np.testing.assert_allclose(got, right, rtol=1000 * float(info.eps), err_msg=f"{name} {n}")
        (slopes[0],) = pdist.grad([y], [arguments[0]], enable_double_backprop=True)
        assert not np.isnan(pdist.grad([slopes[0]], list(arguments[:1]))[0].array).any()
    plain = np.asarray(D.Gamma(arguments[1], **{given: arguments[2]}).log_prob(x).array)
    value = [float(t["log_prob"][0]) for t in truth]
    np.testing.assert_allclose(plain, value, rtol=4 * float(info.eps))


@DTYPES
@pytest.mark.parametrize("given", ["theta", "rate"])
@pytest.mark.parametrize("k", [None, 0.5, 3.0])
def test_a_quotient_that_overflows(k: float | None, given: str, dtype: type) -> None:
    """log_prob is -inf; the slopes by the value and the rate are numbers."""
    largest = np.finfo(dtype).max
    x, shape = (
        Variable(np.array([0.9 * largest], dtype)),
        Variable(np.full(1, 1.0 if k is None else k, dtype)),
    )
    s = Variable(np.array([2.0 if given == "rate" else 0.5], dtype))
    if k is None:
        if given == "theta":
            return
        d, inputs = D.Exponential(s), [x, s]
    else:
        d, inputs = D.Gamma(shape, **{given: s}), [x, s, shape]
    by_s = -x.array if given == "rate" else math.inf
    far = math.log(largest) + math.log(1.8)
    digamma = float(mp.digamma(shape.array.item()))
    for name in ("log_prob", "log_survival_function", "survival_function", "cdf", "log_cdf"):
        y = getattr(d, name)(x)
        slopes = [g.array for g in pdist.grad([y], inputs)]
        if name in ("log_prob", "log_survival_function"):
            assert y.array == -math.inf
            np.testing.assert_allclose(slopes[:2], [[-2.0], [by_s[0] if given == "rate" else by_s]])
            np.testing.assert_allclose(slopes[2:], [[far - digamma]] * (k is not None), rtol=1e-6)
        else:
            assert y.array == (name == "cdf")
            assert all(g == 0 for g in slopes), name


@pytest.mark.parametrize("z", [1e27, 1e40, 1e300, 8e307])
def test_a_tail_by_its_shape_far_out(z: float) -> None:
    """It is log z - digamma(k) for z far above k, log(k/z) of both at large k."""
    k = Variable(np.array([0.5, 3.0]))
    y = D.Gamma(k, 1.0).log_survival_function(z)
    (slope,) = pdist.grad([y], [k])
    truth = [math.log(z) - float(mp.digamma(v)) for v in (0.5, 3.0)]
    np.testing.assert_allclose(slope.array, truth, rtol=1e-15)
    k = Variable(np.array([z / 0.9, z / 0.5]))
    (slope,) = pdist.grad([D.Gamma(k, 1.0).log_cdf(z)], [k])
    np.testing.assert_allclose(slope.array, [math.log(0.9), math.log(0.5)], rtol=1e-13)


def test_mixed_second_derivatives_of_tails() -> None:
    """Of either tail and its logarithm by value, shape and scale, against mpmath."""
    x0, k0, s0 = 2.5, 1.75, 1.25
    for name in ("log_cdf", "log_survival_function", "cdf", "survival_function"):

        def tail(x: mp.mpf, k: mp.mpf, s: mp.mpf, name: str = name) -> mp.mpf:
            ends = (0, x / s) if "cdf" in name else (x / s, mp.inf)
            y = mp.gammainc(k, *ends, regularized=True)
            return mp.log(y) if "log" in name else y

        x, k, s = (Variable(np.array(v)) for v in (x0, k0, s0))
        y = getattr(D.Gamma(k, s), name)(x)
        require_second_derivatives(y, [x, k, s], tail, 1e-11, name)


@pytest.mark.parametrize(
    ("dtype", "far"), [(np.float32, [1e17, 1e20, 1e30]), (np.float64, [1e140, 1e170, 1e250])]
)
def test_heavy_tails_of_the_reciprocal(dtype: Any, far: list[float]) -> None:
    """P(X > x) of an InverseGamma is (theta/x)^k/Gamma(k + 1) far out, also where 1/x^2 underflows."""
    d = D.InverseGamma(np.array(0.0625, dtype), np.array(10.0, dtype))
    x = np.array(far, dtype)
    expected = (10 / x.astype(float)) ** 0.0625 / math.gamma(1.0625)
    np.testing.assert_allclose(
        d.survival_function(x).array, expected, rtol=1e-5 if dtype is np.float32 else 1e-13
    )
