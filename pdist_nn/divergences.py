"""The divergence of weights from their priors, as one op for all layers of a model."""

from __future__ import annotations

from typing import Any

from pdist.autograd import differentiable
from pdist.distributions.normal import normal_kl_log_ratio


@differentiable
def divergence_from_standard_normal(xp, *xs):
    """The sum of KL(N(loc, e^log_scale) || N(0, 1)) over xs = loc, log_scale, loc, log_scale, ..."""
    loc, log_scale = _joined(xp, xs[::2]), _joined(xp, xs[1::2])
    return normal_kl_log_ratio.kernel(xp, loc, log_scale).sum()


def _joined(xp, arrays):
    return arrays[0] if len(arrays) == 1 else xp.concatenate([array.reshape(-1) for array in arrays])


def _standard_rule(F, needs, g, _y, xs):
    return [
        None if not need else g * F.expm1(2 * x) if i % 2 else g * x
        for i, (need, x) in enumerate(zip(needs, xs, strict=True))
    ]


divergence_from_standard_normal.joint_derivative(_standard_rule)


@differentiable
def divergence_from_normal(xp, loc, log_scale, prior_loc, prior_log_scale):
    """The sum of KL(N(loc, e^log_scale) || N(prior_loc, e^prior_log_scale))."""
    z = (loc - prior_loc) * xp.exp(-prior_log_scale)
    return normal_kl_log_ratio.kernel(xp, z, log_scale - prior_log_scale).sum()


divergence_from_normal.derivatives(
    lambda F, g, _y, loc, _log_scale, m, s: g * (loc - m) * F.exp(-2 * s),
    lambda F, g, _y, _loc, log_scale, _m, s: g * F.expm1(2 * (log_scale - s)),
    lambda F, g, _y, loc, _log_scale, m, s: -g * (loc - m) * F.exp(-2 * s),
    lambda F, g, _y, loc, log_scale, m, s: (
        -g * (F.square((loc - m) * F.exp(-s)) + F.expm1(2 * (log_scale - s)))
    ),
)


def total(terms: Any) -> Any:
    """The sum of divergences, each a Variable or a pair of loc and log_scale to hold against N(0, 1).

    Args:
        terms: these, in any order.

    Returns:
        A scalar Variable; None where there are no terms.
    """
    pairs: list[Any] = []
    others: list[Any] = []
    for term in terms:
        if isinstance(term, tuple):
            pairs += term
        else:
            others.append(term)
    if pairs:
        others.append(divergence_from_standard_normal(*pairs))
    if not others:
        return None
    result = others[0]
    for other in others[1:]:
        result = result + other
    return result


__all__ = ["divergence_from_normal", "divergence_from_standard_normal", "total"]
