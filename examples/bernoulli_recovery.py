"""Recovering the weight 1 and bias 0 that 500 coins were thrown with."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a file: let it find the examples' common parts
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

import pdist
import pdist.distributions as D
import pdist_nn as nn
import pdist_nn.links as L
from examples.common import Report, options, train
from pdist import plotting


def coins(weight: float, bias: float) -> nn.Sequential:
    """At each x a coin that falls on 1 with probability sigmoid(weight x + bias)."""
    return nn.Sequential(
        L.Linear(1, 1, initialW=weight, initial_bias=bias),
        nn.heads.DistributionLambda(lambda h: D.Bernoulli(logit=h[:, 0])),
    )


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Throw coins, begin with other numbers and watch them go back."""
    args = options(__doc__, epochs=100).parse_args(argv)
    report = Report(
        args.out,
        "Recovering a Bernoulli's weight and bias",
        "500 coins with P(1) = sigmoid(1 x + 0) are thrown once; a model that begins at weight 2 and "
        "bias 2 learns from the throws, by RMSprop.",
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

    # The throws are random: 500 of them tell weight and bias up to these standard errors.
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
    """The two numbers over the epochs, and the probability that they stand for."""
    fig, (left, right) = plotting.subplots(1, 2, size=(5.2, 3.6))
    start = [{"epoch": 0, "main/weight": 2, "main/bias": 2}]
    plotting.plot_log(start + log, {"main/weight": "weight", "main/bias": "bias"}, ax=left)
    left.axhline(1, color="#333333", linestyle=":", linewidth=1.2, label="true weight")
    left.axhline(0, color="#333333", linestyle="--", linewidth=1.2, label="true bias")
    left.set(title="The way back", ylabel="value")
    left.legend()

    right.plot(x, y, "|", color="#333333", alpha=0.3, markersize=9, label="throws")
    right.plot(x, 1 / (1 + np.exp(-2 * x - 2)), ":", color=plotting.COLORS[1], label="at first")
    right.plot(x, 1 / (1 + np.exp(-x)), color="#333333", linewidth=5, alpha=0.3, label="truth")
    with pdist.no_backprop_mode():
        right.plot(x, model(x).mean.array, color=plotting.COLORS[0], label="learned")
    right.set(title="Probability of a 1", xlabel="x", ylabel="P(1)")
    right.legend()
    report.picture(
        fig,
        "recovery.png",
        "Weight and bias on their way",
        "Both go to the numbers that the coins were made with, or as near as 500 throws can tell.",
    )


if __name__ == "__main__":
    main()
