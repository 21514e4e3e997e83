"""The code around each kernel, generated for each op as ``dataclasses`` generates an ``__init__``.

A generic wrapper would loop over arguments and unpack settings at each call, at a higher
cost than most kernels on small arrays. The generated code is the same with the loops unrolled.
``compile`` gives an op its public function, which is two lines and exists immediately; the function that it
calls, and the op's pullback, are generated on first use. ``print(pdist.functions.exp.op.source)`` shows all
three.
"""

from __future__ import annotations

import builtins
import linecache
from collections import namedtuple
from collections.abc import Callable, Iterable
from inspect import Parameter
from keyword import iskeyword
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backend import hooks
from .config import config, without_backprop
from .graph import Like, Node, next_serial
from .variable import Variable

if TYPE_CHECKING:
    from .op import Op

ENTRY = """\
def {name}({signature}):
    return {name}_run({passed})
"""

RUN = """\
def {name}_run({parameters}):
{unwrap}
    if {plain} and (not hooks.running or hooks.current() is None):
        xp = np
    else:
        xp, {coerced} = op.coerce({arrays}, {given})
    try:
        result = kernel({call})
    except (ValueError, IndexError) as error:
        raise op.named(error, {arrays}, {settings}) from None
    if result.__class__ is not ndarray:
        result = np.asarray(result) if xp is np else hooks.whole(result)
    out = new(Variable)
    out._array = result
    out._grad = out.name = None
    if {needed} and (not without_backprop or config.enable_backprop) and (dtype := result.dtype).kind == "f":
        out.requires_grad = True
        out._node = node = Node()
        node.op = op
        node.edges = {edges}
        node.args = {args}
        node.settings = {settings}
        node.output = {output}
        node.grad = None
        node.shape = result.shape
        node.dtype = dtype
        node.serial = next_serial()
    else:
        out.requires_grad = False
        out._node = None
    return out
"""

# Comparing classes costs a third of isinstance, which is needed only for subclasses such as Parameter.
UNWRAP = """\
    if (kind := {x}.__class__) is Variable or (kind is not ndarray and isinstance({x}, Variable)):
        {x}_array = {x}._array
        {x}_edge = ({x}._node or {x}) if {x}.requires_grad else None
    else:
        {x}_array, {x}_edge = {x}, None
"""

UNWRAP_WITHOUT_GRADIENT = """\
    {x}_array, {x}_edge = {x}._array if isinstance({x}, Variable) else {x}, None
"""

UNWRAP_ALL = """\
    {x}_arrays = [x._array if isinstance(x, Variable) else x for x in {x}]
    {x}_edges = tuple([(x._node or x) if isinstance(x, Variable) and x.requires_grad else None for x in {x}])
"""

PULLBACK = """\
def pullback(F, edges, g, y, args, settings):
    {edges} = edges
    {args} = args
    return (
{gradients}
    )
"""

JOINT_PULLBACK = """\
def pullback(F, edges, g, y, args, settings):
    {edges} = edges
    {args} = args
    answers = rule({call})
    if len(answers) != {count}:
        raise op.miscounted(len(answers), {count})
    return tuple(zip(edges, answers))
"""

_NAMES: dict[str, Any] = {
    "FLOAT32": np.dtype(np.float32),
    "FLOAT64": np.dtype(np.float64),
    "NUMBERS": (float, int),
    "Node": Node,
    "Like": Like,
    "Variable": Variable,
    "config": config,
    "hooks": hooks,
    "without_backprop": without_backprop,
    "ndarray": np.ndarray,
    "new": object.__new__,
    "next_serial": next_serial,
    "np": np,
}
# Arguments of a kernel with one of these names are renamed in the generated code.
_TAKEN = {
    *_NAMES,
    "args",
    "answers",
    "dtype",
    "edges",
    "error",
    "kernel",
    "needs",
    "node",
    "op",
    "out",
    "result",
}
_TAKEN |= {"rule", "settings", "xp"}


def compile(op: Op) -> Callable[..., Any]:
    """The public function of an op, of the signature of its kernel without ``xp``.

    The rest of its code is generated at its first call, and again if the op gets other rules: see
    ``op.renew``.
    """
    name, entry = _name(op), _entry(op)
    run = f"{name}_run"
    names: dict[str, Any] = {f"{name}_default": p.default for name, p in op.settings.items()}

    def first_run(*args: Any) -> Any:
        op.plan()
        known = {**_NAMES, "op": op, "kernel": op.kernel}
        names[run] = _defined(run, op.name, _run(op), known, after=entry)
        return names[run](*args)

    def first_pullback(*args: Any) -> Any:
        op.plan()
        rules = [(f"rule_{x}", rule.function) for x, rule in op.rules.items()]
        known = (
            dict(rules) if op.joint is None else {"rule": op.joint.function, "needs": _Needs(op), "op": op}
        )
        op.pullback = _defined("pullback", f"{op.name}.pullback", _pullback(op), known)
        return op.pullback(*args)

    def renew() -> None:
        names[run], op.pullback = first_run, first_pullback

    op.renew = renew
    renew()
    return _entry_function(op, entry, names)


