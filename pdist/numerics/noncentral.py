"""A noncentral chi-square variable: density, tails, quantiles, and all that its parameters move.

With z = x/2, a = k/2 and r = nc/2 the density is

    f(x) = e^(-z - r) (z/r)^((a - 1)/2) I_(a - 1)(2 sqrt(r z))/2,

half of what a Skellam variable of the rates z and r has at a - 1, if that were a count; and P(X <= x) is the
probability that it is a or more. Where w = hypot(a - 1, 2 sqrt(r z)) is large, the integrals of a Skellam
variable hold for any order but for e^(-2 w). Else the sums over the Poisson mixture are short:

    f(x) = z^(a - 1) e^(-z - r)/(2 Gamma(a)) times the sum of q^j/(j! (a)_j), q = r z.

Source:
    A. Gil, J. Segura and N. M. Temme, "Computation of the Marcum Q-function", ACM Transactions on
    Mathematical Software 40 (2014), for the integrals; Johnson, Kotz and Balakrishnan, "Continuous Univariate
    Distributions" 2, chapter 29, for the sums. L. Birge, "An alternative point of view on Lepski's method"
    (2001), for the bounds of quantiles.
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import hooks
from . import incomplete_gamma as central
from .blocks import in_blocks, piecewise
from .constants import LARGEST, LOG_2, SMALLEST
from .differences import log_ratio
from .double import is_double, log_double, two_sum
from .gamma import log_minus_digamma_of, trigamma_minus
from .roots import search_root
from .skellam import nodes, saddle, skellam_log_prob, skellam_score

WIDE = 20.0  # w from which on the integrals are taken
_TERMS = (30, 48)  # of the sum for the density, for (float32, float64)


def _terms_of(a):
    return _TERMS[is_double(a)]


def pieces(few, many):
    """A function of z, a, r that takes the sums where they are short."""

    def computed(xp, *arrays):
        z, a, r = arrays = xp.broadcast_arrays(*arrays)
        small = xp.hypot(a - 1, 2 * (xp.sqrt(z) * xp.sqrt(r))) < WIDE
        return piecewise(xp, ((small, few), (None, many)), *arrays)

    return computed


def _sum_of(xp, q, a):
    """The sum of q^j/(j! (a)_j), by Horner's rule."""
    total = xp.ones_like(q)
    for j in range(_terms_of(a), 0, -1):
        total = 1 + total * (q / (j * (a + (j - 1))))
    return total


# The density -----------------------------------------------------------------------------------------------


def _log_density_of_few(xp, z, a, r):
    factor, h, h_lo = central.density_parts(xp, a, z)  # z^a e^-z/Gamma(a + 1)
    top, top_lo = log_double(xp, 0.5 * (factor * a) * _sum_of(xp, r * z, a))
    log_z, log_lo = log_double(xp, z)
    total, rest = two_sum(xp, -h, -log_z)
    total, more = two_sum(xp, total, -r)
    total, last = two_sum(xp, total, top)
    return (total + (((rest + more) + last) + ((top_lo - log_lo) - h_lo)),)


def _log_density_of_many(xp, z, a, r):
    return (skellam_log_prob.kernel(xp, a - 1, z, r) - LOG_2,)


log_density = pieces(_log_density_of_few, _log_density_of_many)


@differentiable
@in_blocks
@hooks.opaque
def noncentral_log_prob(xp, z, a, r):
    """log f(x) at x = 2 z >= 0."""
    inside = (z > 0) & (z < math.inf)
    found = log_density(xp, xp.where(inside, z, 1), a, r)[0]
    at_zero = xp.where(a < 1, math.inf, xp.where(a == 1, -r - LOG_2, -math.inf))
    ends = xp.where(z == 0, at_zero, xp.where(z == z, -math.inf, z))
    return xp.where(inside, found, ends).astype(found.dtype)


def _slopes_of_few(xp, z, a, r):
    """d log f/dz, f of a + 1 over f of a, and d log f/dr: means over the mixture's counts, given x."""
    q, term, total = r * z, xp.ones_like(z), 0
    less = z - a
    slope = ratio = rise = 0
    for j in range(_terms_of(a) + 1):
        if j:
            term = term * (q / (j * (a + (j - 1))))
        share = term / (a + j)
        total, ratio = total + term, ratio + share * z
        slope, rise = slope + term * (j - 1 - less), rise + share * (less - j)
    return slope / total / z, ratio / total, rise / total


def _slopes_of_many(xp, z, a, r):
    slope, rise = skellam_score.kernel(xp, a - 1, z, r), skellam_score.kernel(xp, 1 - a, r, z)
    return slope, 1 + rise, rise


_slopes = pieces(_slopes_of_few, _slopes_of_many)


def _op(name, doc, i, computed):
    """The i-th of what ``computed`` returns, as an op of z within the range of numbers."""

    def kernel(xp, z, a, r):
        return computed(xp, xp.clip(z, SMALLEST[is_double(z)], LARGEST[is_double(z)]), a, r)[i]

    kernel.__name__, kernel.__doc__ = name, doc
    return differentiable(in_blocks(hooks.opaque(kernel)))


