"""Distributions of counts in independent trials, each with a probability p or its logit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable
from ..base.tails import FourTails
from .lattice import Lattice
from .logits import Odds


class Trials(Odds, FourTails, Lattice):
    """What such counts share: a member states ``_log_prob`` and the four tails as one, ``_any_tail``."""

    def _of(self, op: Any, *args: Any, **settings: Any) -> Variable:
        """An op of p if it was given, or of the logit, after its other arguments."""
        by_logit = not self.given("p")
        with np.errstate(all="ignore"):
            return op(*args, self.logit if by_logit else self.p, logit=by_logit, **settings)

    def _entropy_near_mean(self) -> Variable:
        """-E log P(X) from 320 counts about the mean, for a deviation up to 10 or two short tails.

        A larger deviation is gone through in steps of an eighth of it, by the mass between counts: such
        sums over a smooth bell are its integral, to the last digits.
        """
        xp, last = self.xp, self.support.high
        mean, deviation = self.mean.array, self.stddev.array
        step = xp.maximum(xp.where(deviation > 10, deviation / 8, 1), 1)
        start = xp.where(deviation > 10, mean - 160 * step, xp.maximum(xp.floor(mean) - 160, 0))
        x = start + step * xp.arange(320, dtype=self.dtype).reshape(-1, *[1] * len(self.batch_shape))
        inside = (x >= 0) & (x <= last)
        with np.errstate(all="ignore"):
            log_p = self._log_prob(Variable(xp.where(inside, x, 0).astype(self.dtype), requires_grad=False))
        inside = inside & (log_p.array > -math.inf)
        log_p = F.where(inside, log_p, 0.0)
        p = step.astype(self.dtype) * F.exp(log_p) * inside.astype(self.dtype)
        return F.sum(-p * log_p, axis=0)
