"""Layers and heads."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L

# Linear --------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.data())
def test_linear_is_a_matrix_product_over_any_batch_axes(shape, data):
    n_batch_axes = data.draw(st.integers(1, len(shape) - 1))
    layer = L.Linear(None, 5, initial_bias=nn.initializers.Normal(1.0))
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    y = layer(x, n_batch_axes=n_batch_axes)
    lead = tuple(shape[:n_batch_axes])
    expected = x.reshape((*lead, -1)) @ layer.W.array.T + layer.b.array
    assert y.shape == (*lead, 5)
    assert layer.in_size == expected.shape[-1] or layer.W.shape == (5, layer.in_size)
    np.testing.assert_allclose(y.array, expected, rtol=1e-5, atol=1e-5)


def test_linear_gradients():
    layer = L.Linear(3, 2, initialW=np.random.default_rng(0).normal(size=(2, 3)))
    x = np.random.default_rng(1).normal(size=(4, 3))
    (layer(x) ** 2).sum().backward()
    y = x @ layer.W.array.T
    np.testing.assert_allclose(layer.W.grad, 2 * y.T @ x, rtol=1e-6)
    np.testing.assert_allclose(layer.b.grad, 2 * y.sum(axis=0), rtol=1e-6)


def test_linear_takes_chainers_arguments():
    W, b = np.float32([[1, 2], [3, 4]]), np.float32([5, 6])
    layer = L.Linear(2, 2, initialW=W, initial_bias=b)
    np.testing.assert_array_equal(layer(np.float32([[1, 1]])).array, [[8, 13]])
    assert L.Linear(2, 2, nobias=True).b is None
    assert L.Linear(7).out_size == 7
    assert L.Linear(7).in_size is None
    assert not L.Linear(2, 3).b.array.any()


def test_lecun_normal_is_the_default():
    pdist.random.seed(0)
    assert L.Linear(400, 1000).W.array.std() == pytest.approx(400**-0.5, rel=0.01)


@pytest.mark.parametrize("shape", [(4, 2), (4, 3, 1, 2)])
def test_data_of_the_wrong_width_names_the_layer(shape):
    model = nn.Chain(hidden=L.Linear(3, 2))
    with pytest.raises(
        ValueError, match=r"Linear 'hidden': x has shape .*, which is . numbers .* expected 3"
    ):
        model.hidden(np.zeros(shape, np.float32))


def test_data_without_example_axes():
    with pytest.raises(ValueError, match=r"Linear: x has shape \(3,\), which has no axes of an example"):
        L.Linear(3, 2)(np.zeros(3, np.float32))


@pytest.mark.parametrize("size", [0, -1, 1.5, "3", True])
def test_sizes_are_positive_integers(size):
    with pytest.raises(ValueError, match=r"Linear: out_size is .*; expected a positive integer"):
        L.Linear(3, size)
    with pytest.raises(ValueError, match=r"Linear: in_size is .*; expected a positive integer"):
        L.Linear(size, 3)


def test_weights_of_another_shape():
    with pytest.raises(ValueError, match=r"shape \(2, 2\) cannot fill a parameter of shape \(2, 3\)"):
        L.Linear(3, 2, initialW=np.zeros((2, 2)))


# Heads ---------------------------------------------------------------------------------------------------

event_shapes = st.one_of(st.just(()), st.integers(1, 3), st.lists(st.integers(1, 3), max_size=2).map(tuple))


def as_shape(event_shape):
    return event_shape if isinstance(event_shape, tuple) else (event_shape,)


@given(event_shapes, st.lists(st.integers(1, 3), max_size=2).map(tuple))
def test_independent_normal_head(event_shape, batch):
    head = nn.heads.IndependentNormal(event_shape)
    size = head.params_size(event_shape)
    params = np.random.default_rng(0).normal(size=(*batch, size))
    d = head(params)
    assert d.batch_shape == batch
    assert d.event_shape == as_shape(event_shape)
    assert d.dtype == np.float64
    loc, raw = params[..., : size // 2], params[..., size // 2 :]
    shape = batch + as_shape(event_shape)
    np.testing.assert_allclose(d.mean.array, loc.reshape(shape))
    np.testing.assert_allclose(d.stddev.array, np.logaddexp(raw, 0).reshape(shape))


@given(st.integers(1, 3), event_shapes, st.lists(st.integers(1, 3), max_size=2).map(tuple))
def test_mixture_normal_head(k, event_shape, batch):
    head = nn.heads.MixtureNormal(k, event_shape)
    n = int(np.prod(as_shape(event_shape)))
    size = head.params_size(k, event_shape)
    assert size == k * (1 + 2 * n)
    params = np.random.default_rng(0).normal(size=(*batch, size))
    d = head(params)
    assert d.batch_shape == batch
    assert d.event_shape == as_shape(event_shape)
    x = np.random.default_rng(1).normal(size=batch + as_shape(event_shape))
    logits, loc, raw = np.split(params, [k, k + k * n], axis=-1)
    loc, scale = loc.reshape((*batch, k, n)), np.logaddexp(raw, 0).reshape((*batch, k, n))
    z = (x.reshape((*batch, 1, n)) - loc) / scale
    parts = (-z * z / 2 - np.log(scale) - 0.5 * np.log(2 * np.pi)).sum(axis=-1)
    parts += logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    np.testing.assert_allclose(d.log_prob(x).array, np.logaddexp.reduce(parts, axis=-1), rtol=1e-9)


def test_heads_carry_gradients_to_the_layer_before():
    model = nn.Sequential(L.Linear(2, nn.heads.MixtureNormal.params_size(3)), nn.heads.MixtureNormal(3))
    loss = -F.mean(model(np.ones((4, 2), np.float32)).log_prob(np.zeros(4, np.float32)))
    loss.backward()
    assert all(np.isfinite(p.grad).all() and p.grad.any() for p in model.params())


def test_a_mixture_from_a_head_is_like_any_other():
    rng = np.random.default_rng(0)
    params = nn.Variable(rng.normal(size=(3, 6)))
    x = rng.normal(size=(4, 3))

    def plain():
        h = params
        return D.MixtureSameFamily(D.Categorical(logit=h[:, :2]), D.Normal(h[:, 2:4], F.softplus(h[:, 4:])))

    def gradient(y):
        (g,) = nn.grad([F.sum(F.sin(y))], [params])
        return g.array

    d = nn.heads.MixtureNormal(2)(params)
    assert type(d) is D.MixtureSameFamily
    assert type(d.component_distribution) is D.Normal
    for name in ("log_prob", "cdf", "log_cdf", "survival_function", "responsibilities"):
        fast, expected = getattr(d, name)(x), getattr(plain(), name)(x)
        np.testing.assert_allclose(fast.array, expected.array, rtol=1e-13)
        np.testing.assert_allclose(gradient(fast), gradient(expected), rtol=1e-11)
    for name in ("mean", "stddev", "variance"):
        np.testing.assert_allclose(getattr(d, name).array, getattr(plain(), name).array, rtol=1e-14)
    for other in (d[1:], d.copy(), d.expand((2, 3)), copy.deepcopy(d), pickle.loads(pickle.dumps(d))):
        assert type(other) is D.MixtureSameFamily
        assert other.mixture_distribution.n_classes == 2
    assert d.sample(5).shape == (5, 3)


def test_the_density_of_a_head_s_mixture_has_derivatives_of_first_and_second_order():
    rng = np.random.default_rng(0)
    head = nn.heads.MixtureNormal(3)
    pdist.check_gradients(
        lambda x, h: head(h).log_prob(x), [rng.normal(size=(2, 4)), rng.normal(size=(4, 9))]
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rho", [-60.0, -110.0, -800.0, -1e5])
def test_a_component_whose_scale_underflows_makes_no_nan(rho, dtype):
    """Beside others it vanishes; at its very location its density is that of its true scale."""
    params = nn.Variable(np.array([[0.0, 0.0, 0.0, 0.5, rho, 1.0]], dtype))
    head = nn.heads.MixtureNormal(2)
    y = head(params).log_prob(np.ones(1, dtype))
    y.backward()
    s = np.log1p(np.e)
    expected = np.log(0.5) - 0.5 * (0.5 / s) ** 2 - np.log(s * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(y.array, expected, rtol=1e-6)
    np.testing.assert_allclose(params.grad[0, [0, 2, 4]], [-0.5, 0, 0], atol=1e-6)
    assert np.isfinite(params.grad).all()
    assert head(params).log_prob(np.zeros(1, dtype)).item() == pytest.approx(
        np.log(0.5) - rho - 0.5 * np.log(2 * np.pi), rel=1e-5
    )
    normal = nn.heads.IndependentNormal()(params[:, [2, 4]])
    assert normal.log_prob(np.zeros(1, dtype)).item() == pytest.approx(
        -rho - 0.5 * np.log(2 * np.pi), rel=1e-5
    )
    with np.errstate(over="ignore"):
        far = float(dtype(-0.5 * np.exp(np.float64(-2 * rho))))
    assert normal.log_prob(np.ones(1, dtype)).item() == pytest.approx(far, rel=1e-4)


HEADS = [
    lambda: nn.heads.MixtureNormal(2)(np.zeros((5, 6), np.float32)),
    lambda: nn.heads.IndependentNormal()(np.zeros((5, 2), np.float32)),
    lambda: nn.heads.DistributionLambda(lambda x: D.Laplace(x, 1.0))(np.zeros(5, np.float32)),
    lambda: nn.heads.DistributionLambda(lambda x: D.Poisson(x))(np.ones(5, np.float32)).copy(),
    lambda: nn.heads.IndependentNormal()(np.zeros((2, 5, 2), np.float32))[1],
    lambda: nn.heads.IndependentNormal()(np.zeros((5, 2), np.float32)).expand((5,)),
    lambda: pickle.loads(pickle.dumps(nn.heads.IndependentNormal()(np.zeros((5, 2), np.float32)))),
    lambda: D.Independent(nn.heads.IndependentNormal()(np.zeros((5, 2), np.float32)), 0),
]


@pytest.mark.parametrize("make", HEADS)
def test_targets_that_broadcast_outward_are_refused(make):
    d = make()
    targets = np.zeros(5, np.float32)
    assert d.log_prob(targets).shape == (5,)
    assert d.log_prob(0.0).shape == (5,)
    assert d.log_prob(np.zeros((3, 5), np.float32)).shape == (3, 5)
    assert d.log_prob(np.zeros((3, 1, 1), np.float32) + targets).shape == (3, 1, 5)
    for method in (d.log_prob, d.prob):
        with pytest.raises(
            ValueError, match=r"x of shape \(5, 1\) and batch shape \(5,\).*x\.reshape\(\(5,\)\)"
        ):
            method(targets[:, None])
    with pytest.raises(ValueError, match=r"to \(3, 5\); broadcast x to \(3, 5\) if"):
        d.log_prob(np.zeros((3, 1), np.float32))
    assert d.log_prob(np.broadcast_to(np.zeros((3, 1), np.float32), (3, 5))).shape == (3, 5)


def test_outward_targets_of_vectors_and_of_mixtures_of_a_head_s_components():
    vectors = nn.heads.IndependentNormal(2)(np.zeros((5, 4), np.float32))
    with pytest.raises(
        ValueError, match=r"x of shape \(5, 1, 2\) and batch shape \(5,\).*reshape\(\(5, 2\)\)"
    ):
        vectors.log_prob(np.zeros((5, 1, 2), np.float32))
    components = nn.heads.DistributionLambda(lambda x: D.LogNormal(x, 1.0))(np.zeros((5, 3), np.float32))
    mixture = D.MixtureSameFamily(D.Categorical(p=np.float32([0.2, 0.3, 0.5])), components)
    assert mixture.log_prob(np.ones((4, 5), np.float32)).shape == (4, 5)
    with pytest.raises(ValueError, match=r"MixtureSameFamily\.log_prob: x of shape \(5, 1\)"):
        mixture.log_prob(np.ones((5, 1), np.float32))


def test_a_head_leaves_the_distribution_that_it_is_given_as_it_is():
    prior = D.Normal(np.zeros(5), 1.0)
    nn.heads.DistributionLambda(lambda x: prior)(0.0)
    assert prior.log_prob(np.zeros((5, 1))).shape == (5, 5)


def test_a_component_that_is_out_of_reach_makes_no_nan():
    for dtype in (np.float32, np.float64):
        params = nn.Variable(np.array([[0, -1e4, 1e30, 1, 0, -80.0]], dtype))
        y = nn.heads.MixtureNormal(2)(params).log_prob(np.zeros(1, dtype))
        y.backward()
        assert np.isfinite(params.grad).all()


def test_a_head_refuses_nan():
    with pytest.raises(ValueError, match=r"MixtureNormal: the input\[1, 4\] is nan"):
        nn.heads.MixtureNormal(2)(np.where(np.arange(12).reshape(2, 6) == 10, np.nan, 1.0))


def test_a_head_names_the_width_it_wants():
    with pytest.raises(
        ValueError,
        match=r"MixtureNormal\(n_components=2, event_shape=\(\)\): the input has shape \(4, 5\); expected 6",
    ):
        nn.heads.MixtureNormal(2)(np.zeros((4, 5), np.float32))


def test_a_lambda_that_makes_no_distribution():
    with pytest.raises(TypeError, match=r"make returned a ndarray; expected a Distribution"):
        nn.heads.DistributionLambda(lambda x: x)(np.zeros(3))
    with pytest.raises(TypeError, match=r"make is a int; expected a function"):
        nn.heads.DistributionLambda(3)
    with pytest.raises(TypeError, match=r"convert_to_array is a str; expected a function"):
        nn.heads.DistributionLambda(D.Normal, "mean")


def test_a_copied_head_makes_its_own_distributions():
    head = nn.heads.MixtureNormal(2)
    for other in (copy.deepcopy(head), pickle.loads(pickle.dumps(head))):
        assert other.make.__self__ is other
        assert other(np.zeros((1, 6), np.float32)).n_components == 2


# Losses --------------------------------------------------------------------------------------------------


def test_negative_log_likelihood_refuses_a_target_that_would_broadcast():
    d = D.Normal(np.zeros(4, np.float32), np.float32(1))
    with pytest.raises(ValueError, match=r"the target has shape \(4, 1\); expected \(4,\)"):
        nn.losses.negative_log_likelihood(d, np.zeros((4, 1), np.float32))
    with pytest.raises(TypeError, match=r"expected a distribution, then the target; got a ndarray"):
        nn.losses.negative_log_likelihood(np.zeros(4), d)


# Initializers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("LeCunNormal", 1 / 200),
        ("LeCunUniform", 1 / 200),
        ("GlorotNormal", 2 / 500),
        ("GlorotUniform", 2 / 500),
        ("HeNormal", 2 / 200),
        ("HeUniform", 2 / 200),
        ("Normal", 0.05**2),
        ("Uniform", 0.05**2 / 3),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_initializers_have_their_variance(name, variance, dtype):
    array = nn.initializers.generate_array(getattr(nn.initializers, name)(rng=0, dtype=dtype), (300, 200))
    assert array.dtype == dtype
    assert array.var() == pytest.approx(variance, rel=0.03)
    assert abs(array.mean()) < 5 * variance**0.5 / array.size**0.5
    doubled = nn.initializers.generate_array(
        getattr(nn.initializers, name)(scale=2 * (0.05 if name in ("Normal", "Uniform") else 1), rng=0),
        (300, 200),
    )
    assert doubled.var() == pytest.approx(4 * variance, rel=0.03)


def test_he_may_count_outputs():
    array = nn.initializers.generate_array(nn.initializers.HeNormal(fan_option="fan_out", rng=0), (300, 200))
    assert array.var() == pytest.approx(2 / 300, rel=0.03)
    with pytest.raises(ValueError, match=r"HeNormal: fan_option is 'in'"):
        nn.initializers.HeNormal(fan_option="in")


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4), (2, 3, 2)])
def test_orthogonal(shape):
    a = nn.initializers.generate_array(nn.initializers.Orthogonal(2.0, dtype=np.float64, rng=0), shape)
    a = a.reshape(shape[0], -1)
    product = a @ a.T if len(a) <= a.shape[1] else a.T @ a
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)


def test_constants():
    make = nn.initializers.generate_array
    np.testing.assert_array_equal(make(nn.initializers.Zero(), 2), [0, 0])
    np.testing.assert_array_equal(make(nn.initializers.One(), 2), [1, 1])
    np.testing.assert_array_equal(make(nn.initializers.Constant(3), (1, 2)), [[3, 3]])
    np.testing.assert_array_equal(make(nn.initializers.Identity(2.0), (2, 2)), 2 * np.eye(2))
    assert np.isnan(make(nn.initializers.NaN(), ())).all()
    with pytest.raises(ValueError, match=r"Identity: expected a square matrix, got shape \(2, 3\)"):
        make(nn.initializers.Identity(), (2, 3))
    with pytest.raises(ValueError, match=r"get_fans: expected at least 2 axes"):
        make(nn.initializers.LeCunNormal(), 3)


def test_the_stream_decides_initial_weights():
    arrays = []
    for _ in range(2):
        pdist.random.seed(7)
        arrays.append(L.Linear(3, 4).W.array)
    np.testing.assert_array_equal(*arrays)
