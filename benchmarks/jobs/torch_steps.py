"""The jobs in PyTorch, eager and compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.distributions import Bernoulli, Categorical, MixtureSameFamily, Normal, kl_divergence

from . import data
from .training import Training


class Step:
    """A step of Adam with the gradient of ``loss(*arrays)``."""

    def __init__(self, loss: Callable[..., Any], parameters: list[Any], **adam: Any) -> None:
        self.loss, self.parameters = loss, parameters
        self.optimizer = torch.optim.Adam(parameters, 1e-3, **adam)
        self.update = self.optimizer.step

    def __call__(self, *arrays: Any) -> Any:
        found = self.loss(*arrays)
        self.optimizer.zero_grad()
        found.backward()
        self.update()
        return found


def training(loss: Callable[..., Any], parameters: list[Any], device: str) -> Training:
    """The eager step, with Adam's defaults."""
    torch.distributions.Distribution.set_default_validate_args(False)
    return Training(
        Step(loss, parameters),
        lambda: [p.detach().cpu().numpy() for p in parameters],
        lambda a: torch.as_tensor(a, device=device),
        lambda found: found.item(),
        reseed=torch.manual_seed,
    )


def compiled(made: Training) -> Training:
    """Forward and backward with ``torch.compile``, and the fastest Adam.

    That is its fused kernel, or, if there are few parameters, the compiler as well.
    """
    torch.compiler.reset()  # Adam's code is compiled for one model at a time
    eager = made.step
    loss, parameters = torch.compile(eager.loss), eager.parameters
    if sum(p.numel() for p in parameters) > 10_000:
        return made.with_step(Step(loss, parameters, fused=True))
    step = Step(loss, parameters)
    step.update = torch.compile(step.update)
    return made.with_step(step)


def captured(made: Training) -> Training:
    """The whole step as one CUDA graph."""
    eager = made.step
    step = Step(eager.loss, eager.parameters, fused=True, capturable=True)
    graph: Any = None
    held: list[Any] = []
    loss: Any = None

    def run(*arrays: Any) -> Any:
        nonlocal graph, held, loss
        if graph is None:
            held = [a.clone() for a in arrays]
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(3):
                    step(*held)
            torch.cuda.current_stream().wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                loss = step(*held)
        for to, a in zip(held, arrays, strict=True):
            to.copy_(a)
        graph.replay()
        return loss

    return made.with_step(run)


def parameters_of(given: list[Any], device: str) -> list[Any]:
    """Parameters with these values."""
    return [torch.tensor(a, device=device, requires_grad=True) for a in given]


def standard_normal(device: str) -> Normal:
    """The prior."""
    prior = Normal(torch.zeros((), device=device), torch.ones((), device=device))
    kl_divergence(prior, prior)  # PyTorch looks up the formula once, which its compiler cannot handle
    return prior


def mdn(batch: int, hidden: int, components: int, device: str = "cpu") -> Training:
    """A mixture density network."""
    k = components
    parameters = parameters_of(data.mdn_parameters(hidden, components), device)
    W1, b1, W2, b2, W3, b3 = parameters
    linear, relu, softplus = nn.functional.linear, nn.functional.relu, nn.functional.softplus

    def loss(x: Any, y: Any) -> Any:
        h = linear(relu(linear(relu(linear(x, W1, b1)), W2, b2)), W3, b3)
        normals = Normal(h[:, k : 2 * k], softplus(h[:, 2 * k :]))
        return -MixtureSameFamily(Categorical(logits=h[:, :k]), normals).log_prob(y).mean()

    return training(loss, parameters, device)


def bbb(batch: int, device: str = "cpu") -> Training:
    """Bayes by backprop."""
    parameters = parameters_of(data.bbb_parameters(), device)
    prior = standard_normal(device)

    def loss(x: Any, t: Any) -> Any:
        loc1, log_scale1, b1, loc2, log_scale2, b2 = parameters
        first, second = Normal(loc1, torch.exp(log_scale1)), Normal(loc2, torch.exp(log_scale2))
        h = torch.tanh(nn.functional.linear(x, first.rsample(), b1))
        coins = Bernoulli(logits=nn.functional.linear(h, second.rsample(), b2))
        divergence = kl_divergence(first, prior).sum() + kl_divergence(second, prior).sum()
        return -coins.log_prob(t).mean() + divergence / batch

    return training(loss, parameters, device)


def vae(batch: int, device: str = "cpu") -> Training:
    """A variational autoencoder."""
    parameters = parameters_of(data.vae_parameters(), device)
    prior = standard_normal(device)
    linear = nn.functional.linear

    def loss(x: Any) -> Any:
        W1, b1, W2, b2, W3, b3, W4, b4, W5, b5 = parameters
        h = torch.tanh(linear(x, W1, b1))
        q = Normal(linear(h, W2, b2), torch.exp(linear(h, W3, b3)))
        coins = Bernoulli(logits=linear(torch.tanh(linear(q.rsample(), W4, b4)), W5, b5))
        return (kl_divergence(q, prior).sum() - coins.log_prob(x).sum()) / batch

    return training(loss, parameters, device)
