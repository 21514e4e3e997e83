"""Laplace: tails, quantiles, the kink, and its divergences from and to itself and the Normal."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from exactly import numbers, require, scales, truths
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
from pdist import Variable, kl_divergence

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
CDFS = ("cdf", "survival_function", "log_cdf", "log_survival_function")


def variable(values: object, dtype: type = np.float64) -> Variable:
    return Variable(np.asarray(values, dtype))


def gradients(y: Variable, *inputs: Variable) -> list[np.ndarray]:
    return [g.array for g in pdist.grad([y], list(inputs))]


# Tails and quantiles ---------------------------------------------------------------------------------------


def cdf_truth(x: mp.mpf, loc: mp.mpf, scale: mp.mpf) -> mp.mpf:
    z = (x - loc) / scale
    return mp.exp(z) / 2 if z < 0 else 1 - mp.exp(-z) / 2


@DTYPES
@given(loc=numbers(-3, 3), scale=scales(), z=numbers(-80, 80))
def test_every_way_of_asking_for_a_tail(dtype: type, loc: float, scale: float, z: float) -> None:
    d = D.Laplace(np.array(loc, dtype), np.array(scale, dtype))
    x = np.asarray(d.loc.array + d.scale.array * z, dtype)
    (cdf,), (sf,) = truths(cdf_truth, x, loc, scale), truths(cdf_truth, -x, -loc, scale)
    with mp.workdps(120):
        require(d.cdf(x), [cdf], 4, what="cdf")
        require(d.survival_function(x), [sf], 4, what="survival_function")
        require(d.log_cdf(x), [mp.log(cdf)], 6, what="log_cdf")
        require(d.log_survival_function(x), [mp.log(sf)], 6, what="log_survival_function")


@DTYPES
@given(p=st.one_of(numbers(0, 1), scales(60).map(lambda s: s if s <= 1 else s / 2.0**60)))
def test_quantiles(dtype: type, p: float) -> None:
    d = D.Laplace(np.array(0.0, dtype), np.array(2.0, dtype))

    def truth(p: mp.mpf) -> mp.mpf:
        if p in (0, 1):
            return mp.inf if p else -mp.inf
        return 2 * mp.log(2 * p) if p < 0.5 else -2 * mp.log(2 * (1 - p))

    x = d.icdf(np.array(p, dtype))
    if p in (0, 1):
        assert x.array == (np.inf if p else -np.inf)
    else:
        require(x, truths(truth, p), 4)


# The kink --------------------------------------------------------------------------------------------------


@DTYPES
def test_the_gradient_at_the_kink_is_zero(dtype: type) -> None:
    x, loc, scale = variable(1.5, dtype), variable(1.5, dtype), variable(2.0, dtype)
    y = D.Laplace(loc, scale).log_prob(x)
    assert [float(g) for g in gradients(y, x, loc, scale)] == [0, 0, -0.5]


@DTYPES
@given(scale=scales(), side=st.sampled_from([-1.0, 1.0]))
def test_the_score_of_the_scale_vanishes_one_scale_away(dtype: type, scale: float, side: float) -> None:
    s = variable(scale, dtype)
    (g,) = gradients(D.Laplace(0.0, s).log_prob(np.array(side * scale, dtype)), s)
    assert g == 0


@DTYPES
@pytest.mark.parametrize("x", [math.inf, -math.inf])
def test_infinite_values_have_no_density_and_zero_gradients(x: float, dtype: type) -> None:
    value, loc, scale = variable(x, dtype), variable(1.0, dtype), variable(2.0, dtype)
    for method in ("log_prob", *CDFS):
        y = getattr(D.Laplace(loc, scale), method)(value)
        assert y.array in (-np.inf, 0, 1)
        assert all(g == 0 for g in gradients(y, value, loc, scale)), method


@DTYPES
def test_nan_stays_nan(dtype: type) -> None:
    d = D.Laplace(variable(1.0, dtype), variable(2.0, dtype))
    for method in ("log_prob", "prob", "icdf", *CDFS):
        assert np.isnan(getattr(d, method)(np.nan).array), method


# Divergences -----------------------------------------------------------------------------------------------


def laplace_laplace(a: mp.mpf, s: mp.mpf, b: mp.mpf, t: mp.mpf) -> mp.mpf:
    d = abs(a - b)
    return mp.log(t / s) + (d + s * mp.exp(-d / s)) / t - 1


def laplace_normal(a: mp.mpf, s: mp.mpf, b: mp.mpf, t: mp.mpf) -> mp.mpf:
    return mp.log(t * mp.sqrt(2 * mp.pi) / (2 * s)) - 1 + ((a - b) ** 2 + 2 * s * s) / (2 * t * t)


def normal_laplace(a: mp.mpf, s: mp.mpf, b: mp.mpf, t: mp.mpf) -> mp.mpf:
    d = abs(a - b)
    distance = d * mp.erf(d / (s * mp.sqrt(2))) + s * mp.sqrt(2 / mp.pi) * mp.exp(-d * d / (2 * s * s))
    return mp.log(2 * t / s) - mp.log(2 * mp.pi * mp.e) / 2 + distance / t


PAIRS = pytest.mark.parametrize(
    ("p", "q", "truth"),
    [
        (D.Laplace, D.Laplace, laplace_laplace),
        (D.Laplace, D.Normal, laplace_normal),
        (D.Normal, D.Laplace, normal_laplace),
    ],
)


@DTYPES
@PAIRS
@given(
    at=st.tuples(numbers(-5, 5), scales(4)),
    by=st.tuples(numbers(-2, 2), numbers(-1, 4), st.integers(0, 20)),
)
def test_kl_of_near_and_far(
    p: type, q: type, truth: object, dtype: type, at: tuple[float, float], by: tuple[float, float, int]
) -> None:
    small = 2.0 ** -by[2]
    values = (at[0], at[1], at[0] + small * by[0], at[1] * (1 + 0.2 * small * by[1]))
    a, s, b, t = (np.array(v, dtype) for v in values)
    require(kl_divergence(p(a, s), q(b, t)), truths(truth, a, s, b, t), 16)


@DTYPES
@PAIRS
@given(d=numbers(-300, 300), p_scale=scales(20), q_scale=scales(20))
def test_kl_and_its_gradients_are_numbers_wherever_they_can_be(
    p: type, q: type, truth: object, dtype: type, d: float, p_scale: float, q_scale: float
) -> None:
    inputs = [variable(v, dtype) for v in (d, p_scale, 0.0, q_scale)]
    kl = kl_divergence(p(*inputs[:2]), q(*inputs[2:]))
    require(kl, truths(truth, *[v.array for v in inputs]), 16)
    assert all(np.isfinite(g) for g in gradients(kl, *inputs))


@DTYPES
@given(loc=numbers(-30, 30), scale=scales(60))
def test_kl_from_itself_and_its_gradients_are_zero(dtype: type, loc: float, scale: float) -> None:
    a, b = ((variable(loc, dtype), variable(scale, dtype)) for _ in range(2))
    kl = kl_divergence(D.Laplace(*a), D.Laplace(*b))
    assert kl.array == 0
    assert all(g == 0 for g in gradients(kl, *a, *b))


@given(loc=numbers(-30, 30), scale=scales(3))
def test_the_curvature_of_the_divergence_is_fishers_information(loc: float, scale: float) -> None:
    """Although the density has a kink, the divergence has none."""
    a, b = variable(loc), variable(scale)
    kl = kl_divergence(D.Laplace(a, b), D.Laplace(variable(loc), variable(scale)))
    for x, g in zip((a, b), pdist.grad([kl], [a, b], enable_double_backprop=True), strict=True):
        (second,) = pdist.grad([g], [x])
        np.testing.assert_allclose(second.array, 1 / scale**2, rtol=1e-13)


@DTYPES
def test_samples_carry_their_gradients(dtype: type) -> None:
    loc, scale = variable([1.0, -2.0], dtype), variable([2.0, 0.5], dtype)
    x = D.Laplace(loc, scale).sample((3,), rng=1)
    noise = (x.array - loc.array) / scale.array
    x.grad = np.ones((3, 2), dtype)
    x.backward()
    np.testing.assert_allclose(loc.grad, [3, 3])
    np.testing.assert_allclose(scale.grad, noise.sum(axis=0), rtol=1e-5 if dtype is np.float32 else 1e-12)
