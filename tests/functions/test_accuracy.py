"""The functions that promise digits, against mpmath, in units in the last place of the answer."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import scipy.special
from hypothesis import example, given, settings
from hypothesis import strategies as st

import pdist
import pdist.functions as F

rng = np.random.default_rng(7)


def magnitudes(low: float, high: float, n: int = 60) -> np.ndarray:
    """Numbers between ``low`` and ``high``, uniform in their logarithm."""
    return np.exp(rng.uniform(np.log(low), np.log(high), n))


def both_signs(low: float, high: float) -> np.ndarray:
    return np.concatenate([magnitudes(low, high), -magnitudes(low, high)])


def logistic(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def cdf(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2


# name: function, truth, true derivative, points, ulps allowed for value and derivative
CASES: dict[str, tuple[Any, Any, Any, np.ndarray, float, float]] = {
    "sigmoid": (F.sigmoid, logistic, lambda x: logistic(x) * logistic(-x), both_signs(1e-3, 80), 4, 8),
    "log_sigmoid": (
        F.log_sigmoid, lambda x: -mp.log1p(mp.exp(-x)), lambda x: logistic(-x), both_signs(1e-3, 80), 4, 4,
    ),
    "softplus": (F.softplus, lambda x: mp.log1p(mp.exp(x)), logistic, both_signs(1e-3, 80), 4, 4),
    "tanh": (F.tanh, mp.tanh, lambda x: 1 / mp.cosh(x) ** 2, both_signs(1e-4, 40), 4, 8),
    "log1mexp": (
        F.log1mexp, lambda x: mp.log(-mp.expm1(x)), lambda x: -1 / mp.expm1(-x), -magnitudes(1e-8, 80), 4, 4,
    ),
    "log1p": (F.log1p, mp.log1p, lambda x: 1 / (1 + x), magnitudes(1e-8, 1e8), 4, 4),
    "expm1": (F.expm1, mp.expm1, mp.exp, both_signs(1e-8, 80), 4, 4),
    "erfcx": (
        F.erfcx, lambda x: mp.exp(x * x) * mp.erfc(x),
        lambda x: 2 * x * mp.exp(x * x) * mp.erfc(x) - 2 / mp.sqrt(mp.pi),
        magnitudes(1e-3, 1e4), 8, 32,
    ),
    "log_ndtr": (
        F.log_ndtr, lambda x: mp.log(cdf(x)), lambda x: mp.npdf(x) / cdf(x), -magnitudes(1e-3, 1e3), 16, 16,
    ),
    "lgamma": (F.lgamma, mp.loggamma, mp.digamma, magnitudes(2.5, 1e30), 4, 8),
    "digamma": (F.digamma, mp.digamma, lambda x: mp.polygamma(1, x), magnitudes(1e-3, 1e4), 4, 8),
    "xlogy": (
        lambda x: F.xlogy(x, x), lambda x: x * mp.log(x), lambda x: mp.log(x) + 1, magnitudes(1, 1e4), 4, 4,
    ),
}  # fmt: skip


def ulps(got: np.ndarray, truth: list[Any]) -> np.ndarray:
    """The distances from the truth in units in its last place."""
    spacing = np.spacing(np.abs(np.array([float(t) for t in truth])).astype(got.dtype)).astype(float)
    return np.array(
        [float(abs(mp.mpf(float(g)) - t) / s) for g, t, s in zip(got, truth, spacing, strict=True)]
    )


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_last_digits(name: str, dtype: Any):
    f, value, derivative, points, allowed, allowed_derivative = CASES[name]
    x = pdist.Variable(points.astype(dtype))
    y = f(x)
    (slope,) = pdist.grad([y], [x])
    with mp.workdps(60):
        exact = [mp.mpf(float(p)) for p in x.array]
        for got, truth, limit in ((y, value, allowed), (slope, derivative, allowed_derivative)):
            assert got.dtype == dtype
            errors = ulps(got.array, [truth(p) for p in exact])
            worst = int(errors.argmax())
            assert errors[worst] <= limit, f"{errors[worst]:.3g} ulp at {x.array[worst]!r}"


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("axis", [0, 1])
def test_small_rest_of_a_sum(dtype: Any, axis: int):
    """Where one class has almost all, the log of the sum is a small number with all its digits."""
    x = np.array([[0.0, -25.0, -30.0], [-80.0, -60.0, 0.0], [0.0, 0.0, -40.0]], dtype)
    x = x if axis else x.T.copy()
    got = F.logsumexp(x, axis=axis).array, np.diagonal(F.log_softmax(x, axis=axis).array)
    with mp.workdps(60):
        rows = [[mp.mpf(float(v)) for v in row] for row in (x if axis else x.T)]
        truth = [mp.log(mp.fsum(mp.exp(v) for v in row)) for row in rows]
        assert ulps(got[0], truth).max() <= 4
        assert ulps(got[1], [rows[i][i] - truth[i] for i in range(3)]).max() <= 4


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
def test_cross_entropy_of_a_sure_classifier(dtype: Any):
    """Loss and gradient of labels with almost all, some and almost none of the probability."""
    logits = np.array([[0.0, -20.0, -22.0], [1.0, 0.5, 0.0], [0.0, -50.0, 3.0], [2.0, 2.0, 2.0]], dtype)
    labels = np.array([0, 1, 1, 2])
    x = pdist.Variable(logits)
    losses = F.softmax_cross_entropy(x, labels, reduce="no")
    (g,) = pdist.grad([losses], [x])
    with mp.workdps(60):
        for row, t, loss, slopes in zip(logits, labels, losses.array, g.array, strict=True):
            e = [mp.exp(mp.mpf(float(v))) for v in row]
            total = mp.fsum(e)
            assert ulps(np.array([loss]), [mp.log(total / e[t])])[0] <= 4
            truth = [v / total for v in e]
            truth[t] = -mp.fsum(v for j, v in enumerate(e) if j != t) / total
            assert ulps(slopes, truth).max() <= 6


def near(zero: float, step: float) -> float:
    """A number beside ``zero``, as far as ``step`` on a scale of powers of two tells, but not beyond 1/2."""
    return zero + math.copysign(2.0 ** -abs(step), step)


anywhere = st.floats(-36, 36).map(lambda k: 10.0**k)
beside_zeros = st.builds(near, st.sampled_from([1.0, 2.0]), st.one_of(st.floats(1, 52), st.floats(-52, -1)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@settings(max_examples=300, deadline=None)
@given(points=st.lists(st.one_of(anywhere, beside_zeros), min_size=1, max_size=20))
@example(points=[math.nextafter(1, 0), math.nextafter(1, 2), math.nextafter(2, 0), math.nextafter(2, 3)])
@example(points=[1e-300, 5e-324, 1e-20, 0.5, 1.4616321449683622, 1e300, 1.0, 2.0])
def test_lgamma_to_the_last_digits(dtype: Any, points: list[float]):
    """Relative to the value itself, which passes through zero at 1 and at 2."""
    with np.errstate(over="ignore"):
        x = np.array(points).astype(dtype)
    x = x[(x > 0) & (x < math.inf)]
    got = F.lgamma(x).array
    assert got.dtype == dtype
    with mp.workdps(60):
        truth = [mp.loggamma(mp.mpf(float(p))) for p in x]
        zero = np.array([t == 0 for t in truth], bool)
        held = np.array([abs(t) <= np.finfo(dtype).max for t in truth], bool)
        assert (got[zero] == 0).all() and not np.signbit(got[zero]).any()
        rest = held & ~zero
        assert (ulps(got[rest], [t for t, r in zip(truth, rest, strict=True) if r]) <= 6).all(), x[rest]
        assert (got[~held] == math.inf).all()


def test_derivatives_of_lgamma_at_its_zeros():
    """digamma, trigamma and so on, as everywhere else."""
    x = pdist.Variable(np.array([1e-9, 0.3, 1.0, 1 + 2**-40, 1.5, 2.0, 2.5]))
    y = F.lgamma(x)
    for n in range(3):
        (y,) = pdist.grad([y], [x], enable_double_backprop=True)
        np.testing.assert_array_equal(y.array, F.polygamma(n, x.array).array)


def test_lgamma_beyond_the_positive_numbers():
    """At and below zero it is SciPy's."""
    x = np.array([0.0, -0.0, -1.0, -0.5, -1.5, -3.2, math.inf, math.nan])
    np.testing.assert_array_equal(F.lgamma(x).array, scipy.special.gammaln(x))
    half = np.array([0.25, 1.0, 1.5, 2.0, 3.0], np.float16)
    assert F.lgamma(half).array.dtype == np.float16
    np.testing.assert_array_equal(
        F.lgamma(half).array, scipy.special.gammaln(half.astype(np.float64)).astype(np.float16)
    )
