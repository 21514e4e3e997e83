"""Divergences: the registry, its formulas against quadrature and Monte Carlo, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

import pdist
import pdist.distributions as D
import pdist.functions as F
from pdist.distributions.divergences.registry import find_kl, register_kl, registered_kl

UNIVARIATE = {
    "Normal": lambda a, b: D.Normal(a, b),
    "Laplace": lambda a, b: D.Laplace(a, b),
    "LogNormal": lambda a, b: D.LogNormal(a, b),
    "Uniform": lambda a, b: D.Uniform(loc=a, scale=b),
    "Poisson": lambda a, b: D.Poisson(abs(a) + b),
    "Bernoulli": lambda a, b: D.Bernoulli(logit=a + b),
    "Categorical": lambda a, b: D.Categorical(logit=pdist.functions.stack([a, b, a * b], axis=-1)),
}
PAIRS = sorted(
    (p.__name__, q.__name__) for p, q in registered_kl() if {p.__name__, q.__name__} <= set(UNIVARIATE)
)
INFINITE = [(p, q) for p, q in PAIRS if q == "Uniform" and p != "Uniform"]
FINITE = [x for x in PAIRS if x not in INFINITE]


def pair(p_name, q_name, a=0.3, b=0.7, c=-0.4, d=1.9):
    leaves = [pdist.Variable(np.float64(v)) for v in (a, b, c, d)]
    if q_name == "Uniform":  # around p
        return UNIVARIATE[p_name](*leaves[:2]), D.Uniform(low=leaves[2] - 9.0, high=leaves[3] + 9.0), leaves
    return UNIVARIATE[p_name](*leaves[:2]), UNIVARIATE[q_name](*leaves[2:]), leaves


@pytest.mark.parametrize(("p_name", "q_name"), FINITE)
def test_formula_equals_quadrature_with_its_gradients(p_name, q_name):
    p, q, leaves = pair(p_name, q_name)
    formula = pdist.kl_divergence(p, q)
    integral = pdist.kl_divergence(p, q, method="quadrature")
    np.testing.assert_allclose(integral.array, formula.array, rtol=1e-9)
    for one, other in zip(pdist.grad([formula], leaves), pdist.grad([integral], leaves), strict=True):
        one, other = (0.0 if g is None else g.array for g in (one, other))  # the integral may know less
        np.testing.assert_allclose(other, one, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize(("p_name", "q_name"), FINITE)
def test_monte_carlo_is_unbiased_with_its_gradients(p_name, q_name):
    p, q, leaves = pair(p_name, q_name)
    exact = pdist.grad([pdist.kl_divergence(p, q)], leaves)
    estimates, gradients = [], []
    for seed in range(30):
        y = pdist.kl_divergence(p, q, method="monte_carlo", n_samples=2000, rng=seed)
        estimates.append(y.item())
        gradients.append([0.0 if g is None else g.item() for g in pdist.grad([y], leaves)])
    check_mean(estimates, pdist.kl_divergence(p, q).item())
    for got, g in zip(np.transpose(gradients), exact, strict=True):
        check_mean(got, 0.0 if g is None else g.item())


def check_mean(values, expected):
    """Within five standard errors."""
    assert abs(np.mean(values) - expected) <= 5 * np.std(values) / np.sqrt(len(values)) + 1e-12


def test_cross_entropy_by_every_method():
    p, q, _ = pair("Normal", "Laplace")
    exact = pdist.cross_entropy(p, q).item()
    assert exact == pytest.approx((p.entropy + pdist.kl_divergence(p, q)).item())
    assert pdist.cross_entropy(p, q, method="quadrature").item() == pytest.approx(exact, rel=1e-9)
    assert pdist.cross_entropy(p, q, method="monte_carlo", n_samples=100_000, rng=0).item() == pytest.approx(
        exact, rel=0.02
    )


def test_batches_broadcast():
    p = D.Normal(np.zeros((3, 1)), 1.0)
    q = D.Laplace(np.arange(2.0), np.array([1.0, 2.0]))
    for method in (None, "quadrature", "monte_carlo"):
        assert pdist.kl_divergence(p, q, method=method).shape == (3, 2)


def test_float32_stays_float32():
    p, q = D.Normal(np.float32(0), np.float32(1)), D.Normal(np.float32(1), np.float32(2))
    for method in ("quadrature", "monte_carlo"):
        y = pdist.kl_divergence(p, q, method=method, rng=0)
        assert y.dtype == np.float32
        assert y.item() == pytest.approx(
            pdist.kl_divergence(p, q).item(), rel=1e-5 if method == "quadrature" else 0.2
        )


@pytest.mark.parametrize(("p_name", "q_name"), INFINITE)
def test_both_tell_infinity(p_name, q_name):
    p, q, _ = pair(p_name, q_name)
    assert pdist.kl_divergence(p, q).item() == np.inf
    assert pdist.kl_divergence(p, q, method="quadrature").item() == np.inf


class Strange(D.Distribution):
    """Something without a formula."""

    loc = D.Param(D.supports.real)
    support = D.supports.real


class Stranger(D.Normal):
    """Something that inherits one."""


class Moved(D.Normal):
    """What states a density of its own, and inherits none."""

    def _log_prob(self, x):
        return super()._log_prob(x - 100)


class Half:
    """A mixin with a formula."""

    def _cdf(self, x):
        return 0.5 * x


class Mixed(Half, D.Normal):
    """A formula from a mixin."""


class Elsewhere(D.Normal):
    """Another support."""

    support = D.supports.positive


class Shifted(D.Normal):
    """What its formulas compute with, replaced."""

    def _place(self):
        loc, scale, given = super()._place()
        return loc + 100, scale, given


class Named(D.Normal):
    """Nothing but a constructor and more methods."""

    def __init__(self, loc):
        super().__init__(loc, 1.0)

    def __repr__(self):
        return "Named"

    def describe(self):
        return "a Normal"


@pytest.mark.parametrize("cls", [Moved, Mixed, Elsewhere, Shifted])
def test_a_class_that_states_a_formula_inherits_no_divergence(cls):
    own, plain = cls(0.0, 1.0), D.Normal(0.0, 1.0)
    for pair in ((own, plain), (plain, own), (own, own), (own, D.Laplace(0.0, 1.0))):
        for wrap in (lambda d: d, lambda d: D.Independent(d, 0)):
            with pytest.raises(NotImplementedError, match=rf"{cls.__name__} defines its own formulas"):
                pdist.kl_divergence(*map(wrap, pair))
    below = type("Below", (cls,), {})
    assert find_kl(below, D.Normal) is None

    @register_kl(cls, D.Normal)
    def rule(p, q):
        return 7.0

    assert pdist.kl_divergence(own, plain).item() == pdist.kl_divergence(below(0.0, 1.0), plain).item() == 7


def test_a_class_that_states_none_inherits_them():
    assert pdist.kl_divergence(Named(1.0), D.Normal(0.0, 1.0)).item() == 0.5
    assert find_kl(Named, D.Laplace) is find_kl(D.Normal, D.Laplace)


def test_the_divergence_of_a_moved_normal_by_quadrature():
    p, q = Moved(np.float64(0.0), 1.0), D.Normal(np.float64(0.0), 1.0)
    value, error = pdist.kl_divergence(p, q, method="quadrature", return_error=True)
    assert value.item() == pytest.approx(5000, rel=1e-9)  # though the quantiles are still the Normal's
    assert error < 1e-6


class OneAxis(D.Independent):
    """A wrapper with a density of its own."""

    def _log_prob(self, x):
        return 2 * super()._log_prob(x)


def test_a_wrapper_that_states_a_density_is_not_taken_for_what_it_wraps():
    d = D.Normal(np.zeros(3), 1.0)
    with pytest.raises(NotImplementedError, match="OneAxis defines its own formulas"):
        pdist.kl_divergence(OneAxis(d, 1), D.Independent(d, 1))
    with pytest.raises(ValueError, match="quadrature is for numbers"):
        pdist.kl_divergence(OneAxis(d, 1), D.Independent(d, 1), method="quadrature")


def test_the_most_specific_formula_is_found():
    assert find_kl(Stranger, Stranger) is find_kl(D.Normal, D.Normal)

    @register_kl(Stranger, D.Normal)
    def rule(p, q):
        return 42

    assert pdist.kl_divergence(Stranger(0, 1), Stranger(0, 1)) == 42
    assert pdist.kl_divergence(D.Normal(0, 1), Stranger(0, 1)).item() == 0
    with pytest.raises(ValueError, match="already a formula for Stranger and Normal"):
        register_kl(Stranger, D.Normal)(rule)
    with pytest.raises(TypeError, match="not a Distribution subclass"):
        register_kl(int, D.Normal)


@pytest.mark.parametrize(
    ("p", "q", "kwargs", "error", "message"),
    [
        (
            Strange(0.0),
            D.Normal(0, 1),
            {},
            NotImplementedError,
            "no formula for Strange and Normal; .*Laplace and Normal.*quadrature",
        ),
        (D.Normal(0, 1), D.Normal(0, 1), {"method": "exact"}, ValueError, "method is 'exact'"),
        (
            D.Normal(0, 1),
            D.Normal(0, 1),
            {"method": "monte_carlo", "n_samples": 0},
            ValueError,
            "n_samples is 0",
        ),
        (D.Normal(0, 1), 3.0, {}, TypeError, "q is 3.0; expected a Distribution"),
        (D.Normal(np.zeros(2), 1), D.Normal(np.zeros(3), 1), {}, ValueError, r"\(2,\) of p and \(3,\) of q"),
        (
            D.Normal(0, 1),
            D.OneHotCategorical(p=np.array([0.5, 0.5])),
            {},
            ValueError,
            r"event shape \(\) and q \(2,\)",
        ),
        (
            *[D.OneHotCategorical(p=np.array([0.5, 0.5]))] * 2,
            {"method": "quadrature"},
            ValueError,
            "is for numbers",
        ),
    ],
)
def test_what_is_refused(p, q, kwargs, error, message):
    for function in (pdist.kl_divergence, pdist.cross_entropy):
        with pytest.raises(error, match=message):
            function(p, q, **kwargs)


# --- Quadrature where densities jump, bend, part and narrow -----------------------------------------


def mix(p, components):
    return D.MixtureSameFamily(D.Categorical(p=np.array(p)), components)


def uniform_steps(w, low, high):
    """Ends and heights of the pieces of a mixture of Uniforms."""
    edges = np.unique([*low, *high])
    middles = (edges[1:] + edges[:-1]) / 2
    inside = (middles[:, None] >= low) & (middles[:, None] <= high)
    return edges, (inside * np.array(w) / (np.array(high) - np.array(low))).sum(axis=1)


@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 4), st.floats(0.1, 1)), min_size=1, max_size=4),
    st.floats(-2, 2),
    st.floats(0.05, 3),
)
def test_mixtures_of_uniforms_against_laplace_by_hand(parts, loc, scale):
    low = np.array([a for a, _, _ in parts])
    high = low + np.array([b for _, b, _ in parts])
    w = np.array([c for _, _, c in parts])
    w = w / w.sum()
    edges, height = uniform_steps(w, low, high)

    def away(x):  # the integral of |t - loc| from loc to x
        return 0.5 * np.sign(x - loc) * (x - loc) ** 2

    ends, starts = edges[1:], edges[:-1]
    log_height = np.log(np.where(height > 0, height, 1))
    exact = (
        height * ((ends - starts) * (log_height + np.log(2 * scale)) + (away(ends) - away(starts)) / scale)
    ).sum()
    p, q = mix(w, D.Uniform(low, high)), D.Laplace(np.float64(loc), scale)
    value, error = pdist.kl_divergence(p, q, method="quadrature", return_error=True)
    assert abs(value.item() - exact) <= 1e-9 * max(1, abs(exact))
    assert abs(value.item() - exact) <= error + 1e-13 * max(1, abs(exact))
    assert error < 1e-7 * max(1, abs(exact))


class Bent(D.Distribution):
    """A triangle on [0, width] with its top at a quarter, of which nothing but the density is stated."""

    width = D.Param(D.supports.positive)

    @property
    def support(self):
        return D.supports.interval(0.0, self.width.array, "[0, width]")

    def _log_prob(self, x):
        w = self.width
        up = x.array < 0.25 * w.array
        return F.log(F.where(up, 8 * x / w, (8 / 3) * (1 - x / w))) - F.log(w)


class Step(D.Distribution):
    """A density with a jump that nobody tells of."""

    scale = D.Param(D.supports.positive)
    support = D.supports.unit_interval

    def _log_prob(self, x):
        return F.where(x.array < 1 / 3, np.log(1.5), np.log(0.75)) + 0 * self.scale


def test_kinks_and_jumps_that_nobody_tells_of():
    value, error = pdist.kl_divergence(
        Bent(np.float64(2.0)), D.Normal(np.float64(0.5), 1.0), method="quadrature", return_error=True
    )
    exact = integrate.quad(
        lambda x: Bent(np.float64(2.0)).prob(x).item()
        * (Bent(np.float64(2.0)).log_prob(x) - D.Normal(np.float64(0.5), 1.0).log_prob(x)).item(),
        0, 2, points=[0.5], epsabs=1e-12,
    )[0]  # fmt: skip
    assert value.item() == pytest.approx(exact, abs=1e-9)
    assert abs(value.item() - exact) <= error + 1e-11
    value, error = pdist.kl_divergence(
        Step(np.float64(1.0)), D.Uniform(np.float64(0.0), 1.0), method="quadrature", return_error=True
    )
    assert value.item() == pytest.approx(0.5 * np.log(1.5) + 0.5 * np.log(0.75), abs=1e-9)
    assert error < 1e-6


def test_moving_supports_have_gradients():
    """By hand: log((d - c)/(b - a)), and a jump of q inside p."""
    a, b, c, d = (pdist.Variable(np.float64(v)) for v in (0.0, 1.0, -0.5, 2.0))
    y = pdist.kl_divergence(D.Uniform(a, b), D.Uniform(c, d), method="quadrature")
    gradients = [g.item() for g in pdist.grad([y], [a, b, c, d])]
    np.testing.assert_allclose(gradients, [1, -1, -0.4, 0.4], rtol=1e-12)
    end = pdist.Variable(np.float64(0.6))
    q = mix([0.5, 0.5], D.Uniform(F.stack([end * 0 - 1, end * 0 + 0.3]), F.stack([end, end * 0 + 2])))
    y = pdist.kl_divergence(D.Uniform(np.float64(0.0), 1.0), q, method="quadrature")
    first, second = 0.5 / (0.6 + 1), 0.5 / 1.7
    assert y.item() == pytest.approx(
        -(0.3 * np.log(first) + 0.3 * np.log(first + second) + 0.4 * np.log(second))
    )
    slope = 0.3 / 1.6 + 0.3 * first / (first + second) / 1.6 - np.log(first + second) + np.log(second)
    assert pdist.grad([y], [end])[0].item() == pytest.approx(slope, rel=1e-9)


def test_scales_that_differ_by_many_orders():
    for scale in (1e-12, 1e-6, 1e6):
        p, q = D.Laplace(np.float64(0.3), scale), D.Normal(np.float64(0.3), 1.0)
        exact = pdist.kl_divergence(p, q).item()
        assert pdist.kl_divergence(p, q, method="quadrature").item() == pytest.approx(exact, rel=1e-9)
        p, q = D.Laplace(np.float64(0.3), 1.0), D.Normal(np.float64(0.3), scale)
        exact = pdist.kl_divergence(p, q).item()
        assert pdist.kl_divergence(p, q, method="quadrature").item() == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3)])
def test_empty_batches(shape):
    normal, rate = D.Normal(np.zeros(shape), 1.0), D.Poisson(np.ones(shape))
    pairs = [(normal, normal), (rate, rate), (D.Independent(normal, 1),) * 2]
    if len(shape) == 1:
        pairs.append((mix([0.5, 0.5], D.Normal(np.zeros((*shape, 2)), 1.0)),) * 2)
    for method in ("quadrature", "monte_carlo"):
        for p, q in pairs:
            for function in (pdist.kl_divergence, pdist.cross_entropy):
                value, error = function(p, q, method=method, return_error=True)
                assert value.shape == error.shape == p.batch_shape


def test_many_counts_take_bounded_memory():
    p, q = D.Poisson(np.array([1e9, 3.0, 0.0])), D.Poisson(np.array([1.1e9, 5.0, 1.0]))
    value = pdist.kl_divergence(p, q, method="quadrature")
    np.testing.assert_allclose(value.array, pdist.kl_divergence(p, q).array, rtol=1e-6)
    with pytest.raises(ValueError, match="values of Poisson: use method='monte_carlo'"):
        pdist.kl_divergence(D.Poisson(1e18), D.Poisson(2e18), method="quadrature")


def test_the_error_of_monte_carlo_is_its_standard_error():
    p, q = D.Normal(np.float64(0.0), 1.0), D.Laplace(np.float64(0.5), 1.0)
    exact = pdist.kl_divergence(p, q).item()
    found = [
        pdist.kl_divergence(p, q, method="monte_carlo", n_samples=400, rng=i, return_error=True)
        for i in range(200)
    ]
    away = np.array([(v.item() - exact) / e for v, e in found])
    assert 0.8 < away.std() < 1.2
    with pytest.raises(ValueError, match="return_error"):
        pdist.kl_divergence(p, q, return_error=True)


def test_float32_says_how_exact_it_is():
    p, q = D.Normal(np.float32(0.3), np.float32(1.0)), D.Laplace(np.float32(0.0), np.float32(2.0))
    value, error = pdist.kl_divergence(p, q, method="quadrature", return_error=True)
    assert value.dtype == error.dtype == np.float32
    assert abs(value.item() - pdist.kl_divergence(p, q).item()) <= error < 1e-4


def test_discrete_and_continuous_are_not_compared():
    with pytest.raises(ValueError, match="Poisson is discrete and Normal is continuous"):
        pdist.kl_divergence(D.Poisson(1.0), D.Normal(0.0, 1.0), method="quadrature")


@pytest.mark.parametrize("pair", ["continuous", "moving", "discrete", "mixture"])
def test_quadrature_is_traced(pair):
    def kl(a):
        if pair == "continuous":
            p, q = D.Normal(a, 1.0), D.Laplace(2 * a, 2.0)
        elif pair == "moving":
            p, q = D.Uniform(a, a + 1), D.Laplace(2 * a, 2.0)
        elif pair == "discrete":
            p, q = D.Poisson(a * a), D.Poisson(a + 2)
        else:
            p, q = mix([0.5, 0.5], D.Normal(F.stack([a, -a]), 1.0)), D.Normal(a, 2.0)
        return pdist.kl_divergence(p, q, method="quadrature")

    traced = pdist.trace(kl)
    for a in (0.7, 1.3, 0.2):
        assert traced(np.array(a)).item() == pytest.approx(
            kl(pdist.as_variable(np.array(a))).item(), rel=1e-9
        )


@pytest.mark.parametrize("df", [2.3, 3.0, 5.0])
def test_quadrature_sees_both_heavy_tails(df):
    p = D.StudentT(np.float64(df), np.float64(0), np.float64(1))
    q = D.Normal(np.float64(0), np.float64(1))
    expected = 0.5 * np.log(2 * np.pi) + 0.5 * df / (df - 2) - p.entropy.array
    value = pdist.kl_divergence(p, q, method="quadrature")
    np.testing.assert_allclose(value.array, expected, rtol=1e-9)


# What quadrature cannot see --------------------------------------------------------------------------------


@pytest.mark.parametrize("df", [2.1, 2.3, 3.0, 5.0])
def test_quadrature_tells_its_error_in_heavy_tails(df: float) -> None:
    p = D.StudentT(np.array(df), np.array(0.0), np.array(1.0))
    value, error = pdist.kl_divergence(
        p, D.Normal(np.array(0.0), np.array(1.0)), method="quadrature", return_error=True
    )
    truth = float(-p.entropy.array + 0.5 * math.log(2 * math.pi) + 0.5 * p.variance.array)
    assert abs(float(value.array) - truth) <= 2 * float(error) + 1e-14 * truth
    if df > 2.2:
        assert error < 1e-9


@pytest.mark.parametrize("df", [0.5, 1.0, 1.5, 2.0])
def test_the_error_of_an_integral_that_diverges_is_infinite(df: float) -> None:
    p = D.StudentT(np.array(df), np.array(0.0), np.array(1.0))
    for q in (D.Normal(np.array(0.0), np.array(1.0)), D.Normal(np.array(5.0), np.array(30.0))):
        assert pdist.kl_divergence(p, q, method="quadrature", return_error=True)[1] == math.inf


@pytest.mark.parametrize("k, within", [(0.5, 1e-12), (0.1, 1e-9), (0.03, 1e-3)])
def test_quadrature_where_the_density_is_infinite(k: float, within: float) -> None:
    """Of a Gamma of small shape some probability lies below the smallest number."""
    p, q = (D.Gamma(np.array(v), np.array(1.0)) for v in (k, 1.0))
    value, error = pdist.kl_divergence(p, q, method="quadrature", return_error=True)
    truth = float(pdist.kl_divergence(p, q).array)
    assert abs(float(value.array) - truth) <= within * truth
    assert 0 < error < 10 * within * truth + 1e-6
