"""Expectations of functions of log p(X) and log q(X): by sums, by quadrature, by Monte Carlo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable
from ...backend import library, to_cpu

Integrand = Callable[[Variable, Variable], Variable]  # of log p(x) and log q(x)


def expectation(p: Any, q: Any, method: str, f: Integrand, n_samples: int, rng: Any) -> Variable:
    """E_p[f(log p(X), log q(X))], of the broadcast batch shape."""
    shape = np.broadcast_shapes(p.batch_shape, q.batch_shape)
    p, q = (d if d.batch_shape == shape else d.expand(shape) for d in (p, q))
    if method == "monte_carlo":
        return _monte_carlo(p, q, f, n_samples, rng)
    if p.event_shape:
        if not (p._factors and q._factors and p._factors[1] == q._factors[1]):
            raise ValueError(
                f"quadrature is for numbers; {type(p).__name__} has event shape {p.event_shape}: "
                "use method='monte_carlo'"
            )
        n = p._factors[1]
        y = expectation(p._factors[0], q._factors[0], method, f, n_samples, rng)
        return F.sum(y, axis=tuple(range(-n, 0)))
    if p.support.discrete:
        x = _counts(p)
        return F.sum(_weighted(p, q, f, x), axis=0)
    if p.support in ("real", "positive", "[0, 1]"):
        x, weights = _panels(p, q)
        return F.sum(_weighted(p, q, f, x) * weights, axis=0)
    # A support that moves with its parameters: quantiles move along, so that no boundary term is lost.
    u, weights = _on_unit_interval(p)
    x = p.icdf(u)
    return F.sum(f(p.log_prob(x), q.log_prob(x)) * weights, axis=0)


def _weighted(p: Any, q: Any, f: Integrand, x: Any) -> Variable:
    """p(x) f(log p(x), log q(x)), 0 where p is."""
    log_p, log_q = p.log_prob(x), q.log_prob(x)
    none = F.exp(log_p).array == 0
    log_p, log_q = F.where(none, 0.0, log_p), F.where(none, 0.0, log_q)
    return F.where(none, 0.0, F.exp(log_p) * f(log_p, log_q))


def _monte_carlo(p: Any, q: Any, f: Integrand, n_samples: int, rng: Any) -> Variable:
    """The mean over draws from p.

    Its gradients flow through the draws, or, where these carry none to a parameter of p that needs one, come
    from E[f d log p(X)], in which every draw's f is seen from the mean of the others.
    """
    x = p.sample((n_samples,), rng)
    pathwise = all(p._has_pathwise(name) for name, value in p._leaves() if value.requires_grad)
    if not pathwise:
        x = as_variable(x.array)
    log_p = p.log_prob(x)
    values = f(log_p, q.log_prob(x))
    if not pathwise:
        known = p.xp.where(abs(values.array) < np.inf, values.array, 0)
        if n_samples > 1:
            known = (known - known.mean(axis=0)) * (n_samples / (n_samples - 1))
        values = values + known * (log_p - log_p.array)
    return F.mean(values, axis=0)


_MOST_COUNTS = 1_000_000


def _counts(p: Any) -> Any:
    """All values of a discrete distribution that have probability, on a new first axis."""
    try:
        last = to_cpu(p.icdf(1 - float(np.finfo(p.dtype).eps)).array)
    except NotImplementedError:
        last = np.asarray(1)
    n = int(np.max(last, initial=1)) + 65
    if n > _MOST_COUNTS:
        raise ValueError(f"quadrature over {n} values of {type(p).__name__}: use method='monte_carlo'")
    x = p.xp.arange(n, dtype=p.dtype)
    return x.reshape((n,) + (1,) * len(p.batch_shape))


# Half of the probabilities whose quantiles bound the panels; the others are their complements.
_PROBABILITIES = (
    1e-300,
    1e-200,
    1e-120,
    1e-60,
    1e-30,
    1e-20,
    1e-16,
    1e-13,
    1e-10,
    1e-8,
    1e-6,
    1e-5,
    1e-4,
) + (*(1e-3, 0.003, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5),)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)


def _panels(p: Any, q: Any) -> tuple[Any, Any]:
    """Nodes and weights of Gauss and Legendre on panels between quantiles of all that p and q consist of."""
    xp = p.xp
    edges = xp.concatenate([_edges(p, p.dtype), _edges(q, p.dtype)], axis=0)
    inside = _edges(p, p.dtype)
    low, high = inside.min(axis=0), inside.max(axis=0)
    edges = xp.sort(xp.clip(edges, low, high), axis=0)
    shape = (-1,) + (1,) * len(p.batch_shape)
    nodes, weights = (library(xp).from_host(a.astype(p.dtype)).reshape(shape) for a in (_NODES, _WEIGHTS))
    half = 0.5 * (edges[1:] - edges[:-1])
    x = edges[:-1, None] + half[:, None] * (1 + nodes)
    w = half[:, None] * weights
    return x.reshape((-1,) + p.batch_shape), w.reshape((-1,) + p.batch_shape)


def _edges(d: Any, dtype: Any) -> Any:
    """Quantiles of a distribution, or of each component of a mixture, on a new first axis."""
    components = getattr(d, "component_distribution", None)
    if components is not None:
        quantiles = _edges(components, dtype)  # [M, *batch, K]
        return d.xp.moveaxis(quantiles, -1, 1).reshape((-1,) + d.batch_shape)
    xp = d.xp
    info = np.finfo(dtype)
    lower = np.array([u for u in _PROBABILITIES if u >= float(info.tiny)])
    upper = np.array([1 - u for u in _PROBABILITIES if float(info.eps) <= u < 0.5])
    u = xp.asarray(np.concatenate([lower, upper]), dtype=dtype)
    x = d.icdf(u.reshape((-1,) + (1,) * len(d.batch_shape))).array
    x = xp.broadcast_to(x, u.shape + d.batch_shape)
    end = x.max(axis=0)
    beyond = end + (end - d.icdf(0.5).array)  # 1 - p says no more about the upper tail
    if d.support == "[0, 1]":
        beyond = xp.ones_like(end)
    return xp.concatenate([x, beyond[None], (end + 0.5 * (beyond - end))[None]], axis=0)


def _on_unit_interval(p: Any) -> tuple[Any, Any]:
    """Nodes and weights on (0, 1), in panels that narrow towards both ends, on a new first axis."""
    half = np.concatenate([[0.0], 0.5 ** np.arange(24, 0, -1)])
    edges = np.concatenate([half, 1 - half[-2::-1]])
    width = np.diff(edges)[:, None]
    u = (edges[:-1, None] + 0.5 * width * (1 + _NODES)).ravel()
    w = (0.5 * width * _WEIGHTS).ravel()
    shape = (-1,) + (1,) * len(p.batch_shape)
    owner = library(p.xp)
    return tuple(owner.from_host(a.astype(p.dtype)).reshape(shape) for a in (u, w))
