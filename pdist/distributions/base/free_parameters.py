"""The free parameters of a class as unconstrained numbers, and searches over them.

All arrays are float64 on the host, ``[*batch]`` per parameter, and all distributions of a batch are searched
for at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ... import functions as F
from ...autograd import Variable, grad, using_config
from .weighted_data import Data

_ROUNDS = 200
_NEAR = 1e-6  # a Newton step that has arrived, in standard deviations of one observation
_LEAST = 1e-10  # one observation's information about a logarithm that is on its way to infinity
_REAL = (0.1, -0.1, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0)
_POSITIVE = tuple(10.0**n for n in (0, 0.5, -0.5, 1, -1, 1.5, -1.5, 2.0, 2.5))
_SHARES = (0.5, 0.25, 0.75, 0.1, 0.9, 0.02, 0.98)


class Link(NamedTuple):
    """A map from the real line onto a support, its inverse, and the values to start from."""

    to: Callable[[Any], Any]
    back: Callable[[Any], Any]
    starts: tuple[float, ...]


def _logit(p: Any) -> Any:
    return np.log(p) - np.log1p(-p)


_IDENTITY = Link(lambda t: t, lambda v: v, _REAL)
_EXP = Link(F.exp, np.log, _POSITIVE)
_SIGMOID = Link(F.sigmoid, _logit, _SHARES)
_LINKS = {
    "real": _IDENTITY,
    "real or infinite": _IDENTITY,
    "positive": _EXP,
    "non negative": _EXP,
    "greater than one": Link(
        lambda t: 1 + F.exp(t), lambda v: np.log(v - 1), tuple(1 + v for v in _POSITIVE)
    ),
    **dict.fromkeys(("[0, 1]", "(0, 1)", "[0, 1)", "(0, 1]"), _SIGMOID),
}


class Point(NamedTuple):
    """A function at one point: its value ``[*batch]``, gradient ``[k, *batch]`` and ``[k, k, *batch]``."""

    theta: np.ndarray
    value: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Where all of it is finite."""
        sizes = (abs(part).sum(axis=tuple(range(part.ndim - self.value.ndim))) for part in self[1:])
        return np.isfinite(sum(sizes))


class Free:
    """The parameters of a class that are not fixed.

    Args:
        who: how errors begin.
        cls: a class of distributions of numbers.
        fixed: the values of the others, by name.
    """

    def __init__(self, who: str, cls: Any, fixed: dict[str, Any]) -> None:
        self.who, self.cls, self.fixed = who, cls, fixed
        self.names = [slot[0] for slot in cls._alternatives if not any(name in fixed for name in slot)]
        for name in self.names:
            declared = cls.parameters[name]
            if declared.event_ndim or declared.support.discrete or declared.support.name not in _LINKS:
                raise NotImplementedError(
                    f"{who}: {name} ({declared.support}) cannot be searched for; give it by name"
                )

    def link(self, name: str) -> Link:
        """The map of one parameter."""
        return _LINKS[self.cls.parameters[name].support.name]

    def parameters(self, theta: Any) -> dict[str, Any]:
        """All parameters from unconstrained numbers, a sequence of Variables; ordered ones by differences."""
        found = dict(self.fixed)
        for name, t in zip(self.names, theta, strict=True):
            below = self._below(name)
            if self._is_between(name):
                low, high = (found[end] for end in self.cls.between[::2])
                found[name] = low + (high - low) * F.sigmoid(t)
            else:
                found[name] = self.link(name).to(t) if below is None else found[below] + F.exp(t)
        return found

    def unconstrained(self, values: dict[str, Any]) -> np.ndarray:
        """The inverse of :meth:`parameters`, for the free ones: ``[k, *batch]``."""
        rows = []
        with np.errstate(all="ignore"):
            for name in self.names:
                value, below = np.asarray(values[name], float), self._below(name)
                known = {
                    n: v.array if isinstance(v, Variable) else v for n, v in {**self.fixed, **values}.items()
                }
                if self._is_between(name):
                    low, high = (known[end] for end in self.cls.between[::2])
                    rows.append(_logit((value - low) / (high - low)))
                else:
                    rows.append(
                        self.link(name).back(value) if below is None else np.log(value - known[below])
                    )
        return np.stack(np.broadcast_arrays(*rows))

    def _below(self, name: str) -> str | None:
        """The parameter that this one has to exceed, if that is known before it."""
        order = self.cls.ordered
        if name not in order[1:]:
            return None
        below = order[order.index(name) - 1]
        return below if below in self.names or below in self.fixed else None

    def _is_between(self, name: str) -> bool:
        """Whether it is the middle one of three, all of which are known or free."""
        between = self.cls.between
        known = {*self.names, *self.fixed}
        return bool(between) and name == between[1] and known.issuperset(between)

    def distribution(self, theta: Any) -> Any:
        """The distribution of these unconstrained numbers, unchecked."""
        with using_config("validate", False):
            return self.cls(**self.parameters([t if isinstance(t, Variable) else constant(t) for t in theta]))

    def arrived(self, at: Point) -> np.ndarray:
        """Whether each parameter is at a maximum, and not on the way to infinity: ``[k, *batch]``."""
        step = newton_step(at, np.zeros(at.value.shape))
        h = np.moveaxis(at.hessian, (0, 1), (-2, -1))
        size = np.sqrt(np.maximum(abs(np.diagonal(h, axis1=-2, axis2=-1)), 1e-300))
        inverse = np.linalg.pinv(-h / size[..., None] / size[..., None, :], hermitian=True)
        own = np.diagonal(inverse, axis1=-2, axis2=-1)
        information = np.moveaxis(np.where(own > 0, size * size / np.where(own > 0, own, 1), 0), -1, 0)
        linked = np.array([self.link(n) is not _IDENTITY or n in self.cls.ordered for n in self.names])
        linked = linked.reshape((-1,) + (1,) * at.value.ndim)
        far = linked & ((information < _LEAST) | (abs(step) > _NEAR))
        return ~far & (step * step * information < _NEAR**2) & (information > 0)

    def read(self, theta: np.ndarray) -> dict[str, np.ndarray]:
        """All parameters as arrays."""
        with np.errstate(all="ignore"):
            found = self.parameters([constant(t) for t in theta])
        return {n: v.array if isinstance(v, Variable) else np.asarray(v) for n, v in found.items()}


