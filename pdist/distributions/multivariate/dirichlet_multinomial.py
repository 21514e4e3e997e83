"""The DirichletMultinomial distribution."""

from __future__ import annotations

from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.multinomial import dirichlet_multinomial_log_prob
from ...transforms.supports import Support, counts_of_sum, non_negative_integer, positive
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..families.draws import log_gamma_draws, multinomial_draws
from .dirichlet import Dirichlet


class DirichletMultinomial(Distribution):
    r"""How often each of K classes is drawn in n draws, if their probabilities are a Dirichlet vector.

    .. math:: P(x) = \frac{n!\, \Gamma(A)}{\Gamma(n + A)}
        \prod_k \frac{\Gamma(x_k + \alpha_k)}{x_k!\, \Gamma(\alpha_k)}, \quad
        A = \sum_k \alpha_k, \quad \sum_k x_k = n

    Args:
        n: the number of draws, whole numbers from 0 on, of shape ``[*batch]``; it gets no gradient.
        alpha: the shapes alpha_k > 0, of shape ``[*batch, K]``; the mean is proportional to them.

    Counts that do not sum to n have log_prob -inf. Samples are counts: they have the dtype of the parameters,
    and carry no gradients.

    Source:
        Johnson, Kotz and Balakrishnan, "Discrete Multivariate Distributions", section 35.13.1.

    >>> import numpy as np
    >>> d = DirichletMultinomial(n=2, alpha=np.array([1.0, 1.0, 1.0]))
    >>> d.prob([[2, 0, 0], [1, 1, 0], [1, 1, 1]]).array.round(6)
    array([0.166667, 0.166667, 0.      ])
    """

    n = Param(non_negative_integer)
    alpha = Param(positive, event_ndim=1)

    @property
    def support(self) -> Support:
        """The vectors of counts that sum to n."""
        return counts_of_sum(self.n.array)

    @property
    def event_shape(self) -> tuple[int, ...]:
        """K, the number of classes."""
        return self.alpha.shape[-1:]

    def _log_prob(self, x: Variable) -> Variable:
        return dirichlet_multinomial_log_prob(x, self.n, self.alpha)

    def _mean(self) -> Variable:
        return self.n[..., None] * Dirichlet(self.alpha).mean

    @property
    def _spread(self) -> Variable:
        """The ratio n (A + n) of the variances of counts and probabilities."""
        return self.n * (F.sum(self.alpha, axis=-1) + self.n)

    def _variance(self) -> Variable:
        return self._spread[..., None] * Dirichlet(self.alpha).variance

    def _covariance(self) -> Variable:
        return self._spread[..., None, None] * Dirichlet(self.alpha).covariance

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        xp, alpha = self.xp, self.alpha.array
        logs = log_gamma_draws(xp, rng, shape + self.event_shape, alpha)
        p = xp.exp(logs - logs.max(axis=-1, keepdims=True))
        counts = multinomial_draws(xp, rng, shape, self.n.array, p / p.sum(axis=-1, keepdims=True))
        return as_variable(counts.astype(self.dtype))
