"""Mixture density networks: learn the whole distribution of y at each x, not only its mean."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a script: make the shared modules importable
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from tqdm import tqdm

import pdist
import pdist.distributions as D
import pdist_nn as nn
from examples.common import Report, options, read_csv, train
from examples.mdn_models import (  # noqa: F401 - some are re-exported
    KINDS,
    MODELS,
    PROBLEMS,
    draw,
    mixture_of_two,
    negative_log_likelihood,
    problem_a,
    problem_b,
)
from pdist import plotting

# --- Training ---------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Train everything, print the held-out likelihoods, plot."""
    args = options(__doc__, epochs=30).parse_args(argv)
    if args.quick:
        args.epochs = min(args.epochs, 3)
    report = Report(
        args.out,
        "Mixture density networks",
        "Networks of 64-64 hidden units that predict the distribution of y at each x, on 10,000 points "
        "of two synthetic problems, (a): y ~ Normal(x, x), and (b): half of the points Normal(x, 0.01), half "
        "Normal(-x, x); and on five real data sets.",
    )
    five_epochs(args, report)
    data, models = full_run(args, report)
    scores, fitted = real_data(args, report)
    with pdist.no_backprop_mode(), plotting.style():
        picture_samples(report, data, models)
        picture_moments(report, models)
        picture_components(report, models["b", "mixture of two"])
        picture_density(report, models["b", "mixture of two"])
        picture_bands(report, data, models)
        picture_real(report, scores, fitted)
        picture_training(report, args.out / "runs")
    return report.close()


def five_epochs(args: Any, report: Report) -> None:
    """Five epochs of batch 32 with Adam at 0.001: the median of three seeds on 10,000 fresh points."""
    asked = {("a", "one Normal"): 0.70, ("b", "one Normal"): 0.90, ("b", "mixture of two"): -0.30}
    if args.quick:
        asked = {("b", "mixture of two"): asked["b", "mixture of two"]}
    for (problem, kind), bound in asked.items():
        found = []
        for seed in range(args.seed, args.seed + (1 if args.quick else 3)):
            pdist.random.seed(seed)
            model, _ = trained(args, problem, kind, f"five-{seed}", seed, epochs=5)
            found.append(held_out(problem, model, seed))
        report.figure(
            f"({problem}) {kind}, 5 epochs: held-out nats",
            np.median(found),
            at_most=None if args.quick else bound,
        )


def full_run(args: Any, report: Report) -> tuple[dict[str, Any], dict[tuple[str, str], Any]]:
    """All epochs, with a learning rate that decreases to zero; every model against the true density."""
    data, models = {}, {}
    for problem, truth in PROBLEMS.items():
        best = held_out(problem, lambda x, truth=truth: truth(x[:, 0].astype(float)), args.seed)
        report.figure(f"({problem}) the true density: held-out nats", best)
        for kind in MODELS:
            pdist.random.seed(args.seed)
            models[problem, kind], data[problem] = trained(args, problem, kind, "full", args.seed, decay=True)
            if kind != "regressor":
                right = {("a", "one Normal"): 0.02, ("b", "mixture of two"): 0.05}.get((problem, kind))
                report.figure(
                    f"({problem}) {kind}, {args.epochs} epochs: held-out nats",
                    held_out(problem, models[problem, kind], args.seed),
                    at_most=best + right if right is not None and args.epochs >= 15 else None,
                )
    return data, models


def trained(args: Any, problem: str, kind: str, run: str, seed: int, **settings: Any) -> tuple[Any, Any]:
    """A trained model and its 10,000 points."""
    data = draw(PROBLEMS[problem], 10_000, np.random.default_rng([seed, 1]))
    make, loss = MODELS[kind]
    model = make()
    train(args, f"{problem}-{kind.replace(' ', '-')}-{run}", model, loss, data, seed=seed, **settings)
    return model, data


def held_out(problem: str, model: Callable[..., Any], seed: int) -> float:
    """The mean of -log q(y | x) over 10,000 fresh points."""
    x, y = draw(PROBLEMS[problem], 10_000, np.random.default_rng([seed, 2]))
    with pdist.no_backprop_mode():
        return -model(x).log_prob(y).array.mean()


def fit_real(x: np.ndarray, y: np.ndarray, kind: str, args: Any) -> Callable[[np.ndarray], D.Distribution]:
    """A function of x that predicts y: trained on standardized data, it predicts in the data's own units."""
    x0, dx, y0, dy = x.mean(), x.std(), y.mean(), y.std()
    pdist.random.seed(args.seed)
    make, loss = MODELS[kind]
    model = make()
    standardized = ((x[:, None] - x0) / dx, (y - y0) / dy)
    optimizer = nn.optimizers.AdamW(1e-3, weight_decay_rate=1e-3)
    nn.fit(
        model, loss, standardized, epochs=100, optimizer=optimizer, seed=args.seed, device=args.device,
        trace=args.trace,
    )  # fmt: skip
    model.to_cpu()

    def predict(x: np.ndarray) -> D.Distribution:
        with pdist.no_backprop_mode():
            q = model(((x[:, None] - x0) / dx).astype(np.float32))
            if isinstance(q, D.Normal):
                return D.Normal(y0 + dy * q.loc, dy * q.scale)
            parts = q.component_distribution
            return D.MixtureSameFamily(
                q.mixture_distribution, D.Normal(y0 + dy * parts.loc, dy * parts.scale)
            )

    return predict


