"""The density proportional to e^(l x) on [0, 1], for any logit l: log p = l (x - 1/2) - S(l).

S(l) = log(sinh(l/2)/(l/2)) is even, and its derivatives give the moments; a = abs(l) in what follows.
"""

from __future__ import annotations

from ..autograd import differentiable, zero
from .differences import deviance
from .double import is_double, polynomial, rounding, two_product, two_sum
from .logs import log_of, times, total
from .panels import gauss_legendre

_NODES, _WEIGHTS = gauss_legendre(12)
_NEAR = 4.0  # the a up to which the series below hold

# The derivatives of S of the orders 0 to 4, over l^2, l, 1, l and 1, in powers of l^2, the highest first, for
# (float32, float64): Chebyshev expansions on [0, 16], cut off below the last digit
_SERIES = (
    (
        (1.1335263815569798e-16, -1.3253973770976685e-14, 8.470188580698302e-13, -4.310356309577865e-11)
        + (2.0828346992297395e-09, -1.0332553965360298e-07, 5.511442112101359e-06, -0.00034722220950365244)
        + (0.04166666666543495,),
        (1.0001105403303105e-33, -1.9375537062655554e-31, 1.8750883243187418e-29, -1.2421761574196215e-27)
        + (6.561727884658241e-26, -3.056600389541572e-24, 1.3438778578727552e-22, -5.800815361111644e-21)
        + (2.503176591103141e-19, -1.087386453255772e-17, 4.770015325006574e-16, -2.1185496105793618e-14)
        + (9.558954538760373e-13, -4.4034917802949097e-11, 2.0876756987668328e-09, -1.0333994708993455e-07)
        + (5.511463844797174e-06, -0.00034722222222222224, 0.041666666666666664),
    ),
    (
        (1.752874059484406e-15, -1.948151746965375e-13, 1.1439702702802385e-11, -5.119808435357122e-10)
        + (2.0791918359587637e-08, -8.264683170000408e-07, 3.306840539946491e-05, -0.001388888668455883)
        + (0.08333333331203004,),
        (3.235505977139806e-32, -6.184313635994476e-30, 5.868233427962563e-28, -3.777704746988518e-26)
        + (1.9165137313440738e-24, -8.460192332355478e-23, 3.4803431416660235e-21, -1.3907510985869217e-19)
        + (5.5058378113012185e-18, -2.174703499865867e-16, 8.585996120665792e-15, -3.3896783207810976e-13)
        + (1.3382536097973122e-11, -5.284190132016652e-10, 2.087675698718342e-08, -8.267195767191472e-07)
        + (3.306878306878293e-05, -0.001388888888888889, 0.08333333333333333),
    ),
    (
        (2.4905957797045767e-14, -2.628653547596714e-12, 1.4159207096857162e-10, -5.542229615068316e-09)
        + (1.865072367944267e-07, -5.782963446150667e-06, 0.00016533781831941616, -0.004166663119417083)
        + (0.08333333299136887,),
        (1.0055916808918976e-30, -1.8963460296883037e-28, 1.7645857629163577e-26, -1.1042038369920101e-24)
        + (5.381557602474315e-23, -2.2509251404539378e-21, 8.654272019684787e-20, -3.1938293590102798e-18)
        + (1.1558357759774432e-16, -4.13170131249053e-15, 1.4596086718909755e-13, -5.0845139000956605e-12)
        + (1.7397296058357287e-10, -5.812609130512032e-09, 1.8789081286820896e-07, -5.78703703702287e-06)
        + (0.00016534391534391065, -0.004166666666666666, 0.08333333333333333),
    ),
    (
        (-1.0754130169273922e-14, 1.0912442013866967e-12, -5.511922291555846e-11, 1.955229781205206e-09)
        + (-5.7453874541737166e-08, 1.5011584343849567e-06, -3.47192885047128e-05, 0.0006613739597286742)
        + (-0.008333333169676625,),
        (-8.62205537408752e-31, 1.606827865049777e-28, -1.4699822067488787e-26, 8.976076829714534e-25)
        + (-4.226098166008796e-23, 1.6872396267262099e-21, -6.117156294162597e-20, 2.106413944222756e-18)
        + (-7.051305892244946e-17, 2.313279787484048e-15, -7.437851606048463e-14, 2.335402925682984e-12)
        + (-7.118327321678313e-11, 2.0876756787809684e-09, -5.812609150506794e-08, 1.5031265031136688e-06)
        + (-3.472222222221797e-05, 0.0006613756613756608, -0.008333333333333333),
    ),
    (
        (-1.4658744300002e-13, 1.4194696828142249e-11, -6.63794984960421e-10, 2.0844322973417e-08)
        + (-5.124934542767403e-07, 1.0490967752058826e-05, -0.00017356527654422603, 0.001984100508228762)
        + (-0.00833333079512582,),
        (-2.629919162444686e-29, 4.839559671319444e-27, -4.348068668082695e-25, 2.5869565100448016e-23)
        + (-1.173993996253147e-21, 4.458071240289793e-20, -1.5156634308059971e-18, 4.830425681637048e-17)
        + (-1.4796330662999238e-15, 4.394543270811476e-14, -1.264403568943066e-12, 3.503093914425957e-11)
        + (-9.253822976467232e-10, 2.2964432036454338e-08, -5.231348230647137e-07, 1.0521885521469255e-05)
        + (-0.00017361111111097326, 0.001984126984126966, -0.008333333333333333),
    ),
)


