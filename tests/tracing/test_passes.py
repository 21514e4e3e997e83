"""Each pass by itself: what it must do, what it must leave alone, and that it changes no number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from agreement import same
from alone import call, calls, hold, only
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import Call, Program, call_lists, programs
from test_programs import run

import pdist
import pdist.distributions as D
from pdist.backend import hooks
from pdist.tracing import passes as all_passes
from pdist.tracing.passes import constants, selections
from pdist.tracing.passes.constants import fold_constants
from pdist.tracing.passes.copies import drop_copies
from pdist.tracing.passes.dead import drop_dead
from pdist.tracing.passes.exact import use_cheaper_forms
from pdist.tracing.passes.numpy_forms import use_numpy_forms
from pdist.tracing.passes.placement import place_where_wanted
from pdist.tracing.passes.repeated import share_repeated
from pdist.tracing.passes.rows import write_rows_out
from pdist.tracing.passes.selections import select_by_bits

PASSES = [
    drop_dead,
    fold_constants,
    use_cheaper_forms,
    drop_copies,
    share_repeated,
    place_where_wanted,
    select_by_bits,
    use_numpy_forms,
    write_rows_out,
]


def numbers(*shape: int, dtype: Any = np.float64, seed: int = 0) -> np.ndarray:
    return np.asarray(np.random.default_rng(seed).standard_normal(shape)).astype(dtype)


X = numbers(40)


def overlapping(n: int) -> list[pdist.Variable]:
    """Two states, of which the second begins one element further on in the same memory."""
    whole = numbers(n + 1)
    return [pdist.Variable(whole[i : i + n], requires_grad=False) for i in (0, 1)]


def hold_overlapping(function: Callable[[Any, Any], Any], *passes: Any) -> Any:
    """Hold three calls of a function of two overlapping states to the eager ones."""

    def results(trace: bool) -> Any:
        first, second = overlapping(40)
        step = lambda: function(first.array, second.array)
        step = pdist.trace(step) if trace else step
        return step, [np.array(step()) for _ in range(3)]

    with only(*passes):
        step, got = results(trace=True)
    same(got, results(trace=False)[1])
    return step


def test_every_pass_is_here():
    assert {run for _, run in all_passes.PASSES} == set(PASSES)


def test_nothing_is_lost_without_passes():
    step = hold(lambda x: (np.exp(x), np.exp(x) * 1)[1], [X])
    assert calls(step) == ["exp", "exp", "multiply"]


# Dead code ------------------------------------------------------------------------------------------------


def test_what_nobody_uses_is_dropped():
    def function(x: Any) -> Any:
        unused = np.exp(x) + 1
        np.sin(unused)[::2].sum()
        return x + 2

    assert calls(hold(function, [X], drop_dead)) == ["add"]


def test_writes_to_what_nobody_uses_are_dropped():
    def function(x: Any) -> Any:
        unused = np.exp(x)
        unused[:3] = 1
        part = unused[3:]
        part += 1
        return np.cos(x)

    assert calls(hold(function, [X], drop_dead)) == ["cos"]


def test_what_is_written_to_is_not_dead():
    def function(x: Any) -> Any:
        y = np.exp(x)
        part = y[:3]
        part += x[:3]
        y[5:] = 7
        return y

    assert calls(hold(function, [X], drop_dead)) == ["exp", "add", "setitem"]


def test_writes_to_state_and_arguments_are_not_dead():
    def function(state: Any, x: Any) -> Any:
        state[...] = np.exp(x)
        x += 1
        return state.sum()

    found = calls(hold(function, [X], drop_dead, states=[X]))
    assert found == ["exp", "setitem", "add", "add"]


def test_draws_are_not_dead():
    """The stream moves on: ``hold`` compares the draw after."""

    def function(x: Any) -> Any:
        D.Normal(x, 1.0).sample()
        return x + 1

    assert "standard_normal" in calls(hold(function, [X], drop_dead))


# Constants ------------------------------------------------------------------------------------------------


def test_what_derives_from_numbers_is_computed_once():
    def function(x: Any) -> Any:
        xp = pdist.get_array_module(x)
        return x * xp.exp(xp.arange(40.0) / 10)[::-1] + xp.zeros((40,)).sum()

    assert calls(hold(function, [X], fold_constants)) == ["multiply", "add"]


def test_state_is_no_constant():
    def function(state: Any, x: Any) -> Any:
        y = np.exp(state) * x
        state += 1
        return y

    assert calls(hold(function, [X], fold_constants, states=[X])) == ["exp", "multiply", "add"]


def test_draws_are_no_constants():
    function = lambda x: x + D.Normal(0.0, 1.0).sample(40).array
    assert "standard_normal" in calls(hold(function, [X], fold_constants))


def test_what_the_caller_gets_or_the_function_changes_is_no_constant():
    def function(x: Any) -> Any:
        xp = pdist.get_array_module(x)
        total, ones = xp.zeros((40,)), xp.ones((40,))
        total[:5] += x[:5]
        return total * 2, ones

    step = hold(function, [X], fold_constants)
    assert calls(step).count("zeros") == calls(step).count("ones") == 1
    _, ones = step(X)
    ones[...] = 9  # by the caller, who was given it
    np.testing.assert_array_equal(step(X)[1], 1)


def test_large_constants_are_made_anew(monkeypatch: pytest.MonkeyPatch):
    def function(x: Any) -> Any:
        return x * pdist.get_array_module(x).arange(40.0)

    monkeypatch.setattr(constants, "MOST_BYTES", 319)
    assert calls(hold(function, [X], fold_constants)) == ["arange", "multiply"]
    monkeypatch.setattr(constants, "MOST_BYTES", 320)
    assert calls(hold(function, [X], fold_constants)) == ["multiply"]


def test_an_array_of_one_number_becomes_that_number():
    step = hold(lambda x: x * pdist.get_array_module(x).full((40,), 2.5), [X], fold_constants)
    _, factor = call(step, "multiply").args
    assert factor.shape == () and factor.array == 2.5


@pytest.mark.parametrize("x", [numbers(40, dtype=np.float32), numbers(1), np.array(2.0)])
def test_the_number_keeps_shape_and_dtype(x: np.ndarray):
    """An array of ones may be what gives a result its shape or its dtype."""
    hold(lambda x: x * pdist.get_array_module(x).ones((40,)), [x], fold_constants)


def test_zeros_stay_arrays():
    """Their signs may differ from element to element."""
    step = hold(lambda x: x * pdist.get_array_module(x).zeros((40,)), [X], fold_constants)
    assert call(step, "multiply").args[1].shape == (40,)


# Cheaper forms --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "left"),
    [
        (lambda y, z: (1.0 * y) + z, "add"),
        (lambda y, z: (y * 1) + z, "add"),
        (lambda y, z: np.power(y, 1) + z, "add"),
        (lambda y, z: (y / 1.0) + z, "add"),
        (lambda y, z: y * -1.0, "negative"),
        (lambda y, z: -1 * y, "negative"),
        (lambda y, z: y + (-z), "subtract"),
        (lambda y, z: (-y) + z, "subtract"),
        (lambda y, z: y - (-z), "add"),
        (lambda y, z: (-y) * (-z), "multiply"),
    ],
)
def test_cheaper_forms(function: Any, left: str):
    step = hold(lambda x: function(np.exp(x), np.sin(x)) / 3, [X], use_cheaper_forms, drop_dead)
    assert calls(step) == ["exp", "sin", left, "divide"] or calls(step) == ["exp", left, "divide"]


def test_a_negation_that_is_wanted_elsewhere_is_used():
    def function(x: Any) -> Any:
        minus = -np.exp(x)
        return (x + minus) * minus

    assert calls(hold(function, [X], use_cheaper_forms)) == ["exp", "negative", "add", "multiply"]


def test_a_negation_into_another_shape_or_dtype_stays():
    def function(x: Any) -> Any:
        xp, y = pdist.get_array_module(x), np.exp(x)
        wide, short = xp.zeros((2, 40)), xp.zeros((40,), dtype=np.float32)
        np.negative(y, out=wide)
        np.negative(y, out=short)
        return (x - wide) * 2, (x + short) * 2

    assert calls(hold(function, [X], use_cheaper_forms)).count("negative") == 2


def test_signs_of_another_number_stay():
    step = hold(lambda x: np.exp(x) * 1.5 + np.sin(x) * -2.0, [X], use_cheaper_forms)
    assert calls(step) == ["exp", "multiply", "sin", "multiply", "add"]


def test_a_factor_of_one_that_makes_another_array_stays():
    """The caller's own array, or state, may be changed while the product is in use; a dtype may change."""

    def function(state: Any, x: Any, i: Any) -> Any:
        before, given = 1.0 * state, 1.0 * x
        state += 1
        x += 1
        return before + given + (i + 1) * 1.0, np.exp(x)[::2] * 1.0, 1.0 * np.exp(x)

    step = hold(function, [X, np.arange(40)], use_cheaper_forms, states=[X])
    assert calls(step).count("multiply") == 5


