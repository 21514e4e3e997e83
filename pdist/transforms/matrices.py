"""Transforms of vectors to matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import functions as F
from ..autograd import Variable, as_variable
from .base import Transform
from .matrix_supports import cholesky_factor, correlation_factor
from .numbers import Softplus, log_cosh
from .supports import real_vector


def _rows(count: int, n: int, who: str, strict: bool) -> None:
    """Raise ValueError unless that many numbers fill a triangle."""
    if n * (n - 1 if strict else n + 1) // 2 != count:
        raise ValueError(
            f"{who}: x has {count} elements; expected the number of a triangle: 1, 3, 6, 10, ..."
        )


def with_diagonal(a: Variable, diagonal: Variable) -> Variable:
    """What is below the diagonal of matrices, with another diagonal and zeros above it."""
    return F.tril(a, k=-1) + diagonal[..., None] * a.xp.eye(a.shape[-1], dtype=a.dtype)


class CholeskyFactor(Transform):
    """Fills a lower triangle row by row, the diagonal through a softplus.

    From vectors of n (n + 1)/2 numbers to Cholesky factors of n rows.

    >>> import numpy as np
    >>> CholeskyFactor().forward(np.array([0.0, 2.0, 0.0])).array
    array([[0.69314718, 0.        ],
           [2.        , 0.69314718]])
    """

    domain, codomain = real_vector, cholesky_factor

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """A square in place of a vector."""
        n = int(math.isqrt(8 * shape[-1] + 1) - 1) // 2
        _rows(shape[-1], n, "CholeskyFactor", False)
        return (*shape[:-1], n, n)

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """A vector in place of a square."""
        return (*shape[:-2], shape[-1] * (shape[-1] + 1) // 2)

    def forward_and_log_det(self, x: Any) -> tuple[Variable, Variable]:
        """The matrix, and the sum of the logarithms of the softplus's slopes."""
        x = as_variable(x)
        raw = _filled(x, self.forward_shape(x.shape)[-1], 0)
        diagonal, log_slope = Softplus().forward_and_log_det(F.diagonal(raw, axis1=-2, axis2=-1))
        return with_diagonal(raw, diagonal), F.sum(log_slope, axis=-1)

    def inverse_and_log_det(self, y: Any) -> tuple[Variable, Variable]:
        """The elements on and below the diagonal, row by row."""
        y = as_variable(y)
        n = y.shape[-1]
        diagonal, log_slope = Softplus().inverse_and_log_det(F.diagonal(y, axis1=-2, axis2=-1))
        raw = with_diagonal(y, diagonal)
        rows, columns = np.tril_indices(n)
        return raw[..., rows, columns], F.sum(log_slope, axis=-1)


def _filled(x: Variable, n: int, k: int) -> Variable:
    """The matrix with a vector's elements on and below its k-th diagonal, row by row, and zeros above."""
    place = np.full((n, n), x.shape[-1])
    place[np.tril_indices(n, k)] = np.arange(x.shape[-1])
    return F.concat([x, 0 * x[..., :1]], axis=-1)[..., place] if x.shape[-1] else 0 * x.sum()


class CorrelationCholesky(Transform):
    """From vectors of n (n - 1)/2 numbers to Cholesky factors of correlation matrices of n rows.

    The tanh of each number is a partial correlation; row by row, it takes its share of what is left of the
    row's length.

    Source:
        D. Lewandowski, D. Kurowicka and H. Joe, "Generating random correlation matrices based on vines and
        extended onion method", Journal of Multivariate Analysis 100 (2009).
    """

    domain, codomain = real_vector, correlation_factor

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """A square in place of a vector."""
        n = int(math.isqrt(8 * shape[-1] + 1) + 1) // 2
        _rows(shape[-1], n, "CorrelationCholesky", True)
        return (*shape[:-1], n, n)

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """A vector in place of a square."""
        return (*shape[:-2], shape[-1] * (shape[-1] - 1) // 2)

    def forward_and_log_det(self, x: Any) -> tuple[Variable, Variable]:
        """L_ij = tanh(x_ij) r_ij with r_ij^2 = 1 - L_i1^2 - ... - L_i(j-1)^2."""
        x = as_variable(x)
        n = self.forward_shape(x.shape)[-1]
        raw = _filled(x, n, -1)
        fall = log_cosh(raw)  # -log r shrinks by it
        left = -(F.cumsum(fall, axis=-1) - fall)  # log r
        z = F.tanh(raw) + x.xp.eye(n, dtype=x.dtype)
        below = x.xp.tril(x.xp.ones((n, n), x.dtype), -1)
        return z * F.exp(left), F.sum(below * (left - 2 * fall), axis=(-2, -1))

    def inverse_and_log_det(self, y: Any) -> tuple[Variable, Variable]:
        """From sums of the squares that are left, which do not cancel."""
        y = as_variable(y)
        n = y.shape[-1]
        square = F.flip(F.cumsum(F.flip(y * y, -1), axis=-1), -1)  # of r
        rows, columns = np.tril_indices(n, -1)
        r = F.sqrt(square[..., rows, columns])
        after = F.sqrt(square[..., rows, columns + 1])
        x = F.arctanh(y[..., rows, columns] / r)
        return x, -F.sum(2 * F.log(after) - F.log(r), axis=-1)


__all__ = ["CholeskyFactor", "CorrelationCholesky"]
