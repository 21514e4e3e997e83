"""Bernoulli: probabilities and logits in every mix, grey values, certainty, divergences that stay small."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from exactly import numbers, require, slopes, truths
from hypothesis import assume, given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
from pdist import Variable, check_gradients, kl_divergence
from pdist.numerics import odds as module

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
logits = numbers(-80, 80)
probabilities = numbers(1e-6, 1 - 1e-6)
grey = numbers(0, 1)


def variable(values: object, dtype: type = np.float64) -> Variable:
    return Variable(np.asarray(values, dtype))


def gradients(y: Variable, *inputs: Variable) -> list[np.ndarray]:
    return [g.array for g in pdist.grad([y], list(inputs))]


def log_odds(p: object) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(p) - np.log1p(-np.asarray(p))


# The density -----------------------------------------------------------------------------------------------


@DTYPES
def test_a_logit_far_out(dtype: type) -> None:
    logit = variable([-100, -100], dtype)
    y = D.Bernoulli(logit=logit).log_prob(np.array([0, 1]))
    # float32 has no more digits than this for so small a number
    np.testing.assert_allclose(
        y.array, [-3.720075976020836e-44, -100], rtol=0.05 if dtype == np.float32 else 1e-15
    )
    np.testing.assert_allclose(gradients(y, logit)[0], [-3.720075976020836e-44, 1], rtol=0.05)


@DTYPES
@given(x=grey, logit=logits)
def test_grey_values_by_logit(dtype: type, x: float, logit: float) -> None:
    def formula(x: object, logit: object) -> object:
        return -x * mp.log1p(mp.exp(-logit)) - (1 - x) * mp.log1p(mp.exp(logit))

    given_ = variable([logit], dtype)
    y = D.Bernoulli(logit=given_).log_prob(np.array([x], dtype))
    require(y, truths(formula, x, logit), 4)
    # Grey values leave a difference of x and p, as exact as these are on the side of 0 or 1 that is near.
    beside = 1 / (1 + math.exp(abs(logit))) if 0 < x < 1 else 0
    require(gradients(y, given_)[0], slopes(formula, 1, x, logit), 4, beside)


@DTYPES
@given(x=grey, p=probabilities)
def test_grey_values_by_probability(dtype: type, x: float, p: float) -> None:
    def formula(x: object, p: object) -> object:
        return x * mp.log(p) + (1 - x) * mp.log1p(-p)

    given_ = variable([p], dtype)
    y = D.Bernoulli(given_).log_prob(np.array([x], dtype))
    require(y, truths(formula, x, p), 4)
    require(gradients(y, given_)[0], truths(lambda x, p: (x - p) / p / (1 - p), x, p), 4)


@given(logit=numbers(-1e4, 1e4), x=st.sampled_from([0.0, 1.0]))
def test_heads_and_tails_are_alike(logit: float, x: float) -> None:
    one, other = D.Bernoulli(logit=variable(logit)), D.Bernoulli(logit=variable(-logit))
    assert one.log_prob(x).array == other.log_prob(1 - x).array
    assert one.entropy.array == other.entropy.array
    assert one.cdf(0).array == other.survival_function(0).array
    assert one.log_cdf(0).array == other.log_survival_function(0).array


@DTYPES
def test_certainty(dtype: type) -> None:
    x = np.array([0, 1, 0, 1])
    p, logit = variable([0, 1, 1, 0], dtype), variable([-np.inf, np.inf, np.inf, -np.inf], dtype)
    for given_, d in ((p, D.Bernoulli(p)), (logit, D.Bernoulli(logit=logit))):
        np.testing.assert_array_equal(d.log_prob(x).array, [0, 0, -np.inf, -np.inf])
        np.testing.assert_array_equal(d.entropy.array, 0)
        np.testing.assert_array_equal(d.variance.array, 0)
        np.testing.assert_array_equal(d.mean.array, [0, 1, 1, 0])
        np.testing.assert_array_equal(d.sample(5, rng=0).array, np.broadcast_to([0, 1, 1, 0], (5, 4)))
        for y in (
            d.log_prob(x),
            d.entropy,
            d.variance,
            d.stddev,
            d.perplexity,
            d.log_cdf(0),
            d.log_survival_function(0),
        ):
            assert np.isfinite(gradients(y, given_)[0]).all()
    np.testing.assert_array_equal(gradients(D.Bernoulli(p).log_prob(x), p)[0], [-1, 1, 0, 0])
    np.testing.assert_array_equal(gradients(D.Bernoulli(logit=logit).log_prob(x), logit)[0], [0, 0, -1, 1])


def test_what_is_neither_zero_nor_one() -> None:
    x = np.array([-1, -1e-9, 0.25, 1 + 1e-9, 2, np.inf, -np.inf, np.nan])
    for name in ("p", "logit"):
        parameter = variable(0.3)
        y = D.Bernoulli(**{name: parameter}).log_prob(x)
        np.testing.assert_array_equal(
            np.isfinite(y.array), [False, False, True, False, False, False, False, False]
        )
        assert np.isnan(y.array[-1])
        assert (y.array[[0, 1, 3, 4, 5, 6]] == -np.inf).all()
        assert gradients(y[np.array([0, 1, 3, 4, 5, 6, 7])], parameter)[0] == 0
        strict = D.Bernoulli(**{name: parameter}, binary_check=True)
        y = strict.log_prob(x)
        assert (y.array[:-1] == -np.inf).all()
        assert np.isnan(y.array[-1])
        assert gradients(y, parameter)[0] == 0
        np.testing.assert_array_equal(
            strict.log_prob([0, 1]).array, D.Bernoulli(**{name: parameter}).log_prob([0, 1]).array
        )


def test_a_grey_value_with_a_gradient() -> None:
    x = variable([0.2, 0.9])
    for d in (D.Bernoulli(variable([0.3, 0.8])), D.Bernoulli(logit=variable(log_odds([0.3, 0.8])))):
        np.testing.assert_allclose(gradients(d.log_prob(x), x)[0], log_odds([0.3, 0.8]), rtol=1e-14)


def test_labels_of_any_type() -> None:
    d = D.Bernoulli(logit=variable([0.5, -1.0], np.float32))
    expected = d.log_prob(np.array([0, 1], np.float32)).array
    for dtype in (bool, np.int8, np.int32, np.int64, np.uint8):
        y = d.log_prob(np.array([0, 1], dtype))
        assert y.dtype == np.float32
        np.testing.assert_array_equal(y.array, expected)
    assert d.log_prob(np.array([0.0, 1.0])).dtype == np.float64


def test_nan_parameters_stay_nan() -> None:
    nan, half = variable([np.nan]), variable([0.5])
    with pdist.using_config("validate", False):
        for name in ("p", "logit"):
            d, q = D.Bernoulli(**{name: nan}), D.Bernoulli(**{name: half})
            answers = [
                d.log_prob(0),
                d.log_prob(1),
                d.entropy,
                d.variance,
                d.cdf(0),
                d.log_survival_function(0),
            ]
            for y in [*answers, kl_divergence(d, q), kl_divergence(q, d)]:
                assert np.isnan(y.array).all()


# Moments and steps -----------------------------------------------------------------------------------------


@DTYPES
@given(logit=logits)
def test_moments_by_logit(dtype: type, logit: float) -> None:
    def likely(logit: object) -> object:
        return 1 / (1 + mp.exp(-logit))

    def entropy(logit: object) -> object:
        return mp.log1p(mp.exp(-abs(logit))) + abs(logit) * likely(-abs(logit))

    d = D.Bernoulli(logit=np.array([logit], dtype))
    require(d.mean, truths(likely, logit), 4)
    require(d.variance, truths(lambda l: likely(l) * likely(-l), logit), 4)
    require(d.stddev, truths(lambda l: mp.sqrt(likely(l) * likely(-l)), logit), 4)
    require(d.entropy, truths(entropy, logit), 4)
    require(d.log_cdf(0), truths(lambda l: -mp.log1p(mp.exp(l)), logit), 4)


def test_the_standard_deviation_outlives_the_variance() -> None:
    d = D.Bernoulli(logit=variable(-1000.0))
    assert d.variance.array == 0
    np.testing.assert_allclose(d.stddev.array, math.exp(-500), rtol=1e-13)


def test_steps() -> None:
    x = np.array([-np.inf, -0.5, 0, 0.5, 1, 7, np.inf, np.nan])
    for d in (D.Bernoulli(variable(0.25)), D.Bernoulli(logit=variable(log_odds(0.25)))):
        cdf, survival = d.cdf(x).array, d.survival_function(x).array
        np.testing.assert_allclose(cdf, [0, 0, 0.75, 0.75, 1, 1, 1, np.nan], rtol=1e-15)
        np.testing.assert_allclose(survival, [1, 1, 0.25, 0.25, 0, 0, 0, np.nan], rtol=1e-15)
        with np.errstate(divide="ignore"):
            np.testing.assert_allclose(d.log_cdf(x).array, np.log(cdf), rtol=1e-14)
            np.testing.assert_allclose(d.log_survival_function(x).array, np.log(survival), rtol=1e-14)
        q = d.cdf(0).array
        u = np.array([-0.1, 0, 0.5, q, np.nextafter(q, 1), 1, 1.1, np.nan])
        np.testing.assert_array_equal(d.icdf(u).array, [np.nan, 0, 0, 0, 1, 1, np.nan, np.nan])
        assert d.mode.array == d.median.array == 0
    assert D.Bernoulli(variable(0.75)).mode.array == D.Bernoulli(logit=variable(0.1)).median.array == 1


# Divergences -----------------------------------------------------------------------------------------------


def divergence(p: object, q: object) -> object:
    return p * mp.log(p / q) + (1 - p) * mp.log((1 - p) / (1 - q))


def chance(logit: object) -> object:
    return 1 / (1 + mp.exp(-logit))


@DTYPES
@given(p=probabilities, q=probabilities)
def test_divergence_of_probabilities(dtype: type, p: float, q: float) -> None:
    a, b = variable([p], dtype), variable([q], dtype)
    y = kl_divergence(D.Bernoulli(a), D.Bernoulli(b))
    require(y, truths(divergence, p, q), 8)
    by_p, by_q = gradients(y, a, b)
    require(by_p, truths(lambda p, q: mp.log(p / q) - mp.log((1 - p) / (1 - q)), p, q), 8)
    require(by_q, truths(lambda p, q: (q - p) / q / (1 - q), p, q), 8)


@DTYPES
@given(p=numbers(-30, 30), change=numbers(-8, 8), size=st.sampled_from([1.0, 1e-3, 1e-6]))
def test_divergence_of_logits(dtype: type, p: float, change: float, size: float) -> None:
    def formula(a: object, b: object) -> object:
        return divergence(chance(a), chance(b))

    q = float(np.float32(p + change * size))
    a, b = variable([p], dtype), variable([q], dtype)
    y = kl_divergence(D.Bernoulli(logit=a), D.Bernoulli(logit=b))
    require(y, truths(formula, p, q), 16)
    by_p, by_q = gradients(y, a, b)
    require(by_p, truths(lambda a, b: chance(a) * chance(-a) * (a - b), p, q), 16)
    require(by_q, truths(lambda a, b: chance(b) - chance(a), p, q), 16)


@given(p=probabilities, q=probabilities)
def test_a_mix_of_probabilities_and_logits(p: float, q: float) -> None:
    assume(abs(p - q) > 1e-4 * p)
    expected = kl_divergence(D.Bernoulli(variable(p)), D.Bernoulli(variable(q))).array
    by_logit = {"p": p, "logit": float(log_odds(p))}, {"p": q, "logit": float(log_odds(q))}
    for one in ("p", "logit"):
        for other in ("p", "logit"):
            a, b = variable(by_logit[0][one]), variable(by_logit[1][other])
            y = kl_divergence(D.Bernoulli(**{one: a}), D.Bernoulli(**{other: b}))
            np.testing.assert_allclose(y.array, expected, rtol=1e-7)
            slope = gradients(y, a, b)
            assert np.isfinite(slope).all()


@pytest.mark.parametrize("one", ["p", "logit"])
@pytest.mark.parametrize("other", ["p", "logit"])
def test_divergence_of_certainties(one: str, other: str) -> None:
    p = np.array([0, 1, 0, 1, 0.5, 0.5, 0, 1])
    q = np.array([0, 1, 1, 0, 0, 1, 0.25, 0.25])
    a = variable(p if one == "p" else log_odds(p))
    b = variable(q if other == "p" else log_odds(q))
    y = kl_divergence(D.Bernoulli(**{one: a}), D.Bernoulli(**{other: b}))
    inf = math.inf
    np.testing.assert_allclose(y.array, [0, 0, inf, inf, inf, inf, -math.log(0.75), math.log(4)], rtol=1e-15)
    assert np.isfinite(gradients(y, a, b)).all()


def test_a_logit_that_no_probability_can_hold() -> None:
    y = kl_divergence(D.Bernoulli(variable(0.5)), D.Bernoulli(logit=variable(-1e4)))
    np.testing.assert_allclose(y.array, 5000 - math.log(2), rtol=1e-15)


@DTYPES
@given(value=st.one_of(logits, probabilities))
def test_no_divergence_from_itself(dtype: type, value: float) -> None:
    for name in ("p", "logit") if 0 <= value <= 1 else ("logit",):
        d = D.Bernoulli(**{name: np.array(value, dtype)})
        assert kl_divergence(d, d).array == 0


# Samples and higher derivatives ----------------------------------------------------------------------------


class Fixed(np.random.Generator):
    """A generator that draws given numbers."""

    def __init__(self, *numbers: float) -> None:
        super().__init__(np.random.PCG64(0))
        self.numbers = np.array(numbers)

    def random(self, shape: tuple[int, ...]) -> np.ndarray:  # type: ignore[override]
        return np.resize(self.numbers, shape)


def test_small_probabilities_are_not_drawn_too_often() -> None:
    d = D.Bernoulli(np.full(4, 1e-9, np.float32))
    np.testing.assert_array_equal(d.sample(rng=Fixed(0.0, 0.9e-9, 1.1e-9, 3e-8)).array, [1, 1, 0, 0])


def test_samples() -> None:
    p = variable([0.1, 0.5, 0.99], np.float32)
    sample = D.Bernoulli(p).sample((20000,), rng=1)
    assert sample.dtype == np.float32
    assert not sample.requires_grad
    np.testing.assert_allclose(sample.array.mean(axis=0), p.array, atol=0.02)
    with pytest.raises(ValueError, match=r"Bernoulli\.rsample: samples carry no gradient to p"):
        D.Bernoulli(p).rsample()


def test_derivatives_to_second_order() -> None:
    rng = np.random.default_rng(0)
    x, p, logit = rng.random((2, 3)), rng.uniform(0.05, 0.95, 3), rng.standard_normal((2, 3)) * 3
    check_gradients(module.bernoulli_log_prob, [x, p])
    check_gradients(module.bernoulli_log_prob_logit, [x[0], logit])
    check_gradients(module.bernoulli_entropy, [p])
    check_gradients(module.bernoulli_entropy_logit, [logit])
    check_gradients(module.bernoulli_kl, [p, x])
    check_gradients(module.bernoulli_kl_logit, [logit, logit[0] + 0.01])
    for name in ("variance", "stddev"):
        check_gradients(lambda logit, name=name: getattr(D.Bernoulli(logit=logit), name), [logit])
        check_gradients(lambda p, name=name: getattr(D.Bernoulli(p), name), [p])


@DTYPES
def test_many_values_are_as_few(dtype: type) -> None:
    rng = np.random.default_rng(0)
    x, logit = rng.random((2, 10**5)).astype(dtype), rng.standard_normal((2, 10**5)).astype(dtype)
    part = slice(1, 2), slice(30000, 40000)
    for name, values in (("logit", logit), ("p", x[::-1])):
        many, few = Variable(values), Variable(values[part])
        y, expected = D.Bernoulli(**{name: many}).log_prob(x), D.Bernoulli(**{name: few}).log_prob(x[part])
        np.testing.assert_array_equal(y.array[part], expected.array)
        np.testing.assert_array_equal(gradients(y, many)[0][part], gradients(expected, few)[0])
        one = Variable(values[0, 0])
        y, expected = D.Bernoulli(**{name: one}).log_prob(x), D.Bernoulli(**{name: one}).log_prob(x[part])
        np.testing.assert_array_equal(y.array[part], expected.array)


def test_bad_parameters() -> None:
    with pytest.raises(ValueError, match=r"Bernoulli: p\[1\] is 1.5; expected a number in \[0, 1\]"):
        D.Bernoulli(variable([0.5, 1.5]))
    with pytest.raises(ValueError, match=r"Bernoulli: logit is nan"):
        D.Bernoulli(logit=variable(np.nan))
    with pytest.raises(TypeError, match="exactly one of p and logit"):
        D.Bernoulli(variable(0.5), logit=variable(0.0))
    with pytest.raises(ValueError, match="does not broadcast"):
        D.Bernoulli(variable([0.5, 0.5])).log_prob(np.zeros(3))
