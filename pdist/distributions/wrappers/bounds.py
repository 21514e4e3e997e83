"""What wrappers that bound a distribution of numbers share."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, ClassVar

from ... import functions as F
from ...autograd import Variable
from ...transforms.supports import Support, extended_real
from ..base.distribution import Distribution
from ..base.intervals import nearest
from ..base.parameters import Param, Part
from ..continuous.normal import Normal
from ..continuous.truncated_normal import TruncatedNormal


class Bounded(Distribution):
    """A distribution of numbers, and an interval of which either end may be infinite.

    Args:
        distribution: any distribution of numbers that has tails.
        low: the lower end.
        high: the upper end, greater than ``low``.

    Raises:
        TypeError: if ``distribution`` is none.
        ValueError: if it is one of vectors, or has no cdf.
    """

    distribution = Part()
    low = Param(extended_real)
    high = Param(extended_real)
    order = ("distribution", "low", "high")
    ordered = ("low", "high")
    defaults: ClassVar = {"low": -math.inf, "high": math.inf}

    def _take(self, names: tuple[str, ...], values: list[Any]) -> None:
        """Ends that are not given are infinite, and numbers take the distribution's dtype."""
        given = {**self.defaults, **dict(zip(names, values, strict=True))}
        distribution, who = given.get("distribution"), type(self).__name__
        if isinstance(distribution, Distribution):
            if distribution.event_shape or "cdf" not in distribution._formulas:
                raise ValueError(
                    f"{who}: distribution is {distribution!r}; expected one of numbers, with a cdf"
                )
            for name in ("low", "high"):
                if not isinstance(given[name], Variable):
                    given[name] = distribution._constant(given[name], who, name)
        super()._take(tuple(given), list(given.values()))

    @property
    def support(self) -> Support:
        """What of the inner distribution's support lies in the interval."""
        inner, low, high = self.distribution.support, self.low.array, self.high.array
        lower, upper = self.xp.maximum(low, inner.low), self.xp.minimum(high, inner.high)

        def contains(xp: Any, x: Any) -> Any:
            return inner.test(xp, x) & (x >= low) & (x <= high)

        def between(xp: Any, x: Any) -> Any:
            default = inner.inner(xp, x) if callable(inner.inner) else inner.inner
            below, above = abs(lower) < math.inf, abs(upper) < math.inf
            if inner.discrete:
                return xp.where(below, xp.ceil(lower), xp.where(above, xp.floor(upper), default))
            one = xp.where(below, lower + 1, xp.where(above, upper - 1, default))
            return xp.where(below & above, 0.5 * lower + 0.5 * upper, one)

        return replace(
            inner, name=f"{inner.name}, in [low, high]", test=contains, inner=between, low=lower, high=upper
        )

    @property
    def _before(self) -> Variable:
        """The largest number below ``low`` that has probability, for counts; else ``low`` itself."""
        return F.ceil(self.low) - 1 if self.distribution.support.discrete else self.low

    def _clipped(self, x: Variable, low: Variable) -> Variable:
        """``x`` between ``low`` and ``high``, with the gradient of what it is."""
        return nearest(x, low, self.high)

    def _normal_between(self, what: str) -> TruncatedNormal:
        """The distribution in the interval by its own name, which has the moments."""
        inner = self.distribution
        if type(inner) is not Normal:
            raise NotImplementedError(
                f"{type(self).__name__} has no {what} unless of a Normal; for moments of others there is "
                "moment(n, method='quadrature')"
            )
        return TruncatedNormal(inner.loc, inner.scale, self.low, self.high)

    def _breakpoints(self) -> list[Variable]:
        return self.distribution._breakpoints()
