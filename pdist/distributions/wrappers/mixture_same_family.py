"""Mixtures of distributions of one class."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import (
    Variable,
    as_variable,
    config,
    differentiable,
    force_backprop_mode,
    grad,
    no_backprop_mode,
    promote,
)
from ...backend import hooks, library_of
from ...numerics.tables import draw_classes
from ..base.batching import spread
from ..base.distribution import Distribution
from ..base.parameters import Part
from ..base.supports import Support
from ..continuous.normal import Normal
from ..discrete.categorical import Categorical
from ..families.mixture_kernel import (
    mixture_normal_log_prob,
    mixture_normal_responsibilities,
    mixture_normal_tail,
)

Formula = Callable[[Any, Variable], Variable]

_formulas: dict[tuple[type, str], Formula] = {}
_NAMES = ("log_prob", "cdf", "survival_function", "responsibilities")


def register_mixture_formula(component_type: type, name: str) -> Callable[[Formula], Formula]:
    """Register a faster or more exact form of a method for mixtures of components of exactly this class.

    Args:
        component_type: the class of the components.
        name: ``"log_prob"``, ``"cdf"``, ``"survival_function"`` or ``"responsibilities"``.

    Returns:
        A decorator for a function of the mixture and a Variable of values, which it gives back.

    Raises:
        ValueError: for another name, and where there is one already.
    """
    if name not in _NAMES:
        raise ValueError(f"register_mixture_formula: name is {name!r}; expected one of {', '.join(_NAMES)}")

    def register(formula: Formula) -> Formula:
        if (component_type, name) in _formulas:
            raise ValueError(
                f"register_mixture_formula: there is already one for {name} of {component_type.__name__}"
            )
        _formulas[component_type, name] = formula
        return formula

    return register


class MixtureSameFamily(Distribution):
    r"""A mixture: a draw from one of K components of the same class, chosen with given probabilities.

    .. math:: p(x) = \sum_{k=1}^K w_k p_k(x)

    Args:
        mixture_distribution: a :class:`Categorical` of batch shape ``[*batch]`` over the K components.
        component_distribution: the components, any distribution of batch shape ``[*batch, K]``.

    Densities are sums in log space: neither a component of weight 0 nor one that is far away does harm.

    ``sample`` draws from the chosen components alone. Its gradients are unbiased. Those by the components'
    parameters are those of the chosen component's own draws. Those by the weights are implicit: a draw x that
    keeps its place u = F(x) in the cumulative distribution function moves with the weights by -dF(x)/p(x).
    They exist for continuous components on one support that are numbers, or :class:`Independent` ones of such
    (there for one number after the other, given those before). Their variance grows fast as the modes part,
    since a draw between the modes has a long way to go: with two Normals of scale 1 the gradient of a draw by
    a logit has a standard deviation of some 0.15 for locations of +-1, and of 20 for +-4.

    Raises:
        TypeError: where the mixture distribution is no Categorical.
        ValueError: where the number of components is not that of the classes.

    Source:
        Bishop, "Mixture Density Networks" (1994). Graves, "Stochastic Backpropagation through Mixture Density
        Distributions" (2016). Figurnov, Mohamed and Mnih, "Implicit Reparameterization Gradients" (2018).

    >>> import numpy as np
    >>> d = MixtureSameFamily(Categorical(p=np.array([0.25, 0.75])), Normal(np.array([-1.0, 1.0]), 0.5))
    >>> d.mean.array, d.variance.array
    (array(0.5), array(1.))
    >>> d.responsibilities(0.0).array
    array([0.25, 0.75])
    >>> d.icdf(d.cdf(0.3)).array
    array(0.3)
    """

    mixture_distribution = Part()
    component_distribution = Part(batch_ndim=1)
    masked = False

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

    # What it is ---------------------------------------------------------------------------------------

    @property
    def n_components(self) -> int:
        """K."""
        return self.mixture_distribution.n_classes

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one draw: that of a component's."""
        return self.component_distribution.event_shape

    @property
    def support(self) -> Support:
        """The values that any component can take."""
        inner = self.component_distribution.support
        if _has_fixed_support(self.component_distribution):
            return inner
        axis = -1 - len(self.event_shape)
        return Support(
            inner.name,
            lambda xp, x: inner.test(xp, xp.expand_dims(x, axis)).any(axis=-1),
            inner.event_ndim,
            inner.discrete,
        )

    @property
    def weights(self) -> Variable:
        """The components' probabilities, of shape ``[*batch, K]``."""
        return self.mixture_distribution.p

    @property
    def component_means(self) -> Variable:
        """The components' means, of shape ``[*batch, K, *event]``."""
        return self._full(self.component_distribution.mean)

    @property
    def component_stddevs(self) -> Variable:
        """The components' standard deviations, of shape ``[*batch, K, *event]``."""
        return self._full(self.component_distribution.stddev)

    # Densities ----------------------------------------------------------------------------------------

    @property
    def _log_weights(self) -> Variable:
        """The logarithms of the weights, which sum to one to the last digit also where ``p`` was given."""
        weights = self.mixture_distribution
        if weights.given("logit"):
            return weights.log_p
        return weights.log_p - F.log(weights.p.sum(axis=-1, keepdims=True))

    def _for_components(self, x: Variable) -> Variable:
        """``x`` with an axis of length 1 for the components."""
        return F.expand_dims(x, x.ndim - len(self.event_shape))

    def _joint(self, x: Variable) -> Variable:
        """log w_k + log p_k(x), of shape ``[..., K]``."""
        return self._log_weights + self.component_distribution.log_prob(self._for_components(x))

    def _log_prob(self, x: Variable) -> Variable:
        formula = self._formula("log_prob")
        return F.logsumexp(self._joint(x), axis=-1) if formula is None else formula(self, x)

    def _formula(self, name: str) -> Formula | None:
        return _formulas.get((type(self.component_distribution), name))

    def responsibilities(self, x: Any) -> Variable:
        """How probable it is of each component that ``x`` came from it: w_k p_k(x)/p(x).

        Args:
            x: values as of :meth:`log_prob`, of shape ``[..., *event]``.

        Returns:
            A Variable of shape ``[..., K]`` whose rows sum to one; nan where no component can make ``x``.
        """
        x = self._value(x, "responsibilities")
        formula = self._formula("responsibilities")
        with np.errstate(all="ignore"):
            return F.softmax(self._joint(x), axis=-1) if formula is None else formula(self, x)

    def log_responsibilities(self, x: Any) -> Variable:
        """The logarithms of :meth:`responsibilities`, exact also where these are too small for a number."""
        x = self._value(x, "log_responsibilities")
        with np.errstate(all="ignore"):
            return F.log_softmax(self._joint(x), axis=-1)

    def _weighted(self, y: Variable) -> Variable:
        """The mean of y_k by the weights w_k, in which what has no weight has no say, be it nan or inf."""
        w = self.mixture_distribution.p
        w, y = F.broadcast(w, F.where(w.array == 0, 0.0, y))
        return (w * y).sum(axis=-1) / w.sum(axis=-1)  # which is exactly 1 where every y is

    def _cdf(self, x: Variable) -> Variable:
        return self._tail(x, "cdf")

    def _survival_function(self, x: Variable) -> Variable:
        return self._tail(x, "survival_function")

    def _tail(self, x: Variable, name: str) -> Variable:
        formula = self._formula(name)
        if formula is not None:
            return formula(self, x)
        return self._weighted(getattr(self.component_distribution, name)(self._for_components(x)))

    def _log_cdf(self, x: Variable) -> Variable:
        return self._log_tail(x, "log_cdf", None if self.event_shape else "survival_function")

    def _log_survival_function(self, x: Variable) -> Variable:
        return self._log_tail(x, "log_survival_function", None if self.event_shape else "cdf")

    def _log_tail(self, x: Variable, tail: str, complement: str | None) -> Variable:
        """The logarithm of a tail: as log(1 - the other one) where it is near 1."""
        x = self._for_components(x)
        y = F.logsumexp(self._log_weights + getattr(self.component_distribution, tail)(x), axis=-1)
        if complement is None:  # in several dimensions the one tail is not one minus the other
            return y
        other = self._weighted(getattr(self.component_distribution, complement)(x))
        near_one = other.array < 0.5
        return F.where(near_one, F.log1p(-F.where(near_one, other, 0.0)), y)

    # Quantiles ----------------------------------------------------------------------------------------

    def _icdf(self, p: Variable) -> Variable:
        """By a safeguarded search; then Newton's steps from there carry the gradients."""
        if not hasattr(self.component_distribution, "_icdf"):
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
        x: Any = as_variable(self.xp.where(abs(found) < math.inf, found, inside))
        for _ in range(2):  # the second is for second derivatives
            tail = F.where(upper, self.log_survival_function(x), self.log_cdf(x))
            x = _newton_step(x, tail - target, self.log_prob(x) - tail, upper)
        usable = (abs(found) < math.inf) & (abs(x.array) < math.inf)
        return F.where(usable, found + (x - F.where(usable, x.array, 0.0).array), found)

    def _arrays(self) -> list[Any]:
        return [leaf.array for leaf in self.params.values()]

    def _with_arrays(self, arrays: Iterator[Any]) -> MixtureSameFamily:
        """The mixture of other arrays in the parameters' places."""

        def replace(value: Any, _n: int) -> Any:
            return (
                value._map(replace)
                if isinstance(value, Distribution)
                else Variable(next(arrays), requires_grad=False)
            )

        return self._map(replace)

    # Moments ------------------------------------------------------------------------------------------

    def _full(self, y: Variable) -> Variable:
        """``y`` of the components repeated to shape ``[*batch, K, *event]``."""
        shape = (*self.batch_shape, self.n_components, *self.event_shape)
        return y if y.shape == shape else F.broadcast_to(y, shape)

    def _centred(self) -> tuple[Variable, Variable, Variable, int]:
        """The weights, the mean, the components' means less the mean, and the components' axis.

        Seen from the mean of the heaviest component, so that what all have in common is taken off first.
        """
        xp, axis, ones = self.xp, -1 - len(self.event_shape), (1,) * len(self.event_shape)
        w = self.mixture_distribution.p
        w = F.broadcast_to(w.reshape(w.shape + ones), (*self.batch_shape, self.n_components, *ones))
        means = F.where(w.array == 0, 0.0, self.component_means)
        heaviest = xp.expand_dims(w.array.argmax(axis=axis), axis)
        heaviest = xp.broadcast_to(heaviest, (*self.batch_shape, 1, *self.event_shape))
        anchor = F.take_along_axis(means, heaviest, axis)
        away = means - anchor
        shift = (w * away).sum(axis=axis, keepdims=True)
        return w, F.squeeze(anchor + shift, axis), away - shift, axis

    def _mean(self) -> Variable:
        return self._centred()[1]

    def _variance(self) -> Variable:
        w, _, away, axis = self._centred()
        inner = F.where(w.array == 0, 0.0, self._full(self.component_distribution.variance))
        return (w * (inner + away * away)).sum(axis=axis)

    def _entropy(self) -> Variable:
        raise NotImplementedError(
            "MixtureSameFamily has no entropy in closed form: pdist.cross_entropy(p, p, method='quadrature') "
            "or 'monte_carlo' computes it"
        )

    def _covariance(self) -> Variable:
        """The mean of the components' matrices, and the matrix of their means."""
        _, _, away, _ = self._centred()
        n = math.prod(self.event_shape)
        away = away.reshape((*self.batch_shape, self.n_components, n))
        w = self.mixture_distribution.p[..., None, None]
        inner = F.where(w.array == 0, 0.0, self.component_distribution.covariance)
        return (w * (inner + away[..., :, None] * away[..., None, :])).sum(axis=-3)

    def _mode(self) -> Variable:
        """The highest point of the density, without gradients."""
        if self.event_shape:
            raise self._no("mode")
        return as_variable(search_mode(*self._arrays(), mixture=self).array)

    # Samples ------------------------------------------------------------------------------------------

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        weights = self.mixture_distribution
        x = self._components_of(draw_classes(self.xp, weights.p.array, shape, rng)).sample((), rng)
        if config.enable_backprop and weights._leading.requires_grad and self._moves_with_weights:
            return self._move_with_weights(x)
        return x

    def _components_of(self, labels: Any) -> Distribution:
        """The component that each label names, of the labels' shape ``[*sample, *batch]``."""
        shape = self.batch_shape
        components = spread(self.component_distribution, shape, 1)
        rows = [self.xp.arange(n).reshape((n,) + (1,) * (len(shape) - 1 - i)) for i, n in enumerate(shape)]
        return components[(*rows, labels)]

    @property
    def _numbers(self) -> tuple[Distribution, int]:
        """The distribution of the single numbers that a component draws, and how many axes they fill."""
        return self.component_distribution._factors or (self.component_distribution, 0)

    @property
    def _moves_with_weights(self) -> bool:
        """Whether draws carry gradients to the weights.

        They do for continuous numbers with one support for all components: where the density has gaps, draws
        cannot pass.
        """
        inner = self._numbers[0]
        has_cdf = hasattr(inner, "_cdf") or hasattr(inner, "_log_cdf")
        return has_cdf and not inner.event_shape and _has_fixed_support(inner) and not inner.support.discrete

    def _has_pathwise(self, name: str) -> bool:
        if name.startswith("mixture_distribution."):
            return self._moves_with_weights
        return super()._has_pathwise(name)

    def _move_with_weights(self, x: Variable) -> Variable:
        """``x`` itself, with gradients by the weights.

        Each number keeps its place in the cumulative distribution function given the numbers before it. The
        weights come in twice, once as they are and once without gradients: the gradients by all else, which
        the draws have already, cancel.
        """
        inner, n = self._numbers
        log_w = self.mixture_distribution.log_p
        fixed = as_variable(log_w.array)
        moved = []
        for element in np.ndindex(self.event_shape):
            component = inner[(..., *element)] if n else inner
            at = x[(..., *element)] if n else x
            place = _Place(component, fixed, at)
            to = at
            for _ in range(2):  # Newton's steps; the second is for second derivatives
                now = _Place(component, log_w, to)
                upper = place.upper
                to = _newton_step(to, now.tail(upper) - place.tail(upper), now.log_slope(upper), upper)
            moved.append(to)
            log_w, fixed = (
                log_w + component.log_prob(to[..., None]),
                fixed + component.log_prob(at[..., None]),
            )
        return F.stack(moved, axis=-1).reshape(x.shape) if n else moved[0]