def real_data(args: Any, report: Report) -> tuple[dict[str, Any], dict[str, Any]]:
    """Five-fold cross-validation of one Normal and of a mixture of two; then the mixture of all points."""
    scores: dict[str, dict[str, float]] = {}
    fitted: dict[str, Any] = {}
    names = ("geyser",) if args.quick else ("geyser", "tonedata", "faithful", "engel", "mcycle")
    runs = [(name, kind, fold) for name in names for kind in KINDS for fold in range(5)]
    with tqdm(total=len(runs) + len(names), desc="real data", unit="run") as bar:
        for name in names:
            x, y = read_csv(name)
            part = np.random.default_rng(args.seed).permutation(len(x)) % 5
            scores[name] = {}
            for kind in KINDS:
                total = 0.0
                for fold in range(5):
                    predict = fit_real(x[part != fold], y[part != fold], kind, args)
                    held = part == fold
                    total -= predict(x[held]).log_prob(y[held]).array.sum()
                    bar.update()
                scores[name][kind] = total / len(x)
                report.figure(f"{name}, {kind}: cross-validated nats", scores[name][kind])
            fitted[name] = fit_real(x, y, "mixture of two", args)
            bar.update()
    gain = scores["geyser"]["one Normal"] - scores["geyser"]["mixture of two"]
    report.figure("geyser: nats that the mixture gains over one Normal", gain, at_least=0.0)
    return scores, fitted


# --- Pictures ---------------------------------------------------------------------------------------

SHOWN = np.linspace(0.1, 1.0, 200)[:, None].astype(np.float32)


