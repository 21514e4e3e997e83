"""Datasets, batches, iterators."""

from __future__ import annotations

import io
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pdist
from pdist_nn import datasets, serializers
from pdist_nn.iterators import SerialIterator

sizes = st.integers(1, 12)


@given(sizes, sizes, st.booleans())
def test_an_epoch_has_every_example_once(n, batch_size, shuffle):
    iterator = SerialIterator(np.arange(n), batch_size, repeat=False, shuffle=shuffle, seed=0)
    batches = [batch.arrays() for batch in iterator]
    seen = np.concatenate(batches)
    assert sorted(seen.tolist()) == list(range(n))
    assert shuffle or seen.tolist() == list(range(n))
    assert all(len(batch) == batch_size for batch in batches[:-1])
    assert 1 <= len(batches[-1]) <= batch_size
    iterator.reset()
    assert sorted(np.concatenate([batch.arrays() for batch in iterator]).tolist()) == list(range(n))


@given(sizes, sizes, st.booleans())
def test_a_repeating_iterator_goes_through_the_data_again_and_again(n, batch_size, shuffle):
    iterator = SerialIterator(np.arange(n), batch_size, shuffle=shuffle, seed=0)
    seen, before = [], 0.0
    for _ in range(30):
        batch = next(iterator)
        assert len(batch) == batch_size
        seen += batch.arrays().tolist()
        assert iterator.epoch == len(seen) // n
        assert iterator.epoch_detail == pytest.approx(len(seen) / n)
        assert iterator.previous_epoch_detail == pytest.approx(before)
        assert iterator.is_new_epoch == (int(before + 1e-9) != iterator.epoch)
        before = len(seen) / n
    for epoch in range(len(seen) // n):
        assert sorted(seen[epoch * n : (epoch + 1) * n]) == list(range(n))


@given(sizes, sizes, st.booleans(), st.integers(0, 25))
def test_a_restored_iterator_goes_on_alike(n, batch_size, shuffle, steps):
    one = SerialIterator(np.arange(n), batch_size, shuffle=shuffle, seed=3)
    two = SerialIterator(np.arange(n), batch_size, shuffle=shuffle, seed=4)
    for _ in range(steps):
        next(one)
    stream = io.BytesIO()
    serializers.save_npz(stream, one)
    serializers.load_npz(stream, two)
    for name in ("epoch", "epoch_detail", "previous_epoch_detail", "is_new_epoch"):
        assert getattr(one, name) == getattr(two, name)
    for _ in range(25):
        np.testing.assert_array_equal(next(one).arrays(), next(two).arrays())


def test_orders_are_shuffled_uniformly():
    iterator = SerialIterator(np.arange(3), 3, seed=0)
    counts = Counter(tuple(next(iterator).arrays().tolist()) for _ in range(6000))
    assert len(counts) == 6
    assert all(abs(count - 1000) < 150 for count in counts.values())


def test_the_seed_decides_the_order_and_the_stream_the_seed():
    def order(**settings):
        return next(SerialIterator(np.arange(50), 50, **settings)).arrays().tolist()

    assert order(seed=1) == order(seed=1) != order(seed=2)
    orders = []
    for _ in range(2):
        pdist.random.seed(0)
        orders.append((order(), order()))
    assert orders[0] == orders[1]
    assert orders[0][0] != orders[0][1]


def test_its_stream_is_its_own():
    pdist.random.seed(0)
    iterator = SerialIterator(np.arange(5), 2, seed=0)
    state = pdist.random.get_state()
    for _ in range(20):
        next(iterator)
    assert pdist.random.get_state() == state


@pytest.mark.parametrize("size", [0, -1, 2.5, "2", True])
def test_impossible_batch_sizes(size):
    with pytest.raises(ValueError, match=r"SerialIterator: batch_size is .*; expected a positive integer"):
        SerialIterator(np.arange(3), size)


def test_an_empty_dataset():
    with pytest.raises(ValueError, match=r"SerialIterator: the dataset is empty"):
        SerialIterator(np.zeros((0, 3)), 2)


def test_a_snapshot_of_other_data():
    stream = io.BytesIO()
    serializers.save_npz(stream, SerialIterator(np.arange(5), 2))
    with pytest.raises(ValueError, match=r"the dataset has 6 examples; expected 5"):
        serializers.load_npz(stream, SerialIterator(np.arange(6), 2))


# Datasets ------------------------------------------------------------------------------------------------


def columns(n):
    return np.arange(n * 2.0).reshape(n, 2), np.arange(n), [f"{i}" for i in range(n)]


@given(sizes, st.data())
def test_a_batch_of_arrays_is_the_batch_of_examples(n, data):
    indices = data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=6))
    x, y, _ = columns(n)
    order = np.random.default_rng(0).permutation(n)
    for dataset in (
        datasets.TupleDataset(x, y),
        datasets.TupleDataset(x, list(y)),
        datasets.SubDataset(datasets.TupleDataset(x, y), 0, n, order),
        datasets.TupleDataset(datasets.SubDataset(x, 0, n, order), y),
    ):
        batch = datasets.Batch(dataset, np.array(indices))
        fast = datasets.concat_examples(batch)
        slow = datasets.concat_examples([dataset[i] for i in indices])
        assert len(fast) == len(slow) == 2
        for a, b in zip(fast, slow, strict=True):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype
        assert len(batch) == len(list(batch)) == len(indices)
        np.testing.assert_array_equal(batch[0][0], dataset[indices[0]][0])
        assert len(batch[1:]) == len(indices) - 1


