"""The op decorator: a kernel on raw arrays becomes a differentiable function of Variables.

    @differentiable
    def softplus(xp, x):
        return xp.logaddexp(x, 0)

    softplus.derivatives(lambda F, g, _y, x: g * F.sigmoid(x))

A kernel's arguments after ``xp`` and before a ``/`` are arrays; what follows are settings (an axis, a
shape). Without a ``/`` all but the keyword-only ones are arrays.

A rule gets ``F``, the gradient ``g`` of the output, the output, the array arguments, and whichever settings
it names. ``F`` computes on raw arrays in a plain backward pass and on Variables where the gradient itself is
to be differentiated: one rule serves both. What a rule names with a leading underscore is not saved; it is
given something that has only ``shape``, ``dtype`` and ``ndim`` (None for an argument without gradient).
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from itertools import count
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from ..backend import Array, Library, default_library, hooks, library_of
from . import written
from .config import config
from .variable import Variable, as_array, canonical, from_node

ndarray = np.ndarray
next_serial = count(1).__next__


class Zero:
    """A declared zero derivative: ``derivatives(zero, ...)``."""

    def __repr__(self) -> str:
        return "zero"


zero = Zero()


class Rule(NamedTuple):
    """A derivative: by one argument, or a joint one by all.

    Attributes:
        function: the rule; ``zero``, or None where nobody gave one.
        saves: whether it names the output, and each of the arrays.
        settings: the settings that it names.
    """

    function: Any
    saves: tuple[bool, ...]
    settings: tuple[str, ...]


class Op:
    """One operation: its kernel and its derivatives.

    Attributes:
        array_names: what the kernel calls its array arguments; one name for all where it is ``variadic``.
        settings: the kernel's other parameters by name.
        keep: which arguments some rule wants saved.
        keep_y: whether some rule wants the output saved.
        zeros: which arguments have a declared zero derivative.
        pullback: given ``F``, the edges of a node, the gradient of its output, the output, the arguments and
            the settings: pairs of an edge and its gradient. An edge that is None needs none.
    """

    def __init__(self, kernel: Callable[..., Any], keep_dtype: bool, weak: bool) -> None:
        self.kernel = kernel
        self.name = kernel.__name__
        self.title = self.name.rstrip("_")  # what error messages call it: where_ is the op behind where
        self.keep_dtype = keep_dtype  # integers stay integers (shape operations)
        self.weak = weak  # Python numbers reach the kernel as they are
        self.parameters = list(inspect.signature(kernel).parameters.values())[1:]
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in self.parameters)
        self.array_names = _array_names(self.parameters)
        self.settings = {p.name: p for p in self.parameters if p.name not in self.array_names}
        self.arity = len(self.array_names)
        if taken := [x for x in self.parameters if x.name in written.RESERVED]:
            raise TypeError(f"differentiable: {self.name} cannot have an argument called {taken[0].name!r}")
        self.keep = self.zeros = (False,) * self.arity
        self.keep_y = self.saves = False
        self.rules = [Rule(None, (), ())] * self.arity
        self.joint: Rule | None = None
        self.pullback: Callable[..., Any] = self._first_pullback
        self.function: Any = None
        self.source = ""  # of that function, once it was called

    def argument_name(self, i: int) -> str:
        """What error messages call argument ``i``."""
        return f"{self.array_names[0]}[{i}]" if self.variadic else self.array_names[i]

    def set_rules(self, *rules: Any) -> None:
        """Take one rule an argument."""
        if self.variadic:
            raise TypeError(
                f"{self.name}.derivatives: an op of any number of arguments takes a joint_derivative"
            )
        if len(rules) != self.arity:
            raise TypeError(f"{self.name}.derivatives: expected {self.arity} rules, got {len(rules)}")
        self._take([self._read(rule, lead=2) for rule in rules])

    def set_joint_rule(self, rule: Any) -> None:
        """Take one rule that returns the gradients of all arguments."""
        self._take([self._read(rule, lead=3)], joint=True)

    def _read(self, rule: Any, lead: int) -> Rule:
        """What a rule names: after the first ``lead`` arguments the output, the arrays, and some settings."""
        if rule is zero or rule is None:
            return Rule(rule, (False,) * (1 + self.arity), ())
        names = list(inspect.signature(rule).parameters)[lead:]
        arrays, settings = names[: 1 + self.arity], tuple(names[1 + self.arity :])
        if len(arrays) < 1 + self.arity or not self.settings.keys() >= set(settings):
            first = "F, g" if lead == 2 else "F, needs, g"
            raise TypeError(
                f"{self.name}.derivatives: a rule takes {first}, the output, "
                f"{', '.join(self.array_names)} and any of the settings ({', '.join(self.settings)}); "
                f"this one takes {', '.join(inspect.signature(rule).parameters)}"
            )
        return Rule(rule, tuple(not name.startswith("_") for name in arrays), settings)

    def _take(self, rules: list[Rule], joint: bool = False) -> None:
        if self.joint is not None or any(known.function is not None for known in self.rules):
            raise ValueError(f"{self.name}: its derivatives are given already")
        self.keep_y, *keep = (any(uses) for uses in zip(*(rule.saves for rule in rules), strict=True))
        self.keep = tuple(keep)
        self.saves = self.keep_y or any(keep)
        if joint:
            (self.joint,) = rules
        else:
            self.rules = rules
            self.zeros = tuple(rule.function is zero for rule in rules)
        self.pullback = self._first_pullback
        if self.source:  # somebody called it before
            self.write()

    def coerce(self, arrays: list[Any], given: tuple[Any, ...] = ()) -> tuple[Any, list[Any]]:
        """The arguments brought to one library, device and dtype: see :func:`coerce`."""
        if hooks.running and hooks.current() is not None:
            arrays = [
                hooks.seen(array, owner if isinstance(owner, Variable) else None)
                for array, owner in zip(arrays, given, strict=True)
            ]
        return coerce(self.title, self.argument_name, arrays, weak=self.weak, keep_dtype=self.keep_dtype)

    def _joint_pullback(self, F: Any, edges: Any, g: Any, y: Any, args: Any, settings: Any) -> Any:
        assert self.joint is not None
        needs = tuple([edge is not None for edge in edges])
        chosen = {name: settings[name] for name in self.joint.settings}
        answers = self.joint.function(F, needs, g, y, *((args,) if self.variadic else args), **chosen)
        if len(answers) != len(edges):
            raise TypeError(
                f"{self.name}: the joint rule returned {len(answers)} gradients; expected {len(edges)}"
            )
        return tuple(zip(edges, answers, strict=True))

    def _first_pullback(self, *args: Any) -> Any:
        self.write()
        return self.pullback(*args)

    def write(self) -> Any:
        """Write out the public function and the pullback; return the function."""
        if self.function is not None and not self.variadic:
            written.function(self)
        self.pullback = self._joint_pullback if self.joint is not None else written.pullback(self)
        return self.function

    def named(self, error: Exception, arrays: Any, settings: dict[str, Any] | None) -> Exception:
        """An array library's complaint of what the kernel was given, with the op's name and the arguments."""
        shapes = [getattr(array, "shape", ()) for array in arrays]
        given = [f"{self.argument_name(i)} of shape {shape}" for i, shape in enumerate(shapes)]
        given += [f"{name}={_brief(value)}" for name, value in (settings or {}).items()]
        message = f"{self.title}: {str(error).rstrip('. ')} ({', '.join(given)})"
        for kind in (np.linalg.LinAlgError, IndexError, ValueError):
            if isinstance(error, kind):
                return kind(message)
        return error

    def no_derivative(self, i: int) -> NotImplementedError:
        """The error of a gradient that nobody gave a rule for."""
        return NotImplementedError(
            f"{self.name}: no derivative with respect to {self.argument_name(i)} is defined"
        )


def _brief(value: Any) -> str:
    """A setting as error messages show it: an array by its shape where it is long."""
    if getattr(value, "size", 0) > 8:
        return f"an array of shape {value.shape}"
    return repr(value)


def _array_names(parameters: list[inspect.Parameter]) -> tuple[str, ...]:
    """A kernel's array arguments: ``*xs``, or those before a ``/``, or those before a ``*``."""
    for kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.POSITIONAL_ONLY):
        found = tuple(p.name for p in parameters if p.kind is kind)
        if found:
            return found
    return tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)


