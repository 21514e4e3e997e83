"""Files: what is saved comes back; what is damaged, hostile or of something else changes nothing."""

from __future__ import annotations

import errno
import io
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from saved_models import Model, assert_same, state, train

import pdist_nn as nn
import pdist_nn.links as L
from pdist_nn import optimizers, serializers


@pytest.mark.parametrize("compression", [False, True])
def test_a_model_comes_back(tmp_path, compression):
    model, other = Model(), Model()
    model.mean += 1.5
    model.seen = 7
    serializers.save_npz(tmp_path / "m.npz", model, compression)
    serializers.load_npz(tmp_path / "m.npz", other)
    assert_same(state(model), state(other))
    assert other.seen == 7
    with np.load(tmp_path / "m.npz", allow_pickle=False) as file:  # any NumPy reads it
        np.testing.assert_array_equal(file["layers/0/W"], model.layers[0].W.array)


def test_equal_models_write_equal_files(tmp_path):
    model = Model()
    serializers.save_npz(tmp_path / "a.npz", model)
    serializers.save_npz(tmp_path / "b.npz", model)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_streams_serve_too():
    stream = io.BytesIO()
    model, other = Model(), Model()
    serializers.save_npz(stream, model)
    stream.seek(0)
    serializers.load_npz(stream, other)
    assert_same(state(model), state(other))


@pytest.mark.parametrize("name", ["SGD", "MomentumSGD", "RMSprop", "Adam", "AdamW"])
def test_an_optimizer_goes_on_where_it_was(tmp_path, name):
    model, twin = Model(), Model()
    optimizer = getattr(optimizers, name)().setup(model)
    optimizer.add_hook(optimizers.LearningRateSchedule(optimizers.CosineDecay(10)))
    train(model, optimizer)
    serializers.save_npz(tmp_path / "m.npz", model)
    serializers.save_npz(tmp_path / "o.npz", optimizer)
    other = getattr(optimizers, name)().setup(twin)
    other.add_hook(optimizers.LearningRateSchedule(optimizers.CosineDecay(10)))
    serializers.load_npz(tmp_path / "m.npz", twin)
    serializers.load_npz(tmp_path / "o.npz", other)
    assert other.t == 3
    train(model, optimizer)
    train(twin, other)
    assert_same(state(model, optimizer), state(twin, other))


def test_counts_of_parameters_that_were_passed_over_come_back(tmp_path):
    model, twin = Model(), Model()
    optimizer, other = optimizers.Adam().setup(model), optimizers.Adam().setup(twin)
    train(model, optimizer, 2)
    model.layers[0].disable_update()
    train(model, optimizer, 3)
    serializers.save_npz(tmp_path / "o.npz", optimizer)
    serializers.load_npz(tmp_path / "o.npz", other)
    assert other.buffers[0].counts() == [2, 2, 5, 5]
    assert_same(state(optimizer), state(other))


def test_shapes_not_known_yet_are_the_file_s(tmp_path):
    class Both:
        def __init__(self, width):
            self.model = Model(width=width)
            self.optimizer = optimizers.Adam().setup(self.model)

        def serialize(self, serializer):
            self.model.serialize(serializer["model"])
            self.optimizer.serialize(serializer["optimizer"])

    one, two = Both(3), Both(None)
    train(one.model, one.optimizer)
    serializers.save_npz(tmp_path / "a.npz", one)
    serializers.load_npz(tmp_path / "a.npz", two)
    assert two.model.layers[0].in_size == 3
    assert_same(state(one), state(two))
    train(one.model, one.optimizer)
    train(two.model, two.optimizer)
    assert_same(state(one), state(two))
    serializers.save_npz(tmp_path / "b.npz", Both(None))
    serializers.load_npz(tmp_path / "b.npz", three := Both(None))
    assert three.model.layers[0].in_size is None


def test_a_stochastic_layer_takes_its_width_from_a_file(tmp_path):
    one, two = (L.DenseReparameterization(n, 2, prior=L.NormalPosterior) for n in (3, None))
    serializers.save_npz(tmp_path / "a.npz", one)
    serializers.load_npz(tmp_path / "a.npz", two)
    assert two.in_size == 3
    assert_same(state(one), state(two))
    assert two(np.ones((1, 3), np.float32)).shape == (1, 2)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


class Holder:
    def __init__(self, value):
        self.value = value

    def serialize(self, serializer):
        self.value = serializer("value", self.value)


