"""The data of the four jobs: batches, and the initial parameters for every library.

Every step gets the next batch, so that nothing about the data can be cached from step to step.
"""

from __future__ import annotations

import numpy as np

BATCHES = 32
Batch = tuple[np.ndarray, ...]


def mdn(batch: int, count: int = BATCHES, **_: int) -> list[Batch]:
    """Half Normal(x, 0.01), half Normal(-x, x): x of shape ``[batch, 1]`` and y of ``[batch]``."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0.1, 1, (count, batch, 1))
    flip = rng.random((count, batch, 1)) < 0.5
    y = np.where(flip, rng.normal(x, 0.01), rng.normal(-x, x))[..., 0]
    return list(zip(x.astype(np.float32), y.astype(np.float32), strict=True))


def bbb(batch: int, count: int = BATCHES) -> list[Batch]:
    """Points of a square ``[batch, 2]``, labelled ``[batch, 1]`` by their side of a parabola."""
    x = np.random.default_rng(0).uniform(-1, 1, (count, batch, 2)).astype(np.float32)
    t = (x[..., 1:] > x[..., :1] ** 2).astype(np.float32)
    return list(zip(x, t, strict=True))


def vae(batch: int, count: int = BATCHES) -> list[Batch]:
    """Grey images ``[batch, 784]``, mostly black."""
    x = np.random.default_rng(0).random((count, batch, 784), dtype=np.float32)
    return [(a,) for a in np.where(x > 0.8, x, np.float32(0))]


# Parameters ----------------------------------------------------------------------------------------------


def layers(*sizes: tuple[int, int]) -> list[np.ndarray]:
    """W ``[out, in]`` and b ``[out]`` of each layer (in, out): LeCun Normal draws, and zeros."""
    rng = np.random.default_rng(1)
    found = []
    for n, m in sizes:
        found.append(rng.standard_normal((m, n), dtype=np.float32) / np.float32(n**0.5))
        found.append(np.zeros(m, np.float32))
    return found


def mdn_parameters(hidden: int, components: int) -> list[np.ndarray]:
    """W and b of three layers."""
    return layers((1, hidden), (hidden, hidden), (hidden, 3 * components))


def bbb_parameters() -> list[np.ndarray]:
    """Locations, logarithms of scales and b of two layers."""
    rng = np.random.default_rng(1)
    found = []
    for n, m in ((2, 10), (10, 1)):
        for middle in (0, -3):
            found.append(rng.standard_normal((m, n), dtype=np.float32) * np.float32(0.1) + np.float32(middle))
        found.append(np.zeros(m, np.float32))
    return found


def vae_parameters() -> list[np.ndarray]:
    """W and b of the encoder, the locations, the logarithms of scales, the decoder and the output."""
    return layers((784, 500), (500, 20), (500, 20), (20, 500), (500, 784))
