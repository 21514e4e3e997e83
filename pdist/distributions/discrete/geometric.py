"""The Geometric distribution."""

from __future__ import annotations

from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.trials import geometric_log_prob, geometric_tail
from ...transforms.supports import above_zero, positive_integer, real_or_inf
from ..base.parameters import Param
from ..base.weighted_data import Data
from ..families.logits import Odds
from ..families.trials import Trials


class Geometric(Trials):
    r"""How many coins are tossed until one shows 1, which each does with probability p.

    .. math:: P(x) = (1 - p)^{x - 1} p, \quad x = 1, 2, \dots

    Args:
        p: the probability of 1, in (0, 1], of shape ``[*batch]``; the mean is 1/p.
        logit: log(p/(1 - p)), instead of ``p``.

    Samples are counts: they have the dtype of the parameters, and carry no gradients.

    Source:
        Johnson, Kemp and Kotz, "Univariate Discrete Distributions", section 5.2.

    >>> import numpy as np
    >>> d = Geometric(p=np.array([0.5, 1.0]))
    >>> d.prob(2).array
    array([0.25, 0.  ])
    >>> d.mean.array
    array([2., 1.])
    """

    p = Param(above_zero, derive=Odds.p.derive)
    logit = Param(real_or_inf, instead_of="p", derive=Odds.logit.derive)
    support = positive_integer

    def _log_prob(self, x: Variable) -> Variable:
        return self._of(geometric_log_prob, x)

    def _any_tail(self, x: Variable, upper: bool, log: bool) -> Variable:
        return self._of(geometric_tail, x, upper=upper, log=log)

    def _entropy(self) -> Variable:
        return self._event_entropy() * self._mean()

    def _mean(self) -> Variable:
        return self._by(lambda p: 1 / p, lambda logit: 1 + F.exp(-logit))

    def _mode(self) -> Variable:
        return as_variable(self.xp.ones(self.batch_shape, self.dtype))

    @property
    def _ratio(self) -> Variable:
        """(1 - p)/p."""
        return self._by(lambda p: (1 - p) / p, lambda logit: F.exp(-logit))

    def _variance(self) -> Variable:
        return self._ratio * self._mean()

    def _deviation_at(self, x: Variable) -> Variable:
        return self._ratio * (x * F.exp(self._log_prob(x)))

    def _half_difference(self) -> Variable:
        """(1 - p)/(p (2 - p))."""
        return self._q * self._mean() / (1 + self._q)

    @classmethod
    def _fitted(cls, data: Data) -> dict[str, Any]:
        return {"p": 1 / data.mean}
