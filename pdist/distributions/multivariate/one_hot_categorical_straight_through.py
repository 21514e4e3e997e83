"""The OneHotCategoricalStraightThrough distribution."""

from __future__ import annotations

from typing import Any

from ...autograd import Variable, as_variable
from .one_hot_categorical import OneHotCategorical


class OneHotCategoricalStraightThrough(OneHotCategorical):
    r"""A OneHotCategorical whose draws pass gradients on to the probabilities as if they were these.

    .. math:: P(x) = \prod_k p_k^{x_k}, \quad \frac{\partial X}{\partial p} := 1

    Such gradients are biased: they are those of f(p) beside the true ones of E[f(X)], unless f is linear.

    Args:
        p: the probabilities, of shape ``[*batch, K]``; each row sums to one within a few roundings.
        logit: log p up to a constant per row, of that shape, instead of ``p``: real or -inf.

    Source:
        Bengio, Leonard and Courville, "Estimating or Propagating Gradients Through Stochastic Neurons for
        Conditional Computation" (2013).

    >>> import numpy as np, pdist
    >>> p = pdist.Variable(np.array([0.2, 0.3, 0.5]))
    >>> x = OneHotCategoricalStraightThrough(p).sample(rng=0)
    >>> x.array
    array([0., 0., 1.])
    >>> pdist.grad([(x * [1.0, 2.0, 4.0]).sum()], [p])[0].array
    array([1., 2., 4.])
    """

    reparameterized = True
    unbiased = False

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        p = self.p
        return super()._sample(shape, rng) + (p - as_variable(p.array))
