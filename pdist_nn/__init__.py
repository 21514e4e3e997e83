"""Layers, optimizers and training for models whose outputs are distributions.

It also re-exports pdist's public API under Chainer's names, so that a program written for Chainer that uses
only these parts runs after ``import pdist_nn as chainer``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import pdist as _pdist
from pdist import (
    TraceError,
    Variable,
    as_array,
    as_variable,
    backend,
    check_gradients,
    config,
    cross_entropy,
    differentiable,
    distributions,
    force_backprop_mode,
    functions,
    get_array_module,
    grad,
    kl_divergence,
    no_backprop_mode,
    random,
    register_kl,
    to_cpu,
    to_gpu,
    trace,
    using_config,
    using_device,
)
from pdist.distributions import Distribution

from . import (
    datasets,
    heads,
    initializers,
    iterators,
    links,
    losses,
    optimizers,
    reporter,
    serializers,
    training,
)
from . import datasets as dataset  # Chainer has concat_examples there
from .containers import Chain, ChainList, Sequential
from .link import Link
from .optimizers import hooks as optimizer_hooks
from .parameter import Parameter
from .reporter import Reporter, get_current_reporter, report, report_scope
from .training import fit

__version__ = _pdist.__version__


def get_dtype(dtype: Any = None) -> np.dtype:
    """``dtype`` as a dtype; ``config.dtype`` if it is None.

    >>> get_dtype()
    dtype('float32')
    """
    return config.dtype if dtype is None else np.dtype(dtype)
