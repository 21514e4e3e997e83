"""Iterators over the batches of a dataset."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from pdist.backend import random

from .datasets import Batch
from .datasets.batches import as_column


class SerialIterator:
    """Batches of a dataset, in its own order or shuffled anew in each epoch.

    If the dataset's length is not a multiple of the batch size, a repeating iterator completes the last
    batch of an epoch from the next epoch; one that does not repeat returns a shorter last batch.

    Args:
        dataset: an array, or an object with a length, indexed by integers.
        batch_size: number of examples per batch.
        repeat: whether to start again after the last example.
        shuffle: whether to shuffle.
        seed: seed of its own stream for shuffling; by default a number drawn from ``pdist.random``.

    Attributes:
        epoch: number of completed epochs.
        is_new_epoch: whether the last batch completed one.

    >>> import numpy as np
    >>> iterator = SerialIterator(np.arange(5), 2, repeat=False, shuffle=False)
    >>> [batch.arrays().tolist() for batch in iterator]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        repeat: bool = True,
        shuffle: bool = True,
        seed: int | None = None,
    ) -> None:
        if isinstance(batch_size, bool) or not hasattr(batch_size, "__index__") or batch_size < 1:
            raise ValueError(f"SerialIterator: batch_size is {batch_size!r}; expected a positive integer")
        if not len(dataset):
            raise ValueError("SerialIterator: the dataset is empty")
        self.dataset, self.batch_size, self.repeat, self.shuffle = dataset, int(batch_size), repeat, shuffle
        self._source = as_column(dataset)
        if shuffle and seed is None:
            seed = int(random.generator(np).integers(2**63))
        self._stream = np.random.default_rng(seed)
        self.reset()

    def reset(self) -> None:
        """Restart; the stream for shuffling continues from its current state."""
        self.current_position = 0
        self.epoch = 0
        self.is_new_epoch = False
        self._previous_epoch_detail = -1.0
        self._new_order()

    def _new_order(self) -> None:
        """Shuffle; a snapshot stores the order as the stream's previous state."""
        self._state = self._stream.bit_generator.state
        n = len(self.dataset)
        self._order = self._stream.permutation(n) if self.shuffle else np.arange(n)

    def __iter__(self) -> SerialIterator:
        return self

    def __next__(self) -> Batch:
        n = len(self._order)
        if not self.repeat and self.epoch > 0:
            raise StopIteration
        self._previous_epoch_detail = self.epoch_detail
        i = self.current_position
        j = i + self.batch_size
        indices = self._order[i:j]
        if j < n:
            self.current_position, self.is_new_epoch = j, False
            return Batch(self._source, indices)
        self.is_new_epoch = True
        self.epoch += 1
        self.current_position = 0
        if self.repeat:
            self._new_order()
            while len(indices) < self.batch_size:
                missing = self.batch_size - len(indices)
                indices = np.concatenate([indices, self._order[:missing]])
                self.current_position = min(missing, n)
                if missing >= n:
                    self.epoch += 1
                    self.current_position = 0
                    self._new_order()
        return Batch(self._source, indices)

    next = __next__

    @property
    def epoch_detail(self) -> float:
        """The number of epochs done, including the fraction of the current one."""
        return self.epoch + self.current_position / len(self._order)

    @property
    def previous_epoch_detail(self) -> float | None:
        """``epoch_detail`` before the last batch; None before the first."""
        return None if self._previous_epoch_detail < 0 else self._previous_epoch_detail

    def finalize(self) -> None:
        """Does nothing: there are no threads to stop."""

    def __getstate__(self) -> dict[str, Any]:
        """A copy shuffles with its own stream, from the same state."""
        return {**self.__dict__, "_stream": copy.deepcopy(self._stream), "_state": copy.deepcopy(self._state)}

    def serialize(self, serializer: Any) -> None:
        """Save or load its position, order and stream."""
        n = serializer("length", len(self._order))
        if n != len(self._order):
            raise ValueError(f"SerialIterator: the dataset has {len(self._order)} examples; expected {n}")
        self.current_position = serializer("current_position", self.current_position)
        self.epoch = serializer("epoch", self.epoch)
        self.is_new_epoch = serializer("is_new_epoch", self.is_new_epoch)
        self._previous_epoch_detail = serializer("previous_epoch_detail", self._previous_epoch_detail)
        state = serializer("stream", self._state)
        if state is not self._state:
            self._stream.bit_generator.state = state
            self._new_order()


__all__ = ["SerialIterator"]
