"""Shapes and dtypes: the common contract of all distributions, and the methods that each has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import Variable, grad
from . import points
from .charts import projected
from .report import host, require, require_close
from .variants import cast, double, leaves, like, whole

#: Methods of a value; each result has the shape of the values without the event.
METHODS = ("log_prob", "prob", "cdf", "log_cdf", "survival_function", "log_survival_function", "icdf")
#: Statistics, with whether their shapes include the event.
STATISTICS = {
    "entropy": False,
    "perplexity": False,
    "mean": True,
    "mode": True,
    "median": True,
    "variance": True,
    "stddev": True,
    "skewness": True,
    "kurtosis": True,
}


def answers(dist: Any) -> dict[str, Callable[[Any], Any]]:
    """The methods of :data:`METHODS` that a distribution has; the others raise NotImplementedError."""
    found = {}
    probe = {True: points.inside(dist, 1)[0], False: np.full(dist.batch_shape, 0.5, dist.dtype)}
    for name in METHODS:
        try:
            getattr(dist, name)(like(dist, probe[name != "icdf"]))
        except NotImplementedError:
            continue
        found[name] = getattr(dist, name)
    return found


def statistics(dist: Any) -> dict[str, Any]:
    """Those of :data:`STATISTICS` that a distribution has."""
    found = {}
    for name in STATISTICS.keys() - set(type(dist).parameters):  # JohnsonSU has a parameter called skewness
        try:
            found[name] = getattr(dist, name)
        except NotImplementedError:
            continue
    return found


def arguments(dist: Any, name: str, n: int = 4, seed: int = 0) -> np.ndarray:
    """Probabilities for icdf, else values inside the support: ``[n, *batch, *event]``."""
    if name != "icdf":
        return points.inside(dist, n, seed)
    rng = np.random.default_rng(seed)
    return rng.uniform(0.02, 0.98, (n, *dist.batch_shape)).astype(dist.dtype)


def check_shapes(dist: Any, *, seed: int = 0) -> None:
    """Every result has the expected shape; strides do not matter; arguments are not modified.

    Samples have shape ``sample_shape + batch_shape + event_shape``, densities that of the values broadcast
    with the batch, statistics ``batch_shape`` (and ``event_shape``), gradients that of their parameters.

    Args:
        dist: the distribution.
        seed: seed of the values.

    Raises:
        PropertyError: if it does not hold.
    """
    before = {name: host(value).copy() for name, value in dist.params.items()}
    batch, event = dist.batch_shape, dist.event_shape
    require(
        isinstance(batch, tuple) and isinstance(event, tuple),
        "shapes",
        dist,
        "batch_shape and event_shape are tuples",
    )
    _check_sample_shapes(dist, batch + event)
    for name, method in answers(dist).items():
        _check_strides(dist, name, method, arguments(dist, name, 4, seed))
        tail = () if name == "icdf" else event
        x = arguments(dist, name, 4, seed)
        for lead, values in {
            (4,): x,
            (): x[0],
            (2, 2): x.reshape((2, 2, *batch, *tail)),
            (0,): x[:0],
        }.items():
            _shape(
                dist, f"{name} of values of shape {values.shape}", method(like(dist, values)), lead + batch
            )
        if 0 not in batch:
            one = x[(0,) + (0,) * len(batch)]
            _shape(dist, f"{name} of one event", method(like(dist, one)), batch)
    for name, answer in statistics(dist).items():
        _shape(dist, name, answer, batch + (event if STATISTICS[name] else ()))
    _check_gradient_shapes(dist, seed)
    for name, value in dist.params.items():
        require(
            np.array_equal(before[name], host(value), equal_nan=True),
            "shapes",
            dist,
            f"a method changed {name}",
        )


def _check_sample_shapes(dist: Any, shape: tuple[int, ...]) -> None:
    try:
        dist.sample()
    except NotImplementedError:
        return
    for given, lead in {(): (), 3: (3,), (2, 1): (2, 1), (0,): (0,)}.items():
        _shape(dist, f"sample({given})", dist.sample(given), lead + shape)
    _shape(dist, "sample_n(2)", dist.sample_n(2), (2, *shape))


def _shape(dist: Any, what: str, answer: Any, expected: tuple[int, ...]) -> None:
    require(isinstance(answer, Variable), "shapes", dist, f"{what} is not a Variable", got=type(answer))
    require(
        answer.shape == expected,
        "shapes",
        dist,
        f"{what} has the wrong shape",
        got=answer.shape,
        expected=expected,
    )
    require(
        type(answer.array) is type(dist.xp.empty(0)),
        "shapes",
        dist,
        f"{what} left the device",
        got=type(answer.array),
    )


def _check_strides(dist: Any, name: str, method: Any, x: np.ndarray) -> None:
    given = like(dist, x.copy())
    straight = host(method(given))
    require(
        np.array_equal(x, host(given)), "shapes", dist, f"{name} changed its argument", x=x, got=host(given)
    )
    strided = like(dist, np.repeat(x, 2, axis=0))[::2]
    got = host(method(strided))
    require_close(got, straight, "shapes", dist, f"{name} depends on the strides of the values", 1e-6, x=x)


def _check_gradient_shapes(dist: Any, seed: int) -> None:
    fresh, parameters = leaves(dist)
    y = fresh.log_prob(like(dist, points.inside(dist, 3, seed)))
    gradients = grad([y], parameters)
    depends = any(g is not None for g in gradients) or all(whole(dist))
    require(depends, "shapes", dist, "log_prob depends on no parameter")
    for value, g in zip(parameters, gradients, strict=True):
        if g is None:  # a zero derivative, such as that of a Uniform's density in its location
            continue
        what = f"the gradient of log_prob with respect to {value.name}"
        require(g.shape == value.shape, "shapes", dist, what, got=g.shape, expected=value.shape)
        require(g.dtype == value.dtype, "dtypes", dist, what, got=g.dtype, expected=value.dtype)


def check_dtypes(dist: Any, *, seed: int = 0) -> None:
    """float32 in, float32 out, equal to float64 up to rounding; integers and Python numbers are weak.

    Draws and the mode of a discrete distribution may be labels instead: integers usable as indices.

    Args:
        dist: the distribution; it is checked in its own precision and in both floating types.
        seed: seed of the values.

    Raises:
        PropertyError: if a result has another dtype than the promotion of parameters and values, or if
            float32 loses accuracy that a stable formula keeps.
    """
    for own in (np.float32, np.float64):
        typed = cast(dist, own)
        require(
            typed.dtype == own,
            "dtypes",
            dist,
            "dtype is not that of the parameters",
            got=typed.dtype,
            expected=own,
        )
        for name, answer in statistics(typed).items():
            _dtype(typed, name, answer, _of_values(typed, answer, own) if name == "mode" else own)
        for name, method in answers(typed).items():
            for other in (np.float32, np.float64, np.int64, bool):
                if name == "icdf" and np.dtype(other).kind != "f":
                    continue
                x = like(typed, arguments(typed, name, 2, seed)).astype(other)
                expected = np.result_type(own, other) if np.dtype(other).kind == "f" else own
                _dtype(typed, f"{name} of {np.dtype(other)} values", method(x), expected)
            if not typed.event_shape:
                _dtype(typed, f"{name} of a Python number", method(0.5), own)
                _dtype(typed, f"{name} of a Python integer", method(1), own)
        try:
            sample = typed.sample((2,))
        except NotImplementedError:
            continue
        _dtype(typed, "sample", sample, _of_values(typed, sample, own))
    _check_single_precision(dist, seed)


def _of_values(dist: Any, answer: Any, own: Any) -> Any:
    """The dtype of a distribution's draws: that of its parameters or, for labels, an integer dtype."""
    return np.intp if dist.support.discrete and answer.dtype == np.intp else own