class Node:
    """One application of an op in a graph.

    Attributes:
        edges: for each array argument the Node that made it, the leaf Variable it is, or None where no
            gradient goes.
        args: for each argument the raw array where a rule names it, else its edge, which has the shape and
            dtype; None once a backward pass has used them up.
        output: the raw output where a rule names it.
        grad: the gradient, where a backward pass was told to retain it.
        serial: counts upwards, so that a node has a higher one than all that led to it.
    """

    __slots__ = ("args", "dtype", "edges", "grad", "op", "output", "serial", "settings", "shape")

    op: Op
    edges: tuple[Node | Variable | None, ...]
    args: tuple[Any, ...] | None
    settings: dict[str, Any] | None
    output: Array | None
    grad: Any
    shape: tuple[int, ...]
    dtype: np.dtype
    serial: int

    @property
    def ndim(self) -> int:
        """The number of axes of the output."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements of the output."""
        return math.prod(self.shape)

    @property
    def label(self) -> str:
        """The op's name."""
        return self.op.name

    def cut(self, leaf: Variable | None = None) -> None:
        """Forget what led here; what comes back in a backward pass ends at ``leaf``."""
        self.op = _cut
        self.edges = self.args = (leaf,)
        self.output = self.settings = None

    def cut_all(self) -> None:
        """Cut this node and all before it off from what led to them."""
        stack = [self]
        while stack:
            node = stack.pop()
            stack.extend(edge for edge in node.edges if edge.__class__ is Node)
            node.cut()