def test_a_factor_of_one_stays_where_another_state_may_lie_over_it():
    def function(first: Any, second: Any) -> Any:
        before, minus = first * 1.0, -first
        second *= 2
        return before + (second + minus)

    assert "multiply" in calls(hold_overlapping(function, use_cheaper_forms))


def test_a_state_that_is_one_is_no_one():
    def function(state: Any, x: Any) -> Any:
        y = np.exp(x) * state
        state += 1
        return y * 2

    assert "multiply" in calls(hold(function, [X], use_cheaper_forms, states=[np.zeros(())]))


def test_what_is_changed_later_keeps_its_form():
    def function(x: Any) -> Any:
        y, z = np.exp(x), np.sin(x)
        same_y, minus_z = y * 1.0, -z
        y[:5] = 0
        z[:5] = 0
        return same_y + (x + minus_z)

    assert calls(hold(function, [X], use_cheaper_forms)).count("add") == 2


def test_what_is_changed_before_it_is_used_again_keeps_its_form():
    def function(x: Any) -> Any:
        y = np.exp(x)
        z = y * 1.0
        z[0] = 100
        return y + z

    assert "multiply" in calls(hold(function, [X], use_cheaper_forms))


# Copies ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copy", [lambda a: a.copy(), lambda a: a.astype(np.float64)])
def test_a_copy_that_nobody_can_tell_is_dropped(copy: Any):
    def function(state: Any, x: Any) -> Any:
        return copy(state) * copy(np.exp(copy(x)))

    assert calls(hold(function, [X], drop_copies, states=[X])) == ["exp", "multiply"]


