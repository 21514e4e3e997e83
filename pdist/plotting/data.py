"""Plots of data against a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..distributions import Distribution, Independent, MixtureSameFamily
from .distributions import (
    check_univariate,
    finish,
    host,
    integer_ticks,
    is_discrete,
    plot_distribution,
    quantiles,
)
from .style import COLORS, styled


@styled
def plot_histogram(
    sample: Any,
    dist: Distribution | None = None,
    bins: int | str | Sequence[float] = "auto",
    label: str | None = "sample",
    dist_label: str | None = None,
    title: str | None = None,
    *,
    ax: Any = None,
) -> Any:
    """A histogram of draws, against the density that they should follow.

    Args:
        sample: numbers, of any shape.
        dist: one univariate distribution to draw over it.
        bins: as for matplotlib's ``hist``; a discrete distribution has one bar per integer.
        label: the legend entry of the draws.
        dist_label: the legend entry of the distribution; by default its repr.
        title: the title of the plot.
        ax: the Axes to draw on.

    Returns:
        The Axes.

    >>> from pdist import distributions as D, plotting
    >>> d = D.Normal(0.0, 1.0)
    >>> ax = plot_histogram(d.sample(1000, rng=0), d)
    >>> plotting.close(ax)
    """
    values = host(sample).ravel()
    discrete = values.dtype.kind in "biu" if dist is None else is_discrete(dist)
    color = "#c9d4de"
    if discrete:
        integers, counts = np.unique(values, return_counts=True)
        ax.bar(integers, counts / counts.sum(), width=0.8, color=color, label=label)
    else:
        ax.hist(values, bins=bins, density=True, color=color, edgecolor="white", linewidth=0.5, label=label)
    if dist is not None:
        name = dist_label or (repr(dist) if len(repr(dist)) <= 36 else type(dist).__name__)
        plot_distribution(dist, labels=name, ax=ax)
    if discrete:
        integer_ticks(ax)
    finish(ax, "x", "relative frequency" if discrete else "density", title)


@styled
def plot_bands(
    x: Any,
    dist: Distribution,
    data: tuple[Any, Any] | None = None,
    levels: Sequence[float] = (0.5, 0.9),
    color: str = COLORS[0],
    label: str = "model",
    title: str | None = None,
    *,
    ax: Any = None,
) -> Any:
    """A model's predictive distribution over x: its median and central bands, from ``icdf``.

    Args:
        x: inputs in increasing order, of shape ``[N]`` or ``[N, 1]``.
        dist: the prediction at each, of batch shape ``[N]`` (or ``[N, 1]``), or event shape ``[1]``.
        data: points to draw below it, as ``(x, y)``.
        levels: the probability contained in each band.
        color: the colour of bands and median.
        label: the legend entry of the model.
        title: the title of the plot.
        ax: the Axes to draw on.

    Returns:
        The Axes.

    >>> from pdist import distributions as D, plotting
    >>> x = np.linspace(0.1, 1, 50)
    >>> ax = plot_bands(x, D.Normal(x, x))
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['model: median', '50% band', '90% band']
    >>> plotting.close(ax)
    """
    x = host(x).ravel()
    if data is not None:
        _data_points(ax, *data)
    ends = [p for level in sorted(levels) for p in ((1 - level) / 2, (1 + level) / 2)]
    dist = _of_numbers(dist)
    check_univariate("plot_bands", dist)
    q = quantiles(dist, [0.5, *ends])
    if q.shape[1] != len(x):
        raise ValueError(
            f"plot_bands: x has {len(x)} values, and {type(dist).__name__} is {q.shape[1]} distributions"
        )
    ax.plot(x, q[0], color=color, label=f"{label}: median")
    for i, level in enumerate(sorted(levels)):
        low, high = q[1 + 2 * i], q[2 + 2 * i]
        alpha = 0.38 / (1 + 0.9 * i)
        ax.fill_between(x, low, high, color=color, alpha=alpha, linewidth=0, label=f"{level:.0%} band")
    finish(ax, "x", "y", title)


def _of_numbers(dist: Distribution) -> Distribution:
    """A distribution of vectors of length one as one of numbers: networks often predict the former."""
    if dist.event_shape != (1,):
        return dist
    if isinstance(dist, Independent):
        return dist.distribution[..., 0]
    if isinstance(dist, MixtureSameFamily) and isinstance(dist.component_distribution, Independent):
        return MixtureSameFamily(dist.mixture_distribution, dist.component_distribution.distribution[..., 0])
    return dist


def _data_points(ax: Any, x: Any, y: Any, label: str = "data") -> None:
    x, y = host(x).ravel(), host(y).ravel()
    size = float(np.clip(4000 / max(len(x), 1), 2, 14))
    alpha = float(np.clip(300 / max(len(x), 1), 0.12, 0.6))
    ax.scatter(x, y, s=size, color="#333333", alpha=alpha, linewidth=0, label=label, zorder=1)
