"""The SinhArcsinh distribution."""

from __future__ import annotations

from typing import Any

from ...numerics import sinh_arcsinh as arc
from ...transforms.supports import positive, real
from ..base.parameters import Param
from ..base.weighted_data import Data
from ..families.location_scale import LocationScale
from ..families.through import Through
from .normal import StandardNormal


class StandardSinhArcsinh(Through):
    """Of the Z for which sinh(arcsinh(z/c)/t - e) is a standard Normal."""

    shapes, steep, inner = ("skewness", "tailweight"), True, StandardNormal

    log_kernel_double = lambda F, z, e, t: arc.sinh_arcsinh_log_density_double(F.xp, z, e, t)
    log_kernel = lambda F, z, e, t: F(arc.sinh_arcsinh_log_density)(z, e, t)
    slope, bend, rise, moves = arc.slope, arc.bend, arc.rise, arc.moves
    shape_slopes, shape_bends = arc.shape_slopes, arc.shape_bends
    double = arc.sinh_arcsinh_double
    back = lambda F, u, e, t: F(arc.sinh_arcsinh_back)(u, e, t)


class SinhArcsinh(LocationScale):
    r"""The SinhArcsinh distribution: a Normal whose skewness and tails were changed.

    .. math:: X = \mu + s c \sinh((\operatorname{arcsinh} N + \epsilon) \tau), \quad
        c = \frac{2}{\sinh(\tau \operatorname{arcsinh} 2)}, \quad N \sim \mathrm{Normal}(0, 1)

    Args:
        loc: mu, of shape ``[*batch]``; the median if the skewness is 0.
        scale: s > 0, of shape ``[*batch]``.
        skewness: epsilon, of shape ``[*batch]``; more leans to the right.
        tailweight: tau > 0, of shape ``[*batch]``; more means heavier tails, 1 those of a Normal.
        log_scale: log s, instead of ``scale``.

    Source:
        M. C. Jones and A. Pewsey, "Sinh-arcsinh distributions", Biometrika 96 (2009), with the scale of
        TensorFlow Probability's ``SinhArcsinh``.

    >>> import numpy as np
    >>> d = SinhArcsinh(loc=np.array([0.0, 1.0]), scale=1.0, skewness=0.0, tailweight=1.0)
    >>> d.cdf(1.0).array
    array([0.84134475, 0.5       ])
    """

    skewness = Param(real)
    tailweight = Param(positive)
    order = ("loc", "scale", "skewness", "tailweight")
    standard = StandardSinhArcsinh

    @classmethod
    def _fitted(cls, data: Data, **given: Any) -> dict[str, Any]:
        raise NotImplementedError("SinhArcsinh.fit: the search does not find its way; there is no formula")
