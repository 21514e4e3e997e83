"""How one distribution is compared with mpmath: what a case states, limits, and strategies of numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from exactly import numbers
from hypothesis import strategies as st

ROWS = 6  # cases at once: a batch
CLASSES = 3

# Units in the last place that a quantity may be off by.
LIMITS = {
    "log_prob": 8,
    "gradient": 16,
    "cdf": 8,
    "survival_function": 8,
    "log_cdf": 12,
    "log_survival_function": 12,
    "icdf": 8,
    "entropy": 8,
    "mean": 8,
    "variance": 8,
    "responsibilities": 16,
    "kl": 16,
    "kl gradient": 32,
}
CDFS = ("cdf", "survival_function")


@dataclass(frozen=True, eq=False)
class Case:
    """How one distribution is compared.

    Args:
        make: makes it of arrays by parameter name.
        parameters: strategies of one row's parameters: of a number, or of a tuple for a vector.
        value: a strategy of what ``place`` makes a value of.
        place: a value of what was drawn and of the parameters.
        log_prob: its formula, of the value and the parameters; also of KL where the value is summed over.
        truths: the formulas of other quantities: those of CDFS of value and parameters, icdf of p and
            parameters, the rest of the parameters.
        sizes: of the largest term of a quantity (or of ``"d_x"``), a formula of value and parameters; 1 for
            log_prob and entropy, the largest component of the row for a gradient, else the truth itself.
        kl: the formula of KL from the parameters of p and of q.
        free: the parameters whose gradients are compared; all by default.
        continuous: whether values have gradients.
        limits: of single quantities, in place of LIMITS.
        amplified: the quantities whose limit grows with the logarithm of the truth: an exponential of it.
    """

    name: str
    make: Callable[..., Any]
    parameters: dict[str, Any]
    value: Any
    place: Callable[..., Any]
    log_prob: Callable[..., Any]
    truths: dict[str, Callable[..., Any]] = field(default_factory=dict)
    sizes: dict[str, Callable[..., Any]] = field(default_factory=dict)
    kl: Callable[..., Any] | None = None
    free: tuple[str, ...] | None = None
    continuous: bool = True
    limits: dict[str, float] = field(default_factory=dict)
    amplified: tuple[str, ...] = ()

    def limit(self, quantity: str) -> float:
        return self.limits.get(quantity, LIMITS[quantity])

    def __str__(self) -> str:
        return self.name


# Strategies ------------------------------------------------------------------------------------------------


def places(low: float, high: float) -> st.SearchStrategy[float]:
    """Multiples of 2^-20: two of them are equal, or far enough apart for the truth to have its digits."""
    return numbers(low, high).map(lambda v: float(np.float32(np.rint(v * 2**20) / 2**20)))


probabilities = st.one_of(numbers(0.001, 0.999), numbers(1e-20, 1e-10))
# Multiples of 1/1024 that sum to one exactly in both dtypes.
simplices = st.lists(st.integers(1, 300), min_size=CLASSES - 1, max_size=CLASSES - 1).map(
    lambda k: (*[i / 1024 for i in k], 1 - sum(k) / 1024)
)
labels = st.integers(0, CLASSES - 1)


def vectors(elements: Any) -> Any:
    return st.tuples(*[elements] * CLASSES)
