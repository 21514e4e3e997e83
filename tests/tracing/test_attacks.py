"""Programs that were once traced wrongly, or might well be."""

from __future__ import annotations

import copy
import gc
import linecache
import pickle
import re
import traceback
import weakref
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from contextlib import nullcontext
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from agreement import agree, count, same, snapshot

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from pdist.backend import hooks


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
        @hooks.opaque
        def root(xp, x):
            return x + k

        return root

    one, other = make(1.0), make(2.0)

    def function(x, y):
        xp = pdist.get_array_module(x)
        return one(xp, x) * other(xp, x)

    agree(function, PAIRS)


def test_powers_of_numpy_s_own_numbers():
    function = lambda x: [x ** np.float64(0.5), x ** np.float32(2), x**True, x**0.5, x**-1]
    agree(function, [(abs(numbers(50, seed=i, dtype=np.float32)),) for i in range(2)])


def test_windows_over_a_buffer():
    """NumPy puts no array between such a view and the array that it is a view of."""

    def function(x):
        z = x * 2
        windows = np.lib.stride_tricks.sliding_window_view(z, 2)
        other = np.tanh(z) * 1.5
        return (windows * 3).sum(axis=-1) + other[:3]

    agree(function, [(x,) for x, _ in PAIRS])


def test_a_view_of_state_in_somebody_s_buffer():
    def run(wrap):
        w = pdist.Variable(np.frombuffer(bytearray(32)), requires_grad=False)

        def step(x):
            part = w.array[1:3]
            part += x[1:3]
            return w.array * 2

        step = wrap(step)
        return [step(x) for x, _ in PAIRS]

    as_eager(run)


def test_more_of_numpy_s_methods_and_functions():
    def function(x, y):
        z = x + 1j * y
        return {
            "complex": [z.real * 1, z.imag * 1, np.real(z) + 0, abs(z), np.abs(np.fft.fft(x)), y.imag + 0],
            "reductions": [
                x.sum(where=np.array([True, False, True, True])),
                x.max(initial=5.0),
                x.any(keepdims=True),
                np.max(x, where=y > 0, initial=-9.0),
                x.prod(dtype=np.float32),
            ],
            "shapes": [x.reshape((2, 2), order="F") + 0, x.astype(np.float32, order="C")],
            "pairs": [divmod(x, y), divmod(2.0, y), divmod(x[0], y[0]), np.modf(x), np.frexp(x)],
        }

    agree(function, PAIRS)


# What NumPy does by itself ----------------------------------------------------------------------------------


def accumulating(x):
    total = np.zeros(4)
    for i in range(3):
        total += x * i
    return total


def rewriting(x):
    chosen, result = np.zeros(4), x
    for i in range(3):
        chosen[...] = 0
        chosen[i] = 1
        result = result + x * chosen
    return result


def rewriting_afterwards(x):
    chosen = np.zeros(4)
    result = x * chosen
    chosen[...] = 1
    return result


def clipping_into_an_array(x):
    return np.clip(x, -1, 1, out=np.empty(4))


@pytest.mark.parametrize("function", [accumulating, rewriting, rewriting_afterwards, clipping_into_an_array])
def test_arrays_that_numpy_changes_are_an_error(function: Any):
    """Each later call would find them as the first one left them."""
    with pytest.raises(pdist.TraceError, match="get_array_module") as caught:
        pdist.trace(function)(numbers(4))
    line = str(caught.value).split(":")[1]
    first = function.__code__.co_firstlineno
    assert first < int(line) < first + 9


def test_a_moving_average_outside_is_an_error():
    average = np.zeros(4)

    def step(x):
        nonlocal average
        average *= 0.9  # by NumPy alone: no later call would do it
        average += x

    with pytest.raises(pdist.TraceError, match="keep it in a Variable"):
        pdist.trace(step)(numbers(4))
    assert type(average) is np.ndarray


