"""Layers whose weights have a posterior."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from pdist_nn import optimizers, serializers


def test_weights_are_drawn_afresh_or_are_the_mean():
    layer = L.DenseReparameterization(2, 3)
    x = np.ones((4, 2), np.float32)
    assert (layer(x).array != layer(x).array).all()
    with L.mean_weights():
        expected = x @ layer.posterior.loc.array.T
        np.testing.assert_allclose(layer(x).array, expected, rtol=1e-6)
        with L.mean_weights(False):
            assert (layer(x).array != expected).all()
    np.testing.assert_allclose(layer(x, mean=True).array, expected, rtol=1e-6)
    assert (layer(x).array != expected).all()


def test_draws_have_the_posterior_s_moments():
    pdist.random.seed(0)
    layer = L.DenseReparameterization(1, 1)
    layer.posterior.loc.array, layer.posterior.log_scale.array = (
        np.float32([[2]]),
        np.log(np.float32([[0.7]])),
    )
    x = np.float32([[1]])
    draws = np.array([layer(x).array.item() for _ in range(4000)])
    assert draws.mean() == pytest.approx(2, abs=4 * 0.7 / 4000**0.5)
    assert draws.std() == pytest.approx(0.7, rel=0.05)


def test_the_divergence_is_the_sum_over_layers():
    model = nn.Sequential(
        L.DenseReparameterization(2, 4), F.tanh, nn.Chain(a=L.DenseReparameterization(4, 1)), L.Linear(1, 1)
    )
    layers = [model[0], model[2].a]
    expected = sum(float(F.sum(D.kl_divergence(layer.posterior(), D.Normal(0.0, 1.0)))) for layer in layers)
    assert float(model.kl_divergence()) == pytest.approx(expected, rel=1e-6)
    model.kl_divergence().backward()
    for layer in layers:
        assert layer.posterior.log_scale.grad.shape == layer.posterior.log_scale.shape
        assert layer.bias_posterior.value.grad is None
    assert float(nn.Chain(a=L.Linear(1, 1)).kl_divergence()) == 0


def test_posteriors_and_priors_may_be_given():
    class Laplace(nn.Link):
        def __init__(self, shape):
            super().__init__()
            with self.init_scope():
                self.loc = nn.Parameter(0.0, shape)

        def forward(self):
            return D.Laplace(self.loc, np.float32(0.5))

    layer = L.DenseReparameterization(
        2,
        3,
        posterior=Laplace,
        prior=D.Laplace(0.0, 1.0),
        bias_posterior=L.NormalPosterior,
        bias_prior=D.Normal(0.0, 2.0),
    )
    assert layer(np.ones((4, 2), np.float32)).shape == (4, 3)
    expected = float(F.sum(D.kl_divergence(layer.posterior(), D.Laplace(0.0, 1.0)))) + float(
        F.sum(D.kl_divergence(layer.bias_posterior(), D.Normal(0.0, 2.0)))
    )
    assert float(layer.kl_divergence()) == pytest.approx(expected, rel=1e-6)
    trained = L.DenseReparameterization(2, 3, prior=L.NormalPosterior)
    assert "/prior/loc" in dict(trained.namedparams())
    assert L.DenseReparameterization(2, 3, bias_posterior=False).bias_posterior is None


@pytest.mark.parametrize(
    "prior", [None, D.Normal(0.0, 1.0), D.Normal(0.5, log_scale=-0.5), L.NormalPosterior]
)
def test_divergences_in_one_op_are_those_of_the_registry(prior):
    model = nn.Sequential(*(L.DenseReparameterization(n, 2, prior=prior) for n in (3, 2)))
    for layer in model:
        layer.posterior.log_scale.array[0] = 0.0  # as wide as the prior: small differences count
        layer.posterior.loc.array[0, 0] = 1e-4
    registered = 0.0
    for layer in model:
        p = D.Normal(0.0, 1.0) if layer.prior is None else layer.prior
        p = p() if isinstance(p, nn.Link) else p
        registered = registered + F.sum(D.kl_divergence(layer.posterior(), p))
    fused = model.kl_divergence()
    np.testing.assert_allclose(fused.array, registered.array, rtol=1e-6)
    found = [nn.grad([y], list(model.params())) for y in (fused, registered)]
    for a, b in zip(*found, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a.array, b.array, rtol=1e-5, atol=1e-6)


def test_the_divergence_keeps_small_differences():
    posterior = L.NormalPosterior((1,), initial_loc=1e-4, initial_log_scale=0.0)
    term = nn.divergences.divergence_from_standard_normal(posterior.loc, posterior.log_scale)
    assert float(term) == pytest.approx(5e-9, rel=1e-6)


def test_ops_of_stochastic_layers_have_derivatives_of_first_and_second_order():
    rng = np.random.default_rng(0)
    a, b, c, d = (rng.normal(size=(2, 3)) for _ in range(4))
    pdist.check_gradients(lambda x, y: nn.links.variational.draw_weights(x, y, noise=c), [a, b])
    bias = rng.normal(size=2)
    pdist.check_gradients(
        lambda *xs: nn.links.variational.affine_map_of_draw(*xs, noise=c),
        [rng.normal(size=(4, 3)), a, b, bias],
    )
    pdist.check_gradients(nn.divergences.divergence_from_standard_normal, [a, b])
    pdist.check_gradients(nn.divergences.divergence_from_normal, [a, b, c[0], d[:, :1]])


def test_a_stochastic_layer_may_find_its_width_later():
    layer = L.DenseReparameterization(None, 3)
    with pytest.raises(ValueError, match=r"the input size is not known yet"):
        layer.kl_divergence()
    assert layer(np.ones((4, 2), np.float32)).shape == (4, 3)
    assert layer.posterior.loc.shape == (3, 2)
    with pytest.raises(ValueError, match=r"DenseReparameterization: x has shape \(4, 5\).*expected 2"):
        layer(np.ones((4, 5), np.float32))


def full_shape(shape):
    """A prior that needs all lengths."""
    return D.Normal(np.zeros(shape, np.float32), np.ones(shape, np.float32))


class LowRank(nn.Link):
    """A posterior of another form, whose parameters have the input's length on other axes."""

    def __init__(self, shape):
        super().__init__()
        with self.init_scope():
            self.columns = nn.Parameter(0.1, (shape[1], 2))
            self.rows = nn.Parameter(0.2, (shape[0], 2))

    def forward(self):
        return D.Normal(F.matmul(self.rows, F.transpose(self.columns)), 0.1)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"prior": L.NormalPosterior},
        {"prior": full_shape},
        {"posterior": LowRank},
        {"posterior": lambda shape: L.NormalPosterior(shape, initial_loc=np.zeros(shape))},
    ],
    ids=["plain", "learned prior", "prior of all lengths", "low rank", "posterior of all lengths"],
)
def test_the_input_size_may_be_known_later(settings):
    layer, known = (L.DenseReparameterization(n, 3, **settings) for n in (None, 4))
    model = nn.Sequential(layer)
    optimizer = optimizers.Adam(0.1).setup(model)
    with pytest.raises(ValueError, match=r"the input size is not known yet"):
        layer.kl_divergence()
    x = np.ones((2, 4), np.float32)
    for _ in range(2):
        optimizer.update(lambda: F.sum(F.square(model(x))) + model.kl_divergence())
    assert layer.in_size == 4 and optimizer.t == 2
    assert {n: p.shape for n, p in layer.namedparams()} == {n: p.shape for n, p in known.namedparams()}
    assert layer.kl_divergence().shape == ()


@pytest.mark.parametrize("posterior", [L.NormalPosterior, LowRank])
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a)), nn.Link.copy])
def test_a_layer_that_waits_is_copied_and_takes_its_size_from_a_file(tmp_path, posterior, duplicate):
    one = L.DenseReparameterization(4, 3, posterior=posterior, prior=L.NormalPosterior)
    serializers.save_npz(tmp_path / "m.npz", one)
    two = duplicate(L.DenseReparameterization(None, 3, posterior=posterior, prior=L.NormalPosterior))
    assert not any(p.is_initialized for p in two.posterior.params() if p.deferred_shape is not None)
    serializers.load_npz(tmp_path / "m.npz", two)
    assert two.in_size == 4
    for p, q in zip(one.params(), two.params(), strict=True):
        np.testing.assert_array_equal(p.array, q.array)


def test_a_parameter_may_lack_one_length():
    p = nn.Parameter(1.0, (2, None))
    assert p.array is None and p.deferred_shape == (2, None)
    p.complete(3)
    p.complete(5)  # it is there
    assert p.shape == (2, 3)
    with pytest.raises(ValueError, match=r"shape is \(None, None\); expected one length of None at most"):
        nn.Parameter(1.0, (None, None))
