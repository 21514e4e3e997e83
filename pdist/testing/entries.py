"""Every distribution but wrappers, with how to draw one: a new class gets all its tests from one entry here.

An entry needs only the class if the declared supports of its parameters are sufficient:

    Entry(D.Laplace, twin=lambda d: stats.laplace(d.loc, d.scale))
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy import stats

from .. import distributions as D
from .entry import Entry
from .strategies import positives, reals
from .vector_entries import VECTOR_ENTRIES


def _uniform(given: dict[str, Any]) -> dict[str, Any]:
    """``high`` was drawn as a width."""
    if "high" in given:
        start = given["low"] if "low" in given else given["loc"]
        given = {**given, "high": (start + given["high"]).astype(start.dtype)}
    return given


def _triangular(given: dict[str, Any]) -> dict[str, Any]:
    """``high`` was drawn as a width, and ``peak`` as a share of it."""
    low, peak = given["low"], given["peak"]
    high = (low + given["high"]).astype(low.dtype)
    return {"low": low, "high": high, "peak": (low + (high - low) * peak).astype(low.dtype)}


def _discrete_uniform(given: dict[str, Any]) -> dict[str, Any]:
    """``high`` was drawn as a width."""
    return {**given, "high": (given["low"] + given["high"]).astype(given["low"].dtype)}


def _truncnorm(d: Any) -> Any:
    """SciPy's, without what cancels or underflows far out in a tail: variance and entropy."""
    twin = stats.truncnorm((d.low - d.loc) / d.scale, (d.high - d.loc) / d.scale, d.loc, d.scale)
    names = ("logpdf", "cdf", "sf", "logcdf", "logsf", "ppf", "median", "mean")
    return SimpleNamespace(**{name: getattr(twin, name) for name in names})


def _finite_discrete(given: dict[str, Any]) -> dict[str, Any]:
    """Values that are all different: so far apart that it does not matter what was drawn."""
    values = given["values"]
    apart = 11 * np.arange(values.shape[-1])[::-1]
    return {**given, "values": (values + apart).astype(values.dtype)}


def _skellam_twin(d: Any) -> Any:
    """Without SciPy's tails, which are right to three digits far out."""
    frozen = stats.skellam(d.rate1, d.rate2)
    return SimpleNamespace(logpmf=frozen.logpmf, mean=frozen.mean, var=frozen.var, std=frozen.std)


def _von_mises(d: Any) -> Any:
    """SciPy's has a tail without ends, in which each turn adds 1."""
    of = stats.vonmises(d.concentration, d.loc)
    return SimpleNamespace(logpdf=of.logpdf, cdf=lambda x: of.cdf(x) - of.cdf(-np.pi), entropy=of.entropy)


def _wrapped_cauchy(d: Any) -> Any:
    """SciPy's lies in [0, 2 pi]."""
    of = stats.wrapcauchy(d.rho)
    return SimpleNamespace(logpdf=lambda x: of.logpdf((x - d.loc) % (2 * np.pi)), entropy=of.entropy)