@differentiable
def log_sinhc(xp, logit, /, order):
    """The derivative of S(l) of this order, 0 to 4."""
    a, w = abs(logit), logit * logit
    near = polynomial(_SERIES[order], w)
    near = near * w if order == 0 else near * logit if order % 2 else near
    a = xp.maximum(a, _NEAR)
    e = xp.exp(-a)
    rest = 1 - e
    far = (
        lambda: 0.5 * a - xp.log(a) + xp.log1p(-e),
        lambda: 0.5 - (1 / a - e / rest),
        lambda: 1 / a / a - e / rest / rest,
        lambda: -2 / a / a / a + e * (1 + e) / rest**3,
        lambda: 6 / a / a / a / a - e * (1 + 4 * e + e * e) / rest**4,
    )[order]()
    if order % 2:
        far = xp.where(logit < 0, -far, far)
    return xp.where(abs(logit) < _NEAR, near, far)


log_sinhc.derivative(logit=lambda F, g, logit, order: g * F(log_sinhc)(logit, order=order + 1))


@differentiable
def cb_log_prob(xp, x, logit):
    """l (x - 1/2) - S(l); for large a as l (x - [l > 0]) + log a - log(1 - e^-a)."""
    a = xp.maximum(abs(logit), _NEAR)
    end = (logit > 0).astype(x.dtype)
    d, rest = two_sum(xp, x, -xp.where(abs(logit) < _NEAR, 0.5, end).astype(x.dtype))
    h, lo = two_product(xp, logit, d)
    lo = rounding(xp, lo + logit * rest, 4 * h)
    near = h - (log_sinhc.kernel(xp, logit, 0) - lo)
    log_a = log_of(xp, a)
    hi, lo = total(xp, (h, lo), log_a, (-xp.log1p(-xp.exp(-a)), 0))
    return xp.where(abs(logit) < _NEAR, near, hi + lo)


@differentiable
def cb_score(xp, x, logit):
    """x less the mean, from that end of [0, 1] that is near."""
    a = xp.maximum(abs(logit), _NEAR)
    share = 1 / a - xp.exp(-a) / -xp.expm1(-a)  # of the mean from the end where the density is high
    far = xp.where(logit < 0, x - share, (x - 1) + share)
    return xp.where(abs(logit) < _NEAR, (x - 0.5) - log_sinhc.kernel(xp, logit, 1), far)


cb_log_prob.derivative(
    x=lambda F, g, logit: g * logit,
    logit=lambda F, g, x, logit: g * F(cb_score)(x, logit),
)
cb_score.derivative(
    x=lambda F, g: g,
    logit=lambda F, g, logit: -g * F(log_sinhc)(logit, order=2),
)


@differentiable
def cb_mean(xp, logit):
    """1/2 + S'(l), for large a from the end that is near."""
    a = xp.maximum(abs(logit), _NEAR)
    share = 1 / a - xp.exp(-a) / -xp.expm1(-a)
    far = xp.where(logit < 0, share, 1 - share)
    return xp.where(abs(logit) < _NEAR, 0.5 + log_sinhc.kernel(xp, logit, 1), far)


