"""Special functions: the gamma and error families."""

from __future__ import annotations

import math
from operator import index
from typing import Any

import numpy as np

from ..autograd import Variable, differentiable, in_rules
from ..backend import special

_SQRT_PI = math.sqrt(math.pi)

# log Gamma(1 + k)/(k (k - 1)) in powers of 2 k - 1, the highest first, for (float32, float64)
_LGAMMA1P = (
    (-2.9794039164698916e-06, 9.563504136167467e-06, -2.4347176804440096e-05, 8.32068471936509e-05)
    + (-0.00029488716972991824, 0.0010505134705454111, -0.003913499880582094, 0.015727762132883072)
    + (-0.07297994941473007, 0.48312896490097046),
    (-3.803618166622364e-12, 1.1586115295157278e-11, -1.5395748006420787e-11, 5.0258222095609345e-11)
    + (-2.0874620693971093e-10, 6.566403819263112e-10, -2.016947955623982e-09, 6.430260727636965e-09)
    + (-2.0621027431854287e-08, 6.623878077265301e-08, -2.1386323384115519e-07, 6.948428064186312e-07)
    + (-2.2742474102383936e-06, 7.511391855641883e-06, -2.5094328668947195e-05, 8.510090373499432e-05)
    + (-0.0002945507015196472, 0.0010498186644547402, -0.003913560937626182, 0.015727850268641094)
    + (-0.07297994795715304, 0.4831289505409809),
)


def in_own_dtype(function: Any, *xs: Any) -> Any:
    """``function`` of floating arrays; half precision, which it does not support, by way of float32."""
    if xs[0].dtype.itemsize > 2:
        return function(*xs)
    return function(*[x.astype(np.float32) for x in xs]).astype(xs[0].dtype)


# Gamma -----------------------------------------------------------------------------------------------------


def lgamma1p(xp, k, below=None):
    """log Gamma(1 + k) for 0 <= k <= 1, to the last digits also at its zeros 0 and 1; ``below`` is k - 1."""
    y, *others = _LGAMMA1P[k.dtype.itemsize > 4]
    t = 2 * k - 1
    for c in others:
        y = y * t + c
    return k * (k - 1 if below is None else below) * y


def _lgamma_of_few(xp, x):
    """log Gamma(x) for 0 < x <= 2, to the last digits also at its zeros 1 and 2."""
    small = x < 1
    # 0 - log 1 is 0, not -0, and so is log Gamma(1)
    return lgamma1p(xp, xp.where(small, x, x - 1)) + (0 - xp.log(xp.where(small, x, 1)))


@differentiable
def lgamma(xp, x):
    """log |Gamma(x)|, elementwise; for x > 0 to the last digits also at its zeros 1 and 2.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x; inf at 0, -1, -2, ....

    >>> import numpy as np, pdist.functions as F
    >>> F.lgamma(np.array([1.0, 10.0])).array
    array([ 0.        , 12.80182748])
    """
    y = in_own_dtype(special(xp).gammaln, x)
    if x.dtype.itemsize <= 4:  # SciPy rounds these from float64
        return y
    few = (x > 0) & (x <= 2)  # where SciPy's loses digits, near its zeros
    return xp.where(few, _lgamma_of_few(xp, xp.where(few, x, 1)), y)


lgamma.derivative(x=lambda F, g, x: g * F.digamma(x))


@differentiable
def digamma(xp, x):
    """The derivative of log Gamma(x), elementwise.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x; -inf at 0, nan at -1, -2, ....

    >>> import numpy as np, pdist.functions as F
    >>> F.digamma(np.array([1.0, 10.0])).array
    array([-0.57721566,  2.25175259])
    """
    return in_own_dtype(special(xp).digamma, x)


digamma.derivative(x=lambda F, g, x: g * F.polygamma(1, x))