def _has_fixed_support(dist: Distribution) -> bool:
    """Whether the support is declared for the whole class, so that it is the same for all components."""
    return isinstance(getattr(type(dist), "support", None), Support)


class _Place:
    """Where a value lies in a mixture of numbers whose log-weights need not be normalized."""

    def __init__(self, components: Distribution, log_w: Variable, x: Variable) -> None:
        x = x[..., None]
        self.log_total = F.logsumexp(log_w, axis=-1)
        self.log_cdf = F.logsumexp(log_w + components.log_cdf(x), axis=-1)
        self.log_sf = F.logsumexp(log_w + components.log_survival_function(x), axis=-1)
        self.log_density = F.logsumexp(log_w + components.log_prob(x), axis=-1)

    @property
    def upper(self) -> Any:
        """Whether it lies in the upper half."""
        return self.log_cdf.array > self.log_sf.array

    def tail(self, upper: Any) -> Variable:
        """The logarithm of the smaller tail."""
        return F.where(upper, self.log_sf, self.log_cdf) - self.log_total

    def log_slope(self, upper: Any) -> Variable:
        """The logarithm of that tail's relative change with the value."""
        return self.log_density - F.where(upper, self.log_sf, self.log_cdf)


def _newton_step(x: Variable, error: Variable, log_slope: Variable, upper: Any) -> Variable:
    """``x`` moved against the error of a log tail, whose slope is positive below and negative above."""
    usable = abs(log_slope.array) < math.inf
    step = F.where(usable, error, 0.0) * F.exp(-F.where(usable, log_slope, 0.0))
    return x + F.where(upper, step, -step)


