"""A traced step: one training step of a mixture density network as a page of NumPy, and its speedup."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a script: make the shared modules importable
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

import pdist
import pdist.functions as F
import pdist_nn as nn
from examples import bayes_by_backprop, mdn_models, vae
from examples.common import Report, options
from pdist import plotting

Step = Callable[..., Any]


def training_step(model: nn.Link, loss: Callable[..., pdist.Variable]) -> Step:
    """The step that a trainer repeats: loss, gradients, optimizer."""
    optimizer = nn.optimizers.Adam(1e-3).setup(model)

    def step(*batch: Any) -> pdist.Variable:
        value = loss(*batch)
        model.cleargrads()
        value.backward()
        optimizer.update()
        return value

    return step


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Trace a step, print its code, check that its numbers are the same, and time it."""
    args = options(__doc__).parse_args(argv)
    report = Report(
        args.out,
        "A traced step",
        "pdist.trace runs a training step once, records every NumPy call that it makes (forward, "
        "backward and optimizer), and from then on replays that list: the same numbers in less time.",
    )
    n_steps, n_times = (100, 5) if args.quick else (1000, 30)
    show_code(report, args.seed)
    compare_numbers(report, args.seed, n_steps)
    with plotting.style():
        picture_times(report, args.seed, [2**k for k in ((5, 9) if args.quick else range(3, 15))], n_times)
    return report.close()


def mdn_step(seed: int) -> tuple[Step, Callable[[int], tuple[np.ndarray, ...]]]:
    """The step of the mixture of two Normals, and a function that makes a batch for it."""
    pdist.random.seed(seed)
    model, rng = mdn_models.mixture_of_two(), np.random.default_rng(seed)
    optimizer = nn.optimizers.Adam(1e-3).setup(model)

    def step(x: np.ndarray, y: np.ndarray) -> pdist.Variable:
        q = model(x)
        loss = -F.mean(q.log_prob(y))
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    return step, lambda n: mdn_models.draw(mdn_models.problem_b, n, rng)


def bbb_step(seed: int) -> tuple[Step, Callable[[int], tuple[np.ndarray, ...]]]:
    """The step of Bayes by backprop, which draws new weights each time."""
    pdist.random.seed(seed)
    model, rng = bayes_by_backprop.probabilistic(), np.random.default_rng(seed)

    def loss(x: np.ndarray, y: np.ndarray) -> pdist.Variable:
        return bayes_by_backprop.cross_entropy(model(x), y) + model.kl_divergence() / 200

    return training_step(model, loss), lambda n: tuple(a[:n] for a in bayes_by_backprop.data(rng))


def vae_step(seed: int) -> tuple[Step, Callable[[int], tuple[np.ndarray, ...]]]:
    """The step of the variational autoencoder with two latents."""
    pdist.random.seed(seed)
    rng = np.random.default_rng(seed)
    model = vae.AvgELBOLoss(vae.Encoder(784, 2, 500), vae.Decoder(784, 2, 500), vae.Prior(2))
    return training_step(model, model), lambda n: (rng.random((n, 784), dtype=np.float32),)


JOBS = {
    "mixture density, 32": (mdn_step, 32),
    "Bayes by backprop, 200": (bbb_step, 200),
    "VAE, 100": (vae_step, 100),
}

# --- The code ---------------------------------------------------------------------------------------


def show_code(report: Report, seed: int) -> None:
    """Print the code of the mixture's step, with the line of this program that each part comes from."""
    step, batch = mdn_step(seed)
    traced = pdist.trace(step)
    traced(*batch(32))
    print(traced.source)
    print(traced.report())
    report.text(
        traced.source,
        "step.py",
        "The code of the step",
        "Everything that a training step of the mixture density network does with its 32 examples. Lines "
        "that begin with # tell where a part comes from: the line of the program, then the operation.",
    )
    report.figure("array calls in the step", traced.report().calls)


