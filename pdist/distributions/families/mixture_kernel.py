"""The density of a mixture of Normals, and which component a value came from, each as one op.

The density has the components on the *first* axis: NumPy reduces over a short last one thirty times slower.
"""

from __future__ import annotations

import math

from ...autograd import differentiable
from ...backend import special
from ...numerics.constants import HALF_LOG_2PI, LARGEST
from ...numerics.double import divide_double, is_double, rounding, split, two_sum

# Moving the components -------------------------------------------------------------------------------------


@differentiable
def components_first(xp, x, /, ndim):
    """``[*batch, K]`` as contiguous ``[K, 1, ..., *batch]`` with ``ndim`` axes."""
    n = x.ndim
    y = xp.ascontiguousarray(x.transpose((n - 1, *range(n - 1))))
    return y if n == ndim else y.reshape((y.shape[0],) + (1,) * (ndim - n) + y.shape[1:])


@differentiable
def components_last(xp, x, /, ndim):
    """``[K, ..., *batch]`` as ``[*batch, K]`` with ``ndim`` axes: the reverse."""
    y = x.transpose((*range(1, x.ndim), 0))
    return y if y.ndim == ndim else y.reshape(y.shape[y.ndim - ndim :])


components_first.derivative(x=lambda F, g, like_x: F(components_last)(g, ndim=like_x.ndim))
components_last.derivative(x=lambda F, g, like_x: F(components_first)(g, ndim=like_x.ndim))


# The density -----------------------------------------------------------------------------------------------


def _standardized(F, x, loc, scale, log_scale):
    """z and log scale; F may be xp."""
    if log_scale:
        return (x - loc) * F.exp(-scale), scale
    return (x - loc) / scale, F.log(scale)


@differentiable
def mixture_normal_log_prob(xp, x, logit, loc, scale, /, log_scale):
    """log sum_k w_k N(x; loc_k, scale_k), the components on the last axis of all but x.

    Args:
        x: ``[..., *batch]``.
        logit: log w up to a constant a row.
        loc: locations.
        scale: standard deviations, or, where ``log_scale``, their logarithms.
        log_scale: see ``scale``.
    """
    ndim = max(x.ndim + 1, logit.ndim, loc.ndim, scale.ndim)
    logit, loc, scale = [components_first.kernel(xp, a, ndim) for a in (logit, loc, scale)]
    z, log_s = _standardized(xp, x, loc, scale, log_scale)
    a = logit - logit.max(axis=0)
    h = a - 0.5 * z * z - log_s
    top = xp.maximum(h.max(axis=0), -LARGEST[is_double(h)])  # finite also where every h is -inf
    return top + xp.log(xp.exp(h - top).sum(axis=0)) - (xp.log(xp.exp(a).sum(axis=0)) + HALF_LOG_2PI)


def _score(F, g, needs, x, logit, loc, scale, log_scale):
    """r - w by the logits, r z/scale by loc and r (z^2 - 1)/scale by scale, r the responsibilities."""
    ndim = max(x.ndim + 1, logit.ndim, loc.ndim, scale.ndim)
    logit, loc, scale = [F(components_first)(a, ndim=ndim) for a in (logit, loc, scale)]
    z, log_s = _standardized(F, x, loc, scale, log_scale)
    largest = LARGEST[is_double(z)]
    a = logit - logit.max(axis=0)
    h = a - 0.5 * z * z - log_s
    r = F.exp(h - F.maximum(h.max(axis=0), -largest))
    total = r.sum(axis=0)  # at least 1, but 0 where every h is -inf
    r = r * (g / F.maximum(total, 1.0))
    z = F.minimum(F.maximum(z, -largest), largest)  # an infinite z has r = 0
    d_x = d_logit = d_loc = d_scale = None
    if needs.x or needs.loc:
        d_loc = r * z * F.exp(-scale) if log_scale else r * z / scale
        d_x = -d_loc.sum(axis=0) if needs.x else None
        d_loc = F(components_last)(d_loc, ndim=ndim)
    if needs.logit:
        w = F.exp(a)
        w = w / w.sum(axis=0)
        d_logit = r - w * (g * F.minimum(total, 1.0))
        heavy = w > 0.5  # there r and w may agree in all digits, but not what the others gain
        d_logit = F.where(heavy, -F.where(heavy, 0.0, d_logit).sum(axis=0), d_logit)
        d_logit = F(components_last)(d_logit, ndim=ndim)
    if needs.scale:
        d_scale = r * (z - 1) * (z + 1)
        d_scale = F(components_last)(d_scale if log_scale else d_scale / scale, ndim=ndim)
    return d_x, d_logit, d_loc, d_scale


