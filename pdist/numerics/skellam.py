"""The Skellam distribution's density, tails and scores, by integrals along the path of steepest descent.

With A - B = x and A B = r1 r2, w = A + B, the saddle point of E e^(l X) e^(-l x) lies at l = log(A/r1), and

    P(X = x) = e^E/pi times the integral of e^(w (cos t - 1)) cos(x (sin t - t)) dt, t from 0 to pi,

where E is minus two deviances, of A from r1 and of B from r2. The trapezoidal rule takes such an integral to
the last digit with few points, whatever the rates: the error is what lies 2 N counts away, or several widths
of the bell. A tail is the same integral with a pole at l = 0, which the rule is told of.

Source:
    Goodwin, "The evaluation of integrals of the form e^(-x^2) f(x)" (1949), and Chiarella and Reichel, "On
    the evaluation of integrals related to the error function", Mathematics of Computation 22 (1968), for the
    rule and the pole; Loader (2000) for deviances.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

from ..autograd import differentiable, zero
from ..backend import hooks
from .blocks import by_counts, in_blocks
from .constants import LARGEST
from .differences import deviance
from .double import divide_double, is_double, log_double, rounding, two_product, two_sum

_NODES = ((16, 0.65), (26, 0.53))  # (float32, float64): how many, and the step in widths of the bell
_TAYLOR = [1 / math.factorial(2 * k + 3) for k in range(14)]  # (t - sin t)/t^3 in powers of -t^2
_SMALL = 4.0  # w up to which ratios of neighbours come from a continued fraction


class Saddle(NamedTuple):
    """What holds at the saddle point: d = x - r1 + r2, and a, b as small differences want them."""

    x: object
    w: object
    a: object
    b: object
    d: object
    a_less: object  # a - r1
    b_less: object  # b - r2
    exponent: object


def saddle(xp, x, r1, r2):
    big = LARGEST[is_double(x)] / 16
    x = xp.clip(x, -big, big)
    n = abs(x)
    w = xp.hypot(n, 2 * (xp.sqrt(r1) * xp.sqrt(r2)))
    large = 0.5 * w + 0.5 * n
    small = r1 * (r2 / xp.where(large > 0, large, 1))
    a, b = xp.where(x >= 0, large, small), xp.where(x >= 0, small, large)
    s, s_lo = two_sum(xp, r2, -r1)
    d, d_lo = two_sum(xp, x + 0 * s, s)
    d = d + (d_lo + s_lo)
    a_less = xp.where(x > 2 * r1, a - r1, 2 * r1 * d / _or_one(xp, w + 2 * r1 - x))
    b_less = xp.where(-x > 2 * r2, b - r2, -2 * r2 * d / _or_one(xp, w + x + 2 * r2))
    exponent = -(deviance(xp, a, r1, a_less) + deviance(xp, b, r2, b_less))
    return Saddle(x, w, a, b, d, a_less, b_less, exponent)


def _or_one(xp, y):
    return xp.where(y == 0, 1, y)


def nodes(xp, w):
    """The step, and for each node t, sin(t/2), cos(t/2) and sin t - t."""
    count, step = _NODES[is_double(w)]
    h = xp.minimum(step / xp.sqrt(w), math.pi / count)
    return h, _each(xp, h, count)


@functools.cache
def _terms(k, count):
    """How many terms of the series tell in node k, where t is at most (k + 1/2) pi/count."""
    q = ((k + 0.5) * math.pi / count) ** 2
    return next((j for j, c in enumerate(_TAYLOR) if c * q**j < 1e-17), len(_TAYLOR))


def _each(xp, h, count):
    for k in range(count):
        t = (k + 0.5) * h
        q = t * t
        terms = _terms(k, count)
        y = _TAYLOR[terms - 1]
        for c in reversed(_TAYLOR[: terms - 1]):
            y = c - q * y
        yield t, xp.sin(0.5 * t), xp.cos(0.5 * t), -q * t * y


@differentiable
@by_counts
@in_blocks
@hooks.opaque
def skellam_log_prob(xp, x, r1, r2):
    """log P(X = x) for whole x."""
    at = saddle(xp, x, r1, r2)
    h, places = nodes(xp, at.w)
    total = short = 0
    for _, s, _, bend in places:
        e = -2 * at.w * s * s
        total = total + xp.exp(e) * xp.cos(at.x * bend)
        short = short + xp.expm1(e)
    y = at.exponent + xp.log(total * (h / math.pi))
    # P(X = 0) may be near 1: then the integral is the mean over the nodes
    near = at.exponent + xp.log1p(xp.where(at.w < 1, short * (h / math.pi), 0))
    return xp.where((at.x == 0) & (at.w < 1), near, y)


def _curve(xp, at):
    """C = I_n'(z)/(z I_n(z)) - w/z^2 for n = abs(x), z = 2 sqrt(r1 r2); some -1/(2 w^2) where w is large."""
    _, places = nodes(xp, at.w)
    total = change = 0
    n = abs(at.x)
    for _, s, c, bend in places:
        g, turn = xp.exp(-2 * at.w * s * s), n * bend
        total = total + g * xp.cos(turn)
        change = change + g * (2 * s) * (xp.sin(turn) * c - xp.cos(turn) * s)
    return change / total / (2 * xp.maximum(at.a, at.b))


