"""The Multinomial distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd import Variable, as_variable
from ...numerics.multinomial import multinomial_log_prob, multinomial_log_prob_p
from ...transforms.supports import Support, counts_of_sum, non_negative_integer
from ..base.parameters import Param
from ..families.draws import multinomial_draws
from ..families.logits import Logits


class Multinomial(Logits):
    r"""How often each of K classes is drawn in n independent draws.

    .. math:: P(x) = n! \prod_k \frac{p_k^{x_k}}{x_k!}, \quad \sum_k x_k = n

    Args:
        n: the number of draws, whole numbers from 0 on, of shape ``[*batch]``; it gets no gradient.
        p: the probabilities, of shape ``[*batch, K]``; each row sums to one within a few roundings.
        logit: log p up to a constant per row, of that shape, instead of ``p``: real or -inf.

    Counts that do not sum to n have log_prob -inf. Samples are counts: they have the dtype of the parameters,
    and carry no gradients. There is no formula for the entropy.

    Source:
        Johnson, Kotz and Balakrishnan, "Discrete Multivariate Distributions", chapter 35.

    >>> import numpy as np
    >>> d = Multinomial(n=3, p=np.array([0.5, 0.25, 0.25]))
    >>> d.prob([[3, 0, 0], [1, 1, 1], [1, 1, 0]]).array
    array([0.125 , 0.1875, 0.    ])
    >>> d.mean.array
    array([1.5 , 0.75, 0.75])
    """

    n = Param(non_negative_integer)
    order = ("n", "p")

    @property
    def support(self) -> Support:
        """The vectors of counts that sum to n."""
        return counts_of_sum(self.n.array)

    @property
    def n_classes(self) -> int:
        """K, the number of classes."""
        return (self.p if self.given("p") else self.logit).shape[-1]

    @property
    def event_shape(self) -> tuple[int, ...]:
        """K, the number of classes."""
        return (self.n_classes,)

    def _log_prob(self, x: Variable) -> Variable:
        return self._by(multinomial_log_prob_p, multinomial_log_prob, x, self.n)

    def _mean(self) -> Variable:
        return self.n[..., None] * self.p

    def _variance(self) -> Variable:
        return self.n[..., None] * self._indicator_variance()

    def _covariance(self) -> Variable:
        """n (diag(p) - p p^T)."""
        return self.n[..., None, None] * self._indicator_covariance()

    def _entropy(self) -> Variable:
        raise self._no("entropy")

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        p = self.p.array.astype(np.float64)
        return as_variable(multinomial_draws(self.xp, rng, shape, self.n.array, p).astype(self.dtype))
