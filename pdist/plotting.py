"""Pictures: of distributions, of data against a model, of maps, images and training curves.

Every function draws on ``ax`` (matplotlib's current Axes by default) and returns it; none calls ``show()``.
matplotlib is imported when the first picture is asked for (``pip install pdist[plot]``).

>>> import matplotlib; matplotlib.use("Agg")
>>> import numpy as np, pdist.distributions as D
>>> from pdist import plotting
>>> fig, ax = plotting.subplots()
>>> ax = plotting.plot_distribution(D.Normal(np.array([0.0, 2.0]), np.array([1.0, 0.5])), ax=ax)
>>> [text.get_text() for text in ax.get_legend().get_texts()]
['loc=0, scale=1', 'loc=2, scale=0.5']
>>> plotting.close(fig)
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from .autograd import Variable, no_backprop_mode
from .backend import library, to_cpu
from .distributions import Distribution, Independent, MixtureSameFamily

__all__ = [
    "CLASS_COLORS",
    "COLORS",
    "STYLE",
    "close",
    "grid_points",
    "plot_bands",
    "plot_distribution",
    "plot_histogram",
    "plot_images",
    "plot_log",
    "plot_map",
    "plot_points",
    "read_log",
    "save",
    "style",
    "subplots",
]

#: Seven colours that people with any colour vision tell apart.  Source: M. Okabe and K. Ito (2008), Color
#: Universal Design; black and the yellow, which is lost on white, are left out.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#666666")

#: Ten, for ten classes.  Source: M. Petroff (2021), Accessible Color Sequences for Data Visualization.
CLASS_COLORS = (
    *("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6"),
    *("#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"),
)

#: matplotlib's settings of every picture made here.
STYLE: dict[str, Any] = {
    "figure.figsize": (6.4, 4.0),
    "figure.dpi": 100,
    "savefig.dpi": 120,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.labelsize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "lines.linewidth": 2.0,
    "image.cmap": "viridis",
}

_GRID = 801  # points of a curve


def _matplotlib() -> Any:
    try:
        import matplotlib
    except ImportError as error:
        raise ImportError("pdist.plotting needs matplotlib: pip install 'pdist[plot]'") from error
    return matplotlib


def style() -> AbstractContextManager[None]:
    """A context in which figures of one's own look like the ones made here.

    >>> with style():
    ...     import matplotlib.pyplot as plt
    ...     fig, ax = plt.subplots()
    >>> ax.spines["top"].get_visible()
    False
    >>> close(fig)
    """
    matplotlib = _matplotlib()
    return matplotlib.rc_context({**STYLE, "axes.prop_cycle": matplotlib.cycler(color=COLORS)})


def _styled(draw: Callable[..., Any]) -> Callable[..., Any]:
    """Let ``draw`` find an Axes where it was given none, and draw in this module's style."""

    @functools.wraps(draw)
    def drawn(*args: Any, ax: Any = None, **kwargs: Any) -> Any:
        with style():
            if ax is None:
                import matplotlib.pyplot as plt

                ax = plt.gca()
            with no_backprop_mode():
                draw(*args, ax=ax, **kwargs)
        return ax

    return drawn


def subplots(
    rows: int = 1, columns: int = 1, size: tuple[float, float] = (4.8, 3.4), **kwargs: Any
) -> tuple[Any, Any]:
    """A figure and its Axes in this module's style, like ``matplotlib.pyplot.subplots``.

    Args:
        rows: how many Axes below each other.
        columns: how many beside each other.
        size: width and height of one of them, in inches.
        **kwargs: passed on, such as ``sharey=True``.

    Returns:
        The figure, and one Axes or an array of them of shape ``[rows, columns]`` without axes of length one.
    """
    with style():
        import matplotlib.pyplot as plt

        kwargs.setdefault("layout", "constrained")
        return plt.subplots(rows, columns, figsize=(size[0] * columns, size[1] * rows), **kwargs)


def save(figure: Any, path: str | os.PathLike[str], close_after: bool = True) -> str:
    """Write a figure to a file, by default closing it.

    Args:
        figure: a figure, or an Axes of it.
        path: the file; its ending tells the format. Missing folders are made.
        close_after: whether the figure is finished with.

    Returns:
        The path.
    """
    figure = getattr(figure, "figure", figure)
    os.makedirs(os.path.dirname(os.fspath(path)) or ".", exist_ok=True)
    with style():
        figure.savefig(path)
    if close_after:
        close(figure)
    return os.fspath(path)


