"""A traced function as CUDA graphs: parts that are captured once and launched, with host code in between.

A captured part reads and writes the same memory at each launch. Its inputs (arguments, results of
calls on the host) are copied into place first; its outputs stay in place for the next part;
results for the caller are copied out. Random streams keep their state on the device: a captured draw
advances it at every launch.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..code import compiled
from ..record import Call, Returned, Value, values_in
from ..recording import Stream
from ..source import Writer

# Calls that are known to be capturable: only kernels, no inspection of values, and no copies from host
# memory, which each launch would repeat with whatever is there by then. Everything else runs on the host.
# fmt: off
FUNCTIONS = frozenset((
    "where", "take", "take_along_axis", "concatenate", "expand_dims", "broadcast_to", "zeros", "ones",
    "full", "empty", "zeros_like", "ones_like", "full_like", "empty_like", "arange", "ascontiguousarray",
    "copy", "squeeze", "moveaxis", "swapaxes", "transpose", "reshape", "ravel", "flip", "clip", "add.at",
    "copyto", "tril", "triu", "eye", "diagonal", "cumsum", "cumprod", "argmax", "argmin", "matmul",
))
METHODS = frozenset((
    "reshape", "transpose", "astype", "copy", "ravel", "flatten", "squeeze", "swapaxes", "take", "cumsum",
    "cumprod", "argmax", "argmin", "clip", "fill", "diagonal", "conj", "view",
))
DRAWS = frozenset(("random", "standard_normal", "standard_exponential", "integers"))
# fmt: on

#: A part of fewer calls is not worth a graph.
FEWEST = 2


def capturable(call: Call) -> bool:
    """Whether a call can be a part of a CUDA graph."""
    form = call.form
    if form in ("fused", "reduce", "alloc"):
        return True
    if form == "ufunc":
        return call.name != "matmul" or _matrices(call)
    if form == "function":
        return (
            call.name in FUNCTIONS
            and not _from_host(call.args)
            and (call.name != "matmul" or _matrices(call))
        )
    if form == "method":
        return call.name in METHODS
    if form in ("getitem", "setitem"):
        index = call.args[1] if form == "getitem" else call.args[0]
        return _fixed_index(index)
    if form == "draw":
        stream = call.args[0]
        drawn = call.name in DRAWS and not stream.fresh
        return drawn and not list(values_in((call.args[1:], call.kwargs)))
    return False


def _matrices(call: Call) -> bool:
    """Whether it is a matrix product, for which a graph uses the library's own call."""
    x, y = call.args[:2]
    alike = x.__class__ is Value and y.__class__ is Value and x.dtype == y.dtype
    return alike and len(x.shape) == len(y.shape) == 2 and x.dtype.char in "fd"


def _from_host(args: Any) -> bool:
    return any(a.__class__ is list and not list(values_in(a)) for a in args)


def _fixed_index(index: Any) -> bool:
    """Whether an index consists of slices, numbers and integer arrays: the shape depends on no value."""
    for i in index if index.__class__ is tuple else (index,):
        if i.__class__ is Value:
            if i.dtype.kind == "b":
                return False
        elif not (i is None or i is Ellipsis or i.__class__ in (int, slice)):
            return False
    return True


# Parts -----------------------------------------------------------------------------------------------------


def parts(calls: list[Call]) -> Iterator[tuple[bool, list[Call]]]:
    """The calls in runs: those of one graph, and those on the host in between."""
    runs: list[tuple[bool, list[Call]]] = []
    for call in calls:
        fits = capturable(call)
        if not runs or (runs[-1][0] != fits and not call.view):
            runs.append((fits, []))
        runs[-1][1].append(call)
    for fits, run in runs:
        yield fits and sum(not call.view for call in run) >= FEWEST, run