@differentiable
@hooks.opaque
def search_quantile(xp, *arrays, mixture):
    """The value that a mixture is not above with probability p; p comes first, then the mixture's parameters.

    Newton's method on the log of the smaller tail, kept inside the components' own quantiles and halving that
    interval where it does not get ahead. Looks at values on the host, to see whether it is done.
    """
    p, *parameters = arrays
    mixture = mixture._with_arrays(iter(parameters))
    with no_backprop_mode():
        used = mixture.mixture_distribution.p.array > 0
        quantiles = mixture.component_distribution.icdf(p[..., None]).array
        low = xp.where(used, quantiles, math.inf).min(axis=-1)
        high = xp.where(used, quantiles, -math.inf).max(axis=-1)
        if mixture.support.discrete:
            return _bisect_counts(mixture, p, low, high)
        return _newton(mixture, p, low, high)


def _newton(mixture: MixtureSameFamily, p: Any, low: Any, high: Any) -> Any:
    xp, host = mixture.xp, library_of(p).host  # type: ignore[union-attr]
    upper = p > 0.5
    target = xp.where(upper, xp.log1p(-p), xp.log(p))
    ends = ~((low < high) & (p > 0) & (p < 1))  # there is no way to go; nan as well
    found = xp.where(p > 0.5, high, low)
    low, high = xp.where(ends, 0, low), xp.where(ends, 0, high)
    x = 0.5 * low + 0.5 * high
    step = high - low
    noise = 2 * float(np.finfo(p.dtype).eps) * (1 + abs(target))
    for _ in range(100):
        tail = xp.where(upper, mixture.log_survival_function(x).array, mixture.log_cdf(x).array)
        error = xp.where(upper, target - tail, tail - target)  # positive where x is too large
        low, high = xp.where(error > 0, low, x), xp.where(error > 0, x, high)
        newton = error * xp.exp(tail - mixture.log_prob(x).array)
        slow = ~((x - newton > low) & (x - newton < high) & (abs(newton) < 0.5 * step))
        step = xp.where(slow, 0.5 * (high - low), abs(newton))
        new = xp.where(slow, low + 0.5 * (high - low), x - newton)
        near = abs(error) <= noise
        done = ends | near | (new == x)
        x = xp.where(near, x, new)
        if host and done.all():
            break
    return xp.where(ends, found, x)


