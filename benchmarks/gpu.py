"""The jobs, and densities and draws of many numbers, on a GPU: ``python -m benchmarks.gpu``.

    python -m benchmarks.gpu                     # all stages
    python -m benchmarks.gpu jobs --out FOLDER   # one of them
    python -m benchmarks.gpu --device cpu        # a trial run without a GPU

Each stage writes its lines to ``FOLDER/gpu.md`` as they become available, so a later failure loses nothing.
Each library gets another batch at each step, in its own arrays on the device; the device is synchronized once
per turn.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from .jobs import SIDES, data

ROUNDS = 5
TURN = 0.04  # seconds

#: Variants on the device; one on the host is added for comparison.
ON_DEVICE = ("pdist", "traced", "torch", "torch.graph", "jax")

#: Model: settings, and batch sizes.
MODELS: dict[str, tuple[dict[str, int], tuple[int, ...]]] = {
    "mdn": ({"hidden": 64, "components": 2}, (32, 1_024, 65_536)),
    "bbb": ({}, (32, 1_024, 65_536)),
    "vae": ({}, (32, 1_024, 16_384)),
}


def waiting(device: str) -> Callable[[], None]:
    """A function that waits until the device has finished."""
    if device == "cpu":
        return lambda: None
    import cupy

    return cupy.cuda.runtime.deviceSynchronize


def stepper(model: str, side: str, batch: int, device: str) -> Callable[[], Any]:
    """A side's step, fed with batches."""
    data.BATCHES = 4
    settings = MODELS[model][0] | {"batch": batch}
    file, change = {**SIDES, "torch.graph": ("torch_steps", "captured")}[side]
    module = import_module(f".jobs.{file}", __package__)
    if side == "jax":
        made = getattr(module, model)(**settings)
    else:
        made = getattr(module, model)(**settings, device=device)
    if change:
        made = getattr(module, change)(made)
    step = made.fed(getattr(data, model)(**settings))
    for _ in range(6):
        step()
    return step


def microseconds(steps: dict[str, Callable[[], Any]], wait: Callable[[], None]) -> dict[str, float]:
    """The median time of a step of each, all taking turns."""
    times: dict[str, list[float]] = {side: [] for side in steps}
    count = dict.fromkeys(steps, 2)
    for r in range(ROUNDS + 1):
        for side, step in steps.items():
            wait()
            start = time.perf_counter()
            for _ in range(count[side]):
                step()
            wait()
            each = (time.perf_counter() - start) / count[side]
            if r:
                times[side].append(1e6 * each)
            count[side] = max(2, int(TURN / each))
    return {side: statistics.median(found) for side, found in times.items()}


def jobs(device: str) -> Iterator[str]:
    """Training steps by batch size."""
    yield "| job | batch | " + " | ".join([*ON_DEVICE, "traced, host"]) + " |"
    yield "|" + "---|" * (len(ON_DEVICE) + 3)
    for model, (_, sizes) in MODELS.items():
        for batch in sizes:
            steps = {}
            for side in (*ON_DEVICE, "host"):
                try:
                    where = ("traced", "cpu") if side == "host" else (side, device)
                    steps[side] = stepper(model, where[0], batch, where[1])
                except Exception:
                    print(f"{model} {batch} {side}", file=sys.stderr)
                    traceback.print_exc(limit=-3)
            found = microseconds(steps, waiting(device))
            cells = [f"{found[side]:.0f}" if side in found else "-" for side in (*ON_DEVICE, "host")]
            yield f"| {model} | {batch} | " + " | ".join(cells) + " |"


def numbers(device: str) -> Iterator[str]:
    """Densities and draws of 1e8 numbers, relative to the memory bandwidth."""
    import pdist
    import pdist.distributions as D

    n = 10**8 if device != "cpu" else 10**6
    wait = waiting(device)
    yield "| operation | dtype | ms | fraction of a copy's bandwidth | PyTorch ms |"
    yield "|---|---|---|---|---|"
    with pdist.using_device(device):
        for dtype in (np.float32, np.float64):
            xp = pdist.backend.default_library().xp
            loc, scale = xp.asarray(0.5, dtype), xp.asarray(2.0, dtype)
            x = xp.full(n, 0.3, dtype)
            y = xp.empty_like(x)
            dist = D.Normal(loc, scale)
            traced = pdist.trace(lambda x, dist=dist: dist.log_prob(x))
            sides = {
                "copy": partial(xp.copyto, y, x),
                "log_prob": lambda dist=dist, x=x: dist.log_prob(x),
                "log_prob, traced": lambda traced=traced, x=x: traced(x),
                "sample": lambda dist=dist: dist.sample((n,)),
            }
            torch_sides = _torch_numbers(n, dtype, device)
            found = microseconds({**sides, **{f"torch {k}": f for k, f in torch_sides.items()}}, wait)
            for name, us in found.items():
                if not name.startswith("torch"):
                    unit = found["copy"] * (0.5 if name == "sample" else 1)
                    other = found.get("torch " + name.split(",")[0])
                    yield (
                        f"| {name} | {np.dtype(dtype)} | {us / 1e3:.3f} | {unit / us:.2f} | "
                        f"{'-' if other is None else format(other / 1e3, '.3f')} |"
                    )


def _torch_numbers(n: int, dtype: Any, device: str) -> dict[str, Callable[[], Any]]:
    try:
        import torch
    except ImportError:
        return {}
    kind = getattr(torch, np.dtype(dtype).name)
    x = torch.full((n,), 0.3, dtype=kind, device=device)
    dist = torch.distributions.Normal(
        torch.tensor(0.5, dtype=kind, device=device), torch.tensor(2.0, dtype=kind, device=device), False
    )
    return {"log_prob": lambda: dist.log_prob(x), "sample": lambda: dist.sample((n,))}


STAGES = {"numbers": numbers, "jobs": jobs}


def main() -> None:
    """Run the requested stages."""
    parser = argparse.ArgumentParser(description="the jobs on a GPU")
    parser.add_argument("stages", nargs="*", choices=[[], *STAGES], default=[])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--out", type=Path, default=Path("."))
    options = parser.parse_args()
    with open(options.out / "gpu.md", "w", buffering=1) as file:
        for name in options.stages or STAGES:
            file.write(f"\n## {name}\n\n")
            try:
                for line in STAGES[name](options.device):
                    file.write(line + "\n")
                    print(line, flush=True)
            except Exception:
                file.write(traceback.format_exc(limit=-4))
                traceback.print_exc(limit=-4)


if __name__ == "__main__":
    main()
