"""Normals, and mixtures of them, whose parameters are a layer's output."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pdist.functions as F
from pdist import distributions as D
from pdist.autograd import Variable, as_variable, config, to_read
from pdist.distributions import Distribution

from ..checks import check_finite, check_size
from .distribution_lambda import DistributionLambda


class IndependentNormal(DistributionLambda):
    """Independent Normals: the first half of the inputs are locations, softplus of the second half scales.

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
        self.size = self.params_size(self.event_shape)

    @staticmethod
    def params_size(event_shape: int | tuple[int, ...] = ()) -> int:
        """How many numbers the layer before has to put out."""
        return 2 * math.prod(_event_shape("IndependentNormal", event_shape))

    def _make(self, params: Any) -> Distribution:
        params, lead = _params(self, params)
        n, shape = math.prod(self.event_shape), lead + self.event_shape
        loc, raw = (_shaped(part, shape) for part in (params[..., :n], params[..., n:]))
        normal = D.Normal(loc, raw_scale=raw)
        return D.Independent(normal, len(self.event_shape)) if self.event_shape else normal

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

    The first ``n_components`` inputs are the logits of the components, followed by all
    locations, then all scales before a softplus.

    Args:
        n_components: number of Normals.
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
        DistributionLambda.__init__(self, self._make, convert_to_array)
        self.event_shape = _event_shape("MixtureNormal", event_shape)
        self.n_components = check_size("MixtureNormal", "n_components", n_components)
        self.size = self.params_size(n_components, event_shape)

    @staticmethod
    def params_size(n_components: int, event_shape: int | tuple[int, ...] = ()) -> int:  # type: ignore[override]
        """How many numbers the layer before has to put out."""
        n = check_size("MixtureNormal", "n_components", n_components)
        return n * (1 + 2 * math.prod(_event_shape("MixtureNormal", event_shape)))

    def _make(self, params: Any) -> Distribution:
        params, lead = _params(self, params)
        if config.validate:
            check_finite(to_read(params), "MixtureNormal: the input")
        if not self.event_shape:
            return D.MixtureSameFamily.packed(params, self.n_components, D.Normal)
        k, n = self.n_components, math.prod(self.event_shape)
        shape = (*lead, k, *self.event_shape)
        loc = _shaped(params[..., k : k + k * n], shape)
        raw = _shaped(params[..., k + k * n :], shape)
        components = D.Independent(D.Normal(loc, raw_scale=raw), len(self.event_shape))
        return D.MixtureSameFamily(D.Categorical(logit=params[..., :k]), components)

    def printable(self) -> str:
        return f"n_components={self.n_components}, event_shape={self.event_shape}"


def _shaped(x: Variable, shape: tuple[int, ...]) -> Variable:
    return x if x.shape == shape else F.reshape(x, shape)


def _event_shape(who: str, shape: int | tuple[int, ...]) -> tuple[int, ...]:
    lengths = shape if isinstance(shape, (tuple, list)) else (shape,)
    return tuple(check_size(who, "event_shape", n) for n in lengths)


def _params(head: IndependentNormal, params: Any) -> tuple[Variable, tuple[int, ...]]:
    """The layer's input as a Variable and its batch axes."""
    if not isinstance(params, Variable):
        params = as_variable(params)
    shape = params.shape
    if not shape or shape[-1] != head.size:
        raise ValueError(
            f"{type(head).__name__}({head.printable()}): the input has shape {shape}; expected "
            f"{head.size} numbers on its last axis (params_size)"
        )
    return params, shape[:-1]
