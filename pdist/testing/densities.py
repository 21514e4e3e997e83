"""log_prob, cdf and icdf against each other, against integrals, and against SciPy."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from . import points
from .contracts import answers, arguments
from .quadrature import Measure, support_end
from .report import Inapplicable, host, require, require_close, tolerance
from .variants import double, like, members


def check_log_prob_normalized(dist: Any, *, seed: int = 0) -> None:
    """The density integrates to one, or the probabilities sum to one; ``prob`` is ``exp(log_prob)``.

    Args:
        dist: the distribution.
        seed: seed of the draws that locate its mass.

    Raises:
        PropertyError: if the integral differs.
        Inapplicable: for densities in more than two dimensions.
    """
    for index, member in members(dist, seed=seed):
        total = Measure(member, seed).integral(lambda x, log_p: np.exp(log_p))[0]
        require_close(
            total,
            1.0,
            "log_prob_normalized",
            dist,
            "the integral of prob",
            tolerance(dist.dtype),
            member=index,
        )
    x = like(dist, points.inside(dist, 4, seed))
    got, expected = host(dist.prob(x)), np.exp(host(dist.log_prob(x)).astype(np.float64))
    require_close(
        got, expected, "log_prob_normalized", dist, "prob is not exp(log_prob)", 1e-4, 1e-30, x=host(x)
    )


def check_cdf(dist: Any, *, seed: int = 0) -> None:
    """The cdf is the integral of prob, increases from 0 to 1, and agrees with its logarithm and complements.

    For vectors it is P(X <= x in every element), and the survival function P(X > x in every element).

    Args:
        dist: the distribution.
        seed: seed of the values.

    Raises:
        PropertyError: if it does not hold.
        Inapplicable: if there is no cdf.
    """
    if "cdf" not in answers(dist):
        raise Inapplicable(f"{type(dist).__name__} has no cdf")
    if dist.event_shape:
        return _check_joint_cdf(dist, seed)
    rtol = tolerance(dist.dtype)
    for index, member in members(dist, seed=seed):
        measure = Measure(member, seed)
        x = np.unique(np.concatenate([np.quantile(measure.points, np.linspace(0, 1, 12)), [-np.inf, np.inf]]))
        if measure.discrete:
            x = np.unique(np.concatenate([x, np.round(x), np.round(x) + 0.5]))
        x = np.unique(x.astype(dist.dtype))
        own = dist[index] if index else dist
        got = host(own.cdf(like(dist, x)))
        expected = measure.cumulative(x.astype(np.float64))
        require_close(
            got,
            expected,
            "cdf",
            dist,
            "the integral of prob",
            rtol,
            _rounding(own, x, rtol),
            x=x,
            member=index,
        )
        require(np.diff(got) >= 0, "cdf", dist, "falls", x=x[1:], got=got[1:], before=got[:-1])
        ends = (float(got[0]), float(got[-1]))
        whole = abs(ends[1] - 1) <= 8 * float(np.finfo(dist.dtype).eps)  # weights sum to one up to rounding
        require(ends[0] == 0 and whole, "cdf", dist, "at -inf and inf", got=ends, expected=(0, 1))
        _check_relatives(dist, own, x, got)


def _check_joint_cdf(dist: Any, seed: int) -> None:
    for index, member in members(dist, seed=seed):
        measure = Measure(member, seed)
        for x in points.inside(member, 4, seed):
            for sign, name in ((-1, "cdf"), (1, "survival_function")):
                got, log_got = (float(host(getattr(member, log + name)(x))) for log in ("", "log_"))
                expected = measure.orthant(x, sign)
                facts = {"member": index, "x": x}
                require_close(got, expected, "cdf", dist, f"{name} of a vector", 1e-5, 1e-7, **facts)
                require_close(np.exp(log_got), got, "cdf", dist, f"log_{name} of a vector", 1e-10, **facts)


def _rounding(own: Any, x: np.ndarray, rtol: float) -> np.ndarray:
    """The allowed error of a float32 cdf: its change under the rounding of x."""
    finite = np.where(np.isfinite(x), x, 0)
    density = host(own.prob(like(own, finite))).astype(np.float64)
    moved = np.abs(finite) * np.where(np.isfinite(density) & (not own.support.discrete), density, 0)
    return rtol + 8 * float(np.finfo(own.dtype).eps) * moved


def _check_relatives(dist: Any, own: Any, x: np.ndarray, cdf: np.ndarray) -> None:
    """The complement and the two logarithms."""
    eps = float(np.finfo(dist.dtype).eps)
    at = like(dist, x)
    sf = host(own.survival_function(at))
    require_close(
        sf, 1 - cdf.astype(np.float64), "cdf", dist, "survival_function is not 1 - cdf", 0, 40 * eps, x=x
    )
    for name, of in {"log_cdf": cdf, "log_survival_function": sf}.items():
        got = host(getattr(own, name)(at)).astype(np.float64)
        require(got <= 0, "cdf", dist, f"{name} is positive", x=x, got=got)
        # If the probability itself underflows, only its logarithm is meaningful.
        normal = of > float(np.finfo(dist.dtype).tiny) / eps
        back = np.where(normal, np.exp(got), of)
        require_close(
            back, of, "cdf", dist, f"exp({name})", 400 * eps * (1 + np.abs(got.clip(-700)).max()), 0, x=x
        )


def check_icdf(dist: Any, *, seed: int = 0) -> None:
    """icdf inverts the cdf: the smallest x with cdf(x) >= p; nan for p outside [0, 1].

    Args:
        dist: a univariate distribution with a cdf.
        seed: of the probabilities.

    Raises:
        PropertyError: if it does not hold.
        Inapplicable: if there is no icdf.
    """
    if not {"icdf", "cdf"} <= answers(dist).keys():
        raise Inapplicable(f"{type(dist).__name__} has no icdf")
    dist = dist if 0 not in dist.batch_shape else dist.expand((1,) * len(dist.batch_shape))
    exact = double(dist)
    p = np.concatenate(
        [
            arguments(exact, "icdf", 12, seed),
            np.full((2, *dist.batch_shape), 1e-7),
            1 - arguments(exact, "icdf", 2) * 1e-6,
        ]
    )
    x = host(exact.icdf(like(dist, p)))
    require(np.isfinite(x), "icdf", dist, "is not finite", p=p, got=x)
    reached = host(exact.cdf(like(dist, x)))
    if dist.support.discrete:
        require(reached >= p * (1 - 1e-12), "icdf", dist, "cdf(icdf(p)) < p", p=p, x=x, got=reached)
        below = host(exact.cdf(like(dist, x - 1)))
        require(below <= p * (1 + 1e-12), "icdf", dist, "a smaller x has cdf(x) >= p", p=p, x=x, got=below)
    else:
        slack = host(exact.prob(like(dist, x))) * np.abs(x) * 1e-14
        slack = np.where(np.isfinite(slack), slack, 0)
        # Probabilities given in float32 sum to one less precisely.
        rtol = 1e-8 if dist.dtype == np.float64 else 1e-6
        require_close(reached, p, "icdf", dist, "cdf(icdf(p))", rtol, slack, p=p, x=x)
    for outside in (-0.1, 1.1, -np.inf, np.nan):
        got = host(dist.icdf(like(dist, np.full(dist.batch_shape, outside, dist.dtype))))
        require(np.isnan(got), "icdf", dist, f"icdf({outside})", got=got, expected="nan")
    _check_icdf_ends(dist)
    _check_tails_inverted(exact)


def _check_tails_inverted(dist: Any) -> None:
    """isf and log_icdf invert the upper tail and the logarithm of the lower one."""
    for inverse, tail, values in (
        ("isf", "survival_function", (0.7, 0.2, 1e-9)),
        ("log_icdf", "log_cdf", (-0.1, -1.5, -30.0)),
    ):
        asked = np.broadcast_to(
            np.reshape(values, (-1,) + (1,) * len(dist.batch_shape)), (3, *dist.batch_shape)
        )
        x = host(getattr(dist, inverse)(like(dist, asked)))
        reached = host(getattr(dist, tail)(like(dist, x)))
        if dist.support.discrete:
            before = host(getattr(dist, tail)(like(dist, x - 1)))
            slack = 1e-9 * np.abs(asked)
            sign = 1 if inverse == "log_icdf" else -1
            require(sign * (reached - asked) >= -slack, "icdf", dist, f"{inverse} is short", got=x, p=asked)
            too_far = (sign * (before - asked) > slack) & (x > dist.support.low)
            require(~too_far, "icdf", dist, f"{inverse} is not the smallest", got=x, p=asked)
        else:
            density = host(dist.prob(like(dist, x)))
            part = np.exp(reached) if inverse == "log_icdf" else 1
            slack = density / part * (np.abs(x) + np.spacing(np.abs(x))) * 1e-14
            slack = np.where(np.isfinite(slack), slack, np.inf)
            require_close(reached, asked, "icdf", dist, f"{tail}({inverse}(p))", 1e-8, slack, p=asked, x=x)


def _check_icdf_ends(dist: Any) -> None:
    """icdf(0) and icdf(1) are the ends of a continuous support."""
    if dist.support.discrete:
        return
    for index, member in members(dist):
        for p, sign in ((0.0, -1), (1.0, 1)):
            got = float(host(member.icdf(np.float64(p))))
            expected = support_end(member, sign)
            require_close(
                got,
                expected,
                "icdf",
                dist,
                f"icdf({p}) is not the end of the support",
                1e-12,
                1e-300,
                member=index,
            )


# SciPy's names of methods.
_SCIPY = {
    "cdf": "cdf",
    "log_cdf": "logcdf",
    "survival_function": "sf",
    "log_survival_function": "logsf",
    "icdf": "ppf",
}
_SCIPY_STATISTICS = {
    "mean": "mean",
    "variance": "var",
    "stddev": "std",
    "entropy": "entropy",
    "median": "median",
}


def check_scipy(dist: Any, twin: Callable[[Any], Any], *, seed: int = 0, rtol: float = 1e-8) -> None:
    """The distribution agrees with its ``scipy.stats`` twin.

    Args:
        dist: the distribution.
        twin: makes the frozen SciPy distribution from an object that has the parameters of one member as
            attributes, including alternatives, in float64.
        seed: seed of the values.
        rtol: the allowed difference; SciPy's own formulas are not exact.

    Raises:
        PropertyError: if they differ.
    """
    for index, member in members(dist, seed=seed):
        frozen = twin(host_parameters(member))
        x = points.inside(member, 12, seed)
        density = frozen.logpmf if hasattr(frozen, "logpmf") else frozen.logpdf
        named: Mapping[str, Any] = {"log_prob": density}
        named = {
            **named,
            **{ours: getattr(frozen, theirs) for ours, theirs in _SCIPY.items() if hasattr(frozen, theirs)},
        }
        for name in answers(member).keys() & named.keys():
            asked = x if name != "icdf" else arguments(member, name, 12, seed)
            with np.errstate(all="ignore"):
                expected = named[name](asked)
            got = host(getattr(member, name)(asked))
            if name.startswith("log_"):  # SciPy may take the logarithm of a tail that has underflowed
                expected = np.where((expected == -np.inf) & (got < -700), got, expected)
            require_close(got, expected, "scipy", dist, name, rtol, 1e-13, member=index, x=asked)
        for name, theirs in _SCIPY_STATISTICS.items():
            ask = getattr(frozen, theirs, None)
            if ask is None:
                continue
            try:
                got = host(getattr(member, name))
            except NotImplementedError:
                continue
            require_close(got, ask(), "scipy", dist, name, rtol, 1e-13, member=index)
        for name, letter in (("skewness", "s"), ("kurtosis", "k")):
            if name in type(member).parameters:
                continue
            with contextlib.suppress(NotImplementedError, AttributeError), np.errstate(all="ignore"):
                got, expected = host(getattr(member, name)), frozen.stats(letter)
                if np.isfinite(expected).all():
                    require_close(got, expected, "scipy", dist, name, rtol, 1e-13, member=index)


def host_parameters(member: Any) -> SimpleNamespace:
    """The parameters of a distribution, as given and derived, as host arrays in float64."""
    names = type(member).parameters
    return SimpleNamespace(**{name: host(getattr(member, name)) for name in names})
