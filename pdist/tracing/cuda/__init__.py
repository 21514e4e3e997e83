"""Traced functions on a GPU: elementwise calls are fused into kernels, and captured in a CUDA graph."""

from .fusion import fuse
from .graph import GraphWriter

__all__ = ["GraphWriter", "fuse"]
