"""Draws shared by several families."""

from __future__ import annotations

from typing import Any

from ...numerics.constants import SMALLEST


def exponential(rng: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Draws from a standard Exponential, never 0, so that their logarithm is finite."""
    return rng.standard_exponential(shape, dtype=dtype) + SMALLEST[dtype.itemsize > 4]
