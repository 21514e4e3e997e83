"""The catalogue: an entry for every distribution, those of wrappers included."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from .. import distributions as D
from .. import transforms as T
from . import strategies
from .entries import ENTRIES
from .entry import Entry
from .report import host
from .strategies import positives, reals

_ENTRIES = [*ENTRIES]
_TANH = T.Chain([T.Affine(0.25, 0.1), T.Tanh()])
_TURNED = T.Affine(1.0, -2.0)

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


@st.composite
def _inflated(
    draw: DrawFn,
    inner: str,
    *,
    batch_shape: tuple[int, ...] | None = None,
    min_side: int = 0,
    dtype: Any = None,
    edges: bool = False,
    **wishes: Any,
) -> D.Distribution:
    """Distributions of counts with more zeros; gate and base of shapes that broadcast."""
    both = draw(strategies.broadcastable(2, min_side=min_side)) if batch_shape is None else [batch_shape] * 2
    dtype = draw(strategies.dtypes()) if dtype is None else dtype
    base = _entry(inner).distributions(batch_shape=both[0], dtype=dtype, edges=edges, **wishes)
    chances = st.sampled_from([0.0, 1.0, 1e-6]) if edges else strategies.reals(0.02, 0.98)
    gate = draw(strategies.arrays(dtype, both[1], chances))
    return D.ZeroInflated(draw(base), strategies.on_device(gate))


@st.composite
def _bounded(
    draw: DrawFn,
    cls: type[D.Distribution],
    inner: str,
    *,
    batch_shape: tuple[int, ...] | None = None,
    size: int | None = None,
    min_side: int = 0,
    dtype: Any = None,
    edges: bool = False,
    one_sided: bool = True,
) -> D.Distribution:
    """Bounds between quantiles of a distribution of numbers, the upper one now and then infinite."""
    batch = draw(strategies.shapes(min_side=min_side)) if batch_shape is None else batch_shape
    dtype = draw(strategies.dtypes()) if dtype is None else dtype
    dist = draw(_entry(inner).distributions(batch_shape=batch, size=size, dtype=dtype, edges=edges))
    low, high = (dist.icdf(draw(strategies.arrays(dtype, batch, reals(*p)))).array for p in _SHARES)
    if dist.support.discrete:
        low, high = low - 0.5, high + 1.5  # at a whole number the probabilities jump
    if one_sided and draw(st.booleans()):
        high = high + np.inf
    low, high = (host(v).astype(dtype) for v in (low, high))
    above = np.nextafter(low, np.full_like(low, np.inf))  # quantiles of narrow ones far out may be equal
    high = np.maximum(high, above)
    return cls(dist, strategies.on_device(low), strategies.on_device(high))


@st.composite
def _censored(draw: DrawFn, **wishes: Any) -> D.Distribution:
    """Normals censored so far out that integrals do not see the ends."""
    dist = draw(_entry("Normal").distributions(**{**wishes, "edges": False}))
    far = 60 * host(dist.stddev)
    ends = ((host(dist.mean) + side * far).astype(dist.dtype) for side in (-1, 1))
    return D.Censored(dist, *map(strategies.on_device, ends))


_SHARES = ((0.02, 0.4), (0.6, 0.98))


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
    Entry(D.ZeroInflatedPoisson, lacks=frozenset({"pathwise"})),
    Entry(
        D.ZeroInflated,
        name="ZeroInflated Poisson",
        make=lambda **wishes: _inflated("Poisson", **wishes),
        lacks=frozenset({"pathwise"}),
    ),
    Entry(
        D.ZeroInflated,
        name="ZeroInflated DiscreteUniform",
        make=lambda **wishes: _inflated("DiscreteUniform", **wishes),
        lacks=frozenset({"pathwise"}),
    ),
    Entry(
        D.ZeroTruncated,
        make=lambda edges=False, **wishes: _entry("Poisson").distributions(**wishes).map(D.ZeroTruncated),
        lacks=frozenset({"pathwise"}),
    ),
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
        D.Folded,
        name="Folded Normal",
        make=lambda edges=False, **wishes: _entry("Normal").distributions(**wishes).map(D.Folded),
    ),
    Entry(
        D.Folded,
        name="Folded Skellam",
        make=lambda edges=False, **wishes: _entry("Skellam").distributions(**wishes).map(D.Folded),
        lacks=frozenset({"pathwise"}),
    ),
    Entry(
        D.TransformedDistribution,
        name="Transformed Normal",
        make=lambda edges=False, **wishes: (
            _entry("Normal").distributions(**wishes).map(lambda d: D.TransformedDistribution(d, _TANH))
        ),
    ),
    Entry(
        D.TransformedDistribution,
        name="Transformed Gamma",
        make=lambda edges=False, **wishes: (
            _entry("Gamma").distributions(**wishes).map(lambda d: D.TransformedDistribution(d, _TURNED))
        ),
    ),
    Entry(D.Censored, name="Censored Normal", make=lambda **wishes: _censored(**wishes)),
    Entry(
        D.Truncated,
        name="Truncated Logistic",
        make=lambda **wishes: _bounded(D.Truncated, "Logistic", **wishes),
    ),
    Entry(
        D.Truncated,
        name="Truncated Exponential",
        make=lambda **wishes: _bounded(D.Truncated, "Exponential", **wishes),
    ),
    Entry(
        D.Truncated,
        name="Truncated Geometric",
        make=lambda **wishes: _bounded(D.Truncated, "Geometric", **wishes),
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
