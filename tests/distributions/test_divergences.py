"""Divergences: the registry, its formulas against quadrature and Monte Carlo, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import pdist
import pdist.distributions as D
from pdist.distributions.divergences.registry import find_kl, register_kl, registered_kl

UNIVARIATE = {
    "Normal": lambda a, b: D.Normal(a, b),
    "Laplace": lambda a, b: D.Laplace(a, b),
    "LogNormal": lambda a, b: D.LogNormal(a, b),
    "Uniform": lambda a, b: D.Uniform(loc=a, scale=b),
    "Poisson": lambda a, b: D.Poisson(abs(a) + b),
    "Bernoulli": lambda a, b: D.Bernoulli(logit=a + b),
    "Categorical": lambda a, b: D.Categorical(logit=pdist.functions.stack([a, b, a * b], axis=-1)),
}
PAIRS = sorted(
    (p.__name__, q.__name__) for p, q in registered_kl() if {p.__name__, q.__name__} <= set(UNIVARIATE)
)
INFINITE = [(p, q) for p, q in PAIRS if q == "Uniform" and p != "Uniform"]
FINITE = [x for x in PAIRS if x not in INFINITE]


def pair(p_name, q_name, a=0.3, b=0.7, c=-0.4, d=1.9):
    leaves = [pdist.Variable(np.float64(v)) for v in (a, b, c, d)]
    if q_name == "Uniform":  # around p
        return UNIVARIATE[p_name](*leaves[:2]), D.Uniform(low=leaves[2] - 9.0, high=leaves[3] + 9.0), leaves
    return UNIVARIATE[p_name](*leaves[:2]), UNIVARIATE[q_name](*leaves[2:]), leaves


@pytest.mark.parametrize(("p_name", "q_name"), FINITE)
def test_formula_equals_quadrature_with_its_gradients(p_name, q_name):
    p, q, leaves = pair(p_name, q_name)
    formula = pdist.kl_divergence(p, q)
    integral = pdist.kl_divergence(p, q, method="quadrature")
    np.testing.assert_allclose(integral.array, formula.array, rtol=1e-9)
    for one, other in zip(pdist.grad([formula], leaves), pdist.grad([integral], leaves), strict=True):
        one, other = (0.0 if g is None else g.array for g in (one, other))  # the integral may know less
        np.testing.assert_allclose(other, one, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize(("p_name", "q_name"), FINITE)
def test_monte_carlo_is_unbiased_with_its_gradients(p_name, q_name):
    p, q, leaves = pair(p_name, q_name)
    exact = pdist.grad([pdist.kl_divergence(p, q)], leaves)
    estimates, gradients = [], []
    for seed in range(30):
        y = pdist.kl_divergence(p, q, method="monte_carlo", n_samples=2000, rng=seed)
        estimates.append(y.item())
        gradients.append([0.0 if g is None else g.item() for g in pdist.grad([y], leaves)])
    check_mean(estimates, pdist.kl_divergence(p, q).item())
    for got, g in zip(np.transpose(gradients), exact, strict=True):
        check_mean(got, 0.0 if g is None else g.item())


def check_mean(values, expected):
    """Within five standard errors."""
    assert abs(np.mean(values) - expected) <= 5 * np.std(values) / np.sqrt(len(values)) + 1e-12


def test_cross_entropy_by_every_method():
    p, q, _ = pair("Normal", "Laplace")
    exact = pdist.cross_entropy(p, q).item()
    assert exact == pytest.approx((p.entropy + pdist.kl_divergence(p, q)).item())
    assert pdist.cross_entropy(p, q, method="quadrature").item() == pytest.approx(exact, rel=1e-9)
    assert pdist.cross_entropy(p, q, method="monte_carlo", n_samples=100_000, rng=0).item() == pytest.approx(
        exact, rel=0.02
    )


def test_batches_broadcast():
    p = D.Normal(np.zeros((3, 1)), 1.0)
    q = D.Laplace(np.arange(2.0), np.array([1.0, 2.0]))
    for method in (None, "quadrature", "monte_carlo"):
        assert pdist.kl_divergence(p, q, method=method).shape == (3, 2)


def test_float32_stays_float32():
    p, q = D.Normal(np.float32(0), np.float32(1)), D.Normal(np.float32(1), np.float32(2))
    for method in ("quadrature", "monte_carlo"):
        y = pdist.kl_divergence(p, q, method=method, rng=0)
        assert y.dtype == np.float32
        assert y.item() == pytest.approx(
            pdist.kl_divergence(p, q).item(), rel=1e-5 if method == "quadrature" else 0.2
        )


@pytest.mark.parametrize(("p_name", "q_name"), INFINITE)
def test_both_tell_infinity(p_name, q_name):
    p, q, _ = pair(p_name, q_name)
    assert pdist.kl_divergence(p, q).item() == np.inf
    assert pdist.kl_divergence(p, q, method="quadrature").item() == np.inf


class Strange(D.Distribution):
    """Something without a formula."""

    loc = D.Param(D.supports.real)
    support = D.supports.real


class Stranger(D.Normal):
    """Something that inherits one."""


def test_the_most_specific_formula_is_found():
    assert find_kl(Stranger, Stranger) is find_kl(D.Normal, D.Normal)

    @register_kl(Stranger, D.Normal)
    def rule(p, q):
        return 42

    assert pdist.kl_divergence(Stranger(0, 1), Stranger(0, 1)) == 42
    assert pdist.kl_divergence(D.Normal(0, 1), Stranger(0, 1)).item() == 0
    with pytest.raises(ValueError, match="already a formula for Stranger and Normal"):
        register_kl(Stranger, D.Normal)(rule)
    with pytest.raises(TypeError, match="not a Distribution subclass"):
        register_kl(int, D.Normal)


@pytest.mark.parametrize(
    ("p", "q", "kwargs", "error", "message"),
    [
        (
            Strange(0.0),
            D.Normal(0, 1),
            {},
            NotImplementedError,
            "no formula for Strange and Normal; .*Laplace and Normal.*quadrature",
        ),
        (D.Normal(0, 1), D.Normal(0, 1), {"method": "exact"}, ValueError, "method is 'exact'"),
        (
            D.Normal(0, 1),
            D.Normal(0, 1),
            {"method": "monte_carlo", "n_samples": 0},
            ValueError,
            "n_samples is 0",
        ),
        (D.Normal(0, 1), 3.0, {}, TypeError, "q is 3.0; expected a Distribution"),
        (D.Normal(np.zeros(2), 1), D.Normal(np.zeros(3), 1), {}, ValueError, r"\(2,\) of p and \(3,\) of q"),
        (
            D.Normal(0, 1),
            D.OneHotCategorical(p=np.array([0.5, 0.5])),
            {},
            ValueError,
            r"event shape \(\) and q \(2,\)",
        ),
        (
            *[D.OneHotCategorical(p=np.array([0.5, 0.5]))] * 2,
            {"method": "quadrature"},
            ValueError,
            "is for numbers",
        ),
    ],
)
def test_what_is_refused(p, q, kwargs, error, message):
    for function in (pdist.kl_divergence, pdist.cross_entropy):
        with pytest.raises(error, match=message):
            function(p, q, **kwargs)