def test_a_copy_whose_original_is_changed_stays():
    def function(state: Any, x: Any) -> Any:
        y = np.exp(x)
        before = [state.copy(), x.copy(), y.copy()]
        state += 1
        x *= 2
        y[:3] = 0
        return before[0] + before[1] + before[2] + y

    assert calls(hold(function, [X], drop_copies, states=[X])).count("copy") == 3


def test_a_copy_stays_where_its_original_may_share_memory_with_what_is_changed():
    def function(first: Any, second: Any) -> Any:
        before = first.copy()
        second *= 2
        return before + first

    assert "copy" in calls(hold_overlapping(function, drop_copies))


def double(state: pdist.Variable) -> None:
    state.array *= 2


@pytest.mark.parametrize(
    ("one", "function"),
    [
        (drop_copies, lambda state: state.copy()),
        (share_repeated, np.exp),
        (use_cheaper_forms, lambda state: state * 1),
    ],
)
def test_whatever_users_wrote_may_change_any_state(one: Any, function: Any):
    """A hook is called as a whole."""

    def results(trace: bool) -> Any:
        state = pdist.Variable(np.ones(40), requires_grad=False)

        def step() -> Any:
            before = function(state.array)
            hooks.effect(double, state)
            return before - function(state.array)

        step = pdist.trace(step) if trace else step
        return [np.array(step()) for _ in range(3)]

    with only(one):
        got = results(trace=True)
    same(got, results(trace=False))


def test_a_copy_that_is_changed_stays():
    def function(state: Any, x: Any) -> Any:
        first, second = state.copy(), np.exp(x).copy()
        first[:3] = 0
        part = second[3:]
        part += 1
        return first * second

    assert calls(hold(function, [X], drop_copies, states=[X])).count("copy") == 2


def test_a_copy_that_the_caller_gets_stays():
    function = lambda state, x: (state.copy(), x.copy())
    assert calls(hold(function, [X], drop_copies, states=[X])) == ["copy", "copy"]


def test_a_copy_in_another_layout_stays():
    """The sum of what lies otherwise in memory rounds otherwise."""
    x = numbers(30, 40, dtype=np.float32)
    step = hold(lambda x: (x.T.copy().sum(), x[::2].copy().sum(axis=0)), [x], drop_copies)
    assert calls(step).count("copy") == 2


def test_a_cast_is_no_copy():
    assert "astype" in calls(hold(lambda x: x.astype(np.float32) + 1, [X], drop_copies))


# Repeated calls -------------------------------------------------------------------------------------------


