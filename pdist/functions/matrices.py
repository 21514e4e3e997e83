"""Factorizations, linear systems, inverses and determinants of matrices, in batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Variable, differentiable
from ..backend import hooks, library
from .arguments import variable
from .special import in_own_dtype

_LARGE = 16  # rows from which on the systems of a batch are solved one by one

# Factorizations --------------------------------------------------------------------------------------------


@differentiable
def cholesky(xp, a):
    """The lower triangular L with L L^T = a, for positive definite matrices.

    Args:
        a: Variable or array of shape (..., n, n), symmetric.

    Returns:
        Variable of shape (..., n, n), with zeros above the diagonal.

    Raises:
        numpy.linalg.LinAlgError: if the matrices are not square, or on the host if one is not positive
            definite.

    >>> import numpy as np, pdist.functions as F
    >>> F.cholesky(np.array([[4.0, 2.0], [2.0, 2.0]])).array
    array([[2., 0.],
           [1., 1.]])
    """
    return in_own_dtype(xp.linalg.cholesky, a)


def _cholesky_rule(F, g, y):
    """sym(L^-T phi(L^T g) L^-1), phi taking the lower half with half the diagonal (Murray 2016)."""
    t = y.swapaxes(-1, -2)
    product = t @ F.tril(g)
    phi = 0.5 * (F.tril(product) + F.tril(product, k=-1))
    half = F.solve_triangular(
        y, F.solve_triangular(y, phi, trans=1, lower=True).swapaxes(-1, -2), trans=1, lower=True
    )
    return 0.5 * (half + half.swapaxes(-1, -2))


cholesky.derivative(a=_cholesky_rule)


@differentiable
def solve_triangular(xp, a, b, /, trans=0, lower=False):
    """The solution x of a x = b for triangular matrices a.

    Args:
        a: Variable or array of shape (..., n, n); only its upper triangle is read, or the lower one if
            ``lower``.
        b: Variable or array of shape (n,) or (..., n, k).
        trans: 1 solves with the transposes of a; 0 by default.
        lower: whether a is lower triangular; False by default.

    Returns:
        Variable of shape (..., n) if b is a vector, else (..., n, k).

    Raises:
        ValueError: if the shapes do not fit.
        numpy.linalg.LinAlgError: on the host, if a matrix is singular.

    >>> import numpy as np, pdist.functions as F
    >>> F.solve_triangular(np.array([[2.0, 0.0], [1.0, 1.0]]), np.array([2.0, 4.0]), lower=True).array
    array([1., 3.])
    """
    single = a.ndim == 2 and b.ndim <= 2
    if library(xp).host and a.size and b.size and (single or a.shape[-1] >= _LARGE):
        return in_own_dtype(lambda a, b: _solve_by_lapack(xp, a, b, trans, lower), a, b)
    a = xp.tril(a) if lower else xp.triu(a)
    return _solved(xp, a.swapaxes(-1, -2) if trans else a, b)


def _solved(xp, a, b):
    """a^-1 b. If it is empty, a b: CuPy's batched solver divides by the size."""
    return in_own_dtype(xp.linalg.solve, a, b) if b.size else a @ b


@hooks.opaque
def _solve_by_lapack(xp, a, b, trans, lower):
    """One system of a batch after the other: for matrices of some size faster than an LU of each."""
    from scipy.linalg import get_lapack_funcs

    vector = b.ndim == 1
    b = b[:, None] if vector else b
    if a.shape[-1] != a.shape[-2]:
        raise ValueError("expected square matrices")
    if a.shape[-1] != b.shape[-2]:
        raise ValueError("the numbers of rows are different")
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = (xp.broadcast_to(v, lead + v.shape[-2:]) for v in (a, b))
    (trtrs,) = get_lapack_funcs(("trtrs",), (a, b))
    found = xp.empty(b.shape, b.dtype)
    for i in np.ndindex(lead):  # the transpose of a row-major matrix is what LAPACK reads
        found[i], info = trtrs(a[i].T, b[i], lower=not lower, trans=1 - trans)
        if info:
            where = f" {list(i)}" if i else ""
            raise np.linalg.LinAlgError(f"matrix{where} is singular: it has a 0 at diagonal {info - 1}")
    return found[..., 0] if vector else found


