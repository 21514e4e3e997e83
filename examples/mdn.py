"""Mixture density networks: learn the whole distribution of y at each x, not only its mean."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a file: let it find the examples' common parts
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from examples.common import Report, options, read_csv, train
from pdist import plotting

# --- The problems: the true distribution of y at x --------------------------------------------------


def problem_a(x: np.ndarray) -> D.Distribution:
    """One Normal whose mean and standard deviation grow with x."""
    return D.Normal(x, x)


def problem_b(x: np.ndarray) -> D.Distribution:
    """Half of the points lie close to the line y = x, half of them widely about y = -x."""
    loc, scale = np.stack([x, -x], axis=-1), np.stack([np.full_like(x, 0.01), x], axis=-1)
    return D.MixtureSameFamily(D.Categorical(np.full_like(loc, 0.5)), D.Normal(loc, scale))


def draw(
    problem: Callable[..., D.Distribution], n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """n points: x uniform on (0.1, 1), y as the problem says."""
    x = rng.uniform(0.1, 1.0, n)
    return x[:, None].astype(np.float32), problem(x).sample(rng=rng).array.astype(np.float32)


# --- The models: 1-64-64 and a head -----------------------------------------------------------------


def regressor() -> nn.Sequential:
    """Predicts a number."""
    return nn.Sequential(L.Linear(1, 64), F.relu, L.Linear(64, 64), F.relu, L.Linear(64, 1))


def mixture(n_components: int) -> nn.Sequential:
    """Predicts a mixture of Normals; of one component, a Normal."""
    head = nn.heads.MixtureNormal(n_components) if n_components > 1 else nn.heads.IndependentNormal()
    size = nn.heads.MixtureNormal.params_size(n_components) if n_components > 1 else 2
    return nn.Sequential(L.Linear(1, 64), F.relu, L.Linear(64, 64), F.relu, L.Linear(64, size), head)


# --- Pictures ---------------------------------------------------------------------------------------

SHOWN = np.linspace(0.1, 1.0, 200)[:, None].astype(np.float32)


def picture_samples(report: Report, data: dict[str, Any], models: dict[str, Any]) -> None:
    """Data beside draws from every model."""
    fig, axes = plotting.subplots(2, 4, size=(3.3, 2.9), sharex=True, sharey="row")
    for row, (problem, (x, y)) in zip(axes, data.items(), strict=True):
        kinds = {"the data": None, "regressor": "mse", "one Normal": "one", "mixture of two": "two"}
        for ax, (title, kind) in zip(row, kinds.items(), strict=True):
            if kind is None:
                values = y[:1000]
            elif kind == "mse":
                values = models[problem, kind](x[:1000]).array[:, 0]
            else:
                values = models[problem, kind](x[:1000]).sample().array
            color = "#333333" if kind is None else plotting.COLORS[1]
            ax.scatter(x[:1000, 0], values, s=5, alpha=0.5, color=color, linewidth=0)
            ax.set_ylim(-3, 3)
            if ax in axes[0]:
                ax.set_title(title)
            else:
                ax.set_xlabel("x")
        row[0].set_ylabel(f"problem ({problem})   y")
    report.picture(
        fig,
        "samples.png",
        "Data, and what each model takes them for",
        "1,000 points of the data and of each model's own draws. A regressor knows the mean only. One "
        "Normal learns the growing spread of (a), but for (b), half a thin line and half a wide cloud, "
        "it can only draw one wide cloud. The mixture of two draws both.",
    )


def picture_moments(report: Report, models: dict[str, Any]) -> None:
    """Mean and standard deviation against the truth."""
    fig, axes = plotting.subplots(2, 2, size=(4.6, 3.0), sharex=True)
    x = SHOWN[:, 0]
    for row, (problem, true) in zip(axes, (("a", problem_a), ("b", problem_b)), strict=True):
        truth = true(x.astype(float))
        for ax, what in zip(row, ("mean", "stddev"), strict=True):
            ax.plot(x, getattr(truth, what).array, color="#333333", linewidth=4, alpha=0.35, label="truth")
            for i, (kind, label) in enumerate((("one", "one Normal"), ("two", "mixture of two"))):
                color, line = plotting.COLORS[i], ("-", "--")[i]
                ax.plot(x, getattr(models[problem, kind](SHOWN), what).array, line, color=color, label=label)
            if what == "mean":
                ax.plot(
                    x, models[problem, "mse"](SHOWN).array, ":", color=plotting.COLORS[2], label="regressor"
                )
            ax.set_title(f"({problem}) {'mean' if what == 'mean' else 'standard deviation'}")
            ax.set_xlabel("x" if problem == "b" else "")
        row[1].set_ylim(0, 1.6)
        row[0].set_ylim(-0.5, 1.2)
    axes[0, 0].legend()
    axes[1, 1].legend()
    report.picture(
        fig,
        "moments.png",
        "Mean and standard deviation",
        "What one Normal and the mixture say of mean and standard deviation, against the truth (grey). "
        "Both get them right, for problem (b) too: two numbers do not tell a line and a cloud from one "
        "wide cloud.",
    )


def components(mixture: D.Distribution) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, means and standard deviations of a batch of mixtures, the higher mean first: each ``[B, K]``."""
    weight = mixture.mixture_distribution.p.array
    parts = mixture.component_distribution
    mean, stddev = parts.mean.array, parts.stddev.array
    order = np.argsort(-mean, axis=1)
    return tuple(np.take_along_axis(value, order, axis=1) for value in (weight, mean, stddev))  # type: ignore


