"""The Categorical distribution of one-hot vectors."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable, differentiable
from ...numerics.logits import (
    class_complements,
    class_entropy,
    class_entropy_p,
    class_log_probabilities,
    class_probabilities,
)
from ...numerics.probability import log_probability, sqrt_or_zero
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..base.supports import log_probabilities, one_hot, simplex
from ..discrete.categorical import draw_classes, kl_of_classes
from ..divergences.registry import register_kl


@differentiable
def one_hot_log_prob(xp, x, log_p):
    """sum x log p over the last axis; 0 where x = 0, also at p = 0."""
    return xp.where(x == 0, 0, x * log_p).sum(axis=-1)


one_hot_log_prob.derivative(
    x=lambda F, g, log_p: g[..., None] * F.where(log_p == -math.inf, 0.0, log_p),
    log_p=lambda F, g, x: g[..., None] * x,
)


class OneHotCategorical(Distribution):
    r"""One of K classes as a vector with a one at its place and zeros elsewhere.

    .. math:: P(x) = \prod_k p_k^{x_k}

    Args:
        p: the probabilities, of shape ``[*batch, K]``; each row sums to one within a few roundings.
        logit: log p up to a constant a row, of that shape, instead of ``p``: real or -inf.

    Samples carry no gradients. Where a class has p = 0 a slope by p may be infinite; the gradient is then 0.

    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), section 2.2.

    >>> import numpy as np
    >>> d = OneHotCategorical(p=np.array([0.5, 0.25, 0.25]))
    >>> d.prob(np.eye(3)).array
    array([0.5 , 0.25, 0.25])
    >>> d.covariance.array
    array([[ 0.25  , -0.125 , -0.125 ],
           [-0.125 ,  0.1875, -0.0625],
           [-0.125 , -0.0625,  0.1875]])
    """

    p = Param(simplex, event_ndim=1, derive=lambda self: class_probabilities(self.logit))
    logit = Param(
        log_probabilities, event_ndim=1, instead_of="p", derive=lambda self: log_probability(self.p)
    )
    support = one_hot

    @property
    def event_shape(self) -> tuple[int, ...]:
        return self._leading.shape[-1:]

    @property
    def n_classes(self) -> int:
        """K, how many classes there are."""
        return self._leading.shape[-1]

    @property
    def log_p(self) -> Variable:
        """The logarithms of the probabilities, of shape ``[*batch, K]``."""
        return class_log_probabilities(self.logit) if self.given("logit") else self.logit

    def _log_prob(self, x: Variable) -> Variable:
        return one_hot_log_prob(x, self.log_p)

    def _entropy(self) -> Variable:
        return class_entropy(self.logit) if self.given("logit") else class_entropy_p(self.p)

    def _mean(self) -> Variable:
        return self.p

    def _mode(self) -> Variable:
        return self._vectors(self._leading.array.argmax(axis=-1))

    def _variance(self) -> Variable:
        return self.p * (class_complements(self.logit) if self.given("logit") else 1 - self.p)

    def _stddev(self) -> Variable:
        return sqrt_or_zero(self._variance())

    def _covariance(self) -> Variable:
        """diag(p) - p p^T."""
        p = self.p
        diagonal = self.xp.eye(self.n_classes, dtype=bool)
        return F.where(diagonal, self._variance()[..., None], -p[..., None] * p[..., None, :])

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return self._vectors(draw_classes(self.xp, self.p.array, shape, rng))

    def _vectors(self, label: Any) -> Variable:
        """One-hot vectors of labels."""
        return as_variable((label[..., None] == self.xp.arange(self.n_classes)).astype(self.dtype))


@register_kl(OneHotCategorical, OneHotCategorical)
def _kl_one_hot_one_hot(p: OneHotCategorical, q: OneHotCategorical) -> Variable:
    return kl_of_classes(p, q)