def _fraction(xp, n, c):
    """I_(n + 1)(z)/(z I_n(z)) with z^2/4 = c, small, by its continued fraction."""
    y = 0.5 / (n + 21)
    for k in range(19, -1, -1):
        y = 1 / (2 * (n + (k + 1.0)) + 4 * c * y)
    return y


@differentiable
@by_counts
@in_blocks
@hooks.opaque
def skellam_score(xp, x, r1, r2):
    """P(X = x - 1)/P(X = x) - 1, the derivative of log P(X = x) by r1; 0 if x is impossible."""
    at = saddle(xp, x, r1, r2)
    few = at.w < _SMALL
    rate = xp.where(r1 == 0, math.inf, r1)
    far = xp.where(at.x > 2 * r1, at.a_less / rate, 2 * at.d / _or_one(xp, at.w + 2 * r1 - at.x))
    y = far + 2 * r2 * _curve(xp, at)
    c = xp.where(few, r1 * r2, 0)
    less = xp.where(at.x > 0, (at.x - r1) / rate, -1)
    near = less + 2 * r2 * _fraction(xp, xp.where(few, abs(at.x), 0), c)
    return xp.where((r1 == 0) & (at.x > 0), 0, xp.where(few, near, y))


def _score_rule(F, g, y, x, r1, r2):
    """(1 + y) times the change of either score from x to x - 1."""
    up = g * (1 + y)
    by_r1 = F(skellam_score)(x - 1, r1, r2) - y
    by_r2 = F(skellam_score)(1 - x, r2, r1) - F(skellam_score)(-x, r2, r1)
    return None, up * by_r1, up * by_r2


skellam_log_prob.derivative(
    x=zero,
    r1=lambda F, g, x, r1, r2: g * F(skellam_score)(x, r1, r2),
    r2=lambda F, g, x, r1, r2: g * F(skellam_score)(-x, r2, r1),
)
skellam_score.joint_derivative(_score_rule)

# The tails -------------------------------------------------------------------------------------------------


def _sharper(xp, x, r1, r2, u):
    """r1 (u - 1) + r2 (1/u - 1) - x log u as a double word, and r1 u - r2/u - x: all holds for any u."""
    v, v_lo = two_sum(xp, u, -xp.ones_like(u))
    q, q_lo = divide_double(xp, xp.ones_like(u), xp.zeros_like(u), u)
    p, p_lo = two_sum(xp, q, -xp.ones_like(u))
    log_u, log_lo = two_sum(xp, *log_double(xp, u, finer=True))
    hi, lo, off, off_lo = 0 * u, 0 * u, -x + 0 * u, 0 * u
    for factor, term, term_lo, whole, whole_lo in (
        (r1, v, v_lo, u, 0),
        (r2, p, p_lo + q_lo, -q, -q_lo),
        (-x, log_u, log_lo, 0 * u, 0),
    ):
        y, y_lo = two_product(xp, factor + 0 * u, term)
        hi, rest = two_sum(xp, hi, y)
        lo = lo + (rest + (rounding(xp, y_lo, y) + factor * term_lo))
        y, y_lo = two_product(xp, factor + 0 * u, whole)
        off, rest = two_sum(xp, off, y)
        off_lo = off_lo + (rest + (rounding(xp, y_lo, y) + factor * whole_lo))
    return *two_sum(xp, hi, lo), off + off_lo


