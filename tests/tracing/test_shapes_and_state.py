"""When a function is recorded anew, what is constant, what arguments and results may be, and state."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pytest
from agreement import agree, count, same

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from pdist_nn import serializers


def numbers(*shape: int, seed: int = 0, dtype: Any = np.float64) -> np.ndarray:
    return np.asarray(np.random.default_rng(seed).standard_normal(shape)).astype(dtype)


class Counted:
    """A function that counts how often Python runs it."""

    def __init__(self, function: Any) -> None:
        self.function, self.runs = function, 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.runs += 1
        return self.function(*args, **kwargs)


# Shapes and dtypes ----------------------------------------------------------------------------------------


def test_other_shapes_and_dtypes_make_other_traces():
    function = Counted(lambda x: F.sum(F.exp(pdist.Variable(x)), axis=-1))
    step = pdist.trace(function)
    kinds = [numbers(3), numbers(4), numbers(2, 3), numbers(3, dtype=np.float32), numbers(0), numbers(2, 0)]
    for _ in range(3):
        for x in kinds:
            same(step(x), function.function(x))
    assert function.runs == len(kinds)
    assert count(step) == len(kinds)


def test_the_cache_is_bounded():
    function = Counted(lambda x: x * 2)
    step = pdist.trace(function, cache_size=2)
    for n in (1, 2, 1, 2):
        same(step(numbers(n)), numbers(n) * 2)
    assert function.runs == 2
    for n in (3, 2, 3):  # 1 was used longest ago
        same(step(numbers(n)), numbers(n) * 2)
    assert function.runs == 3
    same(step(numbers(1)), numbers(1) * 2)
    assert function.runs == 4
    assert len(step.traces) == 2


def test_layouts_in_memory():
    """Sums and products round by the layout: each has the eager one's."""
    x = numbers(40, 30, dtype=np.float32)
    calls = [
        (x,),
        (np.asfortranarray(x),),
        (x[::-1],),
        (x[:, ::2],),
        (x.T,),
        (np.broadcast_to(x[:1], x.shape),),
    ]
    agree(lambda x: (x.sum(), x.sum(axis=0), x @ x.T, (x * 2).sum(axis=1), x.mean()), calls, traces=None)


def test_python_numbers_are_constants():
    function = Counted(lambda x, n, flag, name: x * n if flag else x + len(name))
    step = pdist.trace(function)
    calls = [
        (2, True, "a"),
        (3, True, "a"),
        (2, False, "a"),
        (2, False, "abc"),
        (2.0, True, "a"),
        (0.0, True, "a"),
    ]
    calls += [(-0.0, True, "a"), (float("nan"), True, "a"), (True, True, "a")]
    for _ in range(2):
        for call in calls:
            same(step(numbers(3), *call), function.function(numbers(3), *call))
            zero = step(np.array([2.0, 3.0]), *call) == 0
            assert not zero.any() or call[0] == 0
    signs = [np.signbit(step(numbers(3) ** 2, zero, True, "a")).all() for zero in (0.0, -0.0)]
    assert signs == [False, True]


def test_numpy_scalars_are_arguments():
    function = Counted(lambda x, n: x * n)
    step = pdist.trace(function)
    for n in (np.float64(2), np.float64(3), np.float32(0.1), np.int64(4)):
        for dtype in (np.float32, np.float64):
            same(step(numbers(3, dtype=dtype), n), numbers(3, dtype=dtype) * n)


def test_arrays_of_no_axes():
    function = lambda x, y: (x + y, F.exp(pdist.Variable(x)) * y, np.sqrt(x * x) - y, x)
    agree(function, [(np.array(0.5), np.array(2.0)), (np.array(1.5), np.array(-1.0))])


def test_integers_and_bools():
    function = lambda i, b: (i + 1, i * 2.5, b & (i > 1), np.where(b, i, 0), F.sum(i), i.sum(), i % 2)
    calls = [(np.arange(4), np.arange(4) % 2 == 0), (np.arange(4) * 3, np.arange(4) > 1)]
    agree(function, calls)


# Arguments and results ------------------------------------------------------------------------------------


def test_nested_arguments():
    v = pdist.Variable(numbers(3, seed=1))

    def function(pair, table, *, key, v=None):
        (x, y), others = pair, table["others"]
        z = x * key["scale"] + F.sum(v) if v is not None else x
        return z + others[0] + y

    def calls(x, y, a, scale):
        yield ((x, y), {"others": [a, "text", None, 3]}), {"key": {"scale": scale}}
        yield ([x, y], {"others": (a,)}), {"key": {"scale": scale}, "v": v}
        yield ([x, y], {"others": (a,)}), {"v": None, "key": {"scale": 2.0}}

    traced = pdist.trace(function)
    for seed in range(3):
        for args, kwargs in calls(*[numbers(3, seed=seed + i) for i in range(4)]):
            same(traced(*args, **kwargs), function(*args, **kwargs))
    assert count(traced) == 3


