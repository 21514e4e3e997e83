"""pdist: probability distributions on an automatic differentiation core over NumPy and CuPy."""

__version__ = "0.1.0"

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy
import scipy.special

from . import backend, functions
from .autograd import (
    Variable,
    as_array,
    as_variable,
    config,
    differentiable,
    force_backprop_mode,
    grad,
    no_backprop_mode,
    using_config,
)
from .autograd.gradient_check import check_gradients
from .backend import get_array_module, random, to_cpu, to_gpu, using_device

if TYPE_CHECKING:
    from . import distributions
    from .distributions import cross_entropy, kl_divergence, register_kl
    from .tracing import TraceError, trace

__all__ = [
    "TraceError",
    "Variable",
    "as_array",
    "as_variable",
    "backend",
    "check_gradients",
    "config",
    "cross_entropy",
    "differentiable",
    "distributions",
    "force_backprop_mode",
    "functions",
    "get_array_module",
    "grad",
    "kl_divergence",
    "no_backprop_mode",
    "random",
    "register_kl",
    "to_cpu",
    "to_gpu",
    "trace",
    "using_config",
    "using_device",
]

# Imported on first use: together they would be most of the import time.
_LATE = {
    "distributions": ("cross_entropy", "kl_divergence", "register_kl"),
    "tracing": ("TraceError", "trace"),
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        for module, names in _LATE.items():
            if name == module or name in names:
                found = import_module(f"{__name__}.{module}")
                globals().update({one: getattr(found, one) for one in names})
                return found if name == module else globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__, *_LATE})
