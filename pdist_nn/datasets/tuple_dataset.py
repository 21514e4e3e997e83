"""Datasets composed of arrays, and subsets of datasets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pdist.backend import random

from .batches import as_column, take


class _Columns:
    """Arrays or sequences of one length side by side."""

    def __init__(self, columns: Sequence[tuple[str, Any]]) -> None:
        who = type(self).__name__
        if not columns:
            raise ValueError(f"{who}: expected at least one dataset")
        lengths = {name: len(column) for name, column in columns}
        if len(set(lengths.values())) > 1:
            raise ValueError(
                f"{who}: lengths differ: {', '.join(f'{n} has {k}' for n, k in lengths.items())}"
            )
        self._columns = [as_column(column) for _, column in columns]
        self._length = len(self._columns[0])

    def __len__(self) -> int:
        return self._length


class TupleDataset(_Columns):
    """Examples ``(a[i], b[i], ...)`` of several arrays or datasets of one length.

    Args:
        *datasets: arrays, or any sequences.

    >>> import numpy as np
    >>> data = TupleDataset(np.arange(4.0), np.arange(4) % 2)
    >>> x, y = data[3]
    >>> float(x), int(y)
    (3.0, 1)
    >>> data.take([0, 2])
    (array([0., 2.]), array([0, 0]))
    """

    def __init__(self, *datasets: Any) -> None:
        super().__init__([(f"dataset {i}", dataset) for i, dataset in enumerate(datasets)])

    def __getitem__(self, index: Any) -> Any:
        columns = [column[index] for column in self._columns]
        if isinstance(index, slice) or np.ndim(index):
            return list(zip(*columns, strict=True))
        return tuple(columns)

    def take(self, indices: Any) -> tuple[Any, ...]:
        """The batch of some examples: one array per column."""
        return tuple([take(column, indices) for column in self._columns])


class DictDataset(_Columns):
    """Examples ``{"x": x[i], ...}`` of several arrays or datasets of one length.

    Args:
        **datasets: arrays, or any sequences.
    """

    def __init__(self, **datasets: Any) -> None:
        super().__init__(list(datasets.items()))
        self._names = list(datasets)

    def __getitem__(self, index: Any) -> Any:
        columns = [column[index] for column in self._columns]
        if isinstance(index, slice) or np.ndim(index):
            return [dict(zip(self._names, values, strict=True)) for values in zip(*columns, strict=True)]
        return dict(zip(self._names, columns, strict=True))

    def take(self, indices: Any) -> dict[str, Any]:
        """The batch of some examples: one array per column."""
        return {name: take(column, indices) for name, column in zip(self._names, self._columns, strict=True)}


class SubDataset:
    """Some examples of another dataset.

    Args:
        dataset: the other one.
        start: the first position.
        finish: the position after the last one.
        order: the positions to select from; by default the dataset's own order.
    """

    def __init__(self, dataset: Any, start: int, finish: int, order: Any = None) -> None:
        if not 0 <= start <= finish <= len(dataset):
            raise ValueError(
                f"SubDataset: {start} to {finish} is not within a dataset of length {len(dataset)}"
            )
        self._dataset = dataset
        self._order = np.arange(start, finish) if order is None else np.asarray(order)[start:finish]

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, index: Any) -> Any:
        chosen = self._order[index]
        if np.ndim(chosen):
            return [self._dataset[int(i)] for i in chosen]
        return self._dataset[int(chosen)]

    def take(self, indices: Any) -> Any:
        """The batch of some examples."""
        return take(self._dataset, self._order[np.asarray(indices, np.intp)])


class TransformDataset:
    """Another dataset with a function applied to each example.

    Args:
        dataset: the other one.
        transform: a function of one example.
    """

    def __init__(self, dataset: Any, transform: Callable[[Any], Any]) -> None:
        self._dataset, self._transform = dataset, transform

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, index: Any) -> Any:
        found = self._dataset[index]
        if isinstance(index, slice) or np.ndim(index):
            return [self._transform(example) for example in found]
        return self._transform(found)


def split_dataset(dataset: Any, split_at: int, order: Any = None) -> tuple[SubDataset, SubDataset]:
    """The first ``split_at`` examples and the rest.

    Args:
        dataset: a dataset or an array.
        split_at: the size of the first part.
        order: a permutation of the positions to apply first.

    >>> import numpy as np
    >>> first, second = split_dataset(np.arange(10), 7)
    >>> len(first), len(second)
    (7, 3)
    """
    n = len(dataset)
    if not hasattr(split_at, "__index__") or isinstance(split_at, bool):
        raise TypeError(f"split_dataset: split_at is {split_at!r}; expected an integer")
    if not 0 <= split_at <= n:
        raise ValueError(f"split_dataset: split_at is {split_at}; expected 0 to {n}")
    return SubDataset(dataset, 0, split_at, order), SubDataset(dataset, split_at, n, order)


def split_dataset_random(dataset: Any, first_size: int, seed: Any = None) -> tuple[SubDataset, SubDataset]:
    """``first_size`` examples drawn without replacement, and the rest.

    Args:
        dataset: a dataset or an array.
        first_size: the size of the first part.
        seed: a seed or generator; by default the host's stream (``pdist.random.seed``).
    """
    order = random.as_generator(seed, np).permutation(len(dataset))
    return split_dataset(dataset, first_size, order)
