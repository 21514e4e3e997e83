"""Four training jobs, each as one step: forward, backward, Adam; by pdist and by PyTorch.

    python -m benchmarks jobs              # the table
    python -m benchmarks.jobs mdn-small    # where the time of a step goes

- ``mdn-small``: a mixture density network, 1-64-64-6 with ReLU, two Normals, batches of 32.
- ``mdn-large``: 1-256-256-48 with ReLU, sixteen Normals, batches of 1,024.
- ``bbb``: Bayes by backprop, 2-10-1 with tanh, weights drawn at each step, closed-form divergence from
  Normal(0, 1), batches of 200.
- ``vae``: a variational autoencoder, 784-500-20-500-784 with tanh, a Bernoulli decoder, batches of 100.

Both sides run eagerly, with validation off, on the same data.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Step = Callable[[], Any]


def mdn_data(batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Half Normal(x, 0.01), half Normal(-x, x)."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0.1, 1, (batch, 1))
    flip = rng.random((batch, 1)) < 0.5
    y = np.where(flip, rng.normal(x, 0.01), rng.normal(-x, x))
    return x.astype(np.float32), y[:, 0].astype(np.float32)


def bbb_data(batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of a square, labelled by the side of a parabola."""
    x = np.random.default_rng(0).uniform(-1, 1, (batch, 2)).astype(np.float32)
    return x, (x[:, 1] > x[:, 0] ** 2).astype(np.float32)


def vae_data(batch: int) -> np.ndarray:
    """Grey pictures, mostly black."""
    x = np.random.default_rng(0).random((batch, 784), dtype=np.float32)
    return np.where(x > 0.8, x, np.float32(0))


def unvalidated() -> None:
    """Switch pdist's validation off."""
    import pdist

    pdist.config.validate = False


# pdist ---------------------------------------------------------------------------------------------------


def pdist_mdn(batch: int, hidden: int, components: int, device: str = "cpu") -> Step:
    """A step of a mixture density network by pdist."""
    import pdist.functions as F
    import pdist_nn as nn
    import pdist_nn.links as L

    unvalidated()
    model = nn.Sequential(
        L.Linear(1, hidden),
        F.relu,
        L.Linear(hidden, hidden),
        F.relu,
        L.Linear(hidden, nn.heads.MixtureNormal.params_size(components)),
        nn.heads.MixtureNormal(components),
    ).to_device(device)
    optimizer = nn.optimizers.Adam(1e-3).setup(model)
    x, y = (model.xp.asarray(a) for a in mdn_data(batch))

    def step() -> Any:
        loss = -F.mean(model(x).log_prob(y))
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    return step


def pdist_bbb(batch: int, device: str = "cpu") -> Step:
    """A step of Bayes by backprop by pdist."""
    import pdist.distributions as D
    import pdist.functions as F
    import pdist_nn as nn
    import pdist_nn.links as L

    unvalidated()
    model = nn.Sequential(
        L.DenseReparameterization(2, 10), F.tanh, L.DenseReparameterization(10, 1)
    ).to_device(device)
    optimizer = nn.optimizers.Adam(1e-3).setup(model)
    x, t = (model.xp.asarray(a) for a in bbb_data(batch))
    t = t[:, None]

    def step() -> Any:
        d = D.Bernoulli(logit=model(x))
        loss = -F.mean(d.log_prob(t)) + model.kl_divergence() / batch
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    return step


def pdist_vae(batch: int, device: str = "cpu") -> Step:
    """A step of a variational autoencoder by pdist."""
    import pdist
    import pdist.distributions as D
    import pdist.functions as F
    import pdist_nn as nn
    import pdist_nn.links as L

    unvalidated()

    class VAE(nn.Chain):
        def __init__(self) -> None:
            super().__init__()
            with self.init_scope():
                self.encoder = L.Linear(784, 500)
                self.mu = L.Linear(500, 20)
                self.ln_sigma = L.Linear(500, 20)
                self.decoder = L.Linear(20, 500)
                self.output = L.Linear(500, 784)

        def forward(self, x: Any) -> Any:
            h = F.tanh(self.encoder(x))
            q = D.Normal(self.mu(h), log_scale=self.ln_sigma(h))
            p = D.Bernoulli(logit=self.output(F.tanh(self.decoder(q.sample()))))
            reconstruction = F.sum(p.log_prob(x))
            return (F.sum(pdist.kl_divergence(q, prior)) - reconstruction) / batch

    model = VAE().to_device(device)
    optimizer = nn.optimizers.Adam(1e-3).setup(model)
    xp = model.xp
    x = xp.asarray(vae_data(batch))
    prior = D.Normal(xp.zeros((), np.float32), xp.ones((), np.float32))

    def step() -> Any:
        loss = model(x)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    return step


