"""The Zipf distribution."""

from __future__ import annotations

from typing import Any

from ...autograd import Variable, as_variable
from ...numerics.zeta import zeta_sum
from ...numerics.zipf import (
    zipf_cdf,
    zipf_entropy,
    zipf_guess,
    zipf_log_cdf,
    zipf_log_prob,
    zipf_log_survival,
    zipf_survival,
)
from ...transforms.supports import above_one, positive_integer
from ..base.parameters import Param
from ..families.lattice import Lattice


class Zipf(Lattice):
    r"""Ranks whose probabilities fall as a power of them, as those of words do: the zeta distribution.

    .. math:: P(x) = \frac{x^{-\alpha}}{\zeta(\alpha)}, \quad x = 1, 2, \ldots

    Args:
        alpha: the exponent alpha > 1, of shape ``[*batch]``.

    ``mean`` is inf for alpha <= 2; ``variance`` is inf for alpha <= 3, and nan up to 2. Samples have the
    dtype of alpha, in which a large one may be inf, and carry no gradients.

    Source:
        Johnson, Kemp and Kotz, "Univariate Discrete Distributions", section 11.2.20.

    >>> import numpy as np
    >>> d = Zipf(np.array([2.0, 4.0]))
    >>> d.cdf(3).array
    array([0.82745633, 0.9930912 ])
    >>> d.mean.array
    array([       inf, 1.11062654])
    """

    alpha = Param(above_one)
    support = positive_integer
    undefined = frozenset({"mean", "variance", "stddev", "skewness", "kurtosis"})

    def _log_prob(self, x: Variable) -> Variable:
        return zipf_log_prob(x, self.alpha)

    def _cdf(self, x: Variable) -> Variable:
        return zipf_cdf(x, self.alpha)

    def _survival_function(self, x: Variable) -> Variable:
        return zipf_survival(x, self.alpha)

    def _log_cdf(self, x: Variable) -> Variable:
        return zipf_log_cdf(x, self.alpha)

    def _log_survival_function(self, x: Variable) -> Variable:
        return zipf_log_survival(x, self.alpha)

    def _near(self, u: Any) -> Any:
        return zipf_guess(self.xp, u, self.alpha.array)

    def _entropy(self) -> Variable:
        return zipf_entropy(self.alpha)

    def _excess(self, power: int) -> Variable:
        """E[(X - 1)^power]."""
        return zeta_sum(self.alpha, power=power) / (1 + zeta_sum(self.alpha))

    def _mean(self) -> Variable:
        return 1 + self._excess(1)

    def _mode(self) -> Variable:
        return as_variable(self.xp.ones_like(self.alpha.array))

    def _variance(self) -> Variable:
        excess = self._excess(1)
        return self._excess(2) - excess * excess
