"""Transforms: each checked, against mpmath, composed; what is refused; distributions by them."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from scipy import integrate

import pdist
import pdist.distributions as D
import pdist.functions as F
from pdist import Variable
from pdist import transforms as T
from pdist.testing.transforms import check_transform

RNG = np.random.default_rng(2)
LINE = RNG.normal(size=7) * 2
POSITIVE = np.exp(RNG.normal(size=7))
UNIT = 1 / (1 + np.exp(-RNG.normal(size=7)))
VECTORS = RNG.normal(size=(4, 3))
SPLINE = T.RationalQuadraticSpline(
    np.array([0.5, 2.0, 1.0]), np.array([1.0, 1.0, 3.0]), np.array([0.3, 2.0]), bound=3.0
)
CASES = [
    (T.Identity(), LINE),
    (T.Affine(1.5, -2.0), LINE),
    (T.Exp(), LINE),
    (T.Log(), POSITIVE),
    (T.Sigmoid(), LINE),
    (T.Logit(), UNIT),
    (T.Tanh(), LINE),
    (T.Softplus(), LINE),
    (T.Power(2.5), POSITIVE),
    (T.Power(-0.5), POSITIVE),
    (T.Reciprocal(), POSITIVE),
    (T.LeakyReLU(0.1), LINE),
    (T.NormalCDF(), LINE),
    (T.KumaraswamyCDF(2.0, 0.7), UNIT),
    (SPLINE, np.concatenate([LINE, [-2.9, 0.0, 2.9, 7.0]])),
    (T.Exp().inv, POSITIVE),
    (T.CumulativeSum(), VECTORS),
    (T.Ordered(), VECTORS),
    (T.Permute([2, 0, 1]), VECTORS),
    (T.Householder(np.array([1.0, 2.0, -1.0])), VECTORS),
    (T.ScaleTriL(np.array([[2.0, 9.0], [1.0, -0.5]]), np.array([1.0, 2.0])), VECTORS[:, :2]),
    (T.MatvecLU(np.array([[2.0, 0.3, 1.0], [0.5, -1.0, 2.0], [0.1, 0.2, 3.0]]), [1, 2, 0]), VECTORS),
    (T.SoftmaxCentered(), VECTORS),
    (T.StickBreaking(), VECTORS),
    (T.StickBreaking().inv, np.array([[0.2, 0.5, 0.3], [0.01, 0.01, 0.98]])),
    (T.CholeskyFactor(), RNG.normal(size=(4, 6))),
    (T.CorrelationCholesky(), RNG.normal(size=(4, 6))),
    (T.Gram(), np.array([[[1.0, 0.0], [0.5, 2.0]]])),
    (T.Reshape((3,), (3, 1)), VECTORS),
    (T.Chain([T.Affine(0.5, 2.0), T.Tanh()]), LINE),
    (T.Chain([T.Exp(), T.CumulativeSum(), T.Log()]), VECTORS),
    (T.Chain([T.Tanh(), T.StickBreaking()]), VECTORS),
    (T.Concat([T.Exp(), T.Ordered()], [1, 2]), VECTORS),
    (T.Stack([T.Exp(), T.Tanh(), T.Affine(0.0, 3.0)]), VECTORS),
]


@pytest.mark.parametrize(
    ("transform", "x"), CASES, ids=lambda v: repr(v)[:40] if isinstance(v, T.Transform) else ""
)
def test_transform(transform, x):
    check_transform(transform, x)
    check_transform(transform.inv, transform.forward(x).array)
    assert transform.inv.inv is transform or transform.inv.inv == transform


@pytest.mark.parametrize(
    ("transform", "x"), CASES, ids=lambda v: repr(v)[:40] if isinstance(v, T.Transform) else ""
)
def test_float32_stays(transform, x):
    if isinstance(transform, T.Affine | T.Power | T.LeakyReLU | T.Chain) or not transform.__dict__:
        y, log_det = transform.forward_and_log_det(x.astype(np.float32))
        assert y.dtype == log_det.dtype == np.float32


LOG_SLOPES = {
    T.Tanh: lambda x: -2 * mp.log(mp.cosh(x)),
    T.Sigmoid: lambda x: -x - 2 * mp.log1p(mp.exp(-x)),
    T.Softplus: lambda x: -mp.log1p(mp.exp(-x)),
    T.NormalCDF: lambda x: -x * x / 2 - mp.log(2 * mp.pi) / 2,
}


@pytest.mark.parametrize("cls", LOG_SLOPES)
def test_log_determinants_to_the_last_digits(cls):
    x = np.concatenate([s * 10.0 ** np.linspace(-8, 2.5, 60) for s in (1, -1)])
    with mp.workdps(60):
        truth = np.array([float(LOG_SLOPES[cls](mp.mpf(float(v)))) for v in x])
    got = cls().forward_log_det(x).array
    assert (abs(got - truth) <= 4 * np.spacing(abs(truth))).all()


def test_inverse_log_determinant_of_tanh_near_its_ends():
    y = np.array([1e-9, 0.3, 0.6, 1 - 1e-9, -(1 - 1e-15)])
    with mp.workdps(60):
        truth = np.array([float(-mp.log(1 - mp.mpf(float(v)) ** 2)) for v in y])
    assert (abs(T.Tanh().inverse_log_det(y).array - truth) <= 4 * np.spacing(abs(truth))).all()


def test_spline_beyond_its_bound_is_the_identity_and_carries_gradients():
    widths = Variable(np.array([0.5, 2.0, 1.0]), requires_grad=True)
    spline = T.RationalQuadraticSpline(widths, np.ones(3), np.array([0.3, 2.0]), bound=3.0)
    assert spline.forward(np.array([3.5, -8.0])).array.tolist() == [3.5, -8.0]
    (g,) = pdist.grad([spline.forward(np.array([0.1, 1.0])).sum()], [widths])
    assert np.isfinite(g.array).all()
    assert g.array.any()
    np.testing.assert_allclose(spline.inverse(spline.forward(LINE)).array, LINE, rtol=1e-12, atol=1e-14)


def test_equal_transforms():
    assert T.Affine(1.0, 2.0) == T.Affine(1.0, 2.0)
    assert T.Affine(1.0, 2.0) != T.Affine(1.0, 3.0)
    assert T.Chain([T.Exp(), T.Affine(np.ones(2))]) == T.Chain([T.Exp(), T.Affine(np.ones(2))])
    assert T.Exp() != T.Log()


@pytest.mark.parametrize(
    ("support", "shape"),
    [
        (D.Normal(0.0, 1.0).support, ()),
        (D.Exponential(1.0).support, ()),
        (D.Beta(1.0, 1.0).support, ()),
        (D.Uniform(np.array(-2.0), 5.0).support, ()),
        (D.Pareto(np.array(2.0), 1.0).support, ()),
        (D.Dirichlet(np.ones(4)).support, (3,)),
        (D.LKJCholesky(3, 1.0).support, (3,)),
        (D.Wishart(5.0, np.eye(2)).support, (3,)),
        (D.MultivariateNormal(np.zeros(2), np.eye(2)).support, (2,)),
    ],
)
def test_standard_transform(support, shape):
    transform = T.biject_to(support)
    x = RNG.normal(size=(5, *shape))
    check_transform(transform, x)
    assert support.contains(transform.forward(x)).all()


def test_what_has_no_standard_transform():
    with pytest.raises(NotImplementedError, match="non negative integer"):
        T.biject_to(D.Poisson(1.0).support)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: T.Affine(0.0, 0.0), "scale is 0.0"),
        (lambda: T.Affine(0.0, np.array([1.0, np.inf])), "scale is"),
        (lambda: T.Power(0), "power is 0"),
        (lambda: T.LeakyReLU(-1.0), "slope is -1.0"),
        (lambda: T.KumaraswamyCDF(1.0, -1.0), "b is"),
        (lambda: T.RationalQuadraticSpline(np.ones(3), np.ones(2), np.ones(2)), r"shapes \(3,\)"),
        (lambda: T.RationalQuadraticSpline(np.ones(2), np.array([1.0, 0.0]), np.ones(1)), "heights are"),
        (lambda: T.Permute([0, 2]), r"order is \[0, 2\]"),
        (lambda: T.Permute([1, 0]).forward(np.zeros(3)), r"x has shape \(3,\)"),
        (lambda: T.Householder(np.zeros(2)), "other than 0"),
        (lambda: T.ScaleTriL(np.zeros((2, 2))), "0 on its diagonal"),
        (lambda: T.CholeskyFactor().forward(np.zeros(4)), "4 elements"),
        (lambda: T.CorrelationCholesky().forward(np.zeros(2)), "2 elements"),
        (lambda: T.Reshape((2,), (3,)), "different sizes"),
        (lambda: T.Chain([]), "is empty"),
        (lambda: T.Concat([T.Exp()], [1, 2]), "2 lengths of 1"),
        (lambda: T.Stack([T.Ordered()]), "ones of numbers"),
        (lambda: T.Concat([T.Exp(), T.Exp()]).forward(np.zeros(3)), "length 2"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_wrong_transform_is_found():
    class Wrong(T.Elementwise):
        _forward = staticmethod(F.exp)
        _inverse = staticmethod(F.log)
        _log_slope = staticmethod(lambda x: 2 * x)

    with pytest.raises(AssertionError, match="forward_log_det at"):
        check_transform(Wrong(), LINE)
    with pytest.raises(TypeError, match="expected Transforms"):
        T.Chain([F.exp])


# Distributions by transforms --------------------------------------------------------------------------------


def test_by_name_and_by_transform_are_the_same():
    base = D.Normal(np.array([0.3, -1.0]), 0.8)
    for transform, named in (
        (T.Exp(), D.LogNormal(base.loc, 0.8)),
        (T.Sigmoid(), D.LogitNormal(base.loc, 0.8)),
        (T.Affine(1.0, -2.0), D.Normal(1 - 2 * base.loc, 1.6)),
    ):
        d = D.TransformedDistribution(base, transform)
        y = named.sample(5, rng=0).array
        for method in ("log_prob", "cdf", "log_cdf", "survival_function", "log_survival_function"):
            got, expected = (getattr(one, method)(y).array for one in (d, named))
            np.testing.assert_allclose(got, expected, rtol=1e-10, err_msg=method)
        p = np.array([[0.01], [0.4], [0.999]])
        for method in ("icdf", "isf"):
            np.testing.assert_allclose(
                getattr(d, method)(p).array, getattr(named, method)(p).array, rtol=1e-10
            )
        np.testing.assert_allclose(d.median.array, named.median.array, rtol=1e-12)
        outside = np.array([-np.inf, np.inf])
        np.testing.assert_array_equal(d.cdf(outside[:, None]).array, [[0, 0], [1, 1]])
    assert d.mean.array.tolist() == named.mean.array.tolist()
    np.testing.assert_allclose(d.stddev.array, named.stddev.array)
    np.testing.assert_allclose(d.entropy.array, named.entropy.array, rtol=1e-14)


def test_outside_the_codomain():
    d = D.TransformedDistribution(D.Normal(np.array(0.0), 1.0), T.Exp())
    assert d.log_prob(-1.0).item() == -np.inf
    assert d.cdf(np.array([-1.0, 0.0])).array.tolist() == [0, 0]
    assert d.survival_function(np.array([-1.0, np.inf])).array.tolist() == [1, 0]
    assert np.isnan(d.cdf(np.nan).item())


def test_its_own_draws_have_a_finite_density():
    loc = Variable(np.array(18.0), requires_grad=True)
    d = D.TransformedDistribution(D.Normal(loc, 1.0), T.Tanh())
    y, log_prob = d.sample_and_log_prob(100, rng=0)
    assert (y.array == 1).any()
    assert np.isfinite(log_prob.array).all()
    (g,) = pdist.grad([log_prob.sum()], [loc])
    assert np.isfinite(g.array)
    y, log_prob = D.TransformedDistribution(D.Normal(np.array(0.5), 1.0), T.Tanh()).sample_and_log_prob(
        9, rng=0
    )
    e = D.TransformedDistribution(D.Normal(np.array(0.5), 1.0), T.Tanh())
    np.testing.assert_allclose(log_prob.array, e.log_prob(y.array).array, rtol=1e-9)


def test_vectors():
    """A LogisticNormal of three classes integrates to one, and its gradient reaches the base."""
    loc = Variable(np.array([0.3, -0.5]), requires_grad=True)
    base = D.MultivariateNormal(loc, np.array([[0.8, 0.0], [0.3, 0.6]]))
    d = D.TransformedDistribution(base, T.SoftmaxCentered())
    assert d.event_shape == (3,)
    p = lambda b, a: d.prob(np.array([a, b, 1 - a - b])).item()
    total, _ = integrate.dblquad(p, 0, 1, 0, lambda a: 1 - a, epsabs=1e-5)
    assert abs(total - 1) < 1e-4
    draws = d.rsample(1000, rng=0)
    assert d.support.contains(draws).all()
    (g,) = pdist.grad([draws[:, 0].sum()], [loc])
    assert g.array.all()
    parts = D.TransformedDistribution(D.Independent(D.Normal(np.zeros(3), 1.0), 1), T.Exp())
    one = D.TransformedDistribution(D.Normal(np.zeros(3), 1.0), T.Exp())
    y = np.array([0.5, 1.0, 3.0])
    np.testing.assert_allclose(parts.log_prob(y).item(), one.log_prob(y).array.sum(), rtol=1e-14)


def test_divergence_is_that_of_the_bases():
    p, q = D.Normal(np.array(0.0), 1.0), D.Normal(np.array(1.0), 2.0)
    by = [D.TransformedDistribution(d, T.Affine(1.0, 2.0)) for d in (p, q)]
    assert pdist.kl_divergence(*by).item() == pdist.kl_divergence(p, q).item()
    with pytest.raises(NotImplementedError, match="the same transform"):
        pdist.kl_divergence(by[0], D.TransformedDistribution(q, T.Affine(1.0, 3.0)))


def test_refusals():
    normal = D.Normal(np.array(0.0), 1.0)
    with pytest.raises(TypeError, match="expected a Transform"):
        D.TransformedDistribution(normal, F.exp)
    with pytest.raises(ValueError, match="are counts"):
        D.TransformedDistribution(D.Poisson(1.0), T.Exp())
    with pytest.raises(ValueError, match="wrap it into Independent"):
        D.TransformedDistribution(normal, T.Ordered())
    d = D.TransformedDistribution(normal, T.Tanh())
    for name in ("mean", "variance", "entropy"):
        with pytest.raises(NotImplementedError, match=name):
            getattr(d, name)
    with pytest.raises(NotImplementedError, match="not monotone"):
        D.TransformedDistribution(normal, T.Abs()).cdf(0.5)


def test_logistic_normal_is_a_normal_through_softmax():
    loc, scale = np.array([0.3, -0.5]), np.array([0.8, 0.6])
    d = D.LogisticNormal(loc, scale)
    e = D.TransformedDistribution(D.MultivariateNormalDiag(loc, scale), T.SoftmaxCentered())
    x = d.sample(6, rng=0).array
    np.testing.assert_allclose(d.log_prob(x).array, e.log_prob(x).array, rtol=1e-13)
    assert d.event_shape == e.event_shape == (3,)
    ratios = np.log(d.sample(50_000, rng=1).array)
    ratios = ratios[:, :2] - ratios[:, 2:]
    np.testing.assert_allclose(ratios.mean(0), loc, atol=0.02)
    np.testing.assert_allclose(ratios.std(0), scale, atol=0.02)
