"""Random programs: traced they give the eager numbers, whatever happens inside and between calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from agreement import same
from hypothesis import given, settings
from programs import Call, Program, World, call_lists, inputs_of, programs

import pdist

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def called(step: Any, inputs: list[np.ndarray]) -> Any:
    """A call. The files of generated code have numbers, by which Hypothesis would tell errors apart."""
    try:
        return step(*inputs)
    except Exception as error:
        raise AssertionError(f"{type(error).__name__}: {error}") from error


def run(program: Program, calls: list[Call], trace: bool) -> Any:
    """All that a run shows: what each call returned, looked at in the end; and the state then."""
    world = World(program)
    step = pdist.trace(world.step) if trace else world.step
    pdist.random.seed(program.seed)
    kept, states = [], []
    for call in calls:
        world.between(call.change, call.seed)
        inputs = inputs_of(call, world)
        kept.append(called(step, inputs))
        states.append([p.array.copy() for p in world.parameters])
        if call.spoiled:
            for given_array in inputs:
                if given_array.flags.writeable:
                    given_array[...] = 77
    for p in world.parameters:
        assert type(p.array) is np.ndarray
        assert p.grad is None or type(p.grad) is np.ndarray
    return {
        "results": kept,
        "parameters on the way": states,
        "parameters": [p.array for p in world.parameters],
        "gradients": [p.grad for p in world.parameters],
        "buffers": [world.buffer, world.memory.array],
        "next draw": pdist.random.generator().random(),
    }


@settings(max_examples=400)
@given(programs, call_lists)
def test_traced_equals_eager(program: Program, calls: list[Call]):
    with np.errstate(all="ignore"), pdist.using_config("validate", False):
        eager = run(program, calls, trace=False)
        traced = run(program, calls, trace=True)
    same(traced, eager, "run")


@pytest.mark.slow
@settings(max_examples=5000)
@given(programs, call_lists)
def test_many_traced_equal_eager(program: Program, calls: list[Call]):
    with np.errstate(all="ignore"), pdist.using_config("validate", False):
        same(run(program, calls, trace=True), run(program, calls, trace=False), "run")
