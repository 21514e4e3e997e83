"""Small training jobs: each function builds one anew, with its step, its batches and its parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L

BATCHES = 8


class Job(NamedTuple):
    """A model in training."""

    step: Callable[..., Any]
    batches: list[tuple[np.ndarray, ...]]
    parameters: list[Any]
    optimizer: Any
    model: Any


def _layers(*sizes: tuple[int, int]) -> list[Any]:
    rng = np.random.default_rng(1)
    return [
        L.Linear(n, m, initialW=rng.standard_normal((m, n), dtype=np.float32) / np.float32(n**0.5))
        for n, m in sizes
    ]


def _job(model: Any, loss: Callable[..., Any], batches: Any, optimizer: Any = None) -> Job:
    optimizer = (optimizer or nn.optimizers.Adam(1e-3)).setup(model)

    def step(*arrays: Any) -> Any:
        found = loss(*arrays)
        model.cleargrads()
        found.backward()
        optimizer.update()
        return found

    return Job(step, batches, list(model.params()), optimizer, model)


def mdn(batch: int, hidden: int, components: int, optimizer: Any = None) -> Job:
    """A mixture density network: half Normal(x, 0.01), half Normal(-x, x)."""
    first, second, third = _layers(
        (1, hidden), (hidden, hidden), (hidden, nn.heads.MixtureNormal.params_size(components))
    )
    model = nn.Sequential(first, F.relu, second, F.relu, third, nn.heads.MixtureNormal(components))
    rng = np.random.default_rng(0)
    x = rng.uniform(0.1, 1, (BATCHES, batch, 1))
    y = np.where(rng.random(x.shape) < 0.5, rng.normal(x, 0.01), rng.normal(-x, x))[..., 0]
    batches = list(zip(x.astype(np.float32), y.astype(np.float32), strict=True))
    return _job(model, lambda x, y: -F.mean(model(x).log_prob(y)), batches, optimizer)


def mdn_small(optimizer: Any = None) -> Job:
    """100 points, 10 hidden units, 2 components."""
    return mdn(100, 10, 2, optimizer)


def mdn_large() -> Job:
    """1,024 points, 128 hidden units, 10 components."""
    return mdn(1024, 128, 10)


def bbb() -> Job:
    """Bayes by backprop: weights that are sampled at each step."""
    batch, rng = 128, np.random.default_rng(0)
    model = nn.Sequential(L.DenseReparameterization(2, 10), F.tanh, L.DenseReparameterization(10, 1))
    x = rng.uniform(-1, 1, (BATCHES, batch, 2)).astype(np.float32)
    t = (x[..., 1:] > x[..., :1] ** 2).astype(np.float32)

    def loss(x: Any, t: Any) -> Any:
        return -F.mean(D.Bernoulli(logit=model(x)).log_prob(t)) + model.kl_divergence() / batch

    return _job(model, loss, list(zip(x, t, strict=True)))


class VAE(nn.Chain):
    """A variational autoencoder; its call is the loss."""

    def __init__(self, pixels: int, hidden: int, latent: int) -> None:
        super().__init__()
        with self.init_scope():
            self.encoder, self.mu, self.ln_sigma, self.decoder, self.output = _layers(
                (pixels, hidden), (hidden, latent), (hidden, latent), (latent, hidden), (hidden, pixels)
            )

    def forward(self, x: Any, prior: Any) -> Any:
        h = F.tanh(self.encoder(x))
        q = D.Normal(self.mu(h), log_scale=self.ln_sigma(h))
        p = D.Bernoulli(logit=self.output(F.tanh(self.decoder(q.sample()))))
        return (F.sum(pdist.kl_divergence(q, prior)) - F.sum(p.log_prob(x))) / len(x)


def vae(batch: int = 128, pixels: int = 784, hidden: int = 500, latent: int = 20) -> Job:
    """Grey pictures, mostly black."""
    model = VAE(pixels, hidden, latent)
    prior = D.Normal(np.zeros((), np.float32), np.ones((), np.float32))
    x = np.random.default_rng(0).random((BATCHES, batch, pixels), dtype=np.float32)
    batches = [(a,) for a in np.where(x > 0.8, x, np.float32(0))]
    return _job(model, lambda x: model(x, prior), batches)


def dropout() -> Job:
    """A classifier with dropout, by momentum, with clipped gradients and weight decay."""
    first, second = _layers((4, 16), (16, 3))
    model = nn.Sequential(first, F.relu, lambda h: F.dropout(h, 0.5), second)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((BATCHES, 32, 4), dtype=np.float32)
    t = x[..., :3].argmax(axis=-1)
    job = _job(
        model,
        lambda x, t: F.softmax_cross_entropy(model(x), t),
        list(zip(x, t, strict=True)),
        nn.optimizers.MomentumSGD(0.05),
    )
    job.optimizer.add_hook(nn.optimizers.GradientClipping(1.0))
    job.optimizer.add_hook(nn.optimizers.WeightDecay(1e-4))
    return job
