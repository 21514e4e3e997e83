"""Plots of one distribution, or a batch of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd import Variable
from ..backend import library, to_cpu
from ..distributions import Distribution
from .style import COLORS, import_matplotlib, styled

_GRID = 801  # points of a curve


@styled
def plot_distribution(
    dist: Distribution,
    x: Any = None,
    what: str = "prob",
    labels: str | Sequence[str] | None = None,
    title: str | None = None,
    *,
    ax: Any = None,
    **line: Any,
) -> Any:
    """A curve of a univariate distribution, or one for each of a batch; stems for discrete probabilities.

    Args:
        dist: a distribution whose draws are numbers, of any batch shape.
        x: where to evaluate it, of shape ``[N]``; by default where nearly all of the probability lies.
        what: the method: ``"prob"``, ``"log_prob"``, ``"cdf"``, ``"log_cdf"``, ``"survival_function"`` or
            ``"log_survival_function"``.
        labels: the legend entries, one per curve; by default the parameters that differ within the batch.
        title: the title of the plot.
        ax: the Axes to draw on.
        **line: passed to matplotlib's ``plot``.

    Returns:
        The Axes.

    Raises:
        ValueError: if the distribution is not univariate.

    >>> from pdist import distributions as D, plotting
    >>> ax = plot_distribution(D.Normal(0.0, 1.0), what="cdf")
    >>> ax.get_ylabel()
    'P(X <= x)'
    >>> plotting.close(ax)
    """
    check_univariate("plot_distribution", dist)
    if what not in _YLABELS:
        raise ValueError(f"plot_distribution: what is {what!r}; expected one of {', '.join(_YLABELS)}")
    discrete = is_discrete(dist)
    grid = default_grid(dist) if x is None else host(x).ravel()
    y = curves(dist, grid, what)
    names = labels_of(dist, labels)
    colors = colors_of(len(y))
    for i, (curve, name) in enumerate(zip(y, names, strict=True)):
        keywords: dict[str, Any] = {"color": colors[i], "label": name, **line}
        if discrete and what in ("prob", "log_prob"):
            stems(ax, grid, curve, (i - (len(y) - 1) / 2) * min(0.16, 0.7 / len(y)), what == "prob", keywords)
        elif discrete:
            ax.step(grid, curve, where="post", **keywords)
        else:
            ax.plot(grid, curve, **keywords)
    if what != "log_prob" and not what.startswith("log") and ax.get_ylim()[0] < 0:
        ax.set_ylim(bottom=0)
    if discrete:
        integer_ticks(ax)
        if ax.get_xlim()[1] - ax.get_xlim()[0] < 3:  # a few stems need a margin
            ax.margins(x=0.25)
    finish(ax, "x", "P(X = x)" if discrete and what == "prob" else _YLABELS[what], title)


_YLABELS = {
    "prob": "density",
    "log_prob": "log density",
    "cdf": "P(X <= x)",
    "log_cdf": "log P(X <= x)",
    "survival_function": "P(X > x)",
    "log_survival_function": "log P(X > x)",
}


def stems(ax: Any, grid: np.ndarray, y: np.ndarray, shift: float, from_zero: bool, keywords: dict) -> None:
    """Points at the integers, with stems if a height of zero is meaningful."""
    shown = np.isfinite(y) & (y > 1e-3 * y.max(initial=0.0) if from_zero else True)
    points, heights = grid[shown] + shift, y[shown]
    if from_zero:
        # One line with gaps: unlike a collection of lines, the legend keeps clear of it.
        up = np.stack([np.zeros_like(heights), heights, np.full_like(heights, np.nan)], axis=1).ravel()
        ax.plot(np.repeat(points, 3), up, color=keywords["color"], linewidth=1.6)
    ax.plot(points, heights, **{"linestyle": "none", "marker": "o", "markersize": 4.5, **keywords})


def integer_ticks(ax: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def finish(ax: Any, xlabel: str, ylabel: str, title: str | None) -> None:
    """Labels, unless they are already set, and a legend if there is more than one curve."""
    if not ax.get_xlabel():
        ax.set_xlabel(xlabel)
    if not ax.get_ylabel():
        ax.set_ylabel(ylabel)
    if title:
        ax.set_title(title)
    if ax.get_legend_handles_labels()[1]:
        ax.legend()


def check_univariate(who: str, dist: Distribution) -> None:
    if dist.event_shape != ():
        raise ValueError(
            f"{who}: {type(dist).__name__} has event shape {dist.event_shape}; expected a univariate one"
        )


def is_discrete(dist: Distribution) -> bool:
    return bool(getattr(dist.support, "discrete", False))


def evaluate(dist: Distribution, method: str, x: np.ndarray) -> np.ndarray:
    """``dist.method(x)`` as a host array, for a host array ``x``."""
    x = library(dist.xp).from_host(np.asarray(x, dist.dtype))
    return host(getattr(dist, method)(x))


def curves(dist: Distribution, grid: np.ndarray, what: str) -> np.ndarray:
    """``dist.what`` on the grid for each member of the batch, of shape ``[B, N]``."""
    x = np.broadcast_to(grid.reshape(-1, *(1,) * len(dist.batch_shape)), (len(grid), *dist.batch_shape))
    y = evaluate(dist, what, x)
    return y.reshape(len(grid), -1).T


def quantiles(dist: Distribution, p: Any) -> np.ndarray:
    """The quantiles of each member of the batch, of shape ``[len(p), B]``: by icdf, or else by draws."""
    try:
        column = np.asarray(p, float).reshape(-1, *(1,) * len(dist.batch_shape))
        q = evaluate(dist, "icdf", column)
    except NotImplementedError:
        q = np.quantile(host(dist.sample(4096, rng=0)).astype(float), p, axis=0)
    return q.reshape(len(p), -1)


def default_grid(dist: Distribution) -> np.ndarray:
    """The range of a plot of ``dist``: nearly all of the probability, except for heavy tails."""
    low, q1, q3, high = quantiles(dist, (0.001, 0.25, 0.75, 0.999))
    if is_discrete(dist):
        integers = np.arange(np.floor(low.min()) - 3, np.ceil(high.max()) + 4)
        # A bounded support bounds the plot; otherwise it ends where probabilities become negligible.
        column = integers.astype(dist.dtype).reshape(-1, *(1,) * len(dist.batch_shape))
        inside = host(dist.support.contains(library(dist.xp).from_host(column)))
        return integers[inside.reshape(len(integers), -1).any(axis=1)]
    width = np.maximum(q3 - q1, 1e-12 * np.maximum(abs(q1), 1e-300))
    start, stop = np.maximum(low, q1 - 5 * width).min(), np.minimum(high, q3 + 5 * width).max()
    margin = 0.06 * (stop - start)
    even = np.linspace(start - margin, stop + margin, _GRID)
    # Quantiles put points where the curve is steep, however narrow a component is.
    own = quantiles(dist, np.linspace(0.002, 0.998, 201)).ravel() if len(q1) <= 8 else even[:0]
    return np.unique(np.concatenate([even, own[(own >= even[0]) & (own <= even[-1])]]))


def labels_of(dist: Distribution, labels: str | Sequence[str] | None) -> list[str | None]:
    n = int(np.prod(dist.batch_shape, dtype=int))
    if labels is not None:
        labels = [labels] if isinstance(labels, str) else list(labels)
        if len(labels) != n:
            raise ValueError(f"plot_distribution: got {len(labels)} labels for {n} distributions")
        return list(labels)
    if n == 1:
        return [None]
    entries: list[list[str]] = [[] for _ in range(n)]
    for name, value in dist.params.items():
        array = host(value)
        tail = type(dist).parameters[name].event_ndim
        lead = array.shape[: array.ndim - tail]
        if int(np.prod(lead, dtype=int)) <= 1:
            continue
        rows = np.broadcast_to(array, dist.batch_shape + array.shape[array.ndim - tail :])
        for entry, row in zip(entries, rows.reshape(n, -1), strict=True):
            entry.append(f"{name}={', '.join(f'{v:g}' for v in row[:4])}{', ...' if len(row) > 4 else ''}")
    return [", ".join(entry) or None for entry in entries]


def colors_of(n: int) -> list[Any]:
    """Colours for n curves: the palette, or samples of a colour map if that is too short."""
    if n <= len(COLORS):
        return list(COLORS[:n])
    return list(import_matplotlib().colormaps["viridis"](np.linspace(0.0, 0.9, n)))


def host(value: Any) -> np.ndarray:
    value = value.array if isinstance(value, Variable) else value
    return np.asarray(to_cpu(value))
