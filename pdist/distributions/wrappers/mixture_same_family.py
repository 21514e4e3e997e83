"""Mixtures of distributions of one class."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable, config, promote
from ...backend import hooks
from ...numerics.tables import draw_classes
from ...transforms.supports import Support
from ..base.batching import spread
from ..base.distribution import Distribution
from ..base.implicit import solve
from ..base.inheritance import formula_bases
from ..continuous.normal import Normal
from ..discrete.categorical import Categorical
from ..families.location_scale import LocationScale
from ..families.mixture_kernel import mixture_ops
from . import mixture_moments as moments
from .lazy_parts import Lazy, LazyPart
from .mixture_draws import draws_with_weights
from .mixture_searches import search_mode, search_quantile


class MixtureSameFamily(Distribution):
    r"""A mixture: a draw from one of K components of the same class, selected with given probabilities.

    .. math:: p(x) = \sum_{k=1}^K w_k p_k(x)

    Args:
        mixture_distribution: a :class:`Categorical` of batch shape ``[*batch]`` over the K components.
        component_distribution: the components, any distribution of batch shape ``[*batch, K]``.

    Densities are sums in log space, which handles components that have weight 0 or are far away. The
    density of location-scale components (Normal, Laplace, ...) is a single op. A mixture of one component
    equals that component in every method.

    ``sample`` draws from the selected components only. Its gradients are unbiased. Those in the components'
    parameters are those of the selected component's draws. Those in the weights are implicit: a draw x at
    a constant u = F(x) of the cumulative distribution function moves with the weights by -dF(x)/p(x).
    They exist for continuous components of numbers with a common support, or :class:`Independent` ones
    (there for one number after the other, conditional on the previous ones). Their variance grows fast as the
    modes separate, since a draw between the modes has a long way to go: with two Normals of scale 1 the
    gradient of a draw in a logit has a standard deviation of about 0.15 for locations of +-1, and of 20 for
    +-4.

    Raises:
        TypeError: if the mixture distribution is not a Categorical.
        ValueError: if the number of components is not that of the classes.

    Source:
        Bishop, "Mixture Density Networks" (1994). Graves, "Stochastic Backpropagation through Mixture Density
        Distributions" (2016). Figurnov, Mohamed and Mnih, "Implicit Reparameterization Gradients" (2018).

    >>> import numpy as np
    >>> from pdist.distributions import Normal
    >>> d = MixtureSameFamily(Categorical(p=np.array([0.25, 0.75])), Normal(np.array([-1.0, 1.0]), 0.5))
    >>> d.mean.array, d.variance.array
    (array(0.5), array(1.))
    >>> d.responsibilities(0.0).array
    array([0.25, 0.75])
    >>> d.icdf(d.cdf(0.3)).array
    array(0.3)
    """

    mixture_distribution = LazyPart()
    component_distribution = LazyPart(batch_ndim=1)
    masked = False
    _plan = Lazy()

    @classmethod
    def packed(cls, params: Variable, n_components: int, family: type[LocationScale]) -> Any:
        """The mixture parametrized by a layer's output; its parts are made only if needed.

        Args:
            params: ``[*batch, 3 K]``: the logits, then the components' locations, then their raw scales.
            n_components: K.
            family: the class of the components, without shape parameters.

        Returns:
            A mixture of batch shape ``[*batch]``, whose ``log_prob`` is a single op. Nothing is checked.
        """
        new = object.__new__(cls)
        new.__dict__.update(_packed=(params, n_components, family), batch_shape=params._array.shape[:-1])
        return new

    def _unpack(self) -> None:
        params, k, family = self.__dict__.pop("_packed")
        components = family(params[..., k : 2 * k], raw_scale=params[..., 2 * k :])
        names = ("mixture_distribution", "component_distribution")
        self._take(names, [Categorical(logit=params[..., :k]), components])

    def _take_parts(self) -> None:
        super()._take_parts()
        weights, components = self.mixture_distribution, self.component_distribution
        if not isinstance(weights, Categorical):
            raise TypeError(f"MixtureSameFamily: mixture_distribution is {weights!r}; expected a Categorical")
        shape = components.batch_shape
        if not shape or shape[-1] != weights.n_classes:
            raise ValueError(
                f"MixtureSameFamily: component_distribution has batch shape {shape}; expected a last axis of "
                f"{weights.n_classes}, the number of classes of mixture_distribution"
            )
        if components._pairs_only:  # they get values with an axis of length 1; the mixture itself is strict
            self.__dict__.update(component_distribution=components._with_pairs_only(False), _pairs_only=True)

    # Shape, support, components -----------------------------------------------------------------------

    @property
    def n_components(self) -> int:
        """K."""
        return self.mixture_distribution.n_classes

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one draw: that of a component's."""
        return () if "_packed" in self.__dict__ else self.component_distribution.event_shape

    @property
    def support(self) -> Support:
        """The values that any component can take."""
        inner = self.component_distribution.support
        if has_fixed_support(self.component_distribution):
            return inner
        axis, xp = -1 - len(self.event_shape), self.xp
        ends = (inner.low, inner.high)
        if not (self.event_shape or all(isinstance(end, (int, float)) for end in ends)):
            shape = (*self.batch_shape, self.n_components)
            low, high = (xp.broadcast_to(xp.asarray(end, dtype=self.dtype), shape) for end in ends)
            ends = low.min(axis=-1), high.max(axis=-1)
        return Support(
            inner.name,
            lambda xp, x: inner.test(xp, xp.expand_dims(x, axis)).any(axis=-1),
            inner.event_ndim,
            inner.discrete,
            low=ends[0],
            high=ends[1],
        )

    @property
    def weights(self) -> Variable:
        """The components' probabilities, of shape ``[*batch, K]``."""
        return self.mixture_distribution.p

    @property
    def component_means(self) -> Variable:
        """The components' means, of shape ``[*batch, K, *event]``."""
        return moments.full(self, self.component_distribution.mean)

    @property
    def component_stddevs(self) -> Variable:
        """The components' standard deviations, of shape ``[*batch, K, *event]``."""
        return moments.full(self, self.component_distribution.stddev)

    def _unwrapped(self) -> Distribution:
        """The component, if there is only one."""
        if self.n_components > 1 or MixtureSameFamily not in formula_bases(type(self)):
            return self
        component = spread(self.component_distribution, self.batch_shape, 1)[..., 0]
        return component._unwrapped()

    def _components(self) -> list[Any]:
        if self.event_shape or MixtureSameFamily not in formula_bases(type(self)):
            return [self]
        return spread(self.component_distribution, self.batch_shape, 1)._components()

    def _crps(self, x: Variable) -> Variable:
        if type(self.component_distribution) is not Normal:
            raise self._no_crps()
        return moments.crps_of_normals(self, x)

    # Densities ----------------------------------------------------------------------------------------

    @property
    def _log_weights(self) -> Variable:
        """The logarithms of the weights, which sum to one to the last digit even if ``p`` was given."""
        weights = self.mixture_distribution
        if weights.given("logit"):
            return weights.log_p
        return weights.log_p - F.log(weights.p.sum(axis=-1, keepdims=True))

    def _for_components(self, x: Variable) -> Variable:
        """``x`` with an axis of length 1 for the components."""
        return F.expand_dims(x, x.ndim - len(self.event_shape))

    def _log_joint(self, name: str, x: Variable) -> Variable:
        """log w_k plus a component's ``log_prob`` or log tail, of shape ``[..., K]``; -inf for weight 0."""
        log_w, y = F.broadcast(self._log_weights, getattr(self.component_distribution, name)(x))
        unused = log_w.array == -math.inf
        return F.where(unused, log_w, F.where(unused, 0.0, y) + log_w)

    def _kernel(self) -> Any:
        """The standard form of the components, if it determines them, so that there are ops; or None."""
        cls = type(self.component_distribution)
        plain = issubclass(cls, LocationScale) and is_plain(cls) and not cls.standard.steep
        return cls.standard if plain else None

    def _apply(self, op: Any, x: Variable, weights: Variable, **settings: Any) -> Variable:
        """An op of a mixture, in the quick form if no weight is 0 and nothing overflows."""
        components = self.component_distribution
        loc, scale, given = components._place()
        parameters = (loc, scale, *components._shapes)
        args = [x, weights, *(v if v.ndim else v.reshape((1,)) for v in parameters)]
        array = weights._array
        host = type(array) is np.ndarray and not hooks.running
        if host and array.min(initial=0.5) not in (0, -math.inf):
            try:
                with np.errstate(over="raise", divide="raise", invalid="raise"):
                    return op(*args, given=given, careful=False, **settings)
            except FloatingPointError:
                pass
        return op(*args, given=given, careful=True, **settings)

    def _log_prob(self, x: Variable) -> Variable:
        packed = self.__dict__.get("_packed")
        if packed is not None:
            params, k, family = packed
            return mixture_ops(family.standard).packed_log_prob(x, params, k=k)
        standard = self._kernel()
        if standard is None:
            return F.logsumexp(self._log_joint("log_prob", self._for_components(x)), axis=-1)
        return self._apply(mixture_ops(standard).log_prob, x, self.mixture_distribution.logit)

    def responsibilities(self, x: Any) -> Variable:
        """The probability that ``x`` came from each component: w_k p_k(x)/p(x).

        Args:
            x: values as of :meth:`log_prob`, of shape ``[..., *event]``.

        Returns:
            A Variable of shape ``[..., K]`` whose rows sum to one; nan if ``x`` is impossible for all
            components.
        """
        x = self._for_components(self._value(x, "responsibilities"))
        with np.errstate(all="ignore"):
            standard = self._kernel()
            if standard is None or standard.log_kernel_double is None:
                return F.softmax(self._log_joint("log_prob", x), axis=-1)
            return self._apply(mixture_ops(standard).responsibilities, x, self._log_weights)

    def log_responsibilities(self, x: Any) -> Variable:
        """The logarithms of :meth:`responsibilities`, accurate also if these underflow."""
        x = self._for_components(self._value(x, "log_responsibilities"))
        with np.errstate(all="ignore"):
            return F.log_softmax(self._log_joint("log_prob", x), axis=-1)

    def _weighted(self, y: Variable) -> Variable:
        """The mean of y_k with weights w_k; components of zero weight are ignored, even if nan or inf."""
        w = self.mixture_distribution.p
        w, y = F.broadcast(w, F.where(w.array == 0, 0.0, y))
        return (w * y).sum(axis=-1) / w.sum(axis=-1)  # which is exactly 1 if every y is

    def _tail(self, x: Variable, name: str) -> Variable:
        standard = self._kernel()
        if standard is None:
            return self._weighted(getattr(self.component_distribution, name)(self._for_components(x)))
        return self._apply(mixture_ops(standard).tail, x, self.weights, upper=name == "survival_function")

    def _cdf(self, x: Variable) -> Variable:
        return self._tail(x, "cdf")

    def _survival_function(self, x: Variable) -> Variable:
        return self._tail(x, "survival_function")

    def _log_cdf(self, x: Variable) -> Variable:
        return self._log_tail(x, "log_cdf", "survival_function")

    def _log_survival_function(self, x: Variable) -> Variable:
        return self._log_tail(x, "log_survival_function", "cdf")

    def _log_tail(self, x: Variable, tail: str, complement: str) -> Variable:
        """The logarithm of a tail: as log(1 - the other one) if it is near 1."""
        y = F.logsumexp(self._log_joint(tail, self._for_components(x)), axis=-1)
        if self.event_shape:  # in several dimensions the tails are not complementary
            return y
        other = self._tail(x, complement)
        near_one = other.array < 0.5
        return F.where(near_one, F.log1p(-F.where(near_one, other, 0.0)), y)

    # Quantiles ----------------------------------------------------------------------------------------

    def _icdf(self, p: Variable) -> Variable:
        """By a safeguarded search; Newton steps from the result carry the gradients."""
        if self.n_components == 1:
            return self._unwrapped().icdf(p)
        if "icdf" not in self.component_distribution._formulas:
            raise self._no("icdf")
        params = self.params
        arguments = promote("MixtureSameFamily.icdf", ("p", *params), (p, *params.values()))
        found = search_quantile(*[v.array for v in arguments], mixture=self).array
        moved = config.enable_backprop and any(v.requires_grad for v in arguments)
        if self.support.discrete or not moved:
            return as_variable(found)
        upper = p.array > 0.5
        target = F.where(upper, F.log1p(-F.where(upper, p, 0.0)), F.log(F.where(upper, 1.0, p)))
        inside = self.component_distribution.icdf(0.5).array[..., 0]
        start: Any = as_variable(self.xp.where(abs(found) < math.inf, found, inside))

        def tail(x: Variable) -> tuple[Variable, Variable]:
            y = F.where(upper, self.log_survival_function(x), self.log_cdf(x))
            return y, self.log_prob(x) - y

        x = solve(start, tail, target, upper)
        usable = (abs(found) < math.inf) & (abs(x.array) < math.inf)
        return F.where(usable, found + (x - F.where(usable, x.array, 0.0).array), found)

    # Moments ------------------------------------------------------------------------------------------

    def _mean(self) -> Variable:
        return moments.mean(self)

    def _variance(self) -> Variable:
        return moments.variance(self)

    def _stddev(self) -> Variable:
        return moments.stddev(self)

    def _covariance(self) -> Variable:
        return moments.covariance(self)

    def _entropy(self) -> Variable:
        if self.n_components == 1:
            return self._unwrapped().entropy
        raise NotImplementedError(
            "MixtureSameFamily has no entropy in closed form: pdist.cross_entropy(p, p, method='quadrature') "
            "or 'monte_carlo' computes it"
        )

    def _median(self) -> Variable:
        if self.n_components == 1:
            return self._unwrapped().median
        if self.event_shape:
            raise self._no("median")
        return self._icdf(as_variable(self.xp.asarray(0.5, dtype=self.dtype)))

    def _mode(self) -> Variable:
        """The highest point of the density, without gradients."""
        if self.n_components == 1:
            return self._unwrapped().mode
        if self.event_shape:
            raise self._no("mode")
        return as_variable(search_mode(*[v.array for v in self.params.values()], mixture=self).array)

    # Samples ------------------------------------------------------------------------------------------

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        weights = self.mixture_distribution
        x = self._components_of(draw_classes(self.xp, weights.p.array, shape, rng)).sample((), rng)
        if self._moves_with_weights and config.enable_backprop and weights._leading.requires_grad:
            return draws_with_weights(x, *self.params.values(), mixture=self)
        return x

    def _components_of(self, labels: Any) -> Distribution:
        """The component for each label, of the labels' shape ``[*sample, *batch]``."""
        shape = self.batch_shape
        components = spread(self.component_distribution, shape, 1)
        rows = [self.xp.arange(n).reshape((n,) + (1,) * (len(shape) - 1 - i)) for i, n in enumerate(shape)]
        return components[(*rows, labels)]

    @property
    def _numbers(self) -> tuple[Distribution, int]:
        """The distribution of the single numbers of a component's draw, and the number of axes of these."""
        return self.component_distribution._factors or (self.component_distribution._unwrapped(), 0)

    @property
    def _moves_with_weights(self) -> bool:
        """Whether draws carry gradients in the weights.

        They do for continuous numbers with a common support: draws cannot move across gaps in the
        density.
        """
        inner = self._numbers[0]
        simple = "log_cdf" in inner._formulas and not inner.event_shape
        return simple and has_fixed_support(inner) and not inner.support.discrete

    def _has_pathwise(self, name: str) -> bool:
        if name.startswith("mixture_distribution."):
            return self._moves_with_weights
        return super()._has_pathwise(name)


def has_fixed_support(dist: Distribution) -> bool:
    """Whether the support is declared for the class, so that it is the same for all components."""
    return isinstance(getattr(type(dist), "support", None), Support)


_STATED = ("log_prob", "_log_prob", "_place", "_shapes", "_cdf", "_survival_function", "support", "_any_tail")


def is_plain(cls: type[Distribution]) -> bool:
    """Whether a location-scale class does not override the density and tails of its standard form."""
    return all(getattr(cls, name) is getattr(LocationScale, name) for name in _STATED)
