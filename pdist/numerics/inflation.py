"""Probabilities raised by a gate: gate + (1 - gate) p."""

from __future__ import annotations

from ..autograd import differentiable
from .probability import or_infinite


@differentiable
def inflated_log(xp, gate, log_p):
    """log(gate + (1 - gate) p), given log p: to the last digits also where it is near 0."""
    short = -(1 - gate) * xp.expm1(log_p)
    return xp.where(short < 0.5, xp.log1p(-short), xp.log(gate + (1 - gate) * xp.exp(log_p)))


def _whole(F, gate, log_p):
    return or_infinite(F, gate + (1 - gate) * F.exp(log_p))


inflated_log.derivative(
    gate=lambda F, g, gate, log_p: -g * F.expm1(log_p) / _whole(F, gate, log_p),
    log_p=lambda F, g, gate, log_p: g * ((1 - gate) * F.exp(log_p) / _whole(F, gate, log_p)),
)