class Part:
    """A part of a traced function, captured at its second call and launched from then on.

    The first call runs it directly: that compiles its kernels and lets the libraries allocate what they
    need, neither of which can be captured. If a capture fails, it keeps running directly, with a warning.

    Args:
        function: its code.
        graphs: captures: see :class:`pdist.backend.Library`.
        array_type: the type of its array arguments.
        kinds: for each argument ``"copied"`` into place; ``"kept"``, an array left in place by an earlier
            part; or ``"fixed"``, an object, such as a random stream, whose replacement requires a new
            capture.
        written: the arguments that it changes.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        graphs: Any,
        array_type: type,
        kinds: tuple[str, ...],
        written: tuple[int, ...] = (),
    ) -> None:
        self.function, self.graphs, self.array_type = function, graphs, array_type
        self.kinds, self.written = kinds, written
        self.warm = False
        self.failed = graphs is None
        self.buffers: list[Any] = []
        self.outputs: Any = None
        self.launch: Callable[[], None] | None = None

    def __call__(self, *args: Any) -> Any:
        """Run it; once captured, its results lie in the same memory at each call."""
        if self.failed:
            return self.function(*args)
        if not self.warm:
            self.warm = True
            return self.function(*args)
        if self.launch is None or self._moved(args):
            try:
                self._capture(args)
            except Exception as error:
                self._fail(error)
                return self.function(*args)
        for arg, buffer in zip(args, self.buffers, strict=True):
            if arg is not buffer:
                buffer[...] = arg
        self.launch()  # type: ignore[misc]
        for i in self.written:
            args[i][...] = self.buffers[i]
        return self.outputs

    def _moved(self, args: Any) -> bool:
        """Whether an object has been replaced since the capture."""
        return any(
            kind == "fixed" and arg is not buffer
            for kind, arg, buffer in zip(self.kinds, args, self.buffers, strict=True)
        )

    def _capture(self, args: Any) -> None:
        self.launch = self.outputs = None  # the memory of an earlier capture is free again
        buffers = []
        for kind, arg in zip(self.kinds, args, strict=True):
            if kind != "fixed" and not isinstance(arg, self.array_type):
                raise TypeError(f"an argument is {type(arg).__name__}; expected {self.array_type.__name__}")
            buffers.append(self.graphs.like(arg) if kind == "copied" else arg)
        self.outputs, self.launch = self.graphs.capture(lambda: self.function(*buffers))
        self.buffers = buffers

    def _fail(self, error: Exception) -> None:
        self.failed = True
        self.buffers, self.outputs, self.launch = [], None, None
        warnings.warn(
            f"{self.function.__name__} runs kernel by kernel: it could not be captured in a CUDA graph: "
            f"{type(error).__name__}: {error}",
            RuntimeWarning,
            stacklevel=3,
        )


# The code --------------------------------------------------------------------------------------------------


class GraphWriter(Writer):
    """Writes a program as functions that become graphs, and one that runs them.

    The program's elementwise calls are fused.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.graphs = self.program.base.graphs
        self.kept: set[Value] = set()  # made by graphs and used by others
        self.fixed: set[Value] = set()  # whose memory is used by graphs
        self.functions: list[str] = []
        self.outer = self.lines  # of the function that runs the graphs
        self.used: list[Stream] = []

    def write(self) -> tuple[str, dict[str, Any]]:
        """The source and the globals that it needs."""
        runs = list(parts(self.program.calls))
        if not any(in_graph for in_graph, _ in runs) or self._written_across(runs):
            return super().write()
        self._read_slots()
        for i, (in_graph, run) in enumerate(runs):
            later = [call for _, calls in runs[i + 1 :] for call in calls]
            if in_graph:
                self._graph(run, later)
            else:
                self._statements(run)
        return self._whole(*self.functions)

    def _written_across(self, runs: list[tuple[bool, list[Call]]]) -> bool:
        """Whether a value that is copied for one graph is written there and also used elsewhere."""
        seen: dict[Value, set[int]] = {}
        copied: set[Value] = {*self.program.arguments, *self.program.slots}
        for i, (in_graph, run) in enumerate(runs):
            for call in run:
                for value in (*call.inputs, *call.writes, *call.outputs):
                    seen.setdefault(value.root, set()).add(i)
                if not in_graph:
                    copied.update(value for value in call.outputs if value not in self.storage)
        written = {v.root for in_graph, run in runs if in_graph for call in run for v in call.writes}
        return any(len(seen[root]) > 1 for root in written & copied)

    def _graph(self, calls: list[Call], later: list[Call]) -> None:
        """Write some calls as a separate function, and a call of it."""
        for call in calls:
            call.function = self.graphs.functions.get(call.name, call.function)
        made = {value for call in calls for value in call.outputs}
        self.fixed |= {value.root for value in made if value.root.kind == "computed"} & made
        taken = self._local(v for call in calls for v in (*call.inputs, *call.writes) if v not in made)
        wanted = {v for call in later for v in (*call.inputs, *call.writes)}
        wanted |= set(values_in((self.program.results, [value for _, _, value in self.program.effects])))
        given = self._local(v for call in calls for v in call.outputs if v in wanted)
        name = self.unused(f"{self.title}_graph")
        self.lines, self.used = [], []
        self._statements(calls)
        streams = [self.streams[stream] for stream in self.used]
        names = [*[self.of(v) for v in taken], *streams]
        results = ", ".join(self.of(v) for v in given)
        note = "# A CUDA graph: captured at the second call, launched from then on. Kernels: see .kernels"
        body = [note, f"def {name}({', '.join(names)}):", *self.lines, f"    return {results}", ""]
        self.functions.append("\n".join(body))
        self.lines = self.outer
        written = {v.root for call in calls for v in call.writes}
        part = Part(
            compiled(name, self.functions[-1], dict(self.names)),
            self.graphs,
            self.program.base.array_type,
            (*["kept" if self._keeps(v) else "copied" for v in taken], *["fixed"] * len(streams)),
            tuple(i for i, v in enumerate(taken) if v in written and v.root.kind in ("argument", "slot")),
        )
        self.names[name] = part
        self.lines.append(f"    {f'{results} = ' if results else ''}{name}({', '.join(names)})")
        self.kept.update(given)

    def _keeps(self, value: Value) -> bool:
        """Whether it lies in memory owned by graphs."""
        return value in self.kept or value.root in self.fixed

    def _local(self, values: Iterable[Value]) -> list[Value]:
        """The values that are variables in the code, without repetition."""
        return [v for v in dict.fromkeys(values) if v not in self.storage]

    def stream(self, stream: Stream) -> str:
        """The name of a random stream, which is looked up outside the graphs."""
        if stream not in self.used:
            self.used.append(stream)
        lines, self.lines = self.lines, self.outer
        try:
            return super().stream(stream)
        finally:
            self.lines = lines

    def result(self, tree: Any) -> str:
        """The results; those made by a graph are copied, because the next launch overwrites them."""
        text = super().result(tree)
        if isinstance(tree, Returned) and tree.value.root in self.fixed:
            name = self.of(tree.value)
            return re.sub(rf"\b{name}\b", f"{name}.copy()", text)
        return text
