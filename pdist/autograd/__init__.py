"""Automatic differentiation: Variable, the op decorator, backward passes."""

from .backward import grad
from .config import config, force_backprop_mode, no_backprop_mode, using_config
from .op import coerce, differentiable, in_rules, promote, public, zero
from .variable import Variable, as_array, as_variable

__all__ = [
    "Variable",
    "as_array",
    "as_variable",
    "coerce",
    "config",
    "differentiable",
    "force_backprop_mode",
    "grad",
    "in_rules",
    "no_backprop_mode",
    "promote",
    "public",
    "using_config",
    "zero",
]
