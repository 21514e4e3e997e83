"""The base class: what every distribution does in the same way."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable, config, promote
from ...backend import get_array_module, hooks, library_of, random, to_cpu, to_gpu
from .supports import Support

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class Parameter:
    """A parameter of a distribution, declared in the class body.

    Args:
        support: which values make a distribution.
        event_ndim: how many of its last axes belong to one distribution (1 for a vector of probabilities).
        instead_of: the parameter that it may stand for: ``log_scale`` instead of ``scale``.
        derive: computes it from the instance where the other one was given.

    Reading it gives a Variable: as it was given, or derived from what was given. What is derived is computed
    at each reading and never kept: the graph of a former one may have been used up by a backward pass.
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


class Part:
    """A distribution inside another one, declared in the class body of a wrapper.

    Args:
        batch_ndim: how many of its last batch axes belong to one distribution of the whole (1 for the
            components of a mixture): a number, or a function of the instance.
    """

    name: str

    def __init__(self, batch_ndim: int | Callable[[Any], int] = 0) -> None:
        self.batch_ndim = batch_ndim

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        raise AttributeError(f"{owner.__name__} has no {self.name!r} set")

    def own_ndim(self, instance: Any) -> int:
        """How many of the part's batch axes belong to one distribution of ``instance``."""
        return self.batch_ndim(instance) if callable(self.batch_ndim) else self.batch_ndim


class Option:
    """A setting of a distribution that is no array, such as ``binary_check``."""

    name: str

    def __init__(self, default: Any) -> None:
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else self.default


class _Plan(NamedTuple):
    """What a constructor does with arguments of given names; found once for each choice of names."""

    given: tuple[str, ...]  # the parameters
    parts: tuple[str, ...]
    settings: tuple[str, ...]  # the options
    own_ndims: tuple[tuple[str, int], ...]  # of the parameters
    plain: bool  # nothing but parameters
    scalar: bool  # no parameter has event axes
    supports: tuple[tuple[str, Support], ...]


