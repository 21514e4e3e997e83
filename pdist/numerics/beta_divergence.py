"""Divergences of Beta distributions in terms of one sign, as far as there are any.

With phi(x) = log Gamma(x) - x log x + x, whose Bregman pieces are small for large x, the divergence of the
shapes q from the shapes p is the sum of the pieces of a and of b less that of a + b, and a + b times the
divergence of two coins, those of the means.
"""

from __future__ import annotations

from ..autograd import differentiable
from ..backend import hooks, special
from .beta import add_double, exponent, log_share, log_word, times_double
from .bregman import digamma_difference, trigamma
from .differences import log1pmx, log_far_ratio
from .double import divide_double, two_sum
from .gamma import (
    bregman_gamma,
    bregman_gamma_near,
    log_minus_digamma_change,
    trigamma_minus,
)
from .panels import gauss_legendre
from .probability import i_divergence

_NODES, _WEIGHTS = gauss_legendre(12)


def _difference(xp, a, b, c, d):
    """(a + b) - (c + d) without the rounding of the sums, to the last digits if a is near c and b near d."""
    return add_double(xp, two_sum(xp, a, -c), two_sum(xp, b, -d))[0]


def _cross(xp, a, b, c, d):
    """a d - b c as a double word."""
    p, q = times_double(xp, a, (d, 0 * d)), times_double(xp, b, (c, 0 * c))
    return add_double(xp, p, (-q[0], -q[1]))


def _alike(a, b):
    return (a < 2 * b) & (b < 2 * a)


def rest_of_shapes(xp, q, p, difference):
    """The Bregman piece of log Gamma(x) - x log x + x."""
    return xp.where(_alike(q, p), bregman_gamma_near(xp, p, difference), bregman_gamma.kernel(xp, q, p))


def fall_of_trigamma_minus(xp, a, b):
    """trigamma(a) - 1/a less the same at a + b: small b count in full."""
    fall = 0
    for t, w in zip(_NODES, _WEIGHTS, strict=True):
        x = a + (0.5 * (1 + float(t))) * b
        v = 1 / xp.maximum(x, 20)
        s = v * v
        far = 1 / 6 - s * (1 / 6 - s * (3 / 10 - s * (5 / 6 - s * (691 / 210 - s * 35 / 2))))
        far = s * v * (1 + 0.5 * v - s * v * far)
        near = 2 * special(xp).zeta(3.0, xp.minimum(x, 20)) - 1 / (x * x)
        fall = fall + 0.5 * float(w) * xp.where(x < 20, near, far)
    return xp.where(b < a, b * fall, trigamma_minus.kernel(xp, a) - trigamma_minus.kernel(xp, a + b))


def _change_of_rests(xp, p_a, p_b, q_a, q_b, a, b):
    """The change of log a - digamma(a) from p to q less that of the sums; a and b are those of the shapes."""
    p, q = p_a + p_b, q_a + q_b
    far = log_minus_digamma_change.kernel(xp, q_a, p_a) - log_minus_digamma_change.kernel(xp, q, p)
    near = 0
    for t, w in zip(_NODES, _WEIGHTS, strict=True):
        at = 0.5 * (1 + float(t))
        x, y = p_a + at * a, p_b + at * b
        fall = b * trigamma_minus.kernel(xp, x + y) - a * fall_of_trigamma_minus(xp, x, y)
        near = near + 0.5 * float(w) * fall
    return xp.where(_alike(q_a, p_a) & _alike(q, p), near, far)


@differentiable
@hooks.opaque
def beta_kl(xp, p_a, p_b, q_a, q_b):
    """That of Beta(q_a, q_b) from Beta(p_a, p_b)."""
    p_a, p_b, q_a, q_b = xp.broadcast_arrays(p_a, p_b, q_a, q_b)
    p, lo = two_sum(xp, p_a, p_b)
    x, y = divide_double(xp, p_a, 0 * lo, p), divide_double(xp, p_b, 0 * lo, p)
    x, y = ((v[0], v[1] - v[0] * (lo / p)) for v in (x, y))
    cross = _cross(xp, q_a, q_b, p_a, p_b)
    d = divide_double(xp, cross[0], cross[1], p)
    coins = exponent(xp, x, y, q_a, q_b, (d[0], d[1] - d[0] * (lo / p)))[0]
    rests = rest_of_shapes(xp, q_a, p_a, q_a - p_a) + rest_of_shapes(xp, q_b, p_b, q_b - p_b)
    return coins + (rests - rest_of_shapes(xp, q_a + q_b, p, _difference(xp, q_a, q_b, p_a, p_b)))


@differentiable
@hooks.opaque
def beta_kl_by_q(xp, p_a, p_b, q_a, q_b):
    """Its derivative by q_a, the change of digamma(a) - digamma(a + b) from p to q."""
    p, q = p_a + p_b, q_a + q_b
    u = _cross(xp, q_a, q_b, p_a, p_b)[0] / p_a / q
    far = log_far_ratio(xp, q_a, p_a) + log_far_ratio(xp, p, q)
    return score_change(xp, (p_a, p_b, q_a, q_b), (q_a - p_a, q_b - p_b), u, far)


