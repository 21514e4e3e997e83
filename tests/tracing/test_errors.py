"""What cannot be traced says so, with the line; and nothing is broken by an exception."""

from __future__ import annotations

import inspect
import math
import traceback
import warnings
from typing import Any

import numpy as np
import pytest
from agreement import same

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L

x3 = np.array([0.5, -1.0, 2.0])


def branching(x):
    if x.sum() > 0:  # HERE
        return x
    return -x


def branching_on_a_variable(x):
    if F.sum(pdist.Variable(x)):  # HERE
        return x
    return -x


def to_float(x):
    return x * float(x[0])  # HERE


def float_of_a_variable(x):
    return x * float(F.sum(pdist.Variable(x)))  # HERE


def to_int(x):
    return x * int(x[0])  # HERE


def mathematics(x):
    return x * math.exp(x[0])  # HERE


def item(x):
    return x * x[0].item()  # HERE


def item_of_a_variable(x):
    return x * F.sum(pdist.Variable(x)).item()  # HERE


def to_list(x):
    return sum(x.tolist())  # HERE


def to_bool(x):
    return bool((x > 0).all())  # HERE


def conjunction(x):
    return x[0] > 0 and x[1] < 0  # HERE


def counting(x):
    n = x.astype(np.int64)[2]
    return [x for _ in range(n)]  # HERE


def as_an_array(x):
    return np.asarray(x) * 2  # HERE


def array_of_a_list(x):
    return np.array([x[0], x[1]])  # HERE


def assignment_into_zeros(x):
    made = np.zeros(3)
    made[...] = x  # HERE
    return made


def assignment_of_an_element(x):
    made = np.zeros(3)
    made[0] = x[0]  # HERE
    return made


def boolean_mask(x):
    return x[x > 0]  # HERE


def mask_of_a_variable(x):
    return F.get_item(x, x > 0)  # HERE


def nonzero(x):
    return np.nonzero(x)[0]  # HERE


def where_alone(x):
    return np.where(x > 0)[0]  # HERE


def unique(x):
    return np.unique(x)  # HERE


def formatting(x):
    return f"{x[0]:.2f}"  # HERE


def formatting_a_variable(x):
    return f"{F.sum(pdist.Variable(x)):.2f}"  # HERE


def membership(x):
    return 0.5 in x  # HERE


def maximum_of_python(x):
    return max(x)  # HERE


def sorting_of_python(x):
    return sorted(x)  # HERE


def an_index(x):
    return [1, 2, 3, 4, 5][x.astype(np.int64)[0]]  # HERE


def a_shape(x):
    return np.zeros(x.astype(np.int64)[2])  # HERE


def inside_a_call(x):
    def helper(y):
        return y if y[0] > 0 else -y  # HERE

    return helper(x + 1)


UNTRACEABLE = [
    branching, branching_on_a_variable, to_float, float_of_a_variable, to_int, mathematics, item,
    item_of_a_variable, to_list, to_bool, conjunction, counting, as_an_array, array_of_a_list,
    assignment_into_zeros, boolean_mask, mask_of_a_variable, nonzero, where_alone,
    unique, formatting, formatting_a_variable, membership, maximum_of_python, sorting_of_python, an_index,
    a_shape, inside_a_call,
]  # fmt: skip
each = pytest.mark.parametrize("function", UNTRACEABLE, ids=lambda function: function.__name__)


def marked_line(function: Any) -> int:
    """The line of this file that is marked in a function."""
    lines, start = inspect.getsourcelines(function)
    return start + next(i for i, line in enumerate(lines) if "# HERE" in line)


@each
def test_the_error_names_the_line_and_the_reason(function: Any):
    with pytest.raises(pdist.TraceError) as caught:
        pdist.trace(function)(x3)
    text = str(caught.value)
    assert text.startswith(f"{__file__}:{marked_line(function)}: "), text
    assert "# HERE" in text  # the line itself
    reason = text.partition("# HERE")[2]
    assert any(word in reason for word in ("while tracing", "value", "shape", "NumPy array")), text


