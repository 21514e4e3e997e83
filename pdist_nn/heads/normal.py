"""Normals, and mixtures of them, whose parameters are a layer's output."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import pdist.functions as F
from pdist import distributions as D
from pdist.autograd import Variable, as_variable, config, differentiable, raw
from pdist.distributions import Distribution
from pdist.distributions.families.mixture_kernel import components_first, components_last

from ..checks import check_finite, check_size
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
        self.size = self.params_size(self.event_shape)

    @staticmethod
    def params_size(event_shape: int | tuple[int, ...] = ()) -> int:
        """How many numbers the layer before has to put out."""
        return 2 * math.prod(_event_shape("IndependentNormal", event_shape))

    def _make(self, params: Any) -> Distribution:
        params, lead = _params(self, params)
        n = math.prod(self.event_shape)
        loc, scale = params[..., :n], F.softplus(params[..., n:])
        shape = lead + self.event_shape
        if loc.shape != shape:
            loc, scale = F.reshape(loc, shape), F.reshape(scale, shape)
        normal = D.Normal(loc, scale)
        return D.Independent(normal, len(self.event_shape)) if self.event_shape else normal

    def printable(self) -> str:
        return f"event_shape={self.event_shape}"

    # A bound method of a copy must be bound to the copy.
    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "make"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.make = self._make


# The density of a mixture by a layer's output -------------------------------------------------------------


@differentiable
def mixture_head_log_prob(xp, x, params, /, k):
    """log p(x) of the mixture of ``k`` Normals that :class:`MixtureNormal` makes of ``params``, as one op.

    Args:
        x: ``[..., *batch]``.
        params: ``[*batch, 3 k]``: logits, locations, scales before the softplus.
        k: how many components.
    """
    a, _, _, h = _exponents(raw(xp), x, params, k)
    top = xp.maximum(h.max(axis=0), -_LARGEST[h.dtype.itemsize])  # finite also where every h is -inf
    return top + xp.log(xp.exp(h - top).sum(axis=0) / xp.exp(a).sum(axis=0)) - _HALF_LOG_2PI


def _exponents(F, x, params, k):
    """Logits less their maximum, scales, z, and log w + log N up to a constant.

    The components are on the first axis: NumPy reduces over a short last one thirty times slower.
    """
    h = F(components_first)(params, ndim=max(x.ndim + 1, params.ndim))  # [3 k, ..., *batch]
    a, loc, rho = h[:k], h[k : 2 * k], h[2 * k :]
    a = a - a.max(axis=0)
    scale = F.softplus(rho)
    z = (x - loc) / scale
    return a, scale, z, a - 0.5 * z * z - F.log(scale)


def _score(F, g, needs, x, params, k):
    """r - w by the logits, r z/scale by loc and r (z^2 - 1)/scale by scale, r the responsibilities.

    Those below 1e-30 are taken as 0: what follows from them would be among the smallest numbers there are,
    which take a CPU a hundred times longer than others.
    """
    a, scale, z, h = _exponents(F, x, params, k)
    largest = _LARGEST[h.dtype.itemsize]
    r = F.exp(h - F.maximum(h.max(axis=0), -largest))
    total = r.sum(axis=0)
    r = F.where(r > 1e-30, r, 0.0) * (g / F.maximum(total, 1.0))  # below 1 only where every h is -inf
    z = F.minimum(F.maximum(z, -largest), largest)  # an infinite z has r = 0
    w = F.exp(a)
    r_scale = r / scale
    d_rho = r_scale * (1 - z) * (z + 1) * F.expm1(-scale)  # softplus'(rho) = 1 - e^-softplus(rho)
    d_params = F.concat((r - w * (g / w.sum(axis=0)), r_scale * z, d_rho), axis=0)
    d_x = -(r_scale * z).sum(axis=0) if needs.x else None
    return d_x, F(components_last)(d_params, ndim=h.ndim)


mixture_head_log_prob.joint_derivative(_score)

_LARGEST = {itemsize: float(np.finfo(f"f{itemsize}").max) for itemsize in (2, 4, 8)}
_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


class HeadMixture(D.MixtureSameFamily):
    """A mixture of Normals by a layer's output: its density is one op from there.

    The weights and the components are made when somebody asks for them; from then on it is like any other.

    Args:
        params: ``[*batch, 3 k]``: logits, locations, scales before the softplus.
        k: how many components.
    """

    def __init__(self, params: Variable, k: int) -> None:
        if config.validate:
            check_finite(params._array, "MixtureNormal: the input")
        self.__dict__.update(made_of=params, k=k, batch_shape=params._array.shape[:-1])

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one draw: a number."""
        return ()

    def _log_prob(self, x: Variable) -> Variable:
        return mixture_head_log_prob(x, self.made_of, k=self.k)

    def __getattr__(self, name: str) -> Any:
        if name not in ("mixture_distribution", "component_distribution", "_plan"):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        h, k = self.__dict__.pop("made_of"), self.__dict__.pop("k")
        self.__class__ = D.MixtureSameFamily  # type: ignore[assignment]
        components = D.Normal(h[..., k : 2 * k], F.softplus(h[..., 2 * k :]))
        self.__init__(D.Categorical(logit=h[..., :k]), components)  # type: ignore[misc]
        return self.__dict__[name]

    # What makes another of the same class has to see the class that this one then is.

    def _map(self, function: Callable[[Any, int], Any]) -> Any:
        assert self._plan
        return self._map(function)

    def __reduce_ex__(self, protocol: Any) -> Any:
        assert self._plan
        return self.__reduce_ex__(protocol)


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
        if not self.event_shape:
            return HeadMixture(params, self.n_components)
        k, n = self.n_components, math.prod(self.event_shape)
        logits, loc, rho = params[..., :k], params[..., k : k + k * n], params[..., k + k * n :]
        shape = (*lead, k, *self.event_shape)
        components = D.Normal(F.reshape(loc, shape), F.softplus(F.reshape(rho, shape)))
        return D.MixtureSameFamily(
            D.Categorical(logit=logits), D.Independent(components, len(self.event_shape))
        )

    def printable(self) -> str:
        return f"n_components={self.n_components}, event_shape={self.event_shape}"


def _event_shape(who: str, shape: int | tuple[int, ...]) -> tuple[int, ...]:
    lengths = shape if isinstance(shape, (tuple, list)) else (shape,)
    return tuple(check_size(who, "event_shape", n) for n in lengths)


def _params(head: IndependentNormal, params: Any) -> tuple[Variable, tuple[int, ...]]:
    """The layer's input as a Variable and its batch axes."""
    if not isinstance(params, Variable):
        params = as_variable(params)
    shape = params._array.shape
    if not shape or shape[-1] != head.size:
        raise ValueError(
            f"{type(head).__name__}({head.printable()}): the input has shape {shape}; expected "
            f"{head.size} numbers on its last axis (params_size)"
        )
    return params, shape[:-1]
