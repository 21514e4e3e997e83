"""Conversion of values to arrays: of which library and of which dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array, Library, default_library, hooks, library_of
from .config import config

ndarray = np.ndarray


def module_of(array: Any) -> Any:
    """The namespace of a raw array that is known to be one."""
    if type(array) is ndarray and not hooks.running:
        return np
    found = library_of(array)
    return np if found is None else found.xp


def canonical(array: Array) -> Array:
    """The array with NumPy's own dtype object: ops compare by ``is``, and unpickled arrays have others."""
    dtype = np.dtype(array.dtype.type)
    return array if array.dtype is dtype or array.dtype != dtype else array.view(dtype)


def as_array(value: Any, owner: Library | None = None) -> Array:
    """``value`` as an array of a registered library; a TypeError if its dtype is not numeric.

    Args:
        value: an array, which is returned unchanged; or a number or nested list.
        owner: the library for anything that is not an array; by default that of :func:`pdist.using_device`.

    Raises:
        TypeError: for object, string, complex and masked arrays, naming the dtype; for ragged lists.
    """
    if library_of(value) is None:
        value = (owner or default_library()).from_host(_from_python(value))
    elif isinstance(value, ndarray) and type(value) is not ndarray:
        if isinstance(value, np.ma.MaskedArray):
            raise TypeError("masked arrays have no meaning here: fill or select their values first")
        value = np.asarray(value)
    elif hooks.running:
        value = hooks.whole(value)
    if not is_supported(value.dtype):
        raise TypeError(
            "expected numbers (float16, float32, float64, integer or bool), got an array of dtype "
            f"{value.dtype}"
        )
    return value


def is_supported(dtype: Any) -> bool:
    """Whether a dtype is supported: not complex, nor wider than float64."""
    return dtype.kind in "iub" or (dtype.kind == "f" and dtype.itemsize <= 8)


def _is_variable(value: Any) -> bool:
    """Judged by its attributes, because this module cannot import the class."""
    return hasattr(value, "_array") and hasattr(value, "_node")


def _from_python(value: Any) -> ndarray:
    """A number or a nested list as an array; Python floats take ``config.dtype``."""
    if value is None:
        raise TypeError("expected an array or number, got None")
    if _is_variable(value):
        raise TypeError("expected an array, got a Variable; pdist.as_variable takes both")
    if isinstance(value, (np.generic, bool, int)):
        return np.asarray(value)
    if isinstance(value, float):
        return np.asarray(value, config.dtype)
    leaf = value
    while isinstance(leaf, (list, tuple)) and leaf:
        if any(_is_variable(item) for item in leaf):
            raise TypeError(
                "a list of Variables is not an array: functions.stack or concat keeps their gradients"
            )
        leaf = leaf[0]
    try:
        array = np.asarray(value)
    except ValueError as error:  # ragged
        raise TypeError(f"expected numbers in rows of equal length: {error}") from None
    weak = array.dtype == np.float64 and not hasattr(leaf, "dtype")
    return array.astype(config.dtype) if weak else array


def coerce(
    who: str, names: Any, values: Any, *, weak: bool = False, keep_dtype: bool = False
) -> tuple[Any, list[Any]]:
    """Convert arrays and numbers to one library, device and floating dtype, by the rules of promotion.

    Floating arrays promote as in NumPy; Python numbers, integer and bool arrays take the type of those; if
    there are none, ``config.dtype`` decides.

    Args:
        who: the beginning of error messages.
        names: the names of the values in error messages: a sequence, or a function of the position.
        values: raw arrays, numbers or nested lists.
        weak: keep Python numbers if an array decides the dtype.
        keep_dtype: keep integer and bool arrays if nothing is floating.

    Returns:
        The namespace of the library and the list of arrays.

    Raises:
        TypeError: for anything that is not numeric, and if devices are mixed.
    """
    name = names if callable(names) else names.__getitem__
    if hooks.running:
        values = [hooks.seen(value) for value in values]
    owner, first = None, 0
    for i, value in enumerate(values):
        found = library_of(value)
        if owner is None:
            owner, first = found, i
        elif found is not None and (
            found is not owner or found.device_of(value) != owner.device_of(values[first])
        ):
            raise TypeError(
                f"{who}: {name(first)} is on {owner.device_of(values[first])} and {name(i)} on "
                f"{found.device_of(value)}; move one with to_cpu or to_gpu"
            )
    owner = owner or default_library()
    values = [_as_array_of(who, name(i), value, owner) for i, value in enumerate(values)]
    dtypes = [value.dtype for value in values if hasattr(value, "dtype") and value.dtype.kind == "f"]
    if dtypes:
        dtype = np.dtype(np.result_type(*dtypes).type)
    elif keep_dtype and not any(isinstance(value, float) for value in values):
        dtype = None  # integers and bools are kept
    else:
        dtype = config.dtype

    def cast(value: Any) -> Any:
        if isinstance(value, (bool, int, float)):
            return value if weak and dtypes else owner.xp.asarray(value, dtype=dtype)
        if dtype is None or value.dtype is dtype:
            return value
        return canonical(value) if value.dtype == dtype else value.astype(dtype)

    return owner.xp, [cast(value) for value in values]


def _as_array_of(who: str, name: str, value: Any, owner: Library) -> Any:
    """A raw array or Python number, or an error that names the argument; lists go to the arrays' device."""
    if value.__class__ is ndarray and is_supported(value.dtype):
        return value
    if isinstance(value, (bool, int, float)) and not isinstance(value, np.generic):
        return value
    try:
        return as_array(value, owner)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{who}: {name}: {error}") from None


__all__ = ["as_array", "canonical", "coerce", "module_of"]