def picture_samples(report: Report, data: dict[str, Any], models: dict[str, Any]) -> None:
    """Data next to draws from every model."""
    fig, axes = plotting.subplots(2, 4, size=(3.3, 2.9), sharex=True, sharey="row")
    for row, (problem, (x, y)) in zip(axes, data.items(), strict=True):
        for ax, kind in zip(row, ("the data", *MODELS), strict=True):
            if kind == "the data":
                values = y[:1000]
            elif kind == "regressor":
                values = models[problem, kind](x[:1000]).array[:, 0]
            else:
                values = models[problem, kind](x[:1000]).sample().array
            color = "#333333" if kind == "the data" else plotting.COLORS[1]
            ax.scatter(x[:1000, 0], values, s=5, alpha=0.5, color=color, linewidth=0)
            ax.set_ylim(-3, 3)
            if ax in axes[0]:
                ax.set_title(kind)
            else:
                ax.set_xlabel("x")
        row[0].set_ylabel(f"problem ({problem})   y")
    report.picture(
        fig,
        "samples.png",
        "Data, and draws from each model",
        "1,000 points of the data and of each model's draws. A regressor learns only the mean. One "
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
            for i, kind in enumerate(KINDS):
                color, line = plotting.COLORS[i], ("-", "--")[i]
                ax.plot(x, getattr(models[problem, kind](SHOWN), what).array, line, color=color, label=kind)
            if what == "mean":
                y = models[problem, "regressor"](SHOWN).array
                ax.plot(x, y, ":", color=plotting.COLORS[2], label="regressor")
            ax.set_title(f"({problem}) {'mean' if what == 'mean' else 'standard deviation'}")
            ax.set_xlabel("x" if problem == "b" else "")
        row[1].set_ylim(0, 1.6)
        row[0].set_ylim(-0.2, 1.2)
    axes[0, 0].legend()
    axes[1, 1].legend()
    report.picture(
        fig,
        "moments.png",
        "Mean and standard deviation",
        "Mean and standard deviation of one Normal and of the mixture, against the truth (grey). "
        "Both come close, also for problem (b): the first two moments cannot distinguish a line and a "
        "cloud from one wide cloud.",
    )


def components(mixture: D.Distribution) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, means and standard deviations of mixtures, the higher mean first: each ``[B, K]``."""
    parts = (mixture.weights, mixture.component_means, mixture.component_stddevs)
    weight, mean, stddev = (part.array for part in parts)
    order = np.argsort(-mean, axis=1)
    return tuple(np.take_along_axis(value, order, axis=1) for value in (weight, mean, stddev))  # type: ignore


def picture_components(report: Report, model: Any) -> None:
    """The mixture's components, against the truth."""
    fig, axes = plotting.subplots(1, 3, size=(4.0, 3.3))
    x = SHOWN[:, 0]
    found, true = components(model(SHOWN)), components(problem_b(x.astype(float)))
    names = ("weight", "mean", "standard deviation")
    for ax, name, ours, truth in zip(axes, names, found, true, strict=True):
        for k, label in enumerate(("upper component", "lower component")):
            ax.plot(x, truth[:, k], color="#333333", linewidth=5, alpha=0.3, label=None if k else "truth")
            ax.plot(x, ours[:, k], color=plotting.COLORS[k], label=label)
        ax.set(title=name, xlabel="x")
    axes[0].set_ylim(0, 1)
    axes[2].set_yscale("log")
    axes[1].legend()
    report.picture(
        fig,
        "components.png",
        "The two components of problem (b), one by one",
        "Weight, mean and standard deviation of each component of the trained mixture over x; grey is "
        "the truth: weights of one half, means x and -x, standard deviations 0.01 and x.",
    )


def picture_bands(report: Report, data: dict[str, Any], models: dict[str, Any]) -> None:
    """Predictive quantile bands from icdf."""
    fig, axes = plotting.subplots(1, 3, size=(4.2, 3.6))
    shown = (("a", "one Normal"), ("b", "one Normal"), ("b", "mixture of two"))
    for ax, (problem, kind) in zip(axes, shown, strict=True):
        title = f"({problem}) {kind}"
        x, y = (values[:1000] for values in data[problem])
        plotting.plot_bands(SHOWN, models[problem, kind](SHOWN), data=(x, y), title=title, ax=ax)
        ax.set_ylim(-3.2, 3)
        if ax is not axes[0]:
            ax.get_legend().remove()
    report.picture(
        fig,
        "bands.png",
        "Quantile bands from icdf",
        "The median and the bands that hold 50% and 90% of the predicted probability. For (b) "
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


def picture_real(report: Report, scores: dict[str, Any], fitted: dict[str, Any]) -> None:
    """The mixture's bands and components on every real data set, and its gain in likelihood."""
    rows, columns = (2, 3) if len(scores) > 1 else (1, 2)
    fig, axes = plotting.subplots(rows, columns, size=(4.2, 3.5))
    labels = {
        "geyser": ("waiting (min)", "eruption (min)"),
        "tonedata": ("stretch ratio", "tuned ratio"),
        "faithful": ("eruption (min)", "next waiting (min)"),
        "engel": ("income", "food"),
        "mcycle": ("time (ms)", "acceleration (g)"),
    }
    for ax, (name, predict) in zip(axes.flat, fitted.items(), strict=False):
        x, y = read_csv(name)
        at = np.linspace(x.min(), x.max(), 200)
        q = predict(at)
        plotting.plot_bands(at, q, data=(x, y), ax=ax)
        weight, mean, _ = components(q)
        for k in range(2):
            line = np.where(weight[:, k] > 0.1, mean[:, k], np.nan)
            ax.plot(
                at,
                line,
                "--",
                color=plotting.COLORS[1 + k],
                label=f"{('upper', 'lower')[k]} component's mean",
            )
        ax.set(title=name, xlabel=labels[name][0], ylabel=labels[name][1])
        ax.get_legend().remove()
    last = axes.flat[-1]
    gains = [score["one Normal"] - score["mixture of two"] for score in scores.values()]
    last.barh(list(scores)[::-1], gains[::-1], color=plotting.COLORS[0])
    last.axvline(0, color="#333333", linewidth=1)
    last.set(title="Gain of the mixture", xlabel="cross-validated nats per point")
    fig.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside lower center", ncols=2 * columns)
    report.picture(
        fig,
        "real.png",
        "Real data",
        "Median, 50% and 90% bands of the mixture, and its components' means where their weight exceeds "
        "a tenth. Old Faithful's eruptions (geyser) are of two kinds after a long waiting time; the "
        "musician of tonedata tuned by one of two rules. Last: by how much the mixture's likelihood of "
        "held-out points exceeds that of one Normal.",
    )


def picture_training(report: Report, runs: Path) -> None:
    """The likelihood during training."""
    fig, axes = plotting.subplots(1, 2, size=(5.0, 3.4))
    for ax, problem in zip(axes, PROBLEMS, strict=True):
        for i, kind in enumerate(KINDS):
            log = runs / f"{problem}-{kind.replace(' ', '-')}-full" / "log.jsonl"
            plotting.plot_log(log, {"main/loss": kind}, color=plotting.COLORS[i], ax=ax)
        ax.set(title=f"({problem})", ylabel="negative log-likelihood (nats)")
    report.picture(
        fig,
        "training.png",
        "Training",
        "The mean of -log q(y | x) over the epochs. For (a) a second component hardly matters; for (b) "
        "it makes all the difference.",
    )


if __name__ == "__main__":
    main()