noncentral_slope = _op("noncentral_slope", "d log f/dz.", 0, _slopes)
noncentral_ratio = _op("noncentral_ratio", "f of a + 1 over f of a.", 1, _slopes)
noncentral_rise = _op("noncentral_rise", "d log f/dr, one less.", 2, _slopes)


# What the order moves --------------------------------------------------------------------------------------


def digammas(xp, a, count):
    """For j = 0, 1, ...: D = digamma(a + j) - digamma(a + 1), and D^2 - trigamma(a + j)."""
    bend = trigamma_minus.kernel(xp, a + 1) + 1 / (a + 1)
    yield -1 / a, -bend  # the squares of 1/a cancel
    step = 0 * a
    for j in range(1, count):
        yield step, step * step - bend
        here = 1 / (a + j)
        step, bend = step + here, bend - here * here


def _order_of_few(xp, z, a, r):
    q, term = r * z, xp.ones_like(z)
    base = log_minus_digamma_of.kernel(xp, z, a + 1)
    total = first = mean = second = 0 * z
    for j, (step, square) in enumerate(digammas(xp, a, _terms_of(a) + 1)):
        if j:
            term = term * (q / (j * (a + (j - 1))))
        total, first = total + term, first + term * (base - step)
        mean, second = mean + term * step, second + term * square
    mean = mean / total
    return first / total, second / total - mean * mean


def _order_of_many(xp, z, a, r):
    at = saddle(xp, a - 1, z, r)
    _, places = nodes(xp, at.w)
    total = first = second = 0
    for t, s, _, bend in places:
        weight, turn = xp.exp(-2 * at.w * s * s), at.x * bend
        cos = weight * xp.cos(turn)
        total, second = total + cos, second + t * t * cos
        first = first + t * weight * xp.sin(turn)
    mean = first / total
    return log_ratio.kernel(xp, z, at.a, -at.a_less) + mean, -second / total - mean * mean


_order = pieces(_order_of_few, _order_of_many)


noncentral_order = _op("noncentral_order", "d log f/da.", 0, _order)
noncentral_order_bend = _op("noncentral_order_bend", "Its derivative by a.", 1, _order)


def _moves(F, z, a, r):
    """R = f of a + 1 over f of a, and its derivatives by z, a and r."""
    here, beyond = F(noncentral_ratio)(z, a, r), F(noncentral_ratio)(z, a + 1, r)
    change = here * (beyond - here)
    step = F(noncentral_order)(z, a + 1, r) - F(noncentral_order)(z, a, r)
    return here, (here + r * change) / z, here * step, change


def _slope_rule(F, g, z, a, r):
    ratio, by_z, by_a, by_r = _moves(F, z, a, r)
    g = g / z
    return g * (r * by_z - (a - 1 + r * ratio) / z), g * (1 + r * by_a), g * (ratio + r * by_r)


def _ratio_rule(F, g, z, a, r):
    return [g * move for move in _moves(F, z, a, r)[1:]]


def _order_rule(F, g, z, a, r):
    _, _, by_a, _ = _moves(F, z, a, r)
    return g * (1 + r * by_a) / z, g * F(noncentral_order_bend)(z, a, r), g * by_a


noncentral_slope.joint_derivative(_slope_rule)
noncentral_ratio.joint_derivative(_ratio_rule)
noncentral_rise.joint_derivative(_ratio_rule)
noncentral_order.joint_derivative(_order_rule)
noncentral_log_prob.derivative(
    z=lambda F, g, z, a, r: g * F(noncentral_slope)(z, a, r),
    a=lambda F, g, z, a, r: g * F(noncentral_order)(z, a, r),
    r=lambda F, g, z, a, r: g * F(noncentral_rise)(z, a, r),
)

# The mode ------------------------------------------------------------------------------------------------


@differentiable
@hooks.opaque
def noncentral_mode(xp, a, r):
    """The z > 0 at which the density is the highest, 0 if a <= 1 and it has no peak or one next to a pole."""
    a, r = xp.broadcast_arrays(a, r)
    peaked = (a > 1) | ((a == 1) & (r > 1))

    def newton(z):
        return -_slopes(xp, z, a, r)[0], xp.full_like(z, math.nan), 0 * z

    low = xp.where(peaked, SMALLEST[is_double(a)], 1.0).astype(a.dtype)
    z = search_root(xp, newton, low, xp.where(peaked, a + r, 2))
    return xp.where(peaked, z, 0)


def _mode_rule(F, g, y, a, r):
    peaked = y > 0
    z = F.where(peaked, y, 1.0)
    ratio, by_z, by_a, by_r = _moves(F, z, a, r)
    bend = r * by_z - (a - 1 + r * ratio) / z
    g = F.where(peaked, -g / bend, 0.0)
    return g * (1 + r * by_a), g * (ratio + r * by_r)


noncentral_mode.joint_derivative(_mode_rule)
