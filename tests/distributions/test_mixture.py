"""Mixtures: tails, quantiles, moments and modes against what they are made of; draws and their gradients."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

import pdist
import pdist.distributions as D
import pdist.functions as F

RNG = np.random.default_rng(0)


def mixture(logit, component):
    return D.MixtureSameFamily(D.Categorical(logit=logit), component)


def normals(logit, loc, scale, **kwargs):
    return mixture(np.asarray(logit), D.Normal(np.asarray(loc), np.asarray(scale), **kwargs))


@st.composite
def mixtures(draw, kinds=("Normal", "Laplace", "LogNormal")):
    k = draw(st.integers(1, 4))
    logit, loc = (np.array(draw(st.lists(st.floats(-3, 3), min_size=k, max_size=k))) for _ in range(2))
    scale = np.array(draw(st.lists(st.floats(0.2, 2), min_size=k, max_size=k)))
    return mixture(logit, getattr(D, draw(st.sampled_from(kinds)))(loc, scale))


# --- The density ------------------------------------------------------------------------------------


class General(D.MixtureSameFamily):
    """A mixture that knows nothing of its components' class."""

    def _kernel(self):
        return None


GENERAL = {
    name: lambda d, x, name=name: getattr(General(d.mixture_distribution, d.component_distribution), name)(x)
    for name in ("log_prob", "cdf", "survival_function", "responsibilities")
}


SHAPES = [
    ((5,), (3,), (3,), (3,)),
    ((4,), (4, 3), (4, 3), (4, 3)),
    ((2, 4), (4, 3), (4, 3), (4, 3)),
    ((4,), (3,), (4, 3), ()),
    ((), (3,), (), (3,)),
    ((2, 1), (3,), (4, 1), (4, 3)),
    ((1,), (1,), (2, 1), (1,)),
    ((0,), (3,), (3,), (3,)),
]


@pytest.mark.parametrize("shapes", SHAPES, ids=repr)
@pytest.mark.parametrize("by", ["logit", "p", "log_scale"])
@pytest.mark.parametrize("name", GENERAL)
def test_formulas_of_normals_are_the_general_ones(shapes, by, name):
    x, logit, loc, scale = (pdist.Variable(RNG.standard_normal(s)) for s in shapes)
    spread = {"log_scale": scale} if by == "log_scale" else {"scale": F.exp(scale)}
    weights = D.Categorical(p=F.softmax(logit, axis=-1)) if by == "p" else D.Categorical(logit=logit)
    d = D.MixtureSameFamily(weights, D.Normal(loc, **spread))
    fast, slow = getattr(d, name)(x), GENERAL[name](d, x)
    assert fast.shape == slow.shape
    np.testing.assert_allclose(fast.array, slow.array, rtol=1e-12)
    leaves = [x, logit, loc, scale]
    weight = RNG.standard_normal(fast.shape)
    first = [pdist.grad([F.sum(y * weight)], leaves, enable_double_backprop=True) for y in (fast, slow)]
    for one, other, leaf in zip(*first, leaves, strict=True):
        assert one.shape == leaf.shape
        np.testing.assert_allclose(one.array, other.array, rtol=1e-9, atol=1e-12)
    second = [pdist.grad([F.sum(F.sin(g)) for g in gs], leaves) for gs in first]
    for one, other in zip(*second, strict=True):
        np.testing.assert_allclose(one.array, other.array, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("logit", "loc", "scale", "x", "expected"),
    [
        ([-np.inf, 0.0], [100.0, 0.0], [1.0, 1.0], 100.0, -5000.918938533205),
        ([1e4, -1e4], [0.0, 1.0], [1.0, 1.0], 0.0, -0.9189385332046727),
        ([-1e4, 1e4], [0.0, 1.0], [1.0, 1.0], 0.0, -1.4189385332046727),
        ([0.0, 0.0], [0.0, 1.0], [1e-4, 1e-4], 0.5, -0.5 * 5000**2 + 4 * math.log(10) - 0.9189385332046727),
        ([0.0, 0.0], [0.0, 1.0], [1e-4, 1e-4], 0.0, -math.log(2) + 4 * math.log(10) - 0.9189385332046727),
        ([0.0, 0.0], [1e30, 0.0], [1e-30, 1.0], 0.0, -math.log(2) - 0.9189385332046727),
    ],
)
def test_hard_cases(logit, loc, scale, x, expected, dtype):
    leaves = [pdist.Variable(np.array(v, dtype)) for v in (x, logit, loc, scale)]
    y = mixture(leaves[1], D.Normal(*leaves[2:])).log_prob(leaves[0])
    assert y.dtype == dtype
    assert y.item() == pytest.approx(expected, rel=4 * float(np.finfo(dtype).eps))
    for g in pdist.grad([y], leaves):
        assert np.isfinite(g.array).all() and g.dtype == dtype


