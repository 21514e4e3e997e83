"""The LogUniform distribution."""

from __future__ import annotations

from typing import Any

from ... import functions as F
from ...autograd import Variable
from ...numerics import log_uniform as formulas
from ...transforms.supports import positive
from ..base.parameters import Param
from ..base.weighted_data import Data
from ..families.interval import Interval


class LogUniform(Interval):
    r"""The distribution of a number whose logarithm is uniform: every decade is as likely as another.

    .. math:: p(x) = \frac{1}{x \log(b/a)}, \quad a \le x \le b

    Args:
        low: the lower end a > 0, of shape ``[*batch]``.
        high: the upper end b > a, of shape ``[*batch]``.

    Source:
        R. W. Hamming, "On the distribution of numbers", Bell System Technical Journal 49 (1970).

    >>> import numpy as np
    >>> d = LogUniform(low=np.array([0.1, 1.0]), high=10.0)
    >>> d.cdf(2.0).array
    array([0.650515, 0.30103 ])
    """

    low = Param(positive)
    high = Param(positive)

    def _log_prob(self, x: Variable) -> Variable:
        return formulas.log_uniform_log_prob(x, self.low, self.high)

    def _cdf(self, x: Variable) -> Variable:
        return formulas.log_share(x, self.low, self.high, upper=False)

    def _survival_function(self, x: Variable) -> Variable:
        return formulas.log_share(x, self.low, self.high, upper=True)

    def _icdf(self, p: Variable) -> Variable:
        return formulas.log_uniform_quantile(p, self.low, self.high)

    def _entropy(self) -> Variable:
        return formulas.log_uniform_entropy(self.low, self.high)

    def _mean(self) -> Variable:
        return formulas.log_uniform_mean(self.low, self.high)

    def _mode(self) -> Variable:
        return self.low

    def _median(self) -> Variable:
        return F.sqrt(self.low) * F.sqrt(self.high)

    def _variance(self) -> Variable:
        return self._mean() * formulas.log_uniform_excess(self.low, self.high)

    def _stddev(self) -> Variable:
        return F.sqrt(self._mean()) * F.sqrt(formulas.log_uniform_excess(self.low, self.high))

    @classmethod
    def _fitted(cls, data: Data, low: Any = None, high: Any = None) -> dict[str, Any]:
        data.require(data.values > 0, "a positive number")
        return {"low": data.low if low is None else low, "high": data.high if high is None else high}
