"""Which calls of a program change what."""

from __future__ import annotations

from bisect import bisect_left, insort

from ..record import Call, Value


class Changes:
    """The calls that change something, looked up by what they change and where they stand.

    Args:
        calls: the calls, which stay where they are.

    Attributes:
        anything: the positions of the calls that may change whatever others hold.
        outside: of those that write into an array that others hold.
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
        """Note that the call at a position writes into a value."""
        insort(self._of.setdefault(value.root, []), position)
        if value.external:
            insort(self.outside, position)

    def of(self, root: Value, start: int, stop: int) -> bool:
        """Whether a call from ``start`` on and before ``stop`` writes into the memory of a root."""
        return any_between(self._of.get(root, []), start, stop)

    def may_change(self, value: Value, start: int, stop: int) -> bool:
        """Whether such a call may change a value: arrays that others hold may all be the same."""
        outside = value.external and (
            any_between(self.anything, start, stop) or any_between(self.outside, start, stop)
        )
        return outside or self.of(value.root, start, stop)


def any_between(positions: list[int], start: int, stop: int) -> bool:
    """Whether one of some sorted positions is from ``start`` on and before ``stop``."""
    i = bisect_left(positions, start)
    return i < len(positions) and positions[i] < stop
