"""Variable: an array that remembers how it was computed."""

from __future__ import annotations

from collections.abc import Iterator
from sys import getrefcount
from typing import Any

import numpy as np

from ..backend import Array, hooks, library_of, numpy_library, to_cpu, to_gpu
from . import changes
from .backward import accumulate, propagate, seed_of
from .config import force_backprop_mode
from .graph import Node
from .operators import Operators
from .promotion import as_array, canonical, is_supported


class Variable(Operators):
    """An array with a gradient.

    Args:
        array: a floating, integer or bool array of any registered library, or anything that ``numpy.asarray``
            converts to one. It is not copied.
        name: its name in error messages and plots.
        grad: its initial gradient, of the same shape and dtype.
        requires_grad: whether backward passes compute its gradient. By default True for floating arrays.

    Raises:
        TypeError: for object, string, complex and masked arrays.

    >>> import numpy as np
    >>> x = Variable(np.array([1.0, 2.0]))
    >>> y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    array([2., 4.])
    """

    __slots__ = ("__weakref__", "_array", "_grad", "_history", "_node", "name", "requires_grad")
    __hash__ = object.__hash__

    _array: Array
    _grad: Any  # None, an array, or a Variable after backward(enable_double_backprop=True)
    _node: Any  # the Node that computed it; None for a leaf
    _history: changes.History  # only of a leaf whose array was changed or handed out
    name: str | None
    requires_grad: bool

    def __init__(
        self,
        array: Any,
        *,
        name: str | None = None,
        grad: Array | None = None,
        requires_grad: bool | None = None,
    ) -> None:
        self._array = array = as_array(array)
        if hooks.running:
            hooks.wraps(array)
        floating = array.dtype.kind == "f"
        if requires_grad and not floating:
            raise TypeError(
                f"Variable: an array of dtype {array.dtype} cannot have a gradient; expected a floating dtype"
            )
        self.requires_grad = floating if requires_grad is None else requires_grad
        self._node = None
        self._grad = None
        self.name = name
        if grad is not None:
            self.grad = grad

    # Shape, dtype, device -----------------------------------------------------------------------------

    @property
    def array(self) -> Array:
        """The raw array.

        Writing into it, as in ``v.array[...] = 0``, changes values that graphs have saved. A backward pass
        through such a graph raises an error if this is detected. It is not if the array was obtained earlier
        or through another reference, on a device, if only a few of very many elements are changed, or if a
        traced function writes.
        """
        if hooks.running:
            return hooks.seen(self._array, self)
        if self.requires_grad and _references(self) > _ALONE:
            changes.note_handed_out(self)
        return self._array

    @array.setter
    def array(self, value: Any) -> None:
        value = as_array(value)
        if self._node is not None:
            raise ValueError("Variable.array: only a leaf Variable can be given another array")
        if self.requires_grad and value.dtype.kind != "f":
            raise TypeError(
                f"Variable.array{_of(self.name)}: expected a floating dtype, since this Variable requires a "
                f"gradient; got {value.dtype}"
            )
        if value is self._array or (hooks.running and hooks.concrete(value) is self._array):
            changes.note_written(self)  # ``v.array -= step`` has changed it in place already
            return
        fits = value.shape == self._array.shape and value.dtype == self._array.dtype
        changes.note_replaced(self, fits)
        if not fits:
            if hooks.running:
                hooks.assigned(self, "_grad")
            self._grad = None  # it would not fit
        hooks.replaces(self, value)
        self._array = value

    data = array

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's shape."""
        return self._array.shape

    @property
    def dtype(self) -> np.dtype:
        """The array's dtype."""
        return self._array.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._array.size

    @property
    def xp(self) -> Any:
        """The namespace of the array's library, ``numpy`` or ``cupy``."""
        found = library_of(self._array)
        return (found or numpy_library).xp

    @property
    def device(self) -> Any:
        """The name of the array's device: ``'cpu'`` or ``'cuda:0'``."""
        return (library_of(self._array) or numpy_library).device_of(self._array)

    @property
    def creator(self) -> Any:
        """The graph node that computed it; None for a leaf."""
        return self._node

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Iterator[Variable]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d Variable")
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        name = f"{self.name}: " if self.name else ""
        body = np.array2string(to_cpu(self._array), separator=", ", prefix=f"variable({name}")
        suffix = "" if self.dtype == np.float64 or self.dtype.kind in "bi" else f", dtype={self.dtype}"
        return f"variable({name}{body}{suffix})"

    def item(self) -> float:
        """The value of a one-element Variable as a Python number."""
        return self._array.item()

    def __float__(self) -> float:
        return float(self._array.item())

    def __int__(self) -> int:
        return int(self._array.item())

    def __bool__(self) -> bool:
        return bool(self._array)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    # Gradient -----------------------------------------------------------------------------------------

    @property
    def _gradient(self) -> Any:
        """Its own gradient, or the one that a pass stored at the node that computed it."""
        return self._node.grad if self._grad is None and self._node is not None else self._grad

    @property
    def grad(self) -> Array | None:
        """The gradient accumulated by backward passes, a raw array; None if there is none."""
        grad = self._gradient
        if hooks.running and self._node is None:
            grad = hooks.read(self, "_grad")
        return grad._array if isinstance(grad, Variable) else grad

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            if isinstance(value, Variable):
                raise TypeError("Variable.grad: expected an array; a Variable belongs in grad_var")
            self._check_grad(value)
            value = np.asarray(value) if isinstance(value, np.generic) else hooks.whole(value)
        if hooks.running:
            hooks.assigned(self, "_grad")
        self._grad = value

    @property
    def grad_var(self) -> Variable | None:
        """The gradient as a Variable, with its own graph after ``backward(enable_double_backprop=True)``."""
        grad = self._gradient
        if grad is None or isinstance(grad, Variable):
            return grad
        return Variable(grad, requires_grad=False)

    @grad_var.setter
    def grad_var(self, value: Variable | None) -> None:
        if value is not None:
            if not isinstance(value, Variable):
                raise TypeError(f"Variable.grad_var: expected a Variable, got {type(value).__name__}")
            self._check_grad(value)
        self._grad = value

    def _check_grad(self, value: Any) -> None:
        shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
        if shape != self.shape or dtype != self.dtype:
            got = type(value).__name__ if shape is None else f"shape {shape} and dtype {dtype}"
            raise ValueError(
                f"Variable.grad{_of(self.name)}: expected an array of shape {self.shape} and dtype "
                f"{self.dtype}, got {got}"
            )
        found, own = (
            library_of(value._array if isinstance(value, Variable) else value),
            library_of(self._array),
        )
        if found is not own and own is not None and not isinstance(value, np.generic):
            raise TypeError(
                f"Variable.grad{_of(self.name)}: expected an array of {own.name}, got "
                f"{type(value).__name__}; move it with to_cpu or to_gpu"
            )

    def cleargrad(self) -> None:
        """Forget the gradient: it is None until the next backward pass."""
        if hooks.running:
            hooks.assigned(self, "_grad")
        self._grad = None
        if self._node is not None:
            self._node.grad = None

    @np.errstate(all="ignore")  # as a decorator: entered with ``with`` it takes twice the time
    def backward(
        self,
        retain_grad: bool = False,
        enable_double_backprop: bool = False,
        loss_scale: float | None = None,
        retain_graph: bool = False,
    ) -> None:
        """Add to every leaf's ``grad`` the gradient of this Variable, weighted by its own ``grad``.

        Args:
            retain_grad: also set the gradients of intermediate results.
            enable_double_backprop: make the gradients Variables with a graph (``grad_var``), so that they can
                be differentiated again, also with respect to this Variable's own ``grad_var``. Such gradients
                form reference cycles with the leaves; ``cleargrad`` breaks them.
            loss_scale: a factor on the initial gradient.
            retain_graph: keep what the graph saved, so that another backward pass can use it.

        Raises:
            ValueError: if it has more than one element and no ``grad`` was set, or if a previous pass has
                freed the graph.
            RuntimeError: if an array that was saved for the pass has been changed in place since.
        """
        seed = seed_of(self, loss_scale)
        if self._node is None:
            if self._grad is None:
                if hooks.running:
                    hooks.assigned(self, "_grad")
                self._grad = seed.copy()
            return
        on_visit = _retain if retain_grad else None
        if enable_double_backprop:
            seed = as_variable(seed)
            with force_backprop_mode():
                leaves = propagate(((self._node, seed),), from_node, True, None, on_visit)
                accumulate(leaves, seed, from_node, retain_grad)
        else:
            if seed.__class__ is not np.ndarray and isinstance(seed, Variable):
                seed = seed._array
            leaves = propagate(((self._node, seed),), None, retain_graph, None, on_visit)
            accumulate(leaves, seed, None, retain_grad)

    def unchain(self) -> None:
        """Forget how it was computed: it becomes a leaf, also for everything already computed from it."""
        if self._node is not None:
            self._grad = self._gradient
            self._node.cut(self)
            self._node = None

    def unchain_backward(self) -> None:
        """Forget the graph that led here, as in truncated backpropagation through time."""
        if self._node is not None:
            self._node.cut_all()
            self.unchain()

    # Device -------------------------------------------------------------------------------------------

    def to_cpu(self) -> None:
        """Move the array and the gradient to the host."""
        self._move(to_cpu)

    def to_gpu(self, device: int | None = None) -> None:
        """Move the array and the gradient to a CUDA device."""
        self._move(lambda array: to_gpu(array, device))

    def _move(self, move: Any) -> None:
        grad = self.grad
        changes.note_replaced(self, fits=True)
        self._array = move(self._array)
        self._grad = None if grad is None else move(grad)
        self._node = None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self._node is not None or not isinstance(self._array, np.ndarray):
            raise TypeError(
                "a Variable with a graph, or on a device, is not converted to a NumPy array implicitly: "
                "use .array, or pdist.to_cpu(v.array)"
            )
        return np.array(self._array, dtype=dtype, copy=copy)

    # Copies -------------------------------------------------------------------------------------------

    def __getstate__(self) -> tuple[Any, ...]:
        return (self._array, self.grad, self.name, self.requires_grad)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        array, grad, self.name, self.requires_grad = state
        self._array, self._grad = canonical(array), None if grad is None else canonical(grad)
        self._node = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        copy = type(self).__new__(type(self))
        memo[id(self)] = copy
        grad = self.grad
        copy.__setstate__(
            (self._array.copy(), None if grad is None else grad.copy(), self.name, self.requires_grad)
        )
        return copy


