"""Gradients against finite differences, to second order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import functions as F
from ..autograd import Variable, as_variable, grad
from .charts import curved
from .contracts import STATISTICS, arguments
from .differences import slope
from .report import Inapplicable, PropertyError, host, require, require_close
from .variants import double, leaves, like, whole

#: Methods and statistics whose first derivatives are checked; for log_prob also the second ones.
FIRST_ORDER = (
    "log_prob",
    "cdf",
    "log_cdf",
    "survival_function",
    "log_survival_function",
    "icdf",
    "entropy",
    "mean",
    "variance",
)


def check_gradients(dist: Any, *, seed: int = 0, of: tuple[str, ...] = FIRST_ORDER) -> None:
    """Derivatives with respect to the value and every parameter equal finite differences, in float64.

    For ``log_prob`` also the second derivatives.

    Args:
        dist: the distribution.
        seed: seed of the values.
        of: the methods and statistics to check; those that it lacks are skipped.

    Raises:
        PropertyError: naming the method, the argument, both derivatives and the inputs.
        Inapplicable: where a parameter lies on the edge of what it may be, so that no step leads both ways,
            where all parameters are whole numbers, and on a sphere.
    """
    n = 5
    if 0 in dist.batch_shape + dist.event_shape:
        raise Inapplicable("an empty batch")
    if all(whole(dist)):
        raise Inapplicable("whole numbers have no slopes")
    if curved(dist):
        raise Inapplicable("steps along the axes leave a sphere")
    wide = double(dist).expand((n, *dist.batch_shape))
    for name in of:
        x = None if name in STATISTICS else arguments(double(dist), name, n, seed)
        try:
            if name == "icdf" and x is not None:
                _check_quantiles(wide, x)
            else:
                _check_method(wide, name, x, seed)
        except NotImplementedError:
            if name == "log_prob":
                raise


def _check_method(wide: Any, name: str, x: np.ndarray | None, seed: int) -> None:
    """Check a method of a distribution of batch shape ``[n, *batch]`` at values of the same leading shape."""
    n_lead = len(wide.batch_shape)

    def summed(y: Any, lead: int) -> Any:
        return F.sum(y, axis=tuple(range(lead, y.ndim))) if y.ndim > lead else y

    def function(dist: Any, at: Any) -> Any:
        y = getattr(dist, name) if x is None else getattr(dist, name)(at)
        return summed(y, len(dist.batch_shape))

    setup = _Setup(wide, x, with_x=x is not None and not wide.support.discrete)
    y = function(setup.dist, setup.x)
    gradients = grad([y], setup.inputs, enable_double_backprop=name == "log_prob")
    _compare(wide, setup, gradients, lambda s: host(function(s.dist, s.x)), f"{name}")
    if name != "log_prob":
        return
    rng = np.random.default_rng(seed)
    weights = [rng.uniform(0.5, 1.5, v.shape[n_lead:]) for v in setup.inputs]

    def score(s: _Setup) -> Any:
        """A weighted sum of all first derivatives: its own derivatives mix all second ones."""
        first = grad([function(s.dist, s.x)], s.inputs, enable_double_backprop=True)
        lead = s.dist.batch_shape
        total = as_variable(like(wide, np.zeros(lead)))
        for g, w in zip(first, weights, strict=True):
            if g is not None:
                total = total + summed(g * like(wide, np.broadcast_to(w, g.shape)), len(lead))
        return total

    total = score(setup)
    if total.requires_grad:
        _compare(
            wide,
            setup,
            grad([total], setup.inputs),
            lambda s: host(score(s)),
            f"a first derivative of {name}",
        )


def _check_quantiles(wide: Any, p: np.ndarray) -> None:
    """Since cdf(icdf(p)) = p, the derivatives are 1/prob in p and -(that of the cdf)/prob in a parameter."""
    dist, parameters = leaves(wide)
    at = Variable(like(wide, p), name="p")
    x = dist.icdf(at)
    by_parameter = grad([x], parameters) if x.requires_grad else [None] * len(parameters)
    (by_p,) = grad([x], [at]) if x.requires_grad else [None]
    here, what = like(wide, host(x)), "the derivative of icdf with respect to"
    if wide.support.discrete:
        if x.requires_grad:  # the values themselves are parameters
            setup = _Setup(wide, p, with_x=True)
            gradients = grad([setup.dist.icdf(setup.x)], setup.inputs)
            _compare(wide, setup, gradients, lambda s: host(s.dist.icdf(s.x)), "icdf")
        return
    density = host(dist.prob(here))
    require_close(by_p, 1 / density, "gradients", wide, f"{what} p", 1e-7, 1e-9, p=p, x=host(x))
    moved = grad([dist.cdf(here)], parameters)
    for value, *gradients in zip(parameters, by_parameter, moved, strict=True):
        both = [np.zeros(value.shape) if g is None else host(g) for g in gradients]
        for direction in directions(host(value), p.ndim):
            got, slope_of_cdf = ((v * direction).reshape(p.shape + (-1,)).sum(axis=-1) for v in both)
            expected = -slope_of_cdf / density
            atol = 1e-9 * (1 + np.abs(expected))
            require_close(
                got, expected, "gradients", wide, f"{what} {value.name}", 1e-7, atol, p=p, x=host(x)
            )


class _Setup:
    """A distribution with new leaves and the values to evaluate it at, one of them shifted.

    Args:
        dist: the distribution, of batch shape ``lead``.
        x: the values, or None for a statistic.
        with_x: whether derivatives in the values are taken too.
        shift: the index of the shifted input (-1 for the values), and the shift; ``x`` is then repeated to
            the batch shape of ``dist``.
    """

    def __init__(
        self, dist: Any, x: np.ndarray | None, with_x: bool, shift: tuple[int, Any] | None = None
    ) -> None:
        if x is not None and shift is not None:
            x = np.broadcast_to(x, dist.batch_shape + dist.event_shape)
            if shift[0] == -1:
                x, shift = x + shift[1], None
        self.dist, self.inputs = leaves(dist, shift)
        self.x = None if x is None else Variable(like(dist, x), requires_grad=with_x, name="x")
        smooth = [not fixed for fixed in whole(dist)]
        self.places = [i for i, chosen in enumerate(smooth) if chosen]
        self.inputs = [self.inputs[i] for i in self.places]
        if self.x is not None and with_x:
            self.inputs.append(self.x)
            self.places.append(-1)


def _compare(
    wide: Any, setup: _Setup, gradients: list[Any], f: Callable[[_Setup], np.ndarray], what: str
) -> None:
    """Compare gradients with the slopes of ``f`` along every direction of every input."""
    x = None if setup.x is None else host(setup.x)
    here = f(setup)
    with_x = setup.x is not None and setup.x.requires_grad
    for place, value, g in zip(setup.places, setup.inputs, gradients, strict=True):
        analytic = np.zeros(value.shape) if g is None else host(g)
        for direction in directions(host(value), len(wide.batch_shape)):

            def shifted(h: np.ndarray, place: int = place, direction: np.ndarray = direction) -> np.ndarray:
                return f(_Setup(repeated(wide, h), x, with_x, (place, each(h, wide, direction))))

            expected, error = slope(shifted)
            along = (analytic * direction).reshape(expected.shape + (-1,)).sum(axis=-1)
            size = np.abs(analytic).reshape(expected.shape + (-1,)).max(axis=-1, initial=1e-3)
            usable = np.isfinite(error) & (error <= 1e-3 * size)
            if wide.support.discrete and not usable.any() and not along.any():
                continue  # what jumps wherever a step leads has no slope
            if not usable.any() and np.isfinite(here).any():
                raise PropertyError(
                    "gradients", wide, f"{what} has no usable finite differences by {value.name}", x=x
                )
            require_close(
                np.where(usable, along, 0.0),
                np.where(usable, expected, 0.0),
                "gradients",
                wide,
                f"the derivative of {what} with respect to {value.name}",
                1e-5,
                1e-6 * size + 20 * np.where(usable, error, 0.0),
                **{"along": direction} if direction.size > 1 else {},
                x=np.zeros(0) if x is None else x,
                parameter=host(value),
            )
            require(
                np.isfinite(along), "gradients", wide, f"the derivative of {what} by {value.name}", got=along
            )


def repeated(dist: Any, h: np.ndarray) -> Any:
    """The distribution for every step, of batch shape ``[m, *batch]``."""
    return dist.expand((len(h), *dist.batch_shape))


def each(h: np.ndarray, dist: Any, direction: np.ndarray) -> np.ndarray:
    """All steps in a direction, of shape ``[m, 1, ..., *tail]``."""
    return h.reshape((-1,) + (1,) * (len(dist.batch_shape) + direction.ndim)) * direction


def directions(value: np.ndarray, lead: int) -> Iterator[np.ndarray]:
    """Directions that span the space of a parameter: its elements one by one, or differences on a simplex.

    Those of symmetric matrices are symmetric.

    Args:
        value: the parameter ``[*lead, *tail]``.
        lead: number of axes that it shares with the batch.

    Yields:
        Arrays of shape ``tail``.
    """
    tail = value.shape[lead:]
    with np.errstate(invalid="ignore"):
        simplex = bool(tail) and (value >= 0).all() and np.allclose(value.sum(axis=-1), 1, atol=1e-5)
    square = len(tail) == 2 and tail[0] == tail[1]
    symmetric = square and np.array_equal(value, np.swapaxes(value, -1, -2))
    for index in np.ndindex(tail):
        direction = np.zeros(tail)
        direction[index] += 1
        if symmetric and index[0] != index[1]:
            if index[0] < index[1]:
                continue
            direction[index[::-1]] += 1
        if simplex:
            if index[-1] == tail[-1] - 1:
                continue
            direction[(*index[:-1], index[-1] + 1)] -= 1
        yield direction
