"""The op decorator: a kernel on raw arrays becomes a differentiable function of Variables.

    @differentiable
    def softplus(xp, x):
        return xp.logaddexp(x, 0)

    softplus.derivative(x=lambda F, g, x: g * F.sigmoid(x))

A kernel takes ``xp``, then arrays, then settings (an axis, a shape), which get no gradient: parameters after
a ``/``, and keyword-only ones, are settings. Without either, all are arrays. ``*xs`` stands for any number of
arrays.

A rule is called with what its parameters name, as pytest calls a test with its fixtures:

- ``F``, to compute with: see :mod:`pdist.autograd.namespaces`;
- ``g``, the gradient of the output, and ``y``, the output;
- an array argument by its name, or as ``like_x`` if only its ``shape``, ``dtype``, ``ndim`` and ``size`` are
  needed;
- a setting by its name;
- ``needs`` in a joint rule, with a bool for each argument: ``needs.x``.

Arrays that no rule names are not saved for the backward pass.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any, NamedTuple
from weakref import WeakSet

import numpy as np

from ..backend import hooks
from . import codegen
from .backward import zero
from .promotion import coerce
from .variable import Variable

EVERY_OP: WeakSet[Op] = WeakSet()  # for the table of calculus.py only


class Rule(NamedTuple):
    """A derivative: in one argument, or a joint one in all.

    Attributes:
        function: the rule, or ``zero``.
        call: the names of its arguments, each with whether it is passed by keyword.
    """

    function: Any
    call: tuple[tuple[str, bool], ...] = ()

    @property
    def names(self) -> set[str]:
        """The names of its arguments."""
        return {name for name, _ in self.call}


class Op:
    """One operation: its kernel and its derivatives.

    Attributes:
        name: its name in error messages, graphs and traces: the kernel's name, without a trailing
            underscore.
        array_names: the kernel's names of its array arguments; one name for all if it is ``variadic``.
        settings: the kernel's other parameters by name.
        rules: the derivatives by argument; ``joint`` is the one for all of them.
        keep: the arguments that some rule needs saved; ``keep_y``: whether some rule needs the output.
        likes: the arguments whose shape a rule of another argument, or a joint one, needs.
        zeros: the arguments with a declared zero derivative.
        pullback: given ``F``, the edges of a node, the gradient of its output, the output, the arguments and
            the settings: pairs of an edge and its gradient. An edge that is None needs none.
        function: the public function.
    """

    zero = zero
    renew: Callable[[], None]  # discards its generated code
    pullback: Callable[..., Any]

    def __init__(self, kernel: Callable[..., Any], keep_dtype: bool, weak: bool) -> None:
        self.kernel = kernel
        self.name = kernel.__name__.rstrip("_")
        self.keep_dtype = keep_dtype  # integers stay integers (shape operations)
        self.weak = weak  # Python numbers reach the kernel unchanged
        parameters = list(inspect.signature(kernel).parameters.values())[1:]
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.array_names = _array_names(self.name, parameters)
        self.settings = {p.name: p for p in parameters if p.name not in self.array_names}
        self.arity = len(self.array_names)
        self.rules: dict[str, Rule] = {}
        self.joint: Rule | None = None
        self.function = codegen.compile(self)
        EVERY_OP.add(self)

    @property
    def source(self) -> str:
        """The code generated around the kernel and the rules."""
        return codegen.source(self)

    def argument_name(self, i: int) -> str:
        """The name of argument ``i`` in error messages."""
        return f"{self.array_names[0]}[{i}]" if self.variadic else self.array_names[i]

    # Rules ----------------------------------------------------------------------------------------------

    def derivative(self, /, **rules: Any) -> None:
        """Define derivatives by argument: ``multiply.derivative(x1=lambda F, g, x2: g * x2, x2=...)``.

        Args:
            **rules: for each array argument, the function that returns its gradient, or ``zero`` if that is
                zero everywhere. A backward pass raises an error for an argument without a rule.

        Raises:
            TypeError: for a name that is not an array argument, and for a rule that names something unknown.
            ValueError: if a derivative is already defined.
        """
        if self.variadic:
            raise TypeError(
                f"{self.name}.derivative: an op of any number of arguments takes a joint_derivative"
            )
        for x in rules:
            if x not in self.array_names:
                raise TypeError(
                    f"{self.name}.derivative: {x!r} is not an array argument; it has "
                    f"{', '.join(self.array_names)}"
                )
            if self.joint is not None or x in self.rules:
                raise ValueError(f"{self.name}.derivative: the derivative by {x} is already defined")
        self.rules |= {x: self._read(rule, f"the rule of {x}", ("F", "g", "y")) for x, rule in rules.items()}
        self.renew()

    def joint_derivative(self, rule: Callable[..., Any], /) -> None:
        """Define one rule that returns the gradients of all arguments, in their order.

        Args:
            rule: it may name ``needs``, which tells for each argument whether its gradient is wanted; for
                the others it may return anything.
        """
        if self.joint is not None or self.rules:
            raise ValueError(f"{self.name}.joint_derivative: its derivatives are already defined")
        self.joint = self._read(rule, "the joint rule", ("F", "g", "y", "needs"))
        self.renew()

    def _read(self, function: Any, who: str, known: tuple[str, ...]) -> Rule:
        """A rule and what it names. Unknown names with a default value are ignored."""
        if function is zero:
            return Rule(zero)
        if not callable(function):
            raise TypeError(f"{self.name}: {who}: expected a function or zero, got {function!r}")
        likes = [f"like_{x}" for x in self.array_names]
        offered = [*known, *self.array_names, *likes, *self.settings]
        names = _plain_names(function)
        if names is not None and names <= set(offered):
            return Rule(function, tuple([(x, False) for x in function.__code__.co_varnames[: len(names)]]))
        call, by_name = [], False
        for p in inspect.signature(function).parameters.values():
            if p.name in offered and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
                by_name |= p.kind is p.KEYWORD_ONLY
                call.append((p.name, by_name))
            elif p.default is p.empty:
                raise TypeError(
                    f"{self.name}: {who} names {str(p).partition(':')[0]!r}; a rule of {self.name} may name "
                    f"{', '.join(offered)}"
                )
            else:
                by_name = True
        return Rule(function, tuple(call))

    def plan(self) -> None:
        """Determine what a node has to save for the rules, before its code is generated."""
        everybody = [self.joint] if self.joint is not None else list(self.rules.values())
        named = set().union(*[rule.names for rule in everybody])
        elsewhere = [
            set().union(*[r.names for x, r in self.rules.items() if x != y]) for y in self.array_names
        ]
        if self.joint is not None:
            elsewhere = [named] * self.arity
        self.keep = tuple([x in named for x in self.array_names])
        self.likes = tuple(
            [f"like_{x}" in found for x, found in zip(self.array_names, elsewhere, strict=True)]
        )
        self.zeros = tuple([x in self.rules and self.rules[x].function is zero for x in self.array_names])
        self.keep_y = "y" in named
        self.saves = self.keep_y or any(self.keep)

    # Called by the generated code -----------------------------------------------------------------------

    def coerce(self, arrays: Any, given: Any) -> tuple[Any, list[Any]]:
        """The arguments converted to one library, device and dtype: see :func:`promotion.coerce`."""
        if hooks.running and hooks.current() is not None:
            arrays = [
                hooks.seen(array, owner if isinstance(owner, Variable) else None)
                for array, owner in zip(arrays, given, strict=True)
            ]
        return coerce(self.name, self.argument_name, arrays, weak=self.weak, keep_dtype=self.keep_dtype)

    @staticmethod
    def alike(arrays: list[Any]) -> bool:
        """Whether all are NumPy arrays of one floating dtype, which can go to the kernel unchanged."""
        dtype = getattr(arrays[0], "dtype", None) if arrays else None
        if dtype is not _FLOAT32 and dtype is not _FLOAT64:
            return False
        return all(array.__class__ is np.ndarray and array.dtype is dtype for array in arrays)

    def named(self, error: Exception, arrays: Any, settings: dict[str, Any] | None) -> Exception:
        """An array library's error about the kernel's arguments, with the op and the arguments named."""
        shapes = [getattr(array, "shape", ()) for array in arrays]
        given = [f"{self.argument_name(i)} of shape {shape}" for i, shape in enumerate(shapes)]
        given += [f"{name}={_brief(value)}" for name, value in (settings or {}).items()]
        message = f"{self.name}: {str(error).rstrip('. ')} ({', '.join(given)})"
        for kind in (np.linalg.LinAlgError, IndexError, ValueError):
            if isinstance(error, kind):
                return kind(message)
        return error

    def no_derivative(self, i: int) -> NotImplementedError:
        """The error for a gradient without a rule."""
        return NotImplementedError(
            f"{self.name}: no derivative with respect to {self.argument_name(i)} is defined"
        )

    def miscounted(self, got: int, expected: int) -> TypeError:
        """The error for a joint rule that does not return one gradient per argument."""
        return TypeError(f"{self.name}: the joint rule returned {got} gradients; expected {expected}")


def _plain_names(function: Any) -> set[str] | None:
    """The parameters of an ordinary function, without the cost of ``inspect``; None for any other."""
    code = function.__code__ if type(function) is FunctionType else None
    if code is None or vars(function) or function.__defaults__ or code.co_kwonlyargcount:
        return None
    star = code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
    return None if star else set(code.co_varnames[: code.co_argcount])


_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


def _brief(value: Any) -> str:
    """A setting as shown in error messages: a long array by its shape."""
    if getattr(value, "size", 0) > 8:
        return f"an array of shape {value.shape}"
    return repr(value)


def _array_names(op: str, parameters: list[inspect.Parameter]) -> tuple[str, ...]:
    """A kernel's array arguments: ``*xs``, or those before a ``/``, or those before a ``*``."""
    found: list[inspect.Parameter] = []
    for kind in (
        inspect.Parameter.VAR_POSITIONAL,
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    ):
        found = found or [p for p in parameters if p.kind is kind]
    for p in parameters:
        if p.name in ("F", "g", "y", "needs") or p.name.startswith("like_"):
            raise TypeError(
                f"differentiable: {op} cannot have an argument called {p.name!r}, which means something "
                "else in rules (F, g, y, needs, like_...): give it another name"
            )
        if p in found and p.default is not p.empty:
            raise TypeError(
                f"differentiable: {op}: the array argument {p.name!r} has a default; a setting comes after a "
                f"slash: def {op}(xp, ..., /, {p})"
            )
    return tuple([p.name for p in found])


