"""Traced functions: record once, then run as straight-line array code."""

from .record import TraceError
from .traced import TracedFunction, trace

__all__ = ["TraceError", "TracedFunction", "trace"]
