"""Standard forms: what is specific to a distribution, without location, scale and rounding."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from ...autograd import public, raw
from ...transforms.supports import Support, real


class Standard:
    r"""The distribution of Z, from which a family derives X = loc + scale Z.

    A subclass defines functions of z, and of the shape parameters that it lists in ``shapes``. They have no
    ``self``. Those whose first argument is ``xp`` are kernels on raw arrays; those whose first argument is
    ``F`` serve both as kernels and in rules, and compute with operators and functions of ``F``. Constants may
    be given as numbers.

    Required:

    - ``log_kernel(F, z, *shapes)``: log f(z) + log_norm.
    - ``log_norm``, a number or a function ``(F, *shapes)``; 0 by default.
    - ``slope(F, z, *shapes)``: -d log f(z)/dz.
    - ``cdf(xp, z, *shapes)`` and ``log_cdf(xp, z, *shapes)``, to full accuracy; ``sf`` and ``log_sf``
      too, unless the distribution is symmetric about 0.
    - ``quantile(F, p, *shapes)``; ``quantile_sf(F, q, *shapes)``, the z with P(Z > z) = q, if it is known.
    - ``entropy``, ``mean``, ``variance``, ``mode``: numbers, or functions ``(F, *shapes)``; ``skewness`` and
      ``kurtosis`` (0 for a Normal) if they are known.
    - ``moment(F, n, *shapes)``: E[Z^n], if it has a formula for every n.
    - ``deviation(F, z, *shapes)``: E[(m - Z) 1{Z <= z}] with the mean m, at z inside the support, and
      ``half_difference``: E|Z - Z'|/2, a number or a function ``(F, *shapes)``; for scores.
    - ``draw(F, rng, shape, dtype, *shapes)``: independent draws.

    Optional, if there is a more accurate form:

    - ``log_kernel_double(F, z, *shapes)``: log_kernel(z) and its rounding residual, if it grows faster than z
      (a mixture's responsibilities depend on differences of it), or if the density is ``steep`` and its
      logarithm a sum of large terms.
    - ``scale_slope(F, d, s, *shapes)``: z slope(z) - 1 with z = d/s, the derivative of log f in -log scale.
    - ``log_scale_slope(F, z, *shapes)``: the same as a function of z, with fewer operations.
    - ``hazard(F, z, *shapes)``: f(z)/P(Z <= z), the slope of log_cdf; ``hazard_sf``: f(z)/P(Z > z).
    - ``shape_slopes(F, z, *shapes)``: the derivatives of log f in each of the shapes.
    - ``tail_slopes(F, z, *shapes, upper, log)``: those of a tail, P(Z <= z) or, if ``upper``, P(Z > z), or of
      its logarithm.

    Attributes:
        shapes: the names of the shape parameters, in the order in which the functions take them.
        support: the values of Z.
        steep: whether log f changes many times faster than z, so that the rounding of z is corrected; then
            ``bend(F, z, *shapes)``, the derivative of the slope, is required too, and ``shape_bends``, those
            of ``shape_slopes`` in z.

    >>> class StandardCauchy(Standard):
    ...     log_norm = 1.1447298858494002  # log pi
    ...     def log_kernel(F, z): return -F.log1p(z * z)
    >>> import pdist.functions as F
    >>> round(float(StandardCauchy.density(F, 1.0).array), 6)
    0.159155
    """

    shapes: ClassVar[tuple[str, ...]] = ()
    support: ClassVar[Support] = real
    steep: ClassVar[bool] = False
    log_norm: Any = 0.0
    entropy: Any = None
    entropy_residual: Any = 0.0  # what rounding took from it: a number, or a function (F, *shapes)
    mean: Any = None
    mode: Any = None
    median: Any = None
    variance: Any = None
    skewness: Any = None
    kurtosis: Any = None
    moment: Any = None
    deviation: Any = None
    half_difference: Any = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, member in list(vars(cls).items()):
            if inspect.isfunction(member):
                setattr(cls, name, staticmethod(member))

    @classmethod
    def density(cls, F: Any, z: Any, *shapes: Any) -> Any:
        """f(z)."""
        if F is public:  # where it is 0, the derivatives of its logarithm may be infinite
            arrays = [getattr(v, "_array", v) for v in (z, *shapes)]
            some = cls.density(raw(z.xp), *arrays) > 0
            h = cls.log_kernel(F, F.where(some, z, 1.0), *shapes) - cls.value("log_norm", F, *shapes)
            return F.where(some, F.exp(h), 0.0)
        return F.exp(cls.log_kernel(F, z, *shapes) - cls.value("log_norm", F, *shapes))

    @classmethod
    def scale_slope(cls, F: Any, d: Any, s: Any, *shapes: Any) -> Any:
        """z slope(z) - 1 with z = d/s."""
        z = d / s
        return z * cls.slope(F, z, *shapes) - 1

    @classmethod
    def log_scale_slope(cls, F: Any, z: Any, *shapes: Any) -> Any:
        """z slope(z) - 1."""
        return cls.scale_slope(F, z, 1.0, *shapes)

    @classmethod
    def sf(cls, xp: Any, z: Any, *shapes: Any) -> Any:
        """P(Z > z), for a distribution that is symmetric about 0."""
        return cls.cdf(xp, -z, *shapes)

    @classmethod
    def log_sf(cls, xp: Any, z: Any, *shapes: Any) -> Any:
        """log P(Z > z), for a distribution that is symmetric about 0."""
        return cls.log_cdf(xp, -z, *shapes)

    @classmethod
    def hazard_sf(cls, F: Any, z: Any, *shapes: Any) -> Any:
        """f(z)/P(Z > z), for a distribution that is symmetric about 0."""
        return cls.hazard(F, -z, *shapes)

    @classmethod
    def is_symmetric(cls) -> bool:
        """Whether it is symmetric about 0: no upper tail is stated."""
        return getattr(cls.sf, "__func__", None) is Standard.sf.__func__  # type: ignore[attr-defined]

    @classmethod
    def quantile_sf(cls, F: Any, q: Any, *shapes: Any) -> Any:
        """The z with P(Z > z) = q, for a distribution that is symmetric about 0; else None, if not stated."""
        return -cls.quantile(F, q, *shapes) if cls.is_symmetric() else None

    @classmethod
    def value(cls, name: str, F: Any, *shapes: Any) -> Any:
        """A constant of the distribution, such as ``entropy``: a number, or the value of its function."""
        member = getattr(cls, name)
        return member(F, *shapes) if callable(member) else member

    @classmethod
    def tail_slope(cls, F: Any, z: Any, *shapes: Any, upper: bool, log: bool) -> Any:
        """The derivative in z of P(Z <= z) or, if ``upper``, P(Z > z), or of its logarithm."""
        if not log:
            density = cls.density(F, z, *shapes)
            return -density if upper else density
        return -cls.hazard_sf(F, z, *shapes) if upper else cls.hazard(F, z, *shapes)

    @classmethod
    def tail_and_slope(cls, F: Any, z: Any, *shapes: Any, upper: bool, log: bool) -> tuple[Any, Any]:
        """A tail, and its derivative in z; overridden if the two share work."""
        function = (cls.log_sf if upper else cls.log_cdf) if log else (cls.sf if upper else cls.cdf)
        return function(F.xp, z, *shapes), cls.tail_slope(F, z, *shapes, upper=upper, log=log)

    # To be defined by a subclass; for readers and type checkers.
    log_kernel: ClassVar[Any]
    slope: ClassVar[Any]
    bend: ClassVar[Any]
    cdf: ClassVar[Any]
    log_cdf: ClassVar[Any]
    hazard: ClassVar[Any]
    quantile: ClassVar[Any]
    draw: ClassVar[Any]
    log_kernel_double: ClassVar[Any] = None
    shape_slopes: ClassVar[Any] = None
    shape_bends: ClassVar[Any] = None
    tail_slopes: ClassVar[Any] = None