def _bisect_counts(mixture: MixtureSameFamily, p: Any, low: Any, high: Any) -> Any:
    """The smallest integer from ``low`` to ``high`` with P(X <= x) >= p."""
    xp = mixture.xp
    ends = ~((low < high) & (p > 0) & (p < 1))
    found = xp.where(p > 0.5, high, low)
    low, high = xp.where(ends, 0, low), xp.where(ends, 0, high)
    for _ in range(64):
        middle = xp.floor(0.5 * low + 0.5 * high)
        enough = mixture.cdf(middle).array >= p
        low, high = xp.where(enough, low, xp.minimum(middle + 1, high)), xp.where(enough, middle, high)
    return xp.where(ends, found, high)


@differentiable
@hooks.opaque
def search_mode(xp, *arrays, mixture):
    """Where the density of a mixture of numbers is highest: the best of a grid, then by its slope."""
    mixture = mixture._with_arrays(iter(arrays))
    components = mixture.component_distribution
    used = mixture.mixture_distribution.p.array > 0
    peaked = hasattr(components, "_mode")  # else flat, as the Uniform
    modes = mixture._full(components.mode if peaked else components.median).array
    low = xp.where(used, modes, math.inf).min(axis=-1) if peaked else -math.inf
    high = xp.where(used, modes, -math.inf).max(axis=-1) if peaked else math.inf
    with no_backprop_mode():
        x = xp.clip(_grid(mixture, modes), low, high)
        y = mixture.log_prob(x).array
    best = y.argmax(axis=0)[None]
    top, height = (xp.take_along_axis(a, best, axis=0)[0] for a in (x, y))
    left = right = top
    for _ in range(2):  # the second neighbours: the first may differ by a rounding error alone
        left = xp.maximum(xp.where(x < left, x, -math.inf).max(axis=0), x.min(axis=0))
        right = xp.minimum(xp.where(x > right, x, math.inf).min(axis=0), x.max(axis=0))
    discrete = mixture.support.discrete
    for _ in range(60):
        middle = 0.5 * left + 0.5 * right
        middle = xp.floor(middle) if discrete else middle
        rising = _slope(mixture, middle) > 0
        left = xp.where(rising, xp.minimum(middle + 1, right) if discrete else middle, left)
        right = xp.where(rising, right, middle)
    with no_backprop_mode():
        higher = mixture.log_prob(right).array > height
    return xp.where(higher, right, top)


