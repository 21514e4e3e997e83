"""The TruncatedNormal distribution."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable, raw
from ...numerics import truncated_normal as ops
from ...numerics.constants import SQRT_2
from ...numerics.truncated_normal_kl import log_within
from ...transforms.supports import Support, extended_real, positive, real
from ..base.distribution import Distribution
from ..base.intervals import nearest
from ..base.parameters import Param
from ..base.scores import held_at_ends, smooth_crps
from ..base.tails import FourTails
from ..base.weighted_data import Data
from .normal import Normal


class TruncatedNormal(FourTails, Distribution):
    r"""The TruncatedNormal distribution: a Normal variable, given that it lies in an interval.

    .. math:: p(x) = \frac{\varphi(z)}{\sigma (\Phi(b) - \Phi(a))}, \quad z = \frac{x - \mu}{\sigma},
        \quad a = \frac{l - \mu}{\sigma} \le z \le b = \frac{h - \mu}{\sigma}

    Everything keeps its digits also if the interval lies far out in a tail, or is narrow.

    Args:
        loc: mu, the mean of the Normal, of shape ``[*batch]``.
        scale: sigma > 0, its standard deviation, of shape ``[*batch]``.
        low: the lower end l, of shape ``[*batch]``; -inf for none.
        high: the upper end h > l, of shape ``[*batch]``; inf for none.

    Samples carry gradients to all parameters; they are quantiles of uniform numbers.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapter 13.10.

    >>> import numpy as np
    >>> d = TruncatedNormal(loc=0.0, scale=1.0, low=np.array([0.0, 40.0]), high=np.array([np.inf, 41.0]))
    >>> d.mean.array
    array([ 0.79788456, 40.02496885])
    >>> d.cdf(np.array([1.0, 40.01])).array
    array([0.68268949, 0.32988079])
    """

    loc = Param(real)
    scale = Param(positive)
    low = Param(extended_real)
    high = Param(extended_real)
    ordered = ("low", "high")
    reparameterized = True

    @property
    def support(self) -> Support:
        """The numbers from ``low`` to ``high``, ends included unless infinite."""
        low, high = self.low.array, self.high.array
        inner = ops.between(raw(self.xp), *[v.array for v in self._where])
        return Support(
            "[low, high]",
            lambda xp, x: (x >= low) & (x <= high) & (abs(x) < math.inf),
            inner=inner,
            low=low,
            high=high,
        )

    @property
    def _where(self) -> tuple[Variable, ...]:
        return self.loc, self.scale, self.low, self.high

    def _log_prob(self, x: Variable) -> Variable:
        return ops.truncated_log_prob(x, *self._where)

    def _any_tail(self, x: Variable, upper: bool, log: bool) -> Variable:
        return ops.truncated_tail(x, *self._where, upper=upper, log=log)

    def _log_interval_probability(self, low: Variable, high: Variable) -> Variable:
        a, b = (F.minimum(F.maximum(end, self.low), self.high) for end in (low, high))
        none = a.array >= b.array
        y = log_within(*self._where, F.where(none, self.low, a), F.where(none, self.high, b))
        return F.where(none, -math.inf, y)

    def _icdf(self, p: Variable) -> Variable:
        return ops.truncated_quantile(p, *self._where)

    def _entropy(self) -> Variable:
        return ops.truncated_entropy(*self._where)

    def _mean(self) -> Variable:
        return ops.truncated_mean(*self._where)

    def _mode(self) -> Variable:
        return F.minimum(F.maximum(self.loc, self.low), self.high)

    def _variance(self) -> Variable:
        return ops.truncated_variance(*self._where)

    def _crps(self, x: Variable) -> Variable:
        """By densities at the ends; by nodes if the density changes little in between, where that cancels."""
        at = nearest(x, self.low, self.high)
        a, b, z = ((v - self.loc) / self.scale for v in (self.low, self.high, at))
        normal = Normal(0 * z.array, 1.0)
        log_squared = 2 * normal.log_interval_probability(a, b)
        spread = F.exp(normal.log_interval_probability(SQRT_2 * a, SQRT_2 * b) - log_squared)
        held = held_at_ends(self, at)
        density = self.scale * F.exp(self._log_prob(held))
        found = z * (2 * self.cdf(held) - 1) + 2 * density - spread / math.sqrt(math.pi)
        steep = self.xp.maximum(1, self.xp.maximum(abs(a.array), abs(b.array)))
        narrow = (b.array - a.array) * steep < 3
        return abs(x - at) + smooth_crps(self, at, narrow, self.scale * found)

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        u = rng.random(shape, dtype=self.dtype)
        return self._icdf(as_variable(self.xp.maximum(u, 2.0**-26)))  # 0 may be the quantile -inf

    @classmethod
    def _fitted(cls, data: Data, low: Any = None, high: Any = None, **others: Any) -> dict[str, Any]:
        """The narrowest interval is the likeliest."""
        low, high = data.low if low is None else low, data.high if high is None else high
        data.require((data.values >= low) & (data.values <= high), f"a number from {low} to {high}")
        return {"low": low, "high": high}