def _passed_on(xp, x):
    """What is left of a node that was cut."""
    return x


_cut = Op(_passed_on, keep_dtype=True, weak=False)
_cut.set_rules(lambda F, g, _y, _x: g)


class _Namespace:
    """The public functions of all ops by name: the ``F`` of a rule whose gradient is differentiated."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no differentiable function is called {name!r}")

    def __call__(self, function: Any) -> Any:
        """What ``function``, an op that was imported, is in such a rule: itself."""
        return function


public = _Namespace()
_ops: dict[str, Op] = {}
_raw_forms: dict[str, Callable[..., Any]] = {}  # what a rule's F.name computes on raw arrays: F's other half


class RawNamespace:
    """The kernels of one array library by name: the ``F`` of a rule in a plain backward pass."""

    def __init__(self, xp: Any) -> None:
        self.xp = xp

    def __getattr__(self, name: str) -> Any:
        kernel = _raw_forms.get(name)
        if kernel is None:
            raise AttributeError(f"no differentiable function is called {name!r}")
        bound = functools.partial(kernel, self.xp)
        setattr(self, name, bound)
        return bound

    def __call__(self, function: Any) -> Any:
        """What ``function``, an op that was imported, is in such a rule: its kernel, on arrays of ``xp``."""
        return functools.partial(function.kernel, self.xp)


_raw_namespaces: dict[Any, RawNamespace] = {}


def raw(xp: Any) -> RawNamespace:
    """The kernels of all ops, for arrays of ``xp``."""
    found = _raw_namespaces.get(xp)
    if found is None:
        found = _raw_namespaces[xp] = RawNamespace(xp)
    return found


def differentiable(
    kernel: Callable[..., Any] | None = None, *, keep_dtype: bool = False, weak: bool = False
) -> Any:
    """Make a differentiable function of a kernel.

    Args:
        kernel: a function of ``xp`` and raw arrays. It must not look at values: no branch on them, no
            shape that depends on them, nothing changed in place that it was given.
        keep_dtype: leave integer and bool arrays as they are where nothing is floating (for shape
            operations); by default they take the floating dtype of the others, or else ``config.dtype``.
        weak: hand Python numbers to the kernel as they are rather than as 0-d arrays.

    Returns:
        A function that takes Variables, arrays or numbers and returns a Variable. It has a method
        ``derivatives(*rules)``, one rule an argument, ``zero`` where the derivative is zero everywhere; and
        ``joint_derivative(rule)`` for one rule that is told ``needs`` (a bool an argument) after ``F`` and
        returns a sequence of gradients.
    """
    if kernel is None:
        return lambda kernel: differentiable(kernel, keep_dtype=keep_dtype, weak=weak)
    op = Op(kernel, keep_dtype, weak)
    if op.name in _ops and kernel.__module__ == _ops[op.name].kernel.__module__ == "__main__":
        forget(op.name)  # a notebook's cell that is run again
    if op.name in _raw_forms:
        raise ValueError(f"differentiable: there is already an op called {op.name!r}")
    function = _public_function(op)
    _ops[op.name] = op
    _raw_forms[op.name] = kernel
    setattr(public, op.name, function)
    return function


def forget(name: str) -> None:
    """Take an op out of the namespaces that rules see, so that its name is free again."""
    del _ops[name], _raw_forms[name]
    for namespace in (public, *_raw_namespaces.values()):
        vars(namespace).pop(name, None)


def in_rules(raw_form: Callable[..., Any]) -> Callable[[Any], Any]:
    """Let rules call a public function that is no op itself, such as ``F.where(condition, x, y)``.

    Args:
        raw_form: the same on raw arrays, with ``xp`` before the function's own arguments.

    Returns:
        A decorator that leaves the function as it is.
    """

    def known(function: Any) -> Any:
        name = function.__name__
        if name in _raw_forms:
            raise ValueError(f"in_rules: there is already an op called {name!r}")
        _raw_forms[name] = raw_form
        setattr(public, name, function)
        return function

    return known


def _public_function(op: Op) -> Any:
    """The function that users call. What it does is written out when it is first called."""
    if op.variadic:
        function: Any = _variadic_function(op)
    else:
        function = FunctionType(_write_first.__code__, {**_SHARED_NAMES, "op": op, "kernel": op.kernel})
    functools.update_wrapper(function, op.kernel)
    parameters = [
        p.replace(kind=p.POSITIONAL_OR_KEYWORD) if p.kind is p.POSITIONAL_ONLY else p for p in op.parameters
    ]
    function.__signature__ = inspect.Signature(parameters, return_annotation=Variable)
    function.op, function.kernel = op, op.kernel
    function.derivatives, function.joint_derivative = op.set_rules, op.set_joint_rule
    op.function = function
    return function


_SHARED_NAMES: dict[str, Any] = {
    "FLOAT32": np.dtype(np.float32),
    "FLOAT64": np.dtype(np.float64),
    "NUMBERS": (float, int),
    "Node": Node,
    "Variable": Variable,
    "config": config,
    "next_serial": next_serial,
    "ndarray": ndarray,
    "new": object.__new__,
    "np": np,
    "whole": hooks.whole,
}


def _write_first(*args: Any, **settings: Any) -> Any:
    """What a public function is before its first call: ``op`` is a global name of its own there."""
    return op.write()(*args, **settings)  # type: ignore[name-defined]  # noqa: F821


def _variadic_function(op: Op) -> Any:
    """The public function of an op of any number of arrays."""
    defaults = {name: p.default for name, p in op.settings.items() if p.default is not p.empty}

    def variadic(*args: Any, **settings: Any) -> Variable:
        if not settings.keys() <= op.settings.keys():
            unknown = next(name for name in settings if name not in op.settings)
            raise TypeError(f"{op.name}: no setting {unknown!r}; it has {', '.join(op.settings) or 'none'}")
        settings = {**defaults, **settings}
        arrays: list[Any] = [arg._array if isinstance(arg, Variable) else arg for arg in args]
        edges = [
            (arg._node or arg) if isinstance(arg, Variable) and arg.requires_grad else None for arg in args
        ]
        xp: Any = np
        if hooks.running or not _plain(arrays):
            xp, arrays = op.coerce(arrays, args)
        try:
            result = op.kernel(xp, *arrays, **settings)
        except (ValueError, IndexError) as error:
            raise op.named(error, arrays, settings) from None
        if result.__class__ is not ndarray:
            result = np.asarray(result) if xp is np else hooks.whole(result)
        if all(edge is None for edge in edges) or not config.enable_backprop or result.dtype.kind != "f":
            return from_node(result, None)
        node = Node()
        node.op, node.edges, node.settings, node.grad = op, tuple(edges), settings, None
        node.args = tuple(arrays) if op.keep[0] else node.edges
        node.output = result if op.keep_y else None
        node.shape, node.dtype, node.serial = result.shape, result.dtype, next_serial()
        return from_node(result, node)

    return variadic


def _plain(arrays: list[Any]) -> bool:
    """Whether all are NumPy's, of one floating dtype: then they can go to the kernel as they are."""
    dtype = getattr(arrays[0], "dtype", None) if arrays else None
    if dtype is not _FLOAT32 and dtype is not _FLOAT64:
        return False
    return all(array.__class__ is ndarray and array.dtype is dtype for array in arrays)


