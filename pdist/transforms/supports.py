"""Supports: the sets of values of a distribution and of its parameters.

A support is an object with a name, Chainer's if it has one, that tells what it contains:

>>> import numpy as np
>>> positive == "positive"
True
>>> positive.contains(np.array([-1.0, 0.0, 2.0]))
array([False, False,  True])
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..autograd import Variable
from ..backend import Array, get_array_module


@dataclass(frozen=True, eq=False, repr=False)
class Support:
    """A set of values with a name.

    Supports are equal if they have the same name, kind and bounds. A support also equals the string that is
    its name, for programs written for Chainer: ``Normal(0.0, 1.0).support == "real"``.

    Attributes:
        name: its name, as printed.
        test: a function of ``xp`` and an array ``x`` that tells which elements (or events) are in the set.
        event_ndim: number of axes of one element of the set: 0 for numbers, 1 for vectors.
        discrete: whether the set is countable.
        inner: a number (or an array, or a function of ``xp, x`` that makes one) in the set, away from its
            ends: densities are computed there if ``x`` itself lies outside, so that no gradient is nan.
        low: the lower bound of the numbers in it, a number or an array of the batch.
        high: the upper bound.
        wanted: what an error says was expected; by default the name.
        period: of angles, a whole turn: their mean, median and variance are those of directions. Else 0.
        describe: what an error says of an element that is not in the set; by default the element itself.
    """

    name: str
    test: Callable[[Any, Array], Array]
    event_ndim: int = 0
    discrete: bool = False
    inner: Any = 0.0
    low: Any = -math.inf
    high: Any = math.inf
    wanted: str = ""
    period: float = 0.0
    describe: Callable[[np.ndarray], str] | None = None

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return self.name == other
        if not isinstance(other, Support):
            return NotImplemented
        kinds = (self.name, self.event_ndim, self.discrete) == (other.name, other.event_ndim, other.discrete)
        return kinds and _same(self.low, other.low) and _same(self.high, other.high)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<support {self.name}>"

    def __str__(self) -> str:
        return self.name

    def contains(self, x: Any) -> Array:
        """Which elements of ``x`` belong to the set.

        Args:
            x: a Variable, an array or a number, of shape ``[..., *event]``.

        Returns:
            A bool array of shape ``[...]``; nan is in no set.
        """
        x = x._array if isinstance(x, Variable) else x
        xp = get_array_module(x)
        return self.test(xp, xp.asarray(x))

    def over(self, ndim: int) -> Support:
        """The set of arrays with ``ndim`` more axes whose parts are all in this one."""
        if not ndim:
            return self
        axes, test = tuple(range(-ndim, 0)), self.test
        return replace(self, test=lambda xp, x: test(xp, x).all(axis=axes), event_ndim=self.event_ndim + ndim)

    def __deepcopy__(self, memo: Any) -> Support:
        return self


def _same(a: Any, b: Any) -> bool:
    """Whether two bounds are known to be the same numbers, without a device sync."""
    if a is b:
        return True
    return isinstance(a, float) and isinstance(b, float) and a == b


def interval(low: Any, high: Any, name: str, inner: Any = None) -> Support:
    """The numbers from ``low`` to ``high``, ends included.

    Args:
        low: an array or number, -inf allowed.
        high: an array or number, inf allowed.
        name: its name.
        inner: a number inside; by default the middle.
    """
    if inner is None:
        inner = low + 0.5 * (high - low)
    return Support(name, lambda xp, x: (x >= low) & (x <= high), inner=inner, low=low, high=high)


def half_line(low: Any, name: str, inner: Any, closed: bool = True) -> Support:
    """The finite numbers from ``low`` on.

    Args:
        low: an array or number.
        name: how it is called.
        inner: a number inside.
        closed: whether ``low`` itself belongs to it.
    """
    above = operator.ge if closed else operator.gt
    return Support(name, lambda xp, x: above(x, low) & (x < math.inf), inner=inner, low=low)


def whole_numbers(low: Any, high: Any, name: str) -> Support:
    """The whole numbers from ``low`` to ``high``, ends included; both are arrays of whole numbers."""
    test = lambda xp, x: (x >= low) & (x <= high) & (x == xp.floor(x))
    return Support(name, test, discrete=True, inner=low, low=low, high=high)


def labels(n: int) -> Support:
    """The integers from 0 to ``n - 1``."""
    return Support(
        f"{{0, ..., {n - 1}}}",
        lambda xp, x: (x >= 0) & (x < n) & (x == xp.floor(x)),
        discrete=True,
        low=0.0,
        high=n - 1.0,
    )


def counts_to(n: Any) -> Support:
    """The integers from 0 to ``n``, an array or number."""
    return Support(
        "{0, ..., n}",
        lambda xp, x: (x >= 0) & (x <= n) & (x == xp.floor(x)),
        discrete=True,
        low=0.0,
        high=n,
    )


def counts_of_sum(n: Any) -> Support:
    """The vectors of whole numbers from 0 on that sum to ``n``, an array or number."""

    def test(xp: Any, x: Array) -> Array:
        counts = ((x >= 0) & (x == xp.floor(x))).all(axis=-1)
        return counts & (x.sum(axis=-1, dtype=np.float64) == n)

    return Support(
        "counts of sum n",
        test,
        event_ndim=1,
        discrete=True,
        inner=lambda xp, x: _first_class(xp, x) * xp.asarray(n)[..., None],
        low=0.0,
        high=n,
    )


def _simplex(xp: Any, p: Array) -> Array:
    """Nonnegative vectors on the last axis whose exact sum is 1 to within 64 roundings, at any length.

    Each number of a vector may be off by half an ulp, which changes the sum by half a unit at
    most; the rest allows for the rounding of the sum that the vector was divided by. The sum is taken in
    float64, since a sum of a million numbers in float32 is itself too inaccurate.
    """
    if p.dtype.kind != "f":
        p = p.astype(float)
    slack = 64 * float(xp.finfo(p.dtype).eps)
    return (p >= 0).all(axis=-1) & (abs(p.sum(axis=-1, dtype=np.float64) - 1) <= slack)


def _unit_vector(xp: Any, x: Array) -> Array:
    """Vectors whose squares sum to 1, up to the roundings of float32 at least."""
    slack = 64 * float(xp.finfo(x.dtype).eps) if x.dtype.kind == "f" else 0.0
    x = xp.clip(x, -2, 2)  # so that no square overflows
    return abs((x * x).sum(axis=-1, dtype=np.float64) - 1) <= max(slack, 5e-7)


def _distinct(xp: Any, x: Array) -> Array:
    """Vectors of finite numbers no two of which are equal."""
    ordered = xp.sort(x, axis=-1)
    return xp.isfinite(x).all(axis=-1) & (ordered[..., 1:] > ordered[..., :-1]).all(axis=-1)


def _one_hot(xp: Any, x: Array) -> Array:
    return ((x == 0) | (x == 1)).all(axis=-1) & (x.sum(axis=-1) == 1)


def _first_class(xp: Any, x: Array) -> Array:
    return (xp.arange(x.shape[-1]) == 0).astype(x.dtype)


real = Support("real", lambda xp, x: xp.isfinite(x), wanted="a finite number")
positive = Support(
    "positive",
    lambda xp, x: (x > 0) & (x < np.inf),
    inner=1.0,
    low=0.0,
    wanted="a positive finite number",
)
nonnegative = Support(
    "non negative",
    lambda xp, x: (x >= 0) & (x < np.inf),
    inner=1.0,
    low=0.0,
    wanted="a nonnegative finite number",
)
positive_or_zero = replace(nonnegative, name="positive")  # Chainer's name; at 0 the density is its limit
above_one = Support(
    "greater than one",
    lambda xp, x: (x > 1) & (x < np.inf),
    inner=2.0,
    low=1.0,
    wanted="a finite number greater than 1",
)
unit_interval = Support(
    "[0, 1]",
    lambda xp, x: (x >= 0) & (x <= 1),
    inner=0.5,
    low=0.0,
    high=1.0,
    wanted="a number in [0, 1]",
)
open_unit_interval = Support(
    "(0, 1)",
    lambda xp, x: (x > 0) & (x < 1),
    inner=0.5,
    low=0.0,
    high=1.0,
    wanted="a number in (0, 1), ends excluded",
)
below_one = Support(
    "[0, 1)",
    lambda xp, x: (x >= 0) & (x < 1),
    inner=0.5,
    low=0.0,
    high=1.0,
    wanted="a number in [0, 1)",
)
circle = replace(interval(-math.pi, math.pi, "[-pi, pi]"), period=2 * math.pi)
above_zero = Support(
    "(0, 1]",
    lambda xp, x: (x > 0) & (x <= 1),
    inner=0.5,
    low=0.0,
    high=1.0,
    wanted="a number in (0, 1]",
)
real_or_minus_inf = Support("real or -inf", lambda xp, x: x < np.inf, wanted="a number less than inf")
real_or_inf = Support("real or inf", lambda xp, x: x > -np.inf, wanted="a number greater than -inf")
extended_real = Support("real or infinite", lambda xp, x: x == x, wanted="a number, infinite ones included")
log_probabilities = Support(
    "real or -inf, not all -inf",
    lambda xp, x: ((x < np.inf).all(axis=-1)) & (x > -np.inf).any(axis=-1),
    event_ndim=1,
    wanted="numbers less than inf, not all of them -inf",
)
distinct = Support(
    "numbers, all different",
    _distinct,
    event_ndim=1,
    inner=lambda xp, x: xp.arange(x.shape[-1]).astype(x.dtype),
    wanted="finite numbers, all different",
)
simplex = Support(
    "non negative and of sum 1",
    _simplex,
    event_ndim=1,
    inner=lambda xp, x: 1.0 / x.shape[-1],
    wanted="nonnegative numbers of sum 1",
)
open_simplex = replace(
    simplex,
    name="positive and of sum 1",
    test=lambda xp, p: _simplex(xp, p) & (p > 0).all(axis=-1),
    wanted="positive numbers of sum 1",
)
unit_vector = Support(
    "unit vector",
    _unit_vector,
    event_ndim=1,
    inner=_first_class,
    wanted="a vector of length 1",
)
boolean = Support("{0, 1}", lambda xp, x: (x == 0) | (x == 1), discrete=True, low=0.0, high=1.0)
positive_integer = Support(
    "positive integer",
    lambda xp, x: (x >= 1) & (x == xp.floor(x)) & xp.isfinite(x),
    discrete=True,
    inner=1.0,
    low=1.0,
    wanted="a whole number from 1 on",
)
non_negative_integer = Support(
    "non negative integer",
    lambda xp, x: (x >= 0) & (x == xp.floor(x)) & xp.isfinite(x),
    discrete=True,
    low=0.0,
    wanted="a whole number from 0 on",
)
integer = Support(
    "integer",
    lambda xp, x: (x == xp.floor(x)) & xp.isfinite(x),
    discrete=True,
    wanted="a whole number",
)
one_hot = Support("one hot", _one_hot, event_ndim=1, discrete=True, inner=_first_class)
real_vector = replace(real.over(1), wanted="finite numbers")
real_matrix = replace(real.over(2), wanted="finite numbers")
