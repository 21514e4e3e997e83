"""Moments, entropies and divergences against quadrature."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import grad
from ..distributions import kl_divergence
from ..distributions.divergences.registry import find_kl
from . import points
from .charts import curved
from .contracts import statistics
from .derivatives import directions, each, repeated
from .differences import slope
from .quadrature import Measure
from .report import Inapplicable, host, require, require_close, tolerance
from .variants import double, leaves, members, whole


def check_moments(dist: Any, *, seed: int = 0) -> None:
    """Mean, variance, covariance and entropy equal integrals; mode and median satisfy their definitions.

    Args:
        dist: the distribution.
        seed: seed of the draws that locate its mass.

    Raises:
        PropertyError: if they do not.
        Inapplicable: if it has no statistics, or in more than two continuous dimensions.
    """
    known = {name: host(value) for name, value in statistics(dist).items()}
    if not known:
        raise Inapplicable(f"{type(dist).__name__} has no moments")
    for index, member in members(dist, seed=seed):
        measure = Measure(member, seed)
        own = {name: value[index] if index else value for name, value in known.items()}
        _check_means(dist, measure, own, index)
        _check_mode(dist, measure, own, seed, index)
        if "median" in own and not measure.event_shape:
            _check_median(dist, measure, float(own["median"]), index)
    _check_covariance(dist, known)


def _check_means(dist: Any, measure: Measure, own: dict[str, np.ndarray], index: Any) -> None:
    rtol, shape = tolerance(dist.dtype), measure.event_shape

    def close(name: str, expected: Any, atol: Any = 0.0) -> None:
        if name in own and not (name in dist.undefined and not np.isfinite(own[name]).all()):
            require_close(own[name], expected, "moments", dist, name, rtol, atol, member=index)

    mean = _direction(measure) if dist.support.period else measure.expect(lambda x: x.reshape(len(x), -1).T)
    away = lambda x: x.reshape(len(x), -1).T - mean[:, None]
    square = lambda x: 2 * np.sin(0.5 * away(x)) ** 2 if dist.support.period else away(x) ** 2
    variance = measure.expect(square)
    spread = np.sqrt(variance)
    close("mean", mean.reshape(shape), rtol * spread.reshape(shape))
    close("variance", variance.reshape(shape), 1e-12)
    close("stddev", spread.reshape(shape), 1e-12)
    entropy = -measure.expect(lambda x: np.where(np.isfinite(log_p := measure.log_prob(x)), log_p, 0)[None])[
        0
    ]
    close("entropy", entropy, rtol)
    close("perplexity", np.exp(entropy), rtol)


def _direction(measure: Measure) -> np.ndarray:
    """The direction of the mean of angles, as points of the circle."""
    x, y = measure.expect(lambda x: np.stack([np.cos(x), np.sin(x)]))
    return np.arctan2(y, x)[None]


def _check_mode(dist: Any, measure: Measure, own: dict[str, np.ndarray], seed: int, index: Any) -> None:
    """No value is likelier than the mode."""
    if "mode" not in own:
        return
    at = own["mode"].astype(np.float64)
    best = float(measure.log_prob(at))
    others = measure.atoms if measure.discrete else measure.points
    log_p = measure.log_prob(others)
    likelier = int(log_p.argmax())
    require(
        best == np.inf or best >= log_p[likelier] - tolerance(dist.dtype) * (1 + abs(best)),
        "moments",
        dist,
        "a value is likelier than the mode",
        member=index,
        mode=at,
        log_prob=best,
        likelier=others[likelier],
        its_log_prob=log_p[likelier],
    )


def _check_median(dist: Any, measure: Measure, median: float, index: Any) -> None:
    """At least half of the probability lies on either side; of angles, within half a turn."""
    slack = tolerance(dist.dtype)
    if dist.support.period:
        opposite = median - np.copysign(0.5 * dist.support.period, median)
        below, above = np.sort(measure.cumulative(np.sort([median, opposite])))
        require(
            abs(above - below - 0.5) <= slack,
            "moments",
            dist,
            "the median does not halve the probability",
            member=index,
            got=median,
            cdf=(below, above),
        )
        return
    around = np.sort([median - 0.5, median + 0.5]) if measure.discrete else np.array([median, median])
    below, above = measure.cumulative(around)
    if measure.discrete:
        holds = below <= 0.5 + slack and above >= 0.5 - slack
    else:
        holds = abs(below - 0.5) <= slack * (
            1 + abs(median) * float(np.exp(measure.log_prob(np.array(median))))
        )
    require(
        holds,
        "moments",
        dist,
        "the median does not halve the probability",
        member=index,
        got=median,
        cdf=(below, above),
    )


def _check_covariance(dist: Any, known: dict[str, np.ndarray]) -> None:
    """For vectors it is a matrix over the flattened event."""
    try:
        covariance = host(dist.covariance)
    except NotImplementedError:
        return
    if not dist.event_shape:
        require_close(covariance, known["variance"], "moments", dist, "covariance", 1e-6)
        return
    n = int(np.prod(dist.event_shape))
    shape = (*dist.batch_shape, n, n)
    require(
        covariance.shape == shape,
        "moments",
        dist,
        "shape of covariance",
        got=covariance.shape,
        expected=shape,
    )
    for index, member in members(dist):
        products = _products(Measure(member))
        require_close(covariance[index], products, "moments", dist, "covariance", 3e-4, 1e-6, member=index)


def _products(measure: Measure) -> np.ndarray:
    """E[(X - E[X]) (X - E[X])^T] of the flattened event."""
    mean = measure.expect(lambda x: x.reshape(len(x), -1).T)

    def outer(x: np.ndarray) -> np.ndarray:
        centered = x.reshape(len(x), -1) - mean
        return (centered[:, :, None] * centered[:, None, :]).reshape(len(x), -1).T

    return measure.expect(outer).reshape(len(mean), len(mean))


def check_kl(p: Any, q: Any = None, *, seed: int = 0) -> None:
    """KL(p || q) equals its integral, with the right gradients; KL(p || p) is 0, and KL is never negative.

    Args:
        p: a distribution.
        q: another of the same event shape and batch shape; p itself by default.
        seed: seed of the draws that locate p's mass.

    Raises:
        PropertyError: if it does not hold.
        Inapplicable: if the pair has no closed form.
    """
    q = p if q is None else q
    if find_kl(type(p), type(q)) is None:
        raise Inapplicable(f"no formula for {type(p).__name__} and {type(q).__name__}")
    pair = _Pair(p, q)
    eps, rtol = float(np.finfo(p.dtype).eps), tolerance(np.promote_types(p.dtype, q.dtype))
    got = host(kl_divergence(p, q))
    shape = np.broadcast_shapes(p.batch_shape, q.batch_shape)
    require(got.shape == shape, "kl", pair, "shape", got=got.shape, expected=shape)
    require(got.dtype == np.promote_types(p.dtype, q.dtype), "kl", pair, "dtype", got=got.dtype)
    require(~(got < -100 * eps), "kl", pair, "is negative", got=got)
    if type(p) is type(q) and find_kl(type(p), type(p)) is not None:
        require_close(kl_divergence(p, p), 0.0, "kl", pair, "KL(p || p)", 0, 100 * eps)
    p, q = p.expand(shape), q.expand(shape)
    atol = rtol + 4 * eps * _condition(p, q)
    for index, member in members(p, seed=seed):
        other = dict(members(q, limit=10**6))[index]
        if got[index] == np.inf and _diverges(member, other):
            continue
        expected = kl_by_quadrature(member, other, seed)
        wanted = (got[index], expected, "kl", pair, "is not the integral", rtol, atol[index])
        require_close(*wanted, member=index)
    _check_kl_gradients(pair)


def _condition(p: Any, q: Any) -> np.ndarray:
    """By how much KL(p || q) changes, relative to a relative change of what the parameters stand for."""
    (p, of_p), (q, of_q) = leaves(double(p)), leaves(double(q))
    total = np.zeros(p.batch_shape)
    for v, g in zip(of_p + of_q, grad([kl_divergence(p, q)], of_p + of_q), strict=True):
        if g is not None:
            size = np.where(np.isfinite(host(v)), np.abs(host(v)), 0)
            change = np.abs(host(g)) * np.maximum(1, size)
            total += change.reshape(total.shape + (-1,)).sum(axis=-1)
    return np.where(np.isfinite(total), total, 0.0)


class _Pair:
    """p and q, for messages."""

    def __init__(self, p: Any, q: Any) -> None:
        self.p, self.q = p, q
        self.batch_shape, self.dtype = p.batch_shape, p.dtype

    def __repr__(self) -> str:
        return f"KL({self.p!r} || {self.q!r})"


def kl_by_quadrature(p: Any, q: Any, seed: int = 0) -> float:
    """KL(p || q) for batch shape ``()`` as an integral; inf if p has mass where q has none."""
    measure = Measure(p, seed)
    inside = points.inside(p, 16, seed)
    if (host(q.log_prob(inside)) == -np.inf).any():
        return np.inf

    def integrand(x: np.ndarray, log_p: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.where(log_p > -700, np.exp(log_p) * (log_p - host(q.log_prob(x))), 0)[None]

    return float(measure.integral(integrand)[0])


def _diverges(p: Any, q: Any) -> bool:
    """Whether the library's own quadrature finds that the integral is infinite."""
    if p.support.discrete or p.event_shape:
        return False
    value, error = kl_divergence(p, q, method="quadrature", return_error=True)
    return bool(np.isinf(host(value)) | np.isinf(error))


