"""What a transform is: a bijection with its log-determinant, and what follows from these two."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functions as F
from ..autograd import Variable, as_variable
from .supports import Support, real


class Transform:
    """A bijection from one set to another.

    A subclass states ``forward_and_log_det(x)`` and ``inverse_and_log_det(y)``, and where they apply: all
    else follows. :func:`pdist.testing.check_transform` checks it.

    Attributes:
        domain: the set that it maps; its ``event_ndim`` says how many last axes of x belong together.
        codomain: the set that it maps to.
        increasing: of numbers, whether it rises, or falls; None if it does neither, or maps arrays.
        constant: whether the log-determinant is the same for all x.

    >>> import numpy as np
    >>> class Cube(Transform):
    ...     increasing = True
    ...     def forward_and_log_det(self, x):
    ...         return x**3, F.log(3 * x * x)
    ...     def inverse_and_log_det(self, y):
    ...         x = F.sign(y) * abs(y) ** (1 / 3)
    ...         return x, -F.log(3 * x * x)
    >>> Cube().forward(np.array([1.0, 2.0])).array
    array([1., 8.])
    """

    domain: Any = real
    codomain: Any = real
    increasing: Any = None
    constant: Any = False

    def forward_and_log_det(self, x: Any) -> tuple[Variable, Variable]:
        """y, and log |det dy/dx| of the shape of x without the axes of one element of the domain."""
        raise NotImplementedError(f"{type(self).__name__} has no forward_and_log_det")

    def inverse_and_log_det(self, y: Any) -> tuple[Variable, Variable]:
        """x, and log |det dx/dy|, minus the log-determinant at x."""
        raise NotImplementedError(f"{type(self).__name__} has no inverse_and_log_det")

    def forward(self, x: Any) -> Variable:
        """y."""
        with np.errstate(all="ignore"):
            return self.forward_and_log_det(as_variable(x))[0]

    __call__ = forward

    def inverse(self, y: Any) -> Variable:
        """x."""
        with np.errstate(all="ignore"):
            return self.inverse_and_log_det(as_variable(y))[0]

    def forward_log_det(self, x: Any) -> Variable:
        """log |det dy/dx| at x."""
        with np.errstate(all="ignore"):
            return self.forward_and_log_det(as_variable(x))[1]

    def inverse_log_det(self, y: Any) -> Variable:
        """log |det dx/dy| at y."""
        with np.errstate(all="ignore"):
            return self.inverse_and_log_det(as_variable(y))[1]

    @property
    def inv(self) -> Transform:
        """The transform from the codomain to the domain."""
        return Inverse(self)

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of y for an x of a shape."""
        return shape

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of x for a y of a shape."""
        return shape

    def __eq__(self, other: object) -> bool:
        """Whether it is known to be the same map: of the same class, with equal parameters."""
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        ours, theirs = self.__dict__, other.__dict__
        return ours.keys() == theirs.keys() and all(_same(ours[name], theirs[name]) for name in ours)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={_brief(value)}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({inside})"

    def _shape_error(self, what: str, shape: tuple[int, ...], wanted: str) -> ValueError:
        return ValueError(f"{type(self).__name__}: {what} has shape {shape}; expected {wanted}")


class Inverse(Transform):
    """The inverse of a transform.

    Args:
        transform: the one to be turned.

    >>> import numpy as np
    >>> from pdist.transforms import Exp
    >>> Inverse(Exp()).forward(np.array([1.0])).array
    array([0.])
    """

    def __init__(self, transform: Transform) -> None:
        self.transform = transform

    @property
    def domain(self) -> Support:
        """The codomain of what it is the inverse of."""
        return self.transform.codomain

    @property
    def codomain(self) -> Support:
        """The domain of what it is the inverse of."""
        return self.transform.domain

    @property
    def increasing(self) -> bool | None:
        """As what it is the inverse of."""
        return self.transform.increasing

    @property
    def constant(self) -> bool:
        """As what it is the inverse of."""
        return self.transform.constant

    @property
    def inv(self) -> Transform:
        """What it is the inverse of."""
        return self.transform

    def forward_and_log_det(self, x: Any) -> tuple[Variable, Variable]:
        """The other one's inverse."""
        return self.transform.inverse_and_log_det(x)

    def inverse_and_log_det(self, y: Any) -> tuple[Variable, Variable]:
        """The other one's forward map."""
        return self.transform.forward_and_log_det(y)

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The other one's inverse shape."""
        return self.transform.inverse_shape(shape)

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The other one's forward shape."""
        return self.transform.forward_shape(shape)


class Elementwise(Transform):
    """A transform of numbers: a subclass states ``_forward(x)``, ``_inverse(y)`` and ``_log_slope(x)``.

    ``_log_slope_at(y)``, log |dy/dx| as a function of y, may be stated where it has more digits.
    """

    def forward_and_log_det(self, x: Any) -> tuple[Variable, Variable]:
        """f(x), and log |f'(x)|."""
        x = as_variable(x)
        return self._forward(x), self._log_slope(x)

    def inverse_and_log_det(self, y: Any) -> tuple[Variable, Variable]:
        """The x with f(x) = y, and -log |f'(x)|."""
        y = as_variable(y)
        x = self._inverse(y)
        at = getattr(self, "_log_slope_at", None)
        return x, -(self._log_slope(x) if at is None else at(y))

    if False:  # what a subclass states

        def _forward(self, x: Variable) -> Variable: ...
        def _inverse(self, y: Variable) -> Variable: ...
        def _log_slope(self, x: Variable) -> Variable: ...


def summed(log_det: Variable, ndim: int) -> Variable:
    """A log-determinant over ``ndim`` more axes that belong together."""
    return F.sum(log_det, axis=tuple(range(-ndim, 0))) if ndim else log_det


def _same(a: Any, b: Any) -> bool:
    if a is b:
        return True
    if isinstance(a, Variable) and isinstance(b, Variable):
        return a.shape == b.shape and bool((a.array == b.array).all())
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and np.array_equal(a, b)
    return type(a) is type(b) and bool(a == b)


def _brief(value: Any) -> str:
    if isinstance(value, Variable):
        return f"<{value.dtype} {list(value.shape)}>" if value.size > 6 else repr(value.array.tolist())
    return repr(value)
