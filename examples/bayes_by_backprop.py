"""Bayes by backprop: a classifier whose weights have a distribution knows where it is uncertain."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a script: make the shared modules importable
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from examples.common import Report, options, train
from pdist import plotting

N = 200
GRID = plotting.grid_points(n=50).astype(np.float32)  # [2500, 2]
CURVE = np.stack([np.linspace(-1, 1, 2001), np.linspace(-1, 1, 2001) ** 2], axis=1)
POINT = np.array([[0.1, 0.15]], np.float32)


def data(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Points of the square (-1, 1)^2, and whether x1 > x0^2 after adding noise of 0.1."""
    x = rng.uniform(-1, 1, (N, 2))
    noisy = x + rng.normal(scale=0.1, size=x.shape)
    return x.astype(np.float32), (noisy[:, 1] > noisy[:, 0] ** 2).astype(np.float32)


def deterministic() -> nn.Sequential:
    """2-10-1, with weights that are numbers."""
    return nn.Sequential(L.Linear(2, 10), F.tanh, L.Linear(10, 1))


def probabilistic() -> nn.Sequential:
    """2-10-1, with weights that have a distribution and are drawn anew at every call."""
    prior = D.Normal(0.0, 2.0)
    return nn.Sequential(
        L.DenseReparameterization(2, 10, prior=prior), F.tanh, L.DenseReparameterization(10, 1, prior=prior)
    )


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Train both and plot their predictions."""
    args = options(__doc__, epochs=4000).parse_args(argv)
    if args.quick:
        args.epochs = min(args.epochs, 1000)
    report = Report(
        args.out,
        "Bayes by backprop",
        "200 points of a square, labelled by a parabola with some noise; two networks of ten hidden "
        "units. The weights of one are numbers, those of the other have a distribution and are drawn "
        "anew at every call.",
    )
    pdist.random.seed(args.seed)
    x, y = data(np.random.default_rng(args.seed))

    plain, bayes = deterministic(), probabilistic()
    log_plain = train(
        args, "deterministic", plain, cross_entropy, (x, y), epochs=max(1, args.epochs // 2), batch_size=N,
        optimizer=nn.optimizers.Adam(0.01), snapshot_every=500,
    )  # fmt: skip

    def minus_elbo(logit: pdist.Variable, y: Any) -> pdist.Variable:
        return cross_entropy(logit, y) + bayes.kl_divergence() / N

    log_bayes = train(
        args, "probabilistic", bayes, minus_elbo, (x, y), batch_size=N,
        optimizer=nn.optimizers.Adam(0.02), decay=True, snapshot_every=500,
    )  # fmt: skip

    n_draws = 1000
    single = prediction(plain, GRID)
    draws = np.stack([prediction(bayes, GRID) for _ in range(n_draws)])  # [1000, 2500]
    mean, stddev = draws.mean(axis=0), draws.std(axis=0)
    at_point = np.array([prediction(bayes, POINT)[0] for _ in range(n_draws)])

    truth = GRID[:, 1] > GRID[:, 0] ** 2
    distance = np.sqrt(((GRID[:, None] - CURVE) ** 2).sum(axis=-1)).min(axis=1)
    near, far = stddev[distance < 0.1].mean(), stddev[distance > 0.4].mean()
    bound = 0.93 if args.epochs >= 2000 else None
    report.figure("grid accuracy, deterministic", ((single > 0.5) == truth).mean(), at_least=bound)
    report.figure("grid accuracy, mean of the probabilistic", ((mean > 0.5) == truth).mean(), at_least=bound)
    report.figure("predictive standard deviation within 0.1 of the curve", near)
    report.figure("predictive standard deviation further than 0.4 away", far)
    report.figure("their ratio", near / far, at_least=3 if bound else None)

    with plotting.style():
        picture_maps(report, x, y, single, mean, stddev)
        picture_point(report, at_point, prediction(plain, POINT)[0])
        picture_training(report, log_plain, log_bayes)
    return report.close()


def cross_entropy(logit: pdist.Variable, y: Any) -> pdist.Variable:
    """The mean of -log P(y) under a Bernoulli with that logit."""
    return -F.mean(D.Bernoulli(logit=logit[:, 0]).log_prob(y))


def prediction(model: Any, x: np.ndarray) -> np.ndarray:
    """The probability of label 1 at each point, for one set of weights."""
    with pdist.no_backprop_mode():
        return F.sigmoid(model(x)).array[:, 0]


# --- Pictures ---------------------------------------------------------------------------------------


def picture_maps(report: Report, x: Any, y: Any, single: Any, mean: Any, stddev: Any) -> None:
    """The data, both predictions and the spread of the second."""
    fig, axes = plotting.subplots(2, 2, size=(5.0, 4.3))
    plotting.plot_points(
        x, y, names=["0", "1"], size=28, title="200 points and the true border", ax=axes[0, 0]
    )
    maps = (
        (axes[0, 1], single, "deterministic: P(label 1)", (0, 1), 0.5),
        (axes[1, 0], mean, "probabilistic: mean of 1,000 draws", (0, 1), 0.5),
        (axes[1, 1], stddev, "probabilistic: standard deviation", None, None),
    )
    for ax, values, title, limits, contour in maps:
        cmap = "magma" if contour is None else "viridis"
        label = "standard deviation" if contour is None else "probability"
        plotting.plot_map(values.reshape(50, 50), label=label, limits=limits, cmap=cmap, contour=contour,
                          title=title, ax=ax)  # fmt: skip
    for ax in axes.flat:
        color = "white" if ax.images else "#333333"
        ax.plot(CURVE[:, 0], CURVE[:, 1], "--", color=color, linewidth=1.2)
        ax.set(xlim=(-1, 1), ylim=(-1, 1))
    axes[0, 0].legend(title="label", loc="upper left", bbox_to_anchor=(1.02, 1)).set_in_layout(False)
    report.picture(
        fig,
        "maps.png",
        "Predictions of the two networks",
        "The dashed line is the true border, the solid one where a network predicts one half. The last map "
        "shows what only the second network can tell: how much its prediction varies from one draw of the "
        "weights to the next. It is large along the border, most of all where there are few points to "
        "locate the border, and small elsewhere.",
    )


def picture_point(report: Report, draws: np.ndarray, single: float) -> None:
    """The distribution of the prediction at one point."""
    fig, ax = plotting.subplots()
    plotting.plot_histogram(draws, bins=np.linspace(0, 1, 41), label="1,000 draws of the weights", ax=ax)
    ax.axvline(draws.mean(), color=plotting.COLORS[0], label=f"their mean, {draws.mean():.2f}")
    ax.axvline(single, color=plotting.COLORS[1], linestyle="--", label=f"deterministic, {single:.2f}")
    ax.set(title="Predictions at (0.1, 0.15)", xlabel="P(label 1)", xlim=(0, 1))
    ax.legend()
    report.picture(
        fig,
        "point.png",
        "One point near the border, a thousand draws",
        "Each draw of the weights gives another prediction for the point (0.1, 0.15), which lies just "
        "inside the parabola; the deterministic network has only one answer.",
    )


def running_mean(values: Sequence[float], width: int) -> np.ndarray:
    """Means over windows of ``width`` values."""
    return np.convolve(values, np.full(width, 1 / width), mode="valid")


def picture_training(report: Report, plain: Path, bayes: Path) -> None:
    """Both losses."""
    fig, ax = plotting.subplots(size=(5.6, 3.6))
    plotting.plot_log(plain, {"main/loss": "deterministic: cross-entropy"}, ax=ax)
    log = plotting.read_log(bayes)
    width = max(1, len(log) // 40)
    for entry, mean in zip(log[width - 1 :], running_mean([e["main/loss"] for e in log], width), strict=True):
        entry["mean"] = mean
    red = plotting.COLORS[1]
    plotting.plot_log(log, {"main/loss": None}, linewidth=0.4, alpha=0.4, color=red, ax=ax)
    plotting.plot_log(log, {"mean": "probabilistic: cross-entropy + KL / N"}, color=red, ax=ax)
    ax.set(yscale="log", title="Training", ylabel="loss")
    report.picture(
        fig,
        "training.png",
        "Training",
        "The second loss is noisy, because the weights are drawn anew in each step, and higher, because it "
        "includes the divergence of the weights' distribution from the prior.",
    )


if __name__ == "__main__":
    main()
