"""The Uniform distribution."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable
from ...numerics.differences import log_difference, share_above, share_between, unit
from ...transforms.supports import positive, real
from ..base.parameters import Param
from ..base.weighted_data import Data
from ..families.interval import Interval
from ..families.scales import standardized


class Uniform(Interval):
    r"""The Uniform distribution on an interval, ends included.

    .. math:: p(x) = \frac{1}{b - a}, \quad a \le x \le b

    Args:
        low: the lower end a, of shape ``[*batch]``.
        high: the upper end b > a, of shape ``[*batch]``.
        loc: the lower end, instead of ``low``.
        scale: the width b - a > 0, instead of ``high``.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 2, chapter 26.

    >>> import numpy as np
    >>> d = Uniform(low=np.array([0.0, 1.0]), high=4.0)
    >>> d.prob(np.array([4.0, 0.5])).array
    array([0.25, 0.  ])
    >>> Uniform(loc=1.0, scale=np.array(4.0)).icdf(0.5).array
    array(3.)
    """

    low = Param(real, derive=lambda self: self.loc)
    high = Param(real, derive=lambda self: self.low + self.scale)
    loc = Param(real, instead_of="low", derive=lambda self: self.low)
    scale = Param(positive, instead_of="high", derive=lambda self: self.high - self.low)

    def _log_prob(self, x: Variable) -> Variable:
        known = (x.array == x.array) & (self.low.array == self.low.array)  # of the batch's shape too
        return F.where(known, -self._entropy(), x)

    def _cdf(self, x: Variable) -> Variable:
        if self.given("scale"):
            return F.clip(standardized(x, self.low, self.scale, given="scale"), 0.0, 1.0)
        return share_between(x, self.low, self.high)

    def _survival_function(self, x: Variable) -> Variable:
        if self.given("scale"):
            return share_above(x, self.low, self.scale)
        return share_between(-x, -self.high, -self.low)

    def _icdf(self, p: Variable) -> Variable:
        """From the nearer end: never outside, and exact at both ends."""
        u = 1 if self.given("scale") else unit(self.low.array, self.high.array)
        low, high = u * self.low, u * self.high
        width = self.scale if self.given("scale") else high - low
        x = F.where(p.array < 0.5, low + width * p, high - width * (1 - p)) / u
        return F.where((p.array >= 0) & (p.array <= 1), x, math.nan)

    def _entropy(self) -> Variable:
        return F.log(self.scale) if self.given("scale") else log_difference(self.low, self.high)

    def _mean(self) -> Variable:
        return self.low + 0.5 * self.scale if self.given("scale") else 0.5 * self.low + 0.5 * self.high

    _median = _mean

    def _stddev(self) -> Variable:
        if self.given("scale"):
            return self.scale / math.sqrt(12)
        u = unit(self.low.array, self.high.array)
        return (u * self.high - u * self.low) / (u * math.sqrt(12))

    def _variance(self) -> Variable:
        return self.scale * self.scale / 12

    def _skewness(self) -> Variable:
        return 0 * self.scale

    def _kurtosis(self) -> Variable:
        return 0 * self.scale - 1.2

    def _deviation(self, x: Variable) -> Variable:
        return 0.5 * self.scale * (self._cdf(x) * self._survival_function(x))

    def _half_difference(self) -> Variable:
        return self.scale / 6

    @classmethod
    def _fitted(cls, data: Data, **given: Any) -> dict[str, Any]:
        """The narrowest interval; one of known width lies about the middle: others are as likely."""
        low = next((given[n] for n in ("low", "loc") if n in given), data.low)
        if "scale" in given and not {"low", "loc"} & given.keys():
            low = 0.5 * (data.low + data.high - given["scale"])
        upper = {"scale": given["scale"]} if "scale" in given else {"high": given.get("high", data.high)}
        return {"loc" if "loc" in given else "low": low, **upper}
