"""The family of angles: distributions on a circle with one peak, symmetric about it."""

from __future__ import annotations

from typing import Any, ClassVar

from ...autograd import Variable
from ...numerics.angles import wrapped
from ...numerics.circle import AngleOps
from ...transforms.supports import circle, real
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..base.tails import FourTails


class Circular(FourTails, Distribution):
    """Angles in radians, about a location.

    The density is periodic: ``log_prob`` takes any finite angle, and a turn more changes nothing. Draws and
    quantiles lie in [-pi, pi], which is the support; there a tail is the probability on one side of x, with
    P(X <= -pi) = 0 wherever the location is. Moments are those of directions: the mean, the mode and the
    median are the location, as an angle in [-pi, pi], and the variance is 1 - E[cos(X - mean)], between 0 for
    a point and 1 for the uniform distribution. Gradients that flow through draws are right for functions that
    are periodic as well: a draw follows the location from pi to -pi.

    A subclass names the parameter that says how concentrated it is in ``spread``, declares it, states its
    ``ops``, ``_variance``, ``_entropy`` and ``_sample``.

    >>> from pdist.distributions import VonMises
    >>> issubclass(VonMises, Circular), VonMises.spread
    (True, 'concentration')
    """

    loc = Param(real)
    support = circle
    reparameterized = True
    ops: ClassVar[AngleOps]
    spread: ClassVar[str]

    def _accepts(self, x: Variable) -> Any:
        return real.contains(x)

    def _apply(self, op: Any, x: Variable, **settings: Any) -> Variable:
        return op(x, self.loc, getattr(self, self.spread), **settings)

    def _log_prob(self, x: Variable) -> Variable:
        return self._apply(self.ops.log_prob, x)

    def _any_tail(self, x: Variable, upper: bool, log: bool) -> Variable:
        return self._apply(self.ops.tail, x, upper=upper, log=log)

    def _icdf(self, p: Variable) -> Variable:
        return self._apply(self.ops.quantile, p)

    def _mean(self) -> Variable:
        return wrapped(self.loc)

    _median = _mode = _mean

    def _about(self, z: Variable) -> Variable:
        """loc + z as an angle in [-pi, pi]."""
        return wrapped(self.loc + z)
