"""Array libraries, devices, special functions and random streams."""

from . import hooks, memory, random
from .libraries import (
    Array,
    Library,
    default_library,
    get_array_module,
    library,
    library_of,
    named_library,
    numpy_library,
    register_library,
    special,
    to_cpu,
    to_gpu,
    unregister_library,
    using_device,
)

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
    "unregister_library",
    "using_device",
]