@given(json_values)
def test_any_plain_value_comes_back(value):
    stream = io.BytesIO()
    serializers.save_npz(stream, Holder(value))
    other = Holder(None)
    serializers.load_npz(stream, other)
    assert repr(other.value) == repr(value)


@given(
    st.sampled_from([np.float32, np.float64, np.int64, np.uint8, np.bool_]),
    st.lists(st.integers(0, 3), max_size=3).map(tuple),
    st.booleans(),
)
def test_any_array_comes_back(dtype, shape, fortran):
    array = np.asarray(np.random.default_rng(0).integers(0, 2, shape), dtype)
    stream = io.BytesIO()
    serializers.save_npz(stream, Holder(np.array(array, order="F" if fortran else "C")))
    other = Holder(np.ones(shape, dtype))
    serializers.load_npz(stream, other)
    assert other.value.dtype == dtype
    np.testing.assert_array_equal(other.value, array)


@pytest.mark.parametrize("value", [object(), np.array([None]), {1, 2}, lambda: 0])
def test_what_cannot_be_saved(tmp_path, value):
    with pytest.raises(TypeError, match=r"save_npz: value is a"):
        serializers.save_npz(tmp_path / "a.npz", Holder(value))
    assert os.listdir(tmp_path) == []


def test_a_part_of_a_file(tmp_path):
    model = Model()
    serializers.save_npz(tmp_path / "a.npz", nn.Chain(inner=model))
    serializers.load_npz(tmp_path / "a.npz", other := Model(), path="inner/")
    assert_same(state(model), state(other))


def test_lenient_loading(tmp_path):
    serializers.save_npz(tmp_path / "a.npz", L.Linear(2, 3, nobias=True))
    layer = L.Linear(2, 3, initial_bias=5)
    with pytest.raises(ValueError, match=r"it has no b"):
        serializers.load_npz(tmp_path / "a.npz", layer)
    serializers.load_npz(tmp_path / "a.npz", layer, strict=False)
    serializers.load_npz(tmp_path / "a.npz", layer, may_lack=lambda name: name == "b")
    serializers.load_npz(tmp_path / "a.npz", layer, ignore_names=lambda name: name == "b")
    np.testing.assert_array_equal(layer.b.array, 5)


# Writing that fails --------------------------------------------------------------------------------------


class Failing(io.RawIOBase):
    """A disk that is full after some bytes, or a user who interrupts then."""

    def __init__(self, stream, room, error):
        self.stream, self.room, self.error = stream, room, error

    def write(self, data):
        self.room -= len(data)
        if self.room < 0:
            raise self.error
        return self.stream.write(data)

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stream.close()

    def fileno(self):
        return self.stream.fileno()

    def seekable(self):
        return self.stream.seekable()

    def seek(self, *args):
        return self.stream.seek(*args)

    def tell(self):
        return self.stream.tell()

    def flush(self):
        self.stream.flush()


@pytest.mark.parametrize("room", [0, 100, 700, 1400])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_full_disk_or_an_interrupt_leaves_the_old_file(tmp_path, monkeypatch, room, error):
    path = tmp_path / "m.npz"
    old = Model()
    serializers.save_npz(path, old)
    real = open

    def limited(name, mode="r", *args, **kwargs):
        stream = real(name, mode, *args, **kwargs)
        return Failing(stream, room, error) if "x" in mode else stream

    monkeypatch.setattr("builtins.open", limited)
    with pytest.raises(type(error)):
        serializers.save_npz(path, Model())
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["m.npz"]
    serializers.load_npz(path, other := Model())
    assert_same(state(old), state(other))


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_failure_at_the_end_leaves_the_old_file(tmp_path, monkeypatch, name):
    path = tmp_path / "m.npz"
    old = Model()
    serializers.save_npz(path, old)

    def fail(*args):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, name, fail)
    with pytest.raises(OSError, match=r"Input/output error"):
        serializers.save_npz(path, Model())
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["m.npz"]
    serializers.load_npz(path, other := Model())
    assert_same(state(old), state(other))


def test_a_link_to_a_file_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    path = tmp_path / "m.npz"
    path.symlink_to(tmp_path / "real" / "m.npz")
    serializers.save_npz(path, Model())
    assert path.is_symlink()
    assert os.listdir(tmp_path / "real") == ["m.npz"]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        serializers.save_npz(tmp_path / "no" / "m.npz", Model())
    with pytest.raises(FileNotFoundError):
        serializers.load_npz(tmp_path / "m.npz", Model())
