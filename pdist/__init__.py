"""pdist: probability distributions on an automatic differentiation core over NumPy and CuPy."""

__version__ = "0.1.0"

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
