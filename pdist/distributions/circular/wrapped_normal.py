"""The WrappedNormal distribution."""

from __future__ import annotations

from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.wrapped_normal import WRAPPED_NORMAL, wrapped_normal_entropy
from ...transforms.supports import positive
from ..base.parameters import Param
from ..families.circular import Circular


class WrappedNormal(Circular):
    r"""The WrappedNormal distribution: a Normal variable wrapped around the circle.

    .. math:: p(x) = \frac{1}{s \sqrt{2 \pi}} \sum_n e^{-(x - \mu + 2 \pi n)^2/(2 s^2)}

    Angles are in radians. ``log_prob`` takes any of them; quantiles, draws and the tails are those of
    [-pi, pi], with ``cdf(-pi) = 0``.

    Args:
        loc: the mean direction mu, of shape ``[*batch]``; mean, mode and median are this angle.
        scale: s > 0, the standard deviation before it is wrapped, of shape ``[*batch]``. The variance is the
            circular one, 1 - e^(-s^2/2).

    Source:
        K. V. Mardia and P. E. Jupp, "Directional Statistics" (2000), section 3.5.

    >>> import numpy as np
    >>> d = WrappedNormal(loc=np.array([0.0, 1.0]), scale=2.0)
    >>> d.prob(0.0).array
    array([0.20234029, 0.18238595])
    >>> d.variance.array
    array([0.86466472, 0.86466472])
    """

    scale = Param(positive)
    ops, spread = WRAPPED_NORMAL, "scale"

    def _variance(self) -> Variable:
        return -F.expm1(-0.5 * self.scale * self.scale)

    def _entropy(self) -> Variable:
        return wrapped_normal_entropy(self.scale)

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return self._about(self.scale * as_variable(rng.standard_normal(shape, dtype=self.dtype)))
