"""One pass at a time: a function recorded with chosen passes, and held to what it does eagerly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from agreement import same, snapshot

import pdist
from pdist.tracing import replay


@contextmanager
def only(*passes: Callable[[Any], None]) -> Iterator[None]:
    """Within it these are the passes over what is recorded."""
    before = replay.PASSES
    replay.PASSES = tuple((run.__name__, run) for run in passes)
    try:
        yield
    finally:
        replay.PASSES = before


def hold(
    function: Callable[..., Any],
    arguments: Sequence[Any],
    *passes: Callable[[Any], None],
    states: Sequence[np.ndarray] = (),
) -> Any:
    """Trace a function with these passes alone, and hold three calls of it to the eager ones.

    Args:
        function: of the states, then of the arguments, all of them arrays.
        arguments: of the first call; the others get other numbers of the same kind.
        passes: those that run.
        states: arrays that the function finds elsewhere, and may change.

    Returns:
        The traced function.
    """

    def run(trace: bool) -> Any:
        held = [pdist.Variable(state.copy(), requires_grad=False) for state in states]
        step = lambda *given: function(*[v.array for v in held], *given)
        step = pdist.trace(step) if trace else step
        pdist.random.seed(0)
        results, spoiled = [], []
        for i in range(3):
            given = [laid_out_again(a, i) for a in arguments]
            results.append(step(*given))
            spoiled += given
        shown = snapshot((results, spoiled, [v.array for v in held], pdist.random.generator().random()))
        return step, shown

    with np.errstate(all="ignore"):
        _, expected = run(trace=False)
        with only(*passes):
            step, got = run(trace=True)
    same(got, expected, "run")
    return step


def laid_out_again(array: np.ndarray, i: int) -> np.ndarray:
    """A copy of an argument in the same layout, for floats with other numbers in all calls but the first."""
    copied = array.copy(order="K")
    if copied.dtype.kind == "f" and i:
        copied[...] = copied[::-1] * (1 + i) if copied.ndim else copied * (1 + i)
    return copied


def calls(step: Any) -> list[str]:
    """The names of the calls of a trace, views and allocations aside."""
    return [call.name for call in step.last.program.calls if not call.view and call.form != "alloc"]


def call(step: Any, name: str) -> Any:
    """The only call of that name."""
    (found,) = [c for c in step.last.program.calls if c.name == name]
    return found
