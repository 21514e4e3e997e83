"""The calls of a program that change values."""

from __future__ import annotations

from bisect import bisect_left, insort

from ..record import Call, Value


class Changes:
    """The calls that change something, indexed by what they change and by position.

    Args:
        calls: the calls, whose positions do not change.

    Attributes:
        anything: the positions of the calls that may change any external array.
        outside: the positions of those that write into an external array.
    """

    def __init__(self, calls: list[Call]) -> None:
        self.anything: list[int] = []
        self.outside: list[int] = []
        self._of: dict[Value, list[int]] = {}  # by the root that is written
        for i, call in enumerate(calls):
            if call.changes_any:
                self.anything.append(i)
            for value in call.writes:
                self.add(value, i)

    def add(self, value: Value, position: int) -> None:
        """Record that the call at a position writes into a value."""
        insort(self._of.setdefault(value.root, []), position)
        if value.external:
            insort(self.outside, position)

    def of(self, root: Value, start: int, stop: int) -> bool:
        """Whether a call from ``start`` on and before ``stop`` writes into the memory of a root."""
        return any_between(self._of.get(root, []), start, stop)

    def may_change(self, value: Value, start: int, stop: int) -> bool:
        """Whether such a call may change a value: external arrays may all be the same."""
        outside = value.external and (
            any_between(self.anything, start, stop) or any_between(self.outside, start, stop)
        )
        return outside or self.of(value.root, start, stop)


def any_between(positions: list[int], start: int, stop: int) -> bool:
    """Whether any of the sorted positions is from ``start`` on and before ``stop``."""
    i = bisect_left(positions, start)
    return i < len(positions) and positions[i] < stop
