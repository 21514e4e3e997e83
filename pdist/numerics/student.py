"""The density and the tails of a standard Student's t variable.

Source:
    A. R. DiDonato and A. H. Morris, "Significant digit computation of the incomplete beta function ratios",
    ACM Transactions on Mathematical Software 18 (1992), for the continued fraction.
"""

from __future__ import annotations

import math

import numpy as np

from ..autograd import differentiable
from ..backend import hooks, truth
from .blocks import piecewise
from .constants import HALF_LOG_2PI, LOG_2
from .double import (
    ATANH,
    divide_double,
    is_double,
    log_double,
    polynomial,
    rounding,
    two_product,
    two_sum,
)
from .gamma import WIDE_ATANH, gamma_step, half_step, half_step_slope
from .incomplete_beta import smaller_tail

# With p = z^2/(df + z^2) no square overflows: it is z w with w = z/(df + z^2).


def _w(z, df):
    return 1 / (df / z + z)


@differentiable
def share_over_z(xp, z, df):
    """p/z = z/(df + z^2), whose square does not overflow."""
    return _w(z, df)


def _share_over_z_rule(F, g, y, z, df):
    rest = 1 / (1 + z * (z / df)) / df  # 1/(df + z^2)
    return g * (1 - 2 * z * y) * rest, -g * y * rest


share_over_z.joint_derivative(_share_over_z_rule)


def log1p_square(xp, z, df):
    """log(1 + z^2/df); ``xp`` may be the F of a rule."""
    far = abs(z) > 1e8 * df**0.5
    near, r = xp.where(far, 0.0, z), xp.where(far, z, 1.0)
    return xp.where(far, 2 * xp.log(abs(r)) - xp.log(df), xp.log1p(near * (near / df)))


# The density -----------------------------------------------------------------------------------------------


@differentiable
def student_log_kernel(xp, z, df):
    """-(df + 1)/2 log(1 + z^2/df)."""
    return -0.5 * (df + 1) * log1p_square(xp, z, df)


@differentiable
def student_log_norm(xp, df):
    """The logarithm of the integral of e^log_kernel."""
    return HALF_LOG_2PI - half_step.kernel(xp, 0.5 * df)


def share_slope(xp, p, log_square, df):
    """:func:`kernel_shape_slope` from p and -log(1 - p), which is 2 atanh(v) with v = p/(2 - p)."""
    small = p < 2 / 3
    q = xp.where(small, p, 0)
    v = q / (2 - q)
    w = v * v
    excess = xp.where(small, v * (q + 2 * w * polynomial(WIDE_ATANH, w)), log_square - p)  # over p
    return 0.5 * (p / df - excess)


def share_bend(p, df):
    """:func:`kernel_shape_bend` from p."""
    return 0.5 * (p * p - p * (2 - p) / df) / df


@differentiable
def kernel_shape_slope(xp, z, df):
    """The derivative of the log kernel in df, (log(1 - p) + p)/2 + p/(2 df), accurate for small p."""
    return share_slope(xp, z * _w(z, df), log1p_square(xp, z, df), df)


@differentiable
def kernel_shape_bend(xp, z, df):
    """The second derivative of the log kernel in df."""
    return share_bend(z * _w(z, df), df)


def _mixed(F, z, df):
    """The derivative of :func:`kernel_shape_slope` in z: p/z ((1 - p)/df - p)."""
    w = F(share_over_z)(z, df)
    return w * (1 / (1 + z * (z / df)) / df - z * w)


student_log_kernel.derivative(
    z=lambda F, g, z, df: -g * ((df + 1) * F(share_over_z)(z, df)),
    df=lambda F, g, z, df: g * F(kernel_shape_slope)(z, df),
)
student_log_norm.derivative(df=lambda F, g, df: -0.5 * g * F(half_step_slope)(0.5 * df))
kernel_shape_slope.derivative(
    z=lambda F, g, z, df: g * _mixed(F, z, df),
    df=lambda F, g, z, df: g * F(kernel_shape_bend)(z, df),
)


def shape_slope(F, z, df):
    """The derivative of the log density in df."""
    return F(kernel_shape_slope)(z, df) + 0.5 * F(half_step_slope)(0.5 * df)


def scale_slope(F, d, s, df):
    """(z^2 - 1)/(1 + z^2/df) with z = d/s, accurate near abs(z) = 1; df far out."""
    z = d / s
    far = abs(z) > 1e8 * F.sqrt(df)
    z = F.where(far, 0.0, z)
    return F.where(far, df, (d - s) / s * ((d + s) / s) / (1 + z * (z / df)))


