"""Losses: functions of a model's output and the target."""

from __future__ import annotations

from typing import Any

import numpy as np

import pdist.functions as F
from pdist.autograd import Variable
from pdist.distributions import Distribution

# Losses that broadcast their arguments: [N, 1] against [N] would become [N, N].
BROADCASTING = (F.mean_squared_error, F.mean_absolute_error)


def advice(name: str, shape: tuple[int, ...], other: str, expected: tuple[int, ...]) -> str:
    """A hint if two shapes differ only in a last axis of length 1; else the empty string."""
    if shape == (*expected, 1):
        return f"; write {name}[..., 0]"
    if expected == (*shape, 1):
        return f"; write {name}[..., None], or take [..., 0] of {other}"
    return ""


def check_target(who: str, y: Any, t: Any) -> None:
    """Check that predictions and targets do not broadcast to all pairs in the batch.

    Args:
        who: the beginning of the error message.
        y: predictions, of shape ``[N]`` or ``[N, 1]``.
        t: targets, of the same shape.

    Raises:
        ValueError: if one has shape ``[N, 1]`` and the other ``[N]``.
    """
    shape, expected = getattr(t, "shape", None), getattr(y, "shape", None)
    if shape is None or expected is None:
        return
    hint = advice("t", shape, "y", expected)
    if hint:
        raise ValueError(
            f"{who}: t has shape {shape} and y {expected}, which would broadcast to every pair{hint}"
        )


def negative_log_likelihood(distribution: Distribution, target: Any) -> Variable:
    """The mean of -log p(target) over a batch of distributions.

    Args:
        distribution: the output of a model with a head, of batch shape ``[B]``.
        target: of shape ``[B, *event_shape]``.

    Returns:
        A scalar.

    Raises:
        TypeError: if the first argument is not a distribution.
        ValueError: if the target is empty, or would broadcast with the batch: ``[B, 1]`` and ``[B]`` give
            ``[B, B]``.

    >>> import numpy as np, pdist.distributions as D
    >>> round(float(negative_log_likelihood(D.Normal(np.zeros(2), np.ones(2)), np.zeros(2))), 6)
    0.918939
    """
    target = _checked("negative_log_likelihood", distribution, target)
    return -F.mean(distribution.log_prob(target))


def crps(distribution: Distribution, target: Any) -> Variable:
    """The mean of the continuous ranked probability score over a batch of distributions of numbers.

    Args:
        distribution: the output of a model with a head, of batch shape ``[B]``; see
            :meth:`pdist.distributions.Distribution.crps` for the classes that have a formula.
        target: of shape ``[B]``.

    Returns:
        A scalar, in the units of the target.

    Raises:
        TypeError: if the first argument is not a distribution.
        ValueError: if the target is empty, or would broadcast with the batch.
        NotImplementedError: if there is no formula.

    >>> import numpy as np, pdist.distributions as D
    >>> round(float(crps(D.Normal(np.zeros(2), np.ones(2)), np.zeros(2))), 6)
    0.233695
    """
    target = _checked("crps", distribution, target)
    return F.mean(distribution.crps(target))


def _checked(who: str, distribution: Any, target: Any) -> Any:
    """The target as an array of one value for each distribution of the batch."""
    if not isinstance(distribution, Distribution):
        raise TypeError(
            f"{who}: expected a distribution, then the target; got a {type(distribution).__name__}"
        )
    target = target if hasattr(target, "shape") else np.asarray(target)
    shape, expected = target.shape, distribution.batch_shape + distribution.event_shape
    if shape != expected:
        raise ValueError(
            f"{who}: the target has shape {shape}; expected {expected}"
            + advice("target", shape, "the distribution's parameters", expected)
        )
    if 0 in shape:
        raise ValueError(f"{who}: the target has shape {shape}; expected at least one element")
    return target
