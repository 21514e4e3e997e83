"""The Categorical distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable, differentiable, promote
from ...backend import library, library_of
from ...numerics.blocks import BLOCK, slices
from ...numerics.logits import (
    class_entropy,
    class_entropy_p,
    class_kl,
    class_log_probabilities,
    class_probabilities,
    class_running_sums,
)
from ...numerics.probability import i_divergence, log_probability
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..base.supports import Support, labels, log_probabilities, simplex
from ..divergences.registry import register_kl
from ..families.lattice import all_between, steps_outside

# One class of each row -------------------------------------------------------------------------------------


def _flat_index(xp, label, shape):
    """Where the elements of ``label`` lie in a flat table of that shape, classes last."""
    batch = shape[:-1]
    return label + xp.arange(math.prod(batch)).reshape(batch) * shape[-1] if batch else label


@differentiable
def take_class(xp, table, /, label):
    """table[..., label] for every row; the labels broadcast with the batch axes."""
    return xp.take(table, _flat_index(xp, label, table.shape))


@differentiable
def put_class(xp, x, /, label, shape):
    """A table of that shape with each element of x added at its label's place: the reverse of take_class."""
    table = xp.zeros(math.prod(shape), x.dtype)
    index = xp.broadcast_to(_flat_index(xp, label, shape), x.shape)
    xp.add.at(table, index.reshape(-1), x.reshape(-1))
    return table.reshape(shape)


take_class.derivative(
    table=lambda F, g, like_table, label: F(put_class)(g, label=label, shape=like_table.shape)
)
put_class.derivative(x=lambda F, g, label: F(take_class)(g, label=label))


# Inverting a cumulative sum --------------------------------------------------------------------------------


def first_class(xp, cumulative, u):
    """The first class whose cumulative weight is not below u, by bisecting all rows at once.

    Args:
        xp: the namespace.
        cumulative: of shape ``[R, K]``.
        u: of shape ``[..., R]``.
    """
    rows, k = cumulative.shape
    size = 1 << (k - 1).bit_length()  # the smallest power of 2 that is not below k
    ends = xp.full((rows, size), math.inf, cumulative.dtype)
    ends[:, : k - 1] = cumulative[:, :-1]
    ends = ends.reshape(-1)
    start = xp.arange(rows) * size
    at = xp.zeros(u.shape, np.int64) + start
    step = size // 2
    while step:
        at += (u > xp.take(ends[step - 1 :], at)) * step
        step //= 2
    return at - start


