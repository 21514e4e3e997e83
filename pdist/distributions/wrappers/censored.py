"""Censored: numbers beyond an interval, reported as its ends."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterable
from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.constants import SQRT_2
from ..base.scores import smooth_crps
from .bounds import Bounded


class Censored(Bounded):
    r"""The distribution of what is drawn from another one, moved to the nearer end if beyond an interval.

    .. math:: P(X = l) = P_0(X \le l), \quad P(X = h) = P_0(X \ge h), \quad p(x) = p_0(x), \quad l < x < h

    The ends are atoms: there ``log_prob`` is the logarithm of a probability, in between that of the inner
    density, as the likelihood of censored data (such as a Tobit model's) has it. Mean, variance and entropy
    have formulas if the inner distribution is a Normal.

    Args:
        distribution: any distribution of numbers that has tails, of batch shape ``[*batch]``.
        low: the lower end l, of shape ``[*batch]``; by default -inf, for none.
        high: the upper end h > l, of shape ``[*batch]``; by default inf, for none.

    Samples carry the gradients of the inner ones where these lie inside, else that of the end.

    Source:
        J. Tobin, "Estimation of relationships for limited dependent variables", Econometrica 26 (1958).

    >>> import numpy as np
    >>> from pdist.distributions import Normal
    >>> d = Censored(Normal(0.0, np.array(1.0)), low=0.0)
    >>> d.prob(np.array([-1.0, 0.0, 1.0])).array
    array([0.        , 0.5       , 0.24197072])
    >>> d.cdf(np.array([-1.0, 0.0, 1.0])).array
    array([0.        , 0.5       , 0.84134475])
    """

    @property
    def _below_high(self) -> Variable:
        """The greatest count below ``high``, for counts; else ``high`` itself."""
        return F.ceil(self.high) - 1 if self.distribution.support.discrete else self.high

    @property
    def support(self) -> Any:
        """The interval, and what of the inner distribution's support lies in it."""
        found = super().support
        inner, low, high = found.test, self.low.array, self.high.array

        def contains(xp: Any, x: Any) -> Any:
            return inner(xp, x) | ((x == low) | (x == high)) & (abs(x) < math.inf)

        return type(found)(
            f"{self.distribution.support.name}, clipped to [low, high]",
            contains,
            discrete=found.discrete,
            inner=found.inner,
            low=low if found.discrete else found.low,
            high=high if found.discrete else found.high,
        )

    def _log_prob(self, x: Variable) -> Variable:
        at_low, at_high = x.array == self.low.array, x.array == self.high.array
        ends = at_low | at_high
        inner = self.support.inner(self.xp, x.array)
        y = self.distribution.log_prob(F.where(ends, inner, x))
        y = F.where(at_low, self.distribution.log_cdf(self.low), y)
        return F.where(at_high, self.distribution.log_survival_function(self._below_high), y)

    def _stepped(self, x: Variable, y: Any, low: float, high: float) -> Variable:
        """A tail of the inner distribution, but constant below ``low`` and from ``high`` on."""
        below, above = x.array < self.low.array, x.array >= self.high.array
        inside = F.where(below | above, self.support.inner(self.xp, x.array), x)
        return F.where(below, low, F.where(above & ~below, high, y(inside)))

    def _cdf(self, x: Variable) -> Variable:
        return self._stepped(x, self.distribution.cdf, 0.0, 1.0)

    def _survival_function(self, x: Variable) -> Variable:
        return self._stepped(x, self.distribution.survival_function, 1.0, 0.0)

    def _log_cdf(self, x: Variable) -> Variable:
        return self._stepped(x, self.distribution.log_cdf, -math.inf, 0.0)

    def _log_survival_function(self, x: Variable) -> Variable:
        return self._stepped(x, self.distribution.log_survival_function, 0.0, -math.inf)

    def _icdf(self, p: Variable) -> Variable:
        return self._clipped(self.distribution.icdf(p), self.low)

    def _ends(self) -> list[tuple[Variable, Variable]]:
        """The probability and the place of each end, with 0 in place of an infinite one."""
        low, high = (F.where(abs(end.array) < math.inf, end, 0.0) for end in (self.low, self.high))
        below, above = self.distribution.cdf(self.low), self.distribution.survival_function(self._below_high)
        return [(below, low), (above, high)]

    def _moments_of_parts(self, what: str) -> list[tuple[Variable, Variable, Any]]:
        """The probability, mean and variance of what lies in between, and of each end."""
        inner = self._normal_between(what)
        inside = self.distribution.interval_probability(self.low, self.high)
        return [(inside, inner.mean, inner.variance), *((p, end, 0.0) for p, end in self._ends())]

    def _mean(self) -> Variable:
        return _total(p * mean for p, mean, _ in self._moments_of_parts("mean"))

    def _variance(self) -> Variable:
        """By its parts: that of each, and how far each is from the mean of all."""
        parts = self._moments_of_parts("variance")
        mean = _total(p * part for p, part, _ in parts)
        return _total(p * (variance + (part - mean) ** 2) for p, part, variance in parts)

    def _entropy(self) -> Variable:
        """Of a measure that has a density in between and atoms at the ends."""
        inside = self.distribution.log_interval_probability(self.low, self.high)
        within = F.exp(inside) * (self._normal_between("entropy").entropy - inside)
        return _total([within, *(-F.xlogy(p, p) for p, _ in self._ends())])

    def _crps(self, x: Variable) -> Variable:
        """That of the Normal, less what lies beyond the ends; by nodes where these are near each other."""
        scale = self._normal_between("crps").scale
        at = self._clipped(x, self.low)
        loc, ends = self.distribution.loc, (self.low, self.high)
        a, b = ((end - loc) / scale for end in ends)
        inner = self.distribution.crps(at) - scale * (_square_below(a) + _square_below(-b))
        return abs(x - at) + smooth_crps(self, at, (b.array - a.array) < 3, inner)

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        lead = shape[: len(shape) - len(self.batch_shape)]
        inner = self.distribution.expand(self.batch_shape).sample(lead, rng)
        x = inner if inner.dtype == self.dtype else as_variable(inner.array.astype(self.dtype))
        return self._clipped(x, self.low)

    def _has_pathwise(self, name: str) -> bool:
        if self.support.discrete:
            return False
        return name in ("low", "high") or super()._has_pathwise(name)


def _total(terms: Iterable[Variable]) -> Variable:
    return functools.reduce(operator.add, terms)


def _square_below(z: Variable) -> Variable:
    """The integral of Phi^2 up to z; 0 where z is -inf."""
    z = F.where(z.array > -math.inf, z, -40.0)
    share = F.ndtr(z)
    density = F.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    return share * (z * share + 2 * density) - F.ndtr(SQRT_2 * z) / math.sqrt(math.pi)
