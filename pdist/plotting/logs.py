"""Plots of training."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pdist_nn.training.logs import read_log

from .distributions import finish, integer_ticks
from .style import COLORS, styled


@styled
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
        keys: the values to draw, or a mapping from them to legend entries; by default all whose names
            contain ``loss``.
        x: the entry along the x axis.
        ylabel: the label of the y axis.
        title: the title of the plot.
        ax: the Axes to draw on.
        **line: passed to matplotlib's ``plot``.

    Returns:
        The Axes.

    Raises:
        KeyError: if no entry has one of the keys; names the available ones.

    >>> from pdist import plotting
    >>> log = [{"epoch": 1, "main/loss": 2.0}, {"epoch": 2, "main/loss": 1.5}]
    >>> ax = plot_log(log)
    >>> plotting.close(ax)
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
        integer_ticks(ax)
    finish(ax, x, ylabel, title)
