"""The Normal distribution of vectors: by a matrix, by standard deviations alone, or of low rank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.constants import HALF_LOG_2PI, HALF_LOG_2PIE
from ...transforms.matrix_supports import cholesky_factor, positive_definite
from ...transforms.supports import positive, real
from ..base.parameters import Param
from ..families.vectors import (
    OfScaleTril,
    VectorFamily,
    inverse_of,
    log_diagonal,
    through,
    transposed,
    upside_down,
    whitened,
)


class NormalVectors(VectorFamily):
    """Normal vectors: what is the same for all kinds of covariance."""

    def _log_prob(self, x: Variable) -> Variable:
        return -0.5 * self._square(x) - (self._log_scale() + self.event_shape[0] * HALF_LOG_2PI)

    def _entropy(self) -> Variable:
        return self._log_scale() + self.event_shape[0] * HALF_LOG_2PIE

    def _mean(self) -> Variable:
        return self.loc

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return self.loc + self._spread(self._noise(shape, rng))

    def marginal(self, indices: Sequence[int]) -> MultivariateNormal:
        """The distribution of some of the elements.

        Args:
            indices: which, in the order wanted; each at most once.

        Returns:
            A Normal of vectors of that length, of the same batch shape.

        Raises:
            IndexError: if there is no such element.
            ValueError: if one is named twice, or none.
        """
        chosen, _ = self._split("marginal", indices)
        rows = self._factor()[..., chosen, :]
        return MultivariateNormal(self.loc[..., chosen], scale_tril=_factor_of(rows, chosen))

    def condition(self, indices: Sequence[int], values: Any) -> MultivariateNormal:
        """The distribution of the other elements, in their order, given the values of some.

        Args:
            indices: which ones are known; each at most once.
            values: their values, of shape ``[..., len(indices)]`` that broadcasts with the batch.

        Returns:
            A Normal of vectors of the length that is left.

        Raises:
            IndexError: if there is no such element.
            ValueError: if one is named twice, or none or all are, or for a wrong number of values.
        """
        known, others = self._split("condition", indices)
        if not others:
            raise ValueError(f"{type(self).__name__}.condition: all elements are known")
        values = as_variable(self._constant(values, "condition", "values"))
        if values.shape[-1:] != (len(known),):
            raise ValueError(
                f"{type(self).__name__}.condition: values has shape {values.shape}; expected its last axis "
                f"to have length {len(known)}, as indices has"
            )
        order, n = known + others, len(known)
        tril = _factor_of(self._factor()[..., order, :], order)
        z = whitened(tril[..., :n, :n], values - self.loc[..., known])
        loc = self.loc[..., others] + through(tril[..., n:, :n], z)
        return MultivariateNormal(loc, scale_tril=tril[..., n:, n:])

    def affine(self, matrix: Any, shift: Any = 0.0) -> MultivariateNormal:
        """The distribution of A X + b.

        Args:
            matrix: A, of shape ``[..., m, n]`` with independent rows.
            shift: b, of shape ``[..., m]``, or a number.

        Returns:
            A Normal of vectors of length m.

        Raises:
            ValueError: if A does not fit, or its rows are not independent: then no density exists.
        """
        a = as_variable(self._constant(matrix, "affine", "matrix"))
        if a.ndim < 2 or a.shape[-1] != self.event_shape[0]:
            raise ValueError(
                f"{type(self).__name__}.affine: matrix has shape {a.shape}; expected [..., m, "
                f"{self.event_shape[0]}]"
            )
        spread = a @ self._factor()
        loc = F.matmul(a, self.loc[..., None])[..., 0] + shift
        return MultivariateNormal(loc, covariance_matrix=spread @ transposed(spread))

    def _split(self, method: str, indices: Sequence[int]) -> tuple[list[int], list[int]]:
        """The indices from 0 on, and the others."""
        who, n = f"{type(self).__name__}.{method}", self.event_shape[0]
        found = [int(i) for i in np.atleast_1d(np.asarray(indices))]
        for i in found:
            if not -n <= i < n:
                raise IndexError(f"{who}: indices has {i}; expected numbers from {-n} to {n - 1}")
        found = [i % n for i in found]
        if not found or len(set(found)) < len(found):
            raise ValueError(f"{who}: indices is {list(indices)}; expected one or more different ones")
        return found, [i for i in range(n) if i not in found]

    if False:  # what a subclass states

        def _factor(self) -> Variable: ...


def _factor_of(rows: Variable, order: list[int]) -> Variable:
    """The Cholesky factor of R R^T, which is R itself if it is the beginning of a triangular matrix."""
    n = len(order)
    if order == list(range(n)):
        return rows[..., :n]
    return F.cholesky(rows @ transposed(rows))


def _derived_factor(self: Any) -> Variable:
    """From the covariance; or from the precision P = W^T W, whose W is the factor's inverse."""
    if self.given("covariance_matrix"):
        return F.cholesky(self.covariance_matrix)
    return inverse_of(self._whitener())


