"""The benchmarks' own clockwork."""

from __future__ import annotations

import time

import pytest

from benchmarks import core
from benchmarks.timing import Comparison, Result, compare, measure, table


def test_sides_take_turns_and_the_medians_are_theirs():
    calls = []

    def step(name, seconds):
        def run():
            calls.append(name)
            time.sleep(seconds)

        return run

    found = measure({"pdist": step("pdist", 0.025), "other": step("other", 0.04)}, rounds=4)
    assert calls[2:] == ["other", "pdist", "pdist", "other"] * 2
    assert 0.025 <= found["pdist"] < found["other"]


def test_a_budget_ends_the_rounds_but_three_are_made():
    calls = []
    measure({"pdist": lambda: calls.append(1) or time.sleep(0.025)}, rounds=100, budget=0.0)
    assert len(calls) == 1 + 3


def test_a_side_that_is_not_installed_is_left_out():
    def lacking():
        raise ImportError

    result = compare(Comparison("nothing", {"pdist": lambda: int, "torch": lacking}), rounds=3)
    assert list(result.seconds) == ["pdist"]
    assert result.ratio is None


def test_the_ratio_is_to_the_fastest_other_side():
    result = Result("a", {"pdist": 2.0, "scipy": 8.0, "torch": 4.0}, 0.3)
    assert result.ratio == 0.5
    assert Result(**result.as_dict()) == result


def test_the_table():
    results = [
        Result("fast", {"pdist": 1.234e-5, "torch": 5e-5}, 0.5),
        Result("slow", {"pdist": 0.5, "scipy": 0.25}, 1.0),
        Result("alone", {"pdist": 0.0123}),
    ]
    assert (
        table(results)
        == """\
|       |   pdist |   torch |  scipy |    ratio | asked |
|-------|--------:|--------:|-------:|---------:|------:|
| fast  | 12.3 us | 50.0 us |        |     0.25 |  0.50 |
| slow  |  500 ms |         | 250 ms | **2.00** |  1.00 |
| alone | 12.3 ms |         |        |          |       |"""
    )


@pytest.mark.parametrize("comparison", list(core.comparisons()), ids=lambda c: c.name)
def test_our_side_of_every_comparison_runs(comparison, monkeypatch):
    import pdist

    monkeypatch.setattr(core, "LARGE", 100)
    with pdist.using_config("validate", True):
        comparison.sides["pdist"]()()
