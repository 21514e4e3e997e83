"""What is special about the distributions on an interval: their ends, extremes, and where terms cancel."""

from __future__ import annotations

import functools
import math

import mpmath as mp
import numpy as np
import pytest

import pdist
import pdist.distributions as D
from pdist import Variable

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def close(got: Variable, truth: mp.mpf, ulps: float = 4) -> None:
    dtype = got.dtype.type
    error = abs(mp.mpf(float(got.array)) - truth)
    assert error <= ulps * float(np.spacing(dtype(abs(float(truth))))), (float(got.array), mp.nstr(truth, 20))


@DTYPES
def test_log_uniform_over_all_numbers(dtype: type) -> None:
    info = np.finfo(dtype)
    low, high = np.array(info.smallest_subnormal, dtype), np.array(info.max, dtype)
    d = D.LogUniform(low, high)
    width = mp.log(mp.mpf(float(high))) - mp.log(mp.mpf(float(low)))
    close(d.log_prob(dtype(3.0)), -mp.log(3) - mp.log(width))
    close(d.cdf(dtype(3.0)), (mp.log(3) - mp.log(mp.mpf(float(low)))) / width)
    assert d.icdf(dtype(0)).array == low
    assert d.icdf(dtype(1)).array == high
    assert np.isfinite(d.mean.array)


@DTYPES
def test_log_uniform_on_neighbouring_numbers(dtype: type) -> None:
    high = np.nextafter(dtype(1), dtype(2))
    d = D.LogUniform(np.array(1, dtype), np.array(high))
    width = mp.log1p(mp.mpf(float(np.spacing(dtype(1)))))
    close(d.entropy, mp.log(width) + width / 2)
    close(d.variance, width**2 / 12 * (1 + width), 8)


@DTYPES
@pytest.mark.parametrize("peak", [0.0, 4.0])
def test_triangular_with_its_peak_at_an_end(peak: float, dtype: type) -> None:
    d = D.Triangular(np.array(0, dtype), np.array(4, dtype), np.array(peak, dtype))
    x = np.array([-1, 0, 1, 4, 5], dtype)
    falls = peak == 0
    np.testing.assert_array_equal(d.log_prob(x).array[[0, 3 if falls else 1, 4]], -math.inf)
    assert d.prob(dtype(peak)).array == pytest.approx(0.5, rel=1e-6)
    np.testing.assert_allclose(d.cdf(x).array, [0, 0, 7 / 16 if falls else 1 / 16, 1, 1])
    np.testing.assert_array_equal(d.icdf(np.array([0, 1], dtype)).array, [0, 4])
    tiny = dtype(1e-20)
    close(d.cdf(tiny), mp.mpf(float(tiny)) / 2 if falls else mp.mpf(float(tiny)) ** 2 / 16)


def test_triangular_over_all_numbers() -> None:
    top = np.finfo(float).max
    d = D.Triangular(-top, np.array(top), 0.0)
    close(d.log_prob(0.0), -mp.log(mp.mpf(top)))
    close(d.stddev, mp.mpf(top) / mp.sqrt(6))
    assert d.cdf(0.0).array == 0.5


@DTYPES
@pytest.mark.parametrize(("a", "b"), [(1e-4, 30.0), (2000.0, 1.5), (1.0, 1.0), (3.0, 1e-3), (0.02, 1e4)])
def test_kumaraswamy_quantiles_and_tails(a: float, b: float, dtype: type) -> None:
    d = D.Kumaraswamy(Variable(np.array(a, dtype)), Variable(np.array(b, dtype)))
    a, b = mp.mpf(float(d.a.array)), mp.mpf(float(d.b.array))
    with mp.workdps(300):
        for x in (dtype(1e-10), dtype(0.25), dtype(1) - np.finfo(dtype).epsneg):
            power = mp.mpf(float(x)) ** a
            close(d.log_survival_function(x), b * mp.log1p(-power))
            close(d.log_cdf(x), mp.log(-mp.expm1(b * mp.log1p(-power))))
        x = Variable(dtype(1e-10))
        y = d.log_cdf(x)
        by_a, by_b, by_x = pdist.grad([y], [d.a, d.b, x])
        if y.array < -60:  # log b + a log x
            close(by_a, mp.log(mp.mpf(float(x.array))))
            close(by_b, 1 / b)
            close(by_x, a / mp.mpf(float(x.array)))
        p = dtype(0.9)
        x = (1 - (1 - mp.mpf(float(p))) ** (1 / b)) ** (1 / a)
        close(d.icdf(p), x, 6)


