"""The RelaxedOneHotCategorical distribution."""

from __future__ import annotations

from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.constants import SMALLEST
from ...numerics.logits import class_log_probabilities, class_probabilities
from ...numerics.relaxed_classes import relaxed_log_prob
from ...transforms.supports import open_simplex, positive, real
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..families.draws import exponential


class RelaxedOneHotCategorical(Distribution):
    r"""One of K classes as a vector whose elements blend, so that its draws have gradients: Concrete.

    .. math:: X = \operatorname{softmax}\left(\frac{l + G}{t}\right), \quad
        p(x) = (K - 1)!\, t^{K - 1} \prod_k \frac{w_k}{x_k}, \quad
        w = \operatorname{softmax}(l - t \log x)

    with independent standard Gumbel variables G_k. For t towards 0 it becomes a OneHotCategorical.

    Args:
        temperature: t > 0, of shape ``[*batch]``; below 1/(K - 1) the corners are the likeliest.
        p: the probabilities that an element is the largest, all above 0, of shape ``[*batch, K]``.
        logit: l, log p up to a constant per row, of that shape, instead of ``p``.

    No formula is known for the mean, the variance and the entropy. Elements of samples that would round to 0
    are held above it.

    Source:
        Maddison, Mnih and Teh, "The Concrete Distribution: A Continuous Relaxation of Discrete Random
        Variables" (2017).

    >>> import numpy as np
    >>> d = RelaxedOneHotCategorical(temperature=1.0, p=np.array([0.5, 0.25, 0.25]))
    >>> round(d.prob([0.5, 0.25, 0.25]).item(), 6)
    2.37037
    """

    temperature = Param(positive)
    p = Param(open_simplex, event_ndim=1, derive=lambda self: class_probabilities(self.logit))
    logit = Param(real, event_ndim=1, instead_of="p", derive=lambda self: F.log(self.p))
    support = open_simplex
    reparameterized = True

    @property
    def event_shape(self) -> tuple[int, ...]:
        """K, the number of classes."""
        return (self.p if self.given("p") else self.logit).shape[-1:]

    @property
    def log_p(self) -> Variable:
        """The logarithms of the probabilities, of shape ``[*batch, K]``."""
        return F.log(self.p) if self.given("p") else class_log_probabilities(self.logit)

    def _log_prob(self, x: Variable) -> Variable:
        return relaxed_log_prob(x, self.temperature, self.logit)

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        gumbel = -self.xp.log(exponential(rng, shape + self.event_shape, self.dtype))
        x = F.softmax((self.logit + as_variable(gumbel)) / self.temperature[..., None], axis=-1)
        return F.maximum(x, SMALLEST[self.dtype.itemsize > 4])