def score_change(xp, shapes, changes, u, far):
    """The change of digamma(a) - digamma(a + b) from p to q.

    Args:
        xp: the namespace.
        shapes: a and b of p, then of q.
        changes: those of a and b, which may have more digits than the differences of the shapes.
        u: r - 1, with r the ratio of the means a/(a + b); far: log r, if that is not near 0.
    """
    p_a, p_b, q_a, q_b = shapes
    p, q = p_a + p_b, q_a + q_b
    logs = xp.where(abs(u) < 0.5, xp.log1p(u), far)
    y = logs - _change_of_rests(xp, *shapes, *changes)
    small = digamma_difference.kernel(xp, p, p_a, p_b) - digamma_difference.kernel(xp, q, q_a, q_b)
    return xp.where((p_b < p_a) & (q_b < q_a) & ~_alike(q_a, p_a), small, y)


@differentiable
@hooks.opaque
def beta_kl_by_p(xp, p_a, p_b, q_a, q_b):
    """Its derivative by p_a, (p_a - q_a) trigamma(p_a) less the same of the sums."""
    p = p_a + p_b
    cross = _cross(xp, q_a, q_b, p_a, p_b)[0] / p_a / p
    fall = (q_a - p_a) * fall_of_trigamma_minus(xp, p_a, p_b)
    return (q_b - p_b) * trigamma_minus.kernel(xp, p) - (fall + cross)


def _by_q_rule(F, g, p_a, p_b, q_a, q_b):
    p, q = g * F(trigamma)(p_a + p_b), g * F(trigamma)(q_a + q_b)
    return p - g * F(trigamma)(p_a), p, g * F(trigamma)(q_a) - q, -q


def _by_p_rule(F, g, p_a, p_b, q_a, q_b):
    p, change = p_a + p_b, (q_a + q_b) - (p_a + p_b)
    common = g * (change * F.polygamma(2, p) - F(trigamma)(p))
    own = g * (F(trigamma)(p_a) - (q_a - p_a) * F.polygamma(2, p_a))
    return common + own, common, g * (F(trigamma)(p) - F(trigamma)(p_a)), g * F(trigamma)(p)


beta_kl_by_q.joint_derivative(_by_q_rule)
beta_kl_by_p.joint_derivative(_by_p_rule)
beta_kl.derivative(
    p_a=lambda F, g, p_a, p_b, q_a, q_b: g * F(beta_kl_by_p)(p_a, p_b, q_a, q_b),
    p_b=lambda F, g, p_a, p_b, q_a, q_b: g * F(beta_kl_by_p)(p_b, p_a, q_b, q_a),
    q_a=lambda F, g, p_a, p_b, q_a, q_b: g * F(beta_kl_by_q)(p_a, p_b, q_a, q_b),
    q_b=lambda F, g, p_a, p_b, q_a, q_b: g * F(beta_kl_by_q)(p_b, p_a, q_b, q_a),
)

# From a Uniform --------------------------------------------------------------------------------------------


@differentiable
@hooks.opaque
def mean_log(xp, low, high):
    """E log X for a Uniform X between 0 <= low < high: log high less 1 - log(1 + u)/u, u = (high - low)/low.

    The gradient by low = 0, which is infinite, is taken to be 0.
    """
    zero = low == 0
    u = (high - low) / xp.where(zero, 1, low)
    return xp.log(high) + xp.where(zero, -1, log1pmx(xp, u) / u)


def _mean_log_rule(F, g, low, high):
    """Deviances over the square of the width."""
    zero = low == 0
    g = g / (high - low) / (high - low)
    return F.where(zero, 0.0, g * F(i_divergence)(high, F.where(zero, high, low))), g * F(i_divergence)(
        low, high
    )


mean_log.joint_derivative(_mean_log_rule)


@differentiable
@hooks.opaque
def log_beta(xp, a, b):
    """log B(a, b)."""
    n, lo = two_sum(xp, a, b)
    h = log_share(xp, a, b)
    y = (-h[0], -h[1])
    for c in (a, b):
        x, x_lo = divide_double(xp, c, 0 * c, n)
        y = add_double(xp, y, times_double(xp, c, log_word(xp, x, x_lo - x * (lo / n))))
    return y[0]


@differentiable
@hooks.opaque
def log_beta_slope(xp, a, b):
    """digamma(a) - digamma(a + b), its derivative by a."""
    return -digamma_difference.kernel(xp, a + b, a, b)


log_beta.derivative(
    a=lambda F, g, a, b: g * F(log_beta_slope)(a, b),
    b=lambda F, g, a, b: g * F(log_beta_slope)(b, a),
)
log_beta_slope.derivative(
    a=lambda F, g, a, b: g * (F(trigamma)(a) - F(trigamma)(a + b)),
    b=lambda F, g, a, b: -g * F(trigamma)(a + b),
)
