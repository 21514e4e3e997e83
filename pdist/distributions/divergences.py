"""Kullback-Leibler divergences, by a registry of formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import Variable
from .distribution import Distribution

_rules: dict[tuple[type, type], Callable[[Any, Any], Variable]] = {}


def register_kl(p_type: type, q_type: type) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the formula of KL(p || q) for a pair of classes.

    Args:
        p_type: the class of p, a Distribution.
        q_type: the class of q.

    Returns:
        A decorator that gives the function back.

    Raises:
        ValueError: where the pair has a formula already.
    """

    def register(rule: Callable[..., Any]) -> Callable[..., Any]:
        if (p_type, q_type) in _rules:
            raise ValueError(
                f"register_kl: there is already a formula for {p_type.__name__} and {q_type.__name__}"
            )
        _rules[p_type, q_type] = rule
        return rule

    return register


def registered_kl() -> dict[tuple[type, type], Callable[[Any, Any], Variable]]:
    """All formulas by their pair of classes."""
    return dict(_rules)


def find_kl(p_type: type, q_type: type) -> Callable[[Any, Any], Variable] | None:
    """The formula of the most specific pair of base classes; None where there is none."""
    pairs = [
        (i + j, i, _rules[a, b])
        for i, a in enumerate(p_type.__mro__)
        for j, b in enumerate(q_type.__mro__)
        if (a, b) in _rules
    ]
    return min(pairs, key=lambda pair: pair[:2])[2] if pairs else None


def kl_divergence(p: Distribution, q: Distribution) -> Variable:
    """KL(p || q) = E_p[log p(X) - log q(X)], by its formula.

    Args:
        p: the distribution that the expectation is over.
        q: another of the same event shape; batch shapes broadcast.

    Returns:
        A Variable of the broadcast batch shape; inf where p has probability that q has not.

    Raises:
        NotImplementedError: where the pair has no formula, with those registered near it.
    """
    rule = find_kl(type(p), type(q))
    if rule is None:
        near = [f"{a.__name__} and {b.__name__}" for a, b in _rules if isinstance(p, a) or isinstance(q, b)]
        raise NotImplementedError(
            f"kl_divergence: no formula for {type(p).__name__} and {type(q).__name__}"
            + (f"; there are some for {', '.join(near)}" if near else "")
        )
    with np.errstate(all="ignore"):
        return rule(p, q)