def constant(value: Any) -> Variable:
    """A float64 Variable without gradient."""
    return Variable(np.asarray(value, float), requires_grad=False)


# Newton's method ------------------------------------------------------------------------------------------


def derivatives(y: Variable, leaves: list[Variable]) -> list[np.ndarray]:
    """The gradient of a sum of independent terms by each leaf, zeros if there is none."""
    found = grad([y], leaves) if y.requires_grad else [None] * len(leaves)
    return [np.zeros(v.shape) if g is None else g.array for g, v in zip(found, leaves, strict=True)]


def twice(f: Callable[[list[Variable]], Variable]) -> Callable[[np.ndarray], Point]:
    """``f`` of unconstrained numbers, each a Variable ``[*batch]``, with first and second derivatives."""

    def at(theta: np.ndarray) -> Point:
        leaves = [Variable(t) for t in theta]
        with np.errstate(all="ignore"):
            y = f(leaves)
            first = grad([y], leaves, enable_double_backprop=True)
            found = [
                constant(np.zeros(t.shape)) if g is None else g for g, t in zip(first, theta, strict=True)
            ]
            second = np.stack([np.stack(derivatives(g, leaves)) for g in found])
        return Point(theta, y.array, np.stack([g.array for g in found]), second)

    return at


def maximize(f: Callable[[np.ndarray], Point], theta: np.ndarray) -> Point:
    """A local maximum by damped Newton steps, for a whole batch at once.

    Args:
        f: the function with its derivatives.
        theta: where to begin, ``[k, *batch]``.

    Returns:
        The last point.

    Source:
        Nocedal and Wright, "Numerical Optimization", section 3.4: the absolute values of curvatures.
    """
    now = f(theta)
    damping = np.zeros(now.value.shape)
    idle = np.zeros(now.value.shape, int)
    for _ in range(_ROUNDS):
        step = newton_step(now, damping)
        active = (idle < 3) & ((now.gradient * step).sum(axis=0) > 1e-31)
        if not active.any():
            break
        new = f(np.where(active, now.theta + step, now.theta))
        noise = 4e-16 * (1 + abs(now.value))
        better = new.known & active & (new.value >= now.value - noise)
        idle = np.where(better & (new.value <= now.value + noise), idle + 1, np.where(better, 0, idle))
        idle = np.where(damping > 1e12, 3, idle)
        damping = np.where(better, np.where(damping > 1e-3, damping / 16, 0), np.maximum(8 * damping, 1e-2))
        now = Point(*[np.where(better, a, b) for a, b in zip(new, now, strict=True)])
    return now


def newton_step(at: Point, damping: np.ndarray) -> np.ndarray:
    """The step uphill for the curvature plus ``damping`` times its diagonal, ``[k, *batch]``."""
    g, h = np.moveaxis(at.gradient, 0, -1), np.moveaxis(at.hessian, (0, 1), (-2, -1))
    h = np.where(np.isfinite(h), 0.5 * (h + np.swapaxes(h, -1, -2)), 0)
    size = np.sqrt(np.maximum(abs(np.diagonal(h, axis1=-2, axis2=-1)), 1e-300))
    scaled = np.clip(h / size[..., None] / size[..., None, :], -1e9, 1e9)  # no curvature at all: no direction
    values, vectors = np.linalg.eigh(np.where(np.isfinite(scaled), scaled, 0))
    curvature = np.maximum(abs(values), 1e-14) + damping[..., None]
    along = np.einsum("...ij,...i->...j", vectors, np.where(np.isfinite(g), g, 0) / size) / curvature
    return np.moveaxis(np.einsum("...ij,...j->...i", vectors, along) / size, -1, 0)


