"""A scale as given: itself, its logarithm, its reciprocal, or the number whose softplus is the scale.

In all of them ``F`` is the F of a rule, or ``raw(xp)`` in a kernel. ``careful`` selects a form that also
holds if x - loc or 1/scale overflows, at a slightly higher cost.
"""

from __future__ import annotations

import math
from typing import Any

from ...autograd import differentiable, raw
from ...numerics.constants import LARGEST, SMALLEST
from ...numerics.differences import log_minus_double
from ...numerics.double import divide_double, is_double, log_double, two_product, two_sum

_FAR = (80.0, 700.0)  # e to this is finite in (float32, float64)


class Given:
    """The scale s itself."""

    def log(F, s):
        """log scale."""
        return F.log(s)

    def log_double(F, s):
        """log scale as a double word."""
        return log_double(F.xp, s)

    def over(F, y, s, careful):
        """y/scale."""
        return y / s

    def slope(F, by_log, s):
        """The derivative in s, from that in log scale."""
        return by_log / s

    def stretched(F, d, half, s, careful):
        """z = d/(half scale), and two numbers whose ratio it is, as given if possible."""
        scale = s * half if careful else s
        return d / scale, d, scale

    def double(F, d, lo, half, s, careful):
        """z = (d + lo)/(half scale) as a double word."""
        return divide_double(F.xp, d, lo, s * half if careful else s)

    def small(s):
        """Where the scale is less than 1."""
        return s < 1


class Log(Given):
    """s is the logarithm of the scale."""

    def log(F, s):
        return s

    def log_double(F, s):
        return s, 0.0

    def over(F, y, s, careful):
        if not careful:
            return y * F.exp(-s)
        near, beyond = _exp_parts(F, s)
        return y * near * beyond * beyond

    def slope(F, by_log, s):
        return by_log

    def stretched(F, d, half, s, careful):
        if not careful:
            z = d * F.exp(-s)
        else:
            near, beyond = _exp_parts(F, s)
            z = d * (near / half) * beyond * beyond
        return z, z, 1.0

    def double(F, d, lo, half, s, careful):
        r, beyond = _exp_parts(F, s)
        log_r, log_lo = log_double(F.xp, r)
        error = (F.xp.maximum(s, -_FAR[is_double(s)]) + log_r) + log_lo  # the relative error of r
        z, z_lo = two_product(F.xp, d, r)
        z_lo = z_lo + (lo * r - z * error)
        if not careful:
            return z, z_lo
        back = 1 / half
        return z * back * beyond * beyond, z_lo * back * beyond * beyond

    def small(s):
        return s < 0


class Rate(Given):
    """s is the reciprocal of the scale."""

    def log(F, s):
        return -F.log(s)

    def log_double(F, s):
        hi, lo = log_double(F.xp, s)
        return -hi, -lo

    def over(F, y, s, careful):
        return y * s

    def slope(F, by_log, s):
        return -by_log / s

    def stretched(F, d, half, s, careful):
        z = d * (s / half)
        return z, z, 1.0

    def double(F, d, lo, half, s, careful):
        rate = s / half
        z, z_lo = two_product(F.xp, d, rate)
        return z, z_lo + lo * rate

    def small(s):
        return s > 1


class Softplus(Given):
    """s is the number whose softplus is the scale.

    A scale is limited to at least the smallest normal number, but its logarithm is not: this
    affects z only where x and loc agree in all digits.
    """

    def log(F, s):
        return F.minimum(F.log(_softplus(F, s)), s)  # if softplus underflows, it is e^s

    def log_double(F, s):
        return Softplus.log(F, s), 0.0

    def over(F, y, s, careful):
        return y / _softplus(F, s)

    def slope(F, by_log, s):
        scale = _softplus(F, s)
        return by_log * (-F.expm1(-scale) / scale)  # softplus'(s) = 1 - e^-softplus(s)

    def stretched(F, d, half, s, careful):
        return Given.stretched(F, d, half, _softplus(F, s), careful)

    def double(F, d, lo, half, s, careful):
        return Given.double(F, d, lo, half, _softplus(F, s), careful)

    def small(s):
        return s < math.log(math.e - 1)


def _softplus(F, s):
    return F.maximum(F.softplus(s), SMALLEST[is_double(s)])


FORMS: dict[str, type[Given]] = {"scale": Given, "log": Log, "rate": Rate, "softplus": Softplus}


def distance(form: Any, x: Any, loc: Any, s: Any) -> tuple[Any, Any]:
    """x - loc, and the factor applied to it and the scale: see :func:`halved`."""
    if loc is None:
        return x, 1.0
    half = halved(form, loc, s)
    return x * half - loc * half, half


def halved(form: Any, loc: Any, s: Any) -> Any:
    """1/2 if x - loc might overflow although (x - loc)/scale does not, else 1.

    That requires a location that is not small, and a scale of at least 1. A factor of 1/2 is exact, except
    for subnormal numbers, which are negligible compared with such a location.
    """
    return 1 - 0.5 * ((abs(loc) >= 1) & ~form.small(s)).astype(s.dtype)


def standardize(F: Any, form: Any, x: Any, loc: Any, s: Any, careful: bool = True) -> Any:
    """z = (x - loc)/scale; ``loc`` may be None for 0."""
    if careful:
        d, half = distance(form, x, loc, s)
    else:
        d, half = x if loc is None else x - loc, 1.0
    return form.stretched(F, d, half, s, careful)[0]


def standardize_double(
    F: Any, form: Any, x: Any, loc: Any, s: Any, careful: bool = True, log: bool = False
) -> tuple[Any, Any]:
    """z = (x - loc)/scale and its rounding residual; with log x instead of x if ``log``.

    The residual may be nan or infinite if something overflowed.
    """
    half: Any = 1.0
    if log:
        d, lo = log_minus_double(F.xp, x, loc)
    elif loc is None:
        d, lo = x, 0.0
    elif careful:
        half = halved(form, loc, s)
        d, lo = two_sum(F.xp, x * half, -loc * half)
    else:
        d, lo = two_sum(F.xp, x, -loc)
    return form.double(F, d, lo, half, s, careful)


def _exp_parts(F: Any, s: Any) -> tuple[Any, Any]:
    """a and b with e^-s = a b^2, both finite; b is 1 unless s is very negative."""
    far = _FAR[is_double(s)]
    beyond = F.exp(F.maximum(-0.5 * s - 0.5 * far, 0.0))
    return F.exp(-F.maximum(s, -far)), F.minimum(beyond, LARGEST[is_double(s)])


@differentiable
def standardized(xp, x, loc, scale, /, given):
    """(x - loc)/scale as an op; its gradients are 0 if it is infinite."""
    return standardize(raw(xp), FORMS[given], x, loc, scale)


def _standardized_rule(F, g, needs, y, scale, given):
    form = FORMS[given]
    infinite = abs(y) == math.inf
    g, y = F.where(infinite, 0.0, g), F.where(infinite, 0.0, y)
    d_x = form.over(F, g, scale, True)
    return d_x, -d_x, form.slope(F, -g * y, scale) if needs.scale else None


standardized.joint_derivative(_standardized_rule)
