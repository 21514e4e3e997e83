"""Truncated and Censored: far out, against what has a formula, at the ends, and bad input."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest

import pdist
import pdist.distributions as D

X = np.array([-1.0, -0.75, 0.25, 1.5, 2.0])


def test_truncated_normal_by_both():
    leaves = [pdist.Variable(np.array(v)) for v in (0.3, 1.2, -1.0, 2.0)]
    general, special = D.Truncated(D.Normal(*leaves[:2]), *leaves[2:]), D.TruncatedNormal(*leaves)
    for name in ("log_prob", "cdf", "survival_function", "log_cdf", "log_survival_function"):
        one, other = getattr(general, name)(X[1:-1]), getattr(special, name)(X[1:-1])
        np.testing.assert_allclose(one.array, other.array, rtol=1e-12)
        for a, b in zip(pdist.grad([one], leaves), pdist.grad([other], leaves), strict=True):
            np.testing.assert_allclose(a.array, b.array, rtol=1e-9, atol=1e-12)
    p = np.array([0.0, 0.01, 0.4, 0.9, 1.0])
    one, other = general.icdf(p), special.icdf(p)
    np.testing.assert_allclose(one.array, other.array, rtol=1e-12)
    for a, b in zip(pdist.grad([one], leaves), pdist.grad([other], leaves), strict=True):
        np.testing.assert_allclose(a.array, b.array, rtol=1e-9)
    assert general.mode.item() == special.mode.item()


def test_far_out_in_a_tail():
    """An Exponential forgets; a Normal's tail at 40 standard deviations is that of TruncatedNormal."""
    beyond, x = D.Truncated(D.Exponential(np.array(2.0)), low=1000.0), np.array([1000.25, 1001.0, 1020.0])
    forgotten = D.Exponential(np.array(2.0))
    for name in ("log_prob", "cdf", "survival_function", "log_survival_function"):
        expected = getattr(forgotten, name)(x - 1000).array
        np.testing.assert_allclose(getattr(beyond, name)(x).array, expected, rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(beyond.icdf(0.75).item(), 1000 + math.log(4) / 2, rtol=1e-14)
    general, special = (
        D.Truncated(D.Normal(np.array(0.0), 1.0), 40.0, 41.0),
        D.TruncatedNormal(np.array(0.0), 1.0, 40.0, 41.0),
    )
    p = np.linspace(0.05, 0.95, 7)
    np.testing.assert_allclose(general.icdf(p).array, special.icdf(p).array, rtol=1e-13)
    for sign in (-1, 1):
        ends = sorted((60.0 * sign, 61.0 * sign))
        d = D.Truncated(D.Laplace(np.array(0.0), 1.0), *ends)
        np.testing.assert_allclose(d.cdf(60.5 * sign).item() + d.survival_function(60.5 * sign).item(), 1.0)


def test_counts_include_both_ends():
    d, base = D.Truncated(D.Poisson(np.array(3.0)), 2.0, 5.0), D.Poisson(np.array(3.0))
    x = np.arange(8.0)
    expected = np.where((x >= 2) & (x <= 5), base.prob(x).array, 0)
    expected /= expected.sum()
    np.testing.assert_allclose(d.prob(x).array, expected, rtol=1e-14)
    np.testing.assert_allclose(d.cdf(x).array, expected.cumsum(), rtol=1e-14)
    np.testing.assert_allclose(d.cdf(x + 0.5).array, expected.cumsum(), rtol=1e-14)
    p = np.array([0.0, 1e-9, expected[2] * 0.999, expected[2] * 1.001, 0.5, 1.0])
    np.testing.assert_array_equal(d.icdf(p).array, [2, 2, 2, 3, 3, 5])
    draws = d.sample(4000, rng=0).array
    assert set(draws) == {2, 3, 4, 5}
    assert abs((draws == 3).mean() - expected[3]) < 0.05


def test_numbers_take_the_dtype_of_what_is_bounded():
    for cls in (D.Truncated, D.Censored):
        d = cls(D.Normal(np.zeros(2), 1.0), 0.1, 0.7)
        assert d.low.array == np.float64(0.1)
        assert d.dtype == np.float64
        assert d.batch_shape == (2,)
        assert cls(D.Normal(np.float32(0), np.float32(1)), 0.1).sample(3).dtype == np.float32


@pytest.mark.parametrize("cls", [D.Truncated, D.Censored])
def test_what_cannot_be_bounded(cls):
    who = cls.__name__
    with pytest.raises(TypeError, match=f"{who}: distribution is 3; expected a Distribution"):
        cls(3)
    with pytest.raises(
        ValueError, match=f"{who}: distribution is Independent.*expected one of numbers, with a cdf"
    ):
        cls(D.Independent(D.Normal(np.zeros((2, 3)), 1.0), 1), 0.0)
    with pytest.raises(ValueError, match=rf"{who}: high\[1\] is 0.0; expected more than low, 0.0"):
        cls(D.Normal(0.0, 1.0), 0.0, [1.0, 0.0])


# Censored ---------------------------------------------------------------------------------------------------


def test_tobit_likelihood_with_its_gradients():
    leaves = [pdist.Variable(np.array(v)) for v in (0.3, 1.2)]
    base = D.Normal(*leaves)
    d = D.Censored(base, -1.0, 2.0)
    x = np.array([-1.5, -1.0, -0.5, 1.0, 2.0, 3.0])
    inside = base.log_prob(x)
    expected = [-np.inf, base.log_cdf(-1.0), inside[2], inside[3], base.log_survival_function(2.0), -np.inf]
    got = d.log_prob(x)
    np.testing.assert_array_equal(got.array, [getattr(v, "array", v) for v in expected])
    total = sum(expected[1:5])
    for a, b in zip(pdist.grad([got[1:5].sum()], leaves), pdist.grad([total], leaves), strict=True):
        np.testing.assert_allclose(a.array, b.array, rtol=1e-13)
    np.testing.assert_array_equal(
        d.cdf([-1.5, -1.0, 0.0, 2.0]).array, [0, base.cdf(-1.0).item(), base.cdf(0.0).item(), 1]
    )
    np.testing.assert_array_equal(d.survival_function([-1.5, 2.0]).array, [1, 0])
    np.testing.assert_array_equal(d.icdf([0.0, 0.01, 0.99, 1.0]).array, [-1, -1, 2, 2])


def test_censored_draws_are_clipped_ones_with_gradients():
    loc, low, high = (pdist.Variable(np.array(v)) for v in (0.0, -0.5, 1.0))
    d = D.Censored(D.Normal(loc, 1.0), low, high)
    x = d.sample(4000, rng=0)
    inner = D.Normal(loc, 1.0).sample(4000, rng=0).array
    np.testing.assert_array_equal(x.array, np.clip(inner, -0.5, 1.0))
    counts = [g.item() for g in pdist.grad([x.sum()], [loc, low, high])]
    assert counts == [(abs(inner - 0.25) < 0.75).sum(), (inner < -0.5).sum(), (inner > 1).sum()]


def test_censored_counts_sum_to_one():
    base, d = D.Poisson(np.array(3.0)), D.Censored(D.Poisson(np.array(3.0)), 2.0, 5.0)
    x = np.arange(8.0)
    p = base.prob(x).array
    expected = [0, 0, p[:3].sum(), p[3], p[4], base.survival_function(4.0).item(), 0, 0]
    np.testing.assert_allclose(d.prob(x).array, expected, rtol=1e-14)
    np.testing.assert_allclose(d.cdf(x).array, np.cumsum(expected), rtol=1e-14)


ENDS = [(-1.0, 2.0), (-math.inf, 0.5), (1.0, math.inf), (-math.inf, math.inf), (3.0, 3.5), (-30.0, -6.0)]


@pytest.mark.parametrize(("low", "high"), ENDS)
def test_moments_of_bounded_normals(low: float, high: float) -> None:
    """Against integrals by mpmath, and gradients that are numbers also by infinite ends' neighbours."""
    loc, scale = 0.25, 1.5
    normal = D.Normal(pdist.Variable(np.array(loc)), np.array(scale))
    phi = lambda x: mp.npdf(x, loc, scale)
    a, b = max(low, loc - 14 * scale), min(high, loc + 14 * scale)
    cuts = sorted({a, b, *[c for c in (-1.0, 0.25, 1.5) if a < c < b]})
    with mp.workdps(40):
        inside = mp.quad(phi, cuts)
        raw = [mp.quad(lambda x, n=n: phi(x) * x**n, cuts) for n in (1, 2)]
        log_p = mp.quad(lambda x: phi(x) * mp.log(phi(x)), cuts)
        ends = [(mp.ncdf(low, loc, scale), low), (mp.ncdf(-high, -loc, scale), high)]
        ends = [(p, end) for p, end in ends if abs(end) < math.inf]
        mean = raw[0] / inside
        truncated = [mean, raw[1] / inside - mean**2, mp.log(inside) - log_p / inside]
        mean = raw[0] + sum(p * end for p, end in ends)
        square = raw[1] + sum(p * end * end for p, end in ends)
        censored = [mean, square - mean**2, -log_p - sum(p * mp.log(p) for p, _ in ends)]
    for cls, truth in ((D.Truncated, truncated), (D.Censored, censored)):
        d = cls(normal, low, high)
        for name, expected in zip(("mean", "variance", "entropy"), truth, strict=True):
            y = getattr(d, name)
            assert abs(y.item() - expected) <= 1e-13 * max(abs(expected), 1e-3), (cls, name)
            (slope,) = pdist.grad([y], [normal.loc])
            assert np.isfinite(slope.array).all(), (cls, name)


def test_other_bounded_distributions_say_what_they_have() -> None:
    for cls in (D.Truncated, D.Censored):
        with pytest.raises(NotImplementedError, match=f"{cls.__name__} has no variance unless of a Normal"):
            _ = cls(D.Laplace(0.0, 1.0), -1.0, 1.0).variance
