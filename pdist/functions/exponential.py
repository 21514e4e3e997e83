"""Exponentials and logarithms."""

from __future__ import annotations

import math
from typing import Any

from ..autograd import Variable, differentiable, in_rules
from ..backend import special


@differentiable
def exp(xp, x):
    """e^x, elementwise."""
    return xp.exp(x)


exp.derivative(x=lambda F, g, y: g * y)


@differentiable
def expm1(xp, x):
    """e^x - 1, elementwise, to the last digits also for small x."""
    return xp.expm1(x)


expm1.derivative(x=lambda F, g, x: g * F.exp(x))


@differentiable
def log(xp, x):
    """The natural logarithm, elementwise; -inf at 0, nan below."""
    return xp.log(x)


log.derivative(x=lambda F, g, x: g / x)


@differentiable
def log1p(xp, x):
    """log(1 + x), elementwise, to the last digits also for small x."""
    return xp.log1p(x)


log1p.derivative(x=lambda F, g, x: g / (1 + x))


@differentiable
def log2(xp, x):
    """The logarithm to base 2, elementwise."""
    return xp.log2(x)


log2.derivative(x=lambda F, g, x: g * (1 / math.log(2)) / x)


@differentiable
def log10(xp, x):
    """The logarithm to base 10, elementwise."""
    return xp.log10(x)


log10.derivative(x=lambda F, g, x: g * (1 / math.log(10)) / x)  # x log(10) may overflow


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
    return xp.exp(x) / xp.expm1(x)  # e^-x may overflow


log1mexp.derivative(x=lambda F, g, x: g * F(log1mexp_slope)(x))
log1mexp_slope.derivative(x=lambda F, g, y: g * (y * (1 - y)))


@differentiable
def xlogy_(xp, x, x2):
    """x log(x2), the op behind :func:`xlogy`."""
    return special(xp).xlogy(x, x2)


@in_rules(lambda xp, x, y: special(xp).xlogy(x, y))
def xlogy(x: Any, y: Any) -> Variable:
    """x log(y), elementwise with broadcasting; 0 where x = 0, also at y = 0 (there without gradient).

    >>> import numpy as np
    >>> xlogy(np.array([0.0, 2.0]), np.array([0.0, 1.0])).array
    array([0., 0.])
    """
    return xlogy_(x, y)


def _nothing(x, y):
    """Where 0 log 0 stands, whose derivatives are taken to be those of 0 log 1."""
    return (x == 0) & (y == 0)


xlogy_.derivative(
    x=lambda F, g, x, x2: g * F.log(F.where(_nothing(x, x2), 1.0, x2)),
    x2=lambda F, g, x, x2: g * x / F.where(_nothing(x, x2), 1.0, x2),
)


@differentiable
def xlog1py_(xp, x, x2):
    """x log(1 + x2), the op behind :func:`xlog1py`."""
    return special(xp).xlog1py(x, x2)


@in_rules(lambda xp, x, y: special(xp).xlog1py(x, y))
def xlog1py(x: Any, y: Any) -> Variable:
    """x log(1 + y), elementwise with broadcasting; 0 where x = 0, also at y = -1 (no gradient there)."""
    return xlog1py_(x, y)


xlog1py_.derivative(
    x=lambda F, g, x, x2: g * F.log1p(F.where(_nothing(x, x2 + 1), 0.0, x2)),
    x2=lambda F, g, x, x2: g * x / F.where(_nothing(x, x2 + 1), 1.0, x2 + 1),
)