def test_infinite_values_and_nan():
    loc = pdist.Variable(np.array([0.0, 1.0]))
    d = mixture(np.zeros(2), D.Normal(loc, 1.0))
    assert np.isnan(d.log_prob(np.nan).array)
    x = pdist.Variable(np.array([-np.inf, np.inf, 0.0]))
    y = d.log_prob(x)
    np.testing.assert_array_equal(y.array[:2], [-np.inf, -np.inf])
    for_x, for_loc = pdist.grad([y], [x, loc])
    np.testing.assert_array_equal(for_x.array[:2], [0, 0])
    np.testing.assert_allclose(for_loc.array, pdist.grad([d.log_prob(0.0)], [loc])[0].array)


def test_weights_by_probabilities_and_by_logits_are_one():
    by_p = D.MixtureSameFamily(D.Categorical(p=np.array([0.25, 0.75])), D.Laplace(np.array([-1.0, 1.0]), 1.0))
    by_logit = mixture(np.log([1.0, 3.0]), D.Laplace(np.array([-1.0, 1.0]), 1.0))
    x = np.linspace(-3, 3, 7)
    for name in ("log_prob", "cdf", "log_survival_function", "responsibilities"):
        np.testing.assert_allclose(getattr(by_p, name)(x).array, getattr(by_logit, name)(x).array)


def test_a_component_that_states_its_density_is_taken_at_its_word():
    class Moved(D.Normal):
        def _log_prob(self, x):
            return super()._log_prob(x - 100)

    d = mixture(np.zeros(2), Moved(np.array([0.0, 0.0]), 1.0))
    assert d.log_prob(100.0).item() == pytest.approx(-0.5 * math.log(2 * math.pi))
    np.testing.assert_allclose(d.responsibilities(101.0).array, [0.5, 0.5])


@given(mixtures(), st.floats(-4, 4))
def test_responsibilities_are_bayes_rule(d, x):
    x = math.exp(x) if type(d.component_distribution) is D.LogNormal else x
    r = d.responsibilities(x)
    joint = d.weights.array * d.component_distribution.prob(x).array
    np.testing.assert_allclose(r.array, joint / joint.sum(), rtol=1e-10, atol=1e-300)
    np.testing.assert_allclose(r.array.sum(), 1, rtol=1e-14)
    np.testing.assert_allclose(d.log_responsibilities(x).array, np.log(r.array), rtol=1e-10, atol=1e-12)


def test_responsibilities_far_from_all_components():
    d = normals(np.zeros(2, np.float32), np.float32([0, 1]), np.float32([1, 1]))
    r = d.responsibilities(np.float32(1000)).array  # the exponents differ by 999.5, each being half a million
    np.testing.assert_array_equal(r, [0, 1])
    log_r = d.log_responsibilities(np.float32(30)).array
    np.testing.assert_allclose(log_r, [-29.5, 0], rtol=1e-4, atol=1e-12)


# --- Tails and quantiles ----------------------------------------------------------------------------


@given(mixtures(kinds=("Normal", "Laplace")), st.floats(-4, 4), st.floats(0, 3))
def test_the_cdf_is_the_integral_of_the_density(d, a, width):
    integral, error = integrate.quad(lambda x: d.prob(x).item(), a, a + width, limit=200)
    got = (d.cdf(a + width) - d.cdf(a)).item()
    assert got == pytest.approx(integral, abs=1e-7 + error)
    assert (d.cdf(a) + d.survival_function(a)).item() == pytest.approx(1, rel=1e-14)
    assert d.log_cdf(a).item() == pytest.approx(math.log(d.cdf(a).item()), rel=1e-12, abs=1e-15)
    assert d.log_survival_function(a).item() == pytest.approx(
        math.log(d.survival_function(a).item()), rel=1e-12, abs=1e-15
    )


def test_the_ends_of_the_cdf_are_exact():
    d = normals(RNG.standard_normal((6, 7)), RNG.standard_normal((6, 7)), np.ones(7))
    np.testing.assert_array_equal(d.cdf(np.inf).array, np.ones(6))
    np.testing.assert_array_equal(d.cdf(-np.inf).array, np.zeros(6))
    np.testing.assert_array_equal(d.log_cdf(np.inf).array, np.zeros(6))
    np.testing.assert_array_equal(d.icdf(np.array([[0.0], [1.0]])).array, [[-np.inf] * 6, [np.inf] * 6])