@differentiable
def polygamma_(xp, x, /, n):
    """The op behind :func:`polygamma`: (-1)^(n + 1) n! zeta(n + 1, x)."""
    if n == 0:
        return in_own_dtype(special(xp).digamma, x)
    if x.dtype.itemsize == 2:
        return polygamma_.kernel(xp, x.astype(np.float32), n).astype(x.dtype)
    return (-1.0) ** (n + 1) * math.factorial(n) * special(xp).zeta(n + 1.0, x)


polygamma_.derivative(x=lambda F, g, x, n: g * F.polygamma(n + 1, x))


@in_rules(lambda xp, n, x: polygamma_.kernel(xp, x, n))
def polygamma(n: int, x: Any) -> Variable:
    """The n-th derivative of :func:`digamma`, elementwise: (-1)^(n + 1) n! zeta(n + 1, x) for n > 0.

    Args:
        n: the order, an integer of at least 0; 0 is digamma itself.
        x: Variable, array or number, of any shape, positive.

    Returns:
        Variable of the shape of x.

    Raises:
        ValueError: if n is negative or not an integer.

    >>> import numpy as np, pdist.functions as F
    >>> F.polygamma(1, np.array([1.0])).array
    array([1.64493407])
    """
    if isinstance(n, (bool, np.bool_)) or not hasattr(n, "__index__") or n < 0:
        raise ValueError(f"polygamma: n: expected an integer of at least 0, got {n!r}")
    return polygamma_(x, n=index(n))


# Error functions -------------------------------------------------------------------------------------------


@differentiable
def bell(xp, x, /, c):
    """e^(-c x^2) for c of 1 or 1/2, elementwise, accurate also where the rounding of c x^2 would matter.

    |x| = b + d, where b has few enough digits that b^2 is exact: e^(-c b^2) e^(-c d (|x| + b)).
    """
    a = xp.minimum(abs(x), 40)
    b = xp.floor(16 * a)
    b *= 0.0625
    d = a - b
    d *= -c * (a + b)
    b *= -c * b
    return xp.exp(b) * xp.exp(d)


bell.derivative(x=lambda F, g, y, x, c: F.where(y == 0, 0.0, g * (-2 * c * x * y)))  # x may be infinite


@differentiable
def erf(xp, x):
    """2/sqrt(pi) times the integral of e^(-t^2) from 0 to x, elementwise.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x, in [-1, 1].

    >>> import numpy as np, pdist.functions as F
    >>> F.erf(np.array([0.0, 1.0])).array
    array([0.        , 0.84270079])
    """
    return in_own_dtype(special(xp).erf, x)


erf.derivative(x=lambda F, g, x: g * ((2 / _SQRT_PI) * F(bell)(x, c=1.0)))


@differentiable
def erfc(xp, x):
    """1 - erf(x), elementwise, accurate also for large x.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x, in [0, 2].

    >>> import numpy as np, pdist.functions as F
    >>> F.erfc(np.array([0.0, 10.0])).array
    array([1.00000000e+00, 2.08848758e-45])
    """
    return in_own_dtype(special(xp).erfc, x)


erfc.derivative(x=lambda F, g, x: g * ((-2 / _SQRT_PI) * F(bell)(x, c=1.0)))


@differentiable
def erfcx(xp, x):
    """e^(x^2) erfc(x), elementwise, which does not underflow for large x.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x; inf far below 0.

    >>> import numpy as np, pdist.functions as F
    >>> F.erfcx(np.array([0.0, 100.0])).array
    array([1.        , 0.00564161])
    """
    return in_own_dtype(special(xp).erfcx, x)


