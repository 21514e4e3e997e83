"""Moments: by a formula, by quadrature, and SciPy's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from test_fitting import DRAWN_FROM

import pdist
import pdist.distributions as D

# Those with tails so heavy that some of the moments below do not exist, and those without moments.
HEAVY = (D.Cauchy, D.HalfCauchy, D.Levy, D.Pareto, D.LogLogistic, D.StudentT, D.HalfStudentT, D.Zipf)
HEAVY = (*HEAVY, D.InverseGamma, D.GeneralizedPareto, D.GeneralizedExtremeValue, D.JohnsonSU)
ANGLES = (D.VonMises, D.WrappedCauchy, D.WrappedNormal)
LIGHT = [d for d in DRAWN_FROM if not isinstance(d, (*HEAVY, *ANGLES))]
named = pytest.mark.parametrize("d", LIGHT, ids=lambda d: type(d).__name__)


@named
def test_quadrature_agrees_with_formulas(d: Any) -> None:
    if isinstance(d, (D.Deterministic, D.RelaxedBernoulli)):
        return
    for n in (0, 1, 2, 3, 4):
        for central in (False, True):
            try:
                known = d.moment(n, central)
            except NotImplementedError as error:
                assert "quadrature" in str(error) and n > 2
                continue
            found = d.moment(n, central, method="quadrature")
            assert known.shape == found.shape == d.batch_shape
            size = abs(known.array) + float(d.stddev.array) ** n
            assert abs(found.array - known.array) < 1e-8 * size, (n, central)


@named
def test_quadrature_agrees_with_scipy(d: Any) -> None:
    try:
        twin = d.to_scipy()
    except NotImplementedError:
        return
    if type(d) is D.Moyal:  # whose fourth is wrong
        return
    for n in (1, 4):
        found = d.moment(n, method="quadrature").item()
        np.testing.assert_allclose(found, twin.moment(n), rtol=1e-6, atol=1e-9)


def test_of_normal() -> None:
    """For all n those of Hermite polynomials."""
    d = D.Normal(np.array([1.0, -2.0]), 2.0)
    np.testing.assert_allclose(d.moment(6, central=True, method="quadrature").array, 15 * 64, rtol=1e-9)
    np.testing.assert_array_equal(d.moment(3, central=True).array, 0)
    np.testing.assert_array_equal(d.moment(0).array, [1, 1])
    np.testing.assert_array_equal(d.moment(1, central=True).array, [0, 0])


def test_formulas_for_every_n() -> None:
    n = 7
    cases = [
        (D.Exponential(np.array(2.0)), math.factorial(7) / 2**7),
        (D.Gamma(2.5, theta=np.array(3.0)), math.gamma(9.5) / math.gamma(2.5) * 3**7),
        (D.Gamma(2.5, rate=np.array(0.5)), math.gamma(9.5) / math.gamma(2.5) * 2**7),
        (D.Chisquare(np.array(5.0)), math.gamma(9.5) / math.gamma(2.5) * 2**7),
        (D.InverseGamma(9.5, theta=np.array(3.0)), math.gamma(2.5) / math.gamma(9.5) * 3**7),
        (D.Weibull(2.0, shape=np.array(3.0)), 2**7 * math.gamma(1 + 7 / 3)),
        (D.Pareto(2.0, alpha=np.array(8.0)), 2**7 * 8.0),
        (D.LogNormal(mu=0.5, sigma=np.array(0.5)), math.exp(3.5 + 49 / 8)),
        (D.Beta(2.0, np.array(3.0)), math.gamma(9) / math.gamma(2) * math.gamma(5) / math.gamma(12)),
        (D.Bernoulli(p=np.array(0.3)), 0.3),
    ]
    for d, expected in cases:
        np.testing.assert_allclose(d.moment(n).array, expected, rtol=1e-13, err_msg=type(d).__name__)


def test_moments_that_do_not_exist() -> None:
    pareto = D.Pareto(1.0, alpha=np.array([2.5, 3.0, 3.5]))
    np.testing.assert_array_equal(np.isinf(pareto.moment(3).array), [True, True, False])
    found = D.Pareto(1.0, alpha=np.array([1.5, 2.5])).moment(2, method="quadrature").array
    assert np.isinf(found[0]) and abs(found[1] / 5 - 1) < 1e-6
    cauchy = D.Cauchy(np.array(1.0), 1.0)
    assert np.isnan(cauchy.moment(1).array) and np.isnan(cauchy.moment(3, method="quadrature").array)
    assert np.isinf(cauchy.moment(2, method="quadrature").array)
    t = D.StudentT(df=np.array([1.5, 2.5, 4.5]), loc=1.0, scale=1.0)
    np.testing.assert_array_equal(np.isfinite(t.moment(2).array), [False, True, True])
    assert np.isinf(D.Levy(np.array(0.0), 1.0).moment(1).array)


@pytest.mark.parametrize("method", [None, "quadrature"])
def test_gradients(method: Any) -> None:
    k, theta = (pdist.Variable(np.array(v)) for v in (2.0, 3.0))
    y = D.Gamma(k, theta=theta).moment(3, method=method)
    by_k, by_theta = (g.array for g in pdist.grad([y], [k, theta]))
    np.testing.assert_allclose(by_k, 27 * (3 * 4 + 2 * 4 + 2 * 3), rtol=1e-7)
    np.testing.assert_allclose(by_theta, 3 * 9 * 24, rtol=1e-7)
    y = D.Gamma(k, theta=theta).moment(2, central=True, method=method)
    np.testing.assert_allclose([g.array for g in pdist.grad([y], [k, theta])], [9, 12], rtol=1e-7)


def test_batches_dtypes_and_wrappers() -> None:
    d = D.Gamma(np.array([[1.0], [2.0]], "f4"), theta=np.array([1.0, 2.0, 3.0], "f4"))
    for method in (None, "quadrature"):
        y = d.moment(2, method=method)
        assert y.shape == (2, 3) and y.dtype == np.float32
    half = D.Truncated(D.Normal(np.array(0.0), 1.0), 0.0, math.inf)
    assert abs(half.moment(4, method="quadrature").item() - 3) < 1e-9
    mixture = D.MixtureSameFamily(
        D.Categorical(p=np.array([0.5, 0.5])), D.Normal(np.array([-1.0, 1.0]), np.array([1.0, 1.0]))
    )
    assert abs(mixture.moment(4, method="quadrature").item() - 10) < 1e-8


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda d: d.moment(-1), ValueError, ["Normal.moment", "-1"]),
        (lambda d: d.moment(1.5), TypeError, ["Normal.moment", "1.5"]),
        (lambda d: d.moment(2, method="guess"), ValueError, ["Normal.moment", "'guess'", "quadrature"]),
        (lambda d: d.moment(5), NotImplementedError, ["Normal.moment", "n=5", "quadrature"]),
        (lambda d: D.Kumaraswamy(2.0, 1.0).moment(3), NotImplementedError, ["Kumaraswamy", "quadrature"]),
        (lambda d: D.VonMises(0.0, 1.0).moment(2), NotImplementedError, ["VonMises", "moment"]),
        (lambda d: D.OneHotCategorical(p=[0.5, 0.5]).moment(2), NotImplementedError, ["OneHotCategorical"]),
    ],
)
def test_bad_calls(call: Any, kind: Any, words: list[str]) -> None:
    with pytest.raises(kind) as error:
        call(D.Normal(0.0, 1.0))
    assert all(word in str(error.value) for word in words), error.value