@given(mixtures(), st.floats(1e-6, 1 - 1e-6))
def test_icdf_inverts_the_cdf(d, p):
    x = d.icdf(np.float64(p))
    assert d.cdf(x).item() == pytest.approx(p, rel=1e-12)


@pytest.mark.parametrize("p", [1e-300, 1e-20, 0.3, 0.5, 0.999999])
def test_icdf_of_modes_far_apart_and_narrow(p):
    d = normals([0.0, 0.5, -1.0], [-100.0, 1.0, 200.0], [1e-4, 0.8, 0.3])
    x = d.icdf(np.float64(p))
    if p < 0.5:
        assert d.log_cdf(x).item() == pytest.approx(math.log(p), rel=1e-9)
    else:
        assert d.log_survival_function(x).item() == pytest.approx(math.log1p(-p), rel=1e-9)
    assert np.isnan(d.icdf(np.array([-0.1, 1.1, np.nan])).array).all()


@pytest.mark.parametrize("p", [0.01, 0.4, 0.97])
def test_icdf_has_implicit_gradients_to_second_order(p):
    leaves = [pdist.Variable(np.array(v)) for v in (p, [0.3, -0.2], [-1.0, 1.5], [0.7, 1.1])]

    def f(u, logit, loc, scale):
        return mixture(logit, D.Normal(loc, scale)).icdf(u)

    def numeric(g, i, h=1e-5):
        out = np.zeros(leaves[i].shape)
        for j in np.ndindex(out.shape):
            ends = []
            for s in (-h, h):
                arrays = [v.array.copy() for v in leaves]
                arrays[i][j] += s
                ends.append(g(*[pdist.Variable(a) for a in arrays]))
            out[j] = (ends[1] - ends[0]) / (2 * h)
        return out

    def slope(*variables):
        gs = pdist.grad([f(*variables)], variables)
        return sum(g.array.sum() * c for g, c in zip(gs, (1, 2, 3, 4), strict=True))

    first = pdist.grad([f(*leaves)], leaves, enable_double_backprop=True)
    total = sum((F.sum(g) * c for g, c in zip(first, (1.0, 2.0, 3.0, 4.0), strict=True)), start=0.0)
    second = pdist.grad([total], leaves)
    for i, (g, gg) in enumerate(zip(first, second, strict=True)):
        np.testing.assert_allclose(g.array, numeric(lambda *v: f(*v).item(), i), rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(gg.array, numeric(slope, i), rtol=1e-5, atol=1e-5)


@given(st.lists(st.floats(0, 40), min_size=1, max_size=3), st.floats(0, 1))
def test_quantiles_of_counts(rates, p):
    d = mixture(np.arange(len(rates), dtype=float), D.Poisson(np.array(rates)))
    x = d.icdf(np.float64(p)).item()
    if p < 1:
        assert x == math.floor(x) and d.cdf(x).item() >= p
        assert x == 0 or d.cdf(x - 1).item() < p


# --- Moments ----------------------------------------------------------------------------------------


@given(mixtures())
def test_moments_are_those_of_the_total_law(d):
    w, m, s = d.weights.array, d.component_means.array, d.component_stddevs.array
    assert d.mean.item() == pytest.approx((w * m).sum(), rel=1e-12, abs=1e-12)
    assert d.variance.item() == pytest.approx((w * (s**2 + m**2)).sum() - (w * m).sum() ** 2, rel=1e-9)
    assert d.stddev.item() == pytest.approx(math.sqrt(d.variance.item()))
    assert d.covariance.item() == d.variance.item()
    assert d.median.item() == pytest.approx(d.icdf(0.5).item())


def test_moments_of_means_that_are_large_together():
    d = normals([0.0, 0.0], [1e9, 1e9 + 1], [1e-3, 1e-3])
    assert d.mean.item() == 1e9 + 0.5
    assert d.variance.item() == pytest.approx(0.25 + 1e-6, rel=1e-12)


def test_moments_of_events():
    loc, p = RNG.standard_normal((2, 3)), np.array([0.3, 0.7])
    d = D.MixtureSameFamily(D.Categorical(p=p), D.Independent(D.Normal(loc, np.array([[1.0], [2.0]]))))
    mean = p @ loc
    away = loc - mean
    covariance = sum(w * (np.eye(3) * s**2 + np.outer(a, a)) for w, s, a in zip(p, (1, 2), away, strict=True))
    np.testing.assert_allclose(d.mean.array, mean)
    np.testing.assert_allclose(d.covariance.array, covariance)
    np.testing.assert_allclose(d.variance.array, np.diag(covariance))
    assert d.component_means.shape == d.component_stddevs.shape == (2, 3)
    for name in ("mode", "median"):
        with pytest.raises(NotImplementedError, match="MixtureSameFamily has no"):
            getattr(d, name)


@given(mixtures())
def test_nothing_is_more_probable_than_the_mode(d):
    x = np.linspace(-6, 6, 2001)
    x = np.exp(x) if type(d.component_distribution) is D.LogNormal else x
    x = np.concatenate([x, d.component_distribution.mode.array])
    assert d.log_prob(d.mode).item() >= d.log_prob(x).array.max() - 1e-12


@given(st.lists(st.floats(0, 60), min_size=1, max_size=4))
def test_nothing_is_more_probable_than_the_mode_of_counts(rates):
    d = mixture(np.zeros(len(rates)), D.Poisson(np.array(rates)))
    assert d.log_prob(d.mode).item() >= d.log_prob(np.arange(100.0)).array.max() - 1e-12


def test_the_entropy_is_had_by_quadrature():
    d = normals([0.0, 0.0], [-50.0, 50.0], [1.0, 1.0])
    with pytest.raises(NotImplementedError, match="cross_entropy"):
        _ = d.entropy
    exact = math.log(2) + 0.5 * math.log(2 * math.pi * math.e)
    assert pdist.cross_entropy(d, d, method="quadrature").item() == pytest.approx(exact, rel=1e-12)


# --- Divergences ------------------------------------------------------------------------------------


def test_divergence_by_quadrature_with_its_gradients():
    # 30 digits by mpmath: weights (1/4, 3/4), locations (-100, 1) and scales (1/2, 1), against weights 1/2,
    # locations (-90, 2) and scales (10, 3/2).
    q = D.MixtureSameFamily(
        D.Categorical(p=np.array([0.5, 0.5])), D.Normal(np.array([-90.0, 2.0]), np.array([10.0, 1.5]))
    )
    loc = pdist.Variable(np.array([-100.0, 1.0]))

    def kl(loc):
        p = D.MixtureSameFamily(D.Categorical(p=np.array([0.25, 0.75])), D.Normal(loc, np.array([0.5, 1.0])))
        return pdist.kl_divergence(p, q, method="quadrature")

    assert kl(loc).item() == pytest.approx(1.14248976874409, rel=1e-13)
    (g,) = pdist.grad([kl(loc)], [loc])
    for i, e in enumerate(np.eye(2) * 1e-4):
        assert g.array[i] == pytest.approx((kl(loc.array + e) - kl(loc.array - e)).item() / 2e-4, rel=1e-6)


def test_divergence_of_counts_by_summation():
    p, q = mixture(np.zeros(2), D.Poisson(np.array([1.0, 9.0]))), D.Poisson(5.0)
    x = np.arange(200.0)
    expected = (p.prob(x).array * (p.log_prob(x).array - q.log_prob(x).array)).sum()
    assert pdist.kl_divergence(p, q, method="quadrature").item() == pytest.approx(expected, rel=1e-6)


# --- Draws ------------------------------------------------------------------------------------------


def test_draws_come_from_components_as_often_as_they_weigh():
    d = normals(np.log([[1.0, 2.0, 5.0], [3.0, 4.0, 1.0]]), [-10.0, 0.0, 10.0], [1.0, 1.0, 1.0])
    x = d.sample(20000, rng=0).array
    assert x.shape == (20000, 2)
    shares = np.stack([(x < -5).mean(axis=0), (abs(x) < 5).mean(axis=0), (x > 5).mean(axis=0)], axis=-1)
    np.testing.assert_allclose(shares, d.weights.array, atol=0.02)


def test_a_component_that_is_infinite_spoils_no_draws_from_the_others():
    with pdist.using_config("validate", False):
        components = D.Normal(np.array([0.0, np.inf, np.nan]), 1.0)
    weights = pdist.Variable(np.array([0.0, -np.inf, -np.inf]))
    d = mixture(weights, components)
    assert np.isfinite(d.sample(1000).array).all()
    assert np.isfinite(D.MixtureSameFamily(D.Categorical(p=np.array([1.0, 0, 0])), components).mean.item())
    half = mixture(np.zeros(3), components).sample(3000, rng=0).array
    assert 0.28 < np.isfinite(half).mean() < 0.39


def check_gradients_of_draws(make, leaves, f, exact, n=40000):
    """The mean gradient of f over draws is, within five standard errors, that of its expectation."""
    wide = [pdist.Variable(np.broadcast_to(v.array, (n, *v.shape)).copy()) for v in leaves]
    gradients = pdist.grad([F.sum(f(make(*wide).rsample(rng=0)))], wide)
    for g, expected in zip(gradients, pdist.grad([exact(*leaves)], leaves), strict=True):
        got, error = g.array.mean(axis=0), g.array.std(axis=0) / math.sqrt(n)
        assert (abs(got - expected.array) <= 5 * error + 1e-12).all(), (got, expected.array, error)


LEAVES = [pdist.Variable(np.array(v)) for v in ([0.2, -0.5, 0.1], [-1.0, 0.3, 1.5], [0.5, 1.0, 0.8])]


@pytest.mark.parametrize("family", ["Normal", "Laplace", "LogNormal"])
def test_gradients_of_draws(family):
    """E[f(X)] is the weighted mean of the components', by a sum over many of their quantiles."""

    components = getattr(D, family)

    def expectation(logit, loc, scale):
        u = ((np.arange(20000) + 0.5) / 20000)[:, None]
        return F.sum(F.softmax(logit, axis=-1) * F.sin(components(loc, scale).icdf(u)).sum(axis=0) / 20000)

    if family == "LogNormal":
        leaves = [LEAVES[0], pdist.Variable(LEAVES[1].array / 2), pdist.Variable(LEAVES[2].array / 2)]
    else:
        leaves = LEAVES
    check_gradients_of_draws(
        lambda logit, loc, scale: mixture(logit, components(loc, scale)), leaves, F.sin, expectation
    )


def test_gradients_of_draws_of_events():
    """E[sin(X_1) X_2^2] of independent Normals in each component, by its closed form."""
    leaves = [
        pdist.Variable(np.array(v))
        for v in ([0.2, -0.5], [[-1.0, 0.3], [0.5, 1.5]], [[0.5, 1.0], [0.8, 1.2]])
    ]

    def exact(logit, loc, scale):
        one = F.sin(loc[:, 0]) * F.exp(-0.5 * scale[:, 0] * scale[:, 0])
        return F.sum(F.softmax(logit, axis=-1) * one * (loc[:, 1] * loc[:, 1] + scale[:, 1] * scale[:, 1]))

    check_gradients_of_draws(
        lambda logit, loc, scale: mixture(logit, D.Independent(D.Normal(loc, scale), 1)),
        leaves,
        lambda x: F.sin(x[:, 0]) * x[:, 1] * x[:, 1],
        exact,
    )


def test_a_draw_keeps_its_place_when_the_weights_move():
    logit = pdist.Variable(np.array([0.2, -0.5]))
    d = mixture(logit, D.Normal(np.array([-1.0, 1.0]), 0.8))
    x = d.sample((6,), rng=0)
    for i in range(6):
        (g,) = pdist.grad([x[i]], [logit], enable_double_backprop=True)
        at = pdist.as_variable(x.array[i])
        (of_cdf,) = pdist.grad([d.cdf(at)], [logit])
        np.testing.assert_allclose(g.array, -of_cdf.array / d.prob(at).item(), rtol=1e-9)
        quantile = mixture(logit, d.component_distribution).icdf(d.cdf(at).array)
        (other,) = pdist.grad([quantile], [logit], enable_double_backprop=True)
        second = [pdist.grad([v[0]], [logit])[0].array for v in (g, other)]
        np.testing.assert_allclose(*second, rtol=1e-6, atol=1e-9)


def test_what_carries_no_gradient_is_told():
    logit = pdist.Variable(np.zeros(2))
    counts = mixture(logit, D.Poisson(np.array([1.0, 2.0])))
    assert counts.sample().requires_grad is False
    apart = mixture(logit, D.Uniform(low=np.array([0.0, 2.0]), high=np.array([1.0, 3.0])))
    for d in (counts, apart):
        with pytest.raises(ValueError, match=r"no gradient to mixture_distribution\.logit"):
            d.rsample()
    assert mixture(logit, D.Normal(np.zeros(2), 1.0)).rsample().requires_grad


def test_uniforms_apart():
    low, high = pdist.Variable(np.array([0.0, 2.0])), pdist.Variable(np.array([1.0, 3.0]))
    d = mixture(np.zeros(2), D.Uniform(low=low, high=high))
    np.testing.assert_array_equal(d.support.contains([0.5, 1.5, 2.5, 3.5]), [True, False, True, False])
    np.testing.assert_array_equal(d.cdf([-1.0, 1.5, 4.0]).array, [0, 0.5, 1])
    np.testing.assert_allclose(d.icdf(np.array([0.0, 0.25, 0.75, 1.0])).array, [0, 0.5, 2.5, 3])
    assert d.support.contains(d.mode)
    gradients = pdist.grad([F.sum(d.sample(20000, rng=0)) / 20000], [low, high])
    np.testing.assert_allclose([g.array for g in gradients], np.full((2, 2), 0.25), atol=0.02)


# --- What is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (
            lambda: D.MixtureSameFamily(D.Normal(0, 1), D.Normal([0, 1], 1)),
            TypeError,
            r"mixture_distribution is Normal\(.*expected a Categorical",
        ),
        (
            lambda: normals(np.zeros(3), np.zeros(2), 1.0),
            ValueError,
            r"component_distribution has batch shape \(2,\); expected a last axis of 3",
        ),
        (lambda: normals(np.zeros(2), 0.0, 1.0), ValueError, r"batch shape \(\)"),
        (lambda: normals(np.zeros((3, 2)), np.zeros((4, 2)), 1.0), ValueError, "do not broadcast"),
        (lambda: normals(np.zeros(2), np.zeros(2), -1.0), ValueError, "scale is -1"),
        (
            lambda: normals(np.zeros(2), np.zeros(2), 1.0).responsibilities("x"),
            TypeError,
            "responsibilities: x",
        ),
        (
            lambda: pdist.kl_divergence(*[normals(np.zeros(2), np.zeros(2), 1.0)] * 2),
            NotImplementedError,
            "no formula for MixtureSameFamily and MixtureSameFamily.*quadrature",
        ),
    ],
)
def test_what_is_refused(ask, error, message):
    with pytest.raises(error, match=message):
        ask()