def _solve_triangular_rule(F, g, needs, y, a, trans, lower):
    vector = y.ndim < a.ndim  # b is one, beside a batch of matrices too
    if vector:
        g, y = g[..., None], y[..., None]
    gb = F.solve_triangular(a, g, trans=1 - trans, lower=lower)
    ga = None
    if needs.a:
        left, right = (y, gb) if trans else (gb, y)
        ga = -left @ right.swapaxes(-1, -2)
        ga = F.tril(ga) if lower else F.triu(ga)
    return ga, gb[..., 0] if vector else gb


solve_triangular.joint_derivative(_solve_triangular_rule)


@differentiable
def solve(xp, a, b):
    """The solution x of a x = b.

    Args:
        a: Variable or array of shape (..., n, n).
        b: Variable or array of shape (n,) or (..., n, k).

    Returns:
        Variable of shape (..., n) if b is a vector, else (..., n, k).

    Raises:
        ValueError: if the shapes do not fit.
        numpy.linalg.LinAlgError: if the matrices are not square, or on the host if one is singular.

    >>> import numpy as np, pdist.functions as F
    >>> F.solve(np.array([[2.0, 1.0], [1.0, 1.0]]), np.array([3.0, 2.0])).array
    array([1., 1.])
    """
    return _solved(xp, a, b)


def _solve_rule(F, g, needs, y, a):
    vector = y.ndim < a.ndim  # b is one, beside a batch of matrices too
    if vector:
        g, y = g[..., None], y[..., None]
    gb = F.solve(a.swapaxes(-1, -2), g)
    ga = -gb @ y.swapaxes(-1, -2) if needs.a else None
    return ga, gb[..., 0] if vector else gb


solve.joint_derivative(_solve_rule)


# Inverses and determinants ---------------------------------------------------------------------------------


@differentiable
def batch_inv(xp, a):
    """The inverses a^-1 of matrices.

    Args:
        a: Variable or array of shape (..., n, n).

    Returns:
        Variable of shape (..., n, n).

    Raises:
        numpy.linalg.LinAlgError: if the matrices are not square, or on the host if one is singular.

    >>> import numpy as np, pdist.functions as F
    >>> F.batch_inv(np.array([[[2.0, 0.0], [0.0, 4.0]]])).array
    array([[[0.5 , 0.  ],
            [0.  , 0.25]]])
    """
    return in_own_dtype(xp.linalg.inv, a)


def _inv_rule(F, g, y):
    t = y.swapaxes(-1, -2)
    return -(t @ g @ t)


batch_inv.derivative(a=_inv_rule)


@differentiable
def batch_det(xp, a):
    """The determinants of matrices; the gradient is right also for singular ones.

    Args:
        a: Variable or array of shape (..., n, n).

    Returns:
        Variable of shape (...).

    Raises:
        numpy.linalg.LinAlgError: if the matrices are not square.

    >>> import numpy as np, pdist.functions as F
    >>> F.batch_det(np.array([[[2.0, 1.0], [0.0, 4.0]]])).array
    array([8.])
    """
    return in_own_dtype(xp.linalg.det, a)


@differentiable
def cofactors(xp, a):
    """The derivative of the determinant, det(a) a^-T, also if a is singular.

    From the singular values s and vectors of a: det(U) det(V) U diag(the product of the other s) V^T.
    """
    if a.dtype.itemsize == 2:
        return in_own_dtype(lambda a: cofactors.kernel(xp, a), a)
    u, s, v = xp.linalg.svd(a)
    one = xp.ones_like(s[..., :1])
    before = xp.concatenate([one, s[..., :-1].cumprod(axis=-1)], axis=-1)
    after = xp.concatenate([s[..., :0:-1].cumprod(axis=-1)[..., ::-1], one], axis=-1)
    sign = xp.linalg.det(u) * xp.linalg.det(v)
    return u * (sign[..., None] * before * after)[..., None, :] @ v


