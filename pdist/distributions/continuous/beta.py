"""The Beta distribution."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.beta import beta_entropy, log_beta_density
from ...numerics.beta_shape import beta_quantile, beta_tail, moved_beta
from ...numerics.gamma import gamma_step
from ...transforms.supports import open_unit_interval, positive, unit_interval
from ..base.distribution import Distribution
from ..base.parameters import MomentParam, Param
from ..base.tails import FourTails
from ..families.draws import beta_draws


class Beta(FourTails, Distribution):
    r"""The Beta distribution of a probability: that of the a-th smallest of a + b - 1 uniform numbers.

    .. math:: p(x) = \frac{x^{a - 1} (1 - x)^{b - 1}}{B(a, b)}, \quad 0 \le x \le 1

    Args:
        a: the first shape a > 0, of shape ``[*batch]``.
        b: the second shape b > 0, of shape ``[*batch]``; the mean is a/(a + b).
        mean: a/(a + b), in (0, 1), together with
        concentration: a + b > 0, instead of ``a`` and ``b``.

    Samples carry gradients to both shapes; they are implicit. The mode of a density with two peaks is the end
    with the smaller shape.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 2, chapter 25.

    >>> import numpy as np
    >>> d = Beta(a=np.array([1.0, 2.0]), b=3.0)
    >>> d.mean.array
    array([0.25, 0.4 ])
    >>> d.cdf(0.5).array
    array([0.875 , 0.6875])
    >>> d = Beta(mean=0.25, concentration=4.0)
    >>> d.a.item(), d.b.item()
    (1.0, 3.0)
    """

    a = Param(positive, derive=lambda self: self.mean * self.concentration)
    b = Param(positive, derive=lambda self: (1 - self.mean) * self.concentration)
    mean = MomentParam(open_unit_interval, instead_of="a")
    concentration = Param(positive, instead_of="b", derive=lambda self: self.a + self.b)
    together = ("mean", "concentration")
    support = unit_interval
    reparameterized = True

    def _log_prob(self, x: Variable) -> Variable:
        return log_beta_density(x, self.a, self.b)

    def _any_tail(self, x: Variable, upper: bool, log: bool) -> Variable:
        return beta_tail(F.clip(x, 0.0, 1.0), self.a, self.b, upper=upper, log=log)

    def _icdf(self, p: Variable) -> Variable:
        return beta_quantile(p, self.a, self.b)

    def _entropy(self) -> Variable:
        return beta_entropy(self.a, self.b)

    def _mean(self) -> Variable:
        return self.a / (self.a + self.b)

    def _mode(self) -> Variable:
        a, b = self.a, self.b
        peak = (a.array > 1) & (b.array > 1)
        inside = F.where(peak, a - 1, 1.0) / F.where(peak, a + b - 2, 2.0)
        return F.where(
            peak | ((a.array == 1) & (b.array == 1)), inside, (a.array > b.array).astype(self.dtype)
        )

    def _variance(self) -> Variable:
        n = self.a + self.b
        return self.a / n * (self.b / n) / (n + 1)

    def _moment(self, n: int) -> Variable:
        """The product of (a + i)/(a + b + i) over i < n."""
        total = self.a + self.b
        factors = [(self.a + i) / (total + i) for i in range(1, n)]
        return math.prod(factors, start=self.a / total)

    def _deviation(self, x: Variable) -> Variable:
        """x (1 - x) p(x)/(a + b)."""
        inside = (x.array > 0) & (x.array < 1)
        x = F.where(inside, x, 0.5)
        return F.where(inside, x * (1 - x) * F.exp(self._log_prob(x)) / (self.a + self.b), 0.0)

    def _half_difference(self) -> Variable:
        a, b = self.a, self.b
        steps = gamma_step(a) * gamma_step(b) / gamma_step(a + b)
        return steps / ((a + b) * math.sqrt(math.pi))

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        x = beta_draws(self.xp, rng, shape, self.a.array, self.b.array)
        return moved_beta(as_variable(x.astype(self.dtype)), self.a, self.b)
