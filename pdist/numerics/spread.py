"""The mean difference of two counts."""

from __future__ import annotations

import math

import numpy as np

from .. import functions as F
from ..backend import library
from .constants import SQRT_HALF

# Of the double exponential rule, to where the rest is below a rounding error
_STEPS = np.arange(-125, 126) / 32
_NODES = np.exp(0.5 * math.pi * np.sinh(_STEPS))
_WEIGHTS = _NODES * (0.5 * math.pi / 32) * np.cosh(_STEPS) / (2 * math.pi)


def half_difference(xp, s, gone, size):
    r"""E|X - X'|/2 of two independent counts, from the characteristic function of their difference.

    .. math:: \frac{1}{2\pi} \int_0^\infty 1 - \varphi(2 \operatorname{arccot} y) \, dy

    It is a sum of positive terms, and its derivatives are those of the sum.

    Args:
        xp: the arrays' namespace.
        s: a Variable that the characteristic function depends on by s sin^2(t/2).
        gone: a function of that product, 1 - phi(t).
        size: about the square of the difference.

    Source:
        |d| is the integral of (1 - cos d t)/(1 - cos t) over a period, divided by 2 pi. Takahasi and Mori,
        "Double exponential formulas for numerical integration" (1974).
    """
    shape = (-1,) + (1,) * s.ndim
    nodes, weights = (library(xp).from_host(v.astype(s.dtype)).reshape(shape) for v in (_NODES, _WEIGHTS))
    scale = xp.sqrt(1 + 4 * size.array)
    y = scale * nodes
    return F.sum(gone(s / (1 + y * y)) * (weights * scale), axis=0)


def normal_distance(mean, scale):
    """E|X| of a Normal variable."""
    z = mean / scale
    return scale * (z * F.erf(SQRT_HALF * z) + math.sqrt(2 / math.pi) * F.exp(-0.5 * z * z))