@differentiable
def cb_entropy(xp, logit):
    """S(l) - l S'(l); for large a as 1 - log a plus what e^-a adds."""
    a = xp.maximum(abs(logit), _NEAR)
    near = log_sinhc.kernel(xp, logit, 0) - logit * log_sinhc.kernel(xp, logit, 1)
    far = (1 - xp.log(a)) + (xp.log1p(-xp.exp(-a)) - a * xp.exp(-a) / -xp.expm1(-a))
    return xp.where(abs(logit) < _NEAR, near, far)


cb_mean.derivative(logit=lambda F, g, logit: g * F(log_sinhc)(logit, order=2))
cb_entropy.derivative(logit=lambda F, g, logit: -g * logit * F(log_sinhc)(logit, order=2))

# Tails ----------------------------------------------------------------------------------------------------

_LEAST = (2.0**-26, 2.0**-55)  # a less than this changes nothing


def _distances(xp, x, logit):
    """a, and double words of the distances of x from the end where the density is high and from the other."""
    one, x = xp.ones_like(x), xp.clip(x, 0, 1)
    a = xp.maximum(abs(logit), _LEAST[is_double(x)])
    (c, c_lo), high = two_sum(xp, one, -x), logit > 0
    same, other = (x, 0 * x), (c, c_lo)
    y = tuple(xp.where(high, v, u) for u, v in zip(same, other, strict=True))
    return a, y, tuple(xp.where(high, u, v) for u, v in zip(same, other, strict=True))


@differentiable
def cb_tail(xp, x, logit, /, upper, log):
    """P(X <= x) or, if ``upper``, P(X > x), or its logarithm.

    With distances y from the end where the density is high and z from the other, the tails are
    (1 - e^-ay)/(1 - e^-a) and e^-ay (1 - e^-az)/(1 - e^-a).
    """
    a, y, z = _distances(xp, x, logit)
    h, lo = times(xp, y, (a, 0))
    whole = xp.expm1(-a)
    near, rest = xp.expm1(-h) / whole, xp.expm1(-a * z[0]) / whole
    far = xp.exp(-h) * (1 - lo) * rest
    is_far = (logit > 0) ^ upper
    if not log:
        return xp.where(is_far, far, near)
    log_near = xp.where(near < 0.5, xp.log(near), xp.log1p(-far))
    return xp.where(is_far, xp.where(far < 0.5, xp.log(rest) - (h + lo), xp.log1p(-near)), log_near)


def _slope(F, x, logit, upper, log, p=None):
    """The derivative of a tail by the logit, as the tail that x lies in times a factor of one sign.

    ``p``: P(X <= x), if it is known to more digits than x tells.
    """
    high, a = logit > 0, F.maximum(abs(logit), _LEAST[is_double(x)])
    y, z = F.where(high, 1 - x, x), F.where(high, x, 1 - x)
    s, large = F(log_sinhc)(a, order=1), F.maximum(a, _NEAR)
    near = y * F(log_sinhc)(a * y, order=1) - s + 0.5 * z
    near = F.where(a < _NEAR, near, y / F.expm1(large * y) - 1 / F.expm1(large))
    far = (s + 0.5) - z * (F(log_sinhc)(a * z, order=1) + 0.5)
    is_upper = (y < 0.5) == high  # of the tail that x lies in
    if p is None:
        lower, higher = (F(cb_tail)(x, logit, upper=u, log=False) for u in (False, True))
    else:
        lower, higher = p, 1 - p
    tail = F.where(is_upper, higher, lower)
    if log:
        same = is_upper == upper
        tail = F.where(same, 1.0, tail / F(cb_tail)(x, logit, upper=upper, log=False))
    slope = tail * F.where(y < 0.5, near, far)
    return slope if upper else -slope


def _tail_rule(F, g, needs, x, logit, upper, log):
    inside = (x > 0) & (x < 1)
    g, x = F.where(inside, g, 0.0), F.where(inside, x, 0.5)
    by_logit = g * _slope(F, x, logit, upper, log) if needs.logit else None
    if not log:
        density = F.exp(F(cb_log_prob)(x, logit))
    else:
        a = F.maximum(abs(logit), _LEAST[is_double(x)])
        at = a * (1 - x if upper else x)
        density = a / F.where((logit > 0) ^ upper, -F.expm1(-at), F.expm1(at))
    return g * (-density if upper else density), by_logit


