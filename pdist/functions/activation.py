"""Activation functions."""

from __future__ import annotations

from ..autograd import differentiable
from .arguments import plain
from .indexing import select
from .reductions import HUGE, log_sum_exp


@differentiable
def sigmoid(xp, x):
    """1 / (1 + e^-x), elementwise, without overflow and accurate in both tails.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x, in [0, 1].

    >>> import numpy as np, pdist.functions as F
    >>> F.sigmoid(np.array([-1000.0, 0.0, 2.0])).array
    array([0.        , 0.5       , 0.88079708])
    """
    return xp.exp(xp.minimum(x, 0)) / (1 + xp.exp(-abs(x)))


# 1 - y would lose accuracy in the right tail
sigmoid.derivative(x=lambda F, g, x: g * (0.25 * F(tanh_slope)(0.5 * x)))


@differentiable
def log_sigmoid(xp, x):
    """log(1 / (1 + e^-x)), elementwise, without overflow and accurate in both tails.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x, at most 0.

    >>> import numpy as np, pdist.functions as F
    >>> F.log_sigmoid(np.array([-1000.0, 0.0, 50.0])).array
    array([-1.00000000e+03, -6.93147181e-01, -1.92874985e-22])
    """
    return xp.minimum(x, 0) - xp.log1p(xp.exp(-abs(x)))


log_sigmoid.derivative(x=lambda F, g, x: g * F.sigmoid(-x))


@differentiable
def softplus(xp, x, /, beta=1.0):
    """log(1 + e^(beta x)) / beta, elementwise, without overflow.

    Args:
        x: Variable, array or number, of any shape.
        beta: the sharpness of the bend at 0, a positive number; 1 by default.

    Returns:
        Variable of the shape of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.softplus(np.array([-1000.0, 0.0, 1000.0])).array
    array([0.00000000e+00, 6.93147181e-01, 1.00000000e+03])
    """
    beta = plain(beta)
    x = x if beta == 1 else beta * x
    far = 40 if x.dtype.itemsize > 2 else 10  # beyond this it equals x to the last digit
    y = xp.maximum(x, xp.log1p(xp.exp(xp.minimum(x, far))))
    return y if beta == 1 else y / beta


# sigmoid(x) = 1 - e^-softplus(x), accurate in both tails
softplus.derivative(x=lambda F, g, y, beta: g * -F.expm1(-(y if beta == 1 else beta * y)))


@differentiable
def tanh(xp, x):
    """The hyperbolic tangent (e^x - e^-x) / (e^x + e^-x), elementwise.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x, in [-1, 1].

    >>> import numpy as np, pdist.functions as F
    >>> F.tanh(np.array([0.0, 1.0])).array
    array([0.        , 0.76159416])
    """
    return xp.tanh(x)


@differentiable
def tanh_slope(xp, x):
    """1 - tanh(x)^2 = 1/cosh(x)^2, elementwise: the derivative of tanh, accurate in both tails."""
    c = xp.cosh(x)
    return 1 / c / c


tanh.derivative(x=lambda F, g, x: g * F(tanh_slope)(x))
tanh_slope.derivative(x=lambda F, g, y, x: -2 * g * y * F.tanh(x))


@differentiable
def relu(xp, x):
    """max(x, 0), elementwise; the derivative at 0 is 0.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.relu(np.array([-1.0, 2.0])).array
    array([0., 2.])
    """
    return xp.maximum(x, 0)


relu.derivative(x=lambda F, g, y: F.where(y == 0, 0.0, g))


@differentiable
def leaky_relu(xp, x, /, slope=0.2):
    """x above 0 and slope x below, elementwise; the derivative at 0 is 1.

    Args:
        x: Variable, array or number, of any shape.
        slope: the derivative below 0, a number; 0.2 by default.

    Returns:
        Variable of the shape of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.leaky_relu(np.array([-1.0, 2.0])).array
    array([-0.2,  2. ])
    """
    slope = plain(slope)  # a NumPy scalar 0 would turn infinity into nan
    return xp.maximum(x, slope * x) if 0 < slope <= 1 else select(xp, x < 0, slope * x if slope else 0.0, x)


leaky_relu.derivative(x=lambda F, g, x, slope: F.where(x < 0, slope * g if slope else 0.0, g))


@differentiable
def elu(xp, x, /, alpha=1.0):
    """x above 0 and alpha (e^x - 1) below, elementwise.

    Args:
        x: Variable, array or number, of any shape.
        alpha: minus the limit at -inf, a number; 1 by default.

    Returns:
        Variable of the shape of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.elu(np.array([-1.0, 2.0])).array
    array([-0.63212056,  2.        ])
    """
    return xp.maximum(x, 0) + plain(alpha) * xp.expm1(xp.minimum(x, 0))


def _elu_rule(F, g, x, alpha):
    slope = F.exp(F.minimum(x, 0))
    return g * slope if alpha == 1 else g * F.where(x > 0, slope, alpha * slope)


elu.derivative(x=_elu_rule)


@differentiable
def softmax(xp, x, /, axis=1):
    """e^x / sum(e^x), the sum over ``axis``, without overflow.

    Args:
        x: Variable or array of scores.
        axis: an axis, several as a tuple, or None for all; 1 by default.

    Returns:
        Variable of the shape of x, whose elements over ``axis`` add up to 1.

    Raises:
        IndexError: if x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.softmax(np.array([[1000.0, 1000.0]])).array
    array([[0.5, 0.5]])
    """
    if not x.size:
        return x.copy()
    m = xp.minimum(x.max(axis=axis, keepdims=True), HUGE[x.dtype.itemsize])
    e = xp.exp(x - m)
    e = xp.minimum(e, 1, out=e if e.ndim else None)  # infinite elements share all probability
    return e / e.sum(axis=axis, keepdims=True)


def _softmax_rule(F, g, y, axis):
    gy = g * y
    return gy - y * gy.sum(axis=axis, keepdims=True)


softmax.derivative(x=_softmax_rule)


@differentiable
def log_softmax(xp, x, /, axis=1):
    """x - log(sum(e^x)), the sum over ``axis``; accurate even if one element dominates the sum.

    Args:
        x: Variable or array of scores.
        axis: an axis, several as a tuple, or None for all; 1 by default.

    Returns:
        Variable of the shape of x.

    Raises:
        IndexError: if x has no such axis.

    >>> import numpy as np, pdist.functions as F
    >>> F.log_softmax(np.array([[100.0, 0.0]])).array
    array([[-3.72007598e-44, -1.00000000e+02]])
    """
    if not x.size:
        return x.copy()
    _, z, rest = log_sum_exp(xp, x, axis)
    return z - rest


log_softmax.derivative(x=lambda F, g, y, axis: g - F.exp(y) * g.sum(axis=axis, keepdims=True))


__all__ = [
    "elu",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "tanh",
]
