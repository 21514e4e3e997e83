"""Kullback-Leibler divergences and cross entropies, and the registry of their formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable
from ..base.distribution import Distribution
from ..base.inheritance import formula_bases
from .estimates import expectation

Rule = Callable[[Any, Any], Variable]

_rules: dict[tuple[type, type], Rule] = {}
_found: dict[tuple[type, type], Rule | None] = {}  # the results of find_kl


def register_kl(p_type: type, q_type: type) -> Callable[[Rule], Rule]:
    """Register the formula of KL(p || q) for a pair of classes.

    Args:
        p_type: the class of p, a Distribution.
        q_type: the class of q.

    Returns:
        A decorator that returns the function unchanged.

    Raises:
        TypeError: if one is not a Distribution subclass.
        ValueError: if the pair already has a formula.
    """
    for kind in (p_type, q_type):
        if not (isinstance(kind, type) and issubclass(kind, Distribution)):
            raise TypeError(f"register_kl: {kind!r} is not a Distribution subclass")

    def register(rule: Rule) -> Rule:
        if (p_type, q_type) in _rules:
            raise ValueError(
                f"register_kl: there is already a formula for {p_type.__name__} and {q_type.__name__}"
            )
        _rules[p_type, q_type] = rule
        _found.clear()
        return rule

    return register


def registered_kl() -> dict[tuple[type, type], Rule]:
    """All formulas by pair of classes."""
    return dict(_rules)


def find_kl(p_type: type, q_type: type) -> Rule | None:
    """The formula of the most specific pair of bases whose formulas hold for both classes, or None.

    A subclass that defines its own density, or anything else that a formula depends on, does not inherit
    its base's divergences; other subclasses do.
    """
    pair = p_type, q_type
    if pair not in _found:
        known = [
            (i + j, i, _rules[a, b])
            for i, a in enumerate(formula_bases(p_type))
            for j, b in enumerate(formula_bases(q_type))
            if (a, b) in _rules
        ]
        _found[pair] = min(known, key=lambda entry: entry[:2])[2] if known else None
    return _found[pair]


def kl_divergence(
    p: Distribution,
    q: Distribution,
    method: str | None = None,
    *,
    n_samples: int = 1000,
    rng: Any = None,
    return_error: bool = False,
) -> Any:
    """KL(p || q) = E_p[log p(X) - log q(X)], differentiable in the parameters of both.

    Args:
        p: the distribution that the expectation is over.
        q: another of the same event shape; batch shapes broadcast.
        method: None for the pair's formula; ``"quadrature"`` for an integral (or sum) over numbers, or
            independent ones, to about nine digits in float64, unless the error (``return_error``) says
            otherwise: regions where the density of p underflows are estimated by extrapolation, and the error
            of a divergent integral is inf;
            ``"monte_carlo"`` for the mean over draws from p. Estimates are made only if asked for.
        n_samples: number of Monte Carlo draws.
        rng: its generator or seed.
        return_error: whether to return an error estimate too: a bound from quadrature, or
            the standard error of Monte Carlo.

    Returns:
        A Variable of the broadcast batch shape; inf if p has probability where q has none. With
        ``return_error``, a pair of that Variable and the error, an array of its shape.

    Raises:
        NotImplementedError: if the pair has no formula; names related ones.
        ValueError: for shapes that do not fit, an unknown method, quadrature of anything but numbers, or
            ``return_error`` with a formula.

    >>> import pdist, pdist.distributions as D
    >>> p, q = D.Normal(0.0, 1.0), D.Laplace(0.0, 1.0)
    >>> print(f"{kl_divergence(p, q):.4f} {kl_divergence(p, q, method='quadrature'):.4f}")
    0.0721 0.0721
    >>> value, error = kl_divergence(p, q, method="quadrature", return_error=True)
    >>> bool(error < 1e-4)
    True
    """
    shape = _check_pair("kl_divergence", p, q, method, n_samples, return_error)
    with np.errstate(all="ignore"):
        if method is None:
            y = as_variable(_rule_for(p, q))
            return y if y._array.shape == shape else F.broadcast_to(y, shape)
        y, error = expectation(p, q, method, lambda log_p, log_q: log_p - log_q, n_samples, rng)
        return (y, error) if return_error else y


def infinite(p: Distribution, q: Distribution) -> Variable:
    """The divergence of a p that has probability where q can have none."""
    shape = np.broadcast_shapes(p.batch_shape, q.batch_shape)
    return as_variable(p.xp.full(shape, np.inf, np.result_type(p.dtype, q.dtype)))


def cross_entropy(
    p: Distribution,
    q: Distribution,
    method: str | None = None,
    *,
    n_samples: int = 1000,
    rng: Any = None,
    return_error: bool = False,
) -> Any:
    """E_p[-log q(X)] = H(p) + KL(p || q).

    Args:
        p: the distribution that the expectation is over.
        q: another of the same event shape; batch shapes broadcast.
        method: as in :func:`kl_divergence`.
        n_samples: number of Monte Carlo draws.
        rng: its generator or seed.
        return_error: as in :func:`kl_divergence`.

    Returns:
        A Variable of the broadcast batch shape, with ``return_error`` a pair of it and its error.

    Raises:
        NotImplementedError: if there is no formula for the pair.

    >>> import pdist.distributions as D
    >>> cross_entropy(D.Bernoulli(p=1.0), D.Bernoulli(p=0.5)).array
    array(0.6931472, dtype=float32)
    """
    _check_pair("cross_entropy", p, q, method, n_samples, return_error)
    if method is None:
        divergence = kl_divergence(p, q)  # first: its error names the alternatives
        return p.entropy + divergence
    with np.errstate(all="ignore"):
        y, error = expectation(p, q, method, lambda _log_p, log_q: -log_q, n_samples, rng)
        return (y, error) if return_error else y


def _rule_for(p: Distribution, q: Distribution) -> Any:
    """The divergence by the pair's formula, or by that of their inner distributions."""
    rule = find_kl(type(p), type(q))
    if rule is None:
        inner = p._unwrapped(), q._unwrapped()
        rule = find_kl(type(inner[0]), type(inner[1]))
        if rule is None:
            raise _missing(p, q)
        p, q = inner
    return rule(p, q)


