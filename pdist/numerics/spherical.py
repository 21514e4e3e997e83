"""Directions about a mean direction: the normalizer, the mean and its derivatives of von Mises and Fisher.

Of a unit vector in d dimensions with density proportional to e^(k t), t its part along the mean direction,
v = (1 - t)/2 has the density of v^(b - 1) (1 - v)^(b - 1) e^(-2 k v), b = (d - 1)/2. Moments of v are sums by
the trapezoidal rule in s, of which logit v is a function about the peak v0: all terms are of one sign, for
small and large k and d.

Source:
    K. V. Mardia and P. E. Jupp, "Directional Statistics" (2000), section 9.3. A. T. A. Wood, "Simulation of
    the von Mises Fisher distribution", Communications in Statistics 23 (1994).
"""

from __future__ import annotations

import math

import numpy as np

from ..autograd import differentiable
from ..backend import hooks
from .beta_divergence import log_beta
from .differences import expm1mx
from .double import is_double, minus, two_product
from .panels import summed
from .sums import sum_last

_COUNTS = (60, 96)  # of nodes, for (float32, float64)


@differentiable
@hooks.opaque
def gap_between(xp, x, loc):
    """1 - sum x_i loc_i, over the last axis, without cancellation."""
    x, loc = xp.broadcast_arrays(x, loc)
    parts = minus(two_product(xp, x, loc))
    ones = xp.ones_like(x[..., :1])
    starts = (ones, 0 * ones)
    whole = (xp.concatenate(both, axis=-1) for both in zip(starts, parts, strict=True))
    h, lo = sum_last(xp, *whole)
    return h + lo


gap_between.derivative(
    x=lambda F, g, loc: -g[..., None] * loc,
    loc=lambda F, g, x: -g[..., None] * x,
)


def log_area(d):
    """The logarithm of the area of the unit sphere in d dimensions."""
    return math.log(2) + 0.5 * d * math.log(math.pi) - math.lgamma(0.5 * d)


# Moments of v ----------------------------------------------------------------------------------------------


def _peak(xp, k, b):
    """v0 and 1 - v0, where v^b (1 - v)^b e^(-2 k v) is largest, and its width in the logit of v."""
    root = xp.sqrt(k * k + b * b)
    v, u = b / (k + b + root), (k + root) / (k + b + root)
    return v, u, 1 / xp.sqrt(2 * v * u * (b + k * (u - v)))


def _range(xp, k, b, v0, width):
    """The least and the greatest s, where the density is negligible, and from where logit v rises faster.

    On the right that is beyond v = 1/2, unless e^(-2 k v) is negligible before.
    """
    least = 1.5 + xp.maximum(xp.log(45 / (b * width)), 1)
    saturated = 1 + xp.maximum(-xp.log(2 * v0), 0) / width
    falls = math.log1p(90 / b + math.sqrt(90 / b))
    early = xp.log(2 * v0) + falls < 0
    return -least, xp.where(early, falls / width, saturated + least), xp.where(early, 60, saturated)


def _masses(xp, k, d):
    """Triples of a mass, v and 1 - v at the nodes, and the peak; masses relative to the density there.

    logit v - logit v0 is the width times s - e^(-s - 1) + e^(s - c), less that at s = 0: far out on a side
    the density falls by a double exponential.
    """
    b = 0.5 * (d - 1)
    v0, u0, width = _peak(xp, k, b)
    low, high, c = _range(xp, k, b, v0, width)
    count = _COUNTS[is_double(k)]
    step, far = (high - low) / count, 600 if is_double(k) else 80
    found = []
    for i in range(count + 1):
        s = low + i * step
        left, right = xp.exp(-s - 1), xp.exp(s - c)
        y = width * (s - left + right + math.exp(-1) - xp.exp(-c))
        y = xp.clip(y, -far, far)
        rise, fall = xp.expm1(y), xp.expm1(-y)
        v, u = v0 / (1 + u0 * fall), u0 / (1 + v0 * rise)
        log_mass = -b * (xp.log1p(u0 * fall) + xp.log1p(v0 * rise)) - 2 * k * (u * v0 * rise)
        found.append((xp.exp(log_mass) * (1 + left + right), v, u))
    return found, v0, u0, width * step


def _mean(masses, f):
    return summed(m * f(v, u) for m, v, u in masses) / summed(m for m, _, _ in masses)


def _log_integral(xp, k, d):
    """The logarithm of the integral of v^(b - 1) (1 - v)^(b - 1) e^(-2 k v)."""
    b = 0.5 * (d - 1)
    masses, v0, u0, step = _masses(xp, k, d)
    return b * (xp.log(v0) + xp.log(u0)) - 2 * k * v0 + xp.log(summed(m for m, _, _ in masses) * step)


@differentiable
@hooks.opaque
def log_sphere_mean(xp, k, /, d):
    """The logarithm of the mean of e^(-k (1 - t)) over the sphere."""
    b = xp.asarray(0.5 * (d - 1), k.dtype)
    return _log_integral(xp, k, d) - log_beta.kernel(xp, b, b)


@differentiable
@hooks.opaque
def sphere_gap(xp, k, /, d):
    """E[1 - t]."""
    return 2 * _mean(_masses(xp, k, d)[0], lambda v, u: v)


@differentiable
@hooks.opaque
def sphere_ratio(xp, k, /, d):
    """E[t], as k E[1 - t^2]/(d - 1)."""
    return 4 * k / (d - 1) * _mean(_masses(xp, k, d)[0], lambda v, u: v * u)


@differentiable
@hooks.opaque
def sphere_ratio_slope(xp, k, /, d):
    """The variance of t: the derivative of its mean by k."""
    masses = _masses(xp, k, d)[0]
    mean = _mean(masses, lambda v, u: v)
    return 4 * _mean(masses, lambda v, u: (v - mean) ** 2)


