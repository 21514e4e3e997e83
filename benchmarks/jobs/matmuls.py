"""The lower bound: only the matrix products of a job, forward and backward, each into its own array."""

from __future__ import annotations

from typing import Any

import numpy as np

from .training import Training


def products(batch: int, *layers: tuple[int, int]) -> Training:
    """The products of layers (in, out): x W^T, g^T x and, except for the first layer, g W."""
    calls: list[tuple[Any, Any, Any]] = []
    rng = np.random.default_rng(0)
    for i, (n, m) in enumerate(layers):
        x, W, g = (rng.random(shape, dtype=np.float32) for shape in ((batch, n), (m, n), (batch, m)))
        calls += [(x, W.T, np.empty_like(g)), (g.T, x, np.empty_like(W))]
        if i > 0:
            calls.append((g, W, np.empty_like(x)))

    def step(*_: Any) -> None:
        for a, b, out in calls:
            a.dot(b, out)  # np.matmul's numbers, faster if a dimension is short

    return Training(step, list)


def mdn(batch: int, hidden: int, components: int) -> Training:
    """Those of the mixture density network."""
    return products(batch, (1, hidden), (hidden, hidden), (hidden, 3 * components))


def bbb(batch: int) -> Training:
    """Those of Bayes by backprop."""
    return products(batch, (2, 10), (10, 1))


def vae(batch: int) -> Training:
    """Those of the variational autoencoder."""
    return products(batch, (784, 500), (500, 20), (500, 20), (20, 500), (500, 784))