@DTYPES
@pytest.mark.parametrize("logit", [0.0, 1e-12, -1e-3, 3.999, -4.001, 60.0, -2000.0])
def test_continuous_bernoulli_from_flat_to_steep(logit: float, dtype: type) -> None:
    d = D.ContinuousBernoulli(logit=np.array(logit, dtype))
    with mp.workdps(900):
        v = mp.mpf(float(d.logit.array)) or mp.mpf("1e-400")
        norm = mp.log(mp.expm1(v) / v)
        mean = 1 / (1 - mp.exp(-v)) - 1 / v
        close(d.mean, mean)
        close(d.variance, 1 / v**2 - 1 / (4 * mp.sinh(v / 2) ** 2))
        if logit:
            close(d.entropy, norm - v * mean)
        for x in (dtype(0.25), dtype(1) - np.finfo(dtype).epsneg):
            close(d.log_prob(x), v * mp.mpf(float(x)) - norm if logit else mp.mpf(0), 6)
            close(d.cdf(x), mp.expm1(v * mp.mpf(float(x))) / mp.expm1(v))
            close(d.icdf(x), mp.log1p(mp.mpf(float(x)) * mp.expm1(v)) / v)


@pytest.mark.parametrize(
    ("p", "q"), [(1.0, 1.0 + 1e-9), (-30.0, -34.5), (30.0, 34.5), (40.0, -40.0), (0.01, 8.0), (40.0, 0.5)]
)
def test_continuous_bernoulli_divergences_do_not_cancel(p: float, q: float) -> None:
    got = pdist.kl_divergence(*[D.ContinuousBernoulli(logit=np.array(v)) for v in (p, q)])
    with mp.workdps(60):
        p, q = mp.mpf(p), mp.mpf(q)
        mean = 1 / (1 - mp.exp(-p)) - 1 / p
        norms = [mp.log(mp.expm1(v) / v) for v in (p, q)]
        close(got, (p - q) * mean - norms[0] + norms[1], 16)


@functools.cache
def logit_normal_moments(loc: float, scale: float) -> tuple[mp.mpf, mp.mpf, mp.mpf]:
    """Mean, variance and entropy, by quadrature."""
    with mp.workdps(45):
        edges = {mp.mpf(k) for k in range(-14, 15)} | {(k - mp.mpf(loc)) / scale for k in (-20, -3, 0, 3, 20)}
        edges = sorted(e for e in edges if abs(e) <= 14)
        expect = lambda f: mp.quad(lambda z: f(loc + scale * z) * mp.npdf(z), edges)
        mean = expect(lambda y: 1 / (1 + mp.exp(-y)))
        variance = expect(lambda y: (1 / (1 + mp.exp(-y)) - mean) ** 2)
        log_slope = expect(lambda y: -abs(y) - 2 * mp.log1p(mp.exp(-abs(y))))
        return mean, variance, mp.log(scale) + mp.log(2 * mp.pi * mp.e) / 2 + log_slope


@DTYPES
@pytest.mark.parametrize(
    ("loc", "scale"), [(0.0, 0.0625), (-6.0, 0.25), (2.0, 3.0), (-1.0, 30.0), (-40.0, 2.0)]
)
def test_logit_normal_moments(loc: float, scale: float, dtype: type) -> None:
    d = D.LogitNormal(np.array(loc, dtype), np.array(scale, dtype))
    mean, variance, entropy = logit_normal_moments(loc, scale)
    close(d.mean, mean, 8)
    close(d.variance, variance, 16)
    close(d.entropy, entropy, 16)


def test_samples_stay_inside_the_open_interval() -> None:
    for d in (
        D.LogitNormal(np.float32(0.0), 200.0),
        D.RelaxedBernoulli(np.float32(0.01), p=0.5),
        D.Kumaraswamy(np.float32(0.01), 0.01),
    ):
        x = d.sample(1000, rng=0).array
        assert x.dtype == np.float32
        assert ((x > 0) & (x < 1)).all()
        assert np.isfinite(d.log_prob(x).array).all()


def test_relaxed_bernoulli_of_a_large_logit_keeps_its_small_slopes() -> None:
    x = Variable(np.float64(1e-21))
    d = D.RelaxedBernoulli(np.array(1.0), logit=-8.0)
    (slope,) = pdist.grad([d.log_prob(x)], [x])
    with mp.workdps(60):
        t = mp.mpf(1e-21)
        fall = lambda v: mp.exp(-8) * (1 - v) / v  # e^d
        log_prob = lambda v: mp.log(fall(v)) - 2 * mp.log1p(fall(v)) - mp.log(v) - mp.log(1 - v)
        close(slope, mp.diff(log_prob, t, h=mp.mpf(10) ** -40), 16)