def test_what_is_computed_twice_is_computed_once():
    def function(state: Any, x: Any) -> Any:
        once = np.exp(x[:20]).sum(axis=0) * state
        return once + np.exp(x[:20]).sum(axis=0) * state

    found = calls(hold(function, [X], share_repeated, states=[X]))
    assert found == ["exp", "add", "multiply", "add"]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.add.reduce(x, axis=0).sum() + np.add.reduce(x, axis=1).sum(),
        lambda x: (x + 1).astype(np.float32) + (x + 1).astype(np.float64),
        lambda x: np.copysign(1 + abs(x), 0.0) + np.copysign(1 + abs(x), -0.0),
        lambda x: np.arctan2(x, 2) - np.arctan2(2, x),
        lambda x: x[:3].sum() - x[3:].sum() + x[[0, 1]].sum() - x[[1, 2]].sum(),
    ],
)
def test_what_differs_is_not_shared(function: Any):
    hold(function, [numbers(6, 6)], share_repeated)


def test_nothing_is_shared_across_a_write():
    def function(state: Any, other: Any, x: Any) -> Any:
        y = np.exp(x)
        before = [np.exp(state), np.tan(x), np.sin(y), np.cos(other)]
        state[:3] = 0
        y[:3] = 0
        return sum(before) - np.exp(state) - np.tan(x) - np.sin(y) - np.cos(other)

    found = calls(hold(function, [X], share_repeated, states=[X, X]))
    assert [found.count(name) for name in ("sin", "tan", "cos")] == [2, 2, 2]  # they may overlap the state
    assert found.count("exp") == 3


def test_writes_through_views_count():
    def function(x: Any) -> Any:
        y = np.exp(x)
        part = y[:20]
        before = np.sin(y)
        part *= 2
        return before - np.sin(y)

    assert calls(hold(function, [X], share_repeated)).count("sin") == 2


def test_views_are_the_same_after_a_write():
    def function(x: Any) -> Any:
        y = np.exp(x)
        before = y[:20] * 2
        y[:3] = 0
        return before - y[:20]

    step = hold(function, [X], share_repeated)
    assert sum(c.view for c in step.last.program.calls) == 1


def test_what_is_changed_is_not_shared():
    def function(x: Any) -> Any:
        y, z = np.exp(x), np.exp(x)
        y[:3] = 0
        return y - z

    assert calls(hold(function, [X], share_repeated)).count("exp") == 2


def test_results_are_not_shared():
    step = hold(lambda x: (np.exp(x), np.exp(x)), [X], share_repeated)
    assert calls(step) == ["exp", "exp"]
    y, z = step(X)
    assert not np.shares_memory(y, z)


def test_draws_are_not_shared():
    def function(x: Any) -> Any:
        return D.Normal(0.0, 1.0).sample(40).array - D.Normal(0.0, 1.0).sample(40).array + x

    assert calls(hold(function, [X], share_repeated)).count("standard_normal") == 2


# Placement ------------------------------------------------------------------------------------------------


def joined(function: Any, arguments: Any, states: Any = ()) -> Any:
    return hold(function, arguments, place_where_wanted, states=states)


def test_parts_are_written_where_the_whole_will_be():
    step = joined(lambda x: np.concatenate([np.exp(x), np.sin(x)]) * 2, [X])
    assert calls(step) == ["exp", "sin", "multiply"]
    exp, sin = (call(step, name).writes[0] for name in ("exp", "sin"))
    assert exp.root is sin.root


def test_parts_of_other_shapes_are_flattened():
    def function(x: Any, w: Any) -> Any:
        return np.concatenate([x @ w, np.exp(w)], axis=None) * 2

    assert "concatenate" not in calls(joined(function, [numbers(5, 6), numbers(6, 7)]))


def test_what_cannot_move_is_copied_there():
    step = joined(lambda x: np.concatenate([x[:5], np.exp(x), np.exp(x)[::2]]) * 2, [X])
    assert calls(step).count("setitem") == 2
    assert "concatenate" not in calls(step)


def test_parts_of_a_state():
    """An optimizer's one array of gradients."""

    def function(state: Any, x: Any) -> Any:
        np.concatenate([np.exp(x), np.sin(x)], out=state)
        return state.sum()

    step = joined(function, [X], [numbers(80)])
    assert calls(step) == ["exp", "sin", "add"]
    (claimed,) = step.last.program.claimed
    assert claimed.shape == (80,)


