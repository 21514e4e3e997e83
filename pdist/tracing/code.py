"""Source as a Python function, with lines for tracebacks; and what a trace returns if it does not hold."""

from __future__ import annotations

import itertools
from typing import Any

_numbers = itertools.count(1)


class Refused:
    """What a trace returns, before it has done anything, where an assumption does not hold."""

    def __repr__(self) -> str:
        return "REFUSED"


REFUSED = Refused()


class Source:
    """What tracebacks and debuggers ask for the lines of a trace: the loader of its globals.

    They put the lines into ``linecache.cache`` themselves when they need them. A trace neither adds to that
    dict nor takes from it: somebody may be going through it, and traces end whenever garbage is collected.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def get_source(self, name: str) -> str:
        """The code as it is shown."""
        return self.text


def compiled(title: str, source: str, names: dict[str, Any], tight: str = "") -> Any:
    """The function that ``source`` defines; tracebacks show its lines.

    Args:
        title: what it is called.
        source: the code as it is shown.
        names: its globals, no other function's: they tell where the lines are.
        tight: the same code, line by line, as it runs; ``source`` itself by default.
    """
    file = f"<pdist trace {next(_numbers)}> {title}()"  # a name that ends with ">" has no lines to Python
    names["__name__"], names["__loader__"] = file, Source(source)
    found: dict[str, Any] = {}
    exec(compile(tight or source, file, "exec", dont_inherit=True), names, found)
    return found.popitem()[1]