def _cofactors_rule(F, g, y, a):
    """With t = a^-T: sum(g t) y - y g^T t. This requires invertible matrices."""
    t = F.batch_inv(a).swapaxes(-1, -2)
    return (g * t).sum(axis=(-2, -1), keepdims=True) * y - y @ g.swapaxes(-1, -2) @ t


batch_det.derivative(a=lambda F, g, a: g[..., None, None] * F(cofactors)(a))
cofactors.derivative(a=_cofactors_rule)


@differentiable
def logdet(xp, a):
    """log |det a| of matrices, without overflow.

    Args:
        a: Variable or array of shape (..., n, n).

    Returns:
        Variable of shape (...); -inf for a singular matrix, which has no gradient.

    Raises:
        numpy.linalg.LinAlgError: if the matrices are not square.

    >>> import numpy as np, pdist.functions as F
    >>> F.logdet(np.array([[2.0, 0.0], [0.0, -0.5]])).array
    array(0.)
    """
    return in_own_dtype(lambda a: xp.linalg.slogdet(a)[1], a)


logdet.derivative(a=lambda F, g, a: g[..., None, None] * F.batch_inv(a).swapaxes(-1, -2))


def inv(a: Any) -> Variable:
    """The inverse a^-1 of one matrix; :func:`batch_inv` takes several.

    Args:
        a: Variable or array of shape (n, n).

    Returns:
        Variable of shape (n, n).

    Raises:
        ValueError: if a is not one square matrix.
        numpy.linalg.LinAlgError: on the host, if it is singular.

    >>> import numpy as np, pdist.functions as F
    >>> F.inv(np.array([[2.0, 0.0], [0.0, 4.0]])).array
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    return batch_inv(_matrix("inv", a))


def det(a: Any) -> Variable:
    """The determinant of one matrix; :func:`batch_det` takes several.

    Args:
        a: Variable or array of shape (n, n).

    Returns:
        Variable, 0-d.

    Raises:
        ValueError: if a is not one square matrix.

    >>> import numpy as np, pdist.functions as F
    >>> F.det(np.array([[2.0, 1.0], [0.0, 4.0]])).array
    array(8.)
    """
    return batch_det(_matrix("det", a))


def slogdet(a: Any) -> tuple[Variable, Variable]:
    """The sign of the determinants of matrices, and log |det a|.

    Args:
        a: Variable or array of shape (..., n, n).

    Returns:
        Two Variables of shape (...): the signs (-1, 0 or 1), which have no gradient, and the logs.

    Raises:
        numpy.linalg.LinAlgError: if the matrices are not square.

    >>> import numpy as np, pdist.functions as F
    >>> sign, log = F.slogdet(np.array([[0.0, 1.0], [1.0, 0.0]]))
    >>> sign.array, log.array
    (array(-1.), array(0.))
    """
    a = variable("slogdet", "a", a)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(f"slogdet: a: expected shape (..., n, n), got {a.shape}")
    sign = in_own_dtype(lambda array: a.xp.linalg.slogdet(array)[0], a.array)
    return Variable(a.xp.asarray(sign), requires_grad=False), logdet(a)


def _matrix(who: str, a: Any) -> Variable:
    a = variable(who, "a", a)
    if a.ndim != 2 or a.shape[0] != a.shape[1]:
        raise ValueError(f"{who}: expected one square matrix, got shape {a.shape}")
    return a


__all__ = [
    "batch_det",
    "batch_inv",
    "cholesky",
    "det",
    "inv",
    "logdet",
    "slogdet",
    "solve",
    "solve_triangular",
]