class TailSums(NamedTuple):
    """The smaller of P(X <= x) and P(X > x), or nearly: e^(exponent) (1 + rest) times the first sum.

    The others, if they are asked for, take its place in minus the first, and the second, derivative by the
    count from which on the tail begins.
    """

    exponent: object
    rest: object
    sums: list
    upper: object  # where it is P(X > x)


def tail_sums(xp, x, r1, r2, moves=False):
    """The integrals of a tail along the path through its saddle point: see :class:`TailSums`."""
    upper = x + 0.5 > r1 - r2
    r1, r2 = xp.where(upper, r1, r2), xp.where(upper, r2, r1)
    at = saddle(xp, xp.where(upper, x + 1, -x), r1, r2)
    rising = at.x >= 0
    share = xp.where(rising, r1 / _or_one(xp, at.a), at.b / _or_one(xp, r2))
    rest = xp.where(rising, at.a_less / _or_one(xp, at.a), -at.b_less / _or_one(xp, r2))
    rest = xp.where(share == 0, 1, rest)  # 1 - share
    e, e_lo, off = _sharper(xp, at.x, r1, r2, 1 / share)
    far = (at.exponent < -1) & (abs(e_lo) < 1e-3) & (abs(off) < 1)
    e, e_lo, off = xp.where(far, e, at.exponent), xp.where(far, e_lo, 0), xp.where(far, off, 0)
    pole = -xp.where(rest < 0.5, xp.log1p(-xp.minimum(rest, 0.5)), xp.log(share))
    h, places = nodes(xp, at.w)
    total = first = second = 0
    for t, s, c, bend in places:
        turn = at.x * bend + off * (2 * s * c)
        real, imaginary = rest + 2 * share * s * s, 2 * share * s * c  # 1 - e^-l at l = pole + i t
        cos, sin, square = xp.cos(turn), xp.sin(turn), rest * rest + 4 * share * s * s
        weight = xp.exp(-2 * at.w * s * s)
        total = total + weight * ((cos * real + sin * imaginary) / square)
        if moves:
            u, v = pole * real + t * imaginary, t * real - pole * imaginary
            first = first + weight * ((cos * u - sin * v) / square)
            second = second + weight * ((cos * (pole * u - t * v) - sin * (pole * v + t * u)) / square)
    seen = pole < xp.arcsinh(2 * math.pi / (at.w * h))
    height = xp.where(seen, pole, 0)
    pull = xp.where(seen, xp.exp(-xp.where(seen, e, 0)) / (1 + xp.exp(2 * math.pi * height / h)), 0)
    sums = [total * (h / math.pi) + pull, first * (h / math.pi), second * (h / math.pi)]
    return TailSums(e, e_lo, sums, upper)


def smaller_tail(xp, x, r1, r2):
    """The smaller of P(X <= x) and P(X > x), its logarithm, and where it is the upper one."""
    e, rest, (total, *_), upper = tail_sums(xp, x, r1, r2)
    return xp.exp(e) * (total * (1 + rest)), e + xp.log(total), upper


@differentiable
@by_counts
@in_blocks
@hooks.opaque
def skellam_tail(xp, x, r1, r2, *, upper, log):
    """P(X <= x) or, if ``upper``, P(X > x), or its logarithm, for whole x."""
    tail, log_tail, above = smaller_tail(xp, x, r1, r2)
    here = above if upper else ~above
    return xp.where(here, log_tail, xp.log1p(-tail)) if log else xp.where(here, tail, 1 - tail)


def _tail_rule(F, g, y, x, r1, r2, upper, log):
    """As r1 grows the density at x passes from below to above, as r2 grows that at x + 1 back."""
    less = F.where(y == -math.inf, math.inf, y) if log else 0.0
    g = -g if upper else g
    by_r1 = F.exp(F(skellam_log_prob)(x, r1, r2) - less)
    by_r2 = F.exp(F(skellam_log_prob)(x + 1, r1, r2) - less)
    return None, -g * by_r1, g * by_r2


skellam_tail.joint_derivative(_tail_rule)
