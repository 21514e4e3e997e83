"""Losses and the accuracy of a classifier."""

from __future__ import annotations

import math
from typing import Any

from ..autograd import Variable, differentiable, zero
from ..backend import library_of
from .activation import log_softmax
from .arguments import check_labels, labels, raw, variable
from .indexing import select, where
from .reductions import sum as sum_of


def _check_alike(x0, x1):
    """Reject two arrays that would broadcast: (N, 1) against (N,) gives (N, N) errors, and a wrong loss."""
    if x0.shape != x1.shape and x0.ndim and x1.ndim:
        hint = f"; write x0.reshape({x1.shape})" if x0.size == x1.size else ""
        raise ValueError(f"expected two arrays of one shape{hint}")


# Errors ----------------------------------------------------------------------------------------------------


@differentiable
def mean_squared_error(xp, x0, x1):
    """The mean of (x0 - x1)^2 over all elements.

    Args:
        x0: Variable or array, of any shape.
        x1: Variable or array of the same shape, or a number; either may be the number.

    Returns:
        Variable, 0-d; 0 if there are no elements.

    Raises:
        ValueError: if the shapes differ; they are not broadcast.

    >>> import numpy as np, pdist.functions as F
    >>> F.mean_squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0])).array
    array(2.)
    """
    _check_alike(x0, x1)
    d = x0 - x1
    return (d * d).sum() / (d.size or 1)


def _mean_squared_error_rule(F, g, needs, x0, x1):
    d = x0 - x1
    d = d * (2 * g / (d.size or 1))
    return d, -d if needs.x1 else zero


mean_squared_error.joint_derivative(_mean_squared_error_rule)


@differentiable
def mean_absolute_error(xp, x0, x1):
    """The mean of |x0 - x1| over all elements.

    Args:
        x0: Variable or array, of any shape.
        x1: Variable or array of the same shape, or a number; either may be the number.

    Returns:
        Variable, 0-d; 0 if there are no elements.

    Raises:
        ValueError: if the shapes differ; they are not broadcast.

    >>> import numpy as np, pdist.functions as F
    >>> F.mean_absolute_error(np.array([1.0, 2.0]), np.array([1.0, 4.0])).array
    array(1.)
    """
    _check_alike(x0, x1)
    d = abs(x0 - x1)
    return d.sum() / (d.size or 1)


def _mean_absolute_error_rule(F, g, needs, x0, x1):
    d = F.sign(x0 - x1)
    d = d * (g / (d.size or 1))
    return d, -d if needs.x1 else zero


mean_absolute_error.joint_derivative(_mean_absolute_error_rule)


# Cross entropies -------------------------------------------------------------------------------------------


@differentiable
def binary_cross_entropies(xp, x, /, t):
    """-log sigmoid(x) if the label t is 1, -log sigmoid(-x) if it is 0, and 0 if it is -1."""
    loss = xp.maximum(select(xp, t > 0, -x, x), 0) + xp.log1p(xp.exp(-abs(x)))
    return select(xp, t == -1, 0.0, loss)


def _binary_cross_entropies_rule(F, g, x, t):
    """sigmoid(x) - t, as -sigmoid(-x) if t is 1."""
    positive = t > 0
    miss = F.sigmoid(F.where(positive, -x, x))
    return F.where(t == -1, 0.0, g * F.where(positive, -miss, miss))


binary_cross_entropies.derivative(x=_binary_cross_entropies_rule)


