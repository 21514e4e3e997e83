"""The recording of one call of a function: every array call is done for real and written down."""

from __future__ import annotations

import operator
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import Variable
from ..autograd.variable import from_node
from ..backend import Library, hooks, numpy_library, random, register_library
from .array import PYTHON_OPERATORS, Traced
from .generators import Watch
from .names import Names
from .namespace import SpecialNamespace, TracedGenerator, TracedNamespace
from .record import Call, Origin, Program, Returned, TraceError, Value, origin

# What NumPy's functions do to more than their result.
# fmt: off
CHANGES_FIRST = frozenset((
    "copyto", "put", "put_along_axis", "putmask", "place", "fill_diagonal", "add.at",
))
# fmt: on
METHOD_CHANGES = frozenset(("fill", "sort", "partition"))
REDUCTIONS = {
    "sum": "add",
    "prod": "multiply",
    "max": "maximum",
    "amax": "maximum",
    "min": "minimum",
    "amin": "minimum",
    "any": "logical_or",
    "all": "logical_and",
}
REDUCTION_OF = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min"} | {
    "logical_or": "any",
    "logical_and": "all",
}
# fmt: off
ABOUT_SHAPES = frozenset((
    "shape", "ndim", "size", "result_type", "can_cast", "may_share_memory", "shares_memory",
    "broadcast_shapes", "iscomplexobj", "isrealobj", "isscalar",
))
# fmt: on
# fmt: off
SHAPE_FROM_DATA = frozenset((
    "nonzero", "flatnonzero", "argwhere", "unique", "unique_values", "unique_counts",
    "unique_inverse", "unique_all", "compress", "extract", "setdiff1d", "union1d", "intersect1d",
    "setxor1d", "trim_zeros",
))
# fmt: on
# Where the second argument decides about the shape.
# fmt: off
SHAPE_FROM_SECOND = frozenset((
    "repeat", "delete", "split", "array_split", "hsplit", "vsplit", "dsplit", "tile", "pad", "resize",
))
# fmt: on
# Functions that write their result where ``out=`` says, and nothing else.
# fmt: off
WITH_OUT = frozenset((
    "concatenate", "stack", "dot", "take", "clip", "argmax", "argmin", "cumsum", "cumprod",
    "einsum", "outer", "round", "trace", "inner",
))
# fmt: on
DRAWS_WITH_OUT = frozenset(("random", "standard_normal", "standard_exponential"))
COPIES = frozenset(("copy", "astype", "ascontiguousarray"))  # a trace writes ``out[...] = x`` for them
#: What views are called after.
VIEWS = {"transpose": "T", "swapaxes": "T", "reshape": "reshaped", "getitem": "part", "view": "bits"}
# Operators that give an array and NumPy's scalar the same number.
# fmt: off
SAME_ON_SCALARS = frozenset((
    "add", "subtract", "multiply", "divide", "negative", "absolute",
    "less", "less_equal", "equal", "not_equal", "greater", "greater_equal",
))
# fmt: on
WATCHED_BYTES = 1 << 20  # larger arrays that nobody owns are taken to stay as they are
# ndarray.__pow__ knows these exponents, of these types: before NumPy 2.3 of its own too, in the base's dtype.
POWERS = {2: "square", 0.5: "sqrt", -1: "reciprocal", 1: "positive"}
EXPONENTS = {int, float, *(np.sctypeDict.values() if np.lib.NumpyVersion(np.__version__) < "2.3.0" else ())}


