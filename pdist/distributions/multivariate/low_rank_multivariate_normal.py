"""The Normal distribution of vectors whose covariance is of low rank, and a diagonal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...transforms.supports import positive, real
from ..base.parameters import Param
from ..families.vectors import log_diagonal, transposed, whitened
from .multivariate_normal import NormalVectors


class LowRankMultivariateNormal(NormalVectors):
    r"""The Normal distribution of vectors that a few common factors and independent noise add up to.

    .. math:: X = \mu + W U + \sqrt{D} V, \quad \Sigma = W W^T + D

    with standard Normal vectors U and V. Densities take some n k^2 steps, not n^3.

    Args:
        loc: the mean mu, of shape ``[*batch, n]``.
        cov_factor: the loads W of the factors, of shape ``[*batch, n, k]``.
        cov_diag: the variances D > 0 of the noise, of shape ``[*batch, n]``.

    Samples carry gradients to all parameters.

    Source:
        K. B. Petersen and M. S. Pedersen, "The Matrix Cookbook" (2012), 3.2.2, for inverse and determinant.

    >>> import numpy as np
    >>> d = LowRankMultivariateNormal(
    ...     np.zeros(2), cov_factor=np.array([[2.0], [1.0]]), cov_diag=np.array([1.0, 1.0])
    ... )
    >>> d.covariance.array
    array([[5., 2.],
           [2., 2.]])
    """

    cov_factor = Param(real, event_ndim=2)
    cov_diag = Param(positive, event_ndim=1)

    @staticmethod
    def _fits(name: str, shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
        return shape[:1] == wanted[:1] if name == "cov_factor" else shape == wanted

    def _loads(self) -> Variable:
        """D^(-1/2) W."""
        return self.cov_factor / F.sqrt(self.cov_diag)[..., None]

    def _common(self) -> Variable:
        """The Cholesky factor of I + W^T D^-1 W."""
        loads = self._loads()
        eye = self.xp.eye(loads.shape[-1], dtype=self.dtype)
        return F.cholesky(eye + transposed(loads) @ loads)

    def _square(self, x: Variable) -> Variable:
        """The least of |D^(-1/2) (x - mu - W u)|^2 + |u|^2 over u: a sum of squares."""
        loads, common = self._loads(), self._common()
        d = (x - self.loc) / F.sqrt(self.cov_diag)
        half = whitened(common, F.matmul(transposed(loads), d[..., None])[..., 0])
        u = F.solve_triangular(common, half[..., None], trans=1, lower=True)
        rest = d - F.matmul(loads, u)[..., 0]
        return F.sum(rest * rest, axis=-1) + F.sum(u * u, axis=(-2, -1))

    def _log_scale(self) -> Variable:
        return 0.5 * F.sum(F.log(self.cov_diag), axis=-1) + log_diagonal(self._common())

    def _factor(self) -> Variable:
        return F.cholesky(self._covariance())

    def _variance(self) -> Variable:
        return F.sum(self.cov_factor * self.cov_factor, axis=-1) + self.cov_diag

    def _covariance(self) -> Variable:
        eye = self.xp.eye(self.event_shape[0], dtype=self.dtype)
        return self.cov_factor @ transposed(self.cov_factor) + self.cov_diag[..., None] * eye

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        k = self.cov_factor.shape[-1]
        common = as_variable(rng.standard_normal((*shape, k, 1), dtype=self.dtype))
        noise = F.sqrt(self.cov_diag) * self._noise(shape, rng)
        return self.loc + F.matmul(self.cov_factor, common)[..., 0] + noise

    def marginal(self, indices: Sequence[int]) -> LowRankMultivariateNormal:  # type: ignore[override]
        """The distribution of some of the elements, of the same rank: see :class:`MultivariateNormal`."""
        chosen, _ = self._split("marginal", indices)
        parts = self.loc[..., chosen], self.cov_factor[..., chosen, :], self.cov_diag[..., chosen]
        return LowRankMultivariateNormal(*parts)
