"""Quantiles and modes of mixtures, by searches on the host."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...autograd import Variable, differentiable, force_backprop_mode, grad, no_backprop_mode
from ...backend import hooks, library
from ...numerics.roots import search_count, search_root
from . import mixture_moments as moments

_AT_ONCE = 2**20  # values times components to process together


@differentiable
@hooks.opaque
def search_quantile(xp, *arrays, mixture):
    """The smallest x with P(X <= x) >= p; the arrays are p, then the mixture's parameters.

    By Newton's method on the log of the smaller tail, bracketed by the components' quantiles; if that ends
    in a gap between supports, it is the lower end of the gap.
    """
    p, *parameters = arrays
    mixture = mixture._with_arrays(iter(parameters))
    components = mixture.component_distribution
    with no_backprop_mode():
        used = mixture.mixture_distribution.p.array > 0

        def ends(p: Any) -> tuple[Any, Any]:
            x = components.icdf(p[..., None]).array
            return xp.where(used, x, math.inf).min(axis=-1), xp.where(used, x, -math.inf).max(axis=-1)

        low, high = ends(p)
        low, high = xp.where(p == 1, high, low), xp.where(p == 0, low, high)
        if mixture.support.discrete:
            return search_count(xp, lambda n: mixture.cdf(n).array >= p, low - 1, high)
        upper = p > 0.5
        target = xp.where(upper, xp.log1p(-p), xp.log(p))
        noise = 2 * float(np.finfo(p.dtype).eps) * (1 + abs(target))

        def f(x: Any) -> tuple[Any, Any, Any]:
            tail = xp.where(upper, mixture.log_survival_function(x).array, mixture.log_cdf(x).array)
            error = xp.where(upper, target - tail, tail - target)
            return error, error * xp.exp(tail - mixture.log_prob(x).array), noise

        x = search_root(xp, f, low, high)
        if isinstance(mixture.component_distribution.support.low, float):
            return x  # a common support, which has no gaps
        in_gap = (mixture.log_prob(x).array == -math.inf) & (low < high)
        tops = gap_ends(mixture, xp)
        below = xp.where(tops <= x[..., None], tops, -math.inf).max(axis=-1)
        return xp.where(in_gap & (below >= low), below, x)


def gap_ends(mixture: Any, xp: Any) -> Any:
    """The upper ends of the supports in a mixture, on a new last axis; -inf for weight 0."""
    components, used = mixture.component_distribution, mixture.mixture_distribution.p.array > 0
    inner = components._unwrapped()
    if hasattr(inner, "component_distribution"):
        tops = gap_ends(inner, xp)
        tops = xp.where(used[..., None], tops, -math.inf)
        return tops.reshape((*tops.shape[:-2], -1))
    return xp.where(used, components.icdf(1.0).array, -math.inf)


@differentiable
@hooks.opaque
def search_mode(xp, *arrays, mixture):
    """Where the density of a mixture of numbers is highest: the best of a grid, refined by its slope."""
    mixture = mixture._with_arrays(iter(arrays))
    components = mixture.component_distribution
    used = mixture.mixture_distribution.p.array > 0
    peaked = hasattr(components, "_mode")  # else flat, like the Uniform
    modes = moments.full(mixture, components.mode if peaked else components.median).array
    low = xp.where(used, modes, math.inf).min(axis=-1) if peaked else -math.inf
    high = xp.where(used, modes, -math.inf).max(axis=-1) if peaked else math.inf
    x = xp.clip(_grid(mixture, modes), low, high)
    y = _log_prob(mixture, x)
    best = xp.where(y == y, y, -math.inf).argmax(axis=0)[None]
    top, height = (xp.take_along_axis(a, best, axis=0)[0] for a in (x, y))
    left = right = top
    for _ in range(2):  # the second neighbours: the first may differ by a rounding error alone
        left = xp.maximum(xp.where(x < left, x, -math.inf).max(axis=0), x.min(axis=0))
        right = xp.minimum(xp.where(x > right, x, math.inf).min(axis=0), x.max(axis=0))
    discrete = mixture.support.discrete
    for _ in range(60):
        middle = 0.5 * left + 0.5 * right
        middle = xp.floor(middle) if discrete else middle
        rising = _slope(mixture, middle) > 0
        left = xp.where(rising, xp.minimum(middle + 1, right) if discrete else middle, left)
        right = xp.where(rising, right, middle)
    return xp.where(_log_prob(mixture, right) > height, right, top)


def _grid(mixture: Any, modes: Any) -> Any:
    """Values dense enough to miss no peak, on a new first axis.

    The components' modes and quantiles and, if their supports are bounded, the ends and the midpoints between
    these, where flat densities overlap.
    """
    xp, batch, k = mixture.xp, mixture.batch_shape, mixture.n_components
    components, n = mixture.component_distribution, 49 if k < 256 else 7
    u = xp.linspace(0.02, 0.98, n, dtype=modes.dtype).reshape((n,) + (1,) * (len(batch) + 1))
    with no_backprop_mode():
        found = [modes[None], xp.broadcast_to(components.icdf(u).array, (n, *batch, k))]
        bounded = not isinstance(components.support.low, float) and not mixture.support.discrete
        if bounded:
            ends = [xp.broadcast_to(components.icdf(u).array, (*batch, k)) for u in (0.0, 1.0)]
            ends = xp.sort(xp.concatenate(ends, axis=-1), axis=-1)
            middles = 0.5 * ends[..., 1:] + 0.5 * ends[..., :-1]
    x = xp.moveaxis(xp.concatenate(found, axis=0), -1, 1).reshape(((n + 1) * k, *batch))
    return xp.concatenate([x, *(xp.moveaxis(e, -1, 0) for e in (ends, middles))]) if bounded else x


def _log_prob(mixture: Any, x: Any) -> Any:
    """log p(x) in blocks of the first axis."""
    step = max(1, _AT_ONCE // (mixture.n_components * max(1, math.prod(mixture.batch_shape))))
    with no_backprop_mode():
        if x.ndim == len(mixture.batch_shape) or not library(mixture.xp).host:
            return mixture.log_prob(x).array
        parts = [mixture.log_prob(x[i : i + step]).array for i in range(0, len(x), step)]
    return mixture.xp.concatenate(parts)


def _slope(mixture: Any, x: Any) -> Any:
    """d log p/dx, or the increase of log p to the next count."""
    if mixture.support.discrete:
        return _log_prob(mixture, x + 1) - _log_prob(mixture, x)
    at = Variable(x)
    with force_backprop_mode():
        (g,) = grad([mixture.log_prob(at)], [at], [mixture.xp.ones_like(x)])
    return x * 0 if g is None else g.array
