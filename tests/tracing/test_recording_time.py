"""Programs that are eight times as long take about eight times the work to record.

Work is counted in executed lines of Python, which are the same in every run and on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from agreement import same

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from pdist.tracing.storage import MOST_SIZES, Block, place

SHORT, TIMES = 10, 8


def gradient_of(loss: Callable[[Any, Any, int], Any], n: int) -> Callable[[Any], Any]:
    w = pdist.Variable(np.full((4, 4), 0.1), name="w")

    def function(x: Any) -> Any:
        w.cleargrad()
        F.sum(loss(x, w, n)).backward()
        return w.grad

    return function


def products(y: Any, w: Any, n: int) -> Any:
    for _ in range(n):
        y = F.tanh(F.matmul(y, w))
    return y


def concatenations(axis: int) -> Callable[[Any, Any, int], Any]:
    def joined(y: Any, w: Any, n: int) -> Any:
        for _ in range(n):
            halves = (y[:2], y[2:]) if axis == 0 else (y[:, :2], y[:, 2:])
            y = F.matmul(F.concat([2 * halves[0], F.tanh(halves[1])], axis=axis), w)
        return y

    return joined


def assumptions(t: Any, w: Any, n: int) -> Any:
    return sum(F.sum(D.Bernoulli(logit=w * i).log_prob(F.absolute(t) * (i / n))) for i in range(n))


def assumptions_after_draws(t: Any, w: Any, n: int) -> Any:
    total = D.Normal(0.0, F.exp(w)).sample()
    for i in range(n):
        total = F.exp(-F.absolute(total)) + D.Exponential(F.exp(w * i / n)).log_prob(total)
    return total


def optimizing(n: int) -> Callable[[Any], Any]:
    model = L.Linear(4, 2, initial_bias=0.1)
    optimizer = nn.optimizers.SGD(0.01).setup(model)

    def function(x: Any) -> Any:
        for _ in range(n):
            loss = F.sum(model(x) ** 2)
            model.cleargrads()
            loss.backward()
            optimizer.update()
        return model.W.array.copy()

    return function


PROGRAMS = {
    "products": lambda n: gradient_of(products, n),
    "rows joined": lambda n: gradient_of(concatenations(0), n),
    "columns joined": lambda n: gradient_of(concatenations(1), n),
    "assumptions": lambda n: gradient_of(assumptions, n),
    "after draws": lambda n: gradient_of(assumptions_after_draws, n),
    "optimizer": optimizing,
}


def lines(function: Callable[[], object]) -> int:
    """How many lines of Python a call executes."""
    count = 0

    def trace(frame: Any, event: str, arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_recording_takes_work_in_proportion_to_the_program(name: str):
    def of(n: int) -> int:
        step, x = pdist.trace(PROGRAMS[name](n)), np.full((4, 4), 0.5)
        return lines(lambda: step(x))

    of(2)
    assert of(TIMES * SHORT) < 1.25 * TIMES * of(SHORT)


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_long_programs_agree(name: str):
    x = np.random.default_rng(0).standard_normal((4, 4)) / 4
    found = []
    for wrap in (lambda f: f, pdist.trace):
        pdist.random.seed(1)
        function = wrap(PROGRAMS[name](9))
        found.append([np.array(function(x * k)) for k in (1.0, 0.5, 2.0)])
    same(found[1], found[0])


@pytest.mark.parametrize("sizes", [3, 5 * MOST_SIZES])
def test_places_of_many_blocks(sizes: int):
    """No two that are in use at the same time lie over each other, and little is lost between them."""
    rng = np.random.default_rng(sizes)
    blocks = []
    for _ in range(400):
        block = Block(int(64 * rng.integers(1, sizes)), int(rng.integers(500)))
        block.last = block.first + int(rng.exponential(60))
        blocks.append(block)
    total = place(blocks)
    used = np.zeros((700, total // 64), int)
    for block in blocks:
        used[block.first : block.last + 1, block.start // 64 : (block.start + block.nbytes) // 64] += 1
    assert used.max() == 1
    assert total <= 1.15 * 64 * used.sum(axis=1).max()


def test_work_to_place_blocks():
    """Values that are kept for the backward pass are all in use at the same time."""

    def of(n: int) -> int:
        blocks = [Block(64 * (1 + i % 7), i) for i in range(n)]
        for block in blocks:
            block.last = 2 * n - block.first
        return lines(lambda: place(blocks))

    assert of(4_000) < 1.25 * 8 * of(500)


def test_gradients_of_another_dtype_are_brought_together():
    """A scalar that is cast, and whose cast is computed where the optimizer's array has it."""

    def made(wrap: Any) -> Any:
        pdist.random.seed(0)
        model = nn.Sequential(L.Linear(3, 3), L.Linear(3, 1))
        for parameter in model.params():
            parameter.array = parameter.array.astype(np.float32)
        optimizer = nn.optimizers.Adam().setup(model)

        def function(x: Any) -> Any:
            loss = F.sum(model(x) ** 2)
            model.cleargrads()
            loss.backward()
            optimizer.update()
            return loss

        step = wrap(function)
        losses = [step(np.full((2, 3), k)).array for k in (1.0, 2.0, 3.0)]
        return losses, [parameter.array for parameter in model.params()]

    same(made(pdist.trace), made(lambda f: f))
