"""The Python function that runs a program: straight-line code, and the arrays that it uses."""

from __future__ import annotations

import functools
import itertools
import json
import keyword
import os
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Variable
from ..autograd.variable import from_node
from ..backend import to_cpu
from .code import REFUSED
from .numpy_facts import COPIES, PREFIXES, SIGNS
from .record import Call, Origin, Program, Returned, Value, values_in
from .recording import Stream
from .storage import empty


class Writer:
    """Writes a program as code.

    Args:
        program: the program, after all passes.
        storage: the arrays of all values that are kept from call to call.
        title: the name of the function.
        leaves: the names of the array arguments.
        head: comment lines that go first.
    """

    def __init__(
        self, program: Program, storage: dict[Value, Any], title: str, leaves: list[str], head: list[str]
    ) -> None:
        self.program, self.storage, self.head = program, storage, head
        self.title = re.sub(r"\W", "_", title)
        if not self.title.isidentifier() or keyword.iskeyword(self.title):
            self.title = "traced"
        self.on_numpy = program.base.name == "numpy"
        self.names: dict[str, Any] = {}  # the function's globals
        self.lines: list[str] = []
        self.taken: set[str] = set(leaves) | {self.title}
        self.counts: dict[str, int] = {}  # the next number to try after a stem
        self.known: dict[int, str] = {}  # names of constants by id
        self.by_position: dict[str, str] = {}  # calls as executed, by calls as shown
        self.streams: dict[Any, str] = {}
        self.sources: dict[str, Any] = {}  # the sources of the streams among the globals
        self.numbers: dict[Any, Any] = {}  # 0-d arrays by dtype and value
        for value, name in zip(program.arguments, leaves, strict=True):
            value.name = name

    # Names --------------------------------------------------------------------------------------------

    def unused(self, stem: str) -> str:
        """An unused name."""
        stem = re.sub(r"\W", "_", stem) or "t"
        if stem[0].isdigit() or keyword.iskeyword(stem):
            stem = "_" + stem
        if stem not in self.taken:
            self.taken.add(stem)
            return stem
        for i in itertools.count(self.counts.get(stem, 2)):
            name = f"{stem}{i}" if not stem[-1].isdigit() else f"{stem}_{i}"
            if name not in self.taken:
                self.taken.add(name)
                self.counts[stem] = i + 1
                return name
        raise AssertionError

    def bound(self, item: Any, stem: str) -> str:
        """The global name of an object."""
        name = self.known.get(id(item))
        if name is None:
            name = self.known[id(item)] = self.unused(stem)
            self.names[name] = item
        return name

    def of(self, value: Value) -> str:
        """The name of a value."""
        if value in self.storage:
            array = self.storage[value]
            if value.kind == "constant" and value.shape == () and self.on_numpy:
                array = self.numbers.setdefault((array.dtype, array.tobytes()), array)
            name = self.known.get(id(array))
            if name is None:
                name = self.known[id(array)] = self.unused(self._stem(value))
                self.names[name] = array
            return name
        if not value.name:
            value.name = self.unused("h")
        return value.name

    def _stem(self, value: Value) -> str:
        """The preferred name of a value."""
        if value.name:
            return value.name
        if value.kind == "view" and value.path:
            return f"{self.of(value.root)}_{value.path}"
        if value.kind == "constant":
            return _number_name(to_cpu(value.array)) if value.shape == () else "constant"
        return "state" if value.root.kind == "state" else "h"

    def text(self, item: Any) -> str:
        """An argument as code."""
        kind = item.__class__
        if kind is Value:
            return self.of(item)
        if kind is tuple:
            inner = ", ".join(self.text(x) for x in item)
            return f"({inner},)" if len(item) == 1 else f"({inner})"
        if kind is list:
            return f"[{', '.join(self.text(x) for x in item)}]"
        if kind is dict:
            return "{" + ", ".join(f"{key!r}: {self.text(x)}" for key, x in item.items()) + "}"
        if kind is slice:
            parts = ["" if p is None else self.text(p) for p in (item.start, item.stop)]
            return ":".join(parts) + (f":{self.text(item.step)}" if item.step is not None else "")
        if kind is str:
            return json.dumps(item)  # in double quotes, as formatters prefer
        if item is None or item is Ellipsis or kind in (bool, int):
            return "..." if item is Ellipsis else repr(item)
        if kind is float and item == item and abs(item) != np.inf:
            return repr(item)
        if isinstance(item, np.dtype):
            return self.bound(item.type, item.name)
        if isinstance(item, type) and issubclass(item, np.generic):
            return self.bound(item, item.__name__)
        if isinstance(item, np.generic) and item.dtype.kind in "fiu" and np.isfinite(item):
            return self.bound(item, f"{item.dtype.char}_{item!s}")
        return self.bound(item, getattr(item, "__name__", "constant"))

    def index(self, index: Any) -> str:
        """An index in brackets."""
        if isinstance(index, tuple) and index:
            return ", ".join(self.text(i) for i in index) + ("," if len(index) == 1 else "")
        return self.text(index)

    # Calls --------------------------------------------------------------------------------------------

    def arguments(self, args: Any, kwargs: dict[str, Any], *more: str) -> str:
        """The text between the parentheses."""
        parts = [self._sliceless(a) for a in args]
        parts += [f"{name}={self._sliceless(a)}" for name, a in kwargs.items()]
        return ", ".join([*parts, *more])

    def _sliceless(self, item: Any) -> str:
        """An argument; slices outside brackets are objects."""
        parts = item if item.__class__ is tuple else (item,)
        if not any(part.__class__ is slice for part in parts):
            return self.text(item)
        if not list(values_in(item)):
            return self.bound(item, "index")
        texts = [
            f"slice({self.text(p.start)}, {self.text(p.stop)}, {self.text(p.step)})"
            if p.__class__ is slice
            else self.text(p)
            for p in parts
        ]
        return f"({', '.join(texts)},)" if item.__class__ is tuple else texts[0]

    def function(self, call: Call) -> str:
        """The global name of the called function."""
        if call.form == "reduce" and self.on_numpy:
            return self.bound(getattr(np, call.name), call.name) + ".reduce"
        return self.bound(call.function, call.name.rpartition(".")[2])

    def expression(self, call: Call, *more: str) -> str:
        """A call as an expression."""
        form, args = call.form, call.args
        if form == "getitem":
            return f"{self.of(args[0])}[{self.index(args[1])}]"
        if form == "scalar":
            return self._scalar(call)
        if form == "method":
            return f"{self.of(args[0])}.{call.name}({self.arguments(args[1:], call.kwargs, *more)})"
        if form == "draw":
            stream, *rest = args
            return f"{self.stream(stream)}.{call.name}({self.arguments(rest, call.kwargs, *more)})"
        if form == "ufunc" and self.on_numpy:
            args = self._numbers(args)
        return f"{self.function(call)}({self.arguments(args, call.kwargs, *more)})"

    def _numbers(self, args: Any) -> Any:
        """Python numbers as 0-d arrays, of the dtype that they would take, at half the cost."""
        dtypes = {value.dtype for value in args if value.__class__ is Value}
        if len(dtypes) != 1 or not all(a.__class__ in (Value, int, float) for a in args):
            return args
        (dtype,) = dtypes
        if dtype.kind != "f":
            return args
        return tuple([a if a.__class__ is Value else self._number(a, dtype) for a in args])

    def _number(self, number: Any, dtype: np.dtype) -> Any:
        with np.errstate(all="ignore"):
            array = np.asarray(number).astype(dtype)
        value = Value("constant", array, array=array)
        self.storage[value] = array
        return value

    def _scalar(self, call: Call) -> str:
        parts = [self.text(a) for a in call.args]
        if call.name in PREFIXES:
            return f"{PREFIXES[call.name]}{parts[0]}"
        if call.name in SIGNS:
            left, right = (f"({p})" if p.startswith("-") else p for p in parts)
            return f"{left} {SIGNS[call.name]} {right}"
        return f"{self.bound(call.function, call.name)}({', '.join(parts)})"

    def stream(self, stream: Stream) -> str:
        """The name of a random stream; one that the function itself creates is created at each call."""
        name = self.streams.get(stream)
        if name is None and self.on_numpy and not stream.fresh:
            name = self.streams[stream] = self.unused(stream.name)
            self.names[name] = stream.source()
            self.sources[name] = stream.source
        elif name is None:
            name = self.streams[stream] = self.unused(stream.name)
            self.names[f"find_{name}"] = stream.source
            self.lines.append(f"    {name} = find_{name}()")
        return name

    def statement(self, call: Call) -> str:
        """A call as a statement."""
        if call.form == "setitem":
            (target,) = call.writes
            index, value = call.args
            return f"{self.of(target)}[{self.index(index)}] = {self.text(value)}"
        if call.form == "fused":
            return self._fused(call)
        if call.form == "effect":
            return self.expression(call)
        if call.form == "check":
            return self._check(call)
        if call.writes:
            (target,) = call.writes
            if call.takes_out:
                return self._writing(call, self.of(target))
            return self.expression(call)
        if call.form == "assume":
            value, n = call.args
            count = self.bound(np.count_nonzero, "count_nonzero")
            refused = self.bound(REFUSED, "REFUSED")
            lines = (
                f"if {count}({self.of(value)}) != {n}:",
                f"return {refused}  # needs another trace",
            )
            return "\n        ".join(lines)
        if call.form == "alloc":
            return self._allocation(call.output)
        if not call.outputs:
            return self.expression(call)
        if len(call.outputs) != 1:
            names = ", ".join(self.of(v) for v in call.outputs)
            return f"{names} = {self.expression(call)}"
        if call.output in self.storage:
            return self._writing(call, self.of(call.output))
        if call.into:
            return f"{self._allocation(call.output)}\n    {self._writing(call, self.of(call.output))}"
        return f"{self.of(call.output)} = {self.expression(call)}"

    def _check(self, call: Call) -> str:
        """A check, made only if its condition does not hold."""
        condition, n, args = call.args
        text = f"{self.function(call)}({self.arguments(args, {})})"
        if condition is None:
            return text
        count = self.bound(np.count_nonzero, "count_nonzero")
        return f"if {count}({self.of(condition)}) != {n}:\n        {text}"

    def _fused(self, call: Call) -> str:
        """A kernel of several calls: it writes its results into place, except those that are kept."""
        new = [v for v in call.outputs if v not in self.storage]
        places = ["None" if v in new else self.of(v) for v in (*call.outputs, *call.writes)]
        text = self.expression(call, f"out={places[0]}" if len(places) == 1 else f"out=({', '.join(places)})")
        if len(places) == 1 and new:
            text = self.expression(call)
        return f"{', '.join(self.of(v) for v in new)} = {text}" if new else text

    def _allocation(self, value: Value) -> str:
        make = self.bound(functools.partial(empty, self.program.base.xp, value), "empty")
        return f"{self.of(value)} = {make}()"

    def _writing(self, call: Call, out: str) -> str:
        """A call that writes into an existing array."""
        if call.name in COPIES and call.form in ("method", "function"):
            return f"{out}[...] = {self.of(call.args[0])}"
        mark = f"out={out}"
        text = self.expression(call, mark)
        if call.name in ("maximum", "minimum"):
            return text  # NumPy requires the keyword here
        if self.on_numpy and call.elementwise and not call.kwargs and call.function.nout == 1:
            self.by_position[text] = f"{text[: -len(mark) - 1]}{out})"
        elif self.on_numpy and call.form == "reduce" and call.kwargs.keys() == {"axis"}:
            x, axis = self.of(call.args[0]), self.text(call.kwargs["axis"])
            self.by_position[text] = f"{self.function(call)}({x}, {axis}, None, {out})"
        elif self.on_numpy and call.name == "dot":
            self.by_position[text] = f"{text[: -len(mark) - 1]}{out})"
        return text

    def tight(self, source: str) -> str:
        """The same code, line by line, as executed: ``out`` is faster by position in NumPy."""
        shorter = {f"    {shown}": f"    {runs}" for shown, runs in self.by_position.items()}
        return "\n".join([shorter.get(line, line) for line in source.split("\n")])

    # The whole program --------------------------------------------------------------------------------

    def write(self) -> tuple[str, dict[str, Any]]:
        """The source and the globals that it needs."""
        self._read_slots()
        self._statements(self.program.calls)
        return self._whole()

    def _read_slots(self) -> None:
        """Read the attributes that each call reads anew."""
        for value in self.program.slots:
            owner, attribute = value.path
            value.name = self.unused(attribute.strip("_"))
            self.lines.append(f"    {value.name} = {self._owner(owner)}.{attribute}")

    def _statements(self, calls: Iterable[Call]) -> None:
        """Write calls, with their origins as comments above."""
        last: Origin | None = None
        for call in calls:
            if (call.view or call.form == "alloc") and call.output in self.storage:
                continue
            line = self.statement(call)
            self._comment(call.origin, last)
            last = call.origin
            self.lines.append("    " + line)

    def _whole(self, *before: str) -> tuple[str, dict[str, Any]]:
        """Write the final assignments and the return; returns everything, with other functions ``before``."""
        for owner, attribute, value in self.program.effects:
            text = "None" if value is None else self.text(value)
            if isinstance(value, Returned):
                text = self.result(value)
            elif isinstance(value, Value) and value.scalar:
                text = f"{self.bound(np.asarray, 'asarray')}({text})"
            self.lines.append(f"    {self._owner(owner)}.{attribute} = {text}")
        self.lines.append(f"    return {self.result(self.program.results)}")
        names = ", ".join(value.name for value in self.program.arguments)
        whole = "\n".join([f"def {self.title}({names}):", *self.lines, ""])
        return "\n".join([*[f"# {line}" for line in self.head], *before, whole]), self.names

    def _comment(self, origin: Origin, last: Origin | None) -> None:
        """Name the current line of user code, and the op within it."""
        moved = last is None or (origin.file, origin.line) != (last.file, last.line)
        if moved and origin.file:
            self.lines.append("")
            self.lines.append(f"    # {os.path.basename(origin.file)}:{origin.line}: {origin.text}")
        if origin.op and (moved or last is None or origin.op != last.op):
            self.lines.append(f"    # - {origin.op}")

    def _owner(self, owner: Any) -> str:
        return self.bound(owner, f"{getattr(owner, 'name', None) or 'some'}_variable")

    def result(self, tree: Any) -> str:
        """The results, as code."""
        if isinstance(tree, Returned):
            name = self.of(tree.value)
            if not tree.variable:
                return name
            if tree.value.scalar:
                name = f"{self.bound(np.asarray, 'asarray')}({name})"
            return f"{self.bound(_variable, 'Variable')}({name})"
        if tree.__class__ in (tuple, list):
            text = ", ".join(self.result(item) for item in tree)
            if tree.__class__ is list:
                return f"[{text}]"
            return f"({text},)" if len(tree) == 1 else f"({text})"
        if tree.__class__ is dict:
            return "{" + ", ".join(f"{key!r}: {self.result(item)}" for key, item in tree.items()) + "}"
        if isinstance(tree, tuple):  # a namedtuple
            kind = self.bound(type(tree), type(tree).__name__)
            return f"{kind}({', '.join(self.result(item) for item in tree)})"
        if tree is None or tree.__class__ in (bool, int, str):
            return repr(tree)
        return self.bound(tree, "constant")


def _variable(array: Any) -> Variable:
    return from_node(array, None)


def _number_name(array: Any) -> str:
    """``minus_0_5`` for -0.5, ``of_2`` for 2."""
    text = f"{array!s}".removesuffix(".0").replace("+", "").replace(".", "_")
    return (f"minus{text[1:]}" if text.startswith("-") else f"of_{text}").replace("minus", "minus_")
