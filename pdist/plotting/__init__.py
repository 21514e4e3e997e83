"""Plots: of distributions, of data against a model, of maps, images and training curves.

Every function draws on ``ax`` (matplotlib's current Axes by default) and returns it; none calls ``show()``.
matplotlib is imported when the first plot is made (``pip install pdist[plot]``).

>>> import matplotlib; matplotlib.use("Agg")
>>> import numpy as np, pdist.distributions as D
>>> from pdist import plotting
>>> fig, ax = plotting.subplots()
>>> ax = plotting.plot_distribution(D.Normal(np.array([0.0, 2.0]), np.array([1.0, 0.5])), ax=ax)
>>> [text.get_text() for text in ax.get_legend().get_texts()]
['loc=0, scale=1', 'loc=2, scale=0.5']
>>> plotting.close(fig)
"""

from pdist_nn.training.logs import read_log

from .data import plot_bands, plot_histogram
from .distributions import plot_distribution
from .images import grid_points, plot_images, plot_map, plot_points
from .logs import plot_log
from .style import CLASS_COLORS, COLORS, STYLE, close, save, style, subplots

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
