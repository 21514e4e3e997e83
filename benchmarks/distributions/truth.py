"""How wrong the results are, against mpmath."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..timing import Step
from .families import Family
from .sides import values

FEW = 100  # results that are judged
ZERO = 0.01  # what a difference is relative to where the true value is nearer to 0


def errors(family: Family, method: str, dtype: str, size: int, steps: Mapping[str, Step]) -> dict[str, float]:
    """The worst relative error of each side; empty where it is not known."""
    if family.log_prob is None or method == "sample":
        return {}
    import mpmath as mp

    x = values(family, method, dtype, size)
    at = np.linspace(0, size - 1, FEW).astype(int)
    found = {side: _as_list(step()) for side, step in steps.items()}
    with mp.workdps(40):
        numbers = [mp.mpf(float(np.dtype(dtype).type(number))) for number in family.numbers]
        judge = {"log_prob": _densities, "gradient": _gradients, "cdf": _tails, "icdf": _quantiles}[method]
        given = [mp.mpf(float(v)) for v in x[at]]
        return {
            side: max(map(float, judge(mp, family, given, numbers, [np.asarray(v)[at] for v in arrays])))
            for side, arrays in found.items()
        }


def _as_list(found: Any) -> list[Any]:
    return list(found) if isinstance(found, (list, tuple)) else [found]


def _densities(mp: Any, family: Family, xs: Any, numbers: Any, got: Any) -> list[Any]:
    assert family.log_prob is not None
    return [_off(mp, y, family.log_prob(mp, x, *numbers), ZERO) for x, y in zip(xs, got[0], strict=True)]


def _tails(mp: Any, family: Family, xs: Any, numbers: Any, got: Any) -> list[Any]:
    assert family.cdf is not None
    return [_off(mp, y, family.cdf(mp, x, *numbers), 0) for x, y in zip(xs, got[0], strict=True)]


def _gradients(mp: Any, family: Family, xs: Any, numbers: Any, got: Any) -> list[Any]:
    log_prob, found = family.log_prob, []
    assert log_prob is not None
    for i, x in enumerate(xs):
        point = [*numbers, x]
        for k, by in enumerate(got):
            order = tuple(int(j == k) for j in range(len(point)))
            slope = mp.diff(lambda *v: log_prob(mp, v[-1], *v[:-1]), point, order)
            found.append(_off(mp, by[i], slope, ZERO))
    return found


def _quantiles(mp: Any, family: Family, ps: Any, numbers: Any, got: Any) -> list[Any]:
    """Of counts, 0 or 1; of others, what is left of the probability, by the density."""
    log_prob, cdf, found = family.log_prob, family.cdf, []
    assert log_prob is not None and cdf is not None
    for p, y in zip(ps, got[0], strict=True):
        y = mp.mpf(float(y))
        if family.discrete:
            right = cdf(mp, y, *numbers) >= p and (y == 0 or cdf(mp, y - 1, *numbers) < p)
            found.append(0 if right else 1)
        else:
            rest = (cdf(mp, y, *numbers) - p) / mp.exp(log_prob(mp, y, *numbers))
            found.append(abs(rest) / max(abs(y), ZERO))
    return found


def _off(mp: Any, got: Any, true: Any, floor: float) -> Any:
    got = float(got)
    if not np.isfinite(got):
        return mp.inf
    size = max(abs(true), floor)
    return abs(mp.mpf(got) - true) / size if size else abs(got)
