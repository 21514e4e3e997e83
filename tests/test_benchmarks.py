"""The benchmarks' own clockwork."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

import pdist
from benchmarks import core, distributions, gpu
from benchmarks.jobs import JOBS, data, traces
from benchmarks.timing import Comparison, Pair, Result, compare, costs_table, measure, pairs_table, table


@pytest.fixture(autouse=True)
def validation_as_before():
    """Benchmarks turn it off for good."""
    with pdist.using_config("validate", pdist.config.validate):
        yield


def test_sides_take_turns_and_the_medians_are_theirs():
    calls = []

    def step(name, seconds):
        def run():
            calls.append(name)
            time.sleep(seconds)

        return run

    found = measure({"pdist": step("pdist", 0.025), "other": step("other", 0.04)}, rounds=4)
    assert calls[4:] == ["other", "pdist", "pdist", "other"] * 2
    assert 0.025 <= found["pdist"] < found["other"]


def test_a_budget_ends_the_rounds_but_three_are_made():
    calls = []
    measure({"pdist": lambda: calls.append(1) or time.sleep(0.025)}, rounds=100, budget=0.0)
    assert len(calls) == 2 + 3


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


@pytest.mark.parametrize("comparison", [*core.comparisons(), *distributions.large(100)], ids=lambda c: c.name)
def test_our_side_of_every_comparison_runs(comparison):
    with pdist.using_config("validate", True):
        comparison.sides["pdist"]()()


def test_pairs_have_a_table_of_ratios():
    pairs = (Pair("traced", "jax", 0.6, one_core=True), Pair("pdist", "torch", 1.0))
    results = [
        Result("fast", {"pdist": 1.0, "traced": 0.7, "torch": 0.5, "jax": 1.0}, pairs=pairs),
        Result("slow", {"pdist": 1.0, "torch": 2.0}, pairs=pairs),
    ]
    assert (
        pairs_table(results)
        == """\
|      |    traced / jax |   pdist / torch |
|------|----------------:|----------------:|
| fast | **0.70** (0.60) | **2.00** (1.00) |
| slow |                 |     0.50 (1.00) |"""
    )
    assert "| 0.70 |" in pairs_table(results, one_core=False).replace("  ", "")
    assert Result(**json.loads(json.dumps(results[0].as_dict()))) == results[0]


def test_costs_of_tracing_have_a_table():
    costs = [
        {"name": "a", "first": 0.006, "eager": 1e-4, "buffers": 1024, "peak": 2048},
        {"name": "b", "first": 0.001, "eager": 1e-4, "buffers": None, "peak": 2048},
    ]
    assert (
        costs_table(costs)
        == """\
|   | first call | eager step |          ratio | trace keeps | eager step's peak |       ratio |
|---|-----------:|-----------:|---------------:|------------:|------------------:|------------:|
| a |    6.00 ms |     100 us | **60.00** (50) |       1 KiB |             2 KiB | 0.50 (1.00) |
| b |    1.00 ms |     100 us |     10.00 (50) |             |             2 KiB |             |"""
    )


def test_the_cost_of_tracing():
    found = traces.cost(JOBS["bbb"], steps=3, traces=2)
    assert found.name == "bbb"
    assert 0 < found.eager < found.first
    assert found.buffers is not None and 0 < found.buffers <= found.peak
    assert [cost.name for cost in traces.costs("mdn-s")] == ["mdn-small"]


def test_the_stages_for_a_gpu_run_on_the_host_too(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu, "SIZES", {"mdn-small": (8,), "vae": (2,)})
    monkeypatch.setattr(gpu, "NUMBERS", {"cpu": 1000})
    monkeypatch.setattr(gpu, "ROUNDS", 3)
    gpu.run(list(gpu.STAGES), "cpu", tmp_path)
    report = (tmp_path / "gpu.md").read_text()
    assert "Traceback" not in report
    for row in ("log_prob, traced | float64", "mdn-small, 8", "vae, 2", "traced, host"):
        assert row in report


# The training steps --------------------------------------------------------------------------------------


def three_steps(job, side):
    """Losses and parameters of a job's first steps."""
    training = job.make(side)
    if training.reseed:
        training.reseed(3)
    batches = getattr(data, job.model)(**job.settings)[:3]
    losses = [training.number(training.step(*map(training.array, batch))) for batch in batches]
    return np.array(losses), training.parameters()


@pytest.mark.parametrize("name", list(JOBS))
def test_a_step_by_hand_is_the_step_of_pdist(name):
    job = JOBS[name]
    start = job.make("pdist").parameters()
    losses, parameters = three_steps(job, "pdist")
    losses_by_hand, parameters_by_hand = three_steps(job, "by hand")
    np.testing.assert_allclose(losses_by_hand, losses, rtol=1e-5)
    for before, p, q in zip(start, parameters, parameters_by_hand, strict=True):
        # Adam divides a gradient by its size, so where it is rounding error alone, so is the step
        assert np.linalg.norm(p - q) < 1e-4 * np.linalg.norm(p - before)


@pytest.mark.parametrize("side", ["torch", "jax"])
@pytest.mark.parametrize("name", list(JOBS))
def test_other_libraries_train_the_same_model(name, side):
    pytest.importorskip(side)
    if side == "jax":
        pytest.importorskip("numpyro")
        pytest.importorskip("optax")
    losses, _ = three_steps(JOBS[name], "pdist")
    bound = 1e-5 if name.startswith("mdn") else 0.05  # each library draws numbers of its own
    np.testing.assert_allclose(three_steps(JOBS[name], side)[0], losses, rtol=bound)


@pytest.mark.parametrize("name", list(JOBS))
def test_steps_are_fed_with_other_batches_each_time(name):
    job = JOBS[name]
    batches = job.batches()
    assert 16 <= len(batches) <= 64
    assert not np.array_equal(batches[0][0], batches[1][0])
    seen = []
    made = job.make("matmuls").with_step(lambda *arrays: seen.append(arrays))
    step = made.fed(batches)
    for _ in range(len(batches) + 1):
        step()
    assert all(a is b for a, b in zip(seen[1], batches[1], strict=True))
    assert all(a is b for a, b in zip(seen[-1], seen[0], strict=True))
    job.step("matmuls")()
