"""Writes ``shape_references.npz``: derivatives of tails by a shape, and Bregman pieces, to sixty digits.

``python tests/numerics/make_references.py`` needs mpmath and a minute. All inputs are exact in float32. Each
true value is the sum of two doubles, ``high`` and ``low``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np

HALF = mp.mpf(1) / 2


def derivatives(f: Callable[[Any], Any], x: Any) -> tuple[Any, Any, Any]:
    """f and two derivatives by differences in steps of 10^-22: right to some forty digits."""
    e = x * mp.mpf(10) ** -22
    a, y, b = f(x + e), f(x), f(x - e)
    return y, (a - b) / (2 * e), (a - 2 * y + b) / (e * e)


def power_series(ratio: Callable[[int], Any], digits: int) -> Any:
    """1 + r(0) + r(0) r(1) + ..., in which terms may grow at first."""
    term = total = mp.mpf(1)
    n, smallest = 0, mp.mpf(10) ** -digits
    while True:
        r = ratio(n)
        term, n = term * r, n + 1
        total += term
        if r < 1 and term < smallest * total * (1 - r):
            return total


def gamma_lower(k: Any, z: Any) -> Any:
    return mp.exp(k * mp.log(z) - z - mp.loggamma(k + 1)) * power_series(lambda n: z / (k + 1 + n), mp.mp.dps)


def student_density(a: Any, df: Any) -> Any:
    norm = mp.loggamma((df + 1) / 2) - mp.loggamma(df / 2) - mp.log(df * mp.pi) / 2
    return mp.exp(norm - (df + 1) / 2 * mp.log1p(a * a / df))


def student_upper(a: Any, df: Any) -> Any:
    p = a * a / (df + a * a)
    start = a * student_density(a, df)
    if p < 0.6:
        series = power_series(lambda n: p * ((df + 1) / 2 + n) / (3 * HALF + n), mp.mp.dps)
        return HALF - start * series
    series = power_series(lambda n: (1 - p) * ((df + 1) / 2 + n) / (df / 2 + 1 + n), mp.mp.dps)
    return start / df * series


def tail_row(log_lower: tuple[Any, Any, Any]) -> dict[str, Any]:
    """Derivatives of both tails and of their logarithms from those of one logarithm."""
    y, slope, bend = log_lower
    tail = mp.exp(y)
    first, second = tail * slope, tail * (slope * slope + bend)
    other = 1 - tail
    return {
        "lower": first,
        "upper": -first,
        "log_lower": slope,
        "log_upper": -first / other,
        "bend_log_lower": bend,
        "bend_log_upper": -second / other - (first / other) ** 2,
        "bend_lower": second,
        "bend_upper": -second,
    }


def gamma_row(k: float, z: float) -> dict[str, Any]:
    with mp.workdps(260):  # P(Z > z) is 1 less the other one
        k, z = mp.mpf(k), mp.mpf(z)
        return tail_row(derivatives(lambda s: mp.log(gamma_lower(s, z)), k))


def student_row(a: float, df: float) -> dict[str, Any]:
    with mp.workdps(260):
        a, df = mp.mpf(a), mp.mpf(df)
        row = tail_row(derivatives(lambda s: mp.log1p(-student_upper(a, s)), df))
        row["log_density"] = derivatives(lambda s: mp.log(student_density(a, s)), df)[1]
        return row


def bregman_row(a: float, b: float) -> dict[str, Any]:
    with mp.workdps(90):
        a, b = mp.mpf(a), mp.mpf(b)
        return {
            "digamma_difference": mp.digamma(a) - mp.digamma(b),
            "bregman_lgamma": mp.loggamma(a) - mp.loggamma(b) - (a - b) * mp.digamma(b),
        }


def single(values: Any) -> np.ndarray:
    return np.asarray(values, np.float32).astype(np.float64)


def gamma_inputs(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """At random and on both sides of k = 3, z = k, z = 1/2 and k + z = 16."""
    k = 10 ** rng.uniform(-3, 6, 110)
    z = k + np.sqrt(k) * rng.uniform(-5, 8, 110)
    z = np.where(z > 0, z, k * 10 ** rng.uniform(-2, 1, 110))
    edges = [(k, c * s) for k in (2.9999, 3, 3.0001) for s in (0.999, 1, 1.001) for c in (k, 0.5)]
    edges += [(k, z) for k in (0.001, 0.02, 0.3, 0.5) for z in (k, 0.4999, 0.5, 0.5001, 0.7, 2, 9, 1e-6)]
    edges += [(8, z) for z in (7.5, 7.99, 8, 8.01, 8.5)]
    more_k, more_z = np.array(edges).T
    return single(np.concatenate([k, more_k])), single(np.concatenate([z, more_z]))


def student_inputs(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """At random and on both sides of p = 2/3 and of the a at which more degrees of freedom change nothing."""
    df = 10 ** rng.uniform(-2, 7, 100)
    a = abs(rng.standard_t(1.5, 100))
    a = np.where(df > 1e3, np.minimum(a, 12), a)
    edges = [(np.sqrt(2 * df) * s, df) for df in (0.01, 0.5, 3, 20) for s in (0.999, 1, 1.001)]
    edges += [(a, df) for df in (1e4, 1e7) for a in (1.54, 1.56)]
    edges += [(a, df) for df in (0.01, 0.03, 0.2) for a in (1e-4, 1.8, 1e4, 1e30)]
    edges += [(2e-4, df) for df in (1, 4e4)]
    more_a, more_df = np.array(edges).T
    return single(np.concatenate([a, more_a])), single(np.concatenate([df, more_df]))


def bregman_inputs(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """At random, near each other, and on both sides of a factor of two."""
    b = 10 ** rng.uniform(-3, 6, 120)
    a = b * np.concatenate([10 ** rng.uniform(-2, 2, 60), 1 + 10 ** rng.uniform(-6, -0.5, 60)])
    c = 10 ** rng.uniform(-3, 6, 40)
    factors = np.tile([1.999, 2.001, 1 / 1.999, 1 / 2.001], 10)
    return single(np.concatenate([a, c * factors])), single(np.concatenate([b, c]))


def main() -> None:
    rng = np.random.default_rng(7)
    stored: dict[str, np.ndarray] = {}
    for name, inputs, row in (
        ("gamma", gamma_inputs(rng), gamma_row),
        ("student", student_inputs(rng), student_row),
        ("bregman", bregman_inputs(rng), bregman_row),
    ):
        rows = [row(float(a), float(b)) for a, b in zip(*inputs, strict=True)]
        stored[f"{name}.first"], stored[f"{name}.second"] = inputs
        for quantity in rows[0]:
            high = np.array([float(r[quantity]) for r in rows])
            stored[f"{name}.{quantity}.high"] = high
            with mp.workdps(60):
                low = [float(r[quantity] - mp.mpf(h)) for r, h in zip(rows, high.tolist(), strict=True)]
            stored[f"{name}.{quantity}.low"] = np.array(low)
    np.savez_compressed(Path(__file__).with_name("shape_references.npz"), **stored)


if __name__ == "__main__":
    main()
