"""The Kumaraswamy distribution."""

from __future__ import annotations

from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics import kumaraswamy as formulas
from ...transforms.supports import open_unit_interval, positive
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..base.tails import FourTails
from ..families.draws import inside_unit


class Kumaraswamy(FourTails, Distribution):
    r"""The Kumaraswamy distribution, like Beta but with tails and quantiles in closed form.

    .. math:: p(x) = a b x^{a - 1} (1 - x^a)^{b - 1}, \quad 0 < x < 1

    Args:
        a: a > 0, of shape ``[*batch]``; x^a has the survival function (1 - x)^b.
        b: b > 0, of shape ``[*batch]``.

    ``mode`` is an end of the interval where the density is infinite or highest there; the lower one where
    it is so at both, or where the density is flat.

    Source:
        M. C. Jones, "Kumaraswamy's distribution: A beta-type distribution with some tractability advantages",
        Statistical Methodology 6 (2009).

    >>> import numpy as np
    >>> d = Kumaraswamy(a=np.array([1.0, 2.0]), b=3.0)
    >>> d.cdf(0.5).array
    array([0.875   , 0.578125])
    """

    a = Param(positive)
    b = Param(positive)
    support = open_unit_interval
    reparameterized = True

    def _log_prob(self, x: Variable) -> Variable:
        return formulas.kumaraswamy_log_prob(x, self.a, self.b)

    def _any_tail(self, x: Variable, upper: bool, log: bool) -> Variable:
        return formulas.kumaraswamy_tail(x, self.a, self.b, upper=upper, log=log)

    def _icdf(self, p: Variable) -> Variable:
        return formulas.kumaraswamy_quantile(p, self.a, self.b)

    def _entropy(self) -> Variable:
        return formulas.kumaraswamy_entropy(self.a, self.b)

    def _mean(self) -> Variable:
        return formulas.kumaraswamy_mean(self.a, self.b)

    def _mode(self) -> Variable:
        """((a - 1)/(a b - 1))^(1/a) where a and b are at least 1, not both of them 1."""
        a, b = self.a, self.b
        inner = (a.array > 1) & (b.array >= 1)
        a, b = F.where(inner, a, 2.0), F.where(inner, b, 2.0)
        at = ((a - 1) / ((a - 1) + a * (b - 1))) ** (1 / a)
        return F.where(inner, at, F.where((self.a.array >= 1) & (self.b.array < 1), 1.0, 0.0 * at))

    def _variance(self) -> Variable:
        return formulas.kumaraswamy_variance(self.a, self.b)

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return inside_unit(self._icdf(as_variable(rng.random(shape, dtype=self.dtype))))
