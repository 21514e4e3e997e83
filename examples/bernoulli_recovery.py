"""Recovering the weight 1 and bias 0 from 500 coin flips."""

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
import pdist_nn as nn
import pdist_nn.links as L
from examples.common import Report, options, train
from pdist import plotting


def coins(weight: float, bias: float) -> nn.Sequential:
    """At each x, a coin that shows 1 with probability sigmoid(weight x + bias)."""
    return nn.Sequential(
        L.Linear(1, 1, initialW=weight, initial_bias=bias),
        nn.heads.DistributionLambda(lambda h: D.Bernoulli(logit=h[:, 0])),
    )


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Flip coins, start from other parameters and watch them converge to the true ones."""
    args = options(__doc__, epochs=100).parse_args(argv)
    report = Report(
        args.out,
        "Recovering a Bernoulli's weight and bias",
        "500 coins with P(1) = sigmoid(1 x + 0) are flipped once; a model that starts at weight 2 and "
        "bias 2 learns from the outcomes, by RMSprop.",
    )
    pdist.random.seed(args.seed)
    x = np.linspace(-5, 5, 500, dtype=np.float32)[:, None]
    y = coins(1, 0)(x).sample().array

    model = coins(2, 2)

    def negative_log_likelihood(q: D.Bernoulli, y: Any) -> pdist.Variable:
        nn.report({"weight": model[0].W.array[0, 0], "bias": model[0].b.array[0]}, model)
        return -q.log_prob(y).mean()

    optimizer = nn.optimizers.RMSprop(lr=0.01)
    log = plotting.read_log(
        train(args, "bernoulli", model, negative_log_likelihood, (x, y), optimizer=optimizer)
    )

    # The flips are random: 500 of them determine weight and bias up to these standard errors.
    p = 1 / (1 + np.exp(-x))
    design = np.concatenate([x, np.ones_like(x)], axis=1).astype(float)
    error = np.sqrt(np.diag(np.linalg.inv((design * p * (1 - p)).T @ design)))
    for name, truth, unit in (("weight", 1, error[0]), ("bias", 0, error[1])):
        found = log[-1][f"main/{name}"]
        report.figure(f"{name} (truth {truth})", found, at_least=truth - 4 * unit, at_most=truth + 4 * unit)
        report.figure(f"standard error of the {name}", unit)

    with plotting.style():
        picture(report, log, model, x, y)
    return report.close()


def picture(report: Report, log: Any, model: Any, x: np.ndarray, y: np.ndarray) -> None:
    """The two parameters over the epochs, and the probability that they define."""
    fig, (left, right) = plotting.subplots(1, 2, size=(5.2, 3.6))
    start = [{"epoch": 0, "main/weight": 2, "main/bias": 2}]
    plotting.plot_log(start + log, {"main/weight": "weight", "main/bias": "bias"}, ax=left)
    left.axhline(1, color="#333333", linestyle=":", linewidth=1.2, label="true weight")
    left.axhline(0, color="#333333", linestyle="--", linewidth=1.2, label="true bias")
    left.set(title="Convergence", ylabel="value")
    left.legend()

    right.plot(x, y, "|", color="#333333", alpha=0.3, markersize=9, label="flips")
    right.plot(x, 1 / (1 + np.exp(-2 * x - 2)), ":", color=plotting.COLORS[1], label="initial")
    right.plot(x, 1 / (1 + np.exp(-x)), color="#333333", linewidth=5, alpha=0.3, label="truth")
    with pdist.no_backprop_mode():
        right.plot(x, model(x).mean.array, color=plotting.COLORS[0], label="learned")
    right.set(title="Probability of a 1", xlabel="x", ylabel="P(1)")
    right.legend()
    report.picture(
        fig,
        "recovery.png",
        "Weight and bias during training",
        "Both converge to the true values, as closely as 500 flips can determine them.",
    )


if __name__ == "__main__":
    main()
