"""Source compiled to a Python function, with lines for tracebacks; and the result of a trace that fails."""

from __future__ import annotations

import itertools
from typing import Any

_numbers = itertools.count(1)


class Refused:
    """The result of a trace, before it has done anything, if an assumption does not hold."""

    def __repr__(self) -> str:
        return "REFUSED"


REFUSED = Refused()


class Source:
    """The loader in a trace's globals, from which tracebacks and debuggers get its lines.

    They add the lines to ``linecache.cache`` themselves when they need them. A trace neither adds to that
    dict nor removes from it: someone may be iterating over it, and traces end whenever garbage is collected.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def get_source(self, name: str) -> str:
        """The code as shown."""
        return self.text


def compiled(title: str, source: str, names: dict[str, Any], tight: str = "") -> Any:
    """The function that ``source`` defines; tracebacks show its lines.

    Args:
        title: its name.
        source: the code as shown.
        names: its globals, not shared with other functions: they identify the lines.
        tight: the same code, line by line, as executed; ``source`` itself by default.
    """
    file = f"<pdist trace {next(_numbers)}> {title}()"  # for Python, a name that ends with ">" has no lines
    names["__name__"], names["__loader__"] = file, Source(source)
    found: dict[str, Any] = {}
    exec(compile(tight or source, file, "exec", dont_inherit=True), names, found)
    return found.popitem()[1]