def close(figure: Any) -> None:
    """Let go of a figure (or the figure of an Axes): pyplot keeps every open one in memory."""
    _matplotlib()
    import matplotlib.pyplot as plt

    plt.close(getattr(figure, "figure", figure))


# --- One distribution, or a batch of them ------------------------------------------------------------


@_styled
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
        what: which method: ``"prob"``, ``"log_prob"``, ``"cdf"``, ``"log_cdf"``, ``"survival_function"`` or
            ``"log_survival_function"``.
        labels: the legend's entries, one a curve; by default the parameters that differ within the batch.
        title: the picture's title.
        ax: where to draw.
        **line: passed to matplotlib's ``plot``.

    Returns:
        The Axes.

    Raises:
        ValueError: where the distribution is not univariate.

    >>> from pdist import distributions as D
    >>> ax = plot_distribution(D.Normal(0.0, 1.0), what="cdf")
    >>> ax.get_ylabel()
    'P(X <= x)'
    >>> close(ax)
    """
    _check_univariate("plot_distribution", dist)
    if what not in _YLABELS:
        raise ValueError(f"plot_distribution: what is {what!r}; expected one of {', '.join(_YLABELS)}")
    discrete = _is_discrete(dist)
    grid = _default_grid(dist) if x is None else _host(x).ravel()
    y = _curves(dist, grid, what)
    names = _labels(dist, labels)
    colors = _colors(len(y))
    for i, (curve, name) in enumerate(zip(y, names, strict=True)):
        keywords: dict[str, Any] = {"color": colors[i], "label": name, **line}
        if discrete and what in ("prob", "log_prob"):
            _stems(
                ax, grid, curve, (i - (len(y) - 1) / 2) * min(0.16, 0.7 / len(y)), what == "prob", keywords
            )
        elif discrete:
            ax.step(grid, curve, where="post", **keywords)
        else:
            ax.plot(grid, curve, **keywords)
    if what != "log_prob" and not what.startswith("log") and ax.get_ylim()[0] < 0:
        ax.set_ylim(bottom=0)
    if discrete:
        _integer_ticks(ax)
        if ax.get_xlim()[1] - ax.get_xlim()[0] < 3:  # a few stems want room beside them
            ax.margins(x=0.25)
    _finish(ax, "x", "P(X = x)" if discrete and what == "prob" else _YLABELS[what], title)


_YLABELS = {
    "prob": "density",
    "log_prob": "log density",
    "cdf": "P(X <= x)",
    "log_cdf": "log P(X <= x)",
    "survival_function": "P(X > x)",
    "log_survival_function": "log P(X > x)",
}


def _stems(ax: Any, grid: np.ndarray, y: np.ndarray, shift: float, from_zero: bool, keywords: dict) -> None:
    """Points on the integers, on stalks where a height of zero means something."""
    shown = np.isfinite(y) & (y > 1e-3 * y.max(initial=0.0) if from_zero else True)
    points, heights = grid[shown] + shift, y[shown]
    if from_zero:
        # One line with gaps: unlike a collection of lines, the legend keeps clear of it.
        up = np.stack([np.zeros_like(heights), heights, np.full_like(heights, np.nan)], axis=1).ravel()
        ax.plot(np.repeat(points, 3), up, color=keywords["color"], linewidth=1.6)
    ax.plot(points, heights, **{"linestyle": "none", "marker": "o", "markersize": 4.5, **keywords})


def _integer_ticks(ax: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def _finish(ax: Any, xlabel: str, ylabel: str, title: str | None) -> None:
    """Labels, where nobody has set others, and a legend where there is something to tell apart."""
    if not ax.get_xlabel():
        ax.set_xlabel(xlabel)
    if not ax.get_ylabel():
        ax.set_ylabel(ylabel)
    if title:
        ax.set_title(title)
    if ax.get_legend_handles_labels()[1]:
        ax.legend()


def _check_univariate(who: str, dist: Distribution) -> None:
    if dist.event_shape != ():
        raise ValueError(
            f"{who}: {type(dist).__name__} has event shape {dist.event_shape}; expected a univariate one"
        )


def _is_discrete(dist: Distribution) -> bool:
    return bool(getattr(dist.support, "discrete", False))


def _evaluate(dist: Distribution, method: str, x: np.ndarray) -> np.ndarray:
    """``dist.method(x)`` as a host array, for a host array ``x``."""
    x = library(dist.xp).from_host(np.asarray(x, dist.dtype))
    return _host(getattr(dist, method)(x))


def _curves(dist: Distribution, grid: np.ndarray, what: str) -> np.ndarray:
    """``dist.what`` on the grid for each of the batch, of shape ``[B, N]``."""
    y = _evaluate(dist, what, grid.reshape(-1, *(1,) * len(dist.batch_shape)))
    return y.reshape(len(grid), -1).T


def _quantiles(dist: Distribution, p: Any) -> np.ndarray:
    """The quantiles of each of the batch, of shape ``[len(p), B]``: by icdf, by draws where there is none."""
    try:
        column = np.asarray(p, float).reshape(-1, *(1,) * len(dist.batch_shape))
        q = _evaluate(dist, "icdf", column)
    except NotImplementedError:
        q = np.quantile(_host(dist.sample(4096, rng=0)).astype(float), p, axis=0)
    return q.reshape(len(p), -1)


def _default_grid(dist: Distribution) -> np.ndarray:
    """Where a picture of ``dist`` looks: nearly all of the probability, but not along a heavy tail."""
    low, q1, q3, high = _quantiles(dist, (0.001, 0.25, 0.75, 0.999))
    if _is_discrete(dist):
        integers = np.arange(np.floor(low.min()) - 3, np.ceil(high.max()) + 4)
        # A bounded support ends the picture; an unbounded one ends where nothing is left to see.
        column = integers.astype(dist.dtype).reshape(-1, *(1,) * len(dist.batch_shape))
        inside = _host(dist.support.contains(library(dist.xp).from_host(column)))
        return integers[inside.reshape(len(integers), -1).any(axis=1)]
    width = np.maximum(q3 - q1, 1e-12 * np.maximum(abs(q1), 1e-300))
    start, stop = np.maximum(low, q1 - 5 * width).min(), np.minimum(high, q3 + 5 * width).max()
    margin = 0.06 * (stop - start)
    even = np.linspace(start - margin, stop + margin, _GRID)
    # Quantiles put points where the curve is steep, however narrow a component is.
    own = _quantiles(dist, np.linspace(0.002, 0.998, 201)).ravel() if len(q1) <= 8 else even[:0]
    return np.unique(np.concatenate([even, own[(own >= even[0]) & (own <= even[-1])]]))


def _labels(dist: Distribution, labels: str | Sequence[str] | None) -> list[str | None]:
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
        array = _host(value)
        tail = type(dist).parameters[name].event_ndim
        lead = array.shape[: array.ndim - tail]
        if int(np.prod(lead, dtype=int)) <= 1:
            continue
        rows = np.broadcast_to(array, dist.batch_shape + array.shape[array.ndim - tail :])
        for entry, row in zip(entries, rows.reshape(n, -1), strict=True):
            entry.append(f"{name}={', '.join(f'{v:g}' for v in row[:4])}{', ...' if len(row) > 4 else ''}")
    return [", ".join(entry) or None for entry in entries]


def _colors(n: int) -> list[Any]:
    """Colours for n curves: the palette, or a path through a colour map where that is too short."""
    if n <= len(COLORS):
        return list(COLORS[:n])
    return list(_matplotlib().colormaps["viridis"](np.linspace(0.0, 0.9, n)))


def _host(value: Any) -> np.ndarray:
    value = value.array if isinstance(value, Variable) else value
    return np.asarray(to_cpu(value))


# --- Data against a model ----------------------------------------------------------------------------


@_styled
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
        bins: as matplotlib's ``hist`` takes them; a discrete distribution has one bar an integer.
        label: the draws' entry in the legend.
        dist_label: the distribution's; by default its repr.
        title: the picture's title.
        ax: where to draw.

    Returns:
        The Axes.

    >>> from pdist import distributions as D
    >>> d = D.Normal(0.0, 1.0)
    >>> ax = plot_histogram(d.sample(1000, rng=0), d)
    >>> close(ax)
    """
    values = _host(sample).ravel()
    discrete = values.dtype.kind in "biu" if dist is None else _is_discrete(dist)
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
        _integer_ticks(ax)
    _finish(ax, "x", "relative frequency" if discrete else "density", title)


