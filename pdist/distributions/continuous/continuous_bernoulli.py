"""The ContinuousBernoulli distribution."""

from __future__ import annotations

from typing import Any

from ...autograd import Variable, as_variable
from ...numerics import continuous_bernoulli as formulas
from ...transforms.supports import unit_interval
from ..base.tails import FourTails
from ..families.logits import InnerOdds


class ContinuousBernoulli(FourTails, InnerOdds):
    r"""The ContinuousBernoulli distribution, of grey values: a coin's mass as a density on [0, 1].

    .. math:: p(x) = C(\lambda) \lambda^x (1 - \lambda)^{1 - x}, \quad 0 \le x \le 1

    With the logit l of lambda the density is l e^(l x)/(e^l - 1): that of an Exponential within [0, 1].

    Args:
        p: lambda, between 0 and 1, of shape ``[*batch]``; it is not the mean.
        logit: log(lambda/(1 - lambda)), instead of ``p``.

    ``mode`` is the end where the density is higher; 1/2 where it is flat.

    Source:
        Loaiza-Ganem and Cunningham, "The continuous Bernoulli: fixing a pervasive error in variational
        autoencoders" (2019).

    >>> import numpy as np
    >>> d = ContinuousBernoulli(p=np.array([0.5, 0.9]))
    >>> d.mean.array
    array([0.5       , 0.66988039])
    """

    support = unit_interval
    reparameterized = True

    def _log_prob(self, x: Variable) -> Variable:
        return formulas.cb_log_prob(x, self.logit)

    def _any_tail(self, x: Variable, upper: bool, log: bool) -> Variable:
        return formulas.cb_tail(x, self.logit, upper=upper, log=log)

    def _icdf(self, p: Variable) -> Variable:
        return formulas.cb_quantile(p, self.logit)

    def _entropy(self) -> Variable:
        return formulas.cb_entropy(self.logit)

    def _mean(self) -> Variable:
        return formulas.cb_mean(self.logit)

    def _mode(self) -> Variable:
        logit = self.logit.array
        return as_variable((0.5 * (self.xp.sign(logit) + 1)).astype(self.dtype))

    def _variance(self) -> Variable:
        return formulas.log_sinhc(self.logit, order=2)

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return self._icdf(as_variable(rng.random(shape, dtype=self.dtype)))
