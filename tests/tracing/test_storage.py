"""Where values lie: buffers that are used again, results written over arguments, layouts that are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from agreement import same
from alone import hold, only
from hypothesis import given
from hypothesis import strategies as st
from test_passes import X, numbers

import pdist
from pdist.tracing.record import Value
from pdist.tracing.storage import Block, array_in, place, pooled


def buffers(step: Any) -> dict[str, np.ndarray]:
    """The arrays that a trace's code writes into, by their names there."""
    states = [value.array for value in step.last.program.states]
    return {
        name: item
        for name, item in step.last.names.items()
        if isinstance(item, np.ndarray) and item.shape and not any(item is s for s in states)
    }


def test_a_buffer_that_is_done_with_is_used_again():
    def function(x: Any) -> Any:
        for _ in range(6):
            x = np.cumsum(x)  # no elementwise call: it never writes over its argument
        return x + 1

    step = hold(function, [X])
    report = step.report()
    assert report.buffer_bytes == 2 * X.nbytes
    assert report.largest_bytes == 6 * X.nbytes


def test_an_elementwise_call_writes_over_an_argument_that_is_done_with():
    step = hold(lambda x: np.exp(np.sin(np.cos(x) * 2)) + 1, [X])
    assert step.report().buffer_bytes == X.nbytes
    assert len(buffers(step)) == 1


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(lambda y: np.sin(y) * y, id="wanted later"),
        pytest.param(lambda y: y * y[::-1], id="as a view too"),
        pytest.param(lambda y: y[::-1] * y, id="as a view first"),
        pytest.param(lambda y: (np.sin(y) + y[:1]) * y[1:2], id="wanted later by its views"),
        pytest.param(lambda y: np.cumsum(y), id="not elementwise"),
        pytest.param(lambda y: y.reshape(8, 5) @ y.reshape(5, 8), id="a product"),
        pytest.param(lambda y: np.concatenate([y[20:], y[:20]]), id="brought together"),
        pytest.param(lambda y: (y > 0) * y, id="another dtype"),
        pytest.param(lambda y: (y[:1] + y).sum() + y, id="broadcast"),
        pytest.param(lambda y: y.reshape(8, 5).T + y.reshape(5, 8), id="another layout"),
        pytest.param(lambda y: np.take(y, [1, 0] * 20), id="taken"),
    ],
)
def test_what_is_still_wanted_is_not_written_over(function: Any):
    """With nothing else at work, and with all results made of what follows."""
    hold(lambda x: function(np.exp(x)) * 2 + 1, [X])
    hold(lambda x: (function(np.exp(x)) * 2, np.tan(x) + 1), [X])


def test_what_is_also_read_as_a_view_is_not_written_over():
    """NumPy would see the overlap and make a copy at each call: right, and slow."""

    def function(x: Any) -> Any:
        y = np.exp(x)
        return y * y[::-1] + 1

    assert hold(function, [X]).report().buffer_bytes == 2 * X.nbytes


def test_views_keep_their_memory_in_use():
    def function(x: Any) -> Any:
        part = np.exp(x)[::2]
        others = [np.cumsum(x), np.cumsum(x + 1), np.cumsum(x + 2)]
        return part + (others[0] + others[1] + others[2])[::2]

    hold(function, [X])


def test_writes_keep_their_memory_in_use():
    def function(x: Any) -> Any:
        y = np.exp(x)
        part = y[:20]
        z = np.sin(x) * 2
        part += z[20:]
        return np.cumsum(x) * 2 + y

    hold(function, [X])


def test_a_value_that_nobody_uses_frees_its_buffer_at_once():
    def function(x: Any) -> Any:
        for _ in range(5):
            np.exp(x)
        return x + 1

    assert hold(function, [X]).report().buffer_bytes == X.nbytes


def test_results_have_no_buffers():
    step = hold(lambda x: (np.exp(x), np.exp(x)[::2]), [X])
    assert not buffers(step)
    first, second = step(X), step(X)
    assert not any(np.shares_memory(a, b) for a in first for b in second)


def test_state_and_arguments_are_not_written_over():
    v = pdist.Variable(X.copy(), requires_grad=False)
    with only():
        step = pdist.trace(lambda x: np.exp(np.sin(v.array) * x + np.cos(x)) * 2)
        step(X)
        argument = X.copy()
        step(argument)
    assert step.report().buffer_bytes <= 2 * X.nbytes
    np.testing.assert_array_equal(v.array, X)
    np.testing.assert_array_equal(argument, X)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
