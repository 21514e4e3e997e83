"""What a distribution knows about itself: entropy, moments and the likeliest value."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable


class Moments:
    """The statistics of a distribution, from the formulas that it states."""

    batch_shape: tuple[int, ...]
    event_shape: Any
    icdf: Any
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
