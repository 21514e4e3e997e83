"""Operations that move elements without computing with them."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np

from ..autograd import Variable, differentiable, in_rules, promote
from .arguments import axis_of, variable


@differentiable(keep_dtype=True)
def reshape(xp, x, /, shape):
    """The same elements, in the same order, in another shape.

    Args:
        x: Variable or array, of any shape.
        shape: the lengths of the axes, a tuple or an integer; one may be -1, and follows from the others.

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
    if xp is np and x.ndim == 0:  # what every sum's gradient asks for, at a tenth of the price
        shape = (shape,) if np.ndim(shape) == 0 else shape
        return np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
    return xp.broadcast_to(x, shape)


broadcast_to.derivative(x=lambda F, g: g)


def broadcast(*args: Any) -> tuple[Variable, ...]:
    """Each argument broadcast to the shape that all have in common.

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
        Variable of the shape of x and that dtype. Its gradient comes back in the dtype of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.cast(np.array([1.0, 2.0]), np.float32).array
    array([1., 2.], dtype=float32)
    """
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
    """A copy of x, whose array shares no memory with that of x.

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


# Axes ------------------------------------------------------------------------------------------------------


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
        axis2: the axis that it changes places with.

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
    """x with some axes moved, and the others in their order.

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
        start: the axis of x that it comes to lie before; 0 by default.

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
        ValueError: if an axis that is named has another length.

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
        Variable of the shape of x with that axis put in.

    Raises:
        IndexError: if the result has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.expand_dims(np.zeros((2, 3)), 1).shape
    (2, 1, 3)
    """
    return xp.expand_dims(x, axis)


expand_dims.derivative(x=lambda F, g, like_x: g.reshape(like_x.shape))


@differentiable(keep_dtype=True)
def flatten(xp, x):
    """All elements in one axis, the last axis of x running fastest.

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


# Repetition ------------------------------------------------------------------------------------------------


