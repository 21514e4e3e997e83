"""The Normal u = sinh(h/t - e) behind a SinhArcsinh z: h = arcsinh(z/c), c = 2/sinh(t arcsinh 2)."""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import hooks
from .constants import HALF_LOG_2PI, LOG_2
from .double import (
    divide_double,
    exp_double,
    is_double,
    log_finer,
    minus,
    polynomial,
    rounding,
    two_product,
    two_sum,
)
from .inverse_sinh import HALF_LOG_2PI_REST, arcsinh_double, root_double
from .normal import half_square

_A = 1.4436354751788103  # arcsinh 2
_A_PARTS = ((1.4436354637145996, 1.1464210733118277e-08), (_A, 4.124885142212745e-17))
_LARGE = (1e30, 1e300)  # beyond it z/c may overflow, for (float32, float64)
_FAR = (1e5, 1e9)  # beyond it sqrt(1 + y^2) is y

# (sinh x - x - x^3/6)/x^5, and (x coth x - 1)/x^2, in powers of x^2, the highest first
_SINH = ((1 / 5040, 1 / 120), (1 / 39916800, 1 / 362880, 1 / 5040, 1 / 120))
_COTH = (
    (-2.1644042808063972e-06, 2.1377799155576935e-05, -0.00021164021164021165, 0.002116402116402116)
    + (-0.022222222222222223, 0.3333333333333333),
    (-2.3411706819824886e-12, 2.3106432599002624e-11, -2.2805151204592183e-10, 2.2507846516808994e-09)
    + (-2.2214608789979678e-08, 2.192594785187378e-07, -2.1644042808063972e-06, 2.1377799155576935e-05)
    + (-0.00021164021164021165, 0.002116402116402116, -0.022222222222222223, 0.3333333333333333),
)


def _total(xp, *words):
    """The sum of double words as one."""
    hi, lo = words[0]
    for term, rest in words[1:]:
        hi, e = two_sum(xp, hi, term)
        lo = lo + (e + rest)
    return hi, xp.where(abs(hi) < math.inf, lo, 0)


def _sinh_double(xp, x, x_lo):
    """sinh(x + x_lo) as a double word."""
    a, a_lo = abs(x), xp.where(x < 0, -x_lo, x_lo)
    near = a < 0.3
    e, e_lo = exp_double(xp, xp.where(near, 1, a), xp.where(near, 0, a_lo), finer=True)
    back, back_lo = divide_double(xp, xp.ones_like(e), -e_lo / e, e)
    far, rest = two_sum(xp, e, -back)
    far = 0.5 * far
    rest = rounding(xp, 0.5 * (rest + (e_lo - back_lo)), (8 + a) * far)
    b = xp.where(near, a, 0)
    w = b * b
    series, last = two_sum(xp, b, b * w * (1 / 6 + w * polynomial(_SINH, w)))
    y, lo = xp.where(near, series, far), xp.where(near, last + a_lo * (1 + 0.5 * w), rest)
    return xp.copysign(y, x), xp.where(x < 0, -lo, lo)


def _spread(xp, t):
    """t arcsinh 2, the sinh of it, and the logarithm of that, as double words."""
    high, low = _A_PARTS[is_double(t)]
    p, lo = two_product(xp, t, xp.full_like(t, high))
    lo = rounding(xp, lo + t * low, 4 * p)
    s, s_lo = _sinh_double(xp, p, lo)
    far = p > 20
    log, log_lo = log_finer(xp, xp.where(far, 1, s))
    far_log, far_lo = two_sum(xp, p, xp.full_like(p, -LOG_2))
    return (s, s_lo), (xp.where(far, far_log, log), xp.where(far, far_lo + lo, log_lo + s_lo / s))


def _place_double(xp, z, t):
    """|z|/c as a double word, log(1/c) + log 2, and arcsinh of |z|/c."""
    (s, s_lo), log_s = _spread(xp, t)
    a = abs(z) + xp.zeros_like(s)
    y, lo = two_product(xp, 0.5 * a, s)
    y = xp.where(a == 0, 0, y)
    lo = rounding(xp, lo + 0.5 * a * s_lo, 4 * y)
    big = ~(y < _LARGE[is_double(y)])
    near, near_lo = arcsinh_double(xp, xp.where(big, 1, y))
    near_lo = near_lo + xp.where(big, 0, lo / xp.sqrt(1 + xp.where(big, 1, xp.minimum(y, 1e15)) ** 2))
    finite = a < math.inf
    far, far_lo = _total(xp, log_finer(xp, xp.where(big & finite, a, 1)), log_s)
    far = xp.where(finite, far, a)
    return (y, lo), log_s, (xp.where(big, far, near), xp.where(big, far_lo, near_lo))


def _inner_double(xp, h, e, t, z):
    """h/t - e as a double word, h with the sign of z."""
    w, lo = divide_double(xp, h[0], h[1], t + xp.zeros_like(h[0]))
    w, lo = xp.copysign(w, z), xp.where(z < 0, -lo, lo)
    hi, rest = two_sum(xp, w, -e + xp.zeros_like(w))
    return hi, rounding(xp, rest + lo, 4 * (abs(w) + abs(e)))


