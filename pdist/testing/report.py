"""The errors of checks, and comparison of results."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Variable
from ..backend import to_cpu


class PropertyError(AssertionError):
    """A distribution does not have a property.

    Args:
        property: the name of the property.
        dist: the distribution.
        what: what is wrong.
        **facts: the inputs and results, printed one per line.
    """

    def __init__(self, property: str, dist: Any, what: str, **facts: Any) -> None:
        self.property = property
        self.facts = facts
        lines = [f"{property}: {what}", f"  distribution: {_describe(dist)}"]
        lines += [f"  {name + ':':13s} {_print(value)}" for name, value in facts.items()]
        super().__init__("\n".join(lines))


class Inapplicable(Exception):
    """A property does not apply to a distribution, such as an inverse cdf of vectors; says why."""


def host(value: Any) -> np.ndarray:
    """The values of a Variable, an array of any library or a number, as a NumPy array."""
    return to_cpu(value.array if isinstance(value, Variable) else value)


def tolerance(dtype: Any) -> float:
    """The relative error that checks against quadrature and finite differences allow.

    It distinguishes wrong formulas from right ones. The accuracy of right ones, in ulps, is measured by the
    project's accuracy benchmark.
    """
    return 3e-4 if np.dtype(dtype) == np.float32 else 1e-6


def require(condition: Any, property: str, dist: Any, what: str, **facts: Any) -> None:
    """Raise :class:`PropertyError` unless ``condition``, a bool or an array of bools, holds everywhere.

    Args:
        condition: the condition.
        property: the property's name.
        dist: the distribution.
        what: what is wrong if it does not hold.
        **facts: inputs and results. Arrays of the condition's shape are reduced to the first element where
            it does not hold.
    """
    condition = np.asarray(condition)
    if condition.all():
        return
    if not condition.ndim:
        raise PropertyError(property, dist, what, **facts)
    index = tuple(int(i) for i in np.argwhere(~condition)[0])
    narrowed = {name: _at(value, index, condition.shape) for name, value in facts.items()}
    raise PropertyError(property, dist, what, index=index, **narrowed)


def require_close(
    got: Any,
    expected: Any,
    property: str,
    dist: Any,
    what: str,
    rtol: float,
    atol: Any = 0.0,
    **inputs: Any,
) -> None:
    """Raise :class:`PropertyError` if two results differ; nan equals nan and inf equals inf.

    Args:
        got: the distribution's result.
        expected: the right one, which broadcasts with it.
        property: the property's name.
        dist: the distribution.
        what: a description of the result.
        rtol: the allowed difference relative to ``expected``.
        atol: the allowed absolute difference.
        **inputs: the inputs that led to the results.
    """
    got, expected = (np.asarray(host(v), dtype=np.float64) for v in (got, expected))
    got, expected = np.broadcast_arrays(got, expected)
    with np.errstate(invalid="ignore", over="ignore"):
        allowed = rtol * np.abs(expected) + atol
        close = np.abs(got - expected) <= allowed
    same = (got == expected) | (np.isnan(got) & np.isnan(expected))
    require(
        same | (close & np.isfinite(expected)),
        property,
        dist,
        what,
        **inputs,
        got=got,
        expected=expected,
        within=np.broadcast_to(allowed, got.shape),
    )


def _at(value: Any, index: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """The element of a fact at ``index``, if it has one for each."""
    if isinstance(value, (Variable, np.ndarray)) and host(value).shape[: len(shape)] == shape:
        return host(value)[index]
    return value


def _describe(dist: Any) -> str:
    """The repr with batch shape and dtype; a repr that itself fails must not hide the failure."""
    try:
        return f"{dist!r}, batch shape {dist.batch_shape}, {dist.dtype}"
    except Exception as error:
        return f"a {type(dist).__name__} whose repr raises {error!r}"


def _print(value: Any) -> str:
    if isinstance(value, Variable):
        value = host(value)
    if isinstance(value, np.ndarray):
        return np.array2string(value, separator=", ", threshold=20, precision=17)
    return repr(value.item()) if isinstance(value, np.generic) else str(value)