def _of(name: str | None) -> str:
    return f" of {name}" if name else ""


def _retain(node: Node, g: Any) -> None:
    node.grad = g


def _references(variable: Variable) -> int:
    """The number of references to the array of a Variable, including graphs that saved it."""
    return getrefcount(variable._array)


def as_variable(value: Any) -> Variable:
    """``value`` itself if it is a Variable, else a Variable that requires no gradient.

    Args:
        value: a Variable, an array, a number, or a nested list of numbers. Python floats take
            ``pdist.config.dtype``.
    """
    if isinstance(value, Variable):
        return value
    if value.__class__ is not np.ndarray or not is_supported(value.dtype):
        value = as_array(value)
    return from_node(value, None)


def to_read(value: Any) -> Any:
    """The raw array of a Variable, without the tracking of ``v.array``; anything else unchanged."""
    return value._array if isinstance(value, Variable) else value


def from_node(array: Array, node: Any) -> Variable:
    """The Variable of an array that ``node`` computed (None: a constant). Skips every check."""
    new = Variable.__new__(Variable)
    new._array = array
    new._node = node
    new._grad = None
    new.name = None
    new.requires_grad = node is not None
    return new


_ALONE = _references(from_node(np.zeros(1), None))  # if there are no others


__all__ = ["Variable", "as_array", "as_variable", "canonical", "from_node", "to_read"]