mixture_normal_log_prob.joint_derivative(_score)


# The tails -------------------------------------------------------------------------------------------------


@differentiable
def mixture_normal_tail(xp, x, p, loc, scale, /, upper, log_scale):
    """The mean of P(X_k <= x), or, where ``upper``, of P(X_k > x), by the weights p.

    Exactly 1 where every one is. A component without weight has no say, whatever its parameters are.
    """
    ndim = max(x.ndim + 1, p.ndim, loc.ndim, scale.ndim)
    p, loc, scale = [components_first.kernel(xp, a, ndim) for a in (p, loc, scale)]
    z, _ = _standardized(xp, x, xp.where(p == 0, 0, loc), scale, log_scale)
    return (p * special(xp).ndtr(-z if upper else z)).sum(axis=0) / p.sum(axis=0)


def _tail_rule(F, g, needs, y, x, p, loc, scale, upper, log_scale):
    """The densities by x and loc, those times z by scale, and by p what each component is above the mean."""
    ndim = max(x.ndim + 1, p.ndim, loc.ndim, scale.ndim)
    p, loc, scale = [F(components_first)(a, ndim=ndim) for a in (p, loc, scale)]
    z, _ = _standardized(F, x, F.where(p == 0, 0.0, loc), scale, log_scale)
    largest = LARGEST[is_double(z)]
    z = F.minimum(F.maximum(z, -largest), largest)
    g = g / p.sum(axis=0)
    density = g * p * F.exp(-0.5 * z * z - HALF_LOG_2PI)
    density = -density if upper else density
    slope = density * F.exp(-scale) if log_scale else density / scale
    d_p = g * (F.ndtr(-z if upper else z) - y) if needs.p else 0 * slope
    d_scale = -density * z if log_scale else -slope * z
    return slope.sum(axis=0), *(F(components_last)(d, ndim=ndim) for d in (d_p, -slope, d_scale))


mixture_normal_tail.joint_derivative(_tail_rule)


# Which component -------------------------------------------------------------------------------------------


@differentiable
def mixture_normal_responsibilities(xp, x, log_p, loc, scale):
    """w_k N(x; loc_k, scale_k) over their sum, x having an axis of length 1 for the components.

    Differences of large z^2/2 decide: these are taken as double words, and so is z.
    """
    d, rest = two_sum(xp, x, -loc)
    z, rest = divide_double(xp, d, rest, scale)
    rest = rounding(xp, rest, z)
    half = 0.5 * z * z
    z1, z0 = split(xp, z)
    half_lo = (((0.5 * z1 * z1 - half) + z1 * z0) + 0.5 * z0 * z0) + z * rest
    half_lo = rounding(xp, half_lo, 16 * half)
    h, lo = two_sum(xp, log_p - xp.log(scale), -half)
    lo = xp.where(abs(h) == math.inf, 0, lo - half_lo)
    top = h.argmax(axis=-1)[..., None]
    d, rest = two_sum(xp, h, -xp.take_along_axis(h, top, axis=-1))
    rest = rest + (lo - xp.take_along_axis(lo, top, axis=-1))
    possible = d > -math.inf
    d, rest = two_sum(xp, xp.where(possible, d, -1e30), xp.where(possible, rest, 0))
    e = xp.exp(d)
    e = e + e * rest
    return e / e.sum(axis=-1, keepdims=True)


def _responsibilities_rule(F, g, y, x, loc, scale):
    t = y * (g - (y * g).sum(axis=-1, keepdims=True))  # the gradient by log w + log N
    z = (x - loc) / scale
    d_loc = t * z / scale
    return -d_loc, t, d_loc, t * (z - 1) * (z + 1) / scale


mixture_normal_responsibilities.joint_derivative(_responsibilities_rule)
