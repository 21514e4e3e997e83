"""Transforms made of others: one after the other, or side by side; and the standard one for a set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import functions as F
from ..autograd import Variable, as_variable
from .base import Inverse, Transform, summed
from .matrices import CholeskyFactor, CorrelationCholesky
from .matrix_supports import cholesky_factor, correlation_factor, positive_definite
from .numbers import Affine, Exp, Identity, Sigmoid
from .supports import Support, open_simplex, real_vector, simplex
from .vectors import Ordered, StickBreaking, ordered


class _Several(Transform):
    """A transform made of others."""

    transforms: list[Transform]

    @property
    def constant(self) -> bool:
        """Whether all log-determinants are constant."""
        return all(one.constant for one in self.transforms)


class Chain(_Several):
    """Several transforms, the first one first: y = f_n(...f_2(f_1(x))).

    Args:
        transforms: at least one. If they map arrays of different ranks, log-determinants are summed over the
            axes that belong together for any of them.

    Raises:
        TypeError: if one is not a Transform.

    >>> from pdist.transforms import Affine, Exp
    >>> Chain([Affine(1.0, 2.0), Exp()]).forward(0.0).array.round(4).item()
    2.7183
    """

    def __init__(self, transforms: Sequence[Transform]) -> None:
        self.transforms = list(transforms)
        if not self.transforms:
            raise ValueError("Chain: transforms is empty; expected at least one")
        for one in self.transforms:
            if not isinstance(one, Transform):
                raise TypeError(f"Chain: transforms has {one!r}; expected Transforms")

    def _ndims(self) -> tuple[int, int]:
        """The ranks of the elements of domain and codomain that all of the transforms have room in."""
        need = change = 0
        for one in self.transforms:
            need = max(need, one.domain.event_ndim - change)
            change += one.codomain.event_ndim - one.domain.event_ndim
        return need, need + change

    @property
    def domain(self) -> Support:
        """That of the first, over more axes if a later one needs them."""
        first = self.transforms[0].domain
        return first.over(self._ndims()[0] - first.event_ndim)

    @property
    def codomain(self) -> Support:
        """That of the last, over more axes if an earlier one needs them."""
        last = self.transforms[-1].codomain
        return last.over(self._ndims()[1] - last.event_ndim)

    @property
    def increasing(self) -> bool | None:
        """Whether they fall an even number of times."""
        found = [one.increasing for one in self.transforms]
        return None if None in found else found.count(False) % 2 == 0

    def forward_and_log_det(self, x: Any) -> tuple[Variable, Variable]:
        """One after the other, and the sum of the log-determinants."""
        ndim, total = self._ndims()[0], None
        for one in self.transforms:
            x, log_det = one.forward_and_log_det(x)
            log_det = summed(log_det, ndim - one.domain.event_ndim)
            total = log_det if total is None else total + log_det
            ndim += one.codomain.event_ndim - one.domain.event_ndim
        assert total is not None
        return x, total

    def inverse_and_log_det(self, y: Any) -> tuple[Variable, Variable]:
        """Backwards."""
        ndim, total = self._ndims()[1], None
        for one in reversed(self.transforms):
            y, log_det = one.inverse_and_log_det(y)
            log_det = summed(log_det, ndim - one.codomain.event_ndim)
            total = log_det if total is None else total + log_det
            ndim += one.domain.event_ndim - one.codomain.event_ndim
        assert total is not None
        return y, total

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Through all of them."""
        for one in self.transforms:
            shape = one.forward_shape(shape)
        return shape

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Back through all of them."""
        for one in reversed(self.transforms):
            shape = one.inverse_shape(shape)
        return shape


class Concat(_Several):
    """Transforms of parts of a vector, side by side.

    Args:
        transforms: one for each part: of numbers, or of vectors to vectors.
        lengths: how many elements of x each part has; 1 each by default.
    """

    domain = codomain = real_vector

    def __init__(self, transforms: Sequence[Transform], lengths: Sequence[int] | None = None) -> None:
        self.transforms = list(transforms)
        self.lengths = [1] * len(self.transforms) if lengths is None else [int(n) for n in lengths]
        if len(self.lengths) != len(self.transforms):
            raise ValueError(f"Concat: {len(self.lengths)} lengths of {len(self.transforms)} transforms")
        for one in self.transforms:
            if max(one.domain.event_ndim, one.codomain.event_ndim) > 1:
                raise ValueError(f"Concat: transforms has {one!r}; expected ones of numbers or vectors")

    def _after(self) -> list[int]:
        return [one.forward_shape((n,))[0] for one, n in zip(self.transforms, self.lengths, strict=True)]

    def _apply(self, x: Any, lengths: list[int], method: str) -> tuple[Variable, Variable]:
        x = as_variable(x)
        if x.shape[-1:] != (sum(lengths),):
            raise self._shape_error("x", x.shape, f"a last axis of length {sum(lengths)}")
        start, parts, total = 0, [], 0 * x[..., 0]
        for one, n in zip(self.transforms, lengths, strict=True):
            y, log_det = getattr(one, method)(x[..., start : start + n])
            parts.append(y)
            total = total + summed(log_det, 1 - one.domain.event_ndim)
            start += n
        return F.concat(parts, axis=-1), total

    def forward_and_log_det(self, x: Any) -> tuple[Variable, Variable]:
        """Part by part, and the sum of the log-determinants."""
        return self._apply(x, self.lengths, "forward_and_log_det")

    def inverse_and_log_det(self, y: Any) -> tuple[Variable, Variable]:
        """Part by part."""
        return self._apply(y, self._after(), "inverse_and_log_det")

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The sum of the parts' lengths."""
        return (*shape[:-1], sum(self._after()))

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The sum of the parts' lengths before."""
        return (*shape[:-1], sum(self.lengths))


