"""What a trace has to know about a link's attributes: another value makes another trace."""

from __future__ import annotations

from typing import Any

from pdist.autograd import to_read
from pdist.backend import hooks


def depends_on_attributes(link: Any, bookkeeping: set[str]) -> None:
    """Tell the recording, if there is one, that a change of a link's attributes makes another trace.

    Args:
        link: a Link that is called.
        bookkeeping: attributes to ignore.
    """
    if hooks.current() is not None:
        for name in link.__dict__.keys() - bookkeeping:
            hooks.depends_on(link, name)


def note_traced(link: Any, name: str, value: Any) -> None:
    """Tell the recording, if there is one, that a link is given an array that the function computed.

    Args:
        link: a Link that is given an attribute.
        name: the attribute.
        value: its new value.
    """
    array = to_read(value)
    if hooks.current() is not None and hooks.concrete(array) is not array:
        if name not in link.__dict__:
            link.__dict__[name] = None
            hooks.depends_on(link, name)
        hooks.assigned(link, name)


__all__ = ["depends_on_attributes", "note_traced"]
