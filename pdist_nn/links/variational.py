"""Layers whose weights have a posterior distribution: Bayes by backprop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pdist.functions as F
from pdist.autograd import Variable, as_variable, differentiable
from pdist.backend import hooks, random
from pdist.distributions import Distribution, Normal, kl_divergence
from pdist.functions.linear_algebra import product, sum_rows

from .. import initializers
from ..checks import check_size
from ..divergences import divergence_from_normal, divergence_from_standard_normal
from ..link import Link
from ..parameter import Parameter
from .linear import fit_width

SMALL = 4096  # weights: smaller arrays cost less when combined with others


class _Local(threading.local):
    mean = False  # see mean_weights
    inside: Any = None  # the recording in which it was set


_local = _Local()


@contextmanager
def mean_weights(on: bool = True) -> Iterator[None]:
    """Inside the block, stochastic layers compute with their posteriors' means rather than with draws.

    >>> import numpy as np
    >>> layer = DenseReparameterization(2, 3)
    >>> x = np.ones((1, 2), np.float32)
    >>> with mean_weights():
    ...     bool((layer(x).array == layer(x).array).all())
    True
    """
    previous = _local.mean, _local.inside
    _local.mean, _local.inside = on, hooks.current()
    hooks.array_replaced()  # a trace is valid for one of both
    try:
        yield
    finally:
        _local.mean, _local.inside = previous
        hooks.array_replaced()


@differentiable
def draw_weights(xp, loc, log_scale, /, noise):
    """loc + e^log_scale noise, as one op."""
    return loc + xp.exp(log_scale) * noise


draw_weights.derivative(
    loc=lambda F, g: g,
    log_scale=lambda F, g, log_scale, noise: g * F.exp(log_scale) * noise,
)


@differentiable
def affine_map_of_draw(xp, x, loc, log_scale, b, /, noise):
    """x (loc + e^log_scale noise)^T + b, as one op."""
    y = product(xp, x, draw_weights.kernel(xp, loc, log_scale, noise).T)
    y += b
    return y


def _affine_rule(F, g, needs, x, loc, log_scale, noise):
    moved = F.exp(log_scale) * noise
    d_W = g.T @ x
    return g @ (loc + moved) if needs.x else None, d_W, d_W * moved, F(sum_rows)(g)


affine_map_of_draw.joint_derivative(_affine_rule)


class NormalPosterior(Link):
    """Independent Normals with trainable locations and logarithms of scales.

    Args:
        shape: the shape of a draw.
        initial_loc: initializer of the locations; Normal(0.1) by default.
        initial_log_scale: initializer of the logarithms; by default Normal draws about -3 with standard
            deviation 0.1.
    """

    def __init__(
        self, shape: tuple[int | None, ...], initial_loc: Any = None, initial_log_scale: Any = None
    ) -> None:
        super().__init__()
        if initial_log_scale is None:
            initial_log_scale = _around_minus_three
        with self.init_scope():
            self.loc = Parameter(initializers.Normal(0.1) if initial_loc is None else initial_loc, shape)
            self.log_scale = Parameter(initial_log_scale, shape)

    def forward(self) -> Normal:
        """The distribution."""
        return Normal(self.loc, log_scale=self.log_scale)

    def noise(self) -> Any:
        """Standard Normal numbers for a draw."""
        loc = self.loc
        return random.generator(loc.xp).standard_normal(loc.shape, dtype=loc.dtype)

    def draw(self) -> Variable:
        """``self().sample()`` as one op."""
        return draw_weights(self.loc, self.log_scale, noise=self.noise())


def _around_minus_three(array: Any) -> None:
    initializers.Normal(0.1)(array)
    array -= 3


class PointPosterior(Link):
    """Trainable numbers without uncertainty, in place of a distribution."""

    def __init__(self, shape: tuple[int | None, ...], initializer: Any = 0.0) -> None:
        super().__init__()
        with self.init_scope():
            self.value = Parameter(initializer, shape)

    def forward(self) -> Parameter:
        """The numbers."""
        return self.value


class DenseReparameterization(Link):
    """y = x W^T + b with W drawn anew from its posterior at each call.

    Gradients reach the posterior through the draw (the reparameterization trick). The objective is the
    negative log-likelihood plus ``kl_divergence()``, the latter once per pass over the data.

    Args:
        in_size: number of inputs; None determines it at the first call.
        out_size: number of outputs.
        posterior: a function of a shape that returns a Link, whose ``forward()`` is the distribution of the
            weights; :class:`NormalPosterior` by default. While the input size is unknown, the shape is
            ``(out_size, None)``, which a :class:`pdist_nn.Parameter` accepts; a function that does not accept
            it is called when the size is known.
        prior: a distribution that broadcasts to the weights, or a function of a shape that returns one (or a
            Link); Normal(0, 1) by default.
        bias_posterior: likewise for b; by default b is a plain parameter. ``False`` omits b.
        bias_prior: likewise for b.

    Source:
        C. Blundell et al., Weight uncertainty in neural networks, ICML (2015).

    >>> import numpy as np
    >>> layer = DenseReparameterization(2, 3)
    >>> x = np.ones((4, 2), np.float32)
    >>> bool((layer(x).array == layer(x).array).all())  # a fresh draw at each call
    False
    >>> layer.kl_divergence().shape
    ()
    """

    posterior: Any  # of the weights; None until the required input size is known
    prior: Any

    def __init__(
        self,
        in_size: int | None,
        out_size: int | None = None,
        posterior: Callable[[tuple[Any, ...]], Link] = NormalPosterior,
        prior: Any = None,
        bias_posterior: Any = PointPosterior,
        bias_prior: Any = None,
    ) -> None:
        super().__init__()
        if out_size is None:
            in_size, out_size = None, in_size
        self.in_size, self.out_size = in_size, check_size("DenseReparameterization", "out_size", out_size)
        self._make_posterior, self._make_prior = posterior, prior
        with self.init_scope():
            self.bias_posterior = bias_posterior((out_size,)) if bias_posterior else None
            self.bias_prior = _prior(bias_prior, (self.out_size,))
            self.posterior = self.prior = None
        if in_size is not None:
            self._initialize(check_size("DenseReparameterization", "in_size", in_size))
        else:
            shape = (self.out_size, None)
            with self.init_scope():
                self.posterior = _if_it_can_wait(self._make_posterior, shape)
                self.prior = _if_it_can_wait(lambda shape: _prior(self._make_prior, shape), shape)

    def _initialize(self, in_size: int) -> None:
        self.in_size = in_size
        shape = (self.out_size, in_size)
        with self.init_scope():
            if self.posterior is None:
                self.posterior = self._make_posterior(shape)
            if self.prior is None:
                self.prior = _prior(self._make_prior, shape)
        for part in (self.posterior, self.prior):
            for parameter in part.params() if isinstance(part, Link) else ():
                parameter.complete(in_size)

    def serialize(self, serializer: Any) -> None:
        """Save or load the parameters; a width that is not known yet is taken from the file."""
        super().serialize(serializer)
        if self.in_size is None and self.posterior is not None:
            for p in self.posterior.params(include_uninit=False):
                if p.deferred_shape is not None:
                    self._initialize(p.shape[p.deferred_shape.index(None)])
                    break

    def forward(self, x: Any, n_batch_axes: int = 1, mean: bool | None = None) -> Variable:
        """Apply the layer.

        Args:
            x: of shape ``[..., in_size]``; the axes after the first ``n_batch_axes`` count as one.
            n_batch_axes: number of batch axes.
            mean: whether to use the posterior's mean; by default as set by :func:`mean_weights`.
        """
        if not isinstance(x, Variable):
            x = as_variable(x)
        shape = x.shape
        plain = n_batch_axes == 1 and len(shape) == 2 and shape[1] == self.in_size
        if not plain:
            fit_width(self, shape, n_batch_axes)
        if mean is None:
            mean = _local.mean
            if hooks.running and _local.inside is not hooks.current():
                hooks.depends_on(_local, "mean")
        posterior = self.posterior
        b = None if self.bias_posterior is None else _draw(self.bias_posterior, mean)
        if plain and b is not None and not mean and posterior.__class__ is NormalPosterior:
            return affine_map_of_draw(x, posterior.loc, posterior.log_scale, b, noise=posterior.noise())
        return F.linear(x, _draw(posterior, mean), b, n_batch_axes)

    def kl_divergence(self) -> Variable:
        """KL(posterior || prior), summed over the weights (and b if it has a posterior)."""
        if self.in_size is None:
            raise ValueError(
                "DenseReparameterization.kl_divergence: the input size is not known yet; call it once"
            )
        total = _divergence(self.posterior, self.prior)
        if self.bias_posterior is not None and not isinstance(self.bias_posterior, PointPosterior):
            total = total + _divergence(self.bias_posterior, self.bias_prior)
        return total

    def small_standard_posteriors(self) -> list[tuple[Any, Any]] | None:
        """The loc and log_scale of each posterior if all are small Normals with the prior Normal(0, 1)."""
        if self.in_size is None or type(self).kl_divergence is not DenseReparameterization.kl_divergence:
            return None
        pairs = []
        for posterior, prior in (
            (self.posterior, self.prior),
            (self.bias_posterior, self.bias_prior),
        ):
            if posterior is None or type(posterior) is PointPosterior:
                continue
            if type(posterior) is not NormalPosterior or prior is not None or posterior.loc.size > SMALL:
                return None
            pairs.append((posterior.loc, posterior.log_scale))
        return pairs

    def printable(self) -> str:
        return f"in_size={self.in_size}, out_size={self.out_size}"


def _if_it_can_wait(make: Callable[[Any], Any], shape: tuple[int | None, ...]) -> Any:
    """``make(shape)`` with a length of None; None if it requires all lengths."""
    try:
        return make(shape)
    except TypeError:
        return None


def _prior(prior: Any, shape: tuple[int, ...]) -> Any:
    if prior is None or isinstance(prior, (Distribution, Link)):
        return prior
    return prior(shape)


def _draw(posterior: Link, mean: bool) -> Variable:
    """Weights: the mean or a draw; for a posterior without uncertainty, its numbers."""
    if mean or not isinstance(posterior, NormalPosterior):
        weights = posterior()
        if isinstance(weights, Distribution):
            return weights.mean if mean else weights.sample()
        return weights
    return posterior.draw()


def _divergence(posterior: Link, prior: Any) -> Variable:
    """KL(posterior || prior), summed."""
    if isinstance(prior, Link):
        prior = prior()
    if isinstance(posterior, NormalPosterior):
        if prior is None:
            return divergence_from_standard_normal(posterior.loc, posterior.log_scale)
        if type(prior) is Normal:
            return divergence_from_normal(posterior.loc, posterior.log_scale, prior.loc, prior.log_scale)
    return F.sum(kl_divergence(posterior(), Normal(0.0, log_scale=0.0) if prior is None else prior))
