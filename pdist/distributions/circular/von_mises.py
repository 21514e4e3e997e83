"""The VonMises distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd import Variable
from ...numerics.bessel import bessel_gap
from ...numerics.von_mises import VON_MISES, draw, von_mises_entropy
from ...transforms.supports import nonnegative
from ..base.parameters import Param
from ..base.weighted_data import Data
from ..families.circular import Circular


class VonMises(Circular):
    r"""The VonMises distribution: of all directions with one mean and length of mean the least certain.

    .. math:: p(x) = \frac{e^{\kappa \cos(x - \mu)}}{2 \pi I_0(\kappa)}

    Angles are in radians. ``log_prob`` takes any of them, as SciPy's ``vonmises`` does; quantiles, draws and
    the tails are those of [-pi, pi], with ``cdf(-pi) = 0``, as of ``vonmises_line`` where ``loc`` is 0.

    Args:
        loc: the mean direction mu, of shape ``[*batch]``; mean, mode and median are this angle.
        concentration: kappa >= 0, of shape ``[*batch]``; about 1/variance if large, and 0 makes all angles
            equally likely. The variance is the circular one, 1 - I1(kappa)/I0(kappa).

    Samples carry gradients to both parameters; those by the concentration are implicit.

    Source:
        K. V. Mardia and P. E. Jupp, "Directional Statistics" (2000), section 3.5.

    >>> import numpy as np
    >>> d = VonMises(loc=np.array([0.0, 1.0]), concentration=2.0)
    >>> d.prob(0.0).array
    array([0.51588541, 0.2057145 ])
    >>> d.variance.array
    array([0.30222534, 0.30222534])
    """

    concentration = Param(nonnegative)
    ops, spread = VON_MISES, "concentration"

    def _variance(self) -> Variable:
        return bessel_gap(self.concentration)

    def _entropy(self) -> Variable:
        return von_mises_entropy(self.concentration)

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return self._about(draw(self.xp, rng, shape, self.concentration))

    @classmethod
    def _fitted(cls, data: Data, loc: Any = None, **others: Any) -> dict[str, Any]:
        """The likeliest location is the mean direction."""
        direction = np.arctan2(data.average(np.sin(data.values)), data.average(np.cos(data.values)))
        return {"loc": direction if loc is None else loc}
