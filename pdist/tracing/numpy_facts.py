"""Properties of NumPy's functions that a recording has to know."""

from __future__ import annotations

import numpy as np

# Functions that change one of their arguments.
# fmt: off
CHANGES_FIRST = frozenset((
    "copyto", "put", "put_along_axis", "putmask", "place", "fill_diagonal", "add.at",
))
# fmt: on
METHOD_CHANGES = frozenset(("fill", "sort", "partition"))
REDUCTIONS = {
    "sum": "add",
    "prod": "multiply",
    "max": "maximum",
    "amax": "maximum",
    "min": "minimum",
    "amin": "minimum",
    "any": "logical_or",
    "all": "logical_and",
}
REDUCTION_OF = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min"} | {
    "logical_or": "any",
    "logical_and": "all",
}
# fmt: off
ABOUT_SHAPES = frozenset((
    "shape", "ndim", "size", "result_type", "can_cast", "may_share_memory", "shares_memory",
    "broadcast_shapes", "iscomplexobj", "isrealobj", "isscalar",
))
# fmt: on
# fmt: off
SHAPE_FROM_DATA = frozenset((
    "nonzero", "flatnonzero", "argwhere", "unique", "unique_values", "unique_counts",
    "unique_inverse", "unique_all", "compress", "extract", "setdiff1d", "union1d", "intersect1d",
    "setxor1d", "trim_zeros",
))
# fmt: on
# Functions whose second argument determines the shape.
# fmt: off
SHAPE_FROM_SECOND = frozenset((
    "repeat", "delete", "split", "array_split", "hsplit", "vsplit", "dsplit", "tile", "pad", "resize",
))
# fmt: on
# Functions that write their result to ``out=``, and do nothing else.
# fmt: off
WITH_OUT = frozenset((
    "concatenate", "stack", "dot", "take", "clip", "argmax", "argmin", "cumsum", "cumprod",
    "einsum", "outer", "round", "trace", "inner",
))
# fmt: on
DRAWS_WITH_OUT = frozenset(("random", "standard_normal", "standard_exponential"))
COPIES = frozenset(("copy", "astype", "ascontiguousarray"))  # a trace writes ``out[...] = x`` for them
#: The stems of names of views.
VIEWS = {"transpose": "T", "swapaxes": "T", "reshape": "reshaped", "getitem": "part", "view": "bits"}
# Operators that give the same number for an array and for a NumPy scalar.
# fmt: off
SAME_ON_SCALARS = frozenset((
    "add", "subtract", "multiply", "divide", "negative", "absolute",
    "less", "less_equal", "equal", "not_equal", "greater", "greater_equal",
))
# fmt: on
# ndarray.__pow__ special-cases these exponents, of these types: before NumPy 2.3 also NumPy's own, in the
# base's dtype.
POWERS = {2: "square", 0.5: "sqrt", -1: "reciprocal", 1: "positive"}
EXPONENTS = {int, float, *(np.sctypeDict.values() if np.lib.NumpyVersion(np.__version__) < "2.3.0" else ())}
#: The Python syntax of operators on NumPy scalars.
SIGNS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "floor_divide": "//",
    "remainder": "%",
    "power": "**",
    "matmul": "@",
    "bitwise_and": "&",
    "bitwise_or": "|",
    "bitwise_xor": "^",
    "left_shift": "<<",
    "right_shift": ">>",
    "less": "<",
    "less_equal": "<=",
    "equal": "==",
    "not_equal": "!=",
    "greater": ">",
    "greater_equal": ">=",
}
PREFIXES = {"negative": "-", "positive": "+", "invert": "~"}
