"""The parameters that an optimizer holds, with update counts and moments: in buffers, copies and files."""

from __future__ import annotations

from typing import Any, ClassVar

from pdist.backend import hooks, library, to_cpu

from ..parameter import Parameter
from ..serializers import Unknown
from .flat_buffer import FlatBuffer
from .hyperparameters import Tuned


class HeldParameters(Tuned):
    """The base of optimizers that keeps the parameters of ``target`` in ``buffers``.

    The state of a parameter, its update count and its moments, is kept when other parameters join or leave,
    in copies, and when it is loaded from a file before the parameter has its shape.
    """

    moments: ClassVar[tuple[str, ...]] = ()
    scratch: ClassVar[int] = 1
    squares: ClassVar[bool] = False  # whether a step takes the squares of gradients
    buffers: list[FlatBuffer]

    def __init__(self, *values: float | None, **named: float | None) -> None:
        super().__init__(*values, **named)
        self.target: Any = None
        self._release_all()

    def _release_all(self) -> None:
        self.buffers = []
        self._parameters: list[Parameter] | None = None
        self._waiting: list[Parameter] = []  # for their shapes
        self._kept: list[tuple[Parameter, float, dict[str, Any]]] = []  # the state of parameters in a copy
        self._loaded: dict[str, tuple[float, dict[str, Any]]] = {}  # by path: for parameters without shapes

    def _fill_buffers(self) -> None:
        """Move the parameters into buffers, unless they are already there."""
        parameters = self.target._flattened()
        if (
            parameters is self._parameters
            and not any(buffer.stale for buffer in self.buffers)
            and not any(p.is_initialized for p in self._waiting)
        ):
            return
        with hooks.paused():  # it happens once
            self._fill_anew(parameters)

    def _fill_anew(self, parameters: list[Parameter]) -> None:
        self._parameters = parameters
        self._waiting = [p for p in parameters if not p.is_initialized]
        known = self._known()
        self._take_loaded(known)
        self._kept = []
        alike: dict[Any, list[Parameter]] = {}
        for p in parameters:
            if p.is_initialized:
                alike.setdefault((p.dtype.str, p.device), []).append(p)
        self.buffers = []
        for some in alike.values():
            buffer = FlatBuffer(some, self.moments, self.scratch + self.squares, self.hyperparameters)
            counts = [0.0] * len(some)
            for i, p in enumerate(some):
                if id(p) in known:
                    counts[i], moments = known[id(p)]
                    for name, value in moments.items():
                        if value.shape == p.shape:  # else it was newly initialized
                            buffer.views(buffer.moments[name])[i][...] = _on(value, buffer.xp)
            buffer.set_counts(counts)
            self.buffers.append(buffer)

    def _known(self) -> dict[int, tuple[float, dict[str, Any]]]:
        """By the parameter's id: its update count and its moments."""
        known = {id(p): (t, moments) for p, t, moments in self._kept}
        for buffer in self.buffers:
            views = {name: buffer.views(array) for name, array in buffer.moments.items()}
            for i, (p, t) in enumerate(zip(buffer.parameters, buffer.counts(), strict=True)):
                known[id(p)] = (t, {name: arrays[i] for name, arrays in views.items()})
        return known

    def _take_loaded(self, known: dict[int, tuple[float, dict[str, Any]]]) -> None:
        """Use the loaded state of parameters that had no shapes then, if they have them now."""
        for path, p in self.target.namedparams() if self._loaded else ():
            if p.is_initialized and path in self._loaded:
                t, moments = self._loaded.pop(path)
                for name, value in moments.items():
                    if value.shape != p.shape:
                        raise ValueError(
                            f"{type(self).__name__}: {name} of {path} was loaded with shape {value.shape}; "
                            f"the parameter has shape {p.shape}"
                        )
                known[id(p)] = (t, moments)

    # Copies and pickles do not contain the flat buffers, but the state of each parameter.
    def __getstate__(self) -> dict[str, Any]:
        known = self._known()
        parameters = {id(p): p for p, _, _ in self._kept}
        parameters.update({id(p): p for buffer in self.buffers for p in buffer.parameters})
        kept = [(p, *known[i]) for i, p in parameters.items()]
        kept = [(p, t, {name: value.copy() for name, value in moments.items()}) for p, t, moments in kept]
        state = {name: value for name, value in self.__dict__.items() if name not in ("active", "watched")}
        return {
            **state,
            "hyperparameters": dict(self.hyperparameters),
            "buffers": [],
            "_parameters": None,
            "_waiting": [],
            "_kept": kept,
            "_loaded": dict(self._loaded),
        }

    def _serialize_moments(self, serializer: Any) -> None:
        """Save or load counts and moments by the parameters' paths, each once."""
        names = {id(p): path for path, p in reversed(list(self.target.namedparams()))}
        for buffer in self.buffers:
            counts = buffer.counts()
            views = {name: buffer.views(array) for name, array in buffer.moments.items()}
            for i, p in enumerate(buffer.parameters):
                inner = serializer[names[id(p)].lstrip("/")]
                counts[i] = inner("t", counts[i])
                for name, arrays in views.items():
                    found = inner(name, arrays[i])
                    if found is not arrays[i]:
                        arrays[i][...] = _on(found, buffer.xp)
            if counts != buffer.counts():
                buffer.set_counts(counts)
        for p in self.target.params():
            if not p.is_initialized:
                self._serialize_waiting(serializer, names[id(p)], p)

    def _serialize_waiting(self, serializer: Any, path: str, p: Parameter) -> None:
        """Save or load the state of a parameter that has no shape yet."""
        inner = serializer[path.lstrip("/")]
        count, moments = self._loaded.pop(path, (0.0, {}))
        count = inner("t", count)
        found = {name: inner(name, moments.get(name, Unknown(p))) for name in self.moments}
        arrays = {n: v for n, v in found.items() if v is not None and not isinstance(v, Unknown)}
        if count or arrays:
            self._loaded[path] = count, arrays


def _on(array: Any, xp: Any) -> Any:
    return library(xp).from_host(to_cpu(array))


__all__ = ["HeldParameters"]
