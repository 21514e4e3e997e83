"""Parameter: a Variable that a model owns and an optimizer updates."""

from __future__ import annotations

from typing import Any

import numpy as np

from pdist.autograd import Variable, as_array, note_written
from pdist.autograd.changes import note_replaced
from pdist.autograd.variable import canonical
from pdist.backend import hooks

from . import initializers


class Parameter(Variable):
    """A Variable that a :class:`Link` owns, with the initializer that fills it.

    Its shape may be given later, by :meth:`initialize`: until then ``array`` is None. Once an optimizer is
    set up, its array is a view of the optimizer's flat buffer; assigning ``array`` then copies into it.

    Args:
        initializer: an initializer, a number (every element), or an array (its values and, if ``shape`` is
            None, its shape). None fills with nan, so that omissions are noticed.
        shape: its shape; None defers it, unless ``initializer`` is an array or number. One of the lengths may
            be None until :meth:`complete` sets it.
        name: its name in error messages.

    Attributes:
        initializer: its initializer.
        deferred_shape: its initial shape with a length of None; None if there was none.
        buffer: the optimizer's flat buffer that holds the array; None if there is none.

    >>> w = Parameter(initializers.Constant(2.0))
    >>> w.array is None
    True
    >>> w.initialize((2, 1))
    >>> w.array
    array([[2.],
           [2.]], dtype=float32)
    """

    __slots__ = ("_update_enabled", "buffer", "deferred_shape", "initializer")

    initializer: Any
    deferred_shape: tuple[int | None, ...] | None
    buffer: Any
    _update_enabled: bool

    def __init__(self, initializer: Any = None, shape: Any = None, *, name: str | None = None) -> None:
        self.buffer = self.deferred_shape = None
        self.update_enabled = True
        self.initializer = np.nan if initializer is None else initializer
        self._array = self._node = self._grad = None
        self.name = name
        self.requires_grad = True
        if isinstance(shape, (tuple, list)) and None in shape:
            if shape.count(None) > 1:
                raise ValueError(f"Parameter: shape is {tuple(shape)}; expected one length of None at most")
            self.deferred_shape = tuple(shape)
        elif shape is not None:
            self.initialize(shape)
        elif initializer is not None and not callable(initializer):
            array = as_array(initializer)
            self.initialize(array.shape)

    @property
    def is_initialized(self) -> bool:
        """Whether it has its array yet."""
        return self._array is not None

    @property
    def update_enabled(self) -> bool:
        """False freezes it: optimizers skip it."""
        return self._update_enabled

    @update_enabled.setter
    def update_enabled(self, value: bool) -> None:
        self._update_enabled = value
        hooks.array_replaced()

    def initialize(self, shape: Any) -> None:
        """Fill it for the first time.

        Args:
            shape: a length or a tuple of lengths.
        """
        with hooks.paused():  # it happens once
            array = initializers.generate_array(self.initializer, shape)
        self.release()
        hooks.array_replaced()
        self._array, self._grad = array, None

    def complete(self, length: int) -> None:
        """Fill it for the first time, if one length of its shape is unknown.

        Args:
            length: that length.

        >>> w = Parameter(1.0, (2, None))
        >>> w.complete(3)
        >>> w.shape
        (2, 3)
        """
        if not self.is_initialized and self.deferred_shape is not None:
            self.initialize(tuple(length if n is None else n for n in self.deferred_shape))

    @property
    def array(self) -> Any:
        """The raw array; None before :meth:`initialize`."""
        return None if self._array is None else super().array

    @array.setter
    def array(self, value: Any) -> None:
        value = as_array(value)
        if value.dtype.kind != "f":
            value = value.astype(np.float32 if self._array is None else self._array.dtype)
        initializers.check_floating(f"Parameter{f' {self.name}' if self.name else ''}", value.dtype)
        if value is self._array or (hooks.running and hooks.concrete(value) is self._array):
            note_written(self)  # ``p.array -= step`` has changed it in place already
            return
        if self.buffer is None:
            was = self._array
            note_replaced(self, was is None or (was.shape, was.dtype) == (value.shape, value.dtype))
            hooks.replaces(self, value)
            self._array = value
            return
        if value.shape != self._array.shape:
            raise ValueError(
                f"Parameter{f' {self.name}' if self.name else ''}: an optimizer holds it with shape "
                f"{self._array.shape}; got an array of shape {value.shape}"
            )
        hooks.seen(self._array, self)[...] = value
        note_written(self)

    data = array

    def cleargrad(self) -> None:
        """Forget the gradient: it is None until the next backward pass."""
        if hooks.running:
            hooks.assigned(self, "_grad")
        self._grad = None

    def _move(self, move: Any) -> None:
        if self._array is not None:
            self.release()
            super()._move(move)

    def release(self) -> None:
        """Leave the optimizer's flat buffer; the next update makes a new one."""
        if self.buffer is not None:
            self.buffer.stale = True
            self.buffer = None
            hooks.array_replaced()
            self._array = self._array.copy()

    # For optimizers: its array is part of a flat buffer, and so is its gradient during an update.

    def move_into(self, buffer: Any, view: Any) -> None:
        """Copy the array into ``view``, a part of an optimizer's flat buffer, and use that from then on."""
        self.release()
        view[...] = self._array
        self._array, self.buffer = view, buffer

    def gradient_to_apply(self) -> Any:
        """The gradient from backward passes, an array or Variable; None if there is none or it is frozen."""
        if hooks.running:
            return hooks.read(self, "_grad") if hooks.depends_on(self, "update_enabled") else None
        return self._grad if self._update_enabled else None

    def put_gradient(self, view: Any) -> None:
        """Use ``view``, the part of a flat buffer that contains the gradient, as the gradient."""
        hooks.assigned(self, "_grad")
        self._grad = view

    def bring_gradient(self, view: Any) -> None:
        """Copy a gradient that a hook has assigned since :meth:`put_gradient` into ``view``."""
        if self._grad is not view:
            view[...] = self.grad
            self._grad = view

    def __getstate__(self) -> tuple[Any, ...]:
        return (
            self._array,
            self.grad,
            self.name,
            self.requires_grad,
            self.initializer,
            self.update_enabled,
            self.deferred_shape,
        )

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        array, grad, self.name, self.requires_grad, self.initializer, self.update_enabled = state[:6]
        self.deferred_shape = state[6]
        self._array, self._grad = _canonical(array), _canonical(grad)
        self._node = self.buffer = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        copy = type(self).__new__(type(self))
        memo[id(self)] = copy
        array, grad, *rest = self.__getstate__()
        copy.__setstate__(
            (None if array is None else array.copy(), None if grad is None else grad.copy(), *rest)
        )
        return copy

    def __repr__(self) -> str:
        if self._array is None:
            return f"parameter({f'{self.name}: ' if self.name else ''}shape not known yet)"
        return "parameter" + super().__repr__().removeprefix("variable")


def _canonical(array: Any) -> Any:
    return None if array is None else canonical(array)
