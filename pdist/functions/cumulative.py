"""Running sums and products, and products, whose gradients are built on these."""

from __future__ import annotations

from ..autograd import differentiable, zero
from .arguments import axes_of
from .reductions import length, restore


@differentiable
def ones_as(xp, x):
    """Ones of the shape of x."""
    return xp.ones_like(x)


ones_as.derivative(x=zero)


@differentiable(keep_dtype=True)
def cumsum(xp, x, /, axis=None):
    """Running sums along ``axis``: y_i = x_1 + ... + x_i.

    Args:
        x: Variable or array, of any shape.
        axis: an axis, or None (the default) for all elements in order.

    Returns:
        Variable of the shape of x, or with one axis if ``axis`` is None; integers stay integers.

    Raises:
        IndexError: if x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.cumsum(np.array([1.0, 2.0, 4.0]), axis=0).array
    array([1., 3., 7.])
    """
    return x.cumsum(axis=axis)


def _cumsum_rule(F, g, like_x, axis):
    n = 0 if axis is None else axis
    return F.flip(F.cumsum(F.flip(g, axis=n), axis=n), axis=n).reshape(like_x.shape)


cumsum.derivative(x=_cumsum_rule)


@differentiable(keep_dtype=True)
def cumprod(xp, x, /, axis=None):
    """Running products along ``axis``: y_i = x_1 ... x_i.

    Args:
        x: Variable or array, of any shape.
        axis: an axis, or None (the default) for all elements in order.

    Returns:
        Variable of the shape of x, or with one axis if ``axis`` is None; integers stay integers.

    Raises:
        IndexError: if x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.cumprod(np.array([1.0, 2.0, 4.0]), axis=0).array
    array([1., 2., 8.])
    """
    return x.cumprod(axis=axis)


def _cumprod_rule(F, g, y, x, axis):
    """Without division, so that zeros are handled correctly.

    With y_i = x_i y_{i-1} the gradient of y_i is a_i = g_i + x_{i+1} a_{i+1}. That recurrence is solved in
    log2(n) rounds: after each, the coefficient c_i reaches twice as far.
    """
    if axis is None:
        shape, x, axis = x.shape, x.reshape(-1), 0
    else:
        shape = x.shape
    x, y, a = F.moveaxis(x, axis, -1), F.moveaxis(y, axis, -1), F.moveaxis(g, axis, -1)
    n = a.shape[-1]
    if not a.size:
        return g.reshape(shape)
    c, step = x[..., 1:], 1
    while step < n:
        tail = a[..., n - step :]
        further = F.where(a[..., step:] == 0, 0.0, c * a[..., step:])  # c may be infinite
        a = F.concat([a[..., : n - step] + further, tail], axis=-1)
        c = c[..., : n - 2 * step if n > 2 * step else 0] * c[..., step:]
        step *= 2
    before = F.concat([F(ones_as)(y[..., :1]), y[..., :-1]], axis=-1)
    return F.moveaxis(F.where(a == 0, 0.0, a * before), -1, axis).reshape(shape)


cumprod.derivative(x=_cumprod_rule)


@differentiable(keep_dtype=True)
def prod(xp, x, /, axis=None, keepdims=False):
    """The product over ``axis``; its gradient is right also if elements are 0.

    Args:
        x: Variable or array, of any shape.
        axis: an axis, several as a tuple, or None for all (the default).
        keepdims: leave the axes in place with length 1; False by default.

    Returns:
        Variable of the shape of x without those axes; integers stay integers. 1 if there are no elements.

    Raises:
        IndexError: if x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.prod(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0).array
    array([3., 8.])
    """
    return x.prod(axis=axis, keepdims=keepdims)


def _prod_rule(F, g, x, axis, keepdims):
    """The product of the other elements, as those before times those after, without division."""
    axes, ndim = axes_of(axis, x.ndim), x.ndim
    order = (*[i for i in range(ndim) if i not in axes], *axes)
    x = F.transpose(x, order)
    moved = x.shape
    x = x.reshape((*moved[: ndim - len(axes)], length(moved, tuple(range(ndim - len(axes), ndim)))))
    if not x.size:
        return F.transpose(x.reshape(moved), _inverse(order))  # no elements
    one = F(ones_as)(x[..., :1])
    before = F.cumprod(F.concat([one, x[..., :-1]], axis=-1), axis=-1)
    after = F.flip(F.cumprod(F.concat([one, F.flip(x, axis=-1)[..., :-1]], axis=-1), axis=-1), axis=-1)
    others = F.transpose((before * after).reshape(moved), _inverse(order))
    g = restore(g, others.shape, axis, keepdims)
    return F.where(g == 0, 0.0, g * others)  # others may be infinite


def _inverse(order):
    """The permutation that undoes ``order``."""
    return tuple([order.index(i) for i in range(len(order))])


prod.derivative(x=_prod_rule)


__all__ = [
    "cumprod",
    "cumsum",
    "prod",
]
