"""Independent: what is forwarded, what is summed, and how it nests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
import pdist.functions as F

SHAPE = (4, 2, 3)
RNG = np.random.default_rng(0)
LOC, SCALE = RNG.standard_normal(SHAPE), RNG.uniform(0.5, 2, SHAPE)
NORMAL = D.Normal(LOC, SCALE)
AXES = {0: (), 1: (-1,), 2: (-2, -1), 3: (-3, -2, -1)}


@given(st.sampled_from(list(AXES)), st.integers(0, 2**32 - 1))
def test_densities_and_tails_are_those_of_all_parts_together(n, seed):
    d = D.Independent(NORMAL, n)
    assert d.batch_shape == SHAPE[: 3 - n] and d.event_shape == SHAPE[3 - n :]
    x = np.random.default_rng(seed).standard_normal((5, *SHAPE))
    for name in ("log_prob", "log_cdf", "log_survival_function"):
        expected = getattr(NORMAL, name)(x).array.sum(axis=AXES[n])
        np.testing.assert_allclose(getattr(d, name)(x).array, expected, rtol=1e-12)
    for name in ("cdf", "survival_function"):
        expected = getattr(NORMAL, name)(x).array.prod(axis=AXES[n])
        np.testing.assert_allclose(getattr(d, name)(x).array, expected, rtol=1e-12)
    np.testing.assert_allclose(d.entropy.array, NORMAL.entropy.array.sum(axis=AXES[n]))
    for name in ("mean", "mode", "median", "variance", "stddev"):
        np.testing.assert_array_equal(getattr(d, name).array, getattr(NORMAL, name).array)


def test_all_axes_but_the_first_by_default():
    assert D.Independent(NORMAL).event_shape == (2, 3)
    assert D.Independent(D.Normal(0, 1)).event_shape == ()
    assert D.Independent(D.Normal(np.zeros(3), 1)).batch_shape == (3,)


def test_covariance_is_diagonal_in_blocks():
    d = D.Independent(NORMAL, 2)
    assert d.covariance.shape == (4, 6, 6)
    np.testing.assert_allclose(d.covariance.array, [np.diag(v.ravel()) for v in NORMAL.variance.array])
    p = np.array([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]])
    blocks = D.OneHotCategorical(p=p)
    both = D.Independent(blocks, 1)
    expected = np.zeros((6, 6))
    expected[:3, :3], expected[3:, 3:] = blocks.covariance.array
    np.testing.assert_allclose(both.covariance.array, expected)


def test_nested_is_all_at_once():
    nested, flat = D.Independent(D.Independent(NORMAL, 1), 1), D.Independent(NORMAL, 2)
    x = RNG.standard_normal(SHAPE)
    np.testing.assert_allclose(nested.log_prob(x).array, flat.log_prob(x).array)
    assert nested.event_shape == flat.event_shape and nested.params.keys() == flat.params.keys()
    other = D.Independent(D.Laplace(np.zeros(SHAPE), 1.0), 2)
    np.testing.assert_allclose(
        pdist.kl_divergence(nested, other).array, pdist.kl_divergence(flat, other).array
    )


def test_divergence_is_the_sum_also_by_quadrature():
    loc = pdist.Variable(LOC[0])
    p, q = D.Independent(D.Normal(loc, 1.0)), D.Independent(D.Laplace(np.zeros((2, 3)), 1.5))
    exact = pdist.kl_divergence(p.distribution, q.distribution)
    for method in (None, "quadrature"):
        y = pdist.kl_divergence(p, q, method)
        np.testing.assert_allclose(y.array, exact.array.sum(axis=-1), rtol=1e-9)
        (g,) = pdist.grad([F.sum(y)], [loc])
        np.testing.assert_allclose(g.array, pdist.grad([F.sum(exact)], [loc])[0].array, rtol=1e-8)


def test_an_event_that_is_outside_in_one_part_has_no_gradients_at_all():
    scale, x = pdist.Variable(np.ones((2, 2))), pdist.Variable(np.array([[0.5, -1.0], [0.5, 0.5]]))
    y = D.Independent(D.LogNormal(0.0, scale)).log_prob(x)
    assert y.array[0] == -np.inf and np.isfinite(y.array[1])
    for g in pdist.grad([y], [scale, x]):
        assert not g.array[0].any() and g.array[1].any()


def test_samples_indices_and_expansion():
    d = D.Independent(NORMAL, 2)
    assert d.sample((7,), rng=0).shape == (7, *SHAPE)
    np.testing.assert_array_equal(d.sample(rng=0).array, NORMAL.sample(rng=0).array)
    assert d[1:, None].batch_shape == (3, 1) and d[1:, None].event_shape == (2, 3)
    assert d.expand((5, 4)).distribution.batch_shape == (5, *SHAPE)
    np.testing.assert_array_equal(d.support.contains(np.zeros(SHAPE)), np.ones(4, bool))


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda: D.Independent(3), TypeError, "distribution is 3; expected a Distribution"),
        (
            lambda: D.Independent(NORMAL, 4),
            ValueError,
            r"reinterpreted_batch_ndims is 4; .* from 0 to 3.*\(4, 2, 3\)",
        ),
        (lambda: D.Independent(NORMAL, -1), ValueError, "is -1"),
        (lambda: D.Independent(NORMAL, 1.5), ValueError, "is 1.5"),
        (lambda: D.Independent(NORMAL, 2).log_prob(np.zeros(3)), ValueError, r"event shape \(2, 3\)"),
        (lambda: D.Independent(NORMAL, 2).icdf(0.5), NotImplementedError, "Independent has no icdf"),
        (
            lambda: pdist.kl_divergence(D.Independent(NORMAL, 1), D.Independent(NORMAL, 2)),
            ValueError,
            r"event shape \(3,\) and q \(2, 3\)",
        ),
    ],
)
def test_what_is_refused(ask, error, message):
    with pytest.raises(error, match=message):
        ask()
