"""Gumbel's quantiles, which pass through zero at 1/e."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from exactly import numbers, require
from hypothesis import example, given, settings
from hypothesis import strategies as st

import pdist.distributions as D


def quantile(p: float) -> mp.mpf:
    with mp.workdps(60):
        return -mp.log(-mp.log(mp.mpf(p)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@settings(max_examples=100, deadline=None)
@given(p=st.one_of(numbers(1e-30, 0.999), numbers(0.36, 0.375)))
@example(p=float(np.float32(1 / math.e)))
@example(p=0.25)
@example(p=0.5)
def test_quantiles(p: float, dtype: type) -> None:
    require(D.Gumbel(dtype(0), dtype(1)).icdf(dtype(p)), [quantile(p)], 4, 1 / 64)


def test_quantiles_beside_their_zero() -> None:
    """Five digits (binary) are left of the last numbers beside 1/e."""
    p = 1 / math.e + np.arange(-4, 5) * 2.0**-54
    require(D.Gumbel(0.0, np.array(1.0)).icdf(p), [quantile(float(v)) for v in p], 4, 1 / 64)
    ends = D.Gumbel(0.0, np.array(1.0)).icdf(np.array([0.0, 1.0, -0.1, 1.1])).array
    np.testing.assert_array_equal(ends, [-math.inf, math.inf, math.nan, math.nan])