class Distribution:
    """Base of all distributions.

    A subclass declares its parameters and support and states its formulas as methods with a leading
    underscore: ``_log_prob(x)``, ``_cdf(x)``, ``_log_cdf(x)``, ``_survival_function(x)``,
    ``_log_survival_function(x)``, ``_icdf(p)``, ``_entropy()``, ``_mean()``, ``_mode()``, ``_median()``,
    ``_variance()``, ``_stddev()``, ``_covariance()`` and ``_sample(shape, rng)``, whose ``shape`` has the
    batch axes in it already. All the rest is derived.

    Shapes are ``sample_shape + batch_shape + event_shape``: independent draws, independent distributions, and
    the axes of one draw. Parameters broadcast against each other. Their dtype is that of the floating arrays
    among them; Python numbers, integers and bools take it.

    A distribution does not change: :meth:`copy`, :meth:`expand` and indexing make others.

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
    parts: ClassVar[dict[str, Part]] = {}
    options: ClassVar[dict[str, Option]] = {}
    support: Any
    masked: ClassVar[bool] = True  # whether the base class answers -inf outside the support
    reparameterized: ClassVar[bool | frozenset[str]] = False  # which parameters samples carry gradients to
    _factors: Any = None  # independent parts: their distribution, and over how many of its last batch axes

    # Construction -------------------------------------------------------------------------------------

    _slots: ClassVar[
        tuple[tuple[str, ...], ...]
    ] = ()  # each parameter or part with those that may stand for it
    _plans: ClassVar[dict[tuple[str, ...], _Plan]] = {}
    _masks: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        members = {name: value for base in reversed(cls.__mro__) for name, value in vars(base).items()}
        cls.parameters = {n: v for n, v in members.items() if isinstance(v, Parameter)}
        cls.parts = {n: v for n, v in members.items() if isinstance(v, Part)}
        cls.options = {n: v for n, v in members.items() if isinstance(v, Option)}
        cls._slots = tuple(
            (n, *(m for m, w in cls.parameters.items() if w.instead_of == n))
            for n, v in members.items()
            if n in cls.parts or (n in cls.parameters and v.instead_of is None)
        )
        cls._plans = {}
        support = members.get("support")
        cls._masks = cls.masked and not (isinstance(support, str) and support == "real")
        if cls.__init__ is Distribution.__init__ and cls._slots:
            cls.__signature__ = _signature(cls)  # type: ignore[attr-defined]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        names, values = tuple(kwargs), list(kwargs.values())
        if args:
            slots = self._slots
            if len(args) > len(slots):
                raise TypeError(
                    f"{type(self).__name__}: at most {len(slots)} positional arguments, got {len(args)}"
                )
            names = tuple([slot[0] for slot in slots[: len(args)]]) + names
            values = [*args, *values]
        for value in values:
            if value is None:  # as good as not given
                names = tuple(n for n, v in zip(names, values, strict=True) if v is not None)
                values = [v for v in values if v is not None]
                break
        self._take(names, values)
        if config.validate:
            self._validate()

    def _take(self, names: tuple[str, ...], values: list[Any]) -> None:
        """Store arguments, the parameters brought to one dtype and device, and find the batch shape."""
        plan = self._plans.get(names) or _plan_of(type(self), names)
        state = self.__dict__
        state.update(zip(names, values))  # noqa: B905 - as many names as values
        state["_plan"] = plan
        if plan.plain and _alike(values):
            if plan.scalar:
                shape = values[0]._array.shape
                for value in values:
                    if value._array.shape != shape:
                        break
                else:
                    state["batch_shape"] = shape
                    return
        else:
            if plan.given:
                given = [state[name] for name in plan.given]
                with np.errstate(over="ignore"):  # an error says it better
                    given = promote(type(self).__name__, plan.given, given)
                state.update(zip(plan.given, given, strict=True))
            if plan.parts:
                self._take_parts()
        state["batch_shape"] = self._batch_shape()

    def _take_parts(self) -> None:
        """Bring the inner distributions to one dtype, and refuse what is no distribution."""
        who, state = type(self).__name__, self.__dict__
        for name in self._plan.parts:
            if not isinstance(state[name], Distribution):
                raise TypeError(f"{who}: {name} is {state[name]!r}; expected a Distribution")
        first: Any = None
        dtypes = set()
        for name in self._plan.parts + self._plan.given:
            leading = state[name]._leading if name in self.parts else state[name]  # has the dtype of all
            if first is None:
                first, first_name = leading, name
            elif library_of(first._array) is not library_of(leading._array):
                raise TypeError(f"{who}: {first_name} is on {first.device} and {name} on {leading.device}")
            dtypes.add(leading._array.dtype)
        if len(dtypes) > 1:
            dtype = np.result_type(*dtypes)
            state.update({name: _cast(value, dtype) for name, value, _ in self._members()})

    def _batch_shape(self) -> tuple[int, ...]:
        """The broadcast shape of parameters and parts, without the axes that one distribution has."""
        shapes = []
        for name, value, n in self._members():
            shape = value.batch_shape if isinstance(value, Distribution) else value._array.shape
            if n:
                if len(shape) < n:
                    raise ValueError(
                        f"{type(self).__name__}: {name} has shape {shape}; expected at least {n} "
                        f"{'axis' if n == 1 else 'axes'} for one distribution"
                    )
                if 0 in shape[-n:] and not isinstance(value, Distribution):
                    raise ValueError(
                        f"{type(self).__name__}: {name} has shape {shape}; expected at least one class or "
                        "element for each distribution"
                    )
                shape = shape[:-n]
            shapes.append(shape)
        if shapes.count(shapes[0]) == len(shapes):
            return shapes[0]
        try:
            return np.broadcast_shapes(*shapes)
        except ValueError:
            names = [name for name, _, _ in self._members()]
            listing = ", ".join(f"{name} {shape}" for name, shape in zip(names, shapes, strict=True))
            raise ValueError(f"{type(self).__name__}: batch shapes do not broadcast: {listing}") from None

    def _validate(self) -> None:
        """Refuse parameters that make no distribution."""
        for name, support in self._plan.supports:
            self._check(name, self.__dict__[name]._array, support)

    def _check(self, name: str, array: Any, support: Support) -> None:
        """Raise ValueError where an element of ``array`` is not in ``support``, naming the first one."""
        if hooks.running and hooks.current() is not None:
            return hooks.once(self._check, name, array, support)
        owner = library_of(array)
        if owner is None or not owner.host:
            return None
        inside = support._contains(owner.xp, array)
        if np.count_nonzero(inside) != inside.size:
            index = tuple(int(i) for i in np.argwhere(~np.asarray(inside))[0])
            where = f"{name}{list(index) if index else ''}"
            raise ValueError(f"{type(self).__name__}: {where} is {array[index]}; expected {support}")
        return None

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.parameters or name in self.parts or name in self.options:
            raise AttributeError(
                f"{type(self).__name__}.{name}: a distribution never changes; copy({name}=...) makes another"
            )
        super().__setattr__(name, value)

    def __getstate__(self) -> dict[str, Any]:
        plan = self._plan
        return {**self.__dict__, "_plan": plan.parts + plan.given + plan.settings}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _plan=_plan_of(type(self), state["_plan"]))

    # What it is ---------------------------------------------------------------------------------------

    _plan: _Plan
    batch_shape: tuple[int, ...]

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one draw."""
        return ()

    @property
    def params(self) -> dict[str, Variable]:
        """The parameters as they were given, by name; those of an inner distribution as ``"part.name"``."""
        return dict(self._leaves())

    def _leaves(self) -> Iterator[tuple[str, Variable]]:
        for name, value, _ in self._members():
            if isinstance(value, Distribution):
                yield from ((f"{name}.{inner}", leaf) for inner, leaf in value._leaves())
            else:
                yield name, value

    def _members(self) -> list[tuple[str, Any, int]]:
        """The parts and the given parameters, each with the number of last axes that one distribution has."""
        plan, state = self._plan, self.__dict__
        found = [(name, state[name], n) for name, n in plan.own_ndims]
        return [(name, state[name], self.parts[name].own_ndim(self)) for name in plan.parts] + found

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
        plan = self._plan
        return self.__dict__[plan.given[0]] if plan.given else self.__dict__[plan.parts[0]]._leading

    def __repr__(self) -> str:
        parts = [f"{name}={_brief(self.__dict__[name])}" for name in (*self._plan.parts, *self._plan.given)]
        parts += [f"{name}={self.__dict__[name]!r}" for name in self.options if name in self.__dict__]
        return f"{type(self).__name__}({', '.join(parts)})"

    # Copies -------------------------------------------------------------------------------------------

    def copy(self, **overrides: Any) -> Any:
        """The same distribution with some parameters or options replaced.

        Args:
            **overrides: by name; an alternative (``log_scale``) replaces what was given (``scale``).

        >>> import pdist.distributions as D
        >>> D.Normal([0.0, 1.0], 2.0).copy(log_scale=0.0)
        Normal(loc=[0.0, 1.0], log_scale=0.0)
        """
        overrides = {name: value for name, value in overrides.items() if value is not None}
        replaced = {name for slot in self._slots for name in slot if not overrides.keys().isdisjoint(slot)}
        kept = {name: value for name, value, _ in self._members() if name not in replaced}
        kept.update({name: self.__dict__[name] for name in self._plan.settings})
        return type(self)(**{**kept, **overrides})

    def _map(self, function: Callable[[Any, int], Any]) -> Any:
        """The distribution of what ``function`` makes of each parameter and part; nothing is checked.

        Args:
            function: gets a Variable or a Distribution, and how many of its last (batch) axes belong to one
                distribution of the whole.
        """
        new = object.__new__(type(self))
        members = {name: function(value, n) for name, value, n in self._members()}
        members.update({name: self.__dict__[name] for name in self._plan.settings})
        new._take(tuple(members), list(members.values()))
        return new

    def expand(self, batch_shape: int | tuple[int, ...]) -> Any:
        """The same distribution repeated to a larger batch shape.

        Args:
            batch_shape: a shape that the present one broadcasts to.

        Raises:
            ValueError: where it does not.
        """
        shape = _as_shape(f"{type(self).__name__}.expand: batch_shape", batch_shape)
        if not _broadcasts(self.batch_shape, shape):
            raise ValueError(
                f"{type(self).__name__}.expand: batch shape {self.batch_shape} does not broadcast to {shape}"
            )
        return self._map(lambda value, n: _spread(value, shape, n))

    def __getitem__(self, index: Any) -> Any:
        """Some of the distributions of a batch: ``d[0]``, ``d[:, None]``, ``d[..., 1]``."""
        index = _batch_index(self, index)
        shape = self.batch_shape

        def pick(value: Any, n: int) -> Any:
            value = _spread(value, shape, n)
            return (
                value[(*index, *(slice(None),) * n)]
                if isinstance(value, Distribution)
                else F.get_item(value, index)
            )

        return self._map(pick)

    def __len__(self) -> int:
        if not self.batch_shape:
            raise TypeError(f"{type(self).__name__} with batch shape () has no length")
        return self.batch_shape[0]

    def __bool__(self) -> bool:
        return True  # also where there is no length, or one of 0

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def to_cpu(self) -> Any:
        """The same distribution with its parameters on the host, without their graph."""
        return self._map(
            lambda v, n: v.to_cpu() if isinstance(v, Distribution) else _moved(v, to_cpu(v._array))
        )

    def to_gpu(self, device: int | None = None) -> Any:
        """The same distribution with its parameters on a CUDA device, without their graph."""
        return self._map(
            lambda v, n: (
                v.to_gpu(device) if isinstance(v, Distribution) else _moved(v, to_gpu(v._array, device))
            )
        )

    # Densities ----------------------------------------------------------------------------------------

    def log_prob(self, x: Any) -> Variable:
        """The logarithm of the density (or probability) at ``x``.

        Args:
            x: a Variable, array or number of shape ``[..., *event_shape]`` that broadcasts with the batch.

        Returns:
            A Variable of shape ``[...]`` broadcast with ``batch_shape``: -inf outside the support, nan at
            nan.

        Raises:
            ValueError: where the shape does not fit.
        """
        x = self._value(x, "log_prob")
        with np.errstate(all="ignore"):
            if not self._masks:
                return self._log_prob(x)
            inside = self._accepts(x)
            if type(inside) is np.ndarray and np.count_nonzero(inside) == inside.size:
                return self._log_prob(x)  # the host can see that there is nothing to mask
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

    def icdf(self, p: Any) -> Variable:
        """The smallest x with P(X <= x) >= p; nan for p outside [0, 1]."""
        if self.event_shape:
            raise self._no("icdf")
        return self._either("icdf", p)

    def _either(self, method: str, x: Any) -> Variable:
        """The method by the first of several formulas that the class states."""
        for name, then in _WAYS[method]:
            formula = getattr(self, name, None)
            if formula is not None:
                x = self._value(x, method, "p" if method == "icdf" else "x")
                with np.errstate(all="ignore"):
                    y = formula(x)
                    return y if then is None else then(y)
        raise self._no(method)

    def _no(self, what: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} has no {what}")

    def _value(self, x: Any, method: str, name: str = "x") -> Variable:
        """``x`` as a Variable whose shape fits; the errors name the method."""
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
        return x

    def _constant(self, x: Any, method: str, name: str) -> Variable:
        """An array, or numbers in this distribution's dtype and on its device, as a Variable."""
        try:
            if library_of(x) is None:
                weak = not isinstance(x, np.generic)  # Python's numbers, and lists of them
                x = np.asarray(x)
                if weak and x.dtype == np.float64:
                    x = x.astype(self.dtype)
                owner = library_of(self._leading._array)
                x = x if owner is None or x.dtype.kind not in "fiub" else owner.from_host(x)
            return as_variable(x)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{type(self).__name__}.{method}: {name}: {error}") from None

    def _accepts(self, x: Variable) -> Any:
        """Where ``_log_prob`` answers for itself: in the support, where a class takes no more than that."""
        return self.support.contains(x)

    def _inside(self, x: Variable, inside: Any) -> Any:
        """``x`` with what is outside the support replaced by a value inside, so that no gradient is nan."""
        inner = self.support.inner
        if callable(inner):
            inner = inner(get_array_module(x), x._array)
        return F.where(inside[(..., *(None,) * len(self.event_shape))], x, inner)

    def _is_nan(self, x: Variable) -> Any:
        array = x.array
        nan = array != array
        return nan.any(axis=tuple(range(-len(self.event_shape), 0))) if self.event_shape else nan

    # Moments ------------------------------------------------------------------------------------------

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
        shape = _as_shape(f"{type(self).__name__}.sample: sample_shape", sample_shape)
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
        for name, value in self._leaves():
            if value.requires_grad and not self._has_pathwise(name):
                raise ValueError(
                    f"{type(self).__name__}.rsample: samples carry no gradient to {name}; use sample, or a "
                    "score-function estimate with log_prob"
                )
        return self.sample(sample_shape, rng)

    def _has_pathwise(self, name: str) -> bool:
        """Whether samples carry a gradient to a parameter (``"part.name"``: of an inner distribution)."""
        part, _, inner = name.partition(".")
        if inner:
            return self.__dict__[part]._has_pathwise(inner)
        known = self.reparameterized
        return known if isinstance(known, bool) else name in known

    if False:  # the formulas that a subclass may state, for those who read and for type checkers

        def _log_prob(self, x: Variable) -> Variable: ...
        def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable: ...