def test_variables_as_arguments():
    """They keep their identity: gradients arrive in them."""

    def function(v, w):
        v.cleargrad()
        loss = F.sum(v * w * w)
        loss.backward()
        return loss

    traced = pdist.trace(function)
    results = []
    for run in (function, traced):
        v, w = pdist.Variable(numbers(3)), pdist.Variable(numbers(3, seed=1))
        kept = [run(v, w), v.grad.copy(), w.grad.copy()]
        v.array[...] = numbers(3, seed=2)
        kept += [run(v, w), v.grad.copy(), w.grad.copy()]
        v.array = numbers(3, seed=3)
        kept += [run(v, w), v.grad.copy(), w.grad.copy()]
        assert type(v.array) is type(w.array) is np.ndarray
        results.append(kept)
    same(results[1], results[0])


def test_another_variable_of_the_same_shape_gets_its_own_gradient():
    def function(v):
        v.cleargrad()
        F.sum(F.exp(v)).backward()

    traced = pdist.trace(function)
    variables = [pdist.Variable(numbers(3, seed=i)) for i in range(3)]
    for _ in range(2):
        for v in variables:
            traced(v)
    for i, v in enumerate(variables):
        same(v.grad, np.exp(numbers(3, seed=i)))


def test_the_same_variable_twice():
    def function(v, w):
        v.cleargrad()
        w.cleargrad()
        F.sum(v * w).backward()
        return v.grad

    traced = pdist.trace(function)
    v, w = pdist.Variable(numbers(3)), pdist.Variable(numbers(3, seed=1))
    for _ in range(2):
        for pair in ((v, v), (v, w), (w, w), (w, v)):
            expected = function(*pair).copy()
            same(traced(*pair), expected)


Pair = namedtuple("Pair", "first second")


def test_nested_results():
    def function(x):
        v = pdist.Variable(x)
        return {
            "list": [v * 2, x + 1],
            "tuple": (F.sum(v), x.sum(), None, 3, "text"),
            "dict": {"empty": (), "one": (x[0],)},
            "same": v,
        }

    agree(function, [(numbers(3),), (numbers(3, seed=1),)])


def test_a_named_tuple_as_result():
    agree(lambda x: Pair(x, F.exp(pdist.Variable(x) * 2)), [(numbers(3),), (numbers(3, seed=1),)])


def test_no_result():
    assert pdist.trace(lambda x: None)(numbers(3)) is None


def test_results_have_no_graph():
    w = pdist.Variable(numbers(3))
    step = pdist.trace(lambda x: F.sum(w * x))
    for _ in range(2):
        y = step(numbers(3))
        assert y.creator is None


def test_results_are_not_overwritten():
    w = pdist.Variable(numbers(3))

    def function(x):
        y = F.exp(w * x)
        return y, y.T, y[::2], F.sum(y), y.array + 1, [y.array[1:], y.array.reshape(3, 1)]

    agree(function, [(numbers(3, seed=i),) for i in range(4)])


def test_a_result_that_is_an_argument_or_state_is_that_array():
    w = pdist.Variable(numbers(3))
    step = pdist.trace(lambda x: (x, w.array, x[1:]))
    for i in range(3):
        x = numbers(3, seed=i)
        same_x, same_w, part = step(x)
        assert same_x is x
        assert same_w is w.array
        assert np.shares_memory(part, x)


def test_methods_and_partial_arguments():
    class Model:
        def __init__(self) -> None:
            self.w = pdist.Variable(numbers(3))

        @pdist.trace
        def predict(self, x):
            return self.w * x

    one, other = Model(), Model()
    other.w.array[...] = 7
    for _ in range(2):
        for model in (one, other):
            same(model.predict(numbers(3)), model.w * numbers(3))


def test_the_decorator_takes_options():
    @pdist.trace(cache_size=1, strict=False)
    def function(x):
        """What it does."""
        return x + 1

    same(function(numbers(2)), numbers(2) + 1)
    assert function.__name__ == "function" and function.__doc__ == "What it does."
    assert function.cache_size == 1


