"""Transforms of vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .. import functions as F
from ..autograd import Variable, as_variable
from .base import Transform
from .supports import Support, open_simplex, real_matrix, real_vector


class Vector(Transform):
    """A transform of vectors of numbers to such."""

    domain = codomain = real_vector


class CumulativeSum(Vector):
    """y_i = x_1 + ... + x_i."""

    constant = True

    def forward_and_log_det(self, x: Any) -> tuple[Variable, Variable]:
        """The running sums, and 0."""
        x = as_variable(x)
        return F.cumsum(x, axis=-1), 0 * x[..., 0]

    def inverse_and_log_det(self, y: Any) -> tuple[Variable, Variable]:
        """The differences, and 0."""
        y = as_variable(y)
        return F.concat([y[..., :1], y[..., 1:] - y[..., :-1]], axis=-1), 0 * y[..., 0]


ordered = Support(
    "ordered numbers",
    lambda xp, x: xp.isfinite(x).all(axis=-1) & (x[..., 1:] > x[..., :-1]).all(axis=-1),
    event_ndim=1,
    inner=lambda xp, x: xp.arange(x.shape[-1]).astype(x.dtype),
    wanted="finite numbers, each greater than the one before",
)


class Ordered(Vector):
    """y_1 = x_1, y_i = y_(i - 1) + e^x_i: to vectors of growing numbers."""

    codomain = ordered

    def forward_and_log_det(self, x: Any) -> tuple[Variable, Variable]:
        """The running sums, and the sum of the logarithms of the steps."""
        x = as_variable(x)
        steps = F.concat([x[..., :1], F.exp(x[..., 1:])], axis=-1)
        return F.cumsum(steps, axis=-1), F.sum(x[..., 1:], axis=-1)

    def inverse_and_log_det(self, y: Any) -> tuple[Variable, Variable]:
        """The logarithms of the differences."""
        y = as_variable(y)
        logs = F.log(y[..., 1:] - y[..., :-1])
        return F.concat([y[..., :1], logs], axis=-1), -F.sum(logs, axis=-1)


class Permute(Vector):
    """y_i = x_(order_i).

    Args:
        order: each of 0, ..., n - 1 once.

    >>> import numpy as np
    >>> Permute([2, 0, 1]).forward(np.array([1.0, 2.0, 3.0])).array
    array([3., 1., 2.])
    """

    constant = True

    def __init__(self, order: Sequence[int]) -> None:
        self.order = [int(i) for i in order]
        if sorted(self.order) != list(range(len(self.order))):
            raise ValueError(f"Permute: order is {list(order)}; expected each of 0, ..., n - 1 once")

    def _moved(self, x: Any, order: list[int]) -> tuple[Variable, Variable]:
        x = as_variable(x)
        if x.shape[-1:] != (len(order),):
            raise self._shape_error("x", x.shape, f"a last axis of length {len(order)}")
        return x[..., order], 0 * x[..., 0]

    def forward_and_log_det(self, x: Any) -> tuple[Variable, Variable]:
        """The elements in that order, and 0."""
        return self._moved(x, self.order)

    def inverse_and_log_det(self, y: Any) -> tuple[Variable, Variable]:
        """The elements where they were, and 0."""
        return self._moved(y, [int(i) for i in np.argsort(self.order)])


class Householder(Vector):
    """The reflection y = x - 2 v (v.x)/(v.v).

    Args:
        v: the vector that is turned around, of shape ``[..., n]``, not 0.
    """

    constant = True

    def __init__(self, v: Any) -> None:
        self.v = as_variable(v)
        if not (self.v.array != 0).any(axis=-1).all():
            raise ValueError(f"Householder: v is {self.v.array}; expected vectors other than 0")

    def forward_and_log_det(self, x: Any) -> tuple[Variable, Variable]:
        """The reflection, and 0."""
        x = as_variable(x)
        unit = self.v / F.sqrt(F.sum(self.v * self.v, axis=-1, keepdims=True))
        along = F.sum(unit * x, axis=-1, keepdims=True)
        return x - 2 * along * unit, 0 * along[..., 0]

    def inverse_and_log_det(self, y: Any) -> tuple[Variable, Variable]:
        """The reflection, and 0: it is its own inverse."""
        return self.forward_and_log_det(y)


class ScaleTriL(Vector):
    """y = loc + L x.

    Args:
        scale_tril: lower triangular matrices L without zeros on the diagonal, of shape ``[..., n, n]``; what
            is above the diagonal is not read.
        loc: of shape ``[..., n]``, or a number; 0 by default.
    """

    constant = True

    def __init__(self, scale_tril: Any, loc: Any = 0.0) -> None:
        self.scale_tril = as_variable(scale_tril)
        self.loc = loc if isinstance(loc, int | float) else as_variable(loc)
        shape = self.scale_tril.shape
        if len(shape) < 2 or shape[-1] != shape[-2]:
            raise self._shape_error("scale_tril", shape, "square matrices")
        if not (self._diagonal().array != 0).all():
            raise ValueError("ScaleTriL: scale_tril has a 0 on its diagonal; expected other numbers")

    def _diagonal(self) -> Variable:
        return F.diagonal(self.scale_tril, axis1=-2, axis2=-1)

    def _log_det(self, x: Variable) -> Variable:
        return F.sum(F.log(abs(self._diagonal())), axis=-1) + 0 * x[..., 0]

    def forward_and_log_det(self, x: Any) -> tuple[Variable, Variable]:
        """loc + L x, and the sum of log |L_ii|."""
        x = as_variable(x)
        y = F.matmul(F.tril(self.scale_tril), x[..., None])[..., 0]
        return self.loc + y, self._log_det(x)

    def inverse_and_log_det(self, y: Any) -> tuple[Variable, Variable]:
        """L^-1 (y - loc)."""
        d = as_variable(y) - self.loc
        return F.solve_triangular(self.scale_tril, d[..., None], lower=True)[..., 0], -self._log_det(d)


class MatvecLU(Vector):
    """y = P L U x for a matrix that is kept as its triangular factors, so that its determinant is at hand.

    Args:
        lower_upper: L, whose ones on the diagonal are not stored, below the diagonal and U on and above it,
            of shape ``[..., n, n]``.
        order: the row of L U x that each element of y is; by default all stay.
    """

    constant = True

    def __init__(self, lower_upper: Any, order: Sequence[int] | None = None) -> None:
        self.lower_upper = as_variable(lower_upper)
        n = self.lower_upper.shape[-1]
        self.order = Permute(range(n) if order is None else order)
        if not (self._diagonal().array != 0).all():
            raise ValueError("MatvecLU: lower_upper has a 0 on its diagonal; expected other numbers")

    def _diagonal(self) -> Variable:
        return F.diagonal(self.lower_upper, axis1=-2, axis2=-1)

    def _parts(self) -> tuple[Variable, Variable]:
        eye = self.lower_upper.xp.eye(self.lower_upper.shape[-1], dtype=self.lower_upper.dtype)
        return F.tril(self.lower_upper, k=-1) + eye, F.triu(self.lower_upper)

    def _log_det(self, x: Variable) -> Variable:
        return F.sum(F.log(abs(self._diagonal())), axis=-1) + 0 * x[..., 0]

    def forward_and_log_det(self, x: Any) -> tuple[Variable, Variable]:
        """P L U x, and the sum of log |U_ii|."""
        x = as_variable(x)
        lower, upper = self._parts()
        return self.order.forward((lower @ (upper @ x[..., None]))[..., 0]), self._log_det(x)

    def inverse_and_log_det(self, y: Any) -> tuple[Variable, Variable]:
        """By two triangular systems."""
        z = self.order.inverse(as_variable(y))
        lower, upper = self._parts()
        half = F.solve_triangular(lower, z[..., None], lower=True)
        return F.solve_triangular(upper, half, lower=False)[..., 0], -self._log_det(z)


# To the simplex ---------------------------------------------------------------------------------------------


class _ToSimplex(Vector):
    """From K - 1 numbers to K probabilities; the volume is that of the first K - 1 of these."""

    codomain = open_simplex

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """One element more."""
        return (*shape[:-1], shape[-1] + 1)

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """One element less."""
        return (*shape[:-1], shape[-1] - 1)


class SoftmaxCentered(_ToSimplex):
    """y = softmax([x, 0]), from K - 1 numbers to K probabilities."""

    def forward_and_log_det(self, x: Any) -> tuple[Variable, Variable]:
        """The softmax, and the sum of log y."""
        x = as_variable(x)
        log_y = F.log_softmax(F.concat([x, 0 * x[..., :1]], axis=-1), axis=-1)
        return F.exp(log_y), F.sum(log_y, axis=-1)

    def inverse_and_log_det(self, y: Any) -> tuple[Variable, Variable]:
        """The logarithms, less the last one."""
        log_y = F.log(as_variable(y))
        return log_y[..., :-1] - log_y[..., -1:], -F.sum(log_y, axis=-1)


class StickBreaking(_ToSimplex):
    """Breaks a stick of the length 1: y_i is the share sigmoid(x_i - log(K - i)) of what is left.

    Zeros give K equal parts.
    """

    def _offset(self, x: Variable, n: int) -> Any:
        return x.xp.log(x.xp.arange(n, 0, -1, dtype=x.dtype))

    def forward_and_log_det(self, x: Any) -> tuple[Variable, Variable]:
        """The parts, and the sum of log y_i and of the logarithm of what is left after it, as a share."""
        x = as_variable(x)
        x = x - self._offset(x, x.shape[-1])
        left = F.cumsum(F.log_sigmoid(-x), axis=-1)  # logarithms of what is left after each
        before = F.concat([0 * left[..., :1], left[..., :-1]], axis=-1)
        log_parts = before + F.log_sigmoid(x)
        y = F.exp(F.concat([log_parts, left[..., -1:]], axis=-1))
        return y, F.sum(log_parts + F.log_sigmoid(-x), axis=-1)

    def inverse_and_log_det(self, y: Any) -> tuple[Variable, Variable]:
        """From sums of what is left, which do not cancel."""
        y = as_variable(y)
        left = F.log(F.flip(F.cumsum(F.flip(y, -1), axis=-1), -1))  # before each part
        log_y = F.log(y[..., :-1])
        x = log_y - left[..., 1:]
        log_det = F.sum(log_y + left[..., 1:] - left[..., :-1], axis=-1)
        return x + self._offset(y, x.shape[-1]), -log_det


class Reshape(Transform):
    """Arrays of one shape as arrays of another.

    Args:
        given: the shape of x, one element of the domain.
        wanted: that of y, of as many numbers.
    """

    constant = True

    def __init__(self, given: Sequence[int], wanted: Sequence[int]) -> None:
        self.given, self.wanted = tuple(map(int, given)), tuple(map(int, wanted))
        if math.prod(self.given) != math.prod(self.wanted):
            raise ValueError(f"Reshape: {self.given} and {self.wanted} are of different sizes")

    @property
    def domain(self) -> Support:
        """Arrays of the one shape."""
        return _arrays(len(self.given))

    @property
    def codomain(self) -> Support:
        """Arrays of the other shape."""
        return _arrays(len(self.wanted))

    def _moved(self, x: Any, given: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[Variable, Variable]:
        x = as_variable(x)
        lead = x.shape[: x.ndim - len(given)]
        if x.shape[len(lead) :] != given:
            raise self._shape_error("x", x.shape, f"last axes {given}")
        axes = tuple(range(-len(given), 0))
        return x.reshape(lead + wanted), 0 * F.sum(x, axis=axes) if axes else 0 * x

    def forward_and_log_det(self, x: Any) -> tuple[Variable, Variable]:
        """The other shape, and 0."""
        return self._moved(x, self.given, self.wanted)

    def inverse_and_log_det(self, y: Any) -> tuple[Variable, Variable]:
        """The first shape, and 0."""
        return self._moved(y, self.wanted, self.given)

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The other shape at the end."""
        return (*shape[: len(shape) - len(self.given)], *self.wanted)

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The first shape at the end."""
        return (*shape[: len(shape) - len(self.wanted)], *self.given)


def _arrays(ndim: int) -> Support:
    """Finite arrays of that many axes."""
    from .supports import real

    return replace({0: real, 1: real_vector, 2: real_matrix}.get(ndim, real.over(ndim)))


__all__ = [
    "CumulativeSum",
    "Householder",
    "MatvecLU",
    "Ordered",
    "Permute",
    "Reshape",
    "ScaleTriL",
    "SoftmaxCentered",
    "StickBreaking",
]
