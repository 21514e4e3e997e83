"""The inverse Gaussian variable of mean m and shape s: when Brownian motion with drift gets to a place.

With r = sqrt(s/x), a = r (x - m)/m and b = r (x + m)/m the density is r/x times that of a Normal variable at
a, and P(X <= x) = P(N <= a) + e^(2 s/m) P(N > b). As 2 s/m = (b^2 - a^2)/2, the latter is e^(-a^2/2) c(b)
with the scaled tail c(b) = e^(b^2/2) P(N > b).

Source:
    G. Giner and G. K. Smyth, "statmod: probability calculations for the inverse Gaussian distribution",
    R Journal 8 (2016).
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import hooks, special
from .blocks import in_blocks
from .constants import HALF_LOG_2PI, HALF_LOG_2PIE, INV_SQRT_2PI, LOG_2, SQRT_HALF
from .double import divide_double, finite_or_zero, is_double, log_finer, two_product, two_sum
from .exponential_integral import integral_excess, scaled_integral
from .normal import scaled_tail
from .panels import gauss_legendre
from .roots import search_root

_POINTS, _MASSES = gauss_legendre(15)
_PANELS = ((0.4, 1.0), (0.12, 0.4), (0.0, 0.12))  # the rule of Gauss and Legendre on each, small terms first
_RULE = [
    (low + 0.5 * (high - low) * (1 + float(point)), 0.5 * (high - low) * float(mass))
    for low, high in _PANELS
    for point, mass in zip(_POINTS[::-1], _MASSES[::-1], strict=True)
]


def _product_double(xp, a, a_lo, b, b_lo):
    """(a + a_lo)(b + b_lo) as a double word."""
    p, lo = two_product(xp, a, b)
    return two_sum(xp, p, finite_or_zero(xp, lo + (a * b_lo + a_lo * b)))


def _excess_double(xp, x, m):
    """x/m - 1 as a double word."""
    d, d_lo = two_sum(xp, x, -m)
    q, lo = divide_double(xp, d, d_lo, m)
    return q, finite_or_zero(xp, lo)


def _ratio_double(xp, x, s):
    """s/x as a double word."""
    t, lo = divide_double(xp, s, xp.zeros_like(s), x)
    return t, finite_or_zero(xp, lo)


def exponent_double(xp, x, m, s):
    """a^2/2 as a double word."""
    q, q_lo = _excess_double(xp, x, m)
    t, t_lo = _ratio_double(xp, x, s)
    square, square_lo = _product_double(xp, q, q_lo, q, q_lo)
    y, y_lo = _product_double(xp, square, square_lo, t, t_lo)
    return 0.5 * xp.where(y < math.inf, y, q * t * q), 0.5 * y_lo  # a square may overflow


# The density ------------------------------------------------------------------------------------------------


@differentiable
def wald_log_density(xp, x, m, s):
    """log(s/(2 pi x^3))/2 - s (x - m)^2/(2 m^2 x), for x > 0."""
    h, h_lo = exponent_double(xp, x, m, s)
    (log_s, s_lo), (log_x, x_lo) = log_finer(xp, s), log_finer(xp, x)
    three, three_lo = two_sum(xp, 2 * log_x, log_x)
    y, lo = two_sum(xp, log_s, -three)
    y, rest = two_sum(xp, 0.5 * y, -h)
    y, last = two_sum(xp, y, xp.full_like(y, -HALF_LOG_2PI))
    low = (rest + last) + (0.5 * ((lo - three_lo) + (s_lo - 3 * x_lo)) - h_lo)
    return xp.where(h < math.inf, y + finite_or_zero(xp, low), -math.inf)


@differentiable
def wald_slope(xp, x, m, s):
    """Its derivative by x: -(3/2 + s (x^2 - m^2)/(2 m^2 x))/x."""
    q, q_lo = _excess_double(xp, x, m)
    q2, q2_lo = two_sum(xp, q, 2 * xp.ones_like(q))
    y, lo = _product_double(xp, *_product_double(xp, q, q_lo, q2, q2_lo + q_lo), *_ratio_double(xp, x, s))
    return -((1.5 + 0.5 * y) + 0.5 * lo) / x


@differentiable
def mean_slope(xp, x, m, s):
    """Its derivative by m: s (x - m)/m^3."""
    return s / m * _excess_double(xp, x, m)[0] / m


@differentiable
def wald_shape_slope(xp, x, m, s):
    """Its derivative by s: 1/(2 s) - (x - m)^2/(2 m^2 x)."""
    h, lo = exponent_double(xp, x, m, s)
    return ((0.5 - h) - lo) / s


def _mixed(x, m):
    """The derivative of :func:`slope` by s."""
    return 0.5 * ((m - x) / x / m) * ((m + x) / x / m)


wald_log_density.joint_derivative(
    lambda F, g, x, m, s: [g * F(slope)(x, m, s) for slope in (wald_slope, mean_slope, wald_shape_slope)]
)
wald_slope.joint_derivative(
    lambda F, g, x, m, s: (g * (1.5 - s / x) / x / x, g * s / m / m / m, g * _mixed(x, m))
)
mean_slope.joint_derivative(
    lambda F, g, x, m, s: (
        g * s / m / m / m,
        g * s * ((2 * m - 3 * x) / m) / m / m / m,
        g * (x - m) / m / m / m,
    )
)
wald_shape_slope.joint_derivative(
    lambda F, g, x, m, s: (g * _mixed(x, m), g * (x - m) / m / m / m, -0.5 * g / s / s)
)


# The tails --------------------------------------------------------------------------------------------------


def fall(xp, a, step):
    """c(a) - c(a + step) for a, step >= 0, as an integral of one sign, unless the step is long.

    c(a) is the integral of e^(-a u - u^2/2)/sqrt(2 pi) over u > 0, of which what is negligible is left out.
    """
    end = 80 / (a + xp.sqrt(a * a + 80))
    short = xp.minimum(step, 1 + 0.5 * a)
    near = 0
    for share, weight in _RULE:
        u = share * end
        near = near - weight * xp.exp(-u * (a + 0.5 * u)) * xp.expm1(-short * u)
    near = INV_SQRT_2PI * end * near
    return xp.where(step < 1 + 0.5 * a, near, scaled_tail(xp, a) - scaled_tail(xp, a + step))


@in_blocks
def tail(xp, x, m, s, *, upper, log):
    """P(X <= x) or, if ``upper``, P(X > x), or its logarithm."""
    inside = (x > 0) & (x < math.inf)
    z = xp.where(inside, x, m)
    h, h_lo = exponent_double(xp, z, m, s)
    h_lo = finite_or_zero(xp, h_lo)
    r = xp.sqrt(s / z)
    a, b = xp.minimum(xp.sqrt(2 * h), 1e12), r * (1 + z / m)
    left = z < m
    share = xp.where(left, scaled_tail(xp, a) + scaled_tail(xp, b), fall(xp, xp.where(left, 1, a), 2 * r))
    part = share * xp.exp(-h) * (1 - h_lo)
    # To the left the larger part is the lower one if the mean lies far out in a tail
    w, beyond = 2 * s / m, 0.5 * special(xp).erfc(SQRT_HALF * b)
    more = xp.where(w < 1, xp.expm1(xp.minimum(w, 1)) * beyond, xp.exp(-h) * scaled_tail(xp, b) - beyond)
    rest = 0.5 * (special(xp).erf(SQRT_HALF * a) + special(xp).erf(SQRT_HALF * b)) - more
    rest = xp.where(left & (part > 0.5), rest, 1 - part)
    direct = left != upper
    if log:
        direct = direct & (part < 0.75)
        y = xp.where(direct, xp.log(share) - h - h_lo, xp.where(left != upper, xp.log1p(-rest), 0))
        y = xp.where(left != upper, y, xp.where(part < 0.5, xp.log1p(-part), xp.log(rest)))
        low, high = (0, -math.inf) if upper else (-math.inf, 0)
    else:
        y = xp.where(direct, part, rest)
        low, high = (1, 0) if upper else (0, 1)
    return xp.where(inside, y, xp.where(x <= 0, low, xp.where(x > 0, high, x)))


@differentiable
def inverse_gaussian_tail(xp, x, m, s, /, upper, log):
    """P(X <= x) or, if ``upper``, P(X > x), or its logarithm."""
    return tail(xp, x, m, s, upper=upper, log=log)


def _scaled_tail(F, b):
    return 0.5 * F.erfcx(SQRT_HALF * b)


def _moves(F, x, m, s):
    """The derivatives of P(X <= x) by x, m and s, all but for a factor of e^(-a^2/2)."""
    r = F.sqrt(s / x)
    c = (2 / m) * _scaled_tail(F, r * (1 + x / m))
    return INV_SQRT_2PI * r / x, -c * (s / m), c - INV_SQRT_2PI / (r * x)


def _tail_rule(F, g, y, x, m, s, upper, log):
    inside = (x > 0) & (x < math.inf)
    g, x = F.where(inside, -g if upper else g, 0.0), F.where(inside, x, m)
    a = F.sqrt(s / x) * ((x - m) / m)
    exponent = -0.5 * a * a
    g = g * F.exp(exponent - F.where(inside, y, 0.0) if log else exponent)
    by_x, by_m, by_s = _moves(F, x, m, s)
    return g * by_x, g * by_m, g * by_s


inverse_gaussian_tail.joint_derivative(_tail_rule)


# Quantiles and draws ----------------------------------------------------------------------------------------


@hooks.opaque
def _quantile(xp, p, m, s):
    """The x with P(X <= x) = p: a search by log x, then Newton's steps by x."""
    p, m, s = xp.broadcast_arrays(p, m, s)
    inside = (p > 0) & (p < 1)
    t = xp.where(inside, p, 0.5)
    below = t < 0.5

    def smaller(x, log):
        return xp.where(
            below, tail(xp, x, m, s, upper=False, log=log), tail(xp, x, m, s, upper=True, log=log)
        )

    def error(x):
        """The relative error of the smaller tail, positive if x is too large, and its slope by log x."""
        log_tail = smaller(x, log=True)
        d = log_tail - xp.where(below, xp.log(t), xp.log1p(-t))
        fall = xp.exp(xp.minimum(wald_log_density.kernel(xp, x, m, s) + xp.log(x) - log_tail, 80))
        return xp.where(below, d, -d), fall

    def newton(y):
        d, fall = error(xp.exp(y))
        return d, d / fall, 8 * float(xp.finfo(p.dtype).eps) * (1 + abs(d))

    far = (80.0, 690.0)[is_double(p)]
    low = xp.maximum(xp.log(m) - far, -far) + 0 * t
    y = search_root(xp, newton, low, 0 * t + far)
    x = xp.exp(y)
    for _ in range(2):
        now = smaller(x, log=False)
        change = xp.where(below, t - now, now - (1 - t))
        step = change * xp.exp(-wald_log_density.kernel(xp, x, m, s))
        x = xp.where(abs(step) < 0.1 * x, x + step, x)
    return xp.where(inside, x, xp.where(p == 0, 0, xp.where(p == 1, math.inf, math.nan))).astype(p.dtype)