def sigmoid_cross_entropy(x: Any, t: Any, normalize: bool = True, reduce: str = "mean") -> Variable:
    """The cross entropy of logits x and labels t: -log sigmoid(x) if t = 1, -log sigmoid(-x) if t = 0.

    Args:
        x: Variable or array of logits, of any shape.
        t: 0, 1 or -1 (ignored), of the shape of x.
        normalize: divide by the number of labels that are not ignored (the default), else by the length of
            the first axis.
        reduce: ``"mean"`` (the default), or ``"no"`` for the losses of all elements.

    Returns:
        Variable: 0-d, or of the shape of x if ``reduce`` is ``"no"``.

    Raises:
        TypeError: if t is not of integers, or lives on another device than x.
        ValueError: if a shape does not fit, or on the host a label is out of range.

    >>> import numpy as np, pdist.functions as F
    >>> F.sigmoid_cross_entropy(np.array([0.0, 100.0, 5.0]), np.array([1, 0, -1]), reduce="no").array
    array([  0.69314718, 100.        ,   0.        ])
    """
    x = variable("sigmoid_cross_entropy", "x", x)
    t = labels(t, x)
    if t.shape != x.shape:
        raise ValueError(f"sigmoid_cross_entropy: t: expected the shape {x.shape} of x, got {t.shape}")
    all_count = check_labels("sigmoid_cross_entropy", t, 2, x, ignore=-1)
    _check_reduce("sigmoid_cross_entropy", reduce)
    losses = binary_cross_entropies(x, t=t)
    if reduce == "no":
        return losses
    if not normalize:
        return _averaged(losses, None, len(t) if t.ndim else 1)
    return _averaged(losses, None if all_count else t != -1, losses.size)


@differentiable
def label_entropies(xp, x, /, t):
    """-log softmax(x)[t] for each row of x, accurate even if the label dominates the sum.

    As log1p(rest + (p - 1)) - z, where z is the label's logit minus the largest, p = e^z, and rest the sum of
    e^z over the others: either p is 1, and p - 1 exactly 0, or rest is at least 1, and the sum is not small.
    """
    _, z, p, rest = _around_label(xp, x, t)
    return xp.log1p(rest + (p - 1)) - z


@differentiable
def label_scores(xp, x, /, t):
    """The derivative of :func:`label_entropies`: softmax(x), minus 1 at the label (there as -rest / sum)."""
    e, _, p, rest = _around_label(xp, x, t)
    e[xp.arange(x.shape[0]), t] = -rest
    return e / (rest + p)[:, None]


def _around_label(xp, x, t):
    """e^(x - max) with 0 at the label; the label's own x - max; its exponential; the sum of the others'."""
    rows = xp.arange(x.shape[0])
    m = x[rows, x.argmax(axis=1)]
    z = x[rows, t] - m
    e = xp.exp(x - m[:, None])
    e[rows, t] = 0
    return e, z, xp.exp(z), e.sum(axis=1)


def _label_scores_rule(F, g, x):
    p = F.softmax(x)
    gp = g * p
    return gp - p * gp.sum(axis=1, keepdims=True)


