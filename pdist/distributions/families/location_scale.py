"""Families of shifted and scaled standard forms: X = loc + scale Z."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable, public
from ...backend import hooks
from ...numerics.differences import plus_constant, plus_double
from ...transforms.supports import nonnegative, positive, real
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..base.tails import FourTails
from .arithmetic import Moved, Multiplied, scaled
from .family_ops import HALF_LINE, LINE, LOG, FamilyOps, ops_of
from .scales import FORMS, standardized
from .standard import Standard


class Family(FourTails, Distribution):
    """Base of location-scale and scale families: all methods, from the :class:`Standard` form.

    Attributes:
        standard: the distribution of Z.
        scales: the parameters that may determine the scale, with the form of each: "scale", "log"
            (the logarithm) or "rate" (the reciprocal).
        loc_name: the location parameter.
    """

    standard: ClassVar[type[Standard]]
    scales: ClassVar[dict[str, str]] = {}
    loc_name: ClassVar[str] = "loc"
    reparameterized = True
    _errors = {"all": "ignore", "over": "raise"}
    _kind: ClassVar[str] = HALF_LINE
    _ops: ClassVar[FamilyOps]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "standard" in vars(cls):
            cls._ops = ops_of(cls.standard, cls._kind)  # type: ignore[arg-type]

    def _place(self) -> tuple[Variable | None, Variable, str]:
        """The location, or None, the scale as given, and the name of its form."""
        state = self.__dict__
        for name, given in self.scales.items():
            if name in state:
                return state.get(self.loc_name), state[name], given
        raise AttributeError(f"{type(self).__name__}: no scale is given")

    @property
    def _shapes(self) -> list[Variable]:
        return [getattr(self, name) for name in self.standard.shapes]

    def _apply(self, op: Any, x: Variable, **settings: Any) -> Variable:
        """An op of the family; first in the quick form, which is right unless something overflows."""
        loc, s, given = self._place()
        args = (x, s) if loc is None else (x, loc, s)
        if self.standard.shapes:
            args = (*args, *self._shapes)
        if type(s._array) is np.ndarray and not hooks.running:
            try:
                return op(*args, given=given, careful=False, **settings)
            except FloatingPointError:  # perhaps of x - loc or 1/scale, which the careful form handles
                pass
        with np.errstate(all="ignore"):
            return op(*args, given=given, careful=True, **settings)

    def _log_prob(self, x: Variable) -> Variable:
        return self._apply(self._ops.log_prob, x)

    def _any_tail(self, x: Variable, upper: bool, log: bool) -> Variable:
        return self._apply(self._ops.tail, x, upper=upper, log=log)

    def _standardize(self, x: Variable) -> Variable:
        """(x - loc)/scale."""
        loc, s, given = self._place()
        return standardized(x, 0.0 if loc is None else loc, s, given=given)

    # Constants of the standard form, shifted and scaled ------------------------------------------------

    def _scale(self) -> Variable:
        _, s, given = self._place()
        if given == "softplus":
            return F.softplus(s)
        return {"scale": lambda: s, "log": lambda: F.exp(s), "rate": lambda: 1 / s}[given]()

    def _log_scale(self) -> Variable:
        _, s, given = self._place()
        return FORMS[given].log(public, s)

    def _constant_of(self, name: str) -> Any:
        value = self.standard.value(name, public, *self._shapes)
        if value is None:
            raise self._no(name)
        return value

    def _moved(self, z: Any) -> Variable:
        """loc + scale z; a constant that is nan or infinite does not depend on the parameters."""
        loc, s, given = self._place()
        if isinstance(z, float) and not math.isfinite(z):
            return as_variable(self.xp.full(self.batch_shape, z, self.dtype))
        if isinstance(z, float) and z == 0:
            return 0 * self._scale() if loc is None else loc
        stretched = z / s if given == "rate" else self._scale() * z
        return stretched if loc is None else loc + stretched

    def _icdf(self, p: Variable) -> Variable:
        return self._moved(self.standard.quantile(public, p, *self._shapes))

    def _isf(self, q: Variable) -> Variable:
        z = self.standard.quantile_sf(public, q, *self._shapes)
        return super()._isf(q) if z is None else self._moved(z)

    def _entropy(self) -> Variable:
        """At a scale of about e^-entropy the two terms cancel, and the constant's rounding matters."""
        _, s, given = self._place()
        constant = self._constant_of("entropy")
        residual = self.standard.value("entropy_residual", public, *self._shapes)
        sign, log = -1 if given == "rate" else 1, given != "log"
        if isinstance(constant, float) and given != "softplus":
            return sign * plus_constant(s, constant=sign * constant, residual=sign * residual, log=log)
        if isinstance(residual, float) or given == "softplus":
            return self._log_scale() + constant
        return sign * plus_double(s, sign * constant, sign * residual, log=log)

    def _mean(self) -> Variable:
        return self._moved(self._constant_of("mean"))

    def _mode(self) -> Variable:
        return self._moved(self._constant_of("mode"))

    def _median(self) -> Variable:
        median = self.standard.value("median", public, *self._shapes)
        if median is None:
            half = as_variable(self.xp.asarray(0.5, self.dtype))
            median = self.standard.quantile(public, half, *self._shapes)
        return self._moved(median)

    def _stddev(self) -> Variable:
        variance = self._constant_of("variance")
        if isinstance(variance, float) and not math.isfinite(variance):
            return self._moved(variance)
        return self._scale() * (math.sqrt(variance) if isinstance(variance, float) else F.sqrt(variance))

    def _variance(self) -> Variable:
        variance = self._constant_of("variance")
        if isinstance(variance, float) and not math.isfinite(variance):
            return self._moved(variance)
        _, s, given = self._place()
        return (F.exp(2 * s) if given == "log" else self._scale() * self._scale()) * variance

    def _skewness(self) -> Variable:
        return as_variable(self.xp.asarray(0, self.dtype)) + self._constant_of("skewness")

    def _kurtosis(self) -> Variable:
        return as_variable(self.xp.asarray(0, self.dtype)) + self._constant_of("kurtosis")

    def _moment(self, n: int) -> Variable | None:
        if self.standard.moment is None or self._place()[0] is not None:
            return None
        return self._scale() ** n * self.standard.moment(public, n, *self._shapes)

    def _deviation(self, x: Variable) -> Variable:
        if self.standard.deviation is None:
            raise self._no_crps()
        inside = self.support.contains(x)
        z = self._standardize(self._inside(x, inside))
        return F.where(inside, self._scale() * self.standard.deviation(public, z, *self._shapes), 0.0)

    def _half_difference(self) -> Variable:
        return self._scale() * self._constant_of("half_difference")

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return self._moved(self.standard.draw(public, rng, shape, self.dtype, *self._shapes))


