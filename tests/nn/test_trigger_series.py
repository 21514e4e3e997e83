"""Triggers over whole series of steps."""

from __future__ import annotations

import math

import pytest

from pdist_nn.training import triggers


class FakeUpdater:
    iteration = 0
    epoch_detail = 0.0
    previous_epoch_detail = None


class FakeTrainer:
    """Steps of a third of an epoch, with a value observed in each."""

    def __init__(self):
        self.updater = FakeUpdater()
        self.observation = {}

    def step(self, value=None):
        u = self.updater
        u.iteration += 1
        u.previous_epoch_detail, u.epoch_detail = u.epoch_detail, u.iteration / 3
        self.observation = {} if value is None else {"v": value}


def fired(trigger, series):
    trainer = FakeTrainer()
    found = []
    for value in series:
        trainer.step(value)
        if trigger(trainer):
            found.append(trainer.updater.iteration)
    return found


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ((4, "iteration"), [4, 8, 12]),
        ((2, "epoch"), [6, 12]),
        ((0.5, "epoch"), [2, 3, 5, 6, 8, 9, 11, 12]),
        (None, []),
        (lambda t: t.updater.iteration == 2, [2]),
        (triggers.ManualScheduleTrigger([2, 5], "iteration"), [2, 5]),
        (triggers.ManualScheduleTrigger([1, 2.5], "epoch"), [3, 8]),
        (triggers.ManualScheduleTrigger(3, "epoch"), [9]),
        (triggers.ReachedTrigger(3, "epoch"), [9, 10, 11, 12]),
        (triggers.OnceTrigger(), [1]),
    ],
)
def test_when_triggers_fire(trigger, expected):
    assert fired(triggers.get_trigger(trigger), [None] * 12) == expected


def test_best_value_triggers_compare_means():
    series = [3, 3, 3, 2, 2, 2, 9, 0, 0, 1, 1, 1]  # means of epochs: 3, 2, 3, 1
    assert fired(triggers.MinValueTrigger("v"), series) == [3, 6, 12]
    assert fired(triggers.MaxValueTrigger("v"), series) == [3]
    assert fired(triggers.MinValueTrigger("w"), series) == []
    assert fired(triggers.MinValueTrigger("v", (1, "iteration")), series) == [1, 4, 8]
    assert fired(triggers.MinValueTrigger("v"), [math.nan] * 3 + [1] * 3) == [6]


def test_early_stopping():
    def stop(series, **settings):
        found = fired(triggers.EarlyStoppingTrigger((1, "iteration"), "v", **settings), series)
        return found[0] if found else None

    assert stop([5, 4, 3, 3, 3, 3, 3], patience=2) == 5
    assert stop([5, 4, 5, 3, 5, 5, 5], patience=2) == 6
    assert stop([1, 2, 3, 3, 3, 3], patience=1, mode="max") == 4
    assert stop([5, 4, 3, 2, 1], patience=1, max_trigger=(3, "iteration")) == 3
    assert stop([5, math.nan, math.nan, math.nan], patience=2) == 3
    with pytest.raises(ValueError, match=r"mode is 'least'; expected 'auto', 'min' or 'max'"):
        triggers.EarlyStoppingTrigger(mode="least")


@pytest.mark.parametrize(
    ("trigger", "error", "message"),
    [
        ((1, "week"), ValueError, r"IntervalTrigger: unit is 'week'; expected 'epoch' or 'iteration'"),
        ((0, "epoch"), ValueError, r"IntervalTrigger: period is 0; expected a positive number"),
        (3, TypeError, r"trigger: got 3; expected \(period, 'epoch' or 'iteration'\) or a function"),
    ],
)
def test_impossible_triggers(trigger, error, message):
    with pytest.raises(error, match=message):
        triggers.get_trigger(trigger)
