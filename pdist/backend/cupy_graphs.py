"""Kernels and CUDA graphs on CuPy: what traced functions run as there.

CuPy refuses cuBLAS while it captures a graph, though cuBLAS allows it; so matrix products in a graph call
cuBLAS's own function here, with the arguments that CuPy's product would give it. The workspace belongs to
the capture, as cuBLAS asks for.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import cupy

#: No product and sum are contracted into one rounding: a fused kernel gives what its calls give one by one.
OPTIONS = ("--fmad=false",)


def elementwise(kernel: Any) -> Callable[..., None]:
    """What runs several elementwise calls as one kernel.

    Args:
        kernel: a :class:`~pdist.tracing.cuda.kernels.Kernel`.
    """
    return cupy.ElementwiseKernel(
        kernel.in_params, kernel.out_params, kernel.body, kernel.name, no_return=True, options=OPTIONS
    )


# Matrix products -------------------------------------------------------------------------------------------

_CUDA_TYPES = {"f": 0, "d": 1}  # CUDA_R_32F, CUDA_R_64F
_COMPUTE = {"f": 68, "d": 70}  # CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_64F
_COMPUTE_TF32 = 77  # CUBLAS_COMPUTE_32F_FAST_TF32
_DEFAULT, _DEFAULT_TENSOR_OP = -1, 99  # CUBLAS_GEMM_DEFAULT, CUBLAS_GEMM_DEFAULT_TENSOR_OP
_WORKSPACE, _WORKSPACE_HOPPER = 4 << 20, 32 << 20  # bytes that cuBLAS has by default


def loaded_cublas() -> Any:
    """The library that CuPy has loaded.

    Raises:
        OSError: where there is none.
    """
    versions = (13, 12, 11)
    if sys.platform == "win32":
        names, mode = [f"cublas64_{v}.dll" for v in versions], ctypes.DEFAULT_MODE
    else:
        names, mode = [f"libcublas.so.{v}" for v in versions], os.RTLD_NOLOAD | os.RTLD_NOW
    for name in names:
        try:
            return ctypes.CDLL(name, mode=mode)
        except OSError:
            continue
    raise OSError(f"cuBLAS is not loaded; looked for {', '.join(names)}")


class Products:
    """Matrix products by cuBLAS on the stream of a capture.

    Args:
        cublas: its library.
        capability: the device's compute capability, 90 for 9.0.
    """

    def __init__(self, cublas: Any, capability: int) -> None:
        self.cublas, self.capability = cublas, capability
        self.handle = ctypes.c_void_p()
        _check("cublasCreate", cublas.cublasCreate_v2(ctypes.byref(self.handle)))
        self.workspace: Any = None

    def begin(self, stream: int, empty: Callable[[int], Any]) -> None:
        """Work on a stream from now on.

        Args:
            stream: its address.
            empty: makes an array of so many bytes.
        """
        size = _WORKSPACE_HOPPER if self.capability >= 90 else _WORKSPACE
        self.workspace = empty(size)
        self._check("cublasSetStream", self.handle, ctypes.c_void_p(stream))
        address = ctypes.c_void_p(self.workspace.data.ptr)
        self._check("cublasSetWorkspace", self.handle, address, ctypes.c_size_t(size))

    def _check(self, name: str, *args: Any) -> None:
        _check(name, getattr(self.cublas, f"{name}_v2")(*args))

    def matmul(self, x: Any, y: Any, out: Any) -> None:
        """``out[...] = x @ y`` for matrices of one dtype, none of them empty.

        cuBLAS's matrices lie in memory column by column, so ours are its transposes, and it is asked for
        ``out.T = y.T @ x.T``.
        """
        (n, k), m = x.shape, y.shape[1]
        character = x.dtype.char
        turn_y, ld_y = operand(y.shape, y.strides, y.itemsize)
        turn_x, ld_x = operand(x.shape, x.strides, x.itemsize)
        one, zero = _numbers(character)
        compute = _COMPUTE[character]
        if character == "f" and int(os.getenv("CUPY_TF32", "0")) > 0:
            compute = _COMPUTE_TF32
        kind = _CUDA_TYPES[character]
        status = self.cublas.cublasGemmEx(
            self.handle, turn_y, turn_x, m, n, k,
            ctypes.byref(one), ctypes.c_void_p(y.data.ptr), kind, ld_y,
            ctypes.c_void_p(x.data.ptr), kind, ld_x,
            ctypes.byref(zero), ctypes.c_void_p(out.data.ptr), kind, m,
            compute, _DEFAULT_TENSOR_OP if self.capability >= 80 else _DEFAULT,
        )  # fmt: skip
        _check("cublasGemmEx", status)


def _numbers(character: str) -> tuple[Any, Any]:
    kind = ctypes.c_float if character == "f" else ctypes.c_double
    return kind(1.0), kind(0.0)


def _check(name: str, status: int) -> None:
    if status:
        raise RuntimeError(f"{name}: status {status}")


def operand(shape: Sequence[int], strides: Sequence[int], itemsize: int) -> tuple[int, int]:
    """How cuBLAS reads a matrix that lies in one piece: whether turned round, and its leading dimension.

    Raises:
        ValueError: where it does not lie in one piece.
    """
    rows, columns = shape
    by_rows = (columns == 1 or strides[1] == itemsize) and (rows == 1 or strides[0] == columns * itemsize)
    by_columns = (rows == 1 or strides[0] == itemsize) and (columns == 1 or strides[1] == rows * itemsize)
    if by_rows and (columns > 1 or not by_columns):
        return 0, columns
    if by_columns:
        return 1, rows
    raise ValueError(f"a matrix of shape {tuple(shape)} with strides {tuple(strides)} is not in one piece")


# Graphs ----------------------------------------------------------------------------------------------------

_local = threading.local()


def _products() -> Products:
    """Of this thread and device."""
    made = _local.__dict__.setdefault("products", {})
    device = cupy.cuda.Device()
    if device.id not in made:
        cupy.matmul(cupy.ones((2, 2), cupy.float32), cupy.ones((2, 2), cupy.float32))  # it loads cuBLAS
        made[device.id] = Products(loaded_cublas(), int(device.compute_capability))
    return made[device.id]


def matmul(x: Any, y: Any, out: Any = None) -> Any:
    """A product of matrices, in a capture too."""
    products = getattr(_local, "capturing", None)
    if products is None:
        return cupy.matmul(x, y, out=out)
    shape = (x.shape[0], y.shape[1])
    result = out if out is not None and out.flags.c_contiguous else cupy.empty(shape, x.dtype)
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
    """Arrays brought together piece by piece; CuPy copies the addresses of many from the host."""
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

    What is allocated in a capture comes from a pool of its own, which lives as long as the graph: at every
    launch the same memory is used again, and nobody else may have it.
    """

    functions: dict[str, Callable[..., Any]] = {"matmul": matmul, "concatenate": concatenate}

    @staticmethod
    def like(array: Any) -> Any:
        """An array of the same shape, dtype and layout."""
        return cupy.empty_like(array)

    def capture(self, function: Callable[[], Any]) -> tuple[Any, Callable[[], None]]:
        """Capture what a function does on the device.

        Returns:
            What it returned, and a function that does it.
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
    """End a capture that failed, whose end is an error too."""
    try:
        if stream.is_capturing():
            stream.end_capture()
    except cupy.cuda.runtime.CUDARuntimeError:
        pass


graphs = Graphs()
