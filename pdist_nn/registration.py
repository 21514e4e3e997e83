"""The attributes of a link that are parameters, children and persistent values."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import numpy as np

from pdist.backend import hooks

from . import trace_guards as guards
from .parameter import Parameter

_changes = count(1).__next__
_structure = (
    0  # changes whenever any link gains or loses a parameter or child: earlier flattened lists are stale
)

# The internal attributes of a link; its children are further attributes.
BOOKKEEPING = {"name", "_members", "_containers", "_persistent", "_open_scopes", "_scoped", "_flat"}
PLAIN = (list, tuple, dict, set, frozenset, deque)  # containers whose contents no link can register


def is_plain(value: Any) -> bool:
    """Whether a value is a container that may hold links but does not register them."""
    return isinstance(value, PLAIN) or (isinstance(value, np.ndarray) and value.dtype.hasobject)


def restructured() -> int:
    """Record that some link has gained or lost a parameter or child; returns the number of the change."""
    global _structure
    _structure = _changes()
    hooks.array_replaced()
    return _structure


def structure() -> int:
    """The number of the last change."""
    return _structure


class Registry:
    """The base of :class:`pdist_nn.Link`: attributes that are parameters or links are registered."""

    tells_of_attributes = True  # traces are informed of each that is set: see trace_guards
    name: str | None
    _members: dict[str, bool]  # attributes that are parameters or links: assigned inside an init_scope?
    _containers: dict[str, bool]  # likewise for plain containers, which must hold neither
    _persistent: list[str]
    _open_scopes: int
    _scoped: bool  # whether there ever was an init_scope
    _flat: tuple[int, list[Parameter]] | None

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        # Not in __init__, so that a subclass that omits super().__init__() still works.
        self = object.__new__(cls)
        self.__dict__.update(
            name=None,
            _members={},
            _containers={},
            _persistent=[],
            _open_scopes=0,
            _scoped=False,
            _flat=None,
        )
        return self

    @contextmanager
    def init_scope(self) -> Iterator[None]:
        """Inside the block, assigned attributes that are parameters or links are registered."""
        self.__dict__["_scoped"] = True
        self.__dict__["_open_scopes"] += 1
        try:
            yield
        finally:
            self.__dict__["_open_scopes"] -= 1
            restructured()
        self._refuse_containers()

    @property
    def within_init_scope(self) -> bool:
        """Whether an :meth:`init_scope` is open."""
        return self._open_scopes > 0

    def __setattr__(self, name: str, value: Any) -> None:
        if hooks.running:
            guards.note_traced(self, name, value)
        members = self.__dict__["_members"]
        if isinstance(value, (Parameter, Registry)):
            members[name] = self._open_scopes > 0
            if value.name is None:
                value.name = name
            restructured()
        elif name in members:
            del members[name]
            restructured()
        containers = self.__dict__["_containers"]
        if is_plain(value):
            if self._open_scopes > 0:
                self._refuse_container(name, value)
            containers[name] = self._open_scopes > 0
        else:
            containers.pop(name, None)
        object.__setattr__(self, name, value)
        hooks.array_replaced()

    def __delattr__(self, name: str) -> None:
        if self.__dict__["_members"].pop(name, None) is not None:
            restructured()
        self.__dict__["_containers"].pop(name, None)
        if name in self._persistent:
            self._persistent.remove(name)
        object.__delattr__(self, name)
        hooks.array_replaced()

    def add_param(self, name: str, shape: Any = None, initializer: Any = None) -> Parameter:
        """Register a new parameter as the attribute ``name``."""
        with self._adding(name):
            parameter = Parameter(initializer, shape, name=name)
            setattr(self, name, parameter)
        return parameter

    @contextmanager
    def _adding(self, name: str) -> Iterator[None]:
        if name in self.__dict__:
            raise AttributeError(f"{type(self).__name__}: there is already an attribute {name!r}")
        scopes = self._open_scopes
        self.__dict__["_open_scopes"] = 1
        try:
            yield
        finally:
            self.__dict__["_open_scopes"] = scopes

    def add_persistent(self, name: str, value: Any) -> None:
        """Make ``value`` an attribute that is saved, copied and moved with the parameters but not trained."""
        if name in self.__dict__:
            raise AttributeError(f"{type(self).__name__}: there is already an attribute {name!r}")
        setattr(self, name, value)
        self.register_persistent(name)

    def register_persistent(self, name: str) -> None:
        """Save, copy and move the attribute ``name`` with the parameters, although it is not trained.

        Args:
            name: an attribute that holds an array or a number.

        Raises:
            AttributeError: if there is no such attribute.
        """
        if name not in self.__dict__:
            raise AttributeError(f"{type(self).__name__}.register_persistent: there is no attribute {name!r}")
        if name not in self._persistent:
            self._persistent.append(name)

    def _refuse_containers(self) -> None:
        """Raise TypeError if a plain container that counts as registered holds links or parameters."""
        for name, inside in self._containers.items():
            if inside or not self._scoped:
                self._refuse_container(name, self.__dict__[name])

    def _refuse_container(self, name: str, value: Any) -> None:
        found = _first_registrable(value)
        if found is not None:
            kind = "Chain(**links)" if isinstance(value, dict) else "ChainList(*links)"
            advice = f"{kind}" if isinstance(found, Registry) else "add_param, or an attribute of its own"
            raise TypeError(
                f"{type(self).__name__}.{name} is a {type(value).__name__} that holds a "
                f"{type(found).__name__}, which would neither be trained nor saved; write {advice}"
            )

    def _own(self) -> Iterator[tuple[str, Any]]:
        """The registered attributes of this link itself: names with parameters and links."""
        for name, inside in self._members.items():
            if inside or not self._scoped:
                yield name, self.__dict__[name]

    # Copies and pickles have no flattened list, and their own registries.
    def __getstate__(self) -> dict[str, Any]:
        return {
            **self.__dict__,
            "_flat": None,
            "_members": dict(self._members),
            "_containers": dict(self._containers),
            "_persistent": list(self._persistent),
        }


def _first_registrable(value: Any, depth: int = 4) -> Any:
    """The first link or parameter in a plain container or nested ones; None if there is none."""
    items = (
        value.values() if isinstance(value, dict) else value.flat if isinstance(value, np.ndarray) else value
    )
    for item in items:
        if isinstance(item, (Parameter, Registry)):
            return item
        if depth and is_plain(item):
            found = _first_registrable(item, depth - 1)
            if found is not None:
                return found
    return None


__all__ = ["BOOKKEEPING", "Registry", "restructured", "structure"]
