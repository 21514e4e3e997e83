"""Losses and the accuracy of a classifier."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Variable, as_variable, differentiable, zero
from .activation import log_softmax
from .indexing import check_labels, pick, raw
from .reductions import sum as sum_of

# Errors ----------------------------------------------------------------------------------------------------


@differentiable
def mean_squared_error(xp, x0, x1):
    """The mean of (x0 - x1)^2 over all elements."""
    d = x0 - x1
    return (d * d).sum() / (d.size or 1)


def _mean_squared_error_rule(F, needs, g, _y, x0, x1):
    d = x0 - x1
    d = d * (2 * g / (d.size or 1))
    return d, -d if needs[1] else zero


mean_squared_error.joint_derivative(_mean_squared_error_rule)


@differentiable
def mean_absolute_error(xp, x0, x1):
    """The mean of |x0 - x1| over all elements."""
    d = abs(x0 - x1)
    return d.sum() / (d.size or 1)


def _mean_absolute_error_rule(F, needs, g, _y, x0, x1):
    d = F.sign(x0 - x1)
    d = d * (g / (d.size or 1))
    return d, -d if needs[1] else zero


mean_absolute_error.joint_derivative(_mean_absolute_error_rule)


# Cross entropies -------------------------------------------------------------------------------------------


@differentiable
def binary_cross_entropies(xp, x, /, t):
    """log(1 + e^x) - t x, elementwise, and 0 where the label t is -1."""
    loss = xp.maximum(x, 0) - x * (t > 0) + xp.log1p(xp.exp(-abs(x)))
    return xp.where(t == -1, 0.0, loss)


binary_cross_entropies.derivatives(lambda F, g, _y, x, t: F.where(t == -1, 0.0, g * (F.sigmoid(x) - (t > 0))))


def sigmoid_cross_entropy(x: Any, t: Any, normalize: bool = True, reduce: str = "mean") -> Variable:
    """The cross entropy of logits x and labels t: -log sigmoid(x) where t = 1, -log sigmoid(-x) where t = 0.

    Args:
        x: Variable or array of logits.
        t: 0, 1 or -1 (ignored), of the shape of x.
        normalize: divide by the number of labels that are not ignored, else by the length of the first axis.
        reduce: ``"mean"``, or ``"no"`` for the losses of all elements.

    Raises:
        ValueError: where a shape does not fit or a label is out of range.
    """
    x, t = as_variable(x), _labels(t)
    if t.shape != x.shape:
        raise ValueError(f"sigmoid_cross_entropy: t: expected the shape {x.shape} of x, got {t.shape}")
    check_labels("sigmoid_cross_entropy", "t", t, 2, ignore=-1)
    _check_reduce("sigmoid_cross_entropy", reduce)
    losses = binary_cross_entropies(x, t=t)
    if reduce == "no":
        return losses
    return _averaged(losses, t, -1, normalize)


def softmax_cross_entropy(
    x: Any,
    t: Any,
    normalize: bool = True,
    cache_score: bool = True,
    class_weight: Any = None,
    ignore_label: int = -1,
    reduce: str = "mean",
    enable_double_backprop: bool = True,
) -> Variable:
    """The cross entropy of logits x and labels t: -log softmax(x)[t].

    Args:
        x: Variable or array of shape (N, K, ...), the classes along the second axis.
        t: integers in 0..K-1, or ``ignore_label``, of shape (N, ...).
        normalize: divide by the number of labels that are not ignored, else by N.
        cache_score: taken for Chainer's sake; nothing depends on it.
        class_weight: K weights of the classes' losses, or None.
        ignore_label: the label whose loss is 0.
        reduce: ``"mean"``, or ``"no"`` for the losses of all samples.
        enable_double_backprop: taken for Chainer's sake; it is always possible.

    Raises:
        ValueError: where a shape does not fit or a label is out of range.
    """
    who = "softmax_cross_entropy"
    x, t = as_variable(x), _labels(t)
    if x.ndim < 2 or t.shape != x.shape[:1] + x.shape[2:]:
        expected = x.shape[:1] + x.shape[2:] if x.ndim > 1 else "(N, K, ...) for x and (N, ...)"
        raise ValueError(f"{who}: t: expected shape {expected} for x of shape {x.shape}, got {t.shape}")
    _check_reduce(who, reduce)
    check_labels(who, "t", t, x.shape[1], ignore=ignore_label)
    log_p = log_softmax(x)
    if x.ndim > 2:
        log_p = log_p.transpose((0, *range(2, x.ndim), 1))
    xp = x.xp
    kept = t != ignore_label
    safe = xp.where(kept, t, 0)
    weight = kept.astype(log_p.dtype)
    if class_weight is not None:
        class_weight = raw(class_weight)
        if class_weight.shape != x.shape[1:2]:
            raise ValueError(f"{who}: class_weight: expected shape {x.shape[1:2]}, got {class_weight.shape}")
        weight = weight * class_weight.astype(log_p.dtype)[safe]
    losses = pick(log_p, t=safe) * -weight
    if reduce == "no":
        return losses
    return _averaged(losses, t, ignore_label, normalize)


def _labels(t: Any) -> Any:
    t = raw(t)
    return t if hasattr(t, "dtype") else np.asarray(t)


def _check_reduce(who: str, reduce: str) -> None:
    if reduce not in ("mean", "no"):
        raise ValueError(f"{who}: reduce: expected 'mean' or 'no', got {reduce!r}")


def _averaged(losses: Variable, t: Any, ignore: int, normalize: bool) -> Variable:
    """The sum of the losses over the number of labels that count, or over the number of samples."""
    if not normalize:
        return sum_of(losses) / max(1, len(t) if t.ndim else 1)
    xp = losses.xp
    return sum_of(losses) / xp.maximum((t != ignore).sum(dtype=losses.dtype), 1)


# Evaluation ------------------------------------------------------------------------------------------------


def accuracy(y: Any, t: Any, ignore_label: int | None = None) -> Variable:
    """The share of samples whose largest score is at their label; it has no gradient.

    Args:
        y: scores of shape (N, K, ...), the classes along the second axis.
        t: integer labels of shape (N, ...).
        ignore_label: a label whose samples do not count.
    """
    y, t = as_variable(y), _labels(t)
    if y.ndim < 2 or t.shape != y.shape[:1] + y.shape[2:]:
        raise ValueError(f"accuracy: t: expected labels for y of shape {y.shape}, got shape {t.shape}")
    check_labels("accuracy", "t", t, y.shape[1], ignore=ignore_label)
    right = y.array.argmax(axis=1) == t
    n: Any = t.size or 1
    if ignore_label is not None:
        kept = t != ignore_label
        right = right & kept
        n = y.xp.maximum(kept.sum(dtype=y.dtype), 1)
    return Variable(y.xp.asarray(right.sum(dtype=y.dtype) / n), requires_grad=False)