def test_a_variable_made_inside_that_is_changed_in_place():
    def function(x):
        total = pdist.Variable(np.zeros(4), requires_grad=False)
        for _ in range(3):
            total.array += x
        return total.array * 2

    with pytest.raises(pdist.TraceError, match="made a Variable within"):
        pdist.trace(function)(PAIRS[0][0])


def test_a_variable_made_inside_of_new_numbers_may_change():
    def function(x):
        total = pdist.Variable(pdist.get_array_module(x).zeros(4), requires_grad=False)
        for _ in range(3):
            total.array += x
        return total.array * 2

    agree(function, [(x,) for x, _ in PAIRS])


@pytest.mark.parametrize(
    "function",
    [
        lambda x, i: x[i[0] : i[1]],
        lambda x, i: x.repeat(i),
        lambda x, i: np.repeat(x, i),
        lambda x, i: np.delete(x, i),
        lambda x, i: np.split(x, i),
        lambda x, i: np.bincount(i),
        lambda x, i: x.nonzero(),
        lambda x, i: x.compress(i > 0),
    ],
)
def test_shapes_that_depend_on_values(function: Any):
    with pytest.raises(pdist.TraceError, match=r"shape of its result|number of elements"):
        pdist.trace(function)(numbers(4), np.array([1, 2, 1, 0]))


def test_arrays_without_a_trace_in_the_result_are_the_caller_s_own():
    def run(wrap):
        step = wrap(lambda x: (x * 2, np.zeros(3)))
        kept = []
        for x, _ in PAIRS:
            found = step(x)[1]
            kept.append(found.copy())
            found[...] = 7
        return kept

    as_eager(run)


# Arguments and results --------------------------------------------------------------------------------------


def test_an_array_in_the_place_of_a_list_of_one():
    def run(wrap):
        x, y = numbers(4), numbers(4, seed=1)
        one = wrap(lambda a: a[0] * 2)
        two = wrap(lambda a, b: a[0] * b if isinstance(a, tuple) else a - b)
        kept = [one([x]), one([x]), one(x), one(x), one([x])]
        return [*kept, two((x, y), 3), two((x, y), 3), two(x, y), two((x, y), 3)]

    as_eager(run)


Batch = namedtuple("Batch", "x y")


def test_other_tuples_and_dicts_as_arguments():
    def run(wrap, runs):
        def function(batch, table):
            runs.append(1)
            assert type(batch) is Batch and type(table) is OrderedDict
            return batch.x * batch.y + table["z"]

        function = wrap(function)
        table = OrderedDict(z=numbers(4))
        kept = []
        for x, y in PAIRS:
            kept.append(function(Batch(x, y), table))
            table["z"] = y
        return kept

    runs: list[int] = []
    same(run(pdist.trace, runs), run(lambda f: f, []))
    assert len(runs) == 1


class Held:
    def __init__(self, item: Any) -> None:
        self.item = item


def one_by_one(x):
    yield x


@pytest.mark.parametrize(
    "function",
    [
        one_by_one,
        lambda x: D.Normal(x, 1.0),
        lambda x: Held(x * 2),
        lambda x: Held([pdist.Variable(x)]),
        lambda x: OrderedDict(x=x * 2),
        lambda x: [3, {"held": Held((x,))}],
    ],
)
def test_results_that_no_trace_can_make(function: Any):
    with pytest.raises(pdist.TraceError, match="returned a"):
        pdist.trace(function)(numbers(3))


def test_objects_as_results_that_hold_no_traced_array():
    held = Held(numbers(3))
    found = pdist.trace(lambda x: (held, np.float64, "text", {1}))(numbers(3))
    assert found[0] is held and found[1] is np.float64


