"""Divergences between truncated distributions."""

from __future__ import annotations

import math

from ... import functions as F
from ...autograd import Variable
from ...numerics.truncated_normal_kl import truncated_normal_kl
from ..continuous.truncated_normal import TruncatedNormal
from .registry import register_kl


@register_kl(TruncatedNormal, TruncatedNormal)
def _kl_truncated_normals(p: TruncatedNormal, q: TruncatedNormal) -> Variable:
    """inf if the interval of q does not contain that of p."""
    inside = (q.low.array <= p.low.array) & (p.high.array <= q.high.array)
    low, high = F.where(inside, q.low, -math.inf), F.where(inside, q.high, math.inf)
    y = truncated_normal_kl(p.loc, p.scale, p.low, p.high, q.loc, q.scale, low, high)
    return F.where(inside, y, math.inf)
