"""An angle of von Mises: its density, its tails by quadrature, and what its concentration moves.

With s = sin(z/2) the density at a distance z of the peak is e^(-2 k s^2)/(2 pi I0(k) e^-k).

Source:
    D. J. Best and N. I. Fisher, "Efficient simulation of the von Mises distribution", Applied Statistics 28
    (1979). Figurnov, Mohamed and Mnih, "Implicit Reparameterization Gradients" (2018).
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import hooks, truth
from .angles import PI, below_pi, cos_between, sin_between
from .bessel import bessel_gap, bessel_ratio, bessel_ratio_slope, i0e, log_i0e
from .circle import angle_ops, tail_by_pieces
from .double import is_double, rounding, two_product, two_sum
from .panels import integral, legendre_rule

_LOG_2PI = math.log(2 * math.pi)
_RULES = (legendre_rule(16), legendre_rule(30))
_REACH = (9.0, 19.5)  # e to -2 times this is negligible
# 1 - (1 - cos z)/(z^2/2) as a polynomial of z^2, the highest power first
_FLATTER = tuple([-2 * (-1) ** n / math.factorial(2 * n + 2) for n in range(12, 0, -1)])
_TRIES = 4  # that a draw has; one of a hundred is rejected as often, and is then searched


@differentiable
def von_mises_log_prob(xp, x, loc, k):
    """k cos(x - loc) - log(2 pi I0(k))."""
    s = sin_between.kernel(xp, x, loc, part=0.5)
    return -2 * k * s * s - (log_i0e.kernel(xp, k) + _LOG_2PI)


def _log_prob_rule(F, g, needs, x, loc, k):
    by_x = -g * (k * F(sin_between)(x, loc, part=1.0))
    return by_x, -by_x, g * _slope(F, x, loc, k) if needs.k else None


def _slope(F, x, loc, k):
    """cos(x - loc) - A(k), the derivative by k of the log density."""
    s = F(sin_between)(x, loc, part=0.5)
    far = F(bessel_gap)(k) - 2 * s * s
    return F.where(k < 1, F(cos_between)(x, loc, part=1.0) - F(bessel_ratio)(k), far)


von_mises_log_prob.joint_derivative(_log_prob_rule)


@differentiable
def von_mises_entropy(xp, k):
    """log(2 pi I0(k)) - k A(k)."""
    return (log_i0e.kernel(xp, k) + k * bessel_gap.kernel(xp, k)) + _LOG_2PI


von_mises_entropy.derivative(k=lambda F, g, k: -g * (k * F(bessel_ratio_slope)(k)))

# Tails -----------------------------------------------------------------------------------------------------


def _exponent(xp, z, lo, k):
    """k (1 - cos z) as a double word, from the nearer of the two ends of [0, pi]."""
    near = z < 2
    a = xp.where(near, z, below_pi(xp, z, lo))
    square, rest = two_product(xp, a, a)
    rest = rest + xp.where(near, 2 * z * lo, 0)
    flatter = 0 * square
    for c in _FLATTER:
        flatter = (flatter + c) * square
    h, h_lo = two_product(xp, 0.5 * k, square)
    h_lo = rounding(xp, h_lo + 0.5 * k * rest, h)
    e, e_lo = two_sum(xp, h, -h * flatter)
    e_lo = rounding(xp, e_lo, e) + h_lo
    other, other_lo = two_sum(xp, 2 * k + 0 * e, -e)
    return xp.where(near, e, other), xp.where(near, e_lo, rounding(xp, other_lo, other) - e_lo)


def _reach(xp, z, k):
    """How far from z the density falls to a negligible share of itself."""
    c = _REACH[is_double(z)] / k
    s = xp.sin(0.5 * z)
    end = s * s + c
    far = 2 * xp.arcsin(xp.sqrt(xp.minimum(end, 1)))
    step = 2 * xp.arcsin(xp.minimum(c / xp.sin(0.5 * far + 0.5 * z), 1))
    return xp.where(end < 1, step, PI)


def piece(xp, z, lo, length, k):
    """The probability of [z, z + length] within [0, pi], and its logarithm."""
    norm = i0e(xp, k) * (2 * math.pi)
    fall = lambda d: xp.exp(-2 * k * xp.sin(0.5 * d) * xp.sin(z + 0.5 * d))
    mass = integral(xp, fall, xp.minimum(length, _reach(xp, z, k)), _RULES[is_double(z)]) / norm
    h, h_lo = _exponent(xp, z, lo, k)
    return xp.exp(-h) * (mass - mass * h_lo), xp.log(mass) - h


# What the concentration moves ------------------------------------------------------------------------------


@hooks.opaque
def _moved_mass(xp, z, k, order):
    """The derivative of that order by k of P(0 < Z < z), over the density at z.

    By an integral from 0 as long as cos t - A(k) keeps its sign there, beyond from the antipode.
    """
    a = abs(z)
    gap, slope = bessel_gap.kernel(xp, k), bessel_ratio_slope.kernel(xp, k)
    s = xp.sin(0.5 * a)
    inner = 2 * s * s < gap

    def f(d):
        """At a -+ d."""
        t = xp.where(inner, a - d, a + d)
        s = xp.sin(0.5 * t)
        c = gap - 2 * s * s
        rise = xp.where(inner, xp.sin(a - 0.5 * d), -xp.sin(a + 0.5 * d))
        return (c if order == 1 else c * c - slope) * xp.exp(2 * k * xp.sin(0.5 * d) * rise)

    length = xp.where(inner, a, xp.minimum(xp.maximum(below_pi(xp, a), 0), _reach(xp, a, k)))
    y = integral(xp, f, length, _RULES[is_double(a)])
    return xp.where((z < 0) == inner, -y, y)


@differentiable
def von_mises_flow(xp, z, k):
    """Minus the speed dz/dk of a value that keeps its place, for z in [-pi, pi]."""
    return _moved_mass(xp, z, k, 1)


@differentiable
def von_mises_flow_bend(xp, z, k):
    """The second derivative by k of P(0 < Z < z), over the density at z."""
    return _moved_mass(xp, z, k, 2)


def _slope_at(F, z, k):
    s = F.sin(0.5 * z)
    return F(bessel_gap)(k) - 2 * s * s


von_mises_flow.derivative(
    z=lambda F, g, y, z, k: g * (_slope_at(F, z, k) + y * k * F.sin(z)),
    k=lambda F, g, y, z, k: g * (F(von_mises_flow_bend)(z, k) - y * _slope_at(F, z, k)),
)

VON_MISES = angle_ops(
    "von_mises", von_mises_log_prob, tail_by_pieces(piece), lambda F, z, k: F(von_mises_flow)(z, k)
)

# Draws -----------------------------------------------------------------------------------------------------


@hooks.opaque
def _accepted(xp, u, k):
    """Draws about 0 by rejection from a wrapped Cauchy, of uniform numbers ``[2 n + 1, *shape]``."""
    root = xp.hypot(1.0 + 0 * k, 2 * k)
    tau = 1 + root
    both = tau + xp.sqrt(2 * tau)
    rho, below = 2 * k / both, (xp.sqrt(2 * tau) + 1 + 1 / (root + 2 * k)) / both  # and 1 - rho
    narrow = below / (1 + rho)
    c0, c1 = k * below * below / (2 * rho), 2 * k  # c = k (r - cos z) with the r of Best and Fisher
    c0 = xp.where(k > 0, c0, 1)
    z, left = 0 * u[-1], u[-1] == u[-1]
    for i in range(u.shape[0] // 2):
        t = narrow * xp.tan(math.pi * (u[2 * i] - 0.5))
        c = c0 + c1 / (1 + 1 / (t * t))
        taken = xp.log(c) + 1 - c >= xp.log(u[2 * i + 1])
        z, left = xp.where(left, 2 * xp.arctan(t), z), left & ~taken
    if truth(left.any()):
        z = xp.array(z)
        z[left] = VON_MISES.quantile.op.kernel(
            xp, u[-1][left], xp.zeros(1, z.dtype), xp.broadcast_to(k, z.shape)[left]
        )
    return z


@differentiable
def drawn_von_mises(xp, k, /, u):
    """Draws about 0 made of uniform numbers; they move with k so that their places stay the same."""
    return _accepted(xp, u, k)


drawn_von_mises.derivative(k=lambda F, g, y, k: -g * F(von_mises_flow)(y, k))


def draw(xp, rng, shape, k):
    """Draws about 0 of that shape."""
    return drawn_von_mises(k, u=rng.random((2 * _TRIES + 1, *shape), dtype=k.dtype))
