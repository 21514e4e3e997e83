"""The base class: what every distribution does in the same way."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from .. import functions as F
from ..autograd import Variable, as_variable, config, promote
from ..backend import get_array_module, library_of, random, to_cpu, to_gpu
from .supports import Support


class Parameter:
    """A parameter of a distribution, declared in the class body.

    Args:
        support: which values make a distribution.
        event_ndim: how many of its last axes belong to one distribution (1 for a vector of probabilities).
        instead_of: the parameter that it may stand for: ``log_scale`` instead of ``scale``.
        derive: computes it from the instance where the other one was given.

    Reading it gives a Variable: as it was given, or derived from what was given.
    """

    name: str

    def __init__(
        self,
        support: Support,
        event_ndim: int = 0,
        instead_of: str | None = None,
        derive: Callable[[Any], Any] | None = None,
    ) -> None:
        self.support = support
        self.event_ndim = event_ndim
        self.instead_of = instead_of
        self.derive = derive

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        # Only reached where the instance's dictionary has no such entry: what was given lies there.
        if instance is None:
            return self
        if self.derive is None:
            raise AttributeError(f"{owner.__name__} has no parameter {self.name!r} set")
        return self.derive(instance)


class Option:
    """A setting of a distribution that is no array, such as ``binary_check``."""

    name: str

    def __init__(self, default: Any) -> None:
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else self.default


class Distribution:
    """Base of all distributions.

    A subclass declares its parameters and support and states its formulas as methods with a leading
    underscore: ``_log_prob(x)``, ``_cdf(x)``, ``_log_cdf(x)``, ``_survival_function(x)``,
    ``_log_survival_function(x)``, ``_icdf(p)``, ``_entropy()``, ``_mean()``, ``_mode()``, ``_median()``,
    ``_variance()``, ``_stddev()``, ``_covariance()`` and ``_sample(shape, rng)``. All the rest is derived.

    Shapes are ``sample_shape + batch_shape + event_shape``: independent draws, independent distributions, and the
    axes of one draw.

    >>> import numpy as np, pdist
    >>> class Triangle(Distribution):  # density 2 x / width^2 on (0, width)
    ...     width = Parameter(pdist.distributions.supports.positive)
    ...     @property
    ...     def support(self):
    ...         return pdist.distributions.supports.interval(0, self.width.array, "[0, width]")
    ...     def _log_prob(self, x):
    ...         return F.log(2 * x / self.width) - F.log(self.width)
    >>> Triangle(np.array([1.0, 2.0])).log_prob(np.array([0.5, 3.0])).array
    array([  0., -inf])
    """

    parameters: ClassVar[dict[str, Parameter]] = {}
    options: ClassVar[dict[str, Option]] = {}
    support: Any
    masked: ClassVar[bool] = True  # whether the base class answers -inf outside the support
    reparameterized: ClassVar[bool | frozenset[str]] = False  # which parameters samples carry gradients to

    # Construction -------------------------------------------------------------------------------------

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        members = {name: value for base in reversed(cls.__mro__) for name, value in vars(base).items()}
        cls.parameters = {n: v for n, v in members.items() if isinstance(v, Parameter)}
        cls.options = {n: v for n, v in members.items() if isinstance(v, Option)}
        cls._slots = tuple(  # each parameter with those that may stand for it
            (n, *(m for m, w in cls.parameters.items() if w.instead_of == n))
            for n, v in cls.parameters.items()
            if v.instead_of is None
        )
        cls._positional = tuple(n for n, v in cls.parameters.items() if v.instead_of is None)
        if cls.__init__ is Distribution.__init__ and cls.parameters:
            cls.__signature__ = _signature(cls)  # type: ignore[attr-defined]

    _slots: ClassVar[tuple[tuple[str, ...], ...]] = ()
    _positional: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        cls = type(self)
        if args:
            if len(args) > len(cls._positional):
                raise TypeError(f"{cls.__name__}: expected at most {len(cls._positional)} positional arguments, got {len(args)}")
            for name, value in zip(cls._positional, args, strict=False):
                if kwargs.get(name) is not None:
                    raise TypeError(f"{cls.__name__}: {name} was given twice")
                kwargs[name] = value
        given = {}
        for name, value in kwargs.items():
            if name in cls.options:
                self.__dict__[name] = value
            elif name not in cls.parameters:
                raise TypeError(f"{cls.__name__}: no argument {name!r}; it takes {_signature(cls)}")
            elif value is not None:
                given[name] = value
        for slot in cls._slots:
            present = [name for name in slot if name in given]
            if len(present) != 1:
                raise TypeError(
                    f"{cls.__name__}: expected {'exactly one of ' if len(slot) > 1 else ''}{' or '.join(slot)}, "
                    f"got {' and '.join(present) or 'none'}"
                )
        self._take(given)
        if config.validate:
            self._validate()

    def _take(self, given: dict[str, Any]) -> None:
        """Store parameters, brought to one dtype and device, and find the batch shape."""
        names, values = list(given), list(given.values())
        first = values[0]
        dtype = first._array.dtype if isinstance(first, Variable) else None
        if not all(
            isinstance(v, Variable) and v._array.__class__ is np.ndarray and v._array.dtype is dtype for v in values
        ) or dtype.kind != "f":  # type: ignore[union-attr]
            values = promote(type(self).__name__, names, values)
        self.__dict__.update(zip(names, values, strict=True))
        self._given = names
        self.batch_shape = self._batch_shape()

    def _batch_shape(self) -> tuple[int, ...]:
        """The broadcast shape of the parameters, their event axes aside."""
        shapes = set()
        for name in self._given:
            shape, n = self.__dict__[name]._array.shape, type(self).parameters[name].event_ndim
            if len(shape) < n:
                raise ValueError(
                    f"{type(self).__name__}: {name} has shape {shape}; expected at least {n} axis for one distribution"
                )
            shapes.add(shape[: len(shape) - n] if n else shape)
        if len(shapes) == 1:
            return shapes.pop()
        try:
            return np.broadcast_shapes(*shapes)
        except ValueError:
            listing = ", ".join(f"{name} {self.__dict__[name].shape}" for name in self._given)
            raise ValueError(f"{type(self).__name__}: parameters whose shapes do not broadcast: {listing}") from None

    def _validate(self) -> None:
        """Refuse parameters that make no distribution."""
        for name in self._given:
            self._check(name, self.__dict__[name]._array, type(self).parameters[name].support)

    def _check(self, name: str, array: Any, support: Support) -> None:
        """Raise ValueError where an element of ``array`` is not in ``support``, naming the first one."""
        owner = library_of(array)
        if owner is None or not owner.host:
            return
        inside = support.contains(array)
        if not inside.all():
            index = tuple(int(i) for i in np.argwhere(~np.asarray(inside))[0])
            raise ValueError(
                f"{type(self).__name__}: {name}{list(index) if index else ''} is {array[index]}; expected {support}"
            )

    # What it is ---------------------------------------------------------------------------------------

    _given: list[str]
    batch_shape: tuple[int, ...]

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one draw."""
        return ()

    @property
    def params(self) -> dict[str, Variable]:
        """The parameters as they were given, by name."""
        return {name: self.__dict__[name] for name in self._given}

    @property
    def dtype(self) -> np.dtype:
        """The dtype of parameters, samples and densities."""
        return self._leading._array.dtype

    @property
    def xp(self) -> Any:
        """The namespace of the parameters' array library."""
        return get_array_module(self._leading)

    @property
    def _leading(self) -> Variable:
        return self.__dict__[self._given[0]]

    def __repr__(self) -> str:
        parts = [f"{name}={_brief(value)}" for name, value in self.params.items()]
        parts += [f"{name}={getattr(self, name)!r}" for name in type(self).options if name in self.__dict__]
        return f"{type(self).__name__}({', '.join(parts)})"

    # Copies -------------------------------------------------------------------------------------------

    def copy(self, **overrides: Any) -> Any:
        """The same distribution with some parameters or options replaced.

        Args:
            **overrides: by name; an alternative (``log_scale``) replaces what was given (``scale``).
        """
        cls = type(self)
        kept: dict[str, Any] = dict(self.params)
        for slot in cls._slots:
            if any(overrides.get(name) is not None for name in slot):
                for name in slot:
                    kept.pop(name, None)
        kept.update({name: getattr(self, name) for name in cls.options})
        kept.update(overrides)
        return cls(**kept)

    def _map(self, function: Callable[[str, Variable], Any]) -> Any:
        """The distribution whose parameters are those of this one through ``function``; nothing is checked."""
        new = object.__new__(type(self))
        new.__dict__.update({name: getattr(self, name) for name in type(self).options if name in self.__dict__})
        new._take({name: function(name, value) for name, value in self.params.items()})
        return new

    def expand(self, batch_shape: int | tuple[int, ...]) -> Any:
        """The same distribution repeated to a larger batch shape.

        Args:
            batch_shape: a shape that the present one broadcasts to.

        Raises:
            ValueError: where it does not.
        """
        shape = _as_shape(batch_shape)
        if np.broadcast_shapes(self.batch_shape, shape) != shape:
            raise ValueError(f"{type(self).__name__}.expand: batch shape {self.batch_shape} does not broadcast to {shape}")
        return self._map(lambda name, value: F.broadcast_to(value, shape + self._tail(name, value)))

    def __getitem__(self, index: Any) -> Any:
        """Some of the distributions of a batch: ``d[0]``, ``d[:, None]``, ``d[..., 1]``."""
        index = _batch_index(self, index)
        return self._map(
            lambda name, value: F.get_item(F.broadcast_to(value, self.batch_shape + self._tail(name, value)), index)
        )

    def __len__(self) -> int:
        if not self.batch_shape:
            raise TypeError(f"{type(self).__name__} with batch shape () has no length")
        return self.batch_shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def _tail(self, name: str, value: Variable) -> tuple[int, ...]:
        """The event axes of a parameter."""
        return value.shape[value.ndim - type(self).parameters[name].event_ndim :]

    def to_cpu(self) -> Any:
        """The same distribution with its parameters on the host, without their graph."""
        return self._map(lambda name, value: Variable(to_cpu(value.array), requires_grad=value.requires_grad))

    def to_gpu(self, device: int | None = None) -> Any:
        """The same distribution with its parameters on a CUDA device, without their graph."""
        return self._map(lambda name, value: Variable(to_gpu(value.array, device), requires_grad=value.requires_grad))

    # Densities ----------------------------------------------------------------------------------------

    def log_prob(self, x: Any) -> Variable:
        """The logarithm of the density (or probability) at ``x``.

        Args:
            x: a Variable, array or number of shape ``[..., *event_shape]`` that broadcasts with the batch.

        Returns:
            A Variable of shape ``[...]`` broadcast with ``batch_shape``: -inf outside the support, nan at nan.

        Raises:
            ValueError: where the shape does not fit.
        """
        x = self._value(x)
        with np.errstate(all="ignore"):
            if not self.masked or self.support == "real":
                return self._log_prob(x)
            inside = self.support.contains(x)
            safe = self._inside(x, inside)
            return F.where(inside, self._log_prob(safe), F.where(self._is_nan(x), np.nan, -np.inf))

    def prob(self, x: Any) -> Variable:
        """The density (or probability) at ``x``: see :meth:`log_prob`."""
        return F.exp(self.log_prob(x))

    def cdf(self, x: Any) -> Variable:
        """P(X <= x)."""
        return self._either("cdf", x, ("_cdf", None), ("_log_cdf", F.exp))

    def log_cdf(self, x: Any) -> Variable:
        """log P(X <= x)."""
        return self._either("log_cdf", x, ("_log_cdf", None), ("_cdf", F.log))

    def survival_function(self, x: Any) -> Variable:
        """P(X > x)."""
        return self._either(
            "survival_function", x, ("_survival_function", None), ("_log_survival_function", F.exp), ("_cdf", _complement)
        )

    def log_survival_function(self, x: Any) -> Variable:
        """log P(X > x)."""
        return self._either(
            "log_survival_function", x, ("_log_survival_function", None), ("_survival_function", F.log)
        )

    def icdf(self, p: Any) -> Variable:
        """The smallest x with P(X <= x) >= p; nan for p outside [0, 1]."""
        return self._either("icdf", p, ("_icdf", None))

    def _either(self, public: str, x: Any, *ways: tuple[str, Any]) -> Variable:
        """The first of several formulas that the class states, with what makes the asked one of it."""
        for name, then in ways:
            formula = getattr(self, name, None)
            if formula is not None:
                x = self._value(x, public)
                with np.errstate(all="ignore"):
                    y = formula(x)
                    return y if then is None else then(y)
        raise self._no(public)

    def _no(self, what: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} has no {what}")

    def _value(self, x: Any, method: str = "log_prob") -> Variable:
        """``x`` as a Variable whose shape fits; the error names the method."""
        try:
            x = as_variable(x)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{type(self).__name__}.{method}: x: {error}") from None
        shape, event = x._array.shape, self.event_shape
        n = len(event)
        if shape[len(shape) - n :] != event if n else False:
            raise ValueError(
                f"{type(self).__name__}.{method}: x has shape {shape}; expected its last axes to be the event shape {event}"
            )
        lead = shape[: len(shape) - n] if n else shape
        if lead and self.batch_shape and lead != self.batch_shape:
            try:
                np.broadcast_shapes(lead, self.batch_shape)
            except ValueError:
                raise ValueError(
                    f"{type(self).__name__}.{method}: x has shape {shape}, which does not broadcast with batch shape "
                    f"{self.batch_shape} and event shape {event}"
                ) from None
        return x

    def _inside(self, x: Variable, inside: Any) -> Any:
        """``x`` with what lies outside the support replaced by some value inside, so that no gradient is nan."""
        n = len(self.event_shape)
        return F.where(inside[(...,) + (None,) * n] if n else inside, x, self._interior())

    def _interior(self) -> Any:
        """Some value inside the support, without gradient."""
        return as_variable(self.mean.array)

    def _is_nan(self, x: Variable) -> Any:
        axes = tuple(range(-len(self.event_shape), 0))
        nan = x._array != x._array
        return nan.any(axis=axes) if axes else nan

    # Moments ------------------------------------------------------------------------------------------

    def _statistic(self, name: str, event: bool = True) -> Variable:
        formula = getattr(self, "_" + name, None)
        if formula is None:
            raise self._no(name)
        with np.errstate(all="ignore"):
            y = formula()
            shape = self.batch_shape + (self.event_shape if event else ())
            return y if y.shape == shape else F.broadcast_to(y, shape)

    @property
    def entropy(self) -> Variable:
        """-E[log p(X)], in nats, of shape ``batch_shape``."""
        return self._statistic("entropy", event=False)

    @property
    def mean(self) -> Variable:
        """E[X], of shape ``batch_shape + event_shape``."""
        return self._statistic("mean")

    @property
    def mode(self) -> Variable:
        """The likeliest value."""
        return self._statistic("mode")

    @property
    def median(self) -> Variable:
        """The value that half of the probability lies below."""
        return self._statistic("median") if hasattr(self, "_median") else self.icdf(0.5)

    @property
    def variance(self) -> Variable:
        """E[(X - E[X])^2], elementwise."""
        return self._statistic("variance")

    @property
    def stddev(self) -> Variable:
        """The square root of the variance."""
        return self._statistic("stddev") if hasattr(self, "_stddev") else F.sqrt(self.variance)

    @property
    def covariance(self) -> Variable:
        """The covariance matrix of one draw: the variance itself where a draw is a number."""
        return self._statistic("covariance", event=False) if hasattr(self, "_covariance") else self.variance

    @property
    def perplexity(self) -> Variable:
        """e to the entropy."""
        return F.exp(self.entropy)

    # Samples ------------------------------------------------------------------------------------------

    def sample(self, sample_shape: int | tuple[int, ...] = (), rng: Any = None) -> Variable:
        """Independent draws.

        They carry gradients to the parameters that ``reparameterized`` names.

        Args:
            sample_shape: how many, as a number or a shape.
            rng: a generator or a seed; by default the device's stream (``pdist.random.seed``).

        Returns:
            A Variable of shape ``sample_shape + batch_shape + event_shape``.
        """
        shape = _as_shape(sample_shape)
        if not hasattr(self, "_sample"):
            raise self._no("sample")
        with np.errstate(all="ignore"):
            return self._sample(shape + self.batch_shape, random.as_generator(rng, self.xp))

    def sample_n(self, n: int, rng: Any = None) -> Variable:
        """``n`` independent draws, of shape ``(n,) + batch_shape + event_shape``."""
        return self.sample((n,), rng)

    def rsample(self, sample_shape: int | tuple[int, ...] = (), rng: Any = None) -> Variable:
        """:meth:`sample`, but an error where a parameter that needs a gradient would get none.

        Raises:
            ValueError: naming that parameter.
        """
        for name, value in self.params.items():
            if value.requires_grad and not self._has_pathwise(name):
                raise ValueError(
                    f"{type(self).__name__}.rsample: samples carry no gradient to {name}; use sample, or a "
                    "score-function estimate with log_prob"
                )
        return self.sample(sample_shape, rng)

    def _has_pathwise(self, name: str) -> bool:
        known = self.reparameterized
        return known if isinstance(known, bool) else name in known

    if False:  # the formulas that a subclass may state, for those who read and for type checkers

        def _log_prob(self, x: Variable) -> Variable: ...
        def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable: ...


