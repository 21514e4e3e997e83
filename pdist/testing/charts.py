"""Rules of quadrature on curved sets of vectors, of up to two dimensions: simplex and sphere."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..numerics.panels import gauss_legendre

SIMPLEX = ("non negative and of sum 1", "positive and of sum 1")
MATRICES = (
    "positive definite",
    "correlation matrix",
    "Cholesky factor of a correlation matrix",
)
Rule = tuple[np.ndarray, np.ndarray]  #: nodes [n, *event] and weights [n]


def rule_on(support: Any, event_shape: tuple[int, ...]) -> Rule | None:
    """The rule for a support; None if that has volume, or too many dimensions."""
    if support.name in SIMPLEX and 1 <= event_shape[-1] <= 3:
        return _simplex(event_shape[-1])
    if support == "unit vector" and event_shape[-1] in (2, 3):
        return _circle() if event_shape[-1] == 2 else _sphere()
    return None


def one_point(dist: Any) -> bool:
    """Whether a distribution has one value only, as that of a single probability, which is 1."""
    rule = rule_on(dist.support, dist.event_shape)
    return rule is not None and len(rule[1]) == 1


def projected(support: Any, x: np.ndarray) -> np.ndarray:
    """The nearest values in a curved set, for what lies in it up to the rounding of another precision."""
    if support.name in SIMPLEX:
        return x / x.sum(axis=-1, keepdims=True)
    if support == "unit vector":
        return x / np.sqrt((x * x).sum(axis=-1, keepdims=True))
    return x


def curved(dist: Any) -> bool:
    """Whether a parameter lies on a sphere, or a value in a set of matrices, which steps along axes leave."""
    on_sphere = any(declared.support == "unit vector" for declared in type(dist).parameters.values())
    return on_sphere or (len(dist.event_shape) == 2 and dist.support.name in MATRICES)


def _unit_interval() -> Rule:
    """Of (0, 1), by the double exponential t = sigmoid(pi sinh s): poles at the ends do no harm."""
    s = np.arange(-29, 30) * 0.1
    t = 1 / (1 + np.exp(-np.pi * np.sinh(s)))
    return t, 0.1 * np.pi * np.cosh(s) * t / (1 + np.exp(np.pi * np.sinh(s)))


def _simplex(k: int) -> Rule:
    """By breaking a stick at shares of what is left."""
    t, w = _unit_interval()
    if k == 1:
        return np.ones((1, 1)), np.ones(1)
    if k == 2:
        return np.stack([t, t[::-1]], axis=-1), w
    first, second = (v.reshape(-1) for v in np.meshgrid(t, t, indexing="ij"))
    left, other = (v.reshape(-1) for v in np.meshgrid(t[::-1], t[::-1], indexing="ij"))
    x = np.stack([first, left * second, left * other], axis=-1)
    return x, np.multiply.outer(w, w).reshape(-1) * left


def _circle(n: int = 600) -> Rule:
    angle = 2 * np.pi * np.arange(n) / n
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1), np.full(n, 2 * np.pi / n)


def _sphere() -> Rule:
    """Circles of latitude at the nodes of a rule of Gauss and Legendre, by panels."""
    nodes, weights = gauss_legendre(12)
    panels = 8
    z = (np.arange(panels)[:, None] + 0.5 * (1 + np.asarray(nodes))).reshape(-1) * (2 / panels) - 1
    w = np.tile(np.asarray(weights) / panels, panels)
    around, v = _circle(60)
    radius = np.sqrt(1 - z * z)
    x = np.concatenate(
        [radius[:, None, None] * around, np.broadcast_to(z[:, None, None], (len(z), len(v), 1))], axis=-1
    )
    return x.reshape(-1, 3), np.multiply.outer(w, v).reshape(-1)
