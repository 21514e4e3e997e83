"""Every function of the table: values, shapes, dtypes, layouts, promotion, gradients to second order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from function_table import TABLE, Case
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pdist
import pdist.functions as F
from pdist.autograd.gradient_check import check_gradients

few = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
every = pytest.mark.parametrize("case", TABLE, ids=str)
elementwise = pytest.mark.parametrize("case", [c for c in TABLE if c.elementwise], ids=str)
smooth = pytest.mark.parametrize("case", [c for c in TABLE if c.order], ids=str)


def several(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]


def arrays(outputs: Any) -> list[np.ndarray]:
    return [pdist.to_cpu(y.array) for y in several(outputs)]


def test_table_is_complete():
    assert {case.name for case in TABLE} == set(F.__all__)


def test_labels_are_unique():
    labels = [str(case) for case in TABLE]
    assert len(labels) == len(set(labels))


@every
@few
@given(st.data())
def test_values_shapes_and_dtypes(case: Case, data: Any):
    inputs = data.draw(case.inputs)
    for dtype in (np.float64, np.float32):
        xs = [x.astype(dtype) for x in inputs]
        before = [x.copy() for x in xs]
        got = several(case.f(*[pdist.Variable(x) for x in xs]))
        expected = [np.asarray(e) for e in several(case.reference(*[x.astype(np.float64) for x in xs]))]
        assert len(got) == len(expected)
        rtol = case.rtol if dtype == np.float64 else min(1e-4, 1e8 * case.rtol)
        for y, e in zip(got, expected, strict=True):
            assert isinstance(y, pdist.Variable)
            assert type(y.array) is np.ndarray
            if case.label != "wide":
                assert y.dtype == (dtype if e.dtype.kind == "f" else e.dtype)
            assert y.shape == e.shape
            np.testing.assert_allclose(y.array, e, rtol=rtol, atol=10 * rtol)
        for x, b in zip(xs, before, strict=True):
            np.testing.assert_array_equal(x, b)


@every
@few
@given(st.data())
def test_layout_of_memory_does_not_matter(case: Case, data: Any):
    inputs = data.draw(case.inputs)

    def strided(x: np.ndarray) -> np.ndarray:
        """The same values backwards and in gaps in memory."""
        wide = np.full(tuple(2 * n + 1 for n in x.shape), np.nan)
        view = wide[(..., *[slice(2 * n, 0, -2) for n in x.shape])]
        view[...] = x
        return view

    plain = several(case.f(*map(pdist.Variable, inputs)))
    for other in (strided, lambda x: np.array(x, order="F")):
        for y, e in zip(several(case.f(*[pdist.Variable(other(x)) for x in inputs])), plain, strict=True):
            np.testing.assert_allclose(y.array, e.array, rtol=1e-13, atol=1e-14)


@elementwise
@few
@given(st.data())
def test_integers_and_numbers_promote(case: Case, data: Any):
    xs = data.draw(case.inputs)
    whole = [np.round(x).astype(np.int64) for x in xs]
    with np.errstate(all="ignore"):
        (as_integers,) = arrays(case.f(*whole))
        (as_floats,) = arrays(case.f(*[x.astype(np.float32) for x in whole]))
        assert as_integers.dtype == np.float32
        np.testing.assert_array_equal(as_integers, as_floats)
        if len(xs) == 2 and xs[0].size:
            # an integer array and a Python number take the dtype of the floating array
            for number in (whole[1], int(whole[1].flat[0]) if xs[1].size else 1, 1.5):
                (y,) = arrays(case.f(xs[0], number))
                (e,) = arrays(case.f(xs[0], np.asarray(number, dtype=np.float64)))
                assert y.dtype == np.float64
                np.testing.assert_allclose(y, e, rtol=1e-14)
                assert case.f(xs[0].astype(np.float32), number).dtype == np.float32


@smooth
@few
@given(st.data())
def test_gradients(case: Case, data: Any):
    inputs = data.draw(case.inputs)
    check_gradients(case.f, inputs, order=case.order, directions=1)


@smooth
@few
@given(st.data())
def test_gradients_in_float32(case: Case, data: Any):
    inputs = [x.astype(np.float32) for x in data.draw(case.inputs)]
    gradients = {}
    for dtype in (np.float64, np.float32):
        variables = [pdist.Variable(x.astype(dtype)) for x in inputs]
        outputs = [y for y in several(case.f(*variables)) if y.requires_grad]
        if not outputs:
            return
        weights = [((np.arange(y.size) % 3) - 0.7).reshape(y.shape).astype(y.dtype) for y in outputs]
        gradients[dtype] = pdist.grad(outputs, variables, grad_outputs=weights)
    for g, e in zip(gradients[np.float32], gradients[np.float64], strict=True):
        assert (g is None) == (e is None)
        if g is not None:
            assert g.dtype == np.float32
            np.testing.assert_allclose(g.array, e.array, rtol=1e-3, atol=1e-4)


@smooth
@few
@given(st.data())
def test_inputs_without_gradient(case: Case, data: Any):
    inputs = data.draw(case.inputs)
    constants = [pdist.Variable(x, requires_grad=False) for x in inputs]
    assert not any(y.requires_grad for y in several(case.f(*constants)))
    with pdist.no_backprop_mode():
        for y in several(case.f(*map(pdist.Variable, inputs))):
            assert case.name in ("identity", "broadcast") or not y.requires_grad
    if len(inputs) == 1:
        return
    all_of_them = _gradients(case, [pdist.Variable(x) for x in inputs])
    for i in range(len(inputs)):
        some = [pdist.Variable(x, requires_grad=i == j) for j, x in enumerate(inputs)]
        for j, (g, e) in enumerate(zip(_gradients(case, some), all_of_them, strict=True)):
            if i != j:
                assert g is None
            elif e is not None:
                np.testing.assert_allclose(g.array, e.array, rtol=1e-13, atol=1e-14)


def _gradients(case: Case, variables: list[pdist.Variable]) -> list[Any]:
    outputs = [y for y in several(case.f(*variables)) if y.requires_grad]
    return pdist.grad(outputs, variables) if outputs else [None] * len(variables)
