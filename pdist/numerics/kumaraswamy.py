"""The distribution of survival function (1 - x^a)^b on (0, 1): its logarithms as double words."""

from __future__ import annotations

from typing import Any

from ..autograd import differentiable
from ..backend import hooks, special
from .blocks import piecewise
from .bregman import digamma_difference, trigamma
from .constants import HALF_LOG_2PI
from .double import divide_double, exp_double, two_sum
from .gamma import stirling_error
from .logs import constant, log1p_of, log_of, one_minus_exp, times, total
from .panels import gauss_legendre

_NODES, _WEIGHTS = gauss_legendre(12)
_FEW_NODES, _FEW_WEIGHTS = gauss_legendre(8)


def _log_power(xp, x, a):
    """log x^a as a double word."""
    return times(xp, log_of(xp, x), (a, 0))


def _log_rest(xp, x, a):
    """log(1 - x^a) as a double word."""
    return log_of(xp, *one_minus_exp(xp, *_log_power(xp, x, a)))


@differentiable
def log_rest(xp, x, a):
    """log(1 - x^a)."""
    return _log_rest(xp, x, a)[0]


@differentiable
def power_odds(xp, x, a):
    """x^a/(1 - x^a)."""
    hi, lo = _log_power(xp, x, a)
    return xp.exp(hi) * (1 + lo) / one_minus_exp(xp, hi, lo)[0]


log_rest.derivative(
    x=lambda F, g, x, a: -g * F(power_odds)(x, a) * (a / x),
    a=lambda F, g, x, a: -g * F(power_odds)(x, a) * F.log(x),
)
power_odds.derivative(
    x=lambda F, g, y, x, a: g * y * (1 + y) * (a / x),
    a=lambda F, g, y, x: g * y * (1 + y) * F.log(x),
)


@differentiable
def kumaraswamy_log_prob(xp, x, a, b):
    """log a + log b + (a - 1) log x + (b - 1) log(1 - x^a)."""
    one = -xp.ones_like(x)
    power = times(xp, two_sum(xp, a, one), log_of(xp, x))
    rest = times(xp, two_sum(xp, b, one), _log_rest(xp, x, a))
    hi, lo = total(xp, power, rest, log_of(xp, a), log_of(xp, b))
    return hi + lo


@differentiable
def _score_by_a(xp, x, a, b):
    """1/a + (1 - (b - 1) x^a/(1 - x^a)) log x."""
    one = xp.ones_like(x)
    hi, lo = _log_power(xp, x, a)
    e, e_lo = exp_double(xp, hi)
    rest, rest_lo = one_minus_exp(xp, hi, lo)
    odds, odds_lo = divide_double(xp, e, e_lo + e * lo, rest)
    odds = odds, odds_lo - odds * (rest_lo / rest)
    part = total(xp, (one, 0), times(xp, two_sum(xp, one, -b), odds))
    hi, lo = total(xp, (one, 0), times(xp, part, (hi, lo)))
    return (hi + lo) / a


@differentiable
def _score_by_b(xp, x, a, b):
    """1/b + log(1 - x^a)."""
    hi, lo = total(xp, divide_double(xp, xp.ones_like(b), 0, b), _log_rest(xp, x, a))
    return hi + lo


def _log_prob_rule(F, g, x, a, b):
    by_x = g * ((a - 1) - a * (b - 1) * F(power_odds)(x, a)) / x
    return by_x, g * F(_score_by_a)(x, a, b), g * F(_score_by_b)(x, a, b)


def _score_by_a_rule(F, g, x, a, b):
    odds, log_x = F(power_odds)(x, a), F.log(x)
    bend = (b - 1) * odds * (1 + odds) * log_x
    return g * ((1 - (b - 1) * odds) - a * bend) / x, -g * (1 / a / a + bend * log_x), -g * odds * log_x


def _score_by_b_rule(F, g, x, a, b):
    fall = -g * F(power_odds)(x, a)
    return fall * (a / x), fall * F.log(x), -g / b / b


kumaraswamy_log_prob.joint_derivative(_log_prob_rule)
_score_by_a.joint_derivative(_score_by_a_rule)
_score_by_b.joint_derivative(_score_by_b_rule)


