"""The arguments of a distribution: matched by name, converted to one dtype and device, and checked."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from ...autograd import Variable, config, promote
from ...backend import hooks, library_of, to_cpu
from ...transforms.supports import Support
from .parameters import Option, Param, Part, Plan, plan_of, signature

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class Declared:
    """Base of classes that declare parameters, parts and options; it makes the constructor.

    Attributes:
        parameters: the declared parameters by name, including alternatives such as ``log_scale``.
        parts: the distributions inside, by name.
        options: the settings that are not arrays, by name.
        order: the order of positional arguments, if it is not that of the declarations.
        together: names of alternatives that are given all or none, such as a mean and a dispersion.
        ordered: names of parameters, each of which must be greater than the one before.
        between: names of three parameters, the second of which lies between the others or is one of them.
        may_be_equal: whether it may also be equal to the one before.
        batch_shape: the broadcast shape of all that was given.
    """

    parameters: ClassVar[dict[str, Param]] = {}
    parts: ClassVar[dict[str, Part]] = {}
    options: ClassVar[dict[str, Option]] = {}
    order: ClassVar[tuple[str, ...]] = ()
    together: ClassVar[tuple[str, ...]] = ()
    ordered: ClassVar[tuple[str, ...]] = ()
    between: ClassVar[tuple[str, ...]] = ()
    may_be_equal: ClassVar[bool] = False
    defaults: ClassVar[dict[str, float]] = {}  # of parameters that may be left out, for the signature
    batch_shape: tuple[int, ...]
    _alternatives: ClassVar[tuple[tuple[str, ...], ...]] = ()  # each argument with its alternatives
    _plans: ClassVar[dict[tuple[str, ...], Plan]] = {}
    _plan: Plan

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        members = {name: value for base in reversed(cls.__mro__) for name, value in vars(base).items()}
        cls.parameters = {n: v for n, v in members.items() if isinstance(v, Param)}
        cls.parts = {n: v for n, v in members.items() if isinstance(v, Part)}
        cls.options = {n: v for n, v in members.items() if isinstance(v, Option)}
        slots = [
            (n, *(m for m, w in cls.parameters.items() if w.instead_of == n))
            for n, v in members.items()
            if n in cls.parts or (n in cls.parameters and v.instead_of is None)
        ]
        cls._alternatives = tuple(
            sorted(slots, key=lambda names: cls.order.index(names[0]) if cls.order else 0)
        )
        cls._plans = {}
        if cls.__init__ is Declared.__init__ and cls._alternatives:
            cls.__signature__ = signature(cls)  # type: ignore[attr-defined]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        names, values = tuple(kwargs), list(kwargs.values())
        if args:
            choices = self._alternatives
            if len(args) > len(choices):
                raise TypeError(
                    f"{type(self).__name__}: at most {len(choices)} positional arguments, got {len(args)}"
                )
            names = tuple([choice[0] for choice in choices[: len(args)]]) + names
            values = [*args, *values]
        for value in values:
            if value is None:  # the same as not given
                names = tuple(n for n, v in zip(names, values, strict=True) if v is not None)
                values = [v for v in values if v is not None]
                break
        self._take(names, values)
        if config.validate:
            self._validate()

    def _take(self, names: tuple[str, ...], values: list[Any]) -> None:
        """Store the arguments, parameters converted to one dtype and device, and find the batch shape."""
        plan = self._plans.get(names) or plan_of(type(self), names)
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
                with np.errstate(over="ignore"):  # the validation error is clearer
                    given = promote(type(self).__name__, plan.given, given)
                if given[0]._array.dtype not in _FLOATS:
                    who, dtype = f"{type(self).__name__}: {plan.given[0]}", given[0]._array.dtype
                    raise TypeError(f"{who} has dtype {dtype}; expected float32 or float64")
                state.update(zip(plan.given, given, strict=True))
            if plan.parts:
                self._take_parts()
        state["batch_shape"] = self._batch_shape()

    def _take_parts(self) -> None:
        """Convert the inner distributions to one dtype, and reject anything that is not a distribution."""
        who, state = type(self).__name__, self.__dict__
        for name in self._plan.parts:
            if not isinstance(state[name], Declared):
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
            state.update({name: self._cast(value, dtype) for name, value, _ in self._members()})

    @staticmethod
    def _cast(value: Any, dtype: Any) -> Any:
        """A parameter or part in another dtype, differentiably."""
        raise NotImplementedError

    def _batch_shape(self) -> tuple[int, ...]:
        """The broadcast shape of parameters and parts, without the axes of a single distribution."""
        shapes = []
        for name, value, n in self._members():
            shape = value.batch_shape if isinstance(value, Declared) else value._array.shape
            if n:
                if len(shape) < n:
                    raise ValueError(
                        f"{type(self).__name__}: {name} has shape {shape}; expected at least {n} "
                        f"{'axis' if n == 1 else 'axes'}, of the classes or elements of one distribution"
                    )
                if 0 in shape[-n:] and not isinstance(value, Declared):
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
        """Raise an error for invalid parameters."""
        who, state = type(self).__name__, self.__dict__
        for name, support in self._plan.supports:
            array = state[name]._array
            if hooks.running or type(array) is not np.ndarray:
                hooks.check(_check_values, who, name, array, support, holds=support.test)
            elif np.count_nonzero(inside := support.test(np, array)) != inside.size:
                _check_values(who, name, array, support)
        if self.ordered and all(name in state for name in self.ordered):
            arrays = [state[name]._array for name in self.ordered]
            check, holds = (_check_no_fall, _never_fall) if self.may_be_equal else (_check_order, _grow)
            hooks.check(check, who, self.ordered, *arrays, holds=holds)
        if self.between:
            arrays = [state[name]._array for name in self.between]
            hooks.check(_check_between, who, self.between, *arrays, holds=_contained)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.parameters or name in self.parts or name in self.options:
            raise AttributeError(
                f"{type(self).__name__}.{name}: distributions are immutable; use copy({name}=...)"
            )
        super().__setattr__(name, value)

    def __getstate__(self) -> dict[str, Any]:
        plan = self._plan
        return {**self.__dict__, "_plan": plan.parts + plan.given + plan.options}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _plan=plan_of(type(self), state["_plan"]))

    # The given parameters ------------------------------------------------------------------------------

    def given(self, name: str) -> bool:
        """Whether the argument ``name`` was given, rather than an alternative."""
        return name in self.__dict__

    @property
    def params(self) -> dict[str, Variable]:
        """The parameters as they were given, by name; those of an inner distribution as ``"part.name"``."""
        return dict(self._leaves())

    def _leaves(self) -> Iterator[tuple[str, Variable]]:
        for name, value, _ in self._members():
            if isinstance(value, Declared):
                yield from ((f"{name}.{inner}", leaf) for inner, leaf in value._leaves())
            else:
                yield name, value

    def _members(self) -> list[tuple[str, Any, int]]:
        """The parts and the given parameters, each with its number of axes within one distribution."""
        plan, state = self._plan, self.__dict__
        found = [(name, state[name], n) for name, n in plan.own_ndims]
        return [(name, state[name], self.parts[name].own_ndim(self)) for name in plan.parts] + found

    @property
    def _leading(self) -> Variable:
        plan = self._plan
        return self.__dict__[plan.given[0]] if plan.given else self.__dict__[plan.parts[0]]._leading

    def __repr__(self) -> str:
        parts = [f"{name}={brief(self.__dict__[name])}" for name in (*self._plan.parts, *self._plan.given)]
        parts += [f"{name}={self.__dict__[name]!r}" for name in self.options if name in self.__dict__]
        return f"{type(self).__name__}({', '.join(parts)})"


def _check_values(who: str, name: str, array: Any, support: Support) -> None:
    """Raise ValueError if an element of ``array`` is not in ``support``; names the first one."""
    array = np.asarray(array) if isinstance(array, np.generic) else array  # a replay has NumPy scalars too
    owner = library_of(array)
    if owner is None or not owner.host:
        return
    inside = support.test(owner.xp, array)
    if np.count_nonzero(inside) == inside.size:
        return
    index = tuple(int(i) for i in np.argwhere(~np.asarray(inside))[0])
    where, value = f"{name}{list(index) if index else ''}", array[index]
    if support.describe is not None:
        value = support.describe(np.asarray(value))
    elif not value.ndim and value in (0, np.inf, -np.inf) and array.dtype.itemsize == 4:
        value = f"{value} in float32"  # it may have been rounded
    raise ValueError(f"{who}: {where} is {value}; expected {support.wanted or support}")


def _grow(xp: Any, *arrays: Any) -> Any:
    """Where each is less than the next."""
    return functools.reduce(xp.logical_and, [xp.less(a, b) for a, b in itertools.pairwise(arrays)])


def _never_fall(xp: Any, *arrays: Any) -> Any:
    """Whether none is greater than the next."""
    return functools.reduce(xp.logical_and, [xp.less_equal(a, b) for a, b in itertools.pairwise(arrays)])


def _check_order(who: str, names: tuple[str, ...], *arrays: Any) -> None:
    """Raise ValueError if parameters do not grow, naming the first that does not."""
    _check_neighbours(who, names, arrays, np.less, "more than")


def _check_no_fall(who: str, names: tuple[str, ...], *arrays: Any) -> None:
    """Raise ValueError if parameters fall, naming the first that does."""
    _check_neighbours(who, names, arrays, np.less_equal, "no less than")


def _check_neighbours(who: str, names: tuple[str, ...], arrays: Any, right: Any, wanted: str) -> None:
    owner = library_of(arrays[0])
    if owner is not None and not owner.host:
        return
    arrays = tuple(np.broadcast_arrays(*arrays))
    for i in range(1, len(arrays)):
        wrong = np.argwhere(~right(arrays[i - 1], arrays[i]))
        if len(wrong):
            at = tuple(int(k) for k in wrong[0])
            where = f"{names[i]}{list(at) if at else ''}"
            raise ValueError(
                f"{who}: {where} is {arrays[i][at]}; expected {wanted} {names[i - 1]}, {arrays[i - 1][at]}"
            )


def _contained(xp: Any, low: Any, x: Any, high: Any) -> Any:
    """Whether x lies from low to high."""
    return xp.logical_and(xp.less_equal(low, x), xp.less_equal(x, high))


def _check_between(who: str, names: tuple[str, ...], *arrays: Any) -> None:
    """Raise ValueError if the second parameter is not between the others, naming the first such element."""
    owner = library_of(arrays[0])
    if owner is not None and not owner.host:
        return
    low, x, high = np.broadcast_arrays(*arrays)
    wrong = np.argwhere(~_contained(np, low, x, high))
    if len(wrong):
        at = tuple(int(k) for k in wrong[0])
        where = f"{names[1]}{list(at) if at else ''}"
        bounds = f"from {names[0]}, {low[at]}, to {names[2]}, {high[at]}"
        raise ValueError(f"{who}: {where} is {x[at]}; expected a number {bounds}")


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


def brief(value: Any) -> str:
    """A parameter in a repr: its values if they are few, else shape and dtype."""
    if isinstance(value, Declared):
        return repr(value)
    if value.size > 12:
        return f"<{value.dtype} {list(value.shape)}>"
    return _listing(to_cpu(value._array))


def _listing(array: np.ndarray) -> str:
    """Numbers as Python would write them, to six digits."""
    if array.ndim:
        return f"[{', '.join(_listing(part) for part in array)}]"
    return repr(float(f"{float(array):.6g}"))
