"""Ratios of Gamma functions whose arguments are half steps apart, as products that do not cancel."""

from __future__ import annotations

from ..autograd import differentiable
from .gamma import half_step, half_step_bend, half_step_slope


def _steps(n):
    """What each factor adds to h: 1/2 or not at all for odd n, then whole steps."""
    odd = n % 2
    return odd, [i + 0.5 * odd for i in range(n // 2)]


@differentiable
def log_gamma_rise(xp, h, /, n):
    """log Gamma(h + n/2) - log Gamma(h) - n log(h)/2, for h > 0 and n >= 0."""
    odd, steps = _steps(n)
    y = half_step.kernel(xp, h) if odd else 0 * h
    for step in steps:
        y = y + xp.log1p(step / h)
    return y


@differentiable
def digamma_rise(xp, h, /, n):
    """digamma(h + n/2) - digamma(h)."""
    odd, steps = _steps(n)
    y = half_step_slope.kernel(xp, h) + 0.5 / h if odd else 0 * h
    for step in steps:
        y = y + 1 / (h + step)
    return y


@differentiable
def trigamma_fall(xp, h, /, n):
    """trigamma(h) - trigamma(h + n/2), minus the derivative of the one before."""
    odd, steps = _steps(n)
    y = 0.5 / h / h - half_step_bend.kernel(xp, h) if odd else 0 * h
    for step in steps:
        y = y + 1 / (h + step) ** 2
    return y


@differentiable
def log_rise_slope(xp, h, /, n):
    """digamma(h + n/2) - digamma(h) - n/(2 h): the derivative of the first, which does not cancel."""
    odd, steps = _steps(n)
    y = half_step_slope.kernel(xp, h) if odd else 0 * h
    for step in steps:
        y = y - step / h / (h + step)
    return y


log_gamma_rise.derivative(h=lambda F, g, h, n: g * F(log_rise_slope)(h, n=n))
digamma_rise.derivative(h=lambda F, g, h, n: -g * F(trigamma_fall)(h, n=n))
log_rise_slope.derivative(h=lambda F, g, h, n: g * (0.5 * n / h / h - F(trigamma_fall)(h, n=n)))
trigamma_fall.derivative(h=lambda F, g, h, n: g * (F.polygamma(2, h) - F.polygamma(2, h + 0.5 * n)))
