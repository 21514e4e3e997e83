"""The fully connected layer."""

from __future__ import annotations

import math
from typing import Any

import pdist.functions as F
from pdist.autograd import Variable, as_variable
from pdist.functions.linear_algebra import affine_map, linear_map

from .. import initializers
from ..checks import check_size
from ..link import Link
from ..parameter import Parameter


class Linear(Link):
    """y = x W^T + b.

    Args:
        in_size: number of inputs; None determines it at the first call. ``Linear(n)`` is ``Linear(None,
            n)``.
        out_size: number of outputs.
        nobias: omit b.
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
            n_batch_axes: number of batch axes.

        Returns:
            A Variable of shape ``x.shape[:n_batch_axes] + (out_size,)``.

        Raises:
            ValueError: if x has another width.
        """
        if not isinstance(x, Variable):
            x = as_variable(x)
        shape = x.shape
        if n_batch_axes == 1 and len(shape) == 2 and shape[1] == self.in_size:
            return linear_map(x, self.W) if self.b is None else affine_map(x, self.W, self.b)
        fit_width(self, shape, n_batch_axes)
        return F.linear(x, self.W, self.b, n_batch_axes)

    def serialize(self, serializer: Any) -> None:
        """Save or load W and b; a width that is not known yet is taken from the file."""
        super().serialize(serializer)
        if self.in_size is None and self.W.is_initialized:
            self.in_size = self.W.shape[1]

    def printable(self) -> str:
        return f"in_size={self.in_size}, out_size={self.out_size}, nobias={self.b is None}"


def fit_width(link: Any, shape: tuple[int, ...], n_batch_axes: int) -> None:
    """Set a layer's unknown input size from inputs of ``shape``; if it is known, check that they fit.

    Raises:
        ValueError: if they do not; names the layer.
    """
    who = f"{type(link).__name__}{f' {link.name!r}' if link.name else ''}"
    if not 1 <= n_batch_axes < len(shape):
        raise ValueError(
            f"{who}: x has shape {shape}, which has no axes of an example after {n_batch_axes} batch axes"
        )
    width = math.prod(shape[n_batch_axes:])
    if link.in_size is None:
        link._initialize(width)
    if width != link.in_size:
        raise ValueError(
            f"{who}: x has shape {shape}, which is {width} numbers an example; expected {link.in_size}"
        )
