"""The RelaxedBernoulli distribution."""

from __future__ import annotations

from ... import functions as F
from ...autograd import Variable
from ...numerics.double import two_sum
from ...numerics.logit import relaxed_mode
from ...transforms.supports import positive
from ..base.parameters import Param
from ..families.logit_place import LogitPlace
from ..families.logits import InnerOdds
from .logistic import StandardLogistic


class _Logistic(StandardLogistic):
    """Whose density is added up with the rounding of its two terms."""

    def log_kernel_double(F, z):
        a = abs(z)
        return two_sum(F.xp, -a, -2 * F.log1p(F.exp(-a)))

    def rise(F, z, x, t):
        """t tanh(z/2) + 1 - 2 x from the end that z is near, where t may cancel with 1."""
        low = (t - 1) - 2 * t * F.sigmoid(z) + 2 * x
        high = (1 - t) + 2 * t * F.sigmoid(-z) - 2 * (1 - x)
        return -F.where(z < 0, low, high)


class RelaxedBernoulli(InnerOdds, LogitPlace):
    r"""A coin whose sides blend, so that its draws have gradients: the binary Concrete distribution.

    .. math:: X = \operatorname{sigmoid}\left(\frac{l + \Lambda}{t}\right), \quad
        p(x) = \frac{t e^d}{(1 + e^d)^2 x (1 - x)}, \quad d = l - t \operatorname{logit} x

    with a standard Logistic variable Lambda. For t towards 0 it becomes a Bernoulli.

    Args:
        temperature: t > 0, of shape ``[*batch]``; below 1 the ends of (0, 1) are the likeliest.
        p: the probability of X > 1/2, between 0 and 1, of shape ``[*batch]``.
        logit: l = log(p/(1 - p)), instead of ``p``.

    No formula is known for the mean, the variance and the entropy. For t up to 1 ``mode`` is the end of the
    likelier side, and 1/2 if p is. Samples that would round to 0 or 1 are held inside.

    Source:
        Maddison, Mnih and Teh, "The Concrete Distribution: A Continuous Relaxation of Discrete Random
        Variables" (2017).

    >>> import numpy as np
    >>> RelaxedBernoulli(temperature=0.5, p=np.array([0.5, 0.9])).survival_function(0.5).array
    array([0.5, 0.9])
    """

    temperature = Param(positive)
    order = ("temperature", "p")
    standard, given_as = _Logistic, "rate"

    def _place(self) -> tuple[Variable, Variable]:
        return self.logit, self.temperature

    def _mode(self) -> Variable:
        inner = self.temperature.array > 1
        logit, t = F.where(inner, self.logit, 0.0), F.where(inner, self.temperature, 2.0)
        end = 0.5 * (self.xp.sign(self.logit.array) + 1)
        return F.where(inner, F.sigmoid(relaxed_mode(logit, t)), end)