@differentiable
def erfcx_slope(xp, x):
    """The derivative 2 x erfcx(x) - 2/sqrt(pi) of erfcx, elementwise.

    The difference cancels for large x. Beyond 3 it is -2/sqrt(pi) (1 - c)/(2 x^2 + 1 - c) with the continued
    fraction c = 1*2/(2 x^2 + 5 - 3*4/(2 x^2 + 9 - 5*6/(2 x^2 + 13 - ...))).

    Source: the even part of Laplace's fraction for erfc (Cuyt et al. 2008, "Handbook of Continued Fractions
    for Special Functions", 13.2).
    """
    far = x > 3
    t = xp.where(far, x, 3.0)
    s = xp.minimum(t, far_bound(x))
    s = 2 * s * s
    c = 0 * s
    for k in range(16 if x.dtype.itemsize > 4 else 4, 0, -1):
        c = (2 * k - 1) * (2 * k) / (s + (4 * k + 1) - c)
    near, r = xp.where(far, 0.0, x), 1 / t  # by 1/x, since x^2 may overflow
    beyond = (-2 / _SQRT_PI) * (1 - c) * r / (2 + (1 - c) * r * r) * r
    return xp.where(far, beyond, 2 * near * in_own_dtype(special(xp).erfcx, near) - 2 / _SQRT_PI)


@differentiable
def erfcx_curve(xp, x):
    """The second derivative of erfcx, 2 (erfcx + x erfcx_slope), elementwise.

    Beyond 4 it is -2 r erfcx_slope with the continued fraction
    r = 1/(x + (3/2)/(x + (4/2)/(x + (5/2)/(x + ...)))).

    Source: repeated integrals of erfc (Abramowitz and Stegun 7.2), of which both are multiples.
    """
    slope = erfcx_slope.kernel(xp, x)
    far = x > 4
    s = xp.where(far, x, 4.0)
    t = xp.minimum(s, far_bound(x))
    near = xp.where(far, 0.0, x)
    curve = 2 * (in_own_dtype(special(xp).erfcx, near) + near * xp.where(far, 0.0, slope))
    return xp.where(far, -2 * slope * (fraction(t, 1.5, 0.5) * (t / s)), curve)


def fraction(t, first, step):
    """1/(t + first/(t + (first + step)/(t + (first + 2 step)/(t + ...)))) for t of 4 or more."""
    s = t
    for k in range(24 if t.dtype.itemsize > 4 else 10, -1, -1):
        s = t + (first + k * step) / s
    return 1 / s


def far_bound(x):
    """A bound beyond which a continued fraction equals its first term; its square does not overflow."""
    return 1e10 if x.dtype.itemsize > 2 else 100.0


erfcx.derivative(x=lambda F, g, x: g * F(erfcx_slope)(x))
erfcx_slope.derivative(x=lambda F, g, x: g * F(erfcx_curve)(x))
erfcx_curve.derivative(x=lambda F, g, y, x: g * (4 * F(erfcx_slope)(x) + 2 * x * y))


@differentiable
def erfinv(xp, x):
    """The inverse of :func:`erf`, elementwise.

    Args:
        x: Variable, array or number, of any shape, in (-1, 1).

    Returns:
        Variable of the shape of x; ±inf at ±1 and nan beyond.

    >>> import numpy as np, pdist.functions as F
    >>> F.erfinv(np.array([0.0, 0.5])).array
    array([0.        , 0.47693628])
    """
    return in_own_dtype(special(xp).erfinv, x)


erfinv.derivative(x=lambda F, g, y: g * ((_SQRT_PI / 2) * F.exp(y * y)))


@differentiable
def erfcinv(xp, x):
    """The inverse of :func:`erfc`, elementwise, accurate also for small x.

    Args:
        x: Variable, array or number, of any shape, in (0, 2).

    Returns:
        Variable of the shape of x; inf at 0, -inf at 2 and nan beyond.

    >>> import numpy as np, pdist.functions as F
    >>> F.erfcinv(np.array([0.5, 1e-30])).array
    array([0.47693628, 8.14861622])
    """
    return in_own_dtype(special(xp).erfcinv, x)


erfcinv.derivative(x=lambda F, g, y: g * ((-_SQRT_PI / 2) * F.exp(y * y)))


__all__ = [
    "digamma",
    "erf",
    "erfc",
    "erfcinv",
    "erfcx",
    "erfinv",
    "lgamma",
    "polygamma",
]
