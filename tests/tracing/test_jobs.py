"""Training jobs, traced: the losses of all steps and the parameters in the end equal the eager ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jobs
import numpy as np
import pytest

import pdist
import pdist_nn as nn

SLOW = pytest.mark.slow
MANY = [
    (jobs.mdn_small, 1000),
    (jobs.bbb, 1000),
    (jobs.dropout, 1000),
    (jobs.mdn_large, 30),
    (jobs.vae, 20),
    pytest.param(jobs.mdn_large, 1000, marks=SLOW),
    pytest.param(jobs.vae, 1000, marks=SLOW),
]


def run(make: Callable[[], jobs.Job], steps: int, trace: bool, each: Any = None) -> dict[str, Any]:
    """The losses, and the parameters, moments and gradients in the end."""
    pdist.random.seed(3)
    job = make()
    step = pdist.trace(job.step) if trace else job.step
    pdist.random.seed(5)
    losses = []
    for i in range(steps):
        if each is not None:
            each(i, job)
        losses.append(step(*job.batches[i % len(job.batches)]).array.copy())
    return {
        "losses": np.array(losses),
        "parameters": [p.array.copy() for p in job.parameters],
        "gradients": [p.grad.copy() for p in job.parameters],
        "moments": [m.copy() for buffer in job.optimizer.buffers for m in buffer.moments.values()],
        "count": job.optimizer.t,
        "next draw": pdist.random.generator().random(),
    }


def hold(make: Callable[[], jobs.Job], steps: int, each: Any = None) -> None:
    eager, traced = (run(make, steps, trace, each) for trace in (False, True))
    assert np.isfinite(eager["losses"]).all()
    differ = np.flatnonzero(eager["losses"] != traced["losses"])
    assert not differ.size, f"the losses differ from step {differ[0]} on"
    for name in ("parameters", "gradients", "moments"):
        for e, t in zip(eager[name], traced[name], strict=True):
            assert t.dtype == e.dtype
            np.testing.assert_array_equal(t, e, err_msg=name)
    assert eager["count"] == traced["count"] == steps
    assert eager["next draw"] == traced["next draw"]


@pytest.mark.parametrize(("make", "steps"), MANY)
def test_steps(make: Any, steps: int):
    hold(make, steps)


@pytest.mark.parametrize("name", ["SGD", "MomentumSGD", "RMSprop", "Adam", "AdamW"])
def test_optimizers(name: str):
    hold(lambda: jobs.mdn_small(getattr(nn.optimizers, name)(0.01)), 30)


@pytest.mark.parametrize("make", [jobs.mdn_small, jobs.bbb, lambda: jobs.vae(16, 20, 12, 3), jobs.dropout])
def test_steps_between_which_parameters_change(make: Any):
    def each(i: int, job: jobs.Job) -> None:
        if i % 3 == 1:
            job.parameters[0].array[...] *= 0.9
        if i % 3 == 2:
            job.parameters[-1].array = job.parameters[-1].array + np.float32(0.01)
        if i == 7:
            job.parameters[1].array -= np.float32(0.01)

    hold(make, 12, each)
