"""Vectors about a location whose spread is a triangular matrix: what Normals and Student's t share."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...transforms.matrix_supports import cholesky_factor
from ...transforms.supports import real, real_vector
from ..base.distribution import Distribution
from ..base.parameters import Param

# Triangular matrices ----------------------------------------------------------------------------------------
#
# A batch of matrices [*batch, n, n] and vectors [*sample, *batch, n]: the samples become columns, so that
# each matrix is read once.


def _by_columns(matrix: Variable, x: Variable, product: Any) -> Variable:
    """product(matrix, columns) for vectors on the last axis of x."""
    batch, lead, n = matrix.shape[:-2], x.shape[:-1], x.shape[-1]
    own = len(lead) - len(batch)
    if own < 0 or lead[own:] != batch or math.prod(lead) == 0:  # they broadcast against each other
        return product(matrix, x[..., None])[..., 0]
    if not own:
        return product(matrix, x[..., None])[..., 0]
    columns = F.moveaxis(x.reshape((math.prod(lead[:own]), *batch, n)), 0, -1)
    y = F.moveaxis(product(matrix, columns), -1, 0)
    return y.reshape((*lead, y.shape[-1]))


def through(tril: Variable, z: Variable) -> Variable:
    """L z."""
    return _by_columns(tril, z, F.matmul)


def whitened(tril: Variable, d: Variable) -> Variable:
    """L^-1 d."""
    return _by_columns(tril, d, lambda a, b: F.solve_triangular(a, b, lower=True))


def log_diagonal(tril: Variable) -> Variable:
    """The logarithm of the determinant of L."""
    return F.sum(F.log(F.diagonal(tril, axis1=-2, axis2=-1)), axis=-1)


def transposed(a: Variable) -> Variable:
    """The transposes of matrices."""
    return F.swapaxes(a, -1, -2)


def inverse_of(tril: Variable) -> Variable:
    """L^-1."""
    eye = tril.xp.eye(tril.shape[-1], dtype=tril.dtype)
    return F.solve_triangular(tril, F.broadcast_to(as_variable(eye), tril.shape), lower=True)


def upside_down(a: Variable) -> Variable:
    """The matrix with rows and columns in reverse order."""
    return F.flip(F.flip(a, -1), -2)


# The family -------------------------------------------------------------------------------------------------


class VectorFamily(Distribution):
    """Vectors X = loc + L Z with a spherical Z, for some matrix L with as many rows as ``loc`` has elements.

    A subclass states ``_whitened(d)``, which is z with L z = d, its squares and the like; ``_log_scale()``,
    log |det L|; ``_spread(z)``, L z; and ``_factor()``, the triangular L.
    """

    loc = Param(real, event_ndim=1)
    support = real_vector
    reparameterized = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        n = self.loc.shape[-1]
        for name, value, ndim in self._members():
            wanted = (n,) * ndim
            if ndim and not self._fits(name, value.shape[-ndim:], wanted):
                raise ValueError(
                    f"{type(self).__name__}: {name} has shape {value.shape}; expected its last axes to be "
                    f"{wanted}, as loc has shape {self.loc.shape}"
                )

    @staticmethod
    def _fits(name: str, shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
        return shape == wanted

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The number of elements."""
        return self.loc.shape[-1:]

    def _mode(self) -> Variable:
        return self.loc

    def _square(self, x: Variable) -> Variable:
        """The squared length of z at x: Mahalanobis' distance."""
        z = self._whitened(x - self.loc)
        return F.sum(z * z, axis=-1)

    def _noise(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return as_variable(rng.standard_normal(shape + self.event_shape, dtype=self.dtype))

    if False:  # what a subclass states

        def _whitened(self, d: Variable) -> Variable: ...
        def _log_scale(self) -> Variable: ...
        def _spread(self, z: Variable) -> Variable: ...


class OfScaleTril(VectorFamily):
    """Those with a parameter ``scale_tril``, of which the lower triangle counts."""

    scale_tril = Param(cholesky_factor, event_ndim=2)

    def _factor(self) -> Variable:
        return F.tril(self.scale_tril)

    def _whitened(self, d: Variable) -> Variable:
        return whitened(self._factor(), d)

    def _log_scale(self) -> Variable:
        return log_diagonal(self._factor())

    def _spread(self, z: Variable) -> Variable:
        return through(self._factor(), z)
