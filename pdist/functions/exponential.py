"""Exponentials and logarithms."""

from __future__ import annotations

import math
from typing import Any

from ..autograd import Variable, differentiable, in_rules
from ..backend import special
from .special import in_own_dtype


@differentiable
def exp(xp, x):
    """The exponential e^x, elementwise.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.exp(np.array([0.0, 1.0])).array
    array([1.        , 2.71828183])
    """
    return xp.exp(x)


exp.derivative(x=lambda F, g, y: g * y)


@differentiable
def expm1(xp, x):
    """e^x - 1, elementwise, accurate also for small x.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.expm1(np.array([1e-10, 1.0])).array
    array([1.00000000e-10, 1.71828183e+00])
    """
    return xp.expm1(x)


expm1.derivative(x=lambda F, g, x: g * F.exp(x))


@differentiable
def log(xp, x):
    """The natural logarithm of x, elementwise.

    Args:
        x: Variable, array or number, of any shape, positive.

    Returns:
        Variable of the shape of x; -inf at 0 and nan below.

    >>> import numpy as np, pdist.functions as F
    >>> F.log(np.array([1.0, 10.0])).array
    array([0.        , 2.30258509])
    """
    return xp.log(x)


log.derivative(x=lambda F, g, x: g / x)


@differentiable
def log1p(xp, x):
    """log(1 + x), elementwise, accurate also for small x.

    Args:
        x: Variable, array or number, of any shape, above -1.

    Returns:
        Variable of the shape of x; -inf at -1 and nan below.

    >>> import numpy as np, pdist.functions as F
    >>> F.log1p(np.array([1e-10, 1.0])).array
    array([1.00000000e-10, 6.93147181e-01])
    """
    return xp.log1p(x)


log1p.derivative(x=lambda F, g, x: g / (1 + x))


@differentiable
def log2(xp, x):
    """The logarithm of x to base 2, elementwise.

    Args:
        x: Variable, array or number, of any shape, positive.

    Returns:
        Variable of the shape of x; -inf at 0 and nan below.

    >>> import numpy as np, pdist.functions as F
    >>> F.log2(np.array([1.0, 8.0])).array
    array([0., 3.])
    """
    return xp.log2(x)


log2.derivative(x=lambda F, g, x: g * (1 / math.log(2)) / x)


@differentiable
def log10(xp, x):
    """The logarithm of x to base 10, elementwise.

    Args:
        x: Variable, array or number, of any shape, positive.

    Returns:
        Variable of the shape of x; -inf at 0 and nan below.

    >>> import numpy as np, pdist.functions as F
    >>> F.log10(np.array([1.0, 100.0])).array
    array([0., 2.])
    """
    return xp.log10(x)


log10.derivative(x=lambda F, g, x: g * (1 / math.log(10)) / x)  # x log(10) may overflow


@differentiable
def log1mexp(xp, x):
    """log(1 - e^x), elementwise: the log of one minus a probability given by its log.

    Near 0 as log(-expm1(x)), else as log1p(-e^x), which is accurate on both sides.

    Args:
        x: Variable, array or number, of any shape, not positive.

    Returns:
        Variable of the shape of x; -inf at 0 and nan above.

    Source: Maechler 2012, "Accurately computing log(1 - exp(-|a|))".

    >>> import numpy as np, pdist.functions as F
    >>> F.log1mexp(np.array([-1e-10, -50.0])).array
    array([-2.30258509e+01, -1.92874985e-22])
    """
    near = x > -math.log(2)
    return xp.where(
        near, xp.log(-xp.expm1(xp.where(near, x, -1.0))), xp.log1p(-xp.exp(xp.where(near, -1.0, x)))
    )


@differentiable
def log1mexp_slope(xp, x):
    """The derivative -e^x / (1 - e^x) of :func:`log1mexp`, elementwise."""
    return -xp.exp(x) / abs(xp.expm1(x))  # e^-x may overflow; -inf at 0


log1mexp.derivative(x=lambda F, g, x: g * F(log1mexp_slope)(x))
log1mexp_slope.derivative(x=lambda F, g, y: g * (y * (1 - y)))


@differentiable
def xlogy_(xp, x, x2):
    """x log(x2), the op behind :func:`xlogy`."""
    return in_own_dtype(special(xp).xlogy, x, x2)


@in_rules(lambda xp, x, y: special(xp).xlogy(x, y))
def xlogy(x: Any, y: Any) -> Variable:
    """x log(y), elementwise with broadcasting; 0 if x = 0.

    It is 0 also at x = y = 0, with the gradients of 0 log 1.

    Args:
        x: Variable, array or number.
        y: the same, not negative, of a shape that broadcasts with that of x.

    Returns:
        Variable of the common shape; nan if y < 0.

    >>> import numpy as np, pdist.functions as F
    >>> F.xlogy(np.array([0.0, 2.0]), np.array([0.0, 1.0])).array
    array([0., 0.])
    """
    return xlogy_(x, y)


def _nothing(x, y):
    """Where the term is 0 log 0, whose derivatives are defined as those of 0 log 1."""
    return (x == 0) & (y == 0)


xlogy_.derivative(
    x=lambda F, g, x, x2: g * F.log(F.where(_nothing(x, x2), 1.0, x2)),
    x2=lambda F, g, x, x2: g * x / F.where(_nothing(x, x2), 1.0, x2),
)


@differentiable
def xlog1py_(xp, x, x2):
    """x log(1 + x2), the op behind :func:`xlog1py`."""
    return in_own_dtype(special(xp).xlog1py, x, x2)


@in_rules(lambda xp, x, y: special(xp).xlog1py(x, y))
def xlog1py(x: Any, y: Any) -> Variable:
    """x log(1 + y), elementwise with broadcasting; 0 if x = 0.

    It is 0 also at x = 0 and y = -1, with the gradients of 0 log 1.

    Args:
        x: Variable, array or number.
        y: the same, at least -1, of a shape that broadcasts with that of x.

    Returns:
        Variable of the common shape; nan if y < -1.

    >>> import numpy as np, pdist.functions as F
    >>> F.xlog1py(np.array([0.0, 2.0]), np.array([-1.0, 1e-10])).array
    array([0.e+00, 2.e-10])
    """
    return xlog1py_(x, y)


xlog1py_.derivative(
    x=lambda F, g, x, x2: g * F.log1p(F.where(_nothing(x, x2 + 1), 0.0, x2)),
    x2=lambda F, g, x, x2: g * x / F.where(_nothing(x, x2 + 1), 1.0, x2 + 1),
)


__all__ = [
    "exp",
    "expm1",
    "log",
    "log1mexp",
    "log1p",
    "log2",
    "log10",
    "xlog1py",
    "xlogy",
]
