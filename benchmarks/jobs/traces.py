"""What tracing costs: the time of the call that records, and the memory that the trace keeps.

The process is warm: every operation of the job ran before, eagerly and in another trace. What is imported or
written out once for all traces does not count.

python -m benchmarks jobs --traces
"""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from . import JOBS, Job


@dataclass(frozen=True)
class Cost:
    """The cost of tracing a job.

    Args:
        name: of the job.
        first: seconds of the first call of a traced step, a median over steps that are made anew.
        eager: seconds of an eager step, a median.
        buffers: bytes that the trace keeps.
        peak: the most bytes that an eager step holds at a time, above what was there before.
    """

    name: str
    first: float
    eager: float
    buffers: int
    peak: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def cost(job: Job, steps: int = 50, traces: int = 5) -> Cost:
    """Trace a job's step and compare.

    Args:
        job: which.
        steps: how many eager steps are timed.
        traces: how many times the step is traced anew and timed.
    """
    eager = job.step("pdist")
    seconds = [_time(eager) for _ in range(steps)]
    peak = peak_bytes(eager)
    firsts = []
    for _ in range(traces + 1):  # the first finds the process cold
        made = job.make("traced")
        firsts.append(_time(made.fed(job.batches())))
    buffers = made.step.report().buffer_bytes
    return Cost(job.name, statistics.median(firsts[1:]), statistics.median(seconds), buffers, peak)


def peak_bytes(step: Callable[[], Any]) -> int:
    """The most bytes that a warm step holds at a time, above what was there before."""
    tracemalloc.start()
    step()  # what is kept from step to step is there after this one
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    step()
    found = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return found


def _time(step: Callable[[], Any]) -> float:
    begin = time.process_time()
    step()
    return time.process_time() - begin


def costs(only: str = "") -> list[Cost]:
    """Of all jobs whose name contains ``only``."""
    return [cost(job) for name, job in JOBS.items() if only in name]
