"""DiscreteUniform: a single number, numbers of any size, ends that make no range, quantiles at the steps."""

from __future__ import annotations

import numpy as np
import pytest

import pdist.distributions as D
from pdist import kl_divergence


def test_a_single_number():
    d = D.DiscreteUniform(np.array(3.0), 3.0)
    np.testing.assert_array_equal(d.log_prob([2.0, 3.0, 4.0]).array, [-np.inf, 0, -np.inf])
    assert (float(d.entropy), float(d.variance), float(d.stddev), float(d.icdf(0.3))) == (0, 0, 0, 3)


def test_the_largest_numbers_there_are():
    top = np.finfo(np.float64).max
    d = D.DiscreteUniform(np.array(-top), top)
    np.testing.assert_allclose(float(d.entropy), 710.475860073944, rtol=1e-15)
    assert float(d.mean) == 0 and float(d.cdf(0.0)) == 0.5
    np.testing.assert_allclose(float(d.stddev), top / np.sqrt(3), rtol=1e-15)
    x = d.sample(1000, rng=0).array
    assert np.isfinite(x).all() and 0.4 < (x > 0).mean() < 0.6


def test_quantiles_reach_their_probability_first():
    for n in range(1, 60):
        d = D.DiscreteUniform(np.array(0.0), n - 1.0)
        p = d.cdf(np.arange(n)).array
        np.testing.assert_array_equal(d.icdf(p).array, np.arange(n))
        above = np.nextafter(p[:-1], 2)
        np.testing.assert_array_equal(d.icdf(above).array, np.arange(1, n))


def test_ends_that_make_no_range():
    with pytest.raises(
        ValueError, match=r"DiscreteUniform: high\[1\] is 2.0; expected no less than low, 3.0"
    ):
        D.DiscreteUniform(np.array([1.0, 3.0]), 2.0)
    with pytest.raises(ValueError, match=r"DiscreteUniform: low is 0.5; expected a whole number"):
        D.DiscreteUniform(0.5, 2.0)


def test_divergence_is_infinite_unless_covered():
    p = D.DiscreteUniform(np.array(2.0), 4.0)
    q = D.DiscreteUniform(np.array([2.0, 0.0, 3.0]), np.array([5.0, 8.0, 9.0]))
    np.testing.assert_allclose(kl_divergence(p, q).array, [np.log(4 / 3), np.log(3), np.inf], rtol=1e-15)
