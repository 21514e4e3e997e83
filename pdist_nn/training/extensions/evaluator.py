"""Evaluation of a model on held-out data."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from pdist.autograd import no_backprop_mode, using_config

from ...datasets import concat_examples
from ...reporter import DictSummary, Reporter, get_current_reporter, report
from ..extension import PRIORITY_WRITER, Extension


class Evaluator(Extension):
    """Means over a dataset of the values that a model reports, under names that begin with ``validation/``.

    Args:
        iterator: an iterator over the held-out data that does not repeat.
        target: the model.
        converter: as for the updater.
        device: as for the updater.
        eval_func: the function to call with a batch's arrays; by default the model itself. If it returns a
            scalar and reports nothing, that is reported as ``loss``.
        name: a prefix to ``validation/``.
    """

    trigger = (1, "epoch")
    priority = PRIORITY_WRITER

    def __init__(
        self,
        iterator: Any,
        target: Any,
        converter: Callable[[Any, Any], Any] = concat_examples,
        device: Any = None,
        eval_func: Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> None:
        self.iterator, self.target, self.converter, self.device = iterator, target, converter, device
        self.eval_func = eval_func
        self.name = name

    @property
    def default_name(self) -> str:
        """The default prefix of its values."""
        return "validation"

    def __call__(self, trainer: Any = None) -> dict[str, float]:
        """Evaluate now.

        Returns:
            The means by name.
        """
        prefix = f"{self.name}/validation/" if self.name else "validation/"
        reporter = Reporter()
        reporter.add_observer(prefix + "main", self.target)
        reporter.add_observers(prefix + "main", self.target.namedlinks(skipself=True))
        summary = DictSummary()
        with no_backprop_mode(), using_config("train", False):
            for batch in self._batches():
                observation: dict[str, Any] = {}
                with reporter.scope(observation):
                    self._evaluate(batch)
                summary.add(observation, len(batch))
        means = summary.compute_mean()
        report(means)
        return means

    def serialize(self, serializer: Any) -> None:
        """Save or load the order of the data: a shuffled iterator continues shuffling."""
        if hasattr(self.iterator, "serialize"):
            self.iterator.serialize(serializer["iterator"])

    def _batches(self) -> Any:
        if hasattr(self.iterator, "reset"):
            self.iterator.reset()
            return self.iterator
        return copy.copy(self.iterator)

    def _evaluate(self, batch: Any) -> None:
        arrays = self.converter(batch, self.device)
        dtype = self.target.dtype
        function = self.eval_func or self.target
        if isinstance(arrays, dict):
            value = function(**{name: _cast(array, dtype) for name, array in arrays.items()})
        else:
            value = function(
                *[_cast(array, dtype) for array in (arrays if isinstance(arrays, tuple) else (arrays,))]
            )
        if getattr(value, "ndim", None) == 0 and not get_current_reporter().observation:
            report({"loss": value}, self.target)


def _cast(array: Any, dtype: np.dtype) -> Any:
    return array.astype(dtype) if array.dtype.kind == "f" and array.dtype != dtype else array
