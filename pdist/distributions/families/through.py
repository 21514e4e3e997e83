"""Standard forms that a function takes to another one: Z such that U = T(Z) has a known distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from ...numerics.constants import SMALLEST
from .family_ops import finite_correction
from .standard import Standard


class Through(Standard):
    r"""The distribution of a Z for which U = T(Z) has the ``inner`` one; T is monotone.

    .. math:: P(Z \le z) = P(U \le T(z)), \quad \text{or } P(U \ge T(z)) \text{ if T falls}

    Tails, their slopes, quantiles and draws are those of U. A subclass states the density as any standard
    form does, and besides:

    - ``double(xp, z, *shapes)``: T(z) as a double word, from raw arrays.
    - ``rise(F, z, *shapes)``: T(z) and T'(z).
    - ``back(F, u, *shapes)``: the inverse of T.
    - ``moves(F, z, u, *shapes)``: the derivatives of T(z) by each of the shapes, if T has any.

    Attributes:
        inner: the distribution of U.
        falls: whether T does; then ``inner`` has a ``quantile_sf`` too, the u with P(U > u) = p.
        inner_shapes: the shapes of U as a function ``(F, *shapes)``; none by default.
        share: what the first of them is of the first of ours, if it is not T that has shapes.
    """

    inner: ClassVar[type[Standard]]
    falls: ClassVar[bool] = False
    share: ClassVar[float] = 1.0
    inner_shapes: ClassVar[Any] = lambda F, *shapes: ()
    double: ClassVar[Any]
    rise: ClassVar[Any]
    back: ClassVar[Any]
    moves: ClassVar[Any] = None

    @classmethod
    def tail_and_slope(cls, F: Any, z: Any, *shapes: Any, upper: bool, log: bool) -> tuple[Any, Any]:
        """A tail of U at T(z), and its derivative by z."""
        u, lo = cls.double(F.xp, z, *shapes)
        inner = cls.inner_shapes(F, *shapes)
        y, slope = cls.inner.tail_and_slope(F, u, *inner, upper=upper != cls.falls, log=log)
        return y + finite_correction.kernel(F.xp, lo * slope), slope * cls.rise(F, z, *shapes)[1]

    @classmethod
    def tail_slope(cls, F: Any, z: Any, *shapes: Any, upper: bool, log: bool) -> Any:
        """The derivative of a tail by z."""
        u, rise = cls.rise(F, z, *shapes)
        return rise * cls._inner_slope(F, u, shapes, upper, log)

    @classmethod
    def tail_slopes(cls, F: Any, z: Any, *shapes: Any, upper: bool, log: bool) -> Any:
        """The derivatives of a tail by the shapes."""
        u, _ = cls.rise(F, z, *shapes)
        if cls.moves is not None:
            slope = cls._inner_slope(F, u, shapes, upper, log)
            return [slope * move for move in cls.moves(F, z, u, *shapes)]
        inner = cls.inner_shapes(F, *shapes)
        slopes = cls.inner.tail_slopes(F, u, *inner, upper=upper != cls.falls, log=log)
        return [cls.share * slope for slope in slopes]

    @classmethod
    def _inner_slope(cls, F: Any, u: Any, shapes: Any, upper: bool, log: bool) -> Any:
        inner = cls.inner_shapes(F, *shapes)
        return cls.inner.tail_slope(F, u, *inner, upper=upper != cls.falls, log=log)

    @classmethod
    def quantile(cls, F: Any, p: Any, *shapes: Any) -> Any:
        """The z with P(Z <= z) = p."""
        quantile = cls.inner.quantile_sf if cls.falls else cls.inner.quantile
        return cls.back(F, quantile(F, p, *cls.inner_shapes(F, *shapes)), *shapes)

    @classmethod
    def is_symmetric(cls) -> bool:
        """Tails are those of U, so nothing is known."""
        return False

    @classmethod
    def quantile_sf(cls, F: Any, q: Any, *shapes: Any) -> Any:
        """The z with P(Z > z) = q; None if that of U is not stated."""
        quantile = cls.inner.quantile if cls.falls else cls.inner.quantile_sf
        u = quantile(F, q, *cls.inner_shapes(F, *shapes))
        return None if u is None else cls.back(F, u, *shapes)

    @classmethod
    def draw(cls, F: Any, rng: Any, shape: Any, dtype: Any, *shapes: Any) -> Any:
        """Independent draws; U is never 0."""
        u = cls.inner.draw(F, rng, shape, dtype, *cls.inner_shapes(F, *shapes))
        zero = getattr(u, "array", u) == 0
        return cls.back(F, F.where(zero, SMALLEST[dtype.itemsize > 4], u), *shapes)
