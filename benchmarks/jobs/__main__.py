"""Where the time of a pdist step goes: ``python -m benchmarks.jobs mdn-small``."""

from __future__ import annotations

import argparse
import cProfile
import pstats

from . import JOBS, SIDES


def profile(name: str, side: str) -> None:
    """Print the functions that take most of the time."""
    step = JOBS[name].step(side)
    for _ in range(50):
        step()
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(500):
        step()
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(30)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="where the time of a step goes")
    parser.add_argument("job", choices=list(JOBS))
    parser.add_argument("--side", choices=list(SIDES), default="pdist")
    options = parser.parse_args()
    profile(options.job, options.side)