@each
def test_not_strict_runs_it_as_it_is_and_warns_once(function: Any):
    step = pdist.trace(function, strict=False)
    with pytest.warns(UserWarning) as caught:
        first = step(x3)
    assert len(caught) == 1
    assert function.__name__ in str(caught[0].message)
    assert f"{__file__}:{marked_line(function)}" in str(caught[0].message)
    same(first, function(x3))
    for x in (x3, x3 + 1, np.array([3.0, 4.0, 1.0])):
        same(step(x), function(x))


def test_the_warning_points_at_the_call():
    step = pdist.trace(to_float, strict=False)
    with pytest.warns(UserWarning) as caught:
        step(x3)
    assert caught[0].filename == __file__


def test_the_error_s_traceback_goes_through_the_line():
    try:
        pdist.trace(to_float)(x3)
    except pdist.TraceError as error:
        frames = traceback.extract_tb(error.__traceback__)
    assert (__file__, marked_line(to_float)) in {(frame.filename, frame.lineno) for frame in frames}


# What works although it looks like it ---------------------------------------------------------------------


def test_shapes_and_dtypes_are_known():
    @pdist.trace
    def function(x):
        if x.shape[0] > 2 and len(x) == 3 and x.ndim == 1 and x.dtype == np.float64 and x.size == 3:
            return np.zeros(x.shape) + x
        return None

    for x in (x3, x3 + 1):
        same(function(x), x)


def test_a_repr_is_allowed():
    assert "0.5" in repr(pdist.trace(lambda x: (repr(x), str(x), f"{x}"))(x3))


# Exceptions -----------------------------------------------------------------------------------------------


def training():
    model = nn.Sequential(L.Linear(2, 3, initialW=np.full((3, 2), 0.5, np.float32)), F.tanh, L.Linear(3, 1))
    for p in model.params():
        p.array[...] = 0.25
    optimizer = nn.optimizers.Adam(0.1).setup(model)
    return model, optimizer


def batch(seed: int = 0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((5, 2)).astype(np.float32), rng.standard_normal((5, 1)).astype(np.float32)


def real(model: Any) -> None:
    """Nothing of a trace is left in a model."""
    for p in model.params():
        assert type(p.array) is np.ndarray
        assert p.grad is None or type(p.grad) is np.ndarray


@pytest.mark.parametrize("when", ["before", "after backward", "after update"])
@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, pdist.TraceError])
def test_a_model_is_usable_after_an_exception_in_the_recording(when: str, kind: Any):
    def steps(failing, trace):
        model, optimizer = training()

        def fail(x):
            if kind is pdist.TraceError and trace:
                bool(x[0, 0] > 0)
            raise kind

        def step(x, t, fails):
            if fails and when == "before":
                fail(x)
            loss = F.mean_squared_error(model(x), t)
            model.cleargrads()
            loss.backward()
            if fails and when == "after backward":
                fail(x)
            optimizer.update()
            if fails and when == "after update":
                fail(x)
            return loss

        run = pdist.trace(step) if trace else step
        losses = []
        for i, fails in enumerate(failing):
            if fails:
                with pytest.raises(kind):
                    run(*batch(i), True)
            else:
                losses.append(float(run(*batch(i), False).array))
            real(model)
        return losses, [p.array.copy() for p in model.params()], [p.grad.copy() for p in model.params()]

    failing = (True, False, False, True, False)
    same(steps(failing, True), steps(failing, False))


def test_a_model_is_usable_after_an_exception_in_a_replay():
    model, optimizer = training()

    @pdist.trace
    def step(x, t):
        loss = F.mean(F.softmax_cross_entropy(F.concat([model(x), model(x)], axis=1), t))
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    x, _ = batch()
    good, bad = np.array([0, 1, 0, 1, 0]), np.array([0, 1, 0, 5, 0])
    step(x, good)
    step(x, good)
    before = [p.array.copy() for p in model.params()]
    count = optimizer.t
    with pytest.raises(ValueError, match="5"):
        step(x, bad)
    real(model)
    same([p.array for p in model.params()], before)
    assert optimizer.t == count
    assert np.isfinite(float(step(x, good).array))
    with pytest.raises(ValueError):
        step.function(x, bad)
    real(model)


