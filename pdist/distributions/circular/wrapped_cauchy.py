"""The WrappedCauchy distribution."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable
from ...numerics.wrapped_cauchy import WRAPPED_CAUCHY
from ...transforms.supports import below_one
from ..base.parameters import Param
from ..families.circular import Circular


class WrappedCauchy(Circular):
    r"""The WrappedCauchy distribution: a Cauchy variable of scale -log rho, wrapped around the circle.

    .. math:: p(x) = \frac{1 - \rho^2}{2 \pi (1 + \rho^2 - 2 \rho \cos(x - \mu))}

    Angles are in radians. ``log_prob`` takes any of them; quantiles, draws and the tails are those of
    [-pi, pi], with ``cdf(-pi) = 0``.

    Args:
        loc: the mean direction mu, of shape ``[*batch]``; mean, mode and median are this angle.
        rho: the length of the mean direction, in [0, 1), of shape ``[*batch]``; 0 makes all angles equally
            likely. The variance is the circular one, 1 - rho.

    Source:
        K. V. Mardia and P. E. Jupp, "Directional Statistics" (2000), section 3.5.

    >>> import numpy as np
    >>> d = WrappedCauchy(loc=np.array([0.0, 1.0]), rho=0.5)
    >>> d.prob(0.0).array
    array([0.47746483, 0.16819303])
    >>> d.cdf(0.0).array
    array([0.5      , 0.23172501])
    """

    rho = Param(below_one)
    ops, spread = WRAPPED_CAUCHY, "rho"

    def _variance(self) -> Variable:
        return 1 - self.rho

    def _entropy(self) -> Variable:
        return F.log(2 * math.pi * ((1 - self.rho) * (1 + self.rho)))

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        t = self.xp.tan(math.pi * (rng.random(shape, dtype=self.dtype) - 0.5))
        return self._about(2 * F.arctan((1 - self.rho) / (1 + self.rho) * t))
