"""The Binomial distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.odds import bernoulli_variance, bernoulli_variance_logit
from ...numerics.spread import half_difference
from ...numerics.trials import binomial_log_prob, binomial_mean, binomial_tail, binomial_variance
from ...transforms.supports import Support, counts_to, non_negative_integer
from ..base.parameters import Param
from ..base.weighted_data import Data
from ..families.trials import Trials


class Binomial(Trials):
    r"""How many of n coins show 1, each with probability p.

    .. math:: P(x) = \binom{n}{x} p^x (1 - p)^{n - x}

    Args:
        n: the number of coins, whole numbers from 0 on, of shape ``[*batch]``; it gets no gradient.
        p: the probability of 1, in [0, 1], of shape ``[*batch]``.
        logit: log(p/(1 - p)), real or infinite, instead of ``p``.

    Samples are counts: they have the dtype of the parameters, and carry no gradients. Where p is 0 or 1 a
    slope may be infinite; the gradient by p is then 0.

    Source:
        C. Loader, "Fast and accurate computation of binomial probabilities" (2000), for the density;
        Johnson, Kemp and Kotz, "Univariate Discrete Distributions", section 3.

    >>> import numpy as np
    >>> d = Binomial(n=4, p=np.array([0.25, 0.5]))
    >>> d.prob(1).array
    array([0.421875, 0.25    ])
    >>> d.survival_function(2).array
    array([0.05078125, 0.3125    ])
    """

    n = Param(non_negative_integer)
    order = ("n", "p")

    @property
    def support(self) -> Support:
        """The counts from 0 to n."""
        return counts_to(self.n.array)

    def _log_prob(self, x: Variable) -> Variable:
        return self._of(binomial_log_prob, x, self.n)

    def _any_tail(self, x: Variable, upper: bool, log: bool) -> Variable:
        return self._of(binomial_tail, x, self.n, upper=upper, log=log)

    _entropy = Trials._entropy_near_mean

    def _mean(self) -> Variable:
        n = self.n.array
        return self._by(lambda p: n * p, lambda logit: binomial_mean(n, logit))

    def _mode(self) -> Variable:
        return F.minimum(F.floor((self.n + 1) * self.p), self.n)

    def _variance(self) -> Variable:
        n = self.n.array
        return self._by(lambda p: n * bernoulli_variance(p), lambda logit: binomial_variance(n, logit))

    def _deviation_at(self, x: Variable) -> Variable:
        return self.p * ((self.n - x) * F.exp(self._log_prob(x)))

    def _half_difference(self) -> Variable:
        n, odd = self.n, self._by(bernoulli_variance, bernoulli_variance_logit)
        return half_difference(self.xp, 4 * odd, lambda s: -F.expm1(n * F.log1p(-s)), n * odd)

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        counts = rng.binomial(self.n.array.astype(np.int64), self._wide_p, shape)
        return as_variable(counts.astype(self.dtype))

    @classmethod
    def _fitted(cls, data: Data, n: Any = None) -> dict[str, Any]:
        if n is None:
            raise NotImplementedError("Binomial.fit: n has to be given")
        data.require(counts_to(n).test(np, data.values), f"a whole number from 0 to n, {n}")
        return {"n": n, "p": data.mean / np.where(n > 0, n, 1)}
