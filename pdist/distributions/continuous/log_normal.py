"""The LogNormal distribution."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable, differentiable, zero
from ...numerics.constants import HALF_LOG_2PIE
from ...numerics.differences import log_minus, log_minus_double
from ...numerics.double import divide_double, rounding, two_product, two_sum
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..base.supports import positive, real
from ..divergences.registry import register_kl
from .normal import log_ndtr_double, ndtr_double, normal_kl, normal_log_prob, standardize


@differentiable
def lognormal_rest(xp, x, mu, sigma):
    """What rounding took from z = (log x - mu)/sigma."""
    d, rest = log_minus_double(xp, x, mu)
    z, rest = divide_double(xp, d, rest, sigma)
    return rounding(xp, rest, z)


lognormal_rest.derivative(x=zero, mu=zero, sigma=zero)


@differentiable
def exp_affine(xp, a, b, c):
    """e^(a + b c): the digits that the exponent loses by rounding come back as a factor."""
    h, rest = two_product(xp, b, c)
    h, lo = two_sum(xp, a, h)
    return xp.exp(h) * (1 + rounding(xp, lo + rest, 2 * (abs(h) + abs(a))))


def _exp_affine_rule(F, g, y, b, c):
    g = g * y
    return g, g * F.where(y > 0, c, 0), g * b


exp_affine.joint_derivative(_exp_affine_rule)


class LogNormal(Distribution):
    r"""The distribution of e^Y for a Normal Y.

    .. math:: p(x) = \frac{1}{\sqrt{2 \pi} \sigma x} \exp\left(-\frac{(\log x - \mu)^2}{2 \sigma^2}\right)

    Args:
        mu: the mean of log X, of shape ``[*batch]``.
        sigma: the standard deviation of log X, > 0, of shape ``[*batch]``.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapter 14.

    >>> import numpy as np
    >>> d = LogNormal(mu=np.array([0.0, 1.0]), sigma=0.5)
    >>> d.log_prob(2.0).array
    array([-1.87984456, -1.10725584])
    >>> d.mean.array
    array([1.13314845, 3.08021685])
    """

    mu = Param(real)
    sigma = Param(positive)
    support = positive
    reparameterized = True

    def _log_prob(self, x: Variable) -> Variable:
        return normal_log_prob(log_minus(x, self.mu), 0.0, self.sigma) - F.log(x)

    def _tail(self, function: Any, sign: int, x: Variable, below: float) -> Variable:
        """A function of z = (log x - mu)/sigma (or -z) and its rest for x > 0, a constant below."""
        inside = ~(x.array <= 0)
        x = F.where(inside, x, 1.0)
        z = standardize(log_minus(x, self.mu), 0.0, self.sigma)
        return F.where(inside, function(sign * z, sign * lognormal_rest(x, self.mu, self.sigma)), below)

    def _cdf(self, x: Variable) -> Variable:
        return self._tail(ndtr_double, 1, x, 0.0)

    def _survival_function(self, x: Variable) -> Variable:
        return self._tail(ndtr_double, -1, x, 1.0)

    def _log_cdf(self, x: Variable) -> Variable:
        return self._tail(log_ndtr_double, 1, x, -math.inf)

    def _log_survival_function(self, x: Variable) -> Variable:
        return self._tail(log_ndtr_double, -1, x, 0.0)

    def _icdf(self, p: Variable) -> Variable:
        return exp_affine(self.mu, self.sigma, F.ndtri(p))

    def _entropy(self) -> Variable:
        return self.mu + (F.log(self.sigma) + HALF_LOG_2PIE)

    def _mean(self) -> Variable:
        return exp_affine(self.mu, self.sigma, 0.5 * self.sigma)

    def _mode(self) -> Variable:
        return exp_affine(self.mu, self.sigma, -self.sigma)

    def _median(self) -> Variable:
        return F.exp(self.mu)

    def _variance(self) -> Variable:
        """(e^(sigma^2) - 1) e^(2 mu + sigma^2), in an order that does not overflow before the result."""
        root = exp_affine(self.mu, self.sigma, self.sigma)
        return -F.expm1(-self.sigma * self.sigma) * root * root

    def _stddev(self) -> Variable:
        return exp_affine(self.mu, self.sigma, self.sigma) * F.sqrt(-F.expm1(-self.sigma * self.sigma))

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return F.exp(self.mu + self.sigma * rng.standard_normal(shape, dtype=self.dtype))


@register_kl(LogNormal, LogNormal)
def _kl_lognormal_lognormal(p: LogNormal, q: LogNormal) -> Variable:
    """That of the Normals: a change of variables changes nothing."""
    return normal_kl(standardize(p.mu, q.mu, q.sigma), p.sigma, q.sigma)
