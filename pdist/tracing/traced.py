"""``pdist.trace``: a function that is recorded once and then runs as straight-line code."""

from __future__ import annotations

import copy
import functools
import sys
import threading
import types
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from ..autograd import config
from ..backend import hooks, library_of
from .arguments import StandIns, argument_names, base_of, flatten
from .code import REFUSED
from .generators import OF_MODULES
from .names import Names
from .record import Origin, Program, TraceError
from .recording import Recording
from .replay import TOLD_APART, Report, Trace
from .results import copied, noted, real

MOST_IN_A_ROW = 8


class TracedFunction:
    """A function that runs as a recording of itself: what :func:`pdist.trace` returns.

    Attributes:
        function: the function itself.
        traces: the recordings, by the keys of their calls.
        last: the recording that ran last; None before the first call.
        failure: why it runs untraced, if ``strict`` is False and it does.
    """

    __name__: str

    def __init__(self, function: Callable[..., Any], cache_size: int, strict: bool) -> None:
        self.__name__ = type(function).__name__
        functools.update_wrapper(self, function)
        self.function, self.cache_size, self.strict = function, cache_size, strict
        self.traces: OrderedDict[Any, list[Trace]] = OrderedDict()
        self.last: Trace | None = None
        self.failure: TraceError | None = None
        self._in_a_row = 0  # consecutive recordings made necessary by a name
        self._lock = threading.RLock()

    def __get__(self, instance: Any, owner: Any) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __deepcopy__(self, memo: Any) -> TracedFunction:
        """A copy that makes its own recordings."""
        return TracedFunction(copy.deepcopy(self.function, memo), self.cache_size, self.strict)

    def __copy__(self) -> TracedFunction:
        return TracedFunction(self.function, self.cache_size, self.strict)

    def __reduce__(self) -> Any:
        path = getattr(self.function, "__qualname__", "")
        found: Any = sys.modules.get(getattr(self.function, "__module__", ""))
        for name in path.split("."):
            found = getattr(found, name, None)
        if found is self:  # a decorated function is pickled by name, like any other
            return path
        return TracedFunction, (self.function, self.cache_size, self.strict)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        last = self.last
        if last is not None and not kwargs and last.fits(args) and not hooks.running:
            with self._lock:
                if last.holds() and (result := last.run(*args)) is not REFUSED:
                    self._in_a_row = 0
                    return result
        if self.failure is not None or hooks.current() is not None:  # or as part of a larger trace
            return self.function(*args, **kwargs)
        leaves: list[Any] = []
        key = (flatten((args, kwargs), leaves), *(getattr(config, name) for name in TOLD_APART))
        with self._lock:
            for found in self.traces.get(key, ()):
                if found.overlaps(leaves):
                    return self.function(*args, **kwargs)
                if found.holds() and (result := found.run(*leaves)) is not REFUSED:
                    self.last = found
                    self._in_a_row = 0
                    self.traces.move_to_end(key)
                    return result
            if self._restless(self.traces.get(key, ())):
                return self.function(*args, **kwargs)
            return self._record(key, args, kwargs)

    def _restless(self, known: Iterable[Trace]) -> bool:
        """Whether a name changes at each call, so that recording does not pay off."""
        changed = [name for trace in known if (name := trace.read.changed())]
        self._in_a_row += bool(changed)
        if self._in_a_row <= MOST_IN_A_ROW:
            return False
        self.failure = TraceError(
            f"{changed[0]!r} changed at each of the last {MOST_IN_A_ROW} calls: pass it as "
            "an argument, or keep it in an array that is written in place"
        )
        warnings.warn(f"{self.__name__} runs untraced: {self.failure}", stacklevel=4)
        return True

    def _record(self, key: Any, args: Any, kwargs: Any) -> Any:
        """Execute the call and record it."""
        # If an assumption failed before, the next trace makes none.
        recording = Recording(base_of(args, kwargs), self.strict, assuming=not self.traces.get(key))
        stand_ins = StandIns(recording)
        hooks.begin(recording)
        try:
            names = argument_names(self.function, args)
            inner = [stand_ins.of(a, name) for a, name in zip(args, names, strict=True)]
            named = {name: stand_ins.of(a, name) for name, a in kwargs.items()}
            recording.watch.begin(self.function, inner, named)
            recording.named = read = Names(self.function)
            result = self.function(*inner, **named)
            self._refuse_direct_draws(recording)
            result = copied(result, recording)
            recording.assign()
            recording.finish(noted(result))
        except ValueError as error:
            # NumPy wraps errors in ``array[0] = traced``
            if isinstance(error.__cause__, TraceError):
                raise error.__cause__ from None
            raise
        finally:
            recording.restore()
            stand_ins.restore()
            hooks.end()
        if recording.failure is not None:
            self.failure = recording.failure
            warnings.warn(f"{self.__name__} runs untraced: {recording.failure}", stacklevel=3)
        else:
            plain = not kwargs and all(library_of(a) is not None for a in args)
            self._keep(key, Trace(recording.program, self.function, stand_ins, plain, read))
        return real(result)

    def _refuse_direct_draws(self, recording: Recording) -> None:
        """Raise an error for draws that a trace would not repeat."""
        for generator in recording.watch.moved():
            if generator in OF_MODULES:  # another thread may have drawn from these
                what = "numbers were drawn from numpy.random or random, by this function or by another thread"
                advice = "draw from pdist.random.generator(), or pass the numbers as an argument"
                recording.failure = recording.failure or TraceError(f"{what}: {advice}")
                continue
            function: Any = self.function
            code = getattr(function, "__code__", getattr(type(function).__call__, "__code__", None))
            recording.refuse(
                f"numbers were drawn from {generator!r} itself, which a trace does not repeat: give the "
                "generator to a sampler as rng=..., draw from pdist.random.generator(), or pass the "
                "numbers as an argument",
                Origin("", code.co_filename, code.co_firstlineno) if code else Origin("", "", 0),
            )

    def _keep(self, key: Any, trace: Trace) -> None:
        """Keep a trace, and drop those that no longer hold or are the least recently used."""
        known = self.traces.pop(key, [])
        self.traces[key] = [trace, *[t for t in known if t.could_hold()][: self.cache_size - 1]]
        while len(self.traces) > self.cache_size:
            self.traces.popitem(last=False)
        self.last = trace

    def forget(self) -> None:
        """Drop all recordings: the next call records anew, with the current Python values."""
        with self._lock:
            self.traces.clear()
            self.last = self.failure = None
            self._in_a_row = 0

    @property
    def source(self) -> str:
        """The code of the trace that ran last."""
        return self._trace().source

    @property
    def kernels(self) -> str:
        """The kernels of elementwise calls in that code, in C; none on the CPU, where nothing is fused."""
        return "\n\n".join(map(str, self._trace().kernels))

    def report(self) -> Report:
        """The effect of the passes on the trace that ran last; printing it shows a table."""
        return self._trace().report

    def _trace(self) -> Trace:
        if self.last is None:
            raise ValueError(
                f"{self.__name__} runs untraced: {self.failure}"
                if self.failure is not None
                else f"{self.__name__}: there is no trace yet; call it once"
            )
        return self.last

    def __repr__(self) -> str:
        return f"<traced {self.__name__}: {sum(map(len, self.traces.values()))} traces>"


