"""How the tails of a Beta variable change with its shapes, and its quantiles.

The derivative of the logarithm of a tail by a shape is the mean over the tail of that of the log density; the
second one is a covariance of two of these plus the mean of their own. See
:mod:`pdist.numerics.incomplete_beta` for the panels and for the series.

Source:
    Figurnov, Mohamed and Mnih, "Implicit Reparameterization Gradients" (2018).
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import hooks, special
from .beta import (
    away_from_mean,
    beta_complement_score,
    beta_score,
    complement,
    log_beta_density,
    log_mass,
    score_at,
)
from .blocks import piecewise
from .bregman import digamma_difference, trigamma
from .constants import SMALLEST
from .double import is_double, log_double, two_sum
from .incomplete_beta import (
    beta_tail_at,
    end_of_tail,
    fall_of_mass,
    from_mean,
    log_power_part,
    over_panels,
    series_part,
    smaller_tail,
)
from .roots import ended

# The logarithm of one tail ---------------------------------------------------------------------------------


def _panel_slopes(xp, x, x_lo, y, y_lo, a, b):
    """Of the tail on that side of the mean where x lies."""
    d = away_from_mean(xp, (x, x_lo), (y, y_lo), a, b)[0]
    place = from_mean(xp, x, y, d, a, b)
    p, q = place[:2]
    log_weight = fall_of_mass(xp, *place)
    low = p <= 0.5

    def parts(w):
        """The weight, and with it the changes of log X and log(1 - X) since x, their squares and product."""
        mass = xp.exp(log_weight(w))
        r = xp.log1p(xp.where(low, p * xp.expm1(-w), q * xp.expm1(w)))
        u, v = xp.where(low, -w - r, -r), xp.where(low, -r, w - r)
        return mass, mass * u, mass * v, mass * u * u, mass * u * v, mass * v * v

    total, *sums = over_panels(xp, parts, end_of_tail(xp, log_weight, *place))
    u, v, uu, uv, vv = (part / total for part in sums)
    all_of_it = trigamma.kernel(xp, a + b)
    near, far = u, v  # from the end of the tail's side
    uu, uv, vv = uu - u * u, uv - u * v, vv - v * v
    lower = d >= 0
    by_a = score_at(xp, (x, x_lo), (y, y_lo), a, b) + xp.where(lower, near, far)
    by_b = score_at(xp, (y, y_lo), (x, x_lo), b, a) + xp.where(lower, far, near)
    aa = xp.where(lower, uu, vv) + (all_of_it - trigamma.kernel(xp, a))
    bb = xp.where(lower, vv, uu) + (all_of_it - trigamma.kernel(xp, b))
    return by_a, by_b, aa, uv + all_of_it, bb, lower


def _low_series_slopes(xp, x, x_lo, y, y_lo, a, b):
    """Of the lower tail for a < 1 and x near 0, from its series."""
    c = xp.ones_like(x)
    c1 = c2 = xp.zeros_like(x)  # the coefficients, and their derivatives by b
    zero = xp.zeros_like(x)
    s, s_a, s_b, s_aa, s_ab, s_bb = xp.ones_like(x), zero, zero, zero, zero, zero
    for k in range(1, 54 if is_double(x) else 25):
        r, e = x * ((k - b) / k), x / k
        c, c1, c2 = c * r, c1 * r - c * e, c2 * r - 2 * c1 * e
        f = 1 / (a + k)
        s, s_b, s_bb = s + a * f * c, s_b + a * f * c1, s_bb + a * f * c2
        f = k * f * f
        s_a, s_ab, s_aa = s_a + f * c, s_ab + f * c1, s_aa - 2 * f * c / (a + k)
    by_a, by_b = s_a / s, s_b / s
    n = a + b
    all_of_it = trigamma.kernel(xp, n)
    aa = s_aa / s - by_a * by_a + (all_of_it - trigamma.kernel(xp, a + 1))
    ab = s_ab / s - by_a * by_b + all_of_it
    bb = s_bb / s - by_b * by_b + (all_of_it - trigamma.kernel(xp, b))
    one = xp.ones_like(x)
    by_a = by_a + (xp.log(x) + digamma_difference.kernel(xp, n, a + 1, b - one))
    return by_a, by_b + digamma_difference.kernel(xp, n, b, a), aa, ab, bb, x == x


def _high_series_slopes(xp, x, x_lo, y, y_lo, a, b):
    by_b, by_a, bb, ab, aa, _ = _low_series_slopes(xp, y, y_lo, x, x_lo, b, a)
    return by_a, by_b, aa, ab, bb, x != x


def _end_slopes(xp, x, x_lo, y, y_lo, a, b):
    """At the ends nothing changes but the logarithm of nothing."""
    zero = 0 * x * y * a * b
    return zero, zero, zero, zero, zero, x < y


def low_series_holds(x, a, b):
    """Where the series near 0 is taken."""
    return (a < 1) & (x <= 0.5) & (b * x < 0.7)


@hooks.opaque
def tail_slopes(xp, x, x_lo, y, y_lo, a, b, *, upper, log):
    """The derivatives of a tail, or of its logarithm, by a, b, twice a, both, and twice b."""
    arrays = xp.broadcast_arrays(x, x_lo, y, y_lo, a, b)
    shape = arrays[0].shape
    x, x_lo, y, y_lo, a, b = [xp.reshape(v, (-1,)) for v in arrays]
    pieces = (
        (~((x > 0) & (y > 0)), _end_slopes),
        (low_series_holds(x, a, b), _low_series_slopes),
        (low_series_holds(y, b, a), _high_series_slopes),
        (None, _panel_slopes),
    )
    by_a, by_b, aa, ab, bb, below = piecewise(xp, pieces, x, x_lo, y, y_lo, a, b)
    small, _, small_below = smaller_tail(xp, x, x_lo, y, y_lo, a, b)
    same = below == small_below
    tail, other = xp.where(same, small, 1 - small), xp.where(same, 1 - small, small)
    opposite = below if upper else ~below
    aa, ab, bb = (aa, by_a, by_a), (ab, by_a, by_b), (bb, by_b, by_b)
    if log:
        ratio = tail / other
        none = ratio == 0
        slopes = [xp.where(opposite, xp.where(none, 0, -ratio * m), m) for m in (by_a, by_b)]
        bends = [
            xp.where(opposite, xp.where(none, 0, -ratio * (bend + m * k) - ratio * m * (ratio * k)), bend)
            for bend, m, k in (aa, ab, bb)
        ]
    else:
        signed = xp.where(opposite, -tail, tail)
        none = tail == 0
        slopes = [xp.where(none, 0, signed * m) for m in (by_a, by_b)]
        bends = [xp.where(none, 0, signed * (bend + m * k)) for bend, m, k in (aa, ab, bb)]
    return tuple(xp.reshape(v, shape) for v in (*slopes, *bends))


# Tails -----------------------------------------------------------------------------------------------------


def _words(xp, x):
    return (x, 0 * x, *complement(xp, x))


@differentiable
def beta_tail(xp, x, a, b, /, upper, log):
    """P(X <= x) or, if ``upper``, P(X > x), or its logarithm, for 0 <= x <= 1."""
    return beta_tail_at(xp, *_words(xp, x), a, b, upper=upper, log=log)


@differentiable
def beta_tail_slope(xp, x, a, b, /, by, upper, log):
    """The derivative of :func:`beta_tail` by the shape ``by``."""
    return tail_slopes(xp, *_words(xp, x), a, b, upper=upper, log=log)["ab".index(by)]


@differentiable
def beta_tail_bend(xp, x, a, b, /, by, upper, log):
    """The second derivative by the shapes ``by``: aa, ab or bb."""
    return tail_slopes(xp, *_words(xp, x), a, b, upper=upper, log=log)[2 + ("aa", "ab", "bb").index(by)]


def _tail_by_x(F, g, y, x, a, b, upper, log):
    """The density, or that over the tail."""
    log_density = F(log_beta_density)(x, a, b)
    slope = F.exp(log_density - F.where(y == -math.inf, math.inf, y) if log else log_density)
    return g * (-slope if upper else slope)


def _slope_by_x(F, g, y, x, a, b, by, upper, log):
    """The derivative by a shape of the density, or, if ``log``, of the density over the tail."""
    log_density = F(log_beta_density)(x, a, b)
    change = F(beta_score if by == "a" else beta_complement_score)(x, a, b)
    if log:
        log_density = log_density - F(beta_tail)(x, a, b, upper=upper, log=True)
        change = change - y
    density = F.exp(log_density) * change
    return g * (-density if upper else density)


def _bend_rule(shape):
    def rule(F, g, x, a, b, by, upper, log):
        return g * F(beta_tail_bend)(x, a, b, by="".join(sorted(by + shape)), upper=upper, log=log)

    return rule


beta_tail.derivative(
    x=_tail_by_x,
    a=lambda F, g, x, a, b, upper, log: g * F(beta_tail_slope)(x, a, b, by="a", upper=upper, log=log),
    b=lambda F, g, x, a, b, upper, log: g * F(beta_tail_slope)(x, a, b, by="b", upper=upper, log=log),
)
beta_tail_slope.derivative(x=_slope_by_x, a=_bend_rule("a"), b=_bend_rule("b"))

# Quantiles -------------------------------------------------------------------------------------------------


def _step_of_series(xp, z, p, q, a, b):
    """Newton's step of log z where the series holds, from log p - log P(Z <= z) in double words."""
    loss = series_part(xp, z, a, b)
    h, h_lo = log_power_part(xp, z, 0 * z, a, b)
    log_p, lo = two_sum(xp, *log_double(xp, p, finer=True))
    change, change_lo = two_sum(xp, log_p, -h)
    change = change + (change_lo + ((lo - h_lo) - xp.log1p(-loss)))
    return (change / a * ((1 - loss) * xp.exp((1 - b) * xp.log1p(-z))),)


