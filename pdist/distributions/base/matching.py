"""Distributions from what they are to have: a mean and a variance, or quantiles."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...autograd import Variable, config, force_backprop_mode, using_config
from ...backend import library_of, to_cpu
from ...transforms.supports import Support
from .free_parameters import Free, Point, best_start, constant, derivatives, maximize
from .known_parameters import built, known_parameters
from .weighted_data import Data

_CLOSE = 1e-11  # of a residual
_RANKS = (0, 1, 2, 4, 8, 16)  # of the starting points, until one leads to a solution


class Matching:
    """Making a distribution from its moments or quantiles."""

    parameters: Any
    parts: Any
    support: Any

    @classmethod
    def from_moments(cls, mean: Any = None, variance: Any = None, **fixed: Any) -> Any:
        """The distribution of this class with this mean and this variance.

        There have to be as many moments as free parameters; a variance beside the mean of a family with one
        parameter has to be the one that follows. Of a location-scale family in closed form, else by Newton's
        method with this library's own derivatives.

        Args:
            mean: E[X], of shape ``[*batch]``; of angles the mean direction.
            variance: E[(X - E[X])^2] > 0, of shape ``[*batch]``.
            **fixed: the other parameters, by name, of shape ``[*batch]``.

        Returns:
            A distribution whose dtype is that of the floating arrays among the arguments, by default
            ``pdist.config.dtype``. The parameters carry no gradient.

        Raises:
            ValueError: if no distribution of the class has these moments, or they do not determine one.

        >>> import numpy as np, pdist.distributions as D
        >>> D.Gamma.from_moments(mean=np.array(6.0), variance=np.array([12.0, 18.0]))
        Gamma(k=[3.0, 2.0], theta=[2.0, 3.0])
        >>> D.StudentT.from_moments(mean=np.array(1.0), variance=3.0, df=4.0).scale.array
        array(1.22474487)
        """
        who = f"{cls.__name__}.from_moments"
        given = {n: v for n, v in (("mean", mean), ("variance", variance)) if v is not None}
        if not given:
            raise TypeError(f"{who}: expected a mean, a variance, or both")
        wanted = Wanted(who, cls, given, fixed)
        if "variance" in given:
            wanted.require("variance", wanted.values["variance"] > 0, "a positive number")
        if "mean" in given and isinstance(cls.support, Support):
            inside = (wanted.values["mean"] >= cls.support.low) & (wanted.values["mean"] <= cls.support.high)
            wanted.require("mean", inside, f"a number between the ends of the support, {cls.support}")
        with np.errstate(all="ignore"), force_backprop_mode():
            return _with_moments(cls, wanted)

    @classmethod
    def from_quantiles(cls, quantiles: Mapping[float, Any], **fixed: Any) -> Any:
        """The distribution of this class with these quantiles, as many as it has free parameters.

        Of a location-scale family in closed form, else by Newton's method with this library's own
        derivatives.

        Args:
            quantiles: by probabilities between 0 and 1, each of shape ``[*batch]``.
            **fixed: the other parameters, by name, of shape ``[*batch]``.

        Returns:
            A distribution whose dtype is that of the floating arrays among the arguments, by default
            ``pdist.config.dtype``. The parameters carry no gradient.

        Raises:
            ValueError: if no distribution of the class has these quantiles, or they do not determine one.
            NotImplementedError: if the distribution is discrete, or has no quantiles.

        >>> import numpy as np, pdist.distributions as D
        >>> D.LogNormal.from_quantiles({0.05: np.array(1.0), 0.95: 100.0})
        LogNormal(mu=2.30259, sigma=1.39986)
        """
        who = f"{cls.__name__}.from_quantiles"
        levels = sorted(quantiles)
        for p in levels:
            if not 0 < p < 1:
                raise ValueError(f"{who}: the probability {p}; expected one between 0 and 1")
        wanted = Wanted(who, cls, {f"quantiles[{p}]": quantiles[p] for p in levels}, fixed)
        names = list(wanted.values)
        for one, other in itertools.pairwise(names):
            low = wanted.values[one]
            wanted.require(other, wanted.values[other] > low, f"more than {one}")
        if isinstance(cls.support, Support):
            if cls.support.discrete:
                raise NotImplementedError(f"{who}: quantiles of counts determine no distribution")
            for name in names:
                inside = cls.support.test(np, wanted.values[name])
                wanted.require(name, inside, cls.support.wanted or f"a number in the support, {cls.support}")
        with np.errstate(all="ignore"), force_backprop_mode():
            return _with_quantiles(cls, wanted, [float(p) for p in levels])


class Wanted:
    """What a distribution is to have, by name, as float64 arrays of one batch shape."""

    def __init__(self, who: str, cls: Any, values: dict[str, Any], fixed: dict[str, Any]) -> None:
        self.who = who
        if cls.parts or not cls.parameters:
            raise NotImplementedError(f"{who}: only for distributions of numbers without inner ones")
        raw = {n: v.array if isinstance(v, Variable) else v for n, v in {**values, **fixed}.items()}
        arrays = [v for v in raw.values() if library_of(v) is not None]
        self.owner = library_of(arrays[0]) if arrays else None
        dtypes = [v.dtype for v in raw.values() if getattr(getattr(v, "dtype", None), "kind", "") == "f"]
        self.dtype = np.result_type(*dtypes) if dtypes else config.dtype
        try:
            found = {n: np.asarray(to_cpu(raw[n]), float) for n in values}
            shapes = [np.shape(to_cpu(raw[n])) for n in fixed if not cls.parameters[n].event_ndim]
            self.batch = np.broadcast_shapes(*(v.shape for v in found.values()), *shapes)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{who}: {', '.join(raw)}: {error}") from None
        except KeyError:
            pass  # an unknown parameter, which the next call names
            self.batch = ()
        self.fixed = known_parameters(who, cls, fixed, self.batch)
        self.values = {n: np.broadcast_to(v, self.batch) for n, v in found.items()}
        for name in self.values:
            self.require(name, np.isfinite(self.values[name]), "a finite number")
        self.free = Free(who, cls, {n: constant(v) for n, v in self.fixed.items()})

    def require(self, name: str, holds: Any, wanted: str) -> None:
        """Raise ValueError where a condition on one of the values does not hold, naming the first."""
        wrong = np.argwhere(~np.asarray(holds))
        if len(wrong):
            at = tuple(int(i) for i in wrong[0])
            where = f"{name}{list(at) if at else ''}"
            raise ValueError(f"{self.who}: {where} is {self.values[name][at]}; expected {wanted}")

    def failure(self, why: str) -> ValueError:
        """The error that no distribution has these values."""
        listing = (
            ", ".join(f"{n} {v}" for n, v in self.values.items())
            if not self.batch
            else ", ".join(self.values)
        )
        return ValueError(f"{self.who}: no distribution with {listing} was found: {why}")

    def placed(self) -> bool:
        """Whether just a location and a scale are free."""
        cls = self.free.cls
        is_family = getattr(cls, "loc_name", "") == "loc" and "scale" in getattr(cls, "scales", {})
        return is_family and self.free.names == ["loc", "scale"]

    def standard(self) -> Any:
        """The distribution of location 0 and scale 1."""
        return self.free.cls(**{**self.free.fixed, "loc": constant(0.0), "scale": constant(1.0)})

    def counted(self, n: int) -> None:
        """Raise an error if more parameters are free than ``n`` values determine."""
        if len(self.free.names) != n:
            free = ", ".join(self.free.names) or "none"
            raise ValueError(f"{self.who}: {n} given for the free parameters {free}; expected as many")


class Known(Data):
    """Quantiles in place of data."""

    def __init__(self, levels: list[float], x: np.ndarray) -> None:
        super().__init__("", x)
        self.of = dict(zip(levels, x, strict=True))
        self.levels = (levels[0], levels[len(levels) // 2], levels[-1])

    def quantile(self, p: float) -> np.ndarray:
        return self.of[p] if p in self.of else super().quantile(p)


def _with_moments(cls: Any, wanted: Wanted) -> Any:
    values, free = wanted.values, wanted.free
    if len(values) == 2 and wanted.placed():
        d = wanted.standard()
        middle, variance = d.mean.array, d.variance.array
        if not (np.isfinite(middle) & np.isfinite(variance)).all():
            raise wanted.failure("it has no such moments")
        scale = np.sqrt(values["variance"] / variance)
        return built(cls, wanted, {**wanted.fixed, "loc": values["mean"] - scale * middle, "scale": scale})
    used = list(values)[:1] if len(free.names) == 1 else list(values)
    wanted.counted(len(used))
    mean = values.get("mean", np.ones(wanted.batch))
    spread = np.sqrt(values["variance"]) if "variance" in values else np.where(mean == 0, 1.0, abs(mean))

    def residuals(d: Any) -> list[Variable]:
        found = []
        if "mean" in used:
            found.append((d.mean - values["mean"]) / spread)
        if "variance" in used:
            found.append(d.variance / values["variance"] - 1)
        return found

    found = _solved(wanted, residuals, _bell(cls, mean, spread))
    if len(used) < len(values):
        with using_config("validate", False):
            own = np.broadcast_to(
                cls(**{n: constant(v) for n, v in found.items()}).variance.array, wanted.batch
            )
        same = abs(own - values["variance"]) <= 1e-6 * values["variance"]
        wanted.require("variance", same, f"the variance that goes with the mean, {own.flat[0]:.6g}")
    return built(cls, wanted, found)


def _bell(cls: Any, mean: np.ndarray, spread: np.ndarray) -> Data:
    """Values that lie about as those of a distribution of this mean and standard deviation."""
    z = np.array([-2.0, -1, -0.5, 0, 0.5, 1, 2.0]).reshape((-1,) + (1,) * mean.ndim)
    support = cls.support
    if isinstance(support, Support) and np.all(support.low >= 0):
        ratio = np.log1p((spread / np.maximum(mean, 1e-300)) ** 2)
        return Data("", np.maximum(mean, 1e-300) * np.exp(np.sqrt(ratio) * z - 0.5 * ratio))
    return Data("", mean + spread * z)


def _with_quantiles(cls: Any, wanted: Wanted, levels: list[float]) -> Any:
    wanted.counted(len(levels))
    x = np.stack(list(wanted.values.values()))
    if wanted.placed():
        d = wanted.standard()
        low, high = (d.icdf(p).array for p in levels)
        scale = (x[1] - x[0]) / (high - low)
        return built(cls, wanted, {**wanted.fixed, "loc": x[0] - scale * low, "scale": scale})
    spread = x[-1] - x[0] if len(x) > 1 else np.where(x[0] == 0, 1.0, abs(x[0]))
    by_ratio = isinstance(cls.support, Support) and np.all(x > 0)

    def residuals(d: Any) -> list[Variable]:
        return [
            d.icdf(p) / v - 1 if by_ratio else (d.icdf(p) - v) / spread
            for p, v in zip(levels, x, strict=True)
        ]

    return built(cls, wanted, _solved(wanted, residuals, Known(levels, x)))


def _solved(wanted: Wanted, residuals: Callable[[Any], list[Variable]], about: Data) -> dict[str, np.ndarray]:
    """The parameters for which all residuals are 0, by damped Gauss-Newton steps."""
    free = wanted.free

    def at(theta: np.ndarray) -> Point:
        leaves = [Variable(t) for t in theta]
        found = [r + 0 * leaves[0] for r in residuals(free.distribution(leaves))]
        r = np.stack([v.array for v in found])
        slopes = np.stack([np.stack(derivatives(v, leaves)) for v in found])  # [residual, parameter, *batch]
        gradient, hessian = (
            -np.einsum("rk...,r...->k...", slopes, r),
            -np.einsum("rj...,rk...->jk...", slopes, slopes),
        )
        return Point(theta, -0.5 * (r * r).sum(axis=0), gradient, hessian)

    def score(d: Any) -> np.ndarray:
        return -np.sum([v.array**2 for v in residuals(d)], axis=0)

    last: Any = None
    for rank in _RANKS:
        theta = best_start(free, score, about, rank)
        if not np.isfinite(theta).all():
            break
        new = maximize(at, theta)
        if last is not None:
            better = new.value > last.value
            new = Point(*[np.where(better, a, b) for a, b in zip(new, last, strict=True)])
        last = new
        done = -last.value <= _CLOSE**2
        if done.all():
            break
    if last is None:
        raise wanted.failure("there is nothing to start from")
    if not done.all():
        last_step = free.read(last.theta)
        index = tuple(int(k) for k in np.argwhere(~done)[0])
        name = free.names[0]
        value = np.broadcast_to(last_step[name], done.shape)[index]
        raise wanted.failure(f"the search ended at {name}{list(index) if index else ''} = {value:.3g}")
    return {**wanted.fixed, **{n: free.read(last.theta)[n] for n in free.names}}
