"""Variable's operators and methods, and NumPy's functions on Variables: they work, or refuse and say so."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

import pdist
from pdist.functions.methods import array_functions, ufuncs

A = np.array([[0.5, -0.25, 0.75], [0.1, 0.9, -0.6]])
B = np.array([[0.2, 0.4, 0.3]])


def agree(got: Any, expected: Any, graph: bool = True) -> None:
    assert isinstance(got, pdist.Variable)
    assert got.requires_grad is graph
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got.array, expected, rtol=1e-14, atol=1e-15)


BINARY = ["add", "sub", "mul", "truediv"]


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("other", [B, 2, 0.5, True, np.float64(3), np.array(2), [[1.0, 2.0, 3.0]]], ids=repr)
def test_binary_operators(name: str, other: Any):
    f = getattr(operator, name)
    agree(f(pdist.Variable(A), other), f(A, np.asarray(other, float)))
    agree(f(other, pdist.Variable(A)), f(np.asarray(other, float), A))
    agree(f(pdist.Variable(A), pdist.Variable(B)), f(A, B))


def test_power_matmul_and_unary_operators():
    a = pdist.Variable(A)
    agree(a**2, A**2)
    agree(2**a, 2**A)
    agree(pdist.Variable(abs(A)) ** a, abs(A) ** A)
    agree(abs(A) ** a, abs(A) ** A)
    agree(a @ A.T, A @ A.T)
    agree(A.T @ a, A.T @ A)
    agree(a @ a.T, A @ A.T)
    agree(-a, -A)
    agree(abs(a), abs(A))
    assert +a is a
    a += 1
    agree(a, A + 1)


@pytest.mark.parametrize("name", ["eq", "ne", "lt", "le", "gt", "ge"])
@pytest.mark.parametrize(
    "other", [B, 0.1, np.float64(0.1), pdist.Variable(B)], ids=["array", "number", "0-d", "Variable"]
)
def test_comparisons_are_raw_bool_arrays(name: str, other: Any):
    f = getattr(operator, name)
    raw = other.array if isinstance(other, pdist.Variable) else other
    for got, expected in ((f(pdist.Variable(A), other), f(A, raw)), (f(other, pdist.Variable(A)), f(raw, A))):
        assert type(got) is np.ndarray
        assert got.dtype == bool
        np.testing.assert_array_equal(got, expected)


def test_equality_by_value_and_hash_by_identity():
    a, b = pdist.Variable(A), pdist.Variable(A)
    assert (a == b).all()
    assert len({a, b}) == 2
    assert {a: 1, b: 2}[b] == 2


def test_methods():
    a = pdist.Variable(A)
    for name in ("sum", "mean", "max", "min", "prod"):
        agree(getattr(a, name)(), np.asarray(getattr(A, name)()))
        agree(getattr(a, name)(axis=0), getattr(A, name)(axis=0))
        agree(getattr(a, name)(1, True), getattr(A, name)(1, keepdims=True))
    for name in ("cumsum", "cumprod"):
        agree(getattr(a, name)(axis=1), getattr(A, name)(axis=1))
    for name in ("argmax", "argmin"):
        agree(getattr(a, name)(axis=1), getattr(A, name)(axis=1), graph=False)
    for shape in ((3, 2), (-1,), (6,), (1, 2, 3)):
        agree(a.reshape(shape), A.reshape(shape))
        agree(a.reshape(*shape), A.reshape(shape))
    agree(a.reshape(-1), A.reshape(-1))
    agree(a.reshape(np.int64(6)), A.reshape(6))
    agree(a.T, A.T)
    agree(a.transpose(), A.T)
    agree(a.transpose(1, 0), A.T)
    agree(a.transpose((1, 0)), A.T)
    agree(a.transpose(None), A.T)
    agree(a.swapaxes(0, 1), A.T)
    agree(a[None].squeeze(), A)
    agree(a[None].squeeze(axis=0), A)
    agree(a.flatten(), A.ravel())
    agree(a.ravel(), A.ravel())
    agree(a.diagonal(), A.diagonal())
    agree(a.astype(np.float32), A.astype(np.float32))
    for row, expected in zip(a, A, strict=True):
        agree(row, expected)


INDICES = [
    0,
    -1,
    slice(1, None),
    (0, 1),
    (..., 0),
    None,
    [1, 0],
    np.array([1, 1]),
    A > 0,
    (slice(None), [0, 2]),
]


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_indexing(index: Any):
    agree(pdist.Variable(A)[index], A[index])


def test_indexing_by_variables():
    a = pdist.Variable(A)
    which = pdist.Variable(np.array([2, 0]))
    agree(a[:, which], A[:, [2, 0]])
    agree(a[pdist.Variable(A > 0)], A[A > 0])


POSITIVE = {"log", "log2", "log10", "log1p", "sqrt", "power"}


@pytest.mark.parametrize("name", sorted(ufuncs))
def test_ufuncs(name: str):
    ufunc = getattr(np, name)
    arrays = [abs(A) if name in POSITIVE else A, B.T @ B if name == "matmul" else B][: ufunc.nin]
    expected = ufunc(*arrays)
    got = ufunc(*[pdist.Variable(x) for x in arrays])
    if expected.dtype == bool:
        assert type(got) is np.ndarray
        np.testing.assert_array_equal(got, expected)
        return
    flat = name in ("sign", "floor", "ceil", "trunc")
    agree(got, expected, graph=not flat)
    if ufunc.nin == 2:
        agree(ufunc(arrays[0], pdist.Variable(arrays[1])), expected)


CALLS: dict[str, Any] = {
    "sum": lambda x: np.sum(x, axis=1, keepdims=True),
    "mean": lambda x: np.mean(x, axis=0),
    "amax": lambda x: np.amax(x, axis=0),
    "amin": np.amin,
    "max": lambda x: np.max(x, axis=1),
    "min": np.min,
    "prod": np.prod,
    "cumsum": lambda x: np.cumsum(x, axis=1),
    "cumprod": np.cumprod,
    "argmax": lambda x: np.argmax(x, axis=1),
    "argmin": lambda x: np.argmin(x, axis=1),
    "clip": lambda x: np.clip(x, 0, 1),
    "where": lambda x: np.where(A > 0, x, 0.0),
    "take_along_axis": lambda x: np.take_along_axis(x, np.array([[1], [0]]), 1),
    "diagonal": np.diagonal,
    "tril": np.tril,
    "triu": lambda x: np.triu(x, 1),
    "reshape": lambda x: np.reshape(x, (3, 2)),
    "ravel": np.ravel,
    "transpose": np.transpose,
    "swapaxes": lambda x: np.swapaxes(x, 0, 1),
    "moveaxis": lambda x: np.moveaxis(x, 0, 1),
    "rollaxis": lambda x: np.rollaxis(x, 1),
    "squeeze": np.squeeze,
    "expand_dims": lambda x: np.expand_dims(x, 0),
    "broadcast_to": lambda x: np.broadcast_to(x, (4, 2, 3)),
    "broadcast_arrays": lambda x: np.broadcast_arrays(x, np.ones((4, 1, 1)))[0],
    "flip": lambda x: np.flip(x, 1),
    "repeat": lambda x: np.repeat(x, 2),
    "tile": lambda x: np.tile(x, (2, 2)),
    "concatenate": lambda x: np.concatenate([x, x]),
    "stack": lambda x: np.stack([x, x], axis=1),
    "hstack": lambda x: np.hstack([x, x]),
    "vstack": lambda x: np.vstack([x, x]),
    "copy": np.copy,
    "einsum": lambda x: np.einsum("ij,ij->i", x, x),
    "dot": lambda x: np.dot(x, A.T),
}


@pytest.mark.parametrize("name", CALLS)
def test_array_functions(name: str):
    agree(CALLS[name](pdist.Variable(A)), np.asarray(CALLS[name](A)), graph="arg" not in name)


def test_array_functions_are_all_tested():
    assert set(array_functions) == {*CALLS, "shape", "ndim", "size"}
    a = pdist.Variable(A)
    assert (np.shape(a), np.ndim(a), np.size(a)) == ((2, 3), 2, 6)


REFUSED = {
    "numpy.gcd": lambda a: np.gcd(a, 2),
    "numpy.add.reduce": lambda a: np.add.reduce(a),
    "numpy.multiply.outer": lambda a: np.multiply.outer(a, a),
    "numpy.exp": lambda a: np.exp(a, out=np.empty((2, 3))),
    "numpy.sort": np.sort,
    "numpy.median": np.median,
    "numpy.inv": np.linalg.inv,
    "numpy.linspace": lambda a: np.linspace(a, 1),
    "numpy.histogram": np.histogram,
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_derivative_is_refused_by_name(name: str):
    with pytest.raises(TypeError, match=name.replace(".", r"\.") + " does not take pdist Variables"):
        REFUSED[name](pdist.Variable(A))


def test_never_an_object_array():
    a = pdist.Variable(A) * 1
    for f in (np.asarray, np.array, lambda a: np.array([a, a]), lambda a: np.asarray([a])):
        with pytest.raises(TypeError):
            f(a)
    with pytest.raises(TypeError):
        a // 2
    with pytest.raises(TypeError):
        a % 2
