"""What is put together runs as it did apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pdist
from pdist.backend import hooks
from pdist.testing import standin
from pdist.testing.standin import StandIn, xp


def there(*arrays: Any) -> list[StandIn]:
    return [standin.asarray(np.array(a, np.float32)) for a in arrays]


def kernels_of(step: Any) -> list[str]:
    return [line.strip() for line in step.source.splitlines() if "fused_" in line]


def test_elementwise_calls_become_one_kernel() -> None:
    step = pdist.trace(lambda x, y: xp.exp(x * y + 1.0) - xp.maximum(x, 0.0))
    x, y = there([1.0, -2.0], [0.5, 3.0])
    first = step(x, y).get()
    np.testing.assert_array_equal(step(x, y).get(), first)
    assert len(kernels_of(step)) == 1
    (kernel,) = step.last.kernels
    assert kernel.in_params == "float32 x0, float32 x1" and kernel.out_params == "float32 y0"
    assert "expf(" in kernel.body and "1.0f" in kernel.body
    assert len(kernel.stores) == 1
    assert "test_fusion.py" in step.kernels and "float t" in step.kernels


def test_what_a_reduction_parts_stays_apart() -> None:
    def step(x: Any) -> Any:
        z = x - x.max(axis=1, keepdims=True)
        e = xp.exp(z)
        return e / e.sum(axis=1, keepdims=True)

    traced = pdist.trace(step)
    (x,) = there([[1.0, 2.0, 3.0], [0.0, 0.0, 5.0]])
    expected = traced(x).get()
    np.testing.assert_array_equal(traced(x).get(), expected)
    assert len(kernels_of(traced)) == 2


def test_writes_keep_their_place() -> None:
    state = standin.asarray(np.zeros(3, np.float32))

    def step(x: Any) -> Any:
        s = hooks.seen(state)
        before = s * 2.0
        s += x
        after = s * 2.0
        s *= after
        return before, after, s + 0.0

    eager = standin.asarray(np.zeros(3, np.float32))
    traced = pdist.trace(step)
    for i in range(4):
        (x,) = there([1.0 + i, 2.0, -3.0])
        before = eager * 2.0
        eager += x
        after = eager * 2.0
        eager *= after
        for got, expected in zip(traced(x), (before, after, eager + 0.0), strict=True):
            np.testing.assert_array_equal(got.get(), expected.get())
        np.testing.assert_array_equal(state.get(), eager.get())
    assert len(kernels_of(traced)) == 1


def test_views_of_what_is_written_are_not_mixed_in() -> None:
    state = standin.asarray(np.arange(4, dtype=np.float32))

    def step(x: Any) -> Any:
        s = hooks.seen(state)
        turned = s[::-1]
        s += x  # every element of s must still be the old one where `turned` is read next
        return turned + s

    traced = pdist.trace(step)
    expected = np.arange(4, dtype=np.float32)
    for _ in range(3):
        (x,) = there([1.0, 10.0, 100.0, 1000.0])
        expected += x.get()
        np.testing.assert_array_equal(traced(x).get(), expected[::-1] + expected)


# Random programs -------------------------------------------------------------------------------------------

UNARY = ["exp", "negative", "sqrt", "square", "tanh"]
BINARY = ["add", "subtract", "multiply", "maximum", "minimum"]


@st.composite
def programs(draw: Any) -> list[tuple[Any, ...]]:
    """Lines: of elementwise calls, sums, products, views, copies and writes; by numbers of earlier ones."""
    kinds = ["unary", "binary", "binary", "constant", "sum", "transpose", "rows", "matmul", "write", "where"]
    n = draw(st.integers(3, 25))
    lines: list[tuple[Any, ...]] = []
    for i in range(n):
        at = st.integers(0, i + 2)
        kind = draw(st.sampled_from([*kinds, "state"]))
        lines.append((kind, draw(st.integers(0, 4)), draw(at), draw(at), draw(st.floats(-2, 2, width=16))))
    return lines


def run(lines: list[tuple[Any, ...]], x: Any, y: Any, state: Any) -> Any:
    """The program that the lines tell of: 4 x 4 arrays, whatever happens."""
    have = [x, y, state]
    for kind, which, i, j, number in lines:
        a, b = have[i], have[j]
        if kind == "unary":
            have.append(getattr(xp, UNARY[which])(a))
        elif kind == "binary":
            have.append(getattr(xp, BINARY[which])(a, b))
        elif kind == "constant":
            have.append(getattr(xp, BINARY[which])(a, number))
        elif kind == "sum":
            have.append(a - b.sum(axis=which % 2, keepdims=True))
        elif kind == "transpose":
            have.append(a.T)
        elif kind == "rows":
            have.append(a[::-1])
        elif kind == "matmul":
            have.append(a @ b)
        elif kind == "where":
            have.append(pdist.get_array_module(a).where(a > number, a, b))
        elif kind == "write":
            copy = a.copy()
            copy[1:3] = b[which % 2 : which % 2 + 2]
            copy += b
            have.append(copy)
        else:
            s = hooks.seen(state)
            if which % 2:
                s += b
            else:
                s[...] = a * number
            have.append(s)
    return have[-1] * 1.0, have[len(have) // 2] + 0.0


@pytest.mark.filterwarnings("ignore")
@given(programs())
def test_random_programs(lines: list[tuple[Any, ...]]) -> None:
    rng = np.random.default_rng(0)
    start = rng.normal(size=(4, 4)).astype(np.float32)
    eager_state, state = standin.asarray(start), standin.asarray(start)
    step = pdist.trace(lambda x, y: run(lines, x, y, hooks.seen(state)))
    for _ in range(3):
        x, y = there(*rng.normal(size=(2, 4, 4)))
        with np.errstate(all="ignore"):
            expected = run(lines, x, y, eager_state)
            got = step(x, y)
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_array_equal(a.get(), b.get())
        np.testing.assert_array_equal(state.get(), eager_state.get())
