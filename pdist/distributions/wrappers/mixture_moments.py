"""Moments and scores of mixtures, without intermediate overflow or cancellation."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable
from ...numerics.spread import normal_distance


def full(mixture: Any, y: Variable) -> Variable:
    """``y`` of the components broadcast to shape ``[*batch, K, *event]``."""
    shape = (*mixture.batch_shape, mixture.n_components, *mixture.event_shape)
    return y if y.shape == shape else F.broadcast_to(y, shape)


def _centred(mixture: Any) -> tuple[Variable, Variable, Variable, int]:
    """The weights, the mean, half of the components' means minus the mean, and the components' axis.

    Relative to the mean of the heaviest component, so that the common part is subtracted first; halved,
    so that no difference overflows.
    """
    xp, batch, event, k = mixture.xp, mixture.batch_shape, mixture.event_shape, mixture.n_components
    axis, ones = -1 - len(event), (1,) * len(event)
    w = mixture.mixture_distribution.p
    w = F.broadcast_to(w.reshape(w.shape + ones), (*batch, k, *ones))
    means = 0.5 * F.where(w.array == 0, 0.0, mixture.component_means)
    heaviest = xp.broadcast_to(xp.expand_dims(w.array.argmax(axis=axis), axis), (*batch, 1, *event))
    anchor = F.take_along_axis(means, heaviest, axis)
    away = means - anchor
    shift = (w * away).sum(axis=axis, keepdims=True)
    return w, 2 * F.squeeze(anchor + shift, axis), away - shift, axis


def _resultant(mixture: Any) -> tuple[Variable, Variable]:
    """E[cos X] and E[sin X] of angles: the components' mean directions, each as long as it is certain."""
    d = mixture.component_distribution
    axis = -1 - len(mixture.event_shape)
    w = mixture.mixture_distribution.p
    w = w.reshape(w.shape + (1,) * len(mixture.event_shape)) * (1 - full(mixture, d.variance))
    angle = full(mixture, d.mean)
    return (w * F.cos(angle)).sum(axis=axis), (w * F.sin(angle)).sum(axis=axis)


def mean(mixture: Any) -> Variable:
    """The mean of the components' means; of angles the direction of the mean of directions."""
    if mixture.support.period:
        x, y = _resultant(mixture)
        return F.arctan2(y, x)
    return _centred(mixture)[1]


def variance(mixture: Any) -> Variable:
    """The mean of the components' variances, and the variance of their means; of angles 1 - |E e^iX|."""
    if mixture.support.period:
        x, y = _resultant(mixture)
        return 1 - F.sqrt(x * x + y * y)
    w, _, away, axis = _centred(mixture)
    inner = F.where(w.array == 0, 0.0, full(mixture, mixture.component_distribution.variance))
    return (w * inner + 4 * (w * away) * away).sum(axis=axis)


def stddev(mixture: Any) -> Variable:
    """In units of the largest of its terms, so that squares do not over- or underflow."""
    if mixture.support.period:
        return F.sqrt(variance(mixture))
    w, _, away, axis = _centred(mixture)
    used = w.array > 0
    inner = 0.5 * F.where(used, mixture.component_stddevs, 0.0)
    away = F.where(used, away, 0.0)
    unit = mixture.xp.maximum(inner.array, abs(away.array)).max(axis=axis, keepdims=True)
    unit = mixture.xp.where((unit > 0) & (unit < math.inf), unit, 1)
    a, b = inner / unit, away / unit
    y = (w * (a * a + b * b)).sum(axis=axis)
    positive = y.array > 0
    root = F.where(positive, F.sqrt(F.where(positive, y, 1.0)), y)
    return 2 * (mixture.xp.squeeze(unit, axis) * root)


def covariance(mixture: Any) -> Variable:
    """The mean of the components' covariances plus the covariance of their means."""
    away = _centred(mixture)[2]
    away = away.reshape((*mixture.batch_shape, mixture.n_components, math.prod(mixture.event_shape)))
    w = mixture.mixture_distribution.p[..., None, None]
    inner = F.where(w.array == 0, 0.0, mixture.component_distribution.covariance)
    return (w * inner + 4 * (w * away[..., :, None]) * away[..., None, :]).sum(axis=-3)


def crps_of_normals(mixture: Any, x: Variable) -> Variable:
    """E|X - x| of each component, less half of E|X - X'| of each pair."""
    inner = mixture.component_distribution.expand((*mixture.batch_shape, mixture.n_components))
    loc, scale, p = inner.loc, inner.scale, mixture.weights
    away = F.sum(p * normal_distance(F.expand_dims(x, -1) - loc, scale), axis=-1)
    both = F.sqrt(F.expand_dims(scale * scale, -1) + F.expand_dims(scale * scale, -2))
    between = normal_distance(F.expand_dims(loc, -1) - F.expand_dims(loc, -2), both)
    pairs = F.expand_dims(p, -1) * F.expand_dims(p, -2) * between
    return away - 0.5 * F.sum(pairs, axis=(-2, -1))
