"""A scale as it was given: itself, its logarithm, its reciprocal, or what softplus makes a scale of.

Every function takes ``given``, the name of that form. ``F`` is the F of a rule, or ``raw(xp)`` in kernels.
"""

from __future__ import annotations

import math
from typing import Any

from ...autograd import differentiable
from ...autograd.op import raw
from ...numerics.constants import LARGEST
from ...numerics.differences import log_minus_double
from ...numerics.double import divide_double, is_double, log_double, rounding, two_product, two_sum

FORMS = ("scale", "log", "rate", "softplus")
_SMALL = (-20.0, -40.0)  # below, softplus is the exponential function in (float32, float64)
_FAR = (80.0, 700.0)  # e to this is finite in (float32, float64)


def distance(F: Any, x: Any, loc: Any, s: Any, given: str) -> tuple[Any, Any]:
    """x - loc, and what it was multiplied by, along with the scale: 1/2 if the difference might overflow.

    That takes a location that is not small; beside a scale below 1 an infinite distance is right. A factor of
    1/2 is exact, but for numbers below the smallest normal one, which do not count beside such a location.
    """
    if loc is None:
        return x, 1.0
    small = s < 0 if given == "log" else s > 1 if given == "rate" else s < 1
    half = 1 - 0.5 * ((abs(loc) >= 1) & ~small).astype(s.dtype)
    return x * half - loc * half, half


def _of_softplus(F: Any, s: Any, function: Any) -> Any:
    """What ``function`` of a scale and its form gives for softplus(s), also if that underflows to 0."""
    small = s < _SMALL[is_double(s)]
    far = function(F.where(small, s, 0.0), "log")
    near = function(F.softplus(F.where(small, 0.0, s)), "scale")
    if isinstance(far, tuple):
        return tuple(F.where(small, a, b) for a, b in zip(far, near, strict=True))
    return F.where(small, far, near)


def standardize(F: Any, x: Any, loc: Any, s: Any, given: str, careful: bool = True) -> Any:
    """z = (x - loc)/scale.

    Args:
        F: functions.
        x: values.
        loc: locations, or None for 0.
        s: the scale in the form that ``given`` names.
        given: see :data:`FORMS`.
        careful: whether it is also right if x - loc or 1/scale overflows.
    """
    if not careful:
        d = x if loc is None else x - loc
        if given == "scale":
            return d / s
        return d * (F.exp(-s) if given == "log" else s if given == "rate" else 1 / F.softplus(s))
    if given == "softplus":
        return _of_softplus(F, s, lambda s, given: standardize(F, x, loc, s, given))
    d, half = distance(F, x, loc, s, given)
    if given == "scale":
        return d / (s * half)
    if given == "rate":
        return d * (s / half)
    near, beyond = _exp_parts(F, s)
    return d * (near / half) * beyond * beyond


def over_scale(F: Any, y: Any, s: Any, given: str) -> Any:
    """y/scale."""
    if given == "scale":
        return y / s
    if given == "rate":
        return y * s
    if given == "softplus":
        return _of_softplus(F, s, lambda s, given: over_scale(F, y, s, given))
    near, beyond = _exp_parts(F, s)
    return y * near * beyond * beyond


def log_scale(F: Any, s: Any, given: str) -> Any:
    """The logarithm of the scale."""
    if given == "log":
        return s
    if given == "rate":
        return -F.log(s)
    if given == "softplus":
        return _of_softplus(F, s, lambda s, given: log_scale(F, s, given))
    return F.log(s)


def by_given(F: Any, slope: Any, s: Any, given: str) -> Any:
    """A derivative by log scale, turned into that by the form that was given."""
    if given == "log":
        return slope
    if given == "scale":
        return slope / s
    if given == "rate":
        return -slope / s
    small = s < _SMALL[is_double(s)]
    return F.where(small, slope, softplus_slope(F, slope, F.softplus(F.where(small, 0.0, s))))


def softplus_slope(F: Any, slope: Any, scale: Any) -> Any:
    """A derivative by log scale, turned into that by s, scale being softplus(s) and not 0."""
    return slope * (-F.expm1(-scale) / scale)  # softplus'(s) = 1 - e^-softplus(s)


def standardize_double(F: Any, x: Any, loc: Any, s: Any, given: str, log: bool = False) -> tuple[Any, Any]:
    """z = (x - loc)/scale and its residual: what rounding took from it; of log x in place of x if ``log``."""
    xp = F.xp
    if given == "softplus":
        return _of_softplus(F, s, lambda s, given: standardize_double(F, x, loc, s, given, log))
    half: Any = 1.0
    if log:
        d, lo = log_minus_double(xp, x, loc)
    elif loc is None:
        d, lo = x, xp.zeros_like(x)
    else:
        _, half = distance(F, x, loc, s, given)
        d, lo = two_sum(xp, x * half, -loc * half)
    if given == "scale":
        z, lo = divide_double(xp, d, lo, s * half)
        return z, rounding(xp, lo, z)
    if given == "rate":
        rate = s / half
        z, z_lo = two_product(xp, d, rate)
        return z, rounding(xp, z_lo + lo * rate, 8 * z)
    r, beyond = _exp_parts(F, s)
    log_r, log_lo = log_double(xp, r)
    error = (xp.maximum(s, -_FAR[is_double(s)]) + log_r) + log_lo  # of r, relative
    z, z_lo = two_product(xp, d, r)
    z_lo = z_lo + (lo * r - z * error)
    z, z_lo = [a * (1 / half) * beyond * beyond for a in (z, z_lo)]
    return z, rounding(xp, z_lo, 8 * z)


def _exp_parts(F: Any, s: Any) -> tuple[Any, Any]:
    """a and b with e^-s = a b^2, both finite; b is 1 unless s is very small."""
    far = _FAR[is_double(s)]
    beyond = F.exp(F.maximum(-0.5 * s - 0.5 * far, 0.0))
    return F.exp(-F.maximum(s, -far)), F.minimum(beyond, LARGEST[is_double(s)])


@differentiable
def standardized(xp, x, loc, scale, /, given):
    """(x - loc)/scale as an op; its gradients are 0 if it is infinite."""
    return standardize(raw(xp), x, loc, scale, given)


def _standardized_rule(F, needs, g, z, _x, _loc, scale, given):
    infinite = abs(z) == math.inf
    g, z = F.where(infinite, 0.0, g), F.where(infinite, 0.0, z)
    d_x = over_scale(F, g, scale, given)
    return d_x, -d_x, by_given(F, -g * z, scale, given) if needs[2] else None


standardized.joint_derivative(_standardized_rule)
