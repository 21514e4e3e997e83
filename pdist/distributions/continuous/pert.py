"""The PERT distribution."""

from __future__ import annotations

from typing import Any

from ... import functions as F
from ...autograd import Variable
from ...numerics.beta import beta_entropy, log_beta_density
from ...numerics.beta_shape import beta_quantile, beta_tail
from ...numerics.differences import share_between
from ...transforms.supports import real
from ..base.parameters import Param
from ..base.weighted_data import Data
from ..families.interval import Interval


class PERT(Interval):
    r"""The PERT distribution of how long a task takes, from the least, the likeliest and the most.

    It is a Beta variable of these shapes, moved to [a, b]:

    .. math:: 1 + 4 \frac{c - a}{b - a}, \quad 1 + 4 \frac{b - c}{b - a}

    Args:
        low: the least value a, of shape ``[*batch]``.
        peak: the likeliest value c in [a, b], of shape ``[*batch]``; the mean is (a + 4 c + b)/6.
        high: the greatest value b > a, of shape ``[*batch]``.

    Samples carry gradients to all parameters.

    Source:
        D. G. Malcolm, J. H. Roseboom, C. E. Clark and W. Fazar, "Application of a technique for research and
        development program evaluation", Operations Research 7 (1959).

    >>> import numpy as np
    >>> d = PERT(low=0.0, peak=np.array([0.0, 1.0]), high=4.0)
    >>> d.mean.array
    array([0.66666667, 1.33333333])
    >>> d.cdf(2.0).array
    array([0.96875, 0.8125 ])
    """

    peak = Param(real)
    order = ("low", "peak", "high")
    between = ("low", "peak", "high")

    @property
    def _shapes(self) -> tuple[Variable, Variable]:
        """Those of the Beta variable, each from its own end."""
        return (
            1 + 4 * share_between(self.peak, self.low, self.high),
            1 + 4 * share_between(-self.peak, -self.high, -self.low),
        )

    def _from_end(self, x: Variable) -> tuple[Any, Variable, Variable, Variable]:
        """Whether x is nearer to the lower end, how many widths it is from there, and the shapes there."""
        a, b = self._shapes
        left = share_between(x, self.low, self.high)
        near = left.array < 0.5
        u = F.where(near, left, share_between(-x, -self.high, -self.low))
        return near, u, F.where(near, a, b), F.where(near, b, a)

    def _log_prob(self, x: Variable) -> Variable:
        _, u, a, b = self._from_end(x)
        return log_beta_density(u, a, b) - F.log(self.high - self.low)

    def _tails(self, x: Variable) -> tuple[Any, Variable, Variable]:
        near, u, a, b = self._from_end(x)
        return near, *(beta_tail(u, a, b, upper=upper, log=False) for upper in (False, True))

    def _cdf(self, x: Variable) -> Variable:
        near, below, above = self._tails(x)
        return F.where(x.array == x.array, F.where(near, below, above), x)

    def _survival_function(self, x: Variable) -> Variable:
        near, below, above = self._tails(x)
        return F.where(x.array == x.array, F.where(near, above, below), x)

    def _icdf(self, p: Variable) -> Variable:
        """Near the upper end as that of 1 - p from there."""
        a, b = self._shapes
        width = self.high - self.low
        near = p.array < 0.5
        u = beta_quantile(F.where(near, p, 1 - p), F.where(near, a, b), F.where(near, b, a))
        return F.where(near, self.low + width * u, self.high - width * u)

    @classmethod
    def _fitted(cls, data: Data, **given: Any) -> dict[str, Any]:
        raise NotImplementedError("PERT.fit: its ends and its peak are estimates, not to be fitted")

    def _entropy(self) -> Variable:
        return beta_entropy(*self._shapes) + F.log(self.high - self.low)

    def _mean(self) -> Variable:
        return (self.low + 4 * self.peak + self.high) / 6

    def _mode(self) -> Variable:
        return self.peak

    def _variance(self) -> Variable:
        left = self.high - self.low + 4 * (self.peak - self.low)
        right = self.high - self.low + 4 * (self.high - self.peak)
        return left / 6 * (right / 6) / 7
