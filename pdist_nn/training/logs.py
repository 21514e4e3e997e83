"""Reading of training logs."""

from __future__ import annotations

import json
import os
from typing import Any


def read_log(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The entries of a LogReport's file: one JSON object per line.

    Args:
        path: the file.

    Raises:
        ValueError: if a line is not one; names the line. An unfinished last line of a killed run is
            ignored.
    """
    entries: list[dict[str, Any]] = []
    with open(path, encoding="utf-8") as file:
        lines = file.readlines()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(lines) and not line.endswith("\n"):
                break
            raise ValueError(f"read_log: {os.fspath(path)}, line {number}: {error}") from None
        if not isinstance(entry, dict):
            raise ValueError(
                f"read_log: {os.fspath(path)}, line {number}: expected an object, got {line.strip()!r}"
            )
        entries.append(entry)
    return entries
