"""The style of all plots, and helpers for figures."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from ..autograd import no_backprop_mode

#: Seven colours that are distinguishable with any colour vision.  Source: M. Okabe and K. Ito (2008), Color
#: Universal Design; black, and yellow, which is hardly visible on white, are left out.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#666666")

#: Colours for ten classes.  Source: M. Petroff (2021), Accessible Color Sequences for Data Visualization.
CLASS_COLORS = (
    *("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6"),
    *("#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"),
)

#: The matplotlib settings of every plot made here.
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


def import_matplotlib() -> Any:
    try:
        import matplotlib
    except ImportError as error:
        raise ImportError("pdist.plotting needs matplotlib: pip install 'pdist[plot]'") from error
    return matplotlib


def style() -> AbstractContextManager[None]:
    """A context that gives your own figures the style of the ones made here.

    >>> with style():
    ...     import matplotlib.pyplot as plt
    ...     fig, ax = plt.subplots()
    >>> ax.spines["top"].get_visible()
    False
    >>> close(fig)
    """
    matplotlib = import_matplotlib()
    return matplotlib.rc_context({**STYLE, "axes.prop_cycle": matplotlib.cycler(color=COLORS)})


def styled(draw: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``draw`` an Axes if it gets none, and this module's style."""

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
        rows: number of rows.
        columns: number of columns.
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
        path: the file; its extension determines the format. Missing folders are created.
        close_after: whether to close the figure.

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
    """Close a figure (or the figure of an Axes): pyplot keeps every open one in memory."""
    import_matplotlib()
    import matplotlib.pyplot as plt

    plt.close(getattr(figure, "figure", figure))
