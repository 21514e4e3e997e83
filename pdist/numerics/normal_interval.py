"""The standard Normal density between two points: its mass and its moments, wherever they lie.

Everything is mirrored first so that the end nearer to 0 is the lower one, ``n``; the other one is ``f``.
Masses are relative to the density at the highest point in between, which is max(n, 0): so none underflows far
out in a tail. There are three cases:

- *narrow*: f - n < sqrt 8 and (f^2 - n^2)/2 < 4. The two tails would cancel; Gauss-Legendre quadrature about
  the middle has terms of one sign alone.
- *across*: n < 0. The mass is a sum of two error functions, the moments follow from the density at the ends.
- *tail*: all else. Of the tail beyond n little lies beyond f, and both have exact moments.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ..backend import hooks, special
from .blocks import piecewise
from .constants import SQRT_HALF
from .double import divide_double, finite_or_zero, is_double, polynomial, rounding, two_product, two_sum
from .normal import bell, scaled_tail

SQRT_2PI = math.sqrt(2 * math.pi)

# (1 + 0.4 a) r_4(a) in powers of (a - 5)/(a + 5), the highest first, for (float32, float64), where r_k is the
# ratio of the k-th to the (k - 1)-th moment of e^(-a u - u^2/2) on u > 0: a Chebyshev expansion, cut off
# below the last digit and written in powers
_FOURTH_RATIO = (
    (-0.00028965758239996655, 0.0007051846909681243, 0.001766315452240049, -0.004354142962016809)
    + (-0.005218861100783609, 0.013734406387197117, 0.010314201462857116, -0.0321355596347058)
    + (-0.015145135742320966, 0.06803346607735375, 0.012343445754889357, -0.14436601236296828)
    + (0.0342893654982424, 0.31460890733144437, -0.3542585944185096, -0.35621184844752435)
    + (2.056184522746618,),
    (-3.145920295881505e-07, -3.6963194054338053e-07, 3.3407665867040648e-06, 3.842489068681655e-06)
    + (-1.72658189252195e-05, -1.946638694530942e-05, 5.9025818102057274e-05, 6.540742339863262e-05)
    + (-0.0001542964328631738, -0.00016865591562368335, 0.0003400885012225405, 0.0003677148286106616)
    + (-0.0006803153177982505, -0.0007264805155282681, 0.0013006731099378733, 0.0013583734357891907)
    + (-0.0024507722770113023, -0.0024522972213712416, 0.004623101619365774, 0.004287964266480223)
    + (-0.00880443109017915, -0.007199038152865411, 0.017030961896918717, 0.011317926583322155)
    + (-0.033660915997229125, -0.015460175687694824, 0.06845313423015514, 0.012400677796856843)
    + (-0.144428888214582, 0.034284060935283085, 0.3146132058793217, -0.3542584028587951)
    + (-0.35621193506761784, 2.0561845215985803),
)
# Gauss-Legendre nodes on (0, 1) with their weights on (-1, 1), for (float32, float64)
_NODES: tuple[tuple[tuple[float, float], ...], ...] = (
    (
        (0.14887433898163122, 0.29552422471475287),
        (0.4333953941292472, 0.26926671930999635),
        (0.6794095682990244, 0.21908636251598204),
        (0.8650633666889845, 0.1494513491505806),
        (0.9739065285171717, 0.06667134430868814),
    ),
    (
        (0.10805494870734367, 0.2152638534631578),
        (0.31911236892788974, 0.2051984637212956),
        (0.5152486363581541, 0.18553839747793782),
        (0.6872929048116855, 0.15720316715819355),
        (0.827201315069765, 0.12151857068790319),
        (0.9284348836635735, 0.08015808715976021),
        (0.9862838086968123, 0.03511946033175186),
    ),
)


class Frame(NamedTuple):
    """Two points, mirrored if need be.

    Attributes:
        flip: where they were mirrored.
        n, n_lo: the end nearer to 0, as a double word.
        f: the other end.
        width: f - n.
        middle: (n + f)/2, never negative.
        delta, delta_lo: (f^2 - n^2)/2, as a double word.
    """

    flip: Any
    n: Any
    n_lo: Any
    f: Any
    width: Any
    middle: Any
    delta: Any
    delta_lo: Any


def over(xp, a, b, s):
    """(a - b)/s as a double word."""
    d, lo = two_sum(xp, a, -b)
    q, q_lo = divide_double(xp, d, rounding(xp, lo, d), s)
    return q, rounding(xp, q_lo, q)


def sum_over(xp, a, b, loc, s):
    """((a - loc) + (b - loc))/s as a double word."""
    d, d_lo = two_sum(xp, a, -loc)
    e, e_lo = two_sum(xp, b, -loc)
    t, lo = two_sum(xp, d, e)
    lo = rounding(xp, lo, t) + (rounding(xp, d_lo, d) + rounding(xp, e_lo, e))
    q, q_lo = divide_double(xp, t, lo, s)
    return q, finite_or_zero(xp, q_lo)


def product(xp, a, a_lo, b, b_lo):
    """The product of two double words as one."""
    p, e = two_product(xp, a, b)
    lo = e + (a * b_lo + a_lo * b)
    return p, finite_or_zero(xp, lo)


def frame(xp, loc, s, low, high):
    """The ends (low - loc)/s and (high - loc)/s of an interval; either may be infinite."""
    loc, s, low, high = xp.broadcast_arrays(loc, s, low, high)
    flip = (low - loc) + (high - loc) < 0
    loc = xp.where(flip, -loc, loc)
    low, high = xp.where(flip, -high, low), xp.where(flip, -low, high)
    n, n_lo = over(xp, low, loc, s)
    f, _ = over(xp, high, loc, s)
    w, w_lo = over(xp, high, low, s)
    t, t_lo = sum_over(xp, low, high, loc, s)
    delta, delta_lo = product(xp, w, w_lo, 0.5 * t, 0.5 * t_lo)
    delta = xp.where(n == -math.inf, 0, delta)
    return Frame(flip, n, n_lo, f, w, 0.5 * t, delta, delta_lo)


def is_narrow(fr):
    """Where quadrature is used."""
    return (fr.width * fr.width < 8) & (fr.delta < 4)


@hooks.opaque
def _by_case(xp, flip, *ends, cases):
    fr = Frame(flip, *ends)
    return piecewise(xp, tuple(zip((is_narrow(fr), fr.n < 0, None), cases, strict=True)), *ends)


# Masses -----------------------------------------------------------------------------------------------------


def mass(xp, fr):
    """The integral of e^((max(n, 0)^2 - t^2)/2) from n to f, and the logarithm of its ratio to a *base*.

    The base is the width where the interval is narrow, sqrt(2 pi) across 0, and the mass itself in a tail.
    """
    return _by_case(xp, *fr, cases=(_mass_of_narrow, _mass_across, _mass_of_tail))


def _drop(xp, n, w, middle, delta):
    """(middle^2 - max(n, 0)^2)/2."""
    h = 0.5 * w
    return 0.5 * xp.where(n < 0, middle * middle, delta - h * h)


def _mass_of_narrow(xp, n, n_lo, f, w, middle, delta, delta_lo):
    h, k = 0.5 * w, 0.5 * delta
    excess = 0
    for v, weight in _NODES[is_double(w)]:
        fall, sinh = xp.expm1((-0.5 * v * v) * h * h), xp.sinh(0.5 * k * v)
        excess = excess + weight * (2 * sinh * sinh * (1 + fall) + fall)  # cosh(k v) e^(-h^2 v^2/2) - 1
    drop = _drop(xp, n, w, middle, delta)
    return w * ((1 + excess) * xp.exp(-drop)), xp.log1p(excess) - drop


def _mass_across(xp, n, n_lo, f, w, middle, delta, delta_lo):
    erf, erfc = special(xp).erf, special(xp).erfc
    half = 0.5 * (erf(SQRT_HALF * f) + erf(-SQRT_HALF * n))
    rest = 0.5 * (erfc(SQRT_HALF * f) + erfc(-SQRT_HALF * n))
    return SQRT_2PI * half, xp.where(half < 0.5, xp.log(half), xp.log1p(-rest))


def _mass_of_tail(xp, n, n_lo, f, w, middle, delta, delta_lo):
    y = SQRT_2PI * (scaled_tail(xp, n) - scaled_tail(xp, xp.where(f < math.inf, f, n)) * xp.exp(-delta))
    return y, xp.zeros_like(y)


# Moments ----------------------------------------------------------------------------------------------------


def moments(xp, fr):
    """E[(t - r)^k] for k = 1 to 4, and the mass.

    The reference point r is the middle where the interval is narrow, 0 across 0, and n in a tail.
    """
    return _by_case(xp, *fr, cases=(_moments_of_narrow, _moments_across, _moments_of_tail))


def _moments_of_narrow(xp, n, n_lo, f, w, middle, delta, delta_lo):
    h, k = 0.5 * w, 0.5 * delta
    total, first, second, third, fourth = 0, 0, 0, 0, 0
    for v, weight in _NODES[is_double(w)]:
        e, sinh = weight * xp.exp((-0.5 * v * v) * h * h), xp.sinh(0.5 * k * v)
        even, odd = e * (1 + 2 * sinh * sinh), 2 * e * sinh * xp.sqrt(1 + sinh * sinh)
        total, first, second = total + even, first + v * odd, second + v * v * even
        third, fourth = third + v**3 * odd, fourth + v**4 * even
    mass = w * (total * xp.exp(-_drop(xp, n, w, middle, delta)))
    square = h * h
    y = -h * first, square * second, -h * square * third, square * square * fourth
    return (*[m / total for m in y], mass)


def _moments_across(xp, n, n_lo, f, w, middle, delta, delta_lo):
    """By parts from the density at the ends."""
    total = _mass_across(xp, n, n_lo, f, w, middle, delta, delta_lo)[0]
    a, b = xp.minimum(-n, 40), xp.minimum(f, 40)
    near, far = bell(xp, a) * (1 + a * n_lo) / total, bell(xp, b) / total
    first = -near * xp.expm1(-delta)
    second = 1 - (a * near + b * far)
    third = 2 * first + (a * a * near - b * b * far)
    return first, second, third, 3 * second - (a * a * a * near + b * b * b * far), total


def tail_moments(xp, a):
    """The integral of e^(-a u - u^2/2) over u > 0, and the means of u to u^4 under it, for a >= 0."""
    r4 = polynomial(_FOURTH_RATIO, 1 - 10 / (a + 5)) / (1 + 0.4 * a)
    r3 = 3 / (a + r4)  # from u^(k - 1) times the slope of the density
    r2 = 2 / (a + r3)
    r1 = 1 / (a + r2)
    return 1 / (a + r1), r1, r1 * r2, r1 * r2 * r3, r1 * r2 * r3 * r4


def _moments_of_tail(xp, n, n_lo, f, w, middle, delta, delta_lo):
    """Of the whole tail, less those of what lies beyond f."""
    mass, *m = tail_moments(xp, n)
    ends = f < math.inf
    beyond, *b = tail_moments(xp, xp.where(ends, f, n))
    w = xp.where(ends, w, 1)
    beyond = beyond * xp.exp(-delta)
    share = beyond / mass
    total = 1 - share
    square, cube = w * w, w * w * w
    b = [
        w + b[0],
        square + 2 * w * b[0] + b[1],
        cube + 3 * square * b[0] + 3 * w * b[1] + b[2],
        square * square + 4 * cube * b[0] + 6 * square * b[1] + 4 * w * b[2] + b[3],
    ]
    return (*[(x - share * y) / total for x, y in zip(m, b, strict=True)], mass * total)
