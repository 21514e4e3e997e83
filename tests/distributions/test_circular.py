"""Angles: tails wherever the cut at pi lies, turns, and what concentrations far from 1 do."""

from __future__ import annotations

import itertools
import math

import mpmath as mp
import numpy as np
import pytest
from scipy import stats

import pdist
import pdist.distributions as D
import pdist.functions as F
from pdist import Variable, grad

FAMILIES = {
    "VonMises": (1e-6, 0.5, 19.0, 30.0, 1000.0),
    "WrappedCauchy": (1e-5, 0.5, 0.999),
    "WrappedNormal": (0.02, 0.7, 1.4999, 1.5, 4.0),
}
CASES = [(name, c) for name, cs in FAMILIES.items() for c in cs]


def legendre(n):
    """Nodes and weights on [0, 1] to 30 digits."""
    with mp.workdps(30):
        rule = []
        for t in np.polynomial.legendre.leggauss(n)[0]:
            x = mp.findroot(lambda x: mp.legendre(n, x), mp.mpf(float(t)))
            slope = n * mp.legendre(n - 1, x) / (1 - x * x)
            rule.append(((1 + x) / 2, 1 / ((1 - x * x) * slope**2)))
    return rule


RULE = legendre(20)


def density(name, c):
    """Of the distance to the peak, by mpmath."""
    c = mp.mpf(c)
    if name == "VonMises":
        norm = 2 * mp.pi * mp.besseli(0, c) * mp.exp(-c)
        return lambda z: mp.exp(-2 * c * mp.sin(z / 2) ** 2) / norm
    if name == "WrappedCauchy":
        return lambda z: (1 - c * c) / (2 * mp.pi * ((1 - c) ** 2 + 4 * c * mp.sin(z / 2) ** 2))

    most = 2 + math.ceil(1.5 * c)

    def images(z):
        z = z - 2 * mp.pi * mp.nint(z / (2 * mp.pi))
        terms = [mp.exp(-((z + 2 * mp.pi * n) ** 2) / (2 * c * c)) for n in range(-most, most + 1)]
        return mp.fsum(terms) / (c * mp.sqrt(2 * mp.pi))

    return images


def mass(name, c, loc, low, high):
    """The integral of the density, on panels that narrow towards the peaks and the ends."""
    width = {"VonMises": 1 / math.sqrt(1 + c), "WrappedCauchy": 1 - c, "WrappedNormal": min(c, 1.0)}[name]
    ends = {low, high}
    for turn in (-1, 0, 1):
        for step in (0, 1, 3, 10, 30, 100, 300, 1000):
            for side in (-1, 1):
                at = mp.mpf(loc) + 2 * mp.pi * turn + side * step * width
                ends |= {at} if low < at < high else set()
    for part in [(high - low) / 2**n for n in range(1, 14)]:
        ends |= {low + part, high - part}
    f, ends = density(name, c), sorted(ends)
    return mp.fsum(
        (b - a) * w * f(a + (b - a) * u - loc) for a, b in itertools.pairwise(ends) for u, w in RULE
    )


@pytest.mark.parametrize("loc", [0.75, -3.125])
@pytest.mark.parametrize(("name", "c"), CASES)
def test_tails_are_exact_on_both_sides(name, c, loc):
    x = np.array([-3.14, -1.25, 0.875, 3.125])
    d = getattr(D, name)(np.float64(loc), c)
    with mp.workdps(25):
        below = [mass(name, c, loc, -mp.pi, mp.mpf(t)) for t in x]
        above = [mass(name, c, loc, mp.mpf(t), mp.pi) for t in x]
    for got, expected in ((d.cdf(x), below), (d.survival_function(x), above)):
        np.testing.assert_allclose(got.array, np.array(expected, float), rtol=1e-13, atol=1e-300)
    for got, p, rest in ((d.log_cdf(x), below, above), (d.log_survival_function(x), above, below)):
        with mp.workdps(25):
            expected = [mp.log(a) if a < 0.5 else mp.log1p(-b) for a, b in zip(p, rest, strict=True)]
        np.testing.assert_allclose(got.array, np.array(expected, float), rtol=2e-13)


def test_log_tails_where_tails_underflow():
    """By 40 digits of mpmath."""
    d = D.VonMises(0.0, np.array([1e4, 1e3]))
    got = d.log_cdf(np.array([-0.5, -1.5])).array
    np.testing.assert_allclose(got, [-1228.9637170311261365, -933.63330148720212606], rtol=1e-15)


