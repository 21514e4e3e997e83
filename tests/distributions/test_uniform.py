"""Uniform: two parametrizations, the ends, and which intervals contain which."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from exactly import numbers, require, scales, truths
from hypothesis import assume, given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
from pdist import Variable, kl_divergence

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
CDFS = ("cdf", "survival_function", "log_cdf", "log_survival_function")


def variable(values: object, dtype: type = np.float64) -> Variable:
    return Variable(np.asarray(values, dtype))


def gradients(y: Variable, *inputs: Variable) -> list[np.ndarray]:
    found = pdist.grad([y], list(inputs))
    return [np.zeros(v.shape) if g is None else g.array for v, g in zip(inputs, found, strict=True)]


# The parametrizations --------------------------------------------------------------------------------------


@given(low=numbers(-8, 8), width=scales(3), t=numbers(-0.5, 1.5))
def test_loc_and_scale_are_the_lower_end_and_the_width(low: float, width: float, t: float) -> None:
    ends, chainer = D.Uniform(np.array(low), low + width), D.Uniform(loc=np.array(low), scale=width)
    assume(low + width - low == width)
    x = low + t * width
    for name in ("log_prob", "prob", *CDFS):
        a, b = getattr(ends, name)(x).array, getattr(chainer, name)(x).array
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-15, err_msg=name)
    for name in ("low", "high", "loc", "scale", "entropy", "mean", "median", "variance", "stddev"):
        np.testing.assert_allclose(
            getattr(ends, name).array, getattr(chainer, name).array, rtol=1e-15, atol=1e-15, err_msg=name
        )


@DTYPES
@pytest.mark.parametrize("by", ["low, high", "loc, scale"])
def test_both_ends_belong_to_it(by: str, dtype: type) -> None:
    a, b = variable(1.0, dtype), variable(3.0, dtype)
    d = D.Uniform(a, b) if by == "low, high" else D.Uniform(loc=a, scale=b)
    top = 3.0 if by == "low, high" else 4.0
    x = np.array([1.0, top, np.nextafter(dtype(1), dtype(0)), np.nextafter(dtype(top), dtype(9))], dtype)
    density = dtype(-np.log(dtype(top - 1)))
    np.testing.assert_array_equal(d.log_prob(x).array, [density, density, -np.inf, -np.inf])
    np.testing.assert_array_equal(d.support.contains(x), [True, True, False, False])
    assert d.support == "[low, high]"


def test_a_narrow_interval_far_from_zero_keeps_its_width() -> None:
    """At 1e8 float32 numbers are 8 apart: that the width is 1/4 can only come from the scale."""
    p, q = (D.Uniform(loc=np.float32(1e8), scale=np.float32(s)) for s in (16.0, 32.0))
    assert D.Uniform(loc=np.float32(1e8), scale=np.float32(16.0)).log_prob(np.float32(1e8)).array == -np.log(
        np.float32(16)
    )
    assert kl_divergence(p, q).array == np.float32(math.log(2))


# Values and gradients --------------------------------------------------------------------------------------


@DTYPES
def test_gradients_of_log_prob(dtype: type) -> None:
    x, low, high = (
        variable([1.0, 2.0, 5.0, 0.5, 6.0, math.inf], dtype),
        variable(1.0, dtype),
        variable(5.0, dtype),
    )
    y = D.Uniform(low, high).log_prob(x)
    np.testing.assert_array_equal(y.array[3:], -np.inf)
    d_x, d_low, d_high = gradients(y, x, low, high)
    np.testing.assert_array_equal(d_x, np.zeros(6))
    assert (d_low, d_high) == (0.75, -0.75)  # three values inside
    assert [float(g) for g in gradients(y[3:].sum(), low, high)] == [0, 0]


@DTYPES
def test_outside_the_interval(dtype: type) -> None:
    x = variable([0.0, 6.0, -math.inf, math.inf], dtype)
    for method, expected in (
        ("cdf", [0, 1, 0, 1]),
        ("survival_function", [1, 0, 1, 0]),
        ("log_cdf", [-math.inf, 0, -math.inf, 0]),
        ("log_survival_function", [0, -math.inf, 0, -math.inf]),
    ):
        low, high = variable(1.0, dtype), variable(5.0, dtype)
        y = getattr(D.Uniform(low, high), method)(x)
        np.testing.assert_array_equal(y.array, expected, err_msg=method)
        for g in gradients(y, x, low, high):
            np.testing.assert_array_equal(g, np.zeros(g.shape), err_msg=method)


@DTYPES
def test_nan_stays_nan(dtype: type) -> None:
    d = D.Uniform(variable(1.0, dtype), variable(2.0, dtype))
    for method in ("log_prob", "prob", "icdf", *CDFS):
        assert np.isnan(getattr(d, method)(np.nan).array), method


@DTYPES
@given(t=numbers(0, 1))
def test_logarithms_near_the_ends(dtype: type, t: float) -> None:
    d = D.Uniform(np.array(-1.0, dtype), np.array(3.0, dtype))
    x = np.asarray(-1 + 4 * t, dtype)
    cdf, sf = truths(lambda x: (x + 1) / 4, x)[0], truths(lambda x: (3 - x) / 4, x)[0]
    for method, truth in (("log_cdf", cdf), ("log_survival_function", sf)):
        if truth > 0:
            with mp.workdps(120):
                require(getattr(d, method)(x), [mp.log(truth)], 3, what=method)


@DTYPES
def test_the_logarithm_of_a_width_near_one(dtype: type) -> None:
    """high - low rounds to 1 or so; its logarithm is what rounding left of it."""
    low, high = np.array(2.0**-30 if dtype is np.float32 else 2.0**-60, dtype), np.array(1.0, dtype)
    require(D.Uniform(low, high).entropy, truths(lambda a, b: mp.log(b - a), low, high), 2)


# Quantiles and samples -------------------------------------------------------------------------------------


@DTYPES
@given(low=numbers(-100, 100), high=numbers(-100, 100), p=numbers(0, 1))
def test_quantiles_stay_inside_and_meet_the_ends(dtype: type, low: float, high: float, p: float) -> None:
    assume(low < high)
    d = D.Uniform(np.array(low, dtype), np.array(high, dtype))
    assert low <= d.icdf(np.array(p, dtype)).array <= high
    assert d.icdf(0.0).array == dtype(low)
    assert d.icdf(1.0).array == dtype(high)


@DTYPES
@pytest.mark.parametrize(
    ("low", "high"), [(1.0, 1.0000001), (-1.0, 1e-9), (1e6, 1000000.06), (-3e-39, 3e-39)]
)
def test_samples_stay_inside(low: float, high: float, dtype: type) -> None:
    d = D.Uniform(np.array(low, dtype), np.array(high, dtype))
    x = d.sample((10_000,), rng=0)
    assert x.dtype == dtype
    assert d.support.contains(x).all()
    assert np.isfinite(d.log_prob(x).array).all()


def test_samples_carry_their_gradients() -> None:
    low, high = variable([0.0, 1.0]), variable([1.0, 5.0])
    x = D.Uniform(low, high).sample((50,), rng=1)
    t = (x.array - low.array) / (high.array - low.array)
    d_low, d_high = gradients(x, low, high)
    np.testing.assert_allclose(d_low, (1 - t).sum(axis=0), rtol=1e-13)
    np.testing.assert_allclose(d_high, t.sum(axis=0), rtol=1e-13)


# Divergences -----------------------------------------------------------------------------------------------


@DTYPES
@given(low=numbers(-4, 4), width=scales(3), left=numbers(0, 2), right=numbers(0, 2), k=st.integers(0, 18))
def test_kl_to_an_interval_around(
    dtype: type, low: float, width: float, left: float, right: float, k: int
) -> None:
    ends = (low, low + width, low - left * 2.0**-k, low + width + right * 2.0**-k)
    a, b, c, d = (np.array(v, dtype) for v in ends)
    truth = truths(lambda a, b, c, d: mp.log((d - c) / (b - a)), a, b, c, d)
    require(kl_divergence(D.Uniform(a, b), D.Uniform(c, d)), truth, 4)


@pytest.mark.parametrize(("low", "high"), [(0.5, 3.0), (-1.0, 0.5), (0.25, 0.75), (2.0, 3.0)])
def test_kl_to_an_interval_that_is_no_superset_is_infinite(low: float, high: float) -> None:
    inputs = [variable(v) for v in (0.0, 1.0, low, high)]
    kl = kl_divergence(D.Uniform(*inputs[:2]), D.Uniform(*inputs[2:]))
    assert kl.array == np.inf
    assert all(g == 0 for g in gradients(kl, *inputs))


def uniform_normal(a: mp.mpf, b: mp.mpf, m: mp.mpf, s: mp.mpf) -> mp.mpf:
    square = ((b - m) ** 3 - (a - m) ** 3) / (3 * (b - a))
    return -mp.log(b - a) + mp.log(2 * mp.pi) / 2 + mp.log(s) + square / (2 * s * s)


def uniform_laplace(a: mp.mpf, b: mp.mpf, m: mp.mpf, s: mp.mpf) -> mp.mpf:
    def half(t: mp.mpf) -> mp.mpf:
        return t * abs(t) / 2

    distance = (half(b - m) - half(a - m)) / (b - a)
    return -mp.log(b - a) + mp.log(2 * s) + distance / s


@DTYPES
@pytest.mark.parametrize(("q", "truth"), [(D.Normal, uniform_normal), (D.Laplace, uniform_laplace)])
@given(low=numbers(-4, 4), width=scales(3), loc=numbers(-8, 8), scale=scales(3))
def test_kl_to_the_real_line(
    q: type, truth: object, dtype: type, low: float, width: float, loc: float, scale: float
) -> None:
    p = D.Uniform(loc=np.array(low, dtype), scale=np.array(width, dtype))
    exact = truths(lambda a, w, m, s: truth(a, a + w, m, s), low, width, loc, scale)
    slack = max(abs(low), abs(loc)) / scale * (1 + abs(low - loc) / scale)  # of the middle, rounded
    require(kl_divergence(p, q(np.array(loc, dtype), np.array(scale, dtype))), exact, 12, 1 + slack)


@pytest.mark.parametrize("p", [D.Normal, D.Laplace, D.LogNormal])
def test_kl_from_the_real_line_is_infinite(p: type) -> None:
    kl = kl_divergence(p(np.zeros((3, 1), np.float32), np.float32(1)), D.Uniform(np.zeros(2), 1.0))
    np.testing.assert_array_equal(kl.array, np.full((3, 2), np.inf))
    assert kl.dtype == np.float64


# Errors ----------------------------------------------------------------------------------------------------


def test_ends_in_the_wrong_order() -> None:
    with pytest.raises(ValueError, match=r"Uniform: high\[1\] is 1\.0; expected more than low, 2\.0"):
        D.Uniform(np.array([0.0, 2.0]), 1.0)
    with pytest.raises(ValueError, match=r"Uniform: high is 0\.0; expected more than low, 0\.0"):
        D.Uniform(0.0, 0.0)
    with pytest.raises(ValueError, match=r"Uniform: scale is -1\.0; expected a positive finite number"):
        D.Uniform(loc=0.0, scale=-1.0)


def test_the_density_has_the_batch_shape_where_only_the_lower_end_has_it():
    assert D.Uniform(loc=np.zeros((3, 1)), scale=np.ones(4)).log_prob(0.5).shape == (3, 4)
    assert D.Uniform(loc=np.zeros((0, 1)), scale=2.0).log_prob(0.5).shape == (0, 1)
