"""The BetaBinomial distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.beta_binomial import beta_binomial_log_prob
from ...transforms.supports import Support, counts_to, non_negative_integer, positive
from ..base.parameters import Param
from ..families.draws import beta_draws
from ..families.lattice import Lattice


class BetaBinomial(Lattice):
    r"""How many of n coins show 1, whose common probability is a Beta(a, b) variable.

    .. math:: P(x) = \binom{n}{x} \frac{B(x + a, n - x + b)}{B(a, b)}

    Args:
        n: the number of coins, whole numbers from 0 on, of shape ``[*batch]``; it gets no gradient.
        a: the first shape a > 0, of shape ``[*batch]``.
        b: the second shape b > 0, of shape ``[*batch]``; the mean is n a/(a + b).

    Samples are counts: they have the dtype of the parameters, and carry no gradients. Tails, quantiles and
    the entropy are sums over the counts, of which there may be two million.

    Source:
        Johnson, Kemp and Kotz, "Univariate Discrete Distributions", section 6.2.2.

    >>> import numpy as np
    >>> d = BetaBinomial(n=3, a=np.array([1.0, 2.0]), b=1.0)
    >>> d.prob(3).array
    array([0.25, 0.4 ])
    >>> d.cdf(1).array
    array([0.5, 0.3])
    """

    n = Param(non_negative_integer)
    a = Param(positive)
    b = Param(positive)

    @property
    def support(self) -> Support:
        """The counts from 0 to n."""
        return counts_to(self.n.array)

    def _log_prob(self, x: Variable) -> Variable:
        return beta_binomial_log_prob(x, self.n, self.a, self.b)

    def _mean(self) -> Variable:
        return self.n * (self.a / (self.a + self.b))

    def _variance(self) -> Variable:
        total = self.a + self.b
        p = self.a / total
        return self.n * p * (self.b / total) * ((total + self.n) / (total + 1))

    def _mode(self) -> Variable:
        """The likelier end where the masses have no peak in between."""
        a, b, n = self.a, self.b, self.n
        peak = (a.array > 1) & (b.array > 1)
        inside = F.floor((n + 1) * (F.where(peak, a - 1, 1.0) / F.where(peak, a + b - 2, 2.0)))
        return F.where(peak, F.minimum(inside, n), F.where(a.array > b.array, n, 0.0 * n))

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        p = beta_draws(self.xp, rng, shape, self.a.array, self.b.array)
        n = self.xp.broadcast_to(self.n.array, shape).astype(np.int64)
        return as_variable(rng.binomial(n, self.xp.clip(p, 0.0, 1.0), shape).astype(self.dtype))
