"""The op decorator: a kernel on raw arrays becomes a differentiable function of Variables.

    @differentiable
    def softplus(xp, x):
        return xp.logaddexp(x, 0)

    softplus.derivatives(lambda F, g, _y, x: g * F.sigmoid(x))

A kernel's arguments after ``xp`` and before a ``/`` are arrays; what follows are settings (an axis, a
shape). Without a ``/`` all but the keyword-only ones are arrays.

A rule gets ``F``, the gradient ``g`` of the output, the output, the array arguments, and whichever settings it
names. ``F`` computes on raw arrays in a plain backward pass and on Variables where the gradient itself is to be
differentiated: one rule serves both. What a rule names with a leading underscore is not saved; it is given
something that has only ``shape``, ``dtype`` and ``ndim`` (None for an argument that needs no gradient).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from itertools import count
from typing import Any
from weakref import ref as weakref

import numpy as np

from ..backend import default_library, library_of
from .config import config
from .variable import Variable, as_array

ndarray = np.ndarray
_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)
count_serial = count(1).__next__


class Zero:
    """A declared zero derivative: ``derivatives(zero, ...)``."""

    def __repr__(self) -> str:
        return "zero"


zero = Zero()


class Op:
    """One operation: its kernel and its derivatives."""

    def __init__(self, kernel: Callable[..., Any], keep_dtype: bool, weak: bool) -> None:
        self.kernel = kernel
        self.name = kernel.__name__
        self.keep_dtype = keep_dtype  # integers stay integers (shape operations)
        self.weak = weak  # Python numbers reach the kernel as they are
        self.joint: Callable[..., Any] | None = None
        self.array_names, self.settings, self.variadic = _arguments(kernel)
        self.arity = len(self.array_names)
        self.keep: tuple[bool, ...] = (False,) * self.arity
        self.keep_all = self.keep_y = self.saves = False
        self.plan = tuple((self.missing(i), ()) for i in range(self.arity))  # a rule and its settings, an argument
        self.zeros: tuple[bool, ...] = ()

    def argument_name(self, i: int) -> str:
        """What error messages call argument ``i``."""
        return f"{self.array_names[0]}[{i}]" if self.variadic else self.array_names[i]

    def set_rules(self, rules: tuple[Any, ...], joint: Callable[..., Any] | None) -> None:
        """Take the derivatives and note what they need saved."""
        if joint is None and len(rules) != self.arity:
            raise TypeError(f"{self.name}.derivatives: expected {self.arity} rules, got {len(rules)}")
        given = (joint,) if joint is not None else rules
        lead = 2 if joint is None else 3  # F, g or F, needs, g
        keep, keep_y = [False] * self.arity, False
        plan: list[tuple[Any, tuple[str, ...]]] = []
        for i, rule in enumerate(given):
            if rule is zero or rule is None:
                plan.append((rule or self.missing(i), ()))
                continue
            names = list(inspect.signature(rule).parameters)[lead:]
            keep_y |= not names[0].startswith("_")
            keep = [k or not name.startswith("_") for k, name in zip(keep, names[1:], strict=False)]
            plan.append((rule, tuple(names[1 + self.arity :])))
        self.plan, self.joint = tuple(plan), joint
        self.zeros = tuple(rule is zero for rule in given) if joint is None and zero in given else ()
        self.keep, self.keep_y, self.keep_all = tuple(keep), keep_y, all(keep)
        self.saves = keep_y or any(keep)

    def missing(self, i: int) -> Callable[..., Any]:
        """A rule that says that nobody gave this derivative."""

        def rule(*_args: Any, **_settings: Any) -> Any:
            raise NotImplementedError(
                f"{self.name}: no derivative with respect to {self.argument_name(i)} is defined"
            )

        return rule


def _arguments(kernel: Callable[..., Any]) -> tuple[tuple[str, ...], dict[str, Any], bool]:
    """The names of a kernel's array arguments, its settings with their defaults, and whether it is variadic."""
    parameters = list(inspect.signature(kernel).parameters.values())[1:]
    variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    if variadic:
        arrays = [p.name for p in parameters if p.kind is p.VAR_POSITIONAL]
    else:
        only = [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY]
        arrays = only or [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    settings = {p.name: p.default for p in parameters if p.name not in arrays}
    return tuple(arrays), settings, variadic


class Node:
    """One application of an op in a graph.

    Attributes:
        edges: for each array argument the Node that made it, the leaf Variable it is, or None where no
            gradient goes.
        args: the raw arrays that the rules name.
        output: the raw output where a rule names it.
    """

    __slots__ = ("args", "dtype", "edges", "op", "output", "serial", "settings", "shape", "variable")

    @property
    def ndim(self) -> int:
        """The number of axes of the output."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements of the output."""
        return int(np.prod(self.shape))

    @property
    def label(self) -> str:
        """The op's name."""
        return self.op.name

    def unchain_backward(self) -> None:
        """Cut this node and all before it off from what led to them."""
        stack = [self]
        while stack:
            node = stack.pop()
            edges, node.edges = node.edges, ()
            node.args = None
            stack.extend(edge for edge in edges if edge.__class__ is Node)


class _Namespace:
    """The public functions of all ops by name: the ``F`` of a rule whose gradient is differentiated."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no differentiable function is called {name!r}")


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
        keep_dtype: leave integer and bool arrays as they are (for shape operations); by default they take the
            floating dtype of the others.
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
    if op.name in _ops:
        raise ValueError(f"differentiable: there is already an op called {op.name!r}")
    function = _public_function(op)
    _ops[op.name] = op
    _raw_forms[op.name] = kernel
    setattr(public, op.name, function)
    return function


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
    kernel, arity, defaults, variadic = op.kernel, op.arity, op.settings, op.variadic
    names = tuple(defaults)
    serial, new = count_serial, object.__new__
    keep_dtype, weak = op.keep_dtype, op.weak

    @functools.wraps(kernel)
    def function(*args: Any, **settings: Any) -> Variable:
        if defaults:
            if len(args) > arity and not variadic and len(args) - arity <= len(names):
                settings.update(zip(names, args[arity:], strict=False))
                args = args[:arity]
            settings = {**defaults, **settings}
        if len(args) != arity and not variadic:
            raise TypeError(f"{op.name}: expected {arity} array argument(s) {op.array_names}, got {len(args)}")
        arrays = []
        edges = []
        needed = False
        plain = True
        dtype = None
        for arg in args:
            if isinstance(arg, Variable):
                array = arg._array
                if arg.requires_grad:
                    edges.append(arg._node or arg)
                    needed = True
                else:
                    edges.append(None)
            else:
                array = arg
                edges.append(None)
            arrays.append(array)
            if array.__class__ is ndarray:
                if array.dtype is not dtype:
                    if dtype is not None:
                        plain = False
                    dtype = array.dtype
            elif not (weak and (array.__class__ is float or array.__class__ is int)):
                plain = False
        if plain and (dtype is _F32 or dtype is _F64 or (keep_dtype and dtype is not None and dtype.kind in "iub")):
            y = kernel(np, *arrays, **settings)
            if y.__class__ is not ndarray:
                y = np.asarray(y)
        else:
            xp, arrays = coerce(op.name, op.argument_name, arrays, weak=weak, keep_dtype=keep_dtype)
            y = kernel(xp, *arrays, **settings)
            if xp is np and y.__class__ is not ndarray:
                y = np.asarray(y)
        out = new(Variable)
        out._array = y
        out._grad = out.name = None
        if not needed or not config.enable_backprop:
            out._node = None
            out.requires_grad = False
            return out
        if not op.keep_all:
            arrays = [None] * len(arrays) if variadic else [a if k else None for a, k in zip(arrays, op.keep)]  # noqa: B905
        if op.zeros:
            edges = [None if z else edge for z, edge in zip(op.zeros, edges)]  # noqa: B905
        out.requires_grad = True
        out._node = node = new(Node)
        node.op = op
        node.edges = edges
        node.args = arrays
        node.settings = settings
        node.output = y if op.keep_y else None
        node.shape = y.shape
        node.dtype = y.dtype
        node.serial = serial()
        node.variable = weakref(out)
        return out

    function.op = op  # type: ignore[attr-defined]
    function.kernel = kernel  # type: ignore[attr-defined]
    function.derivatives = lambda *rules: op.set_rules(rules, None)  # type: ignore[attr-defined]
    function.joint_derivative = lambda rule: op.set_rules((), rule)  # type: ignore[attr-defined]
    return function


def coerce(who: str, names: Any, values: Any, *, weak: bool = False, keep_dtype: bool = False) -> tuple[Any, list[Any]]:
    """Bring arrays and numbers to one library, device and floating dtype, by the rules of promotion.

    Floating arrays promote as in NumPy; Python numbers, integer and bool arrays take the type of those; where
    there are none, ``config.dtype`` decides.

    Args:
        who: what error messages begin with.
        names: what they call each value: a sequence, or a function of the position.
        values: raw arrays, numbers or nested lists.
        weak: leave Python numbers as they are where an array decides the dtype.
        keep_dtype: leave integer and bool arrays as they are.

    Returns:
        The namespace of the library and the list of arrays.

    Raises:
        TypeError: for what is no number, and where devices mix.
    """
    name = names if callable(names) else names.__getitem__
    values = [as_array_of(who, name(i), value) for i, value in enumerate(values)]
    owner, first, dtypes = None, 0, []
    for i, value in enumerate(values):
        found = library_of(value)
        if found is None:
            continue
        if owner is None:
            owner, first = found, i
        elif found is not owner or found.device_of(value) != owner.device_of(values[first]):
            raise TypeError(
                f"{who}: {name(first)} is on {owner.device_of(values[first])} and {name(i)} on "
                f"{found.device_of(value)}; move one with to_cpu or to_gpu"
            )
        if value.dtype.kind == "f":
            dtypes.append(value.dtype)
    owner = owner or default_library()
    dtype = np.result_type(*dtypes) if dtypes else config.dtype

    def cast(value: Any) -> Any:
        if isinstance(value, (bool, int, float)):
            if weak and dtypes:
                return value
            return owner.xp.asarray(value, dtype=None if keep_dtype and not isinstance(value, float) else dtype)
        if value.dtype == dtype or (keep_dtype and value.dtype.kind != "f"):
            return value
        return value.astype(dtype)

    return owner.xp, [cast(value) for value in values]


def as_array_of(who: str, name: str, value: Any) -> Any:
    """A raw array or Python number, refused by name where it is neither."""
    if value.__class__ is ndarray and value.dtype.kind in "fiub":
        return value
    if isinstance(value, (bool, int, float)) and not isinstance(value, np.generic):
        return value
    try:
        return as_array(value)
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


# NumPy's own functions on Variables ------------------------------------------------------------------------

ufuncs: dict[str, Callable[..., Any]] = {}  # NumPy's name -> public function; filled by pdist.functions
array_functions: dict[str, Callable[..., Any]] = {}


def numpy_ufunc(ufunc: Any, method: str, inputs: Any, kwargs: Any) -> Any:
    """What ``np.exp(variable)`` does: pdist's own function, or a clear refusal."""
    function = ufuncs.get(ufunc.__name__)
    if function is None or method != "__call__" or kwargs:
        raise TypeError(
            f"numpy.{ufunc.__name__}{'' if method == '__call__' else '.' + method} does not take pdist Variables"
            f"{' with ' + ', '.join(kwargs) if kwargs else ''}: use pdist.functions, or the raw arrays (v.array)"
        )
    return function(*inputs)


def numpy_function(function: Any, args: Any, kwargs: Any) -> Any:
    """What ``np.sum(variable)`` does: pdist's own function, or a clear refusal."""
    found = array_functions.get(function.__name__)
    if found is None:
        raise TypeError(
            f"numpy.{function.__name__} does not take pdist Variables: use pdist.functions, or the raw arrays (v.array)"
        )
    return found(*args, **kwargs)


def module_of(array: Any) -> Any:
    """The namespace of a raw array that is known to be one."""
    if type(array) is ndarray:
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
