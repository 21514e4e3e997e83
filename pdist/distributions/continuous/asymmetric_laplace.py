"""The AsymmetricLaplace distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...numerics.asymmetric_laplace_fit import best_asymmetry, distances, distances_from
from ...numerics.double import divide_double, rounding, two_product
from ...numerics.quantiles import asymmetric_laplace_quantile
from ...transforms.supports import positive
from ..base.parameters import Param
from ..base.weighted_data import Data
from ..families.location_scale import LocationScale
from ..families.standard import Standard


def side(xp, z, k):
    """The tail beyond z, on the left of 0 or on the right: k^(-+1)/(k + 1/k) e^-h with h = |z| k^(+-1)."""
    share = xp.where(z < 0, k, 1 / k) / (k + 1 / k)
    left, right = divide_double(xp, -z, 0.0, k), two_product(xp, z, k)
    h, lo = (xp.where(z < 0, *both) for both in zip(left, right, strict=True))
    return share * xp.exp(-h) * (1 - rounding(xp, lo, h))


def log_side(xp, z, k):
    """The logarithm of :func:`side`."""
    small = xp.where(z < 0, k, 1 / k)
    v = xp.minimum(small, 1 / small)
    log_share = xp.where(small < 1, 2 * xp.log(v), 0) - xp.log1p(v * v)
    return log_share - xp.where(z < 0, -z / k, z * k)


def side_slope(F, z, k):
    """The derivative by k of log_side."""
    return F.where(z < 0, 2 / (1 + k * k) / k - z / k / k, -2 / (k + 1 / k) - z)


class StandardAsymmetricLaplace(Standard):
    """Exponential to the right at the rate k, to the left at 1/k."""

    shapes, mode = ("asymmetry",), 0.0

    log_norm = lambda F, k: F.log(k + 1 / k)
    log_kernel = lambda F, z, k: -F.where(z < 0, -z / k, z * k)
    slope = lambda F, z, k: F.where(z < 0, -1 / k, F.where(z > 0, k, 0.0 * k))

    def shape_slopes(F, z, k):
        return (F.where(z < 0, -z / k / k, -z) - (k - 1) * (k + 1) / k / (k + 1 / k) / k,)

    cdf = lambda xp, z, k: xp.where(z < 0, t := side(xp, z, k), 1 - t)
    sf = lambda xp, z, k: xp.where(z < 0, 1 - (t := side(xp, z, k)), t)
    log_cdf = lambda xp, z, k: xp.where(z < 0, log_side(xp, z, k), xp.log1p(-side(xp, z, k)))
    log_sf = lambda xp, z, k: xp.where(z < 0, xp.log1p(-side(xp, z, k)), log_side(xp, z, k))

    def hazard(F, z, k):
        r = F.exp(-z * k) / k / (k + 1 / k)
        return F.where(z < 0, 1 / k, k * r / (1 - F.where(z < 0, 0.0, r)))

    def hazard_sf(F, z, k):
        return StandardAsymmetricLaplace.hazard(F, -z, 1 / k)

    def tail_slopes(F, z, k, upper, log):
        far = (z < 0) ^ upper  # whether z lies in the tail itself
        t = F.exp(-F.where(z < 0, -z / k, z * k)) * F.where(z < 0, k, 1 / k) / (k + 1 / k)
        by_log = side_slope(F, z, k)
        if log:
            return (F.where(far, by_log, -t * by_log / (1 - F.where(far, 0.0, t))),)
        return (F.where(far, t, -t) * by_log,)

    quantile = lambda F, p, k: F(asymmetric_laplace_quantile)(p, k)
    entropy = lambda F, k: 1 + F.log(k + 1 / k)
    mean = lambda F, k: (1 - k) * (1 + k) / k
    variance = lambda F, k: 1 / k / k + k * k

    def draw(F, rng, shape, dtype, k):
        right, left = (rng.standard_exponential(shape, dtype=dtype) for _ in range(2))
        return right / k - left * k


class AsymmetricLaplace(LocationScale):
    r"""The AsymmetricLaplace distribution, whose sides fall at different rates.

    .. math:: p(x) = \frac{1}{s (\kappa + 1/\kappa)} \begin{cases} e^{z / \kappa} & z < 0 \\
        e^{-z \kappa} & z \ge 0 \end{cases}, \quad z = \frac{x - \mu}{s}

    Args:
        loc: the mode mu, of shape ``[*batch]``.
        scale: s > 0, of shape ``[*batch]``.
        asymmetry: kappa > 0, of shape ``[*batch]``; 1 is Laplace, and more leans to the left.
        log_scale: log s, instead of ``scale``.

    Source:
        Kotz, Kozubowski and Podgorski, "The Laplace Distribution and Generalizations", chapter 3.

    >>> import numpy as np
    >>> AsymmetricLaplace(loc=0.0, scale=1.0, asymmetry=np.array([0.5, 1.0])).cdf(0.0).array
    array([0.2, 0.5])
    """

    asymmetry = Param(positive)
    order = ("loc", "scale", "asymmetry")
    standard = StandardAsymmetricLaplace

    @classmethod
    def _fitted(cls, data: Data, loc: Any = None, scale: Any = None, asymmetry: Any = None) -> dict[str, Any]:
        """The location is a value of the data; the rest follows from the mean distances on either side."""
        places, above, below = distances(data) if loc is None else distances_from(data, loc)
        k = best_asymmetry(above, below, scale) if asymmetry is None else asymmetry + 0 * above
        s = k * above + below / k if scale is None else scale + 0 * above
        y = -np.log(s * (k + 1 / k)) - (k * above + below / k) / s
        best = np.where(y == y, y, -np.inf).argmax(axis=0)[None]
        rows = {"loc": places, "scale": s, "asymmetry": k}
        return {name: np.take_along_axis(row, best, axis=0)[0] for name, row in rows.items()}