def _check_pair(
    who: str, p: Any, q: Any, method: str | None, n_samples: int, return_error: bool
) -> tuple[int, ...]:
    """The broadcast batch shape of two distributions that can be compared."""
    for name, d in (("p", p), ("q", q)):
        if not isinstance(d, Distribution):
            raise TypeError(f"{who}: {name} is {d!r}; expected a Distribution")
    if p.event_shape != q.event_shape:
        raise ValueError(f"{who}: p has event shape {p.event_shape} and q {q.event_shape}; expected the same")
    if p.xp is not q.xp:
        raise TypeError(
            f"{who}: p is in {p.xp.__name__} and q in {q.xp.__name__}; move one with to_cpu or to_gpu"
        )
    if method not in (None, "quadrature", "monte_carlo"):
        raise ValueError(f"{who}: method is {method!r}; expected None, 'quadrature' or 'monte_carlo'")
    if method == "monte_carlo" and not n_samples > 0:
        raise ValueError(f"{who}: n_samples is {n_samples}; expected a positive number")
    if return_error and method is None:
        raise ValueError(
            f"{who}: return_error is for the methods that estimate; a formula has no error estimate"
        )
    if p.batch_shape == q.batch_shape:
        return p.batch_shape
    try:
        return np.broadcast_shapes(p.batch_shape, q.batch_shape)
    except ValueError:
        raise ValueError(
            f"{who}: batch shapes {p.batch_shape} of p and {q.batch_shape} of q do not broadcast"
        ) from None


def _missing(p: Distribution, q: Distribution) -> NotImplementedError:
    near = [f"{a.__name__} and {b.__name__}" for a, b in _rules if isinstance(p, a) or isinstance(q, b)]
    own = [
        d
        for d in (p, q)
        if any(isinstance(d, a) for pair in _rules for a in set(pair) - {*formula_bases(type(d))})
    ]
    names = " and ".join(dict.fromkeys(type(d).__name__ for d in own))
    return NotImplementedError(
        f"kl_divergence: no formula for {type(p).__name__} and {type(q).__name__}"
        + (f"; formulas exist for {', '.join(near)}" if near else "")
        + (
            f"; {names} defines its own formulas, so its base class's divergences do not hold for it"
            if own
            else ""
        )
        + "; use method='quadrature' (for numbers) or method='monte_carlo' for an estimate"
    )
