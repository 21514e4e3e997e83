"""Divergences between Normals of vectors and matrices, and between Wishart distributions."""

from __future__ import annotations

from typing import Any

from ... import functions as F
from ...autograd import Variable
from ...numerics.bregman import bregman_lgamma
from ..continuous.normal import Normal
from ..families.vectors import log_diagonal, whitened
from ..multivariate.low_rank_multivariate_normal import LowRankMultivariateNormal
from ..multivariate.matrix_normal import MatrixNormal
from ..multivariate.multivariate_normal import MultivariateNormal, MultivariateNormalDiag
from ..multivariate.wishart import InverseWishart, OfDegrees, Wishart
from ..wrappers.independent import Independent
from .location_scale import normal_kl
from .registry import register_kl


def _factors_kl(p: Variable, q: Variable) -> Variable:
    """(tr T - n - log det T)/2 with T = (Q Q^T)^-1 P P^T for triangular P and Q: a sum of positive terms."""
    ratio = F.tril(F.solve_triangular(q, p, lower=True), k=-1)
    scales = [F.diagonal(a, axis1=-2, axis2=-1) for a in (p, q)]
    diagonal = F.sum(normal_kl(0 * scales[0], *scales), axis=-1)
    return diagonal + 0.5 * F.sum(ratio * ratio, axis=(-2, -1))


def _vectors_kl(p: Any, q: Any) -> Variable:
    """That of the covariances, and half of the squared distance of the means."""
    factor = q._factor()
    d = p.loc - q.loc
    z = whitened(factor, d + 0 * factor[..., 0])  # over both batches
    return _factors_kl(p._factor(), factor) + 0.5 * F.sum(z * z, axis=-1)


def _diagonal_kl(p: Any, q: Any) -> Variable:
    """The sum of those of the elements."""
    return F.sum(normal_kl((p.loc - q.loc) / q.scale, p.scale, q.scale), axis=-1)


_KINDS = (MultivariateNormal, MultivariateNormalDiag, LowRankMultivariateNormal)

for _p in _KINDS:
    for _q in _KINDS:
        both = _p is _q is MultivariateNormalDiag
        register_kl(_p, _q)(_diagonal_kl if both else _vectors_kl)


def _as_vector(d: Independent) -> MultivariateNormalDiag:
    """Independent Normals as one vector."""
    inner, n = d._factors or (d, 0)
    if not isinstance(inner, Normal) or n != 1:
        raise NotImplementedError(
            f"kl_divergence: no formula for {d!r} and Normal vectors, unless it is of Normals over one axis"
        )
    return MultivariateNormalDiag(inner.loc, F.broadcast_to(inner.scale, inner.batch_shape))


def _to_independent(p: Any, q: Independent) -> Variable:
    return (_diagonal_kl if isinstance(p, MultivariateNormalDiag) else _vectors_kl)(p, _as_vector(q))


def _from_independent(p: Independent, q: Any) -> Variable:
    return (_diagonal_kl if isinstance(q, MultivariateNormalDiag) else _vectors_kl)(_as_vector(p), q)


for _kind in _KINDS:
    register_kl(_kind, Independent)(_to_independent)
    register_kl(Independent, _kind)(_from_independent)


@register_kl(MatrixNormal, MatrixNormal)
def _kl_matrix_normal(p: MatrixNormal, q: MatrixNormal) -> Variable:
    """With T of rows and U of columns: (tr T tr U - n m - m log det T - n log det U)/2, and the means.

    It is m times that of the rows, n times that of the columns, and (tr T - n)(tr U - m)/2.
    """
    (n, m), traces, each = p.event_shape, [], []
    for ours, theirs in zip(p._sides(), q._sides(), strict=True):
        each.append(_factors_kl(ours, theirs))
        traces.append(2 * (each[-1] + log_diagonal(ours) - log_diagonal(theirs)))  # tr T - n
    return m * each[0] + n * each[1] + 0.5 * traces[0] * traces[1] + 0.5 * q._square(p.loc)


def _degrees_kl(p: OfDegrees, q: OfDegrees, p_factor: Variable, q_factor: Variable) -> Variable:
    """df times that of the factors, (df - df') log det T/2 and that of the degrees, T = (Q Q^T)^-1 P P^T."""
    shapes, others = p._places()[1], q._places()[1]
    log_ratio = log_diagonal(p_factor) - log_diagonal(q_factor)  # half of log det T
    degrees = F.sum(bregman_lgamma(others, shapes, others - shapes), axis=-1)
    return p.df * _factors_kl(p_factor, q_factor) + (p.df - q.df) * log_ratio + degrees


@register_kl(Wishart, Wishart)
def _kl_wishart(p: Wishart, q: Wishart) -> Variable:
    return _degrees_kl(p, q, p._factor(), q._factor())


@register_kl(InverseWishart, InverseWishart)
def _kl_inverse_wishart(p: InverseWishart, q: InverseWishart) -> Variable:
    """That of the inverses, which are of V^-1: what is between V^-1 and V'^-1 is what is between V' and V."""
    return _degrees_kl(p, q, q._factor(), p._factor())
