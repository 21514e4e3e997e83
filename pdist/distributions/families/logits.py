"""Distributions given by probabilities or logits: of one event, or of K classes.

Parameters are used as given: no result is computed by converting logits to probabilities and back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable
from ...numerics.logits import (
    class_complements,
    class_entropy,
    class_entropy_p,
    class_log_probabilities,
    class_probabilities,
)
from ...numerics.odds import bernoulli_entropy, bernoulli_entropy_logit, bernoulli_variance
from ...numerics.probability import log_complement, log_odds, log_probability
from ...numerics.tables import draw_classes
from ...transforms.supports import (
    extended_real,
    log_probabilities,
    open_unit_interval,
    real,
    simplex,
    unit_interval,
)
from ..base.distribution import Distribution
from ..base.parameters import Param


class _ByEither(Distribution):
    """Base of distributions with parameters ``p`` and ``logit``, one of which is given."""

    p: Any
    logit: Any

    def _by(self, by_p: Callable[..., Any], by_logit: Callable[..., Any], *args: Any) -> Any:
        """A function of the probabilities if they were given, or another of the logits; ``args`` first."""
        with np.errstate(all="ignore"):
            return by_p(*args, self.p) if self.given("p") else by_logit(*args, self.logit)


class Odds(_ByEither):
    """A distribution with a probability ``p`` of one event, or its ``logit`` log(p/(1 - p)).

    If p is 0 or 1, a derivative in it may be infinite; the gradient is then defined as 0. A logit may be
    infinite, with gradient 0.
    """

    p = Param(unit_interval, derive=lambda self: F.sigmoid(self.logit))
    logit = Param(extended_real, instead_of="p", derive=lambda self: log_odds(self.p))

    @property
    def _wide_p(self) -> Any:
        """p as an array, for draws: from a logit in float64, as 24 bits cannot hold a p of 1 - 1e-9."""
        return self._by(
            lambda p: p.array, lambda logit: 1 / (1 + self.xp.exp(-logit.array.astype(np.float64)))
        )

    @property
    def _q(self) -> Variable:
        """1 - p."""
        return self._by(lambda p: 1 - p, lambda logit: F.sigmoid(-logit))

    @property
    def _log_p(self) -> Variable:
        return self._by(log_probability, F.log_sigmoid)

    @property
    def _log_q(self) -> Variable:
        """log(1 - p)."""
        return self._by(log_complement, lambda logit: F.log_sigmoid(-logit))

    def _event_entropy(self) -> Variable:
        """The entropy of the event: -p log p - (1 - p) log(1 - p)."""
        return self._by(bernoulli_entropy, bernoulli_entropy_logit)


class InnerOdds(_ByEither):
    """What has a ``p`` between 0 and 1, or a finite ``logit``, neither of which may be at an end."""

    p = Param(open_unit_interval, derive=lambda self: F.sigmoid(self.logit))
    logit = Param(real, instead_of="p", derive=lambda self: log_odds(self.p))


class Logits(_ByEither):
    """A distribution with the probabilities ``p`` of K classes, or their ``logit`` log p + any constant.

    Classes may have probability 0: p = 0, or a logit of -inf. A derivative in such a p may be infinite; the
    gradient is then defined as 0.
    """

    p = Param(simplex, event_ndim=1, derive=lambda self: class_probabilities(self.logit))
    logit = Param(
        log_probabilities, event_ndim=1, instead_of="p", derive=lambda self: log_probability(self.p)
    )

    @property
    def n_classes(self) -> int:
        """K, the number of classes."""
        return self._leading.shape[-1]

    @property
    def log_p(self) -> Variable:
        """The logarithms of the probabilities, of shape ``[*batch, K]``."""
        return self._by(log_probability, class_log_probabilities)

    @property
    def _complements(self) -> Variable:
        """1 - p of every class."""
        return self._by(lambda p: 1 - p, class_complements)

    def _entropy(self) -> Variable:
        return self._by(class_entropy_p, class_entropy)

    def _indicator_variance(self) -> Variable:
        """p (1 - p) of every class."""
        return self._by(bernoulli_variance, lambda logit: self.p * class_complements(logit))

    def _indicator_covariance(self) -> Variable:
        """diag(p) - p p^T."""
        p, diagonal = self.p, self.xp.eye(self.n_classes, dtype=bool)
        return F.where(diagonal, self._indicator_variance()[..., None], -p[..., None] * p[..., None, :])

    def _likeliest(self) -> Any:
        """The label of the likeliest class, as integer indices."""
        return self._leading.array.argmax(axis=-1)

    def _draw_labels(self, shape: tuple[int, ...], rng: Any) -> Any:
        """Labels of shape ``[..., *batch]``, as integer indices."""
        return draw_classes(self.xp, self.p.array, shape, rng)
