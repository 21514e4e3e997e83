"""Every distribution of pdist, with how to draw one: a new class gets all its tests from one entry here.

An entry needs only the class if the declared supports of its parameters are sufficient:

    Entry(D.Laplace, twin=lambda d: stats.laplace(d.loc, d.scale))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from scipy import stats

from .. import distributions as D
from . import strategies
from .strategies import positives, reals


@dataclass(frozen=True, eq=False)
class Entry:
    """How one distribution is tested.

    Args:
        cls: the class.
        name: its name in tests; by default the class's name. A class may have several entries.
        elements: strategies for the elements of single parameters, if the default ones for their supports
            are too wide for quadrature, or if one parameter bounds another.
        options: strategies for the settings that are not arrays.
        adjust: makes the drawn parameters consistent: takes and returns a dict by name.
        make: instead of all these, a function of the arguments of :func:`strategies.parameters` that
            returns a strategy of distributions: for wrappers.
        twin: makes the frozen ``scipy.stats`` distribution from a namespace with the parameters of one
            member.
        lacks: the properties that do not apply to it; a test checks that they indeed do not.
        extended: tells which values outside the support have a density nevertheless.
        gentle: like ``make``, for distributions whose samples' gradients have a moderate variance, for the
            check of their mean.
    """

    cls: type[D.Distribution]
    name: str = ""
    elements: Mapping[str, SearchStrategy[float]] = field(default_factory=dict)
    options: Mapping[str, SearchStrategy[Any]] = field(default_factory=dict)
    adjust: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    make: Callable[..., SearchStrategy[D.Distribution]] | None = None
    twin: Callable[[Any], Any] | None = None
    lacks: frozenset[str] = frozenset()
    extended: Callable[[np.ndarray], Any] | None = None
    gentle: Callable[..., SearchStrategy[D.Distribution]] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or self.cls.__name__)

    def distributions(self, gently: bool = False, **wishes: Any) -> SearchStrategy[D.Distribution]:
        """Distributions of this entry.

        Args:
            gently: only those for which Monte Carlo estimates of gradients converge.
            **wishes: ``dtype``, ``batch_shape``, ``size``, ``edges`` and ``min_side`` of
                :func:`strategies.parameters`.
        """
        if gently and self.gentle is not None:
            return self.gentle(**wishes)
        if self.make is not None:
            return self.make(**wishes)
        drawn = strategies.parameters(self.cls, elements=self.elements, **wishes)
        return st.builds(self._build, drawn, st.fixed_dictionaries(dict(self.options)))

    def _build(self, parameters: dict[str, Any], options: dict[str, Any]) -> D.Distribution:
        if self.adjust is not None:
            parameters = self.adjust(parameters)
        return self.cls(**{n: strategies.on_device(v) for n, v in parameters.items()}, **options)


def _uniform(given: dict[str, Any]) -> dict[str, Any]:
    """``high`` was drawn as a width."""
    if "high" in given:
        start = given["low"] if "low" in given else given["loc"]
        given = {**given, "high": (start + given["high"]).astype(start.dtype)}
    return given


_ENTRIES = [
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
    Entry(D.Gamma, elements={"k": positives(0.5, 8)}, twin=lambda d: stats.gamma(d.k, scale=d.theta)),
    Entry(D.Chisquare, elements={"k": positives(1, 12)}, twin=lambda d: stats.chi2(d.k)),
    Entry(
        D.StudentT,
        elements={"df": positives(4.5, 40)},
        twin=lambda d: stats.t(d.df, d.loc, d.scale),
    ),
    Entry(D.Exponential, twin=lambda d: stats.expon(scale=1 / d.lam)),
    Entry(
        D.Uniform,
        elements={"high": positives()},
        adjust=_uniform,
        twin=lambda d: stats.uniform(d.low, d.high - d.low),
    ),
    Entry(
        D.Bernoulli,
        options={"binary_check": st.booleans()},
        twin=lambda d: stats.bernoulli(d.p),
        lacks=frozenset({"pathwise"}),
        extended=lambda x: (x > 0) & (x < 1),
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
    Entry(D.Poisson, twin=lambda d: stats.poisson(d.lam), lacks=frozenset({"pathwise"})),
]

# Wrappers ----------------------------------------------------------------------------------------


@st.composite
def _independents(
    draw: DrawFn,
    inner: str,
    *,
    batch_shape: tuple[int, ...] | None = None,
    size: int | None = None,
    min_side: int = 0,
    **wishes: Any,
) -> D.Distribution:
    """Independent over one axis, of up to two parts: the limit of quadrature."""
    batch = draw(strategies.shapes(min_side=min_side)) if batch_shape is None else batch_shape
    parts = draw(st.integers(1, 2)) if size is None else 1 + size % 2
    return D.Independent(
        draw(_entry(inner).distributions(batch_shape=(*batch, parts), size=size, **wishes)), 1
    )


@st.composite
def _mixtures(
    draw: DrawFn,
    inner: str,
    *,
    batch_shape: tuple[int, ...] | None = None,
    size: int | None = None,
    min_side: int = 0,
    dtype: Any = None,
    edges: bool = False,
) -> D.Distribution:
    """Mixtures of up to three components."""
    batch = draw(strategies.shapes(min_side=min_side)) if batch_shape is None else batch_shape
    dtype = draw(strategies.dtypes()) if dtype is None else dtype
    k = draw(st.integers(1, 3))
    weights = _entry("Categorical").distributions(batch_shape=batch, size=k, dtype=dtype, edges=edges)
    components = _entry(inner).distributions(batch_shape=(*batch, k), size=size, dtype=dtype, edges=edges)
    return D.MixtureSameFamily(draw(weights), draw(components))


def _entry(name: str) -> Entry:
    return next(entry for entry in [*_ENTRIES, *_COMPONENTS] if entry.name == name)


# Components close to each other: the variance of a mixture's implicit gradients grows with their distance.
_COMPONENTS = [
    Entry(
        D.Normal,
        "close Normal",
        {"loc": reals(-1, 1), "scale": positives(0.5, 2), "log_scale": reals(-0.5, 0.5)},
    ),
    Entry(D.Laplace, "close Laplace", {"loc": reals(-1, 1), "scale": positives(0.5, 2)}),
    Entry(D.LogNormal, "close LogNormal", {"mu": reals(-0.5, 0.5), "sigma": positives(0.3, 1)}),
    Entry(
        D.Independent,
        "close Independent Normal",
        make=lambda **wishes: _independents("close Normal", **wishes),
    ),
]


_ENTRIES += [
    Entry(
        D.Independent,
        name="Independent Normal",
        make=lambda **wishes: _independents("Normal", **wishes),
        lacks=frozenset({"icdf"}),
    ),
    Entry(
        D.Independent,
        name="Independent Bernoulli",
        make=lambda **wishes: _independents("Bernoulli", **wishes),
        lacks=frozenset({"icdf", "pathwise"}),
        extended=lambda x: ((x >= 0) & (x <= 1)).all(axis=-1),
    ),
    Entry(
        D.Independent,
        name="Independent OneHotCategorical",
        make=lambda **wishes: _independents("OneHotCategorical", **wishes),
        lacks=frozenset({"icdf", "pathwise", "cdf"}),
    ),
    Entry(
        D.MixtureSameFamily,
        name="Mixture of Normals",
        make=lambda **wishes: _mixtures("Normal", **wishes),
        gentle=lambda **wishes: _mixtures("close Normal", **wishes),
    ),
    Entry(
        D.MixtureSameFamily,
        name="Mixture of LogNormals",
        make=lambda **wishes: _mixtures("LogNormal", **wishes),
        gentle=lambda **wishes: _mixtures("close LogNormal", **wishes),
    ),
    Entry(
        D.MixtureSameFamily,
        name="Mixture of Laplaces",
        make=lambda **wishes: _mixtures("Laplace", **wishes),
        gentle=lambda **wishes: _mixtures("close Laplace", **wishes),
    ),
    Entry(
        D.MixtureSameFamily,
        name="Mixture of Poissons",
        make=lambda **wishes: _mixtures("Poisson", **wishes),
        lacks=frozenset({"pathwise"}),
    ),
    Entry(
        D.MixtureSameFamily,
        name="Mixture of Independent Normals",
        make=lambda **wishes: _mixtures("close Independent Normal", **wishes),
        lacks=frozenset({"icdf"}),
    ),
]

#: All entries by name.
CATALOGUE: dict[str, Entry] = {entry.name: entry for entry in _ENTRIES}


def entries_of(cls: type[D.Distribution]) -> list[Entry]:
    """The entries of a class, or those of its subclasses if it has none (an abstract base)."""
    own = [entry for entry in CATALOGUE.values() if entry.cls is cls]
    return own or [entry for entry in CATALOGUE.values() if issubclass(entry.cls, cls)]


__all__ = ["CATALOGUE", "Entry", "entries_of"]