def _complement(y: Variable) -> Variable:
    return 1 - y


def _as_shape(shape: int | tuple[int, ...]) -> tuple[int, ...]:
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    if any(n < 0 for n in shape):
        raise ValueError(f"a shape cannot have a negative length: {shape}")
    return tuple(int(n) for n in shape)


def _batch_index(dist: Distribution, index: Any) -> tuple[Any, ...]:
    """``index`` made to speak of the batch axes only."""
    index = index if isinstance(index, tuple) else (index,)
    used = sum(1 for i in index if i is not None and i is not Ellipsis)
    n = len(dist.batch_shape)
    if used > n:
        raise IndexError(f"{type(dist).__name__}: {used} indices for batch shape {dist.batch_shape}")
    if Ellipsis not in [i for i in index if i is Ellipsis]:
        return (*index, *(slice(None),) * (n - used))
    at = next(k for k, i in enumerate(index) if i is Ellipsis)
    return (*index[:at], *(slice(None),) * (n - used), *index[at + 1 :])


def _signature(cls: type[Distribution]) -> inspect.Signature:
    parameters = [
        inspect.Parameter(
            name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD if p.instead_of is None else inspect.Parameter.KEYWORD_ONLY,
            default=None if any(name in slot and len(slot) > 1 for slot in cls._slots) else inspect.Parameter.empty,
        )
        for name, p in cls.parameters.items()
    ]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=option.default)
        for name, option in cls.options.items()
    ]
    parameters.sort(key=lambda p: (p.kind, p.default is not inspect.Parameter.empty))
    return inspect.Signature(parameters)


def _brief(value: Variable) -> str:
    """A parameter in a repr: its values where they are few, else shape and dtype."""
    if value.size <= 6:
        return np.array2string(to_cpu(value.array), separator=", ", precision=6)
    return f"<{'x'.join(map(str, value.shape))} {value.dtype}>"
