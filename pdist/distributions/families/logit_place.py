"""Distributions on (0, 1) whose logit is a standard variable, moved and stretched."""

from __future__ import annotations

import functools
import math
from typing import Any, ClassVar, NamedTuple

from ...autograd import Variable, differentiable, public, raw
from ...numerics.logit import log_steps, logit_of, moved_logit, moved_logit_double, placed_logit
from ...numerics.logs import constant, log_of, total
from ...transforms.supports import open_unit_interval
from ..base.distribution import Distribution
from ..base.tails import FourTails
from .draws import inside_unit
from .standard import Standard


class LogitOps(NamedTuple):
    """What :func:`logit_ops` makes: ops of ``(x, loc, s)``; the tail's settings are ``upper`` and ``log``."""

    log_prob: Any
    tail: Any


class LogitPlace(FourTails, Distribution):
    r"""The distribution of sigmoid(Y), where Y is a standard variable Z, moved and stretched.

    .. math:: p(x) = \frac{f(z)}{x (1 - x)} \left|\frac{dz}{d \operatorname{logit} x}\right|

    A subclass names its standard form, which has no shapes and is symmetric about 0, and states ``_place()``:
    a location and a positive number, with which z is (logit x - loc)/s if ``given_as`` is "scale", and
    s logit x - loc if it is "rate".

    Attributes:
        standard: the distribution of Z.
        given_as: what the positive number is.
        log_norm_residual: what rounding took from the ``log_norm`` of the standard form.
    """

    standard: ClassVar[type[Standard]]
    given_as: ClassVar[str] = "scale"
    log_norm_residual: ClassVar[float] = 0.0
    support = open_unit_interval
    reparameterized = True

    def _place(self) -> tuple[Variable, Variable]:
        raise NotImplementedError

    @property
    def _ops(self) -> LogitOps:
        return logit_ops(self.standard, self.given_as, self.log_norm_residual)  # type: ignore[arg-type]

    def _log_prob(self, x: Variable) -> Variable:
        return self._ops.log_prob(x, *self._place())

    def _any_tail(self, x: Variable, upper: bool, log: bool) -> Variable:
        return self._ops.tail(x, *self._place(), upper=upper, log=log)

    def _placed(self, z: Any) -> Variable:
        return placed_logit(z, *self._place(), given=self.given_as)

    def _icdf(self, p: Variable) -> Variable:
        return self._placed(self.standard.quantile(public, p))

    def _median(self) -> Variable:
        return self._placed(0.0)

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return inside_unit(self._placed(self.standard.draw(public, rng, shape, self.dtype)))


@functools.cache
def logit_ops(standard: type[Standard], given: str, log_norm_residual: float) -> LogitOps:
    """The density and the tails as ops."""
    rate = given == "rate"

    @differentiable
    def logit_log_prob(xp, x, loc, s):
        z, z_lo = moved_logit_double(xp, x, loc, s, given)
        F = raw(xp)
        if standard.log_kernel_double is None:
            y, lo = standard.log_kernel(F, z), 0.0
        else:
            y, lo = standard.log_kernel_double(F, z)
        log_s, log_lo = log_of(xp, s)
        step = (log_s, log_lo) if rate else (-log_s, -log_lo)
        others = [(-hi, -lo) for hi, lo in log_steps(xp, x)]
        norm = constant(z, -standard.log_norm, -log_norm_residual)
        hi, rest = total(xp, step, *others, (y, lo), norm)
        return hi + (rest - z_lo * standard.slope(F, z))

    def log_prob_rule(F, g, x, loc, s):
        z = F(moved_logit)(x, loc, s, given=given)
        slope = standard.slope(F, z)
        by_z = -g * slope
        d_x = -g * rise(F, slope, z, x, s) / (x * (1 - x))
        if rate:
            return d_x, -by_z, g / s + by_z * F(logit_of)(x)
        return d_x, -by_z / s, g * standard.log_scale_slope(F, z) / s

    def rise(F, slope, z, x, s):
        """-d log p/d logit x."""
        own = getattr(standard, "rise", None)
        return own(F, z, x, s) if own else (slope * s if rate else slope / s) + (1 - 2 * x)

    def _by_arguments(F, by_z, z, x, loc, s):
        """The gradients of something by x, loc and s, from that by z."""
        if rate:
            return by_z * s / (x * (1 - x)), -by_z, by_z * F(logit_of)(x)
        by_z = by_z / s
        return by_z / (x * (1 - x)), -by_z, -by_z * z

    @differentiable
    def logit_tail(xp, x, loc, s, /, upper, log):
        z, z_lo = moved_logit_double(xp, xp.clip(x, 0, 1), loc, s, given)
        y, slope = standard.tail_and_slope(raw(xp), z, upper=upper, log=log)
        correction = z_lo * slope
        return y + xp.where(abs(correction) < math.inf, correction, 0)

    def tail_rule(F, g, x, loc, s, upper, log):
        inside = (x > 0) & (x < 1)
        g, x = F.where(inside, g, 0.0), F.where(inside, x, 0.5)
        z = F(moved_logit)(x, loc, s, given=given)
        return _by_arguments(F, g * standard.tail_slope(F, z, upper=upper, log=log), z, x, loc, s)

    logit_log_prob.joint_derivative(log_prob_rule)
    logit_tail.joint_derivative(tail_rule)
    return LogitOps(logit_log_prob, logit_tail)
