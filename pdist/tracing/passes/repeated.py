"""Common subexpressions: repeated computations are done once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..record import Program, Value, written_roots


def share_repeated(program: Program) -> None:
    """Replace a call that repeats an earlier one, on arguments unchanged in between, by its result.

    A write to any external array may change all of those, because they may overlap. Results that are
    changed in place later are never shared, nor are those that a caller gets.
    """
    changed = written_roots(program.calls)
    private = changed | program.escaping()
    known: dict[Any, tuple[Value, ...]] = {}
    same: dict[Value, Any] = {}
    versions: dict[Value, int] = {}
    outside = 0  # changes with every write to an external array
    calls = []

    def final(value: Value) -> Value:
        while value in same:
            value = same[value]
        return value

    def there(value: Value) -> Any:
        """A stamp of its current contents."""
        value = final(value)
        return (id(value), outside if value.external else versions.get(value.root, 0))

    for call in program.calls:
        if call.form == "check" and call.args[0] is not None:
            looked_at = (call.form, there(call.args[0]))
            if looked_at in known:
                continue  # the first one would have raised an error
            known[looked_at] = ()
        if call.pure and call.outputs and (call.view or not any(v.root in private for v in call.outputs)):
            # Views of the same memory are always the same, whatever its contents.
            stamp = (lambda value: id(final(value))) if call.view else there
            arguments = _key((call.args, call.kwargs), stamp)
            # An ``out`` of another dtype or layout gives another result; a name may refer to several
            # functions.
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
    """A key that distinguishes arguments: values by ``stamp``, containers and constants by their contents."""
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
