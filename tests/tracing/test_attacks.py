"""Programs that were once traced wrongly, or might well be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from agreement import agree, same, snapshot

import pdist
from pdist.backend import tracing


def numbers(*shape: int, seed: int = 0, dtype: Any = np.float64) -> np.ndarray:
    return np.asarray(np.random.default_rng(seed).standard_normal(shape)).astype(dtype)


PAIRS = [(numbers(4, seed=i), numbers(4, seed=i + 9)) for i in range(3)]


def as_eager(run: Callable[[Callable[..., Any]], Any]) -> None:
    """Hold what a program returns that is handed ``pdist.trace`` to the same with functions left alone."""
    same(snapshot(run(pdist.trace)), snapshot(run(lambda function: function)))


# Passes ---------------------------------------------------------------------------------------------------


def test_a_result_told_to_go_into_another_dtype_is_another_result():
    def function(x, y):
        narrow = x.astype(np.float32)
        wide = narrow + y
        narrow += y
        return wide, narrow, narrow.sum()

    agree(function, PAIRS)


def test_a_result_told_to_go_into_another_shape_is_another_result():
    def function(x, y):
        rows = np.zeros_like(x, shape=(2, 4)) + x
        column = np.zeros_like(x, shape=(4, 4)).T + x
        return np.add(x, y), np.add(x, y, out=rows), np.add(x[:, None], y, out=column), column.sum(axis=0)

    agree(function, PAIRS)


def test_a_constant_told_to_go_into_another_dtype():
    def function(x, y):
        xp = pdist.get_array_module(x)
        narrow = xp.zeros(4, np.float32)
        np.add(xp.full(4, 0.1), xp.full(4, 0.2), out=narrow)
        return narrow * x.astype(np.float32), narrow

    agree(function, PAIRS)


def test_the_negative_in_another_dtype():
    def function(x, y):
        minus = np.negative(y, out=x.astype(np.float32))
        return x.astype(np.float32) + minus, x - np.negative(y[:1], out=x * 1)

    agree(function, PAIRS)


def test_a_copy_of_a_copy_of_what_changes():
    def run(wrap):
        w = pdist.Variable(numbers(4), requires_grad=False)

        def step(x):
            twice = w.array.copy().copy()
            w.array += x
            return twice * 2

        step = wrap(step)
        return [step(x) for x, _ in PAIRS]

    as_eager(run)


def test_opaque_functions_of_one_name():
    def make(k):
        @tracing.opaque
        def root(xp, x):
            return x + k

        return root

    one, other = make(1.0), make(2.0)

    def function(x, y):
        xp = pdist.get_array_module(x)
        return one(xp, x) * other(xp, x)

    agree(function, PAIRS)
