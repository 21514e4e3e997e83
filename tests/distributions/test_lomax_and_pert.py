"""Lomax and PERT against mpmath, near their ends and far out."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest

import pdist.distributions as D


def close(got: Any, expected: Any, ulps: float = 8) -> None:
    expected = float(expected)
    assert abs(float(got.array) - expected) <= ulps * np.spacing(abs(expected))


@pytest.mark.parametrize("x", [1e-300, 1e-9, 0.5, 3.0, 1e6, 1e200])
@pytest.mark.parametrize(("scale", "alpha"), [(1.0, 3.0), (2.5, 0.0625), (1e-3, 40.0)])
def test_lomax(x: float, scale: float, alpha: float) -> None:
    d = D.Lomax(np.array(scale), alpha)
    with mp.workdps(50):
        h = mp.log1p(mp.mpf(x) / scale)
        close(d.log_prob(x), mp.log(mp.mpf(alpha) / scale) - (mp.mpf(alpha) + 1) * h)
        close(d.log_survival_function(x), -mp.mpf(alpha) * h)
        close(d.cdf(x), -mp.expm1(-mp.mpf(alpha) * h))


@pytest.mark.parametrize("p", [1e-12, 0.03125, 0.5, 0.96875])
def test_quantiles_of_lomax(p: float) -> None:
    with mp.workdps(50):
        close(D.Lomax(np.array(2.0), 3.0).icdf(p), 2 * mp.expm1(-mp.log1p(-mp.mpf(p)) / 3))


@pytest.mark.parametrize("x", [1.0000001, 1.5, 2.5, 4.0, 4.9990234375])
@pytest.mark.parametrize("peak", [1.0, 2.0, 5.0])
def test_pert(x: float, peak: float) -> None:
    d = D.PERT(np.array(1.0), peak, 5.0)
    with mp.workdps(50):
        a, b = 1 + mp.mpf(peak) - 1, 1 + 5 - mp.mpf(peak)
        u = (mp.mpf(x) - 1) / 4
        close(d.log_prob(x), (a - 1) * mp.log(u) + (b - 1) * mp.log1p(-u) - mp.log(4 * mp.beta(a, b)), 16)
        close(d.cdf(x), mp.betainc(a, b, 0, u, regularized=True), 16)
        close(d.survival_function(x), mp.betainc(b, a, 0, 1 - u, regularized=True), 16)