def trace(function: Any = None, *, cache_size: int = 8, strict: bool = True) -> Any:
    """Make a function of arrays run as straight-line array code.

    The first call runs the function as it is, and records every array call that it makes: forward,
    backward, optimizer, random draws. Later calls run the recording: no Variables, no graph,
    every buffer reused. The numbers are the same, to the last bit, and random draws continue the same
    stream.

    The rules:

    - Array arguments may change from call to call; another shape or dtype makes
      another trace.
    - Arrays that it finds elsewhere (parameters, an optimizer's moments, data in a closure) are read by
      reference: in-place changes take effect.
    - Globals, closures, defaults and attributes that it reads by name may change: it is then recorded again,
      and runs untraced if that happens at each call. A number passed as an argument makes a trace for each of
      its values; a number that changes from step to step belongs in an array. Other Python values are those
      of the recorded call; :meth:`TracedFunction.forget` records anew.
    - Random draws by samplers, from ``pdist.random`` or a generator passed to them, continue their stream.
      Direct draws from a generator are an error; with draws from ``numpy.random`` the function runs untraced.
    - Other Python code (printing, appending to a list, reading a clock) runs while recording only;
      ``pdist_nn.report`` is repeated at every call. Likewise NumPy operations on outside arrays alone are not
      repeated (``x + np.exp(table)``: the exponentials are those of the first call): pass the arrays as
      arguments, keep them in Variables, or use pdist.functions.
    - It may return arrays, Variables (without a graph) and tuples, lists and dicts of them.
    - After a call ``parameter.grad`` is the gradient; if an optimizer is in the trace, it is a view of the
      optimizer's own array, which the next call overwrites.

    Args:
        function: a function of arrays, Variables, numbers, and tuples, lists and dicts of them.
        cache_size: the maximum number of traces, for different kinds of arguments.
        strict: whether what cannot be traced (a branch on a value, ``float(x)``, a shape that depends on
            data) is an error. Otherwise the function runs untraced from then on, and a warning says why.

    Returns:
        A :class:`TracedFunction`; its ``source`` is the code, ``report()`` shows the effect of the passes.

    Raises:
        TraceError: when called, if a line cannot be traced; names the line.

    >>> import numpy as np, pdist, pdist.functions as F
    >>> w = pdist.Variable(np.array([1.0, 2.0]), name="w")
    >>> @pdist.trace
    ... def gradient(x):
    ...     w.cleargrad()
    ...     F.sum(F.exp(w * x)).backward()
    ...     return w.grad
    >>> gradient(np.array([0.0, 1.0])).round(3)
    array([0.   , 7.389])
    >>> w.array[0] = 5
    >>> gradient(np.array([1.0, 0.0])).round(3)
    array([148.413,   0.   ])
    """
    if function is None:
        return functools.partial(trace, cache_size=cache_size, strict=strict)
    if not callable(function):
        raise TypeError(f"trace: expected a function, got {function!r}")
    if cache_size < 1:
        raise ValueError(f"trace: cache_size is {cache_size!r}; expected at least 1")
    return TracedFunction(function, cache_size, strict)


__all__ = ["Program", "TraceError", "TracedFunction", "trace"]
