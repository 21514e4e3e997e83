"""ZeroTruncated: counts that are known not to be 0."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable, config
from ...backend import hooks, library_of
from ...transforms.supports import Support, positive_integer
from ..base.distribution import Distribution
from ..base.parameters import Part
from ..families.lattice import Lattice
from .zero_inflated import check_counts

_FEW = 24  # counts that are summed over where hardly any is greater


class ZeroTruncated(Lattice):
    r"""A distribution of counts, given that they are not 0: only what happened was recorded.

    .. math:: P(x) = \frac{p(x)}{1 - p(0)}, \quad x = 1, 2, \ldots

    Args:
        base: a distribution of counts of 0 or more, of batch shape ``[*batch]``. Its mode, unless it is 0, is
            taken for the mode; else 1.

    Samples carry no gradients.

    Raises:
        ValueError: if the base is continuous, may be negative, or has no probability above 0.

    Source:
        Johnson, Kemp and Kotz, "Univariate Discrete Distributions", section 4.10.1.

    >>> import numpy as np
    >>> from pdist.distributions import Poisson
    >>> d = ZeroTruncated(Poisson(np.array([1e-3, 2.0])))
    >>> d.prob(1).array
    array([0.99950008, 0.31303529])
    >>> d.mean.array
    array([1.00050008, 2.31303529])
    """

    base = Part()

    def __init__(self, base: Distribution) -> None:
        check_counts("ZeroTruncated", base)
        if isinstance(base, Distribution):
            low = base.support.low
            if not (isinstance(low, float) and low >= 0):
                raise ValueError(
                    f"ZeroTruncated: base is a {type(base).__name__}, whose counts may be negative; expected "
                    "one whose counts are 0 or more"
                )
        super().__init__(base=base)
        if config.validate:
            name, above = type(base).__name__, self._some.array
            hooks.check(_check_above, name, above, holds=lambda xp, above: ~(above == 0))

    @property
    def support(self) -> Support:
        """The counts of the base but 0."""
        inner = self.base.support
        if inner.high == math.inf:
            return positive_integer
        test = lambda xp, x: (x >= 1) & inner.test(xp, x)
        return Support(f"positive, {inner.name}", test, discrete=True, inner=1.0, low=1.0, high=inner.high)

    @property
    def _some(self) -> Variable:
        """1 - p(0)."""
        return -F.expm1(self.base.log_prob(0.0))

    @property
    def _log_some(self) -> Variable:
        return F.log1mexp(self.base.log_prob(0.0))

    def _log_prob(self, x: Variable) -> Variable:
        y = self.base.log_prob(x) - self._log_some
        beyond = self.base.survival_function(1.0) / self._some
        sure = beyond.array < 0.5  # then 1 may be all but certain
        return F.where((x.array == 1) & sure, F.log1p(-F.where(sure, beyond, 0.0)), y)

    def _shares(self, x: Variable) -> tuple[Variable, Variable]:
        """P(X <= x) and P(X > x)."""
        none, some = self.base.prob(0.0), self._some
        beyond = self.base.survival_function(x) / some
        return F.where(none.array < 0.5, (self.base.cdf(x) - none) / some, 1 - beyond), beyond

    def _cdf(self, x: Variable) -> Variable:
        upto, beyond = self._shares(x)
        return F.where(beyond.array < 0.5, 1 - beyond, upto)

    def _survival_function(self, x: Variable) -> Variable:
        upto, beyond = self._shares(x)
        return F.where(upto.array < 0.5, 1 - upto, beyond)

    def _log_cdf(self, x: Variable) -> Variable:
        upto, beyond = self._shares(x)
        few = beyond.array < 0.5
        return F.where(few, F.log1p(-F.where(few, beyond, 0.0)), F.log(F.where(few, 1.0, upto)))

    def _log_survival_function(self, x: Variable) -> Variable:
        upto, _ = self._shares(x)
        few = upto.array < 0.5
        far = self.base.log_survival_function(x) - self._log_some
        return F.where(few, F.log1p(-F.where(few, upto, 0.0)), far)

    def _of_few(self, f: Any, otherwise: Variable) -> Variable:
        """E f(x, log P(x)) by a sum where hardly any count is greater than some, else what is given.

        What formulas make of the base's moments loses all digits where nearly every count is 1.
        """
        x = self.xp.arange(1, _FEW + 1, dtype=self.dtype).reshape((_FEW,) + (1,) * len(self.batch_shape))
        log_p = self.log_prob(x)
        y = F.where(
            log_p.array == -math.inf, 0.0, F.exp(log_p) * f(x, F.where(log_p.array == -math.inf, 0.0, log_p))
        )
        rest = self.survival_function(float(_FEW)).array
        return F.where(rest < 1e-3 * float(np.finfo(self.dtype).eps), F.sum(y, axis=0), otherwise)

    def _entropy(self) -> Variable:
        """(h + p(0) log p(0))/(1 - p(0)) + log(1 - p(0)), h being the base's."""
        log_p = self.base.log_prob(0.0)
        log_p = F.where(log_p.array == -math.inf, 0.0, log_p)
        whole = (self.base.entropy + F.exp(log_p) * log_p) / self._some
        return self._of_few(lambda _x, log_p: -log_p, whole + self._log_some)

    def _mean(self) -> Variable:
        return self.base.mean / self._some

    def _variance(self) -> Variable:
        some, mean = self._some, self._mean()
        whole = self.base.variance / some - mean * mean * self.base.prob(0.0)
        return self._of_few(lambda x, _log_p: (x - mean) * (x - mean), whole)

    def _stddev(self) -> Variable:
        return F.sqrt(self._variance())

    def _mode(self) -> Variable:
        return as_variable(self.xp.maximum(self.base.mode.array, 1).astype(self.dtype))


def _check_above(name: str, above: Any) -> None:
    """Raise ValueError if a distribution has no probability above 0."""
    owner = library_of(above)
    if owner is None or not owner.host:
        return
    wrong = np.argwhere(above == 0)
    if len(wrong):
        at = f"[{', '.join(str(int(i)) for i in wrong[0])}]" if above.ndim else ""
        raise ValueError(f"ZeroTruncated: base{at}, a {name}, is always 0; expected one that may be more")
