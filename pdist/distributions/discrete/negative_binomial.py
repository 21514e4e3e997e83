"""The negative Binomial distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.counts import draw_counts
from ...numerics.probability import log_odds
from ...numerics.spread import half_difference
from ...numerics.trials import negative_binomial_log_prob, negative_binomial_tail
from ...transforms.supports import below_one, non_negative_integer, positive, real_or_minus_inf
from ..base.parameters import MomentParam, Param
from ..families.logits import Odds
from ..families.trials import Trials


def _logit(self: Any) -> Variable:
    """log(p/(1 - p)) from p, or from the mean and the dispersion."""
    return log_odds(self.p) if self.given("p") else F.log(self.mean) + F.log(self.dispersion)


class NegativeBinomial(Trials):
    r"""How many successes, each with probability p, come before the n-th failure; n need not be whole.

    .. math:: P(x) = \frac{\Gamma(x + n)}{\Gamma(n) \, x!} (1 - p)^n p^x

    Args:
        n: the number of failures n > 0, of shape ``[*batch]``.
        p: the probability of a success, in [0, 1), of shape ``[*batch]``; the mean is n p/(1 - p).
        logit: log(p/(1 - p)), instead of ``p``.
        mean: n p/(1 - p) > 0, of shape ``[*batch]``, together with
        dispersion: 1/n > 0, instead of ``n`` and ``p``; the variance is mean + dispersion mean^2.

    It is a Poisson whose rate is a Gamma of shape n and scale p/(1 - p). Samples are counts: they have the
    dtype of the parameters, and carry no gradients.

    Source:
        C. Loader, "Fast and accurate computation of binomial probabilities" (2000), for the density;
        Johnson, Kemp and Kotz, "Univariate Discrete Distributions", section 5.

    >>> import numpy as np
    >>> d = NegativeBinomial(n=np.array([1.0, 2.0]), p=0.5)
    >>> d.prob(1).array
    array([0.25, 0.25])
    >>> d.mean.array
    array([1., 2.])
    >>> NegativeBinomial(mean=np.array(3.0), dispersion=0.5).variance.item()
    7.5
    """

    n = Param(positive, derive=lambda self: 1 / self.dispersion)
    p = Param(below_one, derive=Odds.p.derive)
    logit = Param(real_or_minus_inf, instead_of="p", derive=_logit)
    mean = MomentParam(positive, instead_of="p")
    dispersion = Param(positive, instead_of="n", derive=lambda self: 1 / self.n)
    together = ("mean", "dispersion")
    order = ("n", "p")
    support = non_negative_integer

    def _log_prob(self, x: Variable) -> Variable:
        return self._of(negative_binomial_log_prob, x, self.n)

    def _any_tail(self, x: Variable, upper: bool, log: bool) -> Variable:
        return self._of(negative_binomial_tail, x, self.n, upper=upper, log=log)

    @property
    def _ratio(self) -> Variable:
        """p/(1 - p)."""
        if self.given("mean"):
            return self.mean * self.dispersion
        return self._by(lambda p: p / (1 - p), F.exp)

    def _entropy(self) -> Variable:
        """Of a mean many deviations from 0, or within few of them, by counts; else by an integral."""
        n, mean, ratio = self.n, self._mean(), self._ratio
        narrow = (n * self.p).array >= 100
        counted = narrow | (self.stddev.array <= 10)
        logs = n * F.log1p(ratio) + mean * F.log1p(1 / F.where(mean.array > 0, ratio, 1.0))
        xp, shape = self.xp, [-1, *[1] * len(self.batch_shape)]
        # E log(X! Gamma(n)/Gamma(X + n)) by Malmsten's integral, on the logarithms s of its variable
        low = -40 - xp.log1p(mean.array)
        high = 4 - xp.log(xp.minimum(n.array, 1))
        s = low + (high - low) / 400 * xp.arange(401, dtype=self.dtype).reshape(shape)
        t = xp.exp(s).astype(self.dtype)
        gone = -xp.expm1(-t)
        rise = -F.expm1(-n * F.log1p(ratio * gone))
        y = F.sum(rise * (F.exp(-n * t) - xp.exp(-t)) / gone, axis=0) * ((high - low) / 400).astype(
            self.dtype
        )
        return F.where(counted, self._entropy_near_mean(), logs + y)

    def _mean(self) -> Variable:
        return self.n * self._ratio

    def _mode(self) -> Variable:
        return F.floor(F.maximum(self.n - 1, 0.0) * self._ratio)

    def _variance(self) -> Variable:
        ratio = self._ratio
        return self.n * ratio * (1 + ratio)

    def _deviation_at(self, x: Variable) -> Variable:
        return self._ratio * ((self.n + x) * F.exp(self._log_prob(x)))

    def _half_difference(self) -> Variable:
        n, steep = self.n, self._ratio * (1 + self._ratio)
        return half_difference(
            self.xp, 4 * steep, lambda s: -F.expm1(-n * F.log1p(s)), F.maximum(n, 1.0) * steep
        )

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        n, ratio = (v.array.astype(np.float64) for v in (self.n, self._ratio))
        rate = rng.standard_gamma(n, shape) * ratio
        return as_variable(draw_counts(self.xp, rate, shape, rng).astype(self.dtype))
