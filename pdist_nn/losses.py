"""Losses: functions of a model's output and the target."""

from __future__ import annotations

from typing import Any

import pdist.functions as F
from pdist.autograd import Variable
from pdist.distributions import Distribution


def negative_log_likelihood(distribution: Distribution, target: Any) -> Variable:
    """The mean of -log p(target) over a batch of distributions.

    Args:
        distribution: what a model with a head returned, of batch shape ``[B]``.
        target: of shape ``[B, *event_shape]``.

    Returns:
        A scalar.

    Raises:
        TypeError: where the first argument is no distribution.
        ValueError: where the target would broadcast with the batch: ``[B, 1]`` against ``[B]`` gives ``[B,
        B]``.

    >>> import numpy as np, pdist.distributions as D
    >>> round(float(negative_log_likelihood(D.Normal(np.zeros(2), np.ones(2)), np.zeros(2))), 6)
    0.918939
    """
    if not isinstance(distribution, Distribution):
        raise TypeError(
            f"negative_log_likelihood: expected a distribution, then the target; got a "
            f"{type(distribution).__name__}"
        )
    shape, expected = target.shape, distribution.batch_shape + distribution.event_shape
    if shape != expected:
        raise ValueError(f"negative_log_likelihood: the target has shape {shape}; expected {expected}")
    return -F.mean(distribution.log_prob(target))
