"""What a graph and a backward pass leave behind: nothing."""

from __future__ import annotations

import contextlib
import gc
import tracemalloc
import weakref
from collections.abc import Iterator

import numpy as np
import pytest

import pdist
import pdist.functions as F
from pdist import Variable
from pdist.autograd import differentiable


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    """Only reference counts free anything here."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def graph(x):
    y = F.exp(x) * x + F.concat([x, x], axis=0)[:3]
    return y, F.sum(y / 2.0)


def leaf():
    return Variable(np.array([1.0, 2.0, 3.0]))


def test_a_graph_that_is_dropped_dies_at_once():
    x = leaf()
    y, z = graph(x)
    alive = [weakref.ref(y), weakref.ref(z), weakref.ref(y.array)]
    del y, z
    assert [ref() for ref in alive] == [None] * 3
    assert gc.collect() == 0


@pytest.mark.parametrize("retain", [False, True])
def test_a_backward_pass_leaves_no_cycle(retain):
    x = leaf()
    y, z = graph(x)
    z.backward(retain_grad=retain, retain_graph=retain)
    alive = [weakref.ref(x), weakref.ref(y), weakref.ref(z), weakref.ref(x.grad)]
    del x, y, z
    assert [ref() for ref in alive] == [None] * 4
    assert gc.collect() == 0


def test_a_backward_pass_frees_what_was_saved():
    x = leaf()
    y = F.exp(x)
    z = F.sum(F.exp(y))
    saved = weakref.ref(y.array)
    del y
    assert saved() is not None
    z.backward()
    assert saved() is None


def test_a_backward_pass_frees_as_it_goes():
    def watched(xp, x):
        return x + 0

    op = differentiable(watched)
    freed = []
    op.derivative(x=lambda F, g: freed.append(saved() is None) or g)
    x = op(leaf())
    y = F.exp(x)
    saved = weakref.ref(y.array)
    z = F.sum(y)
    del y
    z.backward()
    assert freed == [True]


@pytest.mark.parametrize("double", [False, True])
def test_grad_leaves_no_cycle(double):
    x = leaf()
    y, z = graph(x)
    (g,) = pdist.grad([z], [x], enable_double_backprop=double)
    alive = [weakref.ref(v) for v in (x, y, z, g)]
    if double:
        (h,) = pdist.grad([g.sum()], [x])
        alive.append(weakref.ref(h))
        del h
    del x, y, z, g
    assert {ref() for ref in alive} == {None}
    assert gc.collect() == 0


def test_double_backprop_makes_a_cycle_that_cleargrad_breaks():
    x = leaf()
    _, z = graph(x)
    z.backward(enable_double_backprop=True)
    g = weakref.ref(x.grad_var)
    kept = weakref.ref(x)
    del z, _
    x.cleargrad()
    assert g() is None
    del x
    assert kept() is None
    assert gc.collect() == 0

    x = leaf()
    _, z = graph(x)
    z.backward(enable_double_backprop=True)
    kept = weakref.ref(x)
    del x, z, _
    assert kept() is not None
    gc.collect()
    assert kept() is None


def test_an_error_on_the_way_leaves_no_cycle():
    x = leaf()
    y = F.exp(x)
    z = y.sum()
    z.backward()
    with contextlib.suppress(ValueError):
        z.backward()
    kept = weakref.ref(y)
    del x, y, z
    assert kept() is None
    assert gc.collect() == 0


def test_a_long_chain_dies_without_recursion():
    x = leaf()
    y = x
    for _ in range(100_000):
        y = F.negative(y)
    last = weakref.ref(y)
    del y
    assert last() is None
    y = x
    for _ in range(100_000):
        y = F.exp(y) * 0.0
    y.sum().backward()
    del y
    assert gc.collect() == 0


def training(steps):
    w, b = Variable(np.ones(3, np.float32)), Variable(np.float32(0))
    x = np.array([0.1, 0.2, 0.3], np.float32)
    for _ in range(steps):
        w.cleargrad()
        b.cleargrad()
        loss = F.sum(F.tanh(w * x + b) ** 2)
        loss.backward()
        w.array = w.array - 0.1 * w.grad
        b.array = b.array - 0.1 * b.grad
    return float(loss)


def growth(steps):
    """Bytes that are allocated after so many steps beyond what was before."""
    training(5)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        training(steps)
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def test_training_does_not_grow():
    assert growth(1000) < 4000
    assert gc.collect() == 0


@pytest.mark.slow
def test_training_for_100000_steps_does_not_grow():
    assert growth(100_000) < 4000
    assert gc.collect() == 0