# --- Gaps, edges, zeros -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("w", [[0.25, 0.75], [0.3, 0.7], [0.1, 0.9], [1 / 3, 2 / 3]])
def test_a_quantile_in_a_gap_is_the_smallest_value(w, dtype):
    w = np.array(w, dtype)
    low, high = np.array([0.0, 2.0], dtype), np.array([1.0, 3.0], dtype)
    by_p = D.MixtureSameFamily(D.Categorical(p=w), D.Uniform(low, high))
    by_logit = D.MixtureSameFamily(D.Categorical(logit=np.log(w)), D.Uniform(low, high))
    for d in (by_p, by_logit):
        assert d.icdf(w[0]).item() == 1
        at = (
            np.nextafter(w[0], dtype(0)) - 4 * np.finfo(dtype).eps,
            np.nextafter(w[0], dtype(1)) + 4 * np.finfo(dtype).eps,
        )
        below, above = d.icdf(np.array(at, dtype)).array
        assert 0.99 < below <= 1 and 2 <= above < 2.01
        np.testing.assert_array_equal(d.icdf(np.array([0, 1], dtype)).array, [0, 3])


def test_gaps_of_nested_mixtures_and_unused_components():
    inner = D.MixtureSameFamily(
        D.Categorical(p=np.array([[0.5, 0.5], [0.5, 0.5]])),
        D.Uniform(np.array([[0.0, 2.0], [4.0, 6.0]]), np.array([[1.0, 3.0], [5.0, 7.0]])),
    )
    d = D.MixtureSameFamily(D.Categorical(p=np.array([0.5, 0.5])), inner)
    np.testing.assert_array_equal(d.icdf(np.array([0.25, 0.5, 0.75])).array, [1, 3, 5])
    d = D.MixtureSameFamily(
        D.Categorical(p=np.array([0.25, 0.0, 0.75])),
        D.Uniform(np.array([0.0, 1.2, 2.0]), np.array([1.0, 1.5, 3.0])),
    )
    assert d.icdf(0.25).item() == 1


