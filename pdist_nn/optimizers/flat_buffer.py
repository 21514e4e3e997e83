"""Flat buffers: many parameters in one array, with their gradients and moments in others.

A :class:`FlatBuffer` holds all parameters of one dtype and device, one after the other. It is divided into
:class:`Group` s: neighbours that have always been updated together, so that they share one step count. At
first there is one group; when a parameter has no gradient, the group around it is split permanently.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pdist.autograd import module_of
from pdist.backend import hooks, memory, to_cpu

from ..parameter import Parameter

FLUSH_EVERY = 128  # updates after which decayed means are set to 0
BLOCK = 32768  # elements: a block's parameters, gradients and moments stay in a core's own cache


class Group:
    """Some neighbouring parameters, updated together.

    Attributes:
        first, last: the range of parameters of the buffer, ``last`` excluded.
        t: the number of updates that they have had, a 0-d float64 array.
        blocks: for each block the views of parameters, gradients, moments and scratch.
    """

    def __init__(self, buffer: FlatBuffer, first: int, last: int, t: Any) -> None:
        self.first, self.last, self.t = first, last, t
        start, stop = buffer.offsets[first], buffer.offsets[last]
        arrays = (buffer.array, buffer.grad, *buffer.moments.values())
        size = BLOCK if buffer.xp is np else max(stop - start, 1)
        self.blocks = []
        for i in range(start, stop, size):
            j = min(i + size, stop)
            self.blocks.append((*(a[i:j] for a in arrays), *(s[: j - i] for s in buffer.scratch)))

    def flush_denormals(self, moments: Sequence[Any]) -> None:
        """Periodically set decayed running means of gradients that stay 0 to 0.

        Such a mean eventually becomes subnormal, and subnormal numbers take a CPU a hundred times longer than
        others. The threshold is such that others do not get there before the next time.
        """
        if self.t.item() % FLUSH_EVERY == 0:
            for moment in moments:
                moment[abs(moment) < np.finfo(moment.dtype).tiny * 1e6] = 0


class FlatBuffer:
    """Parameters of one dtype and device in one array.

    Args:
        parameters: the parameters; their arrays become views.
        moments: the names of the arrays that the update rule keeps for each parameter.
        n_scratch: the number of temporary arrays that an update needs.
        hyperparameters: numbers by name; they are stored here as 0-d arrays.
    """

    def __init__(
        self,
        parameters: Sequence[Parameter],
        moments: Sequence[str],
        n_scratch: int,
        hyperparameters: dict[str, float],
    ) -> None:
        self.parameters = list(parameters)
        dtype = self.parameters[0].dtype
        xp = self.xp = self.parameters[0].xp
        sizes = [p.size for p in self.parameters]
        self.shapes = [p.shape for p in self.parameters]
        self.offsets = [0, *np.cumsum(sizes).tolist()]
        total = self.offsets[-1]
        self.array = memory.empty(xp, total, dtype)
        self.grad = memory.zeros(xp, total, dtype)
        self.moments = {name: memory.zeros(xp, total, dtype) for name in moments}
        longest = min(total, BLOCK) if xp is np else total
        self.scratch = [memory.empty(xp, longest, dtype) for _ in range(n_scratch)]
        self.hyperparameters = {name: xp.array(value, np.float64) for name, value in hyperparameters.items()}
        self.stale = False  # whether a parameter has left
        for p, view in zip(self.parameters, self.views(self.array), strict=True):
            p.move_into(self, view)
        hooks.array_replaced()
        self.grad_views = self.views(self.grad)
        self.groups = [Group(self, 0, len(sizes), xp.zeros((), np.float64))]

    def views(self, array: Any) -> list[Any]:
        """Each parameter's part of a flat array, in the parameter's shape."""
        return [
            array[i:j].reshape(shape)
            for i, j, shape in zip(self.offsets, self.offsets[1:], self.shapes, strict=False)
        ]

    def part(self, group: Group, moment: str) -> Any:
        """A group's part of the array of a moment."""
        return self.moments[moment][self.offsets[group.first] : self.offsets[group.last]]

    def gather(self) -> list[Group]:
        """Gather the gradients; returns the groups that have any."""
        grad = self.grad
        if hooks.running:
            grad = hooks.seen(grad, name="gradients")
            hooks.depends_on(self, "groups")
        gradients = [p.gradient_to_apply() for p in self.parameters]
        kind = grad.__class__
        for g in gradients:
            if g.__class__ is not kind:
                return self._gather_some(gradients)
        module_of(self.grad).concatenate(gradients, axis=None, out=grad)
        return self.groups

    def _gather_some(self, gradients: list[Any]) -> list[Group]:
        """``gather`` if some parameters have no gradient, or one with a graph, or one on a device."""
        given = [g is not None for g in gradients]
        for p, g, view in zip(self.parameters, gradients, self.grad_views, strict=True):
            if g is not None and g is not view:
                hooks.seen(view)[...] = p.grad
        if not all(given):
            self._cut(given)
        return [group for group in self.groups if given[group.first]]

    def _cut(self, given: list[bool]) -> None:
        """Split groups so that in each either all or none have a gradient."""
        groups: list[Group] = []
        for group in self.groups:
            first = group.first
            for i in range(group.first + 1, group.last + 1):
                if i == group.last or given[i] != given[first]:
                    whole = first == group.first and i == group.last
                    groups.append(group if whole else Group(self, first, i, group.t.copy()))
                    first = i
        if len(groups) != len(self.groups):
            hooks.array_replaced()
            self.groups = groups

    def counts(self) -> list[float]:
        """The number of updates that each parameter has had."""
        return [float(to_cpu(group.t)) for group in self.groups for _ in range(group.first, group.last)]

    def set_counts(self, counts: Sequence[float]) -> None:
        """Split the groups so that parameters with different counts are in different ones."""
        hooks.array_replaced()
        self.groups, first = [], 0
        for i in range(1, len(counts) + 1):
            if i == len(counts) or counts[i] != counts[first]:
                self.groups.append(Group(self, first, i, self.xp.array(counts[first], np.float64)))
                first = i


def limit_squares(g: Any) -> None:
    """Limit gradients whose squares would overflow to the root of the largest number, in place.

    Otherwise a running mean of squares would stay infinite, and every later step would be 0 or nan. Infinite
    and nan gradients are kept, so that they are noticed.
    """
    xp = module_of(g)
    if xp is np and math.isfinite(g.dot(g)):
        return
    limit = float(np.finfo(g.dtype).max) ** 0.5 * (1 - 2.0**-20)
    g[...] = xp.where(xp.isfinite(g), xp.clip(g, -limit, limit), g)


__all__ = ["BLOCK", "FLUSH_EVERY", "FlatBuffer", "Group", "limit_squares"]
