"""Modified Bessel functions of orders 0 and 1, as moments of the angle that has a von Mises density.

Of an angle t with density proportional to e^(k cos t) the mean of cos t is A(k) = I1(k)/I0(k), its variance
is A'(k), its third central moment A''(k); and I0(k) e^-k is the mean of e^-k(1 - cos t) over the circle. By
the trapezoidal rule, which converges fast for periodic functions and for bells, each is a sum of few terms,
all of one sign for 1 - A, A and A': so nothing cancels, however small or large k is.

Source:
    L. N. Trefethen and J. A. C. Weideman, "The exponentially convergent trapezoidal rule", SIAM Review 56
    (2014).
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import hooks
from .differences import expm1mx
from .double import is_double
from .panels import summed

# Of (float32, float64): how many steps cover half of the circle, and how long one is in units of 1/sqrt(k).
_STEPS = ((17, 0.75), (30, 0.55))
_STEPS_OF_PAIRS = ((24, 0.75), (42, 0.55))  # these also resolve densities of k and of up to 2 k


def _nodes(xp, k, rules=_STEPS):
    """Pairs of a weight and 1 - cos t for angles t from 0 to pi, or to where e^(k cos t) is negligible."""
    steps, width = rules[is_double(k)]
    full = steps * width / math.pi
    half = (0.5 * math.pi / steps) * (full / xp.maximum(xp.sqrt(k), full))
    sines = [xp.sin(j * half) for j in range(steps + 1)]
    return [(2.0 if 0 < j < steps else 1.0, 2 * s * s) for j, s in enumerate(sines)], half


def _mean(nodes, k, xp, f):
    """The mean of f(1 - cos t) for the density proportional to e^(k cos t)."""
    masses = [weight * xp.exp(-k * y) for weight, y in nodes]
    return summed(m * f(y) for m, (_, y) in zip(masses, nodes, strict=True)) / summed(masses)


def _mean_and_nodes(xp, k):
    """I0(k) e^-k, and the nodes."""
    nodes, half = _nodes(xp, k)
    return summed(w * xp.exp(-k * y) for w, y in nodes) * (half / math.pi), nodes


def i0e(xp, k):
    """I0(k) e^-k."""
    return _mean_and_nodes(xp, k)[0]


@differentiable
def log_i0e(xp, k):
    """log(I0(k) e^-k) for k >= 0."""
    far, nodes = _mean_and_nodes(xp, k)
    small = xp.minimum(k, 1)
    rise = sum(w * expm1mx(xp, small * (1 - y)) for w, y in nodes) / (2 * _STEPS[is_double(k)][0])
    return xp.where(k < 1, xp.log1p(rise) - k, xp.log(far))  # the mean of cos t is 0


def _ratio_and_gap(xp, k):
    """A(k) and 1 - A(k); for k < 1 A(k) as k E[sin^2 t], beyond 1 - A(k) as E[1 - cos t]."""
    nodes, _ = _nodes(xp, k)
    ratio, gap = k * _mean(nodes, k, xp, lambda y: y * (2 - y)), _mean(nodes, k, xp, lambda y: y)
    return xp.where(k < 1, ratio, 1 - gap), xp.where(k < 1, 1 - ratio, gap)


@differentiable
def bessel_ratio(xp, k):
    """A(k) = I1(k)/I0(k)."""
    return _ratio_and_gap(xp, k)[0]


@differentiable
def bessel_gap(xp, k):
    """1 - I1(k)/I0(k)."""
    return _ratio_and_gap(xp, k)[1]


@differentiable
def bessel_ratio_slope(xp, k):
    """A'(k), the variance of cos t."""
    nodes, _ = _nodes(xp, k)
    gap = _mean(nodes, k, xp, lambda y: y)
    return _mean(nodes, k, xp, lambda y: (y - gap) ** 2)


@differentiable
def bessel_ratio_bend(xp, k):
    """A''(k), the third central moment of cos t; for small k by those of sin t."""
    nodes, _ = _nodes(xp, k)
    gap = _mean(nodes, k, xp, lambda y: y)
    far = -_mean(nodes, k, xp, lambda y: (y - gap) ** 3)
    second = _mean(nodes, k, xp, lambda y: y * (2 - y))
    fourth = _mean(nodes, k, xp, lambda y: (y * (2 - y)) ** 2)
    slope = _mean(nodes, k, xp, lambda y: (y - gap) ** 2)
    return xp.where(k < 1, k * (second * second - fourth / 3 - 2 * second * slope), far)


@differentiable
def log_i1e(xp, k):
    """log(I1(k) e^-k) for k > 0."""
    return log_i0e.kernel(xp, k) + xp.log(bessel_ratio.kernel(xp, k))


log_i0e.derivative(k=lambda F, g, k: -g * F(bessel_gap)(k))
bessel_gap.derivative(k=lambda F, g, k: -g * F(bessel_ratio_slope)(k))
bessel_ratio.derivative(k=lambda F, g, k: g * F(bessel_ratio_slope)(k))
bessel_ratio_slope.derivative(k=lambda F, g, k: g * F(bessel_ratio_bend)(k))
log_i1e.derivative(k=lambda F, g, k: g * (F(bessel_gap)(k) / F(bessel_ratio)(k) - 1 / k))


def _tilted(xp, k, other):
    """Nodes that resolve both densities, the mean of 1 - cos t for k, and whether they are near enough."""
    low, high = xp.minimum(k, other), xp.maximum(k, other)
    near = (high <= 2 * low) | (high <= 2)
    nodes, _ = _nodes(xp, xp.where(near, high, k), _STEPS_OF_PAIRS)
    return nodes, bessel_gap.kernel(xp, k), near


@differentiable
@hooks.opaque
def log_i0_divergence(xp, q, p):
    """log I0(q) - log I0(p) - (q - p) A(p), the Bregman divergence of log I0; small ones count in full.

    It is the logarithm of 1 + E[e^v - 1 - v] with v = (q - p) (cos t - A(p)) for an angle t of p.
    """
    nodes, gap, near = _tilted(xp, p, q)
    d = xp.where(near, q - p, 0)
    small = xp.log1p(_mean(nodes, xp.where(near, p, 1), xp, lambda y: expm1mx(xp, d * (gap - y))))
    return xp.where(near, small, xp.log(i0e(xp, q) / i0e(xp, p)) + (q - p) * gap)


@differentiable
@hooks.opaque
def bessel_ratio_difference(xp, q, p):
    """A(q) - A(p), as E[c (e^v - 1)]/E[e^v] with c = cos t - A(p) and v = (q - p) c for an angle t of p."""
    nodes, gap, near = _tilted(xp, p, q)
    d, k = xp.where(near, q - p, 0), xp.where(near, p, 1)
    rise = _mean(nodes, k, xp, lambda y: (gap - y) * xp.expm1(d * (gap - y)))
    small = rise / _mean(nodes, k, xp, lambda y: xp.exp(d * (gap - y)))
    return xp.where(near, small, gap - bessel_gap.kernel(xp, q))


log_i0_divergence.derivative(
    q=lambda F, g, q, p: g * F(bessel_ratio_difference)(q, p),
    p=lambda F, g, q, p: g * ((p - q) * F(bessel_ratio_slope)(p)),
)
bessel_ratio_difference.derivative(
    q=lambda F, g, q: g * F(bessel_ratio_slope)(q),
    p=lambda F, g, p: -g * F(bessel_ratio_slope)(p),
)