def test_a_traced_function_inside_another():
    inner = pdist.trace(lambda x: F.exp(pdist.Variable(x)))
    outer = lambda x: inner(x).array * 2 + inner(x * 2).array
    inner(numbers(3))
    agree(outer, [(numbers(3),), (numbers(3, seed=1),)])
    same(inner(numbers(3)), F.exp(numbers(3)))


# Configuration --------------------------------------------------------------------------------------------


def test_modes_outside_and_inside():
    w = pdist.Variable(numbers(3))

    def function(x):
        y = F.dropout(w * x, 0.5)
        with pdist.no_backprop_mode():
            z = F.exp(y)
        assert not z.requires_grad
        with pdist.using_config("train", False):
            z = z + F.dropout(y, 0.5)
        w.cleargrad()
        if y.requires_grad:
            F.sum(y * z.array).backward()
        return y, z, w.grad

    traced = pdist.trace(function)
    results = []
    for run in (function, traced):
        pdist.random.seed(0)
        kept = []
        for _ in range(2):
            kept.append(run(numbers(3)))
            with pdist.no_backprop_mode():
                kept.append(run(numbers(3)))
            with pdist.using_config("train", False):
                kept.append(run(numbers(3)))
        results.append(kept)
    same(results[1], results[0])
    assert count(traced) == 3


def test_the_default_dtype():
    function = lambda x: F.exp(x)
    traced = pdist.trace(function)
    for dtype in (np.float32, np.float64, np.float32):
        with pdist.using_config("dtype", np.dtype(dtype)):
            same(traced(np.arange(3)), function(np.arange(3)))


# Random streams -------------------------------------------------------------------------------------------


def test_seeds_and_states_between_calls():
    function = lambda x: (
        D.Normal(x, 1.0).sample(),
        F.dropout(pdist.Variable(x), 0.5),
        D.Bernoulli(p=0.5 + 0 * x).sample(),
    )

    def run(step):
        kept = []
        pdist.random.seed(1)
        kept.append(step(numbers(3)))
        state = pdist.random.get_state()
        kept += [step(numbers(3)), step(numbers(3))]
        pdist.random.set_state(state)
        kept += [step(numbers(3)), pdist.random.generator().random(2), step(numbers(3))]
        pdist.random.seed(1)
        kept.append(step(numbers(3)))
        kept.append(pdist.random.generator().integers(0, 1000))
        return kept

    expected, got = run(function), run(pdist.trace(function))
    same(got, expected)
    same(got[1], got[3])
    same(got[0], got[6])


def test_generators_and_seeds_of_one_s_own():
    def make():
        mine = np.random.default_rng(7)
        return lambda x: (
            D.Normal(x, 1.0).sample(rng=mine),
            D.Normal(x, 1.0).sample(rng=3),
            D.Uniform(x, x + 1).sample((2,), rng=mine),
            D.Normal(x, 1.0).sample(),
        )

    results = []
    for wrap in (lambda f: f, pdist.trace):
        step = wrap(make())
        pdist.random.seed(0)
        results.append([step(numbers(3, seed=i)) for i in range(3)])
    same(results[1], results[0])
    same(results[1][0][1].array - numbers(3), results[1][1][1].array - numbers(3, seed=1))


