"""The behaviour of a distribution outside its support."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import Variable, grad
from ..distributions import Distribution
from . import points
from .contracts import answers
from .report import Inapplicable, host, require
from .variants import leaves, like


def check_support(
    dist: Any, *, extended: Callable[[np.ndarray], np.ndarray] | None = None, seed: int = 0
) -> None:
    """Outside the support log_prob is -inf with zero gradients; inside it is finite; nan in, nan out.

    At the infinite ends of the real line only the value counts.

    Args:
        dist: the distribution.
        extended: tells which values outside the support have a density nevertheless, such as grey values
            of a Bernoulli that does not check for them.
        seed: seed of the values.

    Raises:
        PropertyError: if it does not hold.
    """
    if 0 in dist.batch_shape:
        raise Inapplicable("an empty batch")
    x, contained = points.anywhere(dist, seed)
    got = host(dist.log_prob(like(dist, x)))
    require(~np.isnan(got), "support", dist, "log_prob is nan", x=x, got=got)
    skip = extended(x) if extended is not None else np.zeros(x.shape[: contained.ndim], bool)
    require(
        (got == -np.inf) | contained | skip,
        "support",
        dist,
        "log_prob outside the support",
        x=x,
        got=got,
        expected="-inf",
    )
    _check_outside_gradients(dist, x, contained | skip)
    if not _may_vanish(dist):
        x = points.inside(dist, 8, seed)  # excluding the ends, where a density may vanish
        got = host(dist.log_prob(like(dist, x)))
        what = "log_prob inside the support"
        require(np.isfinite(got), "support", dist, what, x=x, got=got, expected="finite")
    _check_nan(dist, x)


def _may_vanish(dist: Any) -> bool:
    """Whether a parameter is an edge case, so that values in the support may have probability 0."""
    for name, value, _ in dist._members():
        if isinstance(value, Distribution):
            if _may_vanish(value):
                return True
            continue
        array, support = host(value), type(dist).parameters[name].support
        if not np.isfinite(array).all() or (support != "real" and (array == 0).any()):
            return True
        if support == "[0, 1]" and (array == 1).any():
            return True
    return False


def _check_outside_gradients(dist: Any, x: np.ndarray, contained: np.ndarray) -> None:
    if dist.support == "real":
        return  # only the infinities are outside, and kernels need no mask for them
    fresh, parameters = leaves(dist)
    within = contained.reshape(contained.shape + (1,) * len(dist.event_shape))
    at = Variable(like(dist, np.where(within, np.inf, x).astype(x.dtype)), name="x")
    y = fresh.log_prob(at)
    for value, g in zip([at, *parameters], grad([y], [at, *parameters]), strict=True):
        got = np.zeros(1) if g is None else host(g)
        what = f"the gradient with respect to {value.name} outside the support"
        require(got == 0, "support", dist, what, got=got, expected=0.0)


def _check_nan(dist: Any, x: np.ndarray) -> None:
    nan = np.full_like(x[0], np.nan)
    for name in answers(dist):
        asked = nan if name != "icdf" else np.full(dist.batch_shape, np.nan, dist.dtype)
        got = host(getattr(dist, name)(like(dist, asked)))
        require(np.isnan(got), "support", dist, f"{name} of nan", got=got, expected="nan")
