"""Dead code: calls whose results are not used."""

from __future__ import annotations

from ..record import Program, Value


def drop_dead(program: Program) -> None:
    """Drop every call that neither makes a value used later nor changes anything visible outside.

    Draws stay, because they advance the random stream; so do writes to external arrays.
    """
    live: set[Value] = set(program.escaping())
    kept = []
    for call in reversed(program.calls):
        wanted = (
            call.form in ("draw", "effect", "check", "assume")
            or any(value.root in live for value in call.outputs)
            or any(value.external or value.root in live for value in call.writes)
        )
        if not wanted:
            continue
        kept.append(call)
        for value in call.outputs:
            if value.root is value:
                live.discard(value)  # its life begins here
        live.update(value.root for value in call.inputs)
        live.update(value.root for value in call.writes)
    program.calls = kept[::-1]
