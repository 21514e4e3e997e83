"""The PlackettLuce distribution of orders."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable
from ...backend import Array
from ...transforms.supports import Support, real
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..families.draws import exponential


def _is_order(xp: Any, x: Array) -> Array:
    """Vectors that hold each of 0, ..., n - 1 once."""
    return (xp.sort(x, axis=-1) == xp.arange(x.shape[-1])).all(axis=-1)


orders = Support(
    "order of {0, ..., n - 1}",
    _is_order,
    event_ndim=1,
    discrete=True,
    inner=lambda xp, x: xp.arange(x.shape[-1]).astype(x.dtype),
    low=0.0,
)


class PlackettLuce(Distribution):
    r"""The order in which n things are drawn without being put back, each as likely as its weight.

    .. math:: P(x) = \prod_{i=1}^n \frac{e^{s_{x_i}}}{\sum_{j \ge i} e^{s_{x_j}}}

    Args:
        logit: the logarithms s of the weights, up to a constant, of shape ``[*batch, n]``.

    A draw is a vector of n whole numbers, the label of what is drawn first coming first. Samples carry no
    gradients.
    ``mode`` has the labels by falling weight.

    Source:
        R. L. Plackett, "The analysis of permutations", Applied Statistics 24 (1975). R. D. Luce, "Individual
        Choice Behavior" (1959).

    >>> import numpy as np
    >>> d = PlackettLuce(logit=np.log([0.5, 0.3, 0.2]))
    >>> d.prob([0, 1, 2]).item()  # 0.5 of all, then 0.3 of the 0.5 that are left
    0.3
    """

    logit = Param(real, event_ndim=1)
    support = orders

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The number of things."""
        return self.logit.shape[-1:]

    def _log_prob(self, x: Variable) -> Variable:
        """The sum over places of s less the logarithm of the sum of what is left, from the last place on."""
        shape = np.broadcast_shapes(x.shape, self.logit.shape)
        some = self.xp.where((x.array >= 0) & (x.array < shape[-1]), x.array, 0)
        order = self.xp.broadcast_to(some, shape).astype(np.intp)
        s = F.take_along_axis(F.broadcast_to(self.logit, shape), order, axis=-1)
        total = s[..., -1]
        y = 0 * total
        for i in range(shape[-1] - 2, -1, -1):  # log(1 + e^(rest - s)) for each place but the last
            gap = total - s[..., i]
            y = y - F.softplus(gap)
            total = s[..., i] + F.softplus(gap)
        return F.cast(y, np.result_type(x.dtype, y.dtype)) if x.dtype.kind == "f" else y

    def _mode(self) -> Variable:
        return as_variable(self.xp.argsort(-self.logit.array, axis=-1).astype(self.dtype))

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        """By the times of n events, each with its weight as rate: the first is drawn first."""
        waiting = exponential(rng, shape + self.event_shape, self.dtype)
        log_times = self.xp.log(waiting) - self.logit.array
        return as_variable(self.xp.argsort(log_times, axis=-1).astype(self.dtype))