class Stack(_Several):
    """Transforms of numbers, one for each element of the last axis.

    Args:
        transforms: as many as x has elements there.
    """

    domain = codomain = real_vector

    def __init__(self, transforms: Sequence[Transform]) -> None:
        self.transforms = list(transforms)
        for one in self.transforms:
            if one.domain.event_ndim or one.codomain.event_ndim:
                raise ValueError(f"Stack: transforms has {one!r}; expected ones of numbers")

    def _apply(self, x: Any, method: str) -> tuple[Variable, Variable]:
        x = as_variable(x)
        if x.shape[-1:] != (len(self.transforms),):
            raise self._shape_error("x", x.shape, f"a last axis of length {len(self.transforms)}")
        found = [getattr(one, method)(x[..., i]) for i, one in enumerate(self.transforms)]
        return F.stack([y for y, _ in found], axis=-1), sum(log_det for _, log_det in found)

    def forward_and_log_det(self, x: Any) -> tuple[Variable, Variable]:
        """Element by element, and the sum of the log-determinants."""
        return self._apply(x, "forward_and_log_det")

    def inverse_and_log_det(self, y: Any) -> tuple[Variable, Variable]:
        """Element by element."""
        return self._apply(y, "inverse_and_log_det")


# The standard ones ------------------------------------------------------------------------------------------


class Gram(Transform):
    """y = L L^T, from Cholesky factors to positive definite matrices, of which the lower triangle counts."""

    domain, codomain = cholesky_factor, positive_definite

    def _log_det(self, tril: Variable) -> Variable:
        """n log 2 and the sum of (n + 1 - i) log L_ii."""
        n = tril.shape[-1]
        power = tril.xp.arange(n, 0, -1, dtype=tril.dtype)
        diagonal = F.diagonal(tril, axis1=-2, axis2=-1)
        return F.sum(power * F.log(diagonal), axis=-1) + n * math.log(2)

    def forward_and_log_det(self, x: Any) -> tuple[Variable, Variable]:
        """L L^T."""
        tril = F.tril(as_variable(x))
        return tril @ F.swapaxes(tril, -1, -2), self._log_det(tril)

    def inverse_and_log_det(self, y: Any) -> tuple[Variable, Variable]:
        """The Cholesky factor."""
        tril = F.cholesky(as_variable(y))
        return tril, -self._log_det(tril)


def biject_to(support: Support) -> Transform:
    """The standard transform from vectors of numbers, or numbers, to a set: for parameters without bounds.

    Args:
        support: of numbers: all, from a bound on, or an interval; or of vectors: all, ordered ones, the
            simplex; or of matrices: Cholesky factors, those of correlations, positive definite ones.

    Returns:
        A Transform whose codomain is that set, its ends left out.

    Raises:
        NotImplementedError: for a set of counts, or any other.

    >>> from pdist.distributions import supports
    >>> biject_to(supports.positive)
    Exp()
    """
    if not support.discrete and not support.event_ndim:
        return _to_numbers(support)
    if support.name not in _STANDARD:
        raise NotImplementedError(f"biject_to: there is no bijection from numbers to {support}")
    return _STANDARD[support.name]


_STANDARD: dict[str, Transform] = {  # of vectors and matrices, by the name of the set
    real_vector.name: Identity(),
    ordered.name: Ordered(),
    simplex.name: StickBreaking(),
    open_simplex.name: StickBreaking(),
    cholesky_factor.name: CholeskyFactor(),
    correlation_factor.name: CorrelationCholesky(),
    positive_definite.name: Chain([CholeskyFactor(), Gram()]),
}


def _to_numbers(support: Support) -> Transform:
    low, high = support.low, support.high
    bounded = [not (isinstance(end, float) and math.isinf(end)) for end in (low, high)]
    if not any(bounded):
        return Identity()
    if all(bounded):
        if (low, high) == (0.0, 1.0):
            return Sigmoid()
        return Chain([Sigmoid(), Affine(low, high - low)])
    if bounded[0]:
        return Exp() if isinstance(low, float) and low == 0 else Chain([Exp(), Affine(low)])
    return Chain([Exp(), Affine(high, -1.0)])


#: The same: every set that has a standard map from numbers has a bijection here.
transform_to = biject_to


__all__ = ["Chain", "Concat", "Gram", "Inverse", "Stack", "biject_to", "transform_to"]
