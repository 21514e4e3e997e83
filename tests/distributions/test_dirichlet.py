"""Dirichlet: beside Beta, in its corners, near another one, and what is no parameter."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from exactly import numbers, require
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
from pdist import Variable, check_gradients, kl_divergence

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@given(st.tuples(numbers(0.05, 50), numbers(0.05, 50)), st.sampled_from([np.float32, np.float64]))
def test_two_classes_are_a_beta(shapes: tuple[float, float], dtype: type) -> None:
    a, b = (dtype(v) for v in shapes)
    d, beta = D.Dirichlet(np.array([a, b])), D.Beta(a, b)
    x = np.array([0.001, 0.25, 0.5, 0.75], dtype)  # 1 - x is exact, or nearly
    rtol = 1e-4 if dtype == np.float32 else 1e-11
    got = d.log_prob(np.stack([x, 1 - x], axis=-1)).array
    np.testing.assert_allclose(got, beta.log_prob(x).array, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(d.entropy.array, beta.entropy.array, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(d.variance.array, np.full(2, beta.variance.array), rtol=rtol)
    marginal = d.marginals(0)
    assert type(marginal) is D.Beta and marginal.a.item() == a and marginal.b.item() == b


@DTYPES
@pytest.mark.parametrize("k", [3, 17])
def test_divergences_of_neighbours_keep_their_digits(k: int, dtype: type) -> None:
    rng = np.random.default_rng(k)
    p = rng.gamma(2, 3, k).astype(dtype)
    for step in (0.3, 1e-3, 1e-6):
        q = (p * (1 + step * rng.standard_normal(k).clip(-2, 2))).astype(dtype)
        with mp.workdps(50):
            a, b = ([mp.mpf(float(v)) for v in shapes] for shapes in (p, q))
            constant = [mp.loggamma(mp.fsum(v)) - mp.fsum(map(mp.loggamma, v)) for v in (a, b)]
            slopes = [mp.digamma(v) - mp.digamma(mp.fsum(a)) for v in a]
            parts = zip(a, b, slopes, strict=True)
            expected = constant[0] - constant[1] + mp.fsum((s - t) * v for s, t, v in parts)
        require(kl_divergence(D.Dirichlet(p), D.Dirichlet(q)), [expected], 16)


@DTYPES
def test_tiny_shapes(dtype: type) -> None:
    alpha = Variable(np.full(4, 1e-3, dtype))
    d = D.Dirichlet(alpha)
    x = d.sample(500, rng=0)
    assert x.dtype == dtype and (x.array > 0).all()
    assert d.support.contains(x).all()
    np.testing.assert_allclose(x.array.max(axis=-1).mean(), 1, atol=0.02)  # one class has it all
    assert np.isfinite(d.log_prob(x.array).array).all()
    (g,) = pdist.grad([(x * np.arange(4, dtype=dtype)).sum()], [alpha])
    assert np.isfinite(g.array).all() and g.array.any()


def test_corners_and_outside() -> None:
    x = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.5, 0.5, 0.1], [-0.5, 1.0, 0.5], [np.nan, 0.5, 0.5]])
    flat = D.Dirichlet(np.ones(3)).log_prob(x).array
    np.testing.assert_allclose(flat[:2], math.log(2), rtol=1e-15)
    assert (flat[2:4] == -np.inf).all() and np.isnan(flat[4])
    assert (D.Dirichlet([0.5, 0.5, 0.5]).log_prob(x[:2]).array == np.inf).all()
    assert (D.Dirichlet([0.5, 2.0, 0.5]).log_prob(x[0]).array == -np.inf).all()
    alpha = [[3.0, 2.0, 2.0], [3.0, 2.0, 0.5], [0.5, 0.9, 0.2], [1.0, 1.0, 1.0]]
    modes = [[0.5, 0.25, 0.25], [2 / 3, 1 / 3, 0.0], [0.0, 1.0, 0.0], [1 / 3] * 3]
    np.testing.assert_allclose(D.Dirichlet(np.array(alpha)).mode.array, modes, rtol=1e-15)
    one = D.Dirichlet([[2.0]])
    assert one.log_prob([1.0]).item() == 0 and one.sample(rng=0).item() == 1 and one.variance.item() == 0


def test_second_derivatives_of_divergences() -> None:
    a, b = np.random.default_rng(0).gamma(2, 1, (2, 3))
    check_gradients(lambda a, b: kl_divergence(D.Dirichlet(a), D.Dirichlet(b)), [a, b])
    check_gradients(lambda a: D.Dirichlet(a).entropy, [a])
    check_gradients(lambda a: D.Dirichlet(a).covariance, [a])


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: D.Dirichlet([1.0, 0.0]), ValueError, ["Dirichlet: alpha[1] is 0.0", "positive"]),
        (lambda: D.Dirichlet(1.0), ValueError, ["Dirichlet: alpha has shape ()", "at least 1 axis"]),
        (lambda: D.Dirichlet([1.0, 2.0]).log_prob([0.2, 0.3, 0.5]), ValueError, ["event shape (2,)"]),
        (lambda: D.Dirichlet([1.0, 2.0]).marginals(2), IndexError, ["Dirichlet.marginals", "2", "1"]),
        (lambda: D.Dirichlet([1.0]).marginals(0), ValueError, ["Dirichlet.marginals", "only class"]),
        (
            lambda: kl_divergence(D.Dirichlet([1.0, 2.0]), D.Dirichlet([1.0])),
            ValueError,
            ["event shape (2,)", "(1,)", "same"],
        ),
    ],
)
def test_bad_input_is_named(call: object, kind: type[Exception], words: list[str]) -> None:
    with pytest.raises(kind) as error:
        call()  # type: ignore[operator]
    assert all(word in str(error.value) for word in words), error.value