def _step_of_tail(xp, z, p, q, a, b):
    """Newton's step of log z from the smaller tail."""
    y, y_lo = complement(xp, z)
    tail, log_tail, lower = smaller_tail(xp, z, 0 * z, y, y_lo, a, b)
    h, lo = log_mass(xp, (z, 0 * z), (y, y_lo), a, b)
    aim = xp.where(lower, p, q)
    ratio = (aim - tail) / tail
    change = xp.where(abs(ratio) < 1, xp.log1p(ratio), xp.log(aim) - log_tail)
    step = change * (y * xp.exp(log_tail - (h + lo)))
    return (xp.where(lower, step, -step),)


@hooks.opaque
def quantile_at(xp, p, q, a, b):
    """x and 1 - x with P(X <= x) = p and P(X > x) = q: SciPy's, then Newton's steps of the smaller one."""
    p, q, a, b = xp.broadcast_arrays(p, q, a, b)
    shape = p.shape
    p, q, a, b = [xp.reshape(v, (-1,)) for v in (p, q, a, b)]
    x = special(xp).betaincinv(a, b, p).astype(p.dtype)
    y = special(xp).betaincinv(b, a, q).astype(p.dtype)
    low = ~(x > 0.5)
    p, q, a, b = xp.where(low, p, q), xp.where(low, q, p), xp.where(low, a, b), xp.where(low, b, a)
    z = xp.where(low, x, y)
    smallest = SMALLEST[is_double(z)]
    # Where that is 0, the power law near 0
    power = xp.log(p) - (special(xp).gammaln(a + b) - special(xp).gammaln(a + 1) - special(xp).gammaln(b))
    z = xp.where(z > smallest, z, xp.exp(xp.minimum(power / a, -1)).astype(p.dtype))
    done = ~(z > smallest)
    for i in range(16):
        at = xp.minimum(xp.maximum(z, smallest), 0.75)
        pieces = ((low_series_holds(at, a, b), _step_of_series), (None, _step_of_tail))
        (step,) = piecewise(xp, pieces, at, p, q, a, b)
        step = xp.where(done | (step != step), 0, xp.clip(step, -0.7, 2))
        z = z + z * step
        done = done | ~(abs(step) > (1e-9 if is_double(z) else 1e-4))  # what is left is its square
        if ended(xp, done, i):
            break
    other = 1 - z
    z = xp.where((p >= 0) & (q >= 0), z, math.nan)
    return tuple(xp.reshape(v, shape) for v in (xp.where(low, z, other), xp.where(low, other, z)))


@differentiable
def beta_quantile(xp, p, a, b):
    """The x with P(X <= x) = p."""
    return quantile_at(xp, p, 1 - p, a, b)[0]


@differentiable
def moved_beta(xp, x, a, b):
    """x as it is; it moves with the shapes so that its place in the distribution stays the same."""
    return x + 0 * a + 0 * b


def _moves(F, g, x, a, b, by):
    """-(dP/d shape)/f of the lower tail."""
    slope = F(beta_tail_slope)(x, a, b, by=by, upper=False, log=False)
    return -g * slope * F.exp(-F(log_beta_density)(x, a, b))


beta_quantile.derivative(
    p=lambda F, g, y, a, b: g * F.exp(-F(log_beta_density)(y, a, b)),
    a=lambda F, g, y, a, b: _moves(F, g, y, a, b, "a"),
    b=lambda F, g, y, a, b: _moves(F, g, y, a, b, "b"),
)
moved_beta.derivative(
    x=lambda F, g: g,
    a=lambda F, g, x, a, b: _moves(F, g, x, a, b, "a"),
    b=lambda F, g, x, a, b: _moves(F, g, x, a, b, "b"),
)
