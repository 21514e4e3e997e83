"""Draws that several families are made of."""

from __future__ import annotations

from typing import Any

from ...numerics.constants import SMALLEST


def exponential(rng: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Draws of a standard Exponential, never 0: their logarithm is finite."""
    return rng.standard_exponential(shape, dtype=dtype) + SMALLEST[dtype.itemsize > 4]
