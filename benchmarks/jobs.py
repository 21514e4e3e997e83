"""Four training jobs, each as one step: forward, backward, Adam; by pdist and by PyTorch.

    python -m benchmarks.jobs [--rounds 200] [--jobs mdn-small,bbb] [--profile]

- ``mdn-small``: a mixture density network, 1-64-64-6 with ReLU, two Normals, batches of 32.
- ``mdn-large``: 1-256-256-48 with ReLU, sixteen Normals, batches of 1,024.
- ``bbb``: Bayes by backprop, 2-10-1 with tanh, weights drawn at each step, closed-form divergence from
  Normal(0, 1), batches of 200.
- ``vae``: a variational autoencoder, 784-500-20-500-784 with tanh, a Bernoulli decoder, batches of 100.

Both sides run eagerly, with validation off, on the same data, interleaved in one process. What is compared is
the median time of a step.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
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


# pdist ---------------------------------------------------------------------------------------------------


def pdist_mdn(batch: int, hidden: int, components: int, device: str = "cpu") -> Step:
    """A step of a mixture density network by pdist."""
    import pdist.functions as F
    import pdist_nn as nn
    import pdist_nn.links as L

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


def prepare(threads: int) -> bool:
    """Switch validation off on both sides; whether PyTorch is there."""
    import pdist

    pdist.config.validate = False
    try:
        import torch
    except ImportError:
        return False
    torch.set_num_threads(threads)
    torch.distributions.Distribution.set_default_validate_args(False)
    return True


def measure(
    job: Job, sides: list[str], rounds: int, device: str = "cpu", **settings: int
) -> dict[str, float]:
    """Median seconds a step by side, from interleaved rounds."""
    steps = {side: getattr(job, side)(device=device, **{**job.settings, **settings}) for side in sides}
    repeats = {}
    for side, step in steps.items():
        for _ in range(5):
            step()
        begin = time.perf_counter()
        for _ in range(5):
            step()
        repeats[side] = max(1, round(0.002 / ((time.perf_counter() - begin) / 5)))
    times: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side, step in steps.items():
            n = repeats[side]
            begin = time.perf_counter()
            for _ in range(n):
                step()
            times[side].append((time.perf_counter() - begin) / n)
    return {side: statistics.median(found) for side, found in times.items()}


def report(names: list[str], rounds: int, threads: int) -> None:
    """Measure in this process and print a line a job."""
    sides = ["pdist", "torch"] if prepare(threads) else ["pdist"]
    for name in names:
        found = measure(JOBS[name], sides, rounds)
        line = f"  {name:10s} pdist {found['pdist'] * 1e6:8.0f} us"
        if "torch" in found:
            ratio = found["pdist"] / found["torch"]
            verdict = "yes" if ratio <= JOBS[name].asked else "NO"
            line += f"   torch {found['torch'] * 1e6:8.0f} us   ratio {ratio:.3f}"
            line += f"   at most {JOBS[name].asked:.3f}: {verdict}"
        print(line, flush=True)


def profile(name: str) -> None:
    """Print where the time of a pdist step goes."""
    import cProfile
    import pstats

    prepare(1)
    step = JOBS[name].pdist(**JOBS[name].settings)
    for _ in range(50):
        step()
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(500):
        step()
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(35)


def main() -> None:
    """Each setting runs in a process of its own: threads are chosen when the libraries are loaded."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--jobs", default=",".join(JOBS))
    parser.add_argument("--profile", action="store_true", help="where the time of a step goes")
    parser.add_argument("--threads", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    names = options.jobs.split(",")
    if options.profile:
        for name in names:
            profile(name)
        return
    if options.threads:
        report(names, options.rounds, options.threads)
        return
    free = os.cpu_count() or 1
    for label, threads in (("pinned to one core", 1), (f"free to use {free} cores", free)):
        print(label, flush=True)
        environment = {
            **os.environ,
            **{f"{name}_NUM_THREADS": str(threads) for name in ("OPENBLAS", "OMP", "MKL")},
        }
        command = [
            sys.executable,
            "-m",
            "benchmarks.jobs",
            "--rounds",
            str(options.rounds),
            "--jobs",
            options.jobs,
        ]
        command += ["--threads", str(threads)]
        pin = (lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})) if threads == 1 else None
        subprocess.run(
            command, env=environment, check=True, preexec_fn=pin if hasattr(os, "sched_setaffinity") else None
        )


if __name__ == "__main__":
    main()