# PyTorch -------------------------------------------------------------------------------------------------


def torch_mdn(batch: int, hidden: int, components: int, device: str = "cpu") -> Step:
    """The same by PyTorch."""
    import torch
    from torch import nn
    from torch.distributions import Categorical, MixtureSameFamily, Normal

    k = components
    model = nn.Sequential(
        nn.Linear(1, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 3 * k)
    ).to(device)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    x, y = (torch.as_tensor(a, device=device) for a in mdn_data(batch))

    def step() -> Any:
        h = model(x)
        components = Normal(h[:, k : 2 * k], nn.functional.softplus(h[:, 2 * k :]))
        loss = -MixtureSameFamily(Categorical(logits=h[:, :k]), components).log_prob(y).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def torch_bbb(batch: int, device: str = "cpu") -> Step:
    """The same by PyTorch."""
    import torch
    from torch import nn
    from torch.distributions import Bernoulli, Normal, kl_divergence

    class Dense(nn.Module):
        def __init__(self, n: int, m: int) -> None:
            super().__init__()
            self.loc = nn.Parameter(0.1 * torch.randn(m, n))
            self.rho = nn.Parameter(0.1 * torch.randn(m, n) - 3)
            self.b = nn.Parameter(torch.zeros(m))

        def posterior(self) -> Any:
            return Normal(self.loc, nn.functional.softplus(self.rho))

        def forward(self, x: Any) -> Any:
            q = self.posterior()
            self.kl = kl_divergence(q, prior).sum()
            return nn.functional.linear(x, q.rsample(), self.b)

    model = nn.Sequential(Dense(2, 10), nn.Tanh(), Dense(10, 1)).to(device)
    prior = Normal(torch.zeros((), device=device), torch.ones((), device=device))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    x, t = (torch.as_tensor(a, device=device) for a in bbb_data(batch))
    t = t[:, None]

    def step() -> Any:
        d = Bernoulli(logits=model(x))
        loss = -d.log_prob(t).mean() + (model[0].kl + model[2].kl) / batch
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def torch_vae(batch: int, device: str = "cpu") -> Step:
    """The same by PyTorch."""
    import torch
    from torch import nn
    from torch.distributions import Bernoulli, Normal, kl_divergence

    class VAE(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Linear(784, 500)
            self.mu = nn.Linear(500, 20)
            self.ln_sigma = nn.Linear(500, 20)
            self.decoder = nn.Linear(20, 500)
            self.output = nn.Linear(500, 784)

        def forward(self, x: Any) -> Any:
            h = torch.tanh(self.encoder(x))
            q = Normal(self.mu(h), torch.exp(self.ln_sigma(h)))
            p = Bernoulli(logits=self.output(torch.tanh(self.decoder(q.rsample()))))
            return (kl_divergence(q, prior).sum() - p.log_prob(x).sum()) / batch

    model = VAE().to(device)
    prior = Normal(torch.zeros((), device=device), torch.ones((), device=device))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    x = torch.as_tensor(vae_data(batch), device=device)

    def step() -> Any:
        loss = model(x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


# The jobs ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Job:
    """One job: makers of its step by library, and the ratio of times (ours to theirs) that is asked for."""

    name: str
    pdist: Callable[..., Step]
    torch: Callable[..., Step]
    settings: dict[str, int]
    asked: float


JOBS = {
    job.name: job
    for job in (
        Job("mdn-small", pdist_mdn, torch_mdn, {"batch": 32, "hidden": 64, "components": 2}, 1 / 3),
        Job("mdn-large", pdist_mdn, torch_mdn, {"batch": 1024, "hidden": 256, "components": 16}, 1.0),
        Job("bbb", pdist_bbb, torch_bbb, {"batch": 200}, 1 / 3),
        Job("vae", pdist_vae, torch_vae, {"batch": 100}, 1.0),
    )
}


def profile(name: str) -> None:
    """Print where the time of a pdist step goes."""
    import cProfile
    import pstats

    step = JOBS[name].pdist(**JOBS[name].settings)
    for _ in range(50):
        step()
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(500):
        step()
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(30)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="where the time of a step goes")
    parser.add_argument("job", choices=list(JOBS))
    profile(parser.parse_args().job)