class LocationScale(Moved, Family):
    r"""X = loc + scale Z for a Z whose distribution is the class's ``standard`` form.

    .. math:: p(x) = \frac{1}{s} f\left(\frac{x - \mu}{s}\right)

    Args:
        loc: the location mu, of shape ``[*batch]``.
        scale: s > 0, of shape ``[*batch]``.
        log_scale: log s, instead of ``scale``: unconstrained, so a model can output it directly.
        raw_scale: the number whose softplus is s, instead of ``scale``: likewise unconstrained. Densities are
            right even if s itself underflows.

    A subclass names its standard form, and declares shape parameters if it has any:

    >>> from pdist.distributions.continuous.laplace import StandardLaplace
    >>> class DoubleExponential(LocationScale):
    ...     standard = StandardLaplace
    >>> print(DoubleExponential(0.0, log_scale=0.0).log_survival_function(3.0))
    variable(-3.6931472, dtype=float32)
    """

    loc = Param(real)
    scale = Param(positive, derive=lambda self: self._scale())
    log_scale = Param(real, instead_of="scale", derive=lambda self: self._log_scale())
    raw_scale = Param(
        real, instead_of="scale", derive=lambda self: self.scale + F.log1mexp(-self.scale)
    )  # the inverse of softplus
    scales = {"scale": "scale", "log_scale": "log", "raw_scale": "softplus"}
    support: Any = real
    _kind = LINE

    @property
    def _mirrors(self) -> bool:  # type: ignore[override]
        return self.standard.is_symmetric()

    def _times(self, c: Variable) -> Any:
        _, s, given = self._place()
        if given == "softplus":
            return self.copy(loc=c * self.loc, scale=abs(c) * self.scale)
        name = next(name for name in self.scales if self.given(name))
        return self.copy(loc=c * self.loc, **{name: scaled(given, s, c)})

    def _plus(self, c: Variable) -> Any:
        return self.copy(loc=self.loc + c)


class PositiveScale(Multiplied, Family):
    r"""X = scale Z for a positive Z whose distribution is the class's ``standard`` form.

    .. math:: p(x) = \frac{1}{s} f\left(\frac{x}{s}\right), \quad x \ge 0

    A subclass names its standard form, declares the parameters that may determine the scale, and lists them
    in ``scales``: see :class:`pdist.distributions.Exponential`.
    """

    support: Any = nonnegative

    def _times(self, c: Variable) -> Any:
        for name, given in self.scales.items():
            if self.given(name):
                return self.copy(**{name: scaled(given, self.__dict__[name], c)})
        raise TypeError(f"{type(self).__name__}: the distribution of c X is not a {type(self).__name__}")


class ExpLocationScale(Family):
    r"""X = e^(loc + scale Z) for a Z whose distribution is the class's ``standard`` form.

    .. math:: p(x) = \frac{1}{s x} f\left(\frac{\log x - \mu}{s}\right), \quad x > 0

    A subclass names its standard form, declares its parameters, lists the scale parameter in
    ``scales``, names the location in ``loc_name``, and defines its moments.
    """

    support: Any = positive
    loc_name = "mu"
    _kind = LOG

    def _icdf(self, p: Variable) -> Variable:
        return F.exp(super()._icdf(p))

    def _isf(self, q: Variable) -> Variable:
        return F.exp(super()._isf(q))

    def _entropy(self) -> Variable:
        return super()._entropy() + super()._mean()

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return F.exp(super()._sample(shape, rng))
