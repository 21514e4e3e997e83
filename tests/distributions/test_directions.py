"""VonMisesFisher and PowerSpherical: on the circle, their derivatives along the sphere, draws, bad input."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from exactly import require
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
import pdist.functions as F
from pdist import Variable, check_gradients, kl_divergence
from pdist.numerics import spherical

CLASSES = pytest.mark.parametrize("cls", [D.VonMisesFisher, D.PowerSpherical])
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def unit(u):
    return u / F.sqrt(F.sum(u * u, axis=-1, keepdims=True))


@DTYPES
@pytest.mark.parametrize("d", [2, 3, 4, 10, 101])
def test_moments_are_ratios_of_bessel_functions(d: int, dtype: type) -> None:
    k = np.array([1e-3, 0.25, 1, 3, 10, 32, 100, 1e3, 2e4], dtype)
    exact = [[], [], [], []]
    with mp.workdps(40):
        for v in map(mp.mpf, k.tolist()):
            order = mp.mpf(d) / 2 - 1
            bessel = mp.besseli(order, v)
            ratio = mp.besseli(order + 1, v) / bessel
            log_mean = mp.log(bessel * mp.gamma(order + 1) * (2 / v) ** order) - v
            truths = (log_mean, ratio, 1 - ratio, 1 - ratio * ratio - (d - 1) * ratio / v)
            for column, truth in zip(exact, truths, strict=True):
                column.append(truth)
    require(spherical.log_sphere_mean(k, d=d), exact[0], 64, beside=d)
    for op, truths in zip(("ratio", "gap", "ratio_slope"), exact[1:], strict=True):
        require(getattr(spherical, f"sphere_{op}")(k, d=d), truths, 8, what=op)


@given(st.floats(0.01, 50), st.floats(-3, 3), st.floats(-3, 3), st.floats(0.01, 50))
def test_on_the_circle(k: float, loc: float, angle: float, other: float) -> None:
    vectors = [np.array([np.cos(a), np.sin(a)]) for a in (loc, angle)]
    fisher, plain = D.VonMisesFisher(vectors[0], k), D.VonMises(loc, np.array(k))
    np.testing.assert_allclose(fisher.log_prob(vectors[1]).array, plain.log_prob(angle).array, atol=1e-11)
    np.testing.assert_allclose(fisher.entropy.array, plain.entropy.array, atol=1e-13)
    turned, q = D.VonMisesFisher(vectors[1], other), D.VonMises(angle, np.array(other))
    np.testing.assert_allclose(
        kl_divergence(fisher, turned).array, kl_divergence(plain, q).array, 1e-9, 1e-13
    )


@CLASSES
def test_derivatives_along_the_sphere(cls: type) -> None:
    rng = np.random.default_rng(0)
    u, x, k = rng.standard_normal((2, 3)), rng.standard_normal((2, 3)), np.array([0.4, 5.0])
    x = x / np.linalg.norm(x, axis=-1, keepdims=True)
    check_gradients(lambda u, k: cls(unit(u), k).log_prob(x), [u, k])
    for name in ("entropy", "mean"):
        check_gradients(lambda k, name=name: getattr(cls(x, k), name), [k])
    if cls is D.VonMisesFisher:
        check_gradients(lambda u, k: kl_divergence(cls(unit(u), k), cls(x, 2.0)), [u, k])
        check_gradients(lambda u, k: kl_divergence(cls(x, 2.0), cls(unit(u), k)), [u, k])
    f = pdist.trace(lambda k, x: cls(x, k).log_prob(x[::-1]))
    np.testing.assert_array_equal(f(k, x).array, cls(x, k).log_prob(x[::-1]).array)


def test_divergences_of_neighbours_keep_their_digits() -> None:
    loc, k = np.array([0.6, 0.8, 0.0]), np.array([0.1, 2.0, 50.0])
    for step in (1e-3, 1e-7):
        got = kl_divergence(D.VonMisesFisher(loc, k), D.VonMisesFisher(loc, k * (1 + step))).array
        expected = 0.5 * (k * step) ** 2 * spherical.sphere_ratio_slope(k, d=3).array
        np.testing.assert_allclose(got, expected, rtol=2 * step + 1e-8)


@CLASSES
@pytest.mark.parametrize("d", [2, 5])
def test_draws(cls: type, d: int) -> None:
    loc = np.random.default_rng(0).standard_normal(d)
    u, k = Variable(loc), Variable(np.array([0.1, 2.0, 100.0]))
    dist = cls(unit(u), k)
    x = dist.sample(4000, rng=1)
    assert dist.support.contains(x).all()
    along = (x.array * unit(u).array).sum(axis=-1)
    ratio = dist._mean_part()
    assert (abs(along.mean(axis=0) - ratio.array) <= 5 * along.std(axis=0) / 4000**0.5).all()
    weights = np.arange(1.0, d + 1)
    linear = lambda v: (v * weights).sum()
    names = [u] if cls is D.VonMisesFisher else [u, k]
    for found, expected in zip(
        pdist.grad([linear(x) / 4000], names), pdist.grad([linear(dist.mean)], names), strict=True
    ):
        np.testing.assert_allclose(found.array, expected.array, rtol=0.1, atol=0.2)
    if cls is D.VonMisesFisher:
        with pytest.raises(ValueError, match="no gradient to concentration"):
            dist.rsample()


@CLASSES
@DTYPES
def test_float32_and_what_is_outside(cls: type, dtype: type) -> None:
    dist = cls(np.array([0.0, 1.0, 0.0], dtype), dtype(3.0))
    x = np.array([[0, 1, 0], [0, -1, 0], [0, 0.5, 0], [0, 1, 1], [np.nan, 1, 0]], dtype)
    y = dist.log_prob(x)
    assert y.dtype == dtype and dist.sample(2, rng=0).dtype == dtype and dist.entropy.dtype == dtype
    assert (y.array[2:4] == -np.inf).all() and np.isnan(y.array[4])
    assert y.array[1] == -np.inf if cls is D.PowerSpherical else np.isfinite(y.array[1])


@CLASSES
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1.0, 1.0], 1.0), ["loc is [1. 1.]", "a vector of length 1"]),
        (([1.0], 1.0), ["loc has shape (1,)", "2 or more"]),
        ((1.0, 1.0), ["loc has shape ()"]),
        (([1.0, 0.0], 0.0), ["concentration is 0.0", "positive"]),
        (([1.0, 0.0], np.inf), ["concentration is inf", "finite"]),
    ],
)
def test_bad_input_is_named(cls: type, arguments: tuple, words: list[str]) -> None:
    with pytest.raises(ValueError) as error:
        cls(*arguments)
    assert all(word in str(error.value) for word in [cls.__name__, *words]), error.value