cb_tail.joint_derivative(_tail_rule)


@differentiable
def cb_quantile(xp, p, logit):
    """log(1 + p (e^l - 1))/l, in the form that neither cancels nor overflows."""
    least = _LEAST[is_double(p)]
    a = xp.maximum(abs(logit), least)
    u, e = p * xp.expm1(-a), xp.exp(-a)
    falling = -xp.where(u > -0.5, xp.log1p(u), xp.log((1 - p) + p * e)) / a
    root = xp.exp(0.5 * xp.minimum(a, _FAR[is_double(p)]))
    u = xp.where(a < 60, p * xp.expm1(xp.minimum(a, 60)), p * root * root)
    rising = xp.where(a < _FAR[is_double(p)], xp.log1p(u) / a, 1 + xp.log(p + (1 - p) * e) / a)
    return xp.clip(xp.where(logit > 0, rising, falling), 0, 1)


_FAR = (170.0, 1400.0)  # e to half of this is finite


def _quantile_rule(F, g, y, p, logit):
    by_p = g * F.exp(-F(cb_log_prob)(y, logit))
    inside = (p > 0) & (p < 1)
    x = F.where(y > 0, F.where(y < 1, y, 1 - 2.0**-24), 2.0**-100)
    return by_p, -by_p * F.where(inside, _slope(F, x, logit, False, False, p), 0.0)


cb_quantile.joint_derivative(_quantile_rule)

# Divergences ----------------------------------------------------------------------------------------------


def _same_side(p, q):
    """Where both logits are large and of one sign."""
    return (abs(p) > 1) & (abs(q) > 1) & ((p > 0) == (q > 0))


@differentiable
def cb_mean_change(xp, p, q, difference):
    """S'(q) - S'(p), given q - p: for near logits as an integral of S''."""
    near = 0
    for t, w in zip(_NODES, _WEIGHTS, strict=True):
        near = near + 0.5 * float(w) * log_sinhc.kernel(xp, p + 0.5 * (1 + float(t)) * difference, 2)
    a, b = xp.maximum(abs(p), 1), xp.maximum(abs(q), 1)
    side = (b - a) / a / b + (1 / xp.expm1(b) - 1 / xp.expm1(a))
    far = log_sinhc.kernel(xp, q, 1) - log_sinhc.kernel(xp, p, 1)
    far = xp.where(_same_side(p, q), xp.where(p > 0, side, -side), far)
    return xp.where(abs(difference) < _NEAR, difference * near, far)


@differentiable
def cb_kl(xp, p, q, difference):
    """S(q) - S(p) - (q - p) S'(p), given q - p: for near logits as an integral of S''."""
    near = 0
    for t, w in zip(_NODES, _WEIGHTS, strict=True):
        at, mass = 0.5 * (1 + float(t)), 0.5 * float(w)
        near = near + mass * (1 - at) * log_sinhc.kernel(xp, p + at * difference, 2)
    s_q = log_sinhc.kernel(xp, q, 0)
    far = (s_q - log_sinhc.kernel(xp, p, 0)) - difference * log_sinhc.kernel(xp, p, 1)
    # For large p from the end where its density is high, as of two Exponentials if q's is high there too
    a = xp.maximum(abs(p), 2)
    b, odds = xp.where(p > 0, q, -q), 1 / xp.expm1(a)
    rest = (a - b) * odds - xp.log1p(-xp.exp(-a))
    c = xp.maximum(b, 1)
    alike = deviance(xp, a, c, a - c) / a + xp.log1p(-xp.exp(-c))
    apart = (s_q - 0.5 * b) + ((xp.log(a) - 1) + b / a)
    far = xp.where(abs(p) > 2, xp.where(b > 1, alike, apart) + rest, far)
    return xp.where(abs(difference) < _NEAR, difference * difference * near, far)


cb_mean_change.derivative(
    p=lambda F, g, p: -g * F(log_sinhc)(p, order=2),
    q=lambda F, g, q: g * F(log_sinhc)(q, order=2),
    difference=zero,
)
cb_kl.derivative(
    p=lambda F, g, p, difference: -g * difference * F(log_sinhc)(p, order=2),
    q=lambda F, g, p, q, difference: g * F(cb_mean_change)(p, q, difference),
    difference=zero,
)