def source(op: Op) -> str:
    """All code generated for an op, as text."""
    op.plan()
    return "\n\n".join([_entry(op), _run(op), _pullback(op)])


_entries: dict[str, CodeType] = {}


def _entry_function(op: Op, entry: str, names: dict[str, Any]) -> FunctionType:
    """The function that ``entry`` defines. Entries that differ only in names are compiled once."""
    name = _name(op)
    alike = entry.replace(f"{name}(", "op(", 1).replace(f"{name}_run(", "op_run(", 1)
    if alike not in _entries:
        module = builtins.compile(alike, "", "exec", dont_inherit=True)
        (_entries[alike],) = [part for part in module.co_consts if isinstance(part, CodeType)]
    code = _entries[alike].replace(
        co_name=name, co_qualname=name, co_names=(f"{name}_run",), co_filename=_titled(op.name, entry)
    )
    defaults, by_name = [], {}
    star = op.variadic
    for setting, parameter in op.settings.items():
        star = star or not _positional(parameter)
        if parameter.default is not Parameter.empty and star:
            by_name[setting] = parameter.default
        elif parameter.default is not Parameter.empty:
            defaults.append(parameter.default)
    function = FunctionType(code, names, name, tuple(defaults))
    function.__kwdefaults__ = by_name or None
    return function


def _titled(title: str, text: str) -> str:
    """The name of a virtual file, whose lines are ``text`` in tracebacks."""
    file = f"<pdist: {title}>"
    linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    return file


def _defined(function: str, title: str, text: str, names: dict[str, Any], after: str = "") -> Any:
    """The function that ``text`` defines, with ``names`` as its globals; tracebacks show its lines."""
    if after:
        after += "\n\n"
    file = _titled(title, after + text)
    found: dict[str, Any] = {}
    exec(builtins.compile("\n" * after.count("\n") + text, file, "exec", dont_inherit=True), names, found)
    return found[function]


class _Needs(dict):
    """The ``needs`` objects of a joint rule, by their bools."""

    def __init__(self, op: Op) -> None:
        self.kind = namedtuple("needs", op.array_names)  # type: ignore[misc]

    def __missing__(self, bools: tuple[bool, ...]) -> Any:
        self[bools] = self.kind._make(bools)  # type: ignore[attr-defined]
        return self[bools]


# The parts of the text -------------------------------------------------------------------------------------


def _name(op: Op) -> str:
    """The name of the functions: the op's name, if it is a valid identifier."""
    return op.name if op.name.isidentifier() and not iskeyword(op.name) else "op"


def _local(name: str) -> str:
    """The name of an argument or setting in the code below the public function."""
    return f"{name}_" if name in _TAKEN or name.endswith(("_array", "_arrays", "_edge", "_edges")) else name


def _tuple(parts: Iterable[str]) -> str:
    parts = list(parts)
    return f"({', '.join(parts)}{',' * (len(parts) == 1)})"


def _positional(parameter: Parameter) -> bool:
    return parameter.kind is not Parameter.KEYWORD_ONLY


def _entry(op: Op) -> str:
    arrays = [f"*{op.array_names[0]}"] if op.variadic else list(op.array_names)
    signature, star = arrays, op.variadic
    for name, parameter in op.settings.items():
        if not _positional(parameter) and not star:
            signature, star = [*signature, "*"], True
        default = "" if parameter.default is Parameter.empty else f"={name}_default"
        signature = [*signature, name + default]
    return ENTRY.format(
        name=_name(op), signature=", ".join(signature), passed=", ".join([*op.array_names, *op.settings])
    )


def _run(op: Op) -> str:
    names, settings = [_local(x) for x in op.array_names], [_local(name) for name in op.settings]
    passed = [
        n if _positional(p) else f"{name}={n}"
        for n, (name, p) in zip(settings, op.settings.items(), strict=True)
    ]
    parts = _parts_for_any_number(op, *names) if op.variadic else _parts(op, names)
    return RUN.format(
        name=_name(op),
        parameters=", ".join([*names, *settings]),
        call=", ".join(["xp", *parts.pop("kernel_arrays"), *passed]),
        settings="{"
        + ", ".join(f'"{name}": {n}' for name, n in zip(op.settings, settings, strict=True))
        + "}"
        if settings
        else "None",
        output="result" if op.keep_y else "None",
        **parts,
    )


