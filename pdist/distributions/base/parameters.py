"""Declarations of a distribution: its parameters, inner distributions and options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from ... import functions as F
from ...transforms.supports import Support


class Param:
    """A parameter of a distribution, declared in the class body.

    Args:
        support: the valid values.
        event_ndim: the number of its last axes within one distribution (1 for a vector of probabilities).
        instead_of: the parameter that it may replace: ``log_scale`` instead of ``scale``.
        derive: computes it from the instance if the other one was given.

    Reading it returns a Variable: as given, or derived from the given one. A derived one is computed
    at each access and never cached: its graph may have been freed by a backward pass.
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
        # Only reached if the instance's dictionary has no such entry: given parameters are stored there.
        if instance is None:
            return self
        if self.derive is None:
            raise AttributeError(f"{owner.__name__} has no parameter {self.name!r} set")
        with np.errstate(all="ignore"):
            return self.derive(instance)


class MomentParam(Param):
    """A parameter that is a moment too, such as a mean.

    Reading it returns the moment, of the batch's shape: as given, or by the formula that the class states
    for it (``_mean()``).
    """

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        given = instance.__dict__.get(self.name)
        if given is None:
            return instance._statistic(self.name, ())
        shape = instance.batch_shape
        return given if given.shape == shape else F.broadcast_to(given, shape)

    def __set__(self, instance: Any, value: Any) -> None:  # makes Python ask __get__ for given ones too
        raise AttributeError(f"{type(instance).__name__}.{self.name} is a parameter")


class Part:
    """A distribution inside another one, declared in the class body of a wrapper.

    Args:
        batch_ndim: the number of its last batch axes within one distribution of the whole (1 for the
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
        """The number of the part's batch axes within one distribution of ``instance``."""
        return self.batch_ndim(instance) if callable(self.batch_ndim) else self.batch_ndim


class Option:
    """A setting of a distribution that is not an array, such as ``binary_check``."""

    name: str

    def __init__(self, default: Any) -> None:
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else self.default


class Plan(NamedTuple):
    """How a constructor handles arguments of these names; made once for each combination of names."""

    given: tuple[str, ...]  # parameters
    parts: tuple[str, ...]
    options: tuple[str, ...]
    own_ndims: tuple[tuple[str, int], ...]  # of the parameters
    plain: bool  # parameters only
    scalar: bool  # no parameter has event axes
    supports: tuple[tuple[str, Support], ...]


def plan_of(cls: Any, names: tuple[str, ...]) -> Plan:
    """The plan for arguments of these names, made and checked the first time."""
    plan = cls._plans.get(names)
    if plan is None:
        plan = cls._plans[names] = _make_plan(cls, names)
    return plan


def _make_plan(cls: Any, names: tuple[str, ...]) -> Plan:
    for i, name in enumerate(names):
        if name in names[:i]:
            raise TypeError(f"{cls.__name__}: {name} was given twice")
        if name not in cls.parameters and name not in cls.parts and name not in cls.options:
            raise TypeError(f"{cls.__name__}: no argument {name!r}; it takes {signature(cls)}")
    check_together(cls.__name__, cls, names)
    for choice in cls._alternatives:
        present = [name for name in choice if name in names]
        if len(present) != 1:
            one_of = len(choice) > 1
            wanted = f"exactly one of {', '.join(choice[:-1])} and {choice[-1]}" if one_of else choice[0]
            raise TypeError(f"{cls.__name__}: expected {wanted}, got {' and '.join(present) or 'none'}")
    given = tuple(n for n in names if n in cls.parameters)
    return Plan(
        given,
        tuple(n for n in names if n in cls.parts),
        tuple(n for n in names if n in cls.options),
        tuple((n, cls.parameters[n].event_ndim) for n in given),
        given == names,
        not any(cls.parameters[n].event_ndim for n in given),
        tuple((n, cls.parameters[n].support) for n in given),
    )


def check_together(who: str, cls: Any, names: Iterable[str]) -> None:
    """Raise TypeError if only some of the parameters that go together are given."""
    present = [name for name in cls.together if name in names]
    if 0 < len(present) < len(cls.together):
        raise TypeError(f"{who}: {' and '.join(cls.together)} go together, got {' and '.join(names)}")


def signature(cls: Any) -> inspect.Signature:
    make, kinds = inspect.Parameter, inspect.Parameter
    parameters = []
    for choice in cls._alternatives:
        default = None if len(choice) > 1 else cls.defaults.get(choice[0], make.empty)
        parameters.append(make(choice[0], kinds.POSITIONAL_OR_KEYWORD, default=default))
        parameters += [make(name, kinds.KEYWORD_ONLY, default=None) for name in choice[1:]]
    parameters += [make(n, kinds.KEYWORD_ONLY, default=option.default) for n, option in cls.options.items()]
    # In a signature positional ones come first; one without a default after one with a default is
    # keyword-only.
    optional = False
    for i, p in enumerate(parameters):
        if p.kind is kinds.POSITIONAL_OR_KEYWORD:
            if optional and p.default is make.empty:
                parameters[i] = p.replace(default=None)
            optional |= p.default is not make.empty
    return inspect.Signature(sorted(parameters, key=lambda p: p.kind))