@differentiable
def kumaraswamy_tail(xp, x, a, b, /, upper, log):
    """P(X <= x) or, if ``upper``, P(X > x), or its logarithm; far below as log b + a log x."""
    x = xp.clip(x, 0, 1)
    hi, lo = times(xp, _log_rest(xp, x, a), (b, 0))
    if upper:
        return hi + lo if log else xp.exp(hi) * (1 + lo)
    if not log:
        return abs(xp.expm1(hi) + xp.exp(hi) * lo)
    y = xp.where(hi > -0.7, xp.log(-xp.expm1(hi)), xp.log1p(-xp.exp(hi) * (1 + lo)))
    far, far_lo = total(xp, _log_power(xp, x, a), log_of(xp, b))
    return xp.where(far < _FAR, far + far_lo, y)


_FAR = -50.0  # the logarithm of a cdf to which b x^a comes as near as numbers can


def _tail_rule(F, g, y, x, a, b, upper, log):
    inside = (x > 0) & (x < 1)
    g, x = F.where(inside, g, 0.0), F.where(inside, x, 0.5)
    rest, odds = F(log_rest)(x, a), F(power_odds)(x, a)
    if log and not upper:
        far = y < _FAR
        slope = F(_odds)(F.where(far, -1.0, b * rest))
        fall, by_b = F.where(far, g, -g * slope * b * odds), g * F.where(far, 1 / b, slope * rest)
    else:
        if not log:
            g = g * F.exp(b * rest) if upper else -g * F.exp(b * rest)
        fall, by_b = -g * b * odds, g * rest
    return fall * (a / x), fall * F.log(x), by_b


@differentiable
def _odds(xp, h):
    """-e^h/(1 - e^h), the derivative of log(1 - e^h)."""
    return xp.exp(h) / xp.expm1(h)


_odds.derivative(h=lambda F, g, y: g * (y * (1 - y)))
kumaraswamy_tail.joint_derivative(_tail_rule)


@differentiable
def kumaraswamy_quantile(xp, p, a, b):
    """(1 - (1 - p)^(1/b))^(1/a)."""
    hi, lo = log1p_of(xp, -p, 0)
    rest = _sound(xp, *divide_double(xp, hi, lo, b))
    hi, lo = log_of(xp, *one_minus_exp(xp, *rest))
    hi, lo = _sound(xp, *divide_double(xp, hi, lo, a))
    return xp.exp(hi) * (1 + lo)


def _sound(xp, hi, lo):
    """A double word whose second part is 0 if it is nan: the first is infinite then."""
    return hi, xp.where(lo == lo, lo, 0)


def _quantile_rule(F, g, y, p, a, b):
    inside = (y > 0) & (y < 1)
    g, y = F.where(inside, g, 0.0), F.where(inside, y, 0.5)
    step = g * y / (a * b * F(power_odds)(y, a))
    return step / (1 - F.where(inside, p, 0.5)), -g * y * F.log(y) / a, step * F(log_rest)(y, a)


kumaraswamy_quantile.joint_derivative(_quantile_rule)

# Moments ----------------------------------------------------------------------------------------------------


def _log_moment(xp, n, a, b):
    """log E[X^n] = log(Gamma(1 + s) Gamma(1 + b)/Gamma(1 + s + b)) with s = n/a, as a double word.

    By Stirling's formula for 1 + s, 1 + b and 1 + s + b, whose rest is small there.
    """
    one = xp.ones_like(a)
    s = divide_double(xp, n * one, 0, a)
    terms = [constant(a, HALF_LOG_2PI - 1, 0.0)]
    for sign, at in (
        (1, total(xp, (one, 0), s)),
        (1, two_sum(xp, one, b)),
        (-1, total(xp, (one, 0), s, (b, 0))),
    ):
        log = log_of(xp, at[0], at[1], finer=True)
        power = times(xp, total(xp, at, (-0.5 * one, 0)), log)
        terms += [(sign * power[0], sign * power[1]), (sign * stirling_error.kernel(xp, at[0]), 0)]
    return total(xp, *terms)


