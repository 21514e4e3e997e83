"""Layers."""

from .linear import Linear
from .variational import DenseReparameterization, NormalPosterior, mean_weights

__all__ = ["DenseReparameterization", "Linear", "NormalPosterior", "mean_weights"]
