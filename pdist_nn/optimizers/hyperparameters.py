"""Hyperparameters: numbers of an optimizer, declared once, which define its signature and docstring."""

from __future__ import annotations

import inspect
import math
from typing import Any, ClassVar

from pdist.backend import hooks


class Hyperparameter:
    """A number of an optimizer that may be changed at any time: ``optimizer.alpha = 1e-4``.

    Args:
        default: its default value.
        doc: its description, for the optimizer's docstring.
        low: the least allowed value.
        below: an exclusive upper bound.
    """

    name: str

    def __init__(self, default: float, doc: str = "", *, low: float = 0.0, below: float = math.inf) -> None:
        self.default, self.doc, self.low, self.below = default, doc, low, below

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, optimizer: Any, owner: type) -> Any:
        if optimizer is None:
            return self
        value = optimizer.hyperparameters[self.name]
        recording = hooks.current()
        if recording is not None:  # a hook that reads it: another number makes another trace
            recording.program.guards.append((optimizer, self.name, value))
            optimizer.watched = True
        return value

    def __set__(self, optimizer: Any, value: Any) -> None:
        number = float(value)
        if not self.low <= number < self.below:
            raise ValueError(
                f"{type(optimizer).__name__}: {self.name} is {value!r}; expected a number of at least "
                f"{self.low:g}" + (f" and below {self.below:g}" if self.below < math.inf else "")
            )
        recording = hooks.current()
        if recording is not None:
            recording.refuse(
                f"{self.name} is set in a traced function: set it outside, or in a hook with on_host"
            )
        if optimizer.watched:
            hooks.array_replaced()
        optimizer.hyperparameters[self.name] = number
        for buffer in optimizer.buffers:
            buffer.hyperparameters[self.name][...] = number


class Tuned:
    """The base of optimizers: accepts the hyperparameters declared by the class, by position or by name.

    Attributes:
        hyperparameters: their values by name.
    """

    declared: ClassVar[dict[str, Hyperparameter]] = {}
    watched = False  # whether a trace was made for one of the values
    buffers: list[Any]
    hyperparameters: dict[str, float]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Hyperparameter)}
        cls.declared = {**cls.declared, **own}
        make, kind = inspect.Parameter, inspect.Parameter.POSITIONAL_OR_KEYWORD
        cls.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [make(name, kind, default=value.default) for name, value in cls.declared.items()]
        )
        if cls.__doc__ and cls.declared:
            cls.__doc__ = _with_arguments(cls.__doc__, cls.declared)

    def __init__(self, *values: float | None, **named: float | None) -> None:
        who, names = type(self).__name__, list(self.declared)
        if len(values) > len(names):
            raise TypeError(f"{who}: at most {len(names)} positional arguments, got {len(values)}")
        given = dict(zip(names, values, strict=False))
        for name in named:
            if name not in self.declared:
                raise TypeError(f"{who}: no argument {name!r}; it takes {', '.join(names)}")
            if name in given:
                raise TypeError(f"{who}: {name} was given twice")
        given.update(named)
        self.buffers, self.hyperparameters = [], {}
        for name, declared in self.declared.items():
            value = given.get(name)
            setattr(self, name, declared.default if value is None else value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{n}={v:g}' for n, v in self.hyperparameters.items())})"


def _with_arguments(text: str, declared: dict[str, Hyperparameter]) -> str:
    """A class's docstring with a section on its arguments inserted before the source."""
    lines = [f"    {name}: {value.doc}; {value.default:g} by default." for name, value in declared.items()]
    head, source, tail = inspect.cleandoc(text).partition("\n\nSource:")
    return "\n".join([head, "", "Args:", *lines]) + source + tail


__all__ = ["Hyperparameter", "Tuned"]