def draw_classes(xp, weights, shape, rng):
    """Labels with chances in proportion to weights.

    Sums and uniforms have 53 bits: with the 24 of float32, classes of less than 1e-7 would come too often or
    never. On the host so many are drawn at a time that they stay in the cache.

    Args:
        xp: the namespace.
        weights: of shape ``[*batch, K]``, not negative.
        shape: of the result, which ends with ``batch``.
        rng: the generator.
    """
    weights = weights.reshape(-1, weights.shape[-1])
    rows, k = weights.shape
    labels = xp.empty((math.prod(shape) // rows if rows else 0, rows), np.int64)
    host = library(xp).host
    for r in slices(rows, max(1, BLOCK // k) if host else rows):
        cumulative = xp.cumsum(weights[r], axis=-1, dtype=np.float64)
        for s in slices(len(labels), BLOCK // len(cumulative) + 1 if host else len(labels)):
            # 1 - u is in (0, 1]: no class of weight 0 is the first to reach it.
            u = (1 - rng.random(labels[s, r].shape)) * cumulative[:, -1]
            labels[s, r] = first_class(xp, cumulative, u)
    return labels.reshape(shape)


class Categorical(Distribution):
    r"""One of K classes, labelled 0 to K - 1.

    .. math:: P(x) = p_x

    Args:
        p: the probabilities, of shape ``[*batch, K]``; each row sums to one within a few roundings.
        logit: log p up to a constant a row, of that shape, instead of ``p``: real or -inf.

    Values are labels of any dtype; what is no label has log_prob -inf. Samples have the parameters' dtype
    (``sample().array.astype(int)`` indexes) and carry no gradients. Where a class has p = 0, a slope by p may
    be infinite; the gradient is then 0.

    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), section 2.2.

    >>> import numpy as np
    >>> d = Categorical(p=np.array([[0.5, 0.5, 0.0], [0.2, 0.3, 0.5]]))
    >>> d.prob(2).array
    array([0. , 0.5])
    >>> d.log_prob(np.array([[0], [1]])).shape
    (2, 2)
    """

    p = Param(simplex, event_ndim=1, derive=lambda self: class_probabilities(self.logit))
    logit = Param(
        log_probabilities, event_ndim=1, instead_of="p", derive=lambda self: log_probability(self.p)
    )

    @property
    def n_classes(self) -> int:
        """K, how many classes there are."""
        return self._leading.shape[-1]

    @property
    def support(self) -> Support:
        """The labels."""
        return labels(self.n_classes)

    @property
    def log_p(self) -> Variable:
        """The logarithms of the probabilities, of shape ``[*batch, K]``."""
        return class_log_probabilities(self.logit) if self.given("logit") else self.logit

    def _log_prob(self, x: Variable) -> Variable:
        return self._look_up(x, self.log_p)

    def _accepts(self, x: Variable) -> Any:
        if x.dtype.kind != "f" and all_between(x, 0, self.n_classes - 1):
            return np.array(True)
        return super()._accepts(x)

    def _look_up(self, x: Variable, table: Variable) -> Variable:
        """``table[..., x]``, x being labels."""
        if x.dtype.kind == "f" or library_of(x.array) is not library_of(table.array):
            x, table = promote(type(self).__name__, ("x", self._plan.given[0]), (x, table))
        return take_class(table, label=x.array.astype(np.int64, copy=False))

    def _steps(self, x: Variable, table: Variable, low: float, high: float) -> Variable:
        """``table[..., floor(x)]``, but ``low`` below 0 and ``high`` from K - 1 on; nan at nan."""
        x, table = promote(type(self).__name__, ("x", self._plan.given[0]), (x, table))
        inside = (x.array >= 0) & (x.array < self.n_classes - 1)
        y = self._look_up(F.where(inside, x, 0.0), table)
        return F.where(inside, y, steps_outside(self.xp, x.array, low, high))

    def _tables(self) -> tuple[Variable, Variable]:
        """P(X <= k) and P(X > k) for every label k but the last, where 0 and 1 are not asked for."""
        reverse = F.flip(self._running_sum(F.flip(self.p, -1)), -1)
        following = self.xp.minimum(self.xp.arange(self.n_classes) + 1, self.n_classes - 1)
        return self._running_sum(self.p), reverse[..., following]

    def _running_sum(self, p: Variable) -> Variable:
        """Sums of the first classes, at most 1 also where they are rounded up."""
        y = class_running_sums(p)
        return y + self.xp.minimum(1 - y.array, 0)

    def _log_tables(self) -> tuple[Variable, Variable]:
        """The logarithms of both: of the one near 1 by the other, of the other by a sum in log space."""
        low, high = self._tables()
        k = self.xp.arange(self.n_classes)
        return (
            self._log_sum(low, high, k <= k[:, None]),
            self._log_sum(high, low, k > k[:, None]),
        )

    def _log_sum(self, table: Variable, complement: Variable, classes: Any) -> Variable:
        near_one = (table.array > 0.5) & (complement.array < 1)  # not where no class is left
        log_sum = F.logsumexp(F.where(classes, self.log_p[..., None, :], -math.inf), axis=-1)
        return F.where(near_one, F.log1p(-F.where(near_one, complement, 0.0)), log_sum)

    def _cdf(self, x: Variable) -> Variable:
        return self._steps(x, self._tables()[0], 0.0, 1.0)

    def _survival_function(self, x: Variable) -> Variable:
        return self._steps(x, self._tables()[1], 1.0, 0.0)

    def _log_cdf(self, x: Variable) -> Variable:
        return self._steps(x, self._log_tables()[0], -math.inf, 0.0)

    def _log_survival_function(self, x: Variable) -> Variable:
        return self._steps(x, self._log_tables()[1], 0.0, -math.inf)

    def _icdf(self, p: Variable) -> Variable:
        u, table = promote(type(self).__name__, ("p", self._plan.given[0]), (p, self._running_sum(self.p)))
        xp, shape, k = self.xp, np.broadcast_shapes(u.shape, self.batch_shape), self.n_classes
        lead = len(shape) - len(self.batch_shape)
        rows = xp.broadcast_to(table.array, (*shape[lead:], k)).reshape(math.prod(shape[lead:]), k)
        flat = xp.broadcast_to(u.array, shape).reshape(math.prod(shape[:lead]), len(rows))
        label = first_class(xp, rows, flat)
        valid = (u.array >= 0) & (u.array <= 1)
        return as_variable(xp.where(valid, label.reshape(shape).astype(u.dtype), math.nan))

    def _entropy(self) -> Variable:
        return class_entropy(self.logit) if self.given("logit") else class_entropy_p(self.p)

    def _mean(self) -> Variable:
        return (self.p * self.xp.arange(self.n_classes)).sum(axis=-1)

    def _variance(self) -> Variable:
        d = self.xp.arange(self.n_classes) - F.expand_dims(self.mean, -1)
        return (self.p * d * d).sum(axis=-1)

    def _mode(self) -> Variable:
        return as_variable(self._leading.array.argmax(axis=-1).astype(self.dtype))

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return as_variable(draw_classes(self.xp, self.p.array, shape, rng).astype(self.dtype))


def kl_of_classes(p: Any, q: Any) -> Variable:
    """KL(p || q) over the same classes, by probabilities where both gave these, else by logits."""
    if p.n_classes != q.n_classes:
        raise ValueError(
            f"kl_divergence: p has {p.n_classes} classes and q {q.n_classes}; expected the same number"
        )
    if p.given("logit") or q.given("logit"):
        return class_kl(p.logit, q.logit)
    return i_divergence(p.p, q.p).sum(axis=-1)  # what it adds to p log(p/q) sums to 0


@register_kl(Categorical, Categorical)
def _kl_categorical_categorical(p: Categorical, q: Categorical) -> Variable:
    return kl_of_classes(p, q)
