"""Batches: some examples of a dataset, and their concatenation to arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from pdist.autograd import as_array
from pdist.backend import get_array_module, library_of, to_cpu, to_gpu


def take(dataset: Any, indices: Any) -> Any:
    """Some examples of an array or dataset as a batch; arrays are indexed at once, not one by one."""
    library = library_of(dataset)
    if library is not None:
        return dataset[indices if library.host else library.from_host(np.asarray(indices))]
    if hasattr(dataset, "take"):
        return dataset.take(indices)
    return _stack([dataset[int(i)] for i in indices])


class Batch(Sequence):
    """The examples ``indices`` of ``dataset``: a sequence that makes examples on access.

    Args:
        dataset: the dataset.
        indices: their positions.

    >>> import numpy as np
    >>> batch = Batch(np.arange(10.0), [3, 5])
    >>> [float(x) for x in batch]
    [3.0, 5.0]
    >>> batch.arrays()
    array([3., 5.])
    """

    __slots__ = ("dataset", "indices")

    def __init__(self, dataset: Any, indices: Any) -> None:
        self.dataset, self.indices = dataset, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return Batch(self.dataset, self.indices[i])
        return self.dataset[int(self.indices[i])]

    def __iter__(self) -> Iterator[Any]:
        return (self.dataset[int(i)] for i in self.indices)

    def arrays(self) -> Any:
        """The concatenated examples: see :func:`concat_examples`."""
        return take(self.dataset, self.indices)


def concat_examples(batch: Any, device: Any = None, padding: Any = None) -> Any:
    """Concatenate a batch of examples to arrays.

    Args:
        batch: a sequence of examples: arrays or numbers, or tuples or dicts of these.
        device: ``"cpu"``, ``"cuda"`` or a CUDA device number to move them to;
            None leaves them where they are.
        padding: the number to pad shorter arrays with; None requires equal shapes.

    Returns:
        One array, or a tuple or dict of arrays, with a first axis of the batch's length.

    Raises:
        ValueError: for an empty batch, or if shapes differ and there is no padding.

    >>> import numpy as np
    >>> concat_examples([(np.zeros(2), 1), (np.ones(2), 0)])
    (array([[0., 0.],
           [1., 1.]]), array([1, 0]))
    """
    if not len(batch):
        raise ValueError("concat_examples: the batch is empty")
    if isinstance(batch, Batch) and padding is None:
        arrays = batch.arrays()
    else:
        arrays = _stack(list(batch), padding)
    if device is None:
        return arrays
    return _map(arrays, lambda array: to_device(array, device))


def as_column(dataset: Any) -> Any:
    """A list of numbers as an array, so that all its batches have one dtype; other datasets unchanged."""
    if type(dataset) in (list, tuple) and all(isinstance(x, (int, float, np.number)) for x in dataset):
        return np.asarray(dataset)
    return dataset


def _stack(examples: list[Any], padding: Any = None) -> Any:
    if not examples:
        raise ValueError("concat_examples: the batch is empty")
    first = examples[0]
    if isinstance(first, (tuple, list)):
        _check_alike("lengths", [len(example) for example in examples])
        return tuple(
            _stack(list(column), _of(padding, i)) for i, column in enumerate(zip(*examples, strict=True))
        )
    if isinstance(first, dict):
        _check_alike("keys", [sorted(example) for example in examples])
        return {key: _stack([example[key] for example in examples], _of(padding, key)) for key in first}
    xp = get_array_module(first)
    arrays = [example if library_of(example) is not None else np.asarray(example) for example in examples]
    shapes = {array.shape for array in arrays}
    if len(shapes) == 1:
        return xp.stack([xp.asarray(array) for array in arrays])
    if padding is None or len({len(shape) for shape in shapes}) > 1:
        raise ValueError(
            f"concat_examples: the examples' shapes differ: {', '.join(map(str, sorted(shapes)))}"
        )
    shape = tuple(max(lengths) for lengths in zip(*shapes, strict=True))
    # That of all examples: integers may be mixed with floats, and padded with nan.
    dtype = np.result_type(*{array.dtype for array in arrays}, padding)
    out = xp.full((len(arrays), *shape), padding, dtype)
    for i, array in enumerate(arrays):
        out[(i, *map(slice, array.shape))] = array
    return out


def _check_alike(what: str, found: list[Any]) -> None:
    for i, other in enumerate(found):
        if other != found[0]:
            raise ValueError(
                f"concat_examples: the examples' {what} differ: {found[0]} in example 0, {other} in {i}"
            )


def _of(padding: Any, key: Any) -> Any:
    return padding[key] if isinstance(padding, (tuple, list, dict)) else padding


def _map(arrays: Any, function: Any) -> Any:
    if isinstance(arrays, tuple):
        return tuple([function(array) for array in arrays])
    if isinstance(arrays, dict):
        return {key: function(array) for key, array in arrays.items()}
    return function(arrays)


def to_device(array: Any, device: Any) -> Any:
    """An array on ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or a CUDA device number."""
    if device in ("cpu", -1):
        return to_cpu(array)
    number = str(device).removeprefix("cuda").lstrip(":")
    return to_gpu(as_array(array), int(number) if number else None)
