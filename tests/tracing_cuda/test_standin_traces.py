"""Traced training steps on the stand-in for CuPy give the numbers of the eager ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from pdist.backend import default_library
from pdist.testing import standin

STEPS = 6


def mixture_network() -> tuple[Any, Any]:
    model = nn.Sequential(
        L.Linear(1, 12), F.relu, L.Linear(12, 12), F.relu, L.Linear(12, 12), nn.heads.MixtureNormal(4)
    )
    return model, lambda x, y: -F.mean(model(x[:, :1]).log_prob(y[:, 0]))


def bayes_by_backprop() -> tuple[Any, Any]:
    model = nn.Sequential(L.DenseReparameterization(3, 8), F.tanh, L.DenseReparameterization(8, 1))

    def loss(x: Any, y: Any) -> Any:
        log_prob = D.Bernoulli(logit=model(x)).log_prob((y[:, :1] > 0).astype(np.int32))
        return -F.mean(log_prob) + model.kl_divergence() / len(x)

    return model, loss


class Autoencoder(nn.Chain):
    def __init__(self) -> None:
        super().__init__()
        with self.init_scope():
            self.encoder = L.Linear(3, 10)
            self.mu = L.Linear(10, 2)
            self.ln_sigma = L.Linear(10, 2)
            self.decoder = L.Linear(2, 10)
            self.output = L.Linear(10, 3)


def autoencoder() -> tuple[Any, Any]:
    model = Autoencoder()

    def loss(x: Any, y: Any) -> Any:
        h = F.tanh(model.encoder(x))
        q = D.Normal(model.mu(h), log_scale=model.ln_sigma(h))
        p = D.Bernoulli(logit=model.output(F.tanh(model.decoder(q.sample()))), binary_check=False)
        xp = pdist.get_array_module(model.mu.W.array)
        prior = D.Normal(xp.zeros((), np.float32), xp.ones((), np.float32))
        return (F.sum(pdist.kl_divergence(q, prior)) - F.sum(p.log_prob(F.sigmoid(x)))) / len(x)

    return model, loss


def counts() -> tuple[Any, Any]:
    model = nn.Sequential(L.Linear(3, 8), F.tanh, L.Linear(8, 1))

    def loss(x: Any, y: Any) -> Any:
        return -F.mean(D.Poisson(F.exp(model(x))).log_prob(F.floor(abs(y[:, :1]) * 3)))

    return model, loss


def dropped_out() -> tuple[Any, Any]:
    model = nn.Sequential(L.Linear(3, 16), F.relu, lambda h: F.dropout(h, 0.3), L.Linear(16, 2))

    def loss(x: Any, y: Any) -> Any:
        out = model(x)
        return -F.mean(D.Normal(out[:, :1], F.softplus(out[:, 1:])).log_prob(y[:, :1]))

    return model, loss


MODELS = [mixture_network, bayes_by_backprop, autoencoder, counts, dropped_out]


def moved(model: Any, device: str = "standin") -> Any:
    """The model, its arrays on the stand-in or on another device."""
    if device != "standin":
        return model.to_device(device)

    def move(thing: Any) -> Any:
        if isinstance(thing, nn.Parameter):
            return thing._move(standin.asarray)
        if isinstance(thing, D.Distribution):
            return thing._map(
                lambda value, n: move(value) if isinstance(value, D.Distribution) else there(value)
            )
        return thing._move(standin.asarray, move)

    def there(value: Any) -> Any:
        return nn.Variable(standin.asarray(value.array), requires_grad=False)

    return move(model)


def train(make: Any, traced: bool, device: str = "standin") -> tuple[list[np.ndarray], list[np.ndarray], Any]:
    """The losses and the parameters after some steps, and the step."""
    pdist.random.seed(1)
    np_rng = np.random.default_rng(0)
    model, loss = make()
    moved(model, device)
    optimizer = nn.optimizers.Adam(0.01).setup(model)

    def step(x: Any, y: Any) -> Any:
        found = loss(x, y)
        model.cleargrads()
        found.backward()
        optimizer.update()
        return found

    run = pdist.trace(step) if traced else step
    losses = []
    with pdist.using_device(device):
        library = default_library()
        pdist.random.seed(1)
        for i in range(STEPS):
            x, y = np_rng.standard_normal((2, 7, 3)).astype(np.float32)
            if i == STEPS - 2:
                optimizer.alpha = 0.003
            found = run(library.from_host(x), library.from_host(y)).array
            assert isinstance(found, library.array_type)
            losses.append(found)
    return [v.get() for v in losses], [p.array.get() for p in model.params()], run


@pytest.mark.parametrize("make", MODELS)
def test_a_traced_step_is_the_eager_step(make: Any) -> None:
    losses, parameters, _ = train(make, traced=False)
    traced_losses, traced_parameters, step = train(make, traced=True)
    assert len(step.traces) == 1
    np.testing.assert_array_equal(traced_losses, losses)
    for got, expected in zip(traced_parameters, parameters, strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("make", MODELS)
def test_kernels_text_trains_too(make: Any, kernels_in_c: list[Any]) -> None:
    """The same steps, their kernels compiled as C: C's library rounds in its own way."""
    losses, parameters, _ = train(make, traced=False)
    traced_losses, traced_parameters, _ = train(make, traced=True)
    assert kernels_in_c
    np.testing.assert_allclose(traced_losses, losses, rtol=2e-5)
    for got, expected in zip(traced_parameters, parameters, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("make", MODELS)
def test_a_step_is_one_graph_of_few_kernels(make: Any) -> None:
    *_, step = train(make, traced=True)
    outer = step.source[step.source.rindex("def step(") :]
    assert outer.count("step_graph") == 1
    assert len(outer.splitlines()) < 20
    assert 0 < len(step.last.kernels) < 20


@pytest.mark.device
@pytest.mark.parametrize("make", MODELS)
def test_on_the_device(make: Any, device: str) -> None:
    """On a GPU: kernels by CuPy, in a CUDA graph; a failed capture would warn, which is an error here."""
    losses, parameters, _ = train(make, traced=False, device=device)
    traced_losses, traced_parameters, step = train(make, traced=True, device=device)
    assert "step_graph(" in step.source and step.kernels
    np.testing.assert_allclose(traced_losses, losses, rtol=1e-6)
    for got, expected in zip(traced_parameters, parameters, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
