"""Truths to many digits with mpmath, and errors against them in units in the last place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import mpmath as mp
import numpy as np
from hypothesis import strategies as st

import pdist

DIGITS = 120  # the truth itself may cancel


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers from ``low`` to ``high`` that float32 can hold, so that one truth serves both dtypes."""
    return st.floats(float(np.float32(low)), float(np.float32(high)), width=32)


def scales(octaves: float = 7) -> st.SearchStrategy[float]:
    """Positive numbers within so many powers of 2 of 1 that float32 can hold."""
    return numbers(-octaves, octaves).map(lambda k: float(np.float32(2.0**k)))


def truths(formula: Callable[..., Any], *columns: Any) -> list[Any]:
    """``formula`` at each row of arrays or numbers that broadcast, as mpmath numbers: exactly as given."""
    rows = np.broadcast_arrays(*[np.asarray(c) for c in columns])
    with mp.workdps(DIGITS):
        return [
            formula(*[mp.mpf(float(v)) for v in row]) for row in zip(*[r.ravel() for r in rows], strict=True)
        ]


def slopes(formula: Callable[..., Any], by: int, *columns: Any) -> list[Any]:
    """The derivative of ``formula`` by its argument number ``by``."""

    def slope(*row: Any) -> Any:
        def along(t: Any) -> Any:
            return formula(*row[:by], t, *row[by + 1 :])

        # A step relative to the argument: mpmath's own is absolute, too long for a scale of 1e-30.
        step = mp.mpf(10) ** -20 * (abs(row[by]) or 1)
        with mp.workdps(2 * DIGITS):
            return (along(row[by] + step) - along(row[by] - step)) / (2 * step)

    return truths(slope, *columns)


def ulps(got: Any, expected: Iterable[Any], beside: Any = 0.0) -> np.ndarray:
    """How far ``got`` is from the truth, in units in the last place of the truth in got's dtype.

    Args:
        got: an array or Variable.
        expected: mpmath numbers, as many as got has elements.
        beside: where the truth is smaller than this, units of this: for what passes through zero.

    Returns:
        An array of got's size; inf where got is nan, or infinite though the truth can be represented (or not
        infinite although it cannot).
    """
    got = np.asarray(getattr(got, "array", got)).ravel()
    info = np.finfo(got.dtype)
    beside = np.broadcast_to(np.asarray(beside, float), got.shape)
    out = np.empty(got.shape)
    expected = list(expected)
    assert len(expected) == got.size, (len(expected), got.size)
    with mp.workdps(DIGITS):
        for i, (value, truth) in enumerate(zip(got, expected, strict=True)):
            if mp.isnan(truth) or np.isnan(value):
                out[i] = 0 if mp.isnan(truth) and np.isnan(value) else np.inf
            elif abs(truth) > float(info.max):
                out[i] = 0 if value == np.sign(float(mp.sign(truth))) * np.inf else np.inf
            else:
                size = max(abs(truth), mp.mpf(float(beside[i])), mp.mpf(float(info.tiny)))
                unit = mp.mpf(2) ** (mp.floor(mp.log(size, 2)) - info.nmant)
                out[i] = float(abs(mp.mpf(float(value)) - truth) / unit) if np.isfinite(value) else np.inf
    return out


def require(got: Any, expected: Iterable[Any], limit: float, beside: Any = 0.0, what: str = "") -> None:
    """Hold every element to ``limit`` units in the last place.

    Raises:
        AssertionError: with the worst element.
    """
    expected = list(expected)
    errors = ulps(got, expected, beside)
    if errors.size and errors.max() > limit:
        i = int(errors.argmax())
        raise AssertionError(
            f"{what} at {i}: got {np.ravel(getattr(got, 'array', got))[i]!r}, expected "
            f"{mp.nstr(expected[i], 20)}: {errors[i]:.3g} ulps, allowed are {limit}"
        )


def require_second_derivatives(
    y: Any, inputs: list[Any], formula: Callable[..., Any], rtol: float, what: str
) -> None:
    """Hold the second derivatives of ``y`` by each pair of inputs to those of a formula of numbers."""
    values = [mp.mpf(float(v.array)) for v in inputs]
    first = pdist.grad([y], inputs, enable_double_backprop=True)
    for i, slope in enumerate(first):
        for j, got in enumerate(pdist.grad([slope], inputs)):
            orders = [(k == i) + (k == j) for k in range(len(inputs))]
            with mp.workdps(60):
                expected = float(mp.diff(formula, tuple(values), tuple(orders)))
            np.testing.assert_allclose(got.array, expected, rtol=rtol, err_msg=f"{what} {orders}")


def log_phi(z: Any) -> Any:
    """The logarithm of the standard Normal distribution function, in any tail."""
    tail = mp.erfc(abs(z) / mp.sqrt(2)) / 2
    return mp.log(tail) if z < 0 else mp.log1p(-tail)
