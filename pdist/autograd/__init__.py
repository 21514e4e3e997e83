"""Automatic differentiation: Variable, the op decorator, backward passes."""

from .casts import promote
from .changes import note_written
from .config import config, force_backprop_mode, no_backprop_mode, using_config
from .gradients import grad
from .namespaces import in_rules, public, raw
from .op import differentiable, zero
from .promotion import coerce, module_of
from .variable import Variable, as_array, as_variable, to_read

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
    "module_of",
    "no_backprop_mode",
    "note_written",
    "promote",
    "public",
    "raw",
    "to_read",
    "using_config",
    "zero",
]
