"""Timing: all libraries take turns, round after round, and the medians are compared.

Taking turns, all are affected alike by other load on the machine. A short step is repeated for some
20 milliseconds, as it would be in a training loop: after another library's turn the caches hold that one's
code, and turns of 2 milliseconds would measure mostly the first, slow steps.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

Step = Callable[[], Any]
Clock = Callable[[], float]

SHORTEST = 0.02  # seconds that can be timed reliably


class Pair(NamedTuple):
    """Two sides whose ratio of times is of interest.

    Args:
        ours: the one in the numerator.
        theirs: the one in the denominator.
        asked: the highest acceptable ratio; None for any.
        one_core: whether this applies only when every library is limited to one core.
    """

    ours: str
    theirs: str
    asked: float | None = None
    one_core: bool = False


@dataclass(frozen=True)
class Comparison:
    """Several ways to do the same thing.

    Args:
        name: its name in the table.
        sides: functions that make a step, by library; ours is ``"pdist"``. One that raises ImportError is
            left out.
        asked: the highest acceptable ratio of our time to that of the fastest other library; None for any.
        pairs: pairs to compare instead.
        errors: of the steps by library, the relative errors of what they return; empty if unknown.
    """

    name: str
    sides: Mapping[str, Callable[[], Step]]
    asked: float | None = None
    pairs: Sequence[Pair] = ()
    errors: Callable[[Mapping[str, Step]], dict[str, float]] | None = None


@dataclass
class Result:
    """The median seconds of a step, by library, and the relative errors of what it returns."""

    name: str
    seconds: dict[str, float]
    asked: float | None = None
    pairs: Sequence[Pair] = ()
    errors: dict[str, float] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pairs = tuple(Pair(*pair) for pair in self.pairs)
        self.others = [side for side in self.seconds if side != "pdist" and self._as_good(side)]

    def _as_good(self, side: str) -> bool:
        """Whether its results are about as accurate as ours."""
        if side not in self.errors:
            return True
        eps = 2.0**-23 if "float32" in self.name else 2.0**-52
        return self.errors[side] <= max(8 * self.errors["pdist"], 16 * eps)

    @property
    def ratio(self) -> float | None:
        """Our time relative to that of the fastest other library of our accuracy; None if there is none."""
        others = [self.seconds[side] for side in self.others]
        return self.seconds["pdist"] / min(others) if others else None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        found = asdict(self)
        del found["others"]
        return found


def measure(
    steps: Mapping[str, Step], rounds: int = 100, budget: float = 5.0, clock: Clock = time.perf_counter
) -> dict[str, float]:
    """Median seconds of one step, by library.

    Args:
        steps: the steps, by library.
        rounds: number of turns of each.
        budget: seconds after which no further round begins, except for the first three.
        clock: ``time.process_time`` counts this process's own time, which other processes do not lengthen;
            for single-threaded steps it is the time on an idle machine.
    """
    repeats = {side: _repeats(step, clock) for side, step in steps.items()}
    times: dict[str, list[float]] = {side: [] for side in steps}
    end = time.perf_counter() + budget
    for k in range(rounds):
        if k >= 3 and time.perf_counter() > end:
            break
        order = list(steps.items())
        for side, step in order if k % 2 else reversed(order):
            times[side].append(_time(step, repeats[side], clock))
    return {side: statistics.median(found) for side, found in times.items()}


def _repeats(step: Step, clock: Clock) -> int:
    """How many steps take long enough to be timed; running them warms up.

    The first one does not count: it may compile.
    """
    step()
    n = 1
    while (taken := _time(step, n, clock) * n) < SHORTEST:
        n = max(2 * n, int(n * SHORTEST / max(taken, 1e-7)))
    return n


def _time(step: Step, n: int, clock: Clock) -> float:
    begin = clock()
    for _ in range(n):
        step()
    return (clock() - begin) / n


def compare(
    comparison: Comparison, rounds: int = 100, budget: float = 5.0, clock: Clock = time.perf_counter
) -> Result:
    """Make the steps of all available libraries, and time them."""
    steps = {}
    for side, make in comparison.sides.items():
        try:
            steps[side] = make()
        except ImportError:
            continue
    seconds = measure(steps, rounds, budget, clock)
    errors = {} if comparison.errors is None else comparison.errors(steps)
    return Result(comparison.name, seconds, comparison.asked, comparison.pairs, errors)


def table(results: Iterable[Result]) -> str:
    """The results in Markdown: times by library, right digits where known, the ratio, and the target."""
    results = list(results)
    sides = _sides(results)
    lines = [["", *sides, "ratio", "asked"]]
    for result in results:
        ratio = "" if result.ratio is None else _ratio(result.ratio, result.asked)
        asked = "" if result.asked is None else f"{result.asked:.2f}"
        lines.append([result.name, *_times(result, sides), ratio, asked])
    return _markdown(lines)


def times_table(results: Iterable[Result]) -> str:
    """Times by library in Markdown."""
    results = list(results)
    sides = _sides(results)
    return _markdown([["", *sides], *([result.name, *_times(result, sides)] for result in results)])


def pairs_table(results: Iterable[Result], one_core: bool = True) -> str:
    """The ratios of the results' pairs in Markdown, each with its target in brackets.

    Args:
        results: the results to show.
        one_core: whether targets for one core apply.
    """
    results = list(results)
    columns = list(dict.fromkeys((pair.ours, pair.theirs) for result in results for pair in result.pairs))
    lines = [["", *(f"{ours} / {theirs}" for ours, theirs in columns)]]
    for result in results:
        found = dict.fromkeys(columns, "")
        for pair in result.pairs:
            if pair.ours in result.seconds and pair.theirs in result.seconds:
                ratio = result.seconds[pair.ours] / result.seconds[pair.theirs]
                asked = pair.asked if one_core or not pair.one_core else None
                bound = "" if asked is None else f" ({asked:.2f})"
                found[pair.ours, pair.theirs] = _ratio(ratio, asked) + bound
        lines.append([result.name, *found.values()])
    return _markdown(lines)


def costs_table(costs: Iterable[Mapping[str, Any]], times: float = 50, size: float = 1) -> str:
    """The costs of tracing in Markdown.

    Args:
        costs: see :mod:`benchmarks.jobs.traces`.
        times: the allowed time of the first call, in eager steps.
        size: the fraction of an eager step's memory that the trace may keep.
    """
    lines = [["", "first call", "eager step", "ratio", "trace keeps", "eager step's peak", "ratio"]]
    for cost in costs:
        first, eager, kept, peak = cost["first"], cost["eager"], cost["buffers"], cost["peak"]
        lines.append(
            [
                cost["name"],
                _readable(first),
                _readable(eager),
                f"{_ratio(first / eager, times)} ({times:.0f})",
                "" if kept is None else f"{kept / 1024:.0f} KiB",
                f"{peak / 1024:.0f} KiB",
                "" if kept is None else f"{_ratio(kept / peak, size)} ({size:.2f})",
            ]
        )
    return _markdown(lines)


def _sides(results: list[Result]) -> list[str]:
    return list(dict.fromkeys(side for result in results for side in result.seconds))


def _times(result: Result, sides: list[str]) -> list[str]:
    return [
        _readable(result.seconds[side]) + _digits(result, side) if side in result.seconds else ""
        for side in sides
    ]


def _digits(result: Result, side: str) -> str:
    """The right digits of the worst result, in brackets."""
    if side not in result.errors:
        return ""
    error = max(result.errors[side], 1e-17)
    return f" ({max(0.0, -math.log10(error)):.0f})"


def _ratio(ratio: float, asked: float | None) -> str:
    """Two digits, bold if it exceeds the target."""
    return f"**{ratio:.2f}**" if asked is not None and ratio > asked else f"{ratio:.2f}"


def _markdown(lines: list[list[str]]) -> str:
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    rows = [
        "| " + " | ".join(_cell(c, w, i) for i, (c, w) in enumerate(zip(line, widths, strict=True))) + " |"
        for line in lines
    ]
    rule = "|" + "|".join("-" * (w + 1) + ("-" if i == 0 else ":") for i, w in enumerate(widths)) + "|"
    return "\n".join([rows[0], rule, *rows[1:]])


def _cell(text: str, width: int, i: int) -> str:
    return text.ljust(width) if i == 0 else text.rjust(width)


def _readable(seconds: float) -> str:
    """Three digits and a unit."""
    value, unit = (seconds * 1e3, "ms") if seconds >= 1e-3 else (seconds * 1e6, "us")
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f} {unit}"
