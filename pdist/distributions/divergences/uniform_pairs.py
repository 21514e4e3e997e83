"""Divergences from a Uniform to what covers it.

With m the middle and w the width of p's interval, KL(p || q) is -log(w q(m)), and what E log q(X) is short of
log q(m): for each term of log q how far its mean is from its value in the middle.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.differences import log_minus, log_ratio
from ...numerics.gaps import log_gap, log_square, log_square_plus_gap, power_gap, reciprocal_gap, softplus_gap
from ..continuous.arcsine import Arcsine
from ..continuous.asymmetric_laplace import AsymmetricLaplace
from ..continuous.cauchy import Cauchy
from ..continuous.continuous_bernoulli import ContinuousBernoulli
from ..continuous.gamma import Chisquare, Gamma
from ..continuous.generalized_normal import GeneralizedNormal
from ..continuous.gompertz import Gompertz
from ..continuous.half_cauchy import HalfCauchy
from ..continuous.half_normal import HalfNormal
from ..continuous.inverse_gamma import InverseGamma
from ..continuous.inverse_gaussian import InverseGaussian
from ..continuous.levy import Levy
from ..continuous.log_normal import LogNormal
from ..continuous.logistic import Logistic
from ..continuous.lomax import Lomax
from ..continuous.moyal import Moyal
from ..continuous.pareto import Pareto
from ..continuous.student_t import HalfStudentT, StudentT
from ..continuous.triangular import Triangular
from ..continuous.truncated_normal import TruncatedNormal
from ..continuous.uniform import Uniform
from ..continuous.weibull import Weibull
from .registry import register_kl
from .unlike_pairs import mean_distance


class _Within(NamedTuple):
    """p's interval where q covers it, else another within q's support."""

    inside: Any
    low: Variable
    middle: Variable
    width: Variable

    def beyond(self, end: Any = 0.0) -> tuple[Variable, Variable]:
        """How far it begins and ends above a lower end of the support."""
        return self.low - end, (self.low - end) + self.width

    def below(self, end: Variable) -> tuple[Variable, Variable]:
        """How far it ends and begins below an upper end."""
        near = F.maximum((end - self.low) - self.width, 0.0)
        return near, near + self.width


def _within(p: Uniform, low: Any = None, high: Any = None) -> _Within:
    """p's interval, if it lies in [low, high]; if it does not, one that does."""
    if low is None:
        return _Within(True, p.low, p._mean(), p.scale)
    inside = p.low.array >= as_variable(low).array
    if high is not None:
        inside = inside & (p.high.array <= as_variable(high).array)
    room = 1.0 if high is None else 0.5 * (high - low)
    width = F.where(inside, p.scale, room)
    first = F.where(inside, p.low, low + 0.5 * room)
    return _Within(inside, first, first + 0.5 * width, width)


def _kl(q: Any, at: _Within, gap: Any = 0.0) -> Variable:
    """-log(w q(m)) and the gap; inf where q does not cover p."""
    return F.where(at.inside, gap - q._log_prob(at.middle) - F.log(at.width), math.inf)


# On the line ------------------------------------------------------------------------------------------------


@register_kl(Uniform, Cauchy)
def _kl_uniform_cauchy(p: Uniform, q: Cauchy) -> Variable:
    at = _within(p)
    return _kl(q, at, log_square_plus_gap(q._standardize(at.middle), 0.5 * at.width / q.scale))


@register_kl(Uniform, StudentT)
def _kl_uniform_student_t(p: Uniform, q: StudentT) -> Variable:
    at, root = _within(p), F.sqrt(q.df)
    gap = log_square_plus_gap(q._standardize(at.middle) / root, 0.5 * at.width / q.scale / root)
    return _kl(q, at, 0.5 * (q.df + 1) * gap)


@register_kl(Uniform, Logistic)
def _kl_uniform_logistic(p: Uniform, q: Logistic) -> Variable:
    at = _within(p)
    return _kl(q, at, 2 * softplus_gap(q._standardize(at.middle), 0.5 * at.width / q.scale))


