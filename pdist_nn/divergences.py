"""The divergence of Normal weights from a Normal prior, summed over the weights, as a single op."""

from __future__ import annotations

from pdist.autograd import differentiable, raw
from pdist.distributions.divergences.location_scale import normal_kl_log_ratio


@differentiable
def divergence_from_standard_normal(xp, loc, log_scale):
    """The sum of KL(N(loc, e^log_scale) || N(0, 1))."""
    return normal_kl_log_ratio.kernel(xp, loc, log_scale).sum()


divergence_from_standard_normal.derivative(
    loc=lambda F, g, loc: g * loc,
    log_scale=lambda F, g, log_scale: g * F.expm1(2 * log_scale),
)


@differentiable
def divergences_from_standard_normal(xp, *arrays):
    """The sum of :func:`divergence_from_standard_normal` over several arrays: all loc, then all log_scale.

    Many small arrays then cost as much as one of their total size.
    """
    return divergence_from_standard_normal.kernel(xp, *_joined(raw(xp), arrays))


def _joined(F, arrays):
    """The first half of the arrays concatenated, and the other half."""
    n = len(arrays) // 2
    rows = [a.reshape(-1) for a in arrays]
    return F.concat(rows[:n], axis=0), F.concat(rows[n:], axis=0)


def _slopes(F, g, needs, arrays):
    loc, log_scale = _joined(F, arrays)
    slopes = [g * loc, g * F.expm1(2 * log_scale)]
    found, start, n = [], 0, len(arrays) // 2
    for i, a in enumerate(arrays):
        start = 0 if i == n else start
        stop = start + a.size
        found.append(slopes[i // n][start:stop].reshape(a.shape) if needs[i] else None)
        start = stop
    return found


divergences_from_standard_normal.joint_derivative(_slopes)


@differentiable
def divergence_from_normal(xp, loc, log_scale, prior_loc, prior_log_scale):
    """The sum of KL(N(loc, e^log_scale) || N(prior_loc, e^prior_log_scale))."""
    z = (loc - prior_loc) * xp.exp(-prior_log_scale)
    return normal_kl_log_ratio.kernel(xp, z, log_scale - prior_log_scale).sum()


divergence_from_normal.derivative(
    loc=lambda F, g, loc, prior_loc, prior_log_scale: g * (loc - prior_loc) * F.exp(-2 * prior_log_scale),
    log_scale=lambda F, g, log_scale, prior_log_scale: g * F.expm1(2 * (log_scale - prior_log_scale)),
    prior_loc=lambda F, g, loc, prior_loc, prior_log_scale: (
        -g * (loc - prior_loc) * F.exp(-2 * prior_log_scale)
    ),
    prior_log_scale=lambda F, g, loc, log_scale, prior_loc, prior_log_scale: (
        -g
        * (F.square((loc - prior_loc) * F.exp(-prior_log_scale)) + F.expm1(2 * (log_scale - prior_log_scale)))
    ),
)

__all__ = [
    "divergence_from_normal",
    "divergence_from_standard_normal",
    "divergences_from_standard_normal",
]
