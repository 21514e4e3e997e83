"""The Triangular distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable
from ...numerics import triangular as formulas
from ...numerics.differences import share_between, unit
from ...numerics.interval import log_width_plus
from ...transforms.supports import real
from ..base.parameters import Param
from ..base.tails import FourTails
from ..base.weighted_data import Data
from ..families.interval import Interval

_HALF_LESS_LOG_2 = -0.19314718055994531


class Triangular(FourTails, Interval):
    r"""The Triangular distribution, whose density rises linearly to a peak and falls linearly from there.

    .. math:: p(x) = \frac{2}{b - a} \cdot \begin{cases} (x - a)/(c - a) & a \le x < c \\
        (b - x)/(b - c) & c \le x \le b \end{cases}

    Args:
        low: the lower end a, of shape ``[*batch]``.
        high: the upper end b > a, of shape ``[*batch]``.
        peak: the mode c in [a, b], of shape ``[*batch]``.

    Source:
        Kotz and van Dorp, "Beyond Beta", chapter 1.

    >>> import numpy as np
    >>> d = Triangular(low=0.0, high=4.0, peak=np.array([0.0, 1.0]))
    >>> d.cdf(1.0).array
    array([0.4375, 0.25  ])
    """

    peak = Param(real)
    between = ("low", "peak", "high")

    @property
    def _all(self) -> tuple[Variable, Variable, Variable]:
        return self.low, self.high, self.peak

    def _log_prob(self, x: Variable) -> Variable:
        return formulas.triangular_log_prob(x, *self._all)

    def _any_tail(self, x: Variable, upper: bool, log: bool) -> Variable:
        return formulas.triangular_tail(x, *self._all, upper=upper, log=log)

    def _icdf(self, p: Variable) -> Variable:
        return formulas.triangular_quantile(p, *self._all)

    def _entropy(self) -> Variable:
        return log_width_plus(self.low, self.high, value=_HALF_LESS_LOG_2, residual=4.6e-18)

    def _mean(self) -> Variable:
        return formulas.triangular_mean(*self._all)

    def _mode(self) -> Variable:
        return self.peak

    def _variance(self) -> Variable:
        left, right = self.peak - self.low, self.high - self.peak
        return (left * left + left * right + right * right) / 18

    def _stddev(self) -> Variable:
        left = share_between(self.peak, self.low, self.high)
        right = share_between(-self.peak, -self.high, -self.low)
        u = unit(self.low.array, self.high.array)
        return (u * self.high - u * self.low) * F.sqrt((1 - left * right) / 18) / u

    def _breakpoints(self) -> list[Variable]:
        return [self.peak]

    @classmethod
    def _fitted(cls, data: Data, **given: Any) -> dict[str, Any]:
        """The likeliest peak is a value of the data: the best of some, then of those between its neighbours.

        Kotz and van Dorp, "Beyond Beta", section 1.4.
        """
        if "peak" in given:
            return {}
        batch = data.low.shape
        found = []
        for at in np.ndindex(batch):
            own = {name: np.broadcast_to(value, batch)[at] for name, value in given.items()}
            column = (slice(None), *at)
            found.append(cls._with_best_peak(data.values[column], data.weights[column], own))
        return {n: np.reshape([d.params[n].array for d in found], batch) for n in ("low", "high", "peak")}

    @classmethod
    def _with_best_peak(cls, x: np.ndarray, w: np.ndarray, given: dict[str, Any]) -> Triangular:
        def tried(peaks: np.ndarray, **more: Any) -> tuple[float, int, Triangular]:
            d = cls.fit(np.repeat(x[:, None], len(peaks), 1), w, peak=peaks, **{**more, **given})
            y = (w[:, None] * d.log_prob(x[:, None]).array).sum(axis=0)
            return y.max(), int(y.argmax()), d[int(y.argmax())]

        values = np.unique(x)
        best = max(tried(values[:1], low=values[0]), tried(values[-1:], high=values[-1]), key=lambda t: t[0])
        first, last, few = 1, len(values) - 2, max(4, min(32, 20_000 // len(x)))
        while first <= last:
            places = np.unique(np.linspace(first, last, few).round().astype(int))
            y, i, d = tried(values[places])
            best = max(best, (y, i, d), key=lambda t: t[0])
            if len(places) == last - first + 1:
                break
            first, last = places[max(i - 1, 0)] + 1, places[min(i + 1, len(places) - 1)] - 1
        return best[2]
