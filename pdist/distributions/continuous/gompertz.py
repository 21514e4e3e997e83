"""The Gompertz distribution."""

from __future__ import annotations

from ...numerics import gompertz as numerics
from ...numerics.constants import LOG_2
from ...numerics.exponential_integral import integral_excess, scaled_integral
from ...transforms.supports import positive
from ..base.parameters import Param
from ..families.location_scale import PositiveScale
from ..families.through import Through
from .exponential import StandardExponential


class StandardGompertz(Through):
    """Of density c e^z e^(-c (e^z - 1)): c (e^Z - 1) is a standard Exponential variable."""

    shapes, steep, inner = ("shape",), True, StandardExponential

    log_kernel = lambda F, z, c: F(numerics.gompertz_log_density)(z, c)
    log_kernel_double = numerics.log_density_double
    slope = lambda F, z, c: F(numerics.gompertz_slope)(z, c)
    bend = lambda F, z, c: c * numerics.exponential(F, z)
    scale_slope = lambda F, d, s, c: F(numerics.gompertz_scale_slope)(d / s, c)
    shape_slopes = lambda F, z, c: (F(numerics.gompertz_shape_slope)(z, c),)
    shape_bends = lambda F, z, c: (-numerics.exponential(F, z),)
    double = numerics.growth_double
    moves = lambda F, z, u, c: (u / c,)
    back = lambda F, u, c: F.log1p(u / c)

    rise = numerics.growth_and_slope

    entropy = lambda F, c: 1 - F(integral_excess)(c)
    mean = lambda F, c: F(scaled_integral)(c, n=1)
    mode = lambda F, c: F.maximum(-F.log(c), 0.0)
    median = lambda F, c: F.log1p(LOG_2 / c)
    variance = numerics.variance


class Gompertz(PositiveScale):
    r"""The Gompertz distribution: the time until a failure whose rate grows exponentially.

    .. math:: p(x) = c b e^{b x} e^{-c (e^{b x} - 1)}, \quad x \ge 0

    Args:
        shape: c > 0, of shape ``[*batch]``.
        rate: b > 0, of shape ``[*batch]``; the rate of failures is c b at first, and grows as e^(b x).

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapter 22.

    >>> import numpy as np
    >>> d = Gompertz(shape=np.array([0.1, 1.0]), rate=1.0)
    >>> d.survival_function(1.0).array
    array([0.84212385, 0.17937408])
    """

    shape = Param(positive)
    rate = Param(positive)
    standard, scales = StandardGompertz, {"rate": "rate"}
