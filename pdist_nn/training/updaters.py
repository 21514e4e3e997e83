"""Updaters: one step of training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pdist.autograd import Variable, config

from ..checks import check_finite
from ..datasets import concat_examples
from ..iterators import SerialIterator
from ..optimizers.optimizer import Optimizer
from ..reporter import get_current_reporter, report
from .step import Step


class StandardUpdater:
    """A step: the next batch, the loss, its gradient, the optimizer.

    Floating data is cast to the model's dtype. While ``pdist.config.validate`` is on, data with nan or
    infinity is an error. If a loss function does not report its ``loss``, that is reported as
    ``main/loss``.

    With ``trace=True`` the first step of each batch shape is recorded while it runs, and later steps run
    as straight-line array code (see :func:`pdist.trace`): the same numbers, in less time. Other effects of
    the loss function happen only when it is recorded. So it must not print, count, keep arrays in lists or
    draw from ``numpy.random``; ``pdist.random``, dropout and ``report`` are fine. Parameters, hooks, learning
    rates and freezing may change between steps as always.

    Python numbers are constants of a recording. A new one is made if an attribute of a link is set
    (``model.beta = 0.1``), or a variable that the loss function reads; elements of lists and dicts and
    attributes of other objects are not checked. A number that changes at every step, such as the weight of a
    divergence, belongs in an array that is written in place::

        beta = np.zeros((), np.float32)
        updater = StandardUpdater(iterator, optimizer, loss_func=lambda x: nll(x) + beta * divergence(x))
        trainer.extend(lambda trainer: beta.fill(min(1, trainer.updater.epoch_detail / 10)))

    What cannot be traced, such as a branch on a value, makes the steps run eagerly, with one warning.

    Args:
        iterator: an iterator over batches, or a dict of iterators with one called ``main``.
        optimizer: an optimizer set up with the model, or a dict of optimizers with one called ``main``.
        converter: a function of a batch and the device that returns its arrays.
        device: where the arrays go: ``"cpu"``, ``"cuda"`` or a CUDA device number; None leaves them where
            they are.
        loss_func: a function of the arrays that returns a scalar; the model itself if None.
        trace: whether to trace the step. By this you assert that the loss function is pure: its results
            depend only on its arguments, the model, the optimizer and arrays, and its side effects
            need not be repeated. If its code is found to do otherwise, the steps run
            eagerly, with a warning that names the cause.

    Attributes:
        step: the step as a function of a batch's arrays, once there has been one: if it is traced,
            ``print(updater.step.source)`` shows its code.
    """

    def __init__(
        self,
        iterator: Any,
        optimizer: Any,
        converter: Callable[[Any, Any], Any] = concat_examples,
        device: Any = None,
        loss_func: Callable[..., Variable] | None = None,
        trace: bool = False,
    ) -> None:
        self._iterators = iterator if isinstance(iterator, dict) else {"main": iterator}
        self._optimizers: dict[str, Optimizer] = (
            optimizer if isinstance(optimizer, dict) else {"main": optimizer}
        )
        for name, found in self._optimizers.items():
            if found.target is None:
                raise RuntimeError(
                    f"{type(self).__name__}: the {type(found).__name__} {name!r} was not set up: call "
                    "setup(model)"
                )
        self.converter = converter
        self.device = device
        self.loss_func = loss_func
        self.trace = trace
        self.iteration = 0
        self.step: Any = None
        self._step: Step | None = None
        if device is not None:
            for found in self._optimizers.values():
                found.target.to_device(device)

    # One step -----------------------------------------------------------------------------------------

    def update(self) -> None:
        """Make one step."""
        with np.errstate(all="ignore"):  # errors show in the numbers: see FailOnNonNumber
            self.update_core()
        self.iteration += 1

    def update_core(self) -> None:
        """The step itself, for subclasses to replace."""
        iterator, optimizer = self._iterators["main"], self._optimizers["main"]
        arrays = self.arrays(next(iterator))
        step = self._find_step(self.loss_func or optimizer.target, optimizer)
        if isinstance(arrays, tuple):
            loss = step(*arrays)
        elif isinstance(arrays, dict):
            loss = step(**arrays)
        else:
            loss = step(arrays)
        self._report(loss, optimizer.target)
        if iterator.is_new_epoch:
            for found in self._optimizers.values():
                found.new_epoch()

    def _find_step(self, loss_func: Any, optimizer: Optimizer) -> Any:
        """The function of a batch's arrays that makes a step."""
        if self._step is None or not self._step.holds(loss_func, optimizer):
            self._step = Step(loss_func, optimizer, type(self).__name__, self.trace)
        self.step = self._step.function
        return self.step

    def arrays(self, batch: Any) -> Any:
        """A batch's arrays, checked and in the model's dtype."""
        arrays = self.converter(batch, self.device)
        dtype = self._optimizers["main"].target.dtype
        if isinstance(arrays, tuple):
            return tuple([self._prepare(array, dtype, i) for i, array in enumerate(arrays)])
        if isinstance(arrays, dict):
            return {name: self._prepare(array, dtype, name) for name, array in arrays.items()}
        return self._prepare(arrays, dtype, 0)

    def _prepare(self, array: Any, dtype: np.dtype, name: Any) -> Any:
        if array.__class__ is np.ndarray and config.validate:
            check_finite(array, f"{type(self).__name__}: in iteration {self.iteration + 1}, input {name!r}")
        if array.dtype != dtype and array.dtype.kind == "f":
            return array.astype(dtype)
        return array

    def _report(self, loss: Variable, target: Any) -> None:
        try:
            current = get_current_reporter()
        except RuntimeError:
            return
        if "main/loss" not in current.observation:
            report({"loss": loss}, target)

    # Progress -----------------------------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        """The number of completed epochs."""
        return self._iterators["main"].epoch

    @property
    def epoch_detail(self) -> float:
        """The number of epochs done, including the fraction of the current one."""
        return self._iterators["main"].epoch_detail

    @property
    def previous_epoch_detail(self) -> float | None:
        """``epoch_detail`` before the last step."""
        return self._iterators["main"].previous_epoch_detail

    @property
    def is_new_epoch(self) -> bool:
        """Whether the last step completed an epoch."""
        return self._iterators["main"].is_new_epoch

    def get_optimizer(self, name: str) -> Optimizer:
        """The optimizer of that name."""
        return self._optimizers[name]

    def get_all_optimizers(self) -> dict[str, Optimizer]:
        """All optimizers by name."""
        return dict(self._optimizers)

    def get_iterator(self, name: str) -> SerialIterator:
        """The iterator of that name."""
        return self._iterators[name]

    def finalize(self) -> None:
        """Stop the iterators."""
        for iterator in self._iterators.values():
            if hasattr(iterator, "finalize"):
                iterator.finalize()

    def serialize(self, serializer: Any) -> None:
        """Save or load models, optimizers, iterators and the step count."""
        self.iteration = serializer("iteration", self.iteration)
        for name, iterator in self._iterators.items():
            iterator.serialize(serializer[f"iterator:{name}"])
        for name, optimizer in self._optimizers.items():
            optimizer.target.serialize(serializer[f"model:{name}"])
            optimizer.serialize(serializer[f"optimizer:{name}"])


__all__ = ["StandardUpdater"]
