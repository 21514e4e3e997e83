"""Operations that move elements without computing with them."""

from __future__ import annotations

import numpy as np

from ..autograd import Variable, differentiable


@differentiable(keep_dtype=True)
def reshape(xp, x, /, shape):
    """The same elements in another shape; one length may be -1."""
    return x.reshape(shape)


reshape.derivatives(lambda F, g, _y, _x: g.reshape(_x.shape))


@differentiable(keep_dtype=True)
def broadcast_to(xp, x, /, shape):
    """A view of x repeated to ``shape``."""
    if xp is np and x.ndim == 0:  # what every sum's gradient asks for, at a tenth of the price
        return np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
    return xp.broadcast_to(x, shape)


broadcast_to.derivatives(lambda F, g, _y, _x: g)


@differentiable(keep_dtype=True)
def cast(xp, x, /, typ):
    """x with another dtype."""
    return x.astype(typ)


cast.derivatives(lambda F, g, _y, _x: g)


def _reshape_method(self, *shape):
    """The same elements in another shape: ``v.reshape(2, 3)`` or ``v.reshape((2, 3))``."""
    return reshape(self, shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape)


Variable.reshape = _reshape_method  # type: ignore[attr-defined]
