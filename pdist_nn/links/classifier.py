"""A model with its loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pdist.functions as F
from pdist.autograd import Variable

from ..containers import Chain
from ..link import Link
from ..losses import BROADCASTING, check_target
from ..reporter import report


class Classifier(Chain):
    """A predictor with its loss, which it reports along with the accuracy; an optimizer is set up with it.

    Args:
        predictor: a link that makes predictions.
        lossfun: the loss: a function of the predictor's output and the labels.
        accfun: the accuracy: a function of the same; None reports none.

    >>> import numpy as np, pdist_nn.links as L
    >>> model = Classifier(L.Linear(2, 3, initialW=0.0))
    >>> round(float(model(np.zeros((4, 2), np.float32), np.array([0, 1, 2, 0]))), 4)
    1.0986
    """

    def __init__(
        self,
        predictor: Link,
        lossfun: Callable[[Any, Any], Variable] = F.softmax_cross_entropy,
        accfun: Callable[[Any, Any], Any] | None = F.accuracy,
    ) -> None:
        super().__init__()
        self.lossfun, self.accfun = lossfun, accfun
        with self.init_scope():
            self.predictor = predictor

    def forward(self, x: Any, t: Any) -> Variable:
        """The loss.

        Args:
            x: the predictor's input.
            t: the labels.

        Raises:
            ValueError: if a squared or absolute error is taken between shapes ``[N, 1]`` and ``[N]``.
        """
        y = self.predictor(x)
        if any(self.lossfun is found for found in BROADCASTING):
            check_target(type(self).__name__, y, t)
        loss = self.lossfun(y, t)
        report({"loss": loss}, self)
        if self.accfun is not None:
            report({"accuracy": self.accfun(y, t)}, self)
        return loss
