"""The Normal distribution."""

from __future__ import annotations

import math
from typing import Any

from .. import functions as F
from ..autograd import Variable, differentiable
from .distribution import Distribution, Parameter
from .divergences import register_kl
from .supports import positive, real

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


@differentiable
def normal_log_prob(xp, x, loc, scale):
    """log N(x; loc, scale) = -z^2/2 - log scale - log(2 pi)/2 with z = (x - loc)/scale."""
    z = (x - loc) / scale
    return -0.5 * z * z - (xp.log(scale) + _HALF_LOG_2PI)


normal_log_prob.derivatives(
    lambda F, g, _y, x, loc, scale: -g * ((x - loc) / scale) / scale,
    lambda F, g, _y, x, loc, scale: g * ((x - loc) / scale) / scale,
    lambda F, g, _y, x, loc, scale: g * (((x - loc) / scale) * ((x - loc) / scale) - 1) / scale,
)


class Normal(Distribution):
    """The Normal (Gaussian) distribution with density exp(-(x - loc)^2 / (2 scale^2)) / (scale sqrt(2 pi))."""

    loc = Parameter(real)
    scale = Parameter(positive, derive=lambda self: F.exp(self.log_scale))
    log_scale = Parameter(real, instead_of="scale", derive=lambda self: F.log(self.scale))
    support = real
    reparameterized = True

    def _log_prob(self, x: Variable) -> Variable:
        return normal_log_prob(x, self.loc, self.scale)

    def _mean(self) -> Variable:
        return self.loc

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return self.loc + self.scale * rng.standard_normal(shape, dtype=self.dtype)


@register_kl(Normal, Normal)
def _kl_normal_normal(p: Normal, q: Normal) -> Variable:
    raise NotImplementedError
