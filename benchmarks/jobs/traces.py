"""The cost of tracing: the time of the recording call, and the memory that the trace keeps.

The process is warm: every operation of the job ran before, eagerly and in another trace. Imports and code
generated once for all traces do not count.

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
        name: name of the job.
        first: seconds of the first call of a traced step, a median over newly made steps.
        eager: seconds of an eager step, a median.
        buffers: bytes that the trace keeps.
        peak: peak bytes of an eager step, above those allocated before it.
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
        job: the job.
        steps: number of eager steps to time.
        traces: number of times to trace the step anew.
    """
    eager = job.step("pdist")
    seconds = [_time(eager) for _ in range(steps)]
    peak = peak_bytes(eager)
    firsts = []
    for _ in range(traces + 1):  # the first one runs cold
        made = job.make("traced")
        firsts.append(_time(made.fed(job.batches())))
    buffers = made.step.report().buffer_bytes
    return Cost(job.name, statistics.median(firsts[1:]), statistics.median(seconds), buffers, peak)


def peak_bytes(step: Callable[[], Any]) -> int:
    """The most bytes that a warm step holds at a time, above what was there before."""
    tracemalloc.start()
    step()  # allocates what is kept from step to step
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
    """The costs of all jobs whose name contains ``only``."""
    return [cost(job) for name, job in JOBS.items() if only in name]
