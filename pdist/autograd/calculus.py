"""All derivatives as one table: every op, with the rule of each argument as written in the source.

``python -m pdist.autograd`` prints the table of pdist; ``python -m pdist.autograd pdist_nn`` includes another
package.
"""

from __future__ import annotations

import ast
import functools
import inspect
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from .backward import zero
from .op import EVERY_OP, Op


def ops_of(packages: Iterable[str] = ("pdist",)) -> dict[str, list[Op]]:
    """All ops by module, in source order.

    Args:
        packages: whose modules.
    """
    roots, found = tuple(packages), defaultdict(list)
    for op in EVERY_OP:
        module = str(op.kernel.__module__)
        if module.partition(".")[0] in roots:
            found[module].append(op)
    return {module: sorted(found[module], key=_place) for module in sorted(found)}


def _place(op: Op) -> tuple[int, str]:
    code = getattr(inspect.unwrap(op.kernel), "__code__", None)
    return (code.co_firstlineno if code else 0), op.name


def table(packages: Iterable[str] = ("pdist",)) -> str:
    """Every op with its rules, one line per argument, grouped by module.

    Args:
        packages: whose modules; they must have been imported.
    """
    lines: list[str] = []
    shown: dict[Any, str] = {}
    for module, ops in ops_of(packages).items():
        lines += ["", module, "-" * len(module)]
        for op in ops:
            lines += [_heading(op), *_rules(op, shown)]
    return "\n".join(lines[1:]) + "\n"


def _heading(op: Op) -> str:
    arrays = f"*{op.array_names[0]}" if op.variadic else ", ".join(op.array_names)
    return f"{op.name}({'; '.join([arrays, *([', '.join(op.settings)] if op.settings else [])])})"


def _rules(op: Op, shown: dict[Any, str]) -> Iterator[str]:
    """A line for each argument; before it the rule's intermediate steps, if the rule is a function.

    Args:
        op: the op.
        shown: the op where a rule was first shown, by the rule's code.
    """
    width = 1 + max(map(len, op.array_names))
    if op.joint is not None:
        before, result = _parsed(op.joint.function, None)
        yield from _once(op, op.joint.function, before, shown)
        parts = result.elts if isinstance(result, ast.Tuple) else []
        if len(parts) != op.arity or op.variadic or any(isinstance(part, ast.Starred) for part in parts):
            yield f"    {', '.join(op.array_names)}: {_line(result)}"
        else:
            for x, part in zip(op.array_names, parts, strict=True):
                yield f"    {x + ':':{width}} {_line(part)}"
        return
    for x in op.array_names:
        result = "no rule"
        if x in op.rules:
            before, result = _parsed(op.rules[x].function, x)
            yield from _once(op, op.rules[x].function, before, shown)
        yield f"    {x + ':':{width}} {_line(result)}"


def _once(op: Op, function: Any, before: list[str], shown: dict[Any, str]) -> list[str]:
    """A rule's intermediate steps, unless they were shown for another op."""
    if not before:
        return []
    first = shown.setdefault(inspect.unwrap(function).__code__, op.name)
    return before if first == op.name else [f"        as for {first}:"]


def _line(result: Any) -> str:
    text = ast.unparse(result) if isinstance(result, ast.AST) else str(result)
    return " ".join(text.split())


def _parsed(function: Any, x: str | None) -> tuple[list[str], Any]:
    """A rule's intermediate steps, as lines, and what it returns."""
    if function is zero:
        return [], "0"
    function = inspect.unwrap(function)
    code: Any = getattr(function, "__code__", None)
    tree = None if code is None else _source(function.__module__)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call):
            rules = [k.value for k in node.keywords if k.arg == x] if x is not None else node.args
            for rule in rules:
                if isinstance(rule, ast.Lambda) and rule.lineno == code.co_firstlineno:
                    return [], rule.body
        elif isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            *body, last = [n for n in node.body if not _is_docstring(n)]
            lines = [line for statement in body for line in ast.unparse(statement).splitlines()]
            if isinstance(last, ast.Return):
                return [f"        {line}" for line in lines], last.value
    return [], f"{getattr(function, '__name__', function)}{inspect.signature(function)}"


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


@functools.cache
def _source(module: str) -> ast.Module | None:
    """The parsed source of a module; None if there is none."""
    try:
        return ast.parse(inspect.getsource(sys.modules[module]))
    except (KeyError, OSError, TypeError):
        return None


__all__ = ["ops_of", "table"]
