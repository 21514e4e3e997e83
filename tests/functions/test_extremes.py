"""Derivatives at huge, tiny, subnormal and infinite arguments, against mpmath.

No derivative may be nan where the function has one, and none may overflow, vanish or lose its digits on the
way to a number that has them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import pdist
import pdist.functions as F
from pdist import Variable

inf, nan = math.inf, math.nan
DTYPES = [np.float64, np.float32]


def gradient(f: Callable[..., Any], *xs: float, dtype: Any = np.float64, order: int = 1) -> list[float]:
    """The derivatives of f at numbers, by each; of second order by the first number alone."""
    variables = [Variable(np.array(x, dtype)) for x in xs]
    with np.errstate(all="ignore"):
        y = f(*variables)
        if order == 2:
            (y,) = pdist.grad([y], variables[:1], enable_double_backprop=True)
        gs = pdist.grad([y], variables) if y.requires_grad else [None] * len(xs)
    assert all(g is None or g.dtype == dtype for g in gs)
    return [0.0 if g is None else float(g.array) for g in gs]


def rounded(value: Any, dtype: Any) -> float:
    """A number of mpmath in ``dtype``: inf beyond the largest, subnormal or 0 below the smallest."""
    with np.errstate(all="ignore"):
        return float(dtype(float(value)))


def check_close(got: float, expected: float, dtype: Any, ulps: float, what: Any) -> None:
    info = np.finfo(dtype)
    if got == expected or (math.isinf(expected) and abs(got) > 0.999 * float(info.max)):
        return
    slack = max(ulps * float(info.eps) * abs(expected), 4 * float(info.smallest_subnormal))
    assert abs(got - expected) <= slack, (what, got, expected)


# Functions of one argument ---------------------------------------------------------------------------------


def _half() -> Any:
    """sqrt(pi)/2, in the precision of the moment."""
    return mp.sqrt(mp.pi) / 2


def _erfcx(x: Any) -> Any:
    return mp.exp(x * x) * mp.erfc(x)


def _erfcx_slope(x: Any) -> Any:
    if x > 1000:
        return -(1 - 3 / (2 * x * x)) / (2 * _half() * x * x)
    return 2 * x * _erfcx(x) - 1 / _half()


def _erfcx_curve(x: Any) -> Any:
    return 1 / (_half() * x**3) * (1 - 3 / x**2) if x > 1000 else 2 * _erfcx(x) + 2 * x * _erfcx_slope(x)


def _hazard(x: Any) -> Any:
    return -x - 1 / x if x < -1000 else mp.npdf(x) / mp.ncdf(x)


def _hazard_slope(x: Any) -> Any:
    return 1 / x**2 - 1 if x < -1000 else -_hazard(x) * (x + _hazard(x))


def _bound(x: Any) -> Any:
    """exp and its kin saturate long before; mpmath would take its time."""
    return min(max(x, -5000), 5000)


FIRST: dict[str, Any] = {
    "exp": lambda x: mp.exp(_bound(x)),
    "expm1": lambda x: mp.exp(_bound(x)),
    "log": lambda x: 1 / x,
    "log1p": lambda x: 1 / (1 + x),
    "log2": lambda x: 1 / (x * mp.log(2)),
    "log10": lambda x: 1 / (x * mp.log(10)),
    "log1mexp": lambda x: -1 / mp.expm1(-_bound(x)) if x > -5000 else 0,
    "sigmoid": lambda x: mp.sech(_bound(x) / 2) ** 2 / 4,
    "log_sigmoid": lambda x: 1 / (1 + mp.exp(_bound(x))),
    "softplus": lambda x: 1 / (1 + mp.exp(-_bound(x))),
    "tanh": lambda x: mp.sech(_bound(x)) ** 2,
    "sin": mp.cos,
    "cos": lambda x: -mp.sin(x),
    "tan": lambda x: mp.sec(x) ** 2,
    "arcsin": lambda x: 1 / mp.sqrt((1 - x) * (1 + x)),
    "arccos": lambda x: -1 / mp.sqrt((1 - x) * (1 + x)),
    "arctan": lambda x: 1 / (1 + x * x),
    "sinh": lambda x: mp.cosh(_bound(x)),
    "cosh": lambda x: mp.sinh(_bound(x)),
    "arcsinh": lambda x: 1 / mp.sqrt(1 + x * x),
    "arctanh": lambda x: 1 / ((1 - x) * (1 + x)),
    "sqrt": lambda x: 1 / (2 * mp.sqrt(x)),
    "rsqrt": lambda x: -1 / (2 * x * mp.sqrt(x)),
    "square": lambda x: 2 * x,
    "absolute": mp.sign,
    "negative": lambda x: -1,
    "relu": lambda x: int(x > 0),
    "elu": lambda x: 1 if x > 0 else mp.exp(_bound(x)),
    "erf": lambda x: mp.exp(-(_bound(x) ** 2)) / _half(),
    "erfc": lambda x: -mp.exp(-(_bound(x) ** 2)) / _half(),
    "erfcx": lambda x: _erfcx_slope(max(x, -5000)),
    "ndtr": lambda x: mp.npdf(_bound(x)),
    "log_ndtr": _hazard,
}
SECOND: dict[str, Any] = {
    "exp": FIRST["exp"],
    "log": lambda x: -1 / x**2,
    "log1p": lambda x: -1 / (1 + x) ** 2,
    "log2": lambda x: -1 / (x**2 * mp.log(2)),
    "log10": lambda x: -1 / (x**2 * mp.log(10)),
    "log1mexp": lambda x: -1 / (4 * mp.sinh(_bound(x) / 2) ** 2),
    "sigmoid": lambda x: -(mp.sech(_bound(x) / 2) ** 2) * mp.tanh(_bound(x) / 2) / 4,
    "log_sigmoid": lambda x: -(mp.sech(_bound(x) / 2) ** 2) / 4,
    "softplus": lambda x: mp.sech(_bound(x) / 2) ** 2 / 4,
    "tanh": lambda x: -2 * mp.sech(_bound(x)) ** 2 * mp.tanh(_bound(x)),
    "arcsin": lambda x: x / mp.sqrt((1 - x) * (1 + x)) ** 3,
    "arccos": lambda x: -x / mp.sqrt((1 - x) * (1 + x)) ** 3,
    "arctan": lambda x: -2 * x / (1 + x * x) ** 2,
    "arcsinh": lambda x: -x / mp.sqrt(1 + x * x) ** 3,
    "arctanh": lambda x: 2 * x / ((1 - x) * (1 + x)) ** 2,
    "sqrt": lambda x: -1 / (4 * x * mp.sqrt(x)),
    "rsqrt": lambda x: 3 / (4 * x**2 * mp.sqrt(x)),
    "erf": lambda x: -2 * _bound(x) * mp.exp(-(_bound(x) ** 2)) / _half(),
    "ndtr": lambda x: -_bound(x) * mp.npdf(_bound(x)),
    "erfcx": lambda x: _erfcx_curve(max(x, -5000)),
    "log_ndtr": _hazard_slope,
}
DOMAINS: dict[str, tuple[float, float]] = {
    "log": (0, inf),
    "log1p": (-1, inf),
    "log2": (0, inf),
    "log10": (0, inf),
    "sqrt": (0, inf),
    "rsqrt": (0, inf),
    "log1mexp": (-inf, 0),
    "arcsin": (-1, 1),
    "arccos": (-1, 1),
    "arctanh": (-1, 1),
    "erfcx": (-25, inf),  # below it overflows
}
# In SciPy's erfcx e^(x^2) at x = -25 multiplies an error of half an ulp of x^2 by 300; the differences that
# are taken before a fraction begins leave some 100.
ULPS = {("erfcx", 1): 300, ("erfcx", 2): 300, ("log_ndtr", 2): 60, ("arctan", 2): 32, ("tan", 1): 32}

EDGES = [
    5e-324,
    1e-310,
    1e-300,
    1e-200,
    1e-160,
    1e-45,
    1e-38,
    1e-20,
    1e-8,
    0.3,
    0.99,
    1.5,
    4.2,
    6.0,
    20.0,
    37.5,
]
EDGES += [90.0, 708.0, 720.0, 744.0, 1e4, 1e10, 1.1e10, 1e16, 1e20, 1e22, 1e30, 1e100, 1e155, 1e200, 1.7e308]

anything = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-50, 50),
    st.floats(-1, 1),
    st.builds(lambda x, sign: sign * x, st.sampled_from(EDGES), st.sampled_from([-1, 1])),
)


def check(name: str, x: float, dtype: Any, order: int) -> None:
    with np.errstate(all="ignore"):
        x = float(dtype(x))
    low, high = DOMAINS.get(name, (-inf, inf))
    if x == 0 or not (low < x < high) or not math.isfinite(x):
        return  # 0 and the ends of domains are below
    (got, *_) = gradient(getattr(F, name), x, dtype=dtype, order=order)
    with mp.workdps(700 if name in ("sin", "cos", "tan") else 80):
        expected = rounded((FIRST if order == 1 else SECOND)[name](mp.mpf(x)), dtype)
    check_close(got, expected, dtype, ULPS.get((name, order), 16), (name, x, dtype.__name__, order))


def test_the_table_knows_every_function_of_one_argument():
    from function_table import TABLE

    one = {case.name for case in TABLE if case.elementwise and case.f is getattr(F, case.name) and case.order}
    two = {
        "add",
        "subtract",
        "multiply",
        "divide",
        "power",
        "maximum",
        "minimum",
        "fmod",
        "squared_difference",
    }
    two |= {"xlogy", "xlog1py", "arctan2"}
    flat = {"sign", "floor", "ceil", "fix"}
    by_value = {"erfinv", "erfcinv", "ndtri"}  # the conditioning of the value is that of the derivative
    gamma = {"lgamma", "digamma"}  # SciPy's, which have poles
    assert one - two - flat - by_value - gamma - {"leaky_relu"} == set(FIRST)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(FIRST))
@settings(max_examples=40, deadline=None)
@given(x=anything)
@example(x=1e200)
@example(x=-1e200)
@example(x=1e-200)
@example(x=1.7e308)
def test_derivative(name: str, dtype: Any, x: float):
    check(name, x, dtype, 1)


@pytest.mark.parametrize("name", sorted(FIRST))
def test_derivative_at_edges(name: str):
    for x in EDGES:
        for signed in (x, -x):
            check(name, signed, np.float64, 1)
            check(name, signed, np.float32, 1)


@pytest.mark.parametrize("name", sorted(SECOND))
@settings(max_examples=30, deadline=None)
@given(x=anything)
def test_second_derivative(name: str, x: float):
    if not (name in ("rsqrt", "log", "log1p", "log2", "log10", "sqrt") and abs(x) < 1e-100):
        check(name, x, np.float64, 2)


# Limits ----------------------------------------------------------------------------------------------------

# At -inf and at inf: the first and the second derivative; None where the function is nan or has no limit.
LIMITS: dict[str, Any] = {
    "exp": ((0, 0), (inf, inf)),
    "expm1": ((0, 0), (inf, inf)),
    "log": (None, (0, 0)),
    "log1p": (None, (0, 0)),
    "log2": (None, (0, 0)),
    "log10": (None, (0, 0)),
    "log1mexp": ((0, 0), None),
    "sigmoid": ((0, 0), (0, 0)),
    "log_sigmoid": ((1, 0), (0, 0)),
    "softplus": ((0, 0), (1, 0)),
    "tanh": ((0, 0), (0, 0)),
    "arctan": ((0, 0), (0, 0)),
    "arcsinh": ((0, 0), (0, 0)),
    "sinh": ((inf, -inf), (inf, inf)),
    "cosh": ((-inf, inf), (inf, inf)),
    "sqrt": (None, (0, 0)),
    "rsqrt": (None, (0, 0)),
    "square": ((-inf, 2), (inf, 2)),
    "absolute": ((-1, 0), (1, 0)),
    "relu": ((0, 0), (1, 0)),
    "elu": ((0, 0), (1, 0)),
    "leaky_relu": ((0.2, 0), (1, 0)),
    "erf": ((0, 0), (0, 0)),
    "erfc": ((0, 0), (0, 0)),
    "erfcx": ((-inf, inf), (0, 0)),
    "ndtr": ((0, 0), (0, 0)),
    "log_ndtr": ((inf, -1), (0, 0)),
    "lgamma": (None, (inf, 0)),
    "digamma": (None, (0, 0)),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(LIMITS))
def test_limits_at_infinity(name: str, dtype: Any):
    for x, limits in zip((-inf, inf), LIMITS[name], strict=True):
        if limits is not None:
            for order, expected in zip((1, 2), limits, strict=True):
                assert gradient(getattr(F, name), x, dtype=dtype, order=order)[0] == dtype(expected), (
                    x,
                    order,
                )


@pytest.mark.parametrize("name", ["arcsin", "arctanh"])
def test_ends_of_the_domain(name: str):
    f = getattr(F, name)
    assert gradient(f, 1.0) == gradient(f, -1.0) == [inf]
    assert gradient(f, 1.0, order=2) == [inf]
    assert gradient(f, -1.0, order=2) == [-inf]


@pytest.mark.parametrize("slope", [0.0, 0, np.float64(0)])
def test_a_slope_of_0_leaves_nothing_of_infinity(slope: Any):
    x = Variable(np.array([-inf, inf, -1.0, nan]))
    y = F.leaky_relu(x, slope=slope)
    np.testing.assert_array_equal(y.array, [0, inf, 0, nan])
    pdist.grad([F.sum(y)], [x])
    np.testing.assert_array_equal(gradient(lambda x: F.leaky_relu(x, slope=slope) / 1e-320, -1.0), [0])


# Functions of two arguments --------------------------------------------------------------------------------

CORNERS = [inf, 0.0, 5e-324, 1e-310, 1e-200, 0.5, 1.0, 2.0, 3.0, 1e10, 1e200, 1.7e308]
finite = st.floats(allow_nan=False, allow_infinity=False)
corner = st.builds(lambda x, s: s * x, st.sampled_from(CORNERS), st.sampled_from([-1, 1]))


@given(y=st.one_of(finite, corner), x=st.one_of(finite, corner))
@example(y=0.0, x=0.0)
@example(y=inf, x=inf)
@example(y=1e-310, x=-1e-310)
@settings(max_examples=300, deadline=None)
def test_arctan2(y: float, x: float):
    got = gradient(F.arctan2, y, x)
    if math.isinf(x) or math.isinf(y) or x == y == 0:
        assert got == [0, 0]
        return
    with mp.workdps(50):
        square = mp.mpf(x) ** 2 + mp.mpf(y) ** 2
        for g, e in zip(got, (x / square, -y / square), strict=True):
            check_close(g, rounded(e, np.float64), np.float64, 16, (y, x))


@given(x=st.floats(1e-300, 1e300), p=st.floats(-40, 40))
@settings(max_examples=200, deadline=None)
def test_power(x: float, p: float):
    with mp.workdps(60):
        by_base, by_exponent = mp.mpf(p) * mp.mpf(x) ** (mp.mpf(p) - 1), mp.mpf(x) ** mp.mpf(p) * mp.log(x)
        by_base, by_exponent = rounded(by_base, np.float64), rounded(by_exponent, np.float64)
    got = gradient(F.power, x, p)
    p_less_1 = abs(p - 1) < 1e-10 or abs(p) > 1e15  # else the exponent p - 1 has its rounding
    for g, e in zip(got, (by_base, by_exponent), strict=True):
        if 1e-290 < abs(e) < 1e290 and not p_less_1:
            assert math.isclose(g, e, rel_tol=1e-12), (x, p)


@given(x=st.sampled_from(CORNERS), p=corner)
@example(x=0.0, p=-1.0)
@example(x=2.0, p=-inf)
@example(x=0.5, p=inf)
def test_powers_of_numbers_that_are_not_negative_have_derivatives(x: float, p: float):
    with np.errstate(all="ignore"):
        assert not math.isnan(np.power(x, p))
    by_base, by_exponent = gradient(F.power, x, p)
    assert not math.isnan(by_base)
    assert not math.isnan(by_exponent)


def test_a_derivative_of_a_power_that_vanishes_at_0():
    assert gradient(F.power, 0.0, 2.0, order=2)[0] == 2
    assert gradient(F.power, 0.0, -1.0) == [-inf, -inf]
    assert gradient(lambda p: 0.0**p, -1.0) == [-inf]
    assert gradient(lambda p: 0.0**p, 2.0) == [0]


@given(
    x=st.floats(-1e6, 1e6),
    d=st.floats(0.01, 100),
    sign=st.sampled_from([-1, 1]),
)
@example(x=1.0, d=0.1, sign=1)  # 1.0 / 0.1 rounds to 10, but 0.1 goes into 1.0 nine times
def test_the_quotient_of_fmod(x: float, d: float, sign: int):
    expected = -math.trunc(Fraction(x) / Fraction(sign * d))
    assert gradient(F.fmod, x, sign * d) == [1, expected]


def test_fmod_by_infinity():
    assert gradient(F.fmod, 3.0, inf) == [1, 0]


# Along axes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [0, 1])
def test_an_infinite_score_takes_everything(order: int):
    x = Variable(np.array([[inf, 0.0, -inf], [inf, inf, 1.0], [0.0, -inf, -inf]]))
    p = np.array([[1, 0, 0], [0.5, 0.5, 0], [1, 0, 0]])
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(F.softmax(x).array, p)
        y = F.logsumexp(x, axis=1)
    np.testing.assert_array_equal(y.array, [inf, inf, 0])
    (g,) = pdist.grad([F.sum(y)], [x], enable_double_backprop=bool(order))
    np.testing.assert_array_equal(g.array, p)
    if order:
        (h,) = pdist.grad([F.sum(g * np.arange(3.0))], [x])
        assert np.isfinite(h.array).all()


def test_scores_without_a_largest_make_no_probabilities():
    with np.errstate(invalid="ignore"):
        for row in ([-inf, -inf], [nan, 1.0], [nan, inf]):
            assert np.isnan(F.softmax(np.array([row])).array).all()
            assert np.isnan(F.log_softmax(np.array([row])).array).all()


@given(st.lists(st.sampled_from([-inf, -1e308, -700.0, 0.0, 700.0, 1e308, inf]), min_size=1, max_size=5))
def test_logsumexp_of_anything_has_a_gradient_that_sums_to_one(row: list[float]):
    x = Variable(np.array(row))
    with np.errstate(all="ignore"):
        y = F.logsumexp(x)
    y.backward()
    assert x.grad.sum() == (0 if y.array == -inf else pytest.approx(1))


def test_what_has_no_part_in_a_product_gets_no_gradient():
    x = Variable(np.array([[1.0, 2.0], [inf, 3.0]]))
    F.prod(x, axis=1)[0].backward()
    np.testing.assert_array_equal(x.grad, [[2, 1], [0, 0]])


def test_an_average_of_infinite_elements():
    x = Variable(np.array([[inf, 1.0], [2.0, 4.0]]))
    y = F.average(x, axis=1, weights=np.array([1.0, 3.0]))
    np.testing.assert_array_equal(y.array, [inf, 3.5])
    F.sum(y).backward()
    np.testing.assert_array_equal(x.grad, [[0.25, 0.75], [0.25, 0.75]])


def test_a_gradient_that_is_infinite_goes_through_constant_powers():
    assert gradient(lambda x: x**0 / 0.0, 2.0) == [0]


@pytest.mark.parametrize("n", [2, 20])
@pytest.mark.parametrize("batch", [(), (3,)])
def test_triangular_systems_that_do_not_fit_or_are_singular(n, batch):
    """Small ones, large ones and batches of them are solved in different ways, and refused alike."""
    a = np.broadcast_to(np.eye(n), (*batch, n, n))
    for b in (np.ones(n + 1), np.ones((*batch, n + 1, 2))):
        with pytest.raises(ValueError, match="solve_triangular"):
            F.solve_triangular(a, b, lower=True)
    with pytest.raises((ValueError, np.linalg.LinAlgError), match="solve_triangular"):
        F.solve_triangular(a[..., :-1], np.ones((*batch, n, 1)), lower=True)
    zero = a.copy()
    zero[..., n - 1, n - 1] = 0
    with pytest.raises(np.linalg.LinAlgError, match="solve_triangular"):
        F.solve_triangular(zero, np.ones((*batch, n, 1)), lower=True)
