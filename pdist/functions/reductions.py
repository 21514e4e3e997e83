"""Sums, means and extrema along axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd import Variable, differentiable
from .arguments import axes_of, axis_of, variable
from .axes import transpose
from .indexing import select
from .shape import broadcast_to


def _without(shape, axis):
    """``shape`` without the axes of a reduction."""
    axes = axes_of(axis, len(shape))
    return tuple([n for i, n in enumerate(shape) if i not in axes])


def restore(g, shape, axis, keepdims=False):
    """``g`` with the axes that a reduction of an array of ``shape`` removed put back with length 1."""
    if keepdims or axis is None:
        return g
    axes = axes_of(axis, len(shape))
    return g.reshape(tuple([1 if i in axes else n for i, n in enumerate(shape)]))


def length(shape, axis):
    """The number of elements that a reduction of an array of ``shape`` over ``axis`` combines into one."""
    n = 1
    for a in axes_of(axis, len(shape)):
        n *= shape[a]
    return n


@differentiable(keep_dtype=True)
def sum(xp, x, /, axis=None, keepdims=False):
    """The sum over ``axis``.

    Args:
        x: Variable or array, of any shape.
        axis: an axis, several as a tuple, or None for all (the default).
        keepdims: leave the axes in place with length 1; False by default.

    Returns:
        Variable of the shape of x without those axes, of its dtype (integers stay integers).

    Raises:
        IndexError: if x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.sum(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0).array
    array([4., 6.])
    """
    return x.sum(axis=axis, keepdims=keepdims)


sum.derivative(
    x=lambda F, g, like_x, axis, keepdims: F.broadcast_to(
        restore(g, like_x.shape, axis, keepdims), like_x.shape
    )
)


@differentiable
def mean(xp, x, /, axis=None, keepdims=False):
    """The mean over ``axis``.

    Args:
        x: Variable or array, of any shape.
        axis: an axis, several as a tuple, or None for all (the default).
        keepdims: leave the axes in place with length 1; False by default.

    Returns:
        Variable of the shape of x without those axes; nan if there is nothing to average.

    Raises:
        IndexError: if x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.mean(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0).array
    array([2., 3.])
    """
    n = length(x.shape, axis)
    if not n or x.dtype.itemsize == 2:  # sums of half precision overflow
        return x.mean(axis=axis, keepdims=keepdims)
    return x.sum(axis=axis, keepdims=keepdims) / n


mean.derivative(
    x=lambda F, g, like_x, axis, keepdims: F.broadcast_to(
        restore(g, like_x.shape, axis, keepdims) / (length(like_x.shape, axis) or 1), like_x.shape
    )
)


def average(x: Any, axis: Any = None, weights: Any = None, keepdims: bool = False) -> Variable:
    """The weighted mean over ``axis``: sum(weights x) / sum(weights).

    Args:
        x: Variable or array, of any shape.
        axis: an axis, several as a tuple, or None for all (the default).
        weights: of the shape of x, or of the lengths of the axes; None for the plain mean (the default).
        keepdims: leave the axes in place with length 1; False by default.

    Returns:
        Variable of the shape of x without those axes.

    Raises:
        ValueError: if the shape of the weights does not fit, or x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.average(np.array([1.0, 3.0]), weights=np.array([3.0, 1.0])).array
    array(1.5)
    """
    if weights is None:
        return mean(x, axis=axis, keepdims=keepdims)
    x, weights = variable("average", "x", x), variable("average", "weights", weights)
    if weights.shape != x.shape:
        several = axis if isinstance(axis, (tuple, list)) else (axis,)
        axes = range(x.ndim) if axis is None else [axis_of("average", x, a) for a in several]
        if weights.shape != tuple([x.shape[i] for i in axes]):
            raise ValueError(
                f"average: weights: expected the shape {x.shape} of x, or that of its averaged axes; "
                f"got shape {weights.shape} with axis={axis}"
            )
        weights = transpose(weights, tuple(sorted(range(len(axes)), key=axes.__getitem__)))
        weights = weights.reshape(tuple([n if i in axes else 1 for i, n in enumerate(x.shape)]))
    total = sum(x * weights, axis=axis, keepdims=keepdims)
    return total / sum(broadcast_to(weights, x.shape), axis=axis, keepdims=keepdims)


# Extrema ---------------------------------------------------------------------------------------------------


@differentiable(keep_dtype=True)
def max(xp, x, /, axis=None, keepdims=False):
    """The largest element over ``axis``; elements that tie share the gradient.

    Args:
        x: Variable or array, of any shape.
        axis: an axis, several as a tuple, or None for all (the default).
        keepdims: leave the axes in place with length 1; False by default.

    Returns:
        Variable of the shape of x without those axes, of its dtype; nan if an element is nan.

    Raises:
        ValueError: if there is no element to choose from.
        IndexError: if x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.max(np.array([[1.0, 4.0], [3.0, 2.0]]), axis=1).array
    array([4., 3.])
    """
    return x.max(axis=axis, keepdims=keepdims)


@differentiable(keep_dtype=True)
def min(xp, x, /, axis=None, keepdims=False):
    """The smallest element over ``axis``; elements that tie share the gradient.

    Args:
        x: Variable or array, of any shape.
        axis: an axis, several as a tuple, or None for all (the default).
        keepdims: leave the axes in place with length 1; False by default.

    Returns:
        Variable of the shape of x without those axes, of its dtype; nan if an element is nan.

    Raises:
        ValueError: if there is no element to choose from.
        IndexError: if x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.min(np.array([[1.0, 4.0], [3.0, 2.0]]), axis=1).array
    array([1., 2.])
    """
    return x.min(axis=axis, keepdims=keepdims)


def _extremum_rule(F, g, y, x, axis, keepdims):
    y = restore(y, x.shape, axis, keepdims)
    chosen = (x == y) | ((x != x) & (y != y))  # nan propagates, and so does its gradient
    share = restore(g, x.shape, axis, keepdims) / chosen.sum(axis=axis, keepdims=True, dtype=g.dtype)
    return F.where(chosen, share, 0.0)


max.derivative(x=_extremum_rule)
min.derivative(x=_extremum_rule)


def argmax(x: Any, axis: int | None = None) -> Variable:
    """The index of the largest element over ``axis``, the first one if several tie. It has no gradient.

    Args:
        x: Variable or array, of any shape.
        axis: an axis, or None (the default) for all elements in order.

    Returns:
        Variable of integers, of the shape of x without that axis; 0-d if it is None.

    Raises:
        ValueError: if there is no element to choose from.
        IndexError: if x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.argmax(np.array([[1.0, 4.0], [3.0, 2.0]]), axis=1).array
    array([1, 0])
    """
    return _index_of("argmax", x, axis)


def argmin(x: Any, axis: int | None = None) -> Variable:
    """The index of the smallest element over ``axis``, the first one if several tie. It has no gradient.

    Args:
        x: Variable or array, of any shape.
        axis: an axis, or None (the default) for all elements in order.

    Returns:
        Variable of integers, of the shape of x without that axis; 0-d if it is None.

    Raises:
        ValueError: if there is no element to choose from.
        IndexError: if x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.argmin(np.array([[1.0, 4.0], [3.0, 2.0]]), axis=1).array
    array([0, 1])
    """
    return _index_of("argmin", x, axis)


def _index_of(who: str, x: Any, axis: int | None) -> Variable:
    """The result of the array's method ``who``, whose errors name the function."""
    x = variable(who, "x", x)
    try:
        return Variable(getattr(x.array, who)(axis=axis), requires_grad=False)
    except (IndexError, ValueError) as error:
        kind = IndexError if isinstance(error, IndexError) else ValueError
        raise kind(f"{who}: {error} (x of shape {x.shape}, axis={axis})") from None


