"""pdist: probability distributions on an automatic differentiation core over NumPy and CuPy."""

__version__ = "0.1.0"

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy
import scipy.special

from . import backend, distributions, functions
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
from .distributions import cross_entropy, kl_divergence, register_kl

if TYPE_CHECKING:
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

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        # Tracing is imported on first use: it would be a sixth of the import time.
        if name not in ("TraceError", "trace", "tracing"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        tracing = import_module(f"{__name__}.tracing")

        globals().update(TraceError=tracing.TraceError, trace=tracing.trace)
        return globals()[name]

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__, "tracing"})
