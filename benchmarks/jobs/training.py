"""A job in one of the libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Training:
    """A model under training.

    Args:
        step: takes the arrays of a batch, changes the parameters and returns the loss.
        parameters: returns the parameters as NumPy arrays, in the order and shapes of :mod:`.data`.
        array: converts a NumPy array to the library's.
        number: converts what ``step`` returns to a number.
        reseed: seeds the library's random numbers; None if it draws none or cannot be seeded.
    """

    step: Callable[..., Any]
    parameters: Callable[[], list[np.ndarray]]
    array: Callable[[np.ndarray], Any] = np.asarray
    number: Callable[[Any], float] = float
    reseed: Callable[[int], None] | None = None

    def with_step(self, step: Callable[..., Any]) -> Training:
        """The same model trained with another step."""
        return replace(self, step=step)

    def fed(self, batches: Iterable[tuple[np.ndarray, ...]]) -> Callable[[], Any]:
        """A step that takes the next batch itself, cyclically."""
        step = self.step
        following = cycle([tuple(map(self.array, batch)) for batch in batches]).__next__
        return lambda: step(*following())
