"""Quadrature of divergences, and the error that it claims: poles, far tails, very many counts."""

from __future__ import annotations

import itertools
import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
from pdist import Variable, kl_divergence

# Of each class some distributions that have little in common: every ordered pair is compared.
PARAMETERS: list[tuple[Any, list[tuple[float, ...]]]] = [
    (D.Beta, [(0.01, 3.0), (1e4, 1e4), (0.01, 0.01), (2.0, 3.0), (3.0, 0.05), (0.001, 0.002)]),
    (D.Gamma, [(0.001, 1.0), (0.01, 1.0), (2.0, 3.0), (1e6, 1e-6), (0.3, 1e10)]),
    (D.InverseGamma, [(0.01, 1.0), (2.0, 3.0), (50.0, 10.0)]),
    (D.Chisquare, [(0.01,), (3.0,), (1000.0,)]),
    (D.Weibull, [(1.0, 1.0), (1.0, 0.05), (3.0, 20.0), (1e-5, 0.3)]),
    (D.Normal, [(0.0, 1.0), (10.0, 1e-3), (0.0, 1e5), (1e-3, 1.001)]),
    (D.Cauchy, [(0.0, 1.0), (1e4, 1.0), (0.0, 1e6), (0.0, 1e-6)]),
    (D.Gumbel, [(0.0, 1.0), (3.0, 0.2), (-5.0, 3.0)]),
    (D.Pareto, [(1.0, 0.1), (1.0, 3.0), (1.0, 50.0)]),
    (D.LogNormal, [(0.0, 1.0), (2.0, 0.1), (0.0, 8.0)]),
    (D.TruncatedNormal, [(0.0, 1.0, 2.0, 9.0), (0.0, 5.0, 2.0, 9.0), (50.0, 1.0, 2.0, 9.0)]),
    (D.Poisson, [(0.01,), (3.0,), (1e12,), (1.000001e12,)]),
    (D.Geometric, [(0.01,), (0.9,), (1e-7,)]),
    (D.Zipf, [(1.1,), (2.0,), (3.5,), (20.0,)]),
]


@pytest.mark.parametrize(("cls", "chosen"), PARAMETERS, ids=lambda v: getattr(v, "__name__", ""))
def test_a_claimed_error_is_not_exceeded(cls: Any, chosen: list[tuple[float, ...]]) -> None:
    """Against the closed form, which is right to a few units in the last place."""
    for a, b in itertools.permutations(chosen, 2):
        p, q = (cls(*[np.array(v) for v in values]) for values in (a, b))
        truth = kl_divergence(p, q).item()
        value, error = kl_divergence(p, q, method="quadrature", return_error=True)
        wrong = 0.0 if value.item() == truth else abs(value.item() - truth)
        assert wrong <= error + 1e-14 * abs(truth) + 1e-15, (p, q, value.item(), truth, error)


SHAPES = st.floats(-2.5, 3.0).map(lambda v: float(f"{10**v:.6g}"))


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(st.sampled_from([D.Beta, D.Gamma, D.Weibull, D.InverseGamma]), st.tuples(*[SHAPES] * 4))
def test_poles_of_any_strength(cls: Any, shapes: tuple[float, ...]) -> None:
    p, q = cls(np.array(shapes[0]), shapes[1]), cls(np.array(shapes[2]), shapes[3])
    truth = kl_divergence(p, q).item()
    value, error = kl_divergence(p, q, method="quadrature", return_error=True)
    wrong = 0.0 if value.item() == truth else abs(value.item() - truth)
    assert wrong <= error + 1e-12 * abs(truth) + 1e-14, (truth, error)


@pytest.mark.slow
@settings(max_examples=3000, suppress_health_check=list(HealthCheck))
@given(st.sampled_from([D.Beta, D.Gamma, D.Weibull, D.InverseGamma]), st.tuples(*[SHAPES] * 4))
def test_poles_of_any_strength_deeply(cls: Any, shapes: tuple[float, ...]) -> None:
    test_poles_of_any_strength.hypothesis.inner_test(cls, shapes)