# How each method comes out of the formulas that a class states, best first.
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


def _alike(values: Sequence[Any]) -> bool:
    """Whether all are Variables of NumPy arrays of one floating dtype, as on most calls."""
    try:
        dtype = values[0]._array.dtype
        for value in values:
            array = value._array
            if array.dtype is not dtype or array.__class__ is not np.ndarray:
                return False
    except AttributeError:  # a number or a raw array
        return False
    return dtype in _FLOATS


def _plan_of(cls: type[Distribution], names: tuple[str, ...]) -> _Plan:
    """The plan for arguments of these names, made and checked where it is the first time."""
    plan = cls._plans.get(names)
    if plan is None:
        plan = cls._plans[names] = _make_plan(cls, names)
    return plan


def _make_plan(cls: type[Distribution], names: tuple[str, ...]) -> _Plan:
    for i, name in enumerate(names):
        if name in names[:i]:
            raise TypeError(f"{cls.__name__}: {name} was given twice")
        if name not in cls.parameters and name not in cls.parts and name not in cls.options:
            raise TypeError(f"{cls.__name__}: no argument {name!r}; it takes {_signature(cls)}")
    for slot in cls._slots:
        present = [name for name in slot if name in names]
        if len(present) != 1:
            raise TypeError(
                f"{cls.__name__}: expected {'exactly one of ' if len(slot) > 1 else ''}{' or '.join(slot)}, "
                f"got {' and '.join(present) or 'none'}"
            )
    given = tuple(n for n in names if n in cls.parameters)
    return _Plan(
        given,
        tuple(n for n in names if n in cls.parts),
        tuple(n for n in names if n in cls.options),
        tuple((n, cls.parameters[n].event_ndim) for n in given),
        given == names,
        not any(cls.parameters[n].event_ndim for n in given),
        tuple((n, cls.parameters[n].support) for n in given),
    )


