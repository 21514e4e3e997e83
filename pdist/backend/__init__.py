"""Array libraries, devices, special functions and random streams."""

from . import hooks, memory, random
from .libraries import (
    default_library,
    get_array_module,
    library,
    library_of,
    named_library,
    special,
    to_cpu,
    to_gpu,
    truth,
    using_device,
)
from .records import Array, Library, numpy_library, register_library, unregister_library

__all__ = [
    "Array",
    "Library",
    "default_library",
    "get_array_module",
    "hooks",
    "library",
    "library_of",
    "memory",
    "named_library",
    "numpy_library",
    "random",
    "register_library",
    "special",
    "to_cpu",
    "to_gpu",
    "truth",
    "unregister_library",
    "using_device",
]
