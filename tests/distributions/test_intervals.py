"""Probabilities of intervals: both ends in one tail, little outside, nothing inside, and their gradients."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from exactly import DIGITS, numbers, require
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D

KINDS = {
    "Normal": lambda: D.Normal(np.array(0.3), np.array(1.3)),
    "Laplace": lambda: D.Laplace(np.array(0.3), np.array(1.3)),
    "Gamma": lambda: D.Gamma(np.array(2.5), np.array(1.5)),
    "LogNormal": lambda: D.LogNormal(np.array(0.2), np.array(0.7)),
    "Poisson": lambda: D.Poisson(np.array(3.0)),
    "Uniform": lambda: D.Uniform(np.array(-1.0), np.array(2.0)),
    "TruncatedNormal": lambda: D.TruncatedNormal(np.array(0.0), np.array(1.0), np.array(-1.5), np.array(4.0)),
    "Mixture": lambda: D.MixtureSameFamily(
        D.Categorical(logit=np.array([0.0, 1.0])), D.Normal(np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    ),
}
SOME = [(-math.inf, math.inf), (0.5, 1.75), (1.0, math.inf), (-math.inf, 1.0), (-3.0, 3.0)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("low", "high"), SOME)
def test_is_the_difference_of_the_cdf_with_its_gradients(kind, low, high):
    d = KINDS[kind]()
    leaves = [pdist.Variable(v.array) for v in d.params.values()]
    inner = iter(leaves)
    d = d._map(
        lambda v, n: v._map(lambda u, m: next(inner)) if isinstance(v, D.Distribution) else next(inner)
    )
    got, log, expected = (
        d.interval_probability(low, high),
        d.log_interval_probability(low, high),
        d.cdf(high) - d.cdf(low),
    )
    np.testing.assert_allclose(got.array, expected.array, rtol=1e-13)
    np.testing.assert_allclose(log.array, np.log(expected.array), rtol=1e-12, atol=1e-15)
    slopes = pdist.grad([expected], leaves)
    for y, scale in ((got, 1), (log, expected.array)):
        for a, b in zip(pdist.grad([y], leaves), slopes, strict=True):
            np.testing.assert_allclose(a.array * scale, 0 if b is None else b.array, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_lies_between_ends_in_the_wrong_order(kind):
    d = KINDS[kind]()
    low, high = np.array([1.0, 2.0, math.inf]), np.array([1.0, 1.0, 0.0])
    assert (d.interval_probability(low, high).array == 0).all()
    ends = pdist.Variable(low), pdist.Variable(high)
    y = d.log_interval_probability(*ends)
    assert (y.array == -math.inf).all()
    assert all(g is None or (g.array == 0).all() for g in pdist.grad([y], list(ends)))
    assert np.isnan(d.log_interval_probability(np.nan, 1.0).array)


@given(low=numbers(-300, 300), width=st.one_of(numbers(1e-6, 1), numbers(1, 400), st.just(math.inf)))
def test_a_normal_has_all_digits(low: float, width: float):
    high = low + width
    if not low < high:
        return
    with mp.workdps(8 * DIGITS):
        a, b = (mp.mpf(v) for v in ((low, high) if low + high >= 0 else (-high, -low)))
        p = (mp.erfc(a / mp.sqrt(2)) - mp.erfc(b / mp.sqrt(2))) / 2
        got = D.Normal(np.array(0.0), np.array(1.0)).log_interval_probability(low, high)
        require(got, [mp.log(p)], 6, beside=1e-3)


def test_far_tails_by_differences_of_logarithms():
    d = D.Logistic(np.array(0.0), np.array(1.0))
    low, high = np.array([900.0, -901.0]), np.array([901.0, -900.0])
    expected = -900 + math.log1p(-math.exp(-1))
    np.testing.assert_allclose(d.log_interval_probability(low, high).array, [expected] * 2, rtol=1e-15)


def test_vectors_have_none():
    d = D.Independent(D.Normal(np.zeros((2, 3)), 1.0), 1)
    with pytest.raises(NotImplementedError, match="Independent has no interval_probability"):
        d.interval_probability(np.zeros(3), np.ones(3))
