"""Derivatives of tails by a shape, and Bregman pieces, against sixty-digit references."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pdist.numerics.bregman import bregman_lgamma, digamma_difference
from pdist.numerics.incomplete_gamma import gamma_tail_bend, gamma_tail_slope
from pdist.numerics.student_shape import student_tail_bend, student_tail_slope

DTYPES = (np.float64, np.float32)
with np.load(Path(__file__).with_name("shape_references.npz")) as _file:
    REFERENCES = dict(_file)


def inputs(name, dtype):
    return REFERENCES[f"{name}.first"].astype(dtype), REFERENCES[f"{name}.second"].astype(dtype)


def ulps(name, quantity, got):
    """Errors in ulps of the dtype; those of numbers that it does not hold are 0."""
    high, low = REFERENCES[f"{name}.{quantity}.high"], REFERENCES[f"{name}.{quantity}.low"]
    limits = np.finfo(got.dtype)
    held = (abs(high) < float(limits.max)) & (abs(high) >= float(limits.tiny))
    spacing = np.spacing(abs(np.where(held, high, 1)).astype(got.dtype)).astype(np.float64)
    errors = abs((got.astype(np.float64) - high) - low) / spacing
    assert np.isfinite(got[held]).all()
    return np.where(held, errors, 0)


def check(name, quantity, got, dtype, most, share=0.97, where=True):
    assert got.dtype == dtype
    where = np.broadcast_to(where, got.shape)
    first, second = (a[where] for a in inputs(name, dtype))
    errors = ulps(name, quantity, got)[where]
    i = int(np.argmax(errors))
    assert errors[i] <= most, f"{quantity} at {first[i]}, {second[i]}: {errors[i]:.1f} ulps"
    assert np.mean(errors <= 4) >= share, f"{quantity}: {np.mean(errors <= 4):.1%} within 4 ulps"


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"):
        yield


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_logarithm_of_a_gamma_tail_by_its_shape(dtype):
    k, z = inputs("gamma", dtype)
    below = (z < k) | ((k < 3) & (z < 0.5))
    for op, start, most, share in (
        (gamma_tail_slope, "log", 8, 0.96),
        (gamma_tail_bend, "bend_log", 25, 0.7),
    ):
        for upper, here in ((False, below), (True, ~below)):
            got = op.kernel(np, z, k, upper=upper, log=True)
            quantity = start + ("_upper" if upper else "_lower")
            check("gamma", quantity, got, dtype, most, share, here)


STUDENT = {  # the most ulps, and the share within 4: with a up to 1e30 and 0.01 degrees of freedom
    (student_tail_slope, "", "lower"): (18, 0.88),
    (student_tail_slope, "", "upper"): (18, 0.88),
    (student_tail_slope, "log_", "lower"): (18, 0.84),
    (student_tail_slope, "log_", "upper"): (36, 0.9),
    (student_tail_bend, "bend_", "lower"): (25, 0.8),
    (student_tail_bend, "bend_", "upper"): (25, 0.8),
    (student_tail_bend, "bend_log_", "lower"): (22, 0.75),
}


@pytest.mark.parametrize("dtype", DTYPES)
def test_tails_of_students_t_by_degrees_of_freedom(dtype):
    a, df = inputs("student", dtype)
    for (op, start, side), (most, share) in STUDENT.items():
        got = op.kernel(np, a, df, upper=side == "upper", log="log" in start)
        check("student", start + side, got, dtype, most, share)
        mirrored = op.kernel(np, -a, df, upper=side == "lower", log="log" in start)
        assert (mirrored == got)[a > 0].all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_moderate_students_t_by_degrees_of_freedom(dtype):
    a, df = inputs("student", dtype)
    moderate = (a < 1e4) & (df > 0.05)
    for upper, log in ((False, False), (True, False), (False, True), (True, True)):
        got = student_tail_slope.kernel(np, a, df, upper=upper, log=log)
        quantity = ("log_" if log else "") + ("upper" if upper else "lower")
        check("student", quantity, got, dtype, 12, 0.91, moderate)


@pytest.mark.parametrize("dtype", DTYPES)
def test_bregman_pieces_of_log_gamma(dtype):
    a, b = inputs("bregman", dtype)
    check("bregman", "digamma_difference", digamma_difference.kernel(np, a, b, a - b), dtype, 4)
    check("bregman", "bregman_lgamma", bregman_lgamma.kernel(np, a, b, a - b), dtype, 14, 0.96)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_moves_at_the_ends(dtype):
    shape = np.array([0.01, 0.5, 1, 2, 3, 1e5], dtype)
    zero, infinite, nothing = (np.full_like(shape, v) for v in (0, np.inf, np.nan))
    for op, ends in (
        (gamma_tail_slope, (zero, infinite)),
        (student_tail_slope, (zero, infinite, -infinite)),
    ):
        for upper in (False, True):
            for z in ends:
                assert (abs(op.kernel(np, z, shape, upper=upper, log=False)) <= np.finfo(dtype).tiny).all()
            assert np.isnan(op.kernel(np, nothing, shape, upper=upper, log=False)).all()
            assert np.isnan(op.kernel(np, shape, nothing, upper=upper, log=True)).all()
    assert (gamma_tail_slope.kernel(np, zero, shape, upper=False, log=True) == -np.inf).all()
    assert (gamma_tail_slope.kernel(np, zero, shape, upper=True, log=True) == 0).all()
