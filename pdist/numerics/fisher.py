"""The F distribution: the odds of a Beta(m/2, n/2) times n/m.

With w = m x/(m x + n), v = 1 - w, both double words, x f(x) is the mass w^a v^b/B(a, b), a = m/2, b = n/2.
Its logarithm grows with log x as D = a v - b w. Neither degree of freedom moves the mean by much; what each
of them does to the shapes and to the odds is therefore taken together.
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import hooks
from .beta import add_double, away_from_mean, digamma_drop, log_mass, log_share, log_word, score_at
from .beta_shape import quantile_at, tail_slopes
from .constants import SMALLEST
from .differences import log1pmx
from .double import divide_double, is_double, rounding, two_product, two_sum
from .gamma import log_minus_digamma, trigamma_minus
from .incomplete_beta import beta_tail_at

_FAR = (2.0**32, 2.0**256)  # beyond these values of (float32, float64), products are scaled


def shares(xp, x, m, n):
    """w and v as double words, and a and b."""
    far = _FAR[is_double(x + m)]
    unit = xp.where(x > far, 1 / far, xp.where(x < 1 / far, far, 1)).astype(x.dtype)
    y, z = unit * x, unit * n
    p, p_lo = two_product(xp, m, y)
    p_lo = rounding(xp, p_lo, p)
    s, s_lo = two_sum(xp, p, z)
    s_lo = s_lo + p_lo
    words = []
    for c, c_lo in ((p, p_lo), (z, 0 * z)):
        q, lo = divide_double(xp, c, c_lo, s)
        words.append(two_sum(xp, q, rounding(xp, lo - q * (s_lo / s), 4 * q)))
    end = x == math.inf
    w, v = words
    return (
        (xp.where(end, 1, w[0]), xp.where(end, 0, w[1])),
        (xp.where(end, 0, v[0]), xp.where(end, 0, v[1])),
        0.5 * m,
        0.5 * n,
    )


# The density -----------------------------------------------------------------------------------------------


@differentiable
@hooks.opaque
def fisher_log_prob(xp, x, m, n):
    """log f(x) for x > 0."""
    x, m, n = xp.broadcast_arrays(x, m, n)
    inside = (x > 0) & (x < math.inf)
    least = SMALLEST[is_double(x)] * 2.0**40 * xp.maximum(n / m, 1)  # below it w is short of digits
    some = xp.maximum(xp.where(inside, x, 1), least)
    h, lo = log_mass(xp, *shares(xp, some, m, n))
    log_x = log_word(xp, some, 0)
    found = add_double(xp, (h, lo), (-log_x[0], -log_x[1]))[0]
    tiny = inside & (x < some)
    found = xp.where(tiny, found + (0.5 * m - 1) * (xp.log(xp.where(tiny, x, 1)) - log_x[0]), found)
    two = m == 2  # the log density is 0 at 0, and small next to it
    found = xp.where(two, -(1 + 0.5 * n) * xp.log1p(2 * (xp.where(two & inside, x, 1) / n)), found)
    low = xp.where(m < 2, math.inf, xp.where(two, 0, -math.inf))
    found = xp.where(x == 0, low, xp.where(inside, found, -math.inf))
    return xp.where(x == x, found, x).astype(h.dtype, copy=False)


@differentiable
def fisher_share(xp, x, m, n, /, rest):
    """w or, if ``rest``, v."""
    return shares(xp, x, m, n)[1 if rest else 0][0]


@differentiable
def fisher_rise(xp, x, m, n):
    """D = a v - b w, the derivative of the logarithm of x f(x) by log x."""
    return away_from_mean(xp, *shares(xp, x, m, n))[0]


@differentiable
def fisher_slope(xp, x, m, n):
    """d log f/dx = (D - 1)/x."""
    h, lo = away_from_mean(xp, *shares(xp, x, m, n))
    h, rest = two_sum(xp, h, -xp.ones_like(h))
    return (h + (lo + rest)) / x


@differentiable
@hooks.opaque
def fisher_score(xp, x, m, n):
    """d log f/dm = (log(1 + u) - u + digamma_drop(a, b))/2 with u = -D/a."""
    return _score(xp, *shares(xp, x, m, n))


def _score(xp, w, v, a, b):
    d = away_from_mean(xp, w, v, a, b)[0]
    u = -d / a
    near = abs(u) < 0.5
    some = xp.where(near, u, 0)
    far = score_at(xp, w, v, a, b) - u
    return 0.5 * xp.where(near, log1pmx(xp, some) + digamma_drop.kernel(xp, a, b), far)


@differentiable
@hooks.opaque
def fisher_rest_score(xp, x, m, n):
    """d log f/dn, which is that of 1/x with the degrees of freedom exchanged."""
    w, v, a, b = shares(xp, x, m, n)
    found = _score(xp, v, w, b, a)
    u = 2 * (x / n)
    near = (m == 2) & (u < 0.5)  # there both of the terms below vanish with x
    u = xp.where(near, u, 0)
    small = (u / n) / (1 + u) - 0.5 * (log1pmx(xp, u) + u * u / (1 + u))
    return xp.where(near, small, found)


def _share_move(F, g, x, m, n, rest, by):
    """w v times the derivative of the log odds."""
    move = F(fisher_share)(x, m, n, rest=False) * F(fisher_share)(x, m, n, rest=True) / by
    return -g * move if rest else g * move


fisher_share.derivative(
    x=lambda F, g, x, m, n, rest: _share_move(F, g, x, m, n, rest, x),
    m=lambda F, g, x, m, n, rest: _share_move(F, g, x, m, n, rest, m),
    n=lambda F, g, x, m, n, rest: _share_move(F, g, x, m, n, rest, -n),
)
fisher_rise.derivative(
    x=lambda F, g, x, m, n: -g * _weight(F, x, m, n) / x,
    m=lambda F, g, y, x, m, n: g * F(fisher_share)(x, m, n, rest=True) * y / m,
    n=lambda F, g, y, x, m, n: g * F(fisher_share)(x, m, n, rest=False) * y / n,
)


def _weight(F, x, m, n):
    """(a + b) w v, by which D falls."""
    return 0.5 * (m + n) * F(fisher_share)(x, m, n, rest=False) * F(fisher_share)(x, m, n, rest=True)


def _score_move(F, g, x, m, n, by, rest):
    """The derivative of D by a degree of freedom, over x."""
    return g * F(fisher_share)(x, m, n, rest=rest) * F(fisher_rise)(x, m, n) / by / x


fisher_slope.derivative(
    x=lambda F, g, y, x, m, n: -g * (y + _weight(F, x, m, n) / x) / x,
    m=lambda F, g, x, m, n: _score_move(F, g, x, m, n, m, True),
    n=lambda F, g, x, m, n: _score_move(F, g, x, m, n, n, False),
)


def _score_bend(F, g, x, m, n, a):
    """The second derivative by the degree of freedom 2 a."""
    d = F(fisher_rise)(x, m, n) / a
    h = 0.5 * (m + n)
    return 0.25 * g * (d * d / h + F(trigamma_minus)(h) - F(trigamma_minus)(a))


def _mixed_bend(F, g, x, m, n):
    """That by both."""
    d = F(fisher_rise)(x, m, n)
    h = 0.5 * (m + n)
    return g * (0.25 * F(trigamma_minus)(h) - d / m * (d / n) / h)


fisher_score.derivative(
    x=lambda F, g, x, m, n: _score_move(F, g, x, m, n, m, True),
    m=lambda F, g, x, m, n: _score_bend(F, g, x, m, n, 0.5 * m),
    n=_mixed_bend,
)
fisher_rest_score.derivative(
    x=lambda F, g, x, m, n: _score_move(F, g, x, m, n, n, False),
    m=_mixed_bend,
    n=lambda F, g, x, m, n: _score_bend(F, g, x, m, n, 0.5 * n),
)
fisher_log_prob.derivative(
    x=lambda F, g, x, m, n: g * F(fisher_slope)(x, m, n),
    m=lambda F, g, x, m, n: g * F(fisher_score)(x, m, n),
    n=lambda F, g, x, m, n: g * F(fisher_rest_score)(x, m, n),
)

# Tails -----------------------------------------------------------------------------------------------------


@differentiable
@hooks.opaque
def fisher_tail(xp, x, m, n, /, upper, log):
    """P(X <= x) or, if ``upper``, P(X > x), or its logarithm, for x >= 0."""
    w, v, a, b = shares(xp, x, m, n)
    return beta_tail_at(xp, *w, *v, a, b, upper=upper, log=log)


@hooks.opaque
def _tail_moves(xp, x, m, n, *, upper, log):
    """The derivatives of a tail by m, n, twice m, both and twice n: those by the shapes, and by the odds."""
    x, m, n = xp.broadcast_arrays(x, m, n)
    inside = (x > 0) & (x < math.inf)
    w, v, a, b = shares(xp, xp.where(inside, x, 1), m, n)
    by_a, by_b, aa, ab, bb = tail_slopes(xp, *w, *v, a, b, upper=upper, log=log)
    h, lo = log_mass(xp, w, v, a, b)
    if log:
        h = h - beta_tail_at(xp, *w, *v, a, b, upper=upper, log=True)
    rise = xp.exp(h) * (1 + lo)  # the derivative by the log odds
    rise = -rise if upper else rise
    bend = away_from_mean(xp, w, v, a, b)[0]
    to_a, to_b = score_at(xp, w, v, a, b), score_at(xp, v, w, b, a)
    if log:
        bend, to_a, to_b = bend - rise, to_a - by_a, to_b - by_b
    found = (
        0.5 * by_a + rise / m,
        0.5 * by_b - rise / n,
        0.25 * aa + rise * (to_a + (bend - 1) / m) / m,
        0.25 * ab + rise * (to_b / (2 * m) - to_a / (2 * n) - bend / m / n),
        0.25 * bb - rise * (to_b - (bend + 1) / n) / n,
    )
    return tuple(xp.where(inside, y, 0) for y in found)


@differentiable
def fisher_tail_slope(xp, x, m, n, /, by, upper, log):
    """The derivative of :func:`fisher_tail` by ``by``."""
    return _tail_moves(xp, x, m, n, upper=upper, log=log)["mn".index(by)]


@differentiable
def fisher_tail_bend(xp, x, m, n, /, by, upper, log):
    """The second derivative by ``by``: mm, mn or nn."""
    return _tail_moves(xp, x, m, n, upper=upper, log=log)[2 + ("mm", "mn", "nn").index(by)]


def _density(F, x, m, n, upper, less=0.0):
    slope = F.exp(F(fisher_log_prob)(x, m, n) - less)
    return -slope if upper else slope


def _slope_by_x(F, g, y, x, m, n, by, upper, log):
    """That of the density, or of the density over the tail."""
    change = F(fisher_score if by == "m" else fisher_rest_score)(x, m, n)
    if not log:
        return g * _density(F, x, m, n, upper) * change
    return g * _density(F, x, m, n, upper, F(fisher_tail)(x, m, n, upper=upper, log=True)) * (change - y)


def _tail_by_x(F, g, y, x, m, n, upper, log):
    return g * _density(F, x, m, n, upper, F.where(y == -math.inf, math.inf, y) if log else 0.0)


def _slope_rule(by):
    return lambda F, g, x, m, n, upper, log: g * F(fisher_tail_slope)(x, m, n, by=by, upper=upper, log=log)


def _bend_rule(other):
    def rule(F, g, x, m, n, by, upper, log):
        return g * F(fisher_tail_bend)(x, m, n, by="".join(sorted(by + other)), upper=upper, log=log)

    return rule


fisher_tail.derivative(x=_tail_by_x, m=_slope_rule("m"), n=_slope_rule("n"))
fisher_tail_slope.derivative(x=_slope_by_x, m=_bend_rule("m"), n=_bend_rule("n"))

# Quantiles and draws ---------------------------------------------------------------------------------------


@differentiable
def fisher_quantile(xp, p, m, n, /, upper):
    """The x with P(X <= x) = p or, if ``upper``, P(X > x) = p."""
    q = 1 - p
    w, v = quantile_at(xp, q if upper else p, p if upper else q, 0.5 * m, 0.5 * n)
    return w / v * (n / m)


@differentiable
def moved_fisher(xp, x, m, n):
    """x as it is; it moves with m and n so that its place in the distribution stays the same."""
    return x + 0 * m + 0 * n


def _move(F, g, x, m, n, by):
    """-(dP/d by)/f."""
    slope = F(fisher_tail_slope)(x, m, n, by=by, upper=False, log=False)
    return -g * slope * F.exp(-F(fisher_log_prob)(x, m, n))


fisher_quantile.derivative(
    p=lambda F, g, y, m, n, upper: (-g if upper else g) * F.exp(-F(fisher_log_prob)(y, m, n)),
    m=lambda F, g, y, m, n: _move(F, g, y, m, n, "m"),
    n=lambda F, g, y, m, n: _move(F, g, y, m, n, "n"),
)
moved_fisher.derivative(
    x=lambda F, g: g,
    m=lambda F, g, x, m, n: _move(F, g, x, m, n, "m"),
    n=lambda F, g, x, m, n: _move(F, g, x, m, n, "n"),
)

# Entropy ---------------------------------------------------------------------------------------------------


@differentiable
@hooks.opaque
def fisher_entropy(xp, m, n):
    """-E log f, less the logarithm of the share and the rests of three digammas."""
    a, b = 0.5 * m, 0.5 * n
    h, lo = log_share(xp, a, b)
    rest = log_minus_digamma.kernel
    y, y_lo = two_sum(xp, -h, (a - 1) * rest(xp, a) + (b + 1) * rest(xp, b))
    return y + (y_lo - lo - (a + b) * rest(xp, a + b))


fisher_entropy.derivative(
    m=lambda F, g, m, n: 0.5 * g * _entropy_slope(F, 0.5 * m, 0.5 * n, -1),
    n=lambda F, g, m, n: 0.5 * g * _entropy_slope(F, 0.5 * n, 0.5 * m, 1),
)


def _entropy_slope(F, a, b, more):
    return (a + b) * F(trigamma_minus)(a + b) - (a + more) * F(trigamma_minus)(a)
