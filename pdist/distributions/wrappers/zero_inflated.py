"""Distributions of counts with more zeros: a gate that is closed, or a count."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.inflation import inflated_log
from ...numerics.probability import log_complement
from ...transforms.supports import Support, non_negative_integer, nonnegative, unit_interval
from ..base.batching import spread
from ..base.distribution import Distribution
from ..base.parameters import Param, Part
from ..discrete.poisson import Poisson
from ..families.lattice import Lattice


def check_counts(who: str, base: Any) -> None:
    """Raise ValueError if ``base`` is a distribution of something else than single counts."""
    if isinstance(base, Distribution) and (base.event_shape or not base.support.discrete):
        kind = f"of event shape {base.event_shape}" if base.event_shape else "continuous"
        raise ValueError(f"{who}: base is a {type(base).__name__}, {kind}; expected a distribution of counts")


class Inflated(Lattice):
    """What has a ``gate`` and a distribution of counts ``base``: 0 if the gate is closed, else a count."""

    base: Any
    gate: Any

    @property
    def support(self) -> Support:
        """The counts of the base, and 0."""
        inner = self.base.support
        low, high, xp = inner.low, inner.high, self.xp
        if isinstance(low, float) and isinstance(high, float):
            if low <= 0 <= high:
                return inner
            low, high = min(low, 0.0), max(high, 0.0)
        else:
            low, high = xp.minimum(low, 0), xp.maximum(high, 0)
        test = lambda xp, x: (x == 0) | inner.test(xp, x)
        return Support(f"0 or {inner.name}", test, discrete=True, low=low, high=high)

    @property
    def _ends(self) -> tuple[Any, Any]:
        own, base = self.support, self.base
        first, last = base._ends if isinstance(base, Lattice) else (own.low, own.high)
        if isinstance(own.low, float) and isinstance(own.high, float):
            return min(first, 0.0), max(last, 0.0)
        return self.xp.minimum(first, 0), self.xp.maximum(last, 0)

    def _log_zero(self) -> Variable:
        return inflated_log(self.gate, self.base.log_prob(0.0))

    def _log_prob(self, x: Variable) -> Variable:
        return F.where(x.array == 0, self._log_zero(), log_complement(self.gate) + self.base.log_prob(x))

    def _cdf(self, x: Variable) -> Variable:
        return (x.array >= 0) * self.gate + (1 - self.gate) * self.base.cdf(x)

    def _survival_function(self, x: Variable) -> Variable:
        return (x.array < 0) * self.gate + (1 - self.gate) * self.base.survival_function(x)

    def _log_tail(self, raised: Any, log_tail: Variable) -> Variable:
        """The logarithm of a tail, from that of the base: the gate adds to it where ``raised``."""
        return F.where(raised, inflated_log(self.gate, log_tail), log_complement(self.gate) + log_tail)

    def _log_cdf(self, x: Variable) -> Variable:
        return self._log_tail(x.array >= 0, self.base.log_cdf(x))

    def _log_survival_function(self, x: Variable) -> Variable:
        return self._log_tail(x.array < 0, self.base.log_survival_function(x))

    def _entropy(self) -> Variable:
        """-P(0) log P(0) - (1 - gate) (1 - p(0)) log(1 - gate) + (1 - gate) (h + p(0) log p(0))."""
        log_p = self.base.log_prob(0.0)
        log_open = F.where(self.gate.array == 1, 0.0, log_complement(self.gate))
        counts = self.base.entropy + _times_exp(log_p) + F.expm1(log_p) * log_open
        return (1 - self.gate) * counts - _times_exp(self._log_zero())

    def _mean(self) -> Variable:
        return (1 - self.gate) * self.base.mean

    def _variance(self) -> Variable:
        mean = self.base.mean
        return (1 - self.gate) * (self.base.variance + self.gate * mean * mean)

    def _stddev(self) -> Variable:
        return F.sqrt(self._variance())

    def _mode(self) -> Variable:
        mode = self.base.mode.array.astype(self.dtype)
        higher = (self.base.log_prob(mode) + log_complement(self.gate)).array > self._log_zero().array
        return as_variable(self.xp.where(higher & (mode != 0), mode, 0).astype(self.dtype))

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        lead = shape[: len(shape) - len(self.batch_shape)]
        closed = rng.random(shape) < self.gate.array
        counts = spread(self.base, self.batch_shape, 0).sample(lead, rng).array
        return as_variable(self.xp.where(closed, 0, counts).astype(self.dtype))


def _times_exp(a: Variable) -> Variable:
    """a e^a, 0 at -inf."""
    a = F.where(a.array == -math.inf, 0.0, a)
    return a * F.exp(a)


class ZeroInflated(Inflated):
    r"""A distribution of counts with more zeros: 0 with probability gate, else a count.

    .. math:: P(x) = g [x = 0] + (1 - g) p(x)

    Args:
        base: a distribution of counts, of batch shape ``[*batch]``.
        gate: the probability g of a zero that is not the count's, in [0, 1], of shape ``[*batch]``.

    Samples carry no gradients. Where gate = 1 a slope by it may be infinite; the gradient is then 0.

    Raises:
        ValueError: if the base is continuous, or its draws are no numbers.

    Source:
        Lambert, "Zero-inflated Poisson regression", Technometrics 34 (1992).

    >>> import numpy as np
    >>> d = ZeroInflated(Poisson(2.0), gate=np.array([0.0, 0.5]))
    >>> d.prob(0).array
    array([0.13533528, 0.56766764])
    """

    base = Part()
    gate = Param(unit_interval)

    def __init__(self, base: Distribution, gate: Any) -> None:
        check_counts("ZeroInflated", base)
        super().__init__(base=base, gate=gate)


class ZeroInflatedPoisson(Inflated):
    r"""The ZeroInflatedPoisson distribution: 0 with probability gate, else a Poisson count.

    .. math:: P(x) = g [x = 0] + (1 - g) \frac{\lambda^x e^{-\lambda}}{x!}

    Args:
        gate: the probability g of a zero that is not the Poisson count's, in [0, 1], of shape ``[*batch]``.
        lam: the rate lambda >= 0 of the counts, of shape ``[*batch]``.

    Samples carry no gradients. Where gate = 1 or lam = 0 a slope may be infinite; the gradient is then 0.

    Source:
        Lambert, "Zero-inflated Poisson regression", Technometrics 34 (1992).

    >>> import numpy as np
    >>> d = ZeroInflatedPoisson(gate=np.array([0.0, 0.5]), lam=2.0)
    >>> d.mean.array, d.variance.array
    (array([2., 1.]), array([2., 2.]))
    """

    gate = Param(unit_interval)
    lam = Param(nonnegative)
    support = non_negative_integer

    @property
    def base(self) -> Poisson:
        """The distribution of the counts, whose rate was looked at already."""
        base = object.__new__(Poisson)
        base._take(("lam",), [self.lam])
        return base