def test_arguments_in_the_memory_of_the_whole_are_read_before_it_is_written():
    state = pdist.Variable(numbers(80), requires_grad=False)

    def function(x: Any) -> Any:
        y, z = np.exp(x), np.sin(x)
        np.concatenate([y, z], out=state.array)
        return y - z

    with only(place_where_wanted):
        step = pdist.trace(function)
        step(X)
        for part in (state.array[20:60], state.array[:40], state.array[:40].reshape(40)):
            state.array[...] = numbers(80, seed=1)
            expected = np.exp(part) - np.sin(part)
            same(step(part), expected)


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(lambda x: np.concatenate([np.exp(x), np.sin(x)]), id="the caller gets the whole"),
        pytest.param(lambda x: np.concatenate([np.exp(x), np.sin(x)], axis=1) * 2, id="another axis"),
        pytest.param(lambda x: np.concatenate([np.exp(x.T), np.sin(x.T)]) * 2, id="another layout"),
        pytest.param(
            lambda x: np.concatenate([np.exp(x), np.sin(x).astype(np.float32)]) * 2, id="another dtype"
        ),
        pytest.param(lambda x: np.concatenate([x, x[::-1], np.exp(x[:1])]) * 2, id="most of it is a copy"),
        pytest.param(lambda x: np.concatenate([np.exp(x)] * 2) * 2, id="one part twice"),
    ],
)
def test_concatenations_that_stay(function: Any):
    assert "concatenate" in calls(joined(function, [numbers(6, 8)]))


def test_a_part_that_is_changed_or_returned_does_not_move():
    def changed(x: Any) -> Any:
        y = np.exp(x)
        whole = np.concatenate([y, x]) * 2
        y[:3] = 0
        return whole[:40] + y

    def returned(x: Any) -> Any:
        y = np.exp(x)
        return np.concatenate([y, x]) * 2, y

    for function in (changed, returned):
        assert "concatenate" in calls(joined(function, [X]))


def test_a_part_of_a_state_that_is_returned_does_not_move():
    def function(state: Any, x: Any) -> Any:
        y = np.exp(x)
        np.concatenate([y, np.sin(x)], out=state)
        return y

    step = joined(function, [X], [numbers(80)])
    (whole,) = (value.array for value in step.last.program.states)
    assert not np.shares_memory(step(X), whole)


def test_a_part_in_another_layout_does_not_move():
    """Its sum would round otherwise."""

    def function(x: Any) -> Any:
        y = np.exp(x.T)
        return np.concatenate([y, np.sin(x)], axis=None) * 2, y.sum(axis=0), y.sum()

    step = joined(function, [numbers(100, 30, dtype=np.float32)])
    assert not call(step, "exp").writes and call(step, "sin").writes


def test_a_part_whose_call_writes_nowhere_else_does_not_move():
    function = lambda x: np.concatenate([np.where(x > 0, x, 2.0), np.sin(x)]) * 2
    assert not call(joined(function, [X]), "where").writes


def test_a_part_that_is_wanted_after_the_whole_was_changed_does_not_move():
    def function(x: Any) -> Any:
        y = np.exp(x)
        whole = np.concatenate([y, x])
        whole[...] = whole * 2
        return whole[:40] + y

    assert "concatenate" in calls(joined(function, [X]))


def test_a_whole_that_somebody_looks_at_before_is_not_written_earlier():
    def function(state: Any, x: Any) -> Any:
        y, z = np.exp(x), np.sin(x)
        before = state * 2
        np.concatenate([y, z], out=state)
        return before

    assert "concatenate" in calls(joined(function, [X], [numbers(80)]))


def test_a_whole_that_lies_over_another_state_is_not_written_earlier():
    memory = pdist.Variable(numbers(81), requires_grad=False)
    other = pdist.Variable(memory.array[1:], requires_grad=False)
    whole = pdist.Variable(memory.array[:-1], requires_grad=False)

    def function(x: Any) -> Any:
        y, z = np.exp(x), np.sin(x)
        before = other.array * 2
        np.concatenate([y, z], out=whole.array)
        return before

    with only(place_where_wanted):
        step = pdist.trace(function)
        for _ in range(3):
            expected = other.array * 2
            same(step(X), expected)
            memory.array[...] = numbers(81, seed=1)


# Selections -----------------------------------------------------------------------------------------------

SPECIAL = np.tile([np.nan, np.inf, -np.inf, -0.0, 5e-324, 1e308, -1.5, 2.0], 5)


def by_bits(function: Any, arguments: Any, states: Any = ()) -> list[str]:
    return calls(hold(function, arguments, select_by_bits, states=states))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("zero", [0, 0.0])
