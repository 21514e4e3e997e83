"""The jobs and large arrays on a GPU: ``python -m benchmarks.gpu``.

    python -m benchmarks.gpu                     # all stages
    python -m benchmarks.gpu jobs --out FOLDER   # one of them
    python -m benchmarks.gpu --device cpu        # a trial run without a GPU

Each stage writes its tables to ``FOLDER/gpu.md`` as they become available, so a later failure loses nothing.
Each library gets another batch at each step, in its own arrays on the device; the device is synchronized
whenever the clock is read.
"""

from __future__ import annotations

import argparse
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .jobs import JOBS
from .timing import Clock, Comparison, compare, measure, times_table

ROUNDS = 5
BATCHES = 4  # of up to 65,536 rows each
NUMBERS = {"cpu": 10**6, "cuda": 10**8}

#: Variants on the device; one on the host is added for comparison.
ON_DEVICE = ("pdist", "traced", "torch", "torch.graph", "jax")

#: Job: batch sizes.
SIZES = {
    "mdn-small": (32, 1_024, 65_536),
    "bbb": (32, 1_024, 65_536),
    "vae": (32, 1_024, 16_384),
}


def clock_of(device: str) -> Clock:
    """A clock that waits until the device has finished all its work."""
    if device == "cpu":
        return time.perf_counter
    import cupy

    def clock() -> float:
        cupy.cuda.runtime.deviceSynchronize()
        return time.perf_counter()

    return clock


def jobs(device: str) -> Iterator[str]:
    """Training steps by batch size."""
    for name, sizes in SIZES.items():
        results = []
        for size in sizes:
            job = replace(JOBS[name], settings=JOBS[name].settings | {"batch": size})
            sides = {
                side: partial(job.step, side, BATCHES, **({} if side == "jax" else {"device": device}))
                for side in ON_DEVICE
            }
            sides["traced, host"] = partial(job.step, "traced", BATCHES)
            results.append(compare(Comparison(f"{name}, {size}", sides), ROUNDS, clock=clock_of(device)))
        yield times_table(results)


def numbers(device: str) -> Iterator[str]:
    """Densities and draws of many numbers, relative to the memory bandwidth."""
    import pdist
    import pdist.distributions as D

    n = NUMBERS[device]
    yield "| operation | dtype | ms | fraction of a copy's bandwidth | PyTorch ms |\n|---|---|---|---|---|"
    with pdist.using_device(device):
        for dtype in (np.float32, np.float64):
            xp = pdist.backend.default_library().xp
            x = xp.full(n, 0.3, dtype)
            y = xp.empty_like(x)
            dist = D.Normal(xp.asarray(0.5, dtype), xp.asarray(2.0, dtype))
            sides = {
                "copy": partial(xp.copyto, y, x),
                "log_prob": partial(dist.log_prob, x),
                "log_prob, traced": partial(pdist.trace(dist.log_prob), x),
                "sample": partial(dist.sample, (n,)),
            }
            theirs = {f"torch {name}": step for name, step in _torch_numbers(n, dtype, device).items()}
            found = measure(sides | theirs, ROUNDS, clock=clock_of(device))
            for name in sides:
                unit = found["copy"] * (0.5 if name == "sample" else 1)
                other = found.get("torch " + name.split(",")[0])
                yield (
                    f"| {name} | {np.dtype(dtype)} | {1e3 * found[name]:.3f} | {unit / found[name]:.2f} | "
                    f"{'-' if other is None else format(1e3 * other, '.3f')} |"
                )


def _torch_numbers(n: int, dtype: Any, device: str) -> dict[str, Callable[[], Any]]:
    try:
        import torch
    except ImportError:
        return {}
    kind = getattr(torch, np.dtype(dtype).name)
    x = torch.full((n,), 0.3, dtype=kind, device=device)
    loc, scale = (torch.tensor(v, dtype=kind, device=device) for v in (0.5, 2.0))
    dist = torch.distributions.Normal(loc, scale, False)
    return {"log_prob": lambda: dist.log_prob(x), "sample": lambda: dist.sample((n,))}


STAGES = {"numbers": numbers, "jobs": jobs}


def run(names: list[str], device: str, folder: Path) -> None:
    """Run stages; what each yields goes to the terminal and to the file at once."""
    with open(folder / "gpu.md", "w", buffering=1) as file:
        for name in names:
            file.write(f"\n## {name}\n\n")
            try:
                for lines in STAGES[name](device):
                    file.write(lines + "\n")
                    print(lines, flush=True)
            except Exception:
                file.write(traceback.format_exc(limit=-4))
                traceback.print_exc(limit=-4)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="the jobs on a GPU")
    parser.add_argument("stages", nargs="*", choices=[[], *STAGES], default=[])
    parser.add_argument("--device", choices=list(NUMBERS), default="cuda")
    parser.add_argument("--out", type=Path, default=Path("."))
    options = parser.parse_args()
    run(options.stages or list(STAGES), options.device, options.out)