@differentiable(keep_dtype=True)
def repeat(xp, x, /, repeats, axis=None):
    """Each element repeated along ``axis``.

    Args:
        x: Variable or array, of any shape.
        repeats: how often: a number, or a sequence with one number per element of the axis.
        axis: an axis, or None (the default) for all elements in one axis.

    Returns:
        Variable of the shape of x but for that axis, whose length is the sum of the repeats.

    Raises:
        ValueError: if there is not one number per element.

    >>> import numpy as np, pdist.functions as F
    >>> F.repeat(np.array([1.0, 2.0]), [3, 1], axis=0).array
    array([1., 1., 1., 2.])
    """
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
    """Copies of x laid side by side.

    Args:
        x: Variable or array, of any shape.
        reps: how many along each axis, a tuple, or a number for the last axis; the shorter of ``reps`` and
            the shape of x is filled up with ones in front.

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


# Joining and splitting -------------------------------------------------------------------------------------


@differentiable(keep_dtype=True)
def concat_(xp, *xs, axis, ends):
    """Arrays joined along ``axis``; ``ends`` says where each ends there."""
    return xp.concatenate(xs, axis=axis)


def _concatenate_rule(F, g, needs, axis, ends):
    lead = (slice(None),) * (axis % g.ndim)
    return [
        g[(*lead, slice(a, b))] if need else None for need, a, b in zip(needs, [0, *ends], ends, strict=False)
    ]


concat_.joint_derivative(_concatenate_rule)


def _alike(who: str, xs: Sequence[Any]) -> list[Variable]:
    """``xs`` as Variables of one dtype."""
    if getattr(xs, "ndim", 1) == 0 or not hasattr(xs, "__iter__"):
        raise TypeError(f"{who}: xs: expected a sequence of arrays, got a single {type(xs).__name__}")
    variables = [variable(who, f"xs[{i}]", x) for i, x in enumerate(xs)]
    if not variables:
        raise ValueError(f"{who}: xs: expected at least one array, got none")
    dtypes = {v.dtype for v in variables}
    if len(dtypes) > 1 and any(t.kind == "f" for t in dtypes):
        return promote(who, lambda i: f"xs[{i}]", xs)
    return variables


def _ends(who: str, xs: Sequence[Any], axis: int) -> tuple[int, ...]:
    """Where each of ``xs`` ends once they are joined along ``axis``; their shapes are checked."""
    first = xs[0].shape
    if not -len(first) <= axis < len(first):
        raise ValueError(f"{who}: axis: expected an axis of arrays with {len(first)} axes, got {axis}")
    axis %= len(first)
    ends, end = [], 0
    for i, x in enumerate(xs):
        shape = x.shape
        if len(shape) != len(first) or shape[:axis] + shape[axis + 1 :] != first[:axis] + first[axis + 1 :]:
            raise ValueError(
                f"{who}: xs[{i}] of shape {shape} does not fit xs[0] of shape {first} along axis {axis}"
            )
        end += shape[axis]
        ends.append(end)
    return tuple(ends)


@in_rules(lambda xp, xs, axis=1: xp.concatenate(xs, axis=axis))
def concat(xs: Sequence[Any], axis: int = 1) -> Variable:
    """Arrays joined along an axis that they have.

    Args:
        xs: Variables or arrays, alike in all other axes.
        axis: the axis along which they are joined; 1 by default.

    Returns:
        Variable whose length along ``axis`` is the sum of theirs.

    Raises:
        TypeError: if xs is no sequence of arrays.
        ValueError: if xs is empty, if shapes do not fit or if there is no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.concat([np.zeros((2, 1)), np.ones((2, 2))]).array
    array([[0., 1., 1.],
           [0., 1., 1.]])
    """
    variables = _alike("concat", xs)
    return concat_(*variables, axis=axis, ends=_ends("concat", variables, axis))


@differentiable(keep_dtype=True)
def stack_(xp, *xs, axis):
    """Arrays of one shape joined along a new axis."""
    return xp.stack(xs, axis=axis)


def _stack_rule(F, g, needs, axis):
    lead = (slice(None),) * (axis % g.ndim)
    return [g[(*lead, i)] if need else None for i, need in enumerate(needs)]


stack_.joint_derivative(_stack_rule)


@in_rules(lambda xp, xs, axis=0: xp.stack(xs, axis=axis))
def stack(xs: Sequence[Any], axis: int = 0) -> Variable:
    """Arrays of one shape joined along a new axis.

    Args:
        xs: Variables or arrays of one shape.
        axis: where the new axis is in the result; 0 by default.

    Returns:
        Variable with one axis more, of length ``len(xs)``.

    Raises:
        TypeError: if xs is no sequence of arrays.
        ValueError: if xs is empty or if shapes differ.

    >>> import numpy as np, pdist.functions as F
    >>> F.stack([np.zeros(2), np.ones(2)], axis=1).array
    array([[0., 1.],
           [0., 1.]])
    """
    variables = _alike("stack", xs)
    for i, x in enumerate(variables):
        if x.shape != variables[0].shape:
            raise ValueError(
                f"stack: xs[{i}] of shape {x.shape} does not fit xs[0] of shape {variables[0].shape}"
            )
    return stack_(*variables, axis=axis)


def hstack(xs: Sequence[Any]) -> Variable:
    """Arrays joined along their second axis, or along the only one of vectors.

    Args:
        xs: Variables or arrays, alike in all other axes; numbers count as vectors of length 1.

    Returns:
        Variable whose length along that axis is the sum of theirs.

    Raises:
        ValueError: if xs is empty or if shapes do not fit.

    >>> import numpy as np, pdist.functions as F
    >>> F.hstack([np.zeros((2, 1)), np.ones((2, 2))]).array
    array([[0., 1., 1.],
           [0., 1., 1.]])
    """
    variables = [v.reshape((1,)) if v.ndim == 0 else v for v in _alike("hstack", xs)]
    return concat(variables, axis=0 if variables[0].ndim == 1 else 1)


def vstack(xs: Sequence[Any]) -> Variable:
    """Arrays joined along their first axis; vectors become rows.

    Args:
        xs: Variables or arrays, alike in all other axes.

    Returns:
        Variable whose length along the first axis is the sum of theirs.

    Raises:
        ValueError: if xs is empty or if shapes do not fit.

    >>> import numpy as np, pdist.functions as F
    >>> F.vstack([np.zeros(2), np.ones(2)]).array
    array([[0., 0.],
           [1., 1.]])
    """
    return concat([v.reshape((1, -1)) if v.ndim < 2 else v for v in _alike("vstack", xs)], axis=0)


def split_axis(x: Any, indices_or_sections: Any, axis: int, force_tuple: bool = True) -> Any:
    """x cut into parts along an axis.

    Args:
        x: Variable or array, of any shape.
        indices_or_sections: the number of equal parts, or the positions of the cuts.
        axis: the axis that is cut.
        force_tuple: return a tuple even if there is one part; True by default.

    Returns:
        A tuple of Variables, the parts in order, or a single one without a tuple unless ``force_tuple``.

    Raises:
        ValueError: if the axis does not divide into that many parts, or x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> [part.array for part in F.split_axis(np.arange(4.0), [1], axis=0)]
    [array([0.]), array([1., 2., 3.])]
    """
    x = variable("split_axis", "x", x)
    axis = axis_of("split_axis", x, axis)
    n = x.shape[axis]
    if np.ndim(indices_or_sections) == 0:
        sections = index(indices_or_sections)
        if sections < 1 or n % sections:
            raise ValueError(
                f"split_axis: axis {axis} of length {n} does not divide into {sections} equal parts"
            )
        cuts = list(range(n // sections, n, n // sections)) if n else [0] * (sections - 1)
    else:
        cuts = [index(i) for i in indices_or_sections]
    lead = (slice(None),) * axis
    parts = tuple([x[(*lead, slice(a, b))] for a, b in zip([0, *cuts], [*cuts, n], strict=True)])
    return parts if force_tuple or len(parts) > 1 else parts[0]


def separate(x: Any, axis: int = 0) -> tuple[Variable, ...]:
    """The slices of x along an axis: the inverse of :func:`stack`.

    Args:
        x: Variable or array, of any shape.
        axis: the axis that the slices lack; 0 by default.

    Returns:
        A tuple of Variables, as many as the axis is long, each of the shape of x without it.

    Raises:
        ValueError: if x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> [row.array for row in F.separate(np.eye(2))]
    [array([1., 0.]), array([0., 1.])]
    """
    x = variable("separate", "x", x)
    axis = axis_of("separate", x, axis)
    lead = (slice(None),) * axis
    return tuple([x[(*lead, i)] for i in range(x.shape[axis])])


__all__ = [
    "broadcast",
    "broadcast_to",
    "cast",
    "concat",
    "copy",
    "expand_dims",
    "flatten",
    "flip",
    "hstack",
    "identity",
    "moveaxis",
    "repeat",
    "reshape",
    "rollaxis",
    "separate",
    "split_axis",
    "squeeze",
    "stack",
    "swapaxes",
    "tile",
    "transpose",
    "vstack",
]
