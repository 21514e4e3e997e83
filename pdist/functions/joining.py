"""Joining and splitting arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd import Variable, differentiable, in_rules, promote
from .arguments import axis_of, integer, variable


@differentiable(keep_dtype=True)
def concat_(xp, *xs, axis, ends):
    """Arrays joined along ``axis``; ``ends`` are the positions where each ends."""
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
    """The position where each of ``xs`` ends when joined along ``axis``; checks their shapes."""
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
    """Arrays joined along an existing axis.

    Args:
        xs: Variables or arrays, alike in all other axes.
        axis: the axis along which they are joined; 1 by default.

    Returns:
        Variable whose length along ``axis`` is the sum of theirs.

    Raises:
        TypeError: if xs is not a sequence of arrays.
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
        axis: the position of the new axis in the result; 0 by default.

    Returns:
        Variable with one more axis, of length ``len(xs)``.

    Raises:
        TypeError: if xs is not a sequence of arrays.
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
    """Arrays joined along their second axis, or along the only axis of vectors.

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
    """x split into parts along an axis.

    Args:
        x: Variable or array, of any shape.
        indices_or_sections: the number of equal parts, or the positions of the splits.
        axis: the axis to split.
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
        sections = integer("split_axis", "indices_or_sections", indices_or_sections)
        if sections < 1 or n % sections:
            raise ValueError(
                f"split_axis: axis {axis} of length {n} does not divide into {sections} equal parts"
            )
        cuts = list(range(n // sections, n, n // sections)) if n else [0] * (sections - 1)
    else:
        cuts = [integer("split_axis", "indices_or_sections", i) for i in indices_or_sections]
    lead = (slice(None),) * axis
    parts = tuple([x[(*lead, slice(a, b))] for a, b in zip([0, *cuts], [*cuts, n], strict=True)])
    return parts if force_tuple or len(parts) > 1 else parts[0]


def separate(x: Any, axis: int = 0) -> tuple[Variable, ...]:
    """The slices of x along an axis: the inverse of :func:`stack`.

    Args:
        x: Variable or array, of any shape.
        axis: the axis to slice along; 0 by default.

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
    "concat",
    "hstack",
    "separate",
    "split_axis",
    "stack",
    "vstack",
]
