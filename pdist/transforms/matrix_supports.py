"""Supports of matrices: Cholesky factors, covariances and correlations."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array
from .supports import Support


def _is_cholesky_factor(xp: Any, a: Array) -> Array:
    """Square matrices whose lower triangle is finite, with a positive diagonal; the upper one is not read."""
    if a.shape[-1] != a.shape[-2]:
        return xp.zeros(a.shape[:-2], bool)
    diagonal = a.diagonal(axis1=-2, axis2=-1)
    return xp.isfinite(xp.tril(a)).all(axis=(-2, -1)) & (diagonal > 0).all(axis=-1)


def _is_symmetric(xp: Any, a: Array) -> Array:
    """Square matrices of finite numbers, symmetric up to roundings of sums as long as a row."""
    if a.shape[-1] != a.shape[-2]:
        return xp.zeros(a.shape[:-2], bool)
    if a.dtype.kind != "f":
        a = a.astype(float)
    finite = xp.isfinite(a)
    a = xp.where(finite, a, 0)
    root = xp.sqrt(abs(a.diagonal(axis1=-2, axis2=-1)))
    slack = 8 * a.shape[-1] * float(xp.finfo(a.dtype).eps)
    apart = abs(a - xp.swapaxes(a, -1, -2))
    same = (apart <= slack * root[..., :, None] * root[..., None, :]).all(axis=(-2, -1))
    return same & finite.all(axis=(-2, -1))


def _is_positive_definite(xp: Any, a: Array) -> Array:
    """Symmetric matrices that have a Cholesky factor whose pivots are more than roundings."""
    inside = _is_symmetric(xp, a)
    if not a.size or a.shape[-1] != a.shape[-2]:
        return inside
    if a.dtype.kind != "f":
        a = a.astype(float)
    eye = xp.eye(a.shape[-1], dtype=a.dtype)
    some = xp.where(inside[..., None, None], a, eye)
    least = a.shape[-1] * float(xp.finfo(a.dtype).eps) * some.diagonal(axis1=-2, axis2=-1)
    try:
        factor = xp.linalg.cholesky(some)
    except np.linalg.LinAlgError:
        return inside & (_pivots(xp, some) > least).all(axis=-1)
    pivots = factor.diagonal(axis1=-2, axis2=-1) ** 2  # nan on a device that found none
    return inside & (pivots > least).all(axis=-1)


def _pivots(xp: Any, a: Array) -> Array:
    """The squares of the diagonal of the Cholesky factor, up to the first that is not positive, then it."""
    found: list[Any] = []
    a, fine = a + 0, a[..., 0, 0] == a[..., 0, 0]
    for i in range(a.shape[-1]):
        pivot = xp.where(fine, a[..., i, i], found[-1] if found else a[..., i, i])
        fine = fine & (pivot > 0)
        found.append(pivot)
        row = xp.where(fine[..., None], a[..., i], 0)
        a = a - row[..., :, None] * (row / xp.where(fine, pivot, 1)[..., None])[..., None, :]
    return xp.stack(found, axis=-1)


def _describe_matrix(a: np.ndarray) -> str:
    """What is wrong with a matrix that should be symmetric and positive definite."""
    if a.shape[-1] != a.shape[-2]:
        return f"a matrix of shape {a.shape}"
    if not np.isfinite(a).all():
        i, j = (int(k) for k in np.argwhere(~np.isfinite(a))[0])
        return f"a matrix with {a[i, j]} at [{i}, {j}]"
    if not _is_symmetric(np, a):
        i, j = (int(k) for k in np.unravel_index(np.argmax(abs(a - a.T)), a.shape))
        return f"a matrix with {a[i, j]} at [{i}, {j}] and {a[j, i]} at [{j}, {i}]"
    pivots = _pivots(np, a.astype(np.float64))
    return f"a matrix whose smallest pivot is {pivots.min():.6g}, in row {int(np.argmin(pivots))}"


def _describe_factor(a: np.ndarray) -> str:
    """What is wrong with a matrix that should be a Cholesky factor."""
    if a.shape[-1] != a.shape[-2]:
        return f"a matrix of shape {a.shape}"
    for i, j in np.argwhere(~np.isfinite(np.tril(a))):
        return f"a matrix with {a[i, j]} at [{i}, {j}]"
    i = int(np.argmin(a.diagonal()))
    return f"a matrix with {a[i, i]} at [{i}, {i}]"


def _eye(xp: Any, x: Array) -> Array:
    return xp.eye(x.shape[-1], dtype=x.dtype)


def _is_correlation_factor(xp: Any, a: Array) -> Array:
    """Cholesky factors with zeros above the diagonal, whose rows have the length 1 up to roundings."""
    if a.shape[-1] != a.shape[-2]:
        return xp.zeros(a.shape[:-2], bool)
    slack = max(64 * float(xp.finfo(a.dtype).eps) if a.dtype.kind == "f" else 0.0, 5e-7)
    some = xp.clip(1.0 * a, -2, 2)  # so that no square overflows
    length = (some * some).sum(axis=-1, dtype=np.float64)
    inside = _is_cholesky_factor(xp, a) & (abs(length - 1) <= slack).all(axis=-1)
    return inside & (xp.triu(a, 1) == 0).all(axis=(-2, -1))


def _is_correlation(xp: Any, a: Array) -> Array:
    """Positive definite matrices with ones on the diagonal, up to roundings."""
    if a.shape[-1] != a.shape[-2]:
        return xp.zeros(a.shape[:-2], bool)
    slack = max(64 * float(xp.finfo(a.dtype).eps) if a.dtype.kind == "f" else 0.0, 5e-7)
    ones = (abs(1.0 * a.diagonal(axis1=-2, axis2=-1) - 1) <= slack).all(axis=-1)
    return ones & _is_positive_definite(xp, a)


cholesky_factor = Support(
    "lower Cholesky factor",
    _is_cholesky_factor,
    event_ndim=2,
    inner=_eye,
    wanted="a lower triangular matrix with a positive diagonal",
    describe=_describe_factor,
)
positive_definite = Support(
    "positive definite",
    _is_positive_definite,
    event_ndim=2,
    inner=_eye,
    wanted="a symmetric positive definite matrix",
    describe=_describe_matrix,
)
correlation_factor = Support(
    "Cholesky factor of a correlation matrix",
    _is_correlation_factor,
    event_ndim=2,
    inner=_eye,
    wanted="a lower triangular matrix with a positive diagonal and rows of length 1",
)
correlation = Support(
    "correlation matrix",
    _is_correlation,
    event_ndim=2,
    inner=_eye,
    wanted="a positive definite matrix with ones on its diagonal",
)
