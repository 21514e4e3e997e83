"""Divergences between wrappers of distributions."""

from __future__ import annotations

from typing import Any

from ... import functions as F
from ...autograd import Variable
from ..wrappers.independent import Independent
from ..wrappers.transformed import TransformedDistribution
from .registry import kl_divergence, register_kl


@register_kl(Independent, Independent)
def _kl_independent_independent(p: Independent, q: Independent) -> Variable:
    """The sum over the parts."""
    (p_inner, p_ndim), (q_inner, q_ndim) = _factors(p), _factors(q)
    if p_ndim != q_ndim:
        raise NotImplementedError(
            f"kl_divergence: no formula for Independent over {p_ndim} and over {q_ndim} axes"
        )
    y = kl_divergence(p_inner, q_inner)
    return F.sum(y, axis=tuple(range(-p_ndim, 0))) if p_ndim else y


def _factors(d: Any) -> tuple[Any, int]:
    return d._factors or (d, 0)


@register_kl(TransformedDistribution, TransformedDistribution)
def _kl_transformed(p: TransformedDistribution, q: TransformedDistribution) -> Variable:
    """That of the bases, as a bijection changes neither density more than the other."""
    if p.transform != q.transform:
        raise NotImplementedError(
            f"kl_divergence: no formula for {p!r} and {q!r}, which do not have the same transform"
        )
    return kl_divergence(p.base, q.base)