@hooks.opaque
def sinh_arcsinh_double(xp, z, e, t):
    """u as a double word."""
    _, _, h = _place_double(xp, z, t)
    return _sinh_double(xp, *_inner_double(xp, h, e, t, z))


@hooks.opaque
def sinh_arcsinh_log_density_double(xp, z, e, t):
    """-u^2/2 + log cosh(h/t - e) - log t - log(c^2 + z^2)/2 - log(2 pi)/2 as a double word."""
    (y, y_lo), log_s, h = _place_double(xp, z, t)
    w, w_lo = _inner_double(xp, h, e, t, z)
    u, u_lo = _sinh_double(xp, w, w_lo)
    square, square_lo = half_square(xp, u)
    log_2 = (xp.full_like(u, LOG_2), LOG_2 - float(u.dtype.type(LOG_2)))
    log_cosh = _log_root(
        xp, u, xp.where(u < 0, -u_lo, u_lo), _total(xp, (abs(w), xp.where(w < 0, -w_lo, w_lo)), minus(log_2))
    )
    a = xp.where((abs(z) > 0) & (abs(z) < math.inf), abs(z), 1) + xp.zeros_like(u)
    beyond = _total(xp, log_finer(xp, a), log_s, minus(log_2))
    log_root = _log_root(xp, y, y_lo, beyond)
    constant = xp.full_like(u, HALF_LOG_2PI)
    rest = HALF_LOG_2PI - float(u.dtype.type(HALF_LOG_2PI)) - HALF_LOG_2PI_REST
    terms = (log_s, minus(log_2), log_cosh, minus(log_root), minus(log_finer(xp, t)))
    y, lo = _total(xp, (-square, -(square_lo + u * u_lo)), *terms, (-constant, -rest))
    y = xp.where(abs(square) < math.inf, y, -square)
    return y, xp.where(abs(y) < math.inf, lo, 0)


def _log_root(xp, x, x_lo, far):
    """log sqrt(1 + x^2) as a double word, the given one where x is large."""
    near = abs(x) < _FAR[is_double(x)]
    x = xp.where(near, abs(x), 1)
    root, root_lo = root_double(xp, x)
    log, lo = log_finer(xp, root)
    lo = lo + (root_lo + x * x_lo / root) / root  # x_lo is that of |x|
    return xp.where(near, log, far[0]), xp.where(near, lo, far[1])


@differentiable
def sinh_arcsinh(xp, z, e, t):
    """u = sinh(h/t - e)."""
    u, lo = sinh_arcsinh_double(xp, z, e, t)
    return u + lo


@differentiable
def sinh_arcsinh_log_density(xp, z, e, t):
    """The logarithm of the density of z, u being a standard Normal."""
    y, lo = sinh_arcsinh_log_density_double(xp, z, e, t)
    return y + lo


@differentiable
@hooks.opaque
def stretched_arcsinh(xp, z, t):
    """h = arcsinh(z/c)."""
    _, _, (h, lo) = _place_double(xp, z, t)
    return xp.copysign(h + lo, z)


@differentiable
@hooks.opaque
def sinh_arcsinh_back(xp, u, e, t):
    """The z of a u: 2 sinh(t (arcsinh u + e))/sinh(t arcsinh 2)."""
    v, lo = arcsinh_double(xp, u + xp.zeros_like(e))
    v, rest = two_sum(xp, v, e + xp.zeros_like(v))
    p, p_lo = two_product(xp, t + xp.zeros_like(v), v)
    p_lo = rounding(xp, p_lo + t * (lo + rest), 4 * t * (abs(v) + abs(e)))
    p, p_lo = xp.where(p < 0, -p, p), xp.where(p < 0, -p_lo, p_lo)
    high, low = _A_PARTS[is_double(p)]
    a, a_lo = two_product(xp, t + xp.zeros_like(v), xp.full_like(v, high))
    away, away_lo = two_sum(xp, p, -a)
    ratio = xp.expm1(-2 * p) / xp.expm1(-2 * a)
    change = away_lo + (p_lo - (a_lo + t * low)) + 2 * p_lo / xp.expm1(2 * xp.maximum(p, 1e-30))
    y = 2 * xp.exp(away) * ratio
    return xp.copysign(y + rounding(xp, y * change, 64 * y), v)


@differentiable
def coth_excess(xp, x):
    """m(x) = x coth x - 1."""
    a = abs(x)
    near = a < 0.5
    w = xp.where(near, a * a, 0)
    e = xp.exp(-2 * xp.where(near, 1, a))
    far = xp.where(near, 1, a)
    return xp.where(near, w * polynomial(_COTH, w), (far - 1) + 2 * far * e / (1 - e))


