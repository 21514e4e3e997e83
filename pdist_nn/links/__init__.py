"""Layers."""

from .classifier import Classifier
from .linear import Linear
from .variational import DenseReparameterization, NormalPosterior, mean_weights

__all__ = ["Classifier", "DenseReparameterization", "Linear", "NormalPosterior", "mean_weights"]
