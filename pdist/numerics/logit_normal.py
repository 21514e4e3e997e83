r"""Moments of sigmoid(Y) for a Normal Y of mean mu and deviation s.

sigmoid(y) is 1/(1 + u) or u/(1 + u) with u = e^-|y|, and 1/(1 + u) is a polynomial of u, but for 1e-18: that
which accelerates the series of (-u)^k, whose coefficients are at most 1. The mean of each term is a tail of
Y times an exponential. Where the variance is small, and for derivatives, means are sums over equidistant
points, which converge exponentially.

Source:
    H. Cohen, F. Rodriguez Villegas and D. Zagier, "Convergence acceleration of alternating series",
    Experimental Mathematics 9 (2000).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ..autograd import differentiable, public, raw
from ..backend import hooks
from .constants import HALF_LOG_2PIE, INV_SQRT_2PI
from .double import divide_double, rounding, two_product, two_sum
from .normal import bell, scaled_tail

_SMALL = 4.0  # the s up to which the variance is a sum over points
_POINTS = 120  # to either side


def _accelerating(n: int) -> tuple[float, ...]:
    """The coefficients of the polynomial that stands for 1/(1 + u)."""
    d, before = 3, 1
    for _ in range(n - 1):
        d, before = 6 * d - before, d
    b, c, found = Fraction(-1), Fraction(-d), []
    for k in range(n):
        c = b - c
        found.append(float(c / d))
        b = b * (k + n) * (k - n) / (Fraction(2 * k + 1, 2) * (k + 1))
    return tuple(found)


_SERIES = _accelerating(24)
_SQUARE = tuple(-(k + 1) * c for k, c in enumerate(_accelerating(30)[1:]))  # likewise for 1/(1 + u)^2


class _Halves:
    """E[e^(pY); Y < 0] and E[e^(-pY); Y > 0] for a mean that is not positive."""

    def __init__(self, xp: Any, mu: Any, s: Any) -> None:
        self.xp, self.mu, self.s = xp, mu, s
        self.z, lo = divide_double(xp, mu, 0, s)
        self.z = xp.maximum(self.z, -1e4)
        self.bell = bell(xp, xp.minimum(-self.z, 40)) * (1 - rounding(xp, self.z * lo, 1600 + 0 * lo))

    def below(self, p: float) -> Any:
        xp = self.xp
        x = self.z + p * self.s
        tail = scaled_tail(xp, abs(x))
        square, square_lo = two_product(xp, 0.5 * p * self.s, self.s)
        h, lo = two_sum(xp, self.mu, square)
        h, last = two_product(xp, p + 0 * h, h)
        inner = xp.exp(xp.minimum(h, 0)) * (1 + rounding(xp, last + p * (lo + square_lo), 4 * p * self.mu))
        return xp.where(x < 0, inner * (1 - tail * bell(xp, xp.minimum(abs(x), 40))), self.bell * tail)

    def above(self, p: float) -> Any:
        return self.bell * scaled_tail(self.xp, p * self.s - self.z)


@differentiable
def logit_normal_mode(xp, loc, scale):
    """The logit y of the likeliest x: the root of y - loc = scale^2 tanh(y/2) that is farthest out.

    The difference is convex for y > 0, so that Newton's steps from loc + scale^2 fall to it.
    """
    m, square = abs(loc), scale * scale
    y = m + square
    for _ in range(60):
        t = xp.tanh(0.5 * y)
        slope = 1 - 0.5 * square * (1 - t * t)
        step = (y - m - square * t) / slope
        y = xp.where((slope > 0) & (step > 0), y - step, y)
    return xp.where(loc < 0, -y, y)


def _mode_rule(F, g, y, loc, scale):
    t = F.tanh(0.5 * y)
    g = g / (1 - 0.5 * scale * scale * (1 - t * t))
    return g, g * 2 * scale * t


logit_normal_mode.joint_derivative(_mode_rule)


@differentiable
@hooks.opaque
def logit_normal_mean(xp, loc, scale):
    """E[sigmoid(Y)]."""
    halves = _Halves(xp, -abs(loc), scale)
    y = sum(c * (halves.below(k + 1.0) + halves.above(float(k))) for k, c in reversed([*enumerate(_SERIES)]))
    return xp.where(loc > 0, 1 - y, y)


@differentiable
@hooks.opaque
def logit_normal_variance(xp, loc, scale):
    """That of sigmoid(Y): E[S^2] - E[S]^2, for small s of the difference from sigmoid(mu)."""
    mu = -abs(loc)
    halves = _Halves(xp, mu, scale)
    square = sum(
        c * (halves.below(k + 2.0) + halves.above(float(k))) for k, c in reversed([*enumerate(_SQUARE)])
    )
    mean = logit_normal_mean.kernel(xp, mu, scale)
    step, weights = _points(xp, mu, xp.minimum(scale, _SMALL))
    d = _change(raw(xp), xp.expand_dims(mu, -1), xp.expand_dims(xp.minimum(scale, _SMALL), -1) * step)
    shift = (weights * d).sum(axis=-1)
    near = (weights * d * d).sum(axis=-1) - shift * shift
    return xp.where(scale < _SMALL, near, square - mean * mean)


@differentiable
@hooks.opaque
def logit_normal_entropy(xp, loc, scale):
    """log s + log(2 pi e)/2 - E|Y| - 2 E[log(1 + e^-|Y|)]."""
    mu = -abs(loc)
    left, z = _Halves(xp, mu, scale), mu / scale
    rest = sum(
        c / (k + 1) * (left.below(k + 1.0) + left.above(k + 1.0)) for k, c in reversed([*enumerate(_SERIES)])
    )
    tail = scaled_tail(xp, -left.z) * left.bell  # P(Y > 0)
    size = 2 * (INV_SQRT_2PI * left.bell * scale + mu * tail) - mu
    return (xp.log(scale) + HALF_LOG_2PIE) - (size + 2 * rest) + 0 * z


# Sums over points -----------------------------------------------------------------------------------------


def _points(xp, mu, s):
    """Standard values z on a new last axis, about where sigmoid(Y) changes, and their weights."""
    square = s * s
    middle = xp.where(abs(mu) <= square, -mu, -xp.sign(mu) * square)
    step = xp.minimum(0.5 * s, 0.35)
    i = xp.arange(-_POINTS, _POINTS + 1).astype(s.dtype)
    middle, step, s = (xp.expand_dims(v, -1) for v in (middle, step, s))
    z = (middle + step * i) / s
    return z, (INV_SQRT_2PI * step / s) * xp.exp(-0.5 * z * z)


def _change(F, y, d):
    """sigmoid(y + d) - sigmoid(y), from d itself."""
    p, q, e = F.sigmoid(y), F.sigmoid(-y), F.exp(-abs(d))
    up = d > 0
    return p * q * F.where(up, -F.expm1(-abs(d)), F.expm1(-abs(d))) / F.where(up, p + q * e, q + p * e)


def _slopes(F: Any, loc: Any, scale: Any, factor: Any) -> tuple[Any, Any]:
    """The means of v and of Z v, v = sigmoid'(Y) times ``factor(s Z)``."""
    arrays = [getattr(v, "_array", v) for v in (loc, scale)]
    z, weights = _points(loc.xp if F is public else F.xp, *arrays)
    d = F.expand_dims(scale, -1) * z
    y = F.expand_dims(loc, -1) + d
    v = weights * F.sigmoid(y) * F.sigmoid(-y) * factor(d)
    return F.sum(v, axis=-1), F.sum(z * v, axis=-1)


def _mean_rule(F, g, loc, scale):
    by_loc, by_scale = _slopes(F, loc, scale, lambda d: 1.0)
    return g * by_loc, g * by_scale


def _variance_rule(F, g, loc, scale):
    mu = F.expand_dims(loc, -1)
    shift = F(logit_normal_mean)(loc, scale) - F.sigmoid(loc)
    return tuple(
        2 * g * (own - shift * mean)
        for own, mean in zip(
            _slopes(F, loc, scale, lambda d: _change(F, mu, d)),
            _slopes(F, loc, scale, lambda d: 1.0),
            strict=True,
        )
    )


def _entropy_rule(F, g, loc, scale):
    by_loc, _ = _slopes(F, loc, scale, lambda d: 1.0)
    return g * (1 - 2 * F(logit_normal_mean)(loc, scale)), g * (1 / scale - 2 * scale * by_loc)


logit_normal_mean.joint_derivative(_mean_rule)
logit_normal_variance.joint_derivative(_variance_rule)
logit_normal_entropy.joint_derivative(_entropy_rule)
