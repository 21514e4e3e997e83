"""Probabilities and rates that may be 0, and kernels in blocks: groundwork of the discrete distributions."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import functions as F
from ..autograd import Variable, differentiable
from ..backend import library, tracing
from ._numerics import deviance, log_ratio

BLOCK = 2**15  # numbers that a kernel works on at a time where it may choose


def slices(n: int, step: int) -> list[slice]:
    """Slices of so many, one after the other, that make up n."""
    return [slice(i, min(i + step, n)) for i in range(0, n, max(step, 1))]


def in_blocks(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """An elementwise kernel that on the host takes large arrays block by block.

    What it computes on the way then stays in the CPU's cache: for a million numbers twice as fast.
    """

    @functools.wraps(kernel)
    def blocked(xp, *arrays):
        shape = max(arrays, key=lambda a: a.size).shape
        n = math.prod(shape)
        if n < 4 * BLOCK or any(a.shape != shape and a.size > 1 for a in arrays) or not library(xp).host:
            return kernel(xp, *arrays)
        return _block_by_block(xp, kernel, *arrays, shape=shape)

    return blocked


@tracing.opaque  # one call of a trace, not one for each block
def _block_by_block(xp, kernel, *arrays, shape):
    n = math.prod(shape)
    parts = [a.reshape(-1) for a in arrays]
    out = xp.empty(n, arrays[0].dtype)
    for s in slices(n, BLOCK):
        out[s] = kernel(xp, *[a[s] if a.size > 1 else a for a in parts])
    return out.reshape(shape)


def or_infinite(F, p):
    """p, but inf in place of 0: what is divided by it is then 0 and neither inf nor nan."""
    return F.where(p == 0, math.inf, p)


@differentiable
def log_probability(xp, p):
    """log p, whose gradient at p = 0 is taken to be 0: what cannot happen moves nothing."""
    return xp.log(p)


log_probability.derivatives(lambda F, g, _y, p: g / or_infinite(F, p))


@differentiable
def log_complement(xp, p):
    """log(1 - p), whose gradient at p = 1 is taken to be 0."""
    return xp.log1p(-p)


log_complement.derivatives(lambda F, g, _y, p: -g / or_infinite(F, 1 - p))


@differentiable
def log_odds(xp, p):
    """log(p/(1 - p)), to the last digits also for p near 1/2; its gradient at 0 and 1 is taken to be 0."""
    return log_ratio.kernel(xp, p, 1 - p, 2 * p - 1)


log_odds.derivatives(lambda F, g, _y, p: g / or_infinite(F, p * (1 - p)))


@differentiable
def i_divergence(xp, a, b):
    """a log(a/b) - a + b: 0 at a = b and nowhere negative, small differences counting in full."""
    return deviance(xp, a, b, a - b)


def _i_divergence_by_a(F, g, _y, a, b):
    """log(a/b); 0 where a or b is 0."""
    edge = (a == 0) | (b == 0)
    a, b = F.where(edge, 1.0, a), F.where(edge, 1.0, b)
    return g * F.log_ratio(a, b, a - b)


i_divergence.derivatives(
    _i_divergence_by_a, lambda F, g, _y, a, b: g * F.where(a == 0, 1.0, (b - a) / or_infinite(F, b))
)


def sqrt_or_zero(x: Variable) -> Variable:
    """The square root, whose gradient at 0 is taken to be 0."""
    constant = x.array == 0
    return F.where(constant, 0.0, F.sqrt(F.where(constant, 1.0, x)))


def steps_outside(xp, x, low, high):
    """What a tail is outside the range of its steps: ``low`` below 0, ``high`` above, nan at nan."""
    y = xp.where(x < 0, low, xp.where(x >= 0, high, math.nan))
    return y.astype(x.dtype)


def all_between(x: Variable, low: float, high: float) -> bool:
    """Whether the host can see at one look that all of x lies between ``low`` and ``high``, ends included."""
    a = x.array
    return type(a) is np.ndarray and a.size > 0 and bool(a.min() >= low and a.max() <= high)


def own(y):
    """What a kernel may give as ``out=`` to write over an array of its own; None for a scalar."""
    return y if y.ndim else None