def test_a_generator_as_an_argument():
    function = lambda x, rng: D.Normal(x, 1.0).sample(rng=rng)
    traced = pdist.trace(function)
    results = []
    for step in (function, traced):
        one, other = np.random.default_rng(1), np.random.default_rng(2)
        results.append([step(numbers(3), rng) for rng in (one, other, one, other)])
    same(results[1], results[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_of_many_blocks(dtype: Any):
    """Kernels that work block by block, and sums over many numbers."""

    def function(lam, x, logits):
        d = D.Poisson(lam)
        log_p = D.Categorical(logit=logits).log_p
        return d.log_prob(x), F.sum(F.exp(-d.lam)), lam.sum(), F.sum(log_p, axis=0)

    rng = np.random.default_rng(0)
    n = 150_000
    calls = [
        (
            rng.gamma(2, 1, n).astype(dtype),
            rng.poisson(2, n).astype(dtype),
            rng.normal(size=(n // 3, 3)).astype(dtype),
        )
        for _ in range(2)
    ]
    agree(function, calls)


def test_large_draws_of_classes_come_in_the_same_order():
    p = np.full((3, 20000, 3), 1 / 3)
    agree(lambda p: D.Categorical(p=p).sample(), [(p,), (p,)])


# State ----------------------------------------------------------------------------------------------------


def linear(optimizer: Any = None) -> tuple[Any, Any, Any]:
    model = nn.Sequential(
        L.Linear(2, 3, initialW=numbers(3, 2, dtype=np.float32)),
        F.tanh,
        L.Linear(3, 1, initialW=numbers(1, 3, dtype=np.float32)),
    )
    optimizer = (optimizer or nn.optimizers.Adam(0.1)).setup(model)

    def step(x, t):
        loss = F.mean_squared_error(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    return model, optimizer, step


def train(between: Any, trace: bool, make: Any = linear, steps: int = 8) -> Any:
    """The losses and parameters of steps between which something happens."""
    pdist.random.seed(0)
    model, optimizer, step = make()
    step = pdist.trace(step) if trace else step
    losses = []
    for i in range(steps):
        between(i, model, optimizer)
        losses.append(
            step(numbers(4, 2, seed=i, dtype=np.float32), numbers(4, 1, seed=i + 1, dtype=np.float32))
        )
    return losses, {name: p.array.copy() for name, p in model.namedparams()}, optimizer.t


def hold(between: Any, make: Any = linear) -> None:
    same(train(between, True, make), train(between, False, make))


def test_nothing_between():
    hold(lambda i, model, optimizer: None)


def test_the_learning_rate():
    def between(i, model, optimizer):
        if i % 2:
            optimizer.alpha = 0.05 * i
        if i == 5:
            optimizer.beta1 = 0.5

    hold(between)


def test_hooks_added_and_removed():
    def between(i, model, optimizer):
        if i == 2:
            optimizer.add_hook(nn.optimizers.WeightDecay(0.1))
        if i == 4:
            optimizer.add_hook(nn.optimizers.GradientClipping(0.1))
        if i == 6:
            optimizer.remove_hook("WeightDecay")

    hold(between)


@pytest.mark.parametrize(
    "hook",
    [
        lambda: nn.optimizers.LearningRateSchedule(nn.optimizers.CosineDecay(5)),
        lambda: nn.optimizers.GradientClipping(0.5),
        lambda: nn.optimizers.GradientHardClipping(-0.01, 0.01),
        lambda: nn.optimizers.WeightDecay(0.1),
        lambda: nn.optimizers.Lasso(0.1),
    ],
)
def test_hooks(hook: Any):
    def make():
        model, optimizer, step = linear()
        optimizer.add_hook(hook())
        return model, optimizer, step

    hold(lambda i, model, optimizer: None, make)


def test_updates_switched_off_and_on():
    def between(i, model, optimizer):
        if i == 2:
            model[0].disable_update()
        if i == 4:
            model[0].enable_update()
            model[2].W.update_enabled = False
        if i == 6:
            model.enable_update()

    hold(between)


def test_parameters_changed_and_replaced(tmp_path: Any):
    def between(i, model, optimizer):
        W = model[0].W
        if i == 1:
            W.array[0, 0] = 3
        if i == 2:
            W.array = numbers(3, 2, seed=9, dtype=np.float32)
        if i == 3:
            W.array += 1
            serializers.save_npz(tmp_path / "model.npz", model)
        if i == 5:
            serializers.load_npz(tmp_path / "model.npz", model)
        if i == 6:
            other, _, _ = linear()
            model.copyparams(other)

    hold(between)


def test_the_optimizer_s_state_saved_and_loaded(tmp_path: Any):
    def between(i, model, optimizer):
        if i == 3:
            serializers.save_npz(tmp_path / "optimizer.npz", optimizer)
        if i == 5:
            serializers.load_npz(tmp_path / "optimizer.npz", optimizer)

    hold(between)


def test_another_setup():
    def between(i, model, optimizer):
        if i == 3:
            optimizer.setup(model)

    hold(between)


def test_another_optimizer_takes_the_model():
    def run(trace):
        model, _, step = linear()
        step = pdist.trace(step) if trace else step
        x, t = numbers(4, 2, dtype=np.float32), numbers(4, 1, dtype=np.float32)
        kept = [step(x, t) for _ in range(3)]
        second = nn.optimizers.SGD(0.5).setup(model)
        second.update(lambda: F.mean_squared_error(model(x), t))
        kept.append([p.array.copy() for p in model.params()])
        kept += [step(x, t) for _ in range(3)]
        return kept, [p.array for p in model.params()]

    same(run(True), run(False))


def test_gradients_add_up_without_cleargrads():
    def make():
        model, optimizer, _ = linear(nn.optimizers.SGD(0.01))

        def step(x, t):
            loss = F.mean_squared_error(model(x), t)
            loss.backward()
            optimizer.update()
            return loss

        return model, optimizer, step

    def between(i, model, optimizer):
        if i % 3 == 0:
            model.cleargrads()

    hold(between, make)


def test_gradients_of_several_steps():
    """Backward in one traced function, the update in another."""

    def run(wrap):
        model, optimizer, _ = linear()

        def backward(x, t):
            loss = F.mean_squared_error(model(x), t)
            loss.backward()
            return loss

        first, second = wrap(backward), wrap(lambda: optimizer.update())
        kept = []
        for i in range(6):
            x, t = numbers(4, 2, seed=i, dtype=np.float32), numbers(4, 1, seed=i, dtype=np.float32)
            kept.append(first(x, t))
            kept.append([p.grad.copy() for p in model.params()])
            if i % 2:
                second()
                model.cleargrads()
        return kept, [p.array for p in model.params()]

    same(run(pdist.trace), run(lambda f: f))


def test_gradients_kept_by_the_caller():
    """Without an optimizer each call's gradient is an array of its own."""
    w = pdist.Variable(numbers(3))

    def run(step):
        kept = []
        for i in range(4):
            w.cleargrad()
            step(numbers(3, seed=i))
            kept.append(w.grad)
        return kept

    def step(x):
        F.sum(F.exp(w * x)).backward()

    same(run(pdist.trace(step)), run(step))


def test_data_in_a_closure_is_read_at_each_call():
    data = numbers(4, 3)
    table = pdist.Variable(numbers(3, seed=1), requires_grad=False)

    def function(i):
        return F.sum(pdist.Variable(data) * table, axis=1), F.get_item(data, i)

    traced = pdist.trace(function)
    for k in range(3):
        i = np.array([k, 0])
        same(traced(i), function(i))
        data += 1
        table.array = numbers(3, seed=k + 5)


def test_a_running_mean_in_a_variable():
    def run(wrap):
        mean = pdist.Variable(np.zeros(3), requires_grad=False)

        def step(x):
            mean.array = 0.9 * mean.array + 0.1 * x.mean(axis=0)
            mean.array *= 1.5
            return mean.array * 2

        step = wrap(step)
        kept = [(step(numbers(4, 3, seed=i)), mean.array.copy()) for i in range(3)]
        mean.array[...] = 0
        return [*kept, step(numbers(4, 3)), mean.array]

    same(run(pdist.trace), run(lambda f: f))


def test_reads_and_writes_keep_their_order():
    def run(wrap):
        v = pdist.Variable(numbers(4), requires_grad=False)

        def step(x):
            before = v.array + 0
            view = v.array[1:3]
            v.array[...] = v.array * 2 + x
            middle = v.array + 0
            view[...] = -1
            same_memory = view + 0
            v.array[0] = v.array[3]
            return before, middle, same_memory, v.array + 0, v.array[::-1].copy()

        step = wrap(step)
        return [step(numbers(4, seed=i)) for i in range(3)], v.array

    same(run(pdist.trace), run(lambda f: f))


def test_arguments_that_are_written():
    def function(x, y):
        x += 1
        np.multiply(y, x, out=y)
        y[0] = 5
        return x * y

    results = []
    for step in (function, pdist.trace(function)):
        kept = []
        for i in range(3):
            x, y = numbers(3, seed=i), numbers(3, seed=i + 1)
            kept.append((step(x, y), x, y))
        x = numbers(3)
        kept.append((step(x, x), x))
        wide = numbers(4)
        kept.append((step(wide[:-1], wide[1:]), wide))
        results.append(kept)
    same(results[1], results[0])


def test_a_mask_that_is_state_may_change():
    mask = np.array([True, False, True])
    step = pdist.trace(lambda x: F.get_item(pdist.Variable(x), mask).sum())
    x = np.arange(3.0)
    for chosen in ([1, 0, 1], [0, 1, 1], [1, 1, 1], [0, 0, 0], [1, 0, 1]):
        mask[:] = np.array(chosen, bool)
        assert step(x).array == x[mask].sum()


def test_data_outside_the_support_are_another_trace():
    logit = pdist.Variable(np.array([0.5, -1.0]))

    def function(x):
        logit.cleargrad()
        y = D.Bernoulli(logit=logit).log_prob(x)
        F.sum(F.where(np.isfinite(y.array), y, 0.0)).backward()
        return y, logit.grad

    calls = [
        np.array(x) for x in ([0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [0.0, -1.0], [np.nan, 0.0], [1.0, 1.0])
    ]
    agree(function, [(x,) for x in calls], traces=None)


def test_draws_from_numpy_s_own_stream_are_pointed_out():
    with pytest.warns(UserWarning, match=r"numpy\.random"):
        pdist.trace(lambda x: x + np.random.rand())(np.zeros(2))
