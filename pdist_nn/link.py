"""Link: a tree of parameters, which are attributes."""

from __future__ import annotations

import copy as copying
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from pdist.autograd import Variable, config
from pdist.backend import default_library, get_array_module, hooks, library_of, to_cpu

from . import trace_guards as guards
from .bayes import total_divergence
from .devices import Movable
from .parameter import Parameter
from .registration import BOOKKEEPING, Registry, structure
from .serializers import Unknown


class Link(Movable, Registry):
    """A piece of a model: parameters, children and a ``forward`` method.

    Parameters and child links are attributes. A link that opens :meth:`init_scope` registers what is
    assigned inside, as in Chainer, and nothing else (a frozen helper may be assigned outside); a link
    that never opens it registers every :class:`Parameter` and Link among its attributes. Those in a plain
    list or dict would go unnoticed and raise an error: use a :class:`ChainList` or :class:`Chain` instead.

    >>> import numpy as np, pdist_nn
    >>> class Scale(Link):
    ...     def __init__(self, n):
    ...         super().__init__()
    ...         with self.init_scope():
    ...             self.factor = pdist_nn.Parameter(2.0, (n,))
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> link = Scale(3)
    >>> link(np.ones(3, np.float32)).array
    array([2., 2., 2.], dtype=float32)
    >>> dict(link.namedparams()).keys()
    dict_keys(['/factor'])
    """

    _in_sequence: ClassVar[Callable[..., Any]]  # Sequential, which imports Link and registers itself here

    # Computation --------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if hooks.running:
            guards.depends_on_attributes(self, BOOKKEEPING)
        return self.forward(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The computation of the link when it is called; defined by each class."""
        raise NotImplementedError(f"{type(self).__name__} has no forward method")

    def kl_divergence(self) -> Variable:
        """The sum of the divergences KL(posterior || prior) of all stochastic layers inside, or 0.

        A stochastic layer defines its own; one that is used several times counts once.
        """
        return total_divergence(self, Link.kl_divergence)

    def add_link(self, name: str, link: Link) -> Link:
        """Register a child link as the attribute ``name``."""
        if not isinstance(link, Link):
            raise TypeError(
                f"{type(self).__name__}.add_link: {name} is a {type(link).__name__}; expected a Link"
            )
        with self._adding(name):
            setattr(self, name, link)
        return link

    # Contents -----------------------------------------------------------------------------------------

    def children(self) -> Iterator[Link]:
        """The child links."""
        return (value for _, value in self._named_children())

    def _named_children(self) -> Iterator[tuple[str, Link]]:
        return ((name, value) for name, value in self._own() if isinstance(value, Link))

    def namedlinks(self, skipself: bool = False) -> Iterator[tuple[str, Link]]:
        """All links inside by path (``/encoder/linear``), this one (``/``) first.

        A link that is used several times appears under each of its paths.
        """
        return self._walk(skipself)

    def links(self, skipself: bool = False) -> Iterator[Link]:
        """All links inside, each once, this one first."""
        return (link for _, link in self._walk(skipself, once=True))

    def _walk(self, skipself: bool = False, once: bool = False) -> Iterator[tuple[str, Link]]:
        """The links inside by path, depth first; each only once if ``once``.

        Raises:
            ValueError: if a link contains itself; names it.
        """
        if not skipself:
            yield "/", self
        above, met = {id(self)}, {id(self)}
        stack = [("", self, self._named_children())]
        while stack:
            path, link, children = stack[-1]
            name, child = next(children, (None, None))
            if child is None:
                stack.pop()
                above.discard(id(link))
                continue
            path = f"{path}/{name}"
            if id(child) in above:
                raise ValueError(
                    f"{type(self).__name__}: {path}, a {type(child).__name__}, contains itself; register "
                    "parts in init_scope, and assign references to enclosing links outside of it"
                )
            if once and id(child) in met:
                continue
            met.add(id(child))
            above.add(id(child))
            yield path, child
            stack.append((path, child, child._named_children()))

    def namedparams(self, include_uninit: bool = True) -> Iterator[tuple[str, Parameter]]:
        """All parameters inside by path (``/encoder/linear/W``).

        A parameter that is used several times appears under each of its paths; in :meth:`params` once.

        Args:
            include_uninit: whether to include those without an array yet.
        """
        for path, link in self.namedlinks():
            for name, value in link._own():
                if isinstance(value, Parameter) and (include_uninit or value.is_initialized):
                    yield f"{path.rstrip('/')}/{name}", value

    def params(self, include_uninit: bool = True) -> Iterator[Parameter]:
        """All parameters inside, each once."""
        return (p for p in self._flattened() if include_uninit or p.is_initialized)

    def _flattened(self) -> list[Parameter]:
        """The distinct parameters, recomputed only if some link has changed since."""
        flat = self._flat
        if flat is None or flat[0] != structure():
            found: dict[int, Parameter] = {}
            for link in self.links():
                link._refuse_containers()
                found.update({id(p): p for _, p in link._own() if isinstance(p, Parameter)})
            flat = (structure(), list(found.values()))
            self.__dict__["_flat"] = flat
        return flat[1]

    def persistents(self) -> Iterator[tuple[str, Link, str]]:
        """All persistent values: path, the link that owns it and the attribute's name."""
        for path, link in self.namedlinks():
            for name in link._persistent:
                yield f"{path.rstrip('/')}/{name}", link, name

    def count_params(self) -> int:
        """The total number of elements of its parameters.

        Raises:
            ValueError: if a parameter's shape is not known yet.
        """
        if not all(p.is_initialized for p in self.params()):
            path = next(path for path, p in self.namedparams() if not p.is_initialized)
            raise ValueError(f"{type(self).__name__}.count_params: the shape of {path} is not known yet")
        return sum(p.size for p in self.params())

    # Training -----------------------------------------------------------------------------------------

    def cleargrads(self) -> None:
        """Set every parameter's gradient to None."""
        for parameter in self._flattened():
            parameter.cleargrad()

    def addgrads(self, link: Link) -> None:
        """Add the gradients of another link of the same structure to this one's, each once.

        Raises:
            ValueError: if names or shapes differ.
        """
        ours, theirs = self._paths_as_in("addgrads", link)
        pairs = {(id(p), id(theirs[path])): (p, theirs[path]) for path, p in ours.items()}
        for parameter, other in pairs.values():
            g = other.grad
            if g is not None:
                parameter.grad = g.copy() if parameter.grad is None else parameter.grad + g

    def disable_update(self) -> None:
        """Freeze it: optimizers skip its parameters."""
        for parameter in self.params():
            parameter.update_enabled = False

    def enable_update(self) -> None:
        """Undo :meth:`disable_update`."""
        for parameter in self.params():
            parameter.update_enabled = True

    @property
    def update_enabled(self) -> bool:
        """Whether optimizers change any of its parameters."""
        return any(parameter.update_enabled for parameter in self.params())

    # Copies -------------------------------------------------------------------------------------------

    def copyparams(self, link: Link, copy_persistent: bool = True) -> None:
        """Copy the values of the parameters (and persistent values) of another link of the same structure.

        Raises:
            ValueError: if names or shapes differ; nothing is changed then.
        """
        ours, theirs = self._paths_as_in("copyparams", link)
        for path, parameter in ours.items():
            if theirs[path].is_initialized:
                if not parameter.is_initialized:
                    parameter.initialize(theirs[path].shape)
                parameter.array[...] = _like(theirs[path].array, parameter.array)
        if copy_persistent:
            values = {path: getattr(owner, name) for path, owner, name in link.persistents()}
            for path, owner, name in self.persistents():
                if path in values:
                    setattr(owner, name, copying.deepcopy(values[path]))

    def _paths_as_in(self, method: str, link: Link) -> tuple[dict[str, Parameter], dict[str, Parameter]]:
        """The parameters of both links by path.

        Raises:
            ValueError: if names or shapes differ.
        """
        ours, theirs = dict(self.namedparams()), dict(link.namedparams())
        who = f"{type(self).__name__}.{method}"
        if ours.keys() != theirs.keys():
            raise ValueError(f"{who}: the links differ in {', '.join(sorted(ours.keys() ^ theirs.keys()))}")
        for path, p in ours.items():
            other = theirs[path]
            if p.is_initialized and other.is_initialized and p.shape != other.shape:
                raise ValueError(f"{who}: {path} has shape {p.shape} here and {other.shape} there")
        return ours, theirs

    def copy(self, mode: str = "share") -> Any:
        """Another link of the same structure.

        Args:
            mode: ``"share"``: its parameters have the same arrays, but their own gradients;
                ``"copy"``: copies of the arrays; ``"init"``: newly initialized arrays.
        """
        if mode not in ("share", "copy", "init"):
            raise ValueError(
                f"{type(self).__name__}.copy: mode is {mode!r}; expected 'share', 'copy' or 'init'"
            )
        memo: dict[int, Any] = {}
        if mode == "share":
            for parameter in self.params():
                shared = memo[id(parameter)] = copying.copy(parameter)
                shared.cleargrad()
        new = copying.deepcopy(self, memo)
        new.__dict__["name"] = None
        for parameter in new.params() if mode == "init" else ():
            if parameter.is_initialized:
                parameter.initialize(parameter.shape)
                parameter.cleargrad()
        return new

    def repeat(self, n: int, mode: str = "init") -> Any:
        """A Sequential of ``n`` copies of this link; ``mode`` as in :meth:`copy`."""
        return self._in_sequence(*(self.copy(mode) for _ in range(n)))

    # Array library and dtype --------------------------------------------------------------------------

    @property
    def xp(self) -> Any:
        """The array library of its parameters, ``numpy`` or ``cupy``."""
        for parameter in self.params(include_uninit=False):
            return get_array_module(parameter.array)
        return default_library().xp

    @property
    def dtype(self) -> np.dtype:
        """The floating dtype of its parameters; ``config.dtype`` if it has none yet."""
        for parameter in self.params(include_uninit=False):
            return parameter.dtype
        return config.dtype

    # Files --------------------------------------------------------------------------------------------

    def serialize(self, serializer: Any) -> None:
        """Save or load parameters and persistent values: see :mod:`pdist_nn.serializers`."""
        self._refuse_containers()
        for name, value in self._own():
            if isinstance(value, Parameter):
                found = serializer(name, value.array if value.is_initialized else Unknown(value))
                if found is None or found is value.array or isinstance(found, Unknown):
                    continue
                if not value.is_initialized:
                    value.initialize(found.shape)
                value.array = _like(found, value.array)
        for name in self._persistent:
            setattr(self, name, serializer(name, getattr(self, name)))
        for name, child in self._named_children():
            child.serialize(serializer[name])

    def __repr__(self) -> str:
        lines = [f"({name}): {child!r},".replace("\n", "\n  ") for name, child in self._named_children()]
        head = f"{type(self).__name__}({self.printable()}"
        return head + ("\n  " + "\n  ".join(lines) + "\n)" if lines else ")")

    def printable(self) -> str:
        """Its ``repr`` without its children."""
        return ""


def _like(array: Any, model: Any) -> Any:
    """``array`` on the device of ``model``."""
    theirs, ours = library_of(array), library_of(model)
    if theirs is ours or ours is None:
        return array
    return ours.from_host(to_cpu(array))


__all__ = ["BOOKKEEPING", "Link"]
