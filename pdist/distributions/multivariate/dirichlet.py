"""The Dirichlet distribution."""

from __future__ import annotations

from typing import Any

from ... import functions as F
from ...autograd import Variable
from ...numerics.constants import SMALLEST
from ...numerics.dirichlet import dirichlet_entropy, log_dirichlet_density
from ...transforms.supports import positive, simplex
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..continuous.beta import Beta
from ..families.draws import moved_log_gamma_draws


class Dirichlet(Distribution):
    r"""The Dirichlet distribution of K probabilities: a Beta distribution with K classes in place of two.

    .. math:: p(x) = \frac{1}{B(\alpha)} \prod_k x_k^{\alpha_k - 1}, \quad
        B(\alpha) = \frac{\prod_k \Gamma(\alpha_k)}{\Gamma(\sum_k \alpha_k)}

    with respect to the first K - 1 of the probabilities.

    Args:
        alpha: the shapes alpha_k > 0, of shape ``[*batch, K]``; the mean is proportional to them.

    Samples carry gradients to the shapes: they are shares of Gamma variables, whose gradients are implicit.
    Shares that would round to 0 are held above it. If a shape is less than 1, the density is infinite where
    that x_k is 0; ``mode`` is then the likeliest of the vectors without the classes of such shapes, or the
    class with the largest shape if no shape exceeds 1.

    Source:
        Kotz, Balakrishnan and Johnson, "Continuous Multivariate Distributions" 1, chapter 49. Figurnov,
        Mohamed and Mnih, "Implicit Reparameterization Gradients" (2018).

    >>> import numpy as np
    >>> d = Dirichlet(alpha=np.array([1.0, 2.0, 1.0]))
    >>> d.mean.array
    array([0.25, 0.5 , 0.25])
    >>> d.prob([0.2, 0.5, 0.3]).item()
    3.0
    >>> d.marginals(1)
    Beta(a=2.0, b=2.0)
    """

    alpha = Param(positive, event_ndim=1)
    support = simplex
    reparameterized = True

    @property
    def event_shape(self) -> tuple[int, ...]:
        """K, the number of classes."""
        return self.alpha.shape[-1:]

    @property
    def _total(self) -> Variable:
        return F.sum(self.alpha, axis=-1, keepdims=True)

    def _others(self) -> Variable:
        """The sum of the other shapes for each class, without cancellation."""
        k = self.alpha.shape[-1]
        return F.where(self.xp.eye(k, dtype=bool), 0.0, self.alpha[..., None, :]).sum(axis=-1)

    def marginals(self, index: int) -> Beta:
        """The distribution of one of the probabilities.

        Args:
            index: which of the K.

        Returns:
            A Beta distribution of batch shape ``[*batch]``; its parameters are functions of ``alpha``.

        Raises:
            IndexError: if there is no such class.
            ValueError: if there is one class only, whose probability is 1.
        """
        k = self.alpha.shape[-1]
        if not -k <= index < k:
            raise IndexError(f"Dirichlet.marginals: index is {index}; expected one from {-k} to {k - 1}")
        if k == 1:
            raise ValueError("Dirichlet.marginals: the probability of the only class is 1")
        return Beta(self.alpha[..., index], self._others()[..., index])

    def _log_prob(self, x: Variable) -> Variable:
        return log_dirichlet_density(x, self.alpha)

    def _entropy(self) -> Variable:
        return dirichlet_entropy(self.alpha)

    def _mean(self) -> Variable:
        return self.alpha / self._total

    def _mode(self) -> Variable:
        above = F.maximum(self.alpha - 1, 0.0)
        some = F.sum(above, axis=-1, keepdims=True)
        peak = some.array > 0
        k, flat = self.alpha.shape[-1], (self.alpha.array == 1).all(axis=-1, keepdims=True)
        largest = self.xp.arange(k) == self.alpha.array.argmax(axis=-1)[..., None]
        corner = self.xp.where(flat, 1 / k, largest.astype(self.dtype)).astype(self.dtype)
        return F.where(peak, above / F.where(peak, some, 1.0), corner)

    def _variance(self) -> Variable:
        total = self._total
        return self.alpha / total * (self._others() / total) / (total + 1)

    def _covariance(self) -> Variable:
        """m_j (1 - m_j) on the diagonal, -m_j m_k elsewhere, over A + 1."""
        mean, diagonal = self._mean(), self.xp.eye(self.alpha.shape[-1], dtype=bool)
        outer = mean[..., None] * mean[..., None, :] / (self._total + 1)[..., None]
        return F.where(diagonal, self._variance()[..., None], -outer)

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        logs = moved_log_gamma_draws(self.xp, rng, shape + self.event_shape, self.alpha)
        return F.maximum(F.softmax(logs, axis=-1), SMALLEST[self.dtype.itemsize > 4])
