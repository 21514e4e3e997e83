"""The mass of counts whose probability is a Beta variable, from deviances that do not cancel.

With y = n - x, A = a + x, B = b + y, N = a + b and d = (x b - y a)/(N + n) the mass is
S(a, b) S(x, y)/S(A, B) n/(x y) times e^-E, where E is the sum of the deviances of x, a, y and b from their
parts of A and B, which they miss by d, and S is the slowly changing share of :mod:`.beta`.

Source:
    C. Loader, "Fast and accurate computation of binomial probabilities" (2000), for the deviances.
"""

from __future__ import annotations

from ..autograd import differentiable, zero
from ..backend import hooks
from .beta import add_double, log_share
from .blocks import by_counts, in_blocks
from .bregman import digamma_difference, trigamma
from .differences import deviance
from .double import minus, two_product


@differentiable
@by_counts
@in_blocks
@hooks.opaque
def beta_binomial_log_prob(xp, x, n, a, b):
    """log(C(n, x) B(x + a, n - x + b)/B(a, b)) for counts 0 <= x <= n."""
    x, n, a, b = xp.broadcast_arrays(x, n, a, b)
    y, total = n - x, a + b + n
    (p, p_lo), (q, q_lo) = two_product(xp, x, b), two_product(xp, y, a)
    d = ((p - q) + (p_lo - q_lo)) / total
    e = 0.0
    for part, miss in ((x, d), (a, -d), (y, -d), (b, d)):
        e = e + deviance(xp, part, part - miss, miss)
    few = (x == 0) | (y == 0)
    s, t = xp.where(few, 1, x), xp.where(few, 1, y)
    h = add_double(xp, log_share(xp, a, b), minus(log_share(xp, a + x, b + y)))
    choices = log_share(xp, s, t)
    many = add_double(xp, h, choices)
    log_odds = xp.log(s) + (xp.log(t) - xp.log(xp.where(few, 1, n)))
    found = xp.where(few, h[0] + h[1], (many[0] - log_odds) + many[1]) - e
    return xp.where(n == 0, 0 * found, found)


@differentiable
def beta_binomial_score(xp, x, n, a, b):
    """The derivative by a: what digamma rises from a to a + x, less what it rises from a + b to a + b + n."""
    total = a + b
    rise = digamma_difference.kernel(xp, a + x, a, x)
    return rise - digamma_difference.kernel(xp, total + n, total, n)


beta_binomial_log_prob.derivative(
    x=zero,
    n=zero,
    a=lambda F, g, x, n, a, b: g * F(beta_binomial_score)(x, n, a, b),
    b=lambda F, g, x, n, a, b: g * F(beta_binomial_score)(n - x, n, b, a),
)


def _bend(F, x, n, a, b):
    return F(trigamma)(a + b) - F(trigamma)(a + b + n)


beta_binomial_score.derivative(
    x=zero,
    n=zero,
    a=lambda F, g, x, n, a, b: g * ((F(trigamma)(a + x) - F(trigamma)(a)) + _bend(F, x, n, a, b)),
    b=lambda F, g, x, n, a, b: g * _bend(F, x, n, a, b),
)
