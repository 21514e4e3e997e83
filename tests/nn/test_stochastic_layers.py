"""Layers whose weights have a posterior."""

from __future__ import annotations

import numpy as np
import pytest

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L


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
