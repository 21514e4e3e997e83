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
    """The same elements in another shape; one length may be -1."""
    return x.reshape(shape)


reshape.derivative(x=lambda F, g, like_x: g.reshape(like_x.shape))


@differentiable(keep_dtype=True)
def broadcast_to(xp, x, /, shape):
    """A view of x repeated to ``shape``."""
    if xp is np and x.ndim == 0:  # what every sum's gradient asks for, at a tenth of the price
        shape = (shape,) if np.ndim(shape) == 0 else shape
        return np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
    return xp.broadcast_to(x, shape)


broadcast_to.derivative(x=lambda F, g: g)


def broadcast(*args: Any) -> tuple[Variable, ...]:
    """Each argument broadcast to the shape that all have in common.

    Args:
        *args: Variables, arrays or numbers.

    >>> import numpy as np
    >>> a, b = broadcast(np.zeros((2, 1)), np.zeros(3))
    >>> a.shape, b.shape
    ((2, 3), (2, 3))
    """
    variables = [variable("broadcast", f"args[{i}]", arg) for i, arg in enumerate(args)]
    shape = np.broadcast_shapes(*[v.shape for v in variables])
    return tuple([v if v.shape == shape else broadcast_to(v, shape) for v in variables])


@differentiable(keep_dtype=True)
def cast(xp, x, /, typ):
    """x with another dtype."""
    return x.astype(typ)


cast.derivative(x=lambda F, g: g)


def identity(*inputs: Any) -> Any:
    """The arguments themselves as Variables: one, or a tuple of several."""
    outputs = tuple([variable("identity", f"inputs[{i}]", x) for i, x in enumerate(inputs)])
    return outputs[0] if len(outputs) == 1 else outputs


@differentiable(keep_dtype=True)
def copy(xp, x):
    """A copy of x."""
    return x.copy()


copy.derivative(x=lambda F, g: g)


# Axes ------------------------------------------------------------------------------------------------------


@differentiable(keep_dtype=True)
def transpose(xp, x, /, axes=None):
    """x with its axes in the order ``axes``, reversed where that is None."""
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
    """x with two axes exchanged."""
    return x.swapaxes(axis1, axis2)


swapaxes.derivative(x=lambda F, g, axis1, axis2: g.swapaxes(axis1, axis2))


@differentiable(keep_dtype=True)
def moveaxis(xp, x, /, source, destination):
    """x with the axes ``source`` (one or several) moved to the positions ``destination``."""
    return xp.moveaxis(x, source, destination)


moveaxis.derivative(x=lambda F, g, source, destination: F.moveaxis(g, destination, source))


@differentiable(keep_dtype=True)
def rollaxis(xp, x, /, axis, start=0):
    """x with ``axis`` moved to before the axis ``start``."""
    return xp.rollaxis(x, axis, start)


def _rollaxis_rule(F, g, like_x, axis, start):
    axis, start = axis % like_x.ndim, start + like_x.ndim if start < 0 else start
    return F.moveaxis(g, start - 1 if start > axis else start, axis)


rollaxis.derivative(x=_rollaxis_rule)


@differentiable(keep_dtype=True)
def squeeze(xp, x, /, axis=None):
    """x without its axes of length 1: all, or those named."""
    return x.squeeze(axis)


squeeze.derivative(x=lambda F, g, like_x: g.reshape(like_x.shape))


@differentiable(keep_dtype=True)
def expand_dims(xp, x, /, axis):
    """x with a new axis of length 1 at the position ``axis`` of the result."""
    return xp.expand_dims(x, axis)


expand_dims.derivative(x=lambda F, g, like_x: g.reshape(like_x.shape))


@differentiable(keep_dtype=True)
def flatten(xp, x):
    """All elements in one axis."""
    return x.reshape(-1)


flatten.derivative(x=lambda F, g, like_x: g.reshape(like_x.shape))


@differentiable(keep_dtype=True)
def flip(xp, x, /, axis=None):
    """x with the order along ``axis`` (one, several, or None for all) reversed."""
    return xp.flip(x, axis)


flip.derivative(x=lambda F, g, axis: F.flip(g, axis=axis))


# Repetition ------------------------------------------------------------------------------------------------


@differentiable(keep_dtype=True)
def repeat(xp, x, /, repeats, axis=None):
    """Each element repeated along ``axis``: ``repeats`` times, or as often as a sequence of counts says.

    Where ``axis`` is None the elements are taken in one axis.

    >>> import numpy as np
    >>> repeat(np.array([1.0, 2.0]), [3, 1], axis=0).array
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
    """x laid side by side ``reps`` times (one count, or one an axis)."""
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
        axis: along which.

    >>> import numpy as np
    >>> concat([np.zeros((2, 1)), np.ones((2, 2))]).array
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
        axis: where the new axis is in the result.

    >>> import numpy as np
    >>> stack([np.zeros(2), np.ones(2)], axis=1).array
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
    """Arrays joined along their second axis, or their only one."""
    variables = [v.reshape((1,)) if v.ndim == 0 else v for v in _alike("hstack", xs)]
    return concat(variables, axis=0 if variables[0].ndim == 1 else 1)


def vstack(xs: Sequence[Any]) -> Variable:
    """Arrays joined along their first axis; those with one axis become rows."""
    return concat([v.reshape((1, -1)) if v.ndim < 2 else v for v in _alike("vstack", xs)], axis=0)


def split_axis(x: Any, indices_or_sections: Any, axis: int, force_tuple: bool = True) -> Any:
    """x cut along an axis.

    Args:
        x: a Variable or array.
        indices_or_sections: the number of equal parts, or the positions of the cuts.
        axis: along which.
        force_tuple: return a tuple also where there is one part.

    Raises:
        ValueError: where the axis does not divide into that many parts.

    >>> import numpy as np
    >>> [part.array for part in split_axis(np.arange(4.0), [1], axis=0)]
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
    """The slices of x along an axis, which they lack.

    >>> import numpy as np
    >>> [row.array for row in separate(np.eye(2))]
    [array([1., 0.]), array([0., 1.])]
    """
    x = variable("separate", "x", x)
    axis = axis_of("separate", x, axis)
    lead = (slice(None),) * axis
    return tuple([x[(*lead, i)] for i in range(x.shape[axis])])