@_styled
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
    """A model's predictive distribution over x: its median and central bands, by ``icdf``.

    Args:
        x: inputs in increasing order, of shape ``[N]`` or ``[N, 1]``.
        dist: the prediction at each, of batch shape ``[N]`` (or ``[N, 1]``), or event shape ``[1]``.
        data: points to draw below it, as ``(x, y)``.
        levels: the probability that each band holds.
        color: the colour of bands and median.
        label: how the legend calls the model.
        title: the picture's title.
        ax: where to draw.

    Returns:
        The Axes.

    >>> from pdist import distributions as D
    >>> x = np.linspace(0.1, 1, 50)
    >>> ax = plot_bands(x, D.Normal(x, x))
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['model: median', '50% band', '90% band']
    >>> close(ax)
    """
    x = _host(x).ravel()
    if data is not None:
        _data_points(ax, *data)
    ends = [p for level in sorted(levels) for p in ((1 - level) / 2, (1 + level) / 2)]
    dist = _of_numbers(dist)
    _check_univariate("plot_bands", dist)
    q = _quantiles(dist, [0.5, *ends])
    if q.shape[1] != len(x):
        raise ValueError(
            f"plot_bands: x has {len(x)} values, and {type(dist).__name__} is {q.shape[1]} distributions"
        )
    ax.plot(x, q[0], color=color, label=f"{label}: median")
    for i, level in enumerate(sorted(levels)):
        low, high = q[1 + 2 * i], q[2 + 2 * i]
        alpha = 0.38 / (1 + 0.9 * i)
        ax.fill_between(x, low, high, color=color, alpha=alpha, linewidth=0, label=f"{level:.0%} band")
    _finish(ax, "x", "y", title)


