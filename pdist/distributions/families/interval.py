"""Distributions on an interval whose ends are parameters."""

from __future__ import annotations

from typing import Any

from ...autograd import Variable, as_variable
from ...numerics.probability import log_by_complement
from ...transforms.supports import Support, interval, real
from ..base.distribution import Distribution
from ..base.parameters import Param


class Interval(Distribution):
    """Base of distributions from ``low`` to ``high``, ends included.

    A member states ``_log_prob(x)`` for x in the interval, ``_cdf(x)`` and ``_survival_function(x)``, each to
    the last digits and right outside too, ``_icdf(p)``, the mean and other moments. From here come the
    parameters, the support, the logarithms of the tails, and draws, which carry gradients to all parameters.

    >>> import pdist.functions as F, pdist.distributions as D
    >>> class Even(Interval):
    ...     def _log_prob(self, x): return F.where(x.array == x.array, -F.log(self.high - self.low), x)
    ...     def _cdf(self, x): return F.clip((x - self.low) / (self.high - self.low), 0.0, 1.0)
    ...     def _survival_function(self, x): return F.clip((self.high - x) / (self.high - self.low), 0.0, 1.0)
    ...     def _mean(self): return 0.5 * self.low + 0.5 * self.high
    >>> print(Even(0.0, 4.0).log_survival_function(3.0))
    variable(-1.3862944, dtype=float32)
    """

    low = Param(real)
    high = Param(real)
    ordered = ("low", "high")
    reparameterized = True

    @property
    def support(self) -> Support:
        """The interval, ends included."""
        return interval(self.low.array, self.high.array, "[low, high]", self._mean().array)

    def _log_cdf(self, x: Variable) -> Variable:
        return log_by_complement(self._cdf(x), self._survival_function(x))

    def _log_survival_function(self, x: Variable) -> Variable:
        return log_by_complement(self._survival_function(x), self._cdf(x))

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return self._icdf(as_variable(rng.random(shape, dtype=self.dtype)))

    if False:  # what a member states, for type checkers

        def _cdf(self, x: Variable) -> Variable: ...
        def _survival_function(self, x: Variable) -> Variable: ...
        def _mean(self) -> Variable: ...
