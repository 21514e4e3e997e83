"""What a distribution knows about itself: entropy, moments and the likeliest value."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable

#: By method, what estimates a moment from p, n and whether it is central; `divergences` has them.
estimates: dict[str, Callable[[Any, int, bool], Variable]] = {}


class Moments:
    """The statistics of a distribution, from the formulas that it states."""

    batch_shape: tuple[int, ...]
    event_shape: Any
    icdf: Any
    support: Any
    xp: Any
    dtype: Any
    _no: Any

    def _statistic(self, name: str, tail: tuple[int, ...]) -> Variable:
        """What a formula without arguments gives, of shape ``batch_shape + tail``."""
        formula = getattr(self, "_" + name, None)
        if formula is None:
            raise self._no(name)
        with np.errstate(all="ignore"):
            y = formula()
            shape = self.batch_shape + tail
            return y if y._array.shape == shape else F.broadcast_to(y, shape)

    @property
    def entropy(self) -> Variable:
        """-E[log p(X)], in nats, of shape ``batch_shape``."""
        return self._statistic("entropy", ())

    @property
    def mean(self) -> Variable:
        """E[X], of shape ``batch_shape + event_shape``."""
        return self._statistic("mean", self.event_shape)

    @property
    def mode(self) -> Variable:
        """The likeliest value."""
        return self._statistic("mode", self.event_shape)

    @property
    def median(self) -> Variable:
        """The value that half of the probability lies below."""
        return self._statistic("median", self.event_shape) if hasattr(self, "_median") else self.icdf(0.5)

    @property
    def variance(self) -> Variable:
        """E[(X - E[X])^2], elementwise."""
        return self._statistic("variance", self.event_shape)

    @property
    def stddev(self) -> Variable:
        """The square root of the variance."""
        return (
            self._statistic("stddev", self.event_shape) if hasattr(self, "_stddev") else F.sqrt(self.variance)
        )

    @property
    def skewness(self) -> Variable:
        """E[((X - mean)/stddev)^3], elementwise: positive if the upper tail is the longer one."""
        return self._statistic("skewness", self.event_shape)

    @property
    def kurtosis(self) -> Variable:
        """E[((X - mean)/stddev)^4] - 3, elementwise: 0 for a Normal, more for heavier tails."""
        return self._statistic("kurtosis", self.event_shape)

    def moment(self, n: int, central: bool = False, method: str | None = None) -> Variable:
        r"""The n-th moment E[X^n], or the central one E[(X - E[X])^n].

        Those up to the fourth follow from mean, variance, skewness and kurtosis, where a class states
        them, to the rounding errors of a sum; a few classes have a formula for all. A moment that does not
        exist is inf if its integral is, else nan.

        Args:
            n: a whole number from 0 on.
            central: whether it is that of the distance from the mean.
            method: None for a formula; ``"quadrature"`` for an integral (or a sum), to about nine digits in
                float64 where the tails are light.

        Returns:
            A Variable of shape ``batch_shape``.

        Raises:
            NotImplementedError: if there is no formula, draws are vectors, or they are angles, which have
                moments of directions only.
            ValueError: if n is negative, or the method is unknown.

        >>> import numpy as np, pdist.distributions as D
        >>> [D.Normal(np.array(1.0), 2.0).moment(n).item() for n in range(5)]
        [1.0, 1.0, 5.0, 13.0, 73.0]
        >>> round(D.Beta(np.array(2.0), 3.0).moment(5, central=True, method="quadrature").item(), 9)
        0.000579048
        """
        who = f"{type(self).__name__}.moment"
        if not isinstance(n, (int, np.integer)) or isinstance(n, bool):
            raise TypeError(f"{who}: n is {n!r}; expected a whole number")
        if n < 0:
            raise ValueError(f"{who}: n is {n}; expected no negative number")
        if method is not None and method not in estimates:
            raise ValueError(f"{who}: method is {method!r}; expected None or 'quadrature'")
        if self.event_shape or self.support.period:
            raise self._no("moment")
        with np.errstate(all="ignore"):
            if n == 0 or (central and n == 1):
                return self._zeros() + (1 - n)
            if method is not None:
                return estimates[method](self, int(n), central)
            y = self._known_moment(int(n), central)
            return y if y._array.shape == self.batch_shape else F.broadcast_to(y, self.batch_shape)

    def _zeros(self) -> Variable:
        """Zeros of the batch's shape."""
        return as_variable(self.xp.zeros(self.batch_shape, self.dtype))

    def _known_moment(self, n: int, central: bool) -> Variable:
        """A moment by a formula for all n, or by those of mean, variance, skewness and kurtosis."""
        formula = None if central else getattr(self, "_moment", lambda n: None)(n)
        if formula is not None:
            return formula
        if n > 4:
            raise NotImplementedError(
                f"{type(self).__name__}.moment: no formula for n={n}; use method='quadrature'"
            )
        try:
            return self._central_moment(n) if central else self._raw_moment(n)
        except NotImplementedError as error:
            raise NotImplementedError(f"{error}: moment({n}) needs method='quadrature'") from None

    def _central_moment(self, n: int) -> Variable:
        if n == 2:
            return self.variance
        if n == 3:
            return self.skewness * self.variance * self.stddev
        return (self.kurtosis + 3) * self.variance * self.variance

    def _raw_moment(self, n: int) -> Variable:
        m = self.mean
        if n == 1:
            return m
        v = self.variance
        if n == 2:
            return m * m + v
        third = self.skewness * v * self.stddev
        if n == 3:
            return m * (m * m + 3 * v) + third
        return m * m * (m * m + 6 * v) + 4 * m * third + (self.kurtosis + 3) * v * v

    @property
    def covariance(self) -> Variable:
        """The covariance matrix of one draw, flattened; the variance where a draw is a number."""
        if not self.event_shape:
            return self.variance
        n = math.prod(self.event_shape)
        return self._statistic("covariance", (n, n))

    @property
    def perplexity(self) -> Variable:
        """e to the entropy."""
        entropy = self.entropy
        with np.errstate(all="ignore"):
            return F.exp(entropy)
