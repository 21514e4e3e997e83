"""The PowerSpherical distribution."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.beta_divergence import log_beta, log_beta_slope
from ...numerics.beta_shape import moved_beta
from ..families.directions import Directions
from ..families.draws import beta_draws


class PowerSpherical(Directions):
    r"""The power spherical distribution of directions in d dimensions, whose draws carry all gradients.

    .. math:: p(x) = \frac{(1 + \mu \cdot x)^\kappa \Gamma(\alpha + \beta)}
        {2^{\alpha + \beta} \pi^\beta \Gamma(\alpha)}, \quad |x| = 1, \quad
        \alpha = \beta + \kappa, \quad \beta = \frac{d - 1}{2}

    with respect to the area of the unit sphere: (1 + mu.x)/2 is a Beta(alpha, beta) variable.

    Args:
        loc: the mean direction mu, unit vectors of d >= 2 elements, of shape ``[*batch, d]``.
        concentration: kappa > 0, of shape ``[*batch]``.

    The mean is a vector along ``loc``, shorter than 1.

    Source:
        N. De Cao and W. Aziz, "The Power Spherical Distribution" (2020).

    >>> import numpy as np
    >>> d = PowerSpherical(loc=np.array([0.0, 0.0, 1.0]), concentration=2.0)
    >>> d.mean.array
    array([0. , 0. , 0.5])
    >>> d.prob([[0, 0, 1], [0, 0, -1]]).array.round(6)
    array([0.238732, 0.      ])
    """

    reparameterized = True

    @property
    def _shapes(self) -> tuple[Variable, float]:
        """alpha and beta."""
        beta = 0.5 * (self.event_shape[0] - 1)
        return self.concentration + beta, beta

    def _log_norm(self) -> Variable:
        """The logarithm of the integral of ((1 + mu.x)/2)^kappa."""
        alpha, beta = self._shapes
        return log_beta(alpha, beta) + (2 * beta * math.log(2) + beta * math.log(math.pi) - math.lgamma(beta))

    def _log_density(self, gap: Variable) -> Variable:
        return self.concentration * F.log1p(-0.5 * F.minimum(gap, 2.0)) - self._log_norm()

    def _mean_part(self) -> Variable:
        return self.concentration / (self.concentration + (self.event_shape[0] - 1))

    def _entropy(self) -> Variable:
        return self._log_norm() - self.concentration * log_beta_slope(*self._shapes)

    def _shares(self, shape: tuple[int, ...], rng: Any) -> tuple[Variable, Variable]:
        alpha, beta = self._shapes
        b = self.xp.asarray(beta, self.dtype)
        v = beta_draws(self.xp, rng, shape, b, alpha.array)
        v = moved_beta(as_variable(v.astype(self.dtype)), beta, alpha)
        return v, 1 - v