def _exponential_gap(h: Variable) -> Variable:
    """The mean of e^x less 1 over an interval of half-length h about 0: sinh(h)/h - 1."""
    return (F.expm1(h) - F.expm1(-h)) / (2 * h) - 1


@register_kl(Uniform, Moyal)
def _kl_uniform_moyal(p: Uniform, q: Moyal) -> Variable:
    at = _within(p)
    gap = 0.5 * F.exp(-q._standardize(at.middle)) * _exponential_gap(0.5 * at.width / q.scale)
    return _kl(q, at, gap)


@register_kl(Uniform, AsymmetricLaplace)
def _kl_uniform_asymmetric_laplace(p: Uniform, q: AsymmetricLaplace) -> Variable:
    """The mean of k z above 0 and -z/k below it, and log(s (k + 1/k)/w)."""
    k, d = q.asymmetry, p._mean() - q.loc
    distance = mean_distance(d, p.scale)
    slopes = 0.5 * (k * (distance + d) + (distance - d) / k) / q.scale
    return slopes + F.log(k + 1 / k) - log_ratio(p.scale, q.scale, p.scale - q.scale)


@register_kl(Uniform, GeneralizedNormal)
def _kl_uniform_generalized_normal(p: Uniform, q: GeneralizedNormal) -> Variable:
    """The mean of abs(z)^p by its integral on either side of 0, or from the middle if 0 is outside."""
    power = q.power
    a, b = (q._standardize(end) for end in (p.low, p.high))
    around = (a.array < 0) & (b.array > 0)
    below, above = (F.where(around, end, 1.0) for end in (-a, b))
    both = (above**power * above + below**power * below) / ((power + 1) * (above + below))
    near = F.where(around, 1.0, F.where(a.array < 0, -b, a))
    length = p.scale / q.scale
    aside = (near + 0.5 * length) ** power * (1 + power_gap(near, near + length, power))
    norm = q._log_prob(q.loc) + F.log(p.scale)
    return F.where(around, both, aside) - norm


# On a half line ---------------------------------------------------------------------------------------------


def _half_line(p: Uniform, q: Any, power: Any, reciprocal: Any = None, end: Any = 0.0) -> Variable:
    """To what has the terms ``power`` log d and -``reciprocal``/d, and others linear in d, beyond an end."""
    at = _within(p, end)
    away = at.beyond(end)
    gap = power * log_gap(*away)
    if reciprocal is not None:
        gap = gap + reciprocal * reciprocal_gap(*away) / (at.middle - end)
    return _kl(q, at, gap)


@register_kl(Uniform, Gamma)
def _kl_uniform_gamma(p: Uniform, q: Gamma) -> Variable:
    return _half_line(p, q, q.k - 1)


@register_kl(Uniform, Chisquare)
def _kl_uniform_chisquare(p: Uniform, q: Chisquare) -> Variable:
    return _half_line(p, q, 0.5 * q.k - 1)


@register_kl(Uniform, InverseGamma)
def _kl_uniform_inverse_gamma(p: Uniform, q: InverseGamma) -> Variable:
    return _half_line(p, q, -(q.k + 1), q.theta)


@register_kl(Uniform, InverseGaussian)
def _kl_uniform_inverse_gaussian(p: Uniform, q: InverseGaussian) -> Variable:
    return _half_line(p, q, -1.5, 0.5 * q.shape)


@register_kl(Uniform, Levy)
def _kl_uniform_levy(p: Uniform, q: Levy) -> Variable:
    return _half_line(p, q, -1.5, 0.5 * q.scale, q.loc)


@register_kl(Uniform, Pareto)
def _kl_uniform_pareto(p: Uniform, q: Pareto) -> Variable:
    at = _within(p, q.scale)
    return _kl(q, at, -(q.alpha + 1) * log_gap(*at.beyond()))


@register_kl(Uniform, Lomax)
def _kl_uniform_lomax(p: Uniform, q: Lomax) -> Variable:
    at = _within(p, 0.0)
    return _kl(q, at, -(q.alpha + 1) * log_gap(*at.beyond(-q.scale)))


