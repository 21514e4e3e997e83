"""Argument handling for public functions whose signature differs from that of their op."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from ..autograd import Variable, as_variable
from ..backend import hooks, library_of


def raw(value: Any) -> Any:
    """The array of a Variable, anything else unchanged; in a recording, the array's proxy."""
    if hooks.running:
        return hooks.seen(value.array if isinstance(value, Variable) else value)
    return value._array if isinstance(value, Variable) else value  # read, not handed out


def variable(who: str, name: str, value: Any) -> Variable:
    """``value`` as a Variable, or a TypeError that names the argument."""
    if isinstance(value, Variable):
        return value
    try:
        return as_variable(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{who}: {name}: {error}") from None


def plain(value: Any) -> Any:
    """A NumPy scalar as a Python number, which does not affect the dtype of arrays; others unchanged."""
    return float(value) if isinstance(value, (np.generic, np.ndarray)) and value.ndim == 0 else value


def integer(who: str, name: str, value: Any) -> int:
    """``value`` as a Python integer: sums of small NumPy integers overflow."""
    try:
        return index(value)
    except TypeError:
        raise TypeError(f"{who}: {name}: expected an integer, got {value!r}") from None


def axis_of(who: str, x: Variable, axis: int) -> int:
    """``axis`` counted from the front; a ValueError if x has no such axis."""
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"{who}: axis: expected an axis of x of shape {x.shape}, got {axis}")
    return integer(who, "axis", axis) % x.ndim


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """``axis`` (any integer, several, or None for all) as a tuple of axes counted from the front."""
    if axis is None:
        return tuple(range(ndim))
    return tuple([index(a) % ndim for a in (axis if isinstance(axis, (tuple, list)) else (axis,))])


def labels(t: Any, x: Variable) -> Any:
    """Labels for ``x`` as a raw array; bools, which NumPy would take for a mask, as integers."""
    t = raw(t)
    if library_of(t) is None:  # a list or a number is placed on the device of x
        t = x.xp.asarray(t)
    return t.astype(np.int8) if t.dtype.kind == "b" else t


def check_labels(who: str, t: Any, n: int, x: Variable, ignore: int | None = None) -> bool:
    """Reject labels ``t`` outside 0..n-1; on a device they are not checked.

    Returns:
        Whether all are known to be valid labels, none of them ``ignore``.

    Raises:
        TypeError: if t is not of integers, or is on another device than x.
        ValueError: if a label is out of range; names the first one and its index.
    """
    if t.dtype.kind not in "iu":
        raise TypeError(f"{who}: t: expected integers, got an array of dtype {t.dtype}")
    found = library_of(t)
    if found is None or found is not library_of(x._array):
        device = found and found.device_of(t)
        raise TypeError(f"{who}: x is on {x.device} and t on {device}; move one with to_cpu or to_gpu")
    if hooks.running and (recording := hooks.current()) is not None:
        if recording.base.host:
            hooks.effect(_check_range, who, t, n, ignore, changes=[])  # labels differ from call to call
        return False
    return found.host and _check_range(who, t, n, ignore)


def _check_range(who: str, t: Any, n: int, ignore: int | None) -> bool:
    if not t.size or _largest(t) < n:
        return ignore is None or not 0 <= ignore < n or not (t == ignore).any()
    wrong = (t < 0) | (t >= n)
    if ignore is not None:
        wrong &= t != ignore
    if wrong.any():
        index = tuple([int(i) for i in np.argwhere(wrong)[0]])
        also = "" if ignore is None else f" or {ignore} (ignored)"
        raise ValueError(
            f"{who}: t: expected labels from 0 to {n - 1}{also}, got {t[index]} at index {index}"
        )
    return False


def _largest(t: Any) -> Any:
    """The largest of some integers, a negative one read as unsigned and therefore large."""
    return t.max() if t.dtype.kind != "i" else t.view(f"u{t.dtype.itemsize}").max()
