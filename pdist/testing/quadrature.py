"""Integrals and sums over one distribution, using only its ``log_prob`` and its support.

The checks compare cdf, moments, entropies, divergences and gradients with these numbers. Panels of
Gauss-Legendre nodes cover the mass located by a scan of the density and some draws, extend from there towards
the ends of the support in steps that double or halve, and are halved where the integrand is not smooth (a
Laplace's kink).
"""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..numerics.panels import gauss_legendre
from .charts import rule_on
from .report import Inapplicable, PropertyError, host

Integrand = Callable[[np.ndarray, np.ndarray], np.ndarray]  #: x [n, *event], log p(x) [n] -> [m, n]

_NODES, _WEIGHTS = gauss_legendre(12)
_HUGE = 1e30


class Measure:
    """One distribution (batch shape ``()``, float64, on the host) as a measure to integrate over.

    Args:
        dist: the distribution.
        seed: seed of the draws that locate its mass.

    Raises:
        Inapplicable: if neither quadrature nor a sum is feasible: in three or more continuous dimensions.

    >>> import numpy as np
    >>> from pdist.distributions import Normal
    >>> normal = Measure(Normal(np.array(1.0), np.array(2.0)))
    >>> normal.integral(lambda x, log_p: np.exp(log_p) * np.stack([x**0, x, (x - 1) ** 2])).round(9)
    array([1., 1., 4.])
    """

    def __init__(self, dist: Any, seed: int = 0) -> None:
        if dist.batch_shape != ():
            raise ValueError(f"Measure: expected a distribution of batch shape (), got {dist.batch_shape}")
        self.dist = dist
        self.discrete = bool(dist.support.discrete)
        self.event_shape = dist.event_shape
        self.size = int(np.prod(dist.event_shape))
        self.rule = None if self.discrete else rule_on(dist.support, dist.event_shape)
        if not self.discrete and self.rule is None and self.size > 2:
            raise Inapplicable(f"no quadrature in {self.size} dimensions")
        self.points = _points(dist, seed)  # [n, *event]

    @functools.cached_property
    def atoms(self) -> np.ndarray:
        """The values of a discrete distribution with non-negligible weight: ``[K, *event]``."""
        low, high = float(self.points.min()), float(self.points.max())
        reach = 40 + 20 * np.sqrt(high - low + 1)
        line = np.arange(np.floor(low - reach), np.ceil(high + reach) + 1)
        if self.size > 1:
            line = line[(line >= low - 1) & (line <= high + 1)]
            if len(line) ** self.size > 1_000_000:
                raise Inapplicable(f"too many values to sum over: {len(line)}^{self.size}")
        grid = np.array(list(itertools.product(line, repeat=self.size))).reshape((-1, *self.event_shape))
        grid = grid[host(self.dist.support.contains(grid))]
        if self.dist._atoms is None:
            return grid
        return np.unique(np.concatenate([grid, host(self.dist._atoms)]))

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """log p(x), as a raw array."""
        return host(self.dist.log_prob(x))

    def integral(self, f: Integrand) -> np.ndarray:
        """The integral (or sum) of ``f(x, log p(x))`` over the support.

        Args:
            f: returns ``m`` integrands, ``[m, n]`` for x of shape ``[n, *event]``.

        Returns:
            The ``m`` integrals.
        """
        if self.discrete:
            return np.atleast_2d(f(self.atoms, self.log_prob(self.atoms))).sum(axis=-1)
        if self.rule is not None:
            x, weights = self.rule
            return (np.atleast_2d(f(x, self.log_prob(x))) * weights).sum(axis=-1)
        if self.size == 1:
            return integrate(self._line(f), self.edges()).sum(axis=-1)
        return self._plane(f)

    def expect(self, f: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """E[f(X)]; ``f`` returns ``[m, n]`` for x of shape ``[n, *event]``."""

        def weighted(x: np.ndarray, log_p: np.ndarray) -> np.ndarray:
            with np.errstate(all="ignore"):
                return np.where(log_p > -700, f(x) * np.exp(log_p), 0)

        return self.integral(weighted)

    def cumulative(self, x: np.ndarray) -> np.ndarray:
        """P(X <= x) at increasing points of a univariate distribution, as integrals of the density."""
        if self.size != 1:
            raise Inapplicable(f"no cdf of events of shape {self.event_shape}")
        if self.discrete:
            p = np.exp(self.log_prob(self.atoms)).reshape(-1)
            return np.array([p[self.atoms.reshape(-1) <= t].sum() for t in x])
        edges = np.union1d(self.edges(), x[np.isfinite(x)])
        panels = integrate(self._line(lambda x, log_p: np.exp(log_p)[None]), edges)[0]
        below = np.concatenate([[0.0], np.cumsum(panels)])
        return below[np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(panels))]

    def orthant(self, x: np.ndarray, sign: int) -> float:
        """P(X <= x) (``sign`` -1) or P(X > x) (+1), in every element of a vector at once."""

        def within(at: np.ndarray, log_p: np.ndarray) -> np.ndarray:
            inside = at <= x if sign < 0 else at > x
            return np.where(inside.reshape(len(at), -1).all(axis=1), np.exp(log_p), 0)[None]

        if not self.discrete and self.size == 1:  # a panel ends where the integrand would jump
            below = float(self.cumulative(x.reshape(1))[0])
            return below if sign < 0 else 1 - below
        if not self.discrete and self.size == 2:
            return float(self._plane(within, cuts=x.reshape(-1))[0])
        return float(self.integral(within)[0])

    def _line(self, f: Integrand) -> Callable[[np.ndarray], np.ndarray]:
        shape = self.event_shape

        def integrand(x: np.ndarray) -> np.ndarray:
            x = x.reshape((-1, *shape))
            return np.atleast_2d(f(x, self.log_prob(x)))

        return integrand

    def _plane(self, f: Integrand, cuts: np.ndarray | None = None) -> np.ndarray:
        """By the product of two rules, each over the panels of one coordinate, split where f jumps."""
        flat = self.points.reshape(len(self.points), self.size)
        edges = [self.edges(flat[:, i], dense=False) for i in range(self.size)]
        if cuts is not None:
            edges = [np.union1d(e, cut) for e, cut in zip(edges, cuts, strict=True)]
        rules = [_rule(e) for e in edges]
        x = np.stack(np.meshgrid(*(nodes for nodes, _ in rules), indexing="ij"), axis=-1)
        weights = rules[0][1][:, None] * rules[1][1]
        x = x.reshape((-1, *self.event_shape))
        return (np.atleast_2d(f(x, self.log_prob(x))) * weights.reshape(-1)).sum(axis=-1)

    def edges(self, points: np.ndarray | None = None, dense: bool = True) -> np.ndarray:
        """The ends of the panels of one coordinate, given points in it."""
        points = np.sort((self.points if points is None else points).reshape(-1))
        inside = float(points[0])
        low, high = (support_end(self.dist, sign, inside) for sign in (-1, 1))
        middle = np.quantile(points, np.linspace(0, 1, 25 if dense else 13))
        first, last = middle[0], middle[-1]
        spread = max(last - first, 1e-3 * abs(first), 1e-30)
        doubling = spread * 2.0 ** (np.arange(-3, 40) if dense else np.arange(-3, 6))
        halving = 2.0 ** -(np.arange(1, 50) if dense else np.arange(1, 8))
        below = low + (first - low) * halving if np.isfinite(low) else first - doubling
        above = high - (high - last) * halving if np.isfinite(high) else last + doubling
        ends = [e for e in (low, high) if np.isfinite(e)]
        return np.unique(np.concatenate([below, middle, above, ends]))


