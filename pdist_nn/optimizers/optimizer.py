"""The base of all optimizers: packed parameters, hooks, the count of steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from pdist.autograd import Variable, module_of, note_written
from pdist.backend import hooks, library, to_cpu

from ..checks import check_loss
from ..link import Link
from ..parameter import Parameter
from ..serializers import Unknown
from .packs import Pack


class Hyperparameter:
    """A number of an optimizer that may be changed at any time: ``optimizer.alpha = 1e-4``.

    Args:
        default: its value where the constructor is not told another.
        low: the least value allowed.
        below: the value that it must stay under.
    """

    name: str

    def __init__(self, default: float, low: float = 0.0, below: float = math.inf) -> None:
        self.default, self.low, self.below = default, low, below

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, optimizer: Any, owner: type) -> Any:
        if optimizer is None:
            return self
        value = optimizer.hyperparameters[self.name]
        recording = hooks.current()
        if recording is not None:  # a hook that reads it: another number makes another trace
            recording.program.guards.append((optimizer, self.name, value))
            optimizer.watched = True
        return value

    def __set__(self, optimizer: Any, value: Any) -> None:
        number = float(value)
        if not self.low <= number < self.below:
            raise ValueError(
                f"{type(optimizer).__name__}: {self.name} is {value!r}; expected a number of at least "
                f"{self.low:g}" + (f" and below {self.below:g}" if self.below < math.inf else "")
            )
        recording = hooks.current()
        if recording is not None:
            recording.refuse(
                f"{self.name} is set in a traced function: set it outside, or in a hook with on_host"
            )
        if optimizer.watched:
            hooks.array_replaced()
        optimizer.hyperparameters[self.name] = number
        for pack in optimizer.packs:
            pack.hyperparameters[self.name][...] = number


class Optimizer:
    """Base of all optimizers.

    A subclass declares its :class:`Hyperparameter` s, the names of its ``moments``, how many ``scratch``
    arrays it needs, and states its formula in two methods: :meth:`rates`, the numbers of a step, and
    :meth:`step`.

    At :meth:`setup` all parameters of a dtype move into one array, of which their arrays are views from then
    on. A parameter without a gradient is passed over: neither it nor its moments nor its count of steps
    change.

    >>> import numpy as np, pdist_nn
    >>> model = pdist_nn.links.Linear(1, 1, initialW=0.0)
    >>> optimizer = pdist_nn.optimizers.SGD(lr=0.5).setup(model)
    >>> x, y = np.float32([[1]]), np.float32([[3]])
    >>> optimizer.update(lambda: ((model(x) - y) ** 2).sum())
    >>> model.W.array
    array([[3.]], dtype=float32)
    """

    moments: ClassVar[tuple[str, ...]] = ()
    fading: ClassVar[tuple[str, ...]] = ()  # those of the moments that a gradient of 0 makes ever smaller
    scratch: ClassVar[int] = 1
    rate: ClassVar[str] = "lr"  # which hyperparameter a learning-rate schedule changes
    watched = False  # whether a trace was made for one of the hyperparameters' values

    def __init__(self, **hyperparameters: float | None) -> None:
        self.hyperparameters: dict[str, float] = {}
        self.packs: list[Pack] = []
        self.target: Any = None
        self.epoch = 0
        self._hooks: dict[str, Any] = {}
        self._parameters: list[Parameter] | None = None
        self._waiting: list[Parameter] = []  # for their shapes
        self._kept: list[tuple[Parameter, float, dict[str, Any]]] = []  # what a copy knows of parameters
        self._loaded: dict[str, tuple[float, dict[str, Any]]] = {}  # by path: for parameters without shapes
        for base in reversed(type(self).__mro__):
            for name, value in vars(base).items():
                if isinstance(value, Hyperparameter):
                    given = hyperparameters.pop(name, None)
                    setattr(self, name, value.default if given is None else given)
        if hyperparameters:
            known = ", ".join(self.hyperparameters)
            raise TypeError(f"{type(self).__name__}: no argument {min(hyperparameters)!r}; it takes {known}")

    # What a subclass states ---------------------------------------------------------------------------

    def rates(self, t: Any, h: dict[str, Any], dtype: np.dtype) -> tuple[Any, ...]:
        """The numbers of one step, in the parameters' dtype.

        Args:
            t: how many updates the parameters have had, this one included.
            h: the hyperparameters by name: float64 numbers read from their arrays.
            dtype: the parameters' dtype.
        """
        raise NotImplementedError

    def step(self, xp: Any, rates: tuple[Any, ...], p: Any, g: Any, *arrays: Any) -> None:
        """Change parameters ``p`` and moments in place.

        Args:
            xp: ``numpy`` or ``cupy``.
            rates: what :meth:`rates` returned.
            p: parameters, one axis.
            g: their gradients.
            *arrays: moments, then scratch arrays, as declared.
        """
        raise NotImplementedError

    # Life ---------------------------------------------------------------------------------------------

    @property
    def t(self) -> int:
        """How many updates there were: the most that any parameter has had."""
        if self._kept and self.target is not None:
            self._pack()
        return int(max((to_cpu(hooks.seen(run.t)) for pack in self.packs for run in pack.runs), default=0))

    def setup(self, link: Link) -> Any:
        """Take charge of a model's parameters.

        Args:
            link: the model. Parameters whose shape is not known yet join when it is.

        Returns:
            The optimizer.
        """
        if not isinstance(link, Link):
            raise TypeError(f"{type(self).__name__}.setup: expected a Link, got a {type(link).__name__}")
        for inner in link.links():
            inner._refuse_containers()
        if not list(link.params()):
            raise ValueError(
                f"{type(self).__name__}.setup: {type(link).__name__} has no parameters; links and "
                "parameters are "
                "registered when they are assigned to attributes, in `with self.init_scope():` where it "
                "is used"
            )
        self.target = link
        self.packs, self._parameters = [], None
        self._kept, self._loaded = [], {}
        self.epoch = 0
        self._pack()
        return self

    def _pack(self) -> None:
        """Pack the parameters, unless they are; what was known of them before is kept."""
        parameters = self.target._flattened()
        if (
            parameters is self._parameters
            and not any(pack.stale for pack in self.packs)
            and not any(p.is_initialized for p in self._waiting)
        ):
            return
        with hooks.paused():  # it happens once
            self._pack_anew(parameters)

    def _pack_anew(self, parameters: list[Parameter]) -> None:
        self._parameters = parameters
        self._waiting = [p for p in parameters if not p.is_initialized]
        known = self._known()
        self._take_loaded(known)
        self._kept = []
        groups: dict[Any, list[Parameter]] = {}
        for p in parameters:
            if p.is_initialized:
                groups.setdefault((p.dtype.str, p.device), []).append(p)
        self.packs = []
        for group in groups.values():
            pack = Pack(group, self.moments, self.scratch, self.hyperparameters)
            counts = [0.0] * len(group)
            for i, p in enumerate(group):
                if id(p) in known:
                    counts[i], moments = known[id(p)]
                    for name, value in moments.items():
                        if value.shape == p.shape:  # else it was initialized anew
                            pack.views(pack.moments[name])[i][...] = _on(value, pack.xp)
            pack.set_counts(counts)
            self.packs.append(pack)

    def _known(self) -> dict[int, tuple[float, dict[str, Any]]]:
        """By the parameter's id: its count of updates and its moments."""
        known = {id(p): (t, moments) for p, t, moments in self._kept}
        for pack in self.packs:
            views = {name: pack.views(array) for name, array in pack.moments.items()}
            for i, (p, t) in enumerate(zip(pack.parameters, pack.counts(), strict=True)):
                known[id(p)] = (t, {name: arrays[i] for name, arrays in views.items()})
        return known

    def _take_loaded(self, known: dict[int, tuple[float, dict[str, Any]]]) -> None:
        """Use what was loaded for parameters that had no shapes then, as far as they have them now."""
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

    # Copies and pickles: the flat buffers stay; what is known of each parameter goes with it.
    def __getstate__(self) -> dict[str, Any]:
        known = self._known()
        parameters = {id(p): p for p, _, _ in self._kept}
        parameters.update({id(p): p for pack in self.packs for p in pack.parameters})
        kept = [(p, *known[i]) for i, p in parameters.items()]
        kept = [(p, t, {name: value.copy() for name, value in moments.items()}) for p, t, moments in kept]
        state = {name: value for name, value in self.__dict__.items() if name not in ("active", "watched")}
        return {
            **state,
            "hyperparameters": dict(self.hyperparameters),
            "packs": [],
            "_hooks": dict(self._hooks),
            "_parameters": None,
            "_waiting": [],
            "_kept": kept,
            "_loaded": dict(self._loaded),
        }

    def update(self, lossfun: Callable[..., Variable] | None = None, *args: Any, **kwargs: Any) -> None:
        """Change the parameters by one step.

        Args:
            lossfun: a function that returns the loss; it is called with the other arguments and
                differentiated. None uses the gradients that are there.
            *args: arguments of ``lossfun``.
            **kwargs: the same by name.

        Raises:
            RuntimeError: before :meth:`setup`.
            TypeError: where the loss is no Variable.
            ValueError: where it is not a scalar.
        """
        if self.target is None:
            raise RuntimeError(f"{type(self).__name__}.update: call setup(model) first")
        if lossfun is not None:
            loss = check_loss(lossfun(*args, **kwargs), f"{type(self).__name__}.update")
            self.target.cleargrads()
            loss.backward()
            del loss
        self._pack()
        if hooks.running:
            hooks.depends_on(self, "packs")
            hooks.depends_on(self, "_hooks")
        gathered = [(pack, pack.gather()) for pack in self.packs]
        if self._hooks:
            self._call_hooks(gathered)
        for pack, runs in gathered:
            self._update(pack, runs)
            for run in runs:
                note_written(*pack.parameters[run.first : run.last])

    def _update(self, pack: Pack, runs: Any) -> None:
        xp, dtype, step = module_of(pack.array), pack.array.dtype, self.step
        hooks.section(type(self).__name__)
        with np.errstate(all="ignore"):
            for run in runs:
                t, h, blocks = run.t, pack.hyperparameters, run.blocks
                if hooks.running:
                    t = hooks.seen(t, name="t")
                    h = {name: hooks.seen(value, name=name) for name, value in h.items()}
                    names = ("p", "g", *self.moments, *["scratch"] * self.scratch)
                    blocks = [
                        [hooks.seen(a, name=name) for a, name in zip(arrays, names, strict=True)]
                        for arrays in blocks
                    ]
                t += 1
                rates = self.rates(t[()], {name: value[()] for name, value in h.items()}, dtype)
                for arrays in blocks:
                    step(xp, rates, *arrays)
                if self.fading and pack.xp is np:
                    means = [hooks.seen(pack.part(run, name), name=name) for name in self.fading]
                    hooks.effect(run.sweep, means, changes=means)
        hooks.section("")

    # Hooks --------------------------------------------------------------------------------------------

    def add_hook(self, hook: Any, name: str | None = None) -> Any:
        """Call ``hook(optimizer)`` in every update, after the gradients are known and before they are used.

        Args:
            hook: a function of the optimizer; it may change ``optimizer.packs``' gradients (one array for
                many parameters), or each parameter's ``grad``. Where it has a true attribute
                ``call_for_each_param``, it is called with the optimizer and each parameter.
            name: what :meth:`remove_hook` calls it; by default its own ``name``.
        """
        if not callable(hook):
            raise TypeError(f"{type(self).__name__}.add_hook: a {type(hook).__name__} cannot be called")
        name = str(name or getattr(hook, "name", None) or getattr(hook, "__name__", type(hook).__name__))
        if name in self._hooks:
            raise KeyError(f"{type(self).__name__}.add_hook: there is already a hook called {name!r}")
        self._hooks = {**self._hooks, name: hook}
        hooks.array_replaced()
        return self

    def remove_hook(self, name: str) -> None:
        """Take a hook away."""
        self._hooks = {
            known: hook
            for known, hook in self._hooks.items()
            if known != name or self._hooks[name] is not hook
        }
        hooks.array_replaced()

    def call_hooks(self) -> None:
        """Call all hooks now."""
        self._pack()
        self._call_hooks([(pack, pack.gather()) for pack in self.packs])

    def _call_hooks(self, gathered: Any) -> None:
        self.active = gathered
        for p, view in self._active_parameters():
            hooks.assigned(p, "_grad")
            p._grad = view
        for hook in self._hooks.values():
            if hooks.running:
                hooks.reads(hook)
            if getattr(hook, "call_for_each_param", False):
                for p, _ in self._active_parameters():
                    hook(self, p)
            elif getattr(hook, "on_host", False):
                hooks.effect(hook, self)
            else:
                hook(self)
            for p, view in self._active_parameters():
                if p._grad is not view:  # the hook assigned another array
                    view[...] = p.grad
                    p._grad = view
        del self.active

    def _active_parameters(self) -> Iterator[tuple[Parameter, Any]]:
        """The parameters that this update will change, each with its part of the packed gradients."""
        for pack, runs in self.active:
            for run in runs:
                of_run = slice(run.first, run.last)
                views = [hooks.seen(view) for view in pack.grad_views[of_run]]
                yield from zip(pack.parameters[of_run], views, strict=True)

    def active_blocks(self) -> Any:
        """For hooks: the library and the views of parameters and gradients that this update will change."""
        for _, runs in self.active:
            for run in runs:
                for p, g, *_ in run.blocks:
                    yield module_of(p), hooks.seen(p), hooks.seen(g)

    def new_epoch(self) -> None:
        """Count an epoch."""
        self.epoch += 1

    # Files --------------------------------------------------------------------------------------------

    def serialize(self, serializer: Any) -> None:
        """Save or load counts, hyperparameters and moments: see :mod:`pdist_nn.serializers`."""
        self.epoch = serializer("epoch", self.epoch)
        for name, value in list(self.hyperparameters.items()):
            setattr(self, name, serializer(name, value))
        for name, hook in self._hooks.items():
            if hasattr(hook, "serialize"):
                hook.serialize(serializer["hooks"][name])
        if self.target is not None:
            self._pack()
            self._serialize_moments(serializer)

    def _serialize_moments(self, serializer: Any) -> None:
        names = {id(p): path for path, p in reversed(list(self.target.namedparams()))}
        for pack in self.packs:
            counts = pack.counts()
            views = {name: pack.views(array) for name, array in pack.moments.items()}
            for i, p in enumerate(pack.parameters):
                inner = serializer[names[id(p)].lstrip("/")]
                counts[i] = inner("t", counts[i])
                for name, arrays in views.items():
                    found = inner(name, arrays[i])
                    if found is not arrays[i]:
                        arrays[i][...] = _on(found, pack.xp)
            if counts != pack.counts():
                pack.set_counts(counts)
        for p in self.target.params():
            if not p.is_initialized:
                self._serialize_waiting(serializer, names[id(p)], p)

    def _serialize_waiting(self, serializer: Any, path: str, p: Parameter) -> None:
        """Save or load what a parameter without a shape will go on from."""
        inner = serializer[path.lstrip("/")]
        count, moments = self._loaded.pop(path, (0.0, {}))
        count = inner("t", count)
        found = {name: inner(name, moments.get(name, Unknown(p))) for name in self.moments}
        arrays = {n: v for n, v in found.items() if v is not None and not isinstance(v, Unknown)}
        if count or arrays:
            self._loaded[path] = count, arrays

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{n}={v:g}' for n, v in self.hyperparameters.items())})"


def _on(array: Any, xp: Any) -> Any:
    return library(xp).from_host(to_cpu(array))


def move_towards(xp: Any, average: Any, value: Any, share: Any, scratch: Any) -> None:
    """average <- average + share (value - average) in place; ``value`` may be ``scratch`` itself."""
    xp.subtract(value, average, out=scratch)
    xp.multiply(scratch, share, out=scratch)
    xp.add(average, scratch, out=average)