def _check_kl_gradients(pair: _Pair) -> None:
    """First derivatives in the parameters of both, against finite differences, in float64."""
    p, q = double(pair.p), double(pair.q)
    if curved(p) or curved(q):
        return  # steps along the axes leave a sphere
    if 0 in np.broadcast_shapes(p.batch_shape, q.batch_shape):
        return
    shape = np.broadcast_shapes(p.batch_shape, q.batch_shape)
    p, q = p.expand(shape), q.expand(shape)
    (new_p, of_p), (new_q, of_q) = leaves(p), leaves(q)
    y = kl_divergence(new_p, new_q)
    if not np.isfinite(host(y)).all():
        return
    inputs = of_p + of_q
    fixed = whole(p) + whole(q)
    for i, (value, g) in enumerate(zip(inputs, grad([y], inputs), strict=True)):
        if fixed[i]:
            continue
        analytic = np.zeros(value.shape) if g is None else host(g)
        for direction in directions(host(value), len(shape)):

            def shifted(h: np.ndarray, i: int = i, direction: np.ndarray = direction) -> np.ndarray:
                n, shift = len(of_p), each(h, p, direction)
                moved_p, _ = leaves(repeated(p, h), (i, shift) if i < n else None)
                moved_q, _ = leaves(repeated(q, h), (i - n, shift) if i >= n else None)
                return host(kl_divergence(moved_p, moved_q))

            expected, error = slope(shifted)
            along = (analytic * direction).reshape(expected.shape + (-1,)).sum(axis=-1)
            usable = np.isfinite(error) & (error <= 1e-3 * (1 + np.abs(along)))
            what = f"the derivative in {value.name} of {'p' if i < len(of_p) else 'q'}"
            atol = 1e-6 + 20 * np.where(usable, error, 0)
            require_close(
                np.where(usable, along, 0), np.where(usable, expected, 0), "kl", pair, what, 1e-5, atol
            )
            require(np.isfinite(along), "kl", pair, what, got=along)
