"""Four training jobs, each as one step (forward, backward, Adam), in several libraries.

    python -m benchmarks jobs              # the tables
    python -m benchmarks jobs --traces     # the cost of tracing
    python -m benchmarks.jobs mdn-small    # where the time of a step goes

- ``mdn-small``: a mixture density network, 1-64-64-6 with ReLU, two Normals, batches of 32.
- ``mdn-large``: 1-256-256-48 with ReLU, sixteen Normals, batches of 1,024.
- ``bbb``: Bayes by backprop, 2-10-1 with tanh, weights drawn at each step, closed-form divergence from
  Normal(0, 1), batches of 200.
- ``vae``: a variational autoencoder, 784-500-20-500-784 with tanh, a Bernoulli decoder, batches of 100.

All start from the same parameters and get the same batches, another one at every step, in their own arrays
made beforehand. Random numbers are drawn in the step. Nothing is validated.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

from ..timing import Comparison, Pair
from .data import BATCHES
from .training import Training

# Column: its file, and the function there that derives it from the previous column.
SIDES = {
    "pdist": ("pdist_steps", ""),
    "traced": ("pdist_steps", "traced"),
    "by hand": ("by_hand", ""),
    "matmuls": ("matmuls", ""),
    "torch": ("torch_steps", ""),
    "torch.compile": ("torch_steps", "compiled"),
    "jax": ("jax_steps", ""),
    "torch.graph": ("torch_steps", "captured"),
}
ON_GPU_ALONE = ("torch.graph",)


@dataclass(frozen=True)
class Job:
    """One job.

    Args:
        name: its name in the table.
        model: the function that makes it in each library's file, and its batches in ``data``.
        settings: that function's arguments.
        to_torch: the target ratio of times, pdist's to PyTorch's.
        to_jax: that of traced pdist's to JAX's, on one core.
        to_matmuls: that of traced pdist's to the time of its matrix products.
    """

    name: str
    model: str
    settings: dict[str, int]
    to_torch: float
    to_jax: float
    to_matmuls: float | None = None

    def make(self, side: str, **more: Any) -> Training:
        """The training in this library.

        Raises:
            ImportError: if the library is not installed.
        """
        file, change = SIDES[side]
        module = import_module(f".{file}", __name__)
        made = getattr(module, self.model)(**self.settings, **more)
        return getattr(module, change)(made) if change else made

    def batches(self, count: int = BATCHES) -> list[tuple[Any, ...]]:
        """So many batches for the steps, as NumPy arrays."""
        module = import_module(".data", __name__)
        made: list[tuple[Any, ...]] = getattr(module, self.model)(**self.settings, count=count)
        return made

    def step(self, side: str, count: int = BATCHES, **more: Any) -> Callable[[], Any]:
        """The library's step, fed with so many batches in turn.

        Raises:
            ImportError: if the library is not installed, or its compiler fails.
        """
        step = self.make(side, **more).fed(self.batches(count))
        if side in ("torch.compile", "torch.graph"):
            try:
                step()
            except Exception as error:
                print(f"{self.name}: {side} failed: {error}", file=sys.stderr)
                raise ImportError(str(error)) from error
        return step

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The ratios of interest."""
        return (
            Pair("traced", "by hand", 1.1),
            Pair("traced", "jax", self.to_jax, one_core=True),
            Pair("traced", "matmuls", self.to_matmuls),
            Pair("traced", "pdist"),
            Pair("pdist", "torch", self.to_torch),
        )


JOBS = {
    job.name: job
    for job in (
        Job("mdn-small", "mdn", {"batch": 32, "hidden": 64, "components": 2}, 1 / 3, 0.6),
        Job("mdn-large", "mdn", {"batch": 1024, "hidden": 256, "components": 16}, 1.0, 1.1),
        Job("bbb", "bbb", {"batch": 200}, 1 / 3, 0.6),
        Job("vae", "vae", {"batch": 100}, 1.0, 1.1, 1.4),
    )
}


def comparisons() -> Iterator[Comparison]:
    """All jobs, in all libraries."""
    for job in JOBS.values():
        sides = [side for side in SIDES if side not in ON_GPU_ALONE]
        yield Comparison(job.name, {side: partial(job.step, side) for side in sides}, pairs=job.pairs)
