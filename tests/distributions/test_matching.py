"""Distributions from moments and quantiles: they have them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_fitting import DRAWN_FROM

import pdist
import pdist.distributions as D

VECTORS = (D.Categorical, D.FiniteDiscrete)  # of probabilities
WHOLE = (D.Binomial, D.BetaBinomial, D.DiscreteUniform)  # with a whole parameter


def near(a: Any, b: Any, size: Any = 1.0) -> None:
    assert abs(a - b) <= 1e-10 * max(abs(b), size), (a, b)


def halves(d: Any) -> list[dict[str, Any]]:
    """Parameters to fix: none, or all but two or one."""
    names = list(d.params)
    rests = [names[k:] for k in (2, 1, len(names)) if k <= len(names)]
    return [{n: d.params[n].array for n in rest} for rest in rests]


@pytest.mark.parametrize("like", DRAWN_FROM, ids=lambda d: type(d).__name__)
def test_moments(like: Any) -> None:
    cls = type(like)
    if isinstance(like, (*VECTORS, D.RelaxedBernoulli, D.DiscreteUniform, D.BetaBinomial)):
        return
    if not np.isfinite(like.mean.array):
        return
    for fixed in [{"n": 7.0}] if cls is D.Binomial else halves(like):
        free = len(like.params) - len(fixed)
        given = {"mean": like.mean.array, "variance": like.variance.array}
        if free == 1 and cls is not D.Poisson:
            del given["variance"]
        if free > 2:
            continue
        d = cls.from_moments(**given, **fixed)
        near(d.mean.array, like.mean.array, like.stddev.array)
        if free == 2:
            near(d.variance.array, like.variance.array)
        assert all(d.params[n].array == v for n, v in fixed.items())


@pytest.mark.parametrize("like", DRAWN_FROM, ids=lambda d: type(d).__name__)
def test_quantiles(like: Any) -> None:
    cls = type(like)
    if isinstance(like, (*VECTORS, D.Triangular)) or like.support.discrete:
        return
    for fixed in halves(like):
        levels = (0.95, 0.1, 0.8, 0.5)[: len(like.params) - len(fixed)]
        quantiles = {p: like.icdf(p).array for p in levels}
        d = cls.from_quantiles(quantiles, **fixed)
        for p, x in quantiles.items():
            near(d.icdf(p).array, x, 0)


def test_batches_and_dtypes() -> None:
    d = D.Gamma.from_moments(np.array([1.0, 2.0, 3.0], "f4"), variance=np.array([[1.0], [2.0]], "f4"))
    assert d.batch_shape == (2, 3) and d.dtype == np.float32
    np.testing.assert_allclose(d.k.array, [[1, 4, 9], [0.5, 2, 4.5]], rtol=1e-6)
    assert D.Normal.from_moments(1.0, 2.0).dtype == pdist.config.dtype
    assert D.Normal.from_moments(np.float64(1.0), 2.0).loc.array == 1
    e = D.Weibull.from_quantiles({0.5: np.array([1.0, 10.0]), 0.9: 30.0})
    np.testing.assert_allclose(e.icdf(0.9).array, 30, rtol=1e-12)


@pytest.mark.parametrize(
    ("cls", "by"),
    [(D.Gamma, 1e-100), (D.Gamma, 1e6), (D.Weibull, 1e-100), (D.LogNormal, 1e-100), (D.InverseGaussian, 1e6)],
)
def test_any_unit(cls: Any, by: float) -> None:
    d = cls.from_moments(mean=by * np.array(3.0), variance=by * by * 0.5)
    near(d.mean.array / by, 3)
    near(d.variance.array / by / by, 0.5)
    e = cls.from_quantiles({0.1: by * np.array(0.7), 0.9: by * 30})
    near(e.icdf(np.array([0.1])).array[0] / by, 0.7)
    near(e.icdf(np.array([0.9])).array[0] / by, 30)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: D.Normal.from_moments(0.0, 0.0), ["Normal.from_moments: variance is 0.0"]),
        (lambda: D.Normal.from_moments([0.0], [-1.0]), ["Normal.from_moments: variance[0] is -1.0"]),
        (lambda: D.Normal.from_moments(np.nan, 1.0), ["mean is nan", "finite"]),
        (lambda: D.Gamma.from_moments(-1.0, 1.0), ["Gamma.from_moments: mean is -1.0", "support"]),
        (lambda: D.Beta.from_moments(0.5, 0.3), ["Beta.from_moments", "mean 0.5, variance 0.3"]),
        (lambda: D.Poisson.from_moments(3.0, 4.0), ["Poisson.from_moments: variance is 4", "the mean, 3"]),
        (lambda: D.Cauchy.from_moments(0.0, 1.0), ["Cauchy.from_moments", "no such moments"]),
        (lambda: D.StudentT.from_moments(0.0, 1.0), ["StudentT.from_moments", "df"]),
        (lambda: D.Normal.from_moments(0.0), ["Normal.from_moments: 1 given", "loc, scale"]),
        (lambda: D.NegativeBinomial.from_moments(3.0, 2.0), ["NegativeBinomial.from_moments", "variance 2"]),
        (lambda: D.Normal.from_quantiles({0.1: 1.0, 0.9: 0.5}), ["quantiles[0.9] is 0.5", "quantiles[0.1]"]),
        (lambda: D.Normal.from_quantiles({0.1: 1.0, 1.9: 2.5}), ["Normal.from_quantiles", "1.9"]),
        (lambda: D.Normal.from_quantiles({0.1: 1.0}), ["Normal.from_quantiles: 1 given", "loc, scale"]),
        (lambda: D.Normal.from_quantiles({}), ["Normal.from_quantiles: 0 given"]),
        (lambda: D.Gamma.from_quantiles({0.1: -1.0, 0.9: 1.0}), ["Gamma", "quantiles[0.1] is -1.0"]),
    ],
)
def test_what_cannot_be(call: Any, words: list[str]) -> None:
    with pytest.raises(ValueError, match="from_") as error:
        call()
    assert all(word in str(error.value) for word in words), error.value


@pytest.mark.parametrize(
    ("call", "kind", "word"),
    [
        (lambda: D.Normal.from_moments(), TypeError, "a mean, a variance, or both"),
        (lambda: D.Normal.from_moments(1.0, 2.0, df=3), TypeError, "'df'"),
        (lambda: D.Normal.from_moments("x", 2.0), TypeError, "mean"),
        (lambda: D.Poisson.from_quantiles({0.5: 3.0}), NotImplementedError, "counts"),
        (lambda: D.Binomial.from_moments(1.0), NotImplementedError, "n "),
        (lambda: D.Truncated.from_moments(1.0), NotImplementedError, "Truncated.from_moments"),
    ],
)
def test_bad_calls(call: Any, kind: Any, word: str) -> None:
    with pytest.raises(kind) as error:
        call()
    assert word in str(error.value)