def _parts(op: Op, names: list[str]) -> dict[str, Any]:
    """The parts of the code that are specific to an op of a fixed number of arrays."""
    arrays, edges = [f"{x}_array" for x in names], [f"{x}_edge" for x in names]
    saved = [
        array if keep else f"{edge} if {edge} is not None else Like({array})" if like else edge
        for array, edge, keep, like in zip(arrays, edges, op.keep, op.likes, strict=True)
    ]
    differentiated = [edge for edge, zero in zip(edges, op.zeros, strict=True) if not zero]
    unwrap = [
        (UNWRAP_WITHOUT_GRADIENT if zero else UNWRAP).format(x=x)
        for x, zero in zip(names, op.zeros, strict=True)
    ]
    return {
        "unwrap": "".join(unwrap).rstrip(),
        "plain": _plain(op, arrays),
        "arrays": _tuple(arrays),
        "coerced": _tuple(arrays),
        "given": _tuple(names),
        "kernel_arrays": arrays,
        "needed": f"({' or '.join(f'{edge} is not None' for edge in differentiated) or 'False'})",
        "edges": _tuple(edges),
        "args": "node.edges" if saved == edges else _tuple(saved),
    }


def _parts_for_any_number(op: Op, x: str) -> dict[str, Any]:
    """The parts of the code that are specific to an op of any number of arrays."""
    like = f"tuple([e if e is not None else Like(a) for e, a in zip({x}_edges, {x}_arrays)])"
    return {
        "unwrap": UNWRAP_ALL.format(x=x).rstrip(),
        "plain": f"op.alike({x}_arrays)",
        "arrays": f"{x}_arrays",
        "coerced": f"{x}_arrays",
        "given": x,
        "kernel_arrays": [f"*{x}_arrays"],
        "needed": f"any([edge is not None for edge in {x}_edges])",
        "edges": f"{x}_edges",
        "args": f"tuple({x}_arrays)" if op.keep[0] else like if op.likes[0] else "node.edges",
    }


def _plain(op: Op, arrays: list[str]) -> str:
    """The condition for passing the arrays to the kernel unchanged: NumPy arrays of one floating dtype.

    If numbers are weak, all arguments except one may be Python numbers.
    """
    others = "dtype is FLOAT64" + (' or dtype.kind in "iub"' if op.keep_dtype else "")
    cases = []
    for i, leading in enumerate(arrays if op.weak else arrays[:1]):
        tests = [f"{x}.__class__ in NUMBERS" for x in arrays[:i]]
        tests += [f"{leading}.__class__ is ndarray", f"((dtype := {leading}.dtype) is FLOAT32 or {others})"]
        for x in arrays[i + 1 :]:
            same = f"{x}.__class__ is ndarray and {x}.dtype is dtype"
            tests.append(f"({same} or {x}.__class__ in NUMBERS)" if op.weak else same)
        cases.append(" and ".join(tests))
    return cases[0] if len(cases) == 1 else f"({' or '.join(f'({case})' for case in cases)})"


def _pullback(op: Op) -> str:
    names = [_local(x) for x in op.array_names]
    whole = _tuple(names) if not op.variadic else names[0]
    if op.joint is not None:
        edges = f"{names[0]}_edges" if op.variadic else _tuple(f"{x}_edge" for x in names)
        count = "len(edges)" if op.variadic else str(op.arity)
        return JOINT_PULLBACK.format(edges=edges, args=whole, call=_call(op, op.joint), count=count)
    lines = []
    for x in op.array_names:
        edge, rule = f"{_local(x)}_edge", op.rules.get(x)
        called = rule is not None and rule.function is not op.zero
        gradient = f"None if {edge} is None else rule_{x}({_call(op, rule)})" if called else "None"
        lines.append(f"        ({edge}, {gradient}),")
    return PULLBACK.format(edges=_tuple(f"{x}_edge" for x in names), args=whole, gradients="\n".join(lines))


def _call(op: Op, rule: Any) -> str:
    """The arguments of a rule, as it names them."""
    return ", ".join(
        [f"{name}={_value(op, name)}" if by_name else _value(op, name) for name, by_name in rule.call]
    )


def _value(op: Op, name: str) -> str:
    if name == "needs":
        edges = f"[edge is not None for edge in {_local(op.array_names[0])}_edges]"
        each = _tuple(f"{_local(x)}_edge is not None" for x in op.array_names)
        return f"tuple({edges})" if op.variadic else f"needs[{each}]"
    if name in op.settings:
        return f'settings["{name}"]'
    return name if name in ("F", "g", "y") else _local(name.removeprefix("like_"))


__all__ = ["compile", "source"]
