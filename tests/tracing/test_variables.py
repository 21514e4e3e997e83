"""Variables outside a traced function that come to stand for other objects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pdist
import pdist.functions as F

table = np.ones(2)
factor = 1.0


def doubled(x: Any) -> Any:
    return F.exp(x) * factor


def set_globals(**values: Any) -> None:
    globals().update(values)


@pytest.fixture(autouse=True)
def as_before() -> Any:
    yield
    set_globals(table=np.ones(2), factor=1.0)


def test_a_global_array_that_is_bound_anew() -> None:
    traced = pdist.trace(lambda x: F.exp(x * 0) * table)
    assert np.array_equal(traced(np.zeros(2)).array, [1, 1])
    set_globals(table=np.full(2, 5.0))
    assert np.array_equal(traced(np.zeros(2)).array, [5, 5])


def test_a_number_that_a_helper_reads() -> None:
    traced = pdist.trace(lambda x: doubled(x))
    assert traced(np.zeros(())).array == 1
    set_globals(factor=3.0)
    assert traced(np.zeros(())).array == 3
    set_globals(factor=1.0)
    assert traced(np.zeros(())).array == 1


def test_a_variable_of_an_enclosing_function() -> None:
    scale = 2.0

    @pdist.trace
    def step(x: Any) -> Any:
        return F.exp(x) * scale

    assert step(np.zeros(())).array == 2
    scale = 4.0
    assert step(np.zeros(())).array == 4
    last = step.last
    step(np.ones(()))
    assert step.last is last


def test_what_changes_at_every_call_is_told_once() -> None:
    k = 0.0
    traced = pdist.trace(lambda x: F.exp(x) * k)
    with pytest.warns(UserWarning, match="the variable 'k' is another object") as told:
        for i in range(30):
            k = float(i)
            assert traced(np.zeros(())).array == i
    assert len(told) == 1
