"""Selecting elements: by condition, index, label or diagonal."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from ..autograd import Variable, differentiable, in_rules
from .arguments import axis_of, check_labels, labels, raw, variable

_BITS = {2: np.dtype(np.int16), 4: np.dtype(np.int32), 8: np.dtype(np.int64)}


def select(xp, condition, x, y):
    """``xp.where(condition, x, y)`` for floating x and y, one of which may be a Python number.

    NumPy's ``where`` branches at each element, which costs ten times as much as a multiplication if the
    condition is hard to predict. Larger arrays are selected bitwise, y ^ ((x ^ y) * condition): multiplying
    values would turn 0 * inf into nan.
    """
    if xp is not np or np.size(condition) < 512:
        return xp.where(condition, x, y)
    dtype = x.dtype if hasattr(x, "dtype") else y.dtype
    if not hasattr(x, "dtype"):
        x = np.asarray(x, dtype)
    if not hasattr(y, "dtype"):
        y = np.asarray(y, dtype)
    if x.dtype != y.dtype or condition.dtype.kind != "b":
        return xp.where(condition, x, y)
    bits = _BITS[dtype.itemsize]
    x_bits, y_bits = x.view(bits), y.view(bits)
    if y.ndim == 0 and not y_bits:
        return (x_bits * condition).view(dtype)
    if x.ndim == 0 and not x_bits:
        return (y_bits * ~condition).view(dtype)
    return (y_bits ^ ((x_bits ^ y_bits) * condition)).view(dtype)


@differentiable(weak=True)
def where_(xp, x1, x2, /, condition):
    """x1 if ``condition`` holds, else x2: the op behind :func:`where`."""
    return select(xp, condition, x1, x2)


where_.derivative(
    x1=lambda F, g, condition: F.where(condition, g, 0.0),
    x2=lambda F, g, condition: F.where(condition, 0.0, g),
)


@in_rules(select)
def where(condition: Any, x: Any, y: Any) -> Variable:
    """x if ``condition`` holds, else y, elementwise with broadcasting.

    No gradient passes through the branch that is not selected, but a derivative that is infinite there still
    gives 0 * inf: select safe *inputs* too.

    Args:
        condition: a bool array or Variable, which gets no gradient.
        x: Variable, array or number.
        y: Variable, array or number.

    Returns:
        Variable of the shape that all three broadcast to.

    Raises:
        ValueError: if the shapes do not broadcast.

    >>> import numpy as np, pdist.functions as F
    >>> F.where(np.array([True, False]), np.array([1.0, 2.0]), 0.0).array
    array([1., 0.])
    """
    condition = raw(condition)
    return where_(x, y, condition=condition if hasattr(condition, "dtype") else np.asarray(condition))


# By index --------------------------------------------------------------------------------------------------


@differentiable(keep_dtype=True)
def get_item_(xp, x, /, slices):
    """x[slices], the op behind :func:`get_item`."""
    return x[slices]


@differentiable(keep_dtype=True)
def put_index(xp, x, /, slices, shape):
    """Zeros of ``shape`` with x added at ``slices``: the gradient of :func:`get_item`."""
    out = xp.zeros(shape, dtype=x.dtype)
    if may_repeat(slices):
        xp.add.at(out, slices, x)
    else:
        out[slices] = x
    return out


get_item_.derivative(x=lambda F, g, like_x, slices: F(put_index)(g, slices=slices, shape=like_x.shape))
put_index.derivative(x=lambda F, g, slices: g[slices])


def may_repeat(slices):
    """Whether an index may select an element twice: integer arrays and lists may, slices and masks do not."""
    for i in slices if isinstance(slices, tuple) else (slices,):
        if isinstance(i, list) or (hasattr(i, "dtype") and i.ndim and i.dtype.kind != "b"):
            return True
    return False


@in_rules(lambda xp, x, slices: x[slices])
def get_item(x: Any, slices: Any) -> Variable:
    """x[slices], as ``v[slices]`` does.

    Args:
        x: Variable or array.
        slices: any NumPy index: integers, slices, None, Ellipsis, integer arrays, bool masks, or a tuple of
            those. An element that is selected twice gets the sum of both gradients.

    Returns:
        Variable of the shape that NumPy's indexing gives.

    Raises:
        IndexError: if an index is out of range.

    >>> import numpy as np, pdist.functions as F
    >>> F.get_item(np.array([[1.0, 2.0], [3.0, 4.0]]), (slice(None), 1)).array
    array([2., 4.])
    """
    x = variable("get_item", "x", x)
    slices = tuple([raw(i) for i in slices]) if isinstance(slices, tuple) else raw(slices)
    return get_item_(x, slices=slices)


@differentiable(keep_dtype=True)
def select_item_(xp, x, /, t):
    """x[..., t]: the element of each row of the last axis given by the integers t."""
    rows = x.reshape((t.size, x.shape[-1]))
    return rows[xp.arange(t.size), t.reshape(-1)].reshape(t.shape)


@differentiable(keep_dtype=True)
def place(xp, x, /, t, n):
    """Rows of n zeros with x at t: the gradient of :func:`select_item`."""
    out = xp.zeros((x.size, n), dtype=x.dtype)
    out[xp.arange(x.size), t.reshape(-1)] = x.reshape(-1)
    return out.reshape(*t.shape, n)


select_item_.derivative(x=lambda F, g, like_x, t: F(place)(g, t=t, n=like_x.shape[-1]))
place.derivative(x=lambda F, g, t: F(select_item_)(g, t=t))


def select_item(x: Any, t: Any) -> Variable:
    """One element of each row: y[...] = x[..., t[...]].

    Args:
        x: Variable or array of shape (..., n).
        t: integers in 0..n-1, of shape (...).

    Returns:
        Variable of shape (...).

    Raises:
        TypeError: if t is not of integers, or is on another device than x.
        ValueError: if a shape does not fit, or on the host a label is out of range.

    >>> import numpy as np, pdist.functions as F
    >>> F.select_item(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1, 0])).array
    array([2., 3.])
    """
    x = variable("select_item", "x", x)
    t = labels(t, x)
    if not x.ndim or t.shape != x.shape[:-1]:
        raise ValueError(
            f"select_item: t: expected shape {x.shape[:-1]} for x of shape {x.shape}, got {t.shape}"
        )
    check_labels("select_item", t, x.shape[-1], x)
    return select_item_(x, t=t)


@differentiable(keep_dtype=True)
def take_along_axis_(xp, x, /, indices, axis):
    """The op behind :func:`take_along_axis`."""
    return xp.take_along_axis(x, indices, axis)


@differentiable(keep_dtype=True)
def add_along(xp, x, /, indices, axis, shape):
    """Zeros of ``shape`` with x added at ``indices`` along ``axis``."""
    out = xp.zeros(shape, dtype=x.dtype)
    grid = [
        xp.arange(n).reshape([-1 if i == j else 1 for j in range(len(shape))])
        for i, n in enumerate(indices.shape)
    ]
    grid[axis] = indices
    xp.add.at(out, tuple(grid), x)
    return out


take_along_axis_.derivative(
    x=lambda F, g, like_x, indices, axis: F(add_along)(g, indices=indices, axis=axis, shape=like_x.shape)
)
add_along.derivative(x=lambda F, g, indices, axis: F.take_along_axis(g, indices, axis))


@in_rules(lambda xp, x, indices, axis: xp.take_along_axis(x, indices, axis))
def take_along_axis(x: Any, indices: Any, axis: int) -> Variable:
    """The elements at ``indices`` along an axis, like ``numpy.take_along_axis``.

    Args:
        x: Variable or array.
        indices: integers, of the shape of x except along ``axis``.
        axis: the axis that they index.

    Returns:
        Variable of the shape of ``indices``.

    Raises:
        IndexError: if an index is out of range.
        ValueError: if the shape of the indices does not fit, or x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.take_along_axis(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1, 0]]), axis=0).array
    array([[3., 2.]])
    """
    x = variable("take_along_axis", "x", x)
    indices = labels(indices, x)
    axis = axis_of("take_along_axis", x, axis)
    other = list(x.shape)
    if indices.ndim == x.ndim:
        other[axis] = indices.shape[axis]
    if indices.shape != tuple(other):
        raise ValueError(
            f"take_along_axis: indices: expected the shape {x.shape} of x except along axis {axis}, "
            f"got {indices.shape}"
        )
    return take_along_axis_(x, indices=indices, axis=axis)


# Diagonals -------------------------------------------------------------------------------------------------


@differentiable(keep_dtype=True)
def diagonal(xp, x, /, offset=0, axis1=0, axis2=1):
    """The diagonals of the matrices in two axes: y[..., i] = x[..., i, i + offset].

    Args:
        x: Variable or array with at least two axes.
        offset: which diagonal: 0 (the default) for the main one, k for the k-th above, -k for the k-th below.
        axis1: the axis of the rows; 0 by default.
        axis2: the axis of the columns; 1 by default.

    Returns:
        Variable with the other axes of x, then one for the diagonal.

    Raises:
        ValueError: if x has fewer than two axes, or both axes are the same.

    >>> import numpy as np, pdist.functions as F
    >>> F.diagonal(np.array([[1.0, 2.0], [3.0, 4.0]])).array
    array([1., 4.])
    """
    return x.diagonal(offset, axis1, axis2)


@differentiable(keep_dtype=True)
def put_diagonal(xp, x, /, shape, offset, axis1, axis2):
    """Zeros of ``shape`` with x on the diagonal: the gradient of :func:`diagonal`."""
    out = xp.zeros(shape, dtype=x.dtype)
    i, offset = xp.arange(x.shape[-1]), index(offset)
    matrices = xp.moveaxis(out, (axis1, axis2), (-2, -1))
    matrices[..., i + (-offset if offset < 0 else 0), i + (offset if offset > 0 else 0)] = x
    return out


diagonal.derivative(
    x=lambda F, g, like_x, offset, axis1, axis2: F(put_diagonal)(
        g, shape=like_x.shape, offset=offset, axis1=axis1, axis2=axis2
    )
)
put_diagonal.derivative(
    x=lambda F, g, offset, axis1, axis2: F.diagonal(g, offset=offset, axis1=axis1, axis2=axis2)
)


@differentiable(keep_dtype=True)
def tril(xp, x, /, k=0):
    """The lower triangles of matrices: x with zeros above a diagonal.

    Args:
        x: Variable or array of shape (..., m, n).
        k: the last diagonal that is kept: 0 (the default) for the main one, k > 0 above it, k < 0 below.

    Returns:
        Variable of the shape of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.tril(np.array([[1.0, 2.0], [3.0, 4.0]])).array
    array([[1., 0.],
           [3., 4.]])
    """
    _check_matrices(x)
    return xp.tril(x, k)


@differentiable(keep_dtype=True)
def triu(xp, x, /, k=0):
    """The upper triangles of matrices: x with zeros below a diagonal.

    Args:
        x: Variable or array of shape (..., m, n).
        k: the first diagonal that is kept: 0 (the default) for the main one, k > 0 above it, k < 0 below.

    Returns:
        Variable of the shape of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.triu(np.array([[1.0, 2.0], [3.0, 4.0]])).array
    array([[1., 2.],
           [0., 4.]])
    """
    _check_matrices(x)
    return xp.triu(x, k)


def _check_matrices(x):
    if not x.ndim:
        raise ValueError("expected matrices in the last two axes, got a number")


tril.derivative(x=lambda F, g, k: F.tril(g, k=k))
triu.derivative(x=lambda F, g, k: F.triu(g, k=k))


__all__ = [
    "diagonal",
    "get_item",
    "select_item",
    "take_along_axis",
    "tril",
    "triu",
    "where",
]
