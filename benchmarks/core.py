"""The engine on small arrays.

The building blocks of a step of a small model, against PyTorch, in float32. A distribution is constructed
from Variables of 32 numbers, and its log-density of 32 numbers is summed and differentiated; so is a chain of
add, multiply, exp and sum. Validation is off wherever it exists.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .distributions import small
from .timing import Comparison, Step

SMALL = 32


def comparisons() -> Iterator[Comparison]:
    """All comparisons."""
    yield from small()
    yield Comparison(
        "add multiply exp sum, backward", {"pdist": pdist_chain, "torch": torch_chain}, asked=0.5
    )


def small_numbers() -> np.ndarray:
    """Values."""
    return np.random.default_rng(0).normal(size=SMALL).astype(np.float32)


def pdist_chain() -> Step:
    """sum(exp((x + a) x)) and its gradients with pdist."""
    import pdist
    import pdist.functions as F

    x, a = pdist.Variable(small_numbers()), pdist.Variable(np.float32(2))

    def step() -> None:
        x.cleargrad()
        a.cleargrad()
        F.sum(F.exp(F.multiply(F.add(x, a), x))).backward()

    return step


def torch_chain() -> Step:
    """The same by PyTorch."""
    import torch

    x, a = torch.tensor(small_numbers(), requires_grad=True), torch.tensor(2.0, requires_grad=True)

    def step() -> None:
        x.grad = a.grad = None
        torch.sum(torch.exp(torch.mul(torch.add(x, a), x))).backward()

    return step
