"""Distributions: log-densities and their gradients, tails, quantiles and draws, and the digits of each.

Parameters are numbers; for the gradients they are arrays as long as x, as a model's outputs would be, and the
gradient is by all of them and, of a density, by x. SciPy, PyTorch and jitted JAX take part where they have
such a function. Validation is off wherever it exists.

The digits are those of the worst of a hundred results, against mpmath: of a tail relative to its true value,
however small; of the others relative to it or to 0.01, so that zeros do not count. A side takes part in the
ratio if its error is at most eight times ours or 16 units in the last place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from ..timing import Comparison, Step
from .families import FAMILIES, Family
from .sides import SIDES, Lacking
from .truth import errors

SMALL, LARGE = 32, 1_000_000
METHODS = ("log_prob", "gradient", "cdf", "icdf", "sample")


def large(size: int = LARGE) -> Iterator[Comparison]:
    """Every method of every family on a million numbers, in both dtypes."""
    for dtype in ("float32", "float64"):
        for name, family in FAMILIES.items():
            for method in METHODS:
                yield Comparison(
                    f"{name} {method} {dtype}",
                    _sides(family, method, dtype, size),
                    asked=1.0,
                    errors=partial(errors, family, method, dtype, size),
                )


def small() -> Iterator[Comparison]:
    """Constructed, evaluated and differentiated for 32 numbers, against PyTorch."""
    for name, family in FAMILIES.items():
        if family.numbers:
            sides = _sides(family, "gradient", "float32", SMALL)
            yield Comparison(
                f"{name} log_prob, backward", {side: sides[side] for side in ("pdist", "torch")}, asked=0.5
            )


def _sides(family: Family, *job: Any) -> dict[str, Callable[[], Step]]:
    return {side: partial(_step, make, family, *job) for side, make in SIDES.items()}


def _step(make: Callable[..., Step | None], family: Family, *job: Any) -> Step:
    broken = () if make is SIDES["pdist"] else (TypeError,)  # JAX's Gumbel has no slope by its scale
    try:
        found = make(family, *job)
        if found is not None and broken:
            found()
    except (AttributeError, NotImplementedError, *broken) as error:
        raise Lacking from error
    if found is None:
        raise Lacking
    return found
