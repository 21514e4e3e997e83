"""Entropies of shapes against mpmath: every digit, also where the logarithm of a scale cancels them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from exactly import require
from hypothesis import example, given, settings
from hypothesis import strategies as st

import pdist
import pdist.distributions as D

DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
half = mp.mpf(1) / 2


def digits(formula: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """``formula`` with so many digits that those which cancel at large numbers do not count."""

    def wide(x: Any) -> Any:
        with mp.workdps(60 + 4 * int(abs(mp.log10(x)))):
            return formula(mp.mpf(x))

    return wide


@digits
def student(n: Any) -> Any:
    constant = mp.log(n) / 2 + mp.loggamma(n / 2) + mp.log(mp.pi) / 2 - mp.loggamma((n + 1) / 2)
    return (n + 1) / 2 * (mp.digamma((n + 1) / 2) - mp.digamma(n / 2)) + constant


@digits
def student_slope(n: Any) -> Any:
    return (n + 1) / 4 * (mp.polygamma(1, (n + 1) / 2) - mp.polygamma(1, n / 2)) + 1 / (2 * n)


@digits
def student_bend(n: Any) -> Any:
    step = [mp.polygamma(k, (n + 1) / 2) - mp.polygamma(k, n / 2) for k in (0, 1, 2)]
    return (n + 1) / 8 * step[2] + step[1] / 4 - 1 / (2 * n * n)


@digits
def gamma(k: Any) -> Any:
    return k + mp.loggamma(k) + (1 - k) * mp.digamma(k)


@digits
def gamma_slope(k: Any) -> Any:
    return 1 + (1 - k) * mp.polygamma(1, k)


@digits
def gamma_bend(k: Any) -> Any:
    return (1 - k) * mp.polygamma(2, k) - mp.polygamma(1, k)


@digits
def chisquare(k: Any) -> Any:
    return mp.log(2) + gamma(k / 2)


MADE = {
    "StudentT": (lambda df: D.StudentT(df, loc=0.0, scale=1.0), (student, student_slope, student_bend)),
    "Gamma": (lambda k: D.Gamma(k, 1.0), (gamma, gamma_slope, gamma_bend)),
    "Chisquare": (
        D.Chisquare,
        (chisquare, lambda k: gamma_slope(k / 2) / 2, lambda k: gamma_bend(k / 2) / 4),
    ),
}


def held(x: np.ndarray) -> np.ndarray:
    return x[(x > 0) & (x < math.inf)]


@DTYPES
@pytest.mark.parametrize("name", MADE)
@settings(max_examples=40, deadline=None)
@given(shapes=st.lists(st.floats(-3, 30).map(lambda u: 10.0**u), min_size=1, max_size=6))
@example(shapes=[1e-3, 0.25, math.nextafter(0.5, 0), 0.5, 1.0, 2.0, 3.0, 1e3])
@example(shapes=[1e60, 1e110, 1e160, 1e300])
def test_value_and_two_derivatives(name: str, dtype: Any, shapes: list[float]) -> None:
    make, truths = MADE[name]
    with np.errstate(over="ignore"):
        x = pdist.Variable(held(np.array(shapes).astype(dtype)))
    entropy = make(x).entropy
    (slope,) = pdist.grad([entropy], [x], enable_double_backprop=True)
    (bend,) = pdist.grad([slope], [x])
    exact = [mp.mpf(float(v)) for v in x.array]
    for what, got, truth, limit in zip(
        ("value", "slope", "bend"), (entropy, slope, bend), truths, (2, 6, 12), strict=True
    ):
        assert got.dtype == dtype
        beside = 0.0 if what != "value" or name == "StudentT" else 1 / 8  # of terms of 1 or 2
        require(got, [truth(v) for v in exact], limit, beside, f"{name} {what} of {x.array}")


@pytest.mark.parametrize(
    ("name", "given_as"),
    [("StudentT", "scale"), ("StudentT", "log_scale"), ("Gamma", "theta"), ("Gamma", "rate")],
)
@DTYPES
@settings(max_examples=40, deadline=None)
@given(u=st.floats(-1, 4), step=st.integers(-3, 3))
def test_what_a_scale_leaves_of_it(name: str, given_as: str, dtype: Any, u: float, step: int) -> None:
    """At the scale whose logarithm is minus the entropy: within a quarter of an ulp of the terms."""
    shape = np.array(10.0**u, dtype)
    entropy = MADE[name][1][0](mp.mpf(float(shape)))
    sign = -1 if given_as == "rate" else 1
    s = -sign * entropy if given_as == "log_scale" else mp.exp(-sign * entropy)
    if not np.finfo(dtype).tiny < abs(s) < np.finfo(dtype).max:
        return
    s = dtype(float(s))
    s = s + step * np.spacing(s)
    d = (
        D.StudentT(shape, dtype(0), **{given_as: s})
        if name == "StudentT"
        else D.Gamma(shape, **{given_as: s})
    )
    exact = mp.mpf(float(s))
    with mp.workdps(60):
        truth = entropy + sign * (exact if given_as == "log_scale" else mp.log(exact))
    terms = max(abs(float(entropy)), 1 / float(shape) if name == "Gamma" else 0, 1)
    require(d.entropy, [truth], 4, terms / 16, f"{name}({shape}, {given_as}={s!r})")


@DTYPES
def test_zeros_in_the_shape(dtype: Any) -> None:
    """Gamma(k, 1) and Chisquare(k) have no entropy at one k each."""
    for make, truth, start in ((lambda k: D.Gamma(k, 1.0), gamma, 0.4), (D.Chisquare, chisquare, 0.6)):
        zero = dtype(float(mp.findroot(truth, start)))
        k = np.array([zero + j * np.spacing(zero) for j in (-1000, -10, -1, 0, 1, 10, 1000)], dtype)
        require(make(k).entropy, [truth(mp.mpf(float(v))) for v in k], 1, 1 / 8, f"{make} at {k}")


@DTYPES
def test_gradients_by_a_scale(dtype: Any) -> None:
    df, s = pdist.Variable(np.array([0.5, 3.0], dtype)), pdist.Variable(np.array([[2.0], [0.25]], dtype))
    for make, expected in (
        (lambda: D.StudentT(df, dtype(0), scale=s), 1 / s.array),
        (lambda: D.StudentT(df, dtype(0), log_scale=s), np.ones((2, 1))),
        (lambda: D.Gamma(df, theta=s), 1 / s.array),
        (lambda: D.Gamma(df, rate=s), -1 / s.array),
    ):
        by_df, by_s = pdist.grad([make().entropy], [df, s])
        np.testing.assert_allclose(by_s.array, 2 * expected, rtol=1e-6)
        slope = student_slope if "StudentT" in type(make()).__name__ else gamma_slope
        require(by_df, [2 * slope(mp.mpf(float(v))) for v in df.array], 6)


@DTYPES
def test_beyond_all_digits(dtype: Any) -> None:
    """Where a term overflows the entropy and its derivatives are infinite, of the right sign."""
    tiny = np.finfo(dtype).smallest_subnormal
    for make, signs in ((MADE["StudentT"][0], (1, -1, 1)), (MADE["Gamma"][0], (-1, 1, -1))):
        x = pdist.Variable(np.array([tiny, np.finfo(dtype).max], dtype))
        y = make(x).entropy
        for sign in signs:
            assert y.array[0] == sign * math.inf and math.isfinite(y.array[1])
            (y,) = pdist.grad([y], [x], enable_double_backprop=True)


def test_third_derivatives() -> None:
    """By polygammas, of moderate shapes."""
    x = pdist.Variable(np.array([0.2, 1.5, 7.0]))
    for name in ("StudentT", "Gamma"):
        make, truths = MADE[name]
        y = make(x).entropy
        for _ in range(3):
            (y,) = pdist.grad([y], [x], enable_double_backprop=True)
        with mp.workdps(60):
            h = mp.mpf(10) ** -15
            truth = [float((truths[2](v + h) - truths[2](v - h)) / (2 * h)) for v in x.array]
        np.testing.assert_allclose(y.array, truth, rtol=1e-11)
