"""Riemann's and Hurwitz's zeta functions with all derivatives by the exponent, for distributions of x^-a.

Sums over the whole numbers: so many terms as they stand, and the rest by the formula of Euler and Maclaurin.
The derivatives by a are sums with powers of a logarithm; those of the rest come from Taylor polynomials in a.
What is summed is hardly ever negative, so that no sum loses digits.

Source:
    F. Johansson, "Rigorous high-precision computation of the Hurwitz zeta function and its derivatives",
    Numerical Algorithms 69 (2015).
"""

from __future__ import annotations

import math
from fractions import Fraction

from ..autograd import differentiable, zero
from ..backend import hooks
from .constants import LARGEST
from .double import is_double

_TERMS = 12  # before the rest
_BERNOULLI = [Fraction(n, d) for n, d in ((1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66), (-691, 2730), (7, 6))]
# B_2j/(2j)!
_COEFFICIENTS = [float(b / math.factorial(2 * j + 2)) for j, b in enumerate(_BERNOULLI)]
_STEEP = 64.0  # a/N from which on a rest from N on is nothing beside the first term


# Taylor polynomials in e, where a is a + e, of what is left from n on, divided by n^(1 - a - e):
# 1/(a - 1) + 1/(2 n) + the sum of B_2j/(2j)! a (a + 1) ... (a + 2j - 2) n^-2j


def _pole(a, order):
    """Of 1/(a - 1)."""
    return [(-1.0) ** k / (a - 1) ** (k + 1) for k in range(order + 1)]


def _pole_between(xp, b, length, order):
    """Of (1 - e^(-b length))/b, where b is b + e: its derivatives are integrals of t^k e^-bt up to length."""
    z = b * length
    near = z < 1
    decay = xp.exp(-z)
    found, far = [], -xp.expm1(-z) / b
    for k in range(order + 1):
        if k:
            far = (k * far - length**k * decay) / b
        series = 0.0
        for j in range(18, -1, -1):
            series = 1 / (k + 1.0 + j) - series * xp.where(near, z, 0) / (j + 1.0)
        found.append((-1.0) ** k / math.factorial(k) * xp.where(near, length ** (k + 1) * series, far))
    return found


def _rest(xp, n, a, order):
    """Of all but 1/(a - 1)."""
    steep = xp.minimum(a, _STEEP * n)
    w = 1 / n
    zero_ = 0 * (steep * w)
    total = [0.5 * w + zero_] + [zero_] * order
    term = [steep * w * w] + [w * w + zero_ if k == 1 else zero_ for k in range(1, order + 1)]
    for j, c in enumerate(_COEFFICIENTS):
        total = [t + c * part for t, part in zip(total, term, strict=True)]
        for i in (2 * j + 1, 2 * j + 2):  # times (a + i + e)/n
            before = [zero_, *term[:-1]]
            term = [((steep + float(i)) * w) * t + w * b for t, b in zip(term, before, strict=True)]
    return total


def _moment(taylor, log_n, order):
    """(-d/de)^order of n^-e times a Taylor polynomial, at e = 0."""
    y = 0.0
    for k in range(order + 1):
        factor = (-1.0) ** k * math.comb(order, k) * math.factorial(k)
        y = y + factor * log_n ** (order - k) * taylor[k]
    return y


# Over all whole numbers -------------------------------------------------------------------------------------


@differentiable
@hooks.opaque
def zeta_sum(xp, a, /, power=0, order=0):
    """The sum of (k - 1)^power k^-a (log k)^order over k >= 2, for a > power + 1; inf for smaller a."""
    n = float(_TERMS)
    y = 0.0
    for i in range(power + 1):
        b = a - float(i)
        sign = math.comb(power, i) * (-1.0) ** (power - i)
        rest = _moment(_pole(b, order), math.log(n), order) + _moment(
            _rest(xp, n, b, order), math.log(n), order
        )
        y = y + sign * (xp.power(n, 1 - b) * rest)
    for k in range(_TERMS - 1, 1, -1):
        y = y + (k - 1.0) ** power * math.log(k) ** order * xp.power(float(k), -a)
    return xp.where(a > power + 1, y, xp.where(a == a, math.inf, a)).astype(a.dtype)


zeta_sum.derivative(
    a=lambda F, g, a, power, order: (
        -g * F.where(a > power + 1, F(zeta_sum)(a, power=power, order=order + 1), 0.0)
    )
)

# Up to x, and beyond it -------------------------------------------------------------------------------------


@differentiable
@hooks.opaque
def sum_up_to(xp, x, a, /, order=0):
    """The sum of k^-a (log k)^order over 1 <= k <= x, for whole x >= 1 and a > 1."""
    x = xp.minimum(x, LARGEST[is_double(x)])
    y = 1.0 * (order == 0) + 0 * (x + a)
    far = x >= _TERMS
    n, q = float(_TERMS), xp.where(far, x, _TERMS) + 1
    log_ratio = xp.log(q / n)
    ends = [
        xp.power(m, 1 - a) * _moment(_rest(xp, m, a, order), log_m, order)
        for m, log_m in ((n + 0 * q, math.log(n)), (q, math.log(n) + log_ratio))
    ]
    between = xp.power(n, 1 - a) * _moment(_pole_between(xp, a - 1, log_ratio, order), math.log(n), order)
    y = y + xp.where(far, between + (ends[0] - ends[1]), 0)
    for k in range(_TERMS - 1, 1, -1):
        y = y + xp.where(x >= k, math.log(k) ** order * xp.power(float(k), -a), 0)
    return y


@differentiable
@hooks.opaque
def sum_beyond(xp, x, a, /, order=0):
    """The sum of (k/q)^-a log(k/q)^order over k > x, for whole x >= 0 and a > 1.

    q is x + 1; or x, if there is no such number in this dtype.
    """
    x = xp.minimum(x, LARGEST[is_double(x)])
    first = next_count(x)
    n = first + float(_TERMS)
    log_n = xp.log1p(_TERMS / first)
    rest = _moment(_pole(a, order), log_n, order) + _moment(_rest(xp, n, a, order), log_n, order)
    y = n * xp.exp(-a * log_n) * rest
    for k in range(_TERMS - 1, 0, -1):
        log_k = xp.log1p(k / first)
        y = y + xp.exp(-a * log_k) * log_k**order
    return y + (first > x) if order == 0 else y


def next_count(x):
    """x + 1; or x, if there is no such number in this dtype."""
    return x + ((x + 1) - x == 1)


sum_up_to.derivative(x=zero, a=lambda F, g, x, a, order: -g * F(sum_up_to)(x, a, order=order + 1))
sum_beyond.derivative(x=zero, a=lambda F, g, x, a, order: -g * F(sum_beyond)(x, a, order=order + 1))