def _as_shape(what: str, shape: int | tuple[int, ...]) -> tuple[int, ...]:
    if isinstance(shape, (int, np.integer)):
        shape = (int(shape),)
    if not isinstance(shape, (tuple, list)) or not all(isinstance(n, (int, np.integer)) for n in shape):
        raise TypeError(f"{what} is {shape!r}; expected a length or a tuple of lengths")
    if any(n < 0 for n in shape):
        raise ValueError(f"{what} is {tuple(shape)}; expected no negative length")
    return tuple([int(n) for n in shape])


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether ``shape`` broadcasts to exactly ``target``."""
    lead = len(target) - len(shape)
    return lead >= 0 and all(n in (1, m) for n, m in zip(shape, target[lead:], strict=True))


def _spread(value: Any, shape: tuple[int, ...], n: int) -> Any:
    """A parameter or part, ``n`` of whose last axes belong to one distribution, repeated to a batch shape."""
    present = value.batch_shape if isinstance(value, Distribution) else value.shape
    target = shape + present[len(present) - n :]
    if present == target:
        return value
    return value.expand(target) if isinstance(value, Distribution) else F.broadcast_to(value, target)


def _cast(value: Any, dtype: Any) -> Any:
    """A parameter or part in another dtype, as part of the graph."""
    if isinstance(value, Distribution):
        return value._map(lambda v, n: _cast(v, dtype))
    return value if value.dtype == dtype else F.cast(value, dtype)


def _moved(value: Variable, array: Any) -> Variable:
    return (
        value
        if array is value._array
        else Variable(array, name=value.name, requires_grad=value.requires_grad)
    )


def _batch_index(dist: Distribution, index: Any) -> tuple[Any, ...]:
    """``index`` made to speak of all batch axes and of no others."""
    index = index if isinstance(index, tuple) else (index,)
    index = tuple(np.asarray(i) if isinstance(i, list) else i for i in index)
    used = sum(_axes_used(i) for i in index)
    n = len(dist.batch_shape)
    if used > n:
        raise IndexError(f"{type(dist).__name__}: {used} indices for batch shape {dist.batch_shape}")
    rest = (slice(None),) * (n - used)
    at = next((k for k, i in enumerate(index) if i is Ellipsis), len(index))
    return (*index[:at], *rest, *index[at + 1 :])


def _axes_used(i: Any) -> int:
    """How many axes one entry of an index speaks of."""
    if i is None or i is Ellipsis:
        return 0
    dtype = getattr(i, "dtype", None)
    return i.ndim if dtype is not None and dtype.kind == "b" else 1


def _signature(cls: type[Distribution]) -> inspect.Signature:
    make, kinds = inspect.Parameter, inspect.Parameter
    parameters = []
    for slot in cls._slots:
        default = None if len(slot) > 1 else make.empty
        parameters.append(make(slot[0], kinds.POSITIONAL_OR_KEYWORD, default=default))
        parameters += [make(name, kinds.KEYWORD_ONLY, default=None) for name in slot[1:]]
    parameters += [make(n, kinds.KEYWORD_ONLY, default=option.default) for n, option in cls.options.items()]
    # A signature wants positional ones first; one without a default after one with one is keyword-only.
    optional = False
    for i, p in enumerate(parameters):
        if p.kind is kinds.POSITIONAL_OR_KEYWORD:
            if optional and p.default is make.empty:
                parameters[i] = p.replace(default=None)
            optional |= p.default is not make.empty
    return inspect.Signature(sorted(parameters, key=lambda p: p.kind))


def _brief(value: Any) -> str:
    """A parameter in a repr: its values where they are few, else shape and dtype."""
    if isinstance(value, Distribution):
        return repr(value)
    if value.size > 12:
        return f"<{value.dtype} {list(value.shape)}>"
    return _listing(to_cpu(value._array))


def _listing(array: np.ndarray) -> str:
    """Numbers as Python would write them, to six digits."""
    if array.ndim:
        return f"[{', '.join(_listing(part) for part in array)}]"
    return repr(float(f"{float(array):.6g}"))