def _of_numbers(dist: Distribution) -> Distribution:
    """A distribution of vectors of length one as one of numbers: networks often predict these."""
    if dist.event_shape != (1,):
        return dist
    if isinstance(dist, Independent):
        return dist.distribution[..., 0]
    if isinstance(dist, MixtureSameFamily) and isinstance(dist.component_distribution, Independent):
        return MixtureSameFamily(dist.mixture_distribution, dist.component_distribution.distribution[..., 0])
    return dist


def _data_points(ax: Any, x: Any, y: Any, label: str = "data") -> None:
    x, y = _host(x).ravel(), _host(y).ravel()
    size = float(np.clip(4000 / max(len(x), 1), 2, 14))
    alpha = float(np.clip(300 / max(len(x), 1), 0.12, 0.6))
    ax.scatter(x, y, s=size, color="#333333", alpha=alpha, linewidth=0, label=label, zorder=1)


# --- Planes ------------------------------------------------------------------------------------------


@_styled
def plot_map(
    values: Any,
    extent: tuple[float, float, float, float] = (-1, 1, -1, 1),
    label: str | None = None,
    limits: tuple[float, float] | None = None,
    cmap: str = "viridis",
    contour: float | None = None,
    title: str | None = None,
    *,
    ax: Any = None,
) -> Any:
    """A map of a function of two numbers.

    Args:
        values: an array of shape ``[H, W]``, the first row the lowest; or a function from points ``[N, 2]``
            to values ``[N]``, asked on a grid of 100 x 100.
        extent: left, right, bottom and top.
        label: what the colour means, beside the colour bar; no bar where None.
        limits: the values at the ends of the colour map.
        cmap: matplotlib's name of one.
        contour: a value to draw a line at.
        title: the picture's title.
        ax: where to draw.

    Returns:
        The Axes.

    >>> ax = plot_map(lambda points: points[:, 0] * points[:, 1], label="x y")
    >>> close(ax)
    """
    if callable(values):
        values = values(grid_points(extent, 100))
        values = _host(values).reshape(100, 100)
    z = _host(values)
    if z.ndim != 2:
        raise ValueError(f"plot_map: values has shape {z.shape}; expected two axes")
    low, high = limits or (None, None)
    # The middle of a pixel, not its edge, lies where the function was asked.
    dx, dy = (0.5 * (extent[2 * i + 1] - extent[2 * i]) / max(z.shape[1 - i] - 1, 1) for i in (0, 1))
    pixels = (extent[0] - dx, extent[1] + dx, extent[2] - dy, extent[3] + dy)
    image = ax.imshow(z, extent=pixels, origin="lower", cmap=cmap, vmin=low, vmax=high, aspect="auto")
    ax.set(xlim=extent[:2], ylim=extent[2:])
    if contour is not None and z.min() < contour < z.max():
        ax.contour(z, levels=[contour], extent=extent, colors="white", linewidths=1.6)
    if label:
        ax.figure.colorbar(image, ax=ax, label=label)
    _finish(ax, "x0", "x1", title)