_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


def coerce(
    who: str, names: Any, values: Any, *, weak: bool = False, keep_dtype: bool = False
) -> tuple[Any, list[Any]]:
    """Bring arrays and numbers to one library, device and floating dtype, by the rules of promotion.

    Floating arrays promote as in NumPy; Python numbers, integer and bool arrays take the type of those; where
    there are none, ``config.dtype`` decides.

    Args:
        who: what error messages begin with.
        names: what they call each value: a sequence, or a function of the position.
        values: raw arrays, numbers or nested lists.
        weak: leave Python numbers as they are where an array decides the dtype.
        keep_dtype: leave integer and bool arrays as they are where nothing is floating.

    Returns:
        The namespace of the library and the list of arrays.

    Raises:
        TypeError: for what is no number, and where devices mix.
    """
    name = names if callable(names) else names.__getitem__
    if hooks.running:
        values = [hooks.seen(value) for value in values]
    owner, first = None, 0
    for i, value in enumerate(values):
        found = library_of(value)
        if owner is None:
            owner, first = found, i
        elif found is not None and (
            found is not owner or found.device_of(value) != owner.device_of(values[first])
        ):
            raise TypeError(
                f"{who}: {name(first)} is on {owner.device_of(values[first])} and {name(i)} on "
                f"{found.device_of(value)}; move one with to_cpu or to_gpu"
            )
    owner = owner or default_library()
    values = [_as_array_of(who, name(i), value, owner) for i, value in enumerate(values)]
    dtypes = [value.dtype for value in values if hasattr(value, "dtype") and value.dtype.kind == "f"]
    if dtypes:
        dtype = np.dtype(np.result_type(*dtypes).type)
    elif keep_dtype and not any(isinstance(value, float) for value in values):
        dtype = None  # integers and bools are left as they are
    else:
        dtype = config.dtype

    def cast(value: Any) -> Any:
        if isinstance(value, (bool, int, float)):
            return value if weak and dtypes else owner.xp.asarray(value, dtype=dtype)
        if dtype is None or value.dtype is dtype:
            return value
        return canonical(value) if value.dtype == dtype else value.astype(dtype)

    return owner.xp, [cast(value) for value in values]


