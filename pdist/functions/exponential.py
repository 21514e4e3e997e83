"""Exponentials and logarithms."""

from __future__ import annotations

from ..autograd import differentiable


@differentiable
def exp(xp, x):
    """e^x, elementwise."""
    return xp.exp(x)


exp.derivatives(lambda F, g, y, _x: g * y)


@differentiable
def log(xp, x):
    """The natural logarithm, elementwise; -inf at 0, nan below."""
    return xp.log(x)


log.derivatives(lambda F, g, _y, x: g / x)
