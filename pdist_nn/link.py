"""Link, Chain, ChainList, Sequential: models whose parameters are their attributes."""

from __future__ import annotations

import copy as copying
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import numpy as np

from pdist.autograd import Variable, as_variable, config
from pdist.backend import default_library, get_array_module, hooks, library_of, to_cpu, to_gpu
from pdist.distributions import Distribution

from .divergences import divergences_from_standard_normal
from .parameter import Parameter
from .serializers import Unknown

_changes = count(1).__next__
_structure = (
    0  # moves whenever any Link gains or loses a parameter or child: what is flattened before is stale
)


# What a link knows of itself; its children are attributes besides.
BOOKKEEPING = {"name", "_members", "_containers", "_persistent", "_open_scopes", "_scoped", "_flat"}
PLAIN = (list, tuple, dict, set, frozenset)  # containers whose contents no link can register


def _restructured() -> None:
    global _structure
    _structure = _changes()
    hooks.array_replaced()


class Link:
    """A piece of a model: parameters, children and a ``forward`` method.

    Parameters and child links are found by attribute. A link that opens :meth:`init_scope` registers what is
    assigned inside, as Chainer's does, and nothing else (a frozen helper may be assigned outside); a link
    that never opens it registers every :class:`Parameter` and Link among its attributes. Those in a plain
    list or dict would pass unnoticed and are refused: a :class:`ChainList` or :class:`Chain` holds several.

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

    name: str | None
    _members: dict[str, bool]  # attributes that are parameters or links: assigned inside an init_scope?
    _containers: dict[str, bool]  # the same of plain containers, which must hold neither
    _persistent: list[str]
    _open_scopes: int
    _scoped: bool  # whether there ever was an init_scope
    _flat: tuple[int, list[Parameter]] | None

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        # Not in __init__: a subclass that forgets super().__init__() works all the same.
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

    # What it computes ---------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if hooks.running:
            self._depended_on()
        return self.forward(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the link computes when it is called; each class states its own."""
        raise NotImplementedError(f"{type(self).__name__} has no forward method")

    def kl_divergence(self) -> Variable:
        """The sum of the divergences KL(posterior || prior) of all stochastic layers inside, or 0.

        A stochastic layer states its own.
        """
        total, small = None, []
        for layer in _stochastic(self):
            if hooks.running:
                layer._depended_on()
            pairs = layer._small_standard_posteriors()
            if pairs is not None:
                small += pairs
                continue
            term = layer.kl_divergence()
            total = term if total is None else total + term
        if small:
            term = divergences_from_standard_normal(*[loc for loc, _ in small], *[s for _, s in small])
            total = term if total is None else total + term
        if total is None:
            return as_variable(default_library().xp.zeros((), dtype=config.dtype))
        return total

    def _small_standard_posteriors(self) -> list[tuple[Any, Any]] | None:
        """Where its divergence is that of few Normal weights from Normal(0, 1): loc and log_scale of each.

        Those of all layers are summed at once. None where it is another.
        """
        return None

    # Registration -------------------------------------------------------------------------------------

    @contextmanager
    def init_scope(self) -> Iterator[None]:
        """Inside the block, attributes that are parameters or links are registered."""
        self.__dict__["_scoped"] = True
        self.__dict__["_open_scopes"] += 1
        try:
            yield
        finally:
            self.__dict__["_open_scopes"] -= 1
            _restructured()
        self._refuse_containers()

    @property
    def within_init_scope(self) -> bool:
        """Whether an :meth:`init_scope` is open."""
        return self._open_scopes > 0

    def __setattr__(self, name: str, value: Any) -> None:
        if hooks.running:
            self._given(name, value)
        members = self.__dict__["_members"]
        if isinstance(value, (Parameter, Link)):
            members[name] = self._open_scopes > 0
            if value.name is None:
                value.name = name
            _restructured()
        elif name in members:
            del members[name]
            _restructured()
        containers = self.__dict__["_containers"]
        if isinstance(value, PLAIN):
            if self._open_scopes > 0:
                self._refuse_container(name, value)
            containers[name] = self._open_scopes > 0
        else:
            containers.pop(name, None)
        object.__setattr__(self, name, value)
        hooks.array_replaced()

    def __delattr__(self, name: str) -> None:
        if self.__dict__["_members"].pop(name, None) is not None:
            _restructured()
        self.__dict__["_containers"].pop(name, None)
        if name in self._persistent:
            self._persistent.remove(name)
        object.__delattr__(self, name)
        hooks.array_replaced()

    def _depended_on(self) -> None:
        """Tell the recording, if there is one, that other attributes would make another trace."""
        if hooks.current() is not None:
            for name in self.__dict__.keys() - BOOKKEEPING:
                hooks.depends_on(self, name)

    def _given(self, name: str, value: Any) -> None:
        """Refuse to keep an array beyond a recorded call: no later call would change it."""
        recording = hooks.current()
        array = getattr(value, "_array", value)
        if recording is not None and recording.concrete(array) is not array:
            self.__dict__.setdefault(name, None)
            hooks.assigned(self, name)
            recording.refuse(
                f"{type(self).__name__}.{name} is given an array that the traced function computed: return "
                "it, report it, or write into an array that is there"
            )

    def add_param(self, name: str, shape: Any = None, initializer: Any = None) -> Parameter:
        """Register a new parameter under ``name``; it is an attribute from then on."""
        with self._adding(name):
            parameter = Parameter(initializer, shape, name=name)
            setattr(self, name, parameter)
        return parameter

    def add_link(self, name: str, link: Link) -> Link:
        """Register a child link under ``name``; it is an attribute from then on."""
        if not isinstance(link, Link):
            raise TypeError(
                f"{type(self).__name__}.add_link: {name} is a {type(link).__name__}; expected a Link"
            )
        with self._adding(name):
            setattr(self, name, link)
        return link

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
        """Save, copy and move the attribute ``name`` with the parameters, though it is not trained.

        Args:
            name: an attribute that holds an array or a number.

        Raises:
            AttributeError: where there is no such attribute.
        """
        if name not in self.__dict__:
            raise AttributeError(f"{type(self).__name__}.register_persistent: there is no attribute {name!r}")
        if name not in self._persistent:
            self._persistent.append(name)

    def _refuse_containers(self) -> None:
        """Raise TypeError if links or parameters lie in a plain container that counts as registered."""
        for name, inside in self._containers.items():
            if inside or not self._scoped:
                self._refuse_container(name, self.__dict__[name])

    def _refuse_container(self, name: str, value: Any) -> None:
        found = _first_registrable(value)
        if found is not None:
            kind = "Chain(**links)" if isinstance(value, dict) else "ChainList(*links)"
            advice = f"{kind}" if isinstance(found, Link) else "add_param, or an attribute of its own"
            raise TypeError(
                f"{type(self).__name__}.{name} is a {type(value).__name__} that holds a "
                f"{type(found).__name__}, which would neither be trained nor saved; write {advice}"
            )

    def _own(self) -> Iterator[tuple[str, Any]]:
        """The registered attributes of this link alone: names with parameters and links."""
        for name, inside in self._members.items():
            if inside or not self._scoped:
                yield name, self.__dict__[name]

    # What is in it ------------------------------------------------------------------------------------

    def children(self) -> Iterator[Link]:
        """The child links."""
        return (value for _, value in self._named_children())

    def _named_children(self) -> Iterator[tuple[str, Link]]:
        return ((name, value) for name, value in self._own() if isinstance(value, Link))

    def namedlinks(self, skipself: bool = False) -> Iterator[tuple[str, Link]]:
        """All links inside by their path (``/encoder/linear``), this one (``/``) first."""
        if not skipself:
            yield "/", self
        for name, child in self._named_children():
            yield "/" + name, child
            for path, link in child.namedlinks(True):
                yield f"/{name}{path}", link

    def links(self, skipself: bool = False) -> Iterator[Link]:
        """All links inside, this one first."""
        return (link for _, link in self.namedlinks(skipself))

    def namedparams(self, include_uninit: bool = True) -> Iterator[tuple[str, Parameter]]:
        """All parameters inside by their path (``/encoder/linear/W``).

        Args:
            include_uninit: whether those without an array yet are among them.
        """
        for name, value in self._own():
            if isinstance(value, Parameter) and (include_uninit or value.is_initialized):
                yield "/" + name, value
        for name, child in self._named_children():
            for path, parameter in child.namedparams(include_uninit):
                yield f"/{name}{path}", parameter

    def params(self, include_uninit: bool = True) -> Iterator[Parameter]:
        """All parameters inside, each once."""
        return (p for p in self._flattened() if include_uninit or p.is_initialized)

    def _flattened(self) -> list[Parameter]:
        """The distinct parameters, found anew only where some link has changed since."""
        flat = self._flat
        if flat is None or flat[0] != _structure:
            for link in self.links():
                link._refuse_containers()
            flat = (_structure, list({id(p): p for _, p in self.namedparams()}.values()))
            self.__dict__["_flat"] = flat
        return flat[1]

    def persistents(self) -> Iterator[tuple[str, Link, str]]:
        """All persistent values: path, the link that has it and the attribute's name."""
        for path, link in self.namedlinks():
            for name in link._persistent:
                yield f"{path.rstrip('/')}/{name}", link, name

    def count_params(self) -> int:
        """How many numbers its parameters have.

        Raises:
            ValueError: where a parameter's shape is not known yet.
        """
        for path, parameter in self.namedparams():
            if not parameter.is_initialized:
                raise ValueError(f"{type(self).__name__}.count_params: the shape of {path} is not known yet")
        return sum(p.size for p in self.params())

    # Training -----------------------------------------------------------------------------------------

    def cleargrads(self) -> None:
        """Set every parameter's gradient to None."""
        if hooks.running:
            for parameter in self._flattened():
                hooks.assigned(parameter, "_grad")
        for parameter in self._flattened():
            parameter._grad = None

    def addgrads(self, link: Link) -> None:
        """Add the gradients of another link of the same structure to this one's, each once."""
        theirs = dict(link.namedparams())
        pairs = {(id(p), id(theirs[path])): (p, theirs[path]) for path, p in self.namedparams()}
        for parameter, other in pairs.values():
            g = other.grad
            if g is not None:
                parameter._grad = g.copy() if parameter.grad is None else parameter.grad + g

    def disable_update(self) -> None:
        """Freeze it: optimizers pass over its parameters."""
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
        """Take the values of another link's parameters (and persistent values) of the same structure.

        Raises:
            ValueError: where names or shapes differ; nothing is changed then.
        """
        ours, theirs = dict(self.namedparams()), dict(link.namedparams())
        if ours.keys() != theirs.keys():
            odd = ", ".join(sorted(ours.keys() ^ theirs.keys()))
            raise ValueError(f"{type(self).__name__}.copyparams: the links differ in {odd}")
        for path, parameter in ours.items():
            if (
                parameter.is_initialized
                and theirs[path].is_initialized
                and parameter.shape != theirs[path].shape
            ):
                raise ValueError(
                    f"{type(self).__name__}.copyparams: {path} has shape {parameter.shape} here and "
                    f"{theirs[path].shape} there"
                )
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

    def copy(self, mode: str = "share") -> Any:
        """Another link of the same structure.

        Args:
            mode: ``"share"``: its parameters have the same arrays, but gradients of their own;
                ``"copy"``: copies of the arrays; ``"init"``: arrays initialized anew.
        """
        if mode not in ("share", "copy", "init"):
            raise ValueError(
                f"{type(self).__name__}.copy: mode is {mode!r}; expected 'share', 'copy' or 'init'"
            )
        memo: dict[int, Any] = {}
        if mode == "share":
            for parameter in self.params():
                shared = memo[id(parameter)] = copying.copy(parameter)
                shared.packed, shared._grad = None, None
        new = copying.deepcopy(self, memo)
        new.__dict__["name"] = None
        for parameter in new.params() if mode == "init" else ():
            if parameter.is_initialized:
                parameter.initialize(parameter.shape)
                parameter.cleargrad()
        return new

    def repeat(self, n: int, mode: str = "init") -> Sequential:
        """A Sequential of ``n`` copies of this link; ``mode`` as in :meth:`copy`."""
        return Sequential(*(self.copy(mode) for _ in range(n)))

    # Devices ------------------------------------------------------------------------------------------

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

    @property
    def xp(self) -> Any:
        """The array library of its parameters, ``numpy`` or ``cupy``."""
        for parameter in self.params(include_uninit=False):
            return get_array_module(parameter.array)
        return default_library().xp

    @property
    def dtype(self) -> np.dtype:
        """The floating dtype of its parameters; ``config.dtype`` where it has none yet."""
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

    # Copies and pickles carry no flattened list, and registries of their own.
    def __getstate__(self) -> dict[str, Any]:
        return {
            **self.__dict__,
            "_flat": None,
            "_members": dict(self._members),
            "_containers": dict(self._containers),
            "_persistent": list(self._persistent),
        }

    def __repr__(self) -> str:
        lines = [f"({name}): {child!r},".replace("\n", "\n  ") for name, child in self._named_children()]
        head = f"{type(self).__name__}({self.printable()}"
        return head + ("\n  " + "\n  ".join(lines) + "\n)" if lines else ")")

    def printable(self) -> str:
        """What ``repr`` says of it besides its children."""
        return ""


