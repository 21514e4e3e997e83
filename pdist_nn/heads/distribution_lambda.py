"""A layer that makes a distribution from its input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pdist.autograd import Variable
from pdist.distributions import Distribution

from ..link import Link


class DistributionLambda(Link):
    """The distribution ``make(*args)``.

    Args:
        make: a function of the layer's input that returns a distribution.
        convert_to_array: a function of the distribution that makes the input of the next layer of a
            :class:`Sequential`, by default a sample. ``lambda d: d.mean`` passes the mean on.

    ``log_prob`` of the distribution rejects values that would broadcast the batch: targets of shape ``[N,
    1]`` against a batch ``[N]`` would silently give ``[N, N]``, whose mean is meaningless.

    >>> import numpy as np, pdist.distributions as D
    >>> head = DistributionLambda(lambda x: D.Normal(x, 2 * x), convert_to_array=lambda d: d.mean)
    >>> d = head(np.float32([1, 2]))
    >>> d
    Normal(loc=[1., 2.], scale=[2., 4.])
    >>> head.convert_to_array(d).array
    array([1., 2.], dtype=float32)
    """

    def __init__(
        self,
        make: Callable[..., Distribution],
        convert_to_array: Callable[[Distribution], Variable] = Distribution.sample,
    ) -> None:
        super().__init__()
        if not callable(make):
            raise TypeError(f"{type(self).__name__}: make is a {type(make).__name__}; expected a function")
        if not callable(convert_to_array):
            raise TypeError(
                f"{type(self).__name__}: convert_to_array is a {type(convert_to_array).__name__}; "
                "expected a function "
                "of the distribution"
            )
        self.make = make
        self.convert_to_array = convert_to_array

    def forward(self, *args: Any) -> Distribution:
        """The distribution."""
        distribution = self.make(*args)
        if not isinstance(distribution, Distribution):
            raise TypeError(
                f"{type(self).__name__}: make returned a {type(distribution).__name__}; expected a "
                "Distribution"
            )
        return distribution._with_pairs_only()
