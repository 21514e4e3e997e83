"""The recording of one call of a function: every array call is executed and recorded."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import hooks, random
from .array import PYTHON_OPERATORS, Traced
from .namespace import TracedGenerator
from .numpy_facts import (
    ABOUT_SHAPES,
    CHANGES_FIRST,
    EXPONENTS,
    METHOD_CHANGES,
    POWERS,
    REDUCTION_OF,
    REDUCTIONS,
    SAME_ON_SCALARS,
    SHAPE_FROM_DATA,
    SHAPE_FROM_SECOND,
)
from .recorded_calls import RecordedCalls, arrays_in


class Recording(RecordedCalls):
    """Records what a function does with its arrays, as it does it: see :class:`RecordedState`."""

    def ufunc(self, name: str, inputs: Any, kwargs: dict[str, Any], function: Any = None) -> Any:
        """A ufunc of NumPy or SciPy."""
        if function is None or not self.on_numpy:
            function = getattr(self.xp, name, None) or getattr(self.base.special, name)
        out = kwargs.pop("out", None)
        if out is not None:
            return self._into(out, "ufunc", name, function, tuple(inputs), kwargs)
        reals = self._real(tuple(inputs))
        result = function(*reals, **self._real(kwargs))
        return self._take("ufunc", name, function, tuple(inputs), kwargs, result)

    def operator(self, name: str, *inputs: Any) -> Any:
        """An operator: on NumPy scalars Python's own, which costs less and may round differently."""
        reals = self._real(inputs)
        scalars = all(isinstance(x, (np.generic, bool, int, float)) for x in reals)
        if scalars or (name in SAME_ON_SCALARS and all(map(_is_scalar, inputs))):
            function = PYTHON_OPERATORS[name]
            return self._take("scalar", name, function, inputs, {}, function(*reals))
        if name == "power" and reals[1].__class__ in EXPONENTS and reals[0].dtype.kind == "f":
            short = POWERS.get(reals[1])
            if short:
                return self.ufunc(short, inputs[:1], {})
        return self.ufunc(name, inputs, {})

    def reduce(
        self,
        name: str,
        x: Any,
        axis: Any = 0,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        **others: Any,
    ) -> Any:
        """A reduction by a ufunc."""
        kwargs = {"axis": axis, **others}
        if keepdims:
            kwargs["keepdims"] = True
        if dtype is not None:
            kwargs["dtype"] = np.dtype(dtype)
        if self.on_numpy:
            function = getattr(np, name).reduce
        else:
            function = getattr(self.xp, REDUCTION_OF[name])
        if out is not None:
            return self._into(out, "reduce", name, function, (x,), kwargs)
        real = self._real(x)
        result = function(real, **self._real(kwargs))
        return self._take("reduce", name, function, (x,), kwargs, result)

    def mean(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        """The sum divided by the count, as NumPy computes it."""
        axes = range(x.ndim) if axis is None else np.atleast_1d(axis)
        count = 1
        for a in axes:
            count *= x.shape[int(a)]
        total = self.reduce("add", x, axis=axis, keepdims=keepdims)
        return self.operator("divide", total, count)

    def numpy_function(self, name: str, args: Any, kwargs: Any, given: Any = None) -> Any:
        """A NumPy function that is not a ufunc: ``given``, or that of the name."""
        if name in ABOUT_SHAPES:
            return _lookup(np, name)(*self._real(args), **self._real(kwargs))
        if name in REDUCTIONS:
            return self._reduction(REDUCTIONS[name], *args, **kwargs)
        plain = len(args) == 1 and getattr(args[0], "dtype", np.dtype(bool)).char in "fd"
        if name == "mean" and plain and not kwargs.keys() - {"axis", "keepdims"}:
            return self.mean(self.seen(args[0]), **kwargs)
        if (
            name in SHAPE_FROM_DATA
            or (name == "where" and len(args) == 1)
            or (name in SHAPE_FROM_SECOND and _any_traced((args[1:2], kwargs)))
        ):
            self.refuse(f"{name}: the shape of its result depends on the values of a traced array")
        if name == "bincount" and "minlength" not in kwargs and len(args) < 3:
            self.refuse("bincount: the shape of its result depends on values; give it a minlength")
        if name.endswith("_like") and len(args) == 1 and not kwargs:
            x = args[0]
            if getattr(x, "flags", None) is not None and x.flags.c_contiguous:
                return self.function(name[:-5], (x.shape,), {"dtype": x.dtype})
        return self.function(name, args, kwargs, given)

    def _reduction(self, ufunc: str, x: Any, axis: Any = None, *args: Any, **kwargs: Any) -> Any:
        names = ("dtype", "out") if ufunc in ("add", "multiply") else ("out",)
        return self.reduce(ufunc, x, axis, **dict(zip(names, args, strict=False)), **kwargs)

    def function(self, name: str, args: Any, kwargs: Any, given: Any = None) -> Any:
        """Any function of the array library."""
        function = given if given is not None and self.on_numpy else _lookup(self.xp, name)
        kwargs = dict(kwargs)
        out = kwargs.pop("out", None)
        if out is not None:
            return self._into(out, "function", name, function, args, kwargs)
        reals = self._real(args)
        result = function(*reals, **self._real(kwargs))
        if name in CHANGES_FIRST:
            target = self._target(args[0], name)
            nodes, named = self._node(tuple(args)), self._node(kwargs)
            self._add("function", name, function, nodes, named, outputs=(), writes=(target.node,))
            return result
        return self._take("function", name, function, tuple(args), kwargs, result)

    def method(self, name: str, x: Any, *args: Any, **kwargs: Any) -> Any:
        """A method of an array."""
        if name == "mean" and not args and not kwargs.keys() - {"axis", "keepdims"} and x.dtype.char in "fd":
            return self.mean(x, **kwargs)
        if name == "mean" and len(args) == 1 and not kwargs and x.dtype.char in "fd":
            return self.mean(x, *args)
        if name == "repeat" and _any_traced((args, kwargs)):
            self.refuse("repeat: the shape of its result depends on the values of a traced array")
        self._as_array(x)
        real = x.array
        result = getattr(real, name)(*self._real(args), **self._real(kwargs))
        function = operator.methodcaller(name)
        if name in METHOD_CHANGES:
            nodes = self._node((x, *args))
            self._add("method", name, function, nodes, self._node(kwargs), outputs=(), writes=(x.node,))
            return result
        return self._take("method", name, function, (x, *args), kwargs, result)

    def getitem(self, x: Any, index: Any) -> Any:
        """``x[index]``."""
        for i in index if isinstance(index, tuple) else (index,):
            if i.__class__ is slice and _any_traced((i.start, i.stop, i.step)):
                self.refuse("the number of elements in a slice depends on values: use functions.where")
            mask = self.seen(i) if hasattr(i, "dtype") and i.dtype.kind == "b" else None
            if mask is None:
                continue
            # A mask that is state seldom changes, and if it does, another trace is made.
            count = int(np.count_nonzero(self._real(mask))) if self.on_numpy else 0
            if mask.node.kind != "state" or not self._holds_again(mask, count):
                self.refuse("the number of elements in a mask depends on its values: use functions.where")
        self._as_array(x)
        result = x.array[self._real(index)]
        return self._take("getitem", "getitem", operator.getitem, (x, index), {}, result)

    def setitem(self, x: Any, index: Any, value: Any) -> None:
        """``x[index] = value``."""
        self._as_array(x)
        nodes = (self._node(index), self._node(value))
        x.array[self._real(index)] = self._real(value)
        self._add("setitem", "setitem", operator.setitem, nodes, {}, outputs=(), writes=(x.node,))

    # Random draws -------------------------------------------------------------------------------------

    def stream(self) -> Any:
        """The device's own stream."""
        found = self._streams.get(None)
        if found is None:
            source = lambda: random.generator(self.xp)
            found = self._streams[None] = TracedGenerator(self, Stream("rng", source))
        return found

    def generator(self, given: Any) -> Any:
        """A generator held by the user."""
        found = self._streams.get(id(given))
        if found is None:
            name = f"rng_{len(self._streams)}"
            self.watch.add(given)
            found = self._streams[id(given)] = TracedGenerator(self, Stream(name, lambda: given))
        return found

    def new_stream(self, seed: Any) -> Any:
        """A generator that the function makes at each call."""
        name = f"rng_{len(self._streams)}"
        found = self._streams[object()] = TracedGenerator(
            self, Stream(name, lambda: self.base.new_stream(seed))
        )
        found.stream.fresh = True
        found.stream.real = self.base.new_stream(seed)
        return found

    def draw(self, stream: Stream, name: str, args: Any, kwargs: Any) -> Any:
        """A draw."""
        with hooks.paused(draws=False):
            real = stream.real if stream.real is not None else stream.source()
        self.watch.look(real)
        result = getattr(real, name)(*self._real(args), **self._real(kwargs))
        self.watch.skip(real)
        if not isinstance(result, (self.base.array_type, np.generic)):
            result = self.xp.asarray(result)
        return self._take("draw", name, None, (stream, *args), kwargs, result)


class Stream:
    """A random stream of a traced function, and how each call finds it."""

    def __init__(self, name: str, source: Callable[[], Any]) -> None:
        self.name, self.source = name, source
        self.fresh = False  # made anew at each call
        self.real: Any = None  # that of the first call, if it is made anew


def _is_scalar(x: Any) -> bool:
    """Whether it is a scalar in the program, or a number."""
    return x.node.scalar if isinstance(x, Traced) else isinstance(x, (np.generic, bool, int, float))


def _any_traced(tree: Any) -> bool:
    return next(arrays_in(tree), None) is not None


def _lookup(xp: Any, name: str) -> Any:
    for part in name.split("."):
        xp = getattr(xp, part)
    return xp


__all__ = ["Recording", "Stream"]
