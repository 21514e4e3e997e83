"""Small differences and the ops made of them, against mpmath, with their derivatives."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import pdist
from pdist import check_gradients
from pdist.numerics import differences as d

DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
rng = np.random.default_rng(11)


@pytest.fixture(autouse=True)
def quiet():
    """Branches that are not chosen may overflow."""
    with np.errstate(all="ignore"):
        yield


def signed(low: float, high: float, n: int = 120) -> np.ndarray:
    x = 10.0 ** rng.uniform(low, high, n)
    return np.concatenate([x, -x])


def worst(got: np.ndarray, truth: list[Any]) -> float:
    limits = np.finfo(got.dtype)
    errors = [0.0]
    for g, t in zip(got, truth, strict=True):
        if not float(limits.tiny) <= abs(t) <= float(limits.max):
            continue
        unit = mp.mpf(2) ** (mp.floor(mp.log(abs(t), 2)) - limits.nmant)
        errors.append(float(abs(mp.mpf(float(g)) - t) / unit) if np.isfinite(g) else math.inf)
    return max(errors)


def exact(*arrays: np.ndarray) -> list[list[Any]]:
    return [[mp.mpf(float(v)) for v in row] for row in zip(*arrays, strict=True)]


@DTYPES
def test_small_differences(dtype: Any) -> None:
    u = signed(-12, 2).astype(dtype)
    with mp.workdps(60):
        truth = [mp.expm1(v) - v for (v,) in exact(u)]
        assert worst(d.expm1mx(np, u), truth) <= 6
        u = u[u > -1]
        truth = [mp.log1p(v) - v for (v,) in exact(u)]
        assert worst(d.log1pmx(np, u), truth) <= 6


@DTYPES
def test_ratios(dtype: Any) -> None:
    b = (10.0 ** rng.uniform(-30, 30, 240)).astype(dtype)
    a = (b * np.exp(signed(-5, 1.3))).astype(dtype)
    a, b = a[a != b], b[a != b]
    with mp.workdps(60):
        pairs = exact(a, b)
        assert worst(d.log_ratio.kernel(np, a, b, a - b), [mp.log(s / t) for s, t in pairs]) <= 4
        truth = [s * mp.log(s / t) - s + t for s, t in pairs]
        assert worst(d.deviance(np, a, b, a - b), truth) <= 20  # of a and b a factor of two apart
    limits = np.finfo(dtype)
    far = np.array([limits.max, limits.tiny], dtype)
    got = d.log_ratio.kernel(np, far, far[::-1], far - far[::-1])
    np.testing.assert_allclose(got, np.log(far) - np.log(far[::-1]), rtol=4 * limits.eps)
    np.testing.assert_array_equal(d.deviance(np, far * 0, far, -far), far)
    assert (d.deviance(np, far, far * 0, far) == math.inf).all()


@DTYPES
def test_logarithms_that_cancel(dtype: Any) -> None:
    x = (10.0 ** rng.uniform(-20, 20, 240)).astype(dtype)
    y = (np.log(x) + signed(-4, 1)).astype(dtype)
    with mp.workdps(60):
        truth = [mp.log(s) - t for s, t in exact(x, y)]
        got = d.log_minus.kernel(np, x, y)
        eps = float(np.finfo(dtype).eps)
        errors = [abs(mp.mpf(float(g)) - t) for g, t in zip(got, truth, strict=True)]
        most = [abs(t) * eps + eps / 8 * (1 + abs(s)) for t, s in zip(truth, np.log(x).tolist(), strict=True)]
        assert all(e <= m for e, m in zip(errors, most, strict=True))
    ends = d.log_minus.kernel(np, np.array([0, -1, math.inf], dtype), np.ones(3, dtype))
    np.testing.assert_array_equal(ends, [-math.inf, math.nan, math.inf])


@DTYPES
def test_a_constant_in_two_parts(dtype: Any) -> None:
    """The sum is right where the parts cancel, to the digits that were stated."""
    hi = np.array([1.25, -3.5, 0.7], dtype)
    lo = (hi * np.finfo(dtype).eps / 5).astype(dtype)
    for log in (False, True):
        x = (np.exp(-hi) if log else -hi).astype(dtype)
        got = d.plus_double.kernel(np, x, hi, lo, log=log)
        with mp.workdps(60):
            truth = [(mp.log(s) if log else s) + h + r for s, h, r in exact(x, hi, lo)]
            tolerance = float(np.finfo(dtype).eps) / 16
            np.testing.assert_allclose(got, [float(t) for t in truth], atol=tolerance, rtol=tolerance)
        constant, residual = 1.2837870664093454, 3e-17
        x = np.array([math.exp(-constant) if log else -constant], dtype)
        got = d.plus_constant.kernel(np, x, constant=constant, residual=residual, log=log)
        with mp.workdps(60):
            (s,) = exact(x)[0]
            truth = (mp.log(s) if log else s) + mp.mpf(constant) + mp.mpf(residual)
            np.testing.assert_allclose(got, [float(truth)], atol=tolerance, rtol=tolerance)
    far = d.plus_double.kernel(np, hi, np.full(3, math.inf, dtype), lo, log=True)
    assert (far == math.inf).all()


@DTYPES
def test_shares_of_an_interval(dtype: Any) -> None:
    low, high = np.array([-1.0, 0.1, -3e38, 0.0], dtype), np.array([3.0, 0.7, 3e38, 1e-3], dtype)
    for t in (0.0, 0.25, 0.5, 1.0):
        x = ((1 - t) * low + t * high).astype(dtype)
        np.testing.assert_allclose(d.share_between.kernel(np, x, low, high), t, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(d.share_between.kernel(np, low - 1, low, high)[[0, 1, 3]], 0)
    np.testing.assert_array_equal(d.share_between.kernel(np, high + 1, low, high)[[0, 1, 3]], 1)
    with mp.workdps(60):
        truth = [mp.log(h - s) for s, h in exact(low, high)]
        assert worst(d.log_difference.kernel(np, low, high), truth) <= 2
        x, start, width = np.array([0.3, 0.999, 5.0], dtype), np.array([0.1, 0.1, 3.0], dtype), 0.9
        width = np.array([width, width, 2.25], dtype)
        truth = [1 - (s - t) / w for s, t, w in exact(x, start, width)]
        assert worst(d.share_above.kernel(np, x, start, width), truth) <= 2


@DTYPES
def test_an_exponential_of_a_sum(dtype: Any) -> None:
    a, b = rng.uniform(-20, 20, 200).astype(dtype), rng.uniform(-7, 7, 200).astype(dtype)
    c = rng.uniform(-7, 7, 200).astype(dtype)
    with mp.workdps(60):
        truth = [mp.exp(s + t * u) for s, t, u in exact(a, b, c)]
        assert worst(d.exp_affine.kernel(np, a, b, c), truth) <= 4
    gone = d.exp_affine(*[pdist.Variable(np.array([v], dtype)) for v in (-1e4, 1.0, 2.0)])
    assert gone.array == 0


def test_derivatives() -> None:
    x, y = np.array([0.3, 2.0, 5.0]), np.array([0.5, 1.25, 3.0])
    check_gradients(d.expm1mx_op, [x])
    check_gradients(d.log_minus, [x, y])
    check_gradients(d.exp_affine, [0.3 * x, y, 0.25 * x])
    check_gradients(d.log_difference, [x - 1, x + y])
    check_gradients(d.share_between, [x, x - 0.5 * y, x + y])
    check_gradients(d.share_above, [x, x - 0.5 * y, 2 * y])
    for log in (False, True):
        check_gradients(lambda x, h, log=log: d.plus_double(x, h, 0 * h, log=log), [x, y])
        check_gradients(lambda x, log=log: d.plus_constant(x, constant=1.5, residual=0.0, log=log), [x])
    for a, b in ((x, y), (y, x)):
        check_gradients(lambda a, b: d.log_ratio(a, b, a - b), [a, b])
