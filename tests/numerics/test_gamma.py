"""What Stirling's approximation leaves of Gamma and its derivatives, against mpmath."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest

import pdist
from pdist.functions.special import lgamma1p
from pdist.numerics import bregman, gamma

DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
half = mp.mpf(1) / 2


def psi(n: int, x: Any) -> Any:
    return mp.polygamma(n, x)


# name: op, its truth and that of its derivative, ulps allowed of either
OPS: dict[str, tuple[Any, Any, Any, float, float]] = {
    "log_minus_digamma": (
        gamma.log_minus_digamma, lambda x: mp.log(x) - psi(0, x), lambda x: 1 / x - psi(1, x), 4, 4,
    ),
    "trigamma_minus": (
        gamma.trigamma_minus, lambda x: psi(1, x) - 1 / x, lambda x: psi(2, x) + 1 / x**2, 4, 6,
    ),
    "tetragamma_minus": (
        gamma.tetragamma_minus, lambda x: psi(2, x) + 1 / x**2, lambda x: psi(3, x) - 2 / x**3, 6, None,
    ),
    "half_step": (
        gamma.half_step,
        lambda x: mp.loggamma(x + half) - mp.loggamma(x) - mp.log(x) / 2,
        lambda x: psi(0, x + half) - psi(0, x) - half / x,
        40, 4,
    ),
    "half_step_slope": (
        gamma.half_step_slope,
        lambda x: psi(0, x + half) - psi(0, x) - half / x,
        lambda x: psi(1, x + half) - psi(1, x) + half / x**2,
        6, 8,
    ),
    "half_step_bend": (
        gamma.half_step_bend,
        lambda x: psi(1, x + half) - psi(1, x) + half / x**2,
        lambda x: psi(2, x + half) - psi(2, x) - 1 / x**3,
        8, 10,
    ),
    "trigamma": (bregman.trigamma, lambda x: psi(1, x), lambda x: psi(2, x), 4, 4),
}  # fmt: skip


def ulps(got: np.ndarray, truth: list[Any]) -> np.ndarray:
    limits = np.finfo(got.dtype)
    errors = []
    for g, t in zip(got, truth, strict=True):
        if not float(limits.tiny) <= abs(t) <= float(limits.max):
            continue  # not a number of this dtype
        unit = mp.mpf(2) ** (mp.floor(mp.log(abs(t), 2)) - limits.nmant)
        errors.append(float(abs(mp.mpf(float(g)) - t) / unit) if np.isfinite(g) else np.inf)
    return np.array(errors)


@DTYPES
@pytest.mark.parametrize("name", OPS)
def test_ops_and_their_derivatives(name: str, dtype: Any) -> None:
    op, value, derivative, allowed, allowed_derivative = OPS[name]
    x = np.concatenate([10.0 ** np.linspace(-12, 12, 121), np.linspace(0.3, 3, 28)]).astype(dtype)
    variable = pdist.Variable(x)
    y = op(variable)
    (slope,) = pdist.grad([y], [variable])
    with mp.workdps(110):
        exact = [mp.mpf(float(v)) for v in x]
        for got, truth, limit in ((y, value, allowed), (slope, derivative, allowed_derivative)):
            assert got.dtype == dtype
            if limit is not None:
                errors = ulps(got.array, [truth(v) for v in exact])
                assert len(errors) > 60
                assert errors.max() <= limit, f"{errors.max():.3g} ulps"


def test_the_rule_by_polygammas() -> None:
    x = pdist.Variable(np.array([0.1, 0.7, 2.0, 9.0]))
    (slope,) = pdist.grad([gamma.tetragamma_minus(x)], [x])
    truth = [float(psi(3, mp.mpf(v)) - 2 / mp.mpf(v) ** 3) for v in x.array]
    np.testing.assert_allclose(slope.array, truth, rtol=1e-12)


@DTYPES
def test_what_stirling_leaves(dtype: Any) -> None:
    x = np.concatenate([10.0 ** np.linspace(-12, 12, 121), np.linspace(0.3, 3, 28)]).astype(dtype)
    with mp.workdps(60):
        large = lambda x: (x + half) * mp.log(x) - x + mp.log(2 * mp.pi) / 2
        truth = [mp.loggamma(v + 1) - large(v) for v in (mp.mpf(float(v)) for v in x)]
    assert ulps(gamma.stirling_error.kernel(np, x), truth).max() <= 10


@DTYPES
def test_log_gamma_between_its_zeros(dtype: Any) -> None:
    k = np.concatenate([np.linspace(0, 1, 101), 2.0 ** -np.arange(1, 60), 1 - 2.0 ** -np.arange(2, 24)])
    k = k.astype(dtype)
    k = k[(k > 0) & (k < 1)]
    with mp.workdps(60):
        assert ulps(lgamma1p(np, k), [mp.loggamma(1 + mp.mpf(float(v))) for v in k]).max() <= 4


@DTYPES
def test_change_and_bregman_piece(dtype: Any) -> None:
    rng = np.random.default_rng(3)
    a = (10.0 ** rng.uniform(-4, 6, 200)).astype(dtype)
    b = (a * 10.0 ** (rng.choice([-1, 1], 200) * 10.0 ** rng.uniform(-5, 0.7, 200))).astype(dtype)
    a, b = a[a != b], b[a != b]
    with mp.workdps(60):
        pairs = [(mp.mpf(float(s)), mp.mpf(float(t))) for s, t in zip(a, b, strict=True)]
        rest = lambda x: mp.log(x) - psi(0, x)
        phi = lambda x: mp.loggamma(x) - x * mp.log(x) + x
        change = [rest(s) - rest(t) for s, t in pairs]
        piece = [phi(s) - phi(t) + (s - t) * rest(t) for s, t in pairs]
    assert ulps(gamma.log_minus_digamma_change.kernel(np, a, b), change).max() <= 12
    assert ulps(gamma.bregman_gamma.kernel(np, a, b), piece).max() <= 40
    x, y = pdist.Variable(a), pdist.Variable(b)
    by_a, by_b = pdist.grad([gamma.bregman_gamma(x, y)], [x, y])
    with mp.workdps(60):
        assert ulps(by_a.array, [-c for c in change]).max() <= 12
        assert ulps(by_b.array, [(t - s) * (psi(1, t) - 1 / t) for s, t in pairs]).max() <= 6
    by_a, by_b = pdist.grad([gamma.log_minus_digamma_change(x, y)], [x, y])
    with mp.workdps(60):
        assert ulps(by_a.array, [1 / s - psi(1, s) for s, t in pairs]).max() <= 4
        assert ulps(by_b.array, [psi(1, t) - 1 / t for s, t in pairs]).max() <= 4
