"""Parameters packed into one array, with their gradients and moments beside them.

A :class:`Pack` holds all parameters of one dtype and device, one after the other. It is cut into
:class:`Run` s: neighbours that have always been updated together, so that they share one count of steps. At
first there is one run; where a parameter comes without a gradient the run around it is cut, once and for
good.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pdist.autograd import module_of
from pdist.backend import hooks, memory, to_cpu

from ..parameter import Parameter

SWEEP = 128  # updates after which means that have died away are set to 0
BLOCK = 32768  # elements: a block's parameters, gradients and moments stay in a core's own cache


class Run:
    """Some neighbouring parameters, updated together.

    Attributes:
        first, last: which parameters of the pack, ``last`` not included.
        t: how many updates they have had, a 0-d float64 array.
        blocks: for each block the views of parameters, gradients, moments and scratch.
    """

    def __init__(self, pack: Pack, first: int, last: int, t: Any) -> None:
        self.first, self.last, self.t = first, last, t
        start, stop = pack.offsets[first], pack.offsets[last]
        arrays = (pack.array, pack.grad, *pack.moments.values())
        size = BLOCK if pack.xp is np else max(stop - start, 1)
        self.blocks = []
        for i in range(start, stop, size):
            j = min(i + size, stop)
            self.blocks.append((*(a[i:j] for a in arrays), *(s[: j - i] for s in pack.scratch)))

    def sweep(self, moments: Sequence[Any]) -> None:
        """Every so often set to 0 what has all but died away in running means of gradients that stay 0.

        Such a mean ends up among the smallest numbers there are, which take a CPU a hundred times longer than
        others. What is set to 0 would not reach them before the next time.
        """
        if self.t.item() % SWEEP == 0:
            for moment in moments:
                moment[abs(moment) < np.finfo(moment.dtype).tiny * 1e6] = 0


class Pack:
    """Parameters of one dtype and device in one array.

    Args:
        parameters: which; their arrays become views.
        moments: the names of the arrays that the update rule keeps for each parameter.
        n_scratch: how many arrays it needs for the time of an update.
        hyperparameters: numbers by name; they live here as 0-d arrays.
    """

    def __init__(
        self,
        parameters: Sequence[Parameter],
        moments: Sequence[str],
        n_scratch: int,
        hyperparameters: dict[str, float],
    ) -> None:
        self.parameters = list(parameters)
        first = self.parameters[0].array
        xp = self.xp = module_of(first)
        sizes = [p.size for p in self.parameters]
        self.shapes = [p.shape for p in self.parameters]
        self.offsets = [0, *np.cumsum(sizes).tolist()]
        total = self.offsets[-1]
        self.array = memory.empty(xp, total, first.dtype)
        self.grad = memory.zeros(xp, total, first.dtype)
        self.moments = {name: memory.zeros(xp, total, first.dtype) for name in moments}
        longest = min(total, BLOCK) if xp is np else total
        self.scratch = [memory.empty(xp, longest, first.dtype) for _ in range(n_scratch)]
        self.hyperparameters = {name: xp.array(value, np.float64) for name, value in hyperparameters.items()}
        self.stale = False
        for p, view in zip(self.parameters, self.views(self.array), strict=True):
            p.release()
            view[...] = p._array
            p._array, p.packed = view, self
        hooks.array_replaced()
        self.grad_views = self.views(self.grad)
        self.runs = [Run(self, 0, len(sizes), xp.zeros((), np.float64))]

    def views(self, array: Any) -> list[Any]:
        """Each parameter's part of an array of all, in the parameter's shape."""
        return [
            array[i:j].reshape(shape)
            for i, j, shape in zip(self.offsets, self.offsets[1:], self.shapes, strict=False)
        ]

    def part(self, run: Run, moment: str) -> Any:
        """A run's part of the array of a moment."""
        return self.moments[moment][self.offsets[run.first] : self.offsets[run.last]]

    def gather(self) -> list[Run]:
        """Bring the gradients together; returns the runs that have any."""
        grad = self.grad
        gradients: list[Any] = [p._grad if p.update_enabled else None for p in self.parameters]
        if hooks.running:
            grad = hooks.seen(grad, name="gradients")
            gradients = [
                hooks.read(p, "_grad") if hooks.depends_on(p, "update_enabled") else None
                for p in self.parameters
            ]
            hooks.depends_on(self, "runs")
        kind = grad.__class__
        for g in gradients:
            if g.__class__ is not kind:
                return self._gather_some(gradients)
        module_of(self.grad).concatenate(gradients, axis=None, out=grad)
        return self.runs

    def _gather_some(self, gradients: list[Any]) -> list[Run]:
        """The same where some parameters have no gradient, or one with a graph, or one on a device."""
        given = [g is not None for g in gradients]
        for p, g, view in zip(self.parameters, gradients, self.grad_views, strict=True):
            if g is not None and g is not view:
                hooks.seen(view)[...] = p.grad
        if not all(given):
            self._cut(given)
        return [run for run in self.runs if given[run.first]]

    def _cut(self, given: list[bool]) -> None:
        """Cut runs so that in each either all or none have a gradient."""
        runs: list[Run] = []
        for run in self.runs:
            first = run.first
            for i in range(run.first + 1, run.last + 1):
                if i == run.last or given[i] != given[first]:
                    whole = first == run.first and i == run.last
                    runs.append(run if whole else Run(self, first, i, run.t.copy()))
                    first = i
        if len(runs) != len(self.runs):
            hooks.array_replaced()
            self.runs = runs

    def counts(self) -> list[float]:
        """How many updates each parameter has had."""
        return [float(to_cpu(run.t)) for run in self.runs for _ in range(run.first, run.last)]

    def set_counts(self, counts: Sequence[float]) -> None:
        """Cut the runs so that parameters of different counts lie in different ones."""
        hooks.array_replaced()
        self.runs, first = [], 0
        for i in range(1, len(counts) + 1):
            if i == len(counts) or counts[i] != counts[first]:
                self.runs.append(Run(self, first, i, self.xp.array(counts[first], np.float64)))
                first = i
