"""The jobs in pdist, eager and traced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L

from . import data
from .training import Training


def training(model: Any, loss: Callable[..., Any], parameters: list[Any]) -> Training:
    """A step of Adam with the gradient of ``loss(*arrays)``."""
    pdist.config.validate = False
    optimizer = nn.optimizers.Adam(1e-3).setup(model)

    def step(*arrays: Any) -> Any:
        found = loss(*arrays)
        model.cleargrads()
        found.backward()
        optimizer.update()
        return found

    return Training(
        step,
        lambda: [pdist.to_cpu(p.array) for p in parameters],
        model.xp.asarray,
        lambda found: float(found.array),
        reseed=pdist.random.seed,
    )


def traced(made: Training) -> Training:
    """The same step, traced."""
    return made.with_step(pdist.trace(made.step))


def mdn(batch: int, hidden: int, components: int, device: str = "cpu") -> Training:
    """A mixture density network."""
    W1, b1, W2, b2, W3, b3 = data.mdn_parameters(hidden, components)
    layers = (
        L.Linear(1, hidden, initialW=W1, initial_bias=b1),
        L.Linear(hidden, hidden, initialW=W2, initial_bias=b2),
        L.Linear(hidden, nn.heads.MixtureNormal.params_size(components), initialW=W3, initial_bias=b3),
    )
    model = nn.Sequential(
        layers[0], F.relu, layers[1], F.relu, layers[2], nn.heads.MixtureNormal(components)
    ).to_device(device)

    def loss(x: Any, y: Any) -> Any:
        return -F.mean(model(x).log_prob(y))

    return training(model, loss, [p for layer in layers for p in (layer.W, layer.b)])


def bbb(batch: int, device: str = "cpu") -> Training:
    """Bayes by backprop."""
    given = data.bbb_parameters()
    layers = [
        L.DenseReparameterization(
            n,
            m,
            posterior=lambda shape, loc=loc, log_scale=log_scale: L.NormalPosterior(shape, loc, log_scale),
        )
        for (n, m), loc, log_scale in zip(((2, 10), (10, 1)), given[::3], given[1::3], strict=True)
    ]
    model = nn.Sequential(layers[0], F.tanh, layers[1]).to_device(device)

    def loss(x: Any, t: Any) -> Any:
        return -F.mean(D.Bernoulli(logit=model(x)).log_prob(t)) + model.kl_divergence() / batch

    parameters = [
        p
        for layer in layers
        for p in (layer.posterior.loc, layer.posterior.log_scale, layer.bias_posterior.value)
    ]
    return training(model, loss, parameters)


class VAE(nn.Chain):
    """A variational autoencoder; its call is the loss."""

    def __init__(self) -> None:
        super().__init__()
        given = iter(data.vae_parameters())
        with self.init_scope():
            self.encoder = L.Linear(784, 500, initialW=next(given), initial_bias=next(given))
            self.mu = L.Linear(500, 20, initialW=next(given), initial_bias=next(given))
            self.ln_sigma = L.Linear(500, 20, initialW=next(given), initial_bias=next(given))
            self.decoder = L.Linear(20, 500, initialW=next(given), initial_bias=next(given))
            self.output = L.Linear(500, 784, initialW=next(given), initial_bias=next(given))

    def forward(self, x: Any, prior: Any) -> Any:
        """The bound on -log p(x), a mean over the batch."""
        h = F.tanh(self.encoder(x))
        q = D.Normal(self.mu(h), log_scale=self.ln_sigma(h))
        p = D.Bernoulli(logit=self.output(F.tanh(self.decoder(q.sample()))))
        return (F.sum(pdist.kl_divergence(q, prior)) - F.sum(p.log_prob(x))) / len(x)


def vae(batch: int, device: str = "cpu") -> Training:
    """A variational autoencoder."""
    model = VAE().to_device(device)
    xp = model.xp
    prior = D.Normal(xp.zeros((), np.float32), xp.ones((), np.float32))
    layers = (model.encoder, model.mu, model.ln_sigma, model.decoder, model.output)
    parameters = [p for layer in layers for p in (layer.W, layer.b)]
    return training(model, lambda x: model(x, prior), parameters)
