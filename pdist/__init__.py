"""pdist: probability distributions on an automatic differentiation core over NumPy and CuPy."""

__version__ = "0.1.0"

import numpy  # noqa: F401 - first and here: deep in the import stack they cost twice as much
import scipy.special  # noqa: F401

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
from .backend import get_array_module, random, to_cpu, to_gpu, using_device
from .distributions import kl_divergence, register_kl
