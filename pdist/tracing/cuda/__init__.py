"""Traced functions on a GPU: elementwise calls fused into kernels, and all of it captured in a CUDA graph."""

from .fusion import fuse
from .graph import GraphWriter

__all__ = ["GraphWriter", "fuse"]