def grid_points(extent: tuple[float, float, float, float] = (-1, 1, -1, 1), n: int = 50) -> np.ndarray:
    """The points of an n by n grid, of shape ``[n * n, 2]``, row by row from the lowest, ends included.

    >>> grid_points((0, 1, 0, 1), 2)
    array([[0., 0.],
           [1., 0.],
           [0., 1.],
           [1., 1.]])
    """
    x, y = np.meshgrid(np.linspace(extent[0], extent[1], n), np.linspace(extent[2], extent[3], n))
    return np.stack([x.ravel(), y.ravel()], axis=1)


@_styled
def plot_points(
    points: Any,
    classes: Any = None,
    names: Sequence[str] | None = None,
    size: float | None = None,
    mark_centres: bool = False,
    title: str | None = None,
    *,
    ax: Any = None,
) -> Any:
    """Points in the plane, coloured by class.

    Args:
        points: of shape ``[N, 2]``.
        classes: integers of shape ``[N]``; one colour for all where None.
        names: of the classes, for the legend; by default their numbers.
        size: of a point, in matplotlib's units.
        mark_centres: also write each class's name at the median of its points, so that colour need not be
            relied upon.
        title: the picture's title.
        ax: where to draw.

    Returns:
        The Axes.
    """
    points = _host(points)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"plot_points: points has shape {points.shape}; expected [N, 2]")
    labels = np.zeros(len(points), int) if classes is None else _host(classes).astype(int)
    found = np.unique(labels)
    palette = COLORS if len(found) <= len(COLORS) else CLASS_COLORS
    size = size or float(np.clip(6000 / max(len(points), 1), 5, 30))
    alpha = 0.85 if len(points) <= 500 else 0.6
    for i, k in enumerate(found):
        name = None if classes is None else names[i] if names else str(k)
        at = points[labels == k]
        color = palette[i % len(palette)]
        ax.scatter(at[:, 0], at[:, 1], s=size, color=color, alpha=alpha, linewidth=0, label=name)
    if mark_centres and classes is not None:
        import matplotlib.patheffects as effects

        centres = _apart(
            np.stack([np.median(points[labels == k], axis=0) for k in found]), np.ptp(points, axis=0)
        )
        for i, (x, y) in enumerate(centres):
            name = names[i] if names else str(found[i])
            text = ax.text(x, y, name, ha="center", va="center", weight="bold", size=14)
            text.set_path_effects([effects.withStroke(linewidth=3, foreground="white")])
    _finish(ax, "x0", "x1", title)
    if classes is not None:
        if mark_centres:
            ax.get_legend().remove()
        else:
            ax.legend(markerscale=max(1.0, 4 / size**0.5))


def _apart(places: np.ndarray, extent: np.ndarray, least: float = 0.065) -> np.ndarray:
    """``places [K, 2]`` moved until no two are closer than ``least`` of the picture's ``extent``."""
    at = places / np.maximum(extent, 1e-300)
    at = at + 1e-6 * np.arange(len(at))[:, None] * (1, -1)  # so that no two are in one place
    for _ in range(100):
        between = at[:, None] - at
        distance = np.sqrt((between**2).sum(axis=-1)) + np.eye(len(at))
        push = np.clip(least - distance, 0, None) / distance
        at = at + 0.5 * (push[:, :, None] * between).sum(axis=1)
    return at * np.maximum(extent, 1e-300)


