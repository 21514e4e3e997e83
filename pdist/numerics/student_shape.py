"""Quantiles of a standard Student's t variable, and derivatives in its degrees of freedom."""

from __future__ import annotations

import math

import numpy as np

from ..autograd import differentiable
from ..backend import hooks, special
from .gamma import half_step_bend, half_step_slope
from .shape_slopes import of_tail, tail_means
from .student import (
    half_tail,
    halves,
    kernel_shape_slope,
    log1p_square,
    log_cdf,
    shape_slope,
    share_bend,
    share_slope,
    student_log_kernel,
    student_log_norm,
)


def _quantile(xp, p, df):
    """The z with P(Z <= z) = p."""
    p, df = xp.broadcast_arrays(p, df)
    tail = xp.minimum(p, 1 - p)
    a = _quantile_of_half(xp, 0.5 - tail, tail, df)
    return xp.where(p < 0.5, -a, a).astype(p.dtype)


@hooks.opaque
def _quantile_of_half(xp, inner, tail, df):
    """The a >= 0 with P(0 < Z <= a) = inner and P(Z > a) = tail: a start, then Newton's steps on one."""
    inside = (tail > 0) & (inner > 0)
    u, v = xp.where(inside, tail, 0.25), xp.where(inside, inner, 0.25)
    # Wallace's approximation by a Normal quantile, and the power law of the far tail
    w = special(xp).ndtri(u) * (8 * df + 3) / (8 * df + 1)
    near = xp.sqrt(df * xp.expm1(xp.minimum(w * w / df, 80)))
    constant = student_log_norm.kernel(xp, df) - 0.5 * (df - 1) * xp.log(df)
    far = xp.exp(xp.minimum(-(constant + xp.log(u)) / df, 80))
    a = xp.where(far > 3 * xp.sqrt(df), far, xp.minimum(near, 3 * xp.sqrt(df)))
    for _ in range(7):
        below, now, _ = halves(xp, a, df)
        density = xp.exp(student_log_kernel.kernel(xp, a, df) - student_log_norm.kernel(xp, df))
        step = xp.clip(xp.log1p((now - u) / u) * now / (a * density), -4, 4)  # in log a
        step = xp.where(step == step, step, 0)  # a may be infinite
        a = xp.where(a < 1, xp.maximum(a + (v - below) / density, 0), a * xp.exp(step))
    return xp.where(inside, a, xp.where(tail == 0, math.inf, xp.where(inner == 0, 0, math.nan)))


def _log_cosh(xp, v, rise):
    """log(cosh v + rise sinh v) for v >= 0 and 0 <= rise <= 1."""
    near = xp.minimum(v, 20)
    half = xp.sinh(0.5 * near)
    return xp.where(v > 20, v + xp.log(0.5 * (1 + rise)), xp.log1p(2 * half * half + rise * xp.sinh(near)))


@hooks.opaque
def _slopes(xp, z, df, upper, log, half=False):
    """First and second derivatives of a tail by df, by means over the tail beyond a = |z|, or from 0 to a.

    If ``half``, that of |Z|, for z >= 0.

    With t = sqrt(df) sinh(u) the density is cosh(u)^-df, and nothing overflows. The derivative s of log f
    decreases from s(0) > 0 without bound: the part in which its sign does not change is used.
    """
    z, df = xp.broadcast_arrays(z, df)
    a = xp.minimum(abs(z), np.finfo(z.dtype).max)
    root = xp.sqrt(df)
    constant = 0.5 * half_step_slope.kernel(xp, 0.5 * df)
    normal = 0.25 * half_step_bend.kernel(xp, 0.5 * df)
    middle = kernel_shape_slope.kernel(xp, a, df) + constant > 0
    rise = xp.where(middle, 0, a / xp.hypot(root, a))  # tanh u at the beginning
    log_square = xp.where(middle, 0, log1p_square(xp, a, df))
    r = a / root
    end = xp.where(r > 1e8, xp.log(a) - 0.5 * xp.log(df) + math.log(2), xp.arcsinh(r))

    def share(v):
        """t^2/(df + t^2)."""
        th = xp.tanh(v)
        th = (rise + th) / (1 + rise * th)
        return th * th

    def slope(v):
        return constant + share_slope(xp, share(v), log_square + 2 * _log_cosh(xp, v, rise), df)

    mean, bend, integral = tail_means(
        xp,
        lambda v: -df * _log_cosh(xp, v, rise),
        slope,
        lambda v: normal + share_bend(share(v), df),
        xp.where(middle, end, 45 / df + 0.7),
    )
    inner, tail, _ = halves(xp, abs(z), df)
    mass = xp.where(middle, xp.exp(-student_log_norm.kernel(xp, df)) * root * integral, 0) / tail
    part = -mass * mean
    bend = xp.where(middle, -mass * (mean * mean + bend) - part * part, bend)
    mean = xp.where(middle, part, mean)
    below = z < 0
    if half:
        return of_tail(xp, 2 * tail, 2 * inner, mean, bend, below if upper else ~below, log)
    return of_tail(xp, tail, 1 - tail, mean, bend, below if upper else ~below, log)


