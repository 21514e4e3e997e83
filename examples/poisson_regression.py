"""Poisson regression: counts whose rate depends on x, by the likelihood of the counts themselves."""

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

WEIGHT, BIAS = 0.8, 1.0  # the true rate is exp(WEIGHT x + BIAS)


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Learn the rate from 1,000 counts and plot it."""
    args = options(__doc__, epochs=40).parse_args(argv)
    report = Report(
        args.out,
        "Poisson regression",
        "1,000 counts whose rate is exp(0.8 x + 1), and a model with two parameters that learns it by "
        "minimizing -Poisson.log_prob.",
    )
    pdist.random.seed(args.seed)
    rng = np.random.default_rng(args.seed)
    x = rng.uniform(-2, 2, (1000, 1)).astype(np.float32)
    y = D.Poisson(np.exp(WEIGHT * x[:, 0] + BIAS)).sample(rng=rng).array

    model = nn.Sequential(L.Linear(1, 1), nn.heads.DistributionLambda(lambda h: D.Poisson(F.exp(h[:, 0]))))
    optimizer = nn.optimizers.Adam(0.02)
    train(args, "poisson", model, lambda q, y: -q.log_prob(y).mean(), (x, y), optimizer=optimizer, decay=True)

    # The Fisher information at the truth tells how precisely 1,000 counts determine the two parameters.
    design = np.concatenate([x, np.ones_like(x)], axis=1).astype(float)
    information = (design * np.exp(design @ [[WEIGHT], [BIAS]])).T @ design
    error = np.sqrt(np.diag(np.linalg.inv(information)))
    weight, bias = model[0].W.item(), model[0].b.item()
    for name, found, true, unit in (("weight", weight, WEIGHT, error[0]), ("bias", bias, BIAS, error[1])):
        report.figure(f"{name} (truth {true})", found, at_least=true - 4 * unit, at_most=true + 4 * unit)
        report.figure(f"standard error of the {name}", unit)

    with plotting.style():
        picture(report, model, x, y)
    return report.close()


def picture(report: Report, model: Any, x: np.ndarray, y: np.ndarray) -> None:
    """The counts, the learned rate and two of the predicted distributions."""
    fig, (left, right) = plotting.subplots(1, 2, size=(5.2, 3.6))
    shown = np.linspace(-2, 2, 200, dtype=np.float32)[:, None]
    with pdist.no_backprop_mode():
        predicted = model(shown)
        slices = model(np.float32([[-1], [0], [1.5]]))
    plotting.plot_bands(shown, predicted, data=(x, y), levels=(0.5, 0.9), ax=left)
    left.plot(shown, np.exp(WEIGHT * shown + BIAS), "--", color="#333333", linewidth=1.2, label="true rate")
    left.set(title="Counts and predicted bands", ylabel="count")
    left.legend()
    plotting.plot_distribution(slices, labels=["x = -1", "x = 0", "x = 1.5"], ax=right)
    right.set(title="Predicted probabilities at three points", xlabel="count")
    report.picture(
        fig,
        "poisson.png",
        "Counts, and the model's prediction",
        "The bands' width comes from the Poisson distribution alone: the model predicts only the "
        "rate at each x. Their steps are whole counts.",
    )


if __name__ == "__main__":
    main()
