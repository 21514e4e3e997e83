"""Operations with random noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Variable, config
from ..backend import random
from .arguments import variable
from .exponential import exp


def dropout(x: Any, ratio: float = 0.5, mask: Any = None, return_mask: bool = False, rng: Any = None) -> Any:
    """Each element set to 0 with probability ``ratio``, the others scaled by 1 / (1 - ratio).

    Only in training (``pdist.config.train``); otherwise x itself.

    Args:
        x: Variable or array, of any shape.
        ratio: the probability of a 0, in [0, 1); 0.5 by default.
        mask: the factors to use instead of random ones, of the shape of x.
        return_mask: also return the factors that were used; False by default.
        rng: a generator or a seed; the device's own stream by default.

    Returns:
        Variable of the shape of x, or a pair of it and the mask if ``return_mask``.

    Raises:
        ValueError: if the ratio is not in [0, 1), or the mask has another shape than x.

    >>> import numpy as np, pdist.functions as F
    >>> y, mask = F.dropout(np.ones(4), 0.5, return_mask=True, rng=0)
    >>> bool((y.array == mask).all()), sorted(set(mask.tolist()))
    (True, [0.0, 2.0])
    """
    if not 0 <= ratio < 1:
        raise ValueError(f"dropout: ratio: expected a number in [0, 1), got {ratio}")
    x = variable("dropout", "x", x)
    if config.train and (ratio or mask is not None):
        if mask is None:
            dtype = x.dtype if x.dtype.kind == "f" else config.dtype
            draws = random.as_generator(rng, x.xp).random(x.shape, dtype=_drawn(dtype))
            mask = (draws >= ratio) * x.xp.asarray(1 / (1 - ratio), dtype=dtype)
        elif _shape(mask) != x.shape:
            raise ValueError(f"dropout: mask: expected the shape {x.shape} of x, got {_shape(mask)}")
        x = x * mask
    return (x, mask) if return_mask else x


def gaussian(mean: Any, ln_var: Any, eps: Any = None, return_eps: bool = False, rng: Any = None) -> Any:
    """A draw mean + exp(ln_var / 2) eps from a Normal, with gradients in mean and ln_var.

    Args:
        mean: Variable or array, of any shape.
        ln_var: the log of the variance, of the same shape.
        eps: the standard normal draws to use instead of new ones, of the same shape.
        return_eps: also return the draws that were used; False by default.
        rng: a generator or a seed; the device's own stream by default.

    Returns:
        Variable of the shape of mean, or a pair of it and the draws if ``return_eps``.

    Raises:
        ValueError: if the shapes of mean, ln_var and eps differ.

    >>> import numpy as np, pdist.functions as F
    >>> F.gaussian(np.array([1.0, 2.0]), np.zeros(2), eps=np.array([0.5, -1.0])).array
    array([1.5, 1. ])
    >>> y, eps = F.gaussian(np.zeros(2), np.zeros(2), return_eps=True, rng=0)
    >>> bool((y.array == eps).all())
    True
    """
    mean, ln_var = variable("gaussian", "mean", mean), variable("gaussian", "ln_var", ln_var)
    if mean.shape != ln_var.shape:
        raise ValueError(f"gaussian: ln_var: expected the shape {mean.shape} of mean, got {ln_var.shape}")
    if eps is None:
        dtype = mean.dtype if mean.dtype.kind == "f" else config.dtype
        eps = random.as_generator(rng, mean.xp).standard_normal(mean.shape, dtype=_drawn(dtype))
        eps = eps.astype(dtype, copy=False)
    elif _shape(eps) != mean.shape:
        raise ValueError(f"gaussian: eps: expected the shape {mean.shape} of mean, got {_shape(eps)}")
    sample: Variable = mean + exp(0.5 * ln_var) * eps
    return (sample, eps) if return_eps else sample


def _shape(value: Any) -> Any:
    return value.shape if hasattr(value, "shape") else np.shape(value)


def _drawn(dtype: Any) -> Any:
    """The dtype to draw in for ``dtype``: generators have no half precision."""
    return np.float32 if dtype.itemsize == 2 else dtype


__all__ = [
    "dropout",
    "gaussian",
]
