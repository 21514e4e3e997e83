"""Kernels and CUDA graphs on CuPy, which traced functions run as."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

try:
    import cupy
except ImportError:  # tools that import all modules (doctest, documentation) must work without CuPy too
    cupy = None

from .cublas import Products, loaded_cublas

#: No fused multiply-add: a fused kernel gives the same results as its separate calls.
OPTIONS = ("--fmad=false",)


def elementwise(kernel: Any) -> Callable[..., None]:
    """A function that runs several elementwise calls as one kernel.

    Args:
        kernel: a :class:`~pdist.tracing.cuda.kernels.Kernel`.
    """
    return cupy.ElementwiseKernel(
        kernel.in_params, kernel.out_params, kernel.body, kernel.name, no_return=True, options=OPTIONS
    )


# Graphs ----------------------------------------------------------------------------------------------------

_local = threading.local()


def _products() -> Products:
    """Those of this thread and device."""
    made = _local.__dict__.setdefault("products", {})
    device = cupy.cuda.Device()
    if device.id not in made:
        cupy.matmul(cupy.ones((2, 2), cupy.float32), cupy.ones((2, 2), cupy.float32))  # loads cuBLAS
        made[device.id] = Products(loaded_cublas(), int(device.compute_capability))
    return made[device.id]


def matmul(x: Any, y: Any, out: Any = None) -> Any:
    """A product of matrices, also in a capture."""
    products = getattr(_local, "capturing", None)
    if products is None:
        return cupy.matmul(x, y, out=out)
    shape = (x.shape[0], y.shape[1])
    apart = out is not None and not any(cupy.may_share_memory(out, a) for a in (x, y))
    result = out if apart and out.flags.c_contiguous else cupy.empty(shape, x.dtype)
    x, y = (a if a.flags.c_contiguous or a.flags.f_contiguous else a.copy() for a in (x, y))
    if not x.size or not y.size:
        result.fill(0)
    elif shape == (1, 1):  # as CuPy does it
        (x.ravel() * y.ravel()).sum(out=result.reshape(()))
    else:
        products.matmul(x, y, result)
    if out is not None and result is not out:
        out[...] = result
    return result if out is None else out


def concatenate(arrays: Any, axis: int | None = 0, out: Any = None) -> Any:
    """Arrays concatenated one by one; for many arrays CuPy would copy their addresses from the host."""
    if axis is None:
        arrays, axis = [a.ravel() for a in arrays], 0
    axis %= arrays[0].ndim
    if out is None:
        shape = list(arrays[0].shape)
        shape[axis] = sum(a.shape[axis] for a in arrays)
        out = cupy.empty(shape, cupy.result_type(*arrays))
    start = 0
    for a in arrays:
        stop = start + a.shape[axis]
        out[(slice(None),) * axis + (slice(start, stop),)] = a
        start = stop
    return out


class Graphs:
    """Captures CUDA graphs.

    Memory allocated in a capture comes from its own pool, which lives as long as the graph: every
    launch uses the same memory again, so nothing else may use it.
    """

    functions: dict[str, Callable[..., Any]] = {"matmul": matmul, "concatenate": concatenate}

    @staticmethod
    def like(array: Any) -> Any:
        """An array of the same shape, dtype and layout."""
        return cupy.empty_like(array)

    def capture(self, function: Callable[[], Any]) -> tuple[Any, Callable[[], None]]:
        """Capture what a function does on the device.

        Returns:
            What it returned, and a function that launches the graph.
        """
        products = _products()
        pool = cupy.cuda.MemoryPool()
        stream = cupy.cuda.Stream(non_blocking=True)
        with cupy.cuda.using_allocator(pool.malloc), stream:
            products.begin(stream.ptr, lambda n: cupy.empty(n, cupy.uint8))
            workspace = products.workspace
            _local.capturing = products
            try:
                stream.begin_capture()
                result = function()
            except BaseException:
                _abandon(stream)
                raise
            finally:
                _local.capturing = None
            graph = stream.end_capture()

        def launch() -> None:
            graph.launch()

        launch.keeps = (pool, stream, workspace)  # type: ignore[attr-defined]
        return result, launch


def _abandon(stream: Any) -> None:
    """End a failed capture, which raises another error."""
    try:
        if stream.is_capturing():
            stream.end_capture()
    except cupy.cuda.runtime.CUDARuntimeError:
        pass


graphs = Graphs()
