"""The Wishart distribution of positive definite matrices, and that of their inverses."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.constants import LOG_2
from ...numerics.entropies import gamma_entropy
from ...numerics.gamma import log_gamma_density
from ...transforms.matrices import with_diagonal
from ...transforms.matrix_supports import cholesky_factor, positive_definite
from ...transforms.supports import positive
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..families.draws import moved_log_gamma_draws
from ..families.vectors import inverse_of, log_diagonal, transposed

_LOG_PI = math.log(math.pi)


class OfDegrees(Distribution):
    """Matrices of n rows by ``df`` > n - 1 degrees of freedom and the Cholesky factor of a matrix."""

    df = Param(positive)
    scale_tril = Param(cholesky_factor, event_ndim=2)
    support = positive_definite
    reparameterized = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        who, n = type(self).__name__, self._n
        if (self.df.array <= n - 1).any():
            least = float(self.df.array.min())
            raise ValueError(
                f"{who}: df is {least}; expected more than {n - 1}, one less than the {n} rows of scale_tril"
            )

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        return self.scale_tril.shape[-2:]

    @property
    def _n(self) -> int:
        return self.scale_tril.shape[-1]

    def _factor(self) -> Variable:
        return F.tril(self.scale_tril)

    def _scale(self) -> Variable:
        return (tril := self._factor()) @ transposed(tril)

    def _places(self) -> tuple[Any, Variable]:
        """i = 0, ..., n - 1, and the shapes (df - i)/2 of as many Gamma variables."""
        i = self.xp.arange(self._n, dtype=self.dtype)
        return i, 0.5 * (self.df[..., None] - i)

    def _log_density(self, ratio: Variable, more: Any) -> Variable:
        """With squares z_i = m_ii^2/2 as Gamma variables, times z_i^more, and others as Normal ones."""
        _, shapes = self._places()
        diagonal = F.diagonal(ratio, axis1=-2, axis2=-1)
        z = 0.5 * diagonal * diagonal
        others = F.tril(ratio, k=-1)
        each = log_gamma_density(z, shapes) + 2 * more * F.log(diagonal) - more * LOG_2
        rest = (self._n + 1) * log_diagonal(self._factor()) + 0.25 * self._n * (self._n - 1) * _LOG_PI
        return F.sum(each, axis=-1) - 0.5 * F.sum(others * others, axis=(-2, -1)) - rest

    def _entropy_of(self, more: Any) -> Variable:
        _, shapes = self._places()
        n = self._n
        each = F.sum(gamma_entropy(shapes) - more * F.digamma(shapes), axis=-1)
        return each + (n + 1) * log_diagonal(self._factor()) + 0.25 * n * (n - 1) * (1 + _LOG_PI)

    def _bartlett(self, shape: tuple[int, ...], rng: Any) -> Variable:
        """Lower triangular draws: roots of Chisquares on the diagonal, Normals below."""
        shapes = self._places()[1]
        logs = moved_log_gamma_draws(self.xp, rng, (*shape, self._n), shapes)
        diagonal = math.sqrt(2) * F.exp(0.5 * logs)
        noise = as_variable(rng.standard_normal((*shape, self._n, self._n), dtype=self.dtype))
        return with_diagonal(noise, diagonal)


class Wishart(OfDegrees):
    r"""The Wishart distribution: of the sum of the squares z z^T of as many Normal vectors as ``df`` says.

    .. math:: p(x) = \frac{(\det x)^{(\nu - n - 1)/2} e^{-\mathrm{tr}(V^{-1} x)/2}}
        {2^{\nu n/2} (\det V)^{\nu/2} \Gamma_n(\nu/2)}, \quad V = L L^T

    with respect to the elements on and below the diagonal.

    Args:
        df: the degrees of freedom nu > n - 1, of shape ``[*batch]``.
        scale_tril: the Cholesky factor L of V, of shape ``[*batch, n, n]``; what is above its diagonal is not
            read. The mean is nu V.

    Samples carry gradients to both; those to ``df`` are implicit.

    Source:
        M. L. Eaton, "Multivariate Statistics" (1983), chapter 8. M. S. Bartlett, "On the theory of
        statistical regression" (1933), for the draws.

    >>> import numpy as np
    >>> d = Wishart(df=5.0, scale_tril=np.eye(2))
    >>> d.mean.array
    array([[5., 0.],
           [0., 5.]])
    >>> d.log_prob(4 * np.eye(2)).array
    array(-5.55019499)
    """

    def _log_prob(self, x: Variable) -> Variable:
        ratio = F.solve_triangular(self._factor(), F.cholesky(x), lower=True)
        n = self._n
        more = 0.5 * (self._places()[0] + 1 - n)
        return self._log_density(ratio, more) - 0.5 * n * (n + 1) * LOG_2

    def _entropy(self) -> Variable:
        n = self._n
        return self._entropy_of(0.5 * (self._places()[0] + 1 - n)) + 0.5 * n * (n + 1) * LOG_2

    def _mean(self) -> Variable:
        return self.df[..., None, None] * self._scale()

    def _mode(self) -> Variable:
        """(df - n - 1) V; nan for fewer degrees than n + 1, where the density is infinite at singular x."""
        left = self.df - (self._n + 1)
        return F.where(left.array >= 0, left, math.nan)[..., None, None] * self._scale()

    def _variance(self) -> Variable:
        scale = self._scale()
        diagonal = F.diagonal(scale, axis1=-2, axis2=-1)
        both = diagonal[..., :, None] * diagonal[..., None, :]
        return self.df[..., None, None] * (scale * scale + both)

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        tril = self._factor() @ self._bartlett(shape, rng)
        return tril @ transposed(tril)


class InverseWishart(OfDegrees):
    r"""The InverseWishart distribution: of the inverse of a Wishart matrix, and a prior of covariances.

    .. math:: p(x) = \frac{(\det V)^{\nu/2} (\det x)^{-(\nu + n + 1)/2} e^{-\mathrm{tr}(V x^{-1})/2}}
        {2^{\nu n/2} \Gamma_n(\nu/2)}, \quad V = L L^T

    Args:
        df: the degrees of freedom nu > n - 1, of shape ``[*batch]``.
        scale_tril: the Cholesky factor L of V, of shape ``[*batch, n, n]``; what is above its diagonal is not
            read.

    Samples carry gradients to both; those to ``df`` are implicit. The mean is V/(nu - n - 1), and nan unless
    nu exceeds n + 1.

    Source:
        A. K. Gupta and D. K. Nagar, "Matrix Variate Distributions" (2000), section 3.4.

    >>> import numpy as np
    >>> InverseWishart(df=6.0, scale_tril=np.eye(2)).mean.array
    array([[0.33333333, 0.        ],
           [0.        , 0.33333333]])
    """

    undefined = frozenset({"mean"})

    def _log_prob(self, x: Variable) -> Variable:
        ratio = F.solve_triangular(F.cholesky(x), self._factor(), lower=True)
        n = self._n
        more = 0.5 * (self._places()[0] + n + 3)
        return self._log_density(ratio, more) + 0.5 * n * (n + 1) * LOG_2

    def _entropy(self) -> Variable:
        n = self._n
        return self._entropy_of(0.5 * (self._places()[0] + n + 3)) - 0.5 * n * (n + 1) * LOG_2

    def _mean(self) -> Variable:
        left = self.df - (self._n + 1)
        finite = left.array > 0
        factor = F.where(finite, 1 / F.where(finite, left, 1.0), math.nan)
        return factor[..., None, None] * self._scale()

    def _mode(self) -> Variable:
        return self._scale() / (self.df + (self._n + 1))[..., None, None]

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        """The inverse of what a Wishart of V^-1 = L^-T L^-1 draws: C C^T with C = L B^-T, B of Bartlett."""
        half = self._factor() @ transposed(inverse_of(self._bartlett(shape, rng)))
        return half @ transposed(half)