def differentiable(
    kernel: Callable[..., Any] | None = None, *, keep_dtype: bool = False, weak: bool = False
) -> Any:
    """Turn a kernel into a differentiable function.

    Args:
        kernel: a function of ``xp``, raw arrays and settings. It must not inspect values: no branch on them,
            no shape that depends on them; and it must not modify its arguments.
        keep_dtype: keep integer and bool arrays if nothing is floating (for shape operations);
            by default they take the floating dtype of the others, or else ``config.dtype``.
        weak: pass Python numbers to the kernel unchanged rather than as 0-d arrays.

    Returns:
        A function that takes Variables, arrays or numbers and returns a Variable. Its ``derivative`` takes
        one rule per argument (:meth:`Op.derivative`), its ``joint_derivative`` one for all; its ``kernel``
        and ``op`` are available as attributes.

    Raises:
        TypeError: if an argument of the kernel has a name reserved for rules, or an array argument a default.
    """
    if kernel is None:
        return lambda kernel: differentiable(kernel, keep_dtype=keep_dtype, weak=weak)
    op = Op(kernel, keep_dtype, weak)
    function: Any = op.function
    for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(function, attribute, getattr(kernel, attribute))
    function.__annotations__ = {"return": Variable}
    function.op, function.kernel = op, kernel
    function.derivative, function.joint_derivative = op.derivative, op.joint_derivative
    return function


__all__ = ["Op", "Rule", "differentiable", "zero"]