@register_kl(Uniform, LogNormal)
def _kl_uniform_log_normal(p: Uniform, q: LogNormal) -> Variable:
    """The mean of (log x - mu)^2 is that in the middle, less 2 (log m - mu) times the gap, and a square."""
    at = _within(p, 0.0)
    gap = log_gap(*at.beyond())
    bend = (0.5 * log_square(*at.beyond()) - log_minus(at.middle, q.mu) * gap) / q.sigma / q.sigma
    return _kl(q, at, bend - gap)


@register_kl(Uniform, Weibull)
def _kl_uniform_weibull(p: Uniform, q: Weibull) -> Variable:
    at = _within(p, 0.0)
    power = (at.middle / q.scale) ** q.shape
    return _kl(q, at, (q.shape - 1) * log_gap(*at.beyond()) + power * power_gap(*at.beyond(), q.shape))


@register_kl(Uniform, Gompertz)
def _kl_uniform_gompertz(p: Uniform, q: Gompertz) -> Variable:
    at = _within(p, 0.0)
    return _kl(q, at, q.shape * F.exp(q.rate * at.middle) * _exponential_gap(0.5 * q.rate * at.width))


@register_kl(Uniform, HalfNormal)
def _kl_uniform_half_normal(p: Uniform, q: HalfNormal) -> Variable:
    at = _within(p, 0.0)
    return _kl(q, at, (at.width / q.scale) ** 2 / 24)


@register_kl(Uniform, HalfCauchy)
def _kl_uniform_half_cauchy(p: Uniform, q: HalfCauchy) -> Variable:
    at = _within(p, 0.0)
    return _kl(q, at, log_square_plus_gap(at.middle / q.scale, 0.5 * at.width / q.scale))


@register_kl(Uniform, HalfStudentT)
def _kl_uniform_half_student_t(p: Uniform, q: HalfStudentT) -> Variable:
    at, unit = _within(p, 0.0), q.scale * F.sqrt(q.df)
    return _kl(q, at, 0.5 * (q.df + 1) * log_square_plus_gap(at.middle / unit, 0.5 * at.width / unit))


# On an interval ---------------------------------------------------------------------------------------------


@register_kl(Uniform, ContinuousBernoulli)
def _kl_uniform_continuous_bernoulli(p: Uniform, q: ContinuousBernoulli) -> Variable:
    """The log density is linear."""
    return _kl(q, _within(p, as_variable(p.xp.zeros((), p.dtype)), 1.0))


@register_kl(Uniform, Arcsine)
def _kl_uniform_arcsine(p: Uniform, q: Arcsine) -> Variable:
    at = _within(p, q.low, q.high)
    return _kl(q, at, -0.5 * (log_gap(*at.beyond(q.low)) + log_gap(*at.below(q.high))))


@register_kl(Uniform, TruncatedNormal)
def _kl_uniform_truncated_normal(p: Uniform, q: TruncatedNormal) -> Variable:
    inside = (p.low.array >= q.low.array) & (p.high.array <= q.high.array)
    held = F.where(inside, p._mean(), q.median)
    width = F.where(inside, p.scale, 1.0)
    y = (width / q.scale) ** 2 / 24 - q._log_prob(held) - F.log(width)
    return F.where(inside, y, math.inf)


@register_kl(Uniform, Triangular)
def _kl_uniform_triangular(p: Uniform, q: Triangular) -> Variable:
    """The means of log(d/D) on either side of the peak, of the length D, d being how far from its end."""
    at = _within(p, q.low, q.high)
    high = at.low + at.width
    peak = F.minimum(F.maximum(q.peak, at.low), high)
    total = F.log(0.5 * (q.high - q.low) / at.width)
    for start, end, zero, sign in ((at.low, peak, q.low, 1.0), (peak, high, q.high, -1.0)):
        length = end - start
        some = length.array > 0
        near = F.where(some, sign * ((start if sign > 0 else end) - zero), 1.0)
        far = near + F.where(some, length, 1.0)
        side = F.where(some, sign * (q.peak - zero), 1.0)
        mean = F.log((0.5 * near + 0.5 * far) / side) - log_gap(near, far)
        total = total - F.where(some, length / at.width * mean, 0.0)
    return F.where(at.inside, total, math.inf)
