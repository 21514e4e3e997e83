"""The Uniform distribution, and its divergences to the Normal and the Laplace."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable, differentiable, zero
from ...backend import hooks, library_of
from ...numerics.constants import HALF_LOG_2PI, LOG_2
from ...numerics.differences import log_far_ratio, log_ratio
from ...numerics.double import rounding, two_sum
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..base.supports import Support, interval, positive, real
from ..divergences.registry import register_kl
from .laplace import Laplace
from .log_normal import LogNormal
from .normal import Normal, standardize


@differentiable
def uniform_log_prob(xp, x, low, high, log_width):
    """-log_width from low to high, ends included, -inf elsewhere."""
    inside = (low <= x) & (x <= high)
    return xp.where(inside, -log_width, xp.where(x == x, -math.inf, math.nan).astype(log_width.dtype))


uniform_log_prob.derivative(
    x=zero,
    low=zero,
    high=zero,
    log_width=lambda F, g, x, low, high: F.where((low <= x) & (x <= high), -g, 0.0),
)


@differentiable
def log_width(xp, low, high):
    """log(high - low): the rounding of the difference counts where the width is near 1."""
    width, rest = two_sum(xp, high, -low)
    return xp.log(width) + rounding(xp, rest, width) / width


log_width.derivative(
    low=lambda F, g, low, high: -g / (high - low),
    high=lambda F, g, low, high: g / (high - low),
)


@differentiable
def log_by_complement(xp, p, q):
    """log p, as log(1 - q) where p is near 1, given both p and q = 1 - p."""
    return xp.where(q < 0.5, xp.log1p(-q), xp.log(p))


log_by_complement.derivative(p=lambda F, g, p: g / F.where(p > 0, p, math.inf), q=zero)


# Divergences -----------------------------------------------------------------------------------------------


@differentiable
def uniform_normal_kl(xp, z, width, scale):
    """z^2/2 + r^2/24 - log r + log(2 pi)/2 with r = width/scale and z = (middle - loc)/scale."""
    r = width / scale
    return 0.5 * z * z + (r * r / 24 - (log_far_ratio(xp, width, scale) - HALF_LOG_2PI))


def _uniform_normal_kl_rule(F, g, z, width, scale):
    r = width / scale
    change = g * (r * r / 12 - 1)
    return g * z, change / width, -change / scale


uniform_normal_kl.joint_derivative(_uniform_normal_kl_rule)


@differentiable
def mean_distance(xp, d, width):
    """E|X - d| for a Uniform X on [-width/2, width/2]: d^2/width + width/4 inside, |d| outside."""
    t = d / width
    return xp.where(abs(t) < 0.5, d * t + 0.25 * width, abs(d))


def _mean_distance_rule(F, g, d, width):
    t = F.clip(d / width, -0.5, 0.5)
    return g * (2 * t), g * ((0.5 - t) * (0.5 + t))


mean_distance.joint_derivative(_mean_distance_rule)


class Uniform(Distribution):
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
    masked = False
    reparameterized = True

    def _validate(self) -> None:
        super()._validate()
        if self.given("high"):
            hooks.once(self._check_order, self.low.array, self.high.array)

    def _check_order(self, low: Any, high: Any) -> None:
        owner = library_of(low)
        if owner is None or not owner.host:
            return
        low, high = np.broadcast_arrays(low, high)
        wrong = np.argwhere(~(low < high))
        if len(wrong):
            at = tuple(int(i) for i in wrong[0])
            raise ValueError(
                f"Uniform: high{list(at) if at else ''} is {high[at]}; expected more than the lower end "
                f"{low[at]}"
            )

    @property
    def support(self) -> Support:
        return interval(self.low.array, self.high.array, "[low, high]")

    def _log_width(self) -> Variable:
        return F.log(self.scale) if self.given("scale") else log_width(self.low, self.high)

    def _log_prob(self, x: Variable) -> Variable:
        return uniform_log_prob(x, self.low, self.high, self._log_width())

    def _cdf(self, x: Variable) -> Variable:
        return F.clip(standardize(x, self.low, self.scale), 0.0, 1.0)

    def _survival_function(self, x: Variable) -> Variable:
        return F.clip(standardize(-x, -self.high, self.scale), 0.0, 1.0)

    def _log_cdf(self, x: Variable) -> Variable:
        return log_by_complement(self._cdf(x), self._survival_function(x))

    def _log_survival_function(self, x: Variable) -> Variable:
        return log_by_complement(self._survival_function(x), self._cdf(x))

    def _icdf(self, p: Variable) -> Variable:
        """From the nearer end: never outside, and exact at both."""
        width, half = self.scale, p.array < 0.5
        x = F.where(half, self.low + width * p, self.high - width * (1 - p))
        return F.where((p.array >= 0) & (p.array <= 1), x, math.nan)

    def _entropy(self) -> Variable:
        return self._log_width()

    def _mean(self) -> Variable:
        if self.given("scale"):
            return self.low + 0.5 * self.scale
        return 0.5 * self.low + 0.5 * self.high

    _median = _mean

    def _variance(self) -> Variable:
        return self.scale * self.scale / 12

    def _stddev(self) -> Variable:
        return self.scale / math.sqrt(12)

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return self._icdf(as_variable(rng.random(shape, dtype=self.dtype)))


@register_kl(Uniform, Uniform)
def _kl_uniform_uniform(p: Uniform, q: Uniform) -> Variable:
    """The logarithm of the widths' ratio where q's interval contains p's, else inf."""
    if p.given("scale") or q.given("scale"):
        difference = q.scale - p.scale
    else:
        difference = (q.high - p.high) + (p.low - q.low)  # keeps what the widths lose by rounding
    ratio = log_ratio(q.scale, p.scale, difference)
    inside = (q.low.array <= p.low.array) & (p.high.array <= q.high.array)
    return F.where(inside, ratio, math.inf)


@register_kl(Uniform, Normal)
def _kl_uniform_normal(p: Uniform, q: Normal) -> Variable:
    return uniform_normal_kl(q._standardize(p._mean()), p.scale, q.scale)


@register_kl(Uniform, Laplace)
def _kl_uniform_laplace(p: Uniform, q: Laplace) -> Variable:
    distance = mean_distance(p._mean() - q.loc, p.scale)
    return distance / q.scale - log_ratio(p.scale, q.scale, p.scale - q.scale) + LOG_2


@register_kl(Normal, Uniform)
@register_kl(Laplace, Uniform)
@register_kl(LogNormal, Uniform)
def _kl_to_uniform(p: Distribution, q: Uniform) -> Variable:
    """There is always some probability outside an interval."""
    shape = np.broadcast_shapes(p.batch_shape, q.batch_shape)
    return as_variable(p.xp.full(shape, math.inf, np.result_type(p.dtype, q.dtype)))
