"""Folded: against what it is by another name, in the tails, and bad input."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from exactly import require
from scipy import stats

import pdist
import pdist.distributions as D
from pdist import Variable

X = np.array([0.0, 0.25, 1.5, 9.0, 35.0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (D.Folded(D.Normal(np.array(0.0), 2.0)), D.HalfNormal(np.array(2.0))),
        (D.Folded(D.Cauchy(np.array(0.0), 2.0)), D.HalfCauchy(np.array(2.0))),
        (D.Folded(D.StudentT(np.array(3.0), 0.0, 2.0)), D.HalfStudentT(np.array(3.0), 2.0)),
        (D.Folded(D.Laplace(np.array(0.0), 2.0)), D.Exponential(np.array(0.5))),
        (D.Folded(D.Gamma(np.array(2.0), 3.0)), D.Gamma(np.array(2.0), 3.0)),
    ],
    ids=lambda d: repr(d)[:30],
)
def test_by_another_name(one: Any, other: Any) -> None:
    for name in ("log_prob", "cdf", "survival_function", "log_cdf", "log_survival_function"):
        got, expected = getattr(one, name)(X).array, getattr(other, name)(X).array
        np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-300, err_msg=name)
    p = np.array([0.0, 1e-9, 0.3, 0.999, 1.0])  # a Normal has a formula for narrow intervals
    p[1] = p[1] if isinstance(one.distribution, D.Normal) else 1e-3
    np.testing.assert_allclose(one.icdf(p).array, other.icdf(p).array, rtol=1e-12)
    np.testing.assert_allclose(one.isf(1e-200).array, other.isf(1e-200).array, rtol=1e-12)
    if isinstance(one.distribution, D.Normal | D.Laplace | D.Gamma):
        np.testing.assert_allclose(one.mean.array, other.mean.array, rtol=1e-14)
        np.testing.assert_allclose(one.variance.array, other.variance.array, rtol=1e-14)


def test_folded_normals() -> None:
    loc = np.array([0.5, -3.0, 40.0])
    d, twin = D.Folded(D.Normal(loc, 1.5)), stats.foldnorm(abs(loc) / 1.5, scale=1.5)
    np.testing.assert_allclose(d.mean.array, twin.mean(), rtol=1e-13)
    np.testing.assert_allclose(d.variance.array, twin.var(), rtol=1e-10)
    np.testing.assert_allclose(d.icdf(0.3).array, twin.ppf(0.3), rtol=1e-12)
    np.testing.assert_allclose(d.moment(1, method="quadrature").array, d.mean.array, rtol=1e-9)


def test_gradients_of_quantiles() -> None:
    loc, scale, p = (Variable(np.array(v)) for v in (0.7, 1.3, 0.8))
    d = D.Folded(D.Normal(loc, scale))
    x = d.icdf(p)
    by_p, by_loc, by_scale = (g.item() for g in pdist.grad([x], [p, loc, scale]))
    density = d.prob(x.array).item()
    moved = pdist.grad([d.cdf(x.array)], [loc, scale])
    np.testing.assert_allclose([by_p, by_loc, by_scale], [1 / density, *(-g.item() / density for g in moved)])


def test_folded_counts() -> None:
    inner = D.Skellam(np.array(2.0), 3.0)
    d, n = D.Folded(inner), np.arange(6.0)
    both = inner.prob(n).array + np.where(n > 0, inner.prob(-n).array, 0)
    np.testing.assert_allclose(d.prob(n).array, both, rtol=1e-14)
    np.testing.assert_allclose(d.cdf(n + 0.5).array, both.cumsum(), rtol=1e-13)
    np.testing.assert_allclose(d.cdf(n).array + d.survival_function(n).array, 1, rtol=1e-14)
    assert (d.icdf(both.cumsum() - 1e-12).array == n).all()
    assert d.log_prob(1.5).item() == d.log_prob(-1.0).item() == -math.inf


@pytest.mark.parametrize("inner", [D.VonMises(0.0, 1.0), D.OneHotCategorical(p=np.array([0.5, 0.5])), 3.0])
def test_what_cannot_be_folded(inner: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=r"Folded: distribution is .*; expected"):
        D.Folded(inner)


def test_moments_without_a_formula() -> None:
    with pytest.raises(NotImplementedError, match="Folded has no formula for moments of a Gumbel"):
        _ = D.Folded(D.Gumbel(0.0, 1.0)).mean


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_digits(dtype: Any) -> None:
    """Density and tails of a folded Normal in units of the last place, near 0 and far out."""
    x = np.array([1e-20, 1e-3, 0.5, 2.0, 12.0], dtype)
    d = D.Folded(D.Normal(np.array(0.75, dtype), np.array(1.5, dtype)))
    with mp.workdps(50):
        z = [(mp.mpf(float(v)) - sign * mp.mpf(0.75)) / 1.5 for v in x for sign in (1, -1)]
        density = [mp.log((mp.npdf(a) + mp.npdf(b)) / 1.5) for a, b in zip(z[::2], z[1::2], strict=True)]
        above = [mp.ncdf(-a) + mp.ncdf(-b) for a, b in zip(z[::2], z[1::2], strict=True)]
        require(d.log_prob(x), density, 4)
        require(d.cdf(x), [1 - y for y in above], 24)  # the first is e^-47, of a rounded logarithm
        require(d.survival_function(x), above, 8)
        require(d.log_survival_function(x), [mp.log(y) for y in above], 24)
