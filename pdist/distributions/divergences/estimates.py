"""Expectations of functions of log p(X) and log q(X): the choice of the estimate, and Monte Carlo."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable
from .integrals import integral
from .sums import lattice_sum

Integrand = Callable[[Variable, Variable], Variable]  # of log p(x) and log q(x)


def expectation(p: Any, q: Any, method: str, f: Integrand, n_samples: int, rng: Any) -> tuple[Variable, Any]:
    """E_p[f(log p(X), log q(X))] and an estimate of its error, both of the broadcast batch shape.

    Args:
        p: the distribution that the expectation is over.
        q: another of the same event shape.
        method: ``"quadrature"`` or ``"monte_carlo"``.
        f: an additive function: for independent parts it is the sum over the parts.
        n_samples: number of Monte Carlo draws.
        rng: its generator.
    """
    shape = np.broadcast_shapes(p.batch_shape, q.batch_shape)
    p, q = (d if d.batch_shape == shape else d.expand(shape) for d in (p, q))
    if method == "monte_carlo":
        return _monte_carlo(p, q, f, n_samples, rng)
    p, q = p._unwrapped(), q._unwrapped()
    if p.event_shape:
        if not (p._factors and q._factors and p._factors[1] == q._factors[1]):
            raise ValueError(
                f"quadrature is for numbers; {type(p).__name__} has event shape {p.event_shape}: "
                "use method='monte_carlo'"
            )
        n = p._factors[1]
        y, error = expectation(p._factors[0], q._factors[0], method, f, n_samples, rng)
        axes = tuple(range(-n, 0))
        return F.sum(y, axis=axes), error.sum(axis=axes)
    if p.support.discrete != q.support.discrete:
        kinds = ["discrete" if d.support.discrete else "continuous" for d in (p, q)]
        raise ValueError(
            f"quadrature: {type(p).__name__} is {kinds[0]} and {type(q).__name__} is {kinds[1]}; "
            "neither has a density with respect to the other"
        )
    if not math.prod(shape):
        empty = p.xp.zeros(shape, np.result_type(p.dtype, q.dtype))
        return as_variable(empty), empty
    return lattice_sum(p, q, f) if p.support.discrete else integral(p, q, f)


def _monte_carlo(p: Any, q: Any, f: Integrand, n_samples: int, rng: Any) -> tuple[Variable, Any]:
    """The mean over draws from p, and its standard error.

    Its gradients flow through the draws or, if these carry none in a parameter of p that requires one, come
    from E[f d log p(X)], with the mean over the other draws as a baseline for f.
    """
    x = p.sample((n_samples,), rng)
    pathwise = all(p._has_pathwise(name) for name, value in p._leaves() if value.requires_grad)
    if not pathwise:
        x = as_variable(x.array)
    log_p = p.log_prob(x)
    values = f(log_p, q.log_prob(x))
    found = values.array
    mean = found.mean(axis=0)
    away = p.xp.where(found == mean, 0, found - mean)  # an infinite mean has no spread
    error = p.xp.sqrt((away * away).sum(axis=0) / (max(n_samples - 1, 1) * n_samples))
    if n_samples == 1:
        error = p.xp.full_like(error, math.inf)
    if not pathwise:
        known = p.xp.where(abs(found) < np.inf, found, 0)
        if n_samples > 1:
            known = (known - known.mean(axis=0)) * (n_samples / (n_samples - 1))
        values = values + known * (log_p - log_p.array)
    return F.mean(values, axis=0), error