def compare_numbers(report: Report, seed: int, n_steps: int) -> None:
    """Losses of a traced run against those of an eager one, bit by bit."""
    losses = []
    for trace in (False, True):
        step, batch = mdn_step(seed)
        if trace:
            step = pdist.trace(step)
        losses.append([float(step(*batch(32))) for _ in range(n_steps)])
    different = sum(a != b for a, b in zip(*losses, strict=True))
    report.figure(f"losses that differ between eager and traced, of {n_steps}", different, at_most=0)


# --- The time ---------------------------------------------------------------------------------------


def medians(functions: Sequence[Callable[[], Any]], n_times: int) -> list[float]:
    """Median seconds of a call of each, the functions taking turns."""
    repeats = []
    for function in functions:
        function()
        begun = time.perf_counter()
        function()
        repeats.append(max(1, int(2e-3 / (time.perf_counter() - begun))))
    found: list[list[float]] = [[] for _ in functions]
    for _ in range(n_times):
        for function, repeat, times in zip(functions, repeats, found, strict=True):
            begun = time.perf_counter()
            for _ in range(repeat):
                function()
            times.append((time.perf_counter() - begun) / repeat)
    return [float(np.median(times)) for times in found]


def products(n: int) -> Callable[[], None]:
    """Only the matrix products of the mixture's step, on n examples."""
    widths, rng = (1, 64, 64, 6), np.random.default_rng(0)
    layers = []
    for n_in, n_out in pairwise(widths):
        shapes = (n, n_in), (n_in, n_out), (n, n_out)
        layers.append([rng.standard_normal(shape, dtype=np.float32) for shape in shapes])

    def run() -> None:
        for i, (x, w, g) in enumerate(layers):
            x @ w
            x.T @ g
            if i:  # the gradient of the data is not needed
                g @ w.T

    return run


def eager_and_traced(make: Any, n: int, n_times: int, seed: int, *others: Any) -> list[float]:
    """Times of a step on n examples: eager, traced and others."""
    step, batch = make(seed)
    traced, arrays = pdist.trace(step), batch(n)
    return medians([lambda: step(*arrays), lambda: traced(*arrays), *others], n_times)


def picture_times(report: Report, seed: int, sizes: Sequence[int], n_times: int) -> None:
    """Time of a step by batch size, and the speedup for three models."""
    fig, (left, right) = plotting.subplots(1, 2, size=(5.4, 3.8))
    times = 1e6 * np.array([eager_and_traced(mdn_step, n, n_times, seed, products(n)) for n in sizes])
    names = ("eager", "traced", "its matrix products alone")
    colors = (*plotting.COLORS[:2], "#333333")
    for column, name, style, color in zip(times.T, names, ("o-", "o-", ":"), colors, strict=True):
        left.loglog(sizes, column, style, markersize=4, color=color, label=name)
    left.set(title="A step of the mixture density network", xlabel="batch size", ylabel="microseconds")
    left.minorticks_off()
    some = sizes[:: -(-len(sizes) // 4)]  # more labels would run into each other
    left.set_xticks(some, [f"{n:,}" for n in some])
    left.legend()

    gains = {}
    for name, (make, n) in JOBS.items():
        eager, traced = eager_and_traced(make, n, n_times, seed)
        gains[name] = eager / traced
        report.figure(f"{name}: eager time over traced time", gains[name])
    bars = right.barh(list(gains)[::-1], list(gains.values())[::-1], color=plotting.COLORS[1])
    right.bar_label(bars, fmt="%.1f", padding=4)
    right.axvline(1, color="#333333", linewidth=1)
    right.set(title="Speedup", xlabel="eager time / traced time", xlim=(0, 1.15 * max(gains.values())))
    report.picture(
        fig,
        "times.png",
        "Speedup",
        "Medians by batch size. Small batches spend their time between the array calls, which is what a "
        "trace saves; large ones spend it in the arithmetic, which remains. Right: three models at the "
        "batch sizes that their examples train with.",
    )


if __name__ == "__main__":
    main()