def _grid(mixture: MixtureSameFamily, modes: Any) -> Any:
    """Values close enough to miss no peak, on a new first axis: the components' modes and quantiles."""
    xp, batch, n = mixture.xp, mixture.batch_shape, 49
    u = xp.linspace(0.02, 0.98, n, dtype=modes.dtype).reshape((n,) + (1,) * (len(batch) + 1))
    quantiles = mixture.component_distribution.icdf(u).array
    quantiles = xp.broadcast_to(quantiles, (n, *batch, mixture.n_components))
    x = xp.concatenate([modes[None], quantiles], axis=0)  # [n + 1, *batch, K]
    return xp.moveaxis(x, -1, 1).reshape(((n + 1) * mixture.n_components, *batch))


def _slope(mixture: MixtureSameFamily, x: Any) -> Any:
    """d log p/dx, or by how much log p grows to the next count."""
    if mixture.support.discrete:
        with no_backprop_mode():
            return mixture.log_prob(x + 1).array - mixture.log_prob(x).array
    at = Variable(x)
    with force_backprop_mode():
        (g,) = grad([mixture.log_prob(at)], [at], [mixture.xp.ones_like(x)])
    return x * 0 if g is None else g.array


# Normal components -----------------------------------------------------------------------------------------


def _parameters(normals: Normal) -> tuple[Variable, Variable, bool]:
    """Locations, scales or their logarithms, and which of both: each with an axis for the components."""
    log_scale = normals.given("log_scale")
    loc, scale = normals.loc, normals.log_scale if log_scale else normals.scale
    return (
        loc if loc.ndim else loc.reshape((1,)),
        scale if scale.ndim else scale.reshape((1,)),
        log_scale,
    )


