"""Standard forms of the absolute value of a variable that is symmetric about 0."""

from __future__ import annotations

from typing import Any, ClassVar

from ...numerics.constants import LOG_2
from ...transforms.supports import nonnegative
from .standard import Standard


class Half(Standard):
    """The distribution of abs(Z), from that of a symmetric Z.

    A subclass names the form of Z, and states ``within(F, z, *shapes)``, which is P(abs(Z) <= z) to the last
    digits for small z, ``quantile``, ``mean`` and ``variance``.

    Attributes:
        whole: the form of Z.
    """

    whole: ClassVar[type[Standard]]
    within: ClassVar[Any]
    support, mode = nonnegative, 0.0

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.shapes = cls.whole.shapes
        cls.log_kernel, cls.slope = staticmethod(cls.whole.log_kernel), staticmethod(cls.whole.slope)

    @classmethod
    def log_norm(cls, F: Any, *shapes: Any) -> Any:
        """That of Z, whose density is half of this one."""
        return cls.whole.value("log_norm", F, *shapes) - LOG_2

    @classmethod
    def scale_slope(cls, F: Any, d: Any, s: Any, *shapes: Any) -> Any:
        """That of Z."""
        return cls.whole.scale_slope(F, d, s, *shapes)

    @classmethod
    def tail_and_slope(cls, F: Any, z: Any, *shapes: Any, upper: bool, log: bool) -> tuple[Any, Any]:
        """The upper tail is twice that of Z; the logarithm of the larger tail comes from the smaller one."""
        tail, slope = cls.whole.tail_and_slope(F, z, *shapes, upper=True, log=upper and log)
        if upper and not log:
            return 2 * tail, 2 * slope
        y = cls.within(F, z, *shapes)
        if upper:
            return F.xp.where(y < 0.5, F.xp.log1p(-y), tail + LOG_2), slope
        if not log:
            return y, -2 * slope
        return F.xp.where(y < 0.5, F.xp.log(y), F.xp.log1p(-2 * tail)), -2 * slope / y

    @classmethod
    def hazard(cls, F: Any, z: Any, *shapes: Any) -> Any:
        """f(z)/P(abs(Z) <= z)."""
        return cls.density(F, z, *shapes) / cls.within(F, z, *shapes)

    @classmethod
    def hazard_sf(cls, F: Any, z: Any, *shapes: Any) -> Any:
        """That of Z."""
        return cls.whole.hazard_sf(F, z, *shapes)

    @classmethod
    def quantile_sf(cls, F: Any, q: Any, *shapes: Any) -> Any:
        """That of Z at half the probability."""
        return cls.whole.quantile_sf(F, 0.5 * q, *shapes)

    @classmethod
    def draw(cls, F: Any, rng: Any, shape: tuple[int, ...], dtype: Any, *shapes: Any) -> Any:
        """Draws of Z without their signs."""
        return abs(cls.whole.draw(F, rng, shape, dtype, *shapes))