@pytest.mark.parametrize("most", [0, 1 << 15])
def test_selections_keep_every_number(dtype: Any, zero: Any, most: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(selections, "CAST_BYTES", most)
    with np.errstate(all="ignore"):
        x = SPECIAL.astype(dtype)

    def function(x: Any, c: Any) -> Any:
        y = -x
        return np.where(c, y, zero) / 2, np.where(c, zero, y) / 2

    for condition in (np.arange(40) % 3 == 0, np.arange(40) % 7 > 2):
        assert "where" not in by_bits(function, [x, condition])


def test_what_is_wanted_afterwards_is_not_written_over():
    def function(state: Any, x: Any, c: Any) -> Any:
        y, z = np.exp(x), np.sin(x)
        found = np.where(c, y, 0.0) + np.where(c, state, 0.0) + np.where(c, x, 0.0) + np.where(c, z, 0.0) + y
        return found + x, state, z

    found = by_bits(function, [X, X > 0], [X])
    assert "where" not in found


def test_state_and_arguments_are_not_written_over():
    def function(state: Any, x: Any, y: Any, c: Any) -> Any:
        return (np.where(c, state, 0.0) + np.where(c, x, 0.0)) + np.where(c, y.reshape(-1), 0.0) * 2

    assert "where" not in by_bits(function, [X, X, X > 0], [X])


def test_a_selection_of_another_dtype_or_layout_keeps_it():
    def dtype(x: Any, c: Any) -> Any:
        return np.where(c, np.exp(x), pdist.get_array_module(x).zeros(())) * 2

    def layout(x: Any, c: Any) -> Any:
        return np.where(c, np.exp(x.T), 0.0).sum(axis=0)

    x = numbers(300, 40, dtype=np.float32)
    assert "where" in calls(hold(dtype, [x, x > 0], fold_constants, select_by_bits))
    assert "where" in by_bits(layout, [x, (x > 0).T.copy()])


def test_what_is_not_wanted_afterwards_is_written_over():
    function = lambda x, c: np.where(c, np.exp(x), 0.0) * 2
    step = hold(function, [X, X > 0], select_by_bits)
    (product,) = [c for c in step.last.program.calls if c.name == "multiply" and c.writes]
    assert product.writes[0].root is call(step, "exp").output


def test_a_view_of_what_is_wanted_is_not_written_over():
    def function(x: Any, c: Any) -> Any:
        y = np.exp(x)
        part = y[::-1]
        return np.where(c, y, 0.0) * part

    assert "where" not in by_bits(function, [X, X > 0])


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(lambda x, c: np.where(c, x, 0.0), id="the caller gets it"),
        pytest.param(lambda x, c: np.where(c, x, 1.0) * 2, id="not zero"),
        pytest.param(lambda x, c: np.where(c, x, np.float64(np.nan)) * 2, id="not a number"),
        pytest.param(lambda x, c: np.where(c, x[:1], 0.0) * 2, id="another shape"),
        pytest.param(lambda x, c: np.where(c[:1], x, 0.0) * 2, id="another shape of the condition"),
        pytest.param(lambda x, c: np.where(x.astype(np.int64), x, 0.0) * 2, id="a condition of integers"),
        pytest.param(lambda x, c: np.where(c, x.astype(np.float32), np.float64(0)) * 2, id="another dtype"),
        pytest.param(lambda x, c: np.where(c, c, 0) * 2, id="no floats"),
        pytest.param(lambda x, c: np.where(c[:31], x[:31] + 1, 0.0) * 2, id="a few elements"),
        pytest.param(lambda x, c: np.where(c, x, x * 0) * 2, id="zeros that are computed"),
    ],
)
def test_selections_that_stay(function: Any):
    assert "where" in by_bits(function, [X, X > 0])


# NumPy's faster forms -------------------------------------------------------------------------------------


def in_numpy_forms(function: Any, *arguments: Any) -> Any:
    return hold(function, arguments, use_numpy_forms)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.maximum(x, 0),
        lambda x: np.maximum(0.0, x),
        lambda x: np.minimum(x, 1.5),
        lambda x: np.minimum(np.maximum(x, -1.0), 1.0),
        lambda x: np.maximum(np.minimum(x, 1.0), -1.0),
        lambda x: np.maximum(np.maximum(x, -1.0), 1.0),
        lambda x: np.minimum(np.minimum(x, 1.0), -1.0),
        lambda x: np.maximum(x, np.inf),
        lambda x: np.minimum(x, -np.inf),
        lambda x: np.maximum(x, 1e300),
    ],
)
def test_limits(function: Any, dtype: Any):
    with np.errstate(all="ignore"):
        x = SPECIAL.astype(dtype)
    assert calls(in_numpy_forms(lambda x: function(x + 0), x)) == ["add", "clip"]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.minimum(np.maximum(x, 1.0), -1.0),
        lambda x: np.maximum(np.minimum(x, -1.0), 1.0),
    ],
)
def test_limits_that_do_not_go_together(function: Any):
    assert calls(in_numpy_forms(lambda x: function(x + 0), SPECIAL)) == ["add", "clip", "clip"]


