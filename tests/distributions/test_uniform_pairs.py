"""Divergences from Uniforms, and of InverseGammas with other waiting times, against quadrature and mpmath."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import pdist
import pdist.distributions as D

LINE = [(-3.0, 1.5), (0.2, 0.3), (-40.0, 60.0), (5.0, 5.0 + 2**-12)]
HALF = [(0.0, 1.5), (0.2, 0.3), (0.5, 60.0), (5.0, 5.0 + 2**-12)]
UNIT = [(0.0, 1.0), (0.25, 0.375), (0.5, 0.5 + 2**-12), (2**-9, 0.99)]
TARGETS = [
    (LINE, D.Cauchy, (0.3, 1.2)),
    (LINE, D.StudentT, (3.5, 0.3, 1.2)),
    (LINE, D.Logistic, (0.3, 1.2)),
    (LINE[:2] + LINE[3:], D.Moyal, (0.3, 1.2)),
    (LINE, D.AsymmetricLaplace, (0.3, 1.2, 1.7)),
    (LINE, D.GeneralizedNormal, (0.25, 1.2, 1.7)),
    (HALF, D.Gamma, (2.5, 1.2)),
    (HALF, D.Gamma, (0.4, 3.0)),
    (HALF, D.Chisquare, (3.0,)),
    (HALF[1:], D.InverseGamma, (2.5, 1.2)),
    (HALF[1:], D.InverseGaussian, (2.5, 1.2)),
    (HALF[1:], D.Levy, (-0.1, 1.2)),
    (HALF[1:], D.Pareto, (0.125, 1.2)),
    (HALF, D.Lomax, (0.5, 1.2)),
    (HALF, D.LogNormal, (0.3, 1.2)),
    (HALF, D.Weibull, (2.0, 1.7)),
    (HALF, D.Weibull, (3.0, 0.6)),
    (HALF[:2] + HALF[3:], D.Gompertz, (0.5, 0.7)),
    (HALF, D.HalfNormal, (1.2,)),
    (HALF, D.HalfCauchy, (1.2,)),
    (HALF, D.HalfStudentT, (3.5, 1.2)),
    (UNIT, D.ContinuousBernoulli, (0.7,)),
    (UNIT, D.Arcsine, (-0.5, 1.5)),
    (UNIT, D.Arcsine, (0.0, 1.0)),
    (UNIT, D.Triangular, (-0.5, 1.5, 0.6)),
    (UNIT, D.Triangular, (0.0, 1.0, 0.0)),
    (UNIT, D.Triangular, (0.0, 1.0, 1.0)),
    (UNIT, D.TruncatedNormal, (0.3, 1.2, -0.5, 1.5)),
]


def made(cls, numbers, dtype=np.float64):
    leaves = [pdist.Variable(np.asarray(v, dtype), requires_grad=True) for v in numbers]
    return cls(*leaves), leaves


def slopes(y, leaves):
    return [0.0 if g is None else g.item() for g in pdist.grad([y], leaves)]


@pytest.mark.parametrize(("intervals", "cls", "numbers"), TARGETS)
def test_from_a_uniform(intervals, cls, numbers):
    for low, high in intervals:
        p, ends = made(D.Uniform, (low, high))
        q, leaves = made(cls, numbers)
        y = pdist.kl_divergence(p, q)
        integral = pdist.kl_divergence(p, q, method="quadrature")
        np.testing.assert_allclose(y.item(), integral.item(), rtol=1e-9, atol=1e-12)
        found, expected = slopes(y, leaves), slopes(integral, leaves)
        touched = cls is D.Arcsine and numbers[0] == low  # an infinite slope by the end
        if cls is not D.Triangular and not touched:  # whose kink is moved by its peak
            exact = 1e-6 if cls is D.AsymmetricLaplace else 1e-7  # a kink, for the quadrature
            np.testing.assert_allclose(found, expected, rtol=exact, atol=1e-8)
        step = 1e-6 * (high - low)
        moved = [
            (pdist.kl_divergence(D.Uniform(*np.array([low + a, high + b])), q).item() - y.item()) / step
            for a, b in ((step, 0.0), (0.0, -step))
        ]
        if low > 0:
            by_low, by_high = slopes(y, ends)
            np.testing.assert_allclose(moved, [by_low, -by_high], rtol=1e-4, atol=1e-4)


def test_log_density_of_a_narrow_uniform_is_taken_in_the_middle():
    """-log(w q(m)) and a term in w^2, to the last digits."""
    low, width = 3.0, 2.0**-30
    p = D.Uniform(np.array(low), low + width)
    for _, cls, numbers in TARGETS:
        if cls not in (D.ContinuousBernoulli, D.Arcsine, D.Triangular, D.TruncatedNormal):
            q, _ = made(cls, numbers)
            expected = -q.log_prob(low + 0.5 * width).item() - np.log(width)
            np.testing.assert_allclose(pdist.kl_divergence(p, q).item(), expected, rtol=1e-15, err_msg=cls)


@pytest.mark.parametrize("t", [1e-9, 0.01, 0.39, 0.41, 0.9, 1.0])
def test_to_the_last_digits(t):
    """Of a Gamma, a LogNormal, a Weibull and an InverseGaussian, against mpmath."""
    mp = mpmath
    low, high = (mp.mpf(float(v)) for v in (3 * (1 - t), 3 * (1 + t)))
    p = D.Uniform(np.array(float(low)), float(high))
    with mp.workdps(60):
        area = lambda f: (f(high) - f(low)) / (high - low)
        xlogx = lambda x: x * mp.log(x) if x else mp.mpf(0)
        log = area(lambda x: xlogx(x) - x)
        square = area(lambda x: x * mp.log(x) ** 2 - 2 * xlogx(x) + 2 * x if x else mp.mpf(0))
        k, theta, mu, sigma, shape = map(mp.mpf, (2.5, 1.25, 0.25, 1.25, 1.75))
        truths = {
            D.Gamma(2.5, np.array(1.25)): (
                mp.loggamma(k) + k * mp.log(theta) - (k - 1) * log + (low + high) / 2 / theta
            ),
            D.LogNormal(0.25, np.array(1.25)): (
                log + mp.log(2 * mp.pi * sigma**2) / 2 + (square - 2 * mu * log + mu**2) / (2 * sigma**2)
            ),
            D.Weibull(1.25, np.array(1.75)): (
                -mp.log(shape / theta)
                - (shape - 1) * (log - mp.log(theta))
                + area(lambda x: x ** (shape + 1) / (shape + 1)) / theta**shape
            ),
        }
        for q, cross in truths.items():
            truth = float(cross - mp.log(high - low))
            np.testing.assert_allclose(pdist.kl_divergence(p, q).item(), truth, rtol=4e-15)


@pytest.mark.parametrize(
    ("q", "p"),
    [
        (D.Gamma(2.0, np.array(1.0)), D.Uniform(-1.0, 1.0)),
        (D.Pareto(1.0, np.array(1.0)), D.Uniform(0.5, 3.0)),
        (D.Levy(1.0, np.array(1.0)), D.Uniform(0.5, 3.0)),
        (D.ContinuousBernoulli(np.array(0.3)), D.Uniform(0.5, 1.5)),
        (D.Arcsine(0.0, np.array(1.0)), D.Uniform(-0.5, 0.5)),
        (D.Triangular(0.0, 1.0, np.array(0.3)), D.Uniform(0.5, 1.5)),
        (D.TruncatedNormal(0.0, 1.0, 0.0, np.array(1.0)), D.Uniform(0.5, 1.5)),
    ],
)
def test_infinite_where_it_is_not_covered_with_finite_slopes(q, p):
    leaves = [v for _, v in q._leaves()]
    leaves = [pdist.Variable(v.array, requires_grad=True) for v in leaves]
    q = type(q)(*leaves)
    y = pdist.kl_divergence(p, q)
    assert y.item() == np.inf
    assert all(np.isfinite(g) for g in slopes(y, leaves))


INVERSE = [
    (D.InverseGamma, (2.5, 1.2), D.Gamma, (3.0, 0.7)),
    (D.InverseGamma, (40.0, 60.0), D.Gamma, (41.0, 0.04)),
    (D.InverseGamma, (2.5, 1.2), D.Chisquare, (3.0,)),
    (D.InverseGamma, (2.5, 1.2), D.Exponential, (0.7,)),
    (D.Gamma, (2.5, 1.2), D.InverseGamma, (3.0, 0.7)),
    (D.Chisquare, (5.0,), D.InverseGamma, (3.0, 0.7)),
    (D.Weibull, (1.2, 2.5), D.InverseGamma, (3.0, 0.7)),
    (D.InverseGamma, (3.5, 1.2), D.Weibull, (0.9, 1.7)),
]


@pytest.mark.parametrize(("p_class", "p_numbers", "q_class", "q_numbers"), INVERSE)
def test_inverse_gamma(p_class, p_numbers, q_class, q_numbers):
    (p, first), (q, second) = made(p_class, p_numbers), made(q_class, q_numbers)
    y = pdist.kl_divergence(p, q)
    integral, error = pdist.kl_divergence(p, q, method="quadrature", return_error=True)
    assert abs(y.item() - integral.item()) <= error + 1e-9 * abs(integral.item())
    np.testing.assert_allclose(slopes(y, second), slopes(integral, second), rtol=1e-6, atol=1e-8)
    for i, leaf in enumerate(first):
        ends = []
        for sign in (1, -1):
            moved = [v.item() * (1 + sign * 1e-5 * (i == j)) for j, v in enumerate(first)]
            ends.append(pdist.kl_divergence(made(p_class, moved)[0], q).item())
        slope = (ends[0] - ends[1]) / (2e-5 * leaf.item())
        np.testing.assert_allclose(slopes(y, first)[i], slope, rtol=1e-6, atol=1e-8)


def test_moments_that_do_not_exist():
    inverse = D.InverseGamma(1.0, np.array(1.0))
    assert pdist.kl_divergence(inverse, D.Gamma(1.0, 1.0)).item() == np.inf
    assert pdist.kl_divergence(D.Exponential(np.array(1.0)), inverse).item() == np.inf
    assert pdist.kl_divergence(D.Weibull(1.0, np.array(1.0)), inverse).item() == np.inf
    assert pdist.kl_divergence(inverse, D.Weibull(1.0, np.array(1.5))).item() == np.inf


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (D.Uniform(np.array(0.0), 1.0), D.Levy(0.0, 1.0)),
        (D.Uniform(np.array(0.0), 1.0), D.InverseGaussian(1.0, 1.0)),
        (D.Exponential(np.array(1.0)), D.InverseGamma(4.5, 1.0)),
        (D.InverseGamma(np.array(1.0), 1.0), D.Gamma(1.0, 1.0)),
        (D.Pareto(np.array(1.0), 1.0), D.Exponential(1.0)),
    ],
)
def test_quadrature_says_that_it_diverges(p, q):
    """Where log q grows to the end as 1/x does, and p has a density there."""
    assert pdist.kl_divergence(p, q).item() == np.inf
    _, error = pdist.kl_divergence(p, q, method="quadrature", return_error=True)
    assert error == np.inf


def test_quadrature_of_what_barely_converges():
    p, q = D.Gamma(np.array(1.1), 1.0), D.InverseGamma(1.0, 1.0)
    value, error = pdist.kl_divergence(p, q, method="quadrature", return_error=True)
    assert abs(value.item() - pdist.kl_divergence(p, q).item()) <= error < 1e-9