def test_a_parameter_is_frozen():
    def run(wrap):
        v, w = pdist.Variable(numbers(4)), pdist.Variable(numbers(4, seed=1))

        def step(x):
            v.cleargrad()
            w.cleargrad()
            w.requires_grad, before = False, w.requires_grad  # set and set back: no reason to record anew
            loss = F.sum(v * w * x)
            loss.backward()
            w.requires_grad = before
            (F.sum(w * x) + F.sum(v)).backward()
            return [np.zeros(4) if p.grad is None else p.grad for p in (v, w)]

        step = wrap(step)
        kept = []
        for frozen in (False, False, True, True, False):
            w.requires_grad = not frozen
            kept.append(step(numbers(4, seed=2)))
        return kept, step

    traced, step = run(pdist.trace)
    same(traced, run(lambda f: f)[0])
    assert count(step) == 2


def test_names_of_arguments_that_are_no_names():
    def run(wrap):
        x, y = numbers(4), numbers(4, seed=1)
        table = wrap(lambda d: d["a b"] * d["a_b"] - d["class"] + d[1] / d["1"] + d[""])
        first = wrap(lambda a, a_0: a[0] - a_0)
        others = wrap(lambda **arrays: arrays["class"] * 2)
        return [
            *[table({"a b": a, "a_b": b, "class": a, 1: b, "1": a, "": b}) for a, b in ((x, y), (y, x))],
            *[first([a], b) for a, b in ((x, y), (y, x))],
            *[others(**{"class": a}) for a in (x, y)],
        ]

    as_eager(run)


@pytest.mark.parametrize("kind", [np.ma.masked_array, np.matrix])
def test_arrays_that_compute_in_their_own_way(kind: Any):
    with pytest.warns(PendingDeprecationWarning) if kind is np.matrix else nullcontext():
        array = kind(np.eye(2))
    with pytest.raises(pdist.TraceError, match="its own arithmetic"):
        pdist.trace(lambda x: x * x)(array)


# Training ---------------------------------------------------------------------------------------------------


def network(*sizes: int, seed: int = 0) -> Any:
    layers: list[Any] = []
    for i, (n, m) in enumerate(pairwise(sizes)):
        layers += [L.Linear(n, m, initialW=numbers(m, n, seed=seed + i, dtype=np.float32)), F.tanh]
    return nn.Sequential(*layers[:-1])


def batches(count: int, n: int = 3, m: int = 2) -> Any:
    for i in range(count):
        yield (
            numbers(5, n, seed=i, dtype=np.float32),
            numbers(5, m, seed=i + 50, dtype=np.float32),
        )


def parameters(*models: Any) -> Any:
    return [(p.array.copy(), p.grad.copy()) for model in models for p in model.params()]


@pytest.mark.parametrize("hooks", [False, True])
@pytest.mark.parametrize("clear", [False, True])
def test_two_models_and_two_optimizers_in_one_step(hooks: bool, clear: bool):
    def run(wrap):
        g, d = network(3, 4, 2), network(2, 4, 1, seed=7)
        of_g, of_d = nn.optimizers.Adam(0.05).setup(g), nn.optimizers.Adam(0.05).setup(d)
        if hooks:
            of_g.add_hook(nn.optimizers.WeightDecay(0.1))
            of_d.add_hook(nn.optimizers.GradientClipping(0.1))

        def step(z, t):
            loss_g = F.mean(F.softplus(-d(g(z))))  # leaves gradients in both
            if clear:
                g.cleargrads()
            loss_g.backward()
            of_g.update()
            if clear:
                d.cleargrads()
            with pdist.no_backprop_mode():
                fake = g(z)
            loss_d = F.mean(F.softplus(-d(t))) + F.mean(F.softplus(d(fake)))
            loss_d.backward()
            of_d.update()
            return loss_g, loss_d

        step = wrap(step)
        return [(snapshot(step(z, t)), parameters(g, d)) for z, t in batches(6)]

    as_eager(run)


