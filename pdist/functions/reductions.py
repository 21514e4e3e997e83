"""Sums, means, extrema."""

from __future__ import annotations

from ..autograd import Variable, differentiable


def _restore(g, shape, axis, keepdims):
    """``g`` with the axes that a reduction of an array of ``shape`` removed put back with length 1."""
    if keepdims or axis is None:
        return g
    axes = {a % len(shape) for a in ((axis,) if isinstance(axis, int) else axis)}
    return g.reshape(tuple(1 if i in axes else n for i, n in enumerate(shape)))


@differentiable(keep_dtype=True)
def sum(xp, x, /, axis=None, keepdims=False):
    """The sum over ``axis`` (an axis, several, or None for all)."""
    return x.sum(axis=axis, keepdims=keepdims)


sum.derivatives(
    lambda F, g, _y, _x, axis, keepdims: F.broadcast_to(_restore(g, _x.shape, axis, keepdims), _x.shape)
)

Variable.sum = sum  # type: ignore[attr-defined]