def variance(F, df):
    """df/(df - 2); inf for 1 < df <= 2, and nan for df <= 1."""
    finite = F.where(df.array > 2, df, 3.0)
    otherwise = df.xp.where(df.array > 1, math.inf, math.nan).astype(df.dtype)
    return F.where(df.array > 2, finite / (finite - 2), otherwise)


def deviation(F, z, df, density):
    """E[-Z 1{Z <= z}], for df > 1; nan up to 1, where there is no mean."""
    some = df.array > 1
    return F.where(some, density * (df + z * z) / (F.where(some, df, 2.0) - 1), math.nan)


def half_difference(F, df):
    """E|Z - Z'|/2, 2 sqrt(df)/(df - 1) B(1/2, df - 1/2)/B(1/2, df/2)^2, for df > 1; else nan."""
    some = df.array > 1
    df = F.where(some, df, 2.0)
    h = 0.5 * df
    steps = F(gamma_step)(h) * F(gamma_step)(h) / (F(gamma_step)(df - 0.5) * math.sqrt(math.pi))
    return F.where(some, 2 * F.sqrt(df) / (df - 1) * steps, math.nan)


# The tails -------------------------------------------------------------------------------------------------


def _density_double(xp, a, df):
    """f, h and r such that the density at a >= 0 is f e^-(h + r), with h exact and r small."""
    square, square_lo = two_product(xp, a, a)
    q, q_lo = divide_double(xp, square, square_lo, df)
    q_lo = rounding(xp, q_lo, q)
    near = q < 0.5
    small, s_lo = xp.where(near, q, 0), xp.where(near, q_lo, 0)
    two, two_lo = two_sum(xp, 2 * xp.ones_like(q), small)
    v, v_lo = divide_double(xp, small, s_lo, two)  # log(1 + q) = 2 atanh(q/(2 + q))
    v_lo = v_lo - v * (two_lo + s_lo) / two
    w = v * v
    log_s, lo = 2 * v, 2 * (v_lo + v * w * polynomial(ATANH, w))
    s, s_lo = two_sum(xp, xp.ones_like(q), q)
    held = s < math.inf
    log_far, far_lo = log_double(xp, xp.where(held, s, 1))
    far_lo = far_lo + xp.where(held, (s_lo + q_lo) / s, 0)
    log_s, lo = xp.where(near, log_s, log_far), xp.where(near, lo, far_lo)
    log_s, lo = two_sum(xp, log_s, lo)
    log_s, lo = xp.where(held, log_s, log1p_square(xp, a, df)), xp.where(held, lo, 0)
    n, n_lo = two_sum(xp, 0.5 * df, 0.5 * xp.ones_like(df))
    h, h_lo = two_product(xp, n, log_s)
    h_lo = rounding(xp, h_lo + n_lo * log_s + n * lo, 8 * h)
    return xp.exp(-student_log_norm.kernel(xp, df)), h, h_lo


def _by_series_of_p(xp, a, df, n):
    """P(0 < Z <= a) over a f(a), by powers of p."""
    p = a * _w(a, df)
    return _summed(xp, a, n, lambda k: p * ((0.5 * df + 0.5 + k) / (1.5 + k)))


def _by_series_of_complement(xp, a, df, n):
    """P(Z > a) over a f(a), by powers of 1 - p."""
    x = 1 / (1 + a * (a / df))
    return _summed(xp, a, n, lambda k: x * ((0.5 * df + 0.5 + k) / (0.5 * df + 1 + k))) / df


def _summed(xp, a, n, ratio):
    """1 plus up to ``n`` positive terms, each of which is ``ratio(k)`` times the one before."""
    least = float(np.finfo(a.dtype).eps) / 8
    term = total = xp.ones_like(a)
    for k in range(n):
        term = term * ratio(k)
        total = total + term
        if k % 8 == 7 and truth((term < least * total).all()):
            break
    return total


def _by_fraction(xp, a, df, n):
    """P(Z > a) over a f(a), by the continued fraction of the incomplete beta function."""
    c, y = 0.5 * df, a * _w(a, df)
    x = 1 / (1 + a * (a / df))
    start = c * y - 0.5 * x  # c - (c + 1/2) x
    beta = lambda k: (
        k + k * (0.5 - k) * x / (c + 2 * k - 1) + (c + k) / (c + 2 * k + 1) * (start + 1 + k * (1 + y))
    )
    t = beta(n)
    for k in range(n, 0, -1):
        alpha = (c + k - 1) * (c + k - 0.5) / (c + 2 * k - 1) ** 2 * (k * (0.5 - k)) * x * x
        t = beta(k - 1) + alpha / t
    return 0.5 / t


