"""The VonMisesFisher distribution."""

from __future__ import annotations

from typing import Any

from ...autograd import Variable, as_variable
from ...numerics.spherical import sphere_draws, sphere_entropy, sphere_log_prob, sphere_ratio
from ..families.directions import Directions


class VonMisesFisher(Directions):
    r"""The von Mises-Fisher distribution of directions in d dimensions: VonMises on a sphere.

    .. math:: p(x) = \frac{\kappa^{d/2 - 1} e^{\kappa \mu \cdot x}}{(2 \pi)^{d/2} I_{d/2 - 1}(\kappa)}, \quad
        |x| = 1

    with respect to the area of the unit sphere.

    Args:
        loc: the mean direction mu, unit vectors of d >= 2 elements, of shape ``[*batch, d]``.
        concentration: kappa > 0, of shape ``[*batch]``.

    The mean is a vector along ``loc``, shorter than 1. Samples carry gradients to ``loc`` only; one of a
    billion is a proposal that should have been rejected.

    Source:
        K. V. Mardia and P. E. Jupp, "Directional Statistics" (2000), section 9.3. A. T. A. Wood, "Simulation
        of the von Mises Fisher distribution" (1994).

    >>> import numpy as np
    >>> d = VonMisesFisher(loc=np.array([0.0, 0.0, 1.0]), concentration=2.0)
    >>> d.mean.array.round(6)
    array([0.      , 0.      , 0.537315])
    >>> d.prob([[0, 0, 1], [0, 1, 0]]).array.round(6)
    array([0.324249, 0.043882])
    """

    reparameterized = frozenset({"loc"})

    def _log_density(self, gap: Variable) -> Variable:
        return sphere_log_prob(gap, self.concentration, d=self.event_shape[0])

    def _mean_part(self) -> Variable:
        return sphere_ratio(self.concentration, d=self.event_shape[0])

    def _entropy(self) -> Variable:
        return sphere_entropy(self.concentration, d=self.event_shape[0])

    def _shares(self, shape: tuple[int, ...], rng: Any) -> tuple[Variable, Variable]:
        v = sphere_draws(self.xp, rng, shape, self.concentration.array, self.event_shape[0])
        return as_variable(v.astype(self.dtype)), as_variable((1 - v).astype(self.dtype))