@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 2)), min_size=2, max_size=4), st.floats(0, 1))
def test_quantiles_of_uniforms_are_the_smallest_values(parts, p):
    low = np.array([a for a, _ in parts])
    high = low + np.array([b for _, b in parts])
    d = mixture(np.zeros(len(parts)), D.Uniform(low, high))
    x = d.icdf(np.float64(p)).item()
    assert low.min() <= x <= high.max()
    assert d.cdf(x).item() == pytest.approx(p, abs=1e-13)
    if p > 1e-6:
        assert d.cdf(x - 1e-6).item() < p


def test_quantiles_of_components_of_weight_zero_do_not_matter():
    with pdist.using_config("validate", False):
        components = D.Normal(np.array([0.0, np.nan, np.inf]), 1.0)
    d = D.MixtureSameFamily(D.Categorical(p=np.array([1.0, 0.0, 0.0])), components)
    normal = D.Normal(np.float64(0.0), 1.0)
    u = np.array([0.0, 1e-10, 0.3, 0.999, 1.0])
    np.testing.assert_allclose(d.icdf(u).array, normal.icdf(u).array, rtol=1e-12)
    x = np.linspace(-3, 3, 7)
    for name in ("log_prob", "cdf", "log_cdf", "survival_function", "log_survival_function"):
        np.testing.assert_allclose(getattr(d, name)(x).array, getattr(normal, name)(x).array, rtol=1e-13)
    general = General(d.mixture_distribution, d.component_distribution)
    np.testing.assert_allclose(general.log_prob(x).array, normal.log_prob(x).array, rtol=1e-13)
    assert d.mean.item() == 0 and d.variance.item() == 1 and d.stddev.item() == 1 and d.mode.item() == 0
    value = pdist.cross_entropy(d, d, method="quadrature").item()
    assert value == pytest.approx(normal.entropy.item(), rel=1e-9)