# In log space ----------------------------------------------------------------------------------------------


HUGE = {np.dtype(t).itemsize: float(np.finfo(t).max) for t in ("f2", "f4", "f8")}


def log_sum_exp(xp, x, axis, finite=False):
    """The largest element m over ``axis``, x - m, and log(sum(e^(x - m))), axes kept.

    All elements except one of the largest are summed separately: log1p of that is accurate even if one class
    dominates.

    Args:
        finite: replace an infinite m by the largest finite number in x - m, so that inf - inf does not give
            nan.
    """
    shape = x.shape
    if axis is None or axis in (
        -1,
        x.ndim - 1,
    ):  # rows: the largest is left out by index, faster than by mask
        x = x.reshape((-1, x.size if axis is None else shape[-1]))
        rows, top = xp.arange(x.shape[0]), x.argmax(axis=1)
        m = x[rows, top][:, None]
        z = x - (_held(xp, m) if finite else m)
        e = xp.exp(z)
        e[rows, top] = 0
        rest = xp.log1p(e.sum(axis=1))
        kept = (1,) * len(shape) if axis is None else (*shape[:-1], 1)
        return m.reshape(kept), z.reshape(shape), rest.reshape(kept)
    m = x.max(axis=axis, keepdims=True)
    z = x - (_held(xp, m) if finite else m)
    top = x == m
    rest = select(xp, top, 0.0, xp.exp(z)).sum(axis=axis, keepdims=True)
    return m, z, xp.log1p(rest + (top.sum(axis=axis, keepdims=True, dtype=z.dtype) - 1))


def _held(xp, m):
    """m clipped to the range of finite numbers."""
    huge = HUGE[m.dtype.itemsize]
    return xp.minimum(xp.maximum(m, -huge), huge)


@differentiable
def logsumexp(xp, x, /, axis=None, keepdims=False):
    """log(sum(e^x)) over ``axis``, without overflow.

    If all elements are -inf, or there are none, it is -inf, and its gradient is 0.

    Args:
        x: Variable or array, of any shape.
        axis: an axis, several as a tuple, or None for all (the default).
        keepdims: leave the axes in place with length 1; False by default.

    Returns:
        Variable of the shape of x without those axes.

    Raises:
        IndexError: if x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.logsumexp(np.array([1000.0, 1000.0])).array
    array(1000.69314718)
    """
    if not x.size:
        return x.sum(axis=axis, keepdims=keepdims) - xp.inf
    m, _, rest = log_sum_exp(xp, x, axis, finite=True)
    y = m + rest
    return y if keepdims else y.reshape(_without(x.shape, axis))


def _logsumexp_rule(F, g, y, x, axis, keepdims):
    y, g = restore(y, x.shape, axis, keepdims), restore(g, x.shape, axis, keepdims)
    share = F.softmax(F.maximum(x, -HUGE[x.dtype.itemsize]), axis=axis)  # all -inf would give nan
    return F.where(y == -math.inf, 0.0, g) * share


logsumexp.derivative(x=_logsumexp_rule)


__all__ = [
    "argmax",
    "argmin",
    "average",
    "logsumexp",
    "max",
    "mean",
    "min",
    "sum",
]
