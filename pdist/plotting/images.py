"""Plots in the plane: maps of functions, points, small images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .distributions import finish, host
from .style import CLASS_COLORS, COLORS, styled


@styled
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
            to values ``[N]``, evaluated on a grid of 100 x 100.
        extent: left, right, bottom and top.
        label: the label of the colour bar; None for no bar.
        limits: the values at the ends of the colour map.
        cmap: the name of a matplotlib colour map.
        contour: a value to draw a contour line at.
        title: the title of the plot.
        ax: the Axes to draw on.

    Returns:
        The Axes.

    >>> from pdist import plotting
    >>> ax = plot_map(lambda points: points[:, 0] * points[:, 1], label="x y")
    >>> plotting.close(ax)
    """
    if callable(values):
        values = values(grid_points(extent, 100))
        values = host(values).reshape(100, 100)
    z = host(values)
    if z.ndim != 2:
        raise ValueError(f"plot_map: values has shape {z.shape}; expected two axes")
    low, high = limits or (None, None)
    # The function was evaluated at the centre of a pixel, not at its edge.
    dx, dy = (0.5 * (extent[2 * i + 1] - extent[2 * i]) / max(z.shape[1 - i] - 1, 1) for i in (0, 1))
    pixels = (extent[0] - dx, extent[1] + dx, extent[2] - dy, extent[3] + dy)
    image = ax.imshow(z, extent=pixels, origin="lower", cmap=cmap, vmin=low, vmax=high, aspect="auto")
    ax.set(xlim=extent[:2], ylim=extent[2:])
    if contour is not None and z.min() < contour < z.max():
        ax.contour(z, levels=[contour], extent=extent, colors="white", linewidths=1.6)
    if label:
        ax.figure.colorbar(image, ax=ax, label=label)
    finish(ax, "x0", "x1", title)


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


@styled
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
        classes: integers of shape ``[N]``; None for one colour.
        names: names of the classes, for the legend; by default their numbers.
        size: size of a point, in matplotlib's units.
        mark_centres: also write each class's name at the median of its points, so as not to rely on
            colour alone.
        title: the title of the plot.
        ax: the Axes to draw on.

    Returns:
        The Axes.
    """
    points = host(points)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"plot_points: points has shape {points.shape}; expected [N, 2]")
    labels = np.zeros(len(points), int) if classes is None else host(classes).astype(int)
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
    finish(ax, "x0", "x1", title)
    if classes is not None:
        if mark_centres:
            ax.get_legend().remove()
        else:
            ax.legend(markerscale=max(1.0, 4 / size**0.5))


def _apart(places: np.ndarray, extent: np.ndarray, least: float = 0.065) -> np.ndarray:
    """``places [K, 2]`` moved until no two are closer than ``least`` of the picture's ``extent``."""
    at = places / np.maximum(extent, 1e-300)
    at = at + 1e-6 * np.arange(len(at))[:, None] * (1, -1)  # so that no two coincide
    for _ in range(100):
        between = at[:, None] - at
        distance = np.sqrt((between**2).sum(axis=-1)) + np.eye(len(at))
        push = np.clip(least - distance, 0, None) / distance
        at = at + 0.5 * (push[:, :, None] * between).sum(axis=1)
    return at * np.maximum(extent, 1e-300)


@styled
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
    """Many small grey images in one plot, row by row, dark on light like ink.

    Args:
        images: of shape ``[N, H, W]``, or ``[N, H * W]`` with ``shape`` or if they are square.
        columns: images per row; by default about as many as rows.
        shape: height and width of one image.
        row_labels: labels next to the rows.
        limits: the values shown as white and as black.
        title: the title of the plot.
        ax: the Axes to draw on.

    Returns:
        The Axes.

    >>> from pdist import plotting
    >>> ax = plot_images(np.zeros((6, 784)), columns=3)
    >>> plotting.close(ax)
    """
    images = host(images)
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
