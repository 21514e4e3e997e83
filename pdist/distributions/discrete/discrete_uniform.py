"""The DiscreteUniform distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...autograd import Variable, as_variable, promote
from ...numerics.differences import unit
from ...numerics.discrete_uniform import log_count, share_beyond, share_quantile, share_up_to
from ...numerics.probability import log_by_complement
from ...transforms.supports import Support, integer, whole_numbers
from ..base.parameters import Param
from ..base.weighted_data import Data
from ..families.lattice import Lattice


class DiscreteUniform(Lattice):
    r"""One of the whole numbers from low to high, ends included, each as likely as the others.

    .. math:: P(x) = \frac{1}{b - a + 1}, \quad x = a, a + 1, \ldots, b

    Args:
        low: the least number a, a whole one, of shape ``[*batch]``.
        high: the greatest number b >= a, a whole one, of shape ``[*batch]``.

    Nothing carries gradients to the ends, which are whole numbers. The mode, where all are as likely, is
    ``low``.

    Source:
        Johnson, Kemp and Kotz, "Univariate Discrete Distributions", section 6.10.

    >>> import numpy as np
    >>> d = DiscreteUniform(low=np.array([0.0, 1.0]), high=6.0)
    >>> d.cdf(3).array
    array([0.57142857, 0.5       ])
    >>> d.icdf(0.5).array
    array([3., 3.])
    """

    low = Param(integer)
    high = Param(integer)
    ordered, may_be_equal = ("low", "high"), True

    @property
    def support(self) -> Support:
        """The whole numbers from low to high."""
        return whole_numbers(self.low.array, self.high.array, "{low, ..., high}")

    def _asked(self, name: str, x: Variable) -> list[Any]:
        """x and the ends as arrays of one dtype."""
        given = promote("DiscreteUniform", (name, "low", "high"), (x, self.low, self.high))
        return [v.array for v in given]

    def _log_prob(self, x: Variable) -> Variable:
        x_array, low, high = self._asked("x", x)
        return as_variable(self.xp.where(x_array == x_array, -log_count(self.xp, low, high), x_array))

    def _cdf(self, x: Variable) -> Variable:
        return as_variable(share_up_to(self.xp, *self._asked("x", x)))

    def _survival_function(self, x: Variable) -> Variable:
        return as_variable(share_beyond(self.xp, *self._asked("x", x)))

    def _log_cdf(self, x: Variable) -> Variable:
        return log_by_complement(self._cdf(x), self._survival_function(x))

    def _log_survival_function(self, x: Variable) -> Variable:
        return log_by_complement(self._survival_function(x), self._cdf(x))

    def _icdf(self, p: Variable) -> Variable:
        return as_variable(share_quantile(self.xp, *self._asked("p", p)))

    def _entropy(self) -> Variable:
        return as_variable(log_count(self.xp, self.low.array, self.high.array))

    def _mean(self) -> Variable:
        return as_variable(0.5 * self.low.array + 0.5 * self.high.array)

    def _mode(self) -> Variable:
        return as_variable(self.low.array)

    def _variance(self) -> Variable:
        """((b - a + 1)^2 - 1)/12, without the difference."""
        width = self.high.array - self.low.array
        return as_variable(width * ((width + 2) / 12))

    def _stddev(self) -> Variable:
        low, high = self.low.array, self.high.array
        u = unit(low, high)
        width = u * high - u * low
        return as_variable(self.xp.sqrt(width) * self.xp.sqrt(width + 2 * u) / (u * math.sqrt(12)))

    def _deviation_at(self, x: Variable) -> Variable:
        """Of the sums of equal steps below x."""
        low, high = self.low.array, self.high.array
        return as_variable(0.5 * (x.array - low + 1) / (high - low + 1) * (high - x.array))

    def _half_difference(self) -> Variable:
        """(N^2 - 1)/(6 N) for N numbers."""
        width = self.high.array - self.low.array
        return as_variable(width * ((width + 2) / (6 * (width + 1))))

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        low, high = (0.5 * end.array.astype(np.float64) for end in (self.low, self.high))
        above = rng.random(shape) * (high - low + 0.5)  # halves do not overflow
        above = self.xp.where(2 * above < math.inf, 0.5 * self.xp.floor(2 * above), above)
        return as_variable((2 * self.xp.minimum(low + above, high)).astype(self.dtype))

    @classmethod
    def _fitted(cls, data: Data, low: Any = None, high: Any = None) -> dict[str, Any]:
        data.require(integer.test(np, data.values), "a whole number")
        return {"low": data.low if low is None else low, "high": data.high if high is None else high}