ENTRIES = [
    Entry(D.Normal, twin=lambda d: stats.norm(d.loc, d.scale)),
    Entry(
        D.LogNormal,
        elements={"mu": reals(-2, 2), "sigma": positives(0.1, 1.2)},
        twin=lambda d: stats.lognorm(d.sigma, scale=np.exp(d.mu)),
    ),
    Entry(D.Laplace, twin=lambda d: stats.laplace(d.loc, d.scale)),
    Entry(D.Logistic, twin=lambda d: stats.logistic(d.loc, d.scale)),
    Entry(
        D.Cauchy,
        twin=lambda d: stats.cauchy(d.loc, d.scale),
    ),
    Entry(
        D.Gumbel,  # e^z grows fast
        elements={"scale": positives(0.4, 2.5), "log_scale": reals(-1, 1), "raw_scale": reals(-0.5, 2)},
        twin=lambda d: stats.gumbel_r(d.loc, d.scale),
    ),
    Entry(
        D.Moyal,
        elements={"scale": positives(0.4, 2.5), "log_scale": reals(-1, 1), "raw_scale": reals(-0.5, 2)},
        twin=lambda d: stats.moyal(d.loc, d.scale),
    ),
    Entry(
        D.AsymmetricLaplace,
        elements={"asymmetry": positives(0.4, 2.5)},
        twin=lambda d: stats.laplace_asymmetric(d.asymmetry, d.loc, d.scale),
    ),
    Entry(
        D.GeneralizedPareto,
        elements={"shape": reals(-0.4, 0.4)},
        twin=lambda d: stats.genpareto(d.shape, d.loc, d.scale),
    ),
    Entry(
        D.GeneralizedExtremeValue,
        elements={"shape": reals(-0.4, 0.4)},
        twin=lambda d: stats.genextreme(-d.shape, d.loc, d.scale),
    ),
    Entry(
        D.Pareto,
        elements={"alpha": positives(2.5, 8)},
        twin=lambda d: stats.pareto(d.alpha, scale=d.scale),
    ),
    Entry(
        D.Lomax,
        elements={"alpha": positives(2.5, 8)},
        twin=lambda d: stats.lomax(d.alpha, scale=d.scale),
    ),
    Entry(
        D.LogLogistic,
        elements={"shape": positives(2.5, 8)},
        twin=lambda d: stats.fisk(d.shape, scale=d.scale),
    ),
    Entry(D.Levy, twin=lambda d: stats.levy(d.loc, d.scale)),
    Entry(
        D.JohnsonSU,
        elements={"skewness": reals(-1, 1), "tailweight": positives(1.2, 3)},
        twin=lambda d: stats.johnsonsu(d.skewness, d.tailweight, d.loc, d.scale),
    ),
    Entry(
        D.SinhArcsinh,
        elements={"skewness": reals(-0.5, 0.5), "tailweight": positives(0.5, 1.5)},
    ),
    Entry(D.HalfNormal, twin=lambda d: stats.halfnorm(scale=d.scale)),
    Entry(D.HalfCauchy, twin=lambda d: stats.halfcauchy(scale=d.scale)),
    Entry(D.Gamma, elements={"k": positives(0.5, 8)}, twin=lambda d: stats.gamma(d.k, scale=d.theta)),
    Entry(D.Chisquare, elements={"k": positives(1, 12)}, twin=lambda d: stats.chi2(d.k)),
    Entry(
        D.InverseGamma,
        elements={"k": positives(4.5, 12)},
        twin=lambda d: stats.invgamma(d.k, scale=d.theta),
    ),
    Entry(D.Chi, elements={"k": positives(1, 12)}, twin=lambda d: stats.chi(d.k)),
    Entry(
        D.StudentT,
        elements={"df": positives(4.5, 40)},
        twin=lambda d: stats.t(d.df, d.loc, d.scale),
    ),
    Entry(
        D.Weibull,
        elements={"shape": positives(0.6, 6)},
        twin=lambda d: stats.weibull_min(d.shape, scale=d.scale),
    ),
    Entry(D.HalfStudentT, elements={"df": positives(4.5, 40)}),
    Entry(
        D.GeneralizedNormal,
        elements={"power": positives(0.8, 5)},
        twin=lambda d: stats.gennorm(d.power, d.loc, d.scale),
    ),
    Entry(
        D.Gompertz,
        elements={"shape": positives(0.05, 5)},
        twin=lambda d: stats.gompertz(d.shape, scale=1 / d.rate),
    ),
    Entry(
        D.InverseGaussian,
        elements={"loc": positives(0.3, 3), "shape": positives(0.5, 10)},
        twin=lambda d: stats.invgauss(d.loc / d.shape, scale=d.shape),
    ),
    Entry(
        D.ExponentiallyModifiedGaussian,
        elements={"rate": positives(0.3, 5)},
        twin=lambda d: stats.exponnorm(1 / (d.rate * d.scale), d.loc, d.scale),
    ),
    Entry(
        D.NoncentralChisquare,
        elements={"k": positives(1, 12), "nc": positives(0.1, 20)},
        twin=lambda d: stats.ncx2(d.k, d.nc),
    ),
    Entry(D.Exponential, twin=lambda d: stats.expon(scale=1 / d.lam)),
    Entry(
        D.VonMises,
        elements={"concentration": positives(0.1, 9)},
        twin=_von_mises,
        extended=np.isfinite,
    ),
    Entry(D.WrappedCauchy, twin=_wrapped_cauchy, extended=np.isfinite),
    Entry(D.WrappedNormal, elements={"scale": positives(0.2, 4)}, extended=np.isfinite),
    Entry(
        D.Uniform,
        elements={"high": positives()},
        adjust=_uniform,
        twin=lambda d: stats.uniform(d.low, d.high - d.low),
    ),
    Entry(
        D.Triangular,
        elements={"high": positives(), "peak": reals(0.1, 0.9)},
        adjust=_triangular,
        twin=lambda d: stats.triang((d.peak - d.low) / (d.high - d.low), d.low, d.high - d.low),
    ),
    Entry(D.PERT, elements={"high": positives(), "peak": reals(0.1, 0.9)}, adjust=_triangular),
    Entry(
        D.Arcsine,
        elements={"high": positives()},
        adjust=_uniform,
        twin=lambda d: stats.arcsine(d.low, d.high - d.low),
    ),
    Entry(D.Kumaraswamy, elements={"a": positives(0.5, 8), "b": positives(0.5, 8)}),
    Entry(D.ContinuousBernoulli),
    Entry(D.LogitNormal, elements={"loc": reals(-2, 2), "scale": positives(0.2, 2)}),
    Entry(
        D.RelaxedBernoulli,
        elements={"temperature": positives(0.5, 5), "logit": reals(-2, 2), "p": reals(0.1, 0.9)},
    ),
    Entry(
        D.LogUniform,
        elements={"high": positives(0.5, 10)},
        adjust=_uniform,
        twin=lambda d: stats.loguniform(d.low, d.high),
    ),
    Entry(
        D.TruncatedNormal,
        elements={"low": reals(), "high": positives()},
        adjust=_uniform,
        twin=_truncnorm,
    ),
    Entry(
        D.TruncatedNormal,
        "TruncatedNormal above",
        elements={"low": reals(), "high": st.just(np.inf)},
        twin=_truncnorm,
    ),
    Entry(
        D.Beta,
        elements={  # floats are too far apart near 1 for b < 1
            "a": positives(0.5, 8),
            "b": positives(1, 8),
            "mean": positives(0.25, 0.75),
            "concentration": positives(4, 8),
        },
        twin=lambda d: stats.beta(d.a, d.b),
    ),
    Entry(
        D.FisherSnedecor,
        elements={"df1": positives(1.5, 8), "df2": positives(5, 12)},
        twin=lambda d: stats.f(d.df1, d.df2),
    ),
    Entry(
        D.Bernoulli,
        options={"binary_check": st.booleans()},
        twin=lambda d: stats.bernoulli(d.p),
        lacks=frozenset({"pathwise"}),
        extended=lambda x: (x > 0) & (x < 1),
    ),
    Entry(
        D.Binomial,
        elements={"n": st.just(7.0)},  # the same for both of a divergence
        twin=lambda d: stats.binom(d.n, d.p),
        lacks=frozenset({"pathwise"}),
    ),
    Entry(
        D.BetaBinomial,
        elements={"n": st.just(7.0), "a": positives(0.5, 8), "b": positives(0.5, 8)},
        twin=lambda d: stats.betabinom(d.n, d.a, d.b),
        lacks=frozenset({"pathwise"}),
    ),
    Entry(
        D.NegativeBinomial,
        twin=lambda d: stats.nbinom(d.n, 1 - d.p),
        lacks=frozenset({"pathwise"}),
    ),
    Entry(
        D.Geometric,
        elements={"p": reals(0.1, 1), "logit": reals(-2, 5)},  # there are few counts to sum over
        twin=lambda d: stats.geom(d.p),
        lacks=frozenset({"pathwise"}),
    ),
    Entry(
        D.Categorical,
        twin=lambda d: stats.rv_discrete(values=(np.arange(d.p.size), d.p)),
        lacks=frozenset({"pathwise"}),
    ),
    Entry(
        D.OneHotCategorical,
        twin=lambda d: stats.multinomial(1, d.p),
        lacks=frozenset({"pathwise", "cdf", "icdf"}),
    ),
    Entry(D.Deterministic, elements={"value": st.one_of(reals(), st.integers(0, 3).map(float))}),
    Entry(D.Empirical),
    Entry(
        D.FiniteDiscrete,
        adjust=_finite_discrete,
        twin=lambda d: stats.rv_discrete(values=(d.values, d.p)),
    ),
    Entry(
        D.DiscreteUniform,
        elements={"low": st.integers(-20, 20).map(float), "high": st.integers(1, 20).map(float)},
        adjust=_discrete_uniform,
        twin=lambda d: stats.randint(d.low, d.high + 1),
        lacks=frozenset({"pathwise", "gradients"}),
    ),
    Entry(D.Skellam, twin=_skellam_twin, lacks=frozenset({"pathwise"})),
    Entry(
        D.Zipf,  # tails that a sum over some hundred counts reaches the end of
        elements={"alpha": positives(8, 20)},
        twin=lambda d: stats.zipf(d.alpha),
        lacks=frozenset({"pathwise"}),
    ),
    Entry(D.Poisson, twin=lambda d: stats.poisson(d.lam), lacks=frozenset({"pathwise"})),
    *VECTOR_ENTRIES,
]


__all__ = ["ENTRIES"]