def picture_components(report: Report, model: Any) -> None:
    """The mixture's own account of its components, against the truth."""
    fig, axes = plotting.subplots(1, 3, size=(4.0, 3.3))
    x = SHOWN[:, 0]
    found, true = components(model(SHOWN)), components(problem_b(x.astype(float)))
    names = ("weight", "mean", "standard deviation")
    for ax, name, ours, truth in zip(axes, names, found, true, strict=True):
        for k, label in enumerate(("upper component", "lower component")):
            ax.plot(x, truth[:, k], color="#333333", linewidth=5, alpha=0.3, label="truth" if k else None)
            ax.plot(x, ours[:, k], color=plotting.COLORS[k], label=label)
        ax.set(title=name, xlabel="x")
    axes[0].set_ylim(0, 1)
    axes[2].set_yscale("log")
    axes[1].legend()
    report.picture(
        fig,
        "components.png",
        "The two components of problem (b), one by one",
        "Weight, mean and standard deviation of each component over x, as the trained mixture tells "
        "them; grey is the truth: weights of one half, means x and -x, standard deviations 0.01 and x.",
    )


def picture_bands(report: Report, data: dict[str, Any], models: dict[str, Any]) -> None:
    """Predictive quantile bands by icdf."""
    fig, axes = plotting.subplots(1, 3, size=(4.2, 3.6))
    shown = (
        ("a", "one", "(a) one Normal"),
        ("b", "one", "(b) one Normal"),
        ("b", "two", "(b) mixture of two"),
    )
    for ax, (problem, kind, title) in zip(axes, shown, strict=True):
        x, y = (values[:1000] for values in data[problem])
        plotting.plot_bands(SHOWN, models[problem, kind](SHOWN), data=(x, y), title=title, ax=ax)
        ax.set_ylim(-3.2, 3)
        if ax is not axes[0]:
            ax.get_legend().remove()
    report.picture(
        fig,
        "bands.png",
        "Quantile bands by icdf",
        "The median and the bands that hold 50% and 90% of the predicted probability, from icdf. For (b) "
        "one Normal's bands are as wide above as below; the mixture's end sharply at the line y = x, "
        "above which there is hardly a point.",
    )


def picture_density(report: Report, model: Any) -> None:
    """Slices of the predicted density."""
    fig, axes = plotting.subplots(1, 3, size=(4.2, 3.2))
    for ax, at in zip(axes, (0.3, 0.6, 0.9), strict=True):
        y = np.unique(np.concatenate([np.linspace(-3, 1.5, 400), at + np.linspace(-0.08, 0.08, 200)]))
        here = np.full((1, 1), at, np.float32)
        ax.semilogy(
            y, problem_b(here[0].astype(float)).prob(y).array, color="#333333", linewidth=5, alpha=0.3
        )
        ax.semilogy(y, model(here).prob(y.astype(np.float32)).array, color=plotting.COLORS[0])
        ax.set(title=f"x = {at}", xlabel="y", ylim=(1e-4, 60))
    axes[0].set_ylabel("density")
    axes[0].legend(["truth", "mixture of two"])
    report.picture(
        fig,
        "density.png",
        "The density of y at three places",
        "The mixture's density of y given x for problem (b), on a logarithmic scale, over the truth in "
        "grey: a spike of width 0.01 at y = x and a wide hill about y = -x.",
    )