def test_the_mode_where_flat_densities_overlap():
    d = mixture(np.zeros(3), D.Uniform(np.array([0.0, 0.999, -1.0]), np.array([1.0, 2.0, 0.0005])))
    top = d.log_prob(np.array([0.9995, 0.0002])).array.max()
    assert d.log_prob(d.mode).item() == pytest.approx(top)


def test_moments_that_overflow_on_the_way():
    for big in (1e200, 1.7e308):
        d = normals([0.0, 0.0, 0.0], [-big, big, big], [1.0, 1.0, 1.0])
        assert d.mean.item() == pytest.approx(big / 3)
        assert d.stddev.item() == pytest.approx(big * math.sqrt(8 / 9))
    small = normals([0.0, 0.0], [-1e-200, 1e-200], [1e-200, 1e-200])
    assert small.stddev.item() == pytest.approx(math.sqrt(2) * 1e-200)
    leaves = [pdist.Variable(np.array(v)) for v in ([0.3, -0.2], [-1.0, 1.5], [0.7, 1.1])]
    pdist.check_gradients(lambda *v: mixture(v[0], D.Normal(*v[1:])).stddev, [v.array for v in leaves])


@pytest.mark.parametrize("batch", [(0,), (2, 0)])
def test_empty_batches(batch):
    for components in (D.Normal(np.zeros((*batch, 3)), 1.0), D.LogNormal(np.zeros((*batch, 3)), 1.0)):
        d = mixture(np.zeros(3), components)
        for name in ("mean", "variance", "stddev", "mode", "median"):
            assert getattr(d, name).shape == batch
        for name in ("log_prob", "cdf", "log_cdf", "icdf"):
            assert getattr(d, name)(np.full(batch, 0.5)).shape == batch
        assert d.sample(4).shape == (4, *batch)


