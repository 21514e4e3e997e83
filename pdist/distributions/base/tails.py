"""Four tails from one formula."""

from __future__ import annotations

from ...autograd import Variable


class FourTails:
    """What turns one formula into the four tails: a class states ``_any_tail(x, upper, log)``.

    That is P(X <= x) or, if ``upper``, P(X > x); its logarithm if ``log``.
    """

    def _any_tail(self, x: Variable, upper: bool, log: bool) -> Variable:
        raise NotImplementedError

    def _cdf(self, x: Variable) -> Variable:
        return self._any_tail(x, upper=False, log=False)

    def _survival_function(self, x: Variable) -> Variable:
        return self._any_tail(x, upper=True, log=False)

    def _log_cdf(self, x: Variable) -> Variable:
        return self._any_tail(x, upper=False, log=True)

    def _log_survival_function(self, x: Variable) -> Variable:
        return self._any_tail(x, upper=True, log=True)
