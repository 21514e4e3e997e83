"""Incomplete Gamma and Beta functions, inverses and slopes by shape, in ulps beside SciPy's.

``python -m benchmarks.accuracy.incomplete`` prints the table; with ``--make`` it computes the references
first, by series in arithmetic of as many digits as the smallest tail asks for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np
from scipy import special

STORED = Path(__file__).parent / "incomplete.npz"
DECADES = ((1e-3, 0.1), (0.1, 1.0), (1.0, 10.0), (10.0, 100.0), (100.0, 1e4), (1e4, 1e6))
EACH = 40  # cases of a pair of decades
LEAST = 1e-300  # tails below it are left out


class Case(NamedTuple):
    """Shapes and an argument; of a Gamma the second shape is 0."""

    a: float
    b: float
    x: float


# References -------------------------------------------------------------------------------------------------


def _gamma_lower(a: Any, x: Any) -> Any:
    """x^a e^-x/Gamma(a + 1) times 1 + x/(a + 1) + x^2/((a + 1)(a + 2)) + ..."""
    term = total = mp.mpf(1)
    n = 0
    while term > total * mp.eps or n < x - a:
        n += 1
        term *= x / (a + n)
        total += term
    return mp.exp(a * mp.log(x) - x - mp.loggamma(a + 1)) * total


def _beta_lower(a: Any, b: Any, x: Any) -> Any:
    """x^a (1 - x)^b/(a B(a, b)) times 1 + (a + b) x/(a + 1) + ..., or from the other end."""
    if x > 0.5:
        return 1 - _beta_lower(b, a, 1 - x)
    term = total = mp.mpf(1)
    n = 0
    while term > total * mp.eps:
        term *= (a + b + n) / (a + 1 + n) * x
        total += term
        n += 1
    log_beta = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)
    return mp.exp(a * mp.log(x) + b * mp.log1p(-x) - log_beta) / a * total


def _lower(case: Case) -> Any:
    a, b, x = (mp.mpf(v) for v in case)
    return _beta_lower(a, b, x) if case.b else _gamma_lower(a, x)


def _density(case: Case) -> Any:
    a, b, x = (mp.mpf(v) for v in case)
    if not case.b:
        return mp.exp((a - 1) * mp.log(x) - x - mp.loggamma(a))
    log_beta = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)
    return mp.exp((a - 1) * mp.log(x) + (b - 1) * mp.log1p(-x) - log_beta)


def truths(case: Case) -> dict[str, Any]:
    """Both tails, the slope of the lower one by the first shape, and the quantile of its float64 number.

    The latter is a step of Newton's from x, which is off by half a rounding of the tail; it is left out where
    that is too much for one step.
    """
    both = special.betainc, special.betaincc, special.gammainc, special.gammaincc
    rough = [f(*case) if case.b else f(case.a, case.x) for f in both[0 if case.b else 2 :][:2]]
    digits = -int(np.log10(max(min(rough), 1e-320)))
    with mp.workdps(160 + digits):
        lower = _lower(case)
        step = mp.mpf(case.a) * mp.mpf(10) ** -40
        ends = []
        for sign in (1, -1):
            a = mp.mpf(case.a) + sign * step
            b, x = mp.mpf(case.b), mp.mpf(case.x)
            ends.append(_beta_lower(a, b, x) if case.b else _gamma_lower(a, x))
        slope = (ends[0] - ends[1]) / (2 * step)
        away = (lower - mp.mpf(float(lower))) / _density(case) if lower > LEAST else mp.mpf(1)
        near = abs(away) < mp.mpf(case.x) * mp.mpf(10) ** -12
        quantile = mp.mpf(case.x) - away if near else mp.mpf(0)
        return {"lower": lower, "upper": 1 - lower, "slope": slope, "quantile": quantile}


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Arguments in the middle and far into both tails, for shapes of all pairs of decades."""
    shape = lambda decade: float(10 ** rng.uniform(*np.log10(decade)))
    for decade in DECADES:
        for i in range(EACH):
            a = shape(decade)
            z = (1 if i % 2 else 6) * rng.normal()
            x = a + np.sqrt(a) * z if a > 40 else a * np.exp(z) if i % 3 else a * 10 ** rng.uniform(-6, 2)
            yield Case(a, 0.0, float(np.clip(x, 1e-300, 700 + 2 * a)))
    for first in DECADES[:-1]:
        for second in DECADES[:-1]:
            for i in range(EACH // 4):
                a, b = shape(first), shape(second)
                m = a / (a + b)
                spread = np.sqrt(m * (1 - m) / (a + b + 1))
                x = m + (1 if i % 2 else 5) * spread * rng.normal()
                yield Case(a, b, float(np.clip(x, max(1e-12, 1e-3 * m), 1 - max(1e-12, 1e-3 * (1 - m)))))


def make() -> None:
    """Compute and store the references."""
    found: dict[str, list[float]] = {}
    for case in cases(np.random.default_rng(17)):
        row: dict[str, Any] = dict(case._asdict())
        for name, truth in truths(case).items():
            row[f"{name} hi"] = float(truth)
            row[f"{name} lo"] = float(truth - mp.mpf(float(truth)))
        for name, value in row.items():
            found.setdefault(name, []).append(value)
    np.savez_compressed(STORED, **{name: np.array(values) for name, values in found.items()})


# The table --------------------------------------------------------------------------------------------------


def ulps(got: np.ndarray, hi: np.ndarray, lo: np.ndarray) -> np.ndarray:
    """Distances in units in the last place; nan where the truth is too small."""
    with np.errstate(all="ignore"):
        away = abs((got - hi) - lo) / np.spacing(abs(hi))
    return np.where(abs(hi) > LEAST, away, np.nan)


def answers(
    a: np.ndarray, b: np.ndarray, x: np.ndarray, hi: np.ndarray
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Of cases of one function: the quantity, whose answer it is, and the answer; hi is the lower tail."""
    import pdist
    from pdist import distributions as D

    leaf = pdist.Variable(a, requires_grad=True)
    beta = bool(b.all())
    d = D.Beta(leaf, b) if beta else D.Gamma(leaf, theta=1.0)
    lower = d.cdf(x)
    yield "lower", "pdist", lower.array
    yield "upper", "pdist", d.survival_function(x).array
    (slope,) = pdist.grad([lower.sum()], [leaf])
    yield "slope", "pdist", slope.array
    yield "quantile", "pdist", d.icdf(hi).array
    yield "quantile", "SciPy", special.betaincinv(a, b, hi) if beta else special.gammaincinv(a, hi)
    yield "lower", "SciPy", special.betainc(a, b, x) if beta else special.gammainc(a, x)
    yield "upper", "SciPy", special.betaincc(a, b, x) if beta else special.gammaincc(a, x)


def summary(found: np.ndarray) -> str:
    """The median and the worst of distances."""
    found = found[~np.isnan(found)]
    return f"{np.median(found):.1f}, {found.max():.3g}" if len(found) else ""


def table(write: Callable[[str], None] = print) -> None:
    """Median and worst error of each quantity by the decade of the (first) shape."""
    with np.load(STORED) as stored:
        of = {name: stored[name] for name in stored.files}
    write(f"Ulps, median and worst, where the truth exceeds {LEAST:g}:\n")
    columns = [(q, who) for q in ("lower", "upper", "quantile") for who in ("pdist", "SciPy")]
    columns.append(("slope", "pdist"))
    write("| | " + " | ".join(f"{q}, {who}" for q, who in columns) + " |")
    write("|---|" + "---|" * len(columns))
    for name, chosen in (("Gamma", of["b"] == 0), ("Beta", of["b"] > 0)):
        for low, high in DECADES:
            here = chosen & (of["a"] >= low) & (of["a"] < high)
            if not here.any():
                continue
            cells = {}
            given = [of[name][here] for name in ("a", "b", "x", "lower hi")]
            for quantity, who, got in answers(*given):
                found = ulps(got, of[f"{quantity} hi"][here], of[f"{quantity} lo"][here])
                cells[quantity, who] = summary(found)
            row = " | ".join(cells[column] for column in columns)
            write(f"| {name}, shape {low:g} to {high:g} | {row} |")


if __name__ == "__main__":
    if "--make" in sys.argv:
        make()
    table()
