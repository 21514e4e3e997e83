"""Samples against the distribution, and the gradients that they carry."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from .. import functions as F
from .. import random
from ..autograd import Variable, grad
from .charts import curved, one_point, projected
from .derivatives import directions
from .quadrature import Measure, support_end
from .report import Inapplicable, PropertyError, host, require, require_close
from .variants import double, leaves, like, members

#: A correct sampler fails a test at this level once in ten million times.
LEVEL = 1e-7
#: The same, in standard deviations of a mean.
SIGMAS = 5.5


def check_sample(dist: Any, *, seed: int = 0, n: int = 2000) -> None:
    """Samples lie in the support and follow prob; a seed reproduces them.

    A Kolmogorov-Smirnov test if draws are numbers, a chi-square test if they are countable, else
    the mean, the spread and the entropy of the draws.

    Args:
        dist: the distribution.
        seed: seed of the draws.
        n: number of draws per member of the batch.

    Raises:
        PropertyError: if they do not.
        Inapplicable: if there is no sampler.
    """
    try:
        x = host(dist.sample(n, rng=seed))
    except NotImplementedError:
        raise Inapplicable(f"{type(dist).__name__} has no sample") from None
    _check_seeds(dist, seed)
    contained = host(dist.support.contains(like(dist, x)))
    require(contained, "sample", dist, "a draw outside the support", got=x)
    for index, member in members(dist, seed=seed):
        measure = Measure(member, seed)
        at: Any = (slice(None), *index)
        draws = projected(dist.support, x[at].astype(np.float64))
        if measure.discrete:
            _chi_square(dist, measure, draws, index)
        elif measure.size == 1 and measure.rule is None:
            _kolmogorov_smirnov(dist, measure, draws.reshape(-1), index)
        else:
            _means(dist, measure, draws, index)


def _check_seeds(dist: Any, seed: int) -> None:
    first, again, other = (host(dist.sample(20, rng=s)) for s in (seed, seed, seed + 1))
    require(np.array_equal(first, again), "sample", dist, "the same seed gives other draws")
    random.seed(seed)
    first = host(dist.sample(20))
    moved = host(dist.sample(20))
    random.seed(seed)
    again = host(dist.sample(20))
    random.seed(None)
    require(np.array_equal(first, again), "sample", dist, "pdist.random.seed does not decide the draws")
    if one_point(dist):
        return
    if not dist.support.discrete and first.size:
        require(not np.array_equal(first, other), "sample", dist, "another seed gives the same draws")
        require(not np.array_equal(first, moved), "sample", dist, "the stream does not advance")
    if dist.support.discrete or not first.size:
        return
    flat = first.reshape(20, -1)
    most = max(flat.T, key=lambda column: len(np.unique(column)))  # some elements may be fixed
    require(len(np.unique(most)) > 10, "sample", dist, "draws are not independent", got=most)


def _kolmogorov_smirnov(dist: Any, measure: Measure, x: np.ndarray, index: Any) -> None:
    x = np.sort(x)
    result = stats.kstest(measure.cumulative(x), stats.uniform.cdf)
    require(
        result.pvalue > LEVEL,
        "sample",
        dist,
        "draws do not follow the cdf",
        member=index,
        got=f"p = {result.pvalue:.2g}, distance {result.statistic:.3g}",
        expected=f"p > {LEVEL:g}",
    )


def _chi_square(dist: Any, measure: Measure, x: np.ndarray, index: Any) -> None:
    p = np.exp(measure.log_prob(measure.atoms))
    order = np.argsort(p)
    p, atoms = p[order], measure.atoms[order].reshape(len(p), -1)
    draws = x.reshape(len(x), -1)
    counts = np.array([(draws == atom).all(axis=1).sum() for atom in atoms])
    # Rare values share a bin, so that each bin expects some draws.
    bins = np.unique(np.floor(np.cumsum(p) * len(x) / 10).clip(max=len(x) // 10), return_inverse=True)[
        1
    ].reshape(-1)
    bins = np.minimum(bins, np.arange(len(p)).clip(0, bins.max()))
    observed, expected = np.bincount(bins, counts), np.bincount(bins, p) * len(x)
    impossible = (expected < 1e-9) & (observed > 0)
    require(~impossible, "sample", dist, "a draw that has no probability", got=observed, expected=expected)
    keep = expected >= 1e-9
    observed, expected = observed[keep], expected[keep]
    if len(observed) < 2:
        return
    pvalue = stats.chi2.sf(((observed - expected) ** 2 / expected).sum(), len(observed) - 1)
    require(
        pvalue > LEVEL,
        "sample",
        dist,
        "draws do not follow prob",
        member=index,
        got=f"counts {observed}, p = {pvalue:.2g}",
        expected=f"counts {expected.round(1)}, p > {LEVEL:g}",
    )


def _means(dist: Any, measure: Measure, x: np.ndarray, index: Any) -> None:
    def moments(x: np.ndarray) -> np.ndarray:
        flat = x.reshape(len(x), -1)
        products = [flat[:, i] * flat[:, j] for i in range(flat.shape[1]) for j in range(i + 1)]
        return np.stack([*flat.T, *products, measure.log_prob(x)])

    got, expected = moments(x), measure.expect(moments)
    error = got.std(axis=1) / np.sqrt(len(x))
    require_close(
        got.mean(axis=1),
        expected,
        "sample",
        dist,
        "the mean of x, of its products and of log p(x)",
        1e-6,
        SIGMAS * error,
        member=index,
    )


def check_pathwise(dist: Any, *, seed: int = 0, n: int = 4000) -> None:
    """Gradients through samples have the right mean: the derivative of E[f(X)], by quadrature.

    Of angles f is periodic.

    Args:
        dist: the distribution.
        seed: seed of the draws.
        n: number of draws per member of the batch.

    Raises:
        PropertyError: if they do not, or if ``rsample`` silently gives no gradient to a parameter.
        Inapplicable: if samples carry no gradient in any parameter, or by design a biased one.
    """
    if not carries_gradients(dist):
        raise Inapplicable(f"samples of {type(dist).__name__} carry no gradient")
    if curved(dist):
        raise Inapplicable("steps along the axes leave a sphere")
    if not dist.unbiased:
        raise Inapplicable(f"the gradients of samples of {type(dist).__name__} are biased")
    for index, member in members(dist, limit=2, seed=seed):
        measure = Measure(member, seed)
        center, spread = measure.points.mean(axis=0), measure.points.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        weights = np.linspace(1, 2, max(measure.size, 1)).reshape(measure.event_shape)
        constants = [like(dist, c) for c in (center, 1 / spread, weights)]

        def f(x: Any, tanh: Any, center: Any, scale: Any, weights: Any) -> Any:
            if dist.support.period:
                sin = np.sin if tanh is np.tanh else F.sin
                return (sin(x - center + 0.3) + sin(2 * x)) * weights
            z = (x - center) * scale
            return (tanh(z + 0.3) + tanh(0.2 * z)) * weights  # bounded: X need not have a mean

        wide = double(dist[index] if index else dist).expand((n,))
        drawn_from, parameters = leaves(wide)
        y = f(drawn_from.sample(rng=seed), F.tanh, *constants)
        got = grad([y.sum()], parameters)

        def value(x: np.ndarray, center=center, spread=spread, weights=weights) -> np.ndarray:
            return f(x, np.tanh, center, 1 / spread, weights).reshape(len(x), -1).sum(axis=1)

        for i, (parameter, g) in enumerate(zip(parameters, got, strict=True)):
            if g is not None:
                _compare_pathwise(dist, measure, value, i, parameter, host(g), index)


def carries_gradients(dist: Any) -> bool:
    """Whether samples carry gradients in any parameter; ``rsample`` must not drop one silently."""
    fresh, parameters = leaves(dist)
    try:
        x = fresh.sample(rng=0)
    except NotImplementedError:
        return False
    reached = [None] * len(parameters) if not x.requires_grad else grad([x], parameters)
    try:
        fresh.rsample(rng=0)
    except (ValueError, NotImplementedError) as error:
        missing = [p.name for p, g in zip(parameters, reached, strict=True) if g is None]
        if not missing:
            raise PropertyError(
                "pathwise", dist, "rsample refuses, though sample reaches every parameter"
            ) from error
    else:
        for parameter, g in zip(parameters, reached, strict=True):
            require(
                g is not None, "pathwise", dist, f"rsample silently gives no gradient in {parameter.name}"
            )
    return any(g is not None for g in reached)


def _compare_pathwise(
    dist: Any, measure: Measure, value: Any, i: int, parameter: Variable, g: np.ndarray, index: Any
) -> None:
    for direction in directions(host(parameter), 1):

        def weighted(x: np.ndarray, direction: np.ndarray = direction) -> np.ndarray:
            return (value(x) * _score(measure.dist, x, i, direction))[None]

        along = (g * direction).reshape(len(g), -1).sum(axis=1)
        if measure.discrete:  # only what moves the values has such gradients
            expected = _moving_values(measure, value, i, direction)
        else:
            expected = _moving_ends(measure, value, i, direction)
            if np.isfinite(expected):
                expected += measure.expect(weighted)[0]
            else:  # the density is infinite at an end that moves, and then so is the mean of the score
                expected = _difference(measure, value, i, direction)
        error = along.std() / np.sqrt(len(g))
        require_close(
            along.mean(),
            expected,
            "pathwise",
            dist,
            f"the mean of the gradients of f(sample) with respect to {parameter.name}",
            1e-5,
            SIGMAS * error + 1e-9,
            member=index,
            along=direction,
        )


def _score(dist: Any, x: np.ndarray, i: int, direction: np.ndarray) -> np.ndarray:
    """The derivative of log p(x) in one parameter, for every x."""
    fresh, parameters = leaves(dist.expand((len(x),)))
    (g,) = grad([fresh.log_prob(x)], [parameters[i]])
    return np.zeros(len(x)) if g is None else (host(g) * direction).reshape(len(x), -1).sum(axis=1)


def _difference(measure: Measure, value: Any, i: int, direction: np.ndarray, h: float = 1e-3) -> float:
    """The derivative of E[f(X)] by one parameter, as a difference of integrals."""
    moved = [Measure(leaves(measure.dist, (i, step * direction))[0]) for step in (-h, h)]
    low, high = [float(m.expect(lambda x: value(x)[None])[0]) for m in moved]
    return (high - low) / (2 * h)


def _moving_values(measure: Measure, value: Any, i: int, direction: np.ndarray) -> float:
    """What E[f(X)] gains because the values of a countable support move with a parameter."""
    h = 1e-5
    moved = [Measure(leaves(measure.dist, (i, step * direction))[0]) for step in (-h, h)]
    low, high = (m.expect(lambda x: value(x)[None])[0] for m in moved)
    return float(high - low) / (2 * h)


def _moving_ends(measure: Measure, value: Any, i: int, direction: np.ndarray) -> float:
    """The contribution to E[f(X)] of support ends that move with a parameter, as a Uniform's do."""
    if measure.size != 1:
        return 0.0

    def moved(h: float) -> list[float]:
        dist, _ = leaves(measure.dist, (i, h * direction))
        return [support_end(dist, sign) for sign in (-1, 1)]

    total, h = 0.0, 1e-6
    for sign, low, high, end in zip((-1, 1), moved(-h), moved(h), moved(0.0), strict=True):
        if np.isfinite(end) and high != low:
            x = np.full((1, *measure.event_shape), end)
            total += sign * float(value(x)[0] * np.exp(measure.log_prob(x))[0]) * (high - low) / (2 * h)
    return total
