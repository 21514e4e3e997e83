"""The code around each kernel, written out for each op as ``dataclasses`` writes an ``__init__``.

A wrapper that serves every op alike would loop over arguments and unpack settings at each call, at a higher
price than most kernels on small arrays.  What is written here is the same thing with the loops unrolled; it
is compiled when an op is first used, and ``print(pdist.functions.exp.op.source)`` shows it.
"""

from __future__ import annotations

import linecache
from inspect import Parameter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .op import Op

FUNCTION = """\
def {name}({signature}):
{unwrap}
    if {plain}:
        xp = np
    else:
        xp, ({arrays},) = op.coerce([{arrays}], ({given},))
    try:
        result = kernel({call})
    except (ValueError, IndexError) as error:
        raise op.named(error, ({arrays},), {settings}) from None
    if result.__class__ is not ndarray:
        result = np.asarray(result) if xp is np else whole(result)
    out = new(Variable)
    out._array = result
    out._grad = out.name = None
    if ({needed}) and config.enable_backprop and (_dtype := result.dtype).kind == "f":
        out.requires_grad = True
        out._node = node = Node()
        node.op = op
        node.edges = ({edges},)
        node.args = {args}
        node.settings = {settings}
        node.output = {output}
        node.grad = None
        node.shape = result.shape
        node.dtype = _dtype
        node.serial = next_serial()
    else:
        out.requires_grad = False
        out._node = None
    return out
"""

UNWRAP = """\
    if isinstance({x}, Variable):
        {x}_array = {x}._array
        {x}_edge = ({x}._node or {x}) if {x}.requires_grad else None
    else:
        {x}_array, {x}_edge = {x}, None
"""

UNWRAP_WITHOUT_GRADIENT = """\
    {x}_array, {x}_edge = {x}._array if isinstance({x}, Variable) else {x}, None
"""

# A parameter of the kernel may be called g or y; none begins with an underscore.
PULLBACK = """\
def pullback(_F, _edges, _g, _y, _args, _settings):
    {edges}, = _edges
    {arrays}, = _args
    return (
{gradients}
    )
"""

RESERVED = frozenset(
    {"FLOAT32", "FLOAT64", "NUMBERS", "Node", "Variable", "config", "kernel", "ndarray", "new"}
    | {"next_serial", "node", "np", "op", "out", "result", "whole", "xp"}
)


def function(op: Op) -> None:
    """Give the public function of an op its code, in the place of that which asked for it."""
    op.source = _source(op)
    new = _defined(op.name, op.source, op.name, op.function.__globals__)
    op.function.__defaults__, op.function.__kwdefaults__ = new.__defaults__, new.__kwdefaults__
    op.function.__code__ = new.__code__


def pullback(op: Op) -> Any:
    """The function that applies the rules of an op to those of its arguments that need a gradient."""
    rules = {f"rule_{i}": rule.function for i, rule in enumerate(op.rules)}
    return _defined("pullback", _pullback_source(op), f"{op.name}.pullback", rules)


def _defined(function: str, source: str, title: str, names: dict[str, Any]) -> Any:
    """The function that ``source`` defines, with ``names`` as its globals; tracebacks show its lines."""
    file = f"<pdist: {title}>"
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    found: dict[str, Any] = {}
    exec(compile(source, file, "exec", dont_inherit=True), names, found)
    return found[function]


def _source(op: Op) -> str:
    arrays = [f"{x}_array" for x in op.array_names]
    edges = [f"{x}_edge" for x in op.array_names]
    differentiated = [edge for edge, zero in zip(edges, op.zeros, strict=True) if not zero]
    args = [array if keep else edge for array, keep, edge in zip(arrays, op.keep, edges, strict=True)]
    return FUNCTION.format(
        name=op.name,
        signature=", ".join(_signature(op)),
        unwrap="".join(
            (UNWRAP_WITHOUT_GRADIENT if zero else UNWRAP).format(x=x)
            for x, zero in zip(op.array_names, op.zeros, strict=True)
        ).rstrip(),
        plain=_plain(op, arrays),
        arrays=", ".join(arrays),
        given=", ".join(op.array_names),
        call=", ".join(
            [
                "xp",
                *arrays,
                *(name if _positional(p) else f"{name}={name}" for name, p in op.settings.items()),
            ]
        ),
        needed=" or ".join(f"{edge} is not None" for edge in differentiated) or "False",
        edges=", ".join(edges),
        args=f"({', '.join(args)},)" if any(op.keep) else "node.edges",
        settings="{" + ", ".join(f'"{name}": {name}' for name in op.settings) + "}"
        if op.settings
        else "None",
        output="result" if op.keep_y else "None",
    )


def _positional(parameter: Parameter) -> bool:
    return parameter.kind is not Parameter.KEYWORD_ONLY


def _signature(op: Op) -> list[str]:
    """The arrays, then the settings with their defaults."""
    parts, star = list(op.array_names), False
    for name, parameter in op.settings.items():
        if not _positional(parameter) and not star:
            parts, star = [*parts, "*"], True
        if parameter.default is Parameter.empty:
            parts.append(name)
        else:
            parts.append(f"{name}=op.settings[{name!r}].default")
    return parts


def _plain(op: Op, arrays: list[str]) -> str:
    """The condition under which the arrays can go to the kernel as they are: NumPy's, of one floating dtype.

    Where numbers are weak, any argument but one may be a Python number.
    """
    rest = "_dtype is FLOAT64" + (' or _dtype.kind in "iub"' if op.keep_dtype else "")
    cases = []
    for i, leading in enumerate(arrays if op.weak else arrays[:1]):
        tests = [f"{x}.__class__ in NUMBERS" for x in arrays[:i]]
        tests += [f"{leading}.__class__ is ndarray", f"((_dtype := {leading}.dtype) is FLOAT32 or {rest})"]
        for x in arrays[i + 1 :]:
            same = f"{x}.__class__ is ndarray and {x}.dtype is _dtype"
            tests.append(f"({same} or {x}.__class__ in NUMBERS)" if op.weak else same)
        cases.append(" and ".join(tests))
    return cases[0] if len(cases) == 1 else " or ".join(f"({case})" for case in cases)


def _pullback_source(op: Op) -> str:
    lines = []
    for i, (x, rule) in enumerate(zip(op.array_names, op.rules, strict=True)):
        settings = [f'{name}=_settings["{name}"]' for name in rule.settings]
        call = f"rule_{i}({', '.join(['_F', '_g', '_y', *op.array_names, *settings])})"
        gradient = f"None if {x}_edge is None else {call}" if rule.function else "None"
        lines.append(f"        ({x}_edge, {gradient}),")
    return PULLBACK.format(
        edges=", ".join(f"{x}_edge" for x in op.array_names),
        arrays=", ".join(op.array_names),
        gradients="\n".join(lines),
    )