def test_averages_of_parameters_and_their_old_values():
    def run(wrap):
        model = network(3, 4, 2)
        average, target = copy.deepcopy(model), copy.deepcopy(model)
        optimizer = nn.optimizers.Adam(0.05).setup(model)

        def step(x, t):
            before = [p.array.copy() for p in model.params()]
            loss = F.mean_squared_error(model(x), t) + F.mean(model(x) * target(x).array)
            model.cleargrads()
            loss.backward()
            kept = [p.grad.copy() for p in model.params()]
            optimizer.update()
            for mean, p in zip(average.params(), model.params(), strict=True):
                mean.array = 0.9 * mean.array + 0.1 * p.array
            target.copyparams(average)
            return loss, before, kept, [p.array - old for p, old in zip(model.params(), before, strict=True)]

        step = wrap(step)
        kept = [snapshot(step(x, t)) for x, t in batches(5)]
        average[0].W.array[...] = 0
        kept += [snapshot(step(x, t)) for x, t in batches(3)]
        return kept, [p.array for link in (model, average, target) for p in link.params()]

    as_eager(run)


def test_several_updates_and_gradients_that_users_change():
    def run(wrap):
        model = network(3, 4, 2)
        one, other = nn.optimizers.SGD(0.05).setup(model), nn.optimizers.Adam(0.05).setup(model)

        def step(x, t):
            loss = F.mean_squared_error(model(x), t)
            model.cleargrads()
            loss.backward()
            for p in model.params():
                p.grad = p.grad * 2 + 0.1 * p.array
            model[0].W.grad *= 3
            one.update()
            other.update()
            size = sum((p.grad**2).sum() for p in model.params())
            F.mean(model(x) ** 2).backward()
            one.update()
            return loss, size

        step = wrap(step)
        return [(snapshot(step(x, t)), parameters(model)) for x, t in batches(5)]

    as_eager(run)


def test_a_penalty_on_gradients():
    def run(wrap):
        model = network(3, 4, 1)
        optimizer = nn.optimizers.Adam(0.05).setup(model)

        def step(x):
            v = pdist.Variable(x)
            (slope,) = pdist.grad([F.sum(model(v))], [v], enable_double_backprop=True)
            loss = F.mean((F.sqrt(F.sum(slope**2, axis=1) + 1e-3) - 1) ** 2) + F.mean(model(v) ** 2)
            model.cleargrads()
            loss.backward()
            optimizer.update()
            return loss, slope

        step = wrap(step)
        return [(snapshot(step(x)), parameters(model)) for x, _ in batches(5)]

    as_eager(run)


def test_arrays_that_overlap():
    """States that share memory, arguments that share it with states, gradients that share it with others."""

    def run(wrap):
        memory = numbers(6)
        v, w = (pdist.Variable(part, requires_grad=False) for part in (memory[:4], memory[2:]))
        a, b = pdist.Variable(numbers(4)), pdist.Variable(numbers(4, seed=1))

        def states(x):
            first = v.array * 2
            v.array += x
            second = w.array * 2
            w.array *= 0.5
            return first, second, v.array * 2

        def arguments(x):
            kept = x.copy()
            v.array *= 2
            return kept * 2, x * 2, v.array @ x

        def gradients(x):
            a.grad *= 2
            b.grad += x
            return a.grad * 1, b.grad * 1

        states, arguments, gradients = wrap(states), wrap(arguments), wrap(gradients)
        kept = []
        for i, (x, y) in enumerate(PAIRS):
            a.grad, b.grad = y.copy(), x.copy()
            if i == 2:
                a.grad = b.grad
            kept.append(snapshot([states(x), arguments(y), arguments(v.array), gradients(x)]))
            kept.append(snapshot([arguments(w.array[::-1]), memory]))
        return kept

    as_eager(run)


def test_gradients_of_other_layouts_between_calls():
    def run(wrap):
        v = pdist.Variable(numbers(3, 4))

        def step(x):
            F.sum(v * x).backward()
            return v.grad @ v.grad.T, v.grad.sum(axis=0)

        step = wrap(step)
        kept = []
        for i in range(6):
            if i % 3 == 0:
                v.cleargrad()
            if i == 4:
                v.grad = np.asfortranarray(v.grad)
            if i == 5:
                v.grad = np.broadcast_to(np.float64(0.3), (3, 4))
            kept.append(snapshot(step(numbers(3, 4, seed=i))))
        return kept

    as_eager(run)