@_styled
def plot_images(
    images: Any,
    columns: int | None = None,
    shape: tuple[int, int] | None = None,
    row_labels: Sequence[str] | None = None,
    limits: tuple[float, float] = (0.0, 1.0),
    title: str | None = None,
    *,
    ax: Any = None,
) -> Any:
    """Many small grey images in one picture, row by row, dark on light like ink.

    Args:
        images: of shape ``[N, H, W]``, or ``[N, H * W]`` with ``shape`` or where they are square.
        columns: images in a row; by default about as many as rows.
        shape: height and width of one.
        row_labels: what to write beside each row.
        limits: the values shown as white and as black.
        title: the picture's title.
        ax: where to draw.

    Returns:
        The Axes.

    >>> ax = plot_images(np.zeros((6, 784)), columns=3)
    >>> close(ax)
    """
    images = _host(images)
    n = len(images)
    if images.ndim == 2:
        side = round(images.shape[1] ** 0.5)
        images = images.reshape(n, *(shape or (side, side)))
    if images.ndim != 3:
        raise ValueError(f"plot_images: images has shape {images.shape}; expected [N, H, W] or [N, H * W]")
    columns = columns or max(1, int(np.ceil(n**0.5)))
    rows = -(-n // columns)
    height, width = images.shape[1:]
    sheet = np.full((rows * columns, height, width), limits[0], float)
    sheet[:n] = images
    sheet = sheet.reshape(rows, columns, height, width).transpose(0, 2, 1, 3).reshape(rows * height, -1)
    ax.imshow(sheet, cmap="Greys", vmin=limits[0], vmax=limits[1], aspect="equal", interpolation="nearest")
    for line in range(1, columns):
        ax.axvline(line * width - 0.5, color="white", linewidth=1)
    for line in range(1, rows):
        ax.axhline(line * height - 0.5, color="white", linewidth=1)
    ax.set_xticks([])
    ax.set_yticks([])
    if row_labels is not None:
        ax.set_yticks([(i + 0.5) * height - 0.5 for i in range(rows)], list(row_labels))
        ax.tick_params(axis="y", length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    if title:
        ax.set_title(title)


# --- Training ----------------------------------------------------------------------------------------


def read_log(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The entries of a LogReport's file: one JSON object a line.

    Args:
        path: the file.

    Raises:
        ValueError: at a line that is none, naming it. An unfinished last line, as a killed run leaves it, is
            left out.
    """
    entries: list[dict[str, Any]] = []
    with open(path, encoding="utf-8") as file:
        lines = file.readlines()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(lines) and not line.endswith("\n"):
                break
            raise ValueError(f"read_log: {os.fspath(path)}, line {number}: {error}") from None
        if not isinstance(entry, dict):
            raise ValueError(
                f"read_log: {os.fspath(path)}, line {number}: expected an object, got {line.strip()!r}"
            )
        entries.append(entry)
    return entries


@_styled
def plot_log(
    log: str | os.PathLike[str] | Iterable[Mapping[str, Any]],
    keys: Sequence[str] | Mapping[str, str] | None = None,
    x: str = "epoch",
    ylabel: str = "",
    title: str | None = None,
    *,
    ax: Any = None,
    **line: Any,
) -> Any:
    """Training curves.

    Args:
        log: the file that a LogReport wrote (JSON lines), or its entries.
        keys: which values to draw, or a mapping from them to the legend's names; by default all whose names
            contain ``loss``.
        x: the entry along the x axis.
        ylabel: what is drawn.
        title: the picture's title.
        ax: where to draw.
        **line: passed to matplotlib's ``plot``.

    Returns:
        The Axes.

    Raises:
        KeyError: where no entry has one of the keys, with those that there are.

    >>> log = [{"epoch": 1, "main/loss": 2.0}, {"epoch": 2, "main/loss": 1.5}]
    >>> ax = plot_log(log)
    >>> close(ax)
    """
    entries = read_log(log) if isinstance(log, (str, os.PathLike)) else list(log)
    known = list(dict.fromkeys(key for entry in entries for key in entry))
    if keys is None:
        keys = [key for key in known if "loss" in key]
    names = dict(keys) if isinstance(keys, Mapping) else {key: key for key in keys}
    for i, (key, name) in enumerate(names.items()):
        points = [(entry[x], entry[key]) for entry in entries if x in entry and key in entry]
        if not points:
            raise KeyError(
                f"plot_log: no entry has {x!r} and {key!r}; they have {', '.join(known) or 'none'}"
            )
        at, values = zip(*points, strict=True)
        marker = "o" if len(points) == 1 else None
        color = COLORS[i % len(COLORS)]
        ax.plot(at, values, **{"color": color, "label": name, "marker": marker, **line})
    if x in ("epoch", "iteration"):
        _integer_ticks(ax)
    _finish(ax, x, ylabel, title)