@hooks.opaque
def halves(xp, a, df):
    """P(0 < Z <= a) and P(Z > a) for a >= 0, and the logarithm of the latter."""
    a, df = xp.broadcast_arrays(a, df)
    middle = (a < 1) & (a * _w(a, df) < 0.6)
    series = ~middle & (a * a > df)
    near, far, rest = a < 2, a >= 4, ~middle & ~series
    steps = (90, 90, 160, 50, 20) if is_double(df) else (45, 45, 60, 20, 10)
    share = xp.zeros_like(a)
    ways = [(middle, _by_series_of_p), (series, _by_series_of_complement)]
    ways += [(rest & part, _by_fraction) for part in (near, ~near & ~far, far)]
    for (mask, way), n in zip(ways, steps, strict=True):
        if truth(mask.any()):
            share[mask] = way(xp, a[mask], df[mask], n)
    f, h, h_lo = _density_double(xp, a, df)
    share = share * a * f
    part, log_tail = share * xp.exp(-h) * (1 - h_lo), xp.log(share) - h - h_lo
    part = xp.where(h > (700 if is_double(df) else 80), xp.exp(log_tail), part)  # e^-h alone is subnormal
    infinite = a == math.inf
    tail = xp.where(infinite, 0, xp.where(middle, 0.5 - part, part))
    log_tail = xp.where(infinite, -math.inf, xp.where(middle, xp.log(tail), log_tail))
    return xp.where(middle & ~infinite, xp.where(a > 0, part, 0), 0.5 - tail), tail, log_tail


def upper_tail(xp, a, df):
    """P(Z > a) for a >= 0, and its logarithm."""
    return halves(xp, a, df)[1:]


def cdf(xp, z, df):
    """P(Z <= z)."""
    tail, _ = upper_tail(xp, abs(z), df)
    return xp.where(z < 0, tail, xp.where(z >= 0, 1 - tail, z))


def log_cdf(xp, z, df):
    """log P(Z <= z)."""
    tail, log_tail = upper_tail(xp, abs(z), df)
    return xp.where(z < 0, log_tail, xp.where(z >= 0, xp.log1p(-tail), z))


# The half from 0 on, as a distribution ---------------------------------------------------------------------


@hooks.opaque
def _inner(xp, inner, a, df):
    """P(0 < Z <= a) to the last digits also for few degrees of freedom, where nearly all lies beyond a.

    There it is half of what a beta variable of shapes df/2 and 1/2 leaves above df/(a^2 + df).
    """
    inner, a, df = xp.broadcast_arrays(inner, a, df)
    few = (df < 1) & (a * a > df) & (a * a < math.inf)
    return piecewise(xp, ((few, _inner_of_few), (None, _as_it_is)), inner, a, df)[0]


def _inner_of_few(xp, inner, a, df):
    square, lo = two_product(xp, a, a)
    n, n_lo = two_sum(xp, square, df)
    y = df / n
    p, e = two_product(xp, y, n)
    y_lo = (((df - p) - e) - y * (n_lo + lo)) / n
    tail, _, lower = smaller_tail(xp, y, y_lo, square / n, 0 * y, 0.5 * df, 0.5 + 0 * df)
    return (0.5 * xp.where(lower, 1 - tail, tail),)


def _as_it_is(xp, inner, a, df):
    return (inner,)


def half_tail(xp, z, df, upper, log):
    """P(|Z| <= z) or, if ``upper``, P(|Z| > z), or its logarithm, for z >= 0."""
    inner, tail, log_tail = halves(xp, z, df)
    inner = _inner(xp, inner, z, df)
    if not log:
        return 2 * (tail if upper else inner)
    if upper:
        return xp.where(tail < 0.25, log_tail + LOG_2, xp.log1p(-2 * inner))
    return xp.where(tail < 0.25, xp.log1p(-2 * tail), xp.log(2 * inner))


def half_mean(F, df):
    """sqrt(df/pi) Gamma((df - 1)/2) / Gamma(df/2); inf for df up to 1."""
    n = F.where(df.array > 1, df, 2.0)
    mean = math.sqrt(2 / math.pi) * n / (n - 1) * F.exp(F(half_step)(0.5 * n))
    return F.where(df.array > 1, mean, df + math.inf)


def half_variance(F, df):
    """That of Z less the mean's square; inf for df up to 2, and nan up to 1."""
    return F.where(df.array > 2, variance(F, df) - half_mean(F, df) ** 2, variance(F, df))