@pytest.mark.parametrize(("name", "c"), CASES)
def test_a_turn_changes_nothing(name, c):
    cls = getattr(D, name)
    d, turned = cls(np.float64(0.5), c), cls(np.float64(0.5 + 2 * math.pi), c)
    x = np.array([-3.0, 0.5, 2.0])
    np.testing.assert_allclose(d.log_prob(x + 2 * math.pi).array, d.log_prob(x).array, rtol=1e-9)
    np.testing.assert_allclose(turned.log_prob(x).array, d.log_prob(x).array, rtol=1e-9)
    np.testing.assert_allclose(turned.cdf(x).array, d.cdf(x).array, rtol=1e-9)
    for name in ("mean", "mode", "median"):
        assert getattr(turned, name).item() == pytest.approx(0.5)


@pytest.mark.parametrize(("name", "c"), CASES)
def test_ends_of_the_circle(name, c):
    d = getattr(D, name)(np.float32(-2.0), np.float32(c))
    ends = np.array([-math.pi, math.pi], np.float32)
    assert d.cdf(ends).array.tolist() == [0, 1]
    assert d.survival_function(ends).array.tolist() == [1, 0]
    assert d.log_cdf(ends).array.tolist() == [-np.inf, 0]
    assert d.icdf(np.array([0, 1], np.float32)).array.tolist() == ends.tolist()


@pytest.mark.parametrize("concentration", [0.0, 1e-8, 0.3, 5.0, 1e3, 1e8])
def test_draws_of_von_mises_at_any_concentration(concentration):
    d = D.VonMises(np.float64(3.0), concentration)
    x = d.sample(4000, rng=1).array
    assert (abs(x) <= math.pi).all()
    assert stats.kstest(d.cdf(x).array, "uniform").pvalue > 1e-6


@pytest.mark.parametrize("name", FAMILIES)
def test_gradients_of_draws_are_those_of_quantiles(name):
    """Of draws about 0 that do not come near the cut: a value keeps its place."""
    c = Variable(np.full(5, 0.6))
    loc = Variable(np.zeros(5))
    d = getattr(D, name)(loc, c)
    x = d.sample(rng=3)
    implicit = -grad([d.cdf(x.array)], [c])[0].array / d.prob(x.array).array
    np.testing.assert_allclose(grad([x], [c])[0].array, implicit, rtol=1e-10)
    assert grad([x], [loc])[0].array.tolist() == [1] * 5


@pytest.mark.parametrize("concentration", [1e-3, 0.5, 20.0, 5e3])
def test_second_derivative_of_a_quantile_by_the_concentration(concentration):
    def quantile(k):
        return D.VonMises(np.float64(0.25), k).icdf(np.array([0.1, 0.6, 0.95]))

    k = Variable(np.full(3, concentration))
    (first,) = grad([quantile(k)], [k], enable_double_backprop=True)
    (second,) = grad([first], [k])
    h = 1e-5 * concentration
    ahead, back = (
        grad([quantile(moved)], [moved])[0].array for moved in (Variable(k.array + h), Variable(k.array - h))
    )
    np.testing.assert_allclose(second.array, (ahead - back) / (2 * h), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", ["VonMises", "WrappedCauchy"])
def test_divergence_of_near_neighbours(name):
    """Half of the squared distance in the metric of Fisher's information, to its last digits."""
    p = getattr(D, name)(np.float64(1.0), 0.5)
    q = getattr(D, name)(np.float64(1.0), 0.5 + 2.0**-30)
    got = pdist.kl_divergence(p, q).item()
    information = {
        "VonMises": float(mp.mpf(1) - 2 * (r := mp.besseli(1, 0.5) / mp.besseli(0, 0.5)) - r * r),
        "WrappedCauchy": 2 / (1 - 0.25) ** 2,
    }[name]
    assert got == pytest.approx(0.5 * information * 2.0**-60, rel=1e-8, abs=0)


def test_a_mixture_has_the_direction_of_the_mean():
    loc, c, w = np.array([3.0, -2.5]), np.array([4.0, 9.0]), np.array([0.25, 0.75])
    d = D.MixtureSameFamily(D.Categorical(p=w), D.VonMises(loc, c))
    mean = (w * np.exp(1j * loc) * (1 - D.VonMises(loc, c).variance.array)).sum()
    assert d.mean.item() == pytest.approx(np.angle(mean))
    assert d.variance.item() == pytest.approx(1 - abs(mean))
    assert F.exp(d.log_prob(2.0)).item() == pytest.approx((w * D.VonMises(loc, c).prob(2.0).array).sum())
