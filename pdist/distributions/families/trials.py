"""Distributions of counts in independent trials, each with a probability p or its logit."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd import Variable
from .lattice import Lattice
from .logits import Odds


class Trials(Odds, Lattice):
    """What such counts share: a member states ``_log_prob`` and the four tails as one, ``_any_tail``."""

    def _of(self, op: Any, *args: Any, **settings: Any) -> Variable:
        """An op of p or the logit, whichever was given, after its other arguments."""
        by_logit = self.given("logit")
        with np.errstate(all="ignore"):
            return op(*args, self.logit if by_logit else self.p, logit=by_logit, **settings)

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
