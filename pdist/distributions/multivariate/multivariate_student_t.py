"""Student's t distribution of vectors."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.constants import HALF_LOG_2PI
from ...numerics.student_vectors import digamma_rise, log_gamma_rise
from ...transforms.matrix_supports import cholesky_factor
from ...transforms.supports import positive, real
from ..base.parameters import Param
from ..families.draws import moved_log_gamma_draws
from ..families.vectors import OfScaleTril, transposed


class MultivariateStudentT(OfScaleTril):
    r"""Student's t distribution of vectors: Normal ones, over the root of one Chisquare(df)/df variable.

    .. math:: p(x) = \frac{\Gamma((\nu + n)/2)}{\Gamma(\nu/2) (\nu \pi)^{n/2} \det L}
        \left(1 + \frac{1}{\nu} |L^{-1} (x - \mu)|^2\right)^{-(\nu + n)/2}

    Args:
        df: the degrees of freedom nu > 0, of shape ``[*batch]``.
        loc: mu, of shape ``[*batch, n]``.
        scale_tril: the lower triangular L with a positive diagonal, of shape ``[*batch, n, n]``; what is
            above its diagonal is not read.

    Samples carry gradients to all parameters; those to ``df`` are implicit. ``mean`` is nan for df up to 1;
    ``variance`` and ``covariance`` are inf for df in (1, 2], and nan where the mean is.

    Source:
        S. Kotz and S. Nadarajah, "Multivariate t Distributions and Their Applications" (2004).

    >>> import numpy as np
    >>> d = MultivariateStudentT(df=4.0, loc=np.zeros(2), scale_tril=np.eye(2))
    >>> d.prob([0.0, 0.0]).array
    array(0.15915494)
    >>> d.covariance.array
    array([[2., 0.],
           [0., 2.]])
    """

    df = Param(positive)
    loc = Param(real, event_ndim=1)
    scale_tril = Param(cholesky_factor, event_ndim=2)
    order = ("df", "loc", "scale_tril")
    undefined = frozenset({"mean", "variance", "stddev", "covariance"})

    def _norm(self) -> Variable:
        """log Gamma((df + n)/2) - log Gamma(df/2) - n log(df pi)/2."""
        n = self.event_shape[0]
        return log_gamma_rise(0.5 * self.df, n=n) - n * HALF_LOG_2PI

    def _log_prob(self, x: Variable) -> Variable:
        power = 0.5 * (self.df + self.event_shape[0])
        return self._norm() - self._log_scale() - power * F.log1p(self._square(x) / self.df)

    def _entropy(self) -> Variable:
        n = self.event_shape[0]
        power = 0.5 * (self.df + n)
        return self._log_scale() - self._norm() + power * digamma_rise(0.5 * self.df, n=n)

    def _mean(self) -> Variable:
        return F.where((self.df.array > 1)[..., None], self.loc, math.nan)

    def _ratio(self) -> Variable:
        """df/(df - 2), inf up to 2, nan up to 1."""
        finite = self.df.array > 2
        df = F.where(finite, self.df, 3.0)
        rest = self.xp.where(self.df.array > 1, math.inf, math.nan).astype(self.dtype)
        return F.where(finite, df / (df - 2), rest)

    def _variance(self) -> Variable:
        return self._ratio()[..., None] * F.sum(self._factor() ** 2, axis=-1)

    def _covariance(self) -> Variable:
        tril = self._factor()
        return self._ratio()[..., None, None] * (tril @ transposed(tril))

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        half = 0.5 * self.df
        log_ratio = moved_log_gamma_draws(self.xp, rng, shape, as_variable(half)) - F.log(half)
        noise = self._noise(shape, rng) * F.exp(-0.5 * log_ratio)[..., None]
        return self.loc + self._spread(noise)
