"""Searches: roots of smooth and of broken functions, counts, and brackets with nothing inside."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdist.numerics.roots import search_count, search_root


def test_roots_of_a_smooth_function_take_few_steps():
    asked = []

    def f(x):
        asked.append(x)
        return np.exp(x) - 5, (np.exp(x) - 5) / np.exp(x), 1e-15

    x = search_root(np, f, np.array([-10.0, 0.0]), np.array([50.0, 3.0]))
    np.testing.assert_allclose(x, math.log(5), rtol=1e-15)
    assert len(asked) < 60


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_jump_is_found_to_the_last_digit(a, b, c):
    low, at, high = sorted((a, b, c))

    def f(x):
        return np.where(x < at, -1.0, 1.0), np.full_like(x, np.nan), 0.0

    x = search_root(np, f, np.array([low]), np.array([high])).item()
    if low < at:
        assert x >= at
        assert x - at <= 2 * np.spacing(max(abs(low), abs(high)))


def test_kinks_and_flat_stretches():
    def f(x):
        y = np.where(x < 1, 1e-3 * (x - 1), 1e3 * (x - 1))
        return y, y / np.where(x < 1, 1e-3, 1e3), 0.0

    assert search_root(np, f, np.array([-100.0]), np.array([100.0])).item() == 1

    def cubic(x):
        return x**3, x**3 / (3 * x**2), 1e-300

    assert abs(search_root(np, cubic, np.array([-1.0]), np.array([7.0])).item()) < 1e-15


@pytest.mark.parametrize(
    "ends", [(1.0, 1.0), (2.0, 1.0), (0.0, np.inf), (-np.inf, 0.0), (np.nan, 1.0), (0.0, np.nan)]
)
def test_brackets_with_nothing_inside_give_their_upper_end(ends):
    low, high = (np.array([end, 0.0]) for end in ends)
    high[1] = 8
    x = search_root(np, lambda x: (x - 3, x - 3, 0.0), low, high)
    np.testing.assert_array_equal(x, [ends[1], 3])
    n = search_count(np, lambda n: n >= 3, low, high)
    np.testing.assert_array_equal(n, [ends[1], 3])


@given(st.integers(-(2**52), 2**52), st.integers(0, 2**40), st.integers(0, 2**40))
def test_counts(at, below, above):
    low, high = np.array([float(at - below - 1)]), np.array([float(at + above)])
    asked = []

    def reached(n):
        asked.append(n)
        return n >= at

    assert search_count(np, reached, low, high).item() == at
    assert len(asked) <= 42


def test_empty_arrays():
    none = np.zeros((0, 3))
    assert search_root(np, lambda x: (x, x, 0.0), none, none).shape == (0, 3)
    assert search_count(np, lambda x: x > 0, none, none).shape == (0, 3)
