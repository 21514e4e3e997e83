"""Entries of distributions of vectors and matrices: see :mod:`entries`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy import stats

from .. import distributions as D
from .entry import Entry
from .strategies import positives, reals


def sum_one(given: dict[str, Any]) -> dict[str, Any]:
    """``p`` was drawn as weights."""
    if "p" not in given:
        return given
    p = given["p"].astype(float)
    return {**given, "p": (p / p.sum(axis=-1, keepdims=True)).astype(given["p"].dtype)}


def _dirichlet(d: Any) -> Any:
    """SciPy's takes the classes first, and at least two of them."""
    if len(d.alpha) == 1:
        return SimpleNamespace(logpdf=lambda x: np.zeros(len(x)))
    of = stats.dirichlet(d.alpha)
    return SimpleNamespace(logpdf=lambda x: of.logpdf(x.T), mean=of.mean, var=of.var, entropy=of.entropy)


def _dirichlet_multinomial(d: Any) -> Any:
    of = stats.dirichlet_multinomial(d.alpha, int(d.n))
    return SimpleNamespace(logpmf=of.logpmf, mean=of.mean, var=of.var)


def _fisher(d: Any) -> Any:
    of = stats.vonmises_fisher(d.loc / np.sqrt((d.loc * d.loc).sum()), float(d.concentration))
    return SimpleNamespace(logpdf=of.logpdf, entropy=of.entropy)


def _each(density: Any) -> Any:
    """A density of one array as one of several."""
    return lambda x: np.array([density(v) for v in x])


def _normal_vector(d: Any) -> Any:
    if hasattr(d, "cov_factor"):
        covariance = d.cov_factor @ d.cov_factor.T + np.diag(d.cov_diag)
    else:
        covariance = d.covariance_matrix if hasattr(d, "covariance_matrix") else np.diag(d.scale**2)
    of = stats.multivariate_normal(d.loc, covariance)
    return SimpleNamespace(logpdf=_each(of.logpdf), entropy=of.entropy)


def _t_vector(d: Any) -> Any:
    of = stats.multivariate_t(d.loc, d.scale_tril @ d.scale_tril.T, float(d.df))
    return SimpleNamespace(logpdf=_each(of.logpdf), entropy=of.entropy)


def _wishart(d: Any) -> Any:
    of = stats.wishart(float(d.df), d.scale_tril @ d.scale_tril.T)
    return SimpleNamespace(logpdf=_each(of.logpdf), entropy=of.entropy)


def _inverse_wishart(d: Any) -> Any:
    """Without SciPy's entropy, which is right for one row only."""
    of = stats.invwishart(float(d.df), d.scale_tril @ d.scale_tril.T)
    return SimpleNamespace(logpdf=_each(of.logpdf))


def _matrix(d: Any) -> Any:
    rows, columns = (a @ a.T for a in (d.row_scale_tril, d.column_scale_tril))
    of = stats.matrix_normal(d.loc, rows, columns)
    return SimpleNamespace(logpdf=_each(of.logpdf), entropy=of.entropy)


# Quadrature in four and more dimensions is not feasible, and steps along an axis leave a set of matrices.
_IN_MATRICES = frozenset(
    {"cdf", "icdf", "gradients", "log_prob_normalized", "moments", "sample", "pathwise", "kl"}
)

VECTOR_ENTRIES = [
    Entry(
        D.Dirichlet,
        elements={"alpha": positives(0.7, 8)},
        twin=_dirichlet,
        most=3,
        lacks=frozenset({"cdf", "icdf"}),
    ),
    Entry(
        D.Multinomial,
        elements={"n": st.just(4.0)},  # the same for both of a divergence
        twin=lambda d: stats.multinomial(d.n, d.p),
        lacks=frozenset({"pathwise", "cdf", "icdf"}),
    ),
    Entry(
        D.DirichletMultinomial,
        elements={"n": st.integers(0, 5).map(float), "alpha": positives(0.3, 8)},
        twin=_dirichlet_multinomial,
        lacks=frozenset({"pathwise", "cdf", "icdf"}),
    ),
    Entry(
        D.OneHotCategoricalStraightThrough,
        twin=lambda d: stats.multinomial(1, d.p),
        lacks=frozenset({"pathwise", "cdf", "icdf"}),
    ),
    Entry(
        D.RelaxedOneHotCategorical,
        elements={"temperature": positives(0.6, 3), "logit": reals(-1.5, 1.5), "p": reals(0.3, 1)},
        adjust=sum_one,
        most=3,
        lacks=frozenset({"cdf", "icdf", "moments"}),
    ),
    Entry(
        D.PowerSpherical,
        lacks=frozenset({"cdf", "icdf", "gradients", "pathwise"}),
        least=2,
        most=3,
    ),
    Entry(
        D.VonMisesFisher,
        twin=_fisher,
        lacks=frozenset({"cdf", "icdf", "gradients", "pathwise"}),
        least=2,
        most=3,
    ),
    Entry(D.MultivariateNormal, twin=_normal_vector, lacks=frozenset({"cdf", "icdf"}), most=2),
    Entry(D.MultivariateNormalDiag, twin=_normal_vector, lacks=frozenset({"cdf", "icdf"}), most=2),
    Entry(
        D.LowRankMultivariateNormal,
        elements={"cov_diag": positives(0.2, 5)},
        twin=_normal_vector,
        lacks=frozenset({"cdf", "icdf"}),
        most=2,
    ),
    Entry(
        D.MultivariateStudentT,
        elements={"df": positives(4.5, 40)},
        twin=_t_vector,
        lacks=frozenset({"cdf", "icdf"}),
        most=2,
    ),
    Entry(D.Wishart, elements={"df": positives(4, 12)}, twin=_wishart, lacks=_IN_MATRICES, least=2, most=2),
    Entry(
        D.InverseWishart,
        elements={"df": positives(6, 14)},
        twin=_inverse_wishart,
        lacks=_IN_MATRICES,
        least=2,
        most=2,
    ),
    Entry(
        D.LKJCholesky,
        elements={"concentration": positives(0.7, 6)},
        options={"dim": st.just(3)},
        lacks=_IN_MATRICES,
    ),
    Entry(
        D.LKJ,
        elements={"concentration": positives(0.7, 6)},
        options={"dim": st.just(3)},
        lacks=_IN_MATRICES,
    ),
    Entry(D.MatrixNormal, twin=_matrix, lacks=_IN_MATRICES - {"gradients"}, least=2, most=2),
    Entry(
        D.LogisticNormal,
        elements={"loc": reals(-1, 1), "scale": positives(0.3, 1.2)},
        most=2,
        lacks=frozenset({"cdf", "icdf", "moments"}),
    ),
    Entry(D.PlackettLuce, lacks=frozenset({"cdf", "icdf", "pathwise"}), most=3),
]


__all__ = ["VECTOR_ENTRIES"]
