"""Common subexpressions: what is computed twice is computed once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..record import Program, Value, written_roots


def share_repeated(program: Program) -> None:
    """Let a call that repeats an earlier one, on arguments that have not changed between, use its result.

    A write to any array that others hold may change all of those, for they may overlap. Results that are
    changed in place later are never shared, nor are those that a caller gets.
    """
    changed = written_roots(program.calls)
    private = changed | program.escaping()
    known: dict[Any, tuple[Value, ...]] = {}
    same: dict[Value, Any] = {}
    versions: dict[Value, int] = {}
    outside = 0  # moves with every write to what others hold
    calls = []

    def final(value: Value) -> Value:
        while value in same:
            value = same[value]
        return value

    def there(value: Value) -> Any:
        """What is there now."""
        value = final(value)
        return (id(value), outside if value.external else versions.get(value.root, 0))

    for call in program.calls:
        if call.form == "check" and call.args[0] is not None:
            looked_at = (call.form, there(call.args[0]))
            if looked_at in known:
                continue  # it would have raised an error before
            known[looked_at] = ()
        if call.pure and call.outputs and (call.view or not any(v.root in private for v in call.outputs)):
            # Views of the same memory are the same at any time, whatever is there.
            stamp = (lambda value: id(final(value))) if call.view else there
            arguments = _key((call.args, call.kwargs), stamp)
            # An ``out`` of another dtype or layout is another result; a name may stand for several functions.
            made = () if call.view else tuple([(v.shape, v.dtype, v.strides) for v in call.outputs])
            function = call.function if call.form in ("opaque", "ufunc") else None
            this = (call.form, call.name, id(function), arguments, made)
            found = known.get(this)
            if found is not None:
                same.update(zip(call.outputs, found, strict=True))
                continue
            known[this] = call.outputs
        for value in call.writes:
            if value.external:
                outside += 1
            else:
                versions[value.root] = versions.get(value.root, 0) + 1
        outside += call.changes_any
        calls.append(call)
    program.calls = calls
    program.replace(same)


def _key(tree: Any, stamp: Callable[[Value], Any]) -> Any:
    """What tells arguments apart: their values by ``stamp``, containers and constants by what they are."""
    kind = tree.__class__
    if kind is Value:
        return stamp(tree)
    if kind is tuple or kind is list:
        return (kind, *[_key(item, stamp) for item in tree])
    if kind is dict:
        return (kind, *[(name, _key(item, stamp)) for name, item in tree.items()])
    if kind is slice:
        return (kind, *[_key(part, stamp) for part in (tree.start, tree.stop, tree.step)])
    try:
        hash(tree)
    except TypeError:
        return id(tree)
    return (kind, repr(tree) if kind is float else tree)
