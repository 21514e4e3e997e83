"""Chain, ChainList, Sequential: links composed of other links."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pdist.autograd import Variable
from pdist.distributions import Distribution

from .link import Link
from .registration import restructured


class Chain(Link):
    """A link with named child links: ``chain["l1"]`` is ``chain.l1``.

    Args:
        **links: the initial children.

    >>> import numpy as np, pdist_nn.links as L
    >>> class Regression(Chain):
    ...     def __init__(self):
    ...         super().__init__()
    ...         with self.init_scope():
    ...             self.l1 = L.Linear(None, 8)
    ...             self.l2 = L.Linear(8, 1)
    ...     def forward(self, x):
    ...         return self.l2(self.l1(x))
    >>> model = Regression()
    >>> model(np.zeros((5, 3), np.float32)).shape
    (5, 1)
    >>> sorted(path for path, _ in model.namedparams())
    ['/l1/W', '/l1/b', '/l2/W', '/l2/b']
    """

    def __init__(self, **links: Link) -> None:
        super().__init__()
        for name, link in links.items():
            self.add_link(name, link)

    def __getitem__(self, name: str) -> Link:
        child = self.__dict__.get(name)
        if isinstance(child, Link) and (self._members[name] or not self._scoped):
            return child
        raise KeyError(f"{type(self).__name__} has no child {name!r}")


class ChainList(Link):
    """A link with a list of child links.

    Args:
        *links: the initial children.
    """

    _list: list[Any]
    _edition: int  # incremented at each change of the list, which invalidates earlier traces

    def __init__(self, *links: Link) -> None:
        super().__init__()
        self.__dict__.update(_list=[], _edition=0)
        self.extend(links)

    def _named_children(self) -> Iterator[tuple[str, Link]]:
        yield from super()._named_children()
        for i, link in enumerate(self._list):
            if isinstance(link, Link):
                yield str(i), link

    def append(self, link: Link) -> None:
        """Add a child at the end."""
        self._check(link)
        self._list.append(link)
        self._renumber(len(self._list) - 1)

    def insert(self, index: int, link: Link) -> None:
        """Add a child before position ``index``."""
        self._check(link)
        self._list.insert(index, link)
        self._renumber(max(index + len(self._list) - 1 if index < 0 else index, 0))

    def add_link(self, link: Link) -> None:  # type: ignore[override]
        """Add a child at the end."""
        self.append(link)

    def extend(self, links: Any) -> None:
        """Add several children at the end."""
        for link in links:
            self.append(link)

    def _check(self, link: Any) -> None:
        if not isinstance(link, Link):
            raise TypeError(f"{type(self).__name__}: expected a Link, got a {type(link).__name__}")

    def _renumber(self, first: int = 0, stop: int | None = None) -> None:
        """Name the children from position ``first`` on after their positions."""
        for i in range(first, len(self._list) if stop is None else stop):
            if isinstance(self._list[i], Link):
                self._list[i].name = str(i)
        self.__dict__["_edition"] = restructured()

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_list": list(self._list)}

    def __getitem__(self, index: Any) -> Any:
        return self._list[index]

    def __setitem__(self, index: int, link: Link) -> None:
        self._check(link)
        self._list[index] = link
        position = range(len(self._list))[index]
        self._renumber(position, position + 1)

    def __delitem__(self, index: Any) -> None:
        del self._list[index]
        self._renumber()

    def __len__(self) -> int:
        return len(self._list)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._list)


class Sequential(ChainList):
    """Layers applied one after the other: links, or plain functions such as ``F.relu``.

    If a layer returns a distribution and another layer follows, the latter gets the former's
    ``convert_to_array(distribution)`` (a sample by default).

    Args:
        *layers: links or functions; the first may take several arguments.

    >>> import numpy as np, pdist.functions as F, pdist_nn.links as L
    >>> model = Sequential(L.Linear(2, 10), F.exp, L.Linear(10, 1))
    >>> model(np.zeros((4, 2), np.float32)).shape
    (4, 1)
    """

    def _check(self, link: Any) -> None:
        if not callable(link):
            raise TypeError(f"Sequential: expected a Link or a function, got a {type(link).__name__}")

    def forward(self, *args: Any) -> Any:
        """Apply the layers."""
        layers = iter(self._list)
        first = next(layers, None)
        if first is None:
            return args[0] if len(args) == 1 else args
        before, value = first, first(*args)
        for layer in layers:
            if isinstance(value, Distribution):
                value = getattr(before, "convert_to_array", _sample)(value)
            before, value = layer, layer(value)
        return value

    def __repr__(self) -> str:
        lines = [
            f"({i}): {layer if isinstance(layer, Link) else getattr(layer, '__name__', layer)},".replace(
                "\n", "\n  "
            )
            for i, layer in enumerate(self._list)
        ]
        return "Sequential(" + ("\n  " + "\n  ".join(lines) + "\n)" if lines else ")")


Link._in_sequence = Sequential  # what repeat returns


def _sample(distribution: Distribution) -> Variable:
    return distribution.sample()


__all__ = ["Chain", "ChainList", "Sequential"]