def test_a_limit_of_what_is_changed_between():
    def function(x: Any) -> Any:
        y = x + 0
        z = np.maximum(y, -1.0)
        y[:5] = 9
        low = np.minimum(z, 1.0)
        z[5:9] = -9
        return low + z

    assert calls(in_numpy_forms(function, SPECIAL)).count("clip") == 2


def test_a_limit_of_what_another_state_may_lie_over():
    def function(first: Any, second: Any) -> Any:
        low = np.maximum(first, -0.5)
        second *= 2
        return np.minimum(low, 0.5) * 2

    assert calls(hold_overlapping(function, use_numpy_forms)).count("clip") == 2


def test_limits_that_are_no_numbers_stay_as_they_are():
    """nan as a limit, arrays of integers."""
    found = calls(in_numpy_forms(lambda x, i: np.maximum(x, np.nan) + np.maximum(i, 3), X, np.arange(40)))
    assert found == ["maximum", "maximum", "add"]


@pytest.mark.parametrize("n", [4, 4000])
def test_limits_that_are_arrays(n: int):
    x = np.resize(SPECIAL, n)
    in_numpy_forms(
        lambda x, y: (np.maximum(x, y) + 1, np.minimum(x, y) + 1, np.maximum(y, x[:1])), x, x[::-1]
    )


PRODUCTS: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a @ b,
    lambda a, b: b.T @ a.T,
    lambda a, b: (a + 1).T @ (a + 1),
    lambda a, b: (a + 1) @ (a + 1).T,
    lambda a, b: (a[:, ::2]) @ b[::2],
    lambda a, b: a[:1] @ b,
    lambda a, b: a @ b[:, :1],
    lambda a, b: a @ b[:, 0],
    lambda a, b: a[0] @ b,
    lambda a, b: a[0] @ b[:, 0],
    lambda a, b: a[None] @ b[None],
    lambda a, b: a[:0] @ b,
    lambda a, b: a[:, :0] @ b[:0],
]


@pytest.mark.parametrize("function", PRODUCTS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_products_round_alike(function: Any, dtype: Any):
    """In all layouts, and those of a matrix with itself."""
    a, b = numbers(17, 23, dtype=dtype), numbers(23, 19, dtype=dtype, seed=1)
    in_numpy_forms(lambda a, b: function(a, b) + 0, a, b)
    in_numpy_forms(lambda a, b: function(a + 1, b + 1), a, b)
    in_numpy_forms(lambda a, b: function(a, b) * 2, np.asfortranarray(a), b)


def test_products_of_matrices_are_dots():
    step = in_numpy_forms(lambda a, b: np.exp(a) @ b, numbers(5, 6), numbers(6, 7))
    assert calls(step) == ["exp", "dot"]


def test_products_that_dot_lays_out_otherwise_stay():
    def function(state: Any, a: Any, b: Any) -> Any:
        a, b = np.exp(a), np.exp(b)
        np.matmul(a, b, out=state.T)
        return a[:, ::2] @ b[::2] + a @ b

    step = hold(function, [numbers(5, 6), numbers(6, 7)], use_numpy_forms, states=[numbers(7, 5)])
    assert calls(step) == ["exp", "exp", "matmul", "matmul", "dot", "add"]


def test_products_of_a_matrix_with_itself_stay():
    step = in_numpy_forms(lambda a: np.exp(a).T @ a + (y := np.exp(a)).T @ y, numbers(6, 6))
    assert sorted(c for c in calls(step) if c in ("dot", "matmul")) == ["dot", "matmul"]


def test_products_of_arguments_stay():
    """They may be the same array at the next call."""
    a = numbers(30, 30, dtype=np.float32)
    with only(use_numpy_forms):
        step = pdist.trace(lambda a, b: a @ b)
        same(step(a, a.T.copy().T), a @ a.T.copy().T)
        same(step(a, a.T), a @ a.T)
    assert calls(step) == ["matmul"]


def test_products_of_states_that_share_memory_stay():
    v = pdist.Variable(numbers(30, 30, dtype=np.float32), requires_grad=False)
    w = pdist.Variable(v.array.T, requires_grad=False)
    with only(use_numpy_forms):
        step = pdist.trace(lambda: v.array @ w.array)
        for _ in range(2):
            same(step(), v.array @ w.array)
    assert calls(step) == ["matmul"]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.bool_])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_sums_over_a_short_axis(dtype: Any, n: int):
    x = (3 * numbers(n, 40)).astype(dtype)

    def function(x: Any) -> Any:
        return (
            x.sum(axis=0) * 2,
            x.max(axis=0) * 2,
            x.sum(axis=0, keepdims=True) * 2,
            x.sum(axis=(0,), dtype=np.float64),
        )

    step = in_numpy_forms(function, x)
    rows = 2 if n == 2 and x.dtype.kind == "f" else 0
    forms = [(c.form, c.name) for c in step.last.program.calls]
    assert sum(form in (("ufunc", "add"), ("ufunc", "maximum"), ("ufunc", "clip")) for form in forms) == rows


