"""Normals, and mixtures of them, whose parameters are a layer's output."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pdist.functions as F
from pdist import distributions as D
from pdist.autograd import Variable, as_variable
from pdist.distributions import Distribution

from ..links.linear import check_size
from .distribution_lambda import DistributionLambda


class IndependentNormal(DistributionLambda):
    """Independent Normals: the first half of the numbers are locations, softplus of the second half scales.

    Args:
        event_shape: the shape of one draw, a length or a tuple of lengths; ``()`` for a number.
        convert_to_array: see :class:`DistributionLambda`.

    >>> import numpy as np
    >>> IndependentNormal.params_size((2, 3))
    12
    >>> head = IndependentNormal(3)
    >>> d = head(np.zeros((5, 6), np.float32))
    >>> d.batch_shape, d.event_shape
    ((5,), (3,))
    """

    def __init__(
        self,
        event_shape: int | tuple[int, ...] = (),
        convert_to_array: Callable[[Distribution], Variable] = Distribution.sample,
    ) -> None:
        super().__init__(self._make, convert_to_array)
        self.event_shape = _event_shape(type(self).__name__, event_shape)

    @staticmethod
    def params_size(event_shape: int | tuple[int, ...] = ()) -> int:
        """How many numbers the layer before has to put out."""
        return 2 * math.prod(_event_shape("IndependentNormal", event_shape))

    def _make(self, params: Any) -> Distribution:
        params, lead = _params(self, params, self.params_size(self.event_shape))
        n = math.prod(self.event_shape)
        loc, scale = params[..., :n], F.softplus(params[..., n:])
        shape = lead + self.event_shape
        if loc.shape != shape:
            loc, scale = F.reshape(loc, shape), F.reshape(scale, shape)
        return _independent(D.Normal(loc, scale), len(self.event_shape))

    def printable(self) -> str:
        return f"event_shape={self.event_shape}"

    # A bound method of a copy must be bound to the copy.
    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "make"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.make = self._make


class MixtureNormal(IndependentNormal):
    """Mixtures of independent Normals.

    Of the numbers it is given the first ``n_components`` are the logits of the components, then come all
    their locations, then their scales before a softplus.

    Args:
        n_components: how many Normals.
        event_shape: the shape of one draw, a length or a tuple of lengths; ``()`` for a number.
        convert_to_array: see :class:`DistributionLambda`.

    Source:
        C. M. Bishop, Mixture density networks (1994).

    >>> import numpy as np
    >>> MixtureNormal.params_size(2, ())
    6
    >>> d = MixtureNormal(2)(np.zeros((5, 6), np.float32))
    >>> d.batch_shape, d.event_shape
    ((5,), ())
    """

    def __init__(
        self,
        n_components: int,
        event_shape: int | tuple[int, ...] = (),
        convert_to_array: Callable[[Distribution], Variable] = Distribution.sample,
    ) -> None:
        super().__init__(event_shape, convert_to_array)
        self.n_components = check_size("MixtureNormal", "n_components", n_components)

    @staticmethod
    def params_size(n_components: int, event_shape: int | tuple[int, ...] = ()) -> int:  # type: ignore[override]
        """How many numbers the layer before has to put out."""
        n = check_size("MixtureNormal", "n_components", n_components)
        return n * (1 + 2 * math.prod(_event_shape("MixtureNormal", event_shape)))

    def _make(self, params: Any) -> Distribution:
        k = self.n_components
        params, lead = _params(self, params, self.params_size(k, self.event_shape))
        n = k * math.prod(self.event_shape)
        logits, loc, scale = params[..., :k], params[..., k : k + n], F.softplus(params[..., k + n :])
        shape = lead + (k,) + self.event_shape
        if loc.shape != shape:
            loc, scale = F.reshape(loc, shape), F.reshape(scale, shape)
        components = _independent(D.Normal(loc, scale), len(self.event_shape))
        return D.MixtureSameFamily(D.Categorical(logit=logits), components)

    def printable(self) -> str:
        return f"n_components={self.n_components}, event_shape={self.event_shape}"


def _independent(distribution: Distribution, ndims: int) -> Distribution:
    return D.Independent(distribution, ndims) if ndims else distribution


def _event_shape(who: str, shape: int | tuple[int, ...]) -> tuple[int, ...]:
    lengths = shape if isinstance(shape, (tuple, list)) else (shape,)
    return tuple(check_size(who, "event_shape", n) for n in lengths)


def _params(link: IndependentNormal, params: Any, size: int) -> tuple[Variable, tuple[int, ...]]:
    """The layer's input as a Variable and its batch axes."""
    if not isinstance(params, Variable):
        params = as_variable(params)
    shape = params._array.shape
    if not shape or shape[-1] != size:
        raise ValueError(
            f"{type(link).__name__}({link.printable()}): the input has shape {shape}; expected {size} "
            "numbers on "
            "its last axis (params_size)"
        )
    return params, shape[:-1]