def test_an_error_of_a_call_s_arguments_is_the_eager_one():
    @pdist.trace
    def step(x, y):
        return F.matmul(x, y)

    for _ in range(2):
        with pytest.raises(ValueError, match="matmul"):
            step(np.ones((2, 3)), np.ones((2, 3)))
        same(step(np.ones((2, 3)), np.ones((3, 2))).array, np.full((2, 2), 3.0))


@pytest.mark.parametrize("late", [False, True])
def test_not_strict_with_an_update_gives_the_eager_numbers(late: bool):
    """What cannot be traced may come after the parameters were changed: that change counts once."""

    def steps(trace):
        model, optimizer = training()
        seen = []

        def step(x, t):
            loss = F.mean_squared_error(model(x), t)
            if not late:
                seen.append(float(loss))
            model.cleargrads()
            loss.backward()
            optimizer.update()
            if late:
                seen.append(float(loss))
            return loss

        run = pdist.trace(step, strict=False) if trace else step
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            losses = [run(*batch(i)) for i in range(4)]
        assert len(caught) == trace
        real(model)
        return losses, seen, [p.array for p in model.params()], [p.grad for p in model.params()]

    same(steps(True), steps(False))


def test_not_strict_traces_what_can_be_traced():
    step = pdist.trace(lambda x: np.exp(x), strict=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for x in (x3, x3 + 1):
            same(step(x), np.exp(x))
    assert "exp" in step.source


# What is left over ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "use",
    [
        lambda a: a + 1,
        lambda a: np.exp(a),
        lambda a: a.sum(),
        lambda a: a[0],
        lambda a: float(a[0]),
        lambda a: np.asarray(a),
        lambda a: F.exp(a),
        lambda a: F.sum(pdist.Variable(a)),
        lambda a: np.concatenate([a, a]),
    ],
)
def test_a_left_over_array_says_what_it_is(use: Any):
    kept = []

    @pdist.trace
    def step(x):
        kept.append(x * 2)
        return x

    step(x3)
    with pytest.raises(pdist.TraceError, match="left over from a trace"):
        use(kept[0])
    other = pdist.trace(lambda x: use(kept[0]) + x)
    with pytest.raises(pdist.TraceError, match="left over from a trace"):
        other(x3)
    same(step(x3 + 1), x3 + 1)
    assert "0.5" in repr(kept[0]) or "1." in repr(kept[0])  # it can be looked at in a debugger


def test_a_left_over_variable_says_what_it_is():
    kept = []

    @pdist.trace
    def step(x):
        kept.append(F.exp(pdist.Variable(x)))
        return kept[-1]

    step(x3)
    with pytest.raises(pdist.TraceError, match="left over from a trace"):
        F.sum(kept[0]) * 2


# Arguments of trace ---------------------------------------------------------------------------------------


def test_bad_arguments_of_trace():
    with pytest.raises(TypeError, match="function"):
        pdist.trace(3)
    with pytest.raises(ValueError, match="cache_size"):
        pdist.trace(lambda x: x, cache_size=0)


def test_no_source_before_the_first_call():
    with pytest.raises(ValueError, match="call it once"):
        pdist.trace(lambda x: x).source  # noqa: B018


def test_distributions_refuse_bad_parameters_while_recording():
    step = pdist.trace(lambda loc, scale: D.Normal(loc, scale).log_prob(0.0))
    with pytest.raises(ValueError, match="scale"), pdist.using_config("validate", True):
        step(x3, x3)
    same(step(x3, abs(x3)).array, D.Normal(x3, abs(x3)).log_prob(0.0).array)