label_entropies.derivative(x=lambda F, g, x, t: g[:, None] * F(label_scores)(x, t=t))
label_scores.derivative(x=_label_scores_rule)


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
        t: integers in 0..K-1, or ``ignore_label``, of shape (N, ...); or probabilities of the shape of x.
        normalize: divide by the number of labels that are not ignored (the default), else by N.
        cache_score: accepted for compatibility with Chainer; has no effect.
        class_weight: an array of K weights of the classes' losses, or None (the default).
        ignore_label: the label whose loss is 0; -1 by default.
        reduce: ``"mean"`` (the default), or ``"no"`` for the losses of all samples.
        enable_double_backprop: accepted for compatibility with Chainer; always possible.

    Returns:
        Variable: 0-d, or of shape (N, ...) if ``reduce`` is ``"no"``.

    Raises:
        TypeError: if t is neither labels nor probabilities, or is on another device than x.
        ValueError: if a shape does not fit, or on the host a label is out of range.

    >>> import numpy as np, pdist.functions as F
    >>> x = np.array([[0.0, 0.0], [100.0, 0.0]])
    >>> F.softmax_cross_entropy(x, np.array([1, 0]), reduce="no").array
    array([6.93147181e-01, 3.72007598e-44])
    """
    who = "softmax_cross_entropy"
    _check_reduce(who, reduce)
    x = variable(who, "x", x)
    if class_weight is not None:
        class_weight = raw(class_weight)
        if library_of(class_weight) is None:
            class_weight = x.xp.asarray(class_weight)
        if x.ndim < 2 or class_weight.shape != x.shape[1:2]:
            raise ValueError(f"{who}: class_weight: expected shape {x.shape[1:2]}, got {class_weight.shape}")
    t_raw = labels(t, x)
    if t_raw.dtype.kind == "f" and t_raw.shape == x.shape and x.ndim > 1:
        return _soft_label_entropy(x, t, normalize, class_weight, reduce)
    t, (n, *rest) = t_raw, x.shape[:1] + x.shape[2:] or (0,)
    if x.ndim < 2 or t.shape != (n, *rest):
        expected = (n, *rest) if x.ndim > 1 else "(N, ...) for x of shape (N, K, ...)"
        raise ValueError(f"{who}: t: expected shape {expected} for x of shape {x.shape}, got {t.shape}")
    all_count = check_labels(who, t, x.shape[1], x, ignore=ignore_label)
    if x.ndim > 2:
        x = x.transpose((0, *range(2, x.ndim), 1)).reshape((t.size, x.shape[1]))
        t = t.reshape(-1)
    kept = None if all_count else t != ignore_label
    if kept is None:
        losses = label_entropies(x, t=t)
    else:  # ignored losses may be infinite or nan
        t = x.xp.where(kept, t, 0)
        losses = where(kept, label_entropies(where(kept[:, None], x, 0.0), t=t), 0.0)
    if class_weight is not None:
        weight = class_weight.astype(losses.dtype)[t]
        losses = where(weight == 0, 0.0, losses) * weight  # a class of weight 0 may have probability 0
    if reduce == "no":
        return losses.reshape((n, *rest)) if rest else losses
    return _averaged(losses, kept if normalize else None, losses.size if normalize else n)


def _soft_label_entropy(x: Variable, t: Any, normalize: bool, class_weight: Any, reduce: str) -> Variable:
    """The cross entropy of logits and class probabilities."""
    log_p = log_softmax(x)
    if class_weight is not None:
        t = t * class_weight.astype(log_p.dtype).reshape((-1, *[1] * (x.ndim - 2)))
    nothing = (raw(t) == 0) & (log_p.array == -math.inf)  # 0 log 0 is 0
    losses = -(where(nothing, 0.0, log_p) * t).sum(axis=1)
    if reduce == "no":
        return losses
    return _averaged(losses, None, losses.size if normalize else len(x))


def _check_reduce(who: str, reduce: str) -> None:
    if reduce not in ("mean", "no"):
        raise ValueError(f"{who}: reduce: expected 'mean' or 'no', got {reduce!r}")


def _averaged(losses: Variable, kept: Any, n: int) -> Variable:
    """The sum of the losses divided by n, or by the number of kept ones if there is a mask."""
    total = sum_of(losses)
    if kept is None:
        return total / max(1, n)
    return total / losses.xp.maximum(kept.sum(dtype=losses.dtype), 1)


# Evaluation ------------------------------------------------------------------------------------------------


def accuracy(y: Any, t: Any, ignore_label: int | None = None) -> Variable:
    """The fraction of samples whose largest score is at their label. It has no gradient.

    Args:
        y: Variable or array of scores, of shape (N, K, ...), the classes along the second axis.
        t: integer labels in 0..K-1, of shape (N, ...).
        ignore_label: a label whose samples do not count, or None (the default).

    Returns:
        Variable, 0-d, in [0, 1].

    Raises:
        TypeError: if t is not of integers, or is on another device than y.
        ValueError: if a shape does not fit, or on the host a label is out of range.

    >>> import numpy as np, pdist.functions as F
    >>> F.accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1])).array
    array(0.5)
    """
    y = variable("accuracy", "y", y)
    t = labels(t, y)
    if y.ndim < 2 or t.shape != y.shape[:1] + y.shape[2:]:
        raise ValueError(f"accuracy: t: expected labels for y of shape {y.shape}, got shape {t.shape}")
    check_labels("accuracy", t, y.shape[1], y, ignore=ignore_label)
    right = y.array.argmax(axis=1) == t
    n: Any = t.size or 1
    if ignore_label is not None:
        kept = t != ignore_label
        right = right & kept
        n = y.xp.maximum(kept.sum(dtype=y.dtype), 1)
    return Variable(y.xp.asarray(right.sum(dtype=y.dtype) / n), requires_grad=False)


__all__ = [
    "accuracy",
    "mean_absolute_error",
    "mean_squared_error",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
]
