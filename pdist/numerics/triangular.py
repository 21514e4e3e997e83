"""The distribution whose density rises linearly to a peak and falls from there."""

from __future__ import annotations

from ..autograd import differentiable, raw
from .differences import unit
from .double import two_sum
from .interval import placed
from .logs import log_of, total


def sides(F, x, low, high, peak):
    """Whether x is on the left side; and, all of them times ``unit``, four distances and the width.

    They are: from x to the end of its side, from x to the other end, from the peak to the end of x's side,
    and from x to the peak.
    """
    u = unit(low, high)
    x, low, high, peak = u * x, u * low, u * high, u * peak
    left = (x < peak) | (peak == high)
    near, far = F.where(left, x - low, high - x), F.where(left, high - x, x - low)
    side = F.where(left, peak - low, high - peak)
    return left, near, far, side, abs(peak - x), high - low


@differentiable
def triangular_log_prob(xp, x, low, high, peak):
    """log(2 d/(w c)): d from x to the end of its side, c from the peak to it, w the width."""
    u = unit(low, high)
    left = (x < peak) | (peak == high)
    end = u * xp.where(left, low, high)
    sign = xp.where(left, 2 * u, -2 * u).astype(x.dtype)
    near, near_lo = two_sum(xp, u * x, -end)
    near = log_of(xp, sign * near, sign * near_lo)
    side, side_lo = two_sum(xp, u * peak, -end)
    side = log_of(xp, abs(side), xp.where(side < 0, -side_lo, side_lo))
    width = log_of(xp, *two_sum(xp, u * high, -u * low))
    hi, lo = total(xp, near, *[(-hi, -lo) for hi, lo in (width, side)])
    return hi + lo


def _triangular_rule(F, g, x, low, high, peak):
    left, near, _, side, gap, width = sides(F, x, low, high, peak)
    g = g * unit(low, high)
    g = F.where(left, g, -g)
    own, other = g * (1 / width - gap / near / side), -g / width
    return g / near, F.where(left, own, other), F.where(left, other, own), -g / side


triangular_log_prob.joint_derivative(_triangular_rule)


@differentiable
def triangular_tail(xp, x, low, high, peak, /, upper, log):
    """P(X <= x) or, if ``upper``, P(X > x), or its logarithm.

    The tail on x's own side is d^2/(w c); the other one is 1 less that, as a sum of positive terms.
    """
    left, near, far, side, gap, width = sides(raw(xp), xp.clip(x, low, high), low, high, peak)
    own, other = (near / width) * (near / side), gap / side + (far / width) * (near / side)
    same = ~left if upper else left
    tail, rest = xp.where(same, own, other), xp.where(same, other, own)
    if not log:
        return tail
    log_own = xp.log(near / width) + xp.log(near / side)  # the product may underflow
    return xp.where(rest < 0.5, xp.log1p(-rest), xp.where(same, log_own, xp.log(tail)))


def _tail_rule(F, g, x, low, high, peak, upper, log):
    inside = (x > low) & (x < high)
    g, x = F.where(inside, g, 0.0), F.where(inside, x, 0.5 * low + 0.5 * high)
    left, near, far, side, gap, width = sides(F, x, low, high, peak)
    g = g * (-unit(low, high) if upper else unit(low, high))
    own = (near / width) * (near / side)
    if not log:
        g = g * own
    else:
        same = ~left if upper else left
        g = g * F.where(same, 1.0, own / F(triangular_tail)(x, low, high, peak, upper=upper, log=False))
    by_end, by_other = -g * (far / width + gap / side) / near, -g / width
    return 2 * g / near, F.where(left, by_end, by_other), F.where(left, by_other, by_end), -g / side


triangular_tail.joint_derivative(_tail_rule)


def _shares(F, p, low, high, peak):
    """The quantile's distance from the end of its side, over the width and over the peak's distance."""
    u = unit(low, high)
    width = u * high - u * low
    left_share, right_share = (u * peak - u * low) / width, (u * high - u * peak) / width
    left = (p < left_share) | (peak == high)
    tail, rest = F.where(left, p, 1 - p), F.where(left, 1 - p, p)
    side, beyond = F.where(left, left_share, right_share), F.where(left, right_share, left_share)
    product = tail * side
    some = product > 1e-30  # the product may underflow
    share = F.where(some, F.sqrt(F.where(some, product, 1.0)), F.sqrt(tail) * F.sqrt(side))
    return left, share, F.sqrt(tail / side), rest + tail * beyond


@differentiable
def triangular_quantile(xp, p, low, high, peak):
    """low + sqrt(p w (peak - low)) on the left side, likewise on the right; taken from the nearer end."""
    left, share, _, rest = _shares(raw(xp), p, low, high, peak)
    far = rest / (1 + share)  # 1 - share, where rest is 1 - share^2
    return placed.kernel(xp, xp.where(left, share, far), xp.where(left, far, share), low, high)


def _quantile_rule(F, g, p, low, high, peak):
    left, share, of_side, _ = _shares(F, p, low, high, peak)
    own, other = 0.5 * g * ((1 - share) + (1 - of_side)), 0.5 * g * share
    by_p = 0.5 * g * ((high - low) / of_side)
    return by_p, F.where(left, own, other), F.where(left, other, own), 0.5 * g * of_side


triangular_quantile.joint_derivative(_quantile_rule)


@differentiable
def triangular_mean(xp, low, high, peak):
    """(low + high + peak)/3."""
    u = unit(low, high)
    hi, lo = total(xp, (u * low, 0), (u * high, 0), (u * peak, 0))
    return (hi + lo) / (3 * u)


triangular_mean.derivative(low=lambda F, g: g / 3, high=lambda F, g: g / 3, peak=lambda F, g: g / 3)
