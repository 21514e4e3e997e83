"""The logit of a number in (0, 1) as a double word, and what is affine in it."""

from __future__ import annotations

import math

from ..autograd import differentiable
from .double import divide_double, rounding, two_product, two_sum
from .logs import log_of


def logit_double(xp, x):
    """log(x/(1 - x)) as a double word; infinite at 0 and 1."""
    rest, lost = two_sum(xp, xp.ones_like(x), -x)
    q, lo = divide_double(xp, x, 0, rest)
    hi, lo = log_of(xp, q, lo - q * (lost / rest))
    return xp.where(x == 1, math.inf, hi).astype(x.dtype), xp.where(x == 1, 0, lo)


def log_steps(xp, x):
    """log x and log(1 - x), which is dx/d logit in two parts, as double words."""
    return log_of(xp, x), log_of(xp, *two_sum(xp, xp.ones_like(x), -x))


def moved_logit_double(xp, x, loc, s, given):
    """z as a double word: (logit x - loc)/s if ``given`` is "scale", s logit x - loc if it is "rate"."""
    y, lo = logit_double(xp, x)
    if given == "scale":
        d, rest = two_sum(xp, y, -loc)
        d, lo = two_sum(xp, d, rest + lo)
        z, lo = divide_double(xp, d, lo, s)
        straight = (y - loc) / s
    else:
        h, rest = two_product(xp, s, y)
        z, last = two_sum(xp, h, -loc)
        z, lo = two_sum(xp, z, last + (rest + s * lo))
        straight = s * y - loc
    z = xp.where(abs(y) < math.inf, z, straight)
    return z, xp.where(abs(lo) < 1 + abs(z), lo, 0)


@differentiable
def logit_of(xp, x):
    """log(x/(1 - x))."""
    return logit_double(xp, x)[0]


@differentiable
def moved_logit(xp, x, loc, s, /, given):
    """z of :func:`moved_logit_double`."""
    return moved_logit_double(xp, x, loc, s, given)[0]


def _moved_rule(F, g, y, x, loc, s, given):
    step = g / (x * (1 - x))
    if given == "scale":
        return step / s, -g / s, -g * y / s
    return step * s, -g, g * F(logit_of)(x)


logit_of.derivative(x=lambda F, g, x: g / (x * (1 - x)))
moved_logit.joint_derivative(_moved_rule)


@differentiable
def placed_logit(xp, z, loc, s, /, given):
    """The x whose :func:`moved_logit` is z: sigmoid(loc + s z), or sigmoid((z + loc)/s)."""
    if given == "scale":
        h, rest = two_product(xp, s, z)
        h, lo = two_sum(xp, loc, h)
        lo = rest + lo
    else:
        d, rest = two_sum(xp, z, loc)
        h, lo = divide_double(xp, d, rest, s)
    e = xp.exp(-abs(h))
    x = xp.where(h < 0, e, 1) / (1 + e)
    return x * (1 + rounding(xp, lo, 2 * (abs(h) + abs(loc))) * xp.where(h < 0, 1, e) / (1 + e))


def _placed_rule(F, g, y, z, loc, s, given):
    g = g * y * (1 - y)
    if given == "scale":
        return g * s, g, g * z
    return g / s, g / s, -g / s * ((z + loc) / s)


placed_logit.joint_derivative(_placed_rule)


@differentiable
def relaxed_mode(xp, logit, t):
    """The logit y of the likeliest x for t > 1: the root of t tanh((t y - l)/2) = tanh(y/2), by bisection."""
    a = abs(logit)
    low, high = a / t, (a + xp.log1p(2 / (t - 1))) / t
    for _ in range(60):
        y = 0.5 * (low + high)
        short = t * xp.tanh(0.5 * (t * y - a)) < xp.tanh(0.5 * y)
        low, high = xp.where(short, y, low), xp.where(short, high, y)
    return xp.where(logit < 0, -high, high) * xp.where(logit == 0, 0, 1).astype(t.dtype)


def _relaxed_mode_rule(F, g, y, logit, t):
    inner, outer = F.tanh(0.5 * (t * y - logit)), F.tanh(0.5 * y)
    bend = 0.5 * t * (1 - inner * inner)
    g = g / (t * bend - 0.5 * (1 - outer * outer))
    return g * bend, -g * (inner + y * bend)


relaxed_mode.joint_derivative(_relaxed_mode_rule)
