"""The distributions of scipy.stats, and what they are called here: one line for each."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ...autograd import no_backprop_mode
from ..base.conversions import scipy_makers
from ..circular.von_mises import VonMises
from ..continuous.arcsine import Arcsine
from ..continuous.asymmetric_laplace import AsymmetricLaplace
from ..continuous.beta import Beta
from ..continuous.cauchy import Cauchy
from ..continuous.chi import Chi
from ..continuous.exponential import Exponential
from ..continuous.exponentially_modified_gaussian import ExponentiallyModifiedGaussian
from ..continuous.fisher_snedecor import FisherSnedecor
from ..continuous.gamma import Chisquare, Gamma
from ..continuous.generalized_extreme_value import GeneralizedExtremeValue
from ..continuous.generalized_normal import GeneralizedNormal
from ..continuous.generalized_pareto import GeneralizedPareto
from ..continuous.gompertz import Gompertz
from ..continuous.gumbel import Gumbel
from ..continuous.half_cauchy import HalfCauchy
from ..continuous.half_normal import HalfNormal
from ..continuous.inverse_gamma import InverseGamma
from ..continuous.inverse_gaussian import InverseGaussian
from ..continuous.johnson_su import JohnsonSU
from ..continuous.laplace import Laplace
from ..continuous.levy import Levy
from ..continuous.log_logistic import LogLogistic
from ..continuous.log_normal import LogNormal
from ..continuous.log_uniform import LogUniform
from ..continuous.logistic import Logistic
from ..continuous.lomax import Lomax
from ..continuous.moyal import Moyal
from ..continuous.noncentral_chisquare import NoncentralChisquare
from ..continuous.normal import Normal
from ..continuous.pareto import Pareto
from ..continuous.student_t import StudentT
from ..continuous.triangular import Triangular
from ..continuous.truncated_normal import TruncatedNormal
from ..continuous.uniform import Uniform
from ..continuous.weibull import Weibull
from ..discrete.bernoulli import Bernoulli
from ..discrete.beta_binomial import BetaBinomial
from ..discrete.binomial import Binomial
from ..discrete.categorical import Categorical
from ..discrete.discrete_uniform import DiscreteUniform
from ..discrete.finite_discrete import FiniteDiscrete
from ..discrete.geometric import Geometric
from ..discrete.negative_binomial import NegativeBinomial
from ..discrete.poisson import Poisson
from ..discrete.skellam import Skellam
from ..discrete.zipf import Zipf


class Row(NamedTuple):
    """A class and its counterpart.

    Attributes:
        cls: the class.
        name: what SciPy calls it.
        there: SciPy's arguments from an object with the parameters.
        back: the parameters from SciPy's arguments; those of loc and scale that it does not take are 0 and 1.
    """

    cls: type
    name: str
    there: Callable[[Any], dict[str, Any]]
    back: Callable[..., dict[str, Any]]


def _same(cls: type, name: str, **names: str) -> Row:
    """A counterpart whose arguments are parameters with other names."""
    there = lambda d: {theirs: getattr(d, ours) for theirs, ours in names.items()}
    back = lambda **given: {ours: given[theirs] for theirs, ours in names.items()}
    back.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY) for n in names]
    )
    return Row(cls, name, there, back)


def _line(cls: type, name: str, **names: str) -> Row:
    """The same, with a location and a scale."""
    return _same(cls, name, **names, loc="loc", scale="scale")


TABLE = [
    _line(Normal, "norm"),
    _line(Laplace, "laplace"),
    _line(Logistic, "logistic"),
    _line(Cauchy, "cauchy"),
    _line(Gumbel, "gumbel_r"),
    _line(Moyal, "moyal"),
    _line(Levy, "levy"),
    _line(StudentT, "t", df="df"),
    _line(JohnsonSU, "johnsonsu", a="skewness", b="tailweight"),
    _line(AsymmetricLaplace, "laplace_asymmetric", kappa="asymmetry"),
    _line(GeneralizedNormal, "gennorm", beta="power"),
    _line(GeneralizedPareto, "genpareto", c="shape"),
    Row(
        GeneralizedExtremeValue,
        "genextreme",
        lambda d: {"c": -d.shape, "loc": d.loc, "scale": d.scale},
        lambda c, loc, scale: {"loc": loc, "scale": scale, "shape": -c},
    ),
    _same(HalfNormal, "halfnorm", scale="scale"),
    _same(HalfCauchy, "halfcauchy", scale="scale"),
    _same(Gamma, "gamma", a="k", scale="theta"),
    _same(InverseGamma, "invgamma", a="k", scale="theta"),
    _same(Weibull, "weibull_min", c="shape", scale="scale"),
    _same(Pareto, "pareto", b="alpha", scale="scale"),
    _same(Lomax, "lomax", c="alpha", scale="scale"),
    _same(FisherSnedecor, "f", dfn="df1", dfd="df2"),
    _same(LogLogistic, "fisk", c="shape", scale="scale"),
    _same(Chi, "chi", df="k"),
    _same(Chisquare, "chi2", df="k"),
    _same(NoncentralChisquare, "ncx2", df="k", nc="nc"),
    _same(Beta, "beta", a="a", b="b"),
    _same(VonMises, "vonmises", kappa="concentration", loc="loc"),
    Row(Exponential, "expon", lambda d: {"scale": 1 / d.lam}, lambda scale: {"lam": 1 / scale}),
    Row(
        Gompertz,
        "gompertz",
        lambda d: {"c": d.shape, "scale": 1 / d.rate},
        lambda c, scale: {"shape": c, "rate": 1 / scale},
    ),
    Row(
        LogNormal,
        "lognorm",
        lambda d: {"s": d.sigma, "scale": np.exp(d.mu)},
        lambda s, scale: {"mu": np.log(scale), "sigma": s},
    ),
    Row(
        InverseGaussian,
        "invgauss",
        lambda d: {"mu": d.loc / d.shape, "scale": d.shape},
        lambda mu, scale: {"loc": mu * scale, "shape": scale},
    ),
    Row(
        ExponentiallyModifiedGaussian,
        "exponnorm",
        lambda d: {"K": 1 / (d.rate * d.scale), "loc": d.loc, "scale": d.scale},
        lambda K, loc, scale: {"loc": loc, "scale": scale, "rate": 1 / (K * scale)},
    ),
    Row(
        Uniform,
        "uniform",
        lambda d: {"loc": d.low, "scale": d.scale},
        lambda loc, scale: {"loc": loc, "scale": scale},
    ),
    Row(
        Arcsine,
        "arcsine",
        lambda d: {"loc": d.low, "scale": d.high - d.low},
        lambda loc, scale: {"low": loc, "high": loc + scale},
    ),
    Row(
        Triangular,
        "triang",
        lambda d: {"c": (d.peak - d.low) / (d.high - d.low), "loc": d.low, "scale": d.high - d.low},
        lambda c, loc, scale: {"low": loc, "high": loc + scale, "peak": loc + c * scale},
    ),
    Row(
        LogUniform,
        "loguniform",
        lambda d: {"a": d.low, "b": d.high},
        lambda a, b, scale: {"low": a * scale, "high": b * scale},
    ),
    Row(
        TruncatedNormal,
        "truncnorm",
        lambda d: {
            "a": (d.low - d.loc) / d.scale,
            "b": (d.high - d.loc) / d.scale,
            "loc": d.loc,
            "scale": d.scale,
        },
        lambda a, b, loc, scale: {
            "loc": loc,
            "scale": scale,
            "low": loc + a * scale,
            "high": loc + b * scale,
        },
    ),
    _same(Bernoulli, "bernoulli", p="p"),
    _same(Binomial, "binom", n="n", p="p"),
    _same(BetaBinomial, "betabinom", n="n", a="a", b="b"),
    _same(Geometric, "geom", p="p"),
    _same(Poisson, "poisson", mu="lam"),
    _same(Skellam, "skellam", mu1="rate1", mu2="rate2"),
    _same(Zipf, "zipf", a="alpha"),
    Row(
        NegativeBinomial,
        "nbinom",
        lambda d: {"n": d.n, "p": 1 - d.p},
        lambda n, p: {"n": n, "p": 1 - p},
    ),
    Row(
        DiscreteUniform,
        "randint",
        lambda d: {"low": d.low, "high": d.high + 1},
        lambda low, high, loc: {"low": low + loc, "high": high + loc - 1},
    ),
]
_BY_NAME = {row.name: row for row in TABLE}
_ALIASES = {"reciprocal": "loguniform", "erlang": "gamma"}


class _Parameters:
    """The parameters of a distribution as float64 arrays on the host."""

    def __init__(self, d: Any) -> None:
        with no_backprop_mode():
            self.d = d.to_cpu()._cast(d.to_cpu(), np.dtype(np.float64))

    def __getattr__(self, name: str) -> np.ndarray:
        with no_backprop_mode():
            return getattr(self.d, name).array


def _frozen(row: Row, d: Any) -> Any:
    from scipy import stats  # slow to import

    given = row.there(_Parameters(d))
    return getattr(stats, row.name)(**{n: np.asarray(v)[()] for n, v in given.items()})


def _tabled(cls: type, d: Any) -> Any:
    from scipy import stats

    if d.batch_shape:
        raise NotImplementedError(
            f"{type(d).__name__}.to_scipy: an rv_discrete is a single one; convert a batch one by one"
        )
    own = _Parameters(d)
    values = own.values if cls is FiniteDiscrete else np.arange(d.n_classes)
    return stats.rv_discrete(values=(values, own.p / own.p.sum()))


scipy_makers.update({row.cls: partial(_frozen, row) for row in TABLE})
scipy_makers.update({cls: partial(_tabled, cls) for cls in (Categorical, FiniteDiscrete)})


def from_scipy(frozen: Any) -> Any:
    """The distribution of this library that is a frozen one of ``scipy.stats``.

    Args:
        frozen: such as ``scipy.stats.gamma(2.0, scale=3.0)``, or an ``rv_discrete`` with a table of values.

    Returns:
        A distribution with float64 parameters.

    Raises:
        TypeError: if it is not a frozen distribution.
        NotImplementedError: if there is no counterpart, or none with this location or scale.

    >>> from scipy import stats
    >>> from_scipy(stats.gamma(2.0, scale=3.0))
    Gamma(k=2.0, theta=3.0)
    >>> from_scipy(stats.norm([0.0, 1.0], 2.0))
    Normal(loc=[0.0, 1.0], scale=2.0)
    """
    if hasattr(frozen, "xk") and hasattr(frozen, "pk"):
        return FiniteDiscrete(np.array(frozen.xk, float), p=np.array(frozen.pk, float))
    family: Any = getattr(frozen, "dist", None)
    if not hasattr(frozen, "kwds") or not hasattr(family, "shapes"):
        raise TypeError(f"from_scipy: expected a frozen distribution of scipy.stats, got {frozen!r}")
    name = str(family.name)
    row = _BY_NAME.get(_ALIASES.get(name, name))
    if row is None or hasattr(family, "xk"):
        raise NotImplementedError(f"from_scipy: no counterpart of scipy.stats.{name}")
    order = [n.strip() for n in (family.shapes or "").split(",") if n.strip()]
    given = {"loc": 0.0, "scale": 1.0, **dict(zip([*order, "loc", "scale"], frozen.args, strict=False))}
    given |= frozen.kwds
    given = {n: np.asarray(v, float) for n, v in given.items()}
    taken = inspect.signature(row.back).parameters
    for extra, usual in (("loc", 0), ("scale", 1)):
        if extra not in taken and np.any(given[extra] != usual):
            value = f"that of scipy.stats.{name} is {given[extra]}"
            raise NotImplementedError(f"from_scipy: {row.cls.__name__} has no {extra}, and {value}")
    with np.errstate(all="ignore"):
        found = row.back(**{n: given[n] for n in taken})
    return row.cls(**found)