# What is left ---------------------------------------------------------------------------------------------


def test_nothing_of_the_first_call_is_kept_and_all_of_it_goes():
    model = network(3, 4, 2)
    optimizer = nn.optimizers.Adam(0.05).setup(model)
    graph: list[Any] = []

    def step(x, t):
        y = model(x)
        loss = F.mean_squared_error(y, t)
        graph.extend([weakref.ref(y), weakref.ref(loss)])
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    traced = pdist.trace(step)
    x, t = next(batches(1))
    of_call = [weakref.ref(x), weakref.ref(t)]
    traced(x, t)
    del x, t
    assert not any(ref() is not None for ref in (*of_call, *graph))
    traced(*next(batches(1)))
    of_trace = [weakref.ref(item) for item in (traced, traced.last, model[0].W, optimizer.buffers[0].array)]
    gc.collect()
    traced = model = optimizer = step = None
    gc.collect()
    assert not any(ref() is not None for ref in of_trace)


def test_traces_leave_the_cache_of_lines_alone():
    """Tracebacks fill it for themselves; whoever goes through it meets with no change from a trace."""
    linecache.checkcache()
    before = dict(linecache.cache)
    steps = [pdist.trace(lambda x: F.exp(x) + x) for _ in range(3)]
    for step in steps:
        step(numbers(3))
    assert not any("trace" in name for name in linecache.cache.keys() - before.keys())
    known = [ref for step in steps for ref in (weakref.ref(step), weakref.ref(step.last))]
    names = iter(linecache.cache)  # of a dict: going on after its size has changed is an error
    next(names, None)
    steps = step = None
    gc.collect()
    next(names, None)
    assert not any(ref() is not None for ref in known)


def test_tracebacks_show_the_line_of_the_trace():
    @hooks.opaque
    def positive(xp, x):
        if x.min() < 0:
            raise ArithmeticError("there is a negative number")
        return x + 0.0

    step = pdist.trace(lambda x: positive(np, x) * 2)
    step(np.ones(3))
    with pytest.raises(ArithmeticError) as caught:
        step(-np.ones(3))
    shown = "".join(traceback.format_exception(caught.value))
    assert re.search(r'File "<pdist trace \d+> .*", line \d+', shown)
    assert "= positive(numpy, x)" in shown
    linecache.checkcache()
    assert shown == "".join(traceback.format_exception(caught.value))


@pdist.trace
def decorated(x):
    return x * 2


class Doubling:
    def __init__(self) -> None:
        self.w = pdist.Variable(numbers(3))
        self.called = pdist.trace(self.plain)

    def plain(self, x):
        return self.w * x

    @pdist.trace
    def decorated(self, x):
        return self.w * x


def test_copies_and_pickles():
    x = numbers(3)
    one = Doubling()
    one.called(x)
    other = copy.deepcopy(one)
    other.w.array *= 3
    same(other.called(x), other.plain(x))
    same(one.called(x), one.plain(x))
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    again = pickle.loads(pickle.dumps(one))
    same(again.called(x), one.plain(x))
    same(copy.copy(decorated)(x), x * 2)


def test_a_decorated_method_shows_its_code():
    one = Doubling()
    one.decorated(numbers(3))
    assert "multiply" in one.decorated.source
    assert one.decorated.report().calls == 1


def test_truths_are_not_told_apart_by_their_identity():
    """NumPy has one True and one False: that a result is the same object as an argument says nothing."""
    low, high = np.array(0.0), np.array(1.0)
    step = pdist.trace(lambda x: np.where((low <= x) & (x <= high), x, -1.0))
    for x in (0.5, 2.0, -3.0, 1.0):
        assert step(np.array(x)) == (x if 0 <= x <= 1 else -1)


def test_any_keyword_is_an_argument_of_the_function():
    step = pdist.trace(lambda **named: F.exp(named["self"]))
    for x in (0.0, 1.0):
        np.testing.assert_array_equal(step(self=np.array(x)).array, np.exp(x))
