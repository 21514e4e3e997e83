"""The distribution of Lewandowski, Kurowicka and Joe: of correlations, and of their Cholesky factors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.student_vectors import log_gamma_rise
from ...transforms.matrix_supports import correlation, correlation_factor
from ...transforms.supports import positive
from ..base.distribution import Distribution
from ..base.parameters import Option, Param
from ..families.draws import moved_log_gamma_draws
from ..families.vectors import transposed


class Correlations(Distribution):
    """Correlations of ``dim`` variables that are as likely in whatever order these are."""

    concentration = Param(positive)
    dim = Option(2)
    reparameterized = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if len(args) > 2:
            raise TypeError(f"{type(self).__name__}: at most 2 positional arguments, got {len(args)}")
        given = dict(zip(("dim", "concentration"), args, strict=False))
        if twice := given.keys() & kwargs.keys():
            raise TypeError(f"{type(self).__name__}: {sorted(twice)[0]} was given twice")
        given |= kwargs
        dim, concentration = given.pop("dim", None), given.pop("concentration", None)
        if isinstance(dim, bool) or not isinstance(dim, int | np.integer) or dim < 2:
            raise ValueError(f"{type(self).__name__}: dim is {dim!r}; expected a whole number from 2 on")
        concentration = 1.0 if concentration is None else concentration
        super().__init__(concentration=concentration, dim=int(dim), **given)

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        return (self.dim, self.dim)

    def _norm(self) -> Variable:
        """Sum over 0 < j < dim of log(pi) j/2 + log Gamma(a - j/2) - log Gamma(a), a = c + (dim - 1)/2."""
        total: Any = 0.0
        for j in range(1, self.dim):
            h = self.concentration + 0.5 * (self.dim - 1 - j)
            total = total + (0.5 * j * (math.log(math.pi) - F.log(h)) - log_gamma_rise(h, n=j))
        return total

    def _factor_draws(self, shape: tuple[int, ...], rng: Any) -> Variable:
        """Row by row: how much of a row lies before the diagonal is a Beta, its direction there uniform."""
        n, c = self.dim, self.concentration
        i = self.xp.arange(1, n, dtype=self.dtype)
        before = as_variable(0.5 * i)
        after = c[..., None] + (0.5 * (n - 2) - 0.5 * (i - 1))
        one, other = (
            moved_log_gamma_draws(self.xp, rng, (*shape, n - 1), F.broadcast_to(k, after.shape))
            for k in (before, after)
        )
        shares = F.softmax(F.stack([one, other], axis=-1), axis=-1)
        noise = F.tril(as_variable(rng.standard_normal((*shape, n - 1, n), dtype=self.dtype)), k=0)
        noise = noise / F.sqrt(F.sum(noise * noise, axis=-1, keepdims=True))
        eye = self.xp.eye(n, dtype=self.dtype)
        rows = F.sqrt(shares[..., :1]) * noise + F.sqrt(shares[..., 1:]) * eye[1:]
        first = F.broadcast_to(as_variable(eye[:1]), (*shape, 1, n))
        return F.concat([first, rows], axis=-2)


class LKJCholesky(Correlations):
    r"""The Cholesky factor of a correlation matrix whose density is a power of its determinant.

    .. math:: p(L) \propto \prod_{i=2}^n L_{ii}^{n - i + 2 (\eta - 1)}

    with respect to the elements below the diagonal.

    Args:
        dim: the number n of rows, 2 or more.
        concentration: eta > 0, of shape ``[*batch]``; at 1 all correlation matrices are equally likely, more
            favours weak correlations. 1 by default.

    Samples carry implicit gradients to ``concentration``.

    Source:
        D. Lewandowski, D. Kurowicka and H. Joe, "Generating random correlation matrices based on vines and
        extended onion method", Journal of Multivariate Analysis 100 (2009).

    >>> import numpy as np
    >>> LKJCholesky(2, concentration=1.0).prob(np.eye(2)).array  # the correlation is uniform on [-1, 1]
    array(0.5)
    """

    support = correlation_factor

    def _log_prob(self, x: Variable) -> Variable:
        power = self.xp.arange(self.dim - 2, -1, -1, dtype=self.dtype) + 2 * (
            self.concentration[..., None] - 1
        )
        diagonal = F.diagonal(x, axis1=-2, axis2=-1)[..., 1:]
        return F.sum(power * F.log(diagonal), axis=-1) - self._norm()

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return self._factor_draws(shape, rng)


class LKJ(Correlations):
    r"""A correlation matrix whose density is a power of its determinant.

    .. math:: p(R) \propto (\det R)^{\eta - 1}

    with respect to the elements below the diagonal.

    Args:
        dim: the number n of rows, 2 or more.
        concentration: eta > 0, of shape ``[*batch]``; at 1 the distribution is uniform. 1 by default.

    Samples carry implicit gradients to ``concentration``. ``mean`` is the matrix without correlations; each
    correlation is a Beta(a, a) stretched to [-1, 1], a = eta + n/2 - 1.

    Source:
        As :class:`LKJCholesky`.

    >>> import numpy as np
    >>> d = LKJ(3, concentration=2.0)
    >>> d.variance.array
    array([[0.        , 0.16666667, 0.16666667],
           [0.16666667, 0.        , 0.16666667],
           [0.16666667, 0.16666667, 0.        ]], dtype=float32)
    """

    support = correlation

    def _log_prob(self, x: Variable) -> Variable:
        diagonal = F.diagonal(F.cholesky(x), axis1=-2, axis2=-1)
        return 2 * (self.concentration - 1) * F.sum(F.log(diagonal), axis=-1) - self._norm()

    def _mean(self) -> Variable:
        eye = as_variable(self.xp.eye(self.dim, dtype=self.dtype))
        return F.broadcast_to(eye, self.batch_shape + eye.shape) + 0 * self.concentration[..., None, None]

    _mode = _mean

    def _variance(self) -> Variable:
        """1/(2 a + 1) with a = eta + n/2 - 1, but 0 on the diagonal."""
        apart = 1 - self.xp.eye(self.dim, dtype=self.dtype)
        return apart / (2 * self.concentration + (self.dim - 1))[..., None, None]

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        tril = self._factor_draws(shape, rng)
        return tril @ transposed(tril)