@differentiable
@hooks.opaque
def kumaraswamy_mean(xp, a, b):
    """b B(1 + 1/a, b)."""
    hi, lo = _log_moment(xp, 1, a, b)
    return xp.exp(hi) * (1 + lo)


@differentiable
@hooks.opaque
def kumaraswamy_variance(xp, a, b):
    """E[X^2] (1 - e^-d) with d = log(E[X^2]/E[X]^2), which for small 1/a is an integral: no cancelling."""
    hi, lo = _log_moment(xp, 1, a, b)
    twice, twice_lo = _log_moment(xp, 2, a, b)
    d, d_lo = total(xp, (twice, twice_lo), (-2 * hi, -2 * lo))
    share = -xp.expm1(-xp.where(a >= 1, _log_ratio(xp, 1 / xp.maximum(a, 1), b), d + d_lo))
    return xp.exp(twice) * (1 + twice_lo) * share


@hooks.opaque
def _log_ratio(xp, c, b):
    """The second difference of log E[X^(s a)] in steps of c, as the integral of its second derivative."""
    c, b = xp.broadcast_arrays(c, b)
    (y,) = piecewise(xp, [(b < 0.5, _integral(_bend_of_few)), (None, _integral(_bend))], c, b)
    return y


def _integral(bend: Any) -> Any:
    def integral(xp, c, b):
        y: Any = 0.0
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            t = 0.5 * (1 + float(node))
            y = y + 0.5 * float(weight) * t * (bend(xp, 1 + c * t, b) + bend(xp, 1 + c * (2 - t), b))
        return (c * c * y,)

    return integral


def _bend(xp, x, b):
    """trigamma(x) - trigamma(x + b)."""
    return trigamma.kernel(xp, x) - trigamma.kernel(xp, x + b)


def _bend_of_few(xp, x, b):
    """The same for small b, as an integral of the derivative."""
    zeta: Any = special(xp).zeta
    y: Any = 0.0
    for t, w in zip(_FEW_NODES, _FEW_WEIGHTS, strict=True):
        y = y + float(w) * zeta(3.0, x + 0.5 * (1 + float(t)) * b)
    return b * y


def _moment_slopes(F, n, a, b):
    """The derivatives of log E[X^n] by a and b."""
    s = n / a
    by_s = -F(digamma_difference)(1 + s + b, 1 + s, b)
    return -by_s * (s / a), -F(digamma_difference)(1 + s + b, 1 + b, s)


def _variance_rule(F, g, y, a, b):
    mean = F(kumaraswamy_mean)(a, b)
    first, second = (_moment_slopes(F, n, a, b) for n in (1, 2))
    square = mean * mean
    return tuple([g * (y * v + square * (v - 2 * u)) for u, v in zip(first, second, strict=True)])


kumaraswamy_mean.joint_derivative(lambda F, g, y, a, b: [g * y * v for v in _moment_slopes(F, 1, a, b)])
kumaraswamy_variance.joint_derivative(_variance_rule)


@differentiable
@hooks.opaque
def harmonic(xp, b):
    """digamma(1 + b) - digamma(1), the harmonic number for whole b."""
    return digamma_difference.kernel(xp, 1 + b, xp.ones_like(b), b)


harmonic.derivative(b=lambda F, g, b: g * F(trigamma)(1 + b))


@differentiable
@hooks.opaque
def kumaraswamy_entropy(xp, a, b):
    """1 - 1/b + (1 - 1/a) H(b) - log a - log b, with the harmonic number H(b)."""
    one = xp.ones_like(a)
    power = times(xp, total(xp, (one, 0), divide_double(xp, -one, 0, a)), (harmonic.kernel(xp, b), 0))
    logs = [(-hi, -lo) for hi, lo in (log_of(xp, a), log_of(xp, b))]
    hi, lo = total(xp, power, *logs, (one, 0), divide_double(xp, -one, 0, b))
    return hi + lo


def _entropy_rule(F, g, a, b):
    by_b = (1 / b - 1) / b + (1 - 1 / a) * F(trigamma)(1 + b)
    return g * (F(harmonic)(b) / a - 1) / a, g * by_b


kumaraswamy_entropy.joint_derivative(_entropy_rule)
