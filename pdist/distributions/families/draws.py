"""Draws that several families are made of."""

from __future__ import annotations

from typing import Any

from ... import functions as F
from ...numerics.constants import SMALLEST


def exponential(rng: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Draws of a standard Exponential, never 0: their logarithm is finite."""
    return rng.standard_exponential(shape, dtype=dtype) + SMALLEST[dtype.itemsize > 4]


def inside_unit(x: Any) -> Any:
    """Draws from (0, 1) that rounding may have put onto its ends, at the nearest number inside."""
    double = x.dtype.itemsize > 4
    return F.clip(x, SMALLEST[double], 1 - (2.0**-53 if double else 2.0**-24))
