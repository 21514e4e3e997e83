"""Attributes of a distribution that exist only once its parts are made, which may be later or never."""

from __future__ import annotations

from typing import Any

from ..base.parameters import Part


class Lazy:
    """An attribute of a mixture that exists only once its parts are made."""

    name: str

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        if "_packed" not in instance.__dict__:
            raise AttributeError(f"{owner.__name__} has no {self.name!r} set")
        instance._unpack()
        return instance.__dict__[self.name]


class LazyPart(Lazy, Part):
    """A part that may be made later."""


__all__ = ["Lazy", "LazyPart"]
