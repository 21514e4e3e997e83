"""The tails of the standard Normal distribution, to the last digits."""

from __future__ import annotations

from ..backend import special
from .constants import SQRT_HALF
from .double import rounding, split


def normal_tail_parts(xp, z, z_lo):
    """h, h_lo and c such that P(Z > |z + z_lo|) = c e^-(h + h_lo) for a standard Normal Z.

    h + h_lo is z^2/2 as a double word: the tail multiplies its error by e^h. c is erfcx(|z|/sqrt 2)/2.
    """
    h = 0.5 * z * z
    z1, z0 = split(xp, z)
    h_lo = (((0.5 * z1 * z1 - h) + z1 * z0) + 0.5 * z0 * z0) + z * z_lo
    return h, rounding(xp, h_lo, 16 * h), 0.5 * special(xp).erfcx(SQRT_HALF * abs(z))


def normal_tail(xp, z, z_lo):
    """P(Z > |z + z_lo|) of a standard Normal Z, to the last digits."""
    h, h_lo, c = normal_tail_parts(xp, z, z_lo)
    return c * (xp.exp(-h) * (1 - h_lo))
