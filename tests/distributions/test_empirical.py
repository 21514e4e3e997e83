"""Empirical: shares of the data, equal ones and other orders."""

from __future__ import annotations

import numpy as np
import pytest

import pdist
import pdist.distributions as D
import pdist.functions as F
from pdist import Variable


def test_equal_values_count_together() -> None:
    d = D.Empirical(np.array([2.0, 1.0, 2.0, 5.0]))
    assert d.prob(np.array([1.0, 2.0, 3.0])).array.tolist() == [0.25, 0.5, 0.0]
    assert d.mode.item() == 2.0
    assert d.entropy.item() == pytest.approx(1.5 * np.log(2))
    assert (d.mean.item(), d.variance.item()) == (2.5, 2.25)


@pytest.mark.parametrize("n", [1, 2, 7, 10, 49])
def test_quantiles_are_the_smallest_that_reach_a_share(n: int) -> None:
    x = np.random.default_rng(n).permutation(n) * 1.0
    d = D.Empirical(x)
    p = np.concatenate([np.arange(n + 1) / n, np.linspace(0.01, 0.99, 33)])
    found = d.icdf(p).array
    assert (d.cdf(found).array >= p).all()
    assert (d.cdf(found - 0.5).array[found > 0] < p[found > 0]).all()
    above = d.isf(p).array
    assert (d.survival_function(above).array <= p).all()
    assert (d.survival_function(above - 0.5).array[above > 0] > p[above > 0]).all()


def test_draws_carry_gradients_to_the_data() -> None:
    samples = Variable(np.array([1.0, 4.0, 9.0]))
    (g,) = pdist.grad([F.sum(D.Empirical(samples).sample((600,), rng=0))], [samples])
    assert g.array.sum() == 600
    assert (abs(g.array - 200) < 60).all()
