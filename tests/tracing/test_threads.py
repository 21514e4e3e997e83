"""Threads: several call one traced function, or one records while others run."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import jobs
import numpy as np
import pytest
from agreement import same

import pdist
import pdist.distributions as D
import pdist.functions as F

THREADS, CALLS = 4, 40


@pytest.fixture(autouse=True)
def often() -> Iterator[None]:
    """Let threads change places as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(*functions: Callable[[], Any]) -> list[Any]:
    """What functions return that begin at the same time, each in a thread; the first error is raised."""
    barrier = threading.Barrier(len(functions))
    results: list[Any] = [None] * len(functions)
    errors: list[BaseException] = []

    def run(i: int) -> None:
        try:
            barrier.wait()
            results[i] = functions[i]()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a deadlock"
    if errors:
        raise errors[0]
    return results


def inputs(i: int, n: int = 50) -> np.ndarray:
    return np.random.default_rng(i).standard_normal(n)


def test_threads_that_call_one_traced_function():
    """Its buffers are shared, but not between the numbers of two calls."""
    w = pdist.Variable(inputs(1000), requires_grad=False)

    def function(x):
        y = F.exp(w * x)
        for _ in range(10):
            y = F.tanh(y + x) * w
        return F.sum(y), y

    traced = pdist.trace(function)

    def work(thread: int) -> Callable[[], Any]:
        return lambda: [traced(inputs(thread * CALLS + i)) for i in range(CALLS)]

    found = in_threads(*[work(thread) for thread in range(THREADS)])
    for thread, results in enumerate(found):
        for i, result in enumerate(results):
            same(result, function(inputs(thread * CALLS + i)), f"thread {thread}, call {i}")


def test_threads_with_shapes_of_their_own():
    function = lambda x: F.sum(F.exp(F.sin(pdist.Variable(x)) * x[::-1]))
    traced = pdist.trace(function, cache_size=3)

    def work(thread: int) -> Callable[[], Any]:
        return lambda: [traced(inputs(i, 3 + (thread + i) % 5)) for i in range(CALLS)]

    for thread, results in enumerate(in_threads(*[work(thread) for thread in range(THREADS)])):
        for i, result in enumerate(results):
            same(result, function(inputs(i, 3 + (thread + i) % 5)))


def test_one_records_while_others_run_eagerly():
    """What others do is not recorded, and gives them arrays."""
    stop = threading.Event()
    w = pdist.Variable(inputs(1))
    shared = pdist.Variable(inputs(2))

    def eager() -> int:
        n = 0
        rng = np.random.default_rng(0)
        while not stop.is_set():
            v = pdist.Variable(inputs(3))
            loss = F.sum(F.exp(v * shared)) + F.sum(D.Normal(v, 1.0).log_prob(w.array))
            loss.backward()
            assert type(v.grad) is np.ndarray
            assert type(loss.array) is np.ndarray
            draw = D.Normal(v, 1.0).sample(rng=rng)
            assert type(draw.array) is np.ndarray
            np.testing.assert_array_equal(
                loss.array,
                np.exp(v.array * shared.array).sum() + F.sum(D.Normal(v, 1.0).log_prob(w.array)).array,
            )
            n += 1
        return n

    def function(x):
        y = F.sum(F.exp(w * x) + shared.array)  # its gradient is the others' affair
        w.cleargrad()
        y.backward()
        return y, w.grad

    def record() -> Any:
        try:
            found = []
            for _ in range(25):
                traced = pdist.trace(function)
                found.append((traced(inputs(4)), traced(inputs(5)), len(traced.source)))
            return found
        finally:
            stop.set()

    counts = in_threads(record, eager, eager)
    assert all(n > 0 for n in counts[1:])
    length = counts[0][0][2]
    for one, two, lines in counts[0]:
        same(one, function(inputs(4)))
        same(two, function(inputs(5)))
        assert lines == length  # nothing of the others is in it


def test_two_record_at_the_same_time():
    def work(k: int) -> Callable[[], Any]:
        w = pdist.Variable(inputs(k))

        def function(x):
            w.cleargrad()
            loss = F.sum(F.tanh(w * x))
            loss.backward()
            w.array -= 0.01 * w.grad
            return loss

        def run() -> Any:
            found = []
            for _ in range(15):
                traced = pdist.trace(function)
                found += [traced(inputs(i)) for i in range(3)]
            return found, w.array.copy()

        def expected() -> Any:
            w.array = inputs(k)
            return [function(inputs(i)) for _ in range(15) for i in range(3)], w.array.copy()

        run.expected = expected  # type: ignore[attr-defined]
        return run

    works = [work(k) for k in range(3)]
    for one, got in zip(works, in_threads(*works), strict=True):
        same(got, one.expected())  # type: ignore[attr-defined]


def test_threads_that_train_models_of_their_own():
    def train(trace: bool) -> Any:
        job = jobs.mdn_small()
        step = pdist.trace(job.step) if trace else job.step
        losses = [step(*job.batches[i % len(job.batches)]) for i in range(15)]
        return losses, [p.array for p in job.parameters]

    pdist.random.seed(0)
    expected = train(False)
    for got in in_threads(*[lambda: train(True)] * 3):
        same(got, expected)


def test_threads_that_train_one_model():
    """Each step is whole: their order is left to chance, their number is not."""
    job = jobs.mdn_small()
    step = pdist.trace(job.step)
    step(*job.batches[0])
    found = in_threads(*[lambda: [step(*job.batches[0]) for _ in range(CALLS)]] * 2)
    assert job.optimizer.t == 2 * CALLS + 1
    losses = sorted((float(y.array) for results in found for y in results), reverse=True)
    again = jobs.mdn_small()
    same(
        [np.array(x) for x in losses],
        [
            np.array(x)
            for x in sorted(
                (float(again.step(*again.batches[0]).array) for _ in range(2 * CALLS + 1)), reverse=True
            )[1:]
        ],
    )
    same([p.array for p in job.parameters], [p.array for p in again.parameters])


def test_modes_of_one_thread_are_not_another_s():
    w = pdist.Variable(inputs(0))

    def function(x):
        y = w * x
        return (F.dropout(y, 0.5), y.array) if y.requires_grad else (y, y.array * 0)

    traced = pdist.trace(function)

    def with_gradients() -> Any:
        return [traced(inputs(i)) for i in range(CALLS)]

    def without() -> Any:
        with pdist.no_backprop_mode():
            return [traced(inputs(i)) for i in range(CALLS)]

    with_, without_ = in_threads(with_gradients, without)
    for i in range(CALLS):
        assert not without_[i][1].any()
        same(without_[i][0], pdist.Variable(w.array * inputs(i)))
        same(with_[i][1], w.array * inputs(i))
