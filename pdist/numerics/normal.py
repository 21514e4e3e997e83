"""Accurate tails of the standard Normal distribution."""

from __future__ import annotations

from .constants import INV_SQRT_2PI, SQRT_2
from .double import polynomial, rounding, split

# (1 + sqrt(2) a) e^(a^2/2) P(Z > a) in powers of (a - 5)/(a + 5), the highest first, for (float32, float64):
# its Chebyshev expansion on [-1, 1], truncated below the last digit and converted to powers
_SCALED_TAIL = (
    (-1.5341040125349537e-05, -4.311760130804032e-05, 0.000280668493360281, -8.215755224227905e-05)
    + (-0.002459665760397911, 0.010230319574475288, -0.02517913095653057, 0.04439277946949005)
    + (-0.057158950716257095, 0.047649405896663666, -0.00419371435418725, -0.07005243748426437)
    + (0.620820939540863,),
    (-5.653668435982985e-10, -3.469899739420966e-10, 6.5482793422961e-09, 4.5450408993447656e-09)
    + (-4.625920109805829e-08, -3.291508580792582e-08, 2.939102082789651e-07, 1.4920136297367147e-07)
    + (-1.9498628017468317e-06, 1.7995727392569312e-07, 1.3338626123726994e-05, -1.674732899949469e-05)
    + (-7.621075726421248e-05, 0.0002828892833455376, -4.460030664714638e-05, -0.002461265130851664)
    + (0.010208851393502314, -0.02517855483579757, 0.0443988613287147, -0.057159048971975226)
    + (0.04764866133894879, -0.004193708178282688, -0.07005241362061797, 0.6208209264948372),
)


def scaled_tail(xp, a):
    """e^(a^2/2) P(Z > a) for a >= 0, which is erfcx(a/sqrt 2)/2; ``xp`` may be the F of a rule."""
    return polynomial(_SCALED_TAIL, 1 - 10 / (a + 5)) / (1 + SQRT_2 * a)


def bell(xp, a):
    """e^(-a^2/2) for 0 <= a <= 40, accurate also where the rounding of a^2/2 would matter.

    a = b + d, where b has few enough digits that b^2 is exact: e^(-b^2/2) e^(-d (a + b)/2).
    """
    b = xp.floor(16 * a) * 0.0625
    return xp.exp(-0.5 * b * b) * xp.exp(-0.5 * (a - b) * (a + b))


def cdf_and_slope(xp, z):
    """P(Z <= z), and the density."""
    a = xp.minimum(abs(z), 40)
    e = bell(xp, a)
    tail = scaled_tail(xp, a) * e
    return xp.where(z < 0, tail, 1 - tail), INV_SQRT_2PI * e


def log_cdf_and_slope(xp, z):
    """log P(Z <= z), as log(1 - tail) on the right, and its slope."""
    a = abs(z)
    e, c = bell(xp, xp.minimum(a, 40)), scaled_tail(xp, a)
    slope = INV_SQRT_2PI * xp.where(z < 0, 1 / c, e / (1 - c * e))
    return xp.where(z < 0, xp.log(c) - 0.5 * z * z, xp.log1p(-c * e)), slope


def half_square(xp, z):
    """z^2/2 as a double word, which dominates the logarithm of a far tail."""
    h = 0.5 * z * z
    z1, z0 = split(xp, z)
    return h, rounding(xp, ((0.5 * z1 * z1 - h) + z1 * z0) + 0.5 * z0 * z0, 16 * h)