def _as_array_of(who: str, name: str, value: Any, owner: Library) -> Any:
    """A raw array or Python number, refused by name where it is neither; lists go where the arrays are."""
    if value.__class__ is ndarray and value.dtype.kind in "fiub":
        return value
    if isinstance(value, (bool, int, float)) and not isinstance(value, np.generic):
        return value
    try:
        return as_array(value, owner)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{who}: {name}: {error}") from None


def promote(who: str, names: Any, values: Any) -> list[Variable]:
    """Values as Variables of one library, device and floating dtype; the casts are differentiable.

    Args:
        who: what error messages begin with.
        names: what they call each value.
        values: Variables, arrays, numbers or nested lists.
    """
    raws = [value._array if isinstance(value, Variable) else value for value in values]
    _, arrays = coerce(who, names, raws)
    return [
        (value if value._array is array else public.cast(value, array.dtype))
        if isinstance(value, Variable)
        else Variable(array, requires_grad=False)
        for value, array in zip(values, arrays, strict=True)
    ]


def all_through_coerce(on: bool) -> None:
    """Let the written-out functions take no array as it is, so that a recording sees all of them.

    Those of other threads take the longer way too meanwhile; what they compute is the same.
    """
    for op in list(_ops.values()):
        if not op.variadic:
            op.function.__globals__["ndarray"] = _NoArray if on else ndarray


class _NoArray:
    """The class of no array."""


# NumPy's own functions on Variables ------------------------------------------------------------------------

ufuncs: dict[str, Callable[..., Any]] = {}  # NumPy's name -> public function; filled by pdist.functions
array_functions: dict[str, Callable[..., Any]] = {}


def numpy_ufunc(ufunc: Any, method: str, inputs: Any, kwargs: Any) -> Any:
    """What ``np.exp(variable)`` does: pdist's own function, or a clear refusal."""
    function = ufuncs.get(ufunc.__name__)
    if function is None or method != "__call__" or kwargs:
        raise TypeError(
            f"numpy.{ufunc.__name__}{'' if method == '__call__' else '.' + method} does not take pdist "
            f"Variables{' with ' + ', '.join(kwargs) if kwargs else ''}: use pdist.functions, or the raw "
            "arrays (v.array)"
        )
    return function(*inputs)


def numpy_function(function: Any, args: Any, kwargs: Any) -> Any:
    """What ``np.sum(variable)`` does: pdist's own function, or a clear refusal."""
    found = array_functions.get(function.__name__)
    if found is None:
        raise TypeError(
            f"numpy.{function.__name__} does not take pdist Variables: use pdist.functions, or the raw "
            "arrays (v.array)"
        )
    return found(*args, **kwargs)


def module_of(array: Any) -> Any:
    """The namespace of a raw array that is known to be one."""
    if type(array) is ndarray and not hooks.running:
        return np
    found = library_of(array)
    return np if found is None else found.xp


__all__ = [
    "Node",
    "Op",
    "array_functions",
    "coerce",
    "differentiable",
    "in_rules",
    "module_of",
    "promote",
    "public",
    "raw",
    "ufuncs",
    "zero",
]
