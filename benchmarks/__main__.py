"""Speed: ``python -m benchmarks [core distributions jobs ...] [--quick]`` prints tables in Markdown.

Everything is measured twice: with every library limited to one core, and with every library free to use all.
Each setting runs in its own process, because libraries choose their threads when they are loaded. On one core
process time is measured; with all cores, wall-clock time.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable
from typing import Any

from .timing import Comparison, Result, compare, costs_table, pairs_table, table, times_table

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def core() -> Iterable[Comparison]:
    """The engine on small arrays."""
    from .core import comparisons

    return comparisons()


def distributions() -> Iterable[Comparison]:
    """Distributions of a million numbers, with the digits of each library."""
    from .distributions import large

    return large()


def jobs() -> Iterable[Comparison]:
    """Training steps of whole models."""
    from .jobs import comparisons

    return comparisons()


# To add one, register a function that yields comparisons.
BENCHMARKS = {"core": core, "distributions": distributions, "jobs": jobs}


def run_here(names: list[str], only: str, rounds: int, budget: float, threads: int) -> list[Result]:
    """Measure in this process."""
    clock = time.process_time if threads == 1 else time.perf_counter
    results = []
    for name in names:
        for comparison in BENCHMARKS[name]():
            if only in comparison.name:
                results.append(compare(comparison, rounds, budget, clock))
                print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return results


def prepare(threads: int) -> None:
    """Limit this process to one core if asked; turn validation off in every library."""
    if threads == 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with contextlib.suppress(ImportError):
        import torch

        torch.set_num_threads(threads)
        torch.distributions.Distribution.set_default_validate_args(False)
    with contextlib.suppress(ImportError):
        import jax

        # Steps this short are faster if the calling thread computes them
        jax.config.update("jax_cpu_enable_async_dispatch", False)


def run_apart(threads: int, arguments: list[str]) -> list[dict[str, Any]]:
    """Measure in a separate process.

    The threads of a library that waits for its turn must sleep: if they spun, they would keep the other
    one from the cores.
    """
    environment = {
        **os.environ,
        **{name: str(threads) for name in THREADS},
        "JAX_PLATFORMS": "cpu",
        "OMP_WAIT_POLICY": "PASSIVE",
        "GOMP_SPINCOUNT": "0",
    }
    command = [sys.executable, "-m", "benchmarks", *arguments, "--threads", str(threads)]
    answer = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    found: list[dict[str, Any]] = json.loads(answer.stdout)
    return found


def trace_costs(only: str) -> list[dict[str, Any]]:
    """Measure the costs of tracing in this process."""
    from .jobs.traces import costs

    return [cost.as_dict() for cost in costs(only)]


def header() -> str:
    """Date, hardware and versions."""
    versions = [f"Python {platform.python_version()}"]
    for package in ("numpy", "scipy", "torch", "jax", "numpyro", "optax"):
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    machine = f"{cores} cores of {platform.machine()}, {platform.system()}"
    return f"{datetime.date.today()}; {machine}; {', '.join(versions)}."


def tables(answers: list[dict[str, Any]], threads: int) -> str:
    """All results, in Markdown."""
    results = [Result(**answer) for answer in answers]
    found = []
    if plain := [result for result in results if not result.pairs]:
        found.append(table(plain))
    if paired := [result for result in results if result.pairs]:
        found += [times_table(paired), pairs_table(paired, one_core=threads == 1)]
    return "\n\n".join(found)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help=f"any of {', '.join(BENCHMARKS)}; all by default")
    parser.add_argument("--only", default="", help="comparisons whose name contains this")
    parser.add_argument("--rounds", type=int, default=100, help="number of turns of each library")
    parser.add_argument("--budget", type=float, default=5.0, help="seconds per comparison")
    parser.add_argument("--quick", action="store_true", help="a first impression, with few rounds")
    parser.add_argument("--threads", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--traces", action="store_true", help="the cost of tracing the jobs' steps")
    options = parser.parse_args()
    names = options.names or list(BENCHMARKS)
    if unknown := [name for name in names if name not in BENCHMARKS]:
        parser.error(f"no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    rounds, budget = (10, 0.5) if options.quick else (options.rounds, options.budget)
    if options.threads:
        prepare(options.threads)
        if options.traces:
            print(json.dumps(trace_costs(options.only)))
            return
        results = run_here(names, options.only, rounds, budget, options.threads)
        print(json.dumps([result.as_dict() for result in results]))
        return
    print(header())
    if options.traces:
        print(f"\n{costs_table(run_apart(1, ['jobs', '--traces', '--only', options.only]))}")
        return
    arguments = [*names, "--only", options.only, "--rounds", str(rounds), "--budget", str(budget)]
    cores = os.cpu_count() or 1
    for title, threads in (
        ("Every library limited to one core", 1),
        (f"Every library free to use {cores} cores", cores),
    ):
        print(f"\n{title}:\n\n{tables(run_apart(threads, arguments), threads)}", flush=True)


if __name__ == "__main__":
    main()
