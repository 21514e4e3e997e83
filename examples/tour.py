"""A tour of distributions: what they can compute, and how accurately."""

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
from examples.common import Report, options
from pdist import plotting


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Draw the pictures of the tour."""
    args = options(__doc__).parse_args(argv)
    pdist.random.seed(args.seed)
    report = Report(args.out, "A tour of distributions", "What distributions can compute.")
    with plotting.style():
        families(report)
        tails(report)
        mixture(report, 2_000 if args.quick else 20_000)
        divergences(report, 1_000 if args.quick else 20_000)
        scores(report)
    return report.close()


def families(report: Report) -> None:
    """One call plots a whole batch of distributions, with a legend of the parameters that differ."""
    fig, axes = plotting.subplots(2, 3)
    scale = np.array([0.5, 1.0, 2.0])
    plotting.plot_distribution(D.Normal(0.0, scale), title="Normal(0, scale)", ax=axes[0, 0])
    plotting.plot_distribution(D.Laplace(0.0, scale), title="Laplace(0, scale)", ax=axes[0, 1])
    x = np.linspace(1e-3, 4, 600)
    plotting.plot_distribution(
        D.LogNormal(0.0, np.array([0.25, 0.5, 1.0])), x=x, title="LogNormal(0, sigma)", ax=axes[0, 2]
    )
    plotting.plot_distribution(D.Poisson(np.array([1.0, 4.0, 10.0])), title="Poisson(lam)", ax=axes[1, 0])
    p = np.array([[0.1, 0.2, 0.3, 0.4], [0.4, 0.1, 0.4, 0.1]])
    plotting.plot_distribution(
        D.Categorical(p), labels=["one", "another"], title="Categorical(p)", ax=axes[1, 1]
    )
    x = np.linspace(-4, 4, 400)
    for dist, label in ((D.Normal(0.0, 1.0), "Normal"), (D.Laplace(0.0, 1.0), "Laplace"),
                        (D.Uniform(low=-2.0, high=2.0), "Uniform")):  # fmt: skip
        plotting.plot_distribution(dist, x=x, what="cdf", labels=label, ax=axes[1, 2])
    axes[1, 2].set_title("Distribution functions")
    for line, color in zip(axes[1, 2].lines, plotting.COLORS, strict=False):
        line.set_color(color)
    axes[1, 2].legend()
    report.picture(
        fig,
        "families.png",
        "Families of distributions",
        "Densities as curves, probabilities of integers as stems. The curves of a panel are one "
        "batch: a single distribution object with an array as a parameter.",
    )


def tails(report: Report) -> None:
    """Where textbook formulas lose digits and pdist keeps them."""
    fig, axes = plotting.subplots(1, 3)
    blue, red = plotting.COLORS[:2]

    x = np.linspace(-40, 2, 400, dtype=np.float32)
    normal = D.Normal(np.float32(0), np.float32(1))
    with np.errstate(divide="ignore"):
        naive = np.log(normal.cdf(x).array)
    axes[0].plot(x, normal.log_cdf(x).array, color=blue, label="log_cdf")
    axes[0].plot(x, naive, "--", color=red, label="log of the cdf")
    axes[0].set(title="Normal(0, 1).log_cdf(x)", xlabel="x", ylabel="log P(X <= x)")

    logit = np.linspace(-100, 10, 400, dtype=np.float32)
    with np.errstate(over="ignore", divide="ignore"):
        p = 1 / (1 + np.exp(-logit))
        clamped = -np.log(1 - np.clip(p, np.finfo(np.float32).eps, 1 - np.finfo(np.float32).eps))
    exact = -D.Bernoulli(logit=logit).log_prob(np.zeros_like(logit)).array
    axes[1].semilogy(logit, exact, color=blue, label="log_prob")
    axes[1].semilogy(logit, clamped, "--", color=red, label="by a clamped probability")
    axes[1].set(title="-Bernoulli(logit).log_prob(0)", xlabel="logit", ylabel="nats")

    d = np.logspace(-8, 0, 200).astype(np.float32)
    p, q = D.Normal(np.float32(0), np.float32(1)), D.Normal(d, np.float32(1))
    naive = (1 + d**2) / 2 - np.float32(0.5)  # log(1 / 1) + (1^2 + d^2) / (2 * 1^2) - 1/2
    axes[2].loglog(d, pdist.kl_divergence(p, q).array, color=blue, label="kl_divergence")
    axes[2].loglog(d, np.where(naive > 0, naive, np.nan), "--", color=red, label="textbook formula")
    axes[2].set(title="KL(N(0, 1) || N(d, 1))", xlabel="d", ylabel="nats")
    for ax in axes:
        ax.legend()
    report.picture(
        fig,
        "tails.png",
        "Accurate in the tails, in single precision",
        "Solid: pdist in float32. Dashed: the obvious formula, also in float32. "
        "Its log cdf is minus infinity from 14 standard deviations on, its clamped Bernoulli never falls "
        "below 1e-7, and its divergence is zero for all d under 0.0003; pdist stays accurate. "
        f"Normal.log_cdf(-40) is {normal.log_cdf(np.float32(-40)).item():.3f} and "
        f"Bernoulli(logit=-100).log_prob(0) is {D.Bernoulli(logit=-100.0).log_prob(0).item():.2g}.",
    )
    report.figure("Normal(0, 1).log_cdf(-40) in float32", normal.log_cdf(np.float32(-40)).item())


def mixture(report: Report, n: int) -> None:
    """Everything about a mixture."""
    weight, loc, scale = np.array([0.5, 0.3, 0.2]), np.array([-2.0, 0.5, 2.0]), np.array([0.7, 0.3, 1.0])
    dist = D.MixtureSameFamily(D.Categorical(weight), D.Normal(loc, scale))
    x = np.linspace(-5, 5.5, 600)
    colors = plotting.COLORS[1:4]
    fig, axes = plotting.subplots(2, 2)

    ax = axes[0, 0]
    plotting.plot_histogram(dist.sample(n), dist, bins=80, label=f"{n:,} draws", dist_label="density", ax=ax)
    for k, component in enumerate(dist.component_distribution):
        ax.plot(x, weight[k] * component.prob(x).array, "--", color=colors[k], linewidth=1.5)
    ax.set(title="Draws, density and its components", xlim=(-5, 5.5))

    # A batch of copies with separate parameters: the gradient of the sum is that of each draw.
    logits, locs = (pdist.Variable(np.tile(value, (n, 1))) for value in (np.log(weight), loc))
    draws = D.MixtureSameFamily(D.Categorical(logit=logits), D.Normal(locs, scale)).rsample()
    F.sum(draws).backward()

    responsibilities = dist.responsibilities(x).array
    bins = np.linspace(-3.5, 3.5, 36)
    which = np.digitize(draws.array, bins)
    for k in range(3):
        axes[0, 1].plot(x, responsibilities[:, k], color=colors[k], label=f"component {k}")
        means = [
            locs.grad[which == i, k].mean() if (which == i).any() else np.nan for i in range(1, len(bins))
        ]
        axes[0, 1].plot((bins[1:] + bins[:-1]) / 2, means, ".", color=colors[k], markersize=7)
    axes[0, 1].set(title="Responsibilities, and mean d draw / d loc", xlabel="x", ylabel="P(component | x)")
    axes[0, 1].legend()

    ax = axes[1, 0]
    p = np.linspace(0.001, 0.999, 400)
    plotting.plot_distribution(dist, x=x, what="cdf", labels="cdf", ax=ax)
    ax.plot(dist.icdf(p).array, p, ":", color=colors[0], linewidth=4, label="icdf, axes swapped")
    for level in (0.05, 0.5, 0.95):
        at = dist.icdf(level).item()
        ax.plot([x[0], at, at], [level, level, 0], color="#999999", linewidth=1)
    ax.set(title="cdf and icdf, with the 5, 50 and 95% points", xlim=(-5, 5.5))
    ax.legend(loc=(0.02, 0.62))  # between the lines at 50 and 95%

    order = np.argsort(draws.array[:300])
    for k in range(3):
        axes[1, 1].plot(
            draws.array[order], logits.grad[order, k], ".-", color=colors[k], linewidth=1, markersize=4
        )
    axes[1, 1].set(title="Pathwise gradients: d draw / d logit", xlabel="draw", ylabel="gradient")
    report.picture(
        fig,
        "mixture.png",
        "Everything about a mixture",
        "Its draws, density and components; which component a point comes from; cdf and icdf; and how "
        "each draw moves with a parameter. The dots on the responsibilities are pathwise gradients "
        "in the components' locations, averaged over the draws of a bin: a draw follows a component to "
        "the extent that it belongs to it. Gradients in the logits are large where the density is small, "
        "between the modes.",
    )
    error = abs(dist.cdf(dist.icdf(p)).array - p).max()
    report.figure("largest error of cdf(icdf(p)) for the mixture", error, at_most=1e-12)


def divergences(report: Report, n: int) -> None:
    """One number computed in three ways."""
    fig, (left, right) = plotting.subplots(1, 2, size=(5.4, 3.8))
    loc = np.linspace(-3, 3, 61)
    p, q = D.Laplace(loc, 1.0), D.Normal(0.0, 1.0)
    formula = pdist.kl_divergence(p, q).array
    quadrature = pdist.kl_divergence(p, q, method="quadrature").array
    few = slice(None, None, 5)
    estimate = pdist.kl_divergence(p[few], q, method="monte_carlo", n_samples=n).array
    left.plot(loc, formula, label="formula")
    left.plot(loc[few], quadrature[few], "x", markersize=9, color=plotting.COLORS[1], label="quadrature")
    left.plot(loc[few], estimate, "o", markersize=4, color=plotting.COLORS[2], label=f"{n:,} draws")
    left.set(title="KL(Laplace(m, 1) || Normal(0, 1))", xlabel="m", ylabel="nats", ylim=(0, None))
    left.legend()

    # A pair without a closed form: quadrature gives the true value, to which the estimates converge.
    p = D.MixtureSameFamily(D.Categorical(np.array([0.3, 0.7])), D.Normal(np.array([-1.0, 1.5]), 0.5))
    truth = pdist.kl_divergence(p, q, method="quadrature").item()
    repeats = 8 if n < 10_000 else 50
    counts = np.unique(np.logspace(1, np.log10(n), 9).astype(int))
    errors = [
        [
            abs(pdist.kl_divergence(p, q, method="monte_carlo", n_samples=int(c)).item() - truth)
            for _ in range(repeats)
        ]
        for c in counts
    ]
    right.loglog(counts, errors, ".", color=plotting.COLORS[2], alpha=0.25)
    right.loglog(counts, np.median(errors, axis=1), color=plotting.COLORS[2], label="median error")
    expected = np.median(errors[0]) * (counts[0] / counts) ** 0.5
    right.loglog(counts, expected, "--", color="#999999", label="1 / sqrt(n)")
    right.set(title="KL(mixture || Normal) by Monte Carlo", xlabel="draws n", ylabel="error")
    right.legend()
    report.picture(
        fig,
        "divergences.png",
        "Divergences in closed form, by quadrature and by Monte Carlo",
        "Left: the three ways agree. Right: a mixture and a Normal have no closed form; quadrature "
        "gives twelve digits, and the error of Monte Carlo estimates decreases with the square root of the "
        "number of draws. Estimates are made only if asked for by name.",
    )
    report.figure(
        "largest difference between formula and quadrature", abs(formula - quadrature).max(), at_most=1e-9
    )


def scores(report: Report) -> None:
    """Gradients of log densities."""
    fig, axes = plotting.subplots(1, 3)
    x = np.linspace(-4, 4, 801)
    pair = D.MixtureSameFamily(D.Categorical(np.array([0.5, 0.5])), D.Normal(np.array([-2.0, 2.0]), 0.7))
    for dist, label in (
        (D.Normal(0.0, 1.0), "Normal"),
        (D.Laplace(0.0, 1.0), "Laplace"),
        (pair, "mixture of two"),
    ):
        at = pdist.Variable(x)
        F.sum(dist.log_prob(at)).backward()
        axes[0].plot(x, at.grad, label=label)
    axes[0].set(title="d log p(x) / dx", xlabel="x", ylabel="score")
    axes[0].legend()

    loc, scale = pdist.Variable(np.zeros_like(x)), pdist.Variable(np.ones_like(x))
    F.sum(D.Normal(loc, scale).log_prob(x)).backward()
    axes[1].plot(x, loc.grad, label="d / d loc = z / scale")
    axes[1].plot(x, scale.grad, label="d / d scale = (z^2 - 1) / scale")
    axes[1].set(title="Scores of the Normal's parameters", xlabel="x")
    axes[1].legend()

    # E[score] = 0, and its variance is the Fisher information: 1 / scale^2 for loc, 2 / scale^2 for scale.
    scales = np.linspace(0.4, 2, 9)
    loc, scale = (pdist.Variable(np.broadcast_to(v, (20_000, 9)).copy()) for v in (0.0, scales))
    dist = D.Normal(loc, scale)
    F.sum(dist.log_prob(dist.sample().array)).backward()
    fine = np.linspace(0.4, 2, 100)
    for i, (parameter, name) in enumerate(((loc, "loc"), (scale, "scale"))):
        color = plotting.COLORS[i]
        axes[2].plot(
            scales, parameter.grad.var(axis=0), "o", color=color, label=f"variance of the {name} score"
        )
        axes[2].plot(fine, (1 + i) / fine**2, color=color, linewidth=1.2)
    axes[2].set(title="Fisher information", xlabel="scale", ylim=(0, None))
    axes[2].legend()
    report.picture(
        fig,
        "scores.png",
        "Score functions",
        "Gradients of log densities by automatic differentiation. Right: the variance of the score over "
        "20,000 draws (dots) is the Fisher information (lines: 1 / scale^2 and 2 / scale^2).",
    )


if __name__ == "__main__":
    main()
