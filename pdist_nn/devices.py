"""Moving a model to another device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pdist.backend import library_of, to_cpu, to_gpu
from pdist.distributions import Distribution


class Movable:
    """The base of :class:`pdist_nn.Link` that moves parameters, persistent arrays and distributions."""

    params: Callable[..., Any]
    links: Callable[..., Any]

    def to_cpu(self) -> Any:
        """Move parameters, persistent arrays and distributions to the host; returns the link."""
        return self._move(to_cpu, lambda movable: movable.to_cpu())

    def to_gpu(self, device: int | None = None) -> Any:
        """Move parameters, persistent arrays and distributions to a CUDA device; returns the link."""
        return self._move(lambda array: to_gpu(array, device), lambda movable: movable.to_gpu(device))

    def to_device(self, device: Any) -> Any:
        """Move to ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or a CUDA device number; returns the link."""
        if device in ("cpu", "@numpy", -1):
            return self.to_cpu()
        number = str(device).removeprefix("cuda").removeprefix("@cupy").lstrip(":")
        return self.to_gpu(int(number) if number else None)

    def _move(self, move_array: Callable[[Any], Any], move: Callable[[Any], Any]) -> Any:
        for parameter in self.params():
            move(parameter)
        for link in self.links():
            for name, value in link.__dict__.items():
                if isinstance(value, Distribution):
                    link.__dict__[name] = move(value)
                elif name in link._persistent and library_of(value) is not None:
                    link.__dict__[name] = move_array(value)
        return self


__all__ = ["Movable"]
