"""The FiniteDiscrete distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, promote
from ...numerics.logits import class_log_probabilities, class_probabilities
from ...numerics.probability import log_probability, sqrt_or_zero
from ...numerics.tables import capped_sums, draw_classes, quantile_class, take_class
from ...transforms.supports import Support, distinct
from ..base.parameters import Param
from ..base.scores import crps_of_atoms
from ..base.weighted_data import Data
from ..families.logits import Logits


class FiniteDiscrete(Logits):
    r"""One of K numbers, each with a probability of its own.

    .. math:: P(x) = \sum_k p_k [x = v_k]

    Args:
        values: the numbers v, of shape ``[*batch, K]`` or ``[K]``: all different, in any order.
        p: their probabilities, of shape ``[*batch, K]``; each row sums to one within a few roundings.
        logit: log p up to a constant a row, of that shape, instead of ``p``: real or -inf.

    Samples and quantiles carry gradients to the values, none to the probabilities. Where p = 0 a slope may be
    infinite; the gradient is then 0.

    Raises:
        ValueError: if there are not as many values as probabilities.

    Source:
        TensorFlow Probability's ``FiniteDiscrete``.

    >>> import numpy as np
    >>> d = FiniteDiscrete(np.array([-1.0, 0.5, 10.0]), p=np.array([0.25, 0.5, 0.25]))
    >>> d.prob(0.5).array, d.cdf(3.0).array
    (array(0.5), array(0.75))
    >>> d.mean.array
    array(2.5)
    """

    values = Param(distinct, event_ndim=1)
    order = ("values", "p")
    reparameterized = frozenset({"values"})

    def _batch_shape(self) -> tuple[int, ...]:
        shape, given = super()._batch_shape(), "logit" if self.given("logit") else "p"
        count, n = self.values.shape[-1], getattr(self, given).shape[-1]
        if count != n:
            raise ValueError(f"FiniteDiscrete: {count} values and {n} of {given}; expected as many")
        return shape

    @property
    def support(self) -> Support:
        """The values."""
        v = self.values.array
        test = lambda xp, x: (x[..., None] == v).any(axis=-1)
        low, high = v.min(axis=-1), v.max(axis=-1)
        return Support("{values}", test, discrete=True, inner=low, low=low, high=high)

    @property
    def _atoms(self) -> Any:
        return self.xp.broadcast_to(self.values.array, (*self.batch_shape, self.n_classes))

    def _asked(self, x: Variable) -> tuple[Any, Any, Variable, Variable]:
        """x and the values as arrays, the probabilities and their logarithms, all of one dtype."""
        name = "logit" if self.given("logit") else "p"
        x, values, given = promote(
            "FiniteDiscrete", ("x", "values", name), (x, self.values, getattr(self, name))
        )
        if name == "p":
            return x.array[..., None], values.array, given, log_probability(given)
        return x.array[..., None], values.array, class_probabilities(given), class_log_probabilities(given)

    def _log_prob(self, x: Variable) -> Variable:
        at, values, _, log_p = self._asked(x)
        y = F.logsumexp(F.where(at == values, log_p, -math.inf), axis=-1)
        return F.where(x.array == x.array, y, math.nan)

    def _share(self, x: Variable, above: bool) -> Variable:
        """P(X <= x) or P(X > x), at most 1 also where it is rounded up."""
        at, values, p, _ = self._asked(x)
        y = F.sum(F.where((values > at) if above else (values <= at), p, 0.0), axis=-1)
        return F.where(x.array == x.array, y + y.xp.minimum(1 - y.array, 0), math.nan)

    def _log_share(self, x: Variable, above: bool) -> Variable:
        """The logarithm of one, by the other if it is near 1."""
        at, values, _, log_p = self._asked(x)
        other = self._share(x, not above)
        y = F.logsumexp(F.where((values > at) if above else (values <= at), log_p, -math.inf), axis=-1)
        near = other.array < 0.5
        y = F.where(near, F.log1p(-F.where(near, other, 0.0)), y)
        return F.where(x.array == x.array, y, math.nan)

    def _cdf(self, x: Variable) -> Variable:
        return self._share(x, above=False)

    def _survival_function(self, x: Variable) -> Variable:
        return self._share(x, above=True)

    def _log_cdf(self, x: Variable) -> Variable:
        return self._log_share(x, above=False)

    def _log_survival_function(self, x: Variable) -> Variable:
        return self._log_share(x, above=True)

    def _pick(self, label: Any) -> Variable:
        """The values of those labels, with gradients."""
        return take_class(F.broadcast_to(self.values, (*self.batch_shape, self.n_classes)), label=label)

    def _icdf(self, p: Variable) -> Variable:
        xp, shape = self.xp, (*self.batch_shape, self.n_classes)
        order = xp.argsort(xp.broadcast_to(self.values.array, shape), axis=-1)
        sums = capped_sums(F.take_along_axis(F.broadcast_to(self.p, shape), order, -1)).array
        place = quantile_class(xp, sums, p.array)
        known = place == place
        label = take_class.kernel(xp, order, label=xp.where(known, place, 0))
        return F.where(known, self._pick(label) + 0 * p, math.nan)

    def _mean(self) -> Variable:
        return F.sum(self.p * self.values, axis=-1)

    def _variance(self) -> Variable:
        away = self.values - F.expand_dims(self._mean(), -1)
        return F.sum(self.p * (away * away), axis=-1)

    def _stddev(self) -> Variable:
        return sqrt_or_zero(self._variance())

    def _mode(self) -> Variable:
        likeliest = self._by(lambda p: p.array, lambda logit: logit.array).argmax(axis=-1)
        return self._pick(self.xp.broadcast_to(likeliest, self.batch_shape))

    def _crps(self, x: Variable) -> Variable:
        shape = (*self.batch_shape, self.n_classes)
        values, p = F.broadcast_to(self.values, shape), F.broadcast_to(self.p, shape)
        order = self.xp.argsort(values.array, axis=-1)
        values, p = (F.take_along_axis(v, order, -1) for v in (values, p))
        return crps_of_atoms(x, values, p, F.cumsum(p, axis=-1)[..., :-1])

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        weights = self.xp.broadcast_to(self.p.array, (*self.batch_shape, self.n_classes))
        return self._pick(draw_classes(self.xp, weights, shape, rng))

    @classmethod
    def _fitted(cls, data: Data, values: Any = None) -> dict[str, Any]:
        """The frequencies of the values: those that are given, or that occur in one-dimensional data."""
        if values is None and data.values.ndim > 1:
            raise ValueError("FiniteDiscrete.fit: values have to be given for a batch")
        values = np.unique(data.values) if values is None else values
        same = data.values[..., None] == values
        data.require(same.any(axis=-1), "one of the values")
        return {"values": values, "p": (data.weights[..., None] * same).sum(axis=0)}
