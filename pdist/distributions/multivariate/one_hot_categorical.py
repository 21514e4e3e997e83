"""The Categorical distribution of one-hot vectors."""

from __future__ import annotations

from typing import Any

from ...autograd import Variable, as_variable
from ...numerics.logits import class_stddevs, one_hot_log_prob
from ...numerics.odds import bernoulli_stddev
from ...transforms.supports import one_hot
from ..families.logits import Logits


class OneHotCategorical(Logits):
    r"""One of K classes as a one-hot vector.

    .. math:: P(x) = \prod_k p_k^{x_k}

    Args:
        p: the probabilities, of shape ``[*batch, K]``; each row sums to one within a few roundings.
        logit: log p up to a constant per row, of that shape, instead of ``p``: real or -inf.

    Samples have the dtype of the parameters, and carry no gradients. If a class has p = 0, a derivative in p
    may be infinite; the gradient is then 0.

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

    support = one_hot
    _variance, _covariance = Logits._indicator_variance, Logits._indicator_covariance

    @property
    def event_shape(self) -> tuple[int, ...]:
        return (self.n_classes,)

    def _log_prob(self, x: Variable) -> Variable:
        return one_hot_log_prob(x, self.log_p)

    def _mean(self) -> Variable:
        return self.p

    def _stddev(self) -> Variable:
        return self._by(bernoulli_stddev, class_stddevs)

    def _mode(self) -> Variable:
        return self._vectors(self._likeliest())

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return self._vectors(self._draw_labels(shape, rng))

    def _vectors(self, label: Any) -> Variable:
        """One-hot vectors of labels."""
        return as_variable((label[..., None] == self.xp.arange(self.n_classes)).astype(self.dtype))