class MultivariateNormal(OfScaleTril, NormalVectors):
    r"""The Normal distribution of vectors.

    .. math:: \log p(x) = -\frac{1}{2} |L^{-1} (x - \mu)|^2 - \log \det L - \frac{n}{2} \log 2 \pi,
        \quad \Sigma = L L^T

    Args:
        loc: the mean mu, of shape ``[*batch, n]``.
        scale_tril: the lower Cholesky factor L of the covariance, with a positive diagonal, of shape
            ``[*batch, n, n]``; what is above its diagonal is not read.
        covariance_matrix: Sigma, symmetric and positive definite, instead of ``scale_tril``.
        precision_matrix: its inverse, instead of ``scale_tril``.

    Samples carry gradients to all parameters. Each of the three matrices can be read, whichever was given.

    Raises:
        ValueError: for a matrix that is not positive definite; names the member of the batch and the smallest
            pivot.

    Source:
        Chainer's ``chainer.distributions.MultivariateNormal``. Rasmussen and Williams, "Gaussian Processes
        for Machine Learning" (2006), appendix A.2.

    >>> import numpy as np
    >>> d = MultivariateNormal(np.zeros(2), covariance_matrix=np.array([[4.0, 2.0], [2.0, 2.0]]))
    >>> d.scale_tril.array
    array([[2., 0.],
           [1., 1.]])
    >>> d.condition([0], [2.0])
    MultivariateNormal(loc=[1.0], scale_tril=[[1.0]])
    """

    loc = Param(real, event_ndim=1)
    scale_tril = Param(cholesky_factor, event_ndim=2, derive=_derived_factor)
    covariance_matrix = Param(
        positive_definite,
        event_ndim=2,
        instead_of="scale_tril",
        derive=lambda self: (tril := self._factor()) @ transposed(tril),
    )
    precision_matrix = Param(
        positive_definite,
        event_ndim=2,
        instead_of="scale_tril",
        derive=lambda self: transposed(inverse := inverse_of(self._factor())) @ inverse,
    )

    def _whitener(self) -> Variable:
        """The inverse of the factor, from the precision matrix."""
        return transposed(upside_down(F.cholesky(upside_down(self.precision_matrix))))

    def _whitened(self, d: Variable) -> Variable:
        return through(self._whitener(), d) if self.given("precision_matrix") else super()._whitened(d)

    def _log_scale(self) -> Variable:
        if self.given("precision_matrix"):
            return -log_diagonal(self._whitener())
        return super()._log_scale()

    def _variance(self) -> Variable:
        return F.sum(self._factor() ** 2, axis=-1)

    def _covariance(self) -> Variable:
        return self.covariance_matrix


class MultivariateNormalDiag(NormalVectors):
    r"""The Normal distribution of vectors of independent elements.

    .. math:: \log p(x) = \sum_i \log \mathcal{N}(x_i; \mu_i, \sigma_i)

    Args:
        loc: the means, of shape ``[*batch, n]``.
        scale: the standard deviations > 0, of shape ``[*batch, n]``.

    Samples carry gradients to both. Marginals, conditionals and images under linear maps are Normals of
    vectors too.

    Source:
        TensorFlow Probability's ``MultivariateNormalDiag``.

    >>> import numpy as np
    >>> d = MultivariateNormalDiag(np.zeros(2), scale=np.array([1.0, 2.0]))
    >>> d.covariance.array
    array([[1., 0.],
           [0., 4.]])
    """

    scale = Param(positive, event_ndim=1)

    def _factor(self) -> Variable:
        eye = self.xp.eye(self.event_shape[0], dtype=self.dtype)
        return self.scale[..., None] * eye

    def _whitened(self, d: Variable) -> Variable:
        return d / self.scale

    def _log_scale(self) -> Variable:
        return F.sum(F.log(self.scale), axis=-1)

    def _spread(self, z: Variable) -> Variable:
        return self.scale * z

    def _variance(self) -> Variable:
        return self.scale * self.scale

    def _covariance(self) -> Variable:
        return self._factor() ** 2