# --- Components over nothing ------------------------------------------------------------------------


def alone(make):
    """A mixture of one component, and that component."""
    return D.MixtureSameFamily(D.Categorical(p=np.ones(1)), make((1,))), make(())


ALONE = {
    "Normal": lambda s: D.Normal(np.full(s, 0.3), 1.5),
    "LogNormal": lambda s: D.LogNormal(np.full(s, 0.3), 0.5),
    "Uniform": lambda s: D.Uniform(np.full(s, 0.3), 2.0),
    "Poisson": lambda s: D.Poisson(np.full(s, 3.5)),
    "Independent": lambda s: D.Independent(D.Normal(np.full((*s, 2), 0.3), 1.5), 1),
    "over nothing": lambda s: D.Independent(D.Normal(np.full(s, 0.3), 1.5), 0),
}


@pytest.mark.parametrize("name", ALONE)
def test_a_mixture_of_one_is_that_component(name):
    one, component = alone(ALONE[name])
    x = component.sample(5, rng=0).array
    for method in ("log_prob", "cdf", "log_cdf", "survival_function", "log_survival_function"):
        np.testing.assert_allclose(
            getattr(one, method)(x).array, getattr(component, method)(x).array, rtol=1e-13
        )
    for statistic in ("mean", "variance", "stddev", "covariance", "mode", "median", "entropy", "perplexity"):
        if name == "Uniform" and statistic == "mode":
            with pytest.raises(NotImplementedError, match="Uniform has no mode"):
                _ = one.mode
            continue
        found = getattr(one, statistic)
        np.testing.assert_allclose(found.array, getattr(component, statistic).array, rtol=1e-13)
    if not component.event_shape:
        u = np.array([0.0, 0.2, 0.9])
        np.testing.assert_array_equal(one.icdf(u).array, component.icdf(u).array)
        for method in (None, "quadrature"):
            np.testing.assert_allclose(pdist.kl_divergence(one, component, method).array, 0, atol=1e-12)
    for pair in ((one, component), (component, one), (one, one)):
        assert pdist.kl_divergence(*pair).item() == 0
    assert one.rsample(3).shape == (3, *component.event_shape)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_wrappers_over_nothing_in_each_other(depth):
    d = normal = D.Normal(np.array([0.0, 1.0]), 2.0)
    for i in range(depth):
        d = D.Independent(d, 0)
        if i == 1:
            d = D.MixtureSameFamily(D.Categorical(p=np.ones(1)), D.Independent(d[:, None], 0))
    q = D.Laplace(0.5, 1.0)
    for method in (None, "quadrature"):
        np.testing.assert_allclose(
            pdist.kl_divergence(d, q, method).array, pdist.kl_divergence(normal, q, method).array, rtol=1e-12
        )
        both = D.Independent(d, 1), D.Independent(normal, 1)
        assert pdist.kl_divergence(*both, method).item() == pytest.approx(0, abs=1e-12)
    np.testing.assert_array_equal(d.icdf(0.3).array, normal.icdf(0.3).array)


