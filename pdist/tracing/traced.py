"""``pdist.trace``: a function that is recorded once and then runs as straight-line code."""

from __future__ import annotations

import functools
import inspect
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import Variable, config
from ..autograd.op import all_through_coerce
from ..backend import default_library, library_of, tracing
from .array import Traced
from .record import Program, Returned, TraceError, Value
from .recording import Recording
from .source import Writer, compiled
from .storage import fixed, unpooled


class Trace:
    """One recorded call, ready to run again.

    Attributes:
        source: the code.
        run: the function of the array arguments that it defines.
    """

    def __init__(self, program: Program, title: str, leaves: list[str]) -> None:
        self.program = program
        storage = fixed(program, unpooled(program))
        writer = Writer(program, storage, title, leaves, [])
        self.source, names = writer.write()
        _, self.run = compiled(title, self.source, names)
        self.run = np.errstate(all="ignore")(self.run)
        self.rebound = tracing.rebound

    def holds(self) -> bool:
        """Whether the arrays that it has by reference are still those that the function would find."""
        if self.rebound == tracing.rebound and not self.program.slots:
            return True
        for owner, attribute, array in self.program.guards:
            if getattr(owner, attribute) is not array:
                return False
        self.rebound = tracing.rebound
        return True


class TracedFunction:
    """A function that runs as a recording of itself: see :func:`trace`."""

    def __init__(self, function: Callable[..., Any], cache_size: int, strict: bool) -> None:
        functools.update_wrapper(self, function)
        self.function, self.cache_size, self.strict = function, cache_size, strict
        self.traces: OrderedDict[Any, list[Trace]] = OrderedDict()
        self.last: Trace | None = None
        self._lock = threading.RLock()
        self._busy = False
        self.failure: TraceError | None = None

    def __get__(self, instance: Any, owner: Any) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.failure is not None:
            return self.function(*args, **kwargs)
        if tracing.running and tracing.current() is not None:
            return self.function(*args, **kwargs)  # a part of a larger trace
        leaves: list[Any] = []
        key = _flatten((args, kwargs) if kwargs else args, leaves)
        with self._lock:
            key = (key, config.enable_backprop, config.train, config.dtype)
            for found in self.traces.get(key, ()):
                if found.holds():
                    self.last = found
                    return found.run(*leaves)
            return self._record(key, args, kwargs)

    def _record(self, key: Any, args: Any, kwargs: Any) -> Any:
        """Do the call for real, and keep what it did."""
        base = _base(args, kwargs)
        recording = Recording(base, self.strict)
        leaves: list[Any] = []
        names: list[str] = []
        variables: list[tuple[Variable, Any]] = []
        signature = _argument_names(self.function, args)
        tracing.begin(recording)
        try:
            all_through_coerce(True)
            inner = [
                _stand_in(a, recording, leaves, names, variables, name)
                for a, name in zip(args, signature, strict=True)
            ]
            named = {
                name: _stand_in(a, recording, leaves, names, variables, name) for name, a in kwargs.items()
            }
            result = self.function(*inner, **named)
            noted = _noted(result)
            recording.finish(noted)
        finally:
            recording.restore()
            tracing.end()
            if not tracing.running:
                all_through_coerce(False)
            for variable, array in variables:
                variable._array = array
        if recording.failure is not None:
            self.failure = recording.failure
            warnings.warn(f"{self.__name__} runs untraced: {recording.failure}", stacklevel=3)
        else:
            program = recording.program
            trace = Trace(program, self.__name__, names)
            self._keep(key, trace)
            self.last = trace
        return _real(result)

    def _keep(self, key: Any, trace: Trace) -> None:
        known = self.traces.pop(key, [])
        self.traces[key] = [trace, *(t for t in known if t.holds())]
        while len(self.traces) > self.cache_size:
            self.traces.popitem(last=False)

    @property
    def source(self) -> str:
        """The code of the trace that ran last."""
        if self.last is None:
            raise ValueError(f"{self.__name__}: there is no code yet; call it once")
        return self.last.source


def trace(function: Any = None, *, cache_size: int = 8, strict: bool = True) -> Any:
    """A function that runs as straight-line array code."""
    if function is None:
        return functools.partial(trace, cache_size=cache_size, strict=strict)
    return TracedFunction(function, cache_size, strict)


# Arguments -------------------------------------------------------------------------------------------------


def _flatten(tree: Any, leaves: list[Any]) -> Any:
    """The array arguments in order; returns what tells apart the calls that need another trace."""
    kind = tree.__class__
    if kind is np.ndarray:
        leaves.append(tree)
        return (tree.shape, tree.strides, tree.dtype)
    if kind is tuple or kind is list:
        return (kind, *[_flatten(item, leaves) for item in tree])
    if kind is dict:
        return (kind, *[(name, _flatten(item, leaves)) for name, item in tree.items()])
    if isinstance(tree, Variable):
        leaves.append(tree._array)
        return (id(tree), tree._array.shape, tree._array.strides, tree._array.dtype, tree.requires_grad)
    if isinstance(tree, np.generic) or library_of(tree) is not None:
        leaves.append(tree)
        return (kind, tree.shape, tree.dtype)
    if tree is None or kind in (bool, int, float, str):
        return (kind, tree)
    return id(tree)


def _stand_in(tree: Any, recording: Any, leaves: Any, names: Any, variables: Any, name: str) -> Any:
    kind = tree.__class__
    if kind is tuple or kind is list:
        return kind(
            [_stand_in(x, recording, leaves, names, variables, f"{name}_{i}") for i, x in enumerate(tree)]
        )
    if kind is dict:
        return {k: _stand_in(x, recording, leaves, names, variables, f"{name}_{k}") for k, x in tree.items()}
    if isinstance(tree, Variable):
        variables.append((tree, tree._array))
        names.append(name)
        leaves.append(tree._array)
        tree._array = recording.argument(tree._array, name)
        return tree
    if isinstance(tree, np.generic) or library_of(tree) is not None:
        names.append(name)
        leaves.append(tree)
        return recording.argument(tree, name)
    return tree


def _base(args: Any, kwargs: Any) -> Any:
    leaves: list[Any] = []
    _flatten((args, kwargs), leaves)
    for leaf in leaves:
        found = library_of(leaf)
        if found is not None:
            return found
    return default_library()


def _argument_names(function: Any, args: Any) -> list[str]:
    """What the function calls its positional arguments."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [names[i] if i < len(names) else f"argument_{i}" for i in range(len(args))]


# Results ---------------------------------------------------------------------------------------------------


def _noted(tree: Any) -> Any:
    """The results with what they are in the program."""
    if isinstance(tree, Traced):
        return Returned(tree.node, False)
    if isinstance(tree, Variable) and isinstance(tree._array, Traced):
        return Returned(tree._array.node, True)
    return _mapped(tree, _noted)


def _real(tree: Any) -> Any:
    """The results with real arrays."""
    if isinstance(tree, Traced):
        return tree.array
    if isinstance(tree, Variable) and isinstance(tree._array, Traced):
        from ..autograd.variable import from_node

        array = tree._array.array
        return from_node(np.asarray(array) if isinstance(array, np.generic) else array, None)
    return _mapped(tree, _real)


def _mapped(tree: Any, function: Any) -> Any:
    if tree.__class__ in (tuple, list):
        return tree.__class__([function(item) for item in tree])
    if tree.__class__ is dict:
        return {key: function(item) for key, item in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*[function(item) for item in tree])
    return tree


__all__ = ["Program", "Returned", "Trace", "TraceError", "TracedFunction", "Value", "trace"]
