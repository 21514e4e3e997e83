"""One step of training as a function of a batch's arrays, traced or not."""

from __future__ import annotations

import contextlib
import inspect
import warnings
from collections.abc import Callable
from typing import Any

import pdist
from pdist.autograd import Variable

from ..checks import check_loss
from ..optimizers.optimizer import Optimizer
from .inspection import Inspection, inspect_step

FEW = 8  # recordings that are always acceptable


class Step:
    """Loss, gradients and the optimizer's update.

    Args:
        loss_func: a function of a batch's arrays that returns a scalar.
        optimizer: set up with the model.
        who: the beginning of error messages.
        trace: whether to trace it.

    Attributes:
        function: a function of the arrays that returns the loss.
    """

    function: Any

    def __init__(
        self, loss_func: Callable[..., Variable], optimizer: Optimizer, who: str, trace: bool
    ) -> None:
        self.loss_func, self.optimizer, self.who, self.trace = loss_func, optimizer, who, trace
        self._inspection: Inspection | None = None
        self._calls = self._recordings = 0
        self._begin()

    def holds(self, loss_func: Any, optimizer: Optimizer) -> bool:
        """Whether it is still valid for these; if only variables changed, it is traced anew."""
        if loss_func is not self.loss_func or optimizer is not self.optimizer:
            return False
        if getattr(self.function, "failure", None) is not None:  # it has warned
            self.trace, self._inspection, self.function = False, None, self._eager_step
        if self._inspection is not None:
            self._calls += 1
            if not (self._inspection.holds() and self._settings() == self._made_for):
                self._begin()
            elif self._recordings > FEW + self._calls // 10:
                self._eager("its recordings do not last: every few steps, the shape of a batch or a number "
                            "that the step reads changes; such a number belongs in an array "
                            "that is written in place")  # fmt: skip
        return True

    def _begin(self) -> None:
        """Trace if requested; warn if the code does something that a recording does not repeat."""
        if not self.trace:
            self.function = self._eager_step
            return
        self._made_for = self._settings()
        found = self._inspection = inspect_step(self.loss_func, self.optimizer)
        if found.hazards:
            self._eager(found.hazards[0])
        else:
            self.function = self._first_step if self._young() else self._traced()

    def _settings(self) -> Any:
        """Settings whose changes neither a recording nor the inspection detects."""
        parameters = self.optimizer.target._flattened()
        return self.optimizer._hooks, [p.requires_grad for p in parameters]

    def _eager(self, why: str) -> None:
        """Fall back to eager steps, with a warning."""
        self._inspection = None
        self.trace = False
        self.function = self._eager_step
        warnings.warn(f"{self.who}: the step runs untraced: {why}", stacklevel=2)

    def _eager_step(self, *args: Any, **kwargs: Any) -> Variable:
        loss = check_loss(self.loss_func(*args, **kwargs), self.who)
        self.optimizer.target.cleargrads()
        loss.backward()
        self.optimizer.update()
        return loss

    def _young(self) -> bool:
        """Whether layers have yet to determine their sizes; a recording of that would not last."""
        return self._calls == 0 and not all(p.is_initialized for p in self.optimizer.target.params())

    def _first_step(self, *args: Any, **kwargs: Any) -> Variable:
        self.function = self._traced()
        return self._eager_step(*args, **kwargs)

    def _traced(self) -> Any:
        """The step as a traced function."""

        def step(*args: Any, **kwargs: Any) -> Variable:
            self._recordings += 1
            return self._eager_step(*args, **kwargs)

        with contextlib.suppress(TypeError, ValueError):  # for the code's names of them
            step.__signature__ = inspect.signature(self.loss_func)  # type: ignore[attr-defined]
        return pdist.trace(step, strict=False)


__all__ = ["Step"]