@differentiable
@hooks.opaque
def sphere_ratio_bend(xp, k, /, d):
    """The third central moment of t."""
    masses = _masses(xp, k, d)[0]
    mean = _mean(masses, lambda v, u: v)
    return -8 * _mean(masses, lambda v, u: (v - mean) ** 3)


@differentiable
@hooks.opaque
def sphere_entropy(xp, k, /, d):
    """The entropy: the logarithm of the area and of the mean of e^(-k (1 - t)), and k E[1 - t]."""
    return log_sphere_mean.kernel(xp, k, d) + k * sphere_gap.kernel(xp, k, d) + log_area(d)


log_sphere_mean.derivative(k=lambda F, g, k, d: -g * F(sphere_gap)(k, d=d))
sphere_gap.derivative(k=lambda F, g, k, d: -g * F(sphere_ratio_slope)(k, d=d))
sphere_ratio.derivative(k=lambda F, g, k, d: g * F(sphere_ratio_slope)(k, d=d))
sphere_ratio_slope.derivative(k=lambda F, g, k, d: g * F(sphere_ratio_bend)(k, d=d))
sphere_entropy.derivative(k=lambda F, g, k, d: -g * k * F(sphere_ratio_slope)(k, d=d))


@differentiable
@hooks.opaque
def sphere_log_prob(xp, gap, k, /, d):
    """-k (1 - t), less the logarithm of its mean and of the area, for a gap 1 - t."""
    return -k * gap - (log_sphere_mean.kernel(xp, k, d) + log_area(d))


@differentiable
@hooks.opaque
def sphere_score(xp, gap, k, /, d):
    """E[1 - t] less 1 - t: the derivative by k."""
    masses = _masses(xp, k, d)[0]
    ratio = 4 * k / (d - 1) * _mean(masses, lambda v, u: v * u)
    return xp.where(k < 1, (1 - gap) - ratio, 2 * _mean(masses, lambda v, u: v) - gap)


sphere_log_prob.derivative(
    gap=lambda F, g, k: -g * k, k=lambda F, g, gap, k, d: g * F(sphere_score)(gap, k, d=d)
)
sphere_score.derivative(gap=lambda F, g: -g, k=lambda F, g, k, d: -g * F(sphere_ratio_slope)(k, d=d))

# Divergence ------------------------------------------------------------------------------------------------


def _tilt(xp, q, p, d):
    """Whether q is near p, the masses of p and the mean of v, and by how much q tilts them if it is near."""
    near = ((q < 2 * p) & (p < 2 * q)) | ((q < 2) & (p < 2))
    masses = _masses(xp, p, d)[0]
    return near, masses, _mean(masses, lambda v, u: v), 2 * xp.where(near, q - p, 0)


@differentiable
@hooks.opaque
def sphere_divergence(xp, q, p, /, d):
    """log E[e^v] for v = (q - p) (t - E[t]) under p: the Bregman divergence of log normalizers."""
    near, masses, mean, change = _tilt(xp, q, p, d)
    small = xp.log1p(_mean(masses, lambda v, u: expm1mx(xp, change * (mean - v))))
    far = log_sphere_mean.kernel(xp, q, d) - log_sphere_mean.kernel(xp, p, d) + 2 * (q - p) * mean
    return xp.where(near, small, far)


@differentiable
@hooks.opaque
def sphere_ratio_difference(xp, q, p, /, d):
    """E[t] under q less that under p."""
    near, masses, mean, change = _tilt(xp, q, p, d)
    rise = _mean(masses, lambda v, u: (mean - v) * xp.expm1(change * (mean - v)))
    small = 2 * rise / _mean(masses, lambda v, u: xp.exp(change * (mean - v)))
    return xp.where(near, small, 2 * mean - sphere_gap.kernel(xp, q, d))


sphere_divergence.derivative(
    q=lambda F, g, q, p, d: g * F(sphere_ratio_difference)(q, p, d=d),
    p=lambda F, g, q, p, d: g * (p - q) * F(sphere_ratio_slope)(p, d=d),
)
sphere_ratio_difference.derivative(
    q=lambda F, g, q, d: g * F(sphere_ratio_slope)(q, d=d),
    p=lambda F, g, p, d: -g * F(sphere_ratio_slope)(p, d=d),
)

# Draws -----------------------------------------------------------------------------------------------------

_TRIES = 20  # at most a third of the proposals is rejected, so that all of them are once in a billion draws


@hooks.opaque
def _accepted(xp, z, u, k, d):
    """v by rejection from what Wood proposes, for Beta draws z and uniform numbers u, ``[tries, *shape]``."""
    b = 0.5 * (d - 1)
    root = xp.sqrt(k * k + b * b)
    a = b / (k + root)  # Wood's b
    x0 = (1 - a) / (1 + a)
    c = k * x0 + 2 * b * (xp.log(4 * a) - 2 * xp.log1p(a))
    found = None
    for i in range(len(z)):
        share = a * z[i] / ((1 - z[i]) + a * z[i])  # (1 - t)/2
        t = 1 - 2 * share
        taken = k * t + 2 * b * xp.log1p(-x0 * t) - c >= xp.log(u[i])
        if found is None:
            found, left = share, ~taken
        else:
            found, left = xp.where(left, share, found), left & ~taken
    return found


def sphere_draws(xp, rng, shape, k, d):
    """Draws of v = (1 - t)/2 of that shape, in float64."""
    k, shape = k.astype(np.float64), (_TRIES, *shape)
    b = 0 * k + 0.5 * (d - 1)
    first, second = (rng.standard_gamma(b, shape) for _ in range(2))
    return _accepted(xp, first / (first + second), rng.random(shape), k, d)
