"""TruncatedNormal: last digits far out in a tail, on narrow intervals and across 0; its divergence."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from exactly import DIGITS, numbers, require, truths
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
from pdist import kl_divergence

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def phi(t: mp.mpf) -> mp.mpf:
    return mp.npdf(t) if abs(t) < mp.inf else mp.mpf(0)


def within(a: mp.mpf, b: mp.mpf) -> mp.mpf:
    """The standard Normal's probability of an interval, on the side where the tails are small."""
    if a + b < 0:
        a, b = -b, -a
    return (mp.erfc(a / mp.sqrt(2)) - mp.erfc(b / mp.sqrt(2))) / 2


def truth(x: mp.mpf, low: mp.mpf, high: mp.mpf) -> tuple[mp.mpf, ...]:
    """log p(x), the lower and the upper tail, mean, variance and entropy; of loc 0 and scale 1."""
    whole = within(low, high)
    density = phi(low) / whole, phi(high) / whole
    moments = [b * d if abs(b) < mp.inf else 0 for b, d in zip((low, high), density, strict=True)]
    mean, square = density[0] - density[1], 1 + moments[0] - moments[1]
    entropy = mp.log(whole) + mp.log(2 * mp.pi) / 2 + square / 2
    log_prob = -x * x / 2 - mp.log(2 * mp.pi) / 2 - mp.log(whole)
    below, above = within(low, x) / whole, within(x, high) / whole
    return log_prob, below, above, mean, square - mean * mean, entropy


ENDS = st.one_of(
    st.tuples(numbers(-80, 80), numbers(0.001, 60)),
    st.tuples(numbers(-400, 400), st.just(math.inf)),
    st.tuples(numbers(-9, 9), numbers(1e-9, 1e-3)),
)


@DTYPES
@given(ends=ENDS, share=numbers(0.01, 0.99), mirrored=st.booleans())
def test_every_case_against_many_digits(dtype: type, ends: tuple[float, float], share: float, mirrored: bool):
    low = dtype(ends[0])
    high = dtype(low + dtype(ends[1]))
    if not low < high:
        return
    low, high = (-high, -low) if mirrored else (low, high)
    d = D.TruncatedNormal(dtype(0), dtype(1), low, high)
    x = d.icdf(dtype(share)).array
    with mp.workdps(8 * DIGITS):  # the tails of 400 standard deviations cancel as well
        log_prob, below, above, mean, variance, entropy = truth(*[mp.mpf(float(v)) for v in (x, low, high)])
        size = max(1.0, abs(float(entropy)))
        require(d.log_prob(x), [log_prob], 8, max(size, abs(float(log_prob))), "log_prob")
        require(d.cdf(x), [below], 8, what="cdf")
        require(d.survival_function(x), [above], 8, what="survival_function")
        require(d.log_cdf(x), [mp.log(below)], 8, beside=1e-2, what="log_cdf")
        require(d.log_survival_function(x), [mp.log(above)], 8, beside=1e-2, what="log_survival_function")
        require(d.mean, [mean], 6, beside=min(1.0, float(high) - float(low)), what="mean")
        require(d.variance, [variance], 24, what="variance")
        require(d.entropy, [entropy], 8, size, "entropy")


@DTYPES
def test_far_out(dtype: type):
    """The excess over the end is what a careless mean loses."""
    loc, low = pdist.Variable(np.zeros(3, dtype)), np.array([40.0, 300.0, 1e6], dtype)
    d = D.TruncatedNormal(loc, dtype(1), low, dtype(np.inf))

    def excess(a: mp.mpf) -> mp.mpf:
        t = a
        for k in range(60, 0, -1):  # the fraction of Mills' ratio
            t = a + (k + 1) / t
        return 1 / t

    (score,) = pdist.grad([d.log_prob(low)], [loc])
    require(-score, truths(excess, low), 4, what="the score of the location")