class Recording:
    """Notes what a function does with its arrays, while it does it.

    Args:
        base: the library of its arrays.
        strict: whether what cannot be traced is an error; otherwise it is noted in ``failure``, and the call
            goes on with the real arrays.
        assuming: whether to take for granted what the code can look at first: see ``hooks.assume``.
    """

    def __init__(self, base: Library, strict: bool = True, assuming: bool = True) -> None:
        self.base, self.strict = base, strict
        self.xp = base.xp
        self.on_numpy = base is numpy_library
        self.library = traced_library(base)
        self.program = Program(base)
        self.failure: TraceError | None = None
        self.section = ""
        self.open = True
        self.assuming = assuming
        self.head: list[Call] = []  # the assumptions and what they need: these go first
        self._early: set[Call] = set()  # the same
        self._assumed: set[Value] = set()  # what they look at
        self._late: set[Value] = set()  # what depends on more than is there when a call begins
        self._made: dict[Value, tuple[int, Call]] = {}  # by which call, and how many were before it
        self._written: set[Value] = set()  # roots that calls change
        self._outside_written = False  # whether a call may have changed what others hold
        self._states: dict[int, Value] = {}
        self._wrapped: dict[int, Any] = {}
        # The arrays that nobody owns: a checksum, and where each was used first.
        self._watched: dict[Value, tuple[int, Origin]] = {}
        self._streams: dict[Any, Any] = {}
        self.watch = Watch()
        self.named: Names | None = None
        self._assigned: dict[tuple[int, str], tuple[Any, str, Any]] = {}
        self._guarded: set[tuple[int, str, int]] = set()  # what the guards of the program are about

    # What enters --------------------------------------------------------------------------------------

    def seen(self, array: Any, owner: Any = None, attribute: str = "_array", name: str = "") -> Any:
        """The stand-in of an array that is state."""
        if array.__class__ is self.library.array_type or not isinstance(array, self.base.array_type):
            return array
        value = self._states.get(id(array))
        if value is None:
            value = self._states[id(array)] = Value("state", array, array=array)
            value.name = name or getattr(owner, "name", None) or ""
            self.program.states.append(value)
            if owner is None and self.on_numpy and value.nbytes <= WATCHED_BYTES:
                self._watched[value] = _checksum(array), origin(self.section)
        elif value in self._watched:
            self._look_after(value)
        if owner is not None:
            self.guard(owner, attribute, array)
        return self.library.array_type(array, value, self)

    def guard(self, owner: Any, attribute: str, item: Any) -> None:
        """Let the trace hold only as long as an attribute is this very object."""
        key = id(owner), attribute, id(item)
        if key not in self._guarded:
            self._guarded.add(key)
            self.program.guards.append((owner, attribute, item))

    def _look_after(self, value: Value, where: Origin | None = None) -> None:
        """Refuse to go on with an array that somebody has changed behind the recording's back."""
        found = _checksum(value.array)
        known, first = self._watched[value]
        if found == known:
            return
        self._watched[value] = found, first
        for call in reversed(self.program.calls):  # one that was recorded is among the last
            if call.changes_any or any(self._may_be(value, v) for v in call.writes if v.external):
                return
        self.refuse(
            "an array that the function has used was changed by NumPy itself, which is not recorded: make it "
            "by functions of pdist.get_array_module(x), or another one for each use",
            where,
        )

    def _may_be(self, value: Value, other: Value) -> bool:
        """Whether a write to another value can have changed this one."""
        array = other.root.array
        return array is None or np.may_share_memory(value.array, array)

    def wraps(self, array: Any) -> None:
        """Note an array of which a Variable is made: whether each call makes a new one nobody can tell."""
        if isinstance(array, self.base.array_type):
            self._wrapped[id(array)] = array

    def argument(self, array: Any, path: Any) -> Any:
        """The stand-in of an array that the caller passed."""
        value = Value("argument", array)
        value.path = path
        self.program.arguments.append(value)
        return self.library.array_type(array, value, self)

    def read(self, owner: Any, attribute: str) -> Any:
        """An attribute that each call reads anew: its stand-in, or None."""
        found = getattr(owner, attribute)
        if (id(owner), attribute) in self._assigned:
            return found
        raw = getattr(found, "_array", found)
        if raw is None or raw.__class__ is self.library.array_type:
            if raw is None:
                self.program.absent.append((owner, attribute))
            return found
        value = Value("slot", raw)
        value.path = (owner, attribute)
        self.program.slots.append(value)
        return self.library.array_type(raw, value, self)

    def assigned(self, owner: Any, attribute: str) -> None:
        """Note that an attribute is given another array (or None) by the traced function."""
        self._assigned.setdefault((id(owner), attribute), (owner, attribute, getattr(owner, attribute)))

    def concrete(self, array: Any) -> Any:
        """The real array of a stand-in."""
        return array.array if isinstance(array, Traced) else array

    def refuse(self, what: str, where: Origin | None = None) -> None:
        """An error that names the line, or a note of it."""
        if not self.open and where is None:
            raise TraceError(
                f"{what} -- and this array is left over from a trace that has ended: return it from the "
                "traced function instead of keeping it elsewhere"
            )
        where = where or origin(self.section)
        error = TraceError(f"{where.file}:{where.line}: {where.text!r}: {what}")
        if self.strict:
            raise error
        if self.failure is None:
            self.failure = error

    def reads(self, item: Any) -> None:
        """Note that the function calls an object that users gave to the library."""
        if self.named is not None:
            self.named.include(item)
            self.named.numbers_of(item)

    def assign(self) -> None:
        """Let attributes that were given traced arrays be given those of each call."""
        if self.named is not None:
            for owner, attribute, former in self.named.outputs():
                self._assigned.setdefault((id(owner), attribute), (owner, attribute, former))
            self.named.settle(self._states)
            self.named = None

    def finish(self, results: Any) -> None:
        """Note what was assigned, and put the real arrays in the place of the stand-ins.

        Args:
            results: what the function returned, with Values for its arrays.
        """
        owners = {id(owner): owner for owner, _, _ in self.program.guards if isinstance(owner, Variable)}
        self.program.flags = [(owner, owner.requires_grad) for owner in owners.values()]
        for value, (_, where) in self._watched.items():
            self._look_after(value, where)
        self.program.calls = [*self.head, *[call for call in self.program.calls if call not in self._early]]
        self.program.results = results
        unread = set()
        for owner, attribute, former in self._assigned.values():
            found = getattr(owner, attribute)
            raw = getattr(found, "_array", found)
            given = raw.node if isinstance(raw, Traced) else raw
            if isinstance(found, Variable) and not isinstance(owner, Variable):
                given = Returned(given, True)
            self.program.effects.append((owner, attribute, given))
            if former is not None and id(getattr(former, "_array", former)) not in self._states:
                unread.add((id(owner), attribute))
        self.program.guards = [g for g in self.program.guards if (id(g[0]), g[1]) not in unread]
        self.restore()

    def restore(self) -> None:
        """End the recording: leave no stand-in behind, whatever happened."""
        self.assign()
        for owner, attribute, _ in self._assigned.values():
            found = getattr(owner, attribute)
            raw = getattr(found, "_array", found)
            if isinstance(raw, Traced):
                array = np.asarray(raw.array) if isinstance(raw.array, np.generic) else raw.array
                if raw is found:
                    object.__setattr__(owner, attribute, array)
                elif isinstance(owner, Variable):  # a gradient with a graph
                    found._array = array
                else:
                    object.__setattr__(owner, attribute, from_node(array, None))
        self._assigned.clear()
        self.watch = Watch()
        self.open = False

    # Calls --------------------------------------------------------------------------------------------

    def _real(self, tree: Any) -> Any:
        """The real arrays in the place of stand-ins, in nested containers."""
        return self._mapped(tree, self._real_of)

    def _node(self, tree: Any) -> Any:
        """The Values in the place of stand-ins and of arrays that are state, in nested containers."""
        return self._mapped(tree, self._node_of)

    def _real_of(self, item: Any) -> Any:
        kind = item.__class__
        if kind is not self.library.array_type:
            return item
        if item.recording is not self:
            (item.recording if self.open else self).refuse("a traced array is used")
        return item.array

    def _node_of(self, item: Any) -> Any:
        kind = item.__class__
        if kind is self.library.array_type:
            return item.node
        return self.seen(item).node if isinstance(item, self.base.array_type) else item

    def _mapped(self, tree: Any, leaf: Callable[[Any], Any]) -> Any:
        kind = tree.__class__
        if kind is tuple or kind is list:
            return kind([self._mapped(item, leaf) for item in tree])
        if kind is slice:
            return slice(*[self._mapped(part, leaf) for part in (tree.start, tree.stop, tree.step)])
        if kind is dict:
            return {key: self._mapped(item, leaf) for key, item in tree.items()}
        return tree.base if kind is TracedNamespace else leaf(tree)

    def _add(self, form: str, name: str, function: Any, args: Any, kwargs: Any, **fields: Any) -> Call:
        if not self.open:
            self.refuse("a traced array is used")
        for value in fields.get("writes", ()):
            if id(value.root.array) in self._wrapped:
                self.refuse(
                    "an array of NumPy's that was made a Variable within the traced function is changed in "
                    "place: the next call would go on with what is there now. Make it by the functions of "
                    "pdist.get_array_module(x), or a Variable of it outside"
                )
        call = Call(form, name, function, args, kwargs, origin=origin(self.section), **fields)
        late = not call.pure or form == "opaque" or any(map(self._is_late, call.inputs))
        for value in call.outputs:
            self._made[value] = len(self.program.calls), call
            if late:
                self._late.add(value)
        self._note_writes(call)
        self.program.calls.append(call)
        return call

    def _is_late(self, value: Value) -> bool:
        """Whether it depends on a draw, on an opaque call, or on memory that a call has changed."""
        return value in self._late or value.root in self._written

    def _note_writes(self, call: Call) -> None:
        """Keep in mind what a call changes."""
        self._written.update(value.root for value in call.writes)
        self._outside_written |= call.changes_any or any(value.external for value in call.writes)

    def _take(self, form: str, name: str, function: Any, args: Any, kwargs: Any, result: Any) -> Any:
        """Write down a call that gave ``result``; what stands for that."""
        nodes, named = self._node(args), self._node(kwargs)
        if isinstance(result, (tuple, list)):
            values = [self._view_of((args, kwargs), item) or Value("computed", item) for item in result]
            self._add(form, name, function, nodes, named, outputs=tuple(values))
            items = [self._traced(item, value) for item, value in zip(result, values, strict=True)]
            return type(result)(*items) if hasattr(result, "_fields") else type(result)(items)
        if not isinstance(result, (self.base.array_type, np.generic)):
            self.refuse(f"{name} returns {type(result).__name__} {result!r}, which depends on values")
            return result
        for given in () if isinstance(result, np.generic) else _arrays(args):  # np.True_ is but one object
            if given.array is result:
                return given
        value = self._view_of((args, kwargs), result, VIEWS.get(name, ""))
        if value is not None:
            self._add(form, name, function, nodes, named, outputs=(value,), view=True)
            return self._traced(result, value)
        value = Value("computed", result)
        takes_out = form in ("ufunc", "reduce") or (form == "function" and name in WITH_OUT)
        takes_out = takes_out or (form in ("method", "function") and name in COPIES)
        takes_out = takes_out or (form == "draw" and name in DRAWS_WITH_OUT)
        self._add(
            form, name, function, nodes, named, outputs=(value,), takes_out=takes_out and not value.scalar
        )
        return self._traced(result, value)

    def _view_of(self, given: Any, result: Any, hint: str = "") -> Value | None:
        """What stands for a result that is a view of something given; None for one with memory of its own."""
        if isinstance(result, np.generic):
            return None
        owner = self.base.owner_of(result)
        if owner is not result:
            for traced in _arrays(given):
                if not traced.node.scalar and self.base.owner_of(traced.array) is owner:
                    return traced.node.part(hint, result.shape, result.strides, result.dtype)
        return None

    def _traced(self, array: Any, value: Value) -> Any:
        return self.library.array_type(array, value, self)

    def whole(self, x: Any) -> Any:
        """What stands for the array without axes that eager code makes of a NumPy scalar.

        In the program it stays the scalar, which costs less, until it is written to. But a power of it, for
        one, is that of an array: NumPy's scalars round otherwise.
        """
        if isinstance(x, Traced) and isinstance(x.array, np.generic):
            return self._traced(np.asarray(x.array), x.node)
        return x

    def _as_array(self, x: Traced) -> None:
        """Make an array of what is a scalar in the program."""
        if x.node.scalar and not isinstance(x.array, np.generic):
            value = Value("computed", x.array)
            self._add("function", "asarray", self.xp.asarray, (x.node,), {}, outputs=(value,))
            x.node = value

    def _into(self, out: Any, form: str, name: str, function: Any, args: Any, kwargs: Any) -> Any:
        """A call that writes into ``out``: a new value, where nobody could tell, else a write."""
        out = self._target(out, name)
        real = out.array
        self._as_array(out)
        nodes, named = self._node(args), self._node(kwargs)
        function(*self._real(args), **self._real(kwargs), out=real)
        old = out.node
        if old.external or old.viewed or old.root is not old or "where" in kwargs:
            self._add(form, name, function, nodes, named, outputs=(), writes=(old,), takes_out=True)
        else:
            out.node = Value("computed", real)
            self._add(form, name, function, nodes, named, outputs=(out.node,), takes_out=True, into=True)
        return out

    def _target(self, out: Any, name: str) -> Traced:
        """What a call changes."""
        if not isinstance(out, Traced):
            if not isinstance(out, self.base.array_type):
                raise TypeError(
                    f"{name}: out: expected an array of {self.base.name}, got {type(out).__name__}"
                )
            self.refuse(
                f"{name} changes an array that is not traced, and what NumPy itself does with it is not "
                "recorded: keep it in a Variable (v.array += x), or make it by "
                "pdist.get_array_module(x).zeros(...)"
            )
        return self.seen(out)

    def ufunc(self, name: str, inputs: Any, kwargs: dict[str, Any], function: Any = None) -> Any:
        """A ufunc of NumPy's or SciPy's."""
        if function is None or not self.on_numpy:
            function = getattr(self.xp, name, None) or getattr(self.base.special, name)
        out = kwargs.pop("out", None)
        if out is not None:
            return self._into(out, "ufunc", name, function, tuple(inputs), kwargs)
        reals = self._real(tuple(inputs))
        result = function(*reals, **self._real(kwargs))
        return self._take("ufunc", name, function, tuple(inputs), kwargs, result)

    def operator(self, name: str, *inputs: Any) -> Any:
        """An operator: on NumPy scalars Python's own, which costs less and may round otherwise."""
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
        """The sum and its division by the count, which is what NumPy does."""
        axes = range(x.ndim) if axis is None else np.atleast_1d(axis)
        count = 1
        for a in axes:
            count *= x.shape[int(a)]
        total = self.reduce("add", x, axis=axis, keepdims=keepdims)
        return self.operator("divide", total, count)

    def numpy_function(self, name: str, args: Any, kwargs: Any, given: Any = None) -> Any:
        """One of NumPy's functions that are not ufuncs: ``given``, or that of its name."""
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
                self.refuse("how many elements a slice takes depends on values: use functions.where")
            mask = self.seen(i) if hasattr(i, "dtype") and i.dtype.kind == "b" else None
            if mask is None:
                continue
            # One that is state seldom changes, and where it does another trace is made.
            count = int(np.count_nonzero(self._real(mask))) if self.on_numpy else 0
            if mask.node.kind != "state" or not self._holds_again(mask, count):
                self.refuse("how many elements a mask chooses depends on its values: use functions.where")
        self._as_array(x)
        result = x.array[self._real(index)]
        return self._take("getitem", "getitem", operator.getitem, (x, index), {}, result)

    def setitem(self, x: Any, index: Any, value: Any) -> None:
        """``x[index] = value``."""
        self._as_array(x)
        nodes = (self._node(index), self._node(value))
        x.array[self._real(index)] = self._real(value)
        self._add("setitem", "setitem", operator.setitem, nodes, {}, outputs=(), writes=(x.node,))

    def opaque(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """A function that looks at values, as one call."""
        with hooks.paused():
            result = function(*self._real(args), **self._real(kwargs))
        return self._take("opaque", function.__name__, function, args, kwargs, result)

    def assume(self, condition: Any) -> bool:
        """Whether a condition holds everywhere and can be looked at first: see ``hooks.assume``."""
        if not (self.assuming and isinstance(condition, Traced)):
            return False
        return self._holds_again(condition, condition.size)

    def _holds_again(self, condition: Any, count: int) -> bool:
        """Let each call look first whether a bool array has ``count`` true elements, as it has now.

        Only on the host, and only where it depends on nothing but what is there when a call begins.
        """
        if not self.on_numpy or np.count_nonzero(condition.array) != count:
            return False
        if self._outside_written or self._is_late(condition.node):
            return False
        if condition.node in self._assumed:
            return True
        self._assumed.add(condition.node)
        calls = self._needed(condition.node)
        calls.append(self._add("assume", "assume", None, (condition.node, count), {}, outputs=()))
        self.head += calls
        self._early.update(calls)
        return True

    def _needed(self, value: Value) -> list[Call]:
        """The calls that make a value, in order, without those that go first already."""
        found: dict[Call, int] = {}
        waiting = [value]
        while waiting:
            position, call = self._made.get(waiting.pop(), (0, None))
            if call is not None and call not in self._early and call not in found:
                found[call] = position
                waiting += call.inputs
        return sorted(found, key=found.__getitem__)

    def effect(self, function: Callable[..., Any], args: Any, changes: Any) -> None:
        """Something done to objects of the host at each call."""
        with hooks.paused():
            function(*self._real(args))
        name = getattr(function, "__name__", "effect")
        call = self._add("effect", name, function, self._node(args), {}, outputs=())
        if changes is None:
            call.changes_any = True
        else:
            call.writes = tuple([self._node(array) for array in changes])
        self._note_writes(call)

    def check(self, function: Callable[..., Any], args: Any, holds: Callable[..., Any] | None) -> None:
        """A check of values that may raise an error, at each call."""
        with hooks.paused(draws=False):
            function(*self._real(args))
        arrays = [self.seen(item) for item in args if isinstance(item, (Traced, self.base.array_type))]
        if not self.base.host or not arrays:
            return
        condition = self._condition(holds, arrays) if holds is not None and self.on_numpy else None
        look = (None, 0) if condition is None else (condition.node, condition.size)
        name = getattr(function, "__name__", "check")
        self._add("check", name, function, (*look, self._node(args)), {}, outputs=())

    def _condition(self, holds: Callable[..., Any], arrays: list[Any]) -> Any:
        """What tells at each call that there is nothing to raise; None if array functions do not tell."""
        n, failure = len(self.program.calls), self.failure
        try:
            found = holds(self.library.xp, *arrays)
        except TraceError:
            found = None
        tells = isinstance(found, Traced) and found.dtype == bool and self.failure is failure
        if tells and np.count_nonzero(found.array) == found.size:
            return found
        del self.program.calls[n:]
        self.failure = failure
        return None

    # Random draws -------------------------------------------------------------------------------------

    def stream(self) -> Any:
        """The device's own stream."""
        found = self._streams.get(None)
        if found is None:
            source = lambda: random.generator(self.xp)
            found = self._streams[None] = TracedGenerator(self, Stream("rng", source))
        return found

    def generator(self, given: Any) -> Any:
        """A generator that the user holds."""
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
    """A random stream of a traced function: where each call finds it."""

    def __init__(self, name: str, source: Callable[[], Any]) -> None:
        self.name, self.source = name, source
        self.fresh = False  # made anew at each call
        self.real: Any = None  # of the first call, where it is made anew


def _checksum(array: Any) -> int:
    return zlib.crc32(array if array.flags.c_contiguous else array.tobytes())


def _is_scalar(x: Any) -> bool:
    """Whether it is a scalar in the program, or a number."""
    return x.node.scalar if isinstance(x, Traced) else isinstance(x, (np.generic, bool, int, float))


def _arrays(tree: Any) -> Any:
    if isinstance(tree, Traced):
        yield tree
    elif isinstance(tree, (tuple, list)):
        for item in tree:
            yield from _arrays(item)
    elif isinstance(tree, dict):
        yield from _arrays(tuple(tree.values()))


def _any_traced(tree: Any) -> bool:
    return next(_arrays(tree), None) is not None


def _lookup(xp: Any, name: str) -> Any:
    for part in name.split("."):
        xp = getattr(xp, part)
    return xp


# The library of stand-ins ----------------------------------------------------------------------------------

_libraries: dict[Library, Library] = {}


def traced_library(base: Library) -> Library:
    """The library whose arrays stand for those of ``base`` in a trace."""
    found = _libraries.get(base)
    if found is None:
        kind = type("Traced", (Traced,), {"__slots__": ()})
        found = _libraries[base] = register_library(
            Library(
                name=f"traced {base.name}",
                array_type=kind,
                xp=TracedNamespace(base.xp, base),
                special=SpecialNamespace(base.special),
                new_stream=lambda seed: hooks.current().new_stream(seed),
                from_host=lambda array: hooks.current().seen(base.from_host(array)),
                to_host=lambda traced: traced._look("to_cpu", base.to_host),
                device_of=lambda traced: base.device_of(traced.array),
                current_device=base.current_device,
                on_device=base.on_device,
                host=base.host,
            )
        )
    return found


__all__ = ["Recording", "traced_library"]
