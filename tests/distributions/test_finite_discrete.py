"""FiniteDiscrete and Deterministic: any order, classes of no probability, gradients to values, quadrature."""

from __future__ import annotations

import numpy as np
import pytest

import pdist.distributions as D
from pdist import Variable, cross_entropy, grad, kl_divergence


def test_values_in_any_order():
    p = np.array([0.1, 0.2, 0.3, 0.4])
    d = D.FiniteDiscrete(np.array([2.5, -1.0, 1e6, 0.0]), p=p)
    np.testing.assert_allclose(d.cdf([-2.0, -1.0, 0.0, 2.5, 1e5, 1e6]).array, [0, 0.2, 0.6, 0.7, 0.7, 1])
    np.testing.assert_allclose(d.survival_function([-1.0, 2.5, 1e6]).array, [0.8, 0.3, 0])
    np.testing.assert_array_equal(
        d.icdf([0.0, 0.19, 0.21, 0.65, 0.71, 1.0]).array, [-1, -1, 0, 2.5, 1e6, 1e6]
    )
    np.testing.assert_allclose(d.log_survival_function(2.5).array, np.log(0.3), rtol=1e-15)


def test_small_tails_of_logits():
    d = D.FiniteDiscrete(np.array([0.0, 1.0, 2.0]), logit=np.array([0.0, -800.0, -900.0]))
    np.testing.assert_allclose(d.log_survival_function([0.0, 1.0]).array, [-800, -900], rtol=1e-15)
    assert float(d.log_cdf(1.0)) == 0


def test_values_of_no_probability():
    p = Variable(np.array([0.0, 1.0]), requires_grad=True)
    d = D.FiniteDiscrete(np.array([3.0, 4.0]), p=p)
    y = d.log_prob([3.0, 4.0])
    np.testing.assert_array_equal(y.array, [-np.inf, 0])
    np.testing.assert_array_equal(grad([y], [p])[0].array, [0, 1])
    assert float(d.icdf(0.5)) == 4


def test_samples_and_quantiles_carry_gradients_to_values():
    v = Variable(np.array([5.0, -1.0, 2.0]), requires_grad=True)
    d = D.FiniteDiscrete(v, p=np.array([[0.2, 0.3, 0.5], [0.0, 0.0, 1.0]]))
    x = d.sample(1000, rng=0)
    counts = np.array([(x.array == value).sum() for value in v.array])
    np.testing.assert_array_equal(grad([x.sum()], [v])[0].array, counts)
    np.testing.assert_array_equal(grad([d.icdf(0.4)[0]], [v])[0].array, [0, 0, 1])
    with pytest.raises(ValueError, match=r"FiniteDiscrete\.rsample: samples carry no gradient to p"):
        D.FiniteDiscrete(v, p=Variable(np.full(3, 1 / 3), requires_grad=True)).rsample()


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"FiniteDiscrete: values is \[1. 1.\]; expected finite numbers"):
        D.FiniteDiscrete(np.ones(2), p=np.full(2, 0.5))
    with pytest.raises(ValueError, match="FiniteDiscrete: 3 values and 2 of p; expected as many"):
        D.FiniteDiscrete(np.arange(3.0), p=np.full(2, 0.5))


def test_quadrature_sums_over_the_values():
    values = np.array([0.5, 2.25, 7.0])
    p, q = (D.FiniteDiscrete(values, p=np.array(w)) for w in ([0.2, 0.3, 0.5], [0.5, 0.25, 0.25]))
    exact = 0.2 * np.log(0.4) + 0.3 * np.log(1.2) + 0.5 * np.log(2)
    np.testing.assert_allclose(float(kl_divergence(p, q, method="quadrature")), exact, rtol=1e-13)
    at = D.Deterministic(np.array(2.25))
    assert float(kl_divergence(at, q)) == float(kl_divergence(at, q, method="quadrature")) == -np.log(0.25)
    np.testing.assert_allclose(float(cross_entropy(at, q, method="quadrature")), -np.log(0.25), rtol=1e-15)


def test_a_certain_number():
    v = Variable(np.array([1e300, -0.25]), requires_grad=True)
    d = D.Deterministic(v)
    np.testing.assert_array_equal(grad([d.sample(5).sum()], [v])[0].array, [5, 5])
    np.testing.assert_array_equal(grad([d.icdf(0.5).sum()], [v])[0].array, [1, 1])
    np.testing.assert_array_equal(d.log_survival_function([np.inf, -np.inf]).array, [-np.inf, 0])
    np.testing.assert_array_equal(kl_divergence(d, D.Deterministic(np.array(1e300))).array, [0, np.inf])
    np.testing.assert_array_equal(
        kl_divergence(D.Deterministic(np.array([2.0, 2.5])), D.Poisson(2.0)).array[1], np.inf
    )