def _dtype(dist: Any, what: str, answer: Any, expected: Any) -> None:
    require(
        answer.dtype == expected,
        "dtypes",
        dist,
        f"{what} has the wrong dtype",
        got=answer.dtype,
        expected=np.dtype(expected),
    )


def _check_single_precision(dist: Any, seed: int) -> None:
    """On the same inputs, float32 and float64 agree to the precision of float32."""
    single = cast(dist, np.float32)
    exact = double(single)
    asked = {name: arguments(single, name, 6, seed) for name in answers(single)}
    for name, x in asked.items():
        got = host(getattr(single, name)(like(dist, x)))
        wide = projected(dist.support, x.astype(np.float64))
        expected = host(getattr(exact, name)(like(dist, wide)))
        # A change of the result due to the rounding of x itself is not the formula's fault.
        nudged = [host(getattr(exact, name)(like(dist, wide * (1 + s)))) for s in (-(2.0**-23), 2.0**-23)]
        with np.errstate(invalid="ignore"):
            slack = 0 if dist.support.discrete else np.fmax(*(np.abs(n - expected) for n in nudged))
            slack = np.where(np.isfinite(slack), slack, 0)
        require_close(
            got,
            expected,
            "dtypes",
            single,
            f"float32 {name} is far from float64's",
            2e-4,
            slack * 4 + 1e-5,
            x=x,
        )
