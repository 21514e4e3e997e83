"""The passes over a recorded program, in the order in which they run.

Each is a function of a :class:`~pdist.tracing.record.Program` that changes it but never what it computes, to
the last bit (except for the sign of zero). The result goes on to the storage.
"""

from __future__ import annotations

from collections.abc import Callable

from ..record import Program
from .constants import fold_constants
from .copies import drop_copies
from .dead import drop_dead
from .exact import use_cheaper_forms
from .numpy_forms import use_numpy_forms
from .placement import place_where_wanted
from .repeated import share_repeated
from .rows import write_rows_out
from .selections import select_by_bits

PASSES: tuple[tuple[str, Callable[[Program], None]], ...] = (
    ("dead code", drop_dead),
    ("constants", fold_constants),
    ("cheaper forms", use_cheaper_forms),
    ("copies", drop_copies),
    ("common subexpressions", share_repeated),
    ("dead code again", drop_dead),
    ("gradients written in place", place_where_wanted),
    ("bitwise selection", select_by_bits),
    ("faster forms in NumPy", use_numpy_forms),
    ("broadcast rows", write_rows_out),
)

__all__ = ["PASSES"]
