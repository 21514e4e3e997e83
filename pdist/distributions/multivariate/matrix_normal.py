"""The Normal distribution of matrices whose rows and columns are correlated."""

from __future__ import annotations

from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.constants import HALF_LOG_2PI, HALF_LOG_2PIE
from ...transforms.matrix_supports import cholesky_factor
from ...transforms.supports import real, real_matrix
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..families.vectors import log_diagonal, transposed


class MatrixNormal(Distribution):
    r"""The Normal distribution of matrices X = M + A Z B^T, with independent standard Normals Z.

    .. math:: \log p(x) = -\frac{1}{2} |A^{-1} (x - M) B^{-T}|^2 - m \log \det A - n \log \det B
        - \frac{m n}{2} \log 2 \pi

    for matrices of n rows and m columns, |.| being the root of the sum of squares.

    Args:
        loc: the mean M, of shape ``[*batch, n, m]``.
        row_scale_tril: the Cholesky factor A of the covariance of the elements of a column, of shape
            ``[*batch, n, n]``; what is above its diagonal is not read.
        column_scale_tril: that of the elements of a row, of shape ``[*batch, m, m]``.

    Samples carry gradients to all parameters.

    Source:
        A. K. Gupta and D. K. Nagar, "Matrix Variate Distributions" (2000), chapter 2.

    >>> import numpy as np
    >>> d = MatrixNormal(np.zeros((2, 1)), row_scale_tril=np.eye(2), column_scale_tril=[[2.0]])
    >>> d.variance.array
    array([[4.],
           [4.]])
    """

    loc = Param(real, event_ndim=2)
    row_scale_tril = Param(cholesky_factor, event_ndim=2)
    column_scale_tril = Param(cholesky_factor, event_ndim=2)
    support = real_matrix
    reparameterized = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, n in zip(("row_scale_tril", "column_scale_tril"), self.event_shape, strict=True):
            shape = getattr(self, name).shape
            if shape[-2:] != (n, n):
                raise ValueError(
                    f"MatrixNormal: {name} has shape {shape}; expected its last axes to be {(n, n)}, as loc "
                    f"has shape {self.loc.shape}"
                )

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        return self.loc.shape[-2:]

    def _sides(self) -> tuple[Variable, Variable]:
        return F.tril(self.row_scale_tril), F.tril(self.column_scale_tril)

    def _log_scale(self) -> Variable:
        rows, columns = self._sides()
        n, m = self.event_shape
        return m * log_diagonal(rows) + n * log_diagonal(columns)

    def _square(self, x: Variable) -> Variable:
        """The sum of the squares of the Z that x is made of."""
        rows, columns = self._sides()
        half = F.solve_triangular(rows, x - self.loc, lower=True)
        z = F.solve_triangular(columns, transposed(half), lower=True)
        return F.sum(z * z, axis=(-2, -1))

    def _log_prob(self, x: Variable) -> Variable:
        n, m = self.event_shape
        return -0.5 * self._square(x) - (self._log_scale() + n * m * HALF_LOG_2PI)

    def _entropy(self) -> Variable:
        n, m = self.event_shape
        return self._log_scale() + n * m * HALF_LOG_2PIE

    def _mean(self) -> Variable:
        return self.loc

    _mode = _mean

    def _variance(self) -> Variable:
        rows, columns = (F.sum(tril * tril, axis=-1) for tril in self._sides())
        return rows[..., :, None] * columns[..., None, :]

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        rows, columns = self._sides()
        noise = as_variable(rng.standard_normal(shape + self.event_shape, dtype=self.dtype))
        return self.loc + rows @ noise @ transposed(columns)
