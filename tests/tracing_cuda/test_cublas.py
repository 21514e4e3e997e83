"""What cuBLAS is asked for is the product: checked against a cuBLAS made of NumPy."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdist.backend.cublas import Products, loaded_cublas, operand


class Cublas:
    """The functions that are called, on the host's memory."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def cublasCreate_v2(self, handle: Any) -> int:
        handle._obj.value = 7
        return 0

    def cublasSetStream_v2(self, handle: Any, stream: Any) -> int:
        self.calls.append(f"stream {stream.value}")
        return 0

    def cublasSetWorkspace_v2(self, handle: Any, address: Any, size: Any) -> int:
        self.calls.append(f"workspace {size.value >> 20}")
        return 0

    def cublasGemmEx(
        self, handle: Any, turn_a: int, turn_b: int, m: int, n: int, k: int, alpha: Any,
        a: Any, a_type: int, ld_a: int, b: Any, b_type: int, ld_b: int, beta: Any,
        c: Any, c_type: int, ld_c: int, compute: int, algorithm: int,
    ) -> int:  # fmt: skip
        assert handle.value == 7 and a_type == b_type == c_type
        kind = {0: ctypes.c_float, 1: ctypes.c_double}[c_type]
        assert compute == {0: 68, 1: 70}[c_type] and type(alpha._obj) is kind
        assert alpha._obj.value == 1.0 and beta._obj.value == 0.0
        A = by_columns(a.value, k if turn_a else m, m if turn_a else k, ld_a, kind)
        B = by_columns(b.value, n if turn_b else k, k if turn_b else n, ld_b, kind)
        C = by_columns(c.value, m, n, ld_c, kind)
        C[...] = (A.T if turn_a else A) @ (B.T if turn_b else B)
        self.calls.append(f"gemm {algorithm}")
        return 0


def by_columns(address: int, rows: int, columns: int, leading: int, kind: Any) -> np.ndarray:
    assert leading >= max(rows, 1)
    flat = np.ctypeslib.as_array((kind * (leading * (columns - 1) + rows)).from_address(address))
    return np.lib.stride_tricks.as_strided(
        flat, (rows, columns), (flat.itemsize, flat.itemsize * leading), writeable=True
    )


class OnDevice:
    """An array as CuPy shows it."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.shape, self.strides, self.dtype = array.shape, array.strides, array.dtype
        self.itemsize = array.itemsize
        self.data = SimpleNamespace(ptr=array.ctypes.data)


sizes = st.integers(1, 5)


@given(
    sizes, sizes, sizes, st.sampled_from("fd"), st.booleans(), st.booleans(), st.sampled_from((75, 80, 90))
)
def test_products(n: int, k: int, m: int, t: str, x_turned: bool, y_turned: bool, capability: int) -> None:
    rng = np.random.default_rng(0)
    x = np.asarray(rng.normal(size=(n, k)), t, order="F" if x_turned else "C")
    y = np.asarray(rng.normal(size=(k, m)), t, order="F" if y_turned else "C")
    out = np.full((n, m), np.nan, t)
    cublas = Cublas()
    products = Products(cublas, capability)
    products.begin(3, lambda size: OnDevice(np.empty(size, np.uint8)))
    products.matmul(OnDevice(x), OnDevice(y), OnDevice(out))
    np.testing.assert_allclose(out, x @ y, rtol=1e-5)
    workspace = 32 if capability >= 90 else 4
    algorithm = 99 if capability >= 80 else -1
    assert cublas.calls == ["stream 3", f"workspace {workspace}", f"gemm {algorithm}"]


def test_a_failure_names_the_function() -> None:
    cublas = Cublas()
    products = Products(cublas, 80)
    cublas.cublasGemmEx = lambda *args: 13  # type: ignore[method-assign]
    x = OnDevice(np.ones((2, 2)))
    with pytest.raises(RuntimeError, match="cublasGemmEx: status 13"):
        products.matmul(x, x, x)


def test_matrices_in_pieces_are_refused() -> None:
    x = np.zeros((4, 6))[:, ::2]
    with pytest.raises(ValueError, match="not contiguous"):
        operand(x.shape, x.strides, x.itemsize)


def test_cublas_is_looked_for_among_what_is_loaded() -> None:
    with pytest.raises(OSError, match="cuBLAS is not loaded"):
        loaded_cublas()
