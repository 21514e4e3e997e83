"""Timing: every side in turn, round after round, and the medians compared.

What the machine does meanwhile strikes all sides alike where they take turns. A short step is repeated for
some 20 milliseconds, as it is in a training loop: after a turn of another library the caches hold that one's
code, and in turns of 2 milliseconds the first, slow steps would be what is measured.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Step = Callable[[], Any]
Clock = Callable[[], float]

SHORTEST = 0.02  # seconds that are worth timing


@dataclass(frozen=True)
class Comparison:
    """Several ways to do the same.

    Args:
        name: what the table calls it.
        sides: makers of a step, by library; ours is ``"pdist"``. One that raises ImportError is left out.
        asked: the highest ratio of our time to that of the fastest other side that will do; None for any.
    """

    name: str
    sides: Mapping[str, Callable[[], Step]]
    asked: float | None = None


@dataclass
class Result:
    """The median seconds of a step by side."""

    name: str
    seconds: dict[str, float]
    asked: float | None = None
    others: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.others = [side for side in self.seconds if side != "pdist"]

    @property
    def ratio(self) -> float | None:
        """Our time in units of the fastest other side's; None where there is no other."""
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
    """Median seconds of one step by side.

    Args:
        steps: by side.
        rounds: how often every side has its turn.
        budget: seconds after which no further round begins, three aside.
        clock: ``time.process_time`` counts this process's own time, which others that want the processor do
            not stretch; for steps in one thread it is the time on an idle machine.
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
    """How many steps take long enough to be timed; they warm up on the way."""
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
    """Make the steps of all sides that can be made, and time them."""
    steps = {}
    for side, make in comparison.sides.items():
        try:
            steps[side] = make()
        except ImportError:
            continue
    return Result(comparison.name, measure(steps, rounds, budget, clock), comparison.asked)


def table(results: Iterable[Result]) -> str:
    """The results in Markdown: times by side, the ratio to the fastest other side, and what is asked."""
    results = list(results)
    sides = list(dict.fromkeys(side for result in results for side in result.seconds))
    lines = [["", *sides, "ratio", "asked"]]
    for result in results:
        times = [_readable(result.seconds[side]) if side in result.seconds else "" for side in sides]
        ratio = "" if result.ratio is None else f"{result.ratio:.2f}"
        missed = result.asked is not None and result.ratio is not None and result.ratio > result.asked
        asked = "" if result.asked is None else f"{result.asked:.2f}"
        lines.append([result.name, *times, f"**{ratio}**" if missed else ratio, asked])
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
