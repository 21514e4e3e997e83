"""Student's t: second derivatives of its density and its tails, far out and in the middle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from exactly import require_second_derivatives

import pdist.distributions as D
from pdist import Variable


def log_density(x: Any, df: Any, s: Any) -> Any:
    half = mp.loggamma((df + 1) / 2) - mp.loggamma(df / 2) - mp.log(mp.pi * df) / 2
    return half - (df + 1) / 2 * mp.log1p((x / s) ** 2 / df) - mp.log(s)


def log_cdf(x: Any, df: Any, s: Any) -> Any:
    tail = mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + (x / s) ** 2), regularized=True) / 2
    return mp.log(tail if x < 0 else 1 - tail)


@pytest.mark.parametrize(("name", "truth"), [("log_prob", log_density), ("log_cdf", log_cdf)])
@pytest.mark.parametrize("values", [(0.75, 3.5, 1.25), (-2.5, 1.25, 0.5), (40.0, 0.5, 3.0)])
def test_second_derivatives(name: str, truth: Callable[..., Any], values: tuple[float, ...]) -> None:
    """By value, degrees of freedom and scale, each pair of them."""
    x, df, s = (Variable(np.array(v)) for v in values)
    y = getattr(D.StudentT(df, loc=0.0, scale=s), name)(x)
    require_second_derivatives(y, [x, df, s], truth, 1e-10, name)
