"""Matrix products by direct calls of cuBLAS, for CUDA graphs.

CuPy does not allow cuBLAS while it captures a graph, although cuBLAS supports it; hence matrix products in a
graph call cuBLAS directly, with the arguments that CuPy would pass. The workspace belongs to
the capture, as cuBLAS requires.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

_CUDA_TYPES = {"f": 0, "d": 1}  # CUDA_R_32F, CUDA_R_64F
_COMPUTE = {"f": 68, "d": 70}  # CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_64F
_COMPUTE_TF32 = 77  # CUBLAS_COMPUTE_32F_FAST_TF32
_DEFAULT, _DEFAULT_TENSOR_OP = -1, 99  # CUBLAS_GEMM_DEFAULT, CUBLAS_GEMM_DEFAULT_TENSOR_OP
_WORKSPACE, _WORKSPACE_HOPPER = 4 << 20, 32 << 20  # bytes, cuBLAS's defaults


def loaded_cublas() -> Any:
    """The library that CuPy has loaded.

    Raises:
        OSError: if there is none.
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
        cublas: the library.
        capability: the device's compute capability, 90 for 9.0.
    """

    def __init__(self, cublas: Any, capability: int) -> None:
        self.cublas, self.capability = cublas, capability
        self.handle = ctypes.c_void_p()
        _check("cublasCreate", cublas.cublasCreate_v2(ctypes.byref(self.handle)))
        self.workspace: Any = None

    def begin(self, stream: int, empty: Callable[[int], Any]) -> None:
        """Use a stream from now on.

        Args:
            stream: its address.
            empty: allocates an array of a number of bytes.
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

        cuBLAS's matrices are column-major, so ours are its transposes, and it computes
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
    """How cuBLAS reads a contiguous matrix: whether transposed, and its leading dimension.

    Raises:
        ValueError: if it is not contiguous.
    """
    rows, columns = shape
    by_rows = (columns == 1 or strides[1] == itemsize) and (rows == 1 or strides[0] == columns * itemsize)
    by_columns = (rows == 1 or strides[0] == itemsize) and (columns == 1 or strides[1] == rows * itemsize)
    if by_rows and (columns > 1 or not by_columns):
        return 0, columns
    if by_columns:
        return 1, rows
    raise ValueError(f"a matrix of shape {tuple(shape)} with strides {tuple(strides)} is not contiguous")