def integrate(f: Callable[[np.ndarray], np.ndarray], edges: np.ndarray, rtol: float = 1e-11) -> np.ndarray:
    """The integrals of ``m`` functions over each panel between neighbouring ``edges``.

    Args:
        f: the functions at ``x [n]``: ``[m, n]``.
        edges: increasing, ``[P + 1]``.
        rtol: the allowed error of a panel, relative to the integral of the absolute value over all.

    Returns:
        ``[m, P]``.
    """

    def rule(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        half = (b - a) / 2
        x = (a + half)[:, None] + half[:, None] * _NODES
        y = f(x.reshape(-1))
        y = y.reshape(len(y), *x.shape)
        rounded = (x <= a[:, None]) | (x >= b[:, None])  # onto an end, where a density may be infinite
        y = np.where(rounded & ~np.isfinite(y), 0, y)
        return (y * _WEIGHTS).sum(axis=-1) * half

    a, b, owner = edges[:-1], edges[1:], np.arange(len(edges) - 1)
    coarse = rule(a, b)
    totals = np.zeros_like(coarse)
    scale = np.abs(coarse).sum(axis=-1, keepdims=True)
    for _ in range(45):
        middle = a + (b - a) / 2
        left, right = rule(a, middle), rule(middle, b)
        with np.errstate(invalid="ignore"):  # an infinite panel is done: so is the integral
            done = ~(np.abs(left + right - coarse) > rtol * scale).any(axis=0) | (middle <= a) | (middle >= b)
        _add(totals, owner[done], (left + right)[:, done])
        more = ~done
        if not more.any():
            return totals
        a, b, middle, owner = a[more], b[more], middle[more], owner[more]
        coarse = np.concatenate([left[:, more], right[:, more]], axis=1)
        a, b, owner = np.concatenate([a, middle]), np.concatenate([middle, b]), np.concatenate([owner, owner])
    _add(totals, owner, coarse)
    return totals


def _add(totals: np.ndarray, owner: np.ndarray, parts: np.ndarray) -> None:
    """Add the integrals of parts to those of the panels they belong to."""
    for total, part in zip(totals, parts, strict=True):
        np.add.at(total, owner, part)


def support_end(dist: Any, sign: int, start: float | None = None) -> float:
    """The least (``sign`` -1) or greatest (+1) number in a univariate support, possibly infinite.

    Found by bisection on the support's ``contains``, to the last digit.

    Args:
        dist: a distribution of batch shape ``()``.
        sign: the end.
        start: a number in the support; by default one is searched for.
    """
    shape = dist.event_shape

    def contains(x: float) -> bool:
        return bool(host(dist.support.contains(np.full(shape, x))))

    if contains(sign * _HUGE):
        return sign * np.inf
    start = float(_points(dist, 0).reshape(-1)[0]) if start is None else start
    inside, outside = _ordinal(start), _ordinal(sign * _HUGE)
    while abs(inside - outside) > 1:
        middle = (inside + outside) // 2
        if contains(_float(middle)):
            inside = middle
        else:
            outside = middle
    return _float(inside)


def _ordinal(x: float) -> int:
    """The rank of a float64 among all float64 numbers: neighbours differ by one."""
    bits = int(np.float64(x).view(np.int64))
    return bits if bits >= 0 else -(bits & (2**63 - 1))


def _float(ordinal: int) -> float:
    return float(np.int64(ordinal).view(np.float64)) if ordinal >= 0 else -_float(-ordinal)


def _rule(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of the composite rule."""
    half = np.diff(edges) / 2
    nodes = (edges[:-1] + half)[:, None] + half[:, None] * _NODES
    return nodes.reshape(-1), (half[:, None] * _WEIGHTS).reshape(-1)


def _points(dist: Any, seed: int) -> np.ndarray:
    """Points in the mass of a distribution: draws, and values found by a scan: ``[n, *event]``."""
    found = []
    with contextlib.suppress(NotImplementedError):
        found.append(host(dist.sample(100, rng=seed)).astype(np.float64))
    if int(np.prod(dist.event_shape)) == 1 or not found:
        found.append(_scan(dist))
    points = np.concatenate(found)
    flat = points.reshape(len(points), -1)
    points = points[np.isfinite(flat).all(axis=1) & host(dist.support.contains(points))]
    if not len(points):
        raise PropertyError("support", dist, "contains no draw, nor any number that a scan tried")
    return points


def _scan(dist: Any) -> np.ndarray:
    """Values of a univariate distribution near the highest density found by a scan of the line."""
    shape = dist.event_shape
    if int(np.prod(shape)) != 1:
        raise Inapplicable(f"events of shape {shape} and no sample to show where they lie")
    powers = 10.0 ** np.linspace(-6, 6, 241)
    line = np.concatenate([-powers[::-1], [0.0], powers, np.arange(-50.0, 51.0)])
    line.sort()
    for _ in range(12):
        x = line.reshape((-1, *shape))
        inside = host(dist.support.contains(x))
        if not inside.any():
            return np.empty((0, *shape))
        log_p = np.where(inside, host(dist.log_prob(x)), -np.inf)
        log_p[
            log_p == np.inf
        ] = -np.inf  # an end where the density is infinite tells nothing about its neighbours
        best = np.nanmax(log_p)
        near = line[log_p >= best - 12]
        if dist.support.discrete or len(near) >= 20:
            return near.reshape((-1, *shape))
        at = int(np.nanargmax(log_p))
        line = np.linspace(line[max(at - 1, 0)], line[min(at + 1, len(line) - 1)], 101)
    return near.reshape((-1, *shape))