# Starting points -------------------------------------------------------------------------------------------


def best_start(free: Free, score: Callable[[Any], np.ndarray], data: Data, rank: int = 0) -> np.ndarray:
    """The best of many starting points, ``[k, *batch]``; nan if none has a finite score.

    Args:
        free: the parameters.
        score: of a batch of distributions ``[m, *batch]``, an array of that shape: what is to be great.
        data: values whose quantiles the distributions should have, about.
        rank: how many better ones to pass over.
    """
    with np.errstate(all="ignore"), using_config("validate", False):
        theta = free.unconstrained(starts(free, data))
        theta = np.broadcast_to(theta, theta.shape[:2] + data.batch)
        y = np.broadcast_to(score(free.distribution(theta)), theta.shape[1:])
    y = np.where(np.isfinite(y) & np.isfinite(theta).all(axis=0), y, -np.inf)
    best = (-y).argsort(axis=0, kind="stable")[min(rank, len(y) - 1)][None]
    found = np.take_along_axis(theta, best[None], axis=1)[:, 0]
    return np.where(np.take_along_axis(y, best, axis=0)[0] > -np.inf, found, np.nan)


def starts(free: Free, data: Data) -> dict[str, np.ndarray]:
    """Parameters to try, ``[m, *batch]``: all combinations of shapes, with a location and scale that fit."""
    cls = free.cls
    scales = cls.scales if getattr(cls, "loc_name", "") == "loc" else {}
    scale = next((n for n in free.names if n in scales), None)
    loc = "loc" if scales and "loc" in free.names else None
    middle = data.quantile(data.levels[1])
    spread = data.quantile(data.levels[2]) - data.quantile(data.levels[0])
    spread = np.maximum(spread, 1e-3 * (data.high - data.low))
    spread = np.where(spread > 0, spread, 1.0)
    shapes = _grid({n: _choices(free, n, data, spread) for n in free.names if n not in (scale, loc)})
    if scale is None and loc is None:
        return shapes
    unit = {n: constant(n == scale) for n in (scale, loc) if n}
    d = cls(**free.fixed, **{n: constant(v) for n, v in shapes.items()}, **unit)
    z = [d.icdf(p).array for p in data.levels]
    size = spread / (z[2] - z[0]) if "loc" in cls.parameters else middle / z[1]
    size = np.where(np.isfinite(size) & (size > 0), size, 1.0)
    places = [middle - size * z[1]] if scale else [middle - z[1]]
    if isinstance(cls.support, property):  # all data have to be above
        places += [data.low - by * spread for by in (0.001, 0.1, 0.5)]
    found: dict[str, Any] = dict(shapes)
    if scale:
        found[scale] = 1 / size if scales[scale] == "rate" else size
    if loc is None:
        places = places[:1]
    rows = np.broadcast_arrays(
        *found.values(), np.zeros((len(next(iter(shapes.values()), [0])), *data.batch))
    )
    tried = [dict(zip(found, rows, strict=False)) for _ in places]
    for given, place in zip(tried, places, strict=True):
        given["loc"] = np.broadcast_to(place, rows[-1].shape)
    return {n: np.concatenate([given[n] for given in tried]) for n in free.names}


def _grid(choices: dict[str, list[Any]]) -> dict[str, np.ndarray]:
    """All combinations, along a new first axis."""
    rows = list(itertools.product(*choices.values()))
    columns = zip(*rows, strict=True)
    return {n: np.stack(np.broadcast_arrays(*column)) for n, column in zip(choices, columns, strict=False)}


def _choices(free: Free, name: str, data: Data, spread: np.ndarray) -> list[Any]:
    """Values of one parameter to try: those of a place or a scale in the units of the data."""
    cls, middle = free.cls, data.quantile(0.5)
    if name == "low" and cls.parameters[name].support.low == 0:
        return [place * by for place in (data.low, middle) for by in (0.9, 0.3)]
    if name == "low":
        return [data.low - spread * by for by in (0.1, 1.0)]
    if name == "high":
        return [data.high + spread * by for by in (0.1, 1.0)]
    if name in ("loc", "peak") and cls.parameters[name].support.low < 0:
        return [data.quantile(p) for p in (0.5, 0.25, 0.75, 0.1, 0.9)]
    if name == "scale":
        return [spread * by for by in (0.7, 0.3, 1.5, 4.0)]
    if name == getattr(cls, "loc_name", None) and np.all(middle > 0):  # of the logarithm
        return [np.log(middle) + step for step in (0.0, -0.5, 0.5)]
    found: list[Any] = list(free.link(name).starts)
    if found[0] == _POSITIVE[0] and getattr(cls.support, "high", 0.0) == np.inf and np.all(middle > 0):
        found += [middle * by for by in (1.0, 0.1, 10.0)]  # it may be a scale
    return [value + 0 * middle for value in found]
