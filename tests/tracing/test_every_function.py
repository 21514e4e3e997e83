"""Every function of pdist.functions, traced: values and gradients equal the eager ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from agreement import agree, gradients
from function_table import TABLE, Case
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import pdist

few = settings(
    max_examples=3, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck)
)
every = pytest.mark.parametrize("case", TABLE, ids=str)


@every
@few
@given(st.data())
def test_values_and_gradients(case: Case, data: Any):
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    first = [x.astype(dtype) for x in data.draw(case.inputs)]
    others = [np.array(np.flip(x)) for x in first]

    def function(*arrays: Any) -> Any:
        xs = [pdist.Variable(x, requires_grad=True) for x in arrays]
        y = case.f(*xs)
        return y, gradients(y, xs)

    agree(function, [first, others, first])


@every
@few
@given(st.data())
def test_on_arrays_out_of_order(case: Case, data: Any):
    """Inputs whose memory runs backwards and in gaps, and results without gradients."""
    first = data.draw(case.inputs)

    def strided(x: np.ndarray) -> np.ndarray:
        wide = np.full(tuple(2 * n + 1 for n in x.shape), np.nan)
        view = wide[(..., *[slice(2 * n, 0, -2) for n in x.shape])]
        view[...] = x
        return view

    calls = [[strided(x) for x in first], [strided(np.array(np.flip(x))) for x in first]]
    agree(lambda *arrays: case.f(*map(pdist.Variable, arrays)), calls)


@pytest.mark.parametrize("case", [case for case in TABLE if case.order], ids=str)
@settings(few, max_examples=1)
@given(st.data())
def test_second_derivatives(case: Case, data: Any):
    first = data.draw(case.inputs)

    def function(*arrays: Any) -> Any:
        xs = [pdist.Variable(x, requires_grad=True) for x in arrays]
        y = case.f(*xs)
        outputs = [out for out in (y if isinstance(y, (tuple, list)) else [y]) if out.requires_grad]
        if case.order < 2 or not outputs:
            return None
        slopes = pdist.grad(outputs, xs, enable_double_backprop=True)
        return slopes, gradients([slope for slope in slopes if slope is not None], xs)

    agree(function, [first, [np.array(np.flip(x)) for x in first]])