def test_ordinary_pairs_are_exact() -> None:
    """With an error that says so."""
    for p, q in (
        (D.Beta(np.array(0.1), 0.1), D.Uniform(np.array(0.0), 1.0)),
        (D.Uniform(np.array(0.0), 1.0), D.Beta(np.array(0.1), 0.1)),
        (D.Normal(np.array(0.0), 1.0), D.Laplace(np.array(0.5), 2.0)),
        (D.Gamma(np.array(2.0), 3.0), D.LogNormal(np.array(0.5), 2.0)),
    ):
        truth = kl_divergence(p, q).item()
        value, error = kl_divergence(p, q, method="quadrature", return_error=True)
        assert abs(value.item() - truth) <= error < 1e-6 * (1 + truth)


def test_a_truncated_pole() -> None:
    """Gamma(a, 1) up to 2 against Gamma(b, 1), whose divergence is a sum of digammas and powers."""
    a, b = 0.01, 0.3
    with mp.workdps(40):
        norm = mp.gammainc(a, 0, 2)
        mean_log = mp.quad(lambda t: t * mp.exp(a * t - mp.exp(t)), [-6000, -100, -10, 0, mp.log(2)]) / norm
        truth = (a - b) * mean_log - mp.log(norm) + mp.loggamma(b)
    p = D.Truncated(D.Gamma(np.array(a), 1.0), 0.0, 2.0)
    value, error = kl_divergence(p, D.Gamma(np.array(b), 1.0), method="quadrature", return_error=True)
    assert abs(value.item() - truth) <= error < 1e-8


def test_what_diverges_says_so() -> None:
    """Where q lacks what p has the value is certain; the error of an integral that diverges is infinite."""
    certain = kl_divergence(
        D.Uniform(np.array(0.0), 1.0), D.Uniform(np.array(0.5), 2.0), method="quadrature", return_error=True
    )
    assert certain[0].item() == math.inf and certain[1] == 0
    _, error = kl_divergence(
        D.Cauchy(np.array(0.0), 1.0), D.Normal(np.array(0.0), 1.0), method="quadrature", return_error=True
    )
    assert error == math.inf


def test_gradients_next_to_poles_and_over_many_counts() -> None:
    for p, q in (
        (D.Beta, D.Beta),
        (D.Gamma, D.Gamma),
    ):
        leaves = [Variable(np.array(v)) for v in (0.1, 0.2, 0.3, 2.0)]
        found = [
            pdist.grad([kl_divergence(p(*leaves[:2]), q(*leaves[2:]), method=method)], leaves)
            for method in (None, "quadrature")
        ]
        for exact, estimate in zip(*found, strict=True):
            np.testing.assert_allclose(estimate.array, exact.array, rtol=1e-6)
    for cls, values in ((D.Zipf, (1.5, 2.5)), (D.Poisson, (1e12, 1.000001e12))):
        leaves = [Variable(np.array(v)) for v in values]
        found = [
            pdist.grad([kl_divergence(cls(leaves[0]), cls(leaves[1]), method=method)], leaves)
            for method in (None, "quadrature")
        ]
        for exact, estimate in zip(*found, strict=True):
            np.testing.assert_allclose(estimate.array, exact.array, rtol=1e-8)


def test_a_moving_end_with_a_pole() -> None:
    """The gradient by the location of a density that has its pole there."""
    loc = Variable(np.array(1.5))
    p = D.Truncated(D.Gamma(np.array(0.5), 1.0), 0.0, 4.0)
    moved = D.Triangular(loc - 1.0, loc + 2.0, loc)
    y = kl_divergence(moved, D.Normal(np.array(0.0), 1.0), method="quadrature")
    (slope,) = pdist.grad([y], [loc])
    assert abs(slope.item() - (1.5 + 1.0 / 3.0)) < 1e-7  # that of the mean's square, halved
    assert math.isfinite(kl_divergence(p, D.Gamma(np.array(0.3), 1.0), method="quadrature").item())