@given(
    low=st.one_of(numbers(-50, 50), st.just(-math.inf)),
    width=st.one_of(numbers(0.125, 50), st.just(math.inf)),
)
def test_quantiles_return(low: float, width: float):
    high = width - 40 if low == -math.inf and width < math.inf else low + width
    high = width if low == -math.inf == -width else high
    d = D.TruncatedNormal(np.array(0.0), 1.0, low, high)
    p = np.concatenate([2.0 ** -np.arange(1.0, 60), 1 - 2.0 ** -np.arange(2.0, 40)])
    x = d.icdf(p)
    assert ((x.array >= low) & (x.array <= high)).all()
    inside = (x.array > low) & (x.array < high)
    moves = np.exp(d.log_prob(x).array) * np.spacing(abs(x.array))  # what the last digit of x changes
    assert (abs(d.cdf(x).array - p) <= 1e-14 * p + moves)[inside].all()
    assert d.icdf(0.0).array == low
    assert d.icdf(1.0).array == high


def test_the_same_normal_without_ends():
    normal, d = D.Normal(0.5, np.array(2.0)), D.TruncatedNormal(0.5, np.array(2.0), -np.inf, np.inf)
    x = np.linspace(-30.0, 30.0, 13)
    for name in ("log_prob", "cdf", "log_cdf", "survival_function", "log_survival_function"):
        np.testing.assert_allclose(getattr(d, name)(x).array, getattr(normal, name)(x).array, rtol=1e-14)
    for name in ("mean", "variance", "entropy", "mode", "median"):
        np.testing.assert_allclose(getattr(d, name).array, getattr(normal, name).array, rtol=1e-15)


# Divergences ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("p", "q"),
    [
        ((0.0, 1.0, -1.0, 2.0), (0.3, 1.5, -1.5, 2.5)),
        ((0.0, 1.0, 40.0, 41.0), (1.0, 1.1, 40.0, 41.0)),
        ((0.0, 1.0, -1.0, np.inf), (2.0, 3.0, -2.0, np.inf)),
        ((0.0, 1.0, -np.inf, 1.0), (0.5, 1.0, -np.inf, np.inf)),
        ((0.0, 1.0, 0.0, 0.01), (5.0, 1e3, 0.0, 0.01)),
    ],
)
def test_divergence_against_quadrature(p, q):
    leaves = [pdist.Variable(np.array(v)) for v in (*p, *q)]
    p, q = D.TruncatedNormal(*leaves[:4]), D.TruncatedNormal(*leaves[4:])
    formula, integral = kl_divergence(p, q), kl_divergence(p, q, method="quadrature")
    np.testing.assert_allclose(formula.array, integral.array, rtol=1e-8, atol=1e-12)
    by_formula, by_integral = (
        pdist.grad([y], [leaves[i] for i in (0, 1, 4, 5)]) for y in (formula, integral)
    )
    for one, other in zip(by_formula, by_integral, strict=True):
        np.testing.assert_allclose(one.array, other.array, rtol=1e-6, atol=1e-10)


def test_divergence_by_the_ends():
    """Against differences: the ends of one interval move, those of the other stay."""
    p, q = np.array([0.2, 1.1, -0.5, 1.5]), np.array([0.3, 1.5, -1.0, 2.0])

    def kl(p, q):
        return kl_divergence(D.TruncatedNormal(*p), D.TruncatedNormal(*q))

    leaves = [pdist.Variable(np.array(v)) for v in (*p, *q)]
    slopes = [g.item() for g in pdist.grad([kl(leaves[:4], leaves[4:])], leaves)]
    for i, got in enumerate(slopes):
        step = 1e-5 * np.eye(8)[i]
        up, down = (np.concatenate([p, q]) + s for s in (step, -step))
        expected = (kl(up[:4], up[4:]).item() - kl(down[:4], down[4:]).item()) / 2e-5
        assert got == pytest.approx(expected, abs=1e-8)


def test_small_divergences_keep_their_digits():
    """Of nearly equal ones it is half the variance of the score times the step squared."""
    p = D.TruncatedNormal(np.array(0.0), 1.0, 40.0, 41.0)
    q = D.TruncatedNormal(np.array(1e-9), 1.0, 40.0, 41.0)
    np.testing.assert_allclose(kl_divergence(p, q).item(), 0.5e-18 * p.variance.item(), rtol=1e-8)
    assert kl_divergence(p, p).item() == 0


def test_what_lies_outside_is_infinitely_far():
    p = D.TruncatedNormal(np.array(0.0), 1.0, -1.0, [0.5, 1.0, 2.0])
    kl = kl_divergence(p, D.TruncatedNormal(0.0, 1.0, -1.0, 1.0)).array
    assert (kl == np.inf).tolist() == [False, False, True]
