"""The axes of arrays: their order, their number, their direction."""

from __future__ import annotations

from ..autograd import differentiable


@differentiable(keep_dtype=True)
def transpose(xp, x, /, axes=None):
    """x with its axes in another order.

    Args:
        x: Variable or array, of any shape.
        axes: for each axis of the result, which axis of x it is; None (the default) reverses them.

    Returns:
        Variable with the axes of x in that order.

    Raises:
        ValueError: if ``axes`` does not name each axis once.

    >>> import numpy as np, pdist.functions as F
    >>> F.transpose(np.zeros((2, 3, 4)), (1, 2, 0)).shape
    (3, 4, 2)
    """
    return x.transpose(axes)


def _transpose_rule(F, g, axes):
    return g.transpose() if axes is None else g.transpose(inverse_permutation(axes))


def inverse_permutation(axes):
    """The permutation that undoes ``axes``."""
    axes = [a % len(axes) for a in axes]
    return tuple([axes.index(i) for i in range(len(axes))])


transpose.derivative(x=_transpose_rule)


@differentiable(keep_dtype=True)
def swapaxes(xp, x, /, axis1, axis2):
    """x with two axes exchanged.

    Args:
        x: Variable or array, of any shape.
        axis1: an axis.
        axis2: the axis to exchange it with.

    Returns:
        Variable with the axes of x in that order.

    Raises:
        IndexError: if x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.swapaxes(np.zeros((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    return x.swapaxes(axis1, axis2)


swapaxes.derivative(x=lambda F, g, axis1, axis2: g.swapaxes(axis1, axis2))


@differentiable(keep_dtype=True)
def moveaxis(xp, x, /, source, destination):
    """x with some axes moved, and the others in their original order.

    Args:
        x: Variable or array, of any shape.
        source: an axis of x, or several as a tuple.
        destination: its position in the result, or one position per axis.

    Returns:
        Variable with the axes of x in that order.

    Raises:
        IndexError: if x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.moveaxis(np.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    return xp.moveaxis(x, source, destination)


moveaxis.derivative(x=lambda F, g, source, destination: F.moveaxis(g, destination, source))


@differentiable(keep_dtype=True)
def rollaxis(xp, x, /, axis, start=0):
    """x with one axis moved to before another one.

    Args:
        x: Variable or array, of any shape.
        axis: the axis that moves.
        start: the axis of x before which it is placed; 0 by default.

    Returns:
        Variable with the axes of x in that order.

    Raises:
        IndexError: if x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.rollaxis(np.zeros((2, 3, 4)), 2).shape
    (4, 2, 3)
    """
    return xp.rollaxis(x, axis, start)


def _rollaxis_rule(F, g, like_x, axis, start):
    axis, start = axis % like_x.ndim, start + like_x.ndim if start < 0 else start
    return F.moveaxis(g, start - 1 if start > axis else start, axis)


rollaxis.derivative(x=_rollaxis_rule)


@differentiable(keep_dtype=True)
def squeeze(xp, x, /, axis=None):
    """x without axes of length 1.

    Args:
        x: Variable or array, of any shape.
        axis: an axis of length 1, several as a tuple, or None (the default) for all of them.

    Returns:
        Variable with the other axes of x.

    Raises:
        ValueError: if a named axis has another length.

    >>> import numpy as np, pdist.functions as F
    >>> F.squeeze(np.zeros((1, 2, 1)), axis=2).shape
    (1, 2)
    """
    return x.squeeze(axis)


squeeze.derivative(x=lambda F, g, like_x: g.reshape(like_x.shape))


@differentiable(keep_dtype=True)
def expand_dims(xp, x, /, axis):
    """x with a new axis of length 1.

    Args:
        x: Variable or array, of any shape.
        axis: its position in the result, or several as a tuple.

    Returns:
        Variable of the shape of x with that axis inserted.

    Raises:
        IndexError: if the result has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.expand_dims(np.zeros((2, 3)), 1).shape
    (2, 1, 3)
    """
    return xp.expand_dims(x, axis)


expand_dims.derivative(x=lambda F, g, like_x: g.reshape(like_x.shape))


@differentiable(keep_dtype=True)
def flip(xp, x, /, axis=None):
    """x in reversed order along ``axis``.

    Args:
        x: Variable or array, of any shape.
        axis: an axis, several as a tuple, or None for all (the default).

    Returns:
        Variable of the shape of x.

    Raises:
        IndexError: if x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.flip(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0).array
    array([[3., 4.],
           [1., 2.]])
    """
    return xp.flip(x, axis)


flip.derivative(x=lambda F, g, axis: F.flip(g, axis=axis))


__all__ = [
    "expand_dims",
    "flip",
    "moveaxis",
    "rollaxis",
    "squeeze",
    "swapaxes",
    "transpose",
]
