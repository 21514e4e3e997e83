"""The base class of all distributions."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable
from ...backend import get_array_module, hooks, library_of, random
from ...transforms.supports import real
from .batching import as_shape
from .conversions import Conversions
from .fitting import Fitting
from .intervals import Intervals
from .matching import Matching
from .moments import Moments
from .quantiles import Quantiles
from .scores import Scores

# How each method is derived from the formulas that a class defines, best first.
_WAYS: dict[str, tuple[tuple[str, Any], ...]] = {
    "cdf": (
        ("_cdf", None),
        ("_log_cdf", F.exp),
        ("_survival_function", lambda y: 1 - y),
        ("_log_survival_function", lambda y: -F.expm1(y)),
    ),
    "log_cdf": (
        ("_log_cdf", None),
        ("_cdf", F.log),
        ("_log_survival_function", lambda y: F.log1mexp(y)),
        ("_survival_function", lambda y: F.log1p(-y)),
    ),
    "survival_function": (
        ("_survival_function", None),
        ("_log_survival_function", F.exp),
        ("_cdf", lambda y: 1 - y),
        ("_log_cdf", lambda y: -F.expm1(y)),
    ),
    "log_survival_function": (
        ("_log_survival_function", None),
        ("_survival_function", F.log),
        ("_log_cdf", lambda y: F.log1mexp(y)),
        ("_cdf", lambda y: F.log1p(-y)),
    ),
    "icdf": (("_icdf", None),),
}


class Distribution(Quantiles, Moments, Intervals, Scores, Fitting, Matching, Conversions):
    """Base of all distributions.

    A subclass declares its parameters and support and defines its formulas as methods with a leading
    underscore: ``_log_prob(x)``, ``_cdf(x)``, ``_log_cdf(x)``, ``_survival_function(x)``,
    ``_log_survival_function(x)``, ``_icdf(p)``, ``_entropy()``, ``_mean()``, ``_mode()``, ``_median()``,
    ``_variance()``, ``_stddev()``, ``_covariance()``, ``_skewness()``, ``_kurtosis()`` and
    ``_sample(shape, rng)``, whose ``shape`` has the batch axes in it already. All the rest is derived.

    Shapes are ``sample_shape + batch_shape + event_shape``: independent draws, independent distributions, and
    the axes of one draw. Parameters broadcast against each other. Their dtype is that of the floating arrays
    among them; Python numbers, integers and bools are converted to it.

    Distributions are immutable: :meth:`copy`, :meth:`expand` and indexing make new ones.

    >>> import numpy as np, pdist
    >>> class Triangle(Distribution):  # density 2 x / width^2 on (0, width)
    ...     width = pdist.distributions.Param(pdist.distributions.supports.positive)
    ...     @property
    ...     def support(self):
    ...         return pdist.distributions.supports.interval(0, self.width.array, "[0, width]")
    ...     def _log_prob(self, x):
    ...         return F.log(2 * x / self.width) - F.log(self.width)
    >>> Triangle(np.array([1.0, 2.0])).log_prob(np.array([0.5, 3.0])).array
    array([  0., -inf])
    """

    support: Any
    masked: ClassVar[bool] = True  # whether the base class returns -inf outside the support
    reparameterized: ClassVar[bool | frozenset[str]] = False  # the parameters whose gradients samples carry
    unbiased: ClassVar[bool] = True  # whether such gradients have the right mean
    undefined: ClassVar[frozenset[str]] = frozenset()  # moments that may not exist, and are then nan or inf
    _errors: ClassVar[dict[str, Any]] = {"all": "ignore"}  # NumPy's, in the formulas of densities and tails
    _masks: ClassVar[bool] = True
    _formulas: ClassVar[dict[str, tuple[str, Any]]] = {}  # the best way for each method of _WAYS, found once
    _pairs_only: bool = False  # whether log_prob rejects values that would broadcast the batch: see heads
    _atoms: Any = None  # of a discrete distribution whose values need not be whole: all of them, [*batch, K]
    _factors: Any = None  # independent parts: their distribution, and the number of its last batch axes

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._masks = cls.masked and getattr(cls, "support", None) is not real
        cls._formulas = {
            method: next(way for way in ways if hasattr(cls, way[0]))
            for method, ways in _WAYS.items()
            if any(hasattr(cls, name) for name, _ in ways)
        }

    # Shape, dtype, device -----------------------------------------------------------------------------

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one draw."""
        return ()

    @property
    def dtype(self) -> np.dtype:
        """The dtype of parameters, densities and samples (other than labels)."""
        return self._leading._array.dtype

    @property
    def xp(self) -> Any:
        """The namespace of the parameters' array library."""
        return get_array_module(self._leading)

    # Densities ----------------------------------------------------------------------------------------

    def log_prob(self, x: Any) -> Variable:
        """The logarithm of the density (or probability) at ``x``.

        Args:
            x: a Variable, array or number of shape ``[..., *event_shape]`` that broadcasts with the batch.

        Returns:
            A Variable of shape ``[...]`` broadcast with ``batch_shape``: -inf outside the support, nan at
            nan.

        Raises:
            ValueError: if the shape does not fit.
        """
        x = self._value(x, "log_prob")
        with np.errstate(**self._errors):
            if not self._masks:
                return self._log_prob(x)
            inside = self._accepts(x)
            if type(inside) is np.ndarray and np.count_nonzero(inside) == inside.size:
                return self._log_prob(x)  # on the host: nothing to mask
            if hooks.running and hooks.assume(inside):
                return self._log_prob(x)
            y = self._log_prob(self._inside(x, inside))
            outside = get_array_module(x).where(self._is_nan(x), np.nan, -np.inf).astype(y.dtype)
            return F.where(inside, y, outside)

    def prob(self, x: Any) -> Variable:
        """The density (or probability) at ``x``: see :meth:`log_prob`."""
        return F.exp(self.log_prob(x))

    def cdf(self, x: Any) -> Variable:
        """P(X <= x)."""
        return self._either("cdf", x)

    def log_cdf(self, x: Any) -> Variable:
        """log P(X <= x)."""
        return self._either("log_cdf", x)

    def survival_function(self, x: Any) -> Variable:
        """P(X > x)."""
        return self._either("survival_function", x)

    def log_survival_function(self, x: Any) -> Variable:
        """log P(X > x)."""
        return self._either("log_survival_function", x)

    def _either(self, method: str, x: Any) -> Variable:
        """The method by the best of the formulas that the class defines."""
        if method not in self._formulas:
            raise self._no(method)
        name, then = self._formulas[method]
        x = self._value(x, method)
        with np.errstate(**self._errors):
            y = getattr(self, name)(x)
        if then is None:
            return y
        with np.errstate(all="ignore"):
            return then(y)

    def _no(self, what: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} has no {what}")

    def _value(self, x: Any, method: str, name: str = "x") -> Variable:
        """``x`` as a Variable whose shape fits; errors name the method."""
        if not isinstance(x, Variable):
            x = self._constant(x, method, name)
        shape = x._array.shape
        if shape == self.batch_shape and not self.event_shape:
            return x
        event = self.event_shape
        n = len(event)
        lead = shape[: len(shape) - n] if n else shape
        if n and shape[len(lead) :] != event:
            raise ValueError(
                f"{type(self).__name__}.{method}: {name} has shape {shape}; expected its last axes to be the "
                f"event shape {event}"
            )
        if lead and self.batch_shape and lead != self.batch_shape:
            try:
                np.broadcast_shapes(lead, self.batch_shape)
            except ValueError:
                raise ValueError(
                    f"{type(self).__name__}.{method}: {name} of shape {shape} does not broadcast with "
                    f"batch shape {self.batch_shape} and event shape {event}"
                ) from None
            if self._pairs_only and method == "log_prob":
                self._check_pairs(lead)
        return x

    def _check_pairs(self, lead: tuple[int, ...]) -> None:
        """Raise an error if values and batch each broadcast along an axis of the other."""
        batch = self.batch_shape
        n = max(len(lead), len(batch))
        pairs = list(zip((1,) * (n - len(lead)) + lead, (1,) * (n - len(batch)) + batch, strict=True))
        if any(a == 1 < b for a, b in pairs) and any(b == 1 < a for a, b in pairs):
            both = np.broadcast_shapes(lead, batch)
            squeezed = tuple(a for a in lead if a != 1) == tuple(b for b in batch if b != 1)
            raise ValueError(
                f"{type(self).__name__}.log_prob: x of shape {lead + self.event_shape} and batch shape "
                f"{batch} broadcast against each other, to {both}; "
                + (
                    f"write x.reshape({batch + self.event_shape}) for one value per distribution, or "
                    if squeezed
                    else ""
                )
                + f"broadcast x to {both + self.event_shape} if every value is meant for every distribution"
            )

    def _with_pairs_only(self, pairs_only: bool = True) -> Any:
        """The same distribution, whose ``log_prob`` rejects values that would broadcast the batch or not."""
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__, _pairs_only=pairs_only)
        return new

    def _constant(self, x: Any, method: str, name: str) -> Variable:
        """An array, or numbers in this distribution's dtype and on its device, as a Variable."""
        try:
            if library_of(x) is None:
                weak = not isinstance(x, np.generic)  # Python numbers, and lists of them
                x = np.asarray(x)
                if weak and x.dtype == np.float64:
                    x = x.astype(self.dtype)
                owner = library_of(self._leading._array)
                x = x if owner is None or x.dtype.kind not in "fiub" else owner.from_host(x)
            return as_variable(x)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{type(self).__name__}.{method}: {name}: {error}") from None

    def _accepts(self, x: Variable) -> Any:
        """Where ``_log_prob`` applies: in the support, unless a class accepts more than that."""
        return self.support.contains(x)

    def _inside(self, x: Variable, inside: Any) -> Any:
        """``x`` with values outside the support replaced by one inside, so that no gradient is nan."""
        inner = self.support.inner
        if callable(inner):
            inner = inner(get_array_module(x), x._array)
        return F.where(inside[(..., *(None,) * len(self.event_shape))], x, inner)

    def _is_nan(self, x: Variable) -> Any:
        array = x.array
        nan = array != array
        return nan.any(axis=tuple(range(-len(self.event_shape), 0))) if self.event_shape else nan

    # Components, for quadrature ------------------------------------------------------------------------

    def _components(self) -> list[Any]:
        """The distributions of single numbers that it consists of, possibly with more last batch axes."""
        return [self]

    def _breakpoints(self) -> list[Variable]:
        """Where the density has jumps, kinks or poles inside its support: of shape ``batch_shape``."""
        return []

    def _unwrapped(self) -> Any:
        """The inner distribution, if this one is a trivial wrapper."""
        return self

    # Samples ------------------------------------------------------------------------------------------

    def sample(self, sample_shape: int | tuple[int, ...] = (), rng: Any = None) -> Variable:
        """Independent draws.

        They carry gradients in the parameters that ``reparameterized`` names.

        Args:
            sample_shape: the number of draws, or their shape.
            rng: a generator or a seed; by default the device's stream (``pdist.random.seed``).

        Returns:
            A Variable of shape ``sample_shape + batch_shape + event_shape``, of the parameters' dtype; labels
            (of a Categorical) are integers usable as indices.
        """
        shape = as_shape(f"{type(self).__name__}.sample: sample_shape", sample_shape)
        if not hasattr(self, "_sample"):
            raise self._no("sample")
        with np.errstate(all="ignore"):
            return self._sample(shape + self.batch_shape, random.as_generator(rng, self.xp))

    def sample_and_log_prob(
        self, sample_shape: int | tuple[int, ...] = (), rng: Any = None
    ) -> tuple[Variable, Variable]:
        """Independent draws, and the logarithm of the density (or probability) at them.

        Args:
            sample_shape: the number of draws, or their shape.
            rng: a generator or a seed.

        Returns:
            Variables of shape ``sample_shape + batch_shape + event_shape``, and of that without the event.
        """
        x = self.sample(sample_shape, rng)
        return x, self.log_prob(x)

    def sample_n(self, n: int, rng: Any = None) -> Variable:
        """``n`` independent draws, of shape ``(n,) + batch_shape + event_shape``."""
        return self.sample((n,), rng)

    def rsample(self, sample_shape: int | tuple[int, ...] = (), rng: Any = None) -> Variable:
        """:meth:`sample`, but an error if a parameter that requires a gradient would get none.

        Raises:
            ValueError: if so; names the parameter.
        """
        for name, value in self._leaves():
            if value.requires_grad and not self._has_pathwise(name):
                raise ValueError(
                    f"{type(self).__name__}.rsample: samples carry no gradient to {name}; use sample, or a "
                    "score-function estimate with log_prob"
                )
        return self.sample(sample_shape, rng)

    def _has_pathwise(self, name: str) -> bool:
        """Whether samples carry a gradient in a parameter (``"part.name"``: of an inner distribution)."""
        part, _, inner = name.partition(".")
        if inner:
            return self.__dict__[part]._has_pathwise(inner)
        known = self.reparameterized
        return known if isinstance(known, bool) else name in known

    if False:  # the formulas that a subclass may define, for readers and type checkers

        def _log_prob(self, x: Variable) -> Variable: ...
        def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable: ...