@differentiable
def student_tail_slope(xp, z, df, /, upper, log):
    """The derivative in df of P(Z <= z) or, if ``upper``, P(Z > z), or of its logarithm."""
    return _slopes(xp, z, df, upper, log)[0]


@differentiable
def student_tail_bend(xp, z, df, /, upper, log):
    """The second derivative in df."""
    return _slopes(xp, z, df, upper, log)[1]


def log_density(F, z, df):
    """log f(z)."""
    return F(student_log_kernel)(z, df) - F(student_log_norm)(df)


@differentiable
def student_log_cdf(xp, z, df):
    """log P(Z <= z)."""
    return log_cdf(xp, z, df)


def hazard(F, z, df):
    """f(z)/P(Z <= z)."""
    return F.exp(log_density(F, z, df) - F(student_log_cdf)(z, df))


def _tail_slope_by_z(F, g, y, z, df, upper, log):
    """The derivative in df of the density, or, if ``log``, of the density over the tail."""
    change, density = shape_slope(F, z, df), log_density(F, z, df)
    if log:
        change, density = change - y, density - F(student_log_cdf)(-z if upper else z, df)
    y = F.exp(density) * change
    return g * (-y if upper else y)


student_log_cdf.derivative(
    z=lambda F, g, y, z, df: g * F.exp(log_density(F, z, df) - y),
    df=lambda F, g, z, df: g * F(student_tail_slope)(z, df, upper=False, log=True),
)
student_tail_slope.derivative(
    z=_tail_slope_by_z,
    df=lambda F, g, z, df, upper, log: g * F(student_tail_bend)(z, df, upper=upper, log=log),
)


@differentiable
def student_quantile(xp, p, df):
    """The z with P(Z <= z) = p."""
    return _quantile(xp, p, df)


@differentiable
def moved_student(xp, z, df):
    """z unchanged; its derivative in df keeps its quantile level constant."""
    return z + 0 * df


def _moves_with_df(F, g, z, df):
    """-(d/d df of the smaller tail)/f, with the sign of the side."""
    a = abs(z)
    slope = F(student_tail_slope)(a, df, upper=True, log=False)
    return g * F.sign(z) * slope * F.exp(-log_density(F, a, df))


student_quantile.derivative(
    p=lambda F, g, y, df: g * F.exp(-log_density(F, y, df)),
    df=lambda F, g, y, df: _moves_with_df(F, g, y, df),
)
moved_student.derivative(
    z=lambda F, g: g,
    df=lambda F, g, z, df: _moves_with_df(F, g, z, df),
)


# The half from 0 on, as a distribution ---------------------------------------------------------------------


@differentiable
def half_tail_slope(xp, z, df, /, upper, log):
    """The derivative by df of P(|Z| <= z) or, if ``upper``, P(|Z| > z), or of its logarithm."""
    return _slopes(xp, z, df, upper, log, half=True)[0]


@differentiable
def half_tail_bend(xp, z, df, /, upper, log):
    """The second derivative by df."""
    return _slopes(xp, z, df, upper, log, half=True)[1]


@differentiable
def half_log_tail(xp, z, df, /, upper):
    """log P(|Z| <= z) or, if ``upper``, log P(|Z| > z)."""
    return half_tail(xp, z, df, upper, True)


def half_hazard(F, z, df, upper):
    """The density of |Z| over that tail."""
    return 2 * F.exp(log_density(F, z, df) - F(half_log_tail)(z, df, upper=upper))


def _half_slope_by_z(F, g, y, z, df, upper, log):
    """The derivative by df of the density, or, if ``log``, of the density over the tail."""
    change = shape_slope(F, z, df)
    if log:
        y = half_hazard(F, z, df, upper) * (change - y)
    else:
        y = 2 * F.exp(log_density(F, z, df)) * change
    return g * (-y if upper else y)


def _half_log_tail_by_z(F, g, z, df, upper):
    y = g * half_hazard(F, z, df, upper)
    return -y if upper else y


half_tail_slope.derivative(
    z=_half_slope_by_z,
    df=lambda F, g, z, df, upper, log: g * F(half_tail_bend)(z, df, upper=upper, log=log),
)
half_log_tail.derivative(
    z=_half_log_tail_by_z,
    df=lambda F, g, z, df, upper: g * F(half_tail_slope)(z, df, upper=upper, log=True),
)


@differentiable
def half_quantile(xp, p, df):
    """The z with P(|Z| <= z) = p."""
    p, df = xp.broadcast_arrays(p, df)
    return _quantile_of_half(xp, 0.5 * p, 0.5 * (1 - p), df).astype(p.dtype)


half_quantile.derivative(
    p=lambda F, g, y, df: 0.5 * g * F.exp(-log_density(F, y, df)),
    df=lambda F, g, y, df: _moves_with_df(F, g, y, df),
)
