"""Draws shared by several families."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.constants import SMALLEST
from ...numerics.incomplete_gamma import moved_gamma


def exponential(rng: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Draws from a standard Exponential, never 0, so that their logarithm is finite."""
    return rng.standard_exponential(shape, dtype=dtype) + SMALLEST[dtype.itemsize > 4]


def inside_unit(x: Any) -> Any:
    """Draws from (0, 1) that rounding may have put onto its ends, at the nearest number inside."""
    double = x.dtype.itemsize > 4
    return F.clip(x, SMALLEST[double], 1 - (2.0**-53 if double else 2.0**-24))


def log_gamma_draws(xp: Any, rng: Any, shape: tuple[int, ...], k: Any) -> Any:
    """Logarithms of draws of a standard Gamma, which may be far below the smallest number for small k."""
    k = k.astype(np.float64)
    return xp.log(rng.standard_gamma(k + 1, shape)) - exponential(rng, shape, k.dtype) / k


def moved_log_gamma_draws(xp: Any, rng: Any, shape: tuple[int, ...], k: Variable) -> Variable:
    """:func:`log_gamma_draws` with gradients to k, in k's dtype.

    X = Y U^(1/k) with a Gamma(k + 1) variable Y, which never underflows and has implicit gradients, and a
    uniform U.
    """
    wide = k.array.astype(np.float64)
    y, e = rng.standard_gamma(wide + 1, shape), exponential(rng, shape, wide.dtype)
    y, e = (as_variable(v.astype(k.dtype)) for v in (y, e))
    return F.log(moved_gamma(y, k + 1)) - e / k


def beta_draws(xp: Any, rng: Any, shape: tuple[int, ...], a: Any, b: Any) -> Any:
    """Draws of a Beta, as the share of one Gamma in the sum of two: never at an end, in float32 too."""
    logit = log_gamma_draws(xp, rng, shape, a) - log_gamma_draws(xp, rng, shape, b)
    e = xp.exp(-abs(logit))
    x = xp.where(logit < 0, e, 1) / (1 + e)
    eps = float(np.finfo(a.dtype).epsneg)
    return xp.clip(x, SMALLEST[a.dtype.itemsize > 4], 1 - eps)


def multinomial_draws(xp: Any, rng: Any, shape: tuple[int, ...], n: Any, p: Any) -> Any:
    """How often each class is drawn in n draws, of shape ``[*shape, K]``: one Binomial after the other.

    Each is of the draws that are left, with the class's part of the probability that is left.
    """
    left = xp.broadcast_to(n, shape).astype(np.int64)
    rest = xp.flip(xp.cumsum(xp.flip(p, -1), axis=-1), -1)
    counts = []
    for k in range(p.shape[-1] - 1):
        share = xp.where(rest[..., k] > 0, p[..., k] / xp.where(rest[..., k] > 0, rest[..., k], 1), 0)
        counts.append(rng.binomial(left, xp.clip(share, 0.0, 1.0), shape))
        left = left - counts[-1]
    return xp.stack([*counts, left], axis=-1)
