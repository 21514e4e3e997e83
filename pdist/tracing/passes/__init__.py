"""The passes over a recorded program, in the order in which they run.

Each is a function of a :class:`~pdist.tracing.record.Program` that changes it and never what it computes, to
the last bit (the sign of zero aside). What is left goes to the storage.
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
    ("gradients where they are wanted", place_where_wanted),
    ("selection by bits", select_by_bits),
    ("NumPy's faster forms", use_numpy_forms),
    ("rows that are broadcast", write_rows_out),
)

__all__ = ["PASSES"]
