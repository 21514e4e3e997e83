"""The base of all optimizers: hooks, updates, the step count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from pdist.autograd import Variable, module_of, note_written
from pdist.backend import hooks, to_cpu

from ..checks import check_loss
from ..link import Link
from ..parameter import Parameter
from .flat_buffer import FlatBuffer, limit_squares
from .held_parameters import HeldParameters


class Optimizer(HeldParameters):
    """Base of all optimizers.

    A subclass declares each :class:`Hyperparameter` with its default and description, from which constructor
    and docstring are derived; the names of its ``moments`` and the number of ``scratch`` arrays; and defines
    its formula in two methods: :meth:`rates`, the numbers of a step, and :meth:`step`.

    :meth:`setup` moves all parameters of a dtype into one flat buffer, and their arrays become views of it.
    A parameter without a gradient is skipped: neither it nor its moments nor its step count change.

    >>> import numpy as np, pdist_nn
    >>> model = pdist_nn.links.Linear(1, 1, initialW=0.0)
    >>> optimizer = pdist_nn.optimizers.SGD(lr=0.5).setup(model)
    >>> x, y = np.float32([[1]]), np.float32([[3]])
    >>> optimizer.update(lambda: ((model(x) - y) ** 2).sum())
    >>> model.W.array
    array([[3.]], dtype=float32)
    """

    flushed: ClassVar[tuple[str, ...]] = ()  # moments that decay under gradients of 0, until set to 0
    rate: ClassVar[str] = "lr"  # the hyperparameter that a learning-rate schedule changes

    def __init__(self, *values: float | None, **named: float | None) -> None:
        super().__init__(*values, **named)
        self.epoch = 0
        self._hooks: dict[str, Any] = {}

    # Defined by subclasses ----------------------------------------------------------------------------

    def rates(self, t: Any, h: dict[str, Any], dtype: np.dtype) -> tuple[Any, ...]:
        """The numbers of one step, in the parameters' dtype.

        Args:
            t: the number of updates of the parameters, including this one.
            h: the hyperparameters by name: float64 numbers read from their arrays.
            dtype: the parameters' dtype.
        """
        raise NotImplementedError

    def step(self, xp: Any, rates: tuple[Any, ...], p: Any, g: Any, *arrays: Any) -> None:
        """Change parameters ``p`` and moments in place.

        Args:
            xp: ``numpy`` or ``cupy``.
            rates: what :meth:`rates` returned.
            p: parameters, with one axis.
            g: their gradients.
            *arrays: moments, then scratch arrays, as declared.
        """
        raise NotImplementedError

    # Setup and updates --------------------------------------------------------------------------------

    @property
    def t(self) -> int:
        """The number of updates: the maximum over all parameters."""
        if self._kept and self.target is not None:
            self._fill_buffers()
        groups = [group for buffer in self.buffers for group in buffer.groups]
        return int(max((to_cpu(hooks.seen(group.t)) for group in groups), default=0))

    def setup(self, link: Link) -> Any:
        """Take charge of a model's parameters.

        Args:
            link: the model. Parameters whose shape is not known yet are added when it is.

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
                "registered when they are assigned to attributes, in `with self.init_scope():` if it "
                "is used"
            )
        self.target = link
        self._release_all()
        self.epoch = 0
        self._fill_buffers()
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_hooks": dict(self._hooks)}

    def update(self, lossfun: Callable[..., Variable] | None = None, *args: Any, **kwargs: Any) -> None:
        """Change the parameters by one step.

        Args:
            lossfun: a function that returns the loss; it is called with the other arguments and
                differentiated. None uses the existing gradients.
            *args: arguments of ``lossfun``.
            **kwargs: keyword arguments of ``lossfun``.

        Raises:
            RuntimeError: before :meth:`setup`.
            TypeError: if the loss is not a Variable.
            ValueError: if it is not a scalar.
        """
        if self.target is None:
            raise RuntimeError(f"{type(self).__name__}.update: call setup(model) first")
        if lossfun is not None:
            loss = check_loss(lossfun(*args, **kwargs), f"{type(self).__name__}.update")
            self.target.cleargrads()
            loss.backward()
            del loss
        self._fill_buffers()
        if hooks.running:
            hooks.depends_on(self, "buffers")
            hooks.depends_on(self, "_hooks")
        gathered = [(buffer, buffer.gather()) for buffer in self.buffers]
        if self._hooks:
            self._call_hooks(gathered)
        for buffer, groups in gathered:
            self._update(buffer, groups)
            for group in groups:
                note_written(*buffer.parameters[group.first : group.last])

    def _update(self, buffer: FlatBuffer, groups: Any) -> None:
        dtype, step, on_host = buffer.array.dtype, self.step, buffer.xp is np
        hooks.section(type(self).__name__)
        with np.errstate(all="ignore"):
            for group in groups:
                t, h, blocks = group.t, buffer.hyperparameters, group.blocks
                if hooks.running:
                    t, h, blocks = self._as_state(t, h, blocks)
                t += 1
                rates = self.rates(t[()], {name: value[()] for name, value in h.items()}, dtype)
                xp = module_of(t)
                for arrays in blocks:
                    if self.squares:
                        *arrays, room = arrays
                        arrays[1] = _limited(arrays[1], room, on_host)
                    step(xp, rates, *arrays)
                if self.flushed and on_host:
                    means = [hooks.seen(buffer.part(group, n), name=n) for n in self.flushed]
                    hooks.effect(group.flush_denormals, means, changes=means)
        hooks.section("")

    def _as_state(self, t: Any, h: dict[str, Any], blocks: Any) -> tuple[Any, dict[str, Any], Any]:
        """The arrays that an update reads and writes, as state of the current recording."""
        names = ("p", "g", *self.moments, *["scratch"] * self.scratch, *["limited"] * self.squares)
        return (
            hooks.seen(t, name="t"),
            {name: hooks.seen(value, name=name) for name, value in h.items()},
            [[hooks.seen(a, name=name) for a, name in zip(arrays, names, strict=True)] for arrays in blocks],
        )

    # Hooks --------------------------------------------------------------------------------------------

    def add_hook(self, hook: Any, name: str | None = None) -> Any:
        """Call ``hook(optimizer)`` in every update, between the computation and the use of the gradients.

        Args:
            hook: a function of the optimizer; it may change ``buffer.grad`` of the ``optimizer.buffers``, an
                array of many parameters' gradients, or each parameter's ``grad``. If it has a true attribute
                ``call_for_each_param``, it is called with the optimizer and each parameter.
            name: its name for :meth:`remove_hook`; by default its own ``name``.
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
        """Remove a hook."""
        self._hooks = {
            known: hook
            for known, hook in self._hooks.items()
            if known != name or self._hooks[name] is not hook
        }
        hooks.array_replaced()

    def call_hooks(self) -> None:
        """Call all hooks now."""
        self._fill_buffers()
        self._call_hooks([(buffer, buffer.gather()) for buffer in self.buffers])

    def _call_hooks(self, gathered: Any) -> None:
        self.active = gathered
        for p, view in self._active_parameters():
            p.put_gradient(view)
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
                p.bring_gradient(view)
        del self.active

    def _active_parameters(self) -> Iterator[tuple[Parameter, Any]]:
        """The parameters that this update will change, each with its part of the buffer of gradients."""
        for buffer, groups in self.active:
            for group in groups:
                members = slice(group.first, group.last)
                views = [hooks.seen(view) for view in buffer.grad_views[members]]
                yield from zip(buffer.parameters[members], views, strict=True)

    def active_blocks(self) -> Any:
        """For hooks: the library and the views of parameters and gradients that this update will change."""
        for _, groups in self.active:
            for group in groups:
                for p, g, *_ in group.blocks:
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
            self._fill_buffers()
            self._serialize_moments(serializer)


def _limited(g: Any, room: Any, on_host: bool) -> Any:
    """Gradients whose squares are finite: see :func:`limit_squares`.

    In a trace they get separate memory: the gradients themselves are computed directly in the flat buffer,
    and are not changed.
    """
    if not on_host or hooks.current() is None:
        limit_squares(g)
        return g
    np.copyto(room, g)
    hooks.effect(limit_squares, room, changes=[room])  # it inspects values
    return room


def move_towards(xp: Any, average: Any, value: Any, share: Any, scratch: Any) -> None:
    """average <- average + share (value - average) in place; ``value`` may be ``scratch`` itself."""
    xp.subtract(value, average, out=scratch)
    xp.multiply(scratch, share, out=scratch)
    xp.add(average, scratch, out=average)
