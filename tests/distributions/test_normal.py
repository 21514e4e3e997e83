"""Normal: its two parametrizations, divergences that must keep small differences, and extreme values."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from exactly import log_phi, numbers, require, scales, truths
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
import pdist.functions as F
from pdist import Variable, kl_divergence

CDFS = ("cdf", "survival_function", "log_cdf", "log_survival_function")
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
moderate = numbers(-30, 30)


def variable(values: object, dtype: type = np.float64) -> Variable:
    return Variable(np.asarray(values, dtype))


def gradients(y: Variable, *inputs: Variable) -> list[np.ndarray]:
    return [g.array for g in pdist.grad([y], list(inputs))]


# The parametrizations --------------------------------------------------------------------------------------


@DTYPES
@given(loc=moderate, log_scale=numbers(-20, 20), z=numbers(-6, 6))
def test_log_scale_means_e_to_it(dtype: type, loc: float, log_scale: float, z: float) -> None:
    eps = float(np.finfo(dtype).eps)
    by_log = D.Normal(np.array(loc, dtype), log_scale=np.array(log_scale, dtype))
    by_scale = D.Normal(np.array(loc, dtype), np.exp(np.array(log_scale, dtype)))
    x = (by_scale.loc + by_scale.scale * z).array
    for name in ("log_prob", *CDFS):
        a, b = getattr(by_log, name)(x).array, getattr(by_scale, name)(x).array
        # The scale is e^log_scale within 2 roundings, z as well, and log_prob answers to that with z^2.
        np.testing.assert_allclose(
            a, b, rtol=8 * eps * (1 + z * z), atol=8 * eps * (1 + abs(log_scale) + z * z)
        )
    for name in ("entropy", "mean", "variance", "stddev", "perplexity"):
        a, b = getattr(by_log, name).array, getattr(by_scale, name).array
        np.testing.assert_allclose(a, b, rtol=8 * eps * (1 + abs(log_scale)), atol=4 * eps)


def test_what_was_given_is_used_as_given() -> None:
    d = D.Normal(variable([0.5]), log_scale=variable([-800.0]))
    assert d.scale.array == 0
    assert d.log_prob(0.5).array == 800 - 0.5 * math.log(2 * math.pi)
    assert np.isfinite(d.entropy.array)
    assert kl_divergence(d, d).array == 0


# Tails -----------------------------------------------------------------------------------------------------


def test_the_left_tail_of_the_cdf() -> None:
    np.testing.assert_allclose(
        D.Normal(0.0, np.array(1.0)).cdf(-10.0).array, 7.619853024160527e-24, rtol=1e-13
    )


@DTYPES
@given(loc=numbers(-2, 2), scale=scales(3), z=numbers(-150, 150))
def test_logarithms_of_tails(dtype: type, loc: float, scale: float, z: float) -> None:
    loc_, scale_ = np.array(loc, dtype), np.array(scale, dtype)
    x = np.asarray(loc_ + scale_ * z, dtype)
    d = D.Normal(loc_, scale_)
    require(d.log_cdf(x), truths(lambda x, m, s: log_phi((x - m) / s), x, loc_, scale_), 8, what="log_cdf")
    require(
        d.log_survival_function(x),
        truths(lambda x, m, s: log_phi((m - x) / s), x, loc_, scale_),
        8,
        what="log_sf",
    )


@given(x=moderate, loc=moderate, scale=scales())
def test_survival_is_the_mirror_of_the_cdf(x: float, loc: float, scale: float) -> None:
    d, mirrored = D.Normal(np.array(loc), scale), D.Normal(np.array(-loc), scale)
    assert d.survival_function(x).array == mirrored.cdf(-x).array
    assert d.log_survival_function(x).array == mirrored.log_cdf(-x).array


# Divergences -----------------------------------------------------------------------------------------------


def kl_truth(p_loc: mp.mpf, p_scale: mp.mpf, q_loc: mp.mpf, q_scale: mp.mpf) -> mp.mpf:
    r, z = p_scale / q_scale, (p_loc - q_loc) / q_scale
    return (z * z + r * r - 1) / 2 - mp.log(r)


def test_a_small_difference_of_means_in_float32() -> None:
    p, q = D.Normal(np.float32(0), np.float32(1)), D.Normal(np.float32(1e-4), np.float32(1))
    require(kl_divergence(p, q), truths(kl_truth, 0, 1, np.float32(1e-4), 1), 1)


@DTYPES
@pytest.mark.parametrize("p_name", ["scale", "log_scale"])
@pytest.mark.parametrize("q_name", ["scale", "log_scale"])
@given(
    at=st.tuples(numbers(-5, 5), scales(4)),
    by=st.tuples(numbers(-2, 2), numbers(-1, 4), st.integers(0, 20)),
)
def test_kl_of_near_and_far_scales(
    p_name: str,
    q_name: str,
    dtype: type,
    at: tuple[float, float],
    by: tuple[float, float, int],
) -> None:
    """However the scales are given: a difference of 2^-20 counts in full, as does one of a factor of 5."""
    small = 2.0 ** -by[2]
    given_ = [
        np.array(v, dtype) for v in (at[0], at[1], at[0] + small * by[0], at[1] * (1 + 0.2 * small * by[1]))
    ]
    exact = [lambda v: v, lambda v: v, lambda v: v, lambda v: v]
    for i, name in ((1, p_name), (3, q_name)):
        if name == "log_scale":
            given_[i], exact[i] = np.log(given_[i]), mp.exp
    p, q = D.Normal(given_[0], **{p_name: given_[1]}), D.Normal(given_[2], **{q_name: given_[3]})
    truth = truths(lambda *row: kl_truth(*[e(v) for e, v in zip(exact, row, strict=True)]), *given_)
    limit = 12.0
    if p_name != q_name and truth[0] > 0:  # the logarithm of a scale is known to 4 bits more than it shows
        limit += (1 + abs(math.log(at[1]))) / (8 * float(mp.sqrt(truth[0])))
    require(kl_divergence(p, q), truth, limit, what=f"KL of Normals by {p_name} and {q_name}")


@DTYPES
@given(loc=moderate, scale=scales(60))
def test_kl_from_itself_and_its_gradients_are_zero(dtype: type, loc: float, scale: float) -> None:
    for name, value in (("scale", scale), ("log_scale", math.log(scale))):
        a, b = (variable(loc, dtype), variable(value, dtype)), (variable(loc, dtype), variable(value, dtype))
        kl = kl_divergence(D.Normal(a[0], **{name: a[1]}), D.Normal(b[0], **{name: b[1]}))
        assert kl.array == 0
        assert all(g == 0 for g in gradients(kl, *a, *b))


@given(loc=moderate, scale=scales(3))
def test_the_curvature_of_the_divergence_is_fishers_information(loc: float, scale: float) -> None:
    a, b = variable(loc), variable(scale)
    kl = kl_divergence(D.Normal(a, b), D.Normal(variable(loc), variable(scale)))
    first = pdist.grad([kl], [a, b], enable_double_backprop=True)
    for g, x, information in ((first[0], a, 1 / scale**2), (first[1], b, 2 / scale**2)):
        (second,) = pdist.grad([g], [x])
        np.testing.assert_allclose(second.array, information, rtol=1e-13)


def test_kl_of_scales_that_are_sixty_orders_apart() -> None:
    p, q = D.Normal(0.0, np.float32(1e-30)), D.Normal(0.0, np.float32(1e30))
    require(kl_divergence(p, q), truths(kl_truth, 0, np.float32(1e-30), 0, np.float32(1e30)), 2)
    assert kl_divergence(q, p).array == np.inf


# The score -------------------------------------------------------------------------------------------------


@DTYPES
@given(scale=scales(), side=st.sampled_from([-1.0, 1.0]))
def test_the_score_of_the_scale_vanishes_one_scale_away(dtype: type, scale: float, side: float) -> None:
    s = variable(scale, dtype)
    (g,) = gradients(D.Normal(0.0, s).log_prob(np.array(side * scale, dtype)), s)
    assert g == 0


@DTYPES
def test_near_there_it_keeps_its_digits(dtype: type) -> None:
    s = variable(3.0, dtype)
    x = np.array([np.nextafter(dtype(3), dtype(4)), np.nextafter(dtype(-3), dtype(0))])
    y = D.Normal(0.0, s).log_prob(x)
    for i in range(2):
        (g,) = gradients(y[i], s)
        require(g, truths(lambda x: (x * x - 9) / 27, x[i]), 3)


@DTYPES
@pytest.mark.parametrize("name", ["scale", "log_scale"])
@pytest.mark.parametrize("x", [math.inf, -math.inf])
def test_infinite_values_have_no_density_and_zero_gradients(name: str, x: float, dtype: type) -> None:
    value, loc, scale = variable(x, dtype), variable(1.0, dtype), variable(2.0, dtype)
    d = D.Normal(loc, **{name: scale})
    for method in ("log_prob", *CDFS):
        y = getattr(d, method)(value)
        assert y.array in (-np.inf, 0, 1)
        assert all(g == 0 for g in gradients(y, value, loc, scale)), method


@DTYPES
@pytest.mark.parametrize("name", ["scale", "log_scale"])
def test_nan_stays_nan(name: str, dtype: type) -> None:
    d = D.Normal(variable(1.0, dtype), **{name: variable(2.0, dtype)})
    for method in (
        "log_prob",
        "prob",
        "cdf",
        "survival_function",
        "log_cdf",
        "log_survival_function",
        "icdf",
    ):
        assert np.isnan(getattr(d, method)(np.nan).array), method


@DTYPES
@pytest.mark.parametrize("log_scale", [-700.0, -100.0, -60.0, 60.0, 100.0, 700.0])
def test_scales_beyond_what_the_dtype_holds(dtype: type, log_scale: float) -> None:
    """e^-100 is no float32: the density at the mean and its gradients are numbers all the same."""
    x, loc, s = variable(0.25, dtype), variable(0.25, dtype), variable(log_scale, dtype)
    y = D.Normal(loc, log_scale=s).log_prob(x)
    require(y, truths(lambda s: -s - mp.log(2 * mp.pi) / 2, s.array), 1)
    assert [float(g) for g in gradients(y, x, loc, s)] == [0, 0, -1]


def test_subnormal_scales() -> None:
    loc, s = variable([0.0, 0.0], np.float32), variable([1e-45, 1e-40], np.float32)
    x = np.array([0.0, 1e-40], np.float32)
    y = D.Normal(loc, s).log_prob(x)
    require(y, truths(lambda x, s: -((x / s) ** 2) / 2 - mp.log(s) - mp.log(2 * mp.pi) / 2, x, s.array), 1)
    y.grad = np.ones(2, np.float32)
    y.backward()
    assert loc.grad[0] == 0
    assert loc.grad[1] == np.inf  # 1e40
    assert not np.isnan(s.grad).any()


# The rest --------------------------------------------------------------------------------------------------


@DTYPES
def test_samples_carry_their_gradients(dtype: type) -> None:
    loc, scale = variable([1.0, -2.0], dtype), variable([2.0, 0.5], dtype)
    x = D.Normal(loc, scale).sample((3,), rng=1)
    noise = (x.array - loc.array) / scale.array
    x.grad = np.ones((3, 2), dtype)
    x.backward()
    np.testing.assert_allclose(loc.grad, [3, 3])
    np.testing.assert_allclose(scale.grad, noise.sum(axis=0), rtol=1e-5 if dtype is np.float32 else 1e-12)


@DTYPES
@given(p=numbers(1e-30, 1 - 2**-24))
def test_quantiles_invert_the_cdf(dtype: type, p: float) -> None:
    d = D.Normal(np.array(0.0, dtype), np.array(1.0, dtype))
    x = d.icdf(np.array(p, dtype))
    eps = float(np.finfo(dtype).eps)
    np.testing.assert_allclose(d.cdf(x).array, dtype(p), rtol=16 * eps * (1 + float(x.array) ** 2))


def test_large_arrays_of_float32_stay_float32() -> None:
    d = D.Normal(np.zeros((3, 1), np.float32), log_scale=np.zeros(2, np.float32))
    for name in (
        "entropy",
        "mean",
        "mode",
        "median",
        "variance",
        "stddev",
        "covariance",
        "perplexity",
        "scale",
    ):
        assert getattr(d, name).dtype == np.float32, name
    assert F.sum(d.sample(5)).dtype == np.float32
