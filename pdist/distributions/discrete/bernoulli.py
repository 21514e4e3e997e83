"""The Bernoulli distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd import Variable, as_variable
from ...numerics.odds import (
    bernoulli_icdf,
    bernoulli_log_prob,
    bernoulli_log_prob_logit,
    bernoulli_stddev,
    bernoulli_stddev_logit,
    bernoulli_variance,
    bernoulli_variance_logit,
)
from ...transforms.supports import boolean, unit_interval
from ..base.parameters import Option
from ..base.weighted_data import Data
from ..families.lattice import Lattice, all_between
from ..families.logits import Odds


class Bernoulli(Odds, Lattice):
    r"""The Bernoulli distribution: 1 with probability p, else 0.

    .. math:: P(x) = p^x (1 - p)^{1 - x}

    Args:
        p: the probability of 1, in [0, 1], of shape ``[*batch]``.
        logit: log(p/(1 - p)), real or infinite, instead of ``p``: it is never converted to a probability on
            the way to a result, so that no accuracy is lost.
        binary_check: whether values other than 0 and 1 have log_prob -inf. By default those in between are
            grey values, with log_prob x log p + (1 - x) log(1 - p).

    Samples are counts: they have the dtype of the parameters, and carry no gradients. If p is 0 or 1, a
    derivative may be infinite; the gradient in p is then 0.

    Source:
        Johnson, Kemp and Kotz, "Univariate Discrete Distributions", section 3.

    >>> import numpy as np
    >>> d = Bernoulli(p=np.array([0.25, 1.0]))
    >>> d.prob(1).array
    array([0.25, 1.  ])
    >>> Bernoulli(logit=-100.0).log_prob(1).array
    array(-100., dtype=float32)
    """

    binary_check = Option(False)
    support = boolean

    def _accepts(self, x: Variable) -> Any:
        if self.binary_check:
            return boolean.contains(x)
        return np.array(True) if all_between(x, 0, 1) else unit_interval.contains(x)

    def _log_prob(self, x: Variable) -> Variable:
        return self._by(bernoulli_log_prob, bernoulli_log_prob_logit, x)

    def _whole(self, x: Variable) -> Any:
        return x.array  # the tails are the same everywhere except where they are 0 or 1

    def _cdf(self, x: Variable) -> Variable:
        return self._q

    def _survival_function(self, x: Variable) -> Variable:
        return self.p

    def _log_cdf(self, x: Variable) -> Variable:
        return self._log_q

    def _log_survival_function(self, x: Variable) -> Variable:
        return self._log_p

    def _icdf(self, p: Variable) -> Variable:
        return bernoulli_icdf(p, self._q)

    _entropy = Odds._event_entropy

    def _mean(self) -> Variable:
        return self.p

    def _mode(self) -> Variable:
        likely = self._by(lambda p: p.array > 0.5, lambda logit: logit.array > 0)
        return as_variable(self.xp.asarray(likely, dtype=self.dtype))

    _median = _mode

    def _moment(self, n: int) -> Variable:
        return self._mean()

    def _variance(self) -> Variable:
        return self._by(bernoulli_variance, bernoulli_variance_logit)

    def _stddev(self) -> Variable:
        return self._by(bernoulli_stddev, bernoulli_stddev_logit)

    def _deviation_at(self, x: Variable) -> Variable:
        return self._variance() + 0 * x

    _half_difference = _variance

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return as_variable((rng.random(shape) < self._wide_p).astype(self.dtype))

    @classmethod
    def _fitted(cls, data: Data) -> dict[str, Any]:
        return {"p": data.mean}
