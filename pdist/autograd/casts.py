"""Conversion of Variables to one library, device and dtype, by differentiable casts."""

from __future__ import annotations

from typing import Any

from .namespaces import public
from .promotion import coerce
from .variable import Variable


def promote(who: str, names: Any, values: Any) -> list[Variable]:
    """Values as Variables of one library, device and floating dtype, by differentiable casts.

    Args:
        who: the beginning of error messages.
        names: the names of the values in error messages.
        values: Variables, arrays, numbers or nested lists.
    """
    raws = [value._array if isinstance(value, Variable) else value for value in values]
    _, arrays = coerce(who, names, raws)
    return [
        (value if value._array.dtype == array.dtype else public.cast(value, array.dtype))
        if isinstance(value, Variable)
        else Variable(array, requires_grad=False)
        for value, array in zip(values, arrays, strict=True)
    ]


__all__ = ["promote"]
