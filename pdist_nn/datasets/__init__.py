"""Datasets: objects with a length, indexed by integers."""

from .batches import Batch, concat_examples
from .tuple_dataset import (
    DictDataset,
    SubDataset,
    TransformDataset,
    TupleDataset,
    split_dataset,
    split_dataset_random,
)

__all__ = [
    "Batch",
    "DictDataset",
    "SubDataset",
    "TransformDataset",
    "TupleDataset",
    "concat_examples",
    "split_dataset",
    "split_dataset_random",
]