def _stochastic(link: Link, seen: set[int] | None = None) -> Iterator[Link]:
    """The links inside that state their own divergence, each once; what is in these is their affair."""
    seen = set() if seen is None else seen
    for child in link.children():
        if id(child) in seen:
            continue
        seen.add(id(child))
        if type(child).kl_divergence is not Link.kl_divergence:
            yield child
        else:
            yield from _stochastic(child, seen)


def _first_registrable(value: Any, depth: int = 4) -> Any:
    """The first link or parameter in a plain container, those inside it included; None if there is none."""
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, (Parameter, Link)):
            return item
        if depth and isinstance(item, PLAIN):
            found = _first_registrable(item, depth - 1)
            if found is not None:
                return found
    return None


def _like(array: Any, model: Any) -> Any:
    """``array`` on the device of ``model``."""
    theirs, ours = library_of(array), library_of(model)
    if theirs is ours or ours is None:
        return array
    return ours.from_host(to_cpu(array))


class Chain(Link):
    """A link made of named child links: ``chain["l1"]`` is ``chain.l1``.

    Args:
        **links: children to begin with.

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
    """A link made of a list of child links.

    Args:
        *links: children to begin with.
    """

    _list: list[Any]
    _edition: int  # another one after each change of the list: traces made before are of another model

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
        _restructured()
        self.__dict__["_edition"] = _structure

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

    Where a layer returns a distribution and another layer follows, that one gets the layer's
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


def _sample(distribution: Distribution) -> Variable:
    return distribution.sample()


__all__ = ["Chain", "ChainList", "Link", "Sequential"]
