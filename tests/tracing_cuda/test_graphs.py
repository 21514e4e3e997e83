"""Parts of traced functions as graphs: what they are given, what they give, and what stays on the host.

The stand-in captures as CUDA does: nothing is done at the capture, and at a launch every call works on the
memory that it had then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import pdist
import pdist.functions as F
from pdist.backend import hooks
from pdist.testing import standin, tapes
from pdist.testing.standin import StandIn, xp


def there(*arrays: Any) -> list[StandIn]:
    return [standin.asarray(np.array(a, np.float32)) for a in arrays]


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    with pdist.using_device("standin"):
        pdist.random.seed(5)
        yield
        pdist.random.seed(None)


def compare(function: Any, rows: int = 3, calls: int = 5, **options: Any) -> Any:
    """Run a function eagerly and traced; returns the traced one."""
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(rows, 2)).astype(np.float32) for _ in range(calls)]
    pdist.random.seed(5)
    expected = [function(standin.asarray(x)) for x in inputs]
    pdist.random.seed(5)
    traced = pdist.trace(function, **options)
    got = [traced(standin.asarray(x)) for x in inputs]  # all are kept until they are compared
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a.get(), b.get())
    return traced


def test_one_graph() -> None:
    before = standin.graphs.captures
    traced = compare(lambda x: xp.exp(x).sum(axis=0) + x.max())
    assert traced.source.count("_graph(") == 2  # where it is made, and where it runs
    assert standin.graphs.captures == before + 1


def test_a_capture_does_nothing_and_a_launch_does_it() -> None:
    (x,) = there([1.0, 2.0])
    state = standin.asarray(np.zeros(2))
    result, launch = standin.graphs.capture(lambda: (state.__iadd__(1.0), x * 2.0)[1])
    assert state.get().tolist() == [0.0, 0.0] and result.get().tolist() != [2.0, 4.0]
    launch()
    assert state.get().tolist() == [1.0, 1.0] and result.get().tolist() == [2.0, 4.0]
    x[...] = 5.0
    launch()
    assert state.get().tolist() == [2.0, 2.0] and result.get().tolist() == [10.0, 10.0]


def test_random_draws_go_on_from_launch_to_launch() -> None:
    traced = compare(lambda x: x + pdist.random.generator(xp).standard_normal(x.shape, dtype=np.float32))
    assert "_graph(" in traced.source


def test_a_new_seed_makes_the_graph_anew() -> None:
    traced = compare(lambda x: x * pdist.random.generator(xp).random(x.shape, dtype=np.float32) + 1.0)
    (x,) = there(np.ones((3, 2)))
    before = standin.graphs.captures
    pdist.random.seed(11)
    got = traced(x)
    pdist.random.seed(11)
    expected = x * pdist.random.generator(xp).random(x.shape, dtype=np.float32) + 1.0
    np.testing.assert_array_equal(got.get(), expected.get())
    assert standin.graphs.captures == before + 1


def test_draws_that_describe_their_arguments_stay_on_the_host() -> None:
    def step(x: Any) -> Any:
        rate = xp.exp(x) + 1.0
        counts = pdist.random.generator(xp).poisson(rate)
        return (counts * rate).sum(axis=0) * 2.0

    traced = compare(step)
    outer = traced.source[traced.source.rindex("def step") :]
    assert "rng.poisson" in outer and "_graph(" in outer


def test_what_looks_at_values_parts_the_graph() -> None:
    @hooks.opaque
    def ordered(x: Any) -> Any:
        return standin.asarray(np.sort(x.get(), axis=0))

    traced = compare(lambda x: xp.exp(ordered(x * 2.0 + 1.0)).sum(axis=1) - 1.0)
    outer = traced.source[traced.source.rindex("def ") :]
    assert "ordered(" in outer and "_graph" in outer


def test_effects_come_in_their_turn() -> None:
    seen: list[float] = []

    def step(x: Any) -> Any:
        y = xp.exp(x) * 2.0
        hooks.effect(lambda value: seen.append(float(value.get().sum())), y)
        return y.sum(axis=0) - x.max(axis=0)

    compare(step)
    assert len(seen) == 10 and seen[:5] == seen[5:]


def test_state_is_read_and_written_where_it_lies() -> None:
    states = [standin.asarray(np.zeros((3, 2), np.float32)) for _ in range(2)]
    turn = iter(states)
    made: dict[bool, Any] = {}

    def step(x: Any) -> Any:
        recording = hooks.current() is not None
        if recording not in made:
            made[recording] = next(turn)
        state = hooks.seen(made[recording])
        state += xp.tanh(x).sum(axis=0)
        return state.mean(axis=1) * 2.0

    compare(step)
    np.testing.assert_array_equal(states[0].get(), states[1].get())


def test_results_are_the_callers_own() -> None:
    traced = pdist.trace(lambda x: (x * 2.0, F.exp(x)))
    (x,) = there([1.0, 2.0])
    for _ in range(3):
        first, second = traced(x)
    kept, kept_variable = first.get(), second.array.get()
    (y,) = there([5.0, 6.0])
    traced(y)
    np.testing.assert_array_equal(first.get(), kept)
    np.testing.assert_array_equal(second.array.get(), kept_variable)
    first[...] = 0.0
    np.testing.assert_array_equal(traced(y)[0].get(), [10.0, 12.0])
    np.testing.assert_array_equal(x.get(), [1.0, 2.0])


def test_arguments_that_are_written() -> None:
    def step(x: Any) -> Any:
        x += 1.0
        return x.sum(axis=0) * 2.0

    traced = pdist.trace(step)
    total = np.zeros((3, 2), np.float32)
    (x,) = there(total)
    for i in range(5):
        total += 1.0
        np.testing.assert_array_equal(traced(x).get(), total.sum(axis=0) * 2.0, err_msg=f"call {i}")
        np.testing.assert_array_equal(x.get(), total)


def test_many_arrays_brought_together() -> None:
    def step(x: Any) -> Any:
        parts = [xp.exp(x * float(i)) for i in range(tapes.MANY)]
        return pdist.get_array_module(x).concatenate([p.sum(axis=1) for p in parts]) * 2.0

    compare(step)


def test_products() -> None:
    W = standin.asarray(np.random.default_rng(1).normal(size=(2, 2)).astype(np.float32))
    traced = compare(lambda x: (xp.tanh(x @ hooks.seen(W)) @ hooks.seen(W).T).sum(axis=0))
    assert traced.source.count("_graph(") == 2


def test_a_product_does_not_lie_over_its_factors() -> None:
    compare(lambda x: xp.tanh(xp.exp(x) @ (x * 2.0)) @ xp.exp(x), rows=2)


def test_batches_of_products_stay_on_the_host() -> None:
    traced = compare(lambda x: (xp.exp(x)[None] @ (x.T * 2.0)[None]).sum(axis=0) * 2.0)
    assert "matmul" in traced.source[traced.source.rindex("def ") :]


def test_where_a_capture_fails_it_runs_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(function: Any) -> Any:
        raise RuntimeError("no graphs today")

    monkeypatch.setattr(standin.graphs, "capture", fails)
    with pytest.warns(RuntimeWarning, match=r"runs kernel by kernel.*no graphs today"):
        compare(lambda x: xp.exp(x).sum(axis=0) * 2.0)