def _coth_excess_slope(F, x):
    small, large = abs(x) < 1e-12, abs(x) > 20
    b = F.where(small | large, 1.0, x)
    m = F(coth_excess)(b)
    return F.where(small, x * (2 / 3), F.where(large, F.sign(x), b - m * (1 + m) / b))


@differentiable
@hooks.opaque
def arc_fall(xp, z, t):
    """f = 1/sqrt(c^2 + z^2), the derivative of h by z."""
    _, _, (h, _) = _place_double(xp, z, t)
    far = h > 0.5
    inside = 0.5 * xp.sinh(_A * xp.where(far, 1, t)) / xp.cosh(xp.where(far, 0, h))
    return xp.where(far, xp.tanh(h) / xp.where(far, abs(z), 1), inside)


def _away(F, z, q, t):
    """m(t arcsinh 2), and t^2 times the derivative of h/t by t; q = z f is tanh h."""
    m = F(coth_excess)(_A * t)
    return m, q * (m - F(coth_excess)(F(stretched_arcsinh)(z, t)))


def rise(F, z, e, t):
    """u and its derivative by z."""
    u = F(sinh_arcsinh)(z, e, t)
    return u, _cosh(F, u) * F(arc_fall)(z, t) / t


def moves(F, z, u, e, t):
    """The derivatives of u by e and t."""
    cosh = _cosh(F, u)
    return -cosh, cosh * _away(F, z, z * F(arc_fall)(z, t), t)[1] / (t * t)


def _cosh(F, u):
    far = abs(u) > 1e15
    return F.where(far, abs(u), F.sqrt(1 + F.where(far, 1.0, u) ** 2))


def _weight(F, u):
    """k = u^3/cosh, minus the derivative of the log density by h/t - e."""
    return u * u * (u / _cosh(F, u))


def slope(F, z, e, t):
    """Minus the derivative of the log density by z."""
    f = F(arc_fall)(z, t)
    q = z * f
    return f * (_weight(F, F(sinh_arcsinh)(z, e, t)) / t + q)


def bend(F, z, e, t):
    """The derivative of the slope by z."""
    f = F(arc_fall)(z, t)
    q = z * f
    u = F(sinh_arcsinh)(z, e, t)
    return f * f * ((_weight_slope(F, u) / t - _weight(F, u) * q) / t + (1 - 2 * q * q))


def _weight_slope(F, u):
    return u * u * (2 + 1 / _cosh(F, u) ** 2)


def shape_slopes(F, z, e, t):
    """The derivatives of the log density by e and t."""
    q = z * F(arc_fall)(z, t)
    m, away = _away(F, z, q, t)
    k = _weight(F, F(sinh_arcsinh)(z, e, t))
    return k, (m * (1 - q) * (1 + q) - q * q - k * away / t) / t


def shape_bends(F, z, e, t):
    """The derivatives of those by z."""
    f = F(arc_fall)(z, t)
    q = z * f
    m, away = _away(F, z, q, t)
    u = F(sinh_arcsinh)(z, e, t)
    k, fallen = _weight(F, u), (1 - q) * (1 + q)
    rest = k * (m - (1 + m) * q * q) / t + 2 * (1 + m) * q * fallen
    return _weight_slope(F, u) * f / t, -f / t * (_weight_slope(F, u) * away / (t * t) + rest)


stretched_arcsinh.derivative(
    z=lambda F, g, z, t: g * F(arc_fall)(z, t),
    t=lambda F, g, z, t: g * _stretch(F, z, t),
)


def _stretch(F, z, t):
    return z * F(arc_fall)(z, t) * (1 + F(coth_excess)(_A * t)) / t


def _fall_slope(F, y, z, t):
    q = z * y
    return y * (1 - q) * (1 + q) * (1 + F(coth_excess)(_A * t)) / t


arc_fall.derivative(
    z=lambda F, g, y, z: -g * z * y * y * y,
    t=lambda F, g, y, z, t: g * _fall_slope(F, y, z, t),
)
coth_excess.derivative(x=lambda F, g, x: g * _coth_excess_slope(F, x))
sinh_arcsinh.derivative(
    z=lambda F, g, z, e, t: g * rise(F, z, e, t)[1],
    e=lambda F, g, y: -g * _cosh(F, y),
    t=lambda F, g, y, z, t: g * moves(F, z, y, None, t)[1],
)
sinh_arcsinh_log_density.derivative(
    z=lambda F, g, z, e, t: -g * slope(F, z, e, t),
    e=lambda F, g, z, e, t: g * shape_slopes(F, z, e, t)[0],
    t=lambda F, g, z, e, t: g * shape_slopes(F, z, e, t)[1],
)
sinh_arcsinh_back.derivative(
    u=lambda F, g, y, u, t: g * t / (_cosh(F, u) * F(arc_fall)(y, t)),
    e=lambda F, g, y, t: g * t / F(arc_fall)(y, t),
    t=lambda F, g, y, t: -g * _back_slope(F, y, t),
)


def _back_slope(F, z, t):
    f = F(arc_fall)(z, t)
    return _away(F, z, z * f, t)[1] / (t * f)
