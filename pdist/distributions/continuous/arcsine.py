"""The Arcsine distribution."""

from __future__ import annotations

import math
from typing import Any

from ...autograd import Variable
from ...numerics import arcsine as formulas
from ...numerics.differences import share_between, unit
from ...numerics.interval import log_width_plus, placed
from ..base.weighted_data import Data
from ..families.interval import Interval

_LOG_QUARTER_PI = -0.24156447527049044


class Arcsine(Interval):
    r"""The Arcsine distribution, of where a pendulum is: it is infinitely dense at both ends.

    .. math:: p(x) = \frac{1}{\pi \sqrt{(x - a)(b - x)}}, \quad a \le x \le b

    Args:
        low: the lower end a, of shape ``[*batch]``.
        high: the upper end b > a, of shape ``[*batch]``.

    Both ends are modes; ``mode`` is the lower one.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 2, chapter 25.

    >>> import numpy as np
    >>> d = Arcsine(low=np.array([0.0, -1.0]), high=1.0)
    >>> d.cdf(0.25).array
    array([0.33333333, 0.58043062])
    """

    def _log_prob(self, x: Variable) -> Variable:
        return formulas.arcsine_log_prob(x, self.low, self.high)

    def _shares(self, x: Variable) -> tuple[Variable, Variable]:
        """How much of the interval lies below x, and above."""
        return share_between(x, self.low, self.high), share_between(-x, -self.high, -self.low)

    def _cdf(self, x: Variable) -> Variable:
        return formulas.arcsine_share(*self._shares(x))

    def _survival_function(self, x: Variable) -> Variable:
        return formulas.arcsine_share(*reversed(self._shares(x)))

    def _icdf(self, p: Variable) -> Variable:
        share, rest = formulas.arcsine_quantile(p), formulas.arcsine_quantile(1 - p)
        return placed(share, rest, self.low, self.high)

    def _entropy(self) -> Variable:
        return log_width_plus(self.low, self.high, value=_LOG_QUARTER_PI, residual=-8.4e-18)

    def _mean(self) -> Variable:
        return 0.5 * self.low + 0.5 * self.high

    _median = _mean

    def _mode(self) -> Variable:
        return self.low

    def _stddev(self) -> Variable:
        u = unit(self.low.array, self.high.array)
        return (u * self.high - u * self.low) / (u * math.sqrt(8))

    def _variance(self) -> Variable:
        width = self.high - self.low
        return width * width / 8

    @classmethod
    def _fitted(cls, data: Data, low: Any = None, high: Any = None) -> dict[str, Any]:
        if low is None or high is None:
            raise data.failure("the density is infinite at both ends, which may be any value of the data")
        return {"low": low, "high": high}