def test_scalars_are_cast_into_arrays():
    step = in_numpy_forms(lambda x: x.astype(np.float32) * x.sum().astype(np.float32), X)
    (cast,) = [c for c in step.last.program.calls if c.name == "astype" and not c.output.shape]
    assert not cast.output.scalar


def test_scalars_that_are_no_ufuncs_arguments_stay():
    """NumPy's scalars round by rules of their own; and what the caller gets is what it was."""

    def function(x: Any) -> Any:
        s, t = x.sum().astype(np.float32), x.max().astype(np.float32)
        return s, np.exp(x) * s, (t**3) * x, np.exp(x) * t

    step = in_numpy_forms(function, X)
    assert all(c.output.scalar for c in step.last.program.calls if c.name == "astype")
    assert isinstance(step(X)[0], np.float32)


# All of them ----------------------------------------------------------------------------------------------


def equal(program: Program, given_calls: list[Call], chosen: list[Any]) -> None:
    with np.errstate(all="ignore"), pdist.using_config("validate", False):
        eager = run(program, given_calls, trace=False)
        with only(*chosen):
            traced = run(program, given_calls, trace=True)
    same(traced, eager, "run")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("one", PASSES, ids=lambda p: p.__name__)
@settings(max_examples=60)
@given(programs, call_lists)
def test_one_pass_alone(one: Any, program: Program, given_calls: list[Call]):
    equal(program, given_calls, [one])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@settings(max_examples=100)
@given(programs, call_lists, st.lists(st.sampled_from(PASSES), max_size=12))
def test_any_passes_in_any_order(program: Program, given_calls: list[Call], chosen: list[Any]):
    equal(program, given_calls, chosen)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@settings(max_examples=2000)
@given(programs, call_lists, st.lists(st.sampled_from(PASSES), max_size=12))
def test_any_passes_in_many_orders(program: Program, given_calls: list[Call], chosen: list[Any]):
    equal(program, given_calls, chosen)


# Rows that are broadcast ------------------------------------------------------------------------------------


def test_a_row_is_written_out_beside_a_matrix():
    x, b = numbers(5, 40), numbers(40, seed=1)
    for function in (lambda x, b: np.exp(x + b), lambda x, b: np.exp(b - x), lambda x, b: np.exp(x / b)):
        step = hold(function, [x, b], write_rows_out)
        assert calls(step)[0] == "setitem"
    assert calls(hold(lambda x, b: np.exp(x * b), [numbers(2, 5, 40), x], write_rows_out))[0] == "setitem"


@pytest.mark.parametrize(
    ("x", "row"),
    [
        (numbers(5, 40), numbers(5, 1)),  # a column
        (numbers(5, 40), numbers()),
        (numbers(5, 40), numbers(40, dtype=np.float32)),  # it would be cast
        (numbers(40, 5).T, numbers(40)),  # another layout: products and sums round by it
        (numbers(5, 1), numbers(1)),
        (numbers(40), numbers(5, 40)),  # the array is the second argument, which is as good
    ],
    ids=["column", "number", "dtype", "layout", "short", "second"],
)
def test_what_is_no_row_stays(x, row):
    step = hold(lambda x, row: np.exp(x + row), [x, row], write_rows_out)
    assert ("setitem" in calls(step)) == (row.ndim == 2 and x.ndim == 1)


def test_every_other_number_is_no_row():
    step = hold(lambda x, row: np.exp(x + row[::2]), [numbers(5, 40), numbers(80)], write_rows_out)
    assert "setitem" not in calls(step)
