"""Lattice: what a distribution of counts gets from the family, by one tail or by its probabilities alone."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from exactly import require
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import pdist
import pdist.distributions as D
from pdist import Variable
from pdist import functions as F
from pdist.distributions import Param, supports
from pdist.distributions.families.lattice import Lattice
from pdist.distributions.families.logits import Odds
from pdist.testing import check_distribution

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
TAILS = ("cdf", "survival_function", "log_cdf", "log_survival_function")


# New members, as short as they are meant to be -------------------------------------------------------------


class Geometric(Odds, Lattice):
    """How many failures come before the first success: one tail and the moments are stated."""

    support = supports.non_negative_integer

    def _log_prob(self, x: Variable) -> Variable:
        return F.where(x.array == 0, 0.0, x * self._log_q) + self._log_p

    def _log_survival_function(self, x: Variable) -> Variable:
        return (x + 1) * self._log_q

    def _mean(self) -> Variable:
        return self._q / self.p

    def _variance(self) -> Variable:
        return self._q / (self.p * self.p)


class Plain(Odds, Lattice):
    """The same by its probabilities alone."""

    support = supports.non_negative_integer
    _log_prob = Geometric._log_prob


class Binomial(Lattice):
    """How many of n coins fall on 1, by the probabilities alone; n is another one for each of the batch."""

    n = Param(supports.non_negative_integer)
    p = Param(supports.unit_interval)

    @property
    def support(self) -> Any:
        n = self.n.array
        inside = lambda xp, x: (x >= 0) & (x <= n) & (x == xp.floor(x))
        return supports.Support("{0, ..., n}", inside, discrete=True, low=0.0, high=n)

    def _log_prob(self, x: Variable) -> Variable:
        choices = F.lgamma(self.n + 1) - F.lgamma(x + 1) - F.lgamma(self.n - x + 1)
        return choices + F.xlogy(x, self.p) + F.xlog1py(self.n - x, -self.p)


class DiscreteUniform(Lattice):
    """One of ``low``, ..., ``high``, each as likely: a tail is stated, and each of a batch has its ends."""

    low = Param(supports.real)
    high = Param(supports.real)

    @property
    def support(self) -> Any:
        low, high = self.low.array, self.high.array
        inside = lambda xp, x: (x >= low) & (x <= high) & (x == xp.floor(x))
        return supports.Support("{low, ..., high}", inside, discrete=True, inner=low, low=low, high=high)

    def _log_prob(self, x: Variable) -> Variable:
        return -F.log(self.high - self.low + 1) + 0 * x

    def _cdf(self, x: Variable) -> Variable:
        return (x - self.low + 1) / (self.high - self.low + 1)

    def _mean(self) -> Variable:
        return 0.5 * (self.low + self.high)

    def _variance(self) -> Variable:
        n = self.high - self.low + 1
        return (n * n - 1) / 12


def variable(values: object, dtype: Any = np.float64) -> Variable:
    return Variable(np.asarray(values, dtype))


@pytest.mark.parametrize(
    "dist",
    [
        Geometric(variable([0.2, 0.9, 1.0])),
        Geometric(logit=variable([[-1.0], [2.0]], np.float32)),
        Plain(variable([0.2, 0.9])),
        Binomial(variable([5.0, 12.0]), variable([0.3, 0.8])),
        Binomial(variable(7.0, np.float32), variable([0.5, 0.1], np.float32)),
    ],
    ids=["Geometric", "Geometric by logit", "by probabilities", "Binomial", "Binomial in float32"],
)
def test_new_members_have_every_property(dist: D.Distribution) -> None:
    # There is no derivative by a whole number n; those by p are compared below.
    held = check_distribution(dist, without=("gradients",) if "n" in dist.params else ())
    missing = {name: what for name, what in held.items() if what != "holds"}
    assert missing.keys() <= {"pathwise", "kl"}, missing  # no gradients of draws; no pair is registered


# By probabilities alone ------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.02, 0.3, 0.97])
def test_sums_are_as_good_as_formulas(p: float) -> None:
    x = np.array([0, 1, 3, 10, 40, 200])
    a, b = variable(p), variable(p)
    stated, summed = Geometric(a), Plain(b)
    for name in TAILS:
        one, other = getattr(stated, name)(x), getattr(summed, name)(x)
        np.testing.assert_allclose(one.array, other.array, rtol=1e-12, atol=1e-300, err_msg=name)
        some = np.isfinite(one.array)  # the logarithm of a tail of many failures may be far out
        slopes = [pdist.grad([y[some]], [v])[0].array for y, v in ((one, a), (other, b))]
        np.testing.assert_allclose(*slopes, rtol=1e-9, err_msg=name)
    for name in ("mean", "variance", "stddev", "median", "mode"):
        np.testing.assert_allclose(
            getattr(stated, name).array, getattr(summed, name).array, rtol=1e-12, err_msg=name
        )
    entropy = -(p * math.log(p) + (1 - p) * math.log1p(-p)) / p
    np.testing.assert_allclose([stated.entropy.array, summed.entropy.array], entropy, rtol=1e-12)


def test_gradients_of_sums() -> None:
    n, p = np.array([5.0, 12.0]), np.array([0.3, 0.8])
    for name in ("mean", "variance", "entropy"):
        pdist.check_gradients(lambda p, name=name: getattr(Binomial(n, p), name), [p])
    for name in TAILS:
        pdist.check_gradients(lambda p, name=name: getattr(Binomial(n, p), name)(np.array([[2], [4]])), [p])


def test_a_far_tail_keeps_its_digits() -> None:
    d = Plain(variable(0.5))
    np.testing.assert_allclose(d.survival_function(900).array, 2.0**-901, rtol=1e-12)
    np.testing.assert_allclose(d.log_survival_function(3000).array, -3001 * math.log(2), rtol=1e-13)


def test_each_of_a_batch_ends_where_it_ends() -> None:
    n, p = np.array([0.0, 3.0, 40.0]), np.array([0.5, 0.25, 0.75])
    d = Binomial(variable(n), variable(p))
    x = np.array([[-1.0], [0.0], [2.5], [3.0], [29.0], [40.0], [np.inf]])
    np.testing.assert_allclose(d.cdf(x).array, stats.binom(n, p).cdf(x), rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(d.survival_function(x).array, stats.binom(n, p).sf(x), rtol=1e-11, atol=1e-16)
    np.testing.assert_allclose(d.mean.array, n * p, rtol=1e-13)
    np.testing.assert_allclose(d.variance.array, n * p * (1 - p), rtol=1e-12)
    np.testing.assert_array_equal(d.icdf(1.0).array, n)
    draws = d.sample(20000, rng=0).array
    assert (draws <= n).all()
    np.testing.assert_allclose(draws.mean(axis=0), n * p, atol=0.1)


def test_what_is_too_long_to_sum_is_refused() -> None:
    with pytest.raises(ValueError, match="Plain: more than 2097152 counts have probability"):
        _ = Plain(variable(1e-9)).mean
    with pytest.raises(ValueError, match="Plain: more than 2097152 counts"):
        Plain(variable(0.5)).survival_function(1e12)


def test_a_member_of_few_lines() -> None:
    """What a new member costs: the bodies above, without their docstrings, are what is counted."""
    import inspect

    for cls in (Geometric, Plain, Binomial, DiscreteUniform):
        assert len([line for line in inspect.getsource(cls).splitlines() if line.strip()]) <= 40


# Quantiles -------------------------------------------------------------------------------------------------


def smallest(cdf: Any, u: float) -> int:
    """By looking at one count after the other."""
    x = 0
    while cdf(x) < u:
        x += 1
    return x


@DTYPES
@given(p=st.sampled_from([1e-3, 0.1, 0.5, 0.99]), e=st.floats(-14, 0), upper=st.booleans())
def test_the_smallest_count_that_reaches_a_probability(dtype: Any, p: float, e: float, upper: bool) -> None:
    tail = 10.0 ** (e / 2 if dtype == np.float32 else e)
    u = float(dtype(1 - tail if upper else tail))
    for cls in (Geometric, Plain):
        d = cls(variable(p, dtype))
        x = d.icdf(np.array(u, dtype)).array
        assert x.dtype == dtype
        if 0 < u < 1:
            assert d.cdf(x).array >= u
            assert x == 0 or d.cdf(x - 1).array < u


def test_a_quantile_of_a_count_that_is_no_float() -> None:
    d = Geometric(variable([1e-17, 1e-300]))
    x = d.icdf(np.array([0.5, 0.5])).array
    np.testing.assert_allclose(x, math.log(2) / np.array([1e-17, 1e-300]), rtol=1e-14)


def test_ends_of_quantiles() -> None:
    d = Geometric(variable([0.25, 1.0]))
    u = np.array([-0.1, 0.0, 5e-324, 1.0, 1.1, np.nan])[:, None]
    got = d.icdf(u).array
    np.testing.assert_array_equal(got[:, 0], [np.nan, 0, 0, np.inf, np.nan, np.nan])
    np.testing.assert_array_equal(got[:, 1], [np.nan, 0, 0, 0, np.nan, np.nan])
    with pdist.using_config("validate", False):
        assert np.isnan(Geometric(variable(np.nan)).icdf(0.5).array)
    assert Geometric(variable(np.zeros((0, 3)))).icdf(0.5).shape == (0, 3)
    assert Geometric(variable(0.5)).icdf(np.zeros((2, 0))).shape == (2, 0)


@DTYPES
def test_quantiles_between_two_ends(dtype: Any) -> None:
    low, high = np.array([-3.0, 0.0, 7.0], dtype), np.array([2.0, 0.0, 1000.0], dtype)
    d = DiscreteUniform(variable(low, dtype), variable(high, dtype))
    n = high - low + 1
    for k in (0, 1, 2, 5, 999):
        at = np.minimum(k, n - 1)
        np.testing.assert_array_equal(d.icdf(((at + 0.5) / n).astype(dtype)).array, low + at)
        np.testing.assert_array_equal(d.icdf(d.cdf((low + at).astype(dtype))).array, low + at)
    np.testing.assert_array_equal(d.icdf(1.0).array, high)
    np.testing.assert_array_equal(d.icdf(0.0).array, low)
    np.testing.assert_array_equal(d.cdf(high).array, 1)
    np.testing.assert_array_equal(d.cdf(low - 1).array, 0)
    np.testing.assert_array_equal(d.survival_function(low - 0.5).array, 1)
    np.testing.assert_allclose(d.entropy.array, np.log(n), rtol=1e-6)
    draws = d.sample(3000, rng=0).array
    assert (draws.min(axis=0) == low)[:2].all()
    assert (draws.max(axis=0) == high)[:2].all()


@given(seed=st.integers(0, 99))
def test_a_search_finds_what_counting_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, p, u = rng.integers(0, 30), rng.random(), rng.random()
    d = D.Poisson(variable(10 * p))
    assert d.icdf(u).array == smallest(lambda x: d.cdf(x).array, u)
    d = Binomial(variable(float(n)), variable(p))
    assert d.icdf(u).array == smallest(lambda x: d.cdf(x).array, u)


@DTYPES
def test_draws_by_quantiles(dtype: Any) -> None:
    p = np.array([0.05, 0.6, 1.0], dtype)
    for cls in (Geometric, Plain):
        x = cls(p).sample((20000,), rng=3)
        assert x.dtype == dtype
        assert not x.requires_grad
        np.testing.assert_allclose(x.array.mean(axis=0), (1 - p) / p, rtol=0.05)


# Running sums in log space ---------------------------------------------------------------------------------


@DTYPES
@given(
    st.lists(st.floats(-2000, 300, width=32), min_size=1, max_size=40),
    st.integers(0, 2**16),
)
def test_log_running_sums(dtype: Any, a: list[float], seed: int) -> None:
    from pdist.numerics.tables import log_running_sums

    given_ = variable(a, dtype)
    y = log_running_sums(given_)
    g = np.random.default_rng(seed).standard_normal(len(a)).astype(dtype)
    with mp.workdps(900):
        e = [mp.exp(mp.mpf(float(v))) for v in given_.array]
        sums = [mp.fsum(e[: k + 1]) for k in range(len(e))]
        require(y, [mp.log(s) for s in sums], 8, beside=1.0)
        slopes = [
            mp.fsum(mp.mpf(float(g[k])) * e[j] / sums[k] for k in range(j, len(e))) for j in range(len(e))
        ]
        size = float(np.abs(g).sum())
    slack = 64 * np.finfo(dtype).eps * size * (1 + np.abs(given_.array).max())
    got = pdist.grad([y], [given_], [Variable(g)])[0].array
    np.testing.assert_allclose(got, [float(s) for s in slopes], rtol=0, atol=slack)


def test_log_running_sums_of_nothing() -> None:
    from pdist.numerics.tables import log_running_sums

    a = variable([-np.inf, -np.inf, 1.0, -np.inf])
    y = log_running_sums(a)
    np.testing.assert_array_equal(y.array, [-np.inf, -np.inf, 1, 1])
    np.testing.assert_array_equal(pdist.grad([y], [a])[0].array, [0, 0, 2, 0])
    pdist.check_gradients(log_running_sums, [np.random.default_rng(0).standard_normal((2, 9)) * 3])