@register_mixture_formula(Normal, "log_prob")
def _log_prob_of_normals(mixture: MixtureSameFamily, x: Variable) -> Variable:
    loc, scale, log_scale = _parameters(mixture.component_distribution)
    return mixture_normal_log_prob(x, mixture.mixture_distribution.logit, loc, scale, log_scale=log_scale)


@register_mixture_formula(Normal, "cdf")
def _cdf_of_normals(mixture: MixtureSameFamily, x: Variable) -> Variable:
    loc, scale, log_scale = _parameters(mixture.component_distribution)
    return mixture_normal_tail(x, mixture.weights, loc, scale, upper=False, log_scale=log_scale)


@register_mixture_formula(Normal, "survival_function")
def _survival_function_of_normals(mixture: MixtureSameFamily, x: Variable) -> Variable:
    loc, scale, log_scale = _parameters(mixture.component_distribution)
    return mixture_normal_tail(x, mixture.weights, loc, scale, upper=True, log_scale=log_scale)


@register_mixture_formula(Normal, "responsibilities")
def _responsibilities_of_normals(mixture: MixtureSameFamily, x: Variable) -> Variable:
    normals = mixture.component_distribution
    return mixture_normal_responsibilities(
        mixture._for_components(x), mixture._log_weights, normals.loc, normals.scale
    )
