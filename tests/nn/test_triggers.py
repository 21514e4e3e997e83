"""Triggers and schedules: when they fire."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from training_runs import ask

import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from pdist_nn import optimizers, serializers
from pdist_nn.training import extensions, triggers


def test_a_trigger_asked_in_some_steps_only_answers_for_those_between():
    trigger = triggers.IntervalTrigger(2, "iteration")
    assert [ask(trigger, i) for i in (1, 3, 5, 8)] == [False, True, True, True]
    trigger = triggers.ManualScheduleTrigger([2, 4, 6, 7], "iteration")
    assert [ask(trigger, i) for i in (1, 3, 5, 8, 9)] == [False, True, True, True, False]
    trigger = triggers.IntervalTrigger(2, "epoch")
    assert [ask(trigger, i) for i in (1, 3, 5, 8)] == [False, True, True, True]


def test_a_trigger_asked_twice_in_a_step_answers_the_same_and_begins_anew_with_another_run():
    trigger = triggers.IntervalTrigger(2, "iteration")
    assert [ask(trigger, i) for i in (1, 2, 2, 3, 4, 4, 1, 2)] == [
        False,
        True,
        True,
        False,
        True,
        True,
        False,
        True,
    ]


def test_a_trigger_remembers_in_a_file_when_it_was_asked(tmp_path):
    trigger, again = triggers.IntervalTrigger(2, "iteration"), triggers.IntervalTrigger(2, "iteration")
    ask(trigger, 3)
    serializers.save_npz(tmp_path / "t.npz", trigger)
    serializers.load_npz(tmp_path / "t.npz", again)
    assert ask(again, 5) and ask(again, 5)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 500))
def test_fractions_of_an_epoch_are_exact(n, k, start):
    """Every 1/k of an epoch of n examples, in step 1, 2, ... : where a multiple was reached."""
    iterator = nn.iterators.SerialIterator(np.arange(n), 1, shuffle=False)
    iterator.epoch = start
    trainer = SimpleNamespace(updater=iterator)
    every, at = (
        triggers.IntervalTrigger(1 / k, "epoch"),
        triggers.ManualScheduleTrigger([start + 1 / k], "epoch"),
    )
    end = triggers.ReachedTrigger(start + 1 / k, "epoch")
    fired, fired_at, ended = [], [], []
    for i in range(1, 2 * n + 1):
        next(iterator)
        fired += [i] if every(trainer) else []
        fired_at += [i] if at(trainer) else []
        ended += [i] if end(trainer) else []
    assert fired == [i for i in range(1, 2 * n + 1) if i * k // n != (i - 1) * k // n]
    first = -(-n // k)
    assert fired_at == [first] and ended == list(range(first, 2 * n + 1))


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (triggers.MinValueTrigger, [False, True, True, False, True]),
        (triggers.MaxValueTrigger, [False, True, False, False, False]),
    ],
)
def test_nan_is_never_the_best(make, expected):
    trigger = make("v", trigger=(1, "iteration"))
    values = [math.nan, 3.0, 2.0, math.nan, 1.0]
    assert [ask(trigger, i, v=v) for i, v in enumerate(values, 1)] == expected
    trigger = make("v", trigger=(1, "iteration"))
    trigger.best_value = math.nan  # from a file of before
    assert ask(trigger, 1, v=5.0)


def test_early_stopping_in_time():
    def stops(values, **settings):
        trigger = triggers.EarlyStoppingTrigger((1, "iteration"), "v", max_trigger=(99, "epoch"), **settings)
        return [ask(trigger, i, v=v) for i, v in enumerate(values, 1)]

    assert stops([100, 80, 30, 10, 20, 24, 30, 35], patience=3) == [False] * 6 + [True] * 2
    values = [0.5, 0.5, 0.6, 0.7, 0.6, 0.4, 0.3, 0.2]
    assert stops(values, patience=3, mode="max") == [False] * 6 + [True] * 2
    assert stops([math.nan, math.nan, 3, 2], patience=3) == [False] * 4
    assert stops([3, math.nan, math.nan, math.nan], patience=3) == [False] * 3 + [True]
    assert stops([math.nan, 2, 3, 4, 5], patience=3, mode="max") == [False] * 5


@pytest.mark.parametrize(
    ("init", "rate", "target", "expected"),
    [
        (-2.0, 0.5, -1.2, [-2.0, -1.2, -1.2]),
        (2.0, 0.5, 1.2, [2.0, 1.2, 1.2]),
        (-2.0, 2.0, -5.0, [-2.0, -4.0, -5.0]),
        (2.0, 2.0, 5.0, [2.0, 4.0, 5.0]),
        (1.0, 1e200, 3.0, [1.0, 3.0, 3.0]),
        (1.0, 0.5, 0.0, [1.0, 0.5, 0.25]),
    ],
)
def test_exponential_shift_does_not_pass_its_target(init, rate, target, expected):
    optimizer = SimpleNamespace(x=0.0)
    shift = extensions.ExponentialShift("x", rate, init=init, target=target, optimizer=optimizer)
    shift.initialize(None)
    found = [optimizer.x]
    for _ in expected[1:]:
        shift(None)
        found.append(optimizer.x)
    assert found == expected


def test_exponential_shift_refuses_what_it_cannot_do():
    with pytest.raises(ValueError, match=r"ExponentialShift: rate is -0.5; expected"):
        extensions.ExponentialShift("x", -0.5)
    with pytest.raises(ValueError, match=r"ExponentialShift: target is -1.0, which 2.0 never reaches"):
        extensions.ExponentialShift("x", 0.5, init=2.0, target=-1.0)


@pytest.mark.parametrize("points", [np.array([2, 4]), (2, 4), {2, 4}, iter([2.0, 4.0])])
def test_points_of_a_schedule_may_come_in_any_form(points):
    trigger = triggers.ManualScheduleTrigger(points, "iteration")
    assert [ask(trigger, i) for i in range(1, 6)] == [False, True, False, True, False]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizers.CosineDecay(0), r"CosineDecay: steps is 0; expected a positive number"),
        (lambda: optimizers.ExponentialDecay(0.5, 0), r"ExponentialDecay: steps is 0; expected"),
        (lambda: optimizers.ExponentialDecay(-1.0), r"ExponentialDecay: rate is -1.0; expected"),
        (
            lambda: optimizers.PiecewiseConstant([2, 1], [1, 2, 3]),
            r"boundaries are \[2, 1\]; expected them in",
        ),
    ],
)
def test_schedules_that_cannot_be(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_growing_schedule_may_end_at_infinity():
    assert optimizers.ExponentialDecay(2.0)(5000) == math.inf


@pytest.mark.parametrize(("n", "batch_size"), [(5, 32), (1, 32), (5, 5), (33, 32), (7, 3)])
def test_an_epoch_of_fit_is_a_pass_over_the_data(n, batch_size):
    sizes = []

    def loss(y, t):
        sizes.append(len(t))
        return F.mean_squared_error(y, t)

    x = np.linspace(0, 1, n, dtype=np.float32)[:, None]
    optimizer = optimizers.SGD(0.01)
    log = nn.fit(L.Linear(1, 1), loss, (x, x), epochs=3, batch_size=batch_size, optimizer=optimizer)
    assert log["epoch"] == [1, 2, 3] and optimizer.epoch == 3
    size = min(n, batch_size)
    assert sizes == [size] * -(-3 * n // size)


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, True, "32"])
def test_a_batch_size_that_is_none(batch_size):
    x = np.zeros((2, 1), np.float32)
    with pytest.raises(ValueError, match=r"fit: batch_size is .*; expected a positive integer"):
        nn.fit(L.Linear(1, 1), F.mean_squared_error, (x, x), batch_size=batch_size)


@pytest.mark.parametrize("patience", [0, -1, 1.5])
def test_patience_is_a_positive_integer(patience):
    with pytest.raises(
        ValueError, match=r"EarlyStoppingTrigger: patience is .*; expected a positive integer"
    ):
        triggers.EarlyStoppingTrigger(patience=patience)