# --- Many components, many draws --------------------------------------------------------------------


def test_gradients_of_draws_by_the_weights_take_no_table():
    k, n = 1000, 3000
    logit = pdist.Variable(np.zeros(k))
    d = mixture(logit, D.Normal(np.linspace(-1, 1, k), 1.0))
    tracemalloc.start()
    x = d.sample(n, rng=0)
    drawn = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    (g,) = pdist.grad([F.sum(x)], [logit])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert drawn < 4e6 and peak < 3 * n * k * 8  # a table has 24 MB; its graph had some 30 of them
    parts = [pdist.grad([F.sum(x[i : i + 500])], [logit])[0].array for i in range(0, n, 500)]
    np.testing.assert_allclose(g.array, sum(parts), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("family", ["Normal", "Laplace", "Logistic", "Cauchy"])
@pytest.mark.parametrize("by", ["scale", "log_scale", "raw_scale"])
@pytest.mark.parametrize("name", GENERAL)
def test_every_location_scale_family_has_the_kernel(family, by, name):
    x, logit, loc, scale = (pdist.Variable(RNG.standard_normal(s)) for s in ((4,), (4, 3), (3,), (4, 3)))
    spread = F.exp(scale) if by == "scale" else scale
    d = mixture(logit, getattr(D, family)(loc, **{by: spread}))
    assert d._kernel() is not None
    fast, slow = getattr(d, name)(x), GENERAL[name](d, x)
    np.testing.assert_allclose(fast.array, slow.array, rtol=1e-12)
    leaves = [x, logit, loc, scale]
    weight = RNG.standard_normal(fast.shape)
    for one, other in zip(*[pdist.grad([F.sum(y * weight)], leaves) for y in (fast, slow)], strict=True):
        np.testing.assert_allclose(one.array, other.array, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_distances_and_scales_that_overflow(dtype):
    big = float(np.finfo(dtype).max) / 1.5
    d = mixture(np.zeros(2, dtype), D.Normal(np.array([-big, 0.0], dtype), np.array([big, 1.0], dtype)))
    expected = math.log(0.5) - 0.5 * 4 - math.log(big) - 0.5 * math.log(2 * math.pi)
    assert d.log_prob(dtype(big)).item() == pytest.approx(expected, rel=1e-6)
    tiny = D.Normal(np.zeros(2, dtype), log_scale=np.array([-1e4, 0.0], dtype))
    leaf = pdist.Variable(np.zeros(1, dtype))
    y = mixture(np.zeros(2, dtype), tiny).log_prob(leaf)
    assert y.item() == pytest.approx(math.log(0.5) + 1e4 - 0.5 * math.log(2 * math.pi), rel=1e-6)
    assert np.isfinite(pdist.grad([y], [leaf])[0].array).all()
