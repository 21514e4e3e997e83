"""What a trace has to know of a link's attributes: another value makes another trace."""

from __future__ import annotations

from typing import Any

from pdist.autograd import to_read
from pdist.backend import hooks


def depends_on_attributes(link: Any, bookkeeping: set[str]) -> None:
    """Tell the recording, if there is one, that other attributes of a link would make another trace.

    Args:
        link: a Link that is called.
        bookkeeping: attributes that make no difference.
    """
    if hooks.current() is not None:
        for name in link.__dict__.keys() - bookkeeping:
            hooks.depends_on(link, name)


def refuse_traced(link: Any, name: str, value: Any) -> None:
    """Refuse to keep an array beyond a recorded call: no later call would change it.

    Args:
        link: a Link that is given an attribute.
        name: the attribute.
        value: its new value.
    """
    recording = hooks.current()
    array = to_read(value)
    if recording is not None and recording.concrete(array) is not array:
        link.__dict__.setdefault(name, None)
        hooks.assigned(link, name)
        recording.refuse(
            f"{type(link).__name__}.{name} is given an array that the traced function computed: return "
            "it, report it, or write into an array that is there"
        )


__all__ = ["depends_on_attributes", "refuse_traced"]
