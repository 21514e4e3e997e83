"""Automatic differentiation: Variable, the op decorator, backward passes."""

from .backward import grad
from .config import config, force_backprop_mode, no_backprop_mode, using_config
from .op import differentiable, promote, public, zero
from .variable import Variable, as_array, as_variable

__all__ = [
    "Variable",
    "as_array",
    "as_variable",
    "config",
    "differentiable",
    "force_backprop_mode",
    "grad",
    "no_backprop_mode",
    "promote",
    "public",
    "using_config",
    "zero",
]
