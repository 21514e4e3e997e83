"""Exponential integrals times e^c, as moments have them.

Source:
    DLMF, sections 6.6 and 8.19.
"""

from __future__ import annotations

from ..autograd import differentiable
from .constants import EULER


@differentiable
def scaled_integral(xp, c, /, n):
    """e^c E_n(c) of the exponential integral E_n, for c > 0 and n > 0: 1/(c + n) or nearly, if c is large."""
    steps = 130
    t = c + n + 2 * steps
    for j in range(steps, 0, -1):
        t = c + n + 2 * (j - 1) - j * (j + n - 1) / t
    small = xp.minimum(c, 0.8)
    y = xp.exp(small) * ((_entire(xp, small) - EULER) - xp.log(small))
    for m in range(1, n):
        y = (1 - small * y) / m
    return xp.where(c < 0.8, y, 1 / t)


def _entire(xp, c):
    """E_1(c) + log c + EULER for 0 <= c < 1, by its series."""
    term, total = -xp.ones_like(c), 0
    for k in range(1, 20):
        term = term * (-c / k)
        total = total + term / k
    return total


scaled_integral.derivative(c=lambda F, g, y, c, n: g * ((n - 1) * y - n * F(scaled_integral)(c, n=n + 1)) / c)


@differentiable
def integral_excess(xp, c):
    """e^c E_1(c) + log c, without the logarithm for small c."""
    small = xp.minimum(c, 0.8)
    near = xp.exp(small) * (_entire(xp, small) - EULER) - xp.expm1(small) * xp.log(small)
    return xp.where(c < 0.8, near, scaled_integral.kernel(xp, c, 1) + xp.log(c))


integral_excess.derivative(c=lambda F, g, c: g * (1 - F(scaled_integral)(c, n=2)) / c)
