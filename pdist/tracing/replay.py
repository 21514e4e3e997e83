"""A recorded call, prepared to run again."""

from __future__ import annotations

import contextvars
import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd import config
from ..backend import hooks
from .code import compiled
from .cuda import GraphWriter, fuse
from .names import Names
from .passes import PASSES
from .record import Program
from .source import Writer
from .storage import fixed, pooled

TOLD_APART = ("enable_backprop", "train", "dtype", "validate")  # settings that need separate traces


@dataclass(frozen=True)
class Report:
    """The effect of the passes on a trace.

    Attributes:
        passes: the name of each pass, with the number of calls before and after it.
        calls: the number of remaining calls.
        buffer_bytes: the size of the buffers that are kept from call to call.
        largest_bytes: their size without reuse of memory.
    """

    passes: tuple[tuple[str, int, int], ...]
    calls: int
    buffer_bytes: int
    largest_bytes: int

    def __str__(self) -> str:
        width = max(len(name) for name, _, _ in self.passes)
        lines = [f"{'calls':{width}}  before  after"]
        lines += [f"{name:{width}}  {before:6d}  {after:5d}" for name, before, after in self.passes]
        lines.append(f"{self.calls} calls; buffers of {self.buffer_bytes:,} bytes,")
        lines.append(f"which would be {self.largest_bytes:,} without reuse of memory")
        return "\n".join(lines)


class Trace:
    """One recorded call.

    Args:
        program: the recorded program.
        function: the function that was recorded.
        stand_ins: its array arguments.
        plain: whether all arguments were arrays, by position.
        read: the names that the function reads.

    Attributes:
        source: the code.
        run: the function of the array arguments that the code defines.
        kernels: the kernels of elementwise calls, if such calls are fused.
        fits: a quick test of whether the positional arguments of a call fit the trace.
    """

    def __init__(self, program: Program, function: Any, stand_ins: Any, plain: bool, read: Names) -> None:
        self.program, self.read = program, read
        self.rebound = -1
        passes = []
        for name, run in PASSES:
            before = count_calls(program)
            run(program)
            passes.append((name, before, count_calls(program)))
        self.kernels = []
        if program.base.elementwise is not None:
            before = count_calls(program)
            self.kernels = fuse(program)
            passes.append(("elementwise calls fused", before, count_calls(program)))
        buffers, nbytes = pooled(program)
        largest = sum(value.nbytes for value in buffers)
        self.report = Report(tuple(passes), count_calls(program), nbytes, largest)
        title = getattr(function, "__name__", type(function).__name__)
        kind = Writer if program.base.graphs is None else GraphWriter
        writer = kind(program, fixed(program, buffers), title, stand_ins.names, _head(function, program))
        self.source, self.names = writer.write()
        self.sources = writer.sources
        self.run = _quiet(compiled(title, self.source, self.names, writer.tight(self.source)), program)
        written = {value.root for call in program.calls for value in call.writes}
        self.written = [i for i, value in enumerate(program.arguments) if value in written]
        plain = plain and not stand_ins.variables and not self.written
        self.fits = _fits(stand_ins.leaves, program.claimed) if plain else _never

    def holds(self) -> bool:
        """Whether the objects that it holds by reference are still those that the function would find."""
        program = self.program
        if self.read.changed():
            return False
        for variable, flag in program.flags:
            if variable.requires_grad is not flag:
                return False
        for owner, attribute in program.absent:
            if getattr(owner, attribute) is not None:
                return False
        for value in program.slots:
            owner, attribute = value.path
            found = getattr(owner, attribute)
            found = getattr(found, "_array", found)
            if found is None or (found.shape, found.dtype) != (value.shape, value.dtype):
                return False
        return self.rebound == hooks.rebound or self.could_hold()

    def could_hold(self) -> bool:
        """Whether every object that it was made for is still in place."""
        for owner, attribute, item in self.program.guards:
            if getattr(owner, attribute) is not item:
                return False
        for name, source in self.sources.items():
            self.names[name] = source()  # a new seed makes new streams
        self.rebound = hooks.rebound
        return True

    def overlaps(self, leaves: list[Any]) -> bool:
        """Whether arguments share memory in a way that the recorded order of calls does not allow."""
        if any(_share(leaf, array) for leaf in leaves for array in self.program.claimed):
            return True
        states = [value.array for value in self.program.states]
        return any(
            _share(leaves[i], other)
            for i in self.written
            for other in (*leaves[:i], *leaves[i + 1 :], *states)
        )


def _quiet(run: Callable[..., Any], program: Program) -> Callable[..., Any]:
    """The function without NumPy's warnings.

    Entering a separate context in which they are off is much faster than ``errstate``. User code (a
    hook that is called as a whole) sees the context of its caller.
    """
    if any(call.changes_any for call in program.calls):
        return np.errstate(all="ignore")(run)
    context = contextvars.copy_context()
    context.run(np.seterr, all="ignore")
    return functools.partial(context.run, run)


def count_calls(program: Program) -> int:
    """The number of calls of a program, except views and allocations."""
    return sum(not call.view and call.form != "alloc" for call in program.calls)


def _share(a: Any, b: Any) -> bool:
    return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.may_share_memory(a, b)


def _never(args: Any) -> bool:
    return False


def _fits(leaves: list[Any], claimed: list[Any]) -> Callable[[Any], bool]:
    """A quick test of positional arguments, generated for their number."""
    if not all(hasattr(leaf, "strides") and not isinstance(leaf, np.generic) for leaf in leaves):
        return _never
    names: dict[str, Any] = {"config": config}
    names["free"] = lambda x: not any(_share(x, array) for array in claimed)
    tests = [f"len(args) == {len(leaves)}"]
    for name in TOLD_APART:
        names[name] = getattr(config, name)
        tests.append(f"config.{name} is {name}")
    for i, leaf in enumerate(leaves):
        names[f"shape{i}"], names[f"strides{i}"], names[f"dtype{i}"] = leaf.shape, leaf.strides, leaf.dtype
        names[f"kind{i}"] = type(leaf)
        tests.append(f"(x := args[{i}]).__class__ is kind{i} and x.shape == shape{i}")
        tests.append(f"x.dtype is dtype{i} and x.strides == strides{i}")
        if claimed:
            tests.append("(x.base is None or free(x))")
    found: dict[str, Any] = {}
    exec(f"def fits(args):\n    return ({' and '.join(tests)})", names, found)
    return found["fits"]


def _head(function: Any, program: Program) -> list[str]:
    """The comment above the code."""
    code = getattr(function, "__code__", None)
    name = getattr(function, "__name__", "a function")
    where = f", {os.path.basename(code.co_filename)}:{code.co_firstlineno}" if code else ""
    lines = [f"{name}{where}, as {count_calls(program)} calls."]
    lines += [f"{value.path}: {value.dtype} {list(value.shape)}" for value in program.arguments]
    return lines


__all__ = ["TOLD_APART", "Report", "Trace", "count_calls"]
