"""Activation functions."""

from __future__ import annotations

from ..autograd import differentiable
from .reductions import log_sum_exp


@differentiable
def sigmoid(xp, x):
    """1 / (1 + e^-x), elementwise, without overflow and with all digits in both tails."""
    e = xp.exp(-abs(x))
    return xp.where(x > 0, 1.0, e) / (1 + e)


sigmoid.derivatives(lambda F, g, y, _x: g * y * (1 - y))


@differentiable
def log_sigmoid(xp, x):
    """log(1 / (1 + e^-x)), elementwise."""
    return xp.minimum(x, 0) - xp.log1p(xp.exp(-abs(x)))


log_sigmoid.derivatives(lambda F, g, _y, x: g * F.sigmoid(-x))


@differentiable
def softplus(xp, x, /, beta=1.0):
    """log(1 + e^(beta x)) / beta, elementwise, without overflow."""
    if beta == 1:
        return xp.maximum(x, 0) + xp.log1p(xp.exp(-abs(x)))
    x = beta * x
    return (xp.maximum(x, 0) + xp.log1p(xp.exp(-abs(x)))) / beta


softplus.derivatives(lambda F, g, _y, x, beta: g * F.sigmoid(x if beta == 1 else beta * x))


@differentiable
def tanh(xp, x):
    """The hyperbolic tangent, elementwise."""
    return xp.tanh(x)


tanh.derivatives(lambda F, g, y, _x: g * (1 - y * y))


@differentiable
def relu(xp, x):
    """max(x, 0), elementwise; the derivative at 0 is 0."""
    return xp.maximum(x, 0)


relu.derivatives(lambda F, g, y, _x: F.where(y > 0, g, 0.0))


@differentiable
def leaky_relu(xp, x, /, slope=0.2):
    """x above 0 and ``slope`` x below, elementwise."""
    return xp.where(x >= 0, x, slope * x)


leaky_relu.derivatives(lambda F, g, _y, x, slope: F.where(x >= 0, g, slope * g))


@differentiable
def elu(xp, x, /, alpha=1.0):
    """x above 0 and alpha (e^x - 1) below, elementwise."""
    return xp.where(x > 0, x, alpha * xp.expm1(xp.minimum(x, 0)))


elu.derivatives(lambda F, g, _y, x, alpha: F.where(x > 0, g, alpha * g * F.exp(F.minimum(x, 0))))


@differentiable
def softmax(xp, x, /, axis=1):
    """e^x / sum(e^x), the sum over ``axis``."""
    e = xp.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _softmax_rule(F, g, y, _x, axis):
    gy = g * y
    return gy - y * gy.sum(axis=axis, keepdims=True)


softmax.derivatives(_softmax_rule)


@differentiable
def log_softmax(xp, x, /, axis=1):
    """x - log(sum(e^x)), the sum over ``axis``; accurate also where one class has almost all."""
    z = x - x.max(axis=axis, keepdims=True)
    return z - log_sum_exp(xp, z, z == 0, axis)


log_softmax.derivatives(lambda F, g, y, _x, axis: g - F.exp(y) * g.sum(axis=axis, keepdims=True))
