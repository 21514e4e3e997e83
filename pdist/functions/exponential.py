"""Exponentials and logarithms."""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import special


@differentiable
def exp(xp, x):
    """e^x, elementwise."""
    return xp.exp(x)


exp.derivatives(lambda F, g, y, _x: g * y)


@differentiable
def expm1(xp, x):
    """e^x - 1, elementwise, to the last digits also for small x."""
    return xp.expm1(x)


expm1.derivatives(lambda F, g, _y, x: g * F.exp(x))


@differentiable
def log(xp, x):
    """The natural logarithm, elementwise; -inf at 0, nan below."""
    return xp.log(x)


log.derivatives(lambda F, g, _y, x: g / x)


@differentiable
def log1p(xp, x):
    """log(1 + x), elementwise, to the last digits also for small x."""
    return xp.log1p(x)


log1p.derivatives(lambda F, g, _y, x: g / (1 + x))


@differentiable
def log2(xp, x):
    """The logarithm to base 2, elementwise."""
    return xp.log2(x)


log2.derivatives(lambda F, g, _y, x: g / (x * math.log(2)))


@differentiable
def log10(xp, x):
    """The logarithm to base 10, elementwise."""
    return xp.log10(x)


log10.derivatives(lambda F, g, _y, x: g / (x * math.log(10)))


@differentiable
def log1mexp(xp, x):
    """log(1 - e^x) for x <= 0, elementwise: the log of one minus a probability given by its log.

    Near 0 as log(-expm1(x)), else as log1p(-e^x), so that all digits are right on both sides (Maechler 2012,
    "Accurately computing log(1 - exp(-|a|))").

    >>> import numpy as np
    >>> log1mexp(np.array([-1e-10, -50.0])).array
    array([-2.30258509e+01, -1.92874985e-22])
    """
    near = x > -math.log(2)
    return xp.where(
        near, xp.log(-xp.expm1(xp.where(near, x, -1.0))), xp.log1p(-xp.exp(xp.where(near, -1.0, x)))
    )


@differentiable
def log1mexp_slope(xp, x):
    """The derivative -e^x / (1 - e^x) of :func:`log1mexp`, elementwise."""
    return -1 / xp.expm1(-x)


log1mexp.derivatives(lambda F, g, _y, x: g * F.log1mexp_slope(x))
log1mexp_slope.derivatives(lambda F, g, y, _x: g * (y * (1 - y)))


@differentiable
def xlogy(xp, x, y):
    """x log(y), elementwise with broadcasting; 0 where x = 0, also at y = 0 (there without gradient).

    >>> import numpy as np
    >>> xlogy(np.array([0.0, 2.0]), np.array([0.0, 1.0])).array
    array([0., 0.])
    """
    return special(xp).xlogy(x, y)


def _nothing(x, y):
    """Where 0 log 0 stands, whose derivatives are taken to be those of 0 log 1."""
    return (x == 0) & (y == 0)


xlogy.derivatives(
    lambda F, g, _y, x, y: g * F.log(F.where(_nothing(x, y), 1.0, y)),
    lambda F, g, _y, x, y: g * x / F.where(_nothing(x, y), 1.0, y),
)


@differentiable
def xlog1py(xp, x, y):
    """x log(1 + y), elementwise with broadcasting; 0 where x = 0, also at y = -1 (no gradient there)."""
    return special(xp).xlog1py(x, y)


xlog1py.derivatives(
    lambda F, g, _y, x, y: g * F.log1p(F.where(_nothing(x, y + 1), 0.0, y)),
    lambda F, g, _y, x, y: g * x / F.where(_nothing(x, y + 1), 1.0, y + 1),
)