@differentiable
def inverse_gaussian_quantile(xp, p, m, s):
    """The x with P(X <= x) = p."""
    return _quantile(xp, p, m, s)


@differentiable
def moved_inverse_gaussian(xp, x, m, s):
    """x as it is; it moves with m and s so that its place in the distribution stays the same."""
    return x + 0 * m + 0 * s


def _moved_rule(F, g, x, m, s):
    by_x, by_m, by_s = _moves(F, x, m, s)
    g = -g / by_x
    return g * by_m, g * by_s


inverse_gaussian_quantile.joint_derivative(
    lambda F, g, y, m, s: (g * F.exp(-F(wald_log_density)(y, m, s)), *_moved_rule(F, g, y, m, s))
)
moved_inverse_gaussian.joint_derivative(lambda F, g, x, m, s: (g, *_moved_rule(F, g, x, m, s)))


def draw(rng, shape, dtype, m, s):
    """Draws from raw arrays, by the roots of a quadratic equation."""
    w = m / s * rng.standard_normal(shape) ** 2
    x = 2 / (2 + w + (w * (4 + w)) ** 0.5)
    lower = rng.random(shape) * (1 + x) < 1
    return (m * (x * lower + (1 / x) * (1 - lower))).astype(dtype)


def entropy(F, m, s):
    """log(2 pi e m^3/s)/2 - 3/2 e^w E_1(w) with w = 2 s/m; the logarithm of a small w is taken off both."""
    w = 2 * s / m
    small = w.array < 1
    near = F.log(s) + (HALF_LOG_2PIE + 1.5 * LOG_2) - 1.5 * F(integral_excess)(F.where(small, w, 1.0))
    far = 0.5 * (3 * F.log(m) - F.log(s)) + HALF_LOG_2PIE - 1.5 * F(scaled_integral)(w, n=1)
    return F.where(small, near, far)


@differentiable
def mean_divergence(xp, m, n, s):
    """s (m - n)^2/(2 n^2 m), what means m and n add to the divergence to an n of shape s."""
    d = (m - n) / n
    return 0.5 * d * d * (s / m)


def _mean_divergence_rule(F, g, m, n, s):
    d = (m - n) / n
    by_s = 0.5 * d * d / m
    return g * (0.5 * d * (s / m) * ((m + n) / n / m)), -g * d * (s / n) / n, g * by_s


mean_divergence.joint_derivative(_mean_divergence_rule)