def test_layouts_are_kept(order: tuple[int, ...]):
    """Sums round by the order of memory."""
    x = numbers(20, 30, 40, dtype=np.float32).transpose(order)

    def function(x: Any) -> Any:
        y = np.exp(x)
        return y.sum(), y.sum(axis=0), (y * 2).sum(axis=(0, 1)), (y + y[::-1]).sum(axis=2)

    step = hold(function, [x])
    (exp,) = [c.output for c in step.last.program.calls if c.name == "exp"]
    found = [a for a in buffers(step).values() if a.shape == x.shape]
    assert found and all(tuple(map(abs, a.strides)) == exp.strides for a in found)  # one is a view backwards


def test_memory_of_other_dtypes_and_shapes_is_used_again():
    def function(x: Any) -> Any:
        y = np.cumsum(x)
        z = np.cumsum(y).astype(np.float32)
        z = np.cumsum(np.cumsum(np.concatenate([z, z])))
        return z.reshape(2, -1) @ z.reshape(-1, 2) + 1

    report = hold(function, [X]).report()
    assert report.buffer_bytes < report.largest_bytes / 2


def lives(*given: tuple[int, int, int]) -> list[Block]:
    """Blocks of so many bytes, from one call to another."""
    blocks = []
    for nbytes, first, last in given:
        block = Block(nbytes, first)
        block.last = last
        blocks.append(block)
    return blocks


def test_room_is_shared_by_what_is_not_in_use_at_the_same_time():
    first, second, both = blocks = lives((640, 0, 3), (320, 4, 6), (128, 2, 5))
    assert place(blocks) == 640 + 128
    assert first.start == second.start == 0
    assert both.start == 640


def test_small_blocks_fill_the_gaps():
    large, medium, small, later = blocks = lives((1024, 0, 1), (512, 1, 4), (256, 2, 3), (512, 2, 3))
    assert place(blocks) == 1024 + 512
    assert medium.start == large.start + 1024
    assert {later.start, small.start} == {0, 512}


def test_blocks_begin_at_lines_of_the_cache():
    blocks = lives((1, 0, 9), (65, 0, 9), (0, 0, 9), (4, 0, 9))
    assert place(blocks) == 5 * 64
    assert all(block.start % 64 == 0 for block in blocks)
    assert place([]) == 0


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 30), st.integers(0, 9)), max_size=30))
def test_places_of_random_blocks(given_lives: list[tuple[int, int, int]]):
    blocks = lives(*[(nbytes, first, first + length) for nbytes, first, length in given_lives])
    total = place(blocks)
    assert total <= sum(block.nbytes for block in blocks)
    for i, a in enumerate(blocks):
        assert 0 <= a.start <= total - a.nbytes
        for b in blocks[:i]:
            at_once = a.first <= b.last and b.first <= a.last
            assert not at_once or a.start + a.nbytes <= b.start or b.start + b.nbytes <= a.start


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (1,), (2, 3)])
def test_arrays_in_memory(shape: tuple[int, ...]):
    like = np.zeros(shape[::-1], np.float32).T
    array = array_in(np.zeros(64, np.uint8), Value("computed", like))
    assert (array.shape, array.dtype) == (like.shape, like.dtype)
    assert array.size == 0 or array.strides == like.strides


def test_no_two_values_in_use_share_memory():
    """Whatever the programs: lives that overlap, memory that does not."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        picks = rng.integers(0, 1 << 30, (12, 3))

        def function(x: Any, picks: Any = picks) -> Any:
            pool = [x]
            for kind, i, j in picks.tolist():
                a, b = pool[i % len(pool)], pool[j % len(pool)]
                if kind % 4 == 0:
                    pool.append(a[::-1])
                elif kind % 4 == 1:
                    pool.append(np.cumsum(a))
                elif kind % 4 == 2:
                    pool.append(np.exp(-abs(a)))
                else:
                    pool.append(a * b)
            return sum(pool) + 0

        program = hold(function, [X]).last.program
        arrays, _ = pooled(program)
        lives: dict[Value, list[int]] = {}
        for i, c in enumerate(program.calls):
            for value in (*c.inputs, *c.outputs):
                if value.root in arrays:
                    lives.setdefault(value.root, []).append(i)
        for a in lives:
            for b in lives:
                if min(lives[a]) < min(lives[b]) < max(lives[a]):
                    assert not np.shares_memory(arrays[a], arrays[b])


def test_numbers_of_two_traces_do_not_mix():
    """Each trace has buffers of its own: one may run inside what the other's caller does."""
    with only():
        step = pdist.trace(lambda x: np.exp(np.sin(x)) + 1)
        small, large = numbers(3), numbers(50)
        expected = [np.exp(np.sin(a)) + 1 for a in (small, large)]
        for _ in range(3):
            same([step(small), step(large)], expected)