def test_tuple_dataset_is_indexed_as_a_list():
    x, y, names = columns(4)
    dataset = datasets.TupleDataset(x, y, names)
    assert len(dataset) == 4
    assert dataset[1][1:] == (1, "1")
    assert [row[2] for row in dataset[1:3]] == ["1", "2"]
    with pytest.raises(ValueError, match=r"TupleDataset: lengths differ: dataset 0 has 4, dataset 1 has 3"):
        datasets.TupleDataset(x, y[:3])
    with pytest.raises(ValueError, match=r"expected at least one dataset"):
        datasets.TupleDataset()


def test_dict_dataset():
    x, y, _ = columns(4)
    dataset = datasets.DictDataset(x=x, y=y)
    assert dataset[2]["y"] == 2
    assert [row["y"] for row in dataset[1:3]] == [1, 2]
    batch = datasets.concat_examples(datasets.Batch(dataset, [0, 3]))
    np.testing.assert_array_equal(batch["y"], [0, 3])
    with pytest.raises(ValueError, match=r"DictDataset: lengths differ: x has 4, y has 2"):
        datasets.DictDataset(x=x, y=y[:2])


@given(sizes, st.data())
def test_split_parts_are_disjoint_and_complete(n, data):
    k = data.draw(st.integers(0, n))
    x = np.arange(n)
    for first, second in (datasets.split_dataset(x, k), datasets.split_dataset_random(x, k, seed=0)):
        assert (len(first), len(second)) == (k, n - k)
        assert sorted([first[i] for i in range(k)] + [second[i] for i in range(n - k)]) == list(range(n))
    assert [int(v) for v in datasets.split_dataset(x, k)[0][:]] == list(range(k))


@pytest.mark.parametrize(
    ("split_at", "error"), [(-1, ValueError), (6, ValueError), (0.5, TypeError), (True, TypeError)]
)
def test_impossible_splits(split_at, error):
    with pytest.raises(error, match=rf"split_dataset: split_at is {split_at}"):
        datasets.split_dataset(np.arange(5), split_at)


def test_transformed_examples():
    dataset = datasets.TransformDataset(
        datasets.TupleDataset(*columns(4)[:2]), lambda row: (row[0] * 2, row[1])
    )
    assert len(dataset) == 4
    np.testing.assert_array_equal(dataset[1][0], [4, 6])
    x, _ = datasets.concat_examples(datasets.Batch(dataset, [0, 1]))
    np.testing.assert_array_equal(x, [[0, 2], [4, 6]])
    assert len(dataset[0:2]) == 2


def test_examples_of_different_shapes():
    rows = [np.array([1.0]), np.array([2.0, 3.0])]
    with pytest.raises(ValueError, match=r"shapes differ: \(1,\), \(2,\)"):
        datasets.concat_examples(rows)
    np.testing.assert_array_equal(datasets.concat_examples(rows, padding=-1), [[1, -1], [2, 3]])
    x, _ = datasets.concat_examples([(rows[0], 0), (rows[1], 1)], padding=(9, None))
    np.testing.assert_array_equal(x, [[1, 9], [2, 3]])
    with pytest.raises(ValueError, match=r"the batch is empty"):
        datasets.concat_examples([])


def test_batches_go_to_a_device(device, xp):
    x, y, _ = columns(4)
    batch = datasets.Batch(datasets.TupleDataset(x, y), [0, 2])
    for array in datasets.concat_examples(batch, device):
        assert isinstance(array, xp.ndarray)


def test_no_example_decides_on_the_dtype_alone():
    concat = datasets.concat_examples
    found = concat([np.array([1, 2]), np.array([1.5])], padding=0)
    np.testing.assert_array_equal(found, [[1.0, 2.0], [1.5, 0.0]])
    np.testing.assert_array_equal(
        concat([np.array([1, 2]), np.array([3])], padding=np.nan), [[1, 2], [3, np.nan]]
    )
    np.testing.assert_array_equal(concat([1, 2.5]), [1.0, 2.5])
    assert concat([np.float32([1]), np.float32([1, 2])], padding=0).dtype == np.float32


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        ([{"a": 1}, {"a": 2, "b": 3}], r"examples' keys differ: \['a'\] in example 0, \['a', 'b'\] in 1"),
        ([(1, 2), (1, 2), (1, 2, 3)], r"examples' lengths differ: 2 in example 0, 3 in 2"),
        ([np.zeros(2), np.zeros((2, 2))], r"examples' shapes differ: \(2,\), \(2, 2\)"),
    ],
)
def test_examples_that_differ_are_refused(examples, message):
    with pytest.raises(ValueError, match=message):
        datasets.concat_examples(examples, padding=0)


def test_a_list_of_numbers_has_one_dtype_in_all_its_batches():
    for dataset in ([1, 2.5, 3, 4], (1, 2.5, 3, 4)):
        iterator = SerialIterator(dataset, 2, repeat=False, shuffle=False)
        assert [batch.arrays().dtype for batch in iterator] == [np.float64] * 2
        assert datasets.TupleDataset(dataset).take([0, 2])[0].dtype == np.float64
        assert datasets.DictDataset(x=dataset).take([0, 2])["x"].dtype == np.float64
    assert datasets.TupleDataset([1, 2])[1] == (2,)


def test_an_empty_batch_is_named():
    for take in (datasets.TupleDataset([1, "a"]).take, datasets.SubDataset([(1, 2)], 0, 1).take):
        with pytest.raises(ValueError, match=r"concat_examples: the batch is empty"):
            take([])
