"""The library of proxies, which represent the arrays of another library in a trace."""

from __future__ import annotations

from ..backend import Library, hooks, register_library
from .array import Traced
from .namespace import SpecialNamespace, TracedNamespace

_libraries: dict[Library, Library] = {}


def traced_library(base: Library) -> Library:
    """The library whose arrays are proxies of those of ``base`` in a trace."""
    found = _libraries.get(base)
    if found is None:
        kind = type("Traced", (Traced,), {"__slots__": ()})
        found = _libraries[base] = register_library(
            Library(
                name=f"traced {base.name}",
                array_type=kind,
                xp=TracedNamespace(base.xp, base),
                special=SpecialNamespace(base.special),
                new_stream=lambda seed: hooks.current().new_stream(seed),
                from_host=lambda array: hooks.current().seen(base.from_host(array)),
                to_host=lambda traced: traced._look("to_cpu", base.to_host),
                device_of=lambda traced: base.device_of(traced.array),
                current_device=base.current_device,
                on_device=base.on_device,
                host=base.host,
            )
        )
    return found


__all__ = ["traced_library"]
