"""JSON for values that are not arrays: numbers, strings, None, and lists and dicts of these.

Values that would be read back differently raise an error when written, and too deep nesting before parsing.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

MAX_DEPTH = 64  # of nested lists and dicts
MAX_TEXT = 2**24  # characters of a value that is not an array


def to_json(name: str, value: Any) -> str:
    """JSON from which :func:`from_json` restores the same value.

    Args:
        name: its name in errors.
        value: the value.

    Raises:
        TypeError: if it would be read back as a different value.
        ValueError: if it is nested too deep or too long.
    """
    _check_plain(name, value, 0)
    try:
        text = json.dumps(value)
    except ValueError as error:  # an integer of thousands of digits
        raise TypeError(f"save_npz: {name} is a {type(value).__name__}: {error}") from None
    if len(text) > MAX_TEXT:
        raise ValueError(
            f"save_npz: {name} takes {len(text)} characters as JSON; expected at most {MAX_TEXT}: "
            "keep numbers in an array"
        )
    return text


def _check_plain(name: str, value: Any, depth: int) -> None:
    """Raise TypeError if a value would be read back from JSON as a different one; names the entry."""
    if depth > MAX_DEPTH:
        raise ValueError(f"save_npz: {name} is nested more than {MAX_DEPTH} deep")
    kind = type(value)
    if kind is list:
        for i, item in enumerate(value):
            _check_plain(f"{name}[{i}]", item, depth + 1)
    elif kind is dict:
        for key, item in value.items():
            if type(key) is not str:
                raise TypeError(
                    f"save_npz: {name} has the key {key!r}, a {type(key).__name__}; expected strings, since "
                    "others would be loaded as strings"
                )
            _check_plain(f"{name}[{key!r}]", item, depth + 1)
    elif kind is tuple:
        raise TypeError(f"save_npz: {name} is a tuple, which would be loaded as a list; expected a list")
    elif value is not None and kind not in (bool, int, float, str, np.float64):
        raise TypeError(
            f"save_npz: {name} is a {kind.__name__}; expected an array, a number, a string, None, or lists "
            "and dicts of these"
        )


def from_json(name: str, text: str) -> Any:
    """A value from its JSON, which is checked before it is parsed.

    Args:
        name: its name in errors.
        text: the JSON.

    Raises:
        ValueError: if it is nested too deep or not valid JSON.

    >>> from_json("p", to_json("p", {"a": [1, None]}))
    {'a': [1, None]}
    """
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", re.sub(r'"(?:[^"\\]|\\.)*"', "", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH + 1:
            raise ValueError(f"{name}: nested more than {MAX_DEPTH} deep")
    return json.loads(text)


__all__ = ["MAX_DEPTH", "MAX_TEXT", "from_json", "to_json"]
