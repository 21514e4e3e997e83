"""Shapes, dtypes, copies and repetition: the elements do not change."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from ..autograd import Variable, differentiable
from ..autograd.promotion import is_supported
from .arguments import variable


@differentiable(keep_dtype=True)
def reshape(xp, x, /, shape):
    """The same elements, in the same order, in another shape.

    Args:
        x: Variable or array, of any shape.
        shape: the lengths of the axes, a tuple or an integer; one may be -1, and is inferred from the others.

    Returns:
        Variable of that shape.

    Raises:
        ValueError: if the shape does not hold as many elements.

    >>> import numpy as np, pdist.functions as F
    >>> F.reshape(np.arange(4.0), (2, -1)).array
    array([[0., 1.],
           [2., 3.]])
    """
    return x.reshape(shape)


reshape.derivative(x=lambda F, g, like_x: g.reshape(like_x.shape))


@differentiable(keep_dtype=True)
def broadcast_to(xp, x, /, shape):
    """x repeated to ``shape`` by the rules of broadcasting.

    Args:
        x: Variable, array or number.
        shape: a tuple to which the shape of x broadcasts.

    Returns:
        Variable of that shape.

    Raises:
        ValueError: if x does not broadcast to the shape.

    >>> import numpy as np, pdist.functions as F
    >>> F.broadcast_to(np.array([1.0, 2.0]), (2, 2)).array
    array([[1., 2.],
           [1., 2.]])
    """
    if xp is np and x.ndim == 0:  # the gradient of every full sum, at a tenth of the cost
        if shape.__class__ is not tuple:
            shape = (shape,) if np.ndim(shape) == 0 else shape
        return np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
    return xp.broadcast_to(x, shape)


broadcast_to.derivative(x=lambda F, g: g)


def broadcast(*args: Any) -> tuple[Variable, ...]:
    """Each argument broadcast to their common shape.

    Args:
        *args: Variables, arrays or numbers.

    Returns:
        A tuple of Variables of that shape, one per argument.

    Raises:
        ValueError: if the shapes do not broadcast.

    >>> import numpy as np, pdist.functions as F
    >>> a, b = F.broadcast(np.zeros((2, 1)), np.zeros(3))
    >>> a.shape, b.shape
    ((2, 3), (2, 3))
    """
    variables = [variable("broadcast", f"args[{i}]", arg) for i, arg in enumerate(args)]
    try:
        shape = np.broadcast_shapes(*[v.shape for v in variables])
    except ValueError:
        shapes = ", ".join([str(v.shape) for v in variables])
        raise ValueError(f"broadcast: args of shapes {shapes} have no shape in common") from None
    return tuple([v if v.shape == shape else broadcast_to(v, shape) for v in variables])


@differentiable(keep_dtype=True)
def cast(xp, x, /, typ):
    """x with another dtype.

    Args:
        x: Variable or array, of any shape.
        typ: the dtype, or its name.

    Returns:
        Variable of the shape of x and that dtype. Its gradient is returned in the dtype of x.

    Raises:
        TypeError: if the dtype is neither bool, nor an integer, nor floating of at most 64 bits.

    >>> import numpy as np, pdist.functions as F
    >>> F.cast(np.array([1.0, 2.0]), np.float32).array
    array([1., 2.], dtype=float32)
    """
    if not is_supported(np.dtype(typ)):
        raise TypeError(
            f"cast: typ: expected float16, float32, float64, integer or bool, got {np.dtype(typ)}"
        )
    return x.astype(typ)


cast.derivative(x=lambda F, g: g)


def identity(*inputs: Any) -> Any:
    """The arguments themselves, as Variables.

    Args:
        *inputs: Variables, arrays or numbers.

    Returns:
        The Variable of a single argument, or a tuple of those of several.

    >>> import numpy as np, pdist.functions as F
    >>> a, b = F.identity(np.array([1.0]), np.array([2.0]))
    >>> b.array
    array([2.])
    """
    outputs = tuple([variable("identity", f"inputs[{i}]", x) for i, x in enumerate(inputs)])
    return outputs[0] if len(outputs) == 1 else outputs


@differentiable(keep_dtype=True)
def copy(xp, x):
    """A copy of x, whose array shares no memory with x.

    Args:
        x: Variable or array, of any shape.

    Returns:
        Variable of the shape and dtype of x.

    >>> import numpy as np, pdist.functions as F
    >>> x = np.array([1.0, 2.0])
    >>> y = F.copy(x)
    >>> x[0] = 5.0
    >>> y.array
    array([1., 2.])
    """
    return x.copy()


copy.derivative(x=lambda F, g: g)


@differentiable(keep_dtype=True)
def flatten(xp, x):
    """All elements in one axis, with the last axis of x varying fastest.

    Args:
        x: Variable or array, of any shape.

    Returns:
        Variable of shape (x.size,).

    >>> import numpy as np, pdist.functions as F
    >>> F.flatten(np.array([[1.0, 2.0], [3.0, 4.0]])).array
    array([1., 2., 3., 4.])
    """
    return x.reshape(-1)


flatten.derivative(x=lambda F, g, like_x: g.reshape(like_x.shape))


# Repetition ------------------------------------------------------------------------------------------------


@differentiable(keep_dtype=True)
def repeat(xp, x, /, repeats, axis=None):
    """Each element repeated along ``axis``.

    Args:
        x: Variable or array, of any shape.
        repeats: number of repetitions: a number, or a sequence with one number per element of the axis.
        axis: an axis, or None (the default) for all elements in one axis.

    Returns:
        Variable of the shape of x except for that axis, whose length is the sum of the repeats.

    Raises:
        ValueError: if there is not one number per element.

    >>> import numpy as np, pdist.functions as F
    >>> F.repeat(np.array([1.0, 2.0]), [3, 1], axis=0).array
    array([1., 1., 1., 2.])
    """
    if np.ndim(repeats):  # as Python integers: NumPy's may be wider than the platform's index type
        repeats = [index(n) for n in repeats]
    return xp.repeat(x, repeats, axis)


def _repeat_rule(F, g, like_x, repeats, axis):
    shape = like_x.shape if axis is not None else (like_x.size,)
    axis = 0 if axis is None else axis % like_x.ndim
    counts = [int(n) for n in ([repeats] if np.ndim(repeats) == 0 else repeats)]
    if len(counts) == 1:
        g = g.reshape((*shape[:axis], shape[axis], counts[0], *shape[axis + 1 :])).sum(axis=axis + 1)
        return g.reshape(like_x.shape)
    if not counts:
        return g.reshape(like_x.shape)
    ends = np.cumsum(counts).tolist()
    lead = (slice(None),) * axis
    parts = [g[(*lead, slice(a, b))].sum(axis=axis) for a, b in zip([0, *ends], ends, strict=False)]
    return F.stack(parts, axis=axis).reshape(like_x.shape)


repeat.derivative(x=_repeat_rule)


@differentiable(keep_dtype=True)
def tile(xp, x, /, reps):
    """Copies of x side by side.

    Args:
        x: Variable or array, of any shape.
        reps: number of copies along each axis, a tuple, or a number for the last axis; the shorter of
            ``reps`` and the shape of x is padded with ones in front.

    Returns:
        Variable whose axis i is ``reps[i]`` times as long as that of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.tile(np.array([1.0, 2.0]), (2, 2)).array
    array([[1., 2., 1., 2.],
           [1., 2., 1., 2.]])
    """
    return xp.tile(x, reps)


def _tile_rule(F, g, like_x, reps):
    reps = (reps,) if np.ndim(reps) == 0 else tuple(reps)
    n = max(len(reps), like_x.ndim)
    reps = (1,) * (n - len(reps)) + reps
    shape = (1,) * (n - like_x.ndim) + like_x.shape
    split = tuple([length for pair in zip(reps, shape, strict=True) for length in pair])
    return g.reshape(split).sum(axis=tuple(range(0, 2 * n, 2))).reshape(like_x.shape)


tile.derivative(x=_tile_rule)


__all__ = [
    "broadcast",
    "broadcast_to",
    "cast",
    "copy",
    "flatten",
    "identity",
    "repeat",
    "reshape",
    "tile",
]
