"""The fully connected layer."""

from __future__ import annotations

import math
from typing import Any

import pdist.functions as F
from pdist.autograd import Variable, as_variable

from .. import initializers
from ..link import Link
from ..parameter import Parameter


class Linear(Link):
    """y = x W^T + b.

    Args:
        in_size: how many numbers go in; None finds it at the first call. ``Linear(n)`` is ``Linear(None,
            n)``.
        out_size: how many come out.
        nobias: leave b out.
        initialW: initializer, number or array ``[out_size, in_size]``; LeCunNormal by default.
        initial_bias: initializer, number or array ``[out_size]``; 0 by default.

    >>> import numpy as np
    >>> layer = Linear(3, 2, initialW=1.0, initial_bias=0.5)
    >>> layer(np.ones((1, 3), np.float32)).array
    array([[3.5, 3.5]], dtype=float32)
    """

    def __init__(
        self,
        in_size: int | None,
        out_size: int | None = None,
        nobias: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
    ) -> None:
        super().__init__()
        if out_size is None:
            in_size, out_size = None, in_size
        self.in_size, self.out_size = in_size, check_size("Linear", "out_size", out_size)
        with self.init_scope():
            self.W = Parameter(initializers.get_initializer(initialW))
            self.b = None if nobias else Parameter(0.0 if initial_bias is None else initial_bias, (out_size,))
        if in_size is not None:
            self._initialize(check_size("Linear", "in_size", in_size))

    def _initialize(self, in_size: int) -> None:
        self.in_size = in_size
        self.W.initialize((self.out_size, in_size))

    def forward(self, x: Any, n_batch_axes: int = 1) -> Variable:
        """Apply the layer.

        Args:
            x: of shape ``[..., in_size]``; the axes after the first ``n_batch_axes`` count as one.
            n_batch_axes: how many axes are batches.

        Returns:
            A Variable of shape ``x.shape[:n_batch_axes] + (out_size,)``.

        Raises:
            ValueError: where x has another width.
        """
        if not isinstance(x, Variable):
            x = as_variable(x)
        shape = x._array.shape
        if len(shape) != n_batch_axes + 1 or shape[-1] != self.in_size:
            x = self._flatten(x, n_batch_axes)
        return F.linear(x, self.W) if self.b is None else F.linear(x, self.W, self.b)

    def _flatten(self, x: Variable, n_batch_axes: int) -> Variable:
        """``x`` with one axis after the batch axes, of a width that fits."""
        if not 1 <= n_batch_axes <= x.ndim:
            raise ValueError(
                f"Linear{_named(self)}: n_batch_axes is {n_batch_axes}; expected 1 to {x.ndim} for x of "
                f"shape {x.shape}"
            )
        width = math.prod(x.shape[n_batch_axes:])
        if self.in_size is None:
            self._initialize(width)
        if width != self.in_size:
            raise ValueError(
                f"Linear{_named(self)}: x has shape {x.shape}, {width} numbers after {n_batch_axes} batch "
                f"{'axis' if n_batch_axes == 1 else 'axes'}; expected {self.in_size}"
            )
        if x.ndim == n_batch_axes + 1:
            return x
        return F.reshape(x, x.shape[:n_batch_axes] + (width,))

    def serialize(self, serializer: Any) -> None:
        """Save or load W and b; a width not known yet is taken from the file."""
        super().serialize(serializer)
        if self.in_size is None and self.W.is_initialized:
            self.in_size = self.W.shape[1]

    def printable(self) -> str:
        return f"in_size={self.in_size}, out_size={self.out_size}, nobias={self.b is None}"


def _named(link: Link) -> str:
    return f" {link.name!r}" if link.name else ""


def check_size(who: str, name: str, value: Any) -> int:
    """``value`` where it is a positive integer; the error says who asked for it."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < 1:
        raise ValueError(f"{who}: {name} is {value!r}; expected a positive integer")
    return value.__index__()
